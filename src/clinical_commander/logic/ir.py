"""The typed form of a rule: what the checker returns and every back end reads.

Equal expressions are equal objects as far as `==` and `hash` go (the span is not compared), so that a back end computes
a shared part once. `<>`, BETWEEN and `IS NULL` are already written out by the nodes below.
"""

from __future__ import annotations

from collections.abc import Iterator

from clinical_commander.frozen import field, frozen, record_hash
from clinical_commander.quantity import Unit

Span = tuple[int, int]


@frozen
class Expr:
    """A typed expression. `span` is its place (start, end) in the rule text."""

    span: Span = field(default=(0, 0), compare=False, kw_only=True, repr=False)

    def __hash__(self) -> int:
        """Remembered: a lowering looks up the same deep expressions over and over."""
        known: int | None = self.__dict__.get("_hash")
        if known is None:
            known = self.__dict__["_hash"] = record_hash(self)
        return known

    def parts(self) -> tuple[Expr, ...]:
        """The expressions directly inside this one, left to right."""
        return ()

    def walk(self) -> Iterator[Expr]:
        """This expression and everything inside it, outermost first."""
        yield self
        for part in self.parts():
            yield from part.walk()


# --- conditions: a set of (can be true, can be false)


@frozen
class Truth(Expr):
    value: bool


@frozen
class FactTrue(Expr):
    """A boolean fact."""

    fact: str


@frozen
class Named(Expr):
    """A named condition of the dossier: kind "rule" or "trigger"."""

    kind: str
    name: str


@frozen
class Flag(Expr):
    """About the encounter: kind capable, answered, recorded, closed, below_t_test, done, ordered or declined."""

    kind: str
    key: str


@frozen
class Compare(Expr):
    """Two numbers of one unit; operator < <= > >= or =."""

    operator: str
    left: Expr
    right: Expr

    def parts(self) -> tuple[Expr, ...]:
        return (self.left, self.right)


@frozen
class OneOf(Expr):
    """A code is one of `values`."""

    subject: Expr
    values: frozenset[str]

    def parts(self) -> tuple[Expr, ...]:
        return (self.subject,)


@frozen
class All(Expr):
    items: tuple[Expr, ...]

    def parts(self) -> tuple[Expr, ...]:
        return self.items


@frozen
class Any(Expr):
    items: tuple[Expr, ...]

    def parts(self) -> tuple[Expr, ...]:
        return self.items


@frozen
class Not(Expr):
    item: Expr

    def parts(self) -> tuple[Expr, ...]:
        return (self.item,)


@frozen
class IsTrue(Expr):
    """Known to be true, with what is known now. Never unknown itself."""

    item: Expr

    def parts(self) -> tuple[Expr, ...]:
        return (self.item,)


@frozen
class IsNotFalse(Expr):
    """Can be true, with what is known now. Never unknown itself."""

    item: Expr

    def parts(self) -> tuple[Expr, ...]:
        return (self.item,)


@frozen
class IsKnown(Expr):
    """One value is left (`IS NOT NULL`): of a condition or an answer, settled; of a fact, known."""

    item: Expr

    def parts(self) -> tuple[Expr, ...]:
        return (self.item,)


# --- numbers: a set [low, high]


@frozen
class Constant(Expr):
    """A number in `unit`; `name` is the threshold it comes from, or None for a literal of a tool."""

    value: float
    unit: Unit = field(compare=False)
    name: str | None = None


@frozen
class FactNumber(Expr):
    fact: str


@frozen
class ToolNumber(Expr):
    tool: str


@frozen
class Arithmetic(Expr):
    """operator + - * /"""

    operator: str
    left: Expr
    right: Expr

    def parts(self) -> tuple[Expr, ...]:
        return (self.left, self.right)


@frozen
class Negative(Expr):
    item: Expr

    def parts(self) -> tuple[Expr, ...]:
        return (self.item,)


@frozen
class Function(Expr):
    """name EXP LN POWER LEAST GREATEST; strict in every argument."""

    name: str
    arguments: tuple[Expr, ...]

    def parts(self) -> tuple[Expr, ...]:
        return self.arguments


@frozen
class Choice(Expr):
    """CASE: the value of the first branch whose condition holds; branches and `otherwise` are numbers."""

    branches: tuple[tuple[Expr, Expr], ...]
    otherwise: Expr

    def parts(self) -> tuple[Expr, ...]:
        return (*(part for branch in self.branches for part in branch), self.otherwise)


# --- codes: a subset of the declared codes


@frozen
class FactCode(Expr):
    fact: str


@frozen
class AnswerCode(Expr):
    """An answer of the dossier: tier, disposition, bleeding_source."""

    answer: str


@frozen
class ToolCode(Expr):
    tool: str


@frozen
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


def negate(expr: Expr, span: Span = (0, 0)) -> Expr:
    """NOT of a condition; a double negation falls away."""
    return expr.item if isinstance(expr, Not) else Not(expr, span=span)
