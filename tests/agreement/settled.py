"""Is a score already decided although inputs are missing? What every tool says, against all completions.

A partial patient leaves some facts open: not known, known as a range, or known as one of a few codes. A completion
picks one value for each; numbers are tried in every cell that the limits of the tool make, and at both ends. Where
that is too many, completions are drawn at random, and only soundness is claimed: nothing that came out was ruled out.

The value of a completion comes from the second reading of the published table (tests/agreement/reference.py), and for
the tools without one from the reference meaning of the rule language. Neither is the program that runs a patient.
"""

from __future__ import annotations

import functools
import math
import random
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product

from clinical_commander.dossier import tool_terms
from clinical_commander.engine.assessment import ScoreReport
from clinical_commander.logic import ir
from clinical_commander.logic.evaluate import Definitions, NumberMeaning, Reference, ToolMeaning
from tests.agreement.ours import Ours, ours
from tests.agreement.patients import cells, expressions, patients, shelf
from tests.agreement.reference import PUBLISHED, Patient, Value

PARTIAL = 200  # partial patients a tool, all completions tried
WIDE = 60  # partial patients a tool with much left open, completions drawn
SOUND = 60  # partial patients a tool, with what the catalogue says that one fact implies about another
MOST = 800  # completions of one partial patient
DRAWN = 150

# These look at what is known and not only at what is so (`IS TRUE` of amounts and of times), which the second reading
# of a completion cannot: the reference meaning of the rule language is the judge.
BY_MEANING = {"hemoptysis_volume"}

# CC458: the bounds are sound, and wider than they need be. Tool -> why.
WIDER = {
    "kdigo_aki": "creatinine stands in a ratio and beside its own limit of 4.0 mg/dL; where it is a range, a stage too"
    " many may be left",
    "ckd_epi_2021": "its reading on the steady state is the KDIGO stage; the number and its stage are exact",
}

Left = Mapping[str, Sequence[Value]]


@dataclass
class Found:
    """What all completions say: the value also where the tool does not apply, as its interval is kept there."""

    applies: set[bool] = field(default_factory=set)
    values: set[float | str] = field(default_factory=set)
    bands: set[str] = field(default_factory=set)
    readings: dict[str, set[str]] = field(default_factory=dict)

    @property
    def applicable(self) -> str:
        return "unknown" if len(self.applies) > 1 else "yes" if True in self.applies else "no"

    @property
    def settled(self) -> bool:
        """One value is left, and the tool applies."""
        numbers = [v for v in self.values if not isinstance(v, str)]
        one = len(self.values) == 1 or (numbers and math.isclose(min(numbers), max(numbers), rel_tol=1e-9))
        return self.applicable == "yes" and bool(one)

    @property
    def band(self) -> str | None:
        return next(iter(self.bands)) if self.applicable == "yes" and len(self.bands) == 1 else None


# --- completions


def partial(rng: random.Random, tool: str, facts: Mapping[str, Value], most: int) -> dict[str, list[Value]]:
    """Some facts of a patient left open, so that there are at most `most` completions; the patient is one of them."""
    left: dict[str, list[Value]] = {name: [value] for name, value in facts.items()}
    count = 1
    names = list(facts)
    rng.shuffle(names)
    for name in names[: rng.randint(1, rng.choice((1, 2, len(names))))]:
        open_ = _opened(rng, tool, name, facts[name])
        if count * len(open_) <= most:
            count *= len(open_)
            left[name] = open_
    return left


def _opened(rng: random.Random, tool: str, name: str, value: Value) -> list[Value]:
    """The values left of a fact that is not known, or known as a range or as some codes."""
    everything = sorted({*cells(tool, name), value}, key=str if isinstance(value, str) else None)
    if name == "setting" or isinstance(value, bool) or rng.random() < 0.6:
        return [value] if name == "setting" else everything
    if isinstance(value, str):
        return [code for code in everything if code == value or rng.random() < 0.4]
    at, last = everything.index(value), len(everything) - 1
    if rng.random() < 0.5:  # told closely: some of these ranges lie within one cell
        return everything[max(0, at - rng.randint(0, 1)) : min(last, at + rng.randint(0, 1)) + 1]
    return everything[rng.randint(0, at) : rng.randint(at, last) + 1]


def completions(left: Left) -> Iterator[dict[str, Value]]:
    for values in product(*left.values()):
        yield dict(zip(left, values, strict=True))


