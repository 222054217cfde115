"""A dossier in, all of it as blocks with names and references out: `dossier_page`, and what only a screen has.

On paper a dossier is read from the start. On a screen it is looked up: so here each condition stands as it is written
too, each statement names its sources one by one, and facts, actions, figures and the leaflet have parts of their own.
"""

from __future__ import annotations

from collections.abc import Sequence

from clinical_commander.dossier.model import Action, Condition, Constraint, Dossier, Fact, Source
from clinical_commander.dossier.model_parts import Formula
from clinical_commander.dossier.named import names_in
from clinical_commander.frozen import frozen
from clinical_commander.render.blocks import Blocks, Section
from clinical_commander.render.dossier_differential import write_differential
from clinical_commander.render.dossier_page import DossierPage
from clinical_commander.render.dossier_tool import write_tool
from clinical_commander.render.words import Words

GROUP = "library"
"""The group of words that only this view uses."""
BROWSED = (
    "scope", "entry_points", "inputs", "questions", "tier", "disposition", "phases", "triggers", "pivots", "playbooks",
    "treatments", "blocks", "monitoring", "followup", "differential", "tools", "conflicts", "siblings", "rules",
    "thresholds", "facts", "constraints", "actions", "freshness", "leaflet", "emergency_card", "sources",
)  # fmt: skip
"""The parts, in order."""
SHELF = ("tools", "facts", "constraints", "freshness", "sources")
"""The parts of tools that stand without a dossier."""


@frozen
class Part:
    """One part of a dossier: its key, and its sections; the first has the title of the part."""

    key: str
    sections: tuple[Section, ...]


def browsed(dossier: Dossier, words: Words, parts: Sequence[str] = BROWSED) -> tuple[Part, ...]:
    """The parts of a dossier that are wanted and say something."""
    page = Blocks()
    writer = BrowsedDossier(dossier, words, page)
    found = [Part(key, page.taken(getattr(writer, key))) for key in parts]
    return tuple(part for part in found if any(section.blocks for section in part.sections))


