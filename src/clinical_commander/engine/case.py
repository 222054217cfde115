"""One patient at one moment: setting, region, and what is known of each fact. What the case readers return."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from clinical_commander.errors import Problem
from clinical_commander.frozen import field, frozen


@frozen
class Observation:
    """One statement about one fact.

    `state` is known, partial, unknown, pending or unobtainable. A number leaves [low, high] in the fact's own unit, a
    code leaves `codes`, a boolean `truth`. `entered` is the text as it was written; `unit` the unit as entered.
    `at` is when it was true of the patient.
    """

    fact: str
    state: str
    at: datetime
    low: float | None = None
    high: float | None = None
    codes: frozenset[str] | None = None
    truth: bool | None = None
    entered: str = ""
    unit: str = ""
    origin: str = "case"
    warnings: tuple[str, ...] = ()


@frozen
class ActionRecord:
    """What became of an order: done, ordered or declined (with a reason)."""

    state: str
    reason: str = ""


@frozen
class Case:
    """A patient as the engine sees them. `facts` holds the statements of each fact, oldest first.

    `recorded` holds what a person entered.
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
