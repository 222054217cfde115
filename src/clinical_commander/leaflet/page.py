"""A leaflet in, one HTML page out: for a screen and for paper, with no script and nothing from outside."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

from clinical_commander.leaflet.write import Leaflet

if TYPE_CHECKING:
    from jinja2 import Environment

PAPERS = {"a4": "A4", "letter": "Letter"}
USUAL_TYPE = 13.0
"""Points."""


def html(leaflet: Leaflet, paper: str = "a4", type_size: float = USUAL_TYPE) -> str:
    """The page; the same leaflet gives the same text.

    Args:
        leaflet: What it says. Every text is escaped.
        paper: `a4` or `letter`.
        type_size: Of the text, in points; nothing is set smaller.
    """
    rtl = leaflet.direction == "rtl"
    return (
        _environment()
        .get_template("leaflet.html")
        .render(
            leaflet=leaflet,
            paper=PAPERS[paper],
            size=f"{type_size:g}pt",
            start="right" if rtl else "left",
            end="left" if rtl else "right",
        )
    )


@cache
def _environment() -> Environment:
    from jinja2 import DictLoader, Environment, StrictUndefined

    folder = files("clinical_commander.leaflet") / "templates"
    names = ("leaflet.html", "leaflet.css")
    loader = DictLoader({name: (folder / name).read_text(encoding="utf-8") for name in names})
    return Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
