"""Two-valued columns over fact bounds: the one form that every back end emits.

A column is a tuple (operator, operands...); operands are earlier columns, input slots or constants. Nothing in it is
ever unknown: a condition has a `can` and a `must` column, a number a low and a high one.

    ("lit", 0|1)          constant                   ("num", v)            constant
    ("in", slot)          an input slot              ("has", slot, mask)   a code input holds one of the codes of mask
    ("single", slot)      a code input holds one code
    ("<", a, b) ("<=", a, b) ("==", a, b)            numbers compared
    ("and", a, ...) ("or", a, ...) ("not", a)        conditions joined
    ("+", a, b) ("-", a, b) ("*", a, b) ("/", a, b) ("neg", a) ("min", a, ...) ("max", a, ...)
    ("exp", a) ("ln", a) ("pow", a, b) ("pick", condition, a, b)

No column is ever NaN: 0 * inf is 0, for inf is the end of a range and no value in it; inf / inf is 0 likewise.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

Column = tuple[object, ...]
Pair = tuple[int, int]
"""Column numbers: (can, must) of a condition, (low, high) of a number."""
Evaluate = Callable[[Sequence[Any]], list[Any]]
"""From the input slots to the values of columns, in order."""
Continue = Callable[[Sequence[Any], list[Any]], list[Any]]
"""From the input slots and the values of earlier columns to the values of those and later ones."""


class Slot(NamedTuple):
    """One input of a program. kind boolean takes two places (can be true, can be false), number two (low, high), code
    one (a bit for each of `codes`). `limits` are what a number cannot pass.
    """

    name: str
    kind: str
    at: int
    codes: tuple[str, ...] = ()
    limits: tuple[float, float] | None = None


class Columns:
    """A growing list of columns in which equal columns are one."""

    def __init__(self) -> None:
        self.rows: list[Column] = []
        self._known: dict[Column, int] = {}

    def add(self, *column: object) -> int:
        index = self._known.get(column)
        if index is None:
            index = self._known[column] = len(self.rows)
            self.rows.append(column)
        return index

    def literal(self, value: bool) -> int:
        return self.add("lit", int(value))

    def number(self, value: float) -> int:
        return self.add("num", float(value))

    def truth(self, index: int) -> bool | None:
        """The value of a constant column, else None."""
        row = self.rows[index]
        return bool(row[1]) if row[0] == "lit" else None

    def negate(self, index: int) -> int:
        row = self.rows[index]
        if row[0] == "lit":
            return self.literal(not row[1])
        if row[0] == "not":
            assert isinstance(row[1], int)
            return row[1]
        return self.add("not", index)

    def all(self, items: list[int]) -> int:
        return self._join("and", items, unit=True)

    def any(self, items: list[int]) -> int:
        return self._join("or", items, unit=False)

    def _join(self, operator: str, items: list[int], *, unit: bool) -> int:
        kept: list[int] = []
        for item in items:
            value = self.truth(item)
            if value is not None:
                if value is not unit:
                    return self.literal(not unit)
            elif item not in kept:
                kept.append(item)
        if not kept:
            return self.literal(unit)
        return kept[0] if len(kept) == 1 else self.add(operator, *kept)

    # -- numbers

    def constant(self, index: int) -> float | None:
        """The value of a constant number, else None."""
        value = self.rows[index][1] if self.rows[index][0] == "num" else None
        return value if isinstance(value, float) else None

    def plus(self, left: int, right: int) -> int:
        a, b = self.constant(left), self.constant(right)
        if a is not None and b is not None:
            return self.number(a + b)
        if a == 0:
            return right
        return left if b == 0 else self.add("+", left, right)

    def pick(self, condition: int, this: int, other: int) -> int:
        """`this` where the condition holds, else `other`."""
        value = self.truth(condition)
        if value is not None:
            return this if value else other
        return this if this == other else self.add("pick", condition, this, other)

    def extreme(self, operator: str, items: list[int]) -> int:
        """The lowest ("min") or the highest ("max") of some numbers."""
        best = min if operator == "min" else max
        known = [value for i in items if (value := self.constant(i)) is not None]
        others = list(dict.fromkeys(i for i in items if self.constant(i) is None))
        if known:
            bound = best(known)
            if not others or (math.isinf(bound) and bound == best(-math.inf, math.inf)):
                return self.number(bound)
            if not math.isinf(bound):
                others.append(self.number(bound))
        return others[0] if len(others) == 1 else self.add(operator, *others)

    def compare(self, operator: str, left: int, right: int) -> int:
        a, b = self.rows[left], self.rows[right]
        if a[0] == b[0] == "num":
            x, y = a[1], b[1]
            assert isinstance(x, float)
            assert isinstance(y, float)
            return self.literal({"<": x < y, "<=": x <= y, "==": x == y}[operator])
        return self.add(operator, left, right)
