"""What an assessment says, as frozen data, and its contracted JSON form (`schema: assessment/1`).

All keys are always present, lists stand in a stated order, references are ids, sentences stand only in `text` fields.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from clinical_commander.frozen import field, frozen

SCHEMA = "assessment/1"


@frozen
class FactReport:
    """What is known of one fact. `value` is set when one value is left; `possible` lists the codes that are left."""

    state: str  # known partial unknown stale pending unobtainable
    value: str | float | bool | None = None
    low: float | None = None
    high: float | None = None
    possible: tuple[str, ...] = ()
    unit: str = ""
    entered: str = ""
    at: str | None = None
    origin: str = ""
    warnings: tuple[str, ...] = ()


@frozen
class AnswerReport:
    """An answer as a set: `value` only when settled. `missing` are facts that could still change it."""

    settled: bool
    value: str | None
    possible: tuple[str, ...]
    not_asked: tuple[str, ...]
    missing: tuple[str, ...]
    settled_by: tuple[tuple[str, ...], ...]
    because: tuple[Because, ...]
    text: str
    citations: tuple[str, ...] = ()
    withheld: str = ""


@frozen
class TierReport(AnswerReport):
    worst_this_episode: str | None = None
    hours_since_worst: float | None = None
    last_known: bool = False


@frozen
class DispositionReport(AnswerReport):
    within: str | None = None
    via: str | None = None
    within_text: str = ""
    via_text: str = ""


@frozen
class Because:
    """One ground: the rule that holds and the facts it was judged by."""

    rule: str
    facts: tuple[str, ...]


@frozen
class RouteReport:
    source: str  # trigger or pivot id
    state: str  # fires | cannot_exclude
    dossier: str | None
    external: str
    installed: bool
    text: str


@frozen
class TriggerReport:
    state: str  # fires quiet cannot_exclude
    last_known: bool
    severity: str | None
    may_become: tuple[str, ...]
    because: tuple[Because, ...]
    missing: tuple[str, ...]
    not_asked: tuple[str, ...]
    settled_by: tuple[tuple[str, ...], ...]
    route: str | None
    citations: tuple[str, ...]
    text: str
    shown_first: bool = False


@frozen
class PhaseReport:
    id: str
    status: str  # complete waiting not_reached not_needed
    waiting_for: tuple[str, ...]


@frozen
class ScoreReport:
    """What a tool says. `value` and `band` are set only when certain; `low`, `high`, `possible` and `bands_possible`
    are what is left. `missing` are facts that could still change it; `rates` are those published for the value or band;
    `readings` what several named definitions say side by side. `recalled`: nothing but memory stands behind the tool.
    """

    value: str | float | None
    low: float | None
    high: float | None
    possible: tuple[str, ...]
    band: str | None
    bands_possible: tuple[str, ...]
    applicable: str  # yes no unknown
    why_not: str
    items: tuple[Mapping[str, Any], ...] = ()
    missing: tuple[str, ...] = ()
    counts: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    readings: tuple[Mapping[str, Any], ...] = ()
    rates: tuple[Mapping[str, Any], ...] = ()
    text: str = ""
    recalled: bool = False
    citations: tuple[str, ...] = ()


@frozen
class NextReport:
    """One question: what to ask, which facts it gives, what they settle and what they could change."""

    ask: str
    facts: tuple[str, ...]
    settles: tuple[tuple[str, ...], ...]
    could_change: tuple[str, ...]
    gain: float | None
    burden: float | None
    text: str


@frozen
class ActionReport:
    id: str
    verb: str
    target: str
    side: str | None
    state: str  # do ask_first withheld done; an action that is not listed is not needed
    priority: str
    setting: str
    because: tuple[str, ...]
    ask: tuple[str, ...]
    withheld_by: Mapping[str, str]
    orders: tuple[Mapping[str, Any], ...]
    citations: tuple[str, ...]
    text: str
    within: str = ""


@frozen
class PlanStep:
    """One line of the plan for the setting, in its row and stage."""

    row: str
    stage: str
    state: str
    action: str | None
    priority: str
    within: str
    ask: tuple[str, ...]
    text: str
    path: str


@frozen
class ConflictReport:
    id: str
    kind: str  # advice | facts
    sides: tuple[str, ...]
    withholds: tuple[str, ...]
    escalates: tuple[str, ...]
    needs_human: bool
    facts: tuple[str, ...]
    text: str
    resolution: str = ""


@frozen
class MonitoringReport:
    id: str
    state: str  # do | ask_first
    every: str
    until: str
    facts: tuple[str, ...]
    action: str | None
    text: str


@frozen
class FollowUpReport:
    id: str
    state: str
    action: str | None
    within: str
    text: str


@frozen
class WarningReport:
    code: str
    facts: tuple[str, ...]
    text: str


@frozen
class ScopeReport:
    state: str  # in out unknown
    why: tuple[str, ...]
    text: str = ""


@frozen
class Withheld:
    """One reason why there is no leaflet: a key of the words `leaflet_withheld`, what it is about, what is missing."""

    reason: str
    about: tuple[str, ...] = ()
    facts: tuple[str, ...] = ()
    text: str = ""


@frozen
class LeafletReport:
    """Whether the patient's leaflet may be given, and which of its sentences hold (`section.sentence`)."""

    withheld: tuple[Withheld, ...]
    sentences: tuple[str, ...] = ()
    marked: tuple[str, ...] = ()


