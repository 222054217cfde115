"""A leaflet in, a tagged PDF of two pages at most out, in the largest type that fits; or two languages side by side."""

from __future__ import annotations

import logging
from typing import Any, NoReturn

from clinical_commander.errors import Problem, ReferenceProblem
from clinical_commander.leaflet.beside import Beside
from clinical_commander.leaflet.page import beside_html, html
from clinical_commander.leaflet.write import Leaflet

MOST_PAGES = 2
TYPE_SIZES = (13.0, 12.5, 12.0)
"""Points, the largest first. Below 12 nothing is printed: it would not be read."""


def pdf(leaflet: Leaflet, paper: str = "a4") -> bytes:
    """The leaflet as PDF/UA: tagged, with its language and title; the same leaflet gives the same bytes.

    Raises:
        ReferenceProblem: CC644, WeasyPrint or its libraries are missing; CC645, it does not fit on two pages.
    """
    weasyprint = _weasyprint()
    for size in TYPE_SIZES:
        page = weasyprint.HTML(string=html(leaflet, paper, size), url_fetcher=_nothing_from_outside)
        document = page.render()
        if len(document.pages) <= MOST_PAGES:
            return _written(document, f"{leaflet.content_hash}-{leaflet.language}-{paper}")
    cause = f"The leaflet does not fit on {MOST_PAGES} pages in type of {TYPE_SIZES[-1]:g} points."
    raise ReferenceProblem(
        Problem("CC645", cause, "Shorten its texts, or install a narrower font such as Liberation Sans.")
    )


def beside_pdf(pair: Beside, paper: str = "a4") -> bytes:
    """Two languages side by side as PDF/UA, for the clinician who reads along; as many pages as that takes.

    Raises:
        ReferenceProblem: CC644, WeasyPrint or its libraries are missing.
    """
    page = _weasyprint().HTML(string=beside_html(pair, paper), url_fetcher=_nothing_from_outside)
    one, other = pair.patient, pair.clinician
    return _written(page.render(), f"{one.content_hash}-{one.language}-{other.language}-{paper}")


def _written(document: Any, identifier: str) -> bytes:
    # The identifier would otherwise be drawn by chance.
    made: bytes = document.write_pdf(pdf_variant="pdf/ua-1", pdf_tags=True, pdf_identifier=identifier.encode())
    return made


def can_print() -> bool:
    """Whether this machine makes a PDF."""
    try:
        _weasyprint()
    except ReferenceProblem:
        return False
    return True


def _weasyprint() -> Any:
    try:
        import weasyprint
    except ImportError:
        mend = "Install it: `pip install 'clinical-commander[leaflet]'`."
        raise ReferenceProblem(Problem("CC644", "A PDF needs WeasyPrint, which is not installed.", mend)) from None
    except OSError:
        mend = "Install it; on Debian: `apt-get install libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0`."
        raise ReferenceProblem(
            Problem("CC644", "A PDF needs the library Pango, which is not installed.", mend)
        ) from None
    logging.getLogger("weasyprint").setLevel(logging.ERROR)
    return weasyprint


def _nothing_from_outside(url: str, *_: object, **__: object) -> NoReturn:
    raise ValueError(f"a leaflet fetches nothing: {url}")