class BrowsedDossier(DossierPage):
    """Writes on blocks, and says more of what a reader on a screen can follow."""

    def __init__(self, dossier: Dossier, words: Words, page: Blocks) -> None:
        super().__init__(dossier, words, page)
        self.blocks_page = page

    # -- what stands under every entry

    def source(self, source: Source, indent: int = 6) -> None:
        """Basis in words, the reason, and the citations as references."""
        words = self.words
        if source.basis:
            self.page.pair(words.say("basis"), "; ".join(words.name("basis", b) for b in source.basis), indent, "quiet")
        if source.why:
            self.page.pair(words.heading("why"), source.why, indent, "quiet")
        if source.cite:
            self.page.pair(words.say("source"), "", indent, "quiet")
            self.page.refer("citation", source.cite)

    def condition(self, key: str, condition: Condition | None, indent: int = 6) -> None:
        super().condition(key, condition, indent)
        self.code(condition, indent)

    def code(self, condition: Condition | Formula | None, indent: int = 6) -> None:
        """An expression as it is written."""
        if condition is not None and condition.text != "TRUE":
            self.blocks_page.code(condition.text, names_in(condition.expr), indent)

    def tier(self) -> None:
        self.section("tier")
        self.answer_needs("tier")
        self.ordered(self.d.tier)

    def answer_needs(self, id: str) -> None:
        """What must be known, by name."""
        answer, words, page = getattr(self.d, id), self.words, self.page
        if not (answer.must_know or answer.exempts):
            return
        page.mark("part", id)
        page.item(words.say("must_know", group=GROUP), tint="strong")
        page.text(words.labels(answer.must_know), 4)
        page.refer("fact", answer.must_know)
        for name, why in answer.exempts.items():
            page.pair(words.say("may_lower", words.label(name)), why, indent=4)

    # -- parts that paper does not have

    def differential(self) -> None:
        """What it could be: figures, each with source and status."""
        if self.d.differential is not None:
            write_differential(self, self.d.differential)

    def tools(self) -> None:
        """Each tool of the dossier in full."""
        if self.d.tools:
            self.section("tools")
        for tool in self.d.tools.values():
            write_tool(self, tool)

    def facts(self) -> None:
        """Every fact of the catalogue that the dossier carries."""
        self.section("facts")
        for fact in self.d.facts.values():
            self.one_fact(fact)

    def one_fact(self, fact: Fact) -> None:
        """One fact: how it is asked, stated and kept fresh."""
        words, page = self.words, self.page
        say = words.say
        page.mark("fact", fact.id)
        page.item(f"{fact.label} ({fact.id})", tint="strong")
        unit = f", {words.vocabulary.units.get(fact.unit.code, fact.unit.code)}" if fact.unit else ""
        page.row(
            [say(f"kind_{fact.kind}", group=GROUP) + unit, f"{say('freshness', group=GROUP)}: {fact.freshness}"], 4
        )
        stated = self.fact(fact.id).removeprefix(fact.label).removeprefix("; ")
        if stated:
            page.text(stated, 4)
        if fact.ask:
            page.pair(say("asked_as", group=GROUP), fact.ask, indent=4)
        if fact.worse:
            page.pair(say("worse", group=GROUP), words.name("worse", fact.worse), indent=4)
        self.source(fact.source, 4)

    def constraints(self) -> None:
        """What follows from what."""
        if self.d.constraints:
            self.section("constraints")
        for one in self.d.constraints:
            self.constraint(one)

    def constraint(self, one: Constraint) -> None:
        """One implication between facts."""
        words, page = self.words, self.page
        page.mark("constraint", one.id)
        page.item(words.say("implies", words.labels(one.given), words.labels(one.then), group=GROUP), tint="strong")
        for key, side in (("given", one.given), ("then", one.then)):
            for name, allowed in side.items():
                page.pair(f"{words.say(key, group=GROUP)} {name}", self._allowed(name, allowed), indent=4)
            page.refer("fact", tuple(side))
        self.source(one.source, 4)

    def _allowed(self, name: str, allowed: object) -> str:
        fact, words = self.d.facts[name], self.words
        if isinstance(allowed, bool):
            return words.name("truth", "true" if allowed else "false")
        if isinstance(allowed, frozenset):
            return ", ".join(sorted(fact.codes.get(code, code) for code in allowed))
        assert isinstance(allowed, tuple)
        return words.say(
            "range", *(words.vocabulary.quantity(x, fact.unit.code if fact.unit else "1") for x in allowed)
        )

    def actions(self) -> None:
        """Every action that a step names, with its orders and what speaks against it."""
        if self.d.actions:
            self.section("actions_of")
        for action in self.d.actions.values():
            self.action(action)

    def action(self, action: Action) -> None:
        """One action."""
        words, page = self.words, self.page
        page.mark("action", action.id)
        page.item(f"{action.label} ({action.id})", tint="strong")
        page.row([x for x in (f"{words.name('verb', action.verb)}: {action.target}", action.who) if x], 4)
        if action.text:
            page.text(action.text, 4)
        for order in action.orders:
            code = " ".join(f"{key} {value}" for key, value in (order.code or {}).items())
            page.item(f"{words.say('order', group=GROUP)}: {order.text}" + (f" [{code}]" if code else ""), "do", 4)
            if order.when is not None:
                self.condition("when", order.when)
        for against in action.contraindications:
            page.item(f"{words.say('against', group=GROUP)}: {against.text}", "withheld", 4)
            self.condition("when", against.when)
            self.source(against.source)
        self.source(action.source, 4)

    def leaflet(self) -> None:
        """What a patient can be given to read, and from which warning each line comes."""
        leaflet, words, page = self.d.leaflet, self.words, self.page
        if leaflet is None:
            return
        self.section("leaflet")
        page.text(leaflet.title, tint="strong")
        page.row([words.name("review", leaflet.review), *self._translations()], 0)
        for withheld in leaflet.withheld:
            page.item(f"{words.heading('withheld')}: {withheld.text}", "withheld", 2)
            self.condition("when", withheld.when, 4)
        for section in leaflet.sections:
            page.mark("leaflet", section.id)
            page.item(f"{section.title} ({section.id})", tint="strong")
            for sentence in section.sentences:
                page.item(sentence.text, indent=4)
                if sentence.when is not None:
                    self.condition("when", sentence.when)
                page.refer("warning", tuple(dict.fromkeys(trace.red_flag for trace in sentence.traces)))
                page.refer("citation", sentence.source.cite)
            self.source(section.source, 4)

    def _translations(self) -> list[str]:
        words = self.words
        return [f"{t.name}: {words.name('review', t.review)}" for t in self.d.translations.values()]
