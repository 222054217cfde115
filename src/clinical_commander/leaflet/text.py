"""A leaflet in, plain text for a terminal out."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

from clinical_commander.leaflet.write import Leaflet, Line, Part

_LINE = "_" * 24
_TURN = {"ltr": "", "rtl": "\u200f"}
"""Before each line, so that a terminal sets it in its own direction."""


def text(leaflet: Leaflet, width: int) -> str:
    """The leaflet in lines of at most `width` columns."""
    turn = _TURN[leaflet.direction]
    return "".join(f"{turn}{line}".rstrip() + "\n" for line in _lines(leaflet, max(width, 40)))


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
        said = line.text
        if line.marked:
            said += f" ({leaflet.labels['planned' if part.key.endswith('.tests') else 'your_cause']})"
        if line.blank:
            said += f" {_LINE}"
        yield from textwrap.wrap(said, width, initial_indent=f"  {sign}", subsequent_indent=" " * (2 + len(sign)))


def _sign(line: Line) -> str:
    return "- " if line.marked is None else "[x] " if line.marked else "[ ] "
