"""The page by keyboard alone: every control, the order, the focus, the keys, and the rail as a map."""

from __future__ import annotations

import random
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.fixtures import engine
from tests.ux.browser import SIZES, enter
from tests.ux.in_page import CONTROLS, STOP
from tests.ux.states import shown


def crawl(page: Page, start: str, key: str, end: str, most: int) -> list[dict[str, Any]]:
    """Every stop on the way from one control to another with the key."""
    page.locator(f"[data-stop='{start}']").focus()
    found: list[dict[str, Any]] = []
    for _ in range(most):
        page.keyboard.press(key)
        stop: dict[str, Any] | None = page.evaluate(STOP)
        assert stop is not None, f"the page was left before {end}"
        found.append(stop)
        if stop["stop"] == end:
            return found
    raise AssertionError(f"no end after {most} stops: {found[-1]}")


@pytest.mark.parametrize(("size", "scheme"), [("desktop", "light"), ("phone", "dark")])
def test_ux_28_the_tab_key_reaches_every_control_both_ways_in_order_with_a_visible_focus_that_nothing_covers(
    browser: Browser, address: str, size: str, scheme: str
) -> None:
    context = browser.new_context(viewport=SIZES[size], color_scheme=scheme)  # type: ignore[arg-type]
    page = context.new_page()
    page.goto(address)
    shown(page, "conflict")
    page.evaluate("document.querySelectorAll('details:not(.help)').forEach(it => { it.open = true; })")
    wanted = page.evaluate(CONTROLS)
    ends = page.evaluate("""() => {
        const all = [...document.querySelectorAll('[data-stop]')];
        return [all[0].dataset.stop, all.at(-1).dataset.stop];
    }""")

    forward = crawl(page, ends[0], "Tab", ends[1], len(wanted) + 50)
    backward = crawl(page, ends[1], "Shift+Tab", ends[0], len(wanted) + 50)

    assert len(wanted) > 300
    assert {ends[0], *(s["stop"] for s in forward)} >= set(wanted)
    assert {ends[1], *(s["stop"] for s in backward)} >= set(wanted)
    for stop in (*forward, *backward):
        assert stop["width"] >= 2, stop
        assert stop["ratio"] >= 3, stop
        assert stop["onScreen"], stop
        assert not stop["under"], stop
    assert [s["order"] for s in forward] == sorted(s["order"] for s in forward)
    assert [s["order"] for s in backward] == sorted((s["order"] for s in backward), reverse=True)
    context.close()


# --- the keys


def test_ux_29_every_shortcut_of_the_page_has_alt_and_the_list_names_each(page: Page) -> None:
    page.locator("#help > summary").click()

    keys = page.locator("#help kbd").all_inner_texts()
    for letter in page.locator("[accesskey]").evaluate_all("all => all.map(e => e.accessKey)"):
        assert f"Alt {letter}" in keys
    assert "?" in keys
    assert page.locator("#help [role=dialog], #help[role=dialog]").count() == 0


def test_ux_29_a_question_mark_shows_and_hides_the_list_and_can_be_switched_off(page: Page) -> None:
    help = page.locator("#help .card")
    page.evaluate("document.activeElement.blur()")

    page.keyboard.press("?")
    expect(help).to_be_visible()
    page.keyboard.press("?")
    expect(help).to_be_hidden()

    page.locator("#help > summary").click()
    page.locator("#help-key").uncheck()
    page.locator("#help > summary").click()
    page.keyboard.press("?")
    expect(help).to_be_hidden()


def test_ux_29_a_question_mark_in_a_field_is_a_letter(page: Page) -> None:
    page.locator("#v-spo2").press("?")

    expect(page.locator("#v-spo2")).to_have_value("?")
    expect(page.locator("#help .card")).to_be_hidden()


def test_ux_29_no_key_without_a_modifier_changes_what_is_entered_or_shown(page: Page) -> None:
    page.locator("#v-spo2").fill("86")
    page.locator("#v-spo2").press("Tab")
    expect(page.locator("#tier-value")).to_have_text("Massive bleeding")
    page.evaluate("document.activeElement.blur()")
    before = page.evaluate("[document.getElementById('answer').innerHTML, location.href]")
    for key in "abcdefghijklmnopqrstuvwxyz0123456789/.,-":
        page.keyboard.press(key)

    assert page.evaluate("[document.getElementById('answer').innerHTML, location.href]") == before


def test_ux_29_the_list_opens_without_scripts(browser: Browser, address: str) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(address)

    page.locator("#help > summary").click()

    expect(page.locator("#help kbd").first).to_be_visible()
    expect(page.locator("#help-key")).to_be_hidden()
    context.close()


# --- the rail

STATE_OF_THE_FORM = "[...new FormData(document.getElementById('entry'))].filter(([name]) => !name.startsWith('t.'))"


def test_ux_04_two_hundred_presses_on_the_rail_lose_nothing_that_was_entered(page: Page) -> None:
    shown(page, "conflict")
    before = page.evaluate(STATE_OF_THE_FORM)
    answer = page.locator("#tier-value").inner_text()
    source = random.Random(4)
    phases = page.locator(".rail a")

    for _ in range(200):
        phases.nth(source.randrange(phases.count())).evaluate("it => it.click()")

    assert page.evaluate(STATE_OF_THE_FORM) == before
    assert page.locator("#tier-value").inner_text() == answer
    assert "=" not in page.url


@pytest.mark.parametrize("state", ["nothing-known", "massive", "mild"])
@pytest.mark.parametrize("scripts", [True, False])
def test_ux_04_each_phase_leads_to_its_own_part_of_the_page_whatever_its_status(
    browser: Browser, address: str, state: str, scripts: bool
) -> None:
    dossier = engine().dossier
    context = browser.new_context(viewport=SIZES["desktop"], java_script_enabled=scripts)  # type: ignore[arg-type]
    page = context.new_page()
    page.goto(address)
    if scripts:
        shown(page, state)
    fields = {i.phase: [f"f-{f}" for f in i.facts] for i in reversed(dossier.inputs.values())}
    for phase in dossier.phases:
        fields[phase.id] = [f"f-{f}" for i in dossier.inputs.values() if i.phase == phase.id for f in i.facts]

    for number, phase in enumerate(dossier.phases):
        link = page.locator(".rail a").nth(number)
        assert phase.title in link.inner_text()
        link.click()
        target = page.locator(":target")
        expect(target).to_be_in_viewport()
        name = target.get_attribute("id")
        if fields[phase.id]:
            assert name in fields[phase.id]
        else:
            assert name in ("differential", "tier", "plan", "disposition", "follow-up", "more")
    context.close()


def test_ux_04_the_rail_shows_where_one_is_and_goes_on_as_the_case_does(page: Page) -> None:
    here = page.locator(".rail [aria-current=step]")
    expect(here).to_have_count(1)
    first = here.inner_text()

    shown(page, "mild")

    expect(here).to_have_count(1)
    assert here.inner_text() != first


def test_ux_04_a_phase_leads_to_a_field_that_is_still_empty_while_it_has_one(page: Page) -> None:
    frame = page.locator(".rail a").first
    before = frame.get_attribute("href")
    assert before is not None

    enter(page, {before.removeprefix("#f-"): "10"})

    after = frame.get_attribute("href")
    assert after is not None
    assert after.startswith("#f-")
    assert after != before
