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
RUN = """tags => axe.run(document, {runOnly: {type: 'tag', values: tags}, resultTypes: ['violations']}).then(found =>
    found.violations.flatMap(v => v.nodes.map(n => [v.id, n.target.join(' '), n.failureSummary])))"""


def violations(page: Page, without: str = "") -> Any:
    """What axe finds, by its rules but one. It is put in through the debugger, so the page keeps its policy."""
    page.evaluate("document.documentElement.classList.add('read')")  # sizes are judged, so all is laid out
    page.evaluate((VENDORED / "axe.min.js").read_text(encoding="utf-8"))
    return [found for found in page.evaluate(RUN, TAGS) if found[0] != without]


def test_the_vendored_axe_is_the_one_that_its_readme_names() -> None:
    readme = (VENDORED / "README.md").read_text(encoding="utf-8")
    source = (VENDORED / "axe.min.js").read_bytes()

    assert hashlib.sha256(source).hexdigest() in readme
    assert re.findall(r"axe v([\d.]+)", source[:200].decode()) == re.findall(r"\| ([\d.]+) \| MPL-2.0", readme)
    assert "Mozilla Public License" in (VENDORED / "LICENSE").read_text(encoding="utf-8")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("state", MADE)
def test_ux_27_axe_finds_no_violation_in_any_state(
    browser: Browser, address: str, state: str, width: str, scheme: str
) -> None:
    context = browser.new_context(viewport=WIDTHS[width], color_scheme=scheme, has_touch=width == "phone")  # type: ignore[arg-type]
    page = context.new_page()
    page.goto(address)
    MADE[state](page)

    assert violations(page) == []
    context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", WIDTHS)
def test_ux_27_axe_finds_no_violation_on_the_emergency_card(
    browser: Browser, address: str, width: str, scheme: str
) -> None:
    context = browser.new_context(viewport=WIDTHS[width], color_scheme=scheme)  # type: ignore[arg-type]
    page = context.new_page()
    page.goto(f"{address}emergency")

    assert violations(page) == []
    context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", ["phone", "desktop"])
def test_ux_27_axe_finds_no_violation_on_the_pages_beside_it(
    browser: Browser, address: str, width: str, scheme: str
) -> None:
    context = browser.new_context(viewport=WIDTHS[width], color_scheme=scheme)  # type: ignore[arg-type]
    page = context.new_page()
    page.goto(address)
    MADE["massive"](page)
    patient = page.url
    assert "/encounter/" in patient

    for other in (f"{patient}/timeline", f"{patient}/leaflet/en", f"{address}encounters", f"{address}library"):
        page.goto(other)
        assert violations(page) == [], other
    context.close()


def test_ux_27_axe_would_find_a_fault(page: Page) -> None:
    page.evaluate("document.querySelector('label[for=v-spo2]').remove()")

    assert "label" in {found[0] for found in violations(page)}
