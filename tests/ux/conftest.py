"""The server and browser that the tests of the page share. Without Chromium they skip by name; under CI they fail."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

from tests.ux.browser import CHROMIUM, chromium, server


@pytest.fixture(scope="session")
def address() -> Iterator[str]:
    with server() as (address, _):
        yield f"http://{address}/"


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    if CHROMIUM is None:
        if os.environ.get("CI"):
            pytest.fail("Chromium is missing: install the Debian package `chromium`.")
        pytest.skip("Chromium is missing: install the Debian package `chromium`.")
    with chromium() as found:
        yield found


@pytest.fixture
def page(browser: Browser, address: str) -> Iterator[Page]:
    """The page with nothing entered, on a desktop."""
    context = browser.new_context(viewport={"width": 1366, "height": 768})
    context.grant_permissions(["clipboard-read", "clipboard-write"], origin=address.rstrip("/"))
    found = context.new_page()
    found.goto(address)
    yield found
    context.close()
