"""The library in a real browser: it narrows, it follows a link out of what was put away, it fits, it stays here."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, Page, expect

ID = "symptom.hemoptysis.v1"


@pytest.fixture
def reader(page: Page, address: str) -> Page:
    page.goto(f"{address}library/{ID}")
    return page


def test_the_filter_leaves_the_entries_that_have_all_its_words(reader: Page) -> None:
    reader.locator("#filter").fill("massive_volume 100")

    expect(reader.locator("#threshold-massive_volume")).to_be_visible()
    expect(reader.locator("#threshold-adult_age")).to_be_hidden()
    shown = reader.locator(".entry:not(.away)").all_text_contents()
    assert shown
    assert all("100" in text for text in shown)

    reader.locator("#filter").fill("zzzz")
    expect(reader.locator("#nothing")).to_be_visible()
    reader.locator("#filter").fill("")
    expect(reader.locator("#threshold-adult_age")).to_be_visible()


def test_a_link_to_what_the_filter_put_away_shows_it(reader: Page) -> None:
    reader.locator("#filter").fill("volume_massive estimated_volume_24h")
    expect(reader.locator("#threshold-adult_age")).to_be_hidden()

    reader.evaluate("location.hash = '#threshold-adult_age'")

    expect(reader.locator("#threshold-adult_age")).to_be_visible()


@pytest.mark.parametrize("width", [320, 390])
def test_no_page_of_the_library_scrolls_sideways(browser: Browser, address: str, width: int) -> None:
    context = browser.new_context(viewport={"width": width, "height": 844})
    page = context.new_page()
    for path in ("library", f"library/{ID}", f"library/{ID}/tools"):
        page.goto(f"{address}{path}")
        assert page.evaluate("document.documentElement.scrollWidth") <= width
    context.close()


def test_without_scripts_everything_is_there_and_nothing_is_asked_of_another_place(
    browser: Browser, address: str
) -> None:
    asked: list[str] = []
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.on("request", lambda request: asked.append(request.url))

    page.goto(f"{address}library/{ID}#rule-massive")

    expect(page.locator("#rule-massive")).to_be_in_viewport()
    expect(page.locator("#filter")).to_be_hidden()
    assert asked
    assert all(url.startswith(address) for url in asked)
    context.close()
