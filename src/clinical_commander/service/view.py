"""An assessment and its form in, what the template of the page shows out. Decides nothing: `render/` has the words."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from importlib.util import find_spec

from clinical_commander.engine.questions import still_asked
from clinical_commander.frozen import frozen
from clinical_commander.leaflet.write import languages
from clinical_commander.render.bars import DifferentialView, differential_view
from clinical_commander.render.basis import Bases, Basis
from clinical_commander.render.blocks import Block, Blocks, Section
from clinical_commander.render.differential import DifferentialLines
from clinical_commander.render.event import event_text
from clinical_commander.render.first_screen import FirstScreen
from clinical_commander.render.note import Line, markdown, note_lines, plain
from clinical_commander.render.text import Rest
from clinical_commander.render.what_would_change import what_would_change
from clinical_commander.render.words import inside, titles
from clinical_commander.service.deeds import Deeds
from clinical_commander.service.desk import Answer
from clinical_commander.service.form import UNKNOWN
from clinical_commander.service.form_view import FormView

FIRST_STEPS = 6
"""How many steps stand before the next question; the others follow it."""


@frozen
class TierView:
    """The tier: `state` is settled, open or withheld; `level` how high of how many, None while it is open."""

    state: str
    title: str
    text: str
    tint: str
    level: int | None
    of: int
    notes: tuple[Block, ...]


@frozen
class PhaseView:
    """A phase on the rail: how it stands, and the part of the page that it leads to. `here`: one is in it."""

    id: str
    title: str
    status: str
    says: str
    leads_to: str
    here: bool


# What a phase without fields leads to; a part that this answer does not have is the tier's.
_SECTIONS = {
    "DIFFERENTIAL": "differential",
    "TREATMENT": "plan",
    "DISPOSITION": "disposition",
    "MONITORING": "more",
    "FOLLOWUP": "follow-up",
}


class PageView:
    """One page: a form and its answer."""

    def __init__(self, answer: Answer) -> None:
        assessment, words = answer.assessment, answer.words
        self.answer, self.chart, self.a, self.words = answer, answer.chart, assessment, words
        self.dossier = words.dossier
        self.form = FormView(answer)
        self._page = Blocks()
        self.asked = still_asked(assessment.next, self.skipped, self.unknown)
        self._first = FirstScreen(assessment, words, self._page, self.asked)
        self._rest = Rest(assessment, words, self._page, self._first)
        self.bases = Bases(assessment, words, self._first.reasons)
        self.banner = self._blocks(self._first.banner)
        self.scope = self._sections(self._first.scope)
        self.tier = self._tier()
        self.why = self._why()
        self.do_now = self._blocks(self._first.to_do.do_now)
        self.plan = self._sections(self._rest.plan)
        self.what_would_change = self._sections(lambda: what_would_change(answer.changes, words, self._page))

    def say(self, key: str, *parts: str) -> str:
        """A word of the page."""
        return self.words.say(key, *parts, group="page")

    # -- the first screen

    def _tier(self) -> TierView:
        tier, words = self.a.tier, self.words
        values = [v.id for v in self.dossier.tier.values]
        head, *notes = self._blocks(self._first.tier)
        called = titles(self.dossier.tier)
        known = f" ({words.name('answer', 'last_known')})" if tier.last_known else ""
        level = None
        if tier.withheld:
            state, title = "withheld", words.name("tier_state", "withheld")
            notes = [head, *notes]
        elif tier.settled and tier.value is not None:
            state, title, level = "settled", called[tier.value], values.index(tier.value) + 1
        else:
            top = next((v for v in reversed(values) if v in tier.possible), values[-1])
            state, title = "open", f"{words.heading('cannot_exclude')} {inside(called[top])}"
        return TierView(state, title + known, "", head.tint, level, len(values), tuple(notes))

    def _why(self) -> list[Block]:
        """Each ground in one line with the patient's values; which part of the rule holds stands in the basis."""
        first = self._first
        found = []
        for reason in first.grounds():
            values = first.reasons.values(reason.facts)
            found.append(Block("item", reason.rule or "; ".join(reason.parts) or values, sign="item", note=values))
        if found and self.a.tier.value == self.dossier.tier.values[0].id:
            found += self._blocks(first.why)[-1:]
        return found

    @property
    def first_steps(self) -> Sequence[Block]:
        """The most urgent steps, as many as stand above the next question."""
        return self.do_now[:FIRST_STEPS]

    @property
    def more_steps(self) -> Sequence[Block]:
        """The steps that follow, under the question that they wait for where the first ones end inside a group."""
        more = self.do_now[FIRST_STEPS:]
        groups = [b for b in self.first_steps if _heads(b)]
        return [groups[-1], *more] if more and groups and not _heads(more[0]) else more

    @property
    def ask(self) -> Sequence[Block]:
        return self._blocks(self._first.ask)

    @property
    def ask_fact(self) -> str:
        """The first fact that the next question asks for, to lead to its field."""
        left = self.unknown
        return next((f for q in self.asked[:1] for f in q.facts if f in self.form.shown and f not in left), "")

    @property
    def makes_known(self) -> str:
        """What the next question makes known."""
        return self.words.labels(f for q in self.asked[:1] for f in q.facts)

    @property
    def later(self) -> Sequence[tuple[str, str]]:
        """The questions that were put aside and are still open: id and text."""
        return [(q.ask, q.text) for q in self.a.next if q.ask in self.skipped]

    @property
    def stops(self) -> bool:
        """Nothing that is left to ask decides anything, and nothing was put aside."""
        return not still_asked(self.a.next, (), self.unknown)

    @cached_property
    def cannot_exclude(self) -> Sequence[Block]:
        return self._blocks(self._first.cannot_exclude)

    @property
    def not_asked(self) -> Sequence[Block]:
        return self._blocks(self._first.not_asked)

    @property
    def not_asked_count(self) -> str:
        """How many facts nobody has asked for."""
        return str(len(dict.fromkeys(self.a.tier.not_asked)))

    @property
    def keys(self) -> Sequence[tuple[str, str]]:
        """The keys of the page, each with what it does."""
        places = [(self.say("key", self.words.name("setting_key", s.value)), s.title) for s in self.form.settings]
        return [
            *((key, f"{self.say('place')}: {title}") for key, title in places),
            (self.say("enter_key"), self.say("update")),
            ("?", self.say("help_key")),
        ]

    @property
    def conflicts(self) -> Sequence[Section]:
        return self._sections(self._first.conflicts)

    def basis_of(self, block: Block) -> Basis | None:
        """What a line rests on, where it says something that rests on a rule."""
        return self.bases.of(block.about) if block.about else None

    @property
    def others(self) -> Sequence[str]:
        """What somebody else recorded meanwhile, with the time and the name."""
        return [
            f"{e.recorded.astimezone():%H:%M:%S} {e.actor}: {event_text(e, self.chart.events, self.words)}"
            for e in self.answer.others
        ]

    # -- what was done with the advice

    @cached_property
    def deeds(self) -> Deeds:
        """What was done, and what can be."""
        return Deeds(self.answer)

    @property
    def leaflets(self) -> Sequence[tuple[str, str]]:
        """The languages of the patient's leaflet, each with its own name; none where the dossier has no leaflet."""
        if self.dossier.leaflet is None:
            return ()
        named = self.dossier.words.get("language", {})
        return [(code, named.get(code, code)) for code in languages(self.dossier)]

    @property
    def prints(self) -> bool:
        """Whether a PDF of it can be asked for; whether its libraries are there shows when it is."""
        return find_spec("weasyprint") is not None

    @property
    def skipped(self) -> frozenset[str]:
        """The questions that were put aside for this patient."""
        return frozenset(self.chart.stay.aside) - frozenset(self.dossier.triggers)

    @cached_property
    def unknown(self) -> tuple[str, ...]:
        """The facts that were asked for and are not known."""
        return tuple(name for name, held in self.chart.held.items() if held.typed.state == UNKNOWN)

    # -- the rest

    @cached_property
    def phases(self) -> Sequence[PhaseView]:
        """The rail: where one is, and the way to each phase. None of them is closed, whatever its status."""
        words, named, reports = self.words, {p.id: p for p in self.dossier.phases}, self.a.phases
        waiting = [p.id for p in reports if p.status == "waiting"]
        reached = [p.id for p in reports if p.status == "complete"]
        here = next(iter(waiting), reached[-1] if reached else "")
        found = []
        for p in reports:
            says = words.name("phase_status", p.status)
            if p.status == "waiting" and p.waiting_for:
                says += f": {words.labels(p.waiting_for)}"
            title = named[p.id].title if p.id in named else p.id
            found.append(PhaseView(p.id, title, p.status, says, self._part_of(p.id), p.id == here))
        return found

    def _part_of(self, phase: str) -> str:
        """The first field of a phase that is still open, else its first field, else its section."""
        facts = [f for i in self.dossier.inputs.values() if i.phase == phase for f in i.facts if f in self.form.shown]
        empty = (f for f in facts if self.form.entered(f).state == "not_asked")
        if field := next(empty, next(iter(facts), "")):
            return f"f-{field}"
        section = _SECTIONS.get(phase, "tier")
        there = {
            "differential": bool(self.differential),
            "plan": bool(self.plan),
            "disposition": bool(self.disposition),
        }
        there |= {"more": bool(self.closing), "follow-up": bool(self.followup)}
        return section if there.get(section) else "tier"

    @property
    def triggers(self) -> Sequence[Section]:
        return self._sections(self._rest.triggers)

    @cached_property
    def differential(self) -> DifferentialView | None:
        return differential_view(self.a, self.words)

    @property
    def contributors(self) -> Sequence[Block]:
        """What makes any bleed worse: what is there, and what is not known."""
        content = self.dossier.differential
        if content is None:
            return ()
        lines = DifferentialLines(self.a, content, self.words, self._page)
        return self._blocks(lambda: lines.contributors(self.a.differential.contributors))

    @cached_property
    def disposition(self) -> Sequence[Section]:
        return self._sections(self._rest.disposition)

    @cached_property
    def closing(self) -> Sequence[Section]:
        """Routes, scores, watch and warnings."""
        rest = self._rest
        parts = (rest.routes, rest.scores, rest.monitoring, rest.warnings)
        return [section for part in parts for section in self._sections(part)]

    @cached_property
    def followup(self) -> Sequence[Section]:
        return self._sections(self._rest.followup)

    @property
    def facts(self) -> Sequence[Section]:
        return self._sections(self._rest.facts)

    @property
    def sources(self) -> Sequence[Section]:
        return self._sections(self._rest.sources)

    @property
    def note(self) -> str:
        return plain(self._note)

    @property
    def note_markdown(self) -> str:
        return markdown(self._note)

    @cached_property
    def _note(self) -> Sequence[Line]:
        return note_lines(self.a, self.words, self.unknown)

    # -- pieces

    def _sections(self, write: Callable[[], None]) -> tuple[Section, ...]:
        return self._page.taken(write)

    def _blocks(self, write: Callable[[], None]) -> list[Block]:
        return [block for section in self._sections(write) for block in section.blocks]


def _heads(block: Block) -> bool:
    """Whether a line names the group of the steps under it."""
    return block.kind == "text" and block.tint == "strong"
