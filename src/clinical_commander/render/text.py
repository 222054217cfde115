"""An assessment in, the page that a clinician reads at the terminal out: the first screen, then the rest, in order."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from clinical_commander.dossier.model import Citation, Dossier
from clinical_commander.engine.assessment import Assessment, FactReport, PlanStep, RouteReport
from clinical_commander.render.first_screen import FirstScreen
from clinical_commander.render.layout import Page
from clinical_commander.render.scores import says_something, score_line
from clinical_commander.render.to_do import ASKED_AT_MOST, LIVE, SEVERITIES, Line
from clinical_commander.render.words import Words, inside, titles

DISPOSITION = "disposition:"
_LONGEST_TITLE = 70


def assessment_text(
    assessment: Assessment, dossier: Dossier, width: int = 100, colour: bool = False, unicode: bool = True
) -> str:
    """The assessment as text.

    Args:
        assessment: What the engine says.
        dossier: The dossier it was made with; gives the names and the words.
        width: Columns of the terminal, at least 40.
        colour: Whether to use colours; a word always says the same.
        unicode: Whether the terminal shows more than ASCII.
    """
    words, page = Words(dossier), Page(width, colour=colour, unicode=unicode)
    first = FirstScreen(assessment, words, page)
    first.write()
    Rest(assessment, words, page, first).write()
    return str(page)


def first_screen(
    assessment: Assessment, dossier: Dossier, width: int = 100, colour: bool = False, unicode: bool = True
) -> str:
    """Only the first screen of `assessment_text`."""
    page = Page(width, colour=colour, unicode=unicode)
    FirstScreen(assessment, Words(dossier), page).write()
    return str(page)


class Rest:
    """What follows the first screen."""

    def __init__(self, assessment: Assessment, words: Words, page: Page, first: FirstScreen) -> None:
        self.a, self.words, self.page, self.first = assessment, words, page, first
        self.dossier = words.dossier

    def write(self) -> None:
        self.phases()
        self.plan()
        self.triggers()
        self.routes()
        self.differential()
        self.disposition()
        self.scores()
        self.monitoring()
        self.followup()
        self.warnings()
        self.facts()
        self.sources()
        self.page.blank()
        self.page.text(self.dossier.intended_use, tint="quiet")

    # -- where the case stands

    def phases(self) -> None:
        a, words, page = self.a, self.words, self.page
        if not a.phases:
            return
        page.heading(words.heading("phases"))
        named = {p.id: p.title for p in self.dossier.phases}
        cells = [f"{page.sign(p.status)} {named.get(p.id, p.id)}" for p in a.phases]
        page.row(cells, between=page.sign("rail"))
        for phase in a.phases:
            if phase.status == "waiting":
                waiting = words.labels(phase.waiting_for)
                page.pair(f"{named.get(phase.id, phase.id)}, {words.name('phase_status', 'waiting_for')}", waiting)

    def plan(self) -> None:
        a, words, page, to_do = self.a, self.words, self.page, self.first.to_do
        elsewhere = self._elsewhere()
        if not (a.plan or elsewhere):
            return
        playbook = self.dossier.playbooks.get(a.setting)
        page.heading(f"{words.heading('plan')}: {playbook.title if playbook else words.name('setting', a.setting)}")
        if playbook and playbook.text:
            page.text(playbook.text, 2, "quiet")
        # The longest row knows the order of the stages; a row that lacks one would put it last.
        rows = sorted(playbook.rows, key=lambda r: -len(r.stages)) if playbook else []
        order = dict.fromkeys([*(stage for r in rows for stage in r.stages), *(p.stage for p in a.plan), *elsewhere])
        for stage in order:
            steps = [*_without_repeats(p for p in a.plan if p.stage == stage), *elsewhere.get(stage, ())]
            if not steps:
                continue
            page.text(words.name("stage", stage) + ":", 2, "strong")
            for step in steps:
                if isinstance(step, PlanStep) and step.state != "ask_first":
                    to_do.step(step, 4)
                elif step.state == "do":
                    to_do.line(step, (), 4)
            to_do.asked_first([s for s in steps if s.state == "ask_first"], 4)
            meanwhile = dict.fromkeys(name for s in steps if s.state == "do" for name in s.ask)
            if meanwhile:
                page.pair(words.say("ask_meanwhile"), words.labels(meanwhile), indent=4)

    def _elsewhere(self) -> dict[str, list[Line]]:
        """The actions of alarms, look-alikes and treatments that no line of the setting's plan proposes, by stage."""
        planned = {(p.action, p.state) for p in self.a.plan}
        shown = self.first.to_do.shown
        pivots = {p.id for p in self.dossier.pivots}
        found: dict[str, list[Line]] = {}
        for action in self.a.actions:
            # A plan that only asks about what an alarm has settled does not say it.
            if action.state in LIVE and action.id not in shown and (action.id, action.state) not in planned:
                source = action.because[0]
                stage = "trigger" if source in self.dossier.triggers else "pivot" if source in pivots else "treatment"
                found.setdefault(stage, []).append(action)
        return found

    # -- alarms and hand-over

    def triggers(self) -> None:
        words, page = self.words, self.page
        firing = [(name, t) for name, t in self.a.triggers.items() if t.state == "fires"]
        if not firing:
            return
        page.heading(words.heading("alarms"))
        for severity in (*SEVERITIES, None):
            for name, t in firing:
                if t.severity != severity:
                    continue
                known = f" ({words.name('trigger_state', 'last_known')})" if t.last_known else ""
                level = f" [{words.name('severity', severity)}]" if severity else ""
                page.item(f"{words.title(name)}{level}{known}", "alarm", tint=severity or "", about=f"trigger:{name}")
                page.text(t.text, 6)
                for reason in self.first.reasons.of(t.because):
                    values = self.first.reasons.values(reason.facts)
                    why = "; ".join(reason.parts) or reason.rule
                    page.pair(words.name("answer", "because"), f"{why} - {values}" if values else why, indent=6)
                if t.may_become:
                    may = words.say("may_become", words.name("severity", t.may_become[-1]), group="trigger_state")
                    page.text(may, 6)

    def routes(self) -> None:
        words, page = self.words, self.page
        if not self.a.routes:
            return
        page.heading(words.heading("routes"))
        for route in self.a.routes:
            text = f"{self.destination(route)} ({inside(words.title(route.source))})"
            page.item(text, about=f"route:{route.source}")
            page.text(route.text, 4)

    def differential(self) -> None:
        if self.dossier.differential is not None:
            from clinical_commander.render.differential import DifferentialLines

            DifferentialLines(self.a, self.dossier.differential, self.words, self.page).write()

    def destination(self, route: RouteReport) -> str:
        """Where a route leads; a dossier that is not installed is said to be so."""
        if route.dossier is None:
            return route.external.text
        missing = "" if route.installed else f" [{self.words.say('not_installed')}]"
        return route.dossier + missing

    def disposition(self) -> None:
        answer, words, page = self.a.disposition, self.words, self.page
        page.heading(words.heading("disposition"))
        called = titles(self.dossier.disposition)
        if answer.withheld:
            page.text(words.withheld(answer.withheld.text, self.a.scope.text), 2)
            return
        at = answer.value if answer.settled else (answer.possible[-1] if answer.possible else None)
        if answer.settled and answer.value is not None:
            page.text(called[answer.value], 2, "strong", DISPOSITION)
            if answer.text:
                page.text(answer.text, 2)
        else:
            possible = ", ".join(words.name("disposition", v) for v in answer.possible)
            page.text(f"{words.name('disposition_state', 'not_settled')}: {possible}", 2, "strong", DISPOSITION)
            if answer.missing:
                page.pair(words.name("answer", "missing"), words.labels(answer.missing, ASKED_AT_MOST))
            if at is not None:
                page.text(words.say("plan_for", inside(called[at])), 2)
        self._way()

    def _way(self) -> None:
        """Within what time and how: the sentence of the row that the engine chose, else its value."""
        answer, words = self.a.disposition, self.words
        via = words.name("via", answer.via) if answer.via not in (None, "none") else ""
        for key, says, value in (("within", answer.within_says, answer.within), ("via", answer.via_says, via)):
            if said := says.text or value:
                self.page.pair(words.say(key), said)

    # -- scores, watch, follow-up

    def scores(self) -> None:
        words, page, tools = self.words, self.page, self.dossier.tools
        # A score that says nothing yet is no answer; what it needs is among the questions.
        told = {n: s for n, s in self.a.scores.items() if says_something(tools[n], s)}
        if not told:
            return
        page.heading(words.heading("scores"))
        for name, score in told.items():
            page.pair(tools[name].title, score_line(tools[name], score, words))

    def monitoring(self) -> None:
        words, page = self.words, self.page
        if not self.a.monitoring:
            return
        page.heading(words.heading("monitoring"))
        for item in self.a.monitoring:
            when = [
                words.say("every", item.every) if item.every else "",
                words.say("until", item.until.text) if item.until else "",
            ]
            note = ", ".join(w for w in when if w)
            text = f"{item.text.rstrip('.')} ({note})." if note else item.text
            page.item(text, item.state, about=f"monitoring:{item.id}")

    def followup(self) -> None:
        words, page = self.words, self.page
        if not self.a.followup:
            return
        page.heading(words.heading("followup"))
        for item in self.a.followup:
            text = f"{item.text.rstrip('.')} ({words.say('within', item.within)})." if item.within else item.text
            page.item(text, item.state, about=f"followup:{item.id}")

    def warnings(self) -> None:
        if not self.a.warnings:
            return
        self.page.heading(self.words.heading("warnings"))
        for warning in self.a.warnings:
            self.page.item(warning.text or f"{warning.code}: {self.words.labels(warning.facts)}", "alarm")

    # -- what it rests on

    def facts(self) -> None:
        a, words, page = self.a, self.words, self.page
        if not a.facts:
            return
        page.heading(words.heading("facts"))
        order = {name: i for i, name in enumerate(self.dossier.facts)}
        cells = []
        for name, report in sorted(a.facts.items(), key=lambda f: order.get(f[0], len(order))):
            if report.state == "partial" and report.origin.startswith("implied:"):
                continue  # what another fact rules out of this one is no statement about it
            text = f"{words.label(name)}: {words.value(name, report)}"
            notes = ", ".join(self._notes(name, report))
            text = f"{text} ({notes})" if notes else text
            if report.state in ("known", "partial") and not report.warnings:
                cells.append(text)
                continue
            page.item(
                text,
                "alarm" if report.state == "stale" or report.warnings else "item",
                tint="urgent" if report.state == "stale" else "",
            )
            for warning in report.warnings:
                page.text(warning.text, 4)
        page.row(cells)

    def _notes(self, name: str, report: FactReport) -> Iterator[str]:
        """What there is to say of a value: how it was entered, its age, its state, what it follows from."""
        words = self.words
        if entered := words.entered(name, report):
            yield words.say("entered_as", entered)
        if age := words.age(report.at, self.a.at):
            yield words.say("ago", age)
        if report.state == "stale":
            yield words.name("fact_state", report.state)
        kind, _, source = report.origin.partition(":")
        if kind == "implied":
            yield f"{words.name('fact', 'implied_by')} {words.labels(source.split(','))}"
        elif kind == "entry":
            yield words.name("recorded", "entry")
        elif report.origin not in ("", "case"):
            yield report.origin

    def sources(self) -> None:
        words, page = self.words, self.page
        used = self._cited()
        if not used:
            return
        page.heading(words.heading("sources"))
        for citation in used:
            page.item(cited(citation, words))

    def _cited(self) -> list[Citation]:
        """The citations behind what is said here, in the ledger's order."""
        a = self.a
        used = {*a.tier.citations, *a.disposition.citations}
        used.update(c for t in a.triggers.values() if t.state == "fires" for c in t.citations)
        used.update(c for x in a.actions if x.state in LIVE for c in x.citations)
        return [c for id, c in self.dossier.citations.items() if id in used]


def cited(citation: Citation, words: Words) -> str:
    """A citation in one line: short title, year, kind, review state."""
    title = citation.title.rstrip(".")
    if len(title) > _LONGEST_TITLE:
        title = title[:_LONGEST_TITLE].rsplit(" ", 1)[0] + "…"
    where = ", ".join(
        part
        for part in (citation.journal, str(citation.year or ""), words.name("citation_kind", citation.kind))
        if part
    )
    return f"{title} ({where}): {words.name('review', citation.review)}"


def _without_repeats(steps: Iterable[PlanStep]) -> list[PlanStep]:
    """Each line once; what one row only asks about is left out where another has settled it."""
    found = list({(s.text, s.state): s for s in steps}.values())
    settled = {s.text for s in found if s.state == "do"}
    return [s for s in found if s.state != "ask_first" or s.text not in settled]
