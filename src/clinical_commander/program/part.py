"""A program and some of its columns in, a function that computes no more than these need out."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from operator import itemgetter
from typing import Any, Final

from clinical_commander.program.columns import Column
from clinical_commander.program.interpret import NO_COLUMNS
from clinical_commander.program.program import Program

MAKE_AFTER: Final = 8
"""Evaluations after which the function pays: to make it takes as long as so many of the whole program."""
_READ: Final = ("in", "has", "single")

Values = Sequence[Any] | Mapping[int, Any]
"""The values of columns, by their numbers in the whole program."""


class Part:
    """A few columns of a program's first stage. Holds nothing of a patient.

    It starts with the whole program, and makes its own function when it has been used for a while.

    Args:
        program: What they are part of.
        wanted: The numbers of the columns.
    """

    evaluate: Callable[[Sequence[Any]], Values]
    """From the inputs to the values of the columns."""

    def __init__(self, program: Program, wanted: Collection[int]) -> None:
        self.program, self.wanted = program, wanted
        self.evaluate = self._whole
        self.inputs: frozenset[str] | None = None  # those that are read, once that is known
        self._evaluations = 0

    def _whole(self, x: Sequence[Any]) -> Values:
        self._evaluations += 1
        if self._evaluations > MAKE_AFTER:
            self.make()
            return self.evaluate(x)
        return self.program.evaluate(x)

    def make(self) -> None:
        """From now on only these columns, and those that they read, are computed."""
        from clinical_commander.program.emit_python import compile_columns

        rows = self.program.rows
        needed: set[int] = set()
        waiting = list(self.wanted)
        while waiting:
            number = waiting.pop()
            if number not in needed:
                needed.add(number)
                waiting += _operands(rows[number])
        order = sorted(needed)
        place = {number: i for i, number in enumerate(order)}
        evaluate = compile_columns([_moved(rows[number], place) for number in order])
        asked = sorted(self.wanted)
        pick = itemgetter(*(place[number] for number in asked))
        read = {rows[number][1] for number in needed if rows[number][0] in _READ}
        slots = self.program.slots.items()
        self.inputs = frozenset(
            name for name, slot in slots if slot.at in read or (slot.kind != "code" and slot.at + 1 in read)
        )
        self.evaluate = lambda x: dict(zip(asked, pick(evaluate(x)), strict=True))


def _operands(row: Column) -> list[int]:
    return [] if row[0] in NO_COLUMNS else [operand for operand in row[1:] if isinstance(operand, int)]


def _moved(row: Column, place: Mapping[int, int]) -> Column:
    if row[0] in NO_COLUMNS:
        return row
    return (row[0], *(place[o] if isinstance(o, int) else o for o in row[1:]))
