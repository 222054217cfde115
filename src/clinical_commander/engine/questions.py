"""What is open in, the next questions out: the dossier's fixed order, what would settle the tier first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from clinical_commander.dossier.model import Dossier, Question
from clinical_commander.engine.assessment import ActionReport, AnswerReport, NextReport, TriggerReport
from clinical_commander.engine.situation import View
from clinical_commander.program.program import Program


def questions(
    dossier: Dossier,
    program: Program,
    view: View,
    tier: AnswerReport,
    triggers: Mapping[str, TriggerReport],
    actions: Sequence[ActionReport],
) -> tuple[NextReport, ...]:
    """The open questions, best first. One is open while what answers it is not known and could change something.

    First those that hold a fact the tier must know, then those that could raise it or that a STAT action asks for, then
    those that a trigger waits for; within each group in the dossier's order. A question may pause all that follow it.
    """
    waits: dict[str, list[str]] = {}
    stat: dict[str, list[str]] = {}
    for action in actions:
        if action.priority == "stat":
            for name in action.ask:
                stat.setdefault(name, []).append(action.id)
    for trigger, found in triggers.items():
        for name in found.missing:
            waits.setdefault(name, []).append(trigger)
    ranked: list[tuple[int, int, NextReport]] = []
    asked: set[str] = set()
    for place, question in enumerate(dossier.questions):
        facts = _open(question, view)
        asked.update(facts)
        report, rank = _report(question.id, question.text, facts, tier, waits, stat)
        if facts and report.could_change:
            ranked.append((rank, place, report))
        if question.pause_while is not None and view.reader.must(program.pair(question.pause_while)):
            return _ordered(ranked)
    # A fact that decides and that no question asks for is asked by its own words.
    left = [
        n for missing in (tier.missing, *(t.missing for t in triggers.values())) for n in missing if n in dossier.facts
    ]
    for place, name in enumerate(dict.fromkeys(n for n in left if n not in asked)):
        report, rank = _report(name, dossier.facts[name].ask, (name,), tier, waits, stat)
        ranked.append((rank, len(dossier.questions) + place, report))
    return _ordered(ranked)


def _ordered(ranked: list[tuple[int, int, NextReport]]) -> tuple[NextReport, ...]:
    return tuple(report for _, _, report in sorted(ranked, key=lambda r: r[:2]))


def _open(question: Question, view: View) -> tuple[str, ...]:
    answered_by = question.answered_by or question.facts
    if all(view.reader.known(name) for name in answered_by):
        return ()
    return tuple(name for name in question.facts if not view.reader.known(name))


def _report(
    ask: str,
    text: str,
    facts: Sequence[str],
    tier: AnswerReport,
    waits: Mapping[str, Sequence[str]],
    stat: Mapping[str, Sequence[str]],
) -> tuple[NextReport, int]:
    mine = set(facts)
    changes = list(dict.fromkeys(x for name in facts for x in (*waits.get(name, ()), *stat.get(name, ()))))
    raises = bool(mine.intersection(tier.not_asked))
    decides = bool(mine.intersection(tier.missing))
    could_change = (["tier"] if decides or raises else []) + changes
    settles = [list(s) for s in tier.settled_by if set(s) <= mine]
    rank = 0 if decides else 1 if raises or not mine.isdisjoint(stat) else 2
    return NextReport(ask, tuple(facts), tuple(map(tuple, settles)), tuple(could_change), None, None, text), rank
