"""A leaflet in, plain text for a terminal out; in two languages, in two columns."""

from __future__ import annotations

import textwrap
import unicodedata
from collections.abc import Iterator
from itertools import zip_longest

from clinical_commander.leaflet.beside import Beside, rows, said
from clinical_commander.leaflet.write import Leaflet, Line, Part

_LINE = "_" * 24
_SHORT_LINE = "_" * 12
_BETWEEN = " | "
_TURN = {"ltr": "", "rtl": "\u200f"}
"""Before each line, so that a terminal sets it in its own direction."""


def text(leaflet: Leaflet, width: int) -> str:
    """The leaflet in lines of at most `width` columns."""
    turn = _TURN[leaflet.direction]
    return "".join(f"{turn}{line}".rstrip() + "\n" for line in _lines(leaflet, max(width, 40)))


def beside_text(pair: Beside, width: int) -> str:
    """Both languages in two columns of a text of at most `width` columns, a sentence beside its translation."""
    sides = (pair.patient, pair.clinician)
    column = (max(width, 60) - len(_BETWEEN)) // 2
    lines = [tuple(side.language for side in sides), tuple("-" * column for _ in sides)]
    for row in rows(pair):
        if row.heading:
            lines.append(("", ""))
        cells = [f"{cell} {_SHORT_LINE}" if row.blank else cell for cell in (row.patient, row.clinician)]
        cells = [cell.upper() for cell in cells] if row.heading else cells
        lines += zip_longest(*(textwrap.wrap(cell, column) for cell in cells), fillvalue="")
    turned = ([f"{_TURN[side.direction]}{cell}" if cell else "" for side, cell in zip(sides, line, strict=True)]
              for line in lines)  # fmt: skip
    return "".join(f"{a}{' ' * (column - _columns(a))}{_BETWEEN}{b}".rstrip() + "\n" for a, b in turned)


def _columns(text: str) -> int:
    """How many columns a text takes: marks of direction take none."""
    return sum(unicodedata.category(character) != "Cf" for character in text)


def _lines(leaflet: Leaflet, width: int) -> Iterator[str]:
    for above in (leaflet.watermark.upper(), leaflet.notice.upper()):
        if above:
            yield above
    yield ""
    yield leaflet.title.upper()
    yield from textwrap.wrap(leaflet.subtitle, width)
    for part in leaflet.parts:
        yield ""
        yield part.title.upper()
        if part.kind == "emergency":
            yield from textwrap.wrap(f"{leaflet.call} {leaflet.emergency_number}. {part.note}", width)
        if part.kind == "contacts":
            yield from (f"  {contact.label}: {contact.phone or _LINE}" for contact in leaflet.contacts)
        yield from _part(part, leaflet, width)
    yield ""
    labels = leaflet.labels
    yield f"{labels['made_on']}: {leaflet.made_on}. {labels['version']}: {leaflet.version} {leaflet.content_hash}"
    if leaflet.site:
        yield leaflet.site


def _part(part: Part, leaflet: Leaflet, width: int) -> Iterator[str]:
    for number, line in enumerate(part.lines, 1):
        sign = "" if line.intro or part.kind == "text" else f"{number}. " if part.kind == "questions" else _sign(line)
        shown = f"{said(leaflet, part, line)} {_LINE}" if line.blank else said(leaflet, part, line)
        yield from textwrap.wrap(shown, width, initial_indent=f"  {sign}", subsequent_indent=" " * (2 + len(sign)))


def _sign(line: Line) -> str:
    return "- " if line.marked is None else "[x] " if line.marked else "[ ] "
