"""Situations in, the answers out: tier, bleeding source, disposition and triggers, each as what is still possible."""

from __future__ import annotations

from collections.abc import Sequence

from clinical_commander.dossier.model import Condition, Dossier, Instead, Option, OrderedAnswer, Trigger
from clinical_commander.engine.assessment import AnswerReport, Because, TriggerReport
from clinical_commander.engine.settle import Reader, settled_by
from clinical_commander.engine.situation import Situation, View
from clinical_commander.frozen import frozen
from clinical_commander.program.conditions import place
from clinical_commander.program.part import Values
from clinical_commander.program.program import Program

SEVERITIES = ("notice", "urgent", "critical")


@frozen
class Range:
    """An ordered answer between two of its values, as indices; `last_known` if the low end rests on stale facts."""

    low: int
    high: int
    possible: tuple[str, ...]
    last_known: bool

    @property
    def settled(self) -> bool:
        return len(self.possible) == 1


class Answers:
    """Reads the answers off a situation. One per dossier."""

    def __init__(self, dossier: Dossier, program: Program) -> None:
        self.dossier, self.program = dossier, program
        # Each value of an ordered answer with its columns: can, must, and whether it is left.
        self._values = {
            answer.id: [(v.id, *program.pair(v.when), program.answers[answer.id][v.id]) for v in answer.values]
            for answer in (dossier.tier, dossier.disposition)
        }

    # -- ordered answers

    def range(self, answer: OrderedAnswer, situation: Situation) -> Range:
        """From the highest value that must hold, in either view, to the highest that can, in either view.

        A stale fact that can only raise is unknown, and so silent, in the fresh view; in the last one it still raises.
        """
        fresh, last = situation.fresh.columns, situation.last.columns
        return self.range_of(answer, (fresh, last) if situation.stale else (fresh,))

    def range_of(self, answer: OrderedAnswer, views: Sequence[Values]) -> Range:
        """The same from the columns of the fresh view and, where something is stale, of the last one."""
        values = self._values[answer.id]
        ends = [_ends(values, columns) for columns in views]
        low, high = (max(end[i] for end in ends) for i in (0, 1))
        last_known = low > ends[0][0]
        if not any(columns[can] for columns in views for _, can, _, _ in values):
            # A gap in the content: nothing is reached by default, so nothing is ruled out above what must hold.
            return Range(low, len(values) - 1, tuple([value[0] for value in values[low:]]), last_known)
        left = [
            id
            for i, (id, _, _, possible) in enumerate(values)
            if low <= i <= high and (i == low or any(columns[possible] for columns in views))
        ]
        return Range(low, high, tuple(left), last_known)

    def missing(self, answer: OrderedAnswer, found: Range, view: View) -> tuple[str, ...]:
        """The facts that could still move an ordered answer within its range."""
        if found.settled:
            return ()
        names: dict[str, None] = {}
        for value in answer.values[found.low :]:
            if value.id in found.possible:
                names.update(dict.fromkeys(view.reader.missing(value.when.expr)))
        order = {name: i for i, name in enumerate(answer.must_know)}
        return tuple(sorted(names, key=lambda n: order.get(n, len(order))))

    def not_asked(self, conditions: Sequence[Condition], view: View, missing: Sequence[str]) -> tuple[str, ...]:
        """Facts that enter only as known-true and are not known: they could raise the answer, and nobody asked."""
        unknown = view.reader.unknown
        modal = (name for condition in conditions for name in self.program.modal[place(condition)])
        return tuple(dict.fromkeys([name for name in modal if name in unknown and name not in missing]))

    def report(self, answer: OrderedAnswer, situation: Situation, found: Range) -> AnswerReport:
        view = situation.fresh
        missing = self.missing(answer, found, view)
        value = answer.values[found.low]
        grounds_view = situation.last if found.last_known else view
        # What can only raise cannot raise the highest value.
        top = found.low == len(answer.values) - 1
        not_asked = () if top else self.not_asked([v.when for v in answer.values], view, missing)
        because: tuple[Because, ...] = ()
        if (found.settled or found.low > 0) and self.holds(value.when, situation):
            because = grounds(grounds_view.reader, value.when, value.id)
        return AnswerReport(
            settled=found.settled,
            value=found.possible[0] if found.settled else None,
            possible=found.possible,
            not_asked=not_asked,
            missing=missing,
            settled_by=tuple(map(tuple, settled_by(missing))),
            because=because,
            text=self.said(value.text, value.instead, situation) if found.settled else "",
            citations=value.source.cite,
        )

    def holds(self, condition: Condition, situation: Situation) -> bool:
        """A condition must hold in one of the two views."""
        pair = self.program.pair(condition)
        return situation.fresh.reader.must(pair) or situation.last.reader.must(pair)

    def option(self, options: Sequence[Option], situation: Situation) -> Option | None:
        """The first row that can hold: rows stand most cautious first."""
        for option in options:
            if option.when is None:
                return option
            pair = self.program.pair(option.when)
            if situation.fresh.reader.can(pair) or situation.last.reader.must(pair):
                return option
        return None

    def said(self, usual: str, instead: Sequence[Instead], situation: Situation) -> str:
        """A text, or the first that stands in its place because its condition must hold."""
        return next((row.text for row in instead if self.holds(row.when, situation)), usual)

    def source(self, situation: Situation) -> AnswerReport | None:
        answer = self.dossier.bleeding_source
        if answer is None:
            return None
        view = situation.fresh
        columns = self.program.answers[answer.id]
        possible = tuple(v for v in answer.values if view.columns[columns[v]])
        settled = len(possible) == 1
        missing = () if settled else (answer.fact,)
        return AnswerReport(
            settled,
            possible[0] if settled else None,
            possible,
            (),
            missing,
            tuple(map(tuple, settled_by(missing))),
            (),
            "",
        )

    # -- triggers

    def trigger(self, trigger: Trigger, situation: Situation) -> TriggerReport:
        pair = self.program.pair(trigger.when)
        fresh, last = situation.fresh.reader, situation.last.reader
        fires_fresh = fresh.must(pair)
        fires_last = not trigger.reassures and bool(situation.stale) and last.must(pair)
        fires = fires_fresh or fires_last
        state = (
            "fires"
            if fires
            else "cannot_exclude"
            if fresh.can(pair) or (situation.stale and last.can(pair) and not trigger.reassures)
            else "quiet"
        )
        missing = () if state != "cannot_exclude" else fresh.missing(trigger.when.expr)
        severity: str | None = None
        may_become: list[str] = []
        for name in SEVERITIES:
            condition = trigger.severity.get(name)
            if condition is None or state == "quiet":
                continue
            of = self.program.pair(condition)
            if fires and (fresh.must(of) or last.must(of)):
                severity, may_become = name, []
            elif fresh.can(of):
                may_become.append(name)
        usual = self.said(trigger.text, trigger.instead, situation) if fires else trigger.text
        text = {"fires": usual, "cannot_exclude": trigger.cannot_exclude_text, "quiet": trigger.quiet_text}[state]
        return TriggerReport(
            state=state,
            last_known=fires and not fires_fresh,
            severity=severity,
            may_become=tuple(may_become),
            because=grounds(fresh if fires_fresh else last, trigger.when, trigger.id) if fires else (),
            missing=missing,
            not_asked=self.not_asked([trigger.when], situation.fresh, missing),
            settled_by=tuple(map(tuple, settled_by(missing))),
            route=trigger.route.dossier if trigger.route else None,
            citations=trigger.source.cite,
            text=text,
            shown_first=trigger.shown_first,
        )


def _ends(values: Sequence[tuple[str, int, int, int]], columns: Values) -> tuple[int, int]:
    """The lowest and the highest value of an answer, by one view."""
    must = [i for i, value in enumerate(values) if columns[value[2]]]
    can = [i for i, value in enumerate(values) if columns[value[1]]]
    if not can:  # a gap in the content: nothing is reached by default
        return 0, len(values) - 1
    low = must[-1] if must else can[0]
    return low, max(can[-1], low)


def grounds(reader: Reader, condition: Condition, name: str) -> tuple[Because, ...]:
    """Why a condition must hold, under its own name where no rule inside it has one."""
    return tuple(Because(rule or name, facts) for rule, facts in reader.grounds(condition.expr, name))
