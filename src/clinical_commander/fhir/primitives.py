"""A primitive value in, what is wrong with it out. The patterns are those of R4, data types; dates must exist."""

from __future__ import annotations

import binascii
import math
import re
from base64 import b64decode
from collections.abc import Callable
from datetime import date
from typing import Final

_YEAR: Final = r"(?:[1-9]\d{3}|0\d{3})"
_DAY: Final = rf"{_YEAR}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])"
_CLOCK: Final = r"(?:[01]\d|2[0-3]):[0-5]\d:(?:[0-5]\d|60)(?:\.\d+)?"
_ZONE: Final = r"(?:Z|[+-](?:(?:0\d|1[0-3]):[0-5]\d|14:00))"
_TEXT: Final = {
    "id": re.compile(r"[A-Za-z0-9\-.]{1,64}"),
    "code": re.compile(r"\S+(?: \S+)*"),
    "uri": re.compile(r"\S+"),
    "url": re.compile(r"\S+"),
    "canonical": re.compile(r"\S+"),
    "oid": re.compile(r"urn:oid:[0-2](?:\.(?:0|[1-9]\d*))+"),
    "uuid": re.compile(r"urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"),
    "date": re.compile(rf"{_YEAR}(?:-(?:0[1-9]|1[0-2]))?|{_DAY}"),
    "dateTime": re.compile(rf"{_YEAR}(?:-(?:0[1-9]|1[0-2]))?|{_DAY}(?:T{_CLOCK}{_ZONE})?"),
    "instant": re.compile(rf"{_DAY}T{_CLOCK}{_ZONE}"),
    "time": re.compile(_CLOCK),
}
_DATED: Final = frozenset({"date", "dateTime", "instant"})
_LEAST: Final = {"integer": -(2**31), "unsignedInt": 0, "positiveInt": 1}
_MOST: Final = 2**31 - 1
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")
_LONGEST: Final = 1024 * 1024


def fault(kind: str, value: object) -> str:
    """What is wrong with a value of a primitive type, as the end of a sentence; nothing where it is fine.

    The value itself is not repeated: it may be a patient's.
    """
    check = _CHECKS.get(kind, _text)
    return check(kind, value)


def _boolean(kind: str, value: object) -> str:
    return "" if isinstance(value, bool) else "is not true or false"


def _decimal(kind: str, value: object) -> str:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return "is not a number"
    return "" if math.isfinite(value) else "is not a finite number"


def _integer(kind: str, value: object) -> str:
    if isinstance(value, bool) or not isinstance(value, int):
        return "is not a whole number"
    return "" if _LEAST[kind] <= value <= _MOST else f"lies outside {kind}"


def _base64(kind: str, value: object) -> str:
    if not isinstance(value, str) or not value:
        return "is not base64 text"
    try:
        b64decode(re.sub(r"\s", "", value), validate=True)
    except (binascii.Error, ValueError):
        return "is not base64 text"
    return ""


def _text(kind: str, value: object) -> str:
    if not isinstance(value, str):
        return "is not text"
    if not value.strip():
        return "is empty"
    if _CONTROL.search(value):
        return "holds control characters"
    if len(value) > _LONGEST:
        return "is longer than 1 MB"
    pattern = _TEXT.get(kind)
    if pattern is not None and not pattern.fullmatch(value):
        return f"is not written as a FHIR {kind}"
    if kind in _DATED and len(value) >= len("2026-01-01"):
        try:
            date.fromisoformat(value[:10])
        except ValueError:
            return "is a day that no calendar has"
    return ""


_CHECKS: Final[dict[str, Callable[[str, object], str]]] = {
    "boolean": _boolean,
    "decimal": _decimal,
    "integer": _integer,
    "unsignedInt": _integer,
    "positiveInt": _integer,
    "base64Binary": _base64,
}
PRIMITIVES: Final = frozenset({*_CHECKS, *_TEXT, "string", "markdown", "xhtml"})
