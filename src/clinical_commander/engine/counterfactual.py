"""A case and its assessment in, what would make the tier another one out; each statement verified on the changed case.

A statement speaks of what is newly known at the moment assessed, all else as it is: "if the saturation is below 90 %:
massive". What lies before stays, as the memory of a major bleed does; so it is what would come of a new measurement.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from clinical_commander.derive.observation import Observation
from clinical_commander.dossier.model import Dossier, Fact
from clinical_commander.engine.answers import Range
from clinical_commander.engine.assessment import Assessment
from clinical_commander.engine.case import Case
from clinical_commander.engine.episode import Glance
from clinical_commander.engine.possible import Known, Possible, unknown
from clinical_commander.engine.situation import View
from clinical_commander.engine.turning_points import Cell, TurningPoints, joined, says
from clinical_commander.frozen import frozen, replace
from clinical_commander.logic import ir
from clinical_commander.program.program import Program

if TYPE_CHECKING:
    from clinical_commander.engine.assess import Engine

MOST_OF_A_KIND: Final = 5
"""Of one kind of statement so many are told, the nearest first."""
_OTHER: Final = 1.0
"""How far another truth or code is: as far as one end of the plausible range of a number from the other."""
NO_SITE: Mapping[str, str] = {}


@frozen
class Change:
    """What would newly be known of one fact, and the same as a condition to be put in words."""

    fact: str
    possible: Possible
    says: ir.Expr


@frozen
class Counterfactual:
    """If all of `changes` hold, the tier is `tier`. `way` is settles (it is open now), raises or lowers."""

    way: str
    changes: tuple[Change, ...]
    tier: str


def changed(case: Case, facts: Mapping[str, Fact], changes: Iterable[Change]) -> Case:
    """The case in which the changes are known at the moment assessed; what was known before stays known of then."""
    found = dict(case.facts)
    for change in changes:
        before = [o for o in found.get(change.fact, ()) if o.at < case.at]
        found[change.fact] = (*before, _observation(facts[change.fact], change.possible, case))
    return replace(case, facts=found)


def _observation(fact: Fact, possible: Possible, case: Case) -> Observation:
    state = "known" if possible.settled(fact) else "partial"
    if fact.kind == "boolean":
        return Observation(fact.id, state, case.at, truth=next(iter(possible.truths)))
    if fact.kind == "code":
        return Observation(fact.id, state, case.at, codes=possible.codes)
    low, high = (end if math.isfinite(end) else None for end in (possible.low, possible.high))
    return Observation(fact.id, state, case.at, low=low, high=high)


class Counterfactuals:
    """Finds what would change the tier. One per engine; holds nothing of a patient.

    Candidates are tried on the few columns that the tier reads; those that are told are verified on the changed case.
    """

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.dossier: Dossier = engine.dossier
        self.program: Program = engine.program
        self.points = TurningPoints(
            self.dossier, self.program.references, [v.when.expr for v in self.dossier.tier.values]
        )
        known = {name: None for name in self.dossier.tier.must_know if name in self.points.facts}
        self.facts = tuple(known | self.points.facts)
        engine.episodes.part.make()
        self.bearing = engine.situations.constraints.around(self.facts) | engine.episodes.facts()

    def of(
        self, case: Case, assessment: Assessment, capabilities: Mapping[str, str] = NO_SITE
    ) -> tuple[Counterfactual, ...]:
        """What would change the tier of a case: what settles it, or what raises and what lowers it; nearest first.

        Nothing where the tier is withheld: no tier is spoken of then.
        """
        if assessment.tier.withheld or assessment.scope.state == "out":
            return ()
        return tuple(_Search(self, case, assessment, capabilities).found())


class _Search:
    """The search for one case."""

    def __init__(
        self, made: Counterfactuals, case: Case, assessment: Assessment, capabilities: Mapping[str, str]
    ) -> None:
        self.made, self.case, self.tier = made, case, assessment.tier
        self.capabilities = capabilities
        self.dossier, self.engine = made.dossier, made.engine
        self.values = [v.id for v in self.dossier.tier.values]
        self.situation = self.engine.situation(case, capabilities)
        self.now = self._range({})
        self._singles: dict[str, list[tuple[Cell, str]]] = {}

    # -- what the tier would be

    def _range(self, changes: Mapping[str, Possible]) -> Range:
        s, evaluate = self.situation, self.engine.episodes.part.evaluate
        columns = [evaluate(self._inputs(view, changes)) for view in ((s.fresh, s.last) if s.stale else (s.fresh,))]
        return self.engine.answers.range_of(self.dossier.tier, columns)

    def _inputs(self, view: View, changes: Mapping[str, Possible]) -> list[Any]:
        x = view.x.copy()
        for name, possible in changes.items():
            self.engine.situations.write(x, name, possible)
        return x

    def _becomes(self, changes: Mapping[str, Possible]) -> str | None:
        """The tier that the changes settle; None where they settle none."""
        found = self._range(changes)
        return found.possible[0] if found.settled else None

    def _verified(self, changes: Mapping[str, Cell]) -> tuple[str | None, tuple[Change, ...], list[str]]:
        """The tier of the changed case by the engine itself, None if open; the changes; those that did not take."""
        facts = self.dossier.facts
        told = tuple(Change(n, cell.possible, says(facts[n], cell)) for n, cell in changes.items())
        glance = self._glance(told)
        found, known = glance.tier, glance.known
        idle = [c.fact for c in told if c.fact not in known or not _inside(known[c.fact].possible, c.possible)]
        return (found.possible[0] if found.settled else None), told, idle

    def _glance(self, changes: Sequence[Change]) -> Glance:
        """A look at the tier of the changed case, as a new measurement of it would be assessed."""
        case, situations = self.case, self.engine.situations
        statements, doubtful = self._statements
        new = dict(statements)
        for change in changes:
            observation = _observation(self.dossier.facts[change.fact], change.possible, case)
            new[change.fact] = situations.said(observation)
        left = doubtful.difference(change.fact for change in changes)
        since = self.situation.hours_since_major
        return self.engine.episodes.glance(case, case.at, self._start, new, left, since)

    @cached_property
    def _start(self) -> Sequence[Any]:
        return self.engine.situations.inputs(self.case, self.capabilities)

    @cached_property
    def _statements(self) -> tuple[Mapping[str, Known], frozenset[str]]:
        """What was stated of the facts that bear on the tier, and those of which a newer result is on its way."""
        found, doubtful = self.engine.situations.statements(self.case, self.case.at)
        return {name: known for name, known in found.items() if name in self.made.bearing}, doubtful

    # -- one fact

    def _now(self, name: str) -> Possible:
        known = self.situation.last.known.get(name)
        return known.possible if known is not None else unknown(self.dossier.facts[name])

    def _cells(self, name: str, changes: Mapping[str, Possible]) -> Sequence[Cell]:
        bounds = {n: changes[n] if n in changes else self._now(n) for n in self.made.points.hangs_on(name)}
        return self.made.points.cells(name, bounds)

    def _alone(self, name: str) -> Iterator[tuple[Cell, str]]:
        """The tiers that this fact alone would settle, each with the nearest values that do."""
        cells = self._cells(name, {})
        here = None if name in self.situation.stale else self._now(name)
        became = [
            None if here is not None and _inside(here, c.possible) else self._becomes({name: c.possible}) for c in cells
        ]
        for tier in dict.fromkeys(b for b in became if b is not None and self._another(b)):
            run = self._nearest(name, [i for i, b in enumerate(became) if b == tier], cells)
            for tried in (run, run[:1]):
                cell = joined([cells[i] for i in sorted(tried)])
                if self._becomes({name: cell.possible}) == tier:
                    yield cell, tier
                    break

    def _another(self, tier: str) -> bool:
        return not self.now.settled or tier != self.now.possible[0]

    def _nearest(self, name: str, among: Sequence[int], cells: Sequence[Cell]) -> list[int]:
        """The neighbouring cells, among some, that lie nearest to what is known now, the nearest one first."""
        if self.dossier.facts[name].kind in ("boolean", "code"):
            return list(among)
        first = min(among, key=lambda i: self._distance(name, cells[i]))
        found, low, high = [first], first - 1, first + 1
        while low in among or high in among:
            if low in among:
                found.append(low)
            if high in among:
                found.append(high)
            low, high = low - (low in among), high + (high in among)
        return found

    def _distance(self, name: str, cell: Cell) -> float:
        """How far a cell is from what is known now, in parts of the plausible range."""
        fact, here, there = self.dossier.facts[name], self._now(name), cell.possible
        if fact.kind in ("boolean", "code"):
            return _OTHER
        low, high = fact.range or (0.0, 1.0)
        return max(there.low - here.high, here.low - there.high, 0.0) / ((high - low) or 1.0)

    # -- several facts

    def _together(self, target: str, names: Sequence[str], freed: Mapping[str, Possible]) -> dict[str, Cell] | None:
        """Cells of some facts that settle the target between them, none of them for nothing; None if not found.

        Args:
            target: The tier.
            names: The facts, in the order in which they are chosen.
            freed: Those of them that are known otherwise now, as not known.
        """
        unsettled = self.situation.fresh.reader.unknown.intersection(self.dossier.tier.must_know)
        for name in [n for n in names if n not in unsettled]:  # what it is now does no harm
            without = {n: possible for n, possible in freed.items() if n != name}
            if target in self._range(without).possible:
                freed = without
        names = [n for n in names if n in freed]
        chosen: dict[str, list[Cell]] = {}

        def whole() -> dict[str, Possible]:
            return {**freed, **{n: joined(cells).possible for n, cells in chosen.items()}}

        for name in names:
            so_far = whole()
            cells = self._cells(name, so_far)
            kept = [c for c in cells if target in self._range({**so_far, name: c.possible}).possible]
            if len(kept) == len(cells):  # any value would do, but the one that it has may not
                kept = [c for c in cells if not _inside(self._now(name), c.possible)]
            if not kept:
                return None
            chosen[name] = _run(kept)
        if self._becomes(whole()) != target and not self._narrowed(target, chosen, whole):
            return None
        needed = False
        while not needed:
            needed = True
            for name in list(reversed(chosen)):
                without = whole()
                del without[name]
                if self._becomes(without) == target:
                    del chosen[name]
                    freed = {n: possible for n, possible in freed.items() if n != name}
                    needed = False
        return {name: joined(cells) for name, cells in chosen.items()}

    def _narrowed(
        self, target: str, chosen: dict[str, list[Cell]], whole: Callable[[], Mapping[str, Possible]]
    ) -> bool:
        """Narrow one fact to one of its cells where two facts bear on each other, as pulse and pressure do."""
        for name, cells in list(chosen.items()):
            # Newly cut: what the others were narrowed to moves a cut-off that hangs on them.
            span, so_far = joined(cells).possible, whole()
            finer = [c for c in self._cells(name, so_far) if _inside(c.possible, span)]
            for cell in finer:
                if self._becomes({**so_far, name: cell.possible}) == target:
                    chosen[name] = [cell]
                    return True
        return False

    # -- what is told

    def found(self) -> Iterator[Counterfactual]:
        """The statements: what settles an open tier; else what raises it, and then what lowers it."""
        if not self.now.settled:
            yield from self._settling()
            return
        rank = self.values.index(self.now.possible[0])
        yield from self._told("raises", self.values[rank + 1 :], self.made.facts)
        alone = list(self._told("lowers", self.values[:rank], self.made.facts))
        yield from alone or self._lowering(self.values[:rank])

    def _told(self, way: str, tiers: Sequence[str], names: Sequence[str]) -> Iterator[Counterfactual]:
        """Single changes, of each fact the nearest; what is known or must be before what else nobody has asked."""
        for name in names if tiers else ():
            if name not in self._singles:
                self._singles[name] = list(self._alone(name))
        found = [(n, cell, tier) for n in names for cell, tier in self._singles.get(n, ()) if tier in tiers]
        place = {name: i for i, name in enumerate(self.made.facts)}
        silent = self.situation.last.reader.unknown.difference(self.dossier.tier.must_know)
        found.sort(key=lambda one: (one[0] in silent, self._distance(*one[:2]), place[one[0]]))
        told: set[str] = set()
        for name, cell, tier in found:
            if name in told:
                continue
            became, changes, _ = self._verified({name: cell})
            if became == tier:
                yield Counterfactual(way, changes, tier)
                told.add(name)
            if len(told) == MOST_OF_A_KIND:
                return

    def _settling(self) -> Iterator[Counterfactual]:
        """What would settle an open tier, for each tier that is possible: one answer, else the fewest together."""
        missing = [n for n in self.made.facts if n in self.tier.missing]
        for tier in reversed(self.now.possible):
            alone = list(self._told("settles", [tier], missing))
            yield from alone or self._joint("settles", tier, missing)

    def _lowering(self, tiers: Sequence[str]) -> Iterator[Counterfactual]:
        """What would have to hold together for a lower tier, the next one first.

        That is what the tier rests on, otherwise; and what must be known for a lower one and is not.
        """
        s, must_know = self.situation, self.dossier.tier.must_know
        grounds = {fact for because in self.tier.because for fact in because.facts} | s.stale
        told = {name for name in self.made.facts if s.last.told(name)}
        for tier in reversed(tiers):
            for known in (grounds, told):
                open_now = s.fresh.reader.unknown.intersection(must_know)
                found = list(self._joint("lowers", tier, [n for n in self.made.facts if n in known | open_now]))
                if found:
                    yield from found
                    return

    def _joint(self, way: str, tier: str, names: Sequence[str]) -> Iterator[Counterfactual]:
        left = list(names)
        while cells := self._together(tier, left, {n: unknown(self.dossier.facts[n]) for n in left}):
            became, changes, idle = self._verified(cells)
            if became == tier:
                yield Counterfactual(way, self._without_fresh(tier, cells) or changes, tier)
                return
            if not idle:
                return
            left = [n for n in left if n not in idle]  # other facts imply them: to say them anew changes nothing

    def _without_fresh(self, tier: str, cells: dict[str, Cell]) -> tuple[Change, ...]:
        """The changes less those that need no new measurement: a value counts longer where less is at stake."""
        for name in sorted(self.situation.stale.intersection(cells)):
            fewer = {n: cell for n, cell in cells.items() if n != name}
            became, changes, _ = self._verified(fewer) if fewer else (None, (), [])
            if became == tier:
                return self._without_fresh(tier, fewer) or changes
        return ()


def _inside(inner: Possible, outer: Possible) -> bool:
    """Whether every value of one is a value of the other."""
    if inner.codes or inner.truths:
        return inner.codes <= outer.codes and inner.truths <= outer.truths
    return outer.low <= inner.low and inner.high <= outer.high


def _run(cells: Sequence[Cell]) -> list[Cell]:
    """The longest run of neighbours; codes and truths have no order."""
    if cells[0].possible.codes or cells[0].possible.truths:
        return list(cells)
    runs: list[list[Cell]] = []
    for cell in cells:
        if runs and runs[-1][-1].above == cell.below:
            runs[-1].append(cell)
        else:
            runs.append([cell])
    return max(runs, key=len)
