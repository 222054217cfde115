"""A dossier in, what its names are called for a reader: labels, values with units, ages, and the words of the views.

No sentence stands here. Labels of the views come from the catalogue's words, by group and key; a key without words is
shown as it is written, so that a missing word is seen and nothing is lost.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import cached_property

from clinical_commander.dossier.model import Condition, Dossier, Fact, OrderedAnswer, Step
from clinical_commander.dossier.phrases import phrase, spaced
from clinical_commander.engine.assessment import FactReport
from clinical_commander.errors import ClinicalCommanderError
from clinical_commander.frozen import frozen
from clinical_commander.logic import ir
from clinical_commander.logic.prose import (
    CodeWords,
    FactWords,
    RuleWords,
    ThresholdWords,
    Vocabulary,
    prose,
)
from clinical_commander.program.conditions import step_conditions
from clinical_commander.program.references import References, references
from clinical_commander.quantity import format_quantity, parse_quantity, unit

VIEW = "view"
"""The group of the words that only views use; the other groups name ids of the assessment."""
_MINUTE, _HOUR, _DAY = 60.0, 3600.0, 86400.0
_HOURS_IN_MINUTES, _DAYS_IN_HOURS = 120 * _MINUTE, 72 * _HOUR


@frozen
class Placed:
    """A step where it stands: what it stands under, the conditions around it and its own, and its sources."""

    step: Step
    title: str
    conditions: tuple[Condition, ...]
    cite: tuple[str, ...]


class Words:
    """What the names of one dossier are called. Holds nothing of a patient."""

    def __init__(self, dossier: Dossier) -> None:
        self.dossier = dossier
        self._behind: dict[str, tuple[str, ...]] = {}
        self._clauses: dict[str, str] = {}

    # -- the words of the views

    def say(self, key: str, *parts: str, group: str = VIEW) -> str:
        """The words for `key`, with its parts in place of `{0}`, `{1}`, or behind it where it has no places.

        A key without words is shown as it is written.
        """
        return phrase(self.dossier.words, group, key, *parts)

    def name(self, group: str, key: str) -> str:
        """What a word of the engine is called: `name("setting", "ed")`."""
        return self.say(key, group=group)

    def heading(self, key: str) -> str:
        """The heading of a part of a view."""
        return self.say(key, group="heading")

    def withheld(self, reason: str, told: str) -> str:
        """That an answer is withheld, and why, unless that has been told at the top of the page."""
        return self.say("withheld_above") if reason == told else self.say("withheld", reason)

    # -- the names of a dossier

    @cached_property
    def vocabulary(self) -> Vocabulary:
        """What the prose of rules calls the names of this dossier."""
        d = self.dossier
        answers = {a.id: CodeWords(self.say(f"the_{a.id}"), _named_inside(a)) for a in (d.tier, d.disposition)}
        if d.bleeding_source is not None:
            source = d.bleeding_source
            answers[source.id] = CodeWords(self.say(f"the_{source.id}"), d.facts[source.fact].codes)
        keys = {("answered", i.id): i.title for i in d.inputs.values()}
        keys |= {(kind, a.id): a.label for a in d.actions.values() for kind in ("done", "ordered", "declined")}
        keys |= {("capable", key): text for key, text in d.words.get("capability", {}).items()}
        keys |= {("recorded", key): text for key, text in d.words.get("recorded", {}).items()}
        thresholds, shown = d.thresholds.values(), Vocabulary(units=d.words.get("unit", {}))
        return Vocabulary(
            facts={f.id: _fact_words(f) for f in d.facts.values()},
            thresholds={t.id: ThresholdWords(t.says, shown.quantity(t.value, t.unit.code)) for t in thresholds},
            rules={r.id: RuleWords(r.says, r.says_not) for r in d.rules.values()},
            triggers={t.id: t.title for t in d.triggers.values()},
            answers=answers,
            tools={t.id: CodeWords(t.title, t.values) for t in d.tools.values()},
            circumstances={
                "setting": CodeWords(self.name("prose", "setting"), d.words.get("setting", {})),
                "region": CodeWords(self.name("prose", "region"), d.words.get("region", {})),
            },
            keys=keys,
            words=d.words.get("prose", {}),
            units=d.words.get("unit", {}),
        )

    def clause(self, condition: Condition) -> str:
        """A condition as an English clause."""
        said = self._clauses.get(condition.text)
        if said is None:
            said = self._clauses[condition.text] = prose(condition.expr, self.vocabulary)
        return said

    def condition(self, text: str) -> Condition | None:
        """The condition of a step with this text: what holds an action back is named by its text."""
        return self._guards.get(text)

    def conditions_of_steps(self, setting: str) -> Mapping[str, Sequence[Condition]]:
        """The conditions under which the steps with an action stand in a setting, by action."""
        return self._steps.get(setting) or self._steps[""]

    @cached_property
    def _steps(self) -> Mapping[str, Mapping[str, Sequence[Condition]]]:
        d = self.dossier
        everywhere = [s for t in d.triggers.values() for s in t.steps]
        found = {"": _conditions(everywhere)}
        for setting, playbook in d.playbooks.items():
            own = [s for r in playbook.rows for stage in r.stages.values() for s in stage]
            found[setting] = _conditions([*everywhere, *own])
        return found

    @cached_property
    def _guards(self) -> Mapping[str, Condition]:
        d = self.dossier
        steps = [s for t in d.triggers.values() for s in (*t.steps, *t.steps_if_possible)]
        steps += [s for p in d.pivots for s in p.steps]
        steps += [s for t in d.treatments for s in t.steps]
        steps += [s for p in d.playbooks.values() for r in p.rows for stage in r.stages.values() for s in stage]
        return {c.text: c for c in step_conditions(steps)}

    @cached_property
    def steps(self) -> Mapping[str, Placed]:
        """Each step of the dossier by its path, with what it stands under."""
        d = self.dossier
        found: dict[str, Placed] = {}

        def put(steps: Iterable[Step], title: str, conditions: tuple[Condition, ...], cite: tuple[str, ...]) -> None:
            for step in steps:
                own = (*conditions, *step.guards, *((step.when,) if step.when is not None else ()))
                found[step.path] = Placed(step, title, own, step.source.cite or cite)
                put(step.choose, title, own, step.source.cite or cite)

        for trigger in d.triggers.values():
            put((*trigger.steps, *trigger.steps_if_possible), trigger.title, (), trigger.source.cite)
        for pivot in d.pivots:
            put(pivot.steps, pivot.title, (pivot.when,), pivot.source.cite)
        for treatment in d.treatments:
            put(treatment.steps, treatment.title, (treatment.when,), treatment.source.cite)
        tiers = titles(d.tier)
        for playbook in d.playbooks.values():
            for row in playbook.rows:
                for steps in row.stages.values():
                    put(steps, tiers[row.tier] if row.tier else playbook.title, (row.when,), ())
        return found

    @cached_property
    def references(self) -> References:
        """What the names in the conditions of this dossier stand for."""
        return references(self.dossier)

    def behind(self, condition: Condition) -> tuple[str, ...]:
        """Every fact that stands behind a condition, through rules and answers, and what is only asked as known too."""
        found = self._behind.get(condition.text)
        if found is None:
            facts: dict[str, None] = {}
            seen: set[ir.Expr] = set()
            waiting = [condition.expr]
            while waiting:
                expr = waiting.pop()
                if expr in seen:
                    continue
                seen.add(expr)
                if isinstance(expr, ir.FactRef):
                    facts.setdefault(expr.fact)
                waiting += reversed(self.references.inside(expr))
            found = self._behind[condition.text] = tuple(facts)
        return found

    def label(self, name: str) -> str:
        """What a fact is called; also what is called that a gate or a step waits for: `capable:ir`, `input:cxr`."""
        fact = self.dossier.facts.get(name)
        if fact is not None:
            return fact.label
        kind, _, key = name.partition(":")
        if not key:  # the setting or the region
            return self.name("prose", name)
        if kind == "input":
            given = self.dossier.inputs.get(key)
            return inside(given.title) if given else spaced(key)
        if kind in ("done", "ordered", "declined"):
            action = self.dossier.actions.get(key)
            return inside(action.label) if action else key
        if kind == "closed":
            return self.say("open_actions", self.name("priority", key))
        if kind == "capable":
            return self.say("on_this_site", self.name("capability", key))
        return self.name("recorded" if kind == "recorded" else "group", key)

    def labels(self, names: Iterable[str], most: int | None = None) -> str:
        """Labels in a row, each once, in the order given; of more than `most` only how many more there are."""
        found = list(dict.fromkeys(self.label(name) for name in names))
        more = f" (+{len(found) - most})" if most is not None and len(found) > most else ""
        return ", ".join(found[:most]) + more

    def title(self, name: str) -> str:
        """What a trigger, action, pivot, treatment or rule is called."""
        d = self.dossier
        if name in d.triggers:
            return d.triggers[name].title
        if name in d.actions:
            return d.actions[name].label
        titles_of = {p.id: p.title for p in d.pivots} | {t.id: t.title for t in d.treatments}
        return titles_of.get(name) or (d.rules[name].says if name in d.rules else spaced(name))

    # -- values

    def value(self, name: str, report: FactReport) -> str:
        """What is known of a fact, as a reader says it: `86 %`, `> 200 mL`, `nasal cannula or face mask`, `yes`."""
        fact = self.dossier.facts[name]
        if report.state in ("unknown", "pending", "unobtainable"):
            return self.name("fact_state", report.state)
        if fact.kind == "boolean":
            return self.name(
                "truth", "unknown" if report.value is None else "true" if report.value is True else "false"
            )
        if fact.kind == "code":
            either = f" {self.say('or')} "
            return either.join(fact.codes.get(c, spaced(c)) for c in report.possible)
        return self._number(fact, report)

    def _number(self, fact: Fact, report: FactReport) -> str:
        def shown(value: float) -> str:
            return format_quantity(value, fact.unit.code if fact.unit else "1", fact.decimals)

        if report.value is not None:
            return shown(float(report.value))
        if report.entered and not report.origin.startswith("implied"):
            return report.entered
        lowest, highest = fact.limits or (None, None)
        low = None if report.low == lowest else report.low
        high = None if report.high == highest else report.high
        if low is None or high is None:
            if low is not None:
                return self.say("at_least", shown(low), group="answer")
            return (
                self.say("at_most", shown(high), group="answer") if high is not None else self.name("truth", "unknown")
            )
        return self.say("range", shown(low), shown(high))

    def entered(self, name: str, report: FactReport) -> str:
        """The text as it was entered where it says more than the value does: a unit that was converted."""
        fact = self.dossier.facts[name]
        if fact.unit is None or report.value is None or not report.entered:
            return ""
        try:
            written = parse_quantity(report.entered).unit_text
            same = written is None or unit(written).code == fact.unit.code
        except ClinicalCommanderError:
            return report.entered  # in a unit of this analyte alone, or no quantity at all: shown as it stands
        return "" if same else report.entered

    # -- time

    def age(self, at: str | None, now: datetime) -> str:
        """How old a value is: `4 min`, `3 h`, `2 d`; empty for what is of the moment itself or has no time."""
        if at is None:
            return ""
        return self.span((now - datetime.fromisoformat(at)).total_seconds())

    def seconds(self, at: str) -> float:
        """A moment as a number, to compare moments of different zones."""
        return datetime.fromisoformat(at).timestamp()

    def span(self, seconds: float) -> str:
        """A length of time in the unit a ward would use; empty below a minute."""
        if seconds < _MINUTE:
            return ""
        if seconds < _HOURS_IN_MINUTES:
            return f"{seconds / _MINUTE:.0f} min"
        if seconds < _DAYS_IN_HOURS:
            return f"{seconds / _HOUR:.0f} h"
        return f"{seconds / _DAY:.0f} d"

    def expires(self, name: str) -> bool:
        """Whether the age of a fact matters: its class has a window."""
        fact = self.dossier.facts.get(name)
        return fact is not None and bool(self.dossier.freshness.get(fact.freshness))


def titles(answer: OrderedAnswer) -> Mapping[str, str]:
    """The titles of an answer's values, by id."""
    return {v.id: v.title for v in answer.values}


def _named_inside(answer: OrderedAnswer) -> Mapping[str, str]:
    return {id: inside(title) for id, title in titles(answer).items()}


def _conditions(steps: Iterable[Step]) -> Mapping[str, Sequence[Condition]]:
    found: dict[str, dict[str, Condition]] = {}
    for step in _each(steps):
        if step.action is not None:
            conditions = [c for c in (*step.guards, step.when) if c is not None]
            found.setdefault(step.action, {}).update({c.text: c for c in conditions})
    return {action: tuple(conditions.values()) for action, conditions in found.items()}


def _each(steps: Iterable[Step]) -> Iterator[Step]:
    for step in steps:
        yield step
        yield from _each(step.choose)


def inside(text: str) -> str:
    """A title or sentence as it stands inside another: no capital unless the word is one (`CT`), no full stop."""
    text = text.rstrip(".")
    return text if len(text) > 1 and not text[1].islower() else text[:1].lower() + text[1:]


def _fact_words(fact: Fact) -> FactWords:
    return FactWords(
        fact.kind, fact.says, fact.says_not, fact.codes, fact.unit.code if fact.unit else "1", fact.decimals
    )
