"""What is still open in a condition: the facts that could change it, the ones nobody asked, and what it rests on.

A minimal set of facts that settles a condition *whatever their values* holds every fact the condition still depends on,
and nothing else; so there is one such set, and it is `missing` itself (docs/decisions/0003).
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any

from clinical_commander.logic import ir
from clinical_commander.program.columns import Pair
from clinical_commander.program.conditions import place
from clinical_commander.program.openings import Opening
from clinical_commander.program.program import Program

MAX_SETTLING_FACTS = 4


class Reader:
    """Reads open facts and grounds off evaluated columns. One per evaluation; results are remembered inside it."""

    def __init__(self, program: Program, x: Sequence[Any], columns: Sequence[Any]) -> None:
        self.program, self.x, self.columns = program, x, columns
        self._open: dict[Opening, tuple[str, ...]] = {}

    def longer(self, columns: Sequence[Any]) -> Reader:
        """A reader of the same inputs over these and more columns; what was found before holds for it, too."""
        made = Reader(self.program, self.x, columns)
        made._open = self._open
        if "unknown" in self.__dict__:
            made.__dict__["unknown"] = self.unknown
        return made

    def can(self, pair: Pair) -> bool:
        return bool(self.columns[pair[0]])

    def must(self, pair: Pair) -> bool:
        return bool(self.columns[pair[1]])

    def holds(self, expr: ir.Expr) -> bool:
        """Whether a condition of the dossier must hold."""
        pair = self._pair(expr)
        return pair is not None and self.must(pair)

    def _pair(self, expr: ir.Expr) -> Pair | None:
        return self.program.pair_of.get(place(expr))

    @cached_property
    def unknown(self) -> frozenset[str]:
        """The inputs of which more than one value is left."""
        return self.program.unknown(self.x)

    def known(self, fact: str) -> bool:
        """One value is left of a fact."""
        return fact not in self.unknown

    # -- what could change it

    def missing(self, expr: ir.Expr) -> tuple[str, ...]:
        """The facts (and `kind:key` flags) that could still change a condition, in order of appearance."""
        return self.open(self.program.openings.condition(expr))

    def open_in(self, number: ir.Expr) -> tuple[str, ...]:
        """The facts that could still change a number, in order of appearance."""
        return self.open(self.program.openings.number(number))

    def waiting(self, expr: ir.Expr) -> tuple[str, ...]:
        """What a gate that does not hold waits for: facts, and flags such as `recorded:disposition`."""
        return self.open(self.program.openings.gate(expr))

    def open(self, opening: Opening) -> tuple[str, ...]:
        """What could still change an expression, in order of appearance."""
        columns = self.columns
        if (opening.must >= 0 and columns[opening.must]) or (opening.can >= 0 and not columns[opening.can]):
            return ()
        if opening.fact:
            return opening.names if opening.fact in self.unknown else ()
        if not opening.parts:
            return opening.names
        known = self._open.get(opening)
        if known is None:
            self._open[opening] = ()
            found: dict[str, None] = dict.fromkeys(opening.names)
            unknown = self.unknown
            for part in opening.parts:
                # Most parts are one fact; done here, because a call for each of them takes longer than all else.
                if part.fact:
                    closed = (part.must >= 0 and columns[part.must]) or (part.can >= 0 and not columns[part.can])
                    if part.fact in unknown and not closed:
                        found[part.fact] = None
                    continue
                for name in self.open(part):
                    found[name] = None
            known = self._open[opening] = tuple(found)
        return known

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
                facts, tools = self.program.references.named_in(expr)
                for fact in facts:
                    found.setdefault(rule, {}).setdefault(fact)
                for tool in tools:
                    for fact in self._judged(ir.ToolNumber(tool)):
                        found.setdefault(tool, {}).setdefault(fact)

    def _judged(self, expr: ir.Expr) -> list[str]:
        read = sorted(self.program.references.reads(expr))
        return [f for f in read if self.known(f)] or read


def settled_by(missing: Sequence[str]) -> list[list[str]]:
    """The minimal sets of at most four facts that settle a condition whatever their values; none if it takes more."""
    return [list(missing)] if 0 < len(missing) <= MAX_SETTLING_FACTS else []
