"""The changelog of content in, the entries of one dossier out: title, and each point with its name."""

from __future__ import annotations

import re
from collections.abc import Collection
from pathlib import Path

from clinical_commander.frozen import frozen

FILE = "CHANGELOG.md"
_POINT = re.compile(r"^- \*\*(?P<name>[^*]+)\*\*:?\s*", re.MULTILINE)


@frozen
class Change:
    """One entry: its heading, and (name, text) of its points."""

    title: str
    points: tuple[tuple[str, str], ...]


def changes(root: Path, dossier: str, others: Collection[str] = ()) -> tuple[Change, ...]:
    """The entries for a dossier, newest first; those that name another dossier are left out.

    Args:
        root: The content root; without a changelog there is no entry.
        dossier: Its id.
        others: The ids of the other dossiers.
    """
    try:
        text = (root / FILE).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return ()
    found = []
    for entry in text.split("\n## ")[1:]:
        title, _, body = entry.partition("\n")
        if dossier in title or not any(other in title for other in others):
            found.append(Change(title.strip(), tuple(_points(body))))
    return tuple(found)


def _points(body: str) -> list[tuple[str, str]]:
    starts = list(_POINT.finditer(body))
    ends = [*(match.start() for match in starts[1:]), len(body)]
    return [(m["name"], " ".join(body[m.end() : end].split())) for m, end in zip(starts, ends, strict=True)]
