"""What an assessment says, as frozen data, and its contracted JSON form (`schema: assessment/1`).

All keys are always present, lists stand in a stated order, references are ids, sentences stand only in `text` fields:
a field whose meaning is a sentence holds a `Text` (docs/decisions/0009).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from clinical_commander.engine.written import Row, dumps
from clinical_commander.frozen import field, frozen

SCHEMA = "assessment/1"


@frozen
class Text:
    """Words for a reader, `{"text": ...}` in the JSON; empty where there is nothing to say."""

    text: str = ""

    def __bool__(self) -> bool:
        return bool(self.text)

    def __str__(self) -> str:
        return self.text


NO_TEXT = Text()


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
    warnings: tuple[Text, ...] = ()


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
    withheld: Text = NO_TEXT  # why it is not said, where it is not


@frozen
class TierReport(AnswerReport):
    worst_this_episode: str | None = None
    hours_since_worst: float | None = None
    last_known: bool = False


@frozen
class DispositionReport(AnswerReport):
    within: str | None = None
    via: str | None = None
    within_says: Text = NO_TEXT
    via_says: Text = NO_TEXT


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
    external: Text  # the service, where it leads to no dossier
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
    route: str | None  # the dossier it leads to; to a service, `routes` says so
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
    why_not: Text
    items: tuple[Mapping[str, Any], ...] = ()
    missing: tuple[str, ...] = ()
    counts: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    readings: tuple[Mapping[str, Any], ...] = ()
    rates: tuple[Mapping[str, Any], ...] = ()
    text: str = ""
    recalled: bool = False
    citations: tuple[str, ...] = ()


@frozen
class IntervalReport:
    """A 95 % interval of a probability. It speaks of the figures; what is not known of the patient is not in it."""

    low: float
    high: float
    method: str


@frozen
class Span:
    """The least and the most over the priors that may be the right one: they differ where no region is given."""

    low: float
    high: float


@frozen
class Seen:
    """A finding and the levels that are still possible of it."""

    finding: str
    levels: tuple[str, ...]


@frozen
class MovedBy:
    """What speaks for a cause (`ratio` above 1) or against it: how often it is seen in the cause, and in all others."""

    seen: tuple[Seen, ...]
    ratio: float
    inside: float
    outside: float
    status: str
    citations: tuple[str, ...]


@frozen
class CauseReport:
    """One cause. `probability`: it is the cause of this bleed; `present`: the disease is there, by its own odds.

    Both are None where no region is given and the priors differ; `span` has the range. `zone` is None without accepted
    thresholds, or while it is not shown. `basis` are parts of 1 by status. `tips`: the ratio of odds that would carry
    `present` to each accepted threshold. `robust`: no accepted threshold lies in `present_interval`.
    """

    cause: str
    probability: float | None
    present: float | None
    interval: IntervalReport
    present_interval: IntervalReport
    span: Span
    zone: str | None
    zones_possible: tuple[str | None, ...]
    zone_says: Text  # why no zone is shown, where one could be
    robust: bool | None
    must_not_miss: bool
    confirmed: bool
    last_known: bool
    basis: Mapping[str, float]
    moved_by: tuple[MovedBy, ...]
    tips: tuple[Mapping[str, Any], ...]


@frozen
class ContributorReport:
    """What makes any bleed worse: present, or not known. It is never weighed against a cause."""

    id: str
    state: str  # present | unknown
    missing: tuple[str, ...]
    citations: tuple[str, ...]
    text: str


@frozen
class PriorReport:
    """Whose priors these are. `counts`: a site's own patients."""

    id: str
    settings: tuple[str, ...]
    region: str
    n: float
    status: str
    counts: bool
    citations: tuple[str, ...]
    text: str


@frozen
class DifferentialReport:
    """All causes, the most probable first; what makes the bleed worse; and which priors stand behind it."""

    causes: tuple[CauseReport, ...]
    contributors: tuple[ContributorReport, ...]
    priors: tuple[PriorReport, ...]
    says: tuple[str, ...]
    text: str = ""


@frozen
class NextReport:
    """One question: what to ask, which facts it gives, what they settle and what they could change.

    `decides`: the answer can change the tier, what is to be done at once, or the zone of a disease.
    """

    ask: str
    facts: tuple[str, ...]
    settles: tuple[tuple[str, ...], ...]
    could_change: tuple[str, ...]
    gain: float | None
    burden: float | None
    text: str
    decides: bool = True


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
    withheld_by: Mapping[str, Text]
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
    sides: tuple[Text, ...]
    withholds: tuple[str, ...]
    escalates: tuple[str, ...]
    needs_human: bool
    facts: tuple[str, ...]
    text: str
    resolution: Text = NO_TEXT


@frozen
class MonitoringReport:
    id: str
    state: str  # do | ask_first
    every: str
    until: Text
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
    differential: DifferentialReport = DifferentialReport((), (), (), ())
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
            "differential": self.differential.causes,
            "contributors": [c.id for c in self.differential.contributors if c.state == "present"],
            "contributing": self.differential.contributors,
            "priors": self.differential.priors,
            "differential_remarks": [
                {"text": text} for text in (self.differential.text, *self.differential.says) if text
            ],
        }

    def _with_rows(self) -> dict[str, Any]:
        """The same, with the lists whose members are written already as rows."""
        document = self._document()
        document["scores"] = {name: _rows(score, _SCORE_ROWS) for name, score in self.scores.items()}
        document["actions"] = [_rows(action, ("orders",)) for action in self.actions]
        return document

    def to_json(self) -> dict[str, Any]:
        """The contracted JSON object, as plain data."""
        plain: dict[str, Any] = json.loads(self.dumps())
        return plain

    def dumps(self, *, indent: int | None = None, ascii: bool = False) -> str:
        """The contracted JSON text. A frozen dataclass is written as its fields, in their order."""
        text = None if ascii or indent is not None else dumps(self._with_rows())
        if text is not None:
            return text
        # Frozen, so nothing holds itself, and nobody need look for that.
        return json.dumps(
            self._document(), ensure_ascii=ascii, indent=indent, allow_nan=False, default=vars, check_circular=False
        )


_BODY = (
    "scope", "facts", "tier", "bleeding_source", "disposition", "triggers", "phases", "scores", "next", "actions",
    "plan", "routes", "conflicts", "monitoring", "followup", "warnings", "unreviewed", "site",
)  # fmt: skip
_SCORE_ROWS = ("items", "readings", "rates")


def _rows(record: object, names: tuple[str, ...]) -> dict[str, Any]:
    """The fields of a record, some of them as rows."""
    fields = dict(vars(record))
    for name in names:
        fields[name] = Row(fields[name])
    return fields
