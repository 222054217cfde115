"""Headings, items and paragraphs in, lines of a fixed width out. Signs are ASCII where the terminal has no others."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from typing import Final

NARROWEST: Final = 40
_TIME: Final = 6  # "60 min"
_HANGING: Final = 24  # a deeper indent leaves too little room for the text

SIGNS: Final[Mapping[str, tuple[str, str]]] = {
    # sign: (ASCII, Unicode); a sign never stands alone, a word says the same
    "do": ("[ ]", "□"),
    "ask_first": ("[?]", "?"),
    "withheld": ("[x]", "✕"),
    "done": ("[v]", "✓"),
    "alarm": ("!!", "▲"),
    "item": ("-", "•"),
    "complete": ("[v]", "●"),
    "waiting": ("[>]", "◉"),
    "not_reached": ("[ ]", "○"),
    "not_needed": ("[-]", "◌"),
    "rail": ("--", "──"),
    "full": ("#", "■"),
    "empty": ("-", "□"),
    "open": ("?", "?"),
    "rule": ("-", "─"),
    "between": ("|", "·"),
}

_COLOURS: Final[Mapping[str, str]] = {
    "critical": "1;97;41",
    "urgent": "1;33",
    "notice": "36",
    "heading": "1",
    "quiet": "2",
    "strong": "1",
    "watermark": "7",
}

# What a sentence uses and an ASCII terminal cannot show.
_PLAIN: Final = str.maketrans(
    {
        "–": "-", "—": "-", "’": "'", "\u2018": "'", "“": '"', "”": '"', "…": "...", "×": "x", "µ": "u", "μ": "u",
        "°": " deg ", "≥": ">=", "≤": "<=", "²": "2", "³": "3", "⁹": "9", "½": "1/2", "¼": "1/4", "→": "->",
    }
)  # fmt: skip


class Page:
    """Collects the lines of a text page."""

    def __init__(self, width: int = 100, *, colour: bool = False, unicode: bool = True) -> None:
        self.width, self.colour, self.unicode = max(width, NARROWEST), colour, unicode
        self.lines: list[str] = []

    def sign(self, name: str) -> str:
        """A sign that this terminal can show."""
        return SIGNS[name][self.unicode]

    def tint(self, text: str, tint: str) -> str:
        """The text in a colour, where there are colours."""
        return f"\x1b[{_COLOURS[tint]}m{text}\x1b[0m" if self.colour and tint and text else text

    # -- parts

    def blank(self) -> None:
        """One empty line, never two."""
        if self.lines and self.lines[-1]:
            self.lines.append("")

    def heading(self, text: str, tint: str = "heading") -> None:
        """A heading in capitals, with an empty line above it."""
        self.blank()
        self._add(text.upper(), "", "", tint)

    def title(self, text: str) -> None:
        """The title of a page, underlined."""
        self.blank()
        self._add(text, "", "", "strong")
        self.lines.append(self.sign("rule") * min(len(text), self.width))

    def text(self, text: str, indent: int = 0, tint: str = "", about: str = "") -> None:
        """A paragraph. `about` names the statement, `kind:id`, for a view that shows what it rests on."""
        self._add(text, " " * indent, " " * indent, tint)

    def item(
        self,
        text: str,
        sign: str = "item",
        indent: int = 2,
        tint: str = "",
        note: str = "",
        time: str = "",
        about: str = "",
    ) -> None:
        """A line of a list behind its sign; `time` stands in a column of its own, `note` on lines of its own."""
        first = " " * indent + self.sign(sign) + " " + (time.rjust(_TIME) + "  " if time else "")
        self._add(text, first, " " * len(first), tint)
        if note:
            self.text(note, len(first), "quiet")

    def pair(self, name: str, text: str, indent: int = 2, tint: str = "") -> None:
        """A name and what it says, the latter under itself where the name is short."""
        start = " " * indent + f"{name}: "
        if len(start) > self.width // 2:
            self.text(f"{name}:", indent, tint)
            self.text(text, indent + 4, tint)
            return
        hang = len(start) if len(start) <= _HANGING else indent + 4
        self._add(text, start, " " * hang, tint)

    def row(self, cells: Sequence[str], indent: int = 2, between: str | None = None) -> None:
        """Cells side by side, broken between cells rather than inside them."""
        mark = f" {self.sign('between') if between is None else between} "
        line = ""
        for cell in cells:
            if line and indent + len(line) + len(mark) + len(cell) > self.width:
                self.text(line + mark.rstrip(), indent)
                line = cell
            else:
                line = f"{line}{mark}{cell}" if line else cell
        if line:
            self.text(line, indent)

    def mark(self, kind: str, id: str) -> None:
        """What this name names begins here. Nothing on paper; a view with anchors sets one."""

    def refer(self, kind: str, ids: Sequence[str]) -> None:
        """What was said last names or rests on these. Nothing on paper; a view with links leads there."""

    def _add(self, text: str, first: str, rest: str, tint: str) -> None:
        text = self._shown(text)
        lines = textwrap.wrap(
            text,
            self.width,
            initial_indent=first,
            subsequent_indent=rest,
            break_on_hyphens=False,
            break_long_words=True,
        ) or [first.rstrip()]
        for line in lines:
            body = line.lstrip()
            self.lines.append(line[: len(line) - len(body)] + self.tint(body, tint))

    def _shown(self, text: str) -> str:
        text = " ".join(text.split())
        if self.unicode:
            return "".join(c for c in text if c.isprintable())
        plain = " ".join(text.translate(_PLAIN).split())
        return "".join(c if c.isascii() and c.isprintable() else "?" for c in plain)

    def __str__(self) -> str:
        return "\n".join(self.lines).rstrip("\n") + "\n"
