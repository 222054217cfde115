"""A real server and a real Chromium for tests and pictures of the page, and how a case is entered in its form."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, sync_playwright

from clinical_commander.service.form import field_unit
from tests.desks import folder
from tests.fixtures import REPOSITORY, engine

CHROMIUM = shutil.which("chromium")
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
SIZES = {"desktop": {"width": 1366, "height": 768}, "phone": {"width": 390, "height": 844}}


@contextmanager
def server(*arguments: str) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """A server on a free port: its address, and its process."""
    if "--db" not in arguments:
        arguments = (*arguments, "--db", str(folder() / f"{uuid.uuid4().hex}.db"))
    sources = os.pathsep.join([str(REPOSITORY / "src"), str(REPOSITORY)])
    process = subprocess.Popen(
        [sys.executable, "-m", "clinical_commander.cli.main", "serve", "--port", "0", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, "PYTHONPATH": sources},
        cwd=REPOSITORY,
    )
    assert process.stdout is not None
    try:
        told = []
        for line in process.stdout:
            told.append(line)
            if "http://" in line:
                yield line.split("http://")[1].split("/")[0], process
                break
        else:
            raise AssertionError("".join(told))
    finally:
        process.terminate()
        process.wait(10)
        process.stdout.close()


@contextmanager
def chromium() -> Iterator[Browser]:
    """The system's Chromium."""
    assert CHROMIUM is not None
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        try:
            yield browser
        finally:
            browser.close()


def form_of(facts: Mapping[str, Any]) -> dict[str, str]:
    """The fields of the form for the facts of a case file; a unit is left out where it stands beside the field."""
    words, found = {True: "yes", False: "no"}, {}
    for name, value in facts.items():
        text = words[value] if isinstance(value, bool) else str(value)
        unit = field_unit(engine().dossier.facts[name])
        found[f"v.{name}"] = text.removesuffix(unit).strip() if unit else text
    return found


def enter(page: Page, facts: Mapping[str, Any], setting: str = "ed", region: str = "") -> None:
    """Fill the form of an open page and take its answer."""
    page.evaluate(
        """([fields, setting, region]) => {
            const form = document.getElementById('entry');
            for (const [name, value] of Object.entries(fields)) {
                const found = form.elements[name];
                if (!found) continue;
                found.value = value;
            }
            form.elements.setting.value = setting;
            form.elements.region.value = region;
        }""",
        [form_of(facts), setting, region],
    )
    with page.expect_response(lambda r: r.request.method == "POST"):
        page.locator("#update").click()
    page.wait_for_function("document.querySelector('#patient').textContent.length > 0")


def pictures() -> Path:
    """Where the pictures of the page are kept."""
    return REPOSITORY / "docs" / "images"
