"""A case and a moment in, what is possible of every fact out: freshness, constraints, memory, evaluated columns.

A case with stale facts is evaluated twice: `fresh` takes a stale fact as unknown, `last` takes its last value. Alarms
may rest on either; whatever reassures rests on `fresh` alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from clinical_commander.derive.observation import UNSETTLED
from clinical_commander.dossier.model import Dossier
from clinical_commander.engine.case import Case, Observation
from clinical_commander.engine.constraints import Constraints, Narrowed
from clinical_commander.engine.possible import Contradiction, Known, Possible, stated, unknown
from clinical_commander.engine.settle import Reader
from clinical_commander.frozen import frozen
from clinical_commander.program.columns import Slot
from clinical_commander.program.program import Program
from clinical_commander.program.references import Later

HOUR = 3600.0
VALUED = ("known", "partial")
RECORDS = ("recorded", "done", "ordered", "declined")  # flags that are false where the case says nothing


@frozen
class View:
    """One evaluation: what was possible of each fact, the inputs, the columns, and a reader over them."""

    known: Mapping[str, Known]
    x: list[Any]
    columns: list[Any]
    reader: Reader

    def told(self, fact: str) -> bool:
        """Whether anything is held of a fact: its value, or part of it."""
        known = self.known.get(fact)
        return known is not None and known.state in ("known", "partial")


@frozen
class Situation:
    at: datetime
    fresh: View
    last: View
    stale: frozenset[str]
    contradictions: tuple[Contradiction, ...]
    hours_since_major: float | None = None  # by the observations before, not by what was entered


class Situations:
    """Makes the situation of a case at any moment. One per dossier; holds nothing of a patient."""

    def __init__(self, dossier: Dossier, program: Program) -> None:
        self.dossier, self.program = dossier, program
        self.nothing = Later(dossier.facts, lambda name: unknown(dossier.facts[name]))
        self.constraints = Constraints(dossier.constraints, dossier.facts, self.nothing)
        self.circumstances = [(name, program.pair(c)[1]) for name, c in dossier.circumstances.items()]
        self._expiring: dict[tuple[str, tuple[str, ...]], Mapping[str, float]] = {}
        self.blank = program.blank()
        self._places = Later(program.slots, self._place)
        flags = ((*name.partition(":")[::2], slot) for name, slot in program.slots.items() if ":" in name)
        self.flags: dict[str, list[tuple[str, Slot]]] = {}
        for kind, key, slot in flags:
            self.flags.setdefault(kind, []).append((key, slot))
            if kind in RECORDS:
                self.blank[slot.at], self.blank[slot.at + 1] = False, True
        source = dossier.bleeding_source
        self.partial = (source.fact, source.partial) if source is not None else ("", {})
        self.remembered = dossier.tier.remembers[1] if dossier.tier.remembers is not None else ""

    def _place(self, name: str) -> tuple[str, int, Mapping[str, int]]:
        """Where a fact is among the inputs, and the bits of its codes."""
        slot = self.program.slots[name]
        return slot.kind, slot.at, {code: 1 << i for i, code in enumerate(slot.codes)}

    def at(
        self, case: Case, moment: datetime, hours_since_major: float | None, capabilities: Mapping[str, str]
    ) -> Situation:
        """The situation at one moment, from the statements made up to it."""
        start = self.inputs(case, capabilities)
        statements, doubtful = self.statements(case, moment)
        self.complete(statements, case, moment, hours_since_major)
        last, narrowed = self._view(start, statements)
        stale = self.stale(case.setting, moment, last.known, last.columns) | doubtful
        fresh = last
        if stale:
            fresh, narrowed = self._view(start, self.less(statements, stale))
        return Situation(moment, fresh, last, stale, narrowed.contradictions, hours_since_major)

    # -- statements

    def statements(self, case: Case, moment: datetime) -> tuple[dict[str, Known], frozenset[str]]:
        """What was stated of each fact by a moment, and the facts of which a newer result is on its way."""
        found: dict[str, Known] = {}
        doubtful = set()
        for name, observations in case.facts.items():
            known, doubt = self.statement(name, observations, moment)
            if known is not None:
                found[name] = known
            if doubt:
                doubtful.add(name)
        return found, frozenset(doubtful)

    def statement(self, name: str, observations: Sequence[Observation], moment: datetime) -> tuple[Known | None, bool]:
        """What was stated of a fact by a moment, and whether that is in doubt.

        Where a newer result is on its way the old one may alarm, it cannot reassure.
        """
        newest = None
        for observation in reversed(observations):
            if observation.at > moment:
                continue
            if newest is None:
                newest = observation
            if observation.state in VALUED:
                doubtful = newest is not observation and newest.state in UNSETTLED
                return self.said(observation), doubtful
        return (Known(newest.state, self.nothing[name], newest) if newest is not None else None), False

    def said(self, observation: Observation) -> Known:
        """What a statement that gives a value says."""
        return Known(observation.state, self._read(observation.fact, observation), observation)

    def _read(self, name: str, observation: Observation) -> Possible:
        possible = stated(self.nothing[name], self.dossier.facts[name], observation)
        fact, partial = self.partial
        if name == fact:
            codes: set[str] = set()
            for code in possible.codes:
                codes.update(partial.get(code, (code,)))
            possible = Possible(codes=frozenset(codes))
        return possible

    def complete(
        self, statements: dict[str, Known], case: Case, moment: datetime, hours_since_major: float | None
    ) -> None:
        """Add what the way in says, and how long ago the last major bleed was."""
        if case.entry is not None:
            self._apply_entry(case.entry, statements, moment)
        if self.remembered:
            self._remember(statements, moment, hours_since_major)

    def _apply_entry(self, entry: str, known: dict[str, Known], moment: datetime) -> None:
        for name, value in self.dossier.entry_points[entry].sets.items():
            if name in known:
                continue
            observation = Observation(
                name, "known", moment,
                codes=frozenset({value}) if isinstance(value, str) else None,
                truth=value if isinstance(value, bool) else None,
                entered=str(value), origin=f"entry:{entry}",
            )  # fmt: skip
            known[name] = Known("known", self._read(name, observation), observation)

    def _remember(self, known: dict[str, Known], moment: datetime, hours_since_major: float | None) -> None:
        entered = known.get(self.remembered)
        low = high = None
        if entered is not None and entered.observation is not None and entered.state in VALUED:
            aged = (moment - entered.observation.at).total_seconds() / HOUR
            low, high = entered.possible.low + aged, entered.possible.high + aged
        if hours_since_major is not None and (high is None or hours_since_major < high):
            low = hours_since_major if low is None else min(low, hours_since_major)
            high = hours_since_major
        if low is None or high is None:
            return
        observation = entered.observation if entered else None
        state = "known" if low == high else "partial"
        known[self.remembered] = Known(state, Possible(low=low, high=high), observation)

    # -- freshness

    def stale(
        self, setting: str, moment: datetime, known: Mapping[str, Known], columns: Sequence[Any] | Mapping[int, Any]
    ) -> frozenset[str]:
        """The facts whose value is too old to reassure, by the columns that take every value as it was last."""
        windows = self._windows(setting, tuple([name for name, must in self.circumstances if columns[must]]))
        found = []
        for name, k in known.items():
            if k.observation is None or k.state not in VALUED or name == self.remembered:
                continue
            window = windows.get(self.dossier.facts[name].freshness)
            if window is not None and (moment - k.observation.at).total_seconds() / HOUR > window:
                found.append(name)
        return frozenset(found)

    def _windows(self, setting: str, holding: tuple[str, ...]) -> Mapping[str, float]:
        """Hours for which a value of each class may reassure in some circumstances; none of what never expires."""
        found = self._expiring.get((setting, holding))
        if found is None:
            classes = ((name, _window(windows, setting, holding)) for name, windows in self.dossier.freshness.items())
            found = self._expiring[setting, holding] = {name: hours for name, hours in classes if hours is not None}
        return found

    def less(self, statements: Mapping[str, Known], stale: Iterable[str]) -> dict[str, Known]:
        """The statements in which stale values say nothing."""
        found = dict(statements)
        for name in stale:
            if name in found:
                found[name] = Known("stale", self.nothing[name], found[name].observation)
        return found

    # -- evaluation

    def inputs(self, case: Case, capabilities: Mapping[str, str]) -> list[Any]:
        """The inputs with all that a case says beside facts: it is the same at every moment."""
        x = self.blank.copy()
        slots = self.program.slots
        slot = slots["setting"]
        x[slot.at] = 1 << slot.codes.index(case.setting)
        if case.region is not None:
            slot = slots["region"]
            x[slot.at] = 1 << slot.codes.index(case.region)
        for key, slot in self.flags.get("capable", ()):
            if key in capabilities:
                has = capabilities[key] in ("yes", "on_call")
                x[slot.at], x[slot.at + 1] = has, not has
        for key, slot in self.flags.get("recorded", ()):
            if key in case.recorded or (key == "entry" and case.entry is not None):
                x[slot.at], x[slot.at + 1] = True, False
        for name, record in case.actions.items():
            flag = slots.get(f"{record.state}:{name}")
            if flag is not None:
                x[flag.at], x[flag.at + 1] = True, False
        return x

    def _view(self, start: Sequence[Any], statements: Mapping[str, Known]) -> tuple[View, Narrowed]:
        narrowed = self.constraints.narrowed(statements)
        known = narrowed.applied(statements)
        x = self.written(start, known)
        columns = self.program.evaluate(x)
        return View(known, x, columns, Reader(self.program, x, columns)), narrowed

    def written(self, start: Sequence[Any], known: Mapping[str, Known]) -> list[Any]:
        """The inputs with what is possible of each fact."""
        x = list(start)
        for name, k in known.items():
            self.write(x, name, k.possible)
        return x

    def write(self, x: list[Any], name: str, possible: Possible) -> None:
        """Put what is possible of a fact among the inputs."""
        kind, at, bits = self._places[name]
        if kind == "boolean":
            x[at], x[at + 1] = True in possible.truths, False in possible.truths
        elif kind == "code":
            x[at] = sum([bits[code] for code in possible.codes if code in bits])
        else:
            x[at], x[at + 1] = possible.low, possible.high


def _window(windows: Mapping[str, float], setting: str, holding: Iterable[str]) -> float | None:
    """Hours for which a value of one class may reassure, or None if it never expires."""
    special = [windows[name] for name in holding if name in windows]
    usual = windows.get(setting, windows.get("any"))
    return min([*special, *([usual] if usual is not None else [])], default=None)
