"""What is still open in a condition: the facts that could change it, the ones nobody asked, and what it rests on.

A minimal set of facts that settles a condition *whatever their values* holds every fact the condition still depends on,
and nothing else; so there is one such set, and it is `missing` itself (docs/decisions/0003).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from clinical_commander.dossier import tool_terms
from clinical_commander.logic import ir
from clinical_commander.program.columns import Pair
from clinical_commander.program.program import Program

MAX_SETTLING_FACTS = 4


class Reader:
    """Reads open facts and grounds off evaluated columns. One per evaluation; results are remembered inside it."""

    def __init__(self, program: Program, x: Sequence[Any], columns: Sequence[Any]) -> None:
        self.program, self.x, self.columns = program, x, columns
        self._open: dict[int, tuple[str, ...]] = {}

    def can(self, pair: Pair) -> bool:
        return bool(self.columns[pair[0]])

    def must(self, pair: Pair) -> bool:
        return bool(self.columns[pair[1]])

    def holds(self, expr: ir.Expr) -> bool:
        """Whether a condition of the dossier must hold."""
        pair = self._pair(expr)
        return pair is not None and self.must(pair)

    # -- what could change it

    def missing(self, expr: ir.Expr) -> tuple[str, ...]:
        """The facts (and `kind:key` flags) that could still change a condition, in order of appearance."""
        known = self._open.get(id(expr))
        if known is None:
            self._open[id(expr)] = ()
            known = self._open[id(expr)] = tuple(dict.fromkeys(self._missing(expr)))
        return known

    def _pair(self, expr: ir.Expr) -> Pair | None:
        return self.program.pair_of.get(id(expr))

    def _missing(self, expr: ir.Expr) -> Iterable[str]:
        pair = self._pair(expr)
        if pair is not None and (self.must(pair) or not self.can(pair)):
            return ()
        match expr:
            case ir.FactTrue(fact):
                return () if self.known(fact) else (fact,)
            case ir.Flag(kind, key):
                if kind == "answered":
                    gate = self.program.references.answered.get(key)
                    return self.missing(gate) if gate is not None else (f"answered:{key}",)
                return (f"{kind}:{key}",)
            case ir.Compare(_, ir.FactNumber(fact), ir.Constant()):
                return () if self.known(fact) else (fact,)
            case ir.Compare():
                return [name for part in expr.parts() for name in self._open_in_number(part)]
            case ir.OneOf(ir.FactCode(fact)):
                return () if self.known(fact) else (fact,)
            case ir.OneOf(ir.Circumstance(name)):
                return (name,)
            case ir.IsTrue() | ir.IsNotFalse():
                return ()
            case ir.IsKnown():
                return ()
        return [name for part in self.program.references.inside(expr) for name in self._part(part)]

    def _part(self, part: ir.Expr) -> Iterable[str]:
        if isinstance(part, (ir.AnswerCode, ir.ToolCode)):
            return [name for inner in self.program.references.inside(part) for name in self._part(inner)]
        if isinstance(part, ir.FactCode):
            return () if self.known(part.fact) else (part.fact,)
        return self.missing(part)

    def _open_in_number(self, expr: ir.Expr) -> Iterable[str]:
        """What could still change a number: unknown facts it is computed from, and what is open in its conditions."""
        match expr:
            case ir.Constant():
                return ()
            case ir.FactNumber(fact):
                return () if self.known(fact) else (fact,)
        known = self._open.get(id(expr))  # a total stands in every row and band that names it
        if known is None:
            names: list[str] = []
            if isinstance(expr, ir.ToolNumber):
                found = self.program.references.numbers[expr.tool]
                names += [*self._open_in_number(found.value), *self.missing(found.applies)]
            elif isinstance(expr, ir.Choice):
                for condition, value in expr.branches:
                    names += [*self.missing(condition), *self._open_in_number(value)]
                names += self._open_in_number(expr.otherwise)
            else:
                for part in expr.parts():
                    names += self._open_in_number(part)
            known = self._open[id(expr)] = tuple(dict.fromkeys(names))
        return known

    def open_in(self, number: ir.Expr) -> tuple[str, ...]:
        """The facts that could still change a number, in order of appearance."""
        return tuple(dict.fromkeys(self._open_in_number(number)))

    def known(self, fact: str) -> bool:
        """One value is left of a fact."""
        slot = self.program.slots[fact]
        value = self.x[slot.at]
        if slot.kind == "code":
            return bool(value & (value - 1) == 0)
        if slot.kind == "boolean":
            return bool(value != self.x[slot.at + 1])
        return bool(value == self.x[slot.at + 1])

    def waiting(self, expr: ir.Expr) -> tuple[str, ...]:
        """What a gate that does not hold waits for: facts, and flags such as `recorded:disposition`."""
        return tuple(dict.fromkeys(self._waiting(expr)))

    def _waiting(self, expr: ir.Expr) -> Iterable[str]:
        pair = self._pair(expr)
        if pair is not None and self.must(pair):
            return
        match expr:
            case ir.Flag("answered", key):
                yield f"input:{key}"
            case ir.Flag(kind, key):
                yield f"{kind}:{key}"
            case ir.IsKnown(item):
                if isinstance(item, (ir.FactTrue, ir.FactNumber, ir.FactCode)):
                    yield item.fact
                else:
                    for part in (item, *self.program.references.inside(item)):
                        if not isinstance(part, (ir.AnswerCode, ir.ToolCode, ir.FactCode, ir.FactNumber)):
                            yield from self.missing(part)
                        elif isinstance(part, ir.FactCode) and not self.known(part.fact):
                            yield part.fact
            case ir.All(items) | ir.Any(items):
                for item in items:
                    yield from self._waiting(item)
            case _:
                yield from self.missing(expr)

    # -- what it rests on

    def grounds(self, expr: ir.Expr, rule: str = "") -> list[tuple[str, tuple[str, ...]]]:
        """(rule, facts) for each reason why a condition must hold: the disjuncts that hold, with what they read."""
        found: dict[str, dict[str, None]] = {}
        self._ground(expr, rule, found)
        return [(name, tuple(facts)) for name, facts in found.items() if facts]

    def _ground(self, expr: ir.Expr, rule: str, found: dict[str, dict[str, None]]) -> None:
        match expr:
            case ir.Named(kind, name):
                target = self.program.references.named.get((kind, name))
                if target is not None:
                    self._ground(target, name, found)
            case ir.Any(items):
                for item in items:
                    pair = self._pair(item)
                    if pair is None or self.must(pair):
                        self._ground(item, rule, found)
            case ir.All(items):
                for item in items:
                    self._ground(item, rule, found)
            case ir.IsTrue(item) | ir.IsNotFalse(item) | ir.IsKnown(item):
                self._ground(item, rule, found)
            case ir.OneOf(ir.AnswerCode(answer), values):
                known = self.program.references.answers[answer]
                if known.fact:
                    found.setdefault(rule, {}).setdefault(known.fact)
                for code, condition in zip(known.codes, known.conditions, strict=False):
                    pair = self._pair(condition)
                    if code in values and pair is not None and self.must(pair):
                        self._ground(condition, rule, found)
            case ir.OneOf(ir.ToolCode(tool), _):
                for inner in self.program.references.inside(ir.ToolCode(tool)):
                    self._ground(inner, tool, found)
            case ir.Not(item):
                # Why something is not so: every fact it was judged by.
                for fact in self._judged(item):
                    found.setdefault(rule, {}).setdefault(fact)
            case _:
                for fact in ir.facts_of(expr):
                    found.setdefault(rule, {}).setdefault(fact)
                for tool in tool_terms.tools_in(expr):
                    for fact in self._judged(ir.ToolNumber(tool)):
                        found.setdefault(tool, {}).setdefault(fact)

    def _judged(self, expr: ir.Expr) -> list[str]:
        read = sorted(self.program.references.reads(expr))
        return [f for f in read if self.known(f)] or read


def settled_by(missing: Sequence[str]) -> list[list[str]]:
    """The minimal sets of at most four facts that settle a condition whatever their values; none if it takes more."""
    return [list(missing)] if 0 < len(missing) <= MAX_SETTLING_FACTS else []
