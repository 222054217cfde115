"""A dossier in, what the names in its expressions stand for out, and so what an expression reads."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TypeVar

from clinical_commander.dossier import tool_terms
from clinical_commander.dossier.model import Dossier, OrderedAnswer, Rule, Tool, Trigger
from clinical_commander.frozen import frozen
from clinical_commander.logic import ir

CIRCUMSTANCES = ("setting", "region")
TRUE = ir.Truth(True)
_K = TypeVar("_K")
_V = TypeVar("_V")


@frozen
class Answer:
    """An answer as the lowering sees it: codes from lowest to highest, each with its own condition; or a code fact."""

    codes: tuple[str, ...]
    conditions: tuple[ir.Expr, ...] = ()
    fact: str = ""


@frozen
class ToolRows:
    """A tool that gives a code: one condition per code, and the condition under which it applies at all.

    `some` says that any row holds: where rows leave a gap, no code being ruled out is certain.
    """

    codes: tuple[str, ...]
    conditions: tuple[ir.Expr, ...]
    applies: ir.Expr
    some: ir.Expr = TRUE


@frozen
class ToolValue:
    """A tool that gives a number: the number, and the condition under which the tool applies at all."""

    value: ir.Expr
    applies: ir.Expr


NO_NUMBERS: Mapping[str, ToolValue] = {}
NO_GATES: Mapping[str, ir.Expr] = {}


class References:
    """Follows names through the expressions of one dossier.

    Args:
        named: Typed conditions of rules and triggers by (kind, name).
        answers: The dossier's answers.
        tools: The tools that give a code.
        numbers: The tools that give a number.
        answered: The gate of each input that ANSWERED('input') can name.
    """

    def __init__(
        self,
        named: Mapping[tuple[str, str], ir.Expr],
        answers: Mapping[str, Answer],
        tools: Mapping[str, ToolRows],
        numbers: Mapping[str, ToolValue] = NO_NUMBERS,
        answered: Mapping[str, ir.Expr] = NO_GATES,
    ) -> None:
        self.named, self.answers, self.tools, self.numbers = named, answers, tools, numbers
        self.answered = answered
        self._reads: dict[ir.Expr, frozenset[str]] = {}
        self._named_in: dict[ir.Expr, tuple[Sequence[str], Sequence[str]]] = {}

    def exists(self, number: ir.Expr) -> ir.Expr:
        """The condition under which a number exists."""
        return tool_terms.existence(number, lambda tool: self.numbers[tool].applies)

    def reads(self, expr: ir.Expr) -> frozenset[str]:
        """Every fact an expression depends on, through rules, answers and tools; not inside IS TRUE and its kin."""
        return frozenset(name for name in self.slots_of(expr) if ":" not in name and name not in CIRCUMSTANCES)

    def named_in(self, expr: ir.Expr) -> tuple[Sequence[str], Sequence[str]]:
        """The facts and the tools that stand in an expression itself, each once."""
        known = self._named_in.get(expr)
        if known is None:
            known = self._named_in[expr] = (ir.facts_of(expr), tool_terms.tools_in(expr))
        return known

    def slots_of(self, expr: ir.Expr) -> frozenset[str]:
        """As `reads`, with the setting, the region and the flags."""
        known = self._reads.get(expr)
        if known is not None:
            return known
        self._reads[expr] = frozenset()  # a cycle has been refused by the loader
        match expr:
            case ir.FactTrue(name) | ir.FactNumber(name) | ir.FactCode(name) | ir.Circumstance(name):
                found = frozenset({name})
            case ir.Flag(kind, key):
                found = frozenset({f"{kind}:{key}"})
            case ir.IsTrue() | ir.IsNotFalse() | ir.IsKnown():
                found = frozenset()
            case _:
                found = frozenset().union(*(self.slots_of(p) for p in self.inside(expr)))
        self._reads[expr] = found
        return found

    def inside(self, expr: ir.Expr) -> tuple[ir.Expr, ...]:
        """The expressions directly inside, with names, answers and tools replaced by what they stand for."""
        match expr:
            case ir.Named(kind, name):
                return (self.named[kind, name],) if (kind, name) in self.named else ()
            case ir.AnswerCode(answer):
                found = self.answers[answer]
                return (ir.FactCode(found.fact),) if found.fact else found.conditions
            case ir.ToolCode(tool):
                return (*self.tools[tool].conditions, self.tools[tool].applies)
            case ir.ToolNumber(tool):
                return (self.numbers[tool].value, self.numbers[tool].applies)
        return expr.parts()


class Later(Mapping[_K, _V]):
    """Named things, each made when it is first asked for: few cases need to know what all of them are made of."""

    def __init__(self, names: Iterable[_K], make: Callable[[_K], _V]) -> None:
        self._names = dict.fromkeys(names)
        self._make = make
        self._made: dict[_K, _V] = {}

    def __getitem__(self, name: _K) -> _V:
        if name not in self._made:
            if name not in self._names:
                raise KeyError(name)
            self._made[name] = self._make(name)
        return self._made[name]

    def __contains__(self, name: object) -> bool:
        return name in self._names

    def __iter__(self) -> Iterator[_K]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)


def references(dossier: Dossier) -> References:
    """What the names in a dossier's expressions stand for."""
    whens: dict[tuple[str, str], Rule | Trigger] = {("rule", id): rule for id, rule in dossier.rules.items()}
    whens |= {("trigger", id): trigger for id, trigger in dossier.triggers.items()}
    named = Later(whens, lambda name: whens[name].when.expr)
    answers = {a.id: _ordered(a) for a in (dossier.tier, dossier.disposition)}
    if dossier.bleeding_source is not None:
        answers[dossier.bleeding_source.id] = Answer(dossier.bleeding_source.values, fact=dossier.bleeding_source.fact)
    gates = ((name, given.answered_when) for name, given in dossier.inputs.items())
    answered = {name: gate.expr for name, gate in gates if gate is not None}
    return References(named, answers, codes(dossier.tools), numbers(dossier.tools), answered)


def _ordered(answer: OrderedAnswer) -> Answer:
    return Answer(tuple(v.id for v in answer.values), tuple(v.when.expr for v in answer.values))


def numbers(tools: Mapping[str, Tool]) -> Mapping[str, ToolValue]:
    """The tools that give a number, as the lowering sees them."""

    def made(id: str) -> ToolValue:
        value = tool_terms.value(tools[id])
        assert value is not None
        return ToolValue(value, tool_terms.applies(tools[id], tools))

    return Later((id for id, tool in tools.items() if tool.gives_number and not tool.withheld), made)


def codes(tools: Mapping[str, Tool]) -> Mapping[str, ToolRows]:
    """The tools that give a code, as the lowering sees them."""

    def made(id: str) -> ToolRows:
        rows = tools[id].rows
        conditions, applies = tool_terms.codes(rows), tool_terms.applies(tools[id], tools)
        return ToolRows(tuple(conditions), tuple(conditions.values()), applies, tool_terms.some_row(rows))

    return Later((id for id, tool in tools.items() if tool.rows), made)
