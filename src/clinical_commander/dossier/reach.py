"""Can a condition ever hold? A search over its parts that keeps, per fact, the values still left.

Exact for conditions in which each comparison names one fact; a comparison of two facts, a tool's number and what stands
outside the facts count as free. So "never" is certain and "can" is not: the prover decides the rest.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

from clinical_commander.dossier.complete import definition
from clinical_commander.dossier.model import Dossier
from clinical_commander.frozen import frozen
from clinical_commander.logic import ir

_MOST_STEPS = 20_000
_FLIPPED = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "=": "="}
_NEGATED = {"<": ">=", "<=": ">", ">": "<=", ">=": "<"}


@frozen
class _Left:
    """What is left of a number: an interval with open or closed ends."""

    low: float
    high: float
    low_open: bool = False
    high_open: bool = False

    @property
    def empty(self) -> bool:
        return self.low > self.high or (self.low == self.high and (self.low_open or self.high_open))

    def cut(self, operator: str, value: float) -> _Left:
        match operator:
            case "<" | "<=":
                is_open = operator == "<"
                if (value, not is_open) < (self.high, not self.high_open):
                    return _Left(self.low, value, self.low_open, is_open)
            case ">" | ">=":
                is_open = operator == ">"
                if (value, is_open) > (self.low, self.low_open):
                    return _Left(value, self.high, is_open, self.high_open)
            case _:
                return self.cut(">=", value).cut("<=", value)
        return self


State = Mapping[object, _Left | frozenset[str] | bool]
"""Per fact, answer or tool by name, and per free condition by itself: what is left of it."""


class _TooLong(Exception):
    pass


def can_hold(dossier: Dossier, expr: ir.Expr) -> bool:
    """Whether some patient fulfils the condition; also True where that would take too long to tell."""
    try:
        return _Search(dossier).open([(expr, True)], {})
    except _TooLong:
        return True


class _Search:
    def __init__(self, dossier: Dossier) -> None:
        self.dossier = dossier
        self.steps = 0

    def open(self, goals: list[tuple[ir.Expr, bool]], state: State) -> bool:
        """Whether all goals (condition, wanted) can be met together."""
        self.steps += 1
        if self.steps > _MOST_STEPS:
            raise _TooLong
        while goals:
            expr, wanted = goals[-1]
            goals = goals[:-1]
            match expr:
                case ir.Truth(value):
                    if value != wanted:
                        return False
                case ir.Not(item):
                    goals.append((item, not wanted))
                case ir.IsTrue(item) | ir.IsNotFalse(item):
                    goals.append((item, wanted))
                case ir.Named():
                    goals.extend((part, wanted) for part in definition(self.dossier, expr))
                case ir.All(items) | ir.Any(items):
                    if isinstance(expr, ir.All) == wanted:
                        goals.extend((item, wanted) for item in items)
                    else:
                        return any(self.open([*goals, (item, wanted)], state) for item in items)
                case ir.Compare("=", left, right) if not wanted and _number(left, right):
                    sides = (ir.Compare("<", left, right), ir.Compare(">", left, right))
                    return any(self.open([*goals, (side, True)], state) for side in sides)
                case _:
                    after = self.narrowed(expr, wanted, state)
                    if after is None:
                        return False
                    state = after
        return True

    def narrowed(self, expr: ir.Expr, wanted: bool, state: State) -> State | None:
        """What is left once an atom is as wanted; None where nothing is. A free atom is only held to itself."""
        match expr:
            case ir.FactTrue(fact):
                return _settled(state, fact, wanted)
            case ir.OneOf(subject, values):
                name, codes = self.codes(subject)
                if not codes:
                    return _settled(state, expr, wanted)
                before = state.get(name, codes)
                assert isinstance(before, frozenset)
                kept = before & values if wanted else before - values
                return {**state, name: kept} if kept else None
            case ir.Compare(operator, left, right):
                found = _number(left, right)
                if found is None:
                    return _settled(state, expr, wanted)
                fact, value, flipped = found
                operator = _FLIPPED[operator] if flipped else operator
                operator = operator if wanted else _NEGATED[operator]
                interval = state.get(fact, self.limits(fact))
                assert isinstance(interval, _Left)
                interval = interval.cut(operator, value)
                return None if interval.empty else {**state, fact: interval}
        return _settled(state, expr, wanted)

    def codes(self, subject: ir.Expr) -> tuple[str, frozenset[str]]:
        match subject:
            case ir.FactCode(fact):
                return fact, frozenset(self.dossier.facts[fact].codes)
            case ir.AnswerCode("bleeding_source"):
                source = self.dossier.bleeding_source
                return "bleeding_source", frozenset(source.values if source else ())
            case ir.AnswerCode(name):
                answer = self.dossier.tier if name == "tier" else self.dossier.disposition
                return name, frozenset(value.id for value in answer.values)
            case ir.ToolCode(name):
                return f"tool {name}", frozenset(self.dossier.tools[name].values)
        return "", frozenset()

    def limits(self, fact: str) -> _Left:
        found = self.dossier.facts[fact]
        low, high = found.limits or found.range or (-math.inf, math.inf)
        return _Left(low, high)


def _settled(state: State, key: object, wanted: bool) -> State | None:
    return {**state, key: wanted} if state.get(key, wanted) == wanted else None


def _number(left: ir.Expr, right: ir.Expr) -> tuple[str, float, bool] | None:
    """(fact, constant, whether the constant stands first) of a comparison of one fact with one constant."""
    match left, right:
        case ir.FactNumber(fact), ir.Constant(value):
            return fact, value, False
        case ir.Constant(value), ir.FactNumber(fact):
            return fact, value, True
    return None
