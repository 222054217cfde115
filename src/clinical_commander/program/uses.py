"""An expression in, how facts stand in it out: which way it moves with each, and the cells that its literals make."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import pairwise

from clinical_commander.logic import ir
from clinical_commander.program.columns import Slot
from clinical_commander.program.lower import Between, Cell
from clinical_commander.program.references import Answer, ToolRows, ToolValue
from clinical_commander.quantity import unit

ONE = unit("1")
RISING, FALLING = 1, -1
BOTH = frozenset({RISING, FALLING})
Cut = tuple[float, bool]
"""A literal that a number is compared with, and whether the cell boundary lies after it."""
_CUTS: Mapping[str, tuple[bool, ...]] = {"<": (False,), ">=": (False,), "<=": (True,), ">": (True,), "=": (False, True)}
_MIRRORED = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "=": "="}
_SIGNS = {">": (1, -1), ">=": (1, -1), "<": (-1, 1), "<=": (-1, 1), "=": (0, 0)}


@dataclass
class Uses:
    """How the facts of one expression stand in it."""

    directions: dict[str, set[int]] = field(default_factory=dict)  # booleans, numbers and totals
    code_sets: dict[str, set[frozenset[str]]] = field(default_factory=dict)
    cuts: dict[str, set[Cut]] = field(default_factory=dict)
    loose: dict[str, set[int]] = field(default_factory=dict)  # directions where cells do not make a comparison literal
    totals: dict[str, ir.Expr] = field(default_factory=dict)  # looked at as variables
    forced: set[str] = field(default_factory=set)  # to be split in any case

    @staticmethod
    def union(parts: Sequence[Uses]) -> Uses:
        """How facts stand in several expressions together."""
        joint = Uses()
        for part in parts:
            joint.add(part)
        return joint

    @property
    def tangled(self) -> set[str]:
        """The facts that stand both ways where no cell decides anything: in arithmetic, or in one comparison twice."""
        return {name for name, found in self.loose.items() if len(found) > 1}

    def add(self, other: Uses, names: Iterable[str] | None = None) -> None:
        """Take over how facts stand in another expression: all of them, or those of `names`."""
        wanted = None if names is None else set(names)
        for name, directions in other.directions.items():
            if wanted is None or name in wanted:
                self.directions.setdefault(name, set()).update(directions)
        for name, sets in other.code_sets.items():
            if wanted is None or name in wanted:
                self.code_sets.setdefault(name, set()).update(sets)
        for name, cuts in other.cuts.items():
            if wanted is None or name in wanted:
                self.cuts.setdefault(name, set()).update(cuts)
        for name, directions in other.loose.items():
            if wanted is None or name in wanted:
                self.loose.setdefault(name, set()).update(directions)

    def names(self) -> set[str]:
        return self.directions.keys() | self.code_sets.keys()

    def mixed(self) -> list[str]:
        """The facts in which the expression is not unate."""
        both = {name for name, found in self.directions.items() if len(found) > 1}
        both |= {name for name, sets in self.code_sets.items() if not _nested(sets)}
        return sorted(both | self.forced)


def _nested(sets: set[frozenset[str]]) -> bool:
    chain = sorted(sets, key=len)
    return all(a <= b for a, b in pairwise(chain))


def cells_of(slot: Slot | None, name: str, uses: Uses, held: Cell | None, decimals: int | None) -> list[Cell]:
    """The cells that the literals of an expression make of a fact or a total, inside the cell it is held to."""
    if slot is not None and slot.kind == "boolean":
        return [held] if isinstance(held, bool) else [True, False]
    if slot is not None and slot.kind == "code":
        sets = sorted(uses.code_sets.get(name, ()), key=sorted)
        groups: dict[tuple[bool, ...], set[str]] = {}
        for code in slot.codes:
            if not isinstance(held, frozenset) or code in held:
                groups.setdefault(tuple(code in s for s in sets), set()).add(code)
        return [frozenset(group) for group in groups.values()]
    around = held if isinstance(held, Between) else Between()
    cuts = uses.cuts.get(name, set())
    return list(_recorded(cuts, around, decimals) if decimals is not None else _continuous(cuts, around))


def _continuous(cuts: set[Cut], around: Between) -> Iterator[Between]:
    low, low_open = around.low, around.low_open
    for value, after in sorted(cuts):
        cell = Between(low, value, low_open, high_open=not after)
        if _empty(cell) or _empty(Between(value, around.high, after, around.high_open)):
            continue
        yield cell
        low, low_open = value, after
    yield Between(low, around.high, low_open, around.high_open, around.last)


def _empty(cell: Between) -> bool:
    return cell.low > cell.high or (cell.low == cell.high and (cell.low_open or cell.high_open))


def _recorded(cuts: set[Cut], around: Between, decimals: int) -> Iterator[Between]:
    """As `_continuous`, for a number that is recorded in steps: nobody lies between two neighbours."""
    scale = 10**decimals

    def first(value: float, after: bool) -> int:
        """The number of the first step at or after a value."""
        whole: int = math.floor(Fraction(value) * scale)
        return whole + 1 if after or whole != Fraction(value) * scale else whole

    low, low_open = around.low, around.low_open
    begin = None if math.isinf(low) else first(low, low_open)
    for start in sorted({first(value, after) for value, after in cuts}):
        if (begin is None or start > begin) and start / scale <= around.most:
            yield Between(low, start / scale, low_open, high_open=True, last=(start - 1) / scale)
            low, low_open, begin = start / scale, False, start
    yield Between(low, around.high, low_open, around.high_open, around.last)


def _summed(expr: ir.Expr) -> Iterator[ir.Expr]:
    if isinstance(expr, ir.Arithmetic) and expr.operator == "+":
        yield from _summed(expr.left)
        yield from _summed(expr.right)
    else:
        yield expr


class Collector:
    """Collects how facts stand in the expressions of one lowering."""

    slots: Mapping[str, Slot]
    named: Mapping[tuple[str, str], ir.Expr]
    answers: Mapping[str, Answer]
    tools: Mapping[str, ToolRows]
    numbers: Mapping[str, ToolValue]
    corners: Mapping[ir.Expr, Mapping[str, str]]
    _expand = False  # whether a total is looked into
    _counts: dict[ir.Expr, bool]

    def variable(self, expr: ir.Expr) -> str:
        raise NotImplementedError

    def reads(self, expr: ir.Expr) -> frozenset[str]:
        raise NotImplementedError

    def exists(self, number: ir.Expr) -> ir.Expr:
        raise NotImplementedError

    def _nonnegative(self, expr: ir.Expr) -> bool:
        raise NotImplementedError

    def uses_of_number(self, expr: ir.Expr, sign: int) -> Uses:
        """How facts stand in a number that rises (+1) or falls (-1) in what it is a term of."""
        uses = Uses()
        around, self._expand = self._expand, True
        self._collect_number(expr, sign, uses)
        self._expand = around
        return uses

    def uses_of_condition(self, expr: ir.Expr) -> Uses:
        """How facts stand in a condition; totals as variables where that takes fewer cells than looking into them."""
        whole = Uses()
        self._collect(expr, True, whole)
        if not whole.totals:
            return whole
        for name, value in whole.totals.items():
            # Between the ends of a total there may be values that it never takes.
            if len(whole.directions[name]) > 1 and not self.is_count(value):
                whole.loose[name] = set(BOTH)
        inside = Uses()
        self._expand = True
        self._collect(expr, True, inside)
        self._expand = False
        if not inside.mixed():
            return inside
        shared = self._shared(whole)
        whole.add(inside, shared)
        whole.forced |= shared
        return min(inside, whole, key=self._cost)

    def _shared(self, uses: Uses) -> set[str]:
        """The facts that totals have in common, with each other or with what stands beside them."""
        times = Counter(name for name in uses.names() if name not in uses.totals)
        for value in uses.totals.values():
            times.update(self._inside(value))
        return {name for name, count in times.items() if count > 1}

    def _inside(self, value: ir.Expr) -> set[str]:
        return self.uses_of_number(value, 1).names()

    def is_count(self, value: ir.Expr) -> bool:
        """Whether a number counts conditions that share no fact: then it takes every whole number between its ends."""
        known = self._counts.get(value)
        if known is None:
            terms = list(_summed(value))
            units = all(
                isinstance(term, ir.Choice)
                and term.otherwise == ir.Constant(0.0, ONE)
                and [worth for _, worth in term.branches] == [ir.Constant(1.0, ONE)]
                for term in terms
            )
            times = Counter(name for term in terms for name in self._inside(term)) if units else Counter[str]()
            known = self._counts[value] = units and all(found == 1 for found in times.values())
        return known

    def _steps(self, uses: Uses, name: str) -> int | None:
        """The decimals of a total that is a count."""
        return 0 if name in uses.totals and self.is_count(uses.totals[name]) else None

    def _cost(self, uses: Uses) -> tuple[bool, int]:
        """Whether it is inexact however it is split, and the number of cells."""
        mixed = uses.mixed()
        cells = math.prod(len(cells_of(self.slots.get(n), n, uses, None, self._steps(uses, n))) for n in mixed)
        return bool(uses.tangled.intersection(mixed)), cells

    # -- conditions

    def _collect(self, expr: ir.Expr, positive: bool, uses: Uses) -> None:
        match expr:
            case ir.IsTrue() | ir.IsNotFalse() | ir.IsKnown() | ir.Truth():
                return
            case ir.FactTrue(name):
                uses.directions.setdefault(name, set()).add(RISING if positive else FALLING)
            case ir.Flag(kind, key):
                uses.directions.setdefault(f"{kind}:{key}", set()).add(RISING if positive else FALLING)
            case ir.Not(item):
                self._collect(item, not positive, uses)
            case ir.Named(kind, name):
                if (kind, name) in self.named:
                    self._collect(self.named[kind, name], positive, uses)
            case ir.OneOf(subject, values):
                self._collect_codes(subject, values, positive, uses)
            case ir.Compare():
                self._collect_comparison(expr, positive, uses)
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
                        for higher in answer.conditions[i + 1 :]:
                            self._collect(higher, False, uses)
                        self._collect(answer.conditions[i], True, uses)
            case ir.ToolCode(name):
                rows = self.tools[name]
                for code, condition in zip(rows.codes, rows.conditions, strict=True):
                    if (code in values) is positive:
                        self._collect(condition, True, uses)
                self._collect(rows.applies, positive, uses)

    def _collect_comparison(self, expr: ir.Compare, positive: bool, uses: Uses) -> None:
        sides = (expr.left, expr.right)
        signs, operators = _SIGNS[expr.operator], (expr.operator, _MIRRORED[expr.operator])
        for side, other, sign, operator in zip(sides, reversed(sides), signs, operators, strict=True):
            direction = sign if positive else -sign
            found = {direction} if direction else BOTH
            name = self.variable(side)
            if not name or (name not in self.slots and self._expand):
                # A computed number may step over what it is to equal.
                self._collect_number(side, direction, uses)
                continue
            uses.directions.setdefault(name, set()).update(found)
            if isinstance(other, ir.Constant):
                cuts = uses.cuts.setdefault(name, set())
                cuts.update((other.value, after) for after in _CUTS[operator])
            else:
                uses.loose.setdefault(name, set()).update(found)
            if name not in self.slots:
                uses.totals[name] = self.numbers[side.tool].value if isinstance(side, ir.ToolNumber) else side
        for side in sides:
            self._collect(self.exists(side), positive, uses)

    # -- numbers

    def _collect_number(self, expr: ir.Expr, sign: int, uses: Uses) -> None:
        if expr in self.corners:
            self._collect_declared(expr, sign, uses)
            return
        match expr:
            case ir.FactNumber(fact):
                found = {sign} if sign else BOTH
                uses.directions.setdefault(fact, set()).update(found)
                uses.loose.setdefault(fact, set()).update(found)
            case ir.ToolNumber(tool):
                self._collect_number(self.numbers[tool].value, sign, uses)
            case ir.Choice():
                self._collect_choice(expr, sign, uses)
            case _:
                for part, direction in zip(expr.parts(), self._slopes(expr), strict=True):
                    self._collect_number(part, sign * direction, uses)

    def _slopes(self, expr: ir.Expr) -> tuple[int, ...]:
        """For each part of a number whether it rises with it (+1), falls (-1), or neither (0)."""
        match expr:
            case ir.Negative():
                return (-1,)
            case ir.Arithmetic("+") | ir.Function("LEAST" | "GREATEST" | "EXP" | "LN"):
                return (1,) * len(expr.parts())
            case ir.Arithmetic("-"):
                return (1, -1)
            case ir.Arithmetic("*", left, right):
                return (self._factor(right), self._factor(left))
            case ir.Arithmetic("/", left, right):
                return (self._factor(right), -self._factor(left) if self._factor(right) else 0)
            case ir.Function("POWER", (base, ir.Constant(exponent))) if self._factor(base) > 0:
                return (1 if exponent >= 0 else -1, 1)
            case ir.Function("POWER", (ir.Constant(base), _)) if base > 0:
                return (1, 1 if base >= 1 else -1)
        return (0,) * len(expr.parts())

    def _factor(self, expr: ir.Expr) -> int:
        """+1 or -1 of a number that is never below or never above zero, else 0."""
        if isinstance(expr, ir.Constant):
            return 1 if expr.value >= 0 else -1
        return 1 if self._nonnegative(expr) else 0

    def _collect_choice(self, expr: ir.Choice, sign: int, uses: Uses) -> None:
        values = [value for _, value in expr.branches] + [expr.otherwise]
        for i, (condition, value) in enumerate(expr.branches):
            if isinstance(condition, ir.IsKnown):
                continue  # it counts only where one value is left, and there is nothing to choose then
            later = values[i + 1 :]
            up = down = True
            if isinstance(value, ir.Constant) and all(isinstance(v, ir.Constant) for v in later):
                others = [v.value for v in later if isinstance(v, ir.Constant)]
                down, up = value.value < max(others), value.value > min(others)
            for rises, way in ((up, sign), (down, -sign)):
                for positive in (True, False) if rises and not sign else ((way > 0,) if rises else ()):
                    self._collect(condition, positive, uses)
            self._collect_number(value, sign, uses)
        self._collect_number(expr.otherwise, sign, uses)

    def _collect_declared(self, expr: ir.Expr, sign: int, uses: Uses) -> None:
        """A formula whose author says which way it moves: what stands in it both ways moves as he says."""
        declared = self.corners[expr]
        found = Uses()
        for part, direction in zip(expr.parts(), self._slopes(expr), strict=True):
            self._collect_number(part, sign * direction, found)
        for name, way in declared.items():
            direction = sign if way == "rising" else -sign
            found.directions[name] = {direction} if direction else set(BOTH)
            found.loose[name] = set(found.directions[name])
        uses.add(found)
