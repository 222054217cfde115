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

from dataclasses import dataclass, field

Column = tuple[object, ...]
Pair = tuple[int, int]
"""Column numbers: (can, must) of a condition, (low, high) of a number."""


@dataclass(frozen=True)
class Slot:
    """One input of a program. kind boolean takes two places (can be true, can be false), number two (low, high), code
    one (a bit for each of `codes`).
    """

    name: str
    kind: str
    at: int
    codes: tuple[str, ...] = ()


@dataclass
class Columns:
    """A growing list of columns in which equal columns are one."""

    rows: list[Column] = field(default_factory=list)
    _known: dict[Column, int] = field(default_factory=dict)

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

    def compare(self, operator: str, left: int, right: int) -> int:
        a, b = self.rows[left], self.rows[right]
        if a[0] == b[0] == "num":
            x, y = a[1], b[1]
            assert isinstance(x, float)
            assert isinstance(y, float)
            return self.literal({"<": x < y, "<=": x <= y, "==": x == y}[operator])
        return self.add(operator, left, right)
