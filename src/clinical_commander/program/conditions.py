"""A dossier in, all its conditions out, in an order that depends on its content alone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from clinical_commander.dossier.codec import NUMBER
from clinical_commander.dossier.model import Condition, Differential, Dossier, Step, Tool
from clinical_commander.logic import ir


def clinical_conditions(dossier: Dossier) -> Iterator[Condition]:
    """Every condition that a patient's facts, the setting and the case's actions decide."""
    for rule in dossier.rules.values():
        yield rule.when
    yield dossier.scope.when
    yield from dossier.circumstances.values()
    for answer in (dossier.tier, dossier.disposition):
        for value in answer.values:
            yield value.when
            yield from _present(o.when for o in (*value.within, *value.via))
            yield from (i.when for i in value.instead)
    for trigger in dossier.triggers.values():
        yield trigger.when
        yield from trigger.severity.values()
        yield from step_conditions((*trigger.steps, *trigger.steps_if_possible))
        yield from (i.when for i in trigger.instead)
        yield from _present([trigger.route.unless if trigger.route else None])
    for pivot in dossier.pivots:
        yield pivot.when
        yield from step_conditions(pivot.steps)
        yield from _present([pivot.route.unless if pivot.route else None])
    for playbook in dossier.playbooks.values():
        for row in playbook.rows:
            yield row.when
            for steps in row.stages.values():
                yield from step_conditions(steps)
    for treatment in dossier.treatments:
        yield treatment.when
        yield from step_conditions(treatment.steps)
    yield from (m.when for m in dossier.monitoring)
    yield from (f.when for f in dossier.followup)
    yield from (c.when for c in dossier.conflicts)
    for action in dossier.actions.values():
        yield from (c.when for c in action.contraindications)
        yield from _present(o.when for o in action.orders)
    yield from _present(b.when for b in dossier.bans)
    yield from _present(q.pause_while for q in dossier.questions)
    if dossier.side is not None:
        yield dossier.side.confirmed
    if dossier.differential is not None:
        yield from differential_conditions(dossier.differential)


def differential_conditions(differential: Differential) -> Iterator[Condition]:
    """The levels of findings, contributors, and when a prior or a zone is shown."""
    for finding in differential.findings.values():
        yield from (level.when for level in finding.levels)
    yield from (c.when for c in differential.contributors.values())
    yield from _present(row.when for row in differential.priors)
    yield from _present(t.unless for t in differential.thresholds.values())


def gate_conditions(dossier: Dossier) -> Iterator[Condition]:
    """Every gate: what answers an input, what lets a phase advance, what the leaflet may say."""
    yield from _present(i.answered_when for i in dossier.inputs.values())
    yield from (p.advance for p in dossier.phases)
    if dossier.leaflet is not None:
        yield from dossier.leaflet.conditions()


def answering_conditions(dossier: Dossier) -> Iterator[Condition]:
    """The conditions of the answers and the triggers."""
    yield from (value.when for answer in (dossier.tier, dossier.disposition) for value in answer.values)
    yield from (trigger.when for trigger in dossier.triggers.values())


def step_conditions(steps: Iterable[Step]) -> Iterator[Condition]:
    """The guards of steps and of the options inside them."""
    for step in steps:
        yield from step.guards
        yield from _present([step.when, step.unless])
        yield from step_conditions(step.choose)


def tool_conditions(tool: Tool) -> Iterator[Condition]:
    """Every condition of a tool, so that what is open in it can be told."""
    if tool.applies_when is not None:
        yield tool.applies_when
    for item in tool.items:
        yield from (level.when for level in item.levels)
    yield from (row.when for row in tool.rows)
    yield from (band.when for band in tool.bands if band.when is not None)
    yield from (row.when for reading in tool.readings for row in reading.rows)


def _present(conditions: Iterable[Condition | None]) -> Iterator[Condition]:
    return (c for c in conditions if c is not None)


def place(part: Condition | ir.Expr) -> int:
    """What names a part of a dossier in its program: its number in the pack, below zero; else its identity."""
    number: int | None = part.__dict__.get(NUMBER)
    return id(part) if number is None else number


def once(conditions: Iterable[Condition]) -> list[Condition]:
    """Each condition once, where it comes first; two that say the same are two."""
    return list({id(condition): condition for condition in conditions}.values())


def nodes_of(conditions: Iterable[Condition]) -> list[ir.Expr]:
    """The expressions of conditions and all that is inside them, each object once, outermost first."""
    found: dict[int, ir.Expr] = {}
    waiting: list[ir.Expr] = [condition.expr for condition in conditions]
    waiting.reverse()
    while waiting:
        node = waiting.pop()
        if id(node) not in found:
            found[id(node)] = node
            waiting.extend(reversed(node.parts()))
    return list(found.values())
