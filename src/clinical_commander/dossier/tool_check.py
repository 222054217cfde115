"""A tool in, what is wrong with its bands, levels, rows, range and directions out: what can be told without a patient.

Made-up patients are tried: every one that makes a difference where they are few enough, else some thousand drawn ones.
What was drawn can show a fault and cannot show that there is none.
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import pairwise, product

from clinical_commander.dossier import tool_terms
from clinical_commander.dossier.complete import Patient, Value, expand
from clinical_commander.dossier.model import Band, Dossier, Fact, Tool, ToolRow
from clinical_commander.errors import Problem
from clinical_commander.frozen import frozen
from clinical_commander.logic import ir

MOST_PATIENTS = 20_000
DRAWN = 3_000
_STEPS = 8


def lint_tool(tool: Tool, shelf: Dossier) -> Iterator[Problem]:
    """CC452 bands overlap, CC453 bands or rows leave a gap, CC454 never reached, CC455 range, CC457 direction."""
    if tool.withheld:
        return
    lint = _Lint(tool, shelf)
    yield from lint.levels()
    yield from lint.rows(tool.rows, f"tool `{tool.id}`")
    for reading in tool.readings:
        yield from lint.rows(reading.rows, f"reading `{reading.id}`")
    if tool.gives_number:
        yield from lint.directions()
        yield from lint.range_and_bands()


@frozen
class _Tried:
    """Some patients; `all` where they are every one that makes a difference."""

    patients: Sequence[Patient]
    all: bool


class _Lint:
    def __init__(self, tool: Tool, shelf: Dossier) -> None:
        self.tool, self.shelf = tool, shelf
        self.random = random.Random(tool.id)  # the same patients each time

    def problem(self, code: str, cause: str, mend: str = "", level: str = "error") -> Problem:
        return Problem(code, cause, mend, self.tool.at, level)

    # -- made-up patients

    def tried(self, exprs: Iterable[ir.Expr], *, plausible: bool = False) -> _Tried:
        """Patients with every combination of the values that these expressions tell apart."""
        nodes = list(expand(self.shelf, exprs))
        names = sorted({fact for node in nodes if not node.parts() for fact in ir.facts_of(node)})
        computed = any(isinstance(node, (ir.Arithmetic, ir.Function)) for node in nodes)
        values = [self._values(self.shelf.facts[name], nodes, plausible) for name in names]
        if math.prod(map(len, values)) <= MOST_PATIENTS:
            combinations: Iterable[Sequence[Value]] = product(*values)
            return _Tried([Patient(self.shelf, dict(zip(names, c, strict=True))) for c in combinations], not computed)
        return _Tried([Patient(self.shelf, self._drawn(names, values)) for _ in range(DRAWN)], False)

    def _drawn(self, names: Sequence[str], values: Sequence[Sequence[Value]]) -> dict[str, Value]:
        # Few, half or most of the findings: a patient with all criteria is as interesting as one with none.
        share = self.random.choice((0.05, 0.3, 0.5, 0.7, 0.95))
        found = {}
        for name, allowed in zip(names, values, strict=True):
            is_finding = self.shelf.facts[name].kind == "boolean"
            found[name] = self.random.random() < share if is_finding else self.random.choice(allowed)
        return found

    def _values(self, fact: Fact, nodes: Sequence[ir.Expr], plausible: bool) -> list[Value]:
        if fact.kind == "boolean":
            return [False, True]
        if fact.kind == "code":
            return list(fact.codes)
        low, high = (fact.range if plausible else fact.limits) or fact.range or (0.0, 0.0)
        step = 10.0**-fact.decimals
        cuts = {value for node in nodes for value in _compared(node, fact.id)}
        found = {low, high, *(cut + d for cut in cuts for d in (-step, 0.0, step))}
        if plausible:
            found |= {low + (high - low) * i / _STEPS for i in range(_STEPS)}
        return sorted({round(v, fact.decimals) for v in found if low <= v <= high})

    # -- levels and rows

    def levels(self) -> Iterator[Problem]:
        for item in self.tool.items:
            tried = self.tried(level.when.expr for level in item.levels)
            if not tried.all:
                continue
            reached = {_first(p, [level.when.expr for level in item.levels]) for p in tried.patients}
            for number in range(len(item.levels)):
                if number not in reached:
                    cause = (
                        f"level {number + 1} of item `{item.id}` is never reached: one before it always holds first."
                    )
                    yield self.problem("CC454", cause, "The first level that holds counts.")

    def rows(self, rows: Sequence[ToolRow], what: str) -> Iterator[Problem]:
        if not rows:
            return
        whens = [row.when.expr for row in rows]
        tried = self.tried(whens)
        reached = set()
        for patient in tried.patients:
            found = _first(patient, whens)
            if found is None and None not in reached:
                shown = _shown(patient.facts)
                mend = 'Let the rows meet, or end with `when: "TRUE"`.'
                yield self.problem("CC453", f"no row of {what} holds where {shown}.", mend)
            reached.add(found)
        # A row that asks what is known may be reached only while something is not: these patients know everything.
        if not tried.all or any(isinstance(node, ir.IsTrue) for when in whens for node in when.walk()):
            return
        for number in range(len(rows)):
            if number not in reached:
                yield self.problem(
                    "CC454", f"row {number + 1} of {what} is never reached.", "The first row that holds counts."
                )

    # -- numbers

    def directions(self) -> Iterator[Problem]:
        number = tool_terms.value(self.tool)
        if number is None:
            return
        tried = self.tried([number, tool_terms.applies(self.tool, self.shelf.tools)], plausible=True)
        patients = self.random.sample(list(tried.patients), min(200, len(tried.patients)))
        patients = [patient for patient in patients if patient.applies(self.tool)]
        for name, way in self.tool.monotone.items():
            sign = 1 if way == "rising" else -1
            fact = self.shelf.facts[name]
            low, high = fact.range or (0.0, 0.0)
            points = [round(low + (high - low) * i / _STEPS, fact.decimals) for i in range(_STEPS + 1)]
            for patient in patients:
                found = [Patient(self.shelf, {**patient.facts, name: point}).number(number) for point in points]
                if any(sign * (b - a) < -1e-9 * max(1, abs(a)) for a, b in pairwise(found)):
                    cause = f"`{name}` is said to be {way}, and is not where {_shown(patient.facts)}."
                    yield self.problem("CC457", cause, "Take it out of `monotone:`: bounds rest on it.")
                    break

    def range_and_bands(self) -> Iterator[Problem]:
        tool, number = self.tool, tool_terms.value(self.tool)
        if number is None or tool.range is None:
            return
        ends = self._sum_ends() if tool.kind == "sum" else None
        whens = [band.when.expr for band in tool.bands if band.when is not None]
        domain = [tool_terms.applies(tool, self.shelf.tools)] if ends is None else []
        tried = self.tried([number, *whens, *domain], plausible=ends is None)
        found: dict[float, Patient] = {}
        for patient in tried.patients:
            value = patient.number(number) if all(patient.holds(expr) for expr in domain) else math.nan
            if math.isfinite(value):
                found.setdefault(value, patient)
        low, high = ends or (min(found, default=tool.range[0]), max(found, default=tool.range[1]))
        slack = 0.5 * 10**-tool.decimals
        if low < tool.range[0] - slack or high > tool.range[1] + slack:
            cause = (
                f"the value reaches from {low:g} to {high:g}; its `range` is {tool.range[0]:g} to {tool.range[1]:g}."
            )
            yield self.problem("CC455", cause, "Correct the points, or the range.", "error" if ends else "warning")
        elif ends and tool.base is None and (low > tool.range[0] + slack or high < tool.range[1] - slack):
            said = f"its `range` is {tool.range[0]:g} to {tool.range[1]:g}"
            cause = f"the value reaches only from {low:g} to {high:g}; {said}."
            yield self.problem("CC455", cause, "Correct the points, or the range.", "warning")
        if tool.bands:
            yield from self._bands_meet({v: p for v, p in found.items() if tool.range[0] <= v <= tool.range[1]})

    def _bands_meet(self, found: Mapping[float, Patient]) -> Iterator[Problem]:
        """Each value lies in one band: those that patients have, and those at the bounds and beside them."""
        tool = self.tool
        assert tool.range is not None
        reported: set[str] = set()
        for value, patient in sorted(found.items(), key=lambda pair: pair[0]):
            held = [b.id for b in tool.bands if _inside(b, value) and (b.when is None or patient.holds(b.when.expr))]
            yield from self._one_band(held, value, reported)
        if any(band.when is not None for band in tool.bands) or tool.kind == "sum":
            return
        bounds = {
            b for band in tool.bands for b in (band.at_least, band.above, band.at_most, band.below) if b is not None
        }
        for value in sorted({*tool.range, *(b + d for b in bounds for d in (-1e-6, 0.0, 1e-6))}):
            if tool.range[0] <= value <= tool.range[1]:
                yield from self._one_band([b.id for b in tool.bands if _inside(b, value)], value, reported)

    def _one_band(self, held: Sequence[str], value: float, reported: set[str]) -> Iterator[Problem]:
        if len(held) == 1:
            return
        code = "CC452" if held else "CC453"
        if code in reported:
            return
        reported.add(code)
        shown = f"{value:.{max(self.tool.decimals, 6)}f}".rstrip("0").rstrip(".")
        if held:
            yield self.problem(
                code, f"the value {shown} lies in the bands {', '.join(held)}.", "Let them meet without overlap."
            )
        else:
            yield self.problem(code, f"the value {shown} lies in no band.", "Let the bands meet.")

    def _sum_ends(self) -> tuple[float, float] | None:
        """The lowest and the highest value of a sum, part by part that shares no fact; None where one is too large."""
        tool = self.tool
        known = {group.id: group for group in tool.groups}
        terms: list[tuple[frozenset[str], ir.Expr]] = []
        if tool.base is not None:
            terms.append((self._reads(tool.base.expr), tool.base.expr))
        numbers = [tool_terms.points(item) for item in tool.items if item.group not in known]
        numbers += [tool_terms.capped(g, [i for i in tool.items if i.group == g.id]) for g in tool.groups]
        terms += [(self._reads(number), number) for number in numbers]
        low = high = 0.0
        while terms:
            facts, number = terms.pop()
            together = [number]
            while shared := next((t for t in terms if t[0] & facts), None):
                terms.remove(shared)
                facts, together = facts | shared[0], [*together, shared[1]]
            tried = self.tried(together, plausible=tool.base is not None)
            if len(tried.patients) >= DRAWN and not tried.all and tool.base is None:
                return None
            sums = [sum(p.number(n) for n in together) for p in tried.patients]
            low, high = low + min(sums), high + max(sums)
        return low, high

    def _reads(self, number: ir.Expr) -> frozenset[str]:
        return frozenset(f for node in expand(self.shelf, [number]) if not node.parts() for f in ir.facts_of(node))


def _compared(node: ir.Expr, fact: str) -> Iterator[float]:
    match node:
        case ir.Compare(_, ir.FactNumber(name), ir.Constant(value)) | ir.Compare(
            _, ir.Constant(value), ir.FactNumber(name)
        ):
            if name == fact:
                yield value
        case _:
            pass


def _first(patient: Patient, conditions: Sequence[ir.Expr]) -> int | None:
    return next((number for number, when in enumerate(conditions) if patient.holds(when)), None)


def _inside(band: Band, value: float) -> bool:
    return (
        (band.at_least is None or value >= band.at_least)
        and (band.above is None or value > band.above)
        and (band.at_most is None or value <= band.at_most)
        and (band.below is None or value < band.below)
    )


def _shown(facts: Mapping[str, Value], most: int = 8) -> str:
    said = [
        f"{name} is {value:g}" if isinstance(value, float) else f"{name} is {str(value).lower()}"
        for name, value in facts.items()
    ]
    return ", ".join(said[:most]) + (" ..." if len(said) > most else "")
