"""The leaflet on paper: two pages, tagged, large type, nothing outside the margins, on A4 and on Letter."""

from __future__ import annotations

import io
import re
import shutil
import subprocess
from collections.abc import Iterator
from ctypes.util import find_library
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import pytest

from clinical_commander.cli.main import main
from clinical_commander.engine.assess import Engine
from clinical_commander.errors import ReferenceProblem
from clinical_commander.frozen import replace
from clinical_commander.leaflet.pdf import pdf
from clinical_commander.leaflet.write import Leaflet, write_leaflet
from tests.fixtures import EXAMPLES
from tests.leaflets import LANGUAGES, PSEUDO, assessed, everything, leaflet, need, pseudo

# Points: ISO 216 and ANSI.
PAPERS = {"a4": (595.3, 841.9), "letter": (612.0, 792.0)}
KINDS = {"patient": leaflet, "longest": everything}
EVERY = [(kind, language, paper) for kind in KINDS for language in LANGUAGES for paper in PAPERS]
MARGIN = 18  # points, a quarter of an inch: what office printers leave white


def _pango() -> bool:
    if find_spec("weasyprint") is None:
        return False
    try:
        import weasyprint  # noqa: F401
    except OSError:
        return False
    return True


@pytest.fixture(autouse=True, scope="module")
def _needs_pango() -> None:
    need("Pango (libpango-1.0-0, libpangoft2-1.0-0)", _pango())
    need("HarfBuzz-Subset (libharfbuzz-subset0)", find_library("harfbuzz-subset") is not None)
    fonts = ""
    if shutil.which("fc-list"):
        fonts = subprocess.run(["fc-list", ":", "family"], capture_output=True, text=True, check=False).stdout
    need("a font as wide as Arial (fonts-liberation)", bool(re.search("Liberation Sans|Arial", fonts)))


@pytest.fixture(autouse=True, scope="module")
def _own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CLINICAL_COMMANDER_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


@cache
def made(kind: str, language: str, paper: str) -> bytes:
    return pdf(KINDS[kind](language), paper)


def reader(data: bytes):
    from pypdf import PdfReader

    return PdfReader(io.BytesIO(data))


def pieces(data: bytes) -> Iterator[tuple[int, str, float, float, float]]:
    """(page, text, x, y, size in points) of every piece of text."""
    for number, page in enumerate(reader(data).pages):
        found: list[tuple[int, str, float, float, float]] = []

        def see(
            text: str, cm: list[float], tm: list[float], _: object, size: float, number: int = number, found=found
        ) -> None:
            if text.strip():
                scale = abs(tm[3] * cm[3])
                x, y = tm[4] * cm[0] + cm[4], tm[5] * cm[3] + cm[5]
                found.append((number, text, x, y, size * scale))

        page.extract_text(visitor_text=see)
        yield from found


@pytest.mark.hazard("H05")
@pytest.mark.parametrize(("kind", "language", "paper"), EVERY)
def test_ux_40_it_is_two_pages_of_the_paper_that_was_asked_for(kind: str, language: str, paper: str) -> None:
    pages = reader(made(kind, language, paper)).pages

    assert len(pages) == 2
    for page in pages:
        assert (float(page.mediabox.width), float(page.mediabox.height)) == pytest.approx(PAPERS[paper], abs=0.5)


@pytest.mark.parametrize(("kind", "language", "paper"), EVERY)
def test_ux_40_it_is_tagged_with_language_and_title_and_names_nobody(kind: str, language: str, paper: str) -> None:
    found = reader(made(kind, language, paper))
    root = found.trailer["/Root"]

    assert root["/MarkInfo"]["/Marked"].value is True
    assert root["/StructTreeRoot"]["/K"]
    assert root["/Lang"] == language
    assert root["/ViewerPreferences"]["/DisplayDocTitle"].value is True
    assert found.metadata.title == ("Coughing up blood" if language == "en" else "Toser sangre")
    assert set(found.metadata) <= {"/Title", "/Producer"}
    assert b"pdfuaid:part" in made(kind, language, paper) or b"pdfuaid" in root["/Metadata"].get_data()


def test_ux_40_headings_and_lists_are_marked_as_such() -> None:
    roles: list[str] = []

    def walk(node: object) -> None:
        node = node.get_object() if hasattr(node, "get_object") else node
        if isinstance(node, list):
            for child in node:
                walk(child)
        elif hasattr(node, "get"):
            roles.append(str(node.get("/S")))
            if "/K" in node:
                walk(node["/K"])

    walk(reader(made("patient", "en", "a4")).trailer["/Root"]["/StructTreeRoot"]["/K"])

    assert roles.count("/H1") == 1
    assert roles.count("/H2") == 11
    assert roles.count("/L") >= 6
    assert roles.count("/LI") >= 40


