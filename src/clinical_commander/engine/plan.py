"""Situations in, the plan out: which steps of the playbook apply, in which state, and the actions they come to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from clinical_commander.dossier.model import Action, Condition, Conflict, Dossier, Row, Step
from clinical_commander.engine.answers import Range
from clinical_commander.engine.assessment import ActionReport, ConflictReport, PlanStep, RouteReport, Text
from clinical_commander.engine.case import Case
from clinical_commander.engine.situation import Situation
from clinical_commander.engine.urgency import minutes, place, serves_airway
from clinical_commander.engine.written import Written
from clinical_commander.frozen import replace
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


class Place(NamedTuple):
    """Where a step stands: whose case, in which row, trigger, pivot or treatment, and what is open before it."""

    case: Case
    source: str
    stage: str = ""
    certain: bool = True
    ask: tuple[str, ...] = ()


class _Guard:
    """A condition with the places of its columns."""

    __slots__ = ("can", "condition", "must")

    def __init__(self, condition: Condition, program: Program) -> None:
        self.condition = condition
        self.can, self.must = program.pair(condition)


class _ReadyStep:
    """A step with everything about it that no patient changes."""

    __slots__ = ("alarm", "choose", "guards", "reassures", "step", "unless")

    def __init__(self, step: Step, dossier: Dossier, program: Program) -> None:
        self.step = step
        self.guards = [_Guard(c, program) for c in (*step.guards, *((step.when,) if step.when else ()))]
        self.unless = _Guard(step.unless, program) if step.unless is not None else None
        self.reassures = bool(step.action and dossier.actions[step.action].reassures)
        self.alarm = step.priority in ("stat", "urgent") and not self.reassures
        self.choose = [_ReadyStep(option, dossier, program) for option in step.choose]


class _ReadyAction:
    """An action with everything about it that no patient changes."""

    __slots__ = ("action", "airway", "contraindications", "orders")

    def __init__(self, action: Action, program: Program) -> None:
        self.action = action
        self.airway = serves_airway(action.verb, action.target)
        self.contraindications = [
            (program.pair(c.when)[1], c.when.text, Text(c.text)) for c in action.contraindications
        ]
        self.orders = [
            (
                program.pair(o.when)[1] if o.when is not None else None,
                Written(text=o.text, code=dict(o.code) if o.code else None),
            )
            for o in action.orders
        ]


class Planner:
    """Judges steps. One per dossier."""

    def __init__(self, dossier: Dossier, program: Program) -> None:
        self.dossier, self.program = dossier, program
        self._steps: dict[int, _ReadyStep] = {}
        self._minutes: dict[str, float] = {}
        self._actions: dict[str, _ReadyAction] = {}

    def _ready(self, step: Step) -> _ReadyStep:
        found = self._steps.get(id(step))
        if found is None:
            found = self._steps[id(step)] = _ReadyStep(step, self.dossier, self.program)
        return found

    def _minutes_of(self, within: str) -> float:
        """A time limit in minutes; each is read once."""
        found = self._minutes.get(within)
        if found is None:
            found = self._minutes[within] = minutes(within)
        return found

    # -- truth of a guard

    def _must(self, condition: Condition, situation: Situation, *, alarm: bool) -> bool:
        must = self.program.pair(condition)[1]
        return bool(situation.fresh.columns[must] or (alarm and situation.stale and situation.last.columns[must]))

    def _can(self, condition: Condition, situation: Situation) -> bool:
        can = self.program.pair(condition)[0]
        return bool(situation.fresh.columns[can] or (situation.stale and situation.last.columns[can]))

    # -- steps

    def judge(self, steps: Iterable[Step], place: Place, situation: Situation) -> list[Judged]:
        """The states of steps, or of the options of a `choose:` group that can apply; nothing if not needed."""
        found: list[Judged] = []
        for step in steps:
            self._judge(self._ready(step), place, situation, found)
        return found

    def _judge(self, ready: _ReadyStep, place: Place, situation: Situation, found: list[Judged]) -> None:
        step, fresh = ready.step, situation.fresh.columns
        last = situation.last.columns if situation.stale else fresh
        sure, wanted = place.certain, place.ask
        for guard in ready.guards:
            if not fresh[guard.can] and not last[guard.can]:
                return  # not needed
            if not fresh[guard.must] and not (ready.alarm and last[guard.must]):
                sure = False
                wanted = (*wanted, *situation.fresh.reader.missing(guard.condition.expr))
        if ready.choose:  # exclusive: the one that must hold, or all that can while it is unknown which
            inner = place._replace(certain=sure, ask=wanted)
            for option in ready.choose:
                self._judge(option, inner, situation, found)
            return
        record = place.case.actions.get(step.action) if step.action else None
        if record is not None and record.state == "done":
            found.append(Judged(step, "done", source=place.source, stage=place.stage))
            return
        if record is not None and record.state == "declined":
            found.append(Judged(step, "withheld", (), "declined", place.source, place.stage, record.reason))
            return
        if not sure and ready.reassures:
            return  # what reassures waits until it surely applies; it is never merely possible
        state = "do" if sure else "ask_first"
        held = ""
        unless = ready.unless
        if unless is not None and step.unless is not None:
            if fresh[unless.must] or last[unless.must]:
                if step.if_true:
                    # The question that takes its place waits for nothing else.
                    found.append(Judged(step, "ask_first", (), "", place.source, place.stage, step.if_true))
                    return
                state, held = "withheld", step.unless.text
            elif fresh[unless.can] or last[unless.can]:
                wanted = (*wanted, *situation.fresh.reader.missing(unless.condition.expr))
                if step.if_unknown == "hold":
                    state, held = "withheld", step.unless.text
                elif step.if_unknown == "ask_first":
                    state = "ask_first"
        ask = tuple(dict.fromkeys(wanted)) if wanted else ()
        found.append(Judged(step, state, ask, held, place.source, place.stage))

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
                found += self.judge(steps, Place(case, row.id, stage, sure, ask), situation)
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
            if steps:
                found += self.judge(steps, Place(case, trigger.id, "trigger"), situation)
        groups = [(p.when, p.steps, p.id, "pivot") for p in self.dossier.pivots]
        groups += [(t.when, t.steps, t.id, "treatment") for t in self.dossier.treatments]
        for when, steps, source, stage in groups:
            if self._must(when, situation, alarm=True):
                found += self.judge(steps, Place(case, source, stage), situation)
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
            action.priority, self._minutes_of(action.within), self._ready_action(action.id).airway
        )
        return action.state not in LIVE, priority, _ORDER.index(action.state), limit, later

    def _action(
        self, name: str, judged: list[Judged], held: Mapping[str, Text], case: Case, situation: Situation
    ) -> ActionReport:
        ready, fresh = self._ready_action(name), situation.fresh.columns
        action = ready.action
        state = _state(judged)
        counted = judged if len(judged) == 1 else [j for j in judged if j.state == state]
        # Of several steps of one action the most urgent speaks for it, the one with the shortest time.
        leading = counted[0]
        if len(counted) > 1:
            leading = min(
                counted, key=lambda j: place(j.step.priority or "routine", self._minutes_of(j.step.within), False)
            )
        because = tuple(dict.fromkeys(j.source for j in counted))
        text = leading.text if state in LIVE and leading.text else leading.step.text or action.text or action.label
        priority = leading.step.priority or "routine"
        # A condition has no sentence of its own; what a person gave as the reason has.
        withheld = {j.withheld_by: Text(j.text) for j in counted if j.withheld_by}
        last = situation.last.columns if situation.stale else fresh
        for must, condition, said in ready.contraindications if state != "done" else ():
            if fresh[must] or last[must]:
                withheld[condition] = said
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
            else tuple([order for must, order in ready.orders if must is None or fresh[must]]),
            citations=counted[0].step.source.cite
            if len(counted) == 1
            else tuple(dict.fromkeys(c for j in counted for c in j.step.source.cite)),
            text=text,
            within=leading.step.within,
        )

    def _ready_action(self, name: str) -> _ReadyAction:
        found = self._actions.get(name)
        if found is None:
            found = self._actions[name] = _ReadyAction(self.dossier.actions[name], self.program)
        return found

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
