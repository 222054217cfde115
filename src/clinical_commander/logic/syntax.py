"""What the parser returns: the untyped tree of one rule text. Each node keeps its span (start, end) in the text."""

from __future__ import annotations

from clinical_commander.frozen import frozen

Span = tuple[int, int]


@frozen
class Node:
    span: Span


@frozen
class Name(Node):
    name: str


@frozen
class Number(Node):
    text: str


@frozen
class Literal(Node):
    """A text literal: a code such as 'room_air'."""

    text: str


@frozen
class Truth(Node):
    value: bool


@frozen
class Comparison(Node):
    operator: str  # = <> < <= > >=
    left: Node
    right: Node


@frozen
class Between(Node):
    subject: Node
    low: Node
    high: Node
    negated: bool


@frozen
class Membership(Node):
    subject: Node
    items: tuple[Node, ...]
    negated: bool


@frozen
class Is(Node):
    """`x IS TRUE`, `x IS NOT FALSE`, `x IS NULL`, `x IS NOT NULL`."""

    subject: Node
    what: str


@frozen
class Not(Node):
    item: Node


@frozen
class And(Node):
    items: tuple[Node, ...]


@frozen
class Or(Node):
    items: tuple[Node, ...]


@frozen
class Arithmetic(Node):
    operator: str  # + - * /
    left: Node
    right: Node


@frozen
class Negative(Node):
    item: Node


@frozen
class Call(Node):
    name: str
    arguments: tuple[Node, ...]


@frozen
class Case(Node):
    branches: tuple[tuple[Node, Node], ...]
    otherwise: Node
