"""UX-10: blood in spoons and cups: pictured, and echoed in millilitres at once. Expected values: NIST Handbook 44."""

from __future__ import annotations

import re

import pytest
from fastapi.testclient import TestClient
from playwright.sync_api import Browser, Page, expect

from clinical_commander.service.app import create_app
from tests.desks import desk
from tests.fixtures import engine
from tests.ux.browser import SIZES

# NIST Handbook 44, appendix C: one US teaspoon, tablespoon and cup in mL.
ONE = {"teaspoons": 4.929, "tablespoons": 14.787, "cups": 236.588}
TABLE = [
    ("1", 1.0, "teaspoons"), ("2", 2.0, "teaspoons"), ("6", 6.0, "teaspoons"), ("1/2", 0.5, "teaspoons"),
    ("1", 1.0, "tablespoons"), ("2", 2.0, "tablespoons"), ("4", 4.0, "tablespoons"), ("8", 8.0, "tablespoons"),
    ("1/2", 0.5, "cups"), ("1", 1.0, "cups"), ("2", 2.0, "cups"), ("4", 4.0, "cups"),
]  # fmt: skip


def test_ux_10_twelve_entries_in_spoons_and_cups_are_echoed_at_once_in_the_browser(page: Page) -> None:
    field, choice = page.locator("#v-estimated_volume_24h"), page.locator("[name='u.estimated_volume_24h']")
    assert len(TABLE) == 12
    for text, amount, measure in TABLE:
        choice.select_option(measure)
        field.fill(text)
        field.press("Tab")

        said = f"= {amount * ONE[measure]:.0f} mL"
        expect(page.locator("#f-estimated_volume_24h .echo")).to_have_text(said)
        expect(page.locator("#facts")).to_contain_text(said[2:])


def test_ux_10_a_measure_that_is_typed_out_is_echoed_too_and_unknown_clears_it(page: Page) -> None:
    field = page.locator("#v-estimated_volume_24h")
    field.fill("2 cups")
    field.press("Tab")
    expect(page.locator("#f-estimated_volume_24h .echo")).to_have_text("= 473 mL")

    field.fill("")
    page.locator("[name='s.estimated_volume_24h']").check()

    expect(page.locator("#f-estimated_volume_24h .echo")).to_have_count(0)
    expect(page.locator("#tier")).to_contain_text("Blood in 24 h")


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_ux_10_each_measure_has_a_picture_with_its_millilitres_beside_it(
    browser: Browser, address: str, size: str, scheme: str
) -> None:
    context = browser.new_context(viewport=SIZES[size], color_scheme=scheme)  # type: ignore[arg-type]
    page = context.new_page()
    page.goto(address)

    shown = page.locator("#f-estimated_volume_24h .measures li")
    assert shown.count() == len(ONE)
    for at, amount in enumerate(ONE.values()):
        picture = shown.nth(at).locator("svg .blood")
        assert picture.is_visible()
        expect(shown.nth(at).locator("b")).to_have_text(f"{amount:.0f} mL")
    sizes = [shown.nth(at).locator("svg .blood").bounding_box() for at in range(len(ONE))]
    areas = [box["width"] * box["height"] for box in sizes if box]
    assert areas == sorted(areas), "what holds more is drawn larger"
    assert page.evaluate("document.documentElement.scrollWidth") <= SIZES[size]["width"]
    context.close()


def test_ux_10_every_measure_of_a_volume_can_be_chosen_and_only_volumes_have_pictures() -> None:
    page = TestClient(create_app(desk())).get("/").text

    for name, fact in engine().dossier.facts.items():
        found = re.search(rf'id="f-{name}">(.*?)\n</div>', page, re.S)
        if found is None:
            continue
        volume = fact.unit is not None and fact.unit.code == "mL"
        assert ('class="measures"' in found[1]) is volume, name
        for measure in ONE if volume else ():
            assert f'<option value="{measure}"' in found[1]
