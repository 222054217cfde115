"""JSON objects that no patient changes in, their text out, put together once; and a document in which they stand.

Half of an assessment's JSON says the same of every patient: titles, orders, published rates. That half is written once.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

_PLACE: Final = "\x01"
_PLACE_TEXT: Final = '"\\u0001"'


def _encoder(other: Callable[[Any], object]) -> json.JSONEncoder:
    # Frozen, so nothing holds itself, and nobody need look for that.
    return json.JSONEncoder(ensure_ascii=False, allow_nan=False, default=other, check_circular=False)


_SHARED: Final = _encoder(vars)


class Written(dict[str, Any]):
    """A JSON object that assessments share, and its text. Not to be changed."""

    __slots__ = ("_text",)
    _text: str

    @property
    def text(self) -> str:
        """Its JSON text."""
        try:
            return self._text
        except AttributeError:
            self._text = _SHARED.encode(self)
            return self._text


class Row:
    """A list in a document whose members are written already."""

    __slots__ = ("items",)

    def __init__(self, items: Iterable[Mapping[str, Any]]) -> None:
        self.items = items

    @property
    def text(self) -> str:
        return f"[{', '.join([i.text if isinstance(i, Written) else _SHARED.encode(i) for i in self.items])}]"


def dumps(document: Mapping[str, Any]) -> str | None:
    """The JSON text of a document of plain data, frozen dataclasses and rows; None where it could not be told apart."""
    rows: list[str] = []

    def other(found: object) -> object:
        if type(found) is Row:
            rows.append(found.text)
            return _PLACE
        return vars(found)

    parts = _encoder(other).encode(document).split(_PLACE_TEXT)
    if len(parts) != len(rows) + 1:  # somebody's words are the sign that stands for a row
        return None
    text = [parts[0]]
    for row, part in zip(rows, parts[1:], strict=True):
        text += (row, part)
    return "".join(text)
