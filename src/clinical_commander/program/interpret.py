"""Columns in, their values out, without making a program text: for the few evaluations of one short process.

Columns of one operator that do not read each other make a *run*, done by one loop over its operands. That is some four
times slower than compiled columns, and needs nothing that takes longer than reading them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import repeat
from typing import Any, Final

from clinical_commander.program.arithmetic import divide, exp, ln, power, times
from clinical_commander.program.columns import Column

Run = tuple[str, Sequence[int], Sequence[Sequence[Any]]]
"""An operator, the numbers of its columns, and all their first operands, all their second operands and so on."""

NO_COLUMNS: Final = ("lit", "num", "in", "has", "single")
"""The operators whose operands are no columns."""
_OTHERS: Final[Mapping[str, Callable[..., Any]]] = {
    "==": lambda a, b: a == b,
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": times,
    "/": divide,
    "neg": lambda a: -a,
    "min": min,
    "max": max,
    "exp": exp,
    "ln": ln,
    "pow": power,
    "pick": lambda condition, this, other: this if condition else other,
}


def runs(rows: Sequence[Column], start: int = 0) -> list[Run]:
    """The columns from `start` on as runs, each after those that it reads."""
    depth = [0] * len(rows)
    found: dict[tuple[int, str, int], tuple[list[int], list[list[Any]]]] = {}
    for number, row in enumerate(rows):
        operator, operands = str(row[0]), row[1:]
        if operator not in NO_COLUMNS:
            depth[number] = 1 + max(depth[operand] for operand in operands if isinstance(operand, int))
        if number >= start:
            key = (depth[number], operator, len(operands))
            numbers, columns = found.setdefault(key, ([], [[] for _ in operands]))
            numbers.append(number)
            for column, operand in zip(columns, operands, strict=True):
                column.append(operand)
    return [(operator, *found[level, operator, size]) for level, operator, size in sorted(found)]


def rows_of(runs: Iterable[Run]) -> list[Column]:
    """The columns of runs, each in its place."""
    found: dict[int, Column] = {}
    for operator, numbers, operands in runs:
        found.update(zip(numbers, zip(repeat(operator), *operands), strict=True))
    return [found[number] for number in range(len(found))]


def interpret(runs: Iterable[Run], x: Sequence[Any], columns: list[Any]) -> None:
    """Put the values of runs into `columns`, which is long enough and holds what they read from outside."""
    c = columns
    for operator, numbers, operands in runs:
        first = operands[0]
        values: Iterable[Any]
        match operator:
            case "and" if len(operands) == 2:
                values = [c[a] and c[b] for a, b in zip(*operands, strict=True)]
            case "or" if len(operands) == 2:
                values = [c[a] or c[b] for a, b in zip(*operands, strict=True)]
            case "and" | "or":
                values = [_joined(c, each, operator == "or") for each in zip(*operands, strict=True)]
            case "not":
                values = [not c[a] for a in first]
            case "in":
                values = [x[slot] for slot in first]
            case "has":
                values = [x[slot] & mask != 0 for slot, mask in zip(*operands, strict=True)]
            case "single":
                values = [x[slot] & (x[slot] - 1) == 0 for slot in first]
            case "<":
                values = [c[a] < c[b] for a, b in zip(*operands, strict=True)]
            case "<=":
                values = [c[a] <= c[b] for a, b in zip(*operands, strict=True)]
            case "lit":
                values = [bool(value) for value in first]
            case "num":
                values = first
            case _:
                function = _OTHERS[operator]
                values = [function(*[c[a] for a in each]) for each in zip(*operands, strict=True)]
        for number, value in zip(numbers, values, strict=True):
            c[number] = value


def _joined(columns: Sequence[Any], each: Iterable[int], enough: bool) -> Any:
    """The first condition that decides a conjunction (`enough` False) or a disjunction (True), else the last."""
    value: Any = None
    for number in each:
        value = columns[number]
        if (not value) is not enough:
            break
    return value
