"""An answer in, its page out: all of it, or for a page that this process drew before, what that does not show already.

What stands in content or was typed is text, never markup.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any, Final

from jinja2 import Environment, PackageLoader, StrictUndefined

from clinical_commander.render.layout import SIGNS
from clinical_commander.render.words import Words
from clinical_commander.service.desk import Answer
from clinical_commander.service.sheet import NOTHING, Drawn, Sheet, Shown
from clinical_commander.service.view import PageView

_MOST_PAGES: Final = 64


def templates() -> Environment:
    """The templates: all text is escaped, and a name that is not there is a fault."""
    return Environment(
        loader=PackageLoader("clinical_commander.service"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


class Pages:
    """Draws pages. Of those that it drew last it keeps the names and digests of what they show, and no words."""

    def __init__(self) -> None:
        self._templates = templates()
        self._drawn = Drawn(self._templates)
        self._shown: dict[str, Shown] = {}
        self._lock = threading.Lock()

    def whole(self, answer: Answer) -> str:
        """The page of an answer."""
        return self._page("page.html", answer, NOTHING)

    def part(self, answer: Answer, page: str) -> str:
        """What is put into a page that was drawn before.

        Args:
            answer: What it is to show.
            page: Its name, `drawn` in its form. Of one that is not known everything is sent.
        """
        with self._lock:
            before = self._shown.get(page, NOTHING)
        return self._page("part.html", answer, before)

    def other(self, template: str, words: Words, **given: Any) -> str:
        """A page that no form is part of."""
        return self._render(template, Sheet(self._drawn, words, given.get("view")), words, given)

    def _page(self, template: str, answer: Answer, before: Shown) -> str:
        view = PageView(answer)
        sheet = Sheet(self._drawn, answer.words, view, before)
        html = self._render(template, sheet, answer.words, {"view": view, "dossier": answer.words.dossier})
        with self._lock:
            self._shown[sheet.id] = sheet.shown
            while len(self._shown) > _MOST_PAGES:
                self._shown.pop(next(iter(self._shown)))
        return html

    def _render(self, template: str, sheet: Sheet, words: Words, given: Mapping[str, Any]) -> str:
        return self._templates.get_template(template).render(sheet=sheet, words=words, signs=SIGNS, **given)
