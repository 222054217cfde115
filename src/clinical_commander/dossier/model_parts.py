"""What every part of the model is made of: where a statement comes from, and expressions with their text and place."""

from __future__ import annotations

from clinical_commander.errors import Mark
from clinical_commander.frozen import field, frozen
from clinical_commander.logic.ir import Expr


@frozen
class Source:
    """Where a statement comes from: citation ids, basis letters (S E W X R) and why it was judged so."""

    cite: tuple[str, ...] = ()
    basis: tuple[str, ...] = ()
    why: str = ""


@frozen
class Condition:
    """A typed expression with its text and place."""

    text: str
    expr: Expr
    at: Mark | None = field(default=None, compare=False)


@frozen
class Instead:
    """What is said in place of a text while the condition must hold: in one setting, or within limits of care."""

    when: Condition
    text: str


@frozen
class Option:
    """One row of a table whose first row that can hold is taken; the last has no condition."""

    value: str
    when: Condition | None = None
    text: str = ""


@frozen
class Route:
    """Where to hand over, unless the condition must hold."""

    dossier: str | None
    external: str
    handover: str
    installed: bool = False
    unless: Condition | None = None


@frozen
class Formula:
    """A typed number with its text and place."""

    text: str
    expr: Expr
    at: Mark | None = field(default=None, compare=False)


@frozen
class Follows:
    """How a fact follows from what was recorded over time, where nobody enters it.

    `kind` is done or hours_since (of an action), or hours_from (an action, `to` a fact). Packs from before 0057 also
    have fall_of (of a number fact), which stands in the derivations now.
    """

    kind: str
    of: str
    to: str = ""
