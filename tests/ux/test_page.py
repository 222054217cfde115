"""The page in a real Chromium, by number of its requirement. What only a person can judge is not here: docs/ux.md."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from clinical_commander.service.emergency import FILE
from tests.fixtures import engine
from tests.ux.browser import SIZES, enter, server
from tests.ux.in_page import CONTRAST
from tests.ux.screenshots import STATES

PAYLOADS = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "'><svg onload=alert(1)>",
    "javascript:alert(1)",
    "</textarea><script>alert(1)</script>",
    "{{7*7}}${7*7}",
    '" autofocus onfocus=alert(1) x="',
    "\u202e<iframe src=//evil.example>",
)


def tier(page: Page) -> str:
    return page.locator("#tier-value").inner_text()


def shown(page: Page, state: str) -> None:
    facts, region = STATES[state]
    if facts:
        enter(page, facts, region=region)
        expect(page.locator("#facts")).to_contain_text("Age")


# --- A. speed and workflow


def test_ux_01_a_tier_from_the_first_look_alone_in_the_page(page: Page) -> None:
    first_look = {"spo2": "98", "oxygen_device": "room_air", "sbp": "124", "rr": "14", "hr": "76"}
    first_look |= {"estimated_volume_24h": "60", "consciousness": "alert"}

    enter(page, {**first_look, "airway_compromise": False})

    expect(page.locator("#tier-value")).to_have_text("Submassive bleeding")


def test_ux_02_massive_bleeding_is_reached_by_keyboard_alone_in_at_most_40_keys(page: Page) -> None:
    keys = ["8", "6", "Tab", "Tab", "n", "o", "n", "Tab"]  # saturation, over "unknown", non-rebreather
    keys += ["9", "8", "Tab", "Tab", "3", "0", "Tab", "Tab", "1", "2", "4", "Tab", "Tab"]  # pressure, rate, heart
    keys += ["2", "Tab", "c", "Tab", "Tab", "ArrowRight", "Enter"]  # two cups, the airway is threatened
    for key in keys:
        page.keyboard.press(key)

    assert len(keys) <= 40
    expect(page.locator("#tier-value")).to_have_text("Massive bleeding")
    facts = page.locator("#facts")
    for said in (
        "SpO2: 86 %",
        "non-rebreather mask",
        "98 mmHg",
        "30 /min",
        "124 /min",
        "473 mL",
        "Airway compromise: yes",
    ):
        expect(facts).to_contain_text(said)


def test_ux_06_one_press_copies_the_note_and_the_second_copy_differs_in_the_changed_fact_only(page: Page) -> None:
    enter(page, {"spo2": "86", "age": "58"})
    expect(page.locator("#tier-value")).to_have_text("Massive bleeding")

    def copied() -> list[str]:
        page.locator("#copy").click()
        return [
            re.sub(r"\d{4}-\d\d-\d\d \d\d:\d\d", "", line)
            for line in str(page.evaluate("navigator.clipboard.readText()")).splitlines()
        ]

    first = copied()
    assert copied() == first
    page.locator("#v-spo2").fill("85")
    expect(page.locator("#facts")).to_contain_text("SpO2: 85 %")

    assert copied() == [line.replace("SpO2 86 %", "SpO2 85 %") for line in first]


def test_ux_07_nothing_on_the_page_is_a_dialog(page: Page) -> None:
    shown(page, "conflict")

    assert page.locator("dialog, [role=dialog], [role=alertdialog], [aria-modal]").count() == 0


# --- B. safe input


def test_ux_15_neither_address_title_nor_storage_knows_the_patient_and_a_new_patient_starts_empty(page: Page) -> None:
    enter(page, {"spo2": "86", "age": "58"})
    expect(page.locator("#patient")).to_contain_text("58 years")

    assert re.fullmatch(r"http://127\.0\.0\.1:\d+/encounter/[0-9a-f]{32}", page.url)
    assert page.title() == "Clinical Commander"
    assert page.evaluate("[localStorage.length, sessionStorage.length, document.cookie]") == [0, 0, ""]
    page.get_by_role("link", name="New patient").click()
    expect(page.locator("#v-spo2")).to_have_value("")
    expect(page.locator("#tier-value")).to_have_text("Cannot exclude massive bleeding")
    assert "58 years" not in page.locator("body").inner_text()


def test_ux_15_the_back_button_leads_to_one_patient_whole_and_never_to_two_mixed(page: Page) -> None:
    enter(page, {"spo2": "86", "age": "58"})
    expect(page.locator("#patient")).to_contain_text("58 years")
    first = page.locator("[name=of]").input_value()
    page.get_by_role("link", name="New patient").first.click()
    expect(page.locator("#v-spo2")).to_have_value("")
    enter(page, {"spo2": "97", "age": "70"})
    expect(page.locator("#patient")).to_contain_text("70 years")

    page.go_back()

    expect(page.locator("#patient")).to_contain_text("58 years")
    expect(page.locator("#v-spo2")).to_have_value("86")
    expect(page.locator("[name=of]")).to_have_value(first)
    assert "70 years" not in page.locator("body").inner_text()


def test_ux_15_two_tabs_hold_two_patients(page: Page, address: str) -> None:
    other = page.context.new_page()
    other.goto(address)
    enter(page, {"spo2": "86"})
    enter(other, {"spo2": "97", "age": "70"})

    expect(page.locator("#tier-value")).to_have_text("Massive bleeding")
    expect(other.locator("#patient")).to_contain_text("70 years")
    assert "70 years" not in page.locator("body").inner_text()


def test_ux_13_each_submit_of_a_bad_form_moves_the_focus_to_a_new_summary_that_leads_to_the_field(page: Page) -> None:
    for text in ("low", "very low"):
        page.locator("#v-sbp").fill(text)
        page.locator("#v-sbp").press("Enter")

        expect(page.locator("#errors")).to_be_focused()
        assert page.locator("#errors").get_attribute("role") == "alert"
        expect(page.locator("#f-sbp .error")).to_contain_text(text)
    page.locator("#errors a").click()
    expect(page.locator("#v-sbp")).to_be_focused()


def test_the_place_of_care_is_switched_by_one_key_and_the_focus_stays_on_it(page: Page) -> None:
    page.locator("#v-spo2").fill("86")
    page.locator("#v-spo2").press("Alt+i")

    expect(page.locator("#patient")).to_contain_text("intensive care")
    expect(page.locator("#switch [aria-pressed]")).to_be_focused()
    expect(page.locator("#plan h2")).to_contain_text("ntensive care")
    expect(page.locator("#facts")).to_contain_text("SpO2: 86 %")


def test_half_a_number_raises_no_alarm_while_it_is_typed(page: Page) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.method))
    page.locator("#v-sbp").press_sequentially("124", delay=30)

    assert asked == []
    page.keyboard.press("Tab")
    expect(page.locator("#facts")).to_contain_text("124 mmHg")
    assert asked == ["POST"]


# --- C. output and explanation


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("state", STATES)
def test_ux_17_tier_why_first_actions_and_next_question_stand_in_order_above_the_fold(
    browser: Browser, address: str, size: str, state: str
) -> None:
    context = browser.new_context(viewport=SIZES[size], has_touch=size == "phone")  # type: ignore[arg-type]
    page = context.new_page()
    page.goto(address)
    shown(page, state)
    page.evaluate("scrollTo(0, 0)")

    parts = ["#tier h1", "#why .line >> nth=0", "#now .line >> nth=0", "#ask .line >> nth=0"]
    boxes = {part: page.locator(part).bounding_box() for part in parts if page.locator(part).count()}

    bar = page.locator(".reach").bounding_box()
    fold = bar["y"] if bar else SIZES[size]["height"]
    tops = [box["y"] for box in boxes.values() if box]
    assert tops == sorted(tops)
    for part, box in boxes.items():
        assert box is not None
        assert box["y"] + box["height"] <= fold, part
    context.close()


def test_ux_18_the_tier_is_told_apart_without_colour(page: Page) -> None:
    seen = set()
    for facts in ({}, {"spo2": "86"}):
        if facts:
            enter(page, facts)
            expect(page.locator("#tier-value")).to_have_text("Massive bleeding")
        seen.add((tier(page), page.locator(".shape path").get_attribute("d"), page.locator(".meter .on").count()))

    assert len({word for word, _, _ in seen}) == len({shape for _, shape, _ in seen}) == 2
    assert {on for _, _, on in seen} == {0, 3}


def test_ux_20_the_basis_of_an_action_is_one_press_away(page: Page) -> None:
    shown(page, "massive")

    page.locator("#now .basis summary").first.click()

    terms = page.locator("#now .basis[open] dt")
    assert terms.count() == 8
    assert terms.first.is_visible()


def test_ux_26_when_the_service_dies_the_advice_is_marked_within_two_seconds(browser: Browser) -> None:
    with server() as (address, process):
        page = browser.new_page()
        page.goto(f"http://{address}/")
        enter(page, {"spo2": "86"})
        expect(page.locator("#tier-value")).to_have_text("Massive bleeding")
        process.kill()
        process.wait(10)

        page.locator("#v-spo2").fill("97")

        expect(page.locator("#not-current")).to_be_visible(timeout=2000)
        assert "97" not in page.locator("#facts").inner_text()
        page.close()


# --- D. accessibility and devices


def test_ux_30_only_a_rise_to_massive_interrupts(page: Page) -> None:
    enter(page, {"spo2": "97", "estimated_volume_24h": "60"})
    page.wait_for_timeout(300)
    assert page.locator("#alarm").text_content() == ""
    assert page.locator("#live").get_attribute("aria-live") == "polite"

    enter(page, {"spo2": "86"})

    expect(page.locator("#alarm")).to_contain_text("Massive bleeding")
    assert page.locator("#alarm").get_attribute("aria-live") == "assertive"


@pytest.mark.parametrize("width", [320, 390])
def test_ux_31_a_narrow_page_does_not_scroll_sideways_and_touch_targets_are_large(
    browser: Browser, address: str, width: int
) -> None:
    context = browser.new_context(viewport={"width": width, "height": 844}, has_touch=True, is_mobile=True)
    page = context.new_page()
    page.goto(address)
    shown(page, "conflict")

    assert page.evaluate("document.documentElement.scrollWidth") <= width
    small = page.evaluate(
        """selector => [...document.querySelectorAll(selector)]
            .filter(e => e.checkVisibility() && e.getBoundingClientRect().height < 44).map(e => e.outerHTML)""",
        ".quick button, .quick input[type=text], .quick select, .quick .segment, .banner button",
    )
    assert small == []
    context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("state", ["nothing-known", "massive", "mild"])
def test_ux_32_all_text_has_a_contrast_of_at_least_4_5_in_light_and_dark(
    browser: Browser, address: str, scheme: str, state: str
) -> None:
    context = browser.new_context(viewport={"width": 1366, "height": 768}, color_scheme=scheme)  # type: ignore[arg-type]
    page = context.new_page()
    page.goto(address)
    shown(page, state)

    assert page.evaluate(CONTRAST) == []
    context.close()


def test_ux_34_without_scripts_the_page_assesses_switches_and_writes_the_note(browser: Browser, address: str) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(address)

    page.locator("#v-spo2").fill("86")
    page.locator("#v-spo2").press("Enter")
    expect(page.locator("#tier-value")).to_have_text("Massive bleeding")
    page.locator("button[name=switch][value=icu]").click()
    expect(page.locator("#patient")).to_contain_text("intensive care")
    expect(page.locator("#v-spo2")).to_have_value("86")
    page.locator("button[formaction='/note']").click()
    expect(page.locator("body")).to_contain_text("SpO2 86 %")
    assert page.url.endswith("/note")
    context.close()


def test_ux_34_no_request_leaves_the_machine(browser: Browser, address: str) -> None:
    page = browser.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(address)
    shown(page, "massive")
    page.locator("#copy").scroll_into_view_if_needed()

    assert asked
    assert all(url.startswith(address) for url in asked)
    page.close()


def test_ux_34_the_emergency_card_opens_from_disk_without_a_server(browser: Browser) -> None:
    page = browser.new_page()

    page.goto(FILE.as_uri())

    for line in engine().dossier.emergency_card:
        expect(page.locator("ol.card")).to_contain_text(line.text)
    page.close()


# --- hostile text (hazard H22)


def test_hostile_text_in_every_text_field_stays_text(page: Page) -> None:
    said: list[str] = []
    page.on("dialog", lambda dialog: (said.append(dialog.message), dialog.dismiss()))
    page.on("console", lambda message: said.append(message.text) if "Content Security Policy" in message.text else None)
    page.on("request", lambda request: said.append(request.url) if "evil" in request.url else None)
    numbers = [f.id for f in engine().dossier.facts.values() if f.kind in ("number", "integer")]
    facts: Mapping[str, Any] = {name: PAYLOADS[i % len(PAYLOADS)] for i, name in enumerate(numbers)}

    enter(page, facts)
    expect(page.locator("#errors")).to_be_visible()
    for payload in PAYLOADS:
        enter(page, {"spo2": payload})

    assert said == []
    assert page.locator("#answer script, #answer img, #answer iframe").count() == 0
    assert tier(page).startswith("Cannot exclude")
