"""What is open in, the next questions out: the dossier's fixed order, what would settle the tier first; then worth."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

from clinical_commander.dossier.model import Condition, Dossier, Question, Step, Trigger
from clinical_commander.engine.assessment import ActionReport, AnswerReport, NextReport, TriggerReport
from clinical_commander.engine.case import Case
from clinical_commander.engine.could import Could, Look
from clinical_commander.engine.differential import Judged
from clinical_commander.engine.situation import Situation, View
from clinical_commander.engine.worth import Worth, ordered_with
from clinical_commander.program.program import Program
from clinical_commander.program.references import Later

TIER, STAT, ALARM, REST = range(4)
"""What an answer could do: settle the tier; raise it or free a STAT action; add STAT actions by an alarm; the rest.

An alarm adds STAT actions only where some step of it may come to hold: an embolism in a patient who has streaks and is
not in shock adds none.
"""


def questions(
    dossier: Dossier,
    program: Program,
    case: Case,
    situation: Situation,
    tier: AnswerReport,
    triggers: Mapping[str, TriggerReport],
    actions: Sequence[ActionReport],
    worth: Worth | None,
    could: Could,
    judged: Sequence[Judged],
) -> tuple[NextReport, ...]:
    """The open questions, best first. One is open while what answers it is not known and could change something.

    First those that hold a fact the tier must know, then those that could raise it or that a STAT action asks for, then
    those whose trigger could add STAT actions; within each group in the dossier's order. Then what is worth most for
    what it takes, then what else a trigger waits for. A question may pause all that follow it.
    """
    view = situation.fresh
    # Where nothing is stale both views say the same.
    looks = could.looks((view.reader, situation.last.reader) if situation.stale else (view.reader,))
    urgent = Later(dossier.triggers, lambda id: _adds_stat(dossier.triggers[id], could, looks))
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
        report, rank = _report(question.id, question.text, facts, tier, waits, stat, urgent)
        if facts and report.could_change:
            ranked.append((rank, place, report))
        if question.pause_while is not None and view.reader.must(program.pair(question.pause_while)):
            return _ordered(ranked)
    # A fact that decides and that no question asks for is asked by its own words, or by the test that tells it.
    left = [
        n for missing in (tier.missing, *(t.missing for t in triggers.values())) for n in missing if n in dossier.facts
    ]
    asks: dict[tuple[str, str], list[str]] = {}
    for name in dict.fromkeys(n for n in left if n not in asked):
        test = worth.ask_of(name) if worth is not None else None
        asks.setdefault(test or (name, dossier.facts[name].ask), []).append(name)
    for place, ((ask, text), names) in enumerate(asks.items()):
        report, rank = _report(ask, text, names, tier, waits, stat, urgent)
        ranked.append((rank, len(dossier.questions) + place, report))
    if worth is None:
        return _ordered(ranked)
    return tuple(ordered_with(ranked, worth.questions(case, situation, judged), TIER, REST, worth.topics))


def still_asked(
    found: Sequence[NextReport], aside: Collection[str] = (), left_open: Collection[str] = ()
) -> tuple[NextReport, ...]:
    """The questions that are put to somebody, best first: those that decide something and were not put aside.

    Args:
        found: The open questions of an assessment. What is known is not among them.
        aside: Ids of the questions that were put aside.
        left_open: Facts that were asked for and are not known; a question that would make known no other is not put.
    """
    return tuple(q for q in found if q.decides and q.ask not in aside and not set(q.facts) <= set(left_open))


def _ordered(ranked: list[tuple[int, int, NextReport]]) -> tuple[NextReport, ...]:
    return tuple(report for _, _, report in sorted(ranked, key=lambda r: r[:2]))


def _adds_stat(trigger: Trigger, could: Could, looks: tuple[Look, ...]) -> bool:
    """Whether a trigger has a STAT step that may come to hold."""
    return any(could.holds(step, looks) for step in _stat((*trigger.steps, *trigger.steps_if_possible)))


def _stat(steps: Iterable[Step], around: tuple[Condition, ...] = ()) -> Iterator[tuple[Condition, ...]]:
    """The conditions of each STAT step, with those of the choice that it stands in."""
    for step in steps:
        conditions = (*around, *step.guards, *((step.when,) if step.when is not None else ()))
        if step.priority == "stat":
            yield conditions
        yield from _stat(step.choose, conditions)


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
    urgent: Mapping[str, bool],
) -> tuple[NextReport, int]:
    mine = set(facts)
    changes = list(dict.fromkeys(x for name in facts for x in (*waits.get(name, ()), *stat.get(name, ()))))
    raises = bool(mine.intersection(tier.not_asked))
    decides = bool(mine.intersection(tier.missing))
    could_change = (["tier"] if decides or raises else []) + changes
    settles = [list(s) for s in tier.settled_by if set(s) <= mine]
    rank = TIER if decides else STAT if raises or not mine.isdisjoint(stat) else REST
    if rank == REST and any(urgent[trigger] for name in facts for trigger in waits.get(name, ())):
        rank = ALARM
    report = NextReport(
        ask, tuple(facts), tuple(map(tuple, settles)), tuple(could_change), None, None, text, decides=rank < REST
    )
    return report, rank
