"""The typed form of a rule: what the checker returns and every back end reads.

Equal expressions are equal objects as far as `==` and `hash` go (the span is not compared), so that a back end computes
a shared part once. `<>`, BETWEEN and `IS NULL` are already written out by the nodes below.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from clinical_commander.quantity import Unit

Span = tuple[int, int]


@dataclass(frozen=True)
class Expr:
    """A typed expression. `span` is its place (start, end) in the rule text."""

    span: Span = field(default=(0, 0), compare=False, kw_only=True, repr=False)

    def parts(self) -> tuple[Expr, ...]:
        """The expressions directly inside this one, left to right."""
        return ()

    def walk(self) -> Iterator[Expr]:
        """This expression and everything inside it, outermost first."""
        yield self
        for part in self.parts():
            yield from part.walk()


# --- conditions: a set of (can be true, can be false)


@dataclass(frozen=True)
class Truth(Expr):
    value: bool


@dataclass(frozen=True)
class FactTrue(Expr):
    """A boolean fact."""

    fact: str


@dataclass(frozen=True)
class Named(Expr):
    """A named condition of the dossier: kind "rule" or "trigger"."""

    kind: str
    name: str


@dataclass(frozen=True)
class Flag(Expr):
    """About the encounter: kind capable, answered, recorded, closed, below_t_test, done, ordered or declined."""

    kind: str
    key: str


@dataclass(frozen=True)
class Compare(Expr):
    """Two numbers of one unit; operator < <= > >= or =."""

    operator: str
    left: Expr
    right: Expr

    def parts(self) -> tuple[Expr, ...]:
        return (self.left, self.right)


@dataclass(frozen=True)
class OneOf(Expr):
    """A code is one of `values`."""

    subject: Expr
    values: frozenset[str]

    def parts(self) -> tuple[Expr, ...]:
        return (self.subject,)


@dataclass(frozen=True)
class All(Expr):
    items: tuple[Expr, ...]

    def parts(self) -> tuple[Expr, ...]:
        return self.items


@dataclass(frozen=True)
class Any(Expr):
    items: tuple[Expr, ...]

    def parts(self) -> tuple[Expr, ...]:
        return self.items


@dataclass(frozen=True)
class Not(Expr):
    item: Expr

    def parts(self) -> tuple[Expr, ...]:
        return (self.item,)


@dataclass(frozen=True)
class IsTrue(Expr):
    """Known to be true, with what is known now. Never unknown itself."""

    item: Expr

    def parts(self) -> tuple[Expr, ...]:
        return (self.item,)


@dataclass(frozen=True)
class IsNotFalse(Expr):
    """Can be true, with what is known now. Never unknown itself."""

    item: Expr

    def parts(self) -> tuple[Expr, ...]:
        return (self.item,)


@dataclass(frozen=True)
class IsKnown(Expr):
    """One value is left (`IS NOT NULL`): of a condition or an answer, settled; of a fact, known."""

    item: Expr

    def parts(self) -> tuple[Expr, ...]:
        return (self.item,)


# --- numbers: a set [low, high]


@dataclass(frozen=True)
class Constant(Expr):
    """A number in `unit`; `name` is the threshold it comes from, or None for a literal of a tool."""

    value: float
    unit: Unit = field(compare=False)
    name: str | None = None


@dataclass(frozen=True)
class FactNumber(Expr):
    fact: str


@dataclass(frozen=True)
class ToolNumber(Expr):
    tool: str


@dataclass(frozen=True)
class Arithmetic(Expr):
    """operator + - * /"""

    operator: str
    left: Expr
    right: Expr

    def parts(self) -> tuple[Expr, ...]:
        return (self.left, self.right)


@dataclass(frozen=True)
class Negative(Expr):
    item: Expr

    def parts(self) -> tuple[Expr, ...]:
        return (self.item,)


@dataclass(frozen=True)
class Function(Expr):
    """name EXP LN POWER LEAST GREATEST; strict in every argument."""

    name: str
    arguments: tuple[Expr, ...]

    def parts(self) -> tuple[Expr, ...]:
        return self.arguments


@dataclass(frozen=True)
class Choice(Expr):
    """CASE: the value of the first branch whose condition holds; branches and `otherwise` are numbers."""

    branches: tuple[tuple[Expr, Expr], ...]
    otherwise: Expr

    def parts(self) -> tuple[Expr, ...]:
        return (*(part for branch in self.branches for part in branch), self.otherwise)


# --- codes: a subset of the declared codes


@dataclass(frozen=True)
class FactCode(Expr):
    fact: str


@dataclass(frozen=True)
class AnswerCode(Expr):
    """An answer of the dossier: tier, disposition, bleeding_source."""

    answer: str


@dataclass(frozen=True)
class ToolCode(Expr):
    tool: str


@dataclass(frozen=True)
class Circumstance(Expr):
    """`setting` or `region`."""

    name: str


FactRef = (FactTrue, FactNumber, FactCode)


def facts_of(expr: Expr) -> list[str]:
    """The facts named directly in `expr` (not through rules), in order of appearance, each once."""
    seen: dict[str, None] = {}
    for node in expr.walk():
        if isinstance(node, FactRef):
            seen.setdefault(node.fact)
    return list(seen)
