"""An answered situation in, whether the patient's leaflet may be given out, and which of its sentences hold.

A leaflet reassures: it needs every answer settled and every red flag known not to be there, on fresh values alone. What
is not known, or cannot be excluded, withholds it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from clinical_commander.dossier.model import Dossier
from clinical_commander.dossier.model_leaflet import LeafletContent
from clinical_commander.engine.assessment import (
    AnswerReport,
    DispositionReport,
    LeafletReport,
    ScopeReport,
    TierReport,
    TriggerReport,
    Withheld,
)
from clinical_commander.engine.settle import Reader
from clinical_commander.engine.situation import Situation
from clinical_commander.program.program import Program

ALARMS = ("urgent", "critical")
"""Severities that make a trigger a red flag."""


def release(
    dossier: Dossier,
    program: Program,
    situation: Situation,
    scope: ScopeReport,
    tier: TierReport,
    disposition: DispositionReport,
    triggers: Mapping[str, TriggerReport],
) -> LeafletReport | None:
    """Why the leaflet is withheld, or else what it says; None where the dossier has no leaflet."""
    content = dossier.leaflet
    if content is None:
        return None
    judge = _Judge(dossier, program, situation)
    reasons = list(judge.unanswered(content, scope, tier, disposition))
    # Where the tier is another, and out of scope, the leaflet is not a question of what is still to be known.
    if scope.state != "out" and content.tier in tier.possible:
        reasons += judge.red_flags(content, triggers)
    if reasons:
        return LeafletReport(tuple(reasons))
    fresh, last = judge.gates()
    # A condition that can hold withholds: nothing is taken as absent because nobody knows it.
    barred = [w for w in content.withheld if any(view.can(program.pair(w.when)) for view in (fresh, last))]
    if barred:
        return LeafletReport(tuple(Withheld("content", (w.id,), fresh.missing(w.when.expr), w.text) for w in barred))
    shown, marked = [], []
    for section in content.sections:
        for sentence in section.sentences:
            if sentence.when is not None and not fresh.must(program.pair(sentence.when)):
                continue
            if sentence.within and sentence.within != disposition.within:
                continue
            shown.append(f"{section.id}.{sentence.id}")
            if sentence.mark is not None and fresh.must(program.pair(sentence.mark)):
                marked.append(shown[-1])
    return LeafletReport((), tuple(shown), tuple(marked))


class _Judge:
    def __init__(self, dossier: Dossier, program: Program, situation: Situation) -> None:
        self.dossier, self.program, self.situation = dossier, program, situation
        self.fresh, self.last = situation.fresh.reader, situation.last.reader

    def gates(self) -> tuple[Reader, Reader]:
        """The two views with the columns of the leaflet; the scores of the last one have not been looked at yet."""
        program, fresh, last = self.program, self.situation.fresh, self.situation.last
        now = Reader(program, fresh.x, program.evaluate_gates(fresh.x, fresh.columns))
        if not self.situation.stale:
            return now, now
        scored = program.evaluate_scores(last.x, last.columns)
        return now, Reader(program, last.x, program.evaluate_gates(last.x, scored))

    def unanswered(
        self, content: LeafletContent, scope: ScopeReport, tier: TierReport, disposition: DispositionReport
    ) -> Iterator[Withheld]:
        """Scope, tier, place of care and the facts that must be known."""
        if scope.state != "in":
            yield Withheld(f"scope_{scope.state}", (), scope.why if scope.state == "unknown" else (), scope.text)
            if scope.state == "out":  # of a patient out of scope nothing else is judged
                return
        yield from _not_settled("tier", tier, (content.tier,))
        if content.tier not in tier.possible:
            return
        told = self.situation.fresh.told
        unknown = tuple(f for f in self.dossier.tier.must_know if not told(f))
        if unknown:
            yield Withheld("must_know", (), unknown)
        yield from _not_settled("disposition", disposition, content.dispositions)

    def red_flags(self, content: LeafletContent, triggers: Mapping[str, TriggerReport]) -> Iterator[Withheld]:
        """Triggers that are or may become an alarm, and rules that the content counts among the red flags."""
        for name, report in triggers.items():
            may = tuple(s for s in report.may_become if s in ALARMS)
            if report.state == "quiet" or not (may or report.severity in ALARMS):
                continue
            if report.state == "fires" and report.severity in ALARMS:
                yield Withheld("red_flag", (name,))
            else:
                severities = (self.dossier.triggers[name].severity[s] for s in may)
                facts = [f for condition in severities for f in self.fresh.missing(condition.expr)]
                yield Withheld("red_flag_open", (name,), tuple(dict.fromkeys((*report.missing, *facts))))
        for name in content.red_flags:
            condition = self.dossier.rules[name].when
            pair = self.program.pair(condition)
            if self.fresh.must(pair) or self.last.must(pair):
                yield Withheld("red_flag", (name,))
            elif self.fresh.can(pair) or self.last.can(pair):
                yield Withheld("red_flag_open", (name,), self.fresh.missing(condition.expr))


def _not_settled(name: str, report: AnswerReport, wanted: Sequence[str]) -> Iterator[Withheld]:
    """Settled on one of the wanted values, or settled among them: which of them does not matter to the leaflet."""
    if not report.possible or not set(report.possible) <= set(wanted):
        yield Withheld(name, report.possible, report.missing)
    elif not report.settled:
        yield Withheld(f"{name}_open", report.possible, report.missing)
