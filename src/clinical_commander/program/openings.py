"""Expressions in, what could still change them out, prepared once for a program: an assessment then looks at columns.

What a name stands for, which facts an expression reads and where its columns are is the same for every patient.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from clinical_commander.logic import ir
from clinical_commander.program.columns import Pair
from clinical_commander.program.conditions import place
from clinical_commander.program.references import References

_NOWHERE = -1
NOTHING = ir.Truth(False)


class Opening:
    """One expression: open unless its `must` column holds or its `can` column does not; -1 is no such column.

    While it is open, what could change it is its one `fact`, if that is not known; where it has none, `names`, and what
    is open in `parts`.
    """

    __slots__ = ("can", "expr", "fact", "must", "names", "parts")

    def __init__(
        self,
        expr: ir.Expr,
        pair: Pair | None = None,
        names: tuple[str, ...] = (),
        fact: str = "",
        parts: Iterable[Opening] = (),
    ) -> None:
        self.expr = expr  # kept, because openings are found by the identity of their expressions
        self.can, self.must = pair or (_NOWHERE, _NOWHERE)
        self.names, self.fact, self.parts = names, fact, tuple(parts)


class Openings:
    """The openings of a program, each made when it is first asked for. Holds nothing of a patient."""

    def __init__(self, pair_of: Mapping[int, Pair], references: References) -> None:
        self.pair_of, self.references = pair_of, references
        self._conditions: dict[int, Opening] = {}
        self._numbers: dict[int, Opening] = {}
        self._gates: dict[int, Opening] = {}

    # -- conditions

    def condition(self, expr: ir.Expr) -> Opening:
        """What could still change a condition."""
        found = self._conditions.get(id(expr))
        if found is None:
            found = self._conditions[id(expr)] = Opening(expr, self._pair(expr))
            self._prepare(found)
        return found

    def of(self, conditions: Iterable[ir.Expr], numbers: Iterable[ir.Expr] = ()) -> Opening:
        """What could still change any of some numbers and conditions, the numbers first. To be kept by who asks."""
        return Opening(NOTHING, parts=(*map(self.number, numbers), *map(self.condition, conditions)))

    def _pair(self, expr: ir.Expr) -> Pair | None:
        return self.pair_of.get(place(expr))

    def _prepare(self, made: Opening) -> None:
        match made.expr:
            case ir.FactTrue(fact) | ir.Compare(_, ir.FactNumber(fact), ir.Constant()) | ir.OneOf(ir.FactCode(fact)):
                made.names, made.fact = (fact,), fact
            case ir.Flag("answered", key) if key in self.references.answered:
                made.parts = (self.condition(self.references.answered[key]),)
            case ir.Flag(kind, key):
                made.names = (f"{kind}:{key}",)
            case ir.Compare(_, left, right):
                made.parts = (self.number(left), self.number(right))
            case ir.OneOf(ir.Circumstance(name)):
                made.names = (name,)
            case ir.IsTrue() | ir.IsNotFalse() | ir.IsKnown():
                pass  # they speak of now
            case expr:
                made.parts = tuple(self._inside(expr))

    def _inside(self, expr: ir.Expr) -> Iterator[Opening]:
        for part in self.references.inside(expr):
            if isinstance(part, (ir.AnswerCode, ir.ToolCode)):
                yield from self._inside(part)
            elif isinstance(part, ir.FactCode):
                yield self._fact(part, part.fact)
            else:
                yield self.condition(part)

    def fact(self, fact: str) -> Opening:
        """One fact: open while it is not known."""
        return self._fact(NOTHING, fact)

    def _fact(self, expr: ir.Expr, fact: str) -> Opening:
        return Opening(expr, names=(fact,), fact=fact)

    # -- numbers

    def number(self, expr: ir.Expr) -> Opening:
        """What could still change a number: unknown facts it is computed from, and what is open in its conditions."""
        found = self._numbers.get(id(expr))
        if found is None:
            found = self._numbers[id(expr)] = Opening(expr)
            match expr:
                case ir.FactNumber(fact):
                    found.names, found.fact = (fact,), fact
                case ir.ToolNumber(tool):
                    number = self.references.numbers[tool]
                    found.parts = (self.number(number.value), self.condition(number.applies))
                case ir.Choice(branches, otherwise):
                    parts = (p for when, value in branches for p in (self.condition(when), self.number(value)))
                    found.parts = (*parts, self.number(otherwise))
                case _:
                    found.parts = tuple(self.number(part) for part in expr.parts())
        return found

    # -- gates

    def gate(self, expr: ir.Expr) -> Opening:
        """What a gate that does not hold waits for: facts, inputs, and flags such as `recorded:disposition`."""
        found = self._gates.get(id(expr))
        if found is None:
            found = self._gates[id(expr)] = Opening(expr)
            pair = self._pair(expr)
            # What cannot hold any more is waited for, too.
            found.must = pair[1] if pair is not None else _NOWHERE
            match expr:
                case ir.Flag("answered", key):
                    found.names = (f"input:{key}",)
                case ir.Flag(kind, key):
                    found.names = (f"{kind}:{key}",)
                case ir.IsKnown(ir.FactTrue(fact) | ir.FactNumber(fact) | ir.FactCode(fact)):
                    found.names = (fact,)
                case ir.IsKnown(item):
                    found.parts = tuple(self._settling(item))
                case ir.All(items) | ir.Any(items):
                    found.parts = tuple(self.gate(item) for item in items)
                case _:
                    found.parts = (self.condition(expr),)
        return found

    def _settling(self, item: ir.Expr) -> Iterator[Opening]:
        for part in (item, *self.references.inside(item)):
            if isinstance(part, ir.FactCode):
                yield self._fact(part, part.fact)
            elif not isinstance(part, (ir.AnswerCode, ir.ToolCode, ir.FactNumber)):
                yield self.condition(part)
