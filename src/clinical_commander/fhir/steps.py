"""A dossier in, its steps out, each with the conditions under which it applies: as rule text and as FHIR has them."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from clinical_commander.dossier.model import Condition, Dossier, Step
from clinical_commander.fhir.datatypes import LANGUAGE, Json, filled
from clinical_commander.fhir.phrases import say

Words = Callable[[Condition], str]
"""What puts a condition into words."""


def all_steps(dossier: Dossier) -> Iterator[Step]:
    """Every step of a dossier, options of a choice included; a step of a block once for each place it is used in."""
    for trigger in dossier.triggers.values():
        yield from _with_options((*trigger.steps, *trigger.steps_if_possible))
    for pivot in dossier.pivots:
        yield from _with_options(pivot.steps)
    for treatment in dossier.treatments:
        yield from _with_options(treatment.steps)
    for playbook in dossier.playbooks.values():
        for row in playbook.rows:
            for steps in row.stages.values():
                yield from _with_options(steps)


def _with_options(steps: tuple[Step, ...]) -> Iterator[Step]:
    for step in steps:
        yield step
        yield from _with_options(step.choose)


def conditions(step: Step) -> Iterator[tuple[str, Condition]]:
    """What must hold for a step: the guards of the blocks around it and its own, and the one that holds it back."""
    for guard in step.guards:
        yield "when", guard
    if step.when is not None:
        yield "when", step.when
    if step.unless is not None:
        yield "unless", step.unless


def rule_text(step: Step) -> str:
    """All conditions of a step as one rule text."""
    return " AND ".join(f"({c.text})" if kind == "when" else f"NOT ({c.text})" for kind, c in conditions(step))


def expression(text: str, description: str = "") -> Json:
    """Rule text as an Expression, its language named as our own."""
    return filled(description=description, language=LANGUAGE, expression=text)


def applicability(condition: Condition, words: Words) -> Json:
    """A condition as FHIR's applicability: in words, and as the rule text."""
    return {"kind": "applicability", "expression": expression(condition.text, words(condition))}


def step_conditions(dossier: Dossier, step: Step, words: Words) -> list[Json]:
    """The conditions of a step. What holds it back says what an unknown answer means."""
    found = []
    for kind, condition in conditions(step):
        if kind == "when":
            found.append(applicability(condition, words))
        else:
            unknown = step.if_unknown.replace("_", " ")
            says = say(dossier, "not_while", words(condition), unknown)
            found.append({"kind": "applicability", "expression": expression(f"NOT ({condition.text})", says)})
    return found
