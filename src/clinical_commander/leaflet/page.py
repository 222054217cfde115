"""A leaflet in, one HTML page out: for a screen and for paper, with no script and nothing from outside."""

from __future__ import annotations

from base64 import b64encode
from functools import cache
from hashlib import sha256
from importlib.resources import files
from typing import TYPE_CHECKING

from clinical_commander.leaflet.beside import Beside, rows
from clinical_commander.leaflet.write import Leaflet

if TYPE_CHECKING:
    from jinja2 import Environment

PAPERS = {"a4": "A4", "letter": "Letter"}
USUAL_TYPE = 13.0
"""Points."""


def html(leaflet: Leaflet, paper: str = "a4", type_size: float = USUAL_TYPE, stylesheet: str = "") -> str:
    """The page; the same leaflet gives the same text.

    Args:
        leaflet: What it says. Every text is escaped.
        paper: `a4` or `letter`.
        type_size: Of the text, in points; nothing is set smaller.
        stylesheet: The address of `style`, where a service lets no page bring its own; else it stands in the page.
    """
    css = "" if stylesheet else style(leaflet.direction, leaflet.labels["page"], paper, type_size)
    return _page("leaflet.html", css, stylesheet, leaflet=leaflet)


def style(direction: str, page_label: str, paper: str = "a4", type_size: float = USUAL_TYPE) -> str:
    """How the page is set: the same for every patient.

    Args:
        direction: `ltr` or `rtl`.
        page_label: The word before the number of a page.
        paper: `a4` or `letter`.
        type_size: Of the text, in points.
    """
    rtl = direction == "rtl"
    return (
        _environment()
        .get_template("leaflet.css")
        .render(
            paper=PAPERS[paper],
            size=f"{type_size:g}pt",
            start="right" if rtl else "left",
            end="left" if rtl else "right",
            page_label=page_label,
        )
    )


def beside_html(pair: Beside, paper: str = "a4") -> str:
    """Two languages in two columns, a sentence and its translation in one row; each cell has its own direction."""
    css = _environment().get_template("beside.css").render(paper=PAPERS[paper])
    return _page("beside.html", css, "", pair=pair, rows=tuple(rows(pair)))


def _page(template: str, css: str, stylesheet: str, **what: object) -> str:
    from markupsafe import Markup

    # The browser takes this style and no other. Without line ends at its ends: the hash is of every character.
    allowed = "'self'" if stylesheet else f"'sha256-{b64encode(sha256(css.encode()).digest()).decode()}'"
    found = _environment().get_template(template)
    return found.render(css=Markup(css), allowed=Markup(allowed), stylesheet=stylesheet, **what)


@cache
def _environment() -> Environment:
    from jinja2 import DictLoader, Environment, StrictUndefined

    folder = files("clinical_commander.leaflet") / "templates"
    names = ("leaflet.html", "leaflet.css", "beside.html", "beside.css")
    loader = DictLoader({name: (folder / name).read_text(encoding="utf-8") for name in names})
    return Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
