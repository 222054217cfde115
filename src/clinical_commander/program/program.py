"""A lowered dossier: where its inputs, conditions, answers and tools are among its columns, and what evaluates them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import cached_property, partial
from itertools import chain
from typing import Any

from clinical_commander.dossier.model import Condition
from clinical_commander.frozen import field, frozen
from clinical_commander.program.columns import Column, Continue, Evaluate, Pair, Slot
from clinical_commander.program.conditions import place
from clinical_commander.program.interpret import Run, interpret, rows_of
from clinical_commander.program.openings import Openings
from clinical_commander.program.references import References

COMPILE_AFTER = 200
"""Evaluations after which compiling pays: it takes as long as so many of them save."""


@frozen
class ToolColumns:
    """Where a tool's columns are: pairs of a condition or number."""

    applies: Pair
    value: Pair | None = None
    codes: Mapping[str, Pair] = field(default_factory=dict)
    items: tuple[Pair, ...] = ()
    counts: Mapping[str, Pair] = field(default_factory=dict)
    bands: tuple[Pair, ...] = ()
    readings: tuple[Mapping[str, Pair], ...] = ()
    numbers: Mapping[str, Pair] = field(default_factory=dict)  # of the readings that give one


@frozen
class Layout:
    """Where everything is. Three stages share the columns: what facts decide, the tools that are only shown, the gates.

    `width` is the length of the input list, `ends` where each stage ends among the columns. By the `place` of the
    dossier's own objects: `pairs` has the columns of conditions, `pair_of` those of every expression inside them,
    `modal` the facts that enter an answer's condition only as known to be true.
    """

    slots: Mapping[str, Slot]
    width: int
    ends: tuple[int, int, int]
    pairs: Mapping[int, Pair]
    pair_of: Mapping[int, Pair]
    modal: Mapping[int, tuple[str, ...]]
    answers: Mapping[str, Mapping[str, int]]
    tools: Mapping[str, ToolColumns]  # those that are shown
    inexact: Mapping[str, tuple[str, ...]]


class Program:
    """The lowered dossier, ready to be evaluated.

    It starts by going through its columns, and compiles them when it has been used often; what comes out is the same.

    Args:
        layout: Where everything is.
        stages: The runs of each stage.
        references: What names stand for.
    """

    evaluate: Evaluate
    """From the inputs to the columns of the first stage."""
    evaluate_scores: Continue
    """From the inputs and the columns of the first stage to those of the first two."""
    evaluate_gates: Continue
    """From the inputs and the columns of the first two stages to all."""

    def __init__(self, layout: Layout, stages: Sequence[Sequence[Run]], references: References) -> None:
        self.layout, self.stages, self.references = layout, stages, references
        self.slots, self.width = layout.slots, layout.width
        self.pairs, self.pair_of, self.modal = layout.pairs, layout.pair_of, layout.modal
        self.answers, self.tools, self.inexact = layout.answers, layout.tools, layout.inexact
        self.openings = Openings(layout.pair_of, references)
        self._evaluations = 0
        self.evaluate = self._interpreted
        self.evaluate_scores = partial(self._more, 1)
        self.evaluate_gates = partial(self._more, 2)

    @cached_property
    def rows(self) -> list[Column]:
        """All columns, each after those that it reads."""
        return rows_of(chain(*self.stages))

    @cached_property
    def _ends(self) -> list[list[tuple[str, int]]]:
        """Where each input is, by kind."""
        kinds = ("boolean", "code", "number")
        return [[(name, slot.at) for name, slot in self.slots.items() if slot.kind == kind] for kind in kinds]

    def unknown(self, x: Sequence[Any]) -> frozenset[str]:
        """The inputs of which more than one value is left."""
        booleans, codes, numbers = self._ends
        found = [name for name, at in booleans if x[at] == x[at + 1]]
        found += [name for name, at in codes if x[at] & (x[at] - 1)]
        found += [name for name, at in numbers if x[at] != x[at + 1]]
        return frozenset(found)

    def pair(self, condition: Condition) -> Pair:
        """(can, must) of a condition of the dossier."""
        return self.pairs[place(condition)]

    def blank(self) -> list[Any]:
        """Inputs of a patient of whom nothing is known."""
        x: list[Any] = [None] * self.width
        for slot in self.slots.values():
            if slot.kind == "boolean":
                x[slot.at] = x[slot.at + 1] = True
            elif slot.kind == "code":
                x[slot.at] = (1 << len(slot.codes)) - 1
            else:
                x[slot.at], x[slot.at + 1] = slot.limits or (-math.inf, math.inf)
        return x

    def compile(self) -> None:
        """From now on compiled functions evaluate the columns. It takes as long as 200 evaluations."""
        from clinical_commander.program.emit_python import compile_columns, compile_more

        first, second, third = self.layout.ends
        self.evaluate = compile_columns(self.rows[:first])
        self.evaluate_scores = compile_more(self.rows[:second], first)
        self.evaluate_gates = compile_more(self.rows[:third], second)

    def _interpreted(self, x: Sequence[Any]) -> list[Any]:
        self._evaluations += 1
        if self._evaluations > COMPILE_AFTER:
            self.compile()
            return self.evaluate(x)
        return self._more(0, x, [])

    def _more(self, stage: int, x: Sequence[Any], columns: list[Any]) -> list[Any]:
        longer = [*columns, *[None] * (self.layout.ends[stage] - len(columns))]
        interpret(self.stages[stage], x, longer)
        return longer
