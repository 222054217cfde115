"""A dossier and a shelf in, their statements with what each rests on out: the questions behind `commander cite`.

A statement inherits the weakest of what it rests on: its review state is `reviewed` only if every citation is, and its
evidence is as strong as its weakest citation.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from clinical_commander.dossier import evidence_figures
from clinical_commander.dossier.model import Citation, Dossier, Fact, Source, Step
from clinical_commander.frozen import frozen

STRENGTH = (
    "recalled", "expert", "source_dossier", "web_page", "label", "narrative_review", "case_series", "consensus",
    "score_derivation", "cohort", "score_validation", "randomised_trial", "systematic_review", "guideline",
)  # fmt: skip
"""Kinds of evidence, the weakest first. The order says how far a kind can be checked, not how a trial was done."""
WEAK = frozenset(STRENGTH[:7])


@frozen
class Statement:
    """One thing the dossier says: its content path, its kind, its words and its source."""

    path: str
    kind: str
    text: str
    source: Source


@frozen
class Support:
    """What a statement rests on: its citations, the weakest kind of evidence among them, and its review state."""

    statement: Statement
    citations: tuple[Citation, ...]
    weakest: str
    review: str

    @property
    def weak(self) -> bool:
        """Nothing firmer than memory, judgement, the source, a page or a narrative stands behind it."""
        return all(c.kind in WEAK for c in self.citations)


def supports(dossier: Dossier, ledger: Mapping[str, Citation], shelf: Dossier | None = None) -> list[Support]:
    """Every statement of a dossier with what it rests on, in the order of the dossier; then those of the shelf.

    Args:
        dossier: The dossier.
        ledger: All citations of its content.
        shelf: The facts and tools beside it, of which it may use some only.
    """
    found = []
    for statement in _all_statements(dossier, shelf):
        citations = tuple(ledger[c] for c in statement.source.cite if c in ledger)
        weakest = min((c.kind for c in citations), key=STRENGTH.index, default="expert")
        reviewed = bool(citations) and all(c.review == "reviewed" for c in citations)
        found.append(Support(statement, citations, weakest, "reviewed" if reviewed else "needed"))
    return found


def _all_statements(dossier: Dossier, shelf: Dossier | None) -> Iterator[Statement]:
    yield from statements(dossier)
    if shelf is not None:
        yield from _facts(fact for id, fact in shelf.facts.items() if id not in dossier.facts)
        for id, tool in shelf.tools.items():
            if id not in dossier.tools:
                yield from (Statement(*figure) for figure in evidence_figures.of_tool(tool))


def statements(dossier: Dossier) -> Iterator[Statement]:
    """All that a dossier says with a source, each once; a step of a block once a place it is used in."""
    for name, threshold in dossier.thresholds.items():
        yield Statement(f"thresholds.{name}", "threshold", f"{threshold.says}: {threshold.text}", threshold.source)
    for name, rule in dossier.rules.items():
        yield Statement(f"rules.{name}", "rule", rule.says, rule.source)
    for answer in (dossier.tier, dossier.disposition):
        for value in answer.values:
            yield Statement(f"{answer.id}.{value.id}", "answer", value.text or value.title, value.source)
    for name, given in dossier.inputs.items():
        yield Statement(f"inputs.{name}", "input", given.rationale, given.source)
    for name, entry in dossier.entry_points.items():
        yield Statement(f"entry_points.{name}", "entry point", entry.text, entry.source)
    for name, trigger in dossier.triggers.items():
        yield Statement(f"triggers.{name}", "trigger", trigger.text, trigger.source)
        yield from _steps((*trigger.steps, *trigger.steps_if_possible), dossier)
    for phase in dossier.phases:
        yield Statement(f"phases.{phase.id}", "phase", phase.text, phase.source)
    for pivot in dossier.pivots:
        yield Statement(f"pivots.{pivot.id}", "pivot", pivot.text, pivot.source)
        yield from _steps(pivot.steps, dossier)
    for playbook in dossier.playbooks.values():
        for row in playbook.rows:
            for steps in row.stages.values():
                yield from _steps(steps, dossier)
    for treatment in dossier.treatments:
        yield from _steps(treatment.steps, dossier)
    for monitored in dossier.monitoring:
        yield Statement(f"monitoring.{monitored.id}", "monitoring", monitored.text, monitored.source)
    for follow in dossier.followup:
        yield Statement(f"followup.{follow.id}", "follow-up", follow.text, follow.source)
    for conflict in dossier.conflicts:
        yield Statement(f"conflicts.{conflict.id}", "conflict", conflict.text, conflict.source)
    for action in dossier.actions.values():
        yield Statement(f"actions.{action.id}", "action", action.text or action.label, action.source)
        for i, against in enumerate(action.contraindications, 1):
            path = f"actions.{action.id}.contraindications.{i}"
            yield Statement(path, "contraindication", against.text, against.source)
    for sibling in dossier.siblings:
        yield Statement(f"siblings.{sibling.dossier}", "sibling", sibling.settles, sibling.source)
    for i, line in enumerate(dossier.emergency_card, 1):
        yield Statement(f"emergency_card.{i}", "emergency card", line.text, line.source)
    for question in dossier.questions:
        yield Statement(f"questions.{question.id}", "question", question.text, question.source)
    yield from _facts(dossier.facts.values())
    for constraint in dossier.constraints:
        says = f"{', '.join(constraint.given) or 'here'}: {', '.join(constraint.then)}"
        yield Statement(f"constraints.{constraint.id}", "implication", says, constraint.source)
    if dossier.differential is not None:
        yield from (Statement(*figure) for figure in evidence_figures.of_differential(dossier.differential))
    for section in dossier.leaflet.sections if dossier.leaflet else ():
        for sentence in section.sentences:
            yield Statement(f"leaflet.{section.id}.{sentence.id}", "leaflet", sentence.text, sentence.source)
    for tool in dossier.tools.values():
        yield from (Statement(*figure) for figure in evidence_figures.of_tool(tool))


def _steps(steps: Iterable[Step], dossier: Dossier) -> Iterator[Statement]:
    for step in steps:
        label = dossier.actions[step.action].label if step.action else ""
        yield Statement(step.path, "recommendation", step.text or step.do or label, step.source)
        yield from _steps(step.choose, dossier)


def _facts(facts: Iterable[Fact]) -> Iterator[Statement]:
    for fact in facts:
        yield Statement(f"facts.{fact.id}", "fact", fact.label, fact.source)
