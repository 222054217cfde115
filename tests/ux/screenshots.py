"""Writes docs/images/*.png, and the emergency card as a file: `python -m tests.ux.screenshots`, here.

Behind the command, `page`, `library` or `author` takes those pictures alone.
"""

from __future__ import annotations

import io
import shutil
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from PIL import Image

from clinical_commander.service.emergency import FILE, emergency_card
from tests.fixtures import EXAMPLES, REPOSITORY, engine
from tests.ux.browser import SIZES, chromium, enter, pictures, server

NORMAL_BUT: Mapping[str, Any] = {"age": "34", "spo2": "98", "oxygen_device": "room_air", "estimated_volume_24h": "10"}


def example(name: str) -> dict[str, Any]:
    """A case of examples/cases."""
    found: dict[str, Any] = yaml.safe_load((EXAMPLES / f"{name}.yaml").read_text(encoding="utf-8"))
    return found


MILD: Mapping[str, Any] = example("constructed-mild")["facts"]
STATES: Mapping[str, tuple[Mapping[str, Any], str]] = {
    "nothing-known": ({}, ""),
    "massive": (example("constructed-warfarin-massive")["facts"], "high_income"),
    "cannot-exclude": (NORMAL_BUT, ""),
    "mild": (MILD, "high_income"),
    "submassive": ({**MILD, "volume_description": "unknown", "estimated_volume_24h": "60 mL"}, "high_income"),
    "conflict": (example("tb-04")["facts"], "tb_endemic"),
}


def small(picture: bytes, file: Path) -> None:
    """Write a picture of few colours as one of few bytes: a palette instead of three channels."""
    Image.open(io.BytesIO(picture)).convert("RGB").quantize(256, Image.Quantize.MAXCOVERAGE).save(file, optimize=True)


def page_pictures() -> None:
    """Take every state at both sizes, light and dark. The leaflet has a script of its own beside the pictures."""
    FILE.write_text(emergency_card(engine().dossier), encoding="utf-8")
    pictures().mkdir(exist_ok=True)
    with server() as (address, _), chromium() as browser:
        for scheme in ("light", "dark"):
            for size, viewport in SIZES.items():
                context = browser.new_context(viewport=viewport, color_scheme=scheme, has_touch=size == "phone")
                for state, (facts, region) in STATES.items():
                    page = context.new_page()
                    page.goto(f"http://{address}/")
                    if facts:
                        enter(page, facts, region=region)
                        page.wait_for_timeout(200)
                    page.evaluate("document.activeElement.blur(); scrollTo(0, 0)")
                    small(page.screenshot(), pictures() / f"page-{state}-{size}-{scheme}.png")
                    page.close()
                context.close()


def library_pictures() -> None:
    """The library: a desktop in the light, a phone in the dark."""
    id = engine().dossier.id
    places = {"dossier": f"library/{id}", "rule": f"library/{id}#rule-massive"}
    with server() as (address, _), chromium() as browser:
        for size, scheme in (("desktop", "light"), ("phone", "dark")):
            context = browser.new_context(viewport=SIZES[size], color_scheme=scheme, has_touch=size == "phone")
            for name, place in places.items():
                page = context.new_page()
                page.goto(f"http://{address}/{place}")
                page.wait_for_timeout(500)
                page.screenshot(path=pictures() / f"library-{name}-{size}-{scheme}.png")
                page.close()
            context.close()


def author_pictures() -> None:
    """The author's view, after a threshold was moved and after a key was broken."""
    with tempfile.TemporaryDirectory() as copy:
        shutil.copytree(REPOSITORY / "content", Path(copy) / "content")
        folder = Path(copy) / "content" / "dossiers" / engine().dossier.id
        file = folder / "thresholds.yaml"
        text = file.read_text(encoding="utf-8")
        moved = text.replace('value: "100 mL"', 'value: "80 mL"', 1)
        states = {"changed": moved, "fault": moved.replace('value: "30 mL"', 'valu: "30 mL"', 1)}
        with server("--watch", str(folder)) as (address, _), chromium() as browser:
            for state, saved in states.items():
                file.write_text(saved, encoding="utf-8")
                for size, scheme in (("desktop", "light"), ("phone", "dark")):
                    context = browser.new_context(viewport=SIZES[size], color_scheme=scheme, has_touch=size == "phone")
                    page = context.new_page()
                    page.goto(f"http://{address}/author")
                    page.wait_for_selector("#errors" if state == "fault" else "details.case", timeout=240_000)
                    page.wait_for_selector("main[data-stage=idle]", timeout=240_000)
                    page.screenshot(path=pictures() / f"author-{state}-{size}-{scheme}.png")
                    context.close()


PICTURES = {"page": page_pictures, "library": library_pictures, "author": author_pictures}

if __name__ == "__main__":
    for name in sys.argv[1:] or PICTURES:
        PICTURES[name]()
