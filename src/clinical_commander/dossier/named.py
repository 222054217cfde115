"""A dossier in, everything in it that has a name out, and which of these each one names.

A name is a kind and an id: ("rule", "massive"). What a condition reads is known from its typed form, not from its text.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import fields, is_dataclass

from clinical_commander.dossier.model import Condition, Dossier, Formula, Step
from clinical_commander.frozen import frozen
from clinical_commander.logic import ir

Name = tuple[str, str]
"""Kind and id."""

PART = "part"
"""The kind of an answer as a whole: what it must know belongs to none of its values."""

# Fields whose texts are names, and of what; the first kind that has such a name counts.
_NAMING: Mapping[str, tuple[str, ...]] = {
    "facts": ("fact",),
    "fact": ("fact",),
    "must_know": ("fact",),
    "exempts": ("fact", "rule", "trigger"),
    "answered_by": ("fact",),
    "needs": ("fact",),
    "given": ("fact",),
    "then": ("fact",),
    "sets": ("fact",),
    "inputs": ("input",),
    "phase": ("phase",),
    "actions": ("action",),
    "action": ("action",),
    "withholds": ("action",),
    "escalates": ("action",),
    "between": ("trigger", "rule", "action"),
    "cite": ("citation",),
    "findings": ("finding",),
    "of": ("cause", "fact", "action"),
    "cells": ("cause",),
    "shares": ("cause",),
    "cause": ("cause",),
    "red_flag": ("trigger", "rule"),
    "dossier": ("sibling",),
    "block": ("block",),
}  # fmt: skip


@frozen
class Mentions:
    """Which names each named thing names, and the other way round; each once, in the order of the dossier."""

    of: Mapping[Name, tuple[Name, ...]]
    by: Mapping[Name, tuple[Name, ...]]


def named(dossier: Dossier) -> dict[Name, object]:
    """Everything with a name, in the order of the dossier."""
    d = dossier
    found: dict[Name, object] = {("entry", id): one for id, one in d.entry_points.items()}
    found |= {("input", id): one for id, one in d.inputs.items()}
    found |= {("fact", id): one for id, one in d.facts.items()}
    found |= {("constraint", one.id): one for one in d.constraints}
    found |= {("question", one.id): one for one in d.questions}
    for answer in (d.tier, d.disposition):
        if answer.must_know or answer.exempts:
            found[PART, answer.id] = (answer.must_know, tuple(answer.exempts))
        found |= {(answer.id, value.id): value for value in answer.values}
    found |= {("phase", one.id): one for one in d.phases}
    found |= {("trigger", id): one for id, one in d.triggers.items()}
    found |= {("pivot", one.id): one for one in d.pivots}
    found |= {("playbook", id): one for id, one in d.playbooks.items()}
    found |= {("treatment", one.id): one for one in d.treatments}
    found |= {("block", name): None for name in _blocks(d)}
    found |= {("monitoring", one.id): one for one in d.monitoring}
    found |= {("followup", one.id): one for one in d.followup}
    found |= {("action", id): one for id, one in d.actions.items()}
    found |= {("conflict", one.id): one for one in d.conflicts}
    found |= {("sibling", one.dossier): one for one in d.siblings}
    found |= {("rule", id): one for id, one in d.rules.items()}
    found |= {("threshold", id): one for id, one in d.thresholds.items()}
    if d.differential is not None:
        found |= {("cause", id): (one, d.differential.thresholds.get(id)) for id, one in d.differential.causes.items()}
        found |= {("contributor", id): one for id, one in d.differential.contributors.items()}
        found |= {("prior", one.id): one for one in d.differential.priors}
        found |= {("finding", id): one for id, one in d.differential.findings.items()}
        found |= {("group", one.id): one for one in d.differential.groups}
        found |= {("burden", id): one for id, one in d.differential.burdens.items()}
    found |= {("tool", id): one for id, one in d.tools.items()}
    found |= {("leaflet", one.id): one for one in (d.leaflet.sections if d.leaflet else ())}
    return found | {("citation", id): one for id, one in d.citations.items()}


def mentions(dossier: Dossier) -> Mentions:
    """Who names whom. What names itself is left out."""
    things = named(dossier)
    of: dict[Name, tuple[Name, ...]] = {}
    by: dict[Name, dict[Name, None]] = {}
    for name, thing in things.items():
        found = [other for other in dict.fromkeys(_names(thing, things)) if other in things and other != name]
        if name[0] != "citation":
            of[name] = tuple(found)
            for other in found:
                by.setdefault(other, {})[name] = None
    return Mentions(of, {name: tuple(users) for name, users in by.items()})


def names_in(expr: ir.Expr) -> Iterator[Name]:
    """What an expression names, in the order of its text; an answer's value where it is compared with one."""
    for node in expr.walk():
        match node:
            case ir.FactTrue(fact) | ir.FactNumber(fact) | ir.FactCode(fact):
                yield "fact", fact
            case ir.Named(kind, name):
                yield kind, name
            case ir.Constant(_, _, str(name)):
                yield "threshold", name
            case ir.ToolNumber(tool) | ir.ToolCode(tool):
                yield "tool", tool
            case ir.OneOf(ir.AnswerCode(answer), values):
                yield from ((answer, value) for value in sorted(values))
            case ir.Flag("done" | "ordered" | "declined", action):
                yield "action", action
            case ir.Flag("answered", given):
                yield "input", given


def _blocks(dossier: Dossier) -> Iterable[str]:
    found: dict[str, None] = {}
    waiting: list[object] = [dossier.triggers, dossier.pivots, dossier.playbooks, dossier.treatments]
    while waiting:
        one = waiting.pop()
        if isinstance(one, Step) and one.block:
            found.setdefault(one.block)
        waiting.extend(_parts(one))
    return sorted(found)


def _parts(value: object) -> Iterable[object]:
    if isinstance(value, Mapping):
        return value.values()
    if isinstance(value, (tuple, list)):
        return value
    if is_dataclass(value) and not isinstance(value, (Condition, Formula)):
        return [getattr(value, f.name) for f in fields(value) if f.name != "at"]
    return ()


def _names(value: object, things: Mapping[Name, object]) -> Iterator[Name]:
    """Everything that a value names: what its conditions read, and the texts of its fields that are names."""
    if isinstance(value, (Condition, Formula)):
        yield from names_in(value.expr)
        return
    if is_dataclass(value):
        for one in fields(value):
            content = getattr(value, one.name)
            kinds = _NAMING.get(one.name, ())
            for text in _texts(content) if kinds else ():
                yield from ((kind, text) for kind in kinds if (kind, text) in things)
            if not isinstance(content, str):
                yield from _names(content, things)
        return
    if isinstance(value, tuple) and all(isinstance(text, str) for text in value):
        yield from (("fact", text) for text in value)
        return
    for part in _parts(value):
        yield from _names(part, things)


def _texts(value: object) -> Iterable[str]:
    if isinstance(value, str):
        return (value,)
    if isinstance(value, Mapping):
        return [key for key in value if isinstance(key, str)]
    return [text for text in value if isinstance(text, str)] if isinstance(value, (tuple, frozenset)) else ()
