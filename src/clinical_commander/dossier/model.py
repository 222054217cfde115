"""A dossier in memory: frozen, checked, with every expression typed. What `load` and `pack` return.

Texts are as the author wrote them, in the default language; each has the content path of its item as its key.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

from clinical_commander.dossier.model_conflicts import AgreeingActions, Conflict, TriggerPair
from clinical_commander.dossier.model_derive import Derivations
from clinical_commander.dossier.model_differential import Differential
from clinical_commander.dossier.model_leaflet import LeafletContent, Translation
from clinical_commander.dossier.model_parts import Condition, Follows, Formula, Instead, Option, Route, Source
from clinical_commander.dossier.model_tools import (
    Band,
    Count,
    Example,
    Group,
    Level,
    Reading,
    Series,
    Tool,
    ToolItem,
    ToolNote,
    ToolRow,
    ValueSeries,
)
from clinical_commander.errors import Mark
from clinical_commander.frozen import field, frozen
from clinical_commander.quantity import Unit

# What this module passes on: for its readers the model is one.
__all__ = [
    "AgreeingActions",
    "Band",
    "Condition",
    "Conflict",
    "Count",
    "Differential",
    "Example",
    "Formula",
    "Group",
    "Instead",
    "Level",
    "Option",
    "Reading",
    "Route",
    "Series",
    "Source",
    "Tool",
    "ToolItem",
    "ToolNote",
    "ToolRow",
    "TriggerPair",
    "ValueSeries",
]


# --- the catalogue


@frozen
class Fact:
    """One typed scalar that an expression can name.

    `kind` is boolean, number, integer or code. `limits` are hard, `range` is the plausible range, both in `unit`.
    `also` gives exact factors of further units of this analyte to `unit`. `worse` is low, high, true, false or "".
    """

    id: str
    kind: str
    label: str
    says: str
    says_not: str = ""
    ask: str = ""
    unit: Unit | None = None
    decimals: int = 0
    range: tuple[float, float] | None = None
    limits: tuple[float, float] | None = None
    codes: Mapping[str, str] = field(default_factory=dict)
    freshness: str = "history"
    worse: str = ""
    also: Mapping[str, Fraction] = field(default_factory=dict)
    source: Source = Source()
    at: Mark | None = field(default=None, compare=False)
    follows: Follows | None = None


Allowed = tuple[float, float] | frozenset[str] | bool
"""What a constraint leaves of a fact: a closed range, a set of codes, or one truth value."""


@frozen
class Constraint:
    """All of `given` hold => each of `then` holds. `wins`: the implied value replaces one that contradicts it."""

    id: str
    given: Mapping[str, Allowed]
    then: Mapping[str, Allowed]
    wins: bool = False
    source: Source = Source()


@frozen
class Citation:
    id: str
    title: str
    kind: str
    year: int | None = None
    authors: str = ""
    journal: str = ""
    pmid: str | None = None
    doi: str | None = None
    url: str | None = None
    mark: str = ""
    read: str = ""
    supports: str = ""
    review: str = "needed"
    reviewer: str | None = None
    source_label: str = ""
    source_verdict: str = ""
    corrections: str = ""
    at: Mark | None = field(default=None, compare=False)


@frozen
class Order:
    """One concrete order of an action; with `when`, only for the patient of whom that surely holds."""

    text: str
    code: Mapping[str, str] | None = None
    when: Condition | None = None


@frozen
class Contraindication:
    when: Condition
    text: str
    source: Source = Source()


@frozen
class Action:
    id: str
    verb: str
    target: str
    label: str
    text: str = ""
    who: str = ""
    orders: tuple[Order, ...] = ()
    contraindications: tuple[Contraindication, ...] = ()
    reassures: bool = False  # only where its guards surely hold; never merely possible, never on stale facts
    source: Source = Source()


# --- the dossier


@frozen
class Threshold:
    id: str
    text: str
    value: float
    unit: Unit
    says: str
    caution: str = ""  # low or high: the direction in which a site may move it without a signature
    source: Source = Source()
    at: Mark | None = field(default=None, compare=False)


@frozen
class Rule:
    id: str
    when: Condition
    says: str
    says_not: str = ""
    source: Source = Source()


@frozen
class EntryPoint:
    id: str
    title: str
    text: str
    sets: Mapping[str, str | bool]
    source_says: str = ""
    source: Source = Source()


@frozen
class Input:
    id: str
    category: str
    required: bool
    phase: str
    title: str
    rationale: str
    facts: tuple[str, ...]
    answered_when: Condition | None = None
    source_says: str = ""
    source: Source = Source()


@frozen
class AnswerValue:
    """One value of an ordered answer, with its own positive condition. `within` and `via` belong to a disposition."""

    id: str
    when: Condition
    title: str
    text: str = ""
    within: tuple[Option, ...] = ()
    via: tuple[Option, ...] = ()
    instead: tuple[Instead, ...] = ()
    source: Source = Source()


@frozen
class OrderedAnswer:
    """Tier or disposition; `values` from the lowest to the highest.

    `must_know` must be known before it can settle low; `exempts` may lower it. `remembers` = (value, fact): the fact is
    the time since the answer last had to be that value. `stated_by` carries the word of patient, referrer or entry.
    """

    id: str
    values: tuple[AnswerValue, ...]
    must_know: tuple[str, ...] = ()
    exempts: Mapping[str, str] = field(default_factory=dict)
    remembers: tuple[str, str] | None = None
    stated_by: str | None = None


@frozen
class CodeAnswer:
    """An answer that repeats a code fact; `partial` says which codes of the fact leave several values possible."""

    id: str
    fact: str
    values: tuple[str, ...]
    partial: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@frozen
class Side:
    """Which fact names the side of the patient that steps may speak of, and when it is certain enough to name it."""

    fact: str
    confirmed: Condition
    opposite: Mapping[str, str]


@frozen
class Step:
    """One step of a plan. Exactly one of `action`, `do`, `choose` says what; blocks are already written out.

    What is held back `unless` is withheld where that holds, or asked about first with the question `if_true`.
    `path` is its content path and its id. `guards` are the conditions of the blocks around it, outermost first.
    """

    path: str
    action: str | None = None
    do: str = ""
    text: str = ""
    when: Condition | None = None
    unless: Condition | None = None
    if_unknown: str = ""
    if_true: str = ""
    priority: str = ""
    within: str = ""
    who: str = ""
    side: str = ""
    choose: tuple[Step, ...] = ()
    guards: tuple[Condition, ...] = ()
    block: str = ""
    source: Source = Source()


@frozen
class Trigger:
    id: str
    title: str
    when: Condition
    severity: Mapping[str, Condition]
    text: str
    cannot_exclude_text: str
    quiet_text: str = ""
    must_know: tuple[str, ...] = ()
    exempts: Mapping[str, str] = field(default_factory=dict)
    reassures: bool = False
    shown_first: bool = False
    steps: tuple[Step, ...] = ()
    steps_if_possible: tuple[Step, ...] = ()
    route: Route | None = None
    instead: tuple[Instead, ...] = ()
    source_says: str = ""
    source: Source = Source()


@frozen
class Phase:
    id: str
    title: str
    text: str
    inputs: tuple[str, ...]
    actions: tuple[str, ...]
    advance: Condition
    advance_says: str
    source_says: str = ""
    source: Source = Source()


@frozen
class Pivot:
    id: str
    title: str
    when: Condition
    text: str
    steps: tuple[Step, ...] = ()
    route: Route | None = None
    source: Source = Source()


@frozen
class Row:
    """The plan for one tier (or none) in one setting; stages in order, each a list of steps."""

    id: str
    tier: str | None
    when: Condition
    stages: Mapping[str, tuple[Step, ...]]


@frozen
class Playbook:
    setting: str
    title: str
    text: str
    rows: tuple[Row, ...]


@frozen
class Treatment:
    id: str
    title: str
    when: Condition
    steps: tuple[Step, ...]
    source: Source = Source()


@frozen
class MonitoringItem:
    id: str
    title: str
    when: Condition
    text: str
    facts: tuple[str, ...] = ()
    every: str = ""
    until: str = ""
    action: str | None = None
    source: Source = Source()


@frozen
class FollowUp:
    id: str
    when: Condition
    action: str | None
    within: str
    text: str
    source: Source = Source()


@frozen
class Question:
    """One thing to ask. `answered_by` are the facts whose knowledge answers it; without it, all of `facts`.

    No question after this one is asked while `pause_while` holds.
    """

    id: str
    text: str
    facts: tuple[str, ...]
    answered_by: tuple[str, ...] = ()
    pause_while: Condition | None = None
    why: str = ""
    source: Source = Source()


@frozen
class Sibling:
    dossier: str
    title: str
    speaks_for: str
    speaks_against: str
    settles: str
    handover: str
    installed: bool = False
    source: Source = Source()


@frozen
class CardLine:
    text: str
    source: Source = Source()


@frozen
class Ban:
    """Phrases that must not answer or advise while the condition holds."""

    id: str
    phrases: tuple[str, ...]
    when: Condition | None = None
    allowed: tuple[str, ...] = ()
    why: str = ""


@frozen
class Scope:
    when: Condition
    out_text: str
    unknown_text: str
    source: Source = Source()


@frozen
class Vignette:
    """A worked example beside the content: `given` is a case, `expect` what must come out. Both as plain data."""

    name: str
    given: Mapping[str, object]
    expect: Mapping[str, object]
    why: str = ""
    at: Mark | None = field(default=None, compare=False)


@frozen
class Dossier:
    """One symptom's or disease's whole pathway, with the parts of the catalogue it uses.

    `freshness` is class -> circumstance (or setting, or "any") -> window in hours; no entry means it never expires.
    `scores` are the tools that an assessment shows, in order; `tools` also holds those that rules and tools read.
    """

    id: str
    version: str
    title: str
    kind: str
    summary: str
    review: str
    intended_use: str
    watermark: str
    facts: Mapping[str, Fact]
    freshness: Mapping[str, Mapping[str, float]]
    constraints: tuple[Constraint, ...]
    thresholds: Mapping[str, Threshold]
    rules: Mapping[str, Rule]
    circumstances: Mapping[str, Condition]
    scope: Scope
    entry_points: Mapping[str, EntryPoint]
    inputs: Mapping[str, Input]
    tier: OrderedAnswer
    bleeding_source: CodeAnswer | None
    disposition: OrderedAnswer
    triggers: Mapping[str, Trigger]
    phases: tuple[Phase, ...]
    pivots: tuple[Pivot, ...]
    playbooks: Mapping[str, Playbook]
    treatments: tuple[Treatment, ...]
    monitoring: tuple[MonitoringItem, ...]
    followup: tuple[FollowUp, ...]
    questions: tuple[Question, ...]
    siblings: tuple[Sibling, ...]
    side: Side | None
    emergency_title: str
    emergency_card: tuple[CardLine, ...]
    bans: tuple[Ban, ...]
    actions: Mapping[str, Action]
    conflicts: tuple[Conflict, ...]
    trigger_pairs: tuple[TriggerPair, ...]
    agreeing_actions: tuple[AgreeingActions, ...]
    tools: Mapping[str, Tool]
    citations: Mapping[str, Citation]
    words: Mapping[str, Mapping[str, str]]
    channel: str = "evaluation"
    content_hash: str = ""
    scores: tuple[str, ...] = ()
    derivations: Derivations = Derivations()
    differential: Differential | None = None
    leaflet: LeafletContent | None = None
    translations: Mapping[str, Translation] = field(default_factory=dict)
