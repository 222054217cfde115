"""An assessment in, what is done now and what is asked first out, the most urgent first."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence

from clinical_commander.engine.assessment import ActionReport, Assessment, PlanStep
from clinical_commander.engine.urgency import minutes, place, serves_airway
from clinical_commander.logic.prose import prose
from clinical_commander.render.layout import Page
from clinical_commander.render.reasons import Reasons
from clinical_commander.render.words import Words, inside

LIVE = ("do", "ask_first")
SEVERITIES = ("critical", "urgent", "notice")
ASKED_AT_MOST = 8
STEPS_AT_MOST = 4
"""How many steps the first screen shows behind one question; the plan shows all."""
Line = ActionReport | PlanStep


class ToDo:
    """Writes actions and steps on a page. `shown` are the actions that it has written so far."""

    def __init__(self, assessment: Assessment, words: Words, page: Page, reasons: Reasons) -> None:
        self.a, self.words, self.page, self.reasons = assessment, words, page, reasons
        self.dossier = words.dossier
        self.shown: set[str] = set()

    def do_now(self) -> None:
        """What is STAT: to be done, never to be done, to be asked about first, held back."""
        a, words, page = self.a, self.words, self.page
        stat: list[Line] = [x for x in a.actions if x.priority == "stat"]
        stat += [p for p in a.plan if p.priority == "stat" and p.action is None and p.state in LIVE]
        by_state = {state: [x for x in stat if x.state == state] for state in (*LIVE, "withheld")}
        if not any(by_state.values()):
            return
        page.heading(words.heading("actions"), self._tint())
        acting = sorted(by_state["do"], key=_place)
        never = [x for x in acting if isinstance(x, ActionReport) and x.verb == "avoid"]
        for x in acting:
            if x not in never:
                self.line(x, ())
        if never:
            page.text(f"{words.say('do_not')}:", 2, "strong")
        for x in never:
            self.shown.add(x.id)
            page.item(x.text, about=_about(x))
        meanwhile = dict.fromkeys(name for x in acting for name in x.ask)
        if meanwhile:
            page.pair(words.say("ask_meanwhile"), words.labels(meanwhile), tint="strong")
        self.asked_first(sorted(by_state["ask_first"], key=_place), at_most=STEPS_AT_MOST)
        for x in by_state["withheld"]:
            if isinstance(x, ActionReport):
                text = f"{words.name('step_state', 'withheld')}: {self.held_back(x)}"
                page.item(text, "withheld", about=_about(x))

    def _tint(self) -> str:
        firing = {t.severity for t in self.a.triggers.values() if t.state == "fires"}
        return next((s for s in SEVERITIES if s in firing), "heading")

    # -- what waits for an answer

    def asked_first(self, steps: Iterable[Line], indent: int = 2, at_most: int | None = None) -> None:
        """Steps that wait, under the question they wait for; of each group the first `at_most`, and how many more."""
        groups: dict[str, tuple[Collection[str], list[Line]]] = {}
        for step in steps:
            question, facts = self._question(step)
            groups.setdefault(question, (facts, []))[1].append(step)
        for question, (facts, group) in groups.items():
            self.page.text(question, indent, "strong")
            shown = group[:at_most]
            for step in shown:
                self.line(step, [name for name in step.ask if name not in facts], indent)
            if len(group) > len(shown):
                self.page.text(self.words.say("more_below", str(len(group) - len(shown))), indent + 2, "quiet")

    def _question(self, step: Line) -> tuple[str, Collection[str]]:
        """The question a step waits for, with the facts that answer it: what grades the bleeding first."""
        missing = frozenset(self.a.tier.missing)
        if missing.intersection(step.ask):
            return f"{self.words.say('ask_tier_first')}:", missing
        first = self.words.name("step_state", "ask_first")
        for question in self.dossier.questions:
            if not set(question.facts).isdisjoint(step.ask):
                return f"{first}: {question.text}", (*question.facts, *missing)
        return f"{first}: {self.words.labels(step.ask, ASKED_AT_MOST)}" if step.ask else f"{first}:", step.ask

    # -- one line

    def step(self, step: PlanStep, indent: int = 2) -> None:
        """One line of the plan: within what time, what, and what it waits for."""
        if step.state in ("withheld", "done"):
            text = f"{self.words.name('step_state', step.state)}: {step.text}"
            self.page.item(text, step.state, indent, "quiet", about=_about(step))
            return
        self.line(step, step.ask if step.state == "ask_first" else (), indent)

    def line(self, step: Line, ask: Sequence[str], indent: int = 2) -> None:
        """What to do, with its time in front and what to ask behind."""
        side = ""
        if isinstance(step, ActionReport):
            self.shown.add(step.id)
            side = f" [{self.words.name('side', step.side)}]" if step.side else ""
        note = f"{self.words.name('fact', 'ask')}: {self.words.labels(ask, ASKED_AT_MOST)}" if ask else ""
        self.page.item(step.text + side, step.state, indent, note=note, time=step.within or " ", about=_about(step))

    def held_back(self, action: ActionReport) -> str:
        """What is held back, by its name, and why."""
        why = "; ".join(self._held_by(action))
        return f"{self.dossier.actions[action.id].label} ({why})"

    def _held_by(self, action: ActionReport) -> Iterator[str]:
        words = self.words
        for key, reason in action.withheld_by.items():
            condition = None if reason else words.condition(key)
            if key == "declined":
                yield f"{words.name('action_state', 'declined')}: {inside(reason.text)}"
            elif condition is not None:
                yield prose(self.reasons.that_hold(condition.expr), words.vocabulary)
            else:
                yield inside(reason.text or key)


def _about(step: Line) -> str:
    return f"action:{step.id}" if isinstance(step, ActionReport) else f"step:{step.path}"


def _place(step: Line) -> tuple[int, float, bool]:
    airway = isinstance(step, ActionReport) and serves_airway(step.verb, step.target)
    return place(step.priority, minutes(step.within), airway)
