"""A dossier and a case in, an assessment out. The pipeline stands in `Engine.assess`, in order.

Pure: the same engine, content, case and site give the same assessment, to the byte.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any

from clinical_commander import __version__
from clinical_commander.dossier.model import Dossier, Fact
from clinical_commander.engine import assessment as a
from clinical_commander.engine.answers import Answers, Range
from clinical_commander.engine.case import Case
from clinical_commander.engine.could import Could
from clinical_commander.engine.differential import Differentials
from clinical_commander.engine.differential import Judged as Posterior
from clinical_commander.engine.episode import Episodes
from clinical_commander.engine.phases import Phases
from clinical_commander.engine.plan import LIVE, Judged, Planner
from clinical_commander.engine.possible import Known
from clinical_commander.engine.questions import questions
from clinical_commander.engine.release import release
from clinical_commander.engine.scores import Scores
from clinical_commander.engine.situation import HOUR, Situation, Situations
from clinical_commander.engine.worth import Worth
from clinical_commander.frozen import replace
from clinical_commander.program.program import Program

if TYPE_CHECKING:
    from clinical_commander.engine.counterfactual import Counterfactuals

NO_SITE: Mapping[str, str] = {}


def assess(dossier: Dossier, case: Case, capabilities: Mapping[str, str] = NO_SITE) -> a.Assessment:
    """The assessment of one case. For many cases of one dossier, keep an `Engine`."""
    return Engine(dossier).assess(case, capabilities)


class Engine:
    """A dossier made ready to run. Of a patient it keeps how far the last few cases were looked back at: `Episodes`."""

    def __init__(self, dossier: Dossier, program: Program | None = None) -> None:
        self.dossier = dossier
        if program is None:
            from clinical_commander.program.build import build  # lowering is half of all modules

            program = build(dossier)
        self.program = program
        self.situations = Situations(dossier, self.program)
        self.answers = Answers(dossier, self.program)
        self.episodes = Episodes(dossier, self.program, self.situations, self.answers)
        self.planner = Planner(dossier, self.program)
        self.scores = Scores(dossier, self.program)
        self.differentials = Differentials(dossier, self.program) if dossier.differential is not None else None
        self.could = Could(dossier, self.program)
        self.worth = Worth(dossier, self.program, self.differentials) if self.differentials is not None else None
        self.phases = Phases(dossier, self.program)
        self.unreviewed = _unreviewed(dossier)

    def assess(
        self, case: Case, capabilities: Mapping[str, str] = NO_SITE, site: Mapping[str, object] | None = None
    ) -> a.Assessment:
        """The assessment of one case.

        Args:
            case: What is known of the patient, and the moment assessed.
            capabilities: What the site has: yes, no or on_call by name; what is not named is unknown.
            site: What the overlay changed, to be listed.
        """
        dossier = self.dossier
        worst, hours_since_worst, situation = self._episode(case, capabilities)
        situation = replace(situation, fresh=self.scores.evaluated(situation.fresh))
        found = self.answers.range(dossier.tier, situation)
        scope = self._scope(situation)
        tier = self._tier(situation, found, worst, hours_since_worst, scope)
        triggers = self._triggers(situation, scope)
        states = {name: t.state for name, t in triggers.items()}
        rows = self.planner.rows(case, situation, found, tier.missing) if scope.state != "out" else []
        judged = [*rows, *self.planner.others(case, situation, states)]
        if scope.state == "out":
            judged = self._out_of_scope(judged, triggers)
        actions, conflicts = self.planner.actions(judged, case, situation)
        if scope.state == "out":  # an order may carry an amount for those in scope
            actions = [replace(x, orders=()) for x in actions]
        self._level_plan(rows, actions)
        disposition = self._disposition(situation, scope, case)
        likely = self.differentials.judged(case, situation.fresh) if self.differentials is not None else []
        differential = self._differential(case, situation, scope, tier, likely)
        return a.Assessment(
            engine_version=__version__,
            dossier=dossier.id,
            content_version=dossier.version,
            content_hash=dossier.content_hash,
            channel=dossier.channel,
            watermark=dossier.watermark,
            setting=case.setting,
            region=case.region,
            entry=case.entry,
            at=case.at,
            scope=scope,
            facts=self._facts(case, situation),
            tier=tier,
            bleeding_source=self.answers.source(situation),
            disposition=disposition,
            triggers=triggers,
            phases=self.phases.report(situation, actions, triggers, differential),
            scores=self.scores.report(situation.fresh, scope.text if scope.state == "out" else ""),
            next=questions(
                dossier, self.program, case, situation, tier, triggers, actions, self.worth, self.could, likely
            ),
            actions=tuple(actions),
            plan=tuple(self.planner.plan([*rows, *(j for j in judged[len(rows) :] if j.step.do)])),
            routes=tuple(self.planner.routes(situation, states)),
            conflicts=(*conflicts, *self._contradictions(situation)),
            monitoring=self._monitoring(situation, scope),
            followup=self._followup(situation, scope),
            warnings=self._warnings(case, situation),
            unreviewed=self.unreviewed,
            differential=differential,
            site=dict(site or {}),
            leaflet=release(dossier, self.program, situation, scope, tier, disposition, triggers),
        )

    def situation(self, case: Case, capabilities: Mapping[str, str] = NO_SITE) -> Situation:
        """What is possible of every fact at the moment assessed, the episode remembered."""
        return self._episode(case, capabilities)[2]

    @cached_property
    def counterfactuals(self) -> Counterfactuals:
        """Finds what would make the tier another one; made ready when it is first asked for."""
        from clinical_commander.engine.counterfactual import Counterfactuals  # an assessment does not need it

        return Counterfactuals(self)

    # -- the episode

    def _episode(self, case: Case, capabilities: Mapping[str, str]) -> tuple[str | None, float | None, Situation]:
        """The worst tier that had to hold at any observation, hours since, and the situation at the moment assessed."""
        past = self.episodes.past(case, capabilities)
        situation = self.situations.at(case, case.at, past.hours_since_major(case.at), capabilities)
        found = self.answers.range(self.dossier.tier, situation)
        past = self.episodes.counted(past, case.at, found, situation.fresh.columns, situation.last.columns)
        worst, worst_at = self._stated(situation, past.worst, past.at)
        if worst < 0:
            return None, None, situation
        return self.dossier.tier.values[worst].id, (case.at - worst_at).total_seconds() / HOUR, situation

    def _stated(self, situation: Situation, worst: int, worst_at: datetime) -> tuple[int, datetime]:
        name = self.dossier.tier.stated_by
        known = situation.last.known.get(name) if name else None
        if known is None or len(known.possible.codes) != 1 or known.observation is None:
            return worst, worst_at
        values = [v.id for v in self.dossier.tier.values]
        said = next(iter(known.possible.codes))
        if said in values and values.index(said) > worst:
            return values.index(said), known.observation.at
        return worst, worst_at

    # -- answers

    def _scope(self, situation: Situation) -> a.ScopeReport:
        scope = self.dossier.scope
        pair = self.program.pair(scope.when)
        reader = situation.fresh.reader
        if reader.must(pair):
            return a.ScopeReport("in", ())
        why = tuple(sorted(self.program.references.reads(scope.when.expr)))
        if not reader.can(pair):
            return a.ScopeReport("out", why, scope.out_text)
        return a.ScopeReport("unknown", why, scope.unknown_text)

    def _tier(
        self, situation: Situation, found: Range, worst: str | None, hours: float | None, scope: a.ScopeReport
    ) -> a.TierReport:
        report = self.answers.report(self.dossier.tier, situation, found)
        values = _values(report)
        if scope.state == "out" and not (report.settled and report.value == self.dossier.tier.values[-1].id):
            # Adult rules can only raise here: the highest value stays possible, lower ones are not spoken of.
            highest = tuple(v for v in report.possible if v == self.dossier.tier.values[-1].id)
            values |= {"settled": False, "value": None, "possible": highest, "text": "", "withheld": a.Text(scope.text)}
            values |= {"because": ()}
            worst = hours = None
        return a.TierReport(**values, worst_this_episode=worst, hours_since_worst=hours, last_known=found.last_known)

    def _disposition(self, situation: Situation, scope: a.ScopeReport, case: Case) -> a.DispositionReport:
        answer = self.dossier.disposition
        found = self.answers.range(answer, situation)
        report = self.answers.report(answer, situation, found)
        values = _values(report)
        within = via = None
        within_says = via_says = a.NO_TEXT
        if scope.state == "out":
            values |= {
                "settled": False,
                "value": None,
                "possible": (),
                "text": "",
                "withheld": a.Text(scope.text),
                "because": (),
            }
        else:
            # While it is open, the way there is that of the highest level still possible.
            value = answer.values[found.low if found.settled else found.high]
            within_row, via_row = (
                self.answers.option(value.within, situation),
                self.answers.option(value.via, situation),
            )
            within, via = within_row.value if within_row else None, via_row.value if via_row else None
            within_says, via_says = (a.Text(row.text) if row else a.NO_TEXT for row in (within_row, via_row))
        return a.DispositionReport(**values, within=within, via=via, within_says=within_says, via_says=via_says)

    def _triggers(self, situation: Situation, scope: a.ScopeReport) -> dict[str, a.TriggerReport]:
        found = {}
        for name, trigger in self.dossier.triggers.items():
            report = self.answers.trigger(trigger, situation)
            if scope.state == "out" and (report.state == "quiet" or trigger.reassures):
                values = dict(vars(report))
                report = a.TriggerReport(
                    **values | {"state": "cannot_exclude", "severity": None, "text": trigger.cannot_exclude_text}
                )
            found[name] = report
        return found

    def _out_of_scope(self, judged: Sequence[Judged], triggers: Mapping[str, a.TriggerReport]) -> list[Judged]:
        critical = {name for name, t in triggers.items() if t.state == "fires" and t.severity == "critical"}
        return [j for j in judged if j.source in critical]

    def _level_plan(self, rows: list[Judged], actions: Sequence[a.ActionReport]) -> None:
        """A step of the plan whose action is held back elsewhere says so too: one answer on every surface."""
        held = {x.id: x for x in actions if x.state == "withheld"}
        for i, j in enumerate(rows):
            if j.step.action in held and j.state in LIVE:
                rows[i] = Judged(
                    j.step, "withheld", j.ask, next(iter(held[j.step.action].withheld_by), ""), j.source, j.stage
                )

    # -- the rest

    def _differential(
        self,
        case: Case,
        situation: Situation,
        scope: a.ScopeReport,
        tier: a.TierReport,
        likely: Sequence[Posterior],
    ) -> a.DifferentialReport:
        if self.differentials is None:
            return a.DifferentialReport((), (), (), ())
        found = self.differentials.report(case, situation, scope.text if scope.state == "out" else "", likely)
        if found.causes and self.dossier.tier.values[-1].id in tier.possible:
            text = self.dossier.words.get("differential", {}).get("massive_possible", "")
            return replace(found, text=text)
        return found

    def _facts(self, case: Case, situation: Situation) -> dict[str, a.FactReport]:
        last = situation.last.known
        found = {name: a.FactReport("unknown") for name in case.not_known if name not in last}
        for name, known in situation.last.known.items():
            fact = self.dossier.facts[name]
            state = "stale" if name in situation.stale else known.state
            found[name] = fact_report(fact, known, state)
        return dict(sorted(found.items()))

    def _contradictions(self, situation: Situation) -> list[a.ConflictReport]:
        return [
            a.ConflictReport(
                c.constraint.id,
                "facts",
                tuple(a.Text(self.dossier.facts[name].label) for name in c.facts),
                (),
                (),
                True,
                c.facts,
                c.constraint.source.why,
            )
            for c in situation.contradictions
        ]

    def _monitoring(self, situation: Situation, scope: a.ScopeReport) -> tuple[a.MonitoringReport, ...]:
        if scope.state == "out":
            return ()
        found = []
        for item in self.dossier.monitoring:
            pair = self.program.pair(item.when)
            must = situation.fresh.reader.must(pair) or situation.last.reader.must(pair)
            if must or situation.fresh.reader.can(pair):
                state = "do" if must else "ask_first"
                found.append(
                    a.MonitoringReport(
                        item.id, state, item.every, a.Text(item.until), item.facts, item.action, item.text
                    )
                )
        return tuple(found)

    def _followup(self, situation: Situation, scope: a.ScopeReport) -> tuple[a.FollowUpReport, ...]:
        if scope.state == "out":
            return ()
        reader = situation.fresh.reader
        return tuple(
            a.FollowUpReport(
                f.id, "do" if reader.must(self.program.pair(f.when)) else "ask_first", f.action, f.within, f.text
            )
            for f in self.dossier.followup
            if reader.can(self.program.pair(f.when))
        )

    def _warnings(self, case: Case, situation: Situation) -> tuple[a.WarningReport, ...]:
        found = [a.WarningReport(p.code, (), f"{p.cause} {p.mend}".strip()) for p in case.warnings]
        words = self.dossier.words.get("warnings", {})
        text = words.get("stale", "")
        found += [
            a.WarningReport("stale", (name,), text.replace("{fact}", self.dossier.facts[name].label))
            for name in sorted(situation.stale)
        ]
        return tuple(found)


def fact_report(fact: Fact, known: Known, state: str) -> a.FactReport:
    """What is known of a fact, for the JSON. A stale fact shows its last value."""
    possible, observation = known.possible, known.observation
    value: str | float | bool | None = None
    low = high = None
    codes: tuple[str, ...] = ()
    if fact.kind == "boolean":
        value = next(iter(possible.truths)) if len(possible.truths) == 1 else None
    elif fact.kind == "code":
        codes = tuple(c for c in fact.codes if c in possible.codes)
        value = codes[0] if len(codes) == 1 else None
    else:
        low, high = (end if math.isfinite(end) else None for end in (possible.low, possible.high))
        value = low if low == high else None
    origin = observation.origin if observation else ""
    if known.implied_by:
        origin = "implied:" + ",".join(known.implied_by)
    return a.FactReport(
        state, value, low, high, codes, fact.unit.code if fact.unit else "",
        observation.entered if observation else "", observation.at.isoformat() if observation else None,
        origin, tuple(map(a.Text, observation.warnings)) if observation else (),
    )  # fmt: skip


def _unreviewed(dossier: Dossier) -> a.Unreviewed:
    open_ids = tuple(sorted(c.id for c in dossier.citations.values() if c.review == "needed"))
    counts = {"citations": len(open_ids), "citations_total": len(dossier.citations)}
    return a.Unreviewed(counts, open_ids)


def _values(report: a.AnswerReport) -> dict[str, Any]:
    return dict(vars(report))
