"""Where bounds are exact, and how a root that is not is split into cells until it is.

A condition is *unate* in a fact when more of the fact can only help it or only harm it: then the bounds taken end by
end are the bounds over all completions. A fact that stands in a condition both ways (a code under sets that do not
nest, a number under `<` and `>`) is cut into the cells its literals make, and the condition is looked at cell by cell.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import pairwise, product

from clinical_commander.logic import ir
from clinical_commander.program.columns import Pair, Slot
from clinical_commander.program.lower import Answer, Cell, Lowering, Restriction, ToolRows

MAX_CELLS = 64

RISING, FALLING = 1, -1


@dataclass
class Uses:
    """How the facts of one condition stand in it."""

    directions: dict[str, set[int]] = field(default_factory=dict)  # booleans and numbers
    code_sets: dict[str, set[frozenset[str]]] = field(default_factory=dict)
    cuts: dict[str, set[float]] = field(default_factory=dict)
    tangled: set[str] = field(default_factory=set)  # stand in arithmetic with other facts, or twice in one comparison

    def mixed(self) -> list[str]:
        """The facts in which the condition is not unate."""
        both = [fact for fact, found in self.directions.items() if len(found) > 1]
        both += [fact for fact, sets in self.code_sets.items() if not _nested(sets)]
        return sorted(both)


def _nested(sets: set[frozenset[str]]) -> bool:
    chain = sorted(sets, key=len)
    return all(a <= b for a, b in pairwise(chain))


class ExactLowering(Lowering):
    """A lowering whose named conditions and answers are exact where at most `MAX_CELLS` cells make them so.

    `inexact` lists what is not: (what, facts).
    """

    def __init__(
        self,
        slots: Mapping[str, Slot],
        named: Mapping[tuple[str, str], ir.Expr],
        answers: Mapping[str, Answer],
        tools: Mapping[str, ToolRows],
        nonnegative: frozenset[str] = frozenset(),
    ) -> None:
        super().__init__(slots, named, answers, tools, nonnegative)
        self.inexact: dict[str, tuple[str, ...]] = {}
        self.roots: dict[ir.Expr, Pair] = {}
        self._label = ""  # of the root that is being lowered

    def root(self, expr: ir.Expr, label: str = "") -> Pair:
        """(can, must) of a condition that is an answer by itself: a rule, a trigger, a value of an answer, a guard."""
        pair = self.roots.get(expr)
        if pair is None:
            around, self._label = self._label, label
            self.roots[expr] = self.condition(expr)  # what a cycle would see; the loader refuses cycles
            pair = self.roots[expr] = self._split(expr, label)
            self._label = around
        return pair

    def anywhere(self, item: ir.Expr) -> Pair:
        """An inexact part of IS TRUE is only ever under-approximated: it may be known, and is not seen to be."""
        return self.root(item, self._label and f"{self._label}: IS TRUE")

    def _named(self, kind: str, name: str, within: Restriction) -> Pair:
        if within or f"{kind}:{name}" in self.slots:
            return super()._named(kind, name, within)
        return self.root(self.named[kind, name], f"{kind} {name}")

    def possible(self, subject: ir.Expr, within: Restriction = ()) -> dict[str, int]:
        if within or not isinstance(subject, ir.AnswerCode) or self.answers[subject.answer].fact:
            return super().possible(subject, within)
        if f"answer:{subject.answer}" in self.slots:
            return super().possible(subject, within)
        answer = self.answers[subject.answer]
        return {
            code: self.root(value_is(answer.conditions, i), f"{subject.answer} {code}")[0]
            for i, code in enumerate(answer.codes)
        }

    # -- splitting

    def _split(self, expr: ir.Expr, label: str) -> Pair:
        uses = Uses()
        self._collect(expr, True, uses)
        mixed = uses.mixed()
        if not mixed:
            return self.condition(expr)
        cells: list[tuple[str, list[Cell]]] = []
        count = 1
        for fact in sorted(mixed, key=lambda f: len(self._cells(f, uses))):
            made = self._cells(fact, uses)
            if count * len(made) <= MAX_CELLS:
                cells.append((fact, made))
                count *= len(made)
        left = sorted((set(mixed) - {fact for fact, _ in cells}) | (uses.tangled & set(mixed)))
        if left and label:
            self.inexact[label] = tuple(left)
        if not cells:
            return self.condition(expr)
        c = self.columns
        cans, musts = [], []
        for combination in product(*(made for _, made in cells)):
            within: Restriction = tuple((fact, cell) for (fact, _), cell in zip(cells, combination, strict=True))
            here = c.all([self._holds(fact, cell) for fact, cell in within])
            can, must = self.condition(expr, within)
            cans.append(c.all([here, can]))
            musts.append(c.any([c.negate(here), must]))
        return (c.any(cans), c.all(musts))

    def _cells(self, fact: str, uses: Uses) -> list[Cell]:
        slot = self.slots[fact]
        if slot.kind == "boolean":
            return [True, False]
        if slot.kind == "code":
            sets = sorted(uses.code_sets[fact], key=sorted)
            groups: dict[tuple[bool, ...], set[str]] = {}
            for code in slot.codes:
                groups.setdefault(tuple(code in s for s in sets), set()).add(code)
            return [frozenset(group) for group in groups.values()]
        cuts = sorted(uses.cuts.get(fact, ()))
        cells: list[Cell] = []
        low = -math.inf
        for cut in cuts:
            cells += [(low, math.nextafter(cut, -math.inf)), (cut, cut)]
            low = math.nextafter(cut, math.inf)
        cells.append((low, math.inf))
        return cells

    def _holds(self, fact: str, cell: Cell) -> int:
        """The column that says whether a fact can lie in a cell."""
        c, slot = self.columns, self.slots[fact]
        if isinstance(cell, bool):
            return c.add("in", slot.at if cell else slot.at + 1)
        if isinstance(cell, frozenset):
            return self._has(slot, sorted(cell))
        low, high = c.add("in", slot.at), c.add("in", slot.at + 1)
        if cell[0] == cell[1]:
            return c.all([c.compare("<=", low, c.number(cell[1])), c.compare("<=", c.number(cell[0]), high)])
        # Up to the cut, not up to the last double before it: a proof over the reals has numbers in between.
        below = c.compare("<", low, c.number(math.nextafter(cell[1], math.inf)))
        above = c.compare("<", c.number(math.nextafter(cell[0], -math.inf)), high)
        return c.all([below, above])

    # -- how facts stand in a condition

    def _collect(self, expr: ir.Expr, positive: bool, uses: Uses) -> None:
        match expr:
            case ir.IsTrue() | ir.IsNotFalse() | ir.IsKnown() | ir.Truth():
                return
            case ir.FactTrue(name):
                uses.directions.setdefault(name, set()).add(RISING if positive else FALLING)
            case ir.Flag(kind, key) if f"{kind}:{key}" in self.slots:
                uses.directions.setdefault(f"{kind}:{key}", set()).add(RISING if positive else FALLING)
            case ir.Not(item):
                self._collect(item, not positive, uses)
            case ir.Named(kind, name):
                if (kind, name) in self.named:
                    self._collect(self.named[kind, name], positive, uses)
            case ir.OneOf(subject, values):
                self._collect_codes(subject, values, positive, uses)
            case ir.Compare(operator, left, right):
                self._collect_numbers(operator, left, right, positive, uses)
            case _:
                for part in expr.parts():
                    self._collect(part, positive, uses)

    def _collect_codes(self, subject: ir.Expr, values: frozenset[str], positive: bool, uses: Uses) -> None:
        match subject:
            case ir.FactCode(name) | ir.Circumstance(name):
                codes = frozenset(self.slots[name].codes)
                uses.code_sets.setdefault(name, set()).add(values if positive else codes - values)
            case ir.AnswerCode(name):
                answer = self.answers[name]
                if answer.fact:
                    self._collect_codes(ir.FactCode(answer.fact), values, positive, uses)
                    return
                wanted = values if positive else frozenset(answer.codes) - values
                for i, code in enumerate(answer.codes):
                    if code in wanted:
                        self._collect(value_is(answer.conditions, i), True, uses)
            case ir.ToolCode(name):
                rows = self.tools[name]
                for code, condition in zip(rows.codes, rows.conditions, strict=True):
                    if (code in values) is positive:
                        self._collect(condition, True, uses)
                self._collect(rows.applies, positive, uses)

    def _collect_numbers(self, operator: str, left: ir.Expr, right: ir.Expr, positive: bool, uses: Uses) -> None:
        rising = {">": (1, -1), ">=": (1, -1), "<": (-1, 1), "<=": (-1, 1), "=": (0, 0)}[operator]
        standing: dict[str, int] = {}
        for side, sign in ((left, rising[0]), (right, rising[1])):
            for fact, direction in self._slopes(side):
                standing[fact] = standing.get(fact, 0) + 1
                both = {RISING, FALLING} if not sign * direction else {sign * direction * (1 if positive else -1)}
                uses.directions.setdefault(fact, set()).update(both)
                # A computed number may step over what it is to equal; one that neither rises nor falls has no best end.
                if not direction or (not sign and not isinstance(side, ir.FactNumber)):
                    uses.tangled.add(fact)
        uses.tangled.update(fact for fact, times in standing.items() if times > 1 or len(standing) > 1)
        for side, other in ((left, right), (right, left)):
            if isinstance(side, ir.FactNumber) and isinstance(other, ir.Constant):
                uses.cuts.setdefault(side.fact, set()).add(other.value)
            for choice in side.walk():
                for when, _ in choice.branches if isinstance(choice, ir.Choice) else ():
                    # Both ways, so that each cell settles which branch is taken.
                    self._collect(when, True, uses)
                    self._collect(when, False, uses)

    def _slopes(self, expr: ir.Expr, sign: int = 1) -> Iterator[tuple[str, int]]:
        """(fact, +1 rising | -1 falling | 0 either way) for each fact of a number."""
        match expr:
            case ir.FactNumber(fact):
                yield fact, sign
            case ir.Negative(item):
                yield from self._slopes(item, -sign)
            case ir.Arithmetic("+", left, right):
                yield from self._slopes(left, sign)
                yield from self._slopes(right, sign)
            case ir.Function("LEAST" | "GREATEST" | "EXP" | "LN", arguments):
                for part in arguments:
                    yield from self._slopes(part, sign)
            case ir.Choice(branches, otherwise):
                for part in (*(value for _, value in branches), otherwise):
                    yield from self._slopes(part, sign)
            case ir.Arithmetic("-", left, right):
                yield from self._slopes(left, sign)
                yield from self._slopes(right, -sign)
            case ir.Arithmetic("*", left, right) if self._nonnegative(left) and self._nonnegative(right):
                yield from self._slopes(left, sign)
                yield from self._slopes(right, sign)
            case _:
                for part in expr.parts():
                    for fact, _ in self._slopes(part, 0):
                        yield fact, 0


def value_is(conditions: tuple[ir.Expr, ...], index: int) -> ir.Expr:
    """An ordered answer is this value: its condition holds and no higher one does."""
    higher = tuple(ir.Not(e) for e in conditions[index + 1 :])
    return ir.All((conditions[index], *higher)) if higher else conditions[index]
