"""What conditions and answers are for a patient of whom everything is known: two values, no bounds.

`check` asks it about made-up patients. The engine does not use it: it is a second reading of the same rules.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import fields, is_dataclass

from clinical_commander.dossier import tool_terms
from clinical_commander.dossier.model import Condition, Dossier, Fact, OrderedAnswer, Tool
from clinical_commander.logic import ir

Value = bool | float | str
_BINARY = {"+": operator.add, "-": operator.sub, "*": operator.mul, "/": operator.truediv}
_COMPARE = {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge, "=": operator.eq}


class Patient:
    """One made-up patient: a value for every fact that is asked for; what stands outside the facts counts as done."""

    def __init__(self, dossier: Dossier, facts: Mapping[str, Value]) -> None:
        self.dossier = dossier
        self.facts = facts

    def holds(self, expr: ir.Expr) -> bool:
        """Whether a condition is true."""
        match expr:
            case ir.Truth(value):
                return value
            case ir.FactTrue(fact):
                return bool(self.facts[fact])
            case ir.Named(kind, name):
                items = self.dossier.rules if kind == "rule" else self.dossier.triggers
                return self.holds(items[name].when.expr)
            case ir.Compare(sign, left, right):
                return bool(_COMPARE[sign](self.number(left), self.number(right)))
            case ir.OneOf(subject, values):
                return self.code(subject) in values
            case ir.All(items):
                return all(self.holds(item) for item in items)
            case ir.Any(items):
                return any(self.holds(item) for item in items)
            case ir.Not(item):
                return not self.holds(item)
            case ir.IsTrue(item) | ir.IsNotFalse(item):
                return self.holds(item)
            case ir.IsKnown() | ir.Flag():
                return True
        raise AssertionError(expr)

    def number(self, expr: ir.Expr) -> float:
        """The value of a number; NaN, which fulfils no comparison, where there is none."""
        match expr:
            case ir.Constant(value):
                return value
            case ir.FactNumber(fact):
                return float(self.facts[fact])
            case ir.Arithmetic("/", _, right) if self.number(right) == 0:
                return math.nan
            case ir.Arithmetic(sign, left, right):
                return float(_BINARY[sign](self.number(left), self.number(right)))
            case ir.Negative(item):
                return -self.number(item)
            case ir.Choice(branches, otherwise):
                return next(
                    (self.number(value) for when, value in branches if self.holds(when)), self.number(otherwise)
                )
            case ir.Function(name, arguments):
                return _function(name, [self.number(argument) for argument in arguments])
            case ir.ToolNumber(name):
                tool = self.dossier.tools[name]
                formula = tool_terms.value(tool) if self.applies(tool) else None
                return math.nan if formula is None else self.number(formula)
        raise AssertionError(expr)

    def code(self, expr: ir.Expr) -> str | None:
        """The value of a code; None where no value holds."""
        match expr:
            case ir.FactCode(fact):
                return str(self.facts[fact])
            case ir.AnswerCode("bleeding_source"):
                source = self.dossier.bleeding_source
                return str(self.facts[source.fact]) if source else None
            case ir.AnswerCode(answer):
                return self.answer(self.dossier.tier if answer == "tier" else self.dossier.disposition)
            case ir.ToolCode(name):
                tool = self.dossier.tools[name]
                rows = tool.rows if self.applies(tool) else ()
                return next((row.value for row in rows if self.holds(row.when.expr)), None)
            case ir.Circumstance():
                return None
        raise AssertionError(expr)

    def applies(self, tool: Tool) -> bool:
        """Whether the patient is one of those a tool is for."""
        return self.holds(tool_terms.applies(tool, self.dossier.tools))

    def answer(self, answer: OrderedAnswer) -> str | None:
        """The highest value that holds; None where none does: a gap."""
        return next((value.id for value in reversed(answer.values) if self.holds(value.when.expr)), None)


def _function(name: str, numbers: list[float]) -> float:
    try:
        match name:
            case "EXP":
                return math.exp(numbers[0])
            case "LN":
                return math.log(numbers[0])
            case "POWER":
                return float(numbers[0] ** numbers[1])
            case "LEAST":
                return min(numbers)
    except (ValueError, OverflowError, ZeroDivisionError):
        return math.nan
    return max(numbers)


def calm(fact: Fact) -> Value:
    """The value of a fact farthest from its worse end; of one without a worse end false, the first code, the middle."""
    if fact.kind == "boolean":
        return fact.worse == "false"
    if fact.kind == "code":
        return next(iter(fact.codes))
    low, high = fact.range or (0.0, 0.0)
    if fact.worse == "low":
        return high
    if fact.worse == "high":
        return low
    return round((low + high) / 2, fact.decimals)


def expand(dossier: Dossier, exprs: Iterable[ir.Expr]) -> Iterator[ir.Expr]:
    """Every expression inside `exprs`, inside the rules, triggers, answers and tools that they name, each name once."""
    todo, seen = list(exprs), set()
    while todo:
        for node in todo.pop().walk():
            yield node
            if isinstance(node, (ir.Named, ir.AnswerCode, ir.ToolCode, ir.ToolNumber)) and node not in seen:
                seen.add(node)
                todo.extend(definition(dossier, node))


def definition(dossier: Dossier, node: ir.Expr) -> list[ir.Expr]:
    """The conditions that a name stands for: one of a rule or trigger, those of all values of an answer or tool."""
    match node:
        case ir.Named("rule", name):
            return [dossier.rules[name].when.expr]
        case ir.Named(_, name):
            return [dossier.triggers[name].when.expr]
        case ir.AnswerCode("bleeding_source"):
            return [ir.FactCode(dossier.bleeding_source.fact)] if dossier.bleeding_source else []
        case ir.AnswerCode(name):
            answer = dossier.tier if name == "tier" else dossier.disposition
            return [value.when.expr for value in answer.values]
        case ir.ToolCode(name) | ir.ToolNumber(name):
            return list(tool_terms.deciding(dossier.tools[name]))
    return []


def conditions_in(part: object) -> Iterator[Condition]:
    """Every condition in a part of a dossier, or in the whole of it."""
    if isinstance(part, Condition):
        yield part
    elif isinstance(part, Mapping):
        for value in part.values():
            yield from conditions_in(value)
    elif isinstance(part, tuple):
        for value in part:
            yield from conditions_in(value)
    elif is_dataclass(part) and not isinstance(part, type):
        for field in fields(part):
            yield from conditions_in(getattr(part, field.name))