@frozen
class Unreviewed:
    counts: Mapping[str, int]
    ids: tuple[str, ...]


@frozen
class Assessment:
    """Everything the engine says of one patient at one moment."""

    engine_version: str
    dossier: str
    content_version: str
    content_hash: str
    channel: str
    watermark: str
    setting: str
    region: str | None
    entry: str | None
    at: datetime
    scope: ScopeReport
    facts: Mapping[str, FactReport]
    tier: TierReport
    bleeding_source: AnswerReport | None
    disposition: DispositionReport
    triggers: Mapping[str, TriggerReport]
    phases: tuple[PhaseReport, ...]
    scores: Mapping[str, ScoreReport]
    next: tuple[NextReport, ...]
    actions: tuple[ActionReport, ...]
    plan: tuple[PlanStep, ...]
    routes: tuple[RouteReport, ...]
    conflicts: tuple[ConflictReport, ...]
    monitoring: tuple[MonitoringReport, ...]
    followup: tuple[FollowUpReport, ...]
    warnings: tuple[WarningReport, ...]
    unreviewed: Unreviewed
    site: Mapping[str, Any] = field(default_factory=dict)
    leaflet: LeafletReport | None = None  # not in the JSON: the leaflet has its own

    def action(self, action_id: str) -> ActionReport | None:
        """The report of an action, or None where no step of the plan names it."""
        return next((a for a in self.actions if a.id == action_id), None)

    def _document(self) -> dict[str, Any]:
        """The JSON object with dataclasses still inside."""
        content = {
            "id": self.dossier,
            "version": self.content_version,
            "hash": self.content_hash,
            "channel": self.channel,
            "text": self.watermark,
        }
        return {
            "schema": SCHEMA,
            "engine": {"version": self.engine_version},
            "content": content,
            "setting": self.setting,
            "region": self.region,
            "entry": self.entry,
            "at": self.at.isoformat(),
            **{name: getattr(self, name) for name in _BODY},
            # The differential has its keys from the first version on; no prior and no likelihood is content yet.
            "differential": [],
            "contributors": [],
        }

    def to_json(self) -> dict[str, Any]:
        """The contracted JSON object, as plain data."""
        plain: dict[str, Any] = json.loads(self.dumps())
        return plain

    def dumps(self, *, indent: int | None = None) -> str:
        """The contracted JSON text. A frozen dataclass is written as its fields, in their order."""
        return json.dumps(self._document(), ensure_ascii=False, indent=indent, allow_nan=False, default=vars)


_BODY = (
    "scope", "facts", "tier", "bleeding_source", "disposition", "triggers", "phases", "scores", "next", "actions",
    "plan", "routes", "conflicts", "monitoring", "followup", "warnings", "unreviewed", "site",
)  # fmt: skip