def drawn(rng: random.Random, left: Left, n: int) -> Iterator[dict[str, Value]]:
    for _ in range(n):
        yield {name: rng.choice(values) for name, values in left.items()}


def by_table(tool: str, left: Left, some: Iterator[dict[str, Value]]) -> Found:
    """What the second reading of the published table says of completions."""
    published, found = PUBLISHED[tool], Found()
    found.readings = {id: set() for id in published.readings}
    for facts in some:
        patient = Patient(facts, left)
        value = published.value(patient)
        found.applies.add(bool(published.applies(patient)))
        found.values.add(value if isinstance(value, str) else float(value))
        if published.band:
            found.bands.add(published.band(value, patient))
        for id, reading in published.readings.items():
            found.readings[id].add(reading(value, patient))
    return found


def by_meaning(tool: str, left: Left) -> Found:
    """What the reference meaning of the rule language says of all completions."""
    tools = shelf().tools
    numbers = {
        id: NumberMeaning(number, tool_terms.applies(t, tools))
        for id, t in tools.items()
        if (number := tool_terms.value(t)) is not None
    }
    codes = {
        id: ToolMeaning(tuple((row.value, row.when.expr) for row in t.rows), tool_terms.applies(t, tools))
        for id, t in tools.items()
        if t.rows
    }
    reference = Reference(left, Definitions(tools=codes, numbers=numbers))
    here, found = tools[tool], Found()
    found.applies = {bool(v) for v in reference.values(tool_terms.applies(here, tools))}
    for_rows = {"": here.rows} if here.rows else {}
    for_rows |= {reading.id: reading.rows for reading in here.readings if reading.rows}
    if tool in numbers:
        found.values = {float(v) for v in reference.values(numbers[tool].value) if isinstance(v, (int, float))}
    for id, rows in for_rows.items():
        said = {code for code, when in tool_terms.codes(rows).items() if reference.bounds(when)[0]}
        if id:
            found.readings[id] = said
        else:
            found.values = set(said)
    found.bands = {id for id, when in tool_terms.bands(here).items() if reference.bounds(when)[0]}
    return found


# --- comparison


def told(left: Left) -> dict[str, Sequence[Value]]:
    """What a case would say: nothing of a fact of which nothing is known."""
    facts = shelf().facts
    return {
        name: values
        for name, values in left.items()
        if len(values) == 1 or (name in facts and facts[name].kind != "boolean")
    }


def sound(report: ScoreReport, found: Found, decimals: int) -> Iterator[str]:
    """What a report rules out although a completion says it."""
    if report.applicable not in ("unknown", found.applicable):
        yield f"applicable {report.applicable}, not {found.applicable}"
    if report.applicable == "no":
        return
    margin = 0.5 * 10.0**-decimals + 1e-9
    for value in found.values:
        if isinstance(value, str):
            inside = value in report.possible
        else:
            low = -math.inf if report.low is None else report.low
            high = math.inf if report.high is None else report.high
            inside = low - margin <= value <= high + margin
        if not inside:
            yield f"{value} is ruled out by {report.low} to {report.high} {report.possible}"
    yield from (f"band {b} is ruled out by {report.bands_possible}" for b in found.bands - {*report.bands_possible})
    for reading in report.readings:
        missed = found.readings.get(reading["id"], set()) - {*reading["possible"]}
        yield from (f"{reading['id']}: {value} is ruled out by {reading['possible']}" for value in missed)


def exact(report: ScoreReport, found: Found, decimals: int) -> Iterator[str]:
    """What a report leaves open, or says, otherwise than all completions together do."""
    if report.applicable != found.applicable:
        yield f"applicable {report.applicable}, not {found.applicable}"
    if report.applicable == "no" or found.applicable == "no":
        return
    if (report.value is not None) != found.settled:
        yield f"settled {report.value}, completions say {sorted(map(str, found.values))[:5]}"
    if report.band != found.band:
        yield f"band {report.band}, not {found.band} of {found.bands}"
    if any(isinstance(v, str) for v in found.values):
        if set(report.possible) != found.values:
            yield f"possible {report.possible}, not {found.values}"
        return
    step = 10.0**-decimals
    for name, shown, end in (("low", report.low, min(found.values)), ("high", report.high, max(found.values))):
        if shown is None:
            if math.isfinite(end) and end < 100_000:
                yield f"{name} is open, not {end}"
        elif abs(shown - end) >= step:
            yield f"{name} {shown}, not {end}"


