"""One patient at one moment: setting, region, and what is known of each fact. What the case readers return."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from clinical_commander.derive.observation import Observation
from clinical_commander.errors import Problem
from clinical_commander.frozen import field, frozen

__all__ = ["ActionRecord", "Case", "Observation"]


@frozen
class ActionRecord:
    """What became of an order: done, ordered or declined (with a reason)."""

    state: str
    reason: str = ""


@frozen
class Case:
    """A patient as the engine sees them. `facts` holds the statements of each fact, oldest first.

    `recorded` holds what a person entered. `not_known` are facts that were asked for and are not known: to the engine
    they are the same as those nobody asked for, and to a reader they are not.
    """

    setting: str
    at: datetime
    facts: Mapping[str, tuple[Observation, ...]] = field(default_factory=dict)
    entry: str | None = None
    region: str | None = None
    dossier: str | None = None
    actions: Mapping[str, ActionRecord] = field(default_factory=dict)
    recorded: Mapping[str, Mapping[str, object]] = field(default_factory=dict)
    name: str = "case"
    warnings: tuple[Problem, ...] = ()
    not_known: tuple[str, ...] = field(default=(), compare=False)
