"""The author's view in a real browser: what a save changes, what a fault looks like, and what the page runs."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.fixtures import EXAMPLES, REPOSITORY
from tests.ux.browser import server

ID = "symptom.hemoptysis.v1"
LONG = 240_000  # ms that a state may take to appear on a machine that does other things too
CUT = '  massive_volume:\n    value: "100 mL"'
LOWER = '  massive_volume:\n    value: "80 mL"'


class Desk:
    """A copy of the content, and a page on it."""

    def __init__(self, folder: Path, address: str, page: Page, process: subprocess.Popen[str]) -> None:
        self.folder, self.address, self.page, self.process = folder, address, page, process

    @property
    def thresholds(self) -> Path:
        return self.folder / "thresholds.yaml"

    def text(self) -> str:
        return self.thresholds.read_text(encoding="utf-8")

    def put(self, text: str) -> None:
        """Save as an editor that writes a new file and puts it in the place of the old one."""
        new = self.folder / ".thresholds.yaml.swp"
        new.write_text(text, encoding="utf-8")
        os.replace(new, self.thresholds)

    def write(self, text: str) -> None:
        """Save in place."""
        self.thresholds.write_text(text, encoding="utf-8")

    def at_rest(self) -> None:
        """Until all is run that was saved."""
        expect(self.page.locator("main[data-stage=idle]")).to_be_attached(timeout=LONG)

    def clinician(self) -> Page:
        """The clinician's page with a volume of 90 mL and nothing else, as its form sends it without scripts."""
        answer = self.page.request.post(f"http://{self.address}/", form={"v.estimated_volume_24h": "90"}, timeout=LONG)
        page = self.page.context.new_page()
        page.set_content(answer.text())
        return page


@pytest.fixture
def desk(tmp_path: Path, browser: Browser) -> Iterator[Desk]:
    shutil.copytree(REPOSITORY / "content", tmp_path / "content")
    folder = tmp_path / "content" / "dossiers" / ID
    for file in sorted((folder / "cases").glob("*.yaml")):  # enough for every alarm, and quicker
        if file.name not in ("tiers.yaml", "triggers.yaml"):
            file.unlink()
    case = tmp_path / "mine.yaml"
    case.write_text((EXAMPLES / "constructed-mild.yaml").read_text(encoding="utf-8"), encoding="utf-8")
    case.write_text(
        case.read_text(encoding="utf-8").replace("estimated_volume_24h:", "estimated_volume_24h: 90 mL  #", 1),
        encoding="utf-8",
    )
    with server("--watch", str(folder), "--case", str(case)) as (address, process):
        context = browser.new_context(viewport={"width": 1366, "height": 768})
        page = context.new_page()
        page.goto(f"http://{address}/author")
        yield Desk(folder, address, page, process)
        context.close()


def test_a_save_shows_the_cases_that_answer_otherwise_and_a_fault_keeps_the_last_good_version(desk: Desk) -> None:
    page, good = desk.page, desk.text()
    desk.at_rest()
    expect(page.locator("#state")).to_contain_text("The draft is whole")
    assert page.locator("details.case").count() == 0

    # A cut-off moved by an editor that replaces the file: the case at 90 mL is massive now.
    desk.put(good.replace(CUT, LOWER))
    mine = page.locator("details.case[data-name=mine]")
    expect(mine).to_be_visible(timeout=LONG)
    expect(mine.locator("tr").first).to_contain_text("Submassive bleeding")
    expect(mine.locator("tr").first).to_contain_text("Massive bleeding")
    expect(page.locator("#state")).to_contain_text("thresholds.yaml")
    desk.at_rest()
    expect(page.locator("#failing")).to_contain_text("99 mL with every deciding sign normal is submassive")
    expect(page.locator("#state")).to_contain_text("vignettes after")

    # A key broken in place: the fault with its line, and the page still on the version before it.
    broken = good.replace(CUT, LOWER).replace('value: "30 mL"', 'valu: "30 mL"', 1)
    line = broken[: broken.index('valu: "30 mL"')].count("\n") + 1
    desk.write(broken)
    fault = page.locator("#errors .fault").first
    expect(fault).to_contain_text("`valu` is not a key", timeout=LONG)
    expect(fault).to_contain_text(f"thresholds.yaml:{line}:")
    expect(fault.locator(".faulty")).to_contain_text('valu: "30 mL"')
    expect(fault.locator(".faulty .number")).to_have_text(f"▸{line}")
    clinician = desk.clinician()
    expect(clinician.locator("#draft")).to_contain_text("last good version")
    expect(clinician.locator("#tier-value")).to_have_text("Massive bleeding")  # by the draft before, not by the start

    # Mended: all clear, and the page runs it.
    desk.put(good)
    expect(page.locator("#errors")).to_have_count(0, timeout=LONG)
    expect(page.locator("#state")).to_contain_text("The draft is whole")
    desk.at_rest()
    expect(page.locator("details.case")).to_have_count(0)
    expect(page.locator("#failing")).to_contain_text("All vignettes come out as they expect")
    clinician = desk.clinician()
    expect(clinician.locator("#draft")).not_to_contain_text("last good version")
    expect(clinician.locator("#tier-value")).to_have_text("Cannot exclude massive bleeding")


def test_the_present_can_be_taken_as_what_others_are_compared_with(desk: Desk) -> None:
    page = desk.page
    desk.at_rest()
    desk.put(desk.text().replace(CUT, LOWER))
    expect(page.locator("details.case[data-name=mine]")).to_be_visible(timeout=LONG)

    page.get_by_role("button", name="Compare with the present").click()

    expect(page.locator("details.case")).to_have_count(0, timeout=LONG)


def test_what_a_fault_says_stays_text(desk: Desk) -> None:
    page = desk.page
    desk.at_rest()
    hostile = "<script>document.title='taken'</script><img src=x onerror=alert(1)>"

    desk.write(desk.text() + f"  {hostile}: 1\n")

    expect(page.locator("#errors .source").first).to_contain_text("<script>", timeout=LONG)
    assert page.locator("#content img, #content script").count() == 0
    assert "taken" not in page.title()


def test_without_scripts_the_author_sees_the_same_by_a_refresh(desk: Desk, browser: Browser) -> None:
    desk.at_rest()
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"http://{desk.address}/author")

    desk.write(desk.text().replace('value: "30 mL"', 'valu: "30 mL"', 1))

    expect(page.locator("#errors")).to_contain_text("`valu` is not a key", timeout=LONG)
    context.close()


def test_a_page_whose_server_has_gone_says_that_it_is_not_current(desk: Desk) -> None:
    desk.at_rest()

    desk.process.terminate()
    desk.process.wait(20)

    expect(desk.page.locator("#not-current")).to_be_visible(timeout=LONG)


def test_every_page_of_a_draft_says_that_nobody_has_reviewed_it(desk: Desk) -> None:
    for path in ("author", "", f"library/{ID}", "library"):
        desk.page.goto(f"http://{desk.address}/{path}")
        expect(desk.page.locator(".banner .watermark")).to_contain_text("UNREVIEWED CONTENT")
