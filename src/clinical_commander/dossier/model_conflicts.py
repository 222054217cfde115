"""Where advice pulls in two directions: conflict rules, and what is declared of every pair of triggers and actions."""

from __future__ import annotations

from clinical_commander.dossier.model_parts import Condition, Source
from clinical_commander.errors import Mark
from clinical_commander.frozen import field, frozen


@frozen
class Conflict:
    """Two things that must not both happen, as a rule. It may hold back or escalate, never create a treatment."""

    id: str
    when: Condition
    text: str
    sides: tuple[str, ...]
    between: tuple[str, ...] = ()
    actions: tuple[str, ...] = ()
    resolution: str = ""
    needs_human: bool = False
    withholds: tuple[str, ...] = ()
    escalates: tuple[str, ...] = ()
    contested: tuple[str, ...] = ()
    source: Source = Source()


@frozen
class TriggerPair:
    """What is declared of two triggers that may fire together: they agree, or a conflict rule governs them."""

    between: tuple[str, str]
    conflict: str | None
    why: str
    at: Mark | None = field(default=None, compare=False)


@frozen
class AgreeingActions:
    """Two actions with opposite verbs on one target that nevertheless agree."""

    actions: tuple[str, str]
    why: str
