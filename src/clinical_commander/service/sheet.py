"""What an answer says in, the pieces of its page out: each as it is drawn, or by name where the page shows it already.

A piece is one element: a line, what it rests on, the remarks of a field. Its name stays the same from answer to answer
(`id`), the digest of what it says does not (`data-is`). Of a page that was drawn before both are known for each piece.
What the next answer says in the same words is sent as name and digest alone, marked `data-same`: the page leaves it as
it stands, and asks for everything where it shows something else under that name.
"""

from __future__ import annotations

import hashlib
import re
import secrets
import threading
from collections import Counter
from collections.abc import Callable, Hashable, Mapping, Sequence
from functools import lru_cache
from typing import Any, Final

from jinja2 import Environment
from markupsafe import Markup

from clinical_commander.frozen import field, frozen
from clinical_commander.render.bars import CauseRow
from clinical_commander.render.basis import Basis
from clinical_commander.render.blocks import Block
from clinical_commander.render.layout import SIGNS
from clinical_commander.render.words import Words
from clinical_commander.service.form_view import ToldView

_MOST_KEPT: Final = 6000
_TAG: Final = re.compile(r"<(\w+)")
_SLOT: Final = "<slot></slot>"
"""Where a template leaves room for other pieces. Text is escaped, so nothing else can look like it."""
_SWAPPED: Final = ' hx-swap-oob="true">'


@frozen
class Shown:
    """What a page shows: the digests by name, of its pieces and of what stands beside its answer."""

    pieces: Mapping[str, str] = field(default_factory=dict)
    beside: Mapping[str, str] = field(default_factory=dict)


NOTHING: Final = Shown()


@frozen
class Piece:
    """One element as a template draws it: its tag, what follows that, and what stands behind the other pieces in it."""

    tag: str
    head: str
    tail: str
    digest: str

    @property
    def markup(self) -> Markup:
        """All of it."""
        return Markup(f"<{self.tag}{self.head}{self.tail}")


@frozen
class Put:
    """A piece in its place on a page."""

    digest: str
    markup: str


class Drawn:
    """Pieces as they were drawn. Most of a page says what it said before the last change, in the same words."""

    def __init__(self, environment: Environment) -> None:
        self._environment = environment
        self._macros: dict[str, Callable[..., Markup]] = {}
        # What was asked for lately, and what was asked for before that: the latter goes when the former is full.
        self._lately: dict[Hashable, tuple[Piece, ...]] = {}
        self._before: dict[Hashable, tuple[Piece, ...]] = {}
        self._lock = threading.Lock()

    def piece(self, macro: str, words: Words, *given: Hashable) -> Piece:
        """What a macro draws.

        Args:
            macro: Its template and its name: `line.html line`.
            words: The words of the content, the first that it is called with.
            given: What it says.
        """
        return self._once((macro, words, given), lambda: (_piece(self._macro(macro)(words, *given)),))[0]

    def basis(self, words: Words, b: Basis) -> tuple[Piece, ...]:
        """What a statement rests on: the piece around it, the rule, the facts, and the sources."""

        def drawn() -> tuple[Piece, ...]:
            about = (b.sources, b.strength, b.status, b.version, b.reviewed)
            return (
                self.piece("line.html basis", words),
                self.piece("line.html rule", words, b.rule),
                self.piece("line.html facts", words, b.used, b.missing),
                self.piece("line.html sources", words, *about),
            )

        return self._once((words, b), drawn)

    def _once(self, key: Hashable, draw: Callable[[], tuple[Piece, ...]]) -> tuple[Piece, ...]:
        found = self._lately.get(key)
        if found is None:
            found = self._before.get(key) or draw()
            with self._lock:
                if len(self._lately) >= _MOST_KEPT:
                    self._before, self._lately = self._lately, {}
                self._lately[key] = found
        return found

    def _macro(self, named: str) -> Callable[..., Markup]:
        if named not in self._macros:
            template, _, macro = named.partition(" ")
            self._macros[named] = getattr(self._environment.get_template(template).module, macro)
        return self._macros[named]


