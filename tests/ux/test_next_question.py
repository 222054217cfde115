"""UX-23: the next best question: why and what it could change; can be put aside; never what is known; an end."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from html import unescape

import pytest
from fastapi.testclient import TestClient
from playwright.sync_api import Browser, Page, expect

from clinical_commander.engine.case import Case
from clinical_commander.engine.questions import still_asked
from clinical_commander.service.app import create_app
from tests.desks import considered, desk
from tests.fixtures import NORMAL, patient
from tests.generate import KNOWLEDGE, hemoptysis, patients, situation_of, tell, with_fact
from tests.test_encounter_page import Patient

CASES, INTERVIEWS = 500, 25
SPARSE = next(k for k in KNOWLEDGE if k.name == "sparse")


def test_ux_23_put_aside_one_by_one_the_questions_of_500_patients_never_come_again_ask_nothing_known_and_end(
    record_property: Callable[[str, object], None],
) -> None:
    lengths = []
    for number in range(CASES):
        case = patients().case("questions", number)
        result = hemoptysis().assess(case)
        # What only follows from a value past its window is known no more than that value.
        reader = situation_of(hemoptysis(), case).fresh.reader
        known = {name for name in hemoptysis().program.slots if reader.known(name)}
        aside: list[str] = []
        while asked := still_asked(result.next, aside):
            first = asked[0]
            assert first.ask not in aside, number
            assert first.decides, number
            assert first.could_change, number
            assert first.text, number
            assert not known & set(first.facts), (number, first.ask)
            aside.append(first.ask)
            assert len(aside) <= len(result.next), number
        assert not [q for q in result.next if q.decides and q.ask not in aside], number
        lengths.append(len(aside))
    tell(record_property, "most questions of one patient", max(lengths))
    assert max(lengths) > 10


def test_ux_23_an_interview_with_answers_unknowns_and_questions_put_aside_asks_each_fact_once_and_ends() -> None:
    for number in range(INTERVIEWS):
        rng = random.Random(f"interview:{number}")
        whole = patients().case("interview", number, knowledge=KNOWLEDGE[0], earlier=False)
        case: Case = patients().case("interview", number, knowledge=SPARSE, setting=whole.setting, earlier=False)
        aside: set[str] = set()
        left_open: set[str] = set()
        told: set[str] = set()
        for _ in range(150):
            asked = still_asked(hemoptysis().assess(case).next, aside, left_open)
            if not asked:
                break
            first = asked[0]
            assert first.ask not in aside
            assert not told.intersection(first.facts), (number, first.ask)
            answers = [f for f in first.facts if f in whole.facts and f not in left_open]
            if not answers or rng.random() < 0.15:
                aside.add(first.ask)
            elif rng.random() < 0.2:
                left_open.update(first.facts)
            else:
                case = with_fact(case, *(replace(whole.facts[f][-1], at=case.at) for f in answers))
                told.update(answers)
        else:
            pytest.fail(f"interview {number} does not end")


def test_ux_23_nothing_is_asked_where_nothing_decides_and_without_a_deciding_fact_there_is_a_question() -> None:
    whole = patient("ed", NORMAL, estimated_volume_24h="10 mL")
    for fact in hemoptysis().dossier.tier.must_know:
        less = Case(**{**vars(whole), "facts": {n: o for n, o in whole.facts.items() if n != fact}})
        asked = still_asked(hemoptysis().assess(less).next)

        assert fact in {f for q in asked if "tier" in q.could_change for f in q.facts}
        assert all(q.decides for q in asked)


# --- through the page


@pytest.fixture(scope="module")
def client() -> TestClient:
    return TestClient(create_app(desk()))


def question(page: str) -> tuple[str, str]:
    """The id and the text of the question that a page asks next."""
    card = re.search(r'<section class="card ask" id="ask">(.*?)</section>', page, re.S)
    assert card is not None
    id = re.search(r'name="do" value="skip ([^"]*)"', card[1])
    text = re.search(r'<span class="text">(.*?)</span>', card[1], re.S)
    return (id[1] if id else ""), (unescape(text[1]) if text and id else "")


def test_ux_23_a_question_that_is_put_aside_stands_under_later_and_the_next_one_is_asked(client: TestClient) -> None:
    tab = Patient(client)
    first_id, first_text = question(tab.send({"v.spo2": "97", "v.oxygen_device": "room_air"}).text)

    page = tab.send(do=f"skip {first_id}").text

    second_id, _ = question(page)
    assert second_id not in ("", first_id)
    later = re.search(r'<ul class="later">(.*?)</ul>', page, re.S)
    assert later is not None
    assert first_text in unescape(later[1])
    assert first_text in unescape(tab.send({"v.hr": "88"}).text.split('class="later"')[1])
    back = tab.send(do=f"back {first_id}").text
    assert question(back)[0] == first_id
    assert 'class="later"' not in back


def test_ux_23_the_page_puts_every_question_aside_without_a_repeat_and_then_asks_nothing(client: TestClient) -> None:
    tab, seen = Patient(client), list[str]()
    page = tab.send({"v.spo2": "97", "v.airway_compromise": "unknown"}).text
    while id := question(page)[0]:
        assert id not in seen
        seen.append(id)
        page = tab.send(do=f"skip {id}").text
        assert len(seen) < 60

    assert len(seen) > 10
    assert page.count('value="back ') >= len(seen) - 1
    tier = re.search(r'id="tier-value">(.*?)<', page)
    assert tier is not None
    assert tier[1] == "Cannot exclude massive bleeding", "what is put aside calms nothing"


def test_ux_23_what_was_asked_and_is_not_known_is_not_asked_again(client: TestClient) -> None:
    page = client.get("/").text
    card = re.search(r'<section class="card ask" id="ask">(.*?)</section>', page, re.S)
    assert card is not None
    id, _ = question(page)
    first = next(q for q in hemoptysis().assess(patient("ed", age=None)).next if q.ask == id)

    after = client.post("/", data={f"v.{fact}": "unknown" for fact in first.facts}).text

    assert question(after)[0] != id


def test_ux_23_a_question_says_what_it_makes_known_and_what_it_could_change(client: TestClient) -> None:
    page = client.post("/", data={"v.spo2": "97"}).text

    card = re.search(r'<section class="card ask" id="ask">(.*?)</section>', page, re.S)
    assert card is not None
    assert "could change:" in card[1]
    assert "makes known:" in card[1]


@pytest.mark.parametrize("deed", ["skip", "skip no_such_question", 'skip "><script>', "skip a b"])
def test_ux_23_what_is_no_question_is_refused(client: TestClient, deed: str) -> None:
    answer = client.post("/", data={"do": deed})

    assert answer.status_code == 400
    assert "CC803" in answer.text
    assert deed not in answer.text


def test_what_is_put_aside_changes_nothing_of_the_assessment() -> None:
    now = datetime(2026, 11, 1, tzinfo=UTC)
    plain = considered({"v.spo2": "97"}, now).assessment

    aside = considered({"v.spo2": "97", "do": f"skip {plain.next[0].ask}"}, now).assessment

    assert plain == aside


# --- in a browser


def test_ux_23_one_press_puts_the_question_aside_and_one_brings_it_back(page: Page) -> None:
    first = page.locator("#ask .line .text").first.inner_text()
    page.locator("#ask button[value^=skip]").click()

    expect(page.locator("#ask .line .text").first).not_to_have_text(first)
    expect(page.locator(".later .text")).to_have_text(first)
    page.locator("#v-spo2").fill("97")
    expect(page.locator("#facts")).to_contain_text("SpO2: 97 %")
    expect(page.locator(".later .text")).to_have_text(first)
    page.locator("#ask button[value^=back]").click()
    expect(page.locator("#ask .line .text").first).to_have_text(first)
    expect(page.locator(".later")).to_have_count(0)


def test_ux_23_it_works_without_scripts(browser: Browser, address: str) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(address)
    first = page.locator("#ask .line .text").first.inner_text()
    page.locator("#v-spo2").fill("97")

    page.locator("#ask button[value^=skip]").click()
    expect(page.locator("#v-spo2")).to_have_value("97")
    expect(page.locator(".later .text")).to_have_text(first)
    page.locator("#ask button[value^=back]").click()

    expect(page.locator("#ask .line .text").first).to_have_text(first)
    context.close()
