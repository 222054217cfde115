"""An assessment in, what it answers as plain pairs out; and what two assessments answer otherwise, by name."""

from __future__ import annotations

from collections.abc import Mapping

from clinical_commander.engine.assessment import AnswerReport, Assessment
from clinical_commander.frozen import frozen
from clinical_commander.render.words import Words, titles

Key = tuple[str, str]
"""Kind (tier, disposition, trigger, action, top, zone, conflict) and id."""
Answer = Mapping[Key, tuple[str, ...]]
_TOP = 3
ABSENT: tuple[str, ...] = ()


@frozen
class Change:
    """One thing that is answered otherwise; empty where it is not there at all."""

    kind: str
    id: str
    before: tuple[str, ...]
    after: tuple[str, ...]


def answer(assessment: Assessment) -> Answer:
    """What an assessment answers: tier, place of care, alarms, actions by state and priority, the likeliest causes."""
    a = assessment
    found: dict[Key, tuple[str, ...]] = {("tier", ""): _values(a.tier), ("disposition", ""): _values(a.disposition)}
    found |= {("trigger", id): (t.state, t.severity or "") for id, t in a.triggers.items()}
    for action in a.actions:
        key = ("action", action.id)
        found[key] = (*found.get(key, ()), action.state, action.priority)
    causes = a.differential.causes
    if causes:
        found["top", ""] = tuple(cause.cause for cause in causes[:_TOP])
    found |= {("zone", cause.cause): (cause.zone,) for cause in causes if cause.zone}
    return found | {("conflict", conflict.id): ("shown",) for conflict in a.conflicts}


def changes(before: Answer, after: Answer) -> tuple[Change, ...]:
    """What is otherwise, the answers first."""
    keys = dict.fromkeys([*after, *before])
    pairs = ((key, before.get(key, ABSENT), after.get(key, ABSENT)) for key in keys)
    return tuple(Change(*key, was, now) for key, was, now in pairs if was != now)


def called(change: Change, words: Words) -> str:
    """What the thing is called that changed."""
    if change.kind in ("tier", "disposition"):
        return words.heading(change.kind)
    if change.kind in ("top", "zone"):
        d = words.dossier.differential
        title = d.causes[change.id].title if d and change.id in d.causes else change.id
        return (
            words.heading("differential") if change.kind == "top" else words.say("zone_of", title, group="differential")
        )
    if change.kind == "conflict":
        return f"{words.name('kind', 'conflict')} {change.id}"
    return f"{words.name('kind', change.kind)}: {words.title(change.id)}"


def said(change: Change, values: tuple[str, ...], words: Words) -> str:
    """One side of a change in words."""
    if not values:
        return words.name("author", "absent")
    if change.kind in ("tier", "disposition"):
        known = titles(getattr(words.dossier, change.kind))
        return f" {words.say('or')} ".join(known.get(v, v) for v in values)
    if change.kind == "top":
        d = words.dossier.differential
        return ", ".join(d.causes[v].title if d and v in d.causes else v for v in values)
    group = {"trigger": ("trigger_state", "severity"), "action": ("step_state", "priority"), "zone": ("zone",)}
    groups = group.get(change.kind, ("author",))
    return ", ".join(words.name(groups[i % len(groups)], v) for i, v in enumerate(values) if v)


def _values(report: AnswerReport) -> tuple[str, ...]:
    if report.settled and report.value is not None:
        return (report.value,)
    return tuple(report.possible)