@pytest.mark.hazard("H05")
@pytest.mark.parametrize(("kind", "language", "paper"), EVERY)
def test_ux_40_every_sentence_is_on_it_and_nothing_is_smaller_than_12_points(
    kind: str, language: str, paper: str
) -> None:
    found = KINDS[kind](language)
    data = made(kind, language, paper)
    said = re.sub(r"\s+", "", " ".join(page.extract_text() for page in reader(data).pages))

    for text in (found.title, found.subtitle, *_texts(found)):
        assert re.sub(r"\s+", "", text) in said, text
    assert found.watermark.upper().replace(" ", "") in said.upper()
    # A hair less: the type is set in pixels and written back in points.
    assert min(size for *_, size in pieces(data)) >= 11.99


def _texts(found: Leaflet) -> Iterator[str]:
    for part in found.parts:
        yield part.title
        yield from (line.text for line in part.lines)


@pytest.mark.hazard("H05")
@pytest.mark.parametrize(("kind", "language", "paper"), EVERY)
def test_ux_37_the_box_for_the_ambulance_stands_in_the_top_half_of_the_first_page(
    kind: str, language: str, paper: str
) -> None:
    found = KINDS[kind](language)
    half = PAPERS[paper][1] / 2
    warnings = {line.text[:18] for line in found.parts[0].lines}

    seen = {start for start in warnings for page, text, _, y, _ in pieces(made(kind, language, paper))
            if page == 0 and y > half and text.strip().startswith(start)}  # fmt: skip

    assert seen == warnings


@pytest.mark.hazard("H05")
@pytest.mark.parametrize(("kind", "language", "paper"), EVERY)
def test_ux_40_no_ink_is_near_the_edge_of_the_paper(kind: str, language: str, paper: str, tmp_path: Path) -> None:
    need("pdftoppm (poppler-utils)", shutil.which("pdftoppm") is not None)
    file = tmp_path / "leaflet.pdf"
    file.write_bytes(made(kind, language, paper))
    subprocess.run(["pdftoppm", "-gray", "-r", "72", file, tmp_path / "page"], check=True)

    for image in sorted(tmp_path.glob("page-*.pgm")):
        rows = _grey(image.read_bytes())
        height, width = len(rows), len(rows[0])
        ink = [(x, y) for y, row in enumerate(rows) for x, value in enumerate(row) if value < 200]
        assert len(ink) > 5000  # the page is not empty
        assert min(x for x, _ in ink) >= MARGIN
        assert max(x for x, _ in ink) < width - MARGIN
        assert min(y for _, y in ink) >= MARGIN
        assert max(y for _, y in ink) < height - MARGIN


def _grey(data: bytes) -> list[bytes]:
    """The rows of a portable graymap."""
    header = re.match(rb"P5\s+(\d+)\s+(\d+)\s+255\s", data)
    assert header is not None
    width = int(header[1])
    body = data[header.end() :]
    return [body[i : i + width] for i in range(0, len(body), width)]


def test_ux_39_a_language_from_right_to_left_fits_too_and_says_its_direction() -> None:
    dossier = pseudo()
    data = pdf(write_leaflet(assessed(Engine(dossier)), dossier, None, PSEUDO))
    found = reader(data)

    assert len(found.pages) <= 2
    assert found.trailer["/Root"]["/Lang"] == PSEUDO
    # The bullets stand on the other side: right of the middle of the first page, where English has them on the left.
    assert max(x for page, text, x, *_ in pieces(data) if text.strip() == "•") > PAPERS["a4"][0] / 2
    english = [x for page, text, x, *_ in pieces(made("patient", "en", "a4")) if page == 0 and text.strip() == "•"]
    assert max(english) < PAPERS["a4"][0] / 2


def test_the_same_leaflet_gives_the_same_bytes() -> None:
    assert pdf(leaflet()) == made("patient", "en", "a4")


def test_ux_40_what_does_not_fit_on_two_pages_is_refused_and_never_cut() -> None:
    found = everything()
    first, second, *others = found.parts
    longer = replace(found, parts=(first, replace(second, lines=second.lines * 9), *others))

    with pytest.raises(ReferenceProblem, match="CC645 The leaflet does not fit on 2 pages"):
        pdf(longer)


def test_the_command_writes_a_pdf_and_prints_nothing(tmp_path: Path, capsys) -> None:
    file = tmp_path / "leaflet.pdf"

    assert main(["leaflet", str(EXAMPLES / "constructed-mild.yaml"), "--pdf", str(file), "--paper", "letter"]) == 0
    assert capsys.readouterr() == ("", "")
    assert float(reader(file.read_bytes()).pages[0].mediabox.height) == pytest.approx(792)
