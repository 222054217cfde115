"""A tool and facts in, what this engine says out: of complete patients fast, of any information in full."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from clinical_commander.engine.assessment import ScoreReport
from clinical_commander.engine.case import Case, Observation
from clinical_commander.engine.situation import Possible
from clinical_commander.engine.tool_run import ToolRunner
from tests.agreement.patients import Facts, shelf
from tests.agreement.reference import Value

AT = datetime.fromisoformat("2026-11-01T08:00:00+00:00")
Information = Mapping[str, Sequence[Value]]
"""The values still possible of each fact that is known at all: of a number the lowest and the highest."""


@dataclass(frozen=True)
class Said:
    """What is said of a complete patient; the value also where the tool does not apply and nobody would see it."""

    applies: bool
    value: Value
    band: str | None
    readings: Mapping[str, str]
    counts: Mapping[str, float]


class Ours:
    """One tool, made ready."""

    def __init__(self, tool: str, *, constraints: bool = True) -> None:
        found = shelf() if constraints else replace(shelf(), constraints=())
        self.runner = ToolRunner(found, [tool])
        self.tool = self.runner.dossier.tools[tool]
        self.at = self.runner.program.tools[tool]

    def complete(self, facts: Facts) -> Said:
        """What the program says of one complete patient."""
        situations, program = self.runner.situations, self.runner.program
        x = situations.blank.copy()
        for name, value in facts.items():
            if name == "setting":
                slot = program.slots["setting"]
                x[slot.at] = 1 << slot.codes.index(str(value))
            else:
                situations.write(x, name, _exactly(value))
        columns = program.evaluate_scores(x, program.evaluate(x))
        if self.at.value is not None:
            low, high = (columns[end] for end in self.at.value)
            assert low == high, f"{self.tool.id} is open for a complete patient: {low} to {high}"
            value = low
        else:
            value = _one(self.at.codes, columns)
        bands = [band.id for band, pair in zip(self.tool.bands, self.at.bands, strict=True) if columns[pair[1]]]
        assert len(bands) == (1 if self.tool.bands else 0), f"{self.tool.id}: bands {bands} for {facts}"
        readings = {
            reading.id: _one(codes, columns)
            for reading, codes in zip(self.tool.readings, self.at.readings, strict=True)
            if reading.rows
        }
        counts = {name: columns[pair[0]] for name, pair in self.at.counts.items()}
        return Said(columns[self.at.applies[1]], value, bands[0] if bands else None, readings, counts)

    def report(self, information: Information) -> ScoreReport:
        """What is shown of a patient of whom this much is known."""
        facts = {
            name: (_observation(name, left, self.runner.dossier.facts[name].kind),)
            for name, left in information.items()
            if name != "setting"
        }
        setting = information.get("setting", ("ed",))[0]
        return self.runner.run(Case(str(setting), AT, facts))[self.tool.id]


@functools.cache
def ours(tool: str) -> Ours:
    """This engine's tool; without what the catalogue says that one fact implies about another."""
    return Ours(tool, constraints=False)


def _exactly(value: Value) -> Possible:
    if isinstance(value, bool):
        return Possible(truths=frozenset({value}))
    if isinstance(value, str):
        return Possible(codes=frozenset({value}))
    return Possible(low=value, high=value)


def _one(codes: Mapping[str, tuple[int, int]], columns: Sequence[object]) -> str:
    must = [code for code, pair in codes.items() if columns[pair[1]]]
    assert len(must) == 1, f"{len(must)} values hold: {must}"
    return must[0]


def _observation(name: str, left: Sequence[Value], kind: str) -> Observation:
    state = "known" if len(set(left)) == 1 else "partial"
    if kind == "boolean":
        return Observation(name, state, AT, truth=bool(left[0]) if state == "known" else None)
    if kind == "code":
        return Observation(name, state, AT, codes=frozenset(map(str, left)))
    return Observation(name, state, AT, low=float(min(left)), high=float(max(left)))
