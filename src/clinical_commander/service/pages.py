"""The templates of the service: what stands in content or was typed is text, never markup."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable
from typing import Any, Final

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from clinical_commander.render.basis import Basis
from clinical_commander.render.blocks import Block
from clinical_commander.render.words import Words

_MOST_KEPT: Final = 4000


def templates() -> Environment:
    """The templates: all text is escaped, and a name that is not there is a fault."""
    environment = Environment(
        loader=PackageLoader("clinical_commander.service"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals["drawn"] = Drawn(environment)
    return environment


class Drawn:
    """Lines as they were drawn. Most of a page says what it said before the last change, in the same words."""

    def __init__(self, environment: Environment) -> None:
        self._environment = environment
        self._kept: dict[Hashable, Markup] = {}
        self._macros: Any = None
        self._lock = threading.Lock()

    def line(
        self, block: Block, found: Basis | None, done: Any, words: Words, view: Any, signs: Any, brief: bool
    ) -> Markup:
        """One line, with what it rests on and what can be done with it."""
        draw = self._of("line")
        return self._once(
            (words, block, found, done, brief), lambda: draw(block, found, done, words, view, signs, brief)
        )

    def basis(self, found: Basis, words: Words, view: Any) -> Markup:
        """What a statement rests on."""
        draw = self._of("basis")
        return self._once((words, found), lambda: draw(found, words, view))

    def _of(self, macro: str) -> Callable[..., Markup]:
        if self._macros is None:
            self._macros = self._environment.get_template("line.html").module
        found: Callable[..., Markup] = getattr(self._macros, macro)
        return found

    def _once(self, key: Hashable, draw: Callable[[], Markup]) -> Markup:
        with self._lock:
            kept = self._kept.pop(key, None)
        drawn = kept if kept is not None else draw()
        with self._lock:
            self._kept[key] = drawn  # the last that was used is the last to go
            while len(self._kept) > _MOST_KEPT:
                self._kept.pop(next(iter(self._kept)))
        return drawn
