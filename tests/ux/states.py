"""The states of the page that its looks are tested in: what is entered, and what is then done to the page."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from playwright.sync_api import Page, Route, expect

from tests.ux.browser import enter
from tests.ux.screenshots import STATES

WIDTHS: Mapping[str, dict[str, int]] = {
    "phone": {"width": 390, "height": 844},
    "tablet": {"width": 768, "height": 1024},
    "desktop": {"width": 1366, "height": 768},
}


def shown(page: Page, state: str) -> None:
    """Enter a state of `STATES` and wait for its answer."""
    facts, region = STATES[state]
    if facts:
        enter(page, facts, region=region)
        expect(page.locator("#facts")).to_contain_text("Age")


def errors(page: Page) -> None:
    """Two values that cannot be taken, one beside a field that is hidden until it is opened."""
    enter(page, {"sbp": "low", "inr": "high", "spo2": "86"})
    expect(page.locator("#errors")).to_be_visible()


def basis(page: Page) -> None:
    """The basis of the tier and of the first step stand open."""
    shown(page, "massive")
    page.locator("#tier .basis > summary").click()
    page.locator("#now .basis > summary").first.click()


def everything(page: Page) -> None:
    """Whatever can be opened is open."""
    shown(page, "mild")
    page.evaluate("document.querySelectorAll('details').forEach(it => { it.open = true; })")


def waiting(page: Page) -> None:
    """An answer is on its way."""
    shown(page, "massive")
    page.route("**/", lambda route: None)
    page.locator("#v-spo2").fill("85")
    page.locator("#v-spo2").dispatch_event("change")
    expect(page.locator("#updating")).to_be_visible()


def not_current(page: Page) -> None:
    """No answer came."""

    def refuse(route: Route) -> None:
        route.abort()

    shown(page, "massive")
    page.route("**/", refuse)
    page.locator("#v-spo2").fill("85")
    page.locator("#v-spo2").dispatch_event("change")
    expect(page.locator("#not-current")).to_be_visible()


MADE: Mapping[str, Callable[[Page], None]] = {
    **{state: (lambda page, state=state: shown(page, state)) for state in STATES},  # type: ignore[misc]
    "errors": errors,
    "basis": basis,
    "everything-open": everything,
    "updating": waiting,
    "not-current": not_current,
}
