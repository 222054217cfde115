"""The calls of a text page in, sections of blocks out: the same words in the same order for a view that is not text.

What writes on a `Page` writes on `Blocks` too, so no other view decides again what is said, or in which order.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from clinical_commander.frozen import frozen
from clinical_commander.render.layout import Page


@frozen
class Block:
    """One call of a page. `kind` is text, item, pair, row, mark, refs, code or table; the others are what was given.

    `about` names the statement, `kind:id`, where it rests on something that can be shown. The cells of code are the
    names that stand in it, as `kind id`. A table has them in its columns and lines.
    """

    kind: str
    text: str = ""
    name: str = ""
    sign: str = ""
    indent: int = 0
    tint: str = ""
    note: str = ""
    time: str = ""
    cells: tuple[str, ...] = ()
    about: str = ""
    lines: tuple[tuple[str, ...], ...] = ()

    @property
    def said(self) -> str:
        """All its words in one line."""
        head = f"{self.name}: " if self.name else ""
        note = f" - {self.note}" if self.note else ""
        return f"{head}{self.text}{' · '.join(self.cells)}{note}"


@frozen
class Section:
    """A heading, empty for what stands above the first, and the blocks under it."""

    title: str
    tint: str
    blocks: tuple[Block, ...]


class Blocks(Page):
    """A page that keeps what is written on it as blocks."""

    def __init__(self) -> None:
        super().__init__(width=1000)
        self._sections: list[tuple[str, str, list[Block]]] = []

    def taken(self, write: Callable[[], None]) -> tuple[Section, ...]:
        """The sections that `write` writes, apart from all others."""
        before, self._sections = self._sections, []
        write()
        found, self._sections = self._sections, before
        return tuple(Section(title, tint, tuple(blocks)) for title, tint, blocks in found)

    def heading(self, text: str, tint: str = "heading") -> None:
        self._sections.append((text, tint, []))

    def title(self, text: str) -> None:
        self.heading(text)

    def blank(self) -> None:
        """Nothing: distance is the view's business."""

    def text(self, text: str, indent: int = 0, tint: str = "", about: str = "") -> None:
        self._put(Block("text", text, indent=indent, tint=tint, about=about))

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
        self._put(Block("item", text, sign=sign, indent=indent, tint=tint, note=note, time=time.strip(), about=about))

    def pair(self, name: str, text: str, indent: int = 2, tint: str = "") -> None:
        self._put(Block("pair", text, name=name, indent=indent, tint=tint))

    def row(self, cells: Sequence[str], indent: int = 2, between: str | None = None) -> None:
        if cells:
            self._put(Block("row", indent=indent, cells=tuple(cells)))

    def mark(self, kind: str, id: str) -> None:
        self._put(Block("mark", id, name=kind))

    def refer(self, kind: str, ids: Sequence[str]) -> None:
        if ids:
            self._put(Block("refs", name=kind, cells=tuple(ids)))

    def code(self, text: str, names: Iterable[tuple[str, str]], indent: int = 4) -> None:
        """A text of the rule language, and the names that stand in it."""
        named = tuple(dict.fromkeys(f"{kind} {id}" for kind, id in names))
        self._put(Block("code", text, indent=indent, cells=named))

    def table(self, caption: str, columns: Sequence[str], lines: Sequence[Sequence[str]]) -> None:
        """A table; the first cell of a line names it. A column without a word is left out."""
        kept = [i for i in range(len(columns)) if i == 0 or any(line[i] for line in lines)]
        if lines:
            rows = tuple(tuple(line[i] for i in kept) for line in lines)
            self._put(Block("table", caption, cells=tuple(columns[i] for i in kept), lines=rows))

    def _put(self, block: Block) -> None:
        if not self._sections:
            self._sections.append(("", "", []))
        self._sections[-1][2].append(block)