class Sheet:
    """One page while it is drawn. `id` names the page that it makes."""

    def __init__(self, drawn: Drawn, words: Words, view: Any, before: Shown = NOTHING) -> None:
        """Args:
        drawn: What was drawn before.
        words: The words of the content.
        view: What the templates show.
        before: What the page shows that is being answered; of that only the names are sent.
        """
        self._drawn, self._words, self._view, self._before = drawn, words, view, before
        self._times: Counter[tuple[str, str]] = Counter()
        self._pieces: dict[str, str] = {}
        self._beside = dict(before.beside)
        self.id = secrets.token_hex(16)

    @property
    def shown(self) -> Shown:
        """What the page shows when it has this answer."""
        return Shown(self._pieces, self._beside)

    def lines(self, place: str, blocks: Sequence[Block], *, basis: bool = True, brief: bool = False) -> Markup:
        """Blocks as a list.

        Args:
            place: The part of the page that they stand in.
            blocks: What they say.
            basis: Whether each shows what it rests on, and what can be done about it.
            brief: Whether one reason is enough for what is not done.
        """
        if not blocks:
            return Markup("")
        timed = " timed" if any(block.time for block in blocks) else ""
        found = [f'<ul class="lines{timed}">']
        found += [self._line(place, block, basis=basis, brief=brief).markup for block in blocks]
        return Markup("\n".join([*found, "</ul>"]))

    def _line(self, place: str, block: Block, *, basis: bool, brief: bool) -> Put:
        name = self._named(place, block.about or block.kind)
        inner = []
        if basis and block.about:
            if done := self._view.deeds.of(block.about):
                inner.append(self._put(f"{name}d", self._draw("deeds.html deeds", done, brief)))
            if rests := self._view.basis_of(block):
                inner.append(self._basis(name, rests))
        return self._put(name, self._draw("line.html line", block, SIGNS[block.sign][1] if block.sign else ""), *inner)

    def cause(self, cause: CauseRow, *, bars: bool) -> Markup:
        """A row of the differential, with what it rests on."""
        name = self._named("differential", cause.id)
        basis = self._basis(name, self._view.bases.of(f"cause:{cause.id}"))
        return Markup(self._put(name, self._draw("parts.html cause", cause, bars), basis).markup)

    def basis(self, place: str, found: Basis) -> Markup:
        """What the statement of a part of the page rests on."""
        return Markup(self._basis(self._named(place, "basis"), found).markup)

    def _basis(self, name: str, b: Basis) -> Put:
        around, rule, facts, sources = self._drawn.basis(self._words, b)
        return self._put(
            f"{name}b",
            around,
            self._put(f"{name}r", rule),
            self._put(f"{name}f", facts),
            self._put(f"{name}s", sources),
        )

    def part(self, name: str, markup: Markup) -> Markup:
        """An element with a name of its own."""
        return Markup(self._put(name, _piece(markup)).markup)

    def told(self, told: ToldView, *, swap: bool = False) -> Markup:
        """What there is to say of a field.

        Args:
            told: That.
            swap: Whether it stands beside an answer, and not in its field; then nothing, where the page shows it.
        """
        drawn = self._draw("told.html told", told)
        self._beside[told.id] = drawn.digest
        if not swap:
            return drawn.markup
        if self._before.beside.get(told.id) == drawn.digest:
            return Markup("")
        return Markup(str(drawn.markup).replace(">", _SWAPPED, 1))

    def _draw(self, macro: str, *given: Hashable) -> Piece:
        return self._drawn.piece(macro, self._words, *given)

    def _named(self, place: str, about: str) -> str:
        """The name of a piece by what it is about; the second of a name is the second again next time."""
        self._times[place, about] += 1
        return _name(place, about, self._times[place, about])

    def _put(self, name: str, drawn: Piece, *inner: Put) -> Put:
        digest = _digest("".join((drawn.digest, *(put.digest for put in inner)))) if inner else drawn.digest
        self._pieces[name] = digest
        opened = f'<{drawn.tag} id="{name}" data-is="{digest}"'
        if self._before.pieces.get(name) == digest:
            return Put(digest, f"{opened} data-same></{drawn.tag}>")
        return Put(digest, "".join((opened, drawn.head, *(put.markup for put in inner), drawn.tail)))


def _piece(markup: str) -> Piece:
    found = str(markup).strip()
    tag = _TAG.match(found)
    assert tag is not None
    head, _, tail = found[tag.end() :].partition(_SLOT)
    return Piece(tag[1], head, tail, _digest(found))


def _digest(text: str) -> str:
    """Tells what a piece says from all that it could say otherwise."""
    return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()


@lru_cache(maxsize=4096)
def _name(place: str, about: str, number: int) -> str:
    """The id of a piece: short, as it is sent with every answer."""
    return "p" + hashlib.blake2b(f"{place} {about} {number}".encode(), digest_size=5).hexdigest()
