"""What the parser returns: the untyped tree of one rule text. Each node keeps its span (start, end) in the text."""

from __future__ import annotations

from dataclasses import dataclass

Span = tuple[int, int]


@dataclass(frozen=True)
class Node:
    span: Span


@dataclass(frozen=True)
class Name(Node):
    name: str


@dataclass(frozen=True)
class Number(Node):
    text: str


@dataclass(frozen=True)
class Literal(Node):
    """A text literal: a code such as 'room_air'."""

    text: str


@dataclass(frozen=True)
class Truth(Node):
    value: bool


@dataclass(frozen=True)
class Comparison(Node):
    operator: str  # = <> < <= > >=
    left: Node
    right: Node


@dataclass(frozen=True)
class Between(Node):
    subject: Node
    low: Node
    high: Node
    negated: bool


@dataclass(frozen=True)
class Membership(Node):
    subject: Node
    items: tuple[Node, ...]
    negated: bool


@dataclass(frozen=True)
class Is(Node):
    """`x IS TRUE`, `x IS NOT FALSE`, `x IS NULL`, `x IS NOT NULL`."""

    subject: Node
    what: str


@dataclass(frozen=True)
class Not(Node):
    item: Node


@dataclass(frozen=True)
class And(Node):
    items: tuple[Node, ...]


@dataclass(frozen=True)
class Or(Node):
    items: tuple[Node, ...]


@dataclass(frozen=True)
class Arithmetic(Node):
    operator: str  # + - * /
    left: Node
    right: Node


@dataclass(frozen=True)
class Negative(Node):
    item: Node


@dataclass(frozen=True)
class Call(Node):
    name: str
    arguments: tuple[Node, ...]


@dataclass(frozen=True)
class Case(Node):
    branches: tuple[tuple[Node, Node], ...]
    otherwise: Node