def coarse(report: ScoreReport, found: Found) -> int:
    """How many bands and readings are left open that no completion says."""
    more = len({*report.bands_possible} - found.bands)
    return more + sum(len({*r["possible"]} - found.readings[r["id"]]) for r in report.readings if r["possible"])


# --- runs


@dataclass
class Outcome:
    """What came of the partial patients of one tool: counts, and what differs from all completions together."""

    counts: Counter[str] = field(default_factory=Counter)
    problems: list[tuple[list[str], Mapping[str, Value], Mapping[str, Sequence[Value]]]] = field(default_factory=list)


@functools.cache
def against_completions(tool: str) -> Outcome:
    """Partial patients of one tool with all their completions tried."""
    rng, outcome = random.Random(f"partial {tool}"), Outcome()
    decimals, by_published = shelf().tools[tool].decimals, tool in PUBLISHED and tool not in BY_MEANING
    counts = outcome.counts
    for facts in patients(tool, PARTIAL, seed=" partial"):
        left = partial(rng, tool, facts, MOST if by_published else MOST // 8)
        report = ours(tool).report(told(left))
        found = by_table(tool, left, completions(left)) if by_published else by_meaning(tool, left)
        problems, wider = list(sound(report, found, decimals)), list(exact(report, found, decimals))
        if tool in WIDER:
            # Whether one value, one band or the tool at all is certain is exact there too.
            counts["wider"] += bool(wider)
            wider = [problem for problem in wider if problem.startswith(("settled", "band", "applicable"))]
        problems += wider
        if problems:
            outcome.problems.append((problems, facts, told(left)))
        counts["partial"] += 1
        counts["completions"] += math.prod(map(len, left.values()))
        counts["value"] += found.settled
        counts["band"] += bool(found.band) and not found.settled
        counts["not applicable"] += found.applicable == "no"
        counts["coarse"] += bool(found.applicable != "no" and coarse(report, found))
    return outcome


def against_draws(tool: str) -> Iterator[tuple[list[str], Mapping[str, Sequence[Value]]]]:
    """Partial patients with much left open, and completions drawn at random: what is ruled out and yet possible."""
    rng, decimals = random.Random(f"wide {tool}"), shelf().tools[tool].decimals
    for facts in patients(tool, WIDE, seed=" wide"):
        left = partial(rng, tool, facts, 10**12)
        report = ours(tool).report(told(left))
        found = by_table(tool, left, drawn(rng, left, DRAWN))
        # A sample that says one thing proves nothing; one that says two refutes certainty.
        problems = [p for p in sound(report, found, decimals) if not p.startswith("applicable")]
        if len(found.applies) > 1 and report.applicable != "unknown":
            problems.append(f"applicable {report.applicable}")
        if problems:
            yield problems, told(left)


def against_truth(tool: str) -> Iterator[tuple[list[str], Mapping[str, Sequence[Value]]]]:
    """Partial patients by the whole way, with what one fact implies about another: where the truth is ruled out."""
    rng, decimals = random.Random(f"implied {tool}"), shelf().tools[tool].decimals
    whole_way = Ours(tool)
    for facts in patients(tool, SOUND, seed=" implied"):
        left = partial(rng, tool, facts, 10**12)
        # What counts once it is known may change a settled value when it is learnt: such facts are left as they are.
        left |= {name: [facts[name]] for name in counted_once_known(tool)}
        said = ours(tool).complete(facts)
        report = whole_way.report(told(left))
        truth = Found({said.applies}, {said.value}, {said.band} - {None})
        truth.readings = {id: {value} for id, value in said.readings.items()}
        if problems := list(sound(report, truth, decimals)):
            yield problems, told(left)


@functools.cache
def counted_once_known(tool: str) -> frozenset[str]:
    """The facts that a tool looks at by what is known of them."""
    return frozenset(
        inner.fact
        for expr in expressions(tool)
        for node in expr.walk()
        if isinstance(node, (ir.IsTrue, ir.IsNotFalse, ir.IsKnown))
        for inner in node.walk()
        if isinstance(inner, (ir.FactTrue, ir.FactNumber, ir.FactCode))
    )
