"""A dossier's names in, texts with links to their anchors out. An id is a link only where it can be nothing else."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping

from clinical_commander.dossier.named import PART, Mentions, Name
from clinical_commander.frozen import frozen

# A word with an underscore or a stop inside is an id or no word at all; `massive` alone may be either.
_ID = re.compile(r"(?<![\w.])[A-Za-z][A-Za-z0-9]*(?:[_.][A-Za-z0-9]+)+(?![\w])")
_WORD = re.compile(r"'[^']*'|[A-Za-z_][A-Za-z0-9_]*")
_FIRST = ("rule", "trigger", "fact", "threshold", "action", "tool", "input", "finding", "cause", "citation", "sibling")


@frozen
class Piece:
    """A part of a text; with `href`, a link. `kind` is what it leads to."""

    text: str
    href: str = ""
    kind: str = ""


Pieces = tuple[Piece, ...]


def anchor(name: Name) -> str:
    """The place of a name on the page of its dossier. It stays the same for as long as the name does."""
    return f"{name[0]}-{name[1]}"


class Links:
    """Finds names in texts."""

    def __init__(self, names: Iterable[Name], mentions: Mentions) -> None:
        self.names = frozenset(names)
        self.mentions = mentions
        self._by_id: dict[str, Name] = {}
        for name in sorted(self.names, key=lambda n: _FIRST.index(n[0]) if n[0] in _FIRST else len(_FIRST)):
            self._by_id.setdefault(name[1], name)

    def to(self, name: Name, text: str = "") -> Piece:
        """A link to a name, or its text where there is none."""
        return Piece(text or name[1], f"#{anchor(name)}" if name in self.names else "", name[0])

    def text(self, text: str) -> Pieces:
        """A text with a link at each id that stands in it."""
        return self._linked(text, _ID, self._by_id.get)

    def code(self, text: str, cells: Iterable[str]) -> Pieces:
        """An expression with a link at each name that its typed form says it has."""
        known: dict[str, Name] = {}
        for cell in cells:
            kind, _, id = cell.partition(" ")
            known[id] = (kind, id)
        return self._linked(text, _WORD, lambda found: known.get(found.strip("'")))

    def users(self, name: Name) -> Mapping[str, Pieces]:
        """Who names this one, by kind; of an answer as a whole the link is called as the answer is."""
        found: dict[str, list[Piece]] = {}
        for user in self.mentions.by.get(name, ()):
            kind = user[1] if user[0] == PART else user[0]
            found.setdefault(kind, []).append(self.to(user))
        return {kind: tuple(pieces) for kind, pieces in found.items()}

    def _linked(self, text: str, pattern: re.Pattern[str], find: Callable[[str], Name | None]) -> Pieces:
        pieces: list[Piece] = []
        at = 0
        for match in pattern.finditer(text):
            name = find(match.group())
            if name is None or name not in self.names:
                continue
            if match.start() > at:
                pieces.append(Piece(text[at : match.start()]))
            pieces.append(self.to(name, match.group()))
            at = match.end()
        if at < len(text) or not pieces:
            pieces.append(Piece(text[at:]))
        return tuple(pieces)
