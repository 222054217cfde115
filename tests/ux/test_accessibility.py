"""What axe-core finds on the page, in every state, light and dark, at three widths. It cannot judge the rest."""

from __future__ import annotations

import hashlib
import re
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from tests.fixtures import REPOSITORY
from tests.ux.states import MADE, WIDTHS

VENDORED = REPOSITORY / "tests" / "vendor" / "axe"
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
RUN = """only => axe.run(document, {runOnly: only, resultTypes: ['violations']}).then(found =>
    found.violations.flatMap(v => v.nodes.map(n => [v.id, n.target.join(' '), n.failureSummary])))"""
OF_COLOUR = ["color-contrast", "link-in-text-block"]
"""The rules that look at colours. All others judge what is the same in light and dark."""


def violations(page: Page, without: str = "") -> Any:
    """What axe finds, by its rules but one. It is put in through the debugger, so the page keeps its policy."""
    page.evaluate("document.documentElement.classList.add('read')")  # sizes are judged, so all is laid out
    page.evaluate((VENDORED / "axe.min.js").read_text(encoding="utf-8"))
    return [found for found in page.evaluate(RUN, {"type": "tag", "values": TAGS}) if found[0] != without]


def violations_in_the_dark(page: Page) -> Any:
    """What axe finds of the colours of the same page, in which it was put before, in the dark."""
    page.emulate_media(color_scheme="dark")
    return page.evaluate(RUN, {"type": "rule", "values": OF_COLOUR})


def test_the_vendored_axe_is_the_one_that_its_readme_names() -> None:
    readme = (VENDORED / "README.md").read_text(encoding="utf-8")
    source = (VENDORED / "axe.min.js").read_bytes()

    assert hashlib.sha256(source).hexdigest() in readme
    assert re.findall(r"axe v([\d.]+)", source[:200].decode()) == re.findall(r"\| ([\d.]+) \| MPL-2.0", readme)
    assert "Mozilla Public License" in (VENDORED / "LICENSE").read_text(encoding="utf-8")


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("state", MADE)
def test_ux_27_axe_finds_no_violation_in_any_state(browser: Browser, address: str, state: str, width: str) -> None:
    context = browser.new_context(viewport=WIDTHS[width], has_touch=width == "phone")  # type: ignore[arg-type]
    page = context.new_page()
    page.goto(address)
    MADE[state](page)

    assert violations(page) == []
    assert violations_in_the_dark(page) == []
    context.close()


@pytest.mark.parametrize("width", WIDTHS)
def test_ux_27_axe_finds_no_violation_on_the_emergency_card(browser: Browser, address: str, width: str) -> None:
    context = browser.new_context(viewport=WIDTHS[width])  # type: ignore[arg-type]
    page = context.new_page()
    page.goto(f"{address}emergency")

    assert violations(page) == []
    assert violations_in_the_dark(page) == []
    context.close()


@pytest.mark.parametrize("width", ["phone", "desktop"])
def test_ux_27_axe_finds_no_violation_on_the_pages_beside_it(browser: Browser, address: str, width: str) -> None:
    context = browser.new_context(viewport=WIDTHS[width])  # type: ignore[arg-type]
    page = context.new_page()
    page.goto(address)
    MADE["massive"](page)
    patient = page.url
    assert "/encounter/" in patient

    for other in (f"{patient}/timeline", f"{patient}/leaflet/en", f"{address}encounters", f"{address}library"):
        page.emulate_media(color_scheme="light")
        page.goto(other)
        assert violations(page) == [], other
        assert violations_in_the_dark(page) == [], other
    context.close()


def test_ux_27_axe_would_find_a_fault(page: Page) -> None:
    page.evaluate("document.querySelector('label[for=v-spo2]').remove()")

    assert "label" in {found[0] for found in violations(page)}


def test_ux_27_axe_would_find_a_fault_of_colour_in_the_dark(page: Page) -> None:
    violations(page)
    page.emulate_media(color_scheme="dark")
    page.evaluate(
        "document.querySelector('label[for=v-spo2]').style.color = getComputedStyle(document.body).backgroundColor"
    )

    assert "color-contrast" in {found[0] for found in violations_in_the_dark(page)}
