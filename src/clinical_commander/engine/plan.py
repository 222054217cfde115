"""Situations in, the plan out: which steps of the playbook apply, in which state, and the actions they come to."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from clinical_commander.dossier.model import Condition, Conflict, Dossier, Row, Step
from clinical_commander.engine.answers import Range
from clinical_commander.engine.assessment import ActionReport, ConflictReport, PlanStep, RouteReport, Text
from clinical_commander.engine.case import Case
from clinical_commander.engine.situation import Situation
from clinical_commander.engine.urgency import minutes, place, serves_airway
from clinical_commander.frozen import frozen, replace
from clinical_commander.program.program import Program

STATES = ("ask_first", "do", "withheld", "done")  # of several steps of one action the last of these counts
LIVE = ("do", "ask_first")
_ORDER = ("do", "ask_first", "withheld", "done")


class Judged(NamedTuple):
    """One step that is not ruled out, with its state: the facts it waits for, and what holds it back."""

    step: Step
    state: str
    ask: tuple[str, ...] = ()
    withheld_by: str = ""
    source: str = ""  # row, trigger, pivot or treatment it belongs to
    stage: str = ""
    text: str = ""


@frozen
class Place:
    """Where a step stands: whose case, in which row, trigger, pivot or treatment, and what is open before it."""

    case: Case
    source: str
    stage: str = ""
    certain: bool = True
    ask: tuple[str, ...] = ()


class Planner:
    """Judges steps. One per dossier."""

    def __init__(self, dossier: Dossier, program: Program) -> None:
        self.dossier, self.program = dossier, program
        self.guards = {id(s): (*s.guards, *((s.when,) if s.when else ())) for s in _all_steps(dossier)}
        self.minutes = {within: minutes(within) for within in {s.within for s in _all_steps(dossier)}}
        self.orders = {
            a.id: tuple((o.when, {"text": o.text, "code": dict(o.code) if o.code else None}) for o in a.orders)
            for a in dossier.actions.values()
        }

    # -- truth of a guard

    def _must(self, condition: Condition, situation: Situation, *, alarm: bool) -> bool:
        must = self.program.pair(condition)[1]
        return bool(situation.fresh.columns[must] or (alarm and situation.stale and situation.last.columns[must]))

    def _can(self, condition: Condition, situation: Situation) -> bool:
        can = self.program.pair(condition)[0]
        return bool(situation.fresh.columns[can] or (situation.stale and situation.last.columns[can]))

    # -- steps

    def judge(self, step: Step, place: Place, situation: Situation) -> Iterator[Judged]:
        """The state of a step, or of the options of a `choose:` group that can apply; nothing if not needed."""
        alarm = step.priority in ("stat", "urgent") and not (
            step.action and self.dossier.actions[step.action].reassures
        )
        sure, wanted = place.certain, place.ask
        for guard in self.guards[id(step)]:
            if not self._can(guard, situation):
                return  # not needed
            if not self._must(guard, situation, alarm=alarm):
                sure = False
                wanted = (*wanted, *situation.fresh.reader.missing(guard.expr))
        if step.choose:  # exclusive: the one that must hold, or all that can while it is unknown which
            inner = replace(place, certain=sure, ask=wanted)
            for option in step.choose:
                yield from self.judge(option, inner, situation)
            return
        record = place.case.actions.get(step.action) if step.action else None
        if record is not None and record.state == "done":
            yield Judged(step, "done", source=place.source, stage=place.stage)
            return
        if record is not None and record.state == "declined":
            yield Judged(step, "withheld", (), "declined", place.source, place.stage, record.reason)
            return
        if not sure and step.action and self.dossier.actions[step.action].reassures:
            return  # what reassures waits until it surely applies; it is never merely possible
        state = "do" if sure else "ask_first"
        held = ""
        if step.unless is not None:
            if self._must(step.unless, situation, alarm=True):
                if step.if_true:
                    # The question that takes its place waits for nothing else.
                    yield Judged(step, "ask_first", (), "", place.source, place.stage, step.if_true)
                    return
                state, held = "withheld", step.unless.text
            elif self._can(step.unless, situation):
                wanted = (*wanted, *situation.fresh.reader.missing(step.unless.expr))
                if step.if_unknown == "hold":
                    state, held = "withheld", step.unless.text
                elif step.if_unknown == "ask_first":
                    state = "ask_first"
        yield Judged(step, state, tuple(dict.fromkeys(wanted)), held, place.source, place.stage)

    def row_state(self, row: Row, situation: Situation, tier: Range) -> str:
        """applies, possible, waits (a higher tier is possible) or no."""
        if row.tier is not None:
            if row.tier not in tier.possible:
                return "no"
            if tier.settled:
                return "applies" if self._can(row.when, situation) or tier.last_known else "no"
            values = [v.id for v in self.dossier.tier.values]
            return "possible" if values.index(row.tier) == tier.high else "waits"
        if self._must(row.when, situation, alarm=True):
            return "applies"
        return "possible" if self._can(row.when, situation) else "no"

    def rows(self, case: Case, situation: Situation, tier: Range, missing: tuple[str, ...]) -> list[Judged]:
        """The steps of the setting's playbook, in order of row and stage."""
        found: list[Judged] = []
        playbook = self.dossier.playbooks.get(case.setting)
        for row in playbook.rows if playbook else ():
            state = self.row_state(row, situation, tier)
            if state in ("no", "waits"):
                continue
            sure = state == "applies"
            ask = () if sure else (missing if row.tier else situation.fresh.reader.missing(row.when.expr))
            for stage, steps in row.stages.items():
                place = Place(case, row.id, stage, sure, ask)
                for step in steps:
                    found += self.judge(step, place, situation)
        return found

    def others(self, case: Case, situation: Situation, states: Mapping[str, str]) -> list[Judged]:
        """The steps of triggers that fire or cannot be excluded, of pivots and of treatments."""
        found: list[Judged] = []
        for trigger in self.dossier.triggers.values():
            state = states[trigger.id]
            steps: tuple[Step, ...] = ()
            if state == "fires":
                steps = (*trigger.steps, *trigger.steps_if_possible)
            elif state == "cannot_exclude":
                steps = trigger.steps_if_possible
            for step in steps:
                found += self.judge(step, Place(case, trigger.id, "trigger"), situation)
        groups = [(p.when, p.steps, p.id, "pivot") for p in self.dossier.pivots]
        groups += [(t.when, t.steps, t.id, "treatment") for t in self.dossier.treatments]
        for when, steps, source, stage in groups:
            if self._must(when, situation, alarm=True):
                for step in steps:
                    found += self.judge(step, Place(case, source, stage), situation)
        return found

    # -- conflicts

    def conflicts(self, situation: Situation, live: set[str]) -> list[tuple[Conflict, bool]]:
        """The conflict rules that must hold, with whether they bear on an action that is otherwise advised."""
        return [
            (c, not c.withholds or bool(live & {*c.withholds, *c.escalates}))
            for c in self.dossier.conflicts
            if self._must(c.when, situation, alarm=True)
        ]

    # -- actions

    def actions(
        self, judged: Iterable[Judged], case: Case, situation: Situation
    ) -> tuple[list[ActionReport], list[ConflictReport]]:
        """One report an action, conflicts and contraindications applied, in the order in which they are to be done."""
        grouped: dict[str, list[Judged]] = {}
        for j in judged:
            if j.step.action:
                grouped.setdefault(j.step.action, []).append(j)
        live = {name for name, found in grouped.items() if _state(found) in LIVE}
        held: dict[str, dict[str, Text]] = {}
        contested: set[str] = set()
        reports = []
        for conflict, bears in self.conflicts(situation, live):
            for name in conflict.withholds:
                held.setdefault(name, {})[conflict.id] = Text(conflict.text)
            contested.update(conflict.contested)
            if bears:
                facts = tuple(
                    f for f in self.program.references.reads(conflict.when.expr) if situation.fresh.reader.known(f)
                )
                reports.append(
                    ConflictReport(
                        conflict.id,
                        "advice",
                        tuple(map(Text, conflict.sides)),
                        conflict.withholds,
                        conflict.escalates,
                        conflict.needs_human,
                        tuple(sorted(facts)),
                        conflict.text,
                        Text(conflict.resolution),
                    )
                )
        done = [self._action(name, found, held.get(name, {}), case, situation) for name, found in grouped.items()]
        # A person decides between the sides of a conflict: what it contests is asked about, not done.
        done = [replace(a, state="ask_first") if a.state == "do" and a.id in contested else a for a in done]
        done.sort(key=self._place)
        return done, reports

    def _place(self, action: ActionReport) -> tuple[object, ...]:
        """What is live before what is not; of one priority what is sure first, then by time limit, then the airway."""
        priority, limit, later = place(
            action.priority, self.minutes[action.within], serves_airway(action.verb, action.target)
        )
        return action.state not in LIVE, priority, _ORDER.index(action.state), limit, later

    def _action(
        self, name: str, judged: list[Judged], held: Mapping[str, Text], case: Case, situation: Situation
    ) -> ActionReport:
        action = self.dossier.actions[name]
        state = _state(judged)
        counted = [j for j in judged if j.state == state]
        # Of several steps of one action the most urgent speaks for it, the one with the shortest time.
        leading = min(counted, key=lambda j: place(j.step.priority or "routine", self.minutes[j.step.within], False))
        because = tuple(dict.fromkeys(j.source for j in counted))
        text = leading.text if state in LIVE and leading.text else leading.step.text or action.text or action.label
        priority = leading.step.priority or "routine"
        # A condition has no sentence of its own; what a person gave as the reason has.
        withheld = {j.withheld_by: Text(j.text) for j in counted if j.withheld_by}
        for contraindication in action.contraindications if state != "done" else ():
            if self._must(contraindication.when, situation, alarm=True):
                withheld[contraindication.when.text] = Text(contraindication.text)
        if state in LIVE:
            withheld |= held
            if withheld:
                state = "withheld"
        side = self._side(counted, situation)
        ask = dict.fromkeys(fact for j in counted for fact in j.ask)
        if state == "do" and side is None and self.dossier.side and any(j.step.side for j in counted):
            state = "ask_first"
            ask.setdefault(self.dossier.side.fact)
        return ActionReport(
            id=name,
            verb=action.verb,
            target=action.target,
            side=side,
            state=state,
            priority=priority,
            setting=case.setting,
            because=because,
            ask=tuple(ask),
            withheld_by=withheld,
            # A question that has taken the place of a step orders nothing.
            orders=()
            if state in LIVE and leading.text
            else tuple(
                order
                for when, order in self.orders[name]
                if when is None or situation.fresh.reader.must(self.program.pair(when))
            ),
            citations=tuple(dict.fromkeys(c for j in counted for c in j.step.source.cite)),
            text=text,
            within=leading.step.within,
        )

    def _side(self, judged: list[Judged], situation: Situation) -> str | None:
        """The side a step may name: only while it is confirmed by what is fresh."""
        side = self.dossier.side
        wanted = next((j.step.side for j in judged if j.step.side), "")
        if not wanted or side is None or not situation.fresh.reader.must(self.program.pair(side.confirmed)):
            return None
        codes = situation.fresh.known[side.fact].possible.codes
        if len(codes) != 1:  # left or right is no side
            return None
        code = next(iter(codes))
        return code if wanted == "confirmed" else side.opposite.get(code)

    def plan(self, judged: Iterable[Judged]) -> list[PlanStep]:
        """The lines of the setting's plan that are live, done or held back."""
        return [
            PlanStep(
                j.source,
                j.stage,
                j.state,
                j.step.action,
                j.step.priority or "routine",
                j.step.within,
                j.ask,
                self._line(j),
                j.step.path,
            )
            for j in judged
        ]

    def _line(self, j: Judged) -> str:
        if j.text and j.state in LIVE:
            return j.text
        if j.step.text or j.step.do:
            return j.step.text or j.step.do
        return self.dossier.actions[j.step.action].label if j.step.action else ""

    def routes(self, situation: Situation, states: Mapping[str, str]) -> list[RouteReport]:
        """Where to hand over: the routes of triggers that fire and of pivots that hold, but for what rules them out."""
        routes = [(t.id, t.route) for t in self.dossier.triggers.values() if states[t.id] == "fires"]
        routes += [(p.id, p.route) for p in self.dossier.pivots if self._must(p.when, situation, alarm=True)]
        return [
            RouteReport(source, "fires", r.dossier, Text(r.external), r.installed, r.handover)
            for source, r in routes
            if r is not None and not (r.unless is not None and self._must(r.unless, situation, alarm=True))
        ]


def _state(judged: list[Judged]) -> str:
    return judged[0].state if len(judged) == 1 else max((j.state for j in judged), key=STATES.index)


def _all_steps(dossier: Dossier) -> Iterator[Step]:
    groups = [(*t.steps, *t.steps_if_possible) for t in dossier.triggers.values()]
    groups += [p.steps for p in dossier.pivots]
    groups += [t.steps for t in dossier.treatments]
    groups += [steps for p in dossier.playbooks.values() for row in p.rows for steps in row.stages.values()]
    for steps in groups:
        for step in steps:
            yield step
            yield from step.choose
