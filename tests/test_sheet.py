"""Answers that leave out what a page shows already: put into that page they make the page of the whole answer."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from datetime import timedelta
from html.parser import HTMLParser
from pathlib import Path

import pytest

from clinical_commander.service.desk import Answer, Desk
from clinical_commander.service.pages import _MOST_PAGES, Pages
from tests.desks import Clock, desk_at
from tests.fixtures import engine
from tests.test_encounter_page import NOW

VOID = {"input", "br", "img", "meta", "link", "hr", "path", "rect", "circle"}
BESIDE = "hx-swap-oob"
DECIDING = sorted(engine().dossier.tier.must_know)
VALUES: Mapping[str, tuple[str, ...]] = {
    "v.spo2": ("84", "93", "97", "", "abc"),
    "v.sbp": ("88", "124", ""),
    "v.hr": ("76", "134", ""),
    "v.rr": ("14", "32", ""),
    "v.estimated_volume_24h": ("5", "300", "", "2 cups"),
    "v.age": ("34", "80", "12", ""),
    "v.airway_compromise": ("yes", "no", "unknown", ""),
    "v.oxygen_device": ("room_air", ""),
    "v.anticoagulant": ("warfarin", "none", ""),
    "v.inr": ("4.6", ""),
    "setting": ("ed", "icu", "home"),
    "region": ("", "tb_endemic", "high_income"),
    "s.spo2": ("unknown", ""),
}


class Node:
    """An element: its tag and attributes, and what is in it."""

    def __init__(self, tag: str, attributes: dict[str, str | None]) -> None:
        self.tag, self.attributes = tag, attributes
        self.inside: list[Node | str] = []

    @property
    def id(self) -> str | None:
        return self.attributes.get("id")

    def every(self) -> Iterator[Node]:
        for one in self.inside:
            if isinstance(one, Node):
                yield one
                yield from one.every()

    def said(self) -> object:
        """All of it, for comparison; the space between elements says nothing."""
        inside = [one.said() if isinstance(one, Node) else one.strip() for one in self.inside]
        return self.tag, sorted(self.attributes.items()), [one for one in inside if one]


class _Tree(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.open = [Node("", {})]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        node = Node(tag, dict(attrs))
        self.open[-1].inside.append(node)
        if tag not in VOID:
            self.open.append(node)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.open[-1].inside.append(Node(tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop().tag == tag

    def handle_data(self, data: str) -> None:
        self.open[-1].inside.append(data)


def tree(html: str) -> Node:
    found = _Tree()
    found.feed(html)
    assert len(found.open) == 1
    return found.open[0]


def name_of(html: str) -> str:
    return html.split('name="drawn" value="')[1].split('"', maxsplit=1)[0]


class Browser:
    """A page that takes answers: what it shows in its answer, and what it shows beside it, by id."""

    def __init__(self, html: str) -> None:
        self.name = name_of(html)
        root = tree(html)
        self.answer = next(n for n in root.every() if n.id == "answer")
        self.beside = {n.id: n for n in root.every() if n.id and n.id.startswith("e-")}

    def take(self, html: str) -> int:
        """Put an answer in its place; how many pieces of it were here already."""
        self.name, root = name_of(html), tree(html)
        before = {n.id: n for n in self.answer.every() if n.id}
        self.answer = next(n for n in root.every() if n.id == "answer")
        kept = self._filled(self.answer, before)
        for node in [n for n in root.every() if BESIDE in n.attributes]:
            del node.attributes[BESIDE]
            self.beside |= {n.id: n for n in (node, *node.every()) if n.id and n.id.startswith("e-")}
        return kept

    def _filled(self, node: Node, before: Mapping[str | None, Node]) -> int:
        kept = 0
        for i, one in enumerate(node.inside):
            if isinstance(one, str):
                continue
            if "data-same" in one.attributes:
                assert one.attributes["data-is"] == before[one.id].attributes["data-is"]
                node.inside[i] = before[one.id]
                kept += 1
            else:
                kept += self._filled(one, before)
        return kept


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    found = desk_at(tmp_path / "log.db", Clock(NOW))
    yield found
    found.log.close()


class Run:
    """One page, its changes one after another, and whether it shows what the whole answer does."""

    def __init__(self, desk: Desk) -> None:
        self.desk, self.pages = desk, Pages()
        self.fields: dict[str, str] = {}
        first = desk.empty()
        self.answer = first
        self.page = Browser(self.pages.whole(first))

    def take(self, **deed: str) -> int:
        """Send the form, and put its answer into the page; how many pieces were not sent again."""
        form = self.fields | self.carried(self.answer) | deed
        self.answer = self.desk.take(form)
        kept = self.page.take(self.pages.part(self.answer, self.page.name))
        self.fields = {n: v for n, v in self.fields.items() if n not in deed}
        self.check()
        return kept

    def undo(self) -> int:
        """Take the last change back; the fields then say what stands, as in a browser."""
        change = self.answer.chart.last_change
        kept = self.take(do=f"undo {change.nonce}" if change else "")
        for name in [n for n in self.fields if n.startswith("v.")]:
            self.fields[name] = self.answer.chart.typed(name[2:]).text
        return kept

    def check(self) -> None:
        whole = Browser(self.pages.part(self.answer, ""))
        assert self.page.answer.said() == whole.answer.said()
        anew = Browser(self.pages.whole(self.answer))
        assert self.page.answer.said() == anew.answer.said()
        for id, node in anew.beside.items():
            assert self.page.beside[id].said() == node.said(), id

    def carried(self, answer: Answer) -> dict[str, str]:
        from clinical_commander.service.form_view import FormView

        return dict(FormView(answer).carried)


@pytest.mark.parametrize("seed", range(2))
def test_what_a_page_lacks_makes_it_the_page_of_the_whole_answer(desk: Desk, seed: int) -> None:
    source, run = random.Random(seed), Run(desk)
    clock = desk.log.clock
    assert isinstance(clock, Clock)
    kept = 0
    for number in range(21):
        clock.now += timedelta(seconds=source.choice((5, 90, 4000)))
        if number % 7 == 6:
            kept += run.undo()
            continue
        for name in source.sample(sorted(VALUES), k=source.choice((1, 1, 3))):
            run.fields[name] = source.choice(VALUES[name])
        kept += run.take()

    assert kept > 1500, "hardly anything was left out, so hardly anything was tested"


@pytest.mark.parametrize("fact", DECIDING)
def test_a_deciding_fact_that_is_taken_away_again_leaves_nothing_of_it_on_the_page(desk: Desk, fact: str) -> None:
    run = Run(desk)
    given = {"airway_compromise": "no", "oxygen_device": "room_air", "consciousness": "alert", "active_bleeding": "no"}
    given |= {"spo2": "97", "sbp": "124", "hr": "76", "rr": "14", "estimated_volume_24h": "5", "age": "40"}
    run.fields = {f"v.{name}": given.get(name, "no") for name in {*DECIDING, "age"}}
    run.take()

    run.fields[f"v.{fact}"] = ""
    run.take()

    assert fact in run.answer.assessment.tier.missing or not run.answer.assessment.tier.settled


def test_a_page_that_the_service_does_not_know_is_sent_everything(desk: Desk) -> None:
    run = Run(desk)
    run.fields = {"v.spo2": "84"}
    run.take()

    for name in ("", "0" * 32, "never drawn"):
        assert "data-same" not in run.pages.part(run.answer, name)
    assert "data-same" in run.pages.part(run.answer, run.page.name)


def test_a_whole_page_leaves_nothing_out(desk: Desk) -> None:
    run = Run(desk)
    run.fields = {"v.spo2": "84"}
    run.take()

    assert "data-same" not in run.pages.whole(run.answer)


def test_only_the_last_pages_are_kept_and_none_of_their_words(desk: Desk) -> None:
    run = Run(desk)
    run.fields = {"v.spo2": "84", "label": "Bed 16 Somebody"}
    run.take()
    first = run.page.name
    for _ in range(_MOST_PAGES):
        run.pages.part(run.answer, "")

    assert len(run.pages._shown) == _MOST_PAGES
    assert "data-same" not in run.pages.part(run.answer, first)
    assert "Somebody" not in str(run.pages._shown)


def test_what_was_typed_is_not_taken_for_room_for_another_piece(desk: Desk) -> None:
    run = Run(desk)
    run.fields = {"v.spo2": "84", "label": "<slot></slot>", "v.sbp": "<slot></slot>"}
    run.take()

    assert "&lt;slot&gt;&lt;/slot&gt;" in run.pages.whole(run.answer)
    assert "<slot>" not in run.pages.whole(run.answer)
