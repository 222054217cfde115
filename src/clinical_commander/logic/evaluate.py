"""The reference meaning of an expression: slow, short, and the judge of every back end.

What is known of a patient is a set of possible values for each fact. A *completion* picks one of them for every fact.
Within a completion nothing is unknown, and each operator means what it means in a textbook. An expression can be true
if it is true in some completion, and must be true if it is true in all of them; its possible values are those it has in
the completions. Three operators look at what is known instead of at one completion, and so have the same value in all:

    e IS TRUE        e is true in every completion
    e IS NOT FALSE   e is true in some completion
    e IS NOT NULL    e has the same value in every completion

In a completion an ordered answer is the highest value whose condition holds; a tool gives its number, or the code of
the first row that holds, if it applies. Where there is none (`check` proves that an answer always has one) there is no
value, and a comparison with it is false. A completion in which an expression divides by zero does not count: the
content is at fault, not the patient.

Everything is found by trying: fit for small sets of values, tests and documents, never for a patient.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import product
from typing import Final

from clinical_commander.frozen import field, frozen
from clinical_commander.logic import ir

Value = bool | float | str
Information = Mapping[str, Sequence[Value]]
"""The possible values of each fact, of `setting` and `region`, and of what CAPABLE, DONE ... ask for, as `kind:key`."""
Completion = Mapping[str, Value]


@frozen
class ToolMeaning:
    """A tool that gives a code: its rows (code, condition), of which one holds, and when it applies at all."""

    rows: tuple[tuple[str, ir.Expr], ...]
    applies: ir.Expr


@frozen
class NumberMeaning:
    """A tool that gives a number, and when it applies at all."""

    value: ir.Expr
    applies: ir.Expr


@frozen
class Definitions:
    """What the names of a dossier stand for.

    `named` are conditions of rules and triggers by (kind, name); `answers` the values of an ordered answer with their
    conditions, from the lowest to the highest; `answer_facts` the code facts that other answers repeat.
    """

    named: Mapping[tuple[str, str], ir.Expr] = field(default_factory=dict)
    answers: Mapping[str, tuple[tuple[str, ir.Expr], ...]] = field(default_factory=dict)
    answer_facts: Mapping[str, str] = field(default_factory=dict)
    tools: Mapping[str, ToolMeaning] = field(default_factory=dict)
    numbers: Mapping[str, NumberMeaning] = field(default_factory=dict)


class Undefined(ArithmeticError):
    """A number that does not exist: x / 0, LN of nothing, a root of a negative number."""


class NoValue(ValueError):
    """The number of a tool that does not apply."""


class Reference:
    """The meaning of expressions under one state of information.

    >>> heard = Reference({"fever": (False, True)})
    >>> heard.bounds(ir.FactTrue("fever")), heard.bounds(ir.IsTrue(ir.FactTrue("fever")))
    ((True, False), (False, False))
    """

    def __init__(self, information: Information, definitions: Definitions | None = None) -> None:
        self.information = information
        self.definitions = definitions or Definitions()
        self._modal: dict[ir.Expr, bool] = {}

    def bounds(self, expr: ir.Expr) -> tuple[bool, bool]:
        """(can be true, must be true) of a condition."""
        found = self.values(expr)
        return True in found, found == {True}

    def values(self, expr: ir.Expr) -> frozenset[Value | None]:
        """The values an expression has in the completions; None where an answer or a tool has none."""
        return frozenset(value for _, value in self.completions(expr))

    def completions(self, expr: ir.Expr) -> Iterator[tuple[Completion, Value | None]]:
        """Each completion of what an expression reads, with its value there."""
        names = sorted(self.reads(expr))
        for chosen in product(*(self.information[name] for name in names)):
            completion = dict(zip(names, chosen, strict=True))
            try:
                yield completion, self.value(expr, completion)
            except Undefined:
                continue

    def value(self, expr: ir.Expr, completion: Completion) -> Value | None:
        """The value of an expression in one completion."""
        match expr:
            case ir.FactCode(name) | ir.Circumstance(name):
                return completion[name]
            case ir.AnswerCode(name) if name in self.definitions.answer_facts:
                return completion[self.definitions.answer_facts[name]]
            case ir.AnswerCode(name):
                holding = [code for code, when in self.definitions.answers[name] if self.holds(when, completion)]
                return holding[-1] if holding else None
            case ir.ToolCode(name):
                tool = self.definitions.tools[name]
                if not self.holds(tool.applies, completion):
                    return None
                return next((code for code, when in tool.rows if self.holds(when, completion)), None)
            case (
                ir.Constant()
                | ir.FactNumber()
                | ir.ToolNumber()
                | ir.Arithmetic()
                | ir.Negative()
                | ir.Function()
                | ir.Choice()
            ):
                try:
                    return self.number(expr, completion)
                except NoValue:
                    return None
        return self.holds(expr, completion)

    def holds(self, expr: ir.Expr, completion: Completion) -> bool:
        """Whether a condition is true in one completion."""
        match expr:
            case ir.Truth(value):
                return value
            case ir.FactTrue(fact):
                return completion[fact] is True
            case ir.Flag(kind, key):
                return completion[f"{kind}:{key}"] is True
            case ir.Named(kind, name):
                return self.holds(self.definitions.named[kind, name], completion)
            case ir.Not(item):
                return not self.holds(item, completion)
            case ir.All(items) | ir.Any(items):
                # Every part is looked at, whatever the order, so that x / 0 is never passed over.
                found = [self.holds(item, completion) for item in items]
                return all(found) if isinstance(expr, ir.All) else any(found)
            case ir.Compare(sign, left, right):
                try:
                    return _COMPARE[sign](self.number(left, completion), self.number(right, completion))
                except NoValue:
                    return False
            case ir.OneOf(subject, values):
                return self.value(subject, completion) in values
            case ir.IsTrue() | ir.IsNotFalse() | ir.IsKnown():
                return self.modal(expr)
        raise TypeError(f"not a condition: {expr!r}")

    def modal(self, expr: ir.Expr) -> bool:
        """What is known of a condition or a value: the same in every completion."""
        if expr not in self._modal:
            (item,) = expr.parts()
            values = self.values(item)
            match expr:
                case ir.IsTrue():
                    self._modal[expr] = values == {True}
                case ir.IsNotFalse():
                    self._modal[expr] = True in values
                case _:
                    self._modal[expr] = len(values) == 1 and None not in values
        return self._modal[expr]

    def number(self, expr: ir.Expr, completion: Completion) -> float:
        """The value of a number in one completion."""
        match expr:
            case ir.Constant(value):
                return value
            case ir.FactNumber(fact):
                return float(completion[fact])
            case ir.ToolNumber(tool):
                meaning = self.definitions.numbers[tool]
                if not self.holds(meaning.applies, completion):
                    raise NoValue(tool)
                return self.number(meaning.value, completion)
            case ir.Negative(item):
                return -self.number(item, completion)
            case ir.Arithmetic(sign, left, right):
                a, b = self.number(left, completion), self.number(right, completion)
                if sign == "/" and b == 0:
                    raise Undefined("x / 0")
                return _ARITHMETIC[sign](a, b)
            case ir.Function(name, arguments):
                return _function(name, [self.number(a, completion) for a in arguments])
            case ir.Choice(branches, otherwise):
                chosen = next((value for when, value in branches if self.holds(when, completion)), otherwise)
                return self.number(chosen, completion)
        raise TypeError(f"not a number: {expr!r}")

    def reads(self, expr: ir.Expr) -> frozenset[str]:
        """The facts whose completion an expression depends on: not those inside IS TRUE and its kin."""
        match expr:
            case ir.FactTrue(name) | ir.FactNumber(name) | ir.FactCode(name) | ir.Circumstance(name):
                return frozenset({name})
            case ir.Flag(kind, key):
                return frozenset({f"{kind}:{key}"})
            case ir.IsTrue() | ir.IsNotFalse() | ir.IsKnown():
                return frozenset()
            case ir.Named(kind, name):
                return self.reads(self.definitions.named[kind, name])
            case ir.AnswerCode(name) if name in self.definitions.answer_facts:
                return frozenset({self.definitions.answer_facts[name]})
            case ir.AnswerCode(name):
                return frozenset().union(*(self.reads(when) for _, when in self.definitions.answers[name]))
            case ir.ToolCode(name):
                tool = self.definitions.tools[name]
                return self.reads(tool.applies).union(*(self.reads(when) for _, when in tool.rows))
            case ir.ToolNumber(name):
                meaning = self.definitions.numbers[name]
                return self.reads(meaning.applies) | self.reads(meaning.value)
        return frozenset().union(*(self.reads(part) for part in expr.parts()))


_COMPARE: Final[Mapping[str, Callable[[float, float], bool]]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "=": operator.eq,
}
_ARITHMETIC: Final[Mapping[str, Callable[[float, float], float]]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
}


def _function(name: str, arguments: Sequence[float]) -> float:
    match name:
        case "LEAST":
            return min(arguments)
        case "GREATEST":
            return max(arguments)
    try:
        match name:
            case "EXP":
                return math.exp(arguments[0])
            case "LN":
                return math.log(arguments[0])
            case "POWER":
                return math.pow(arguments[0], arguments[1])
    except OverflowError:
        return math.inf
    except ValueError:
        raise Undefined(name) from None
    raise ValueError(name)
