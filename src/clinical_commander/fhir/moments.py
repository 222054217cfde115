"""A FHIR date or dateTime in, the first and the last moment it can mean out: a year is the whole of that year.

A day without a zone can be that day anywhere on Earth: its first moment is taken in the zone furthest east.
"""

from __future__ import annotations

import calendar
from datetime import UTC, datetime, timedelta, timezone

_EAST, _WEST = timezone(timedelta(hours=14)), timezone(timedelta(hours=-12))


def earliest(text: str) -> datetime:
    """The first moment that a FHIR date, dateTime or instant can mean."""
    if "T" in text:
        return _exact(text)
    year, month, day = _parts(text)
    return (
        datetime(year, month or 1, day or 1, tzinfo=_EAST).astimezone(UTC) if year > 1 else _exact("0002-01-01T00:00Z")
    )


def latest(text: str) -> datetime:
    """The last moment that a FHIR date, dateTime or instant can mean, to the second."""
    if "T" in text:
        return _exact(text)
    year, month, day = _parts(text)
    month = month or 12
    day = day or calendar.monthrange(year, month)[1]
    return datetime(min(year, 9998), month, day, 23, 59, 59, tzinfo=_WEST).astimezone(UTC)


def _exact(text: str) -> datetime:
    whole = text.replace("Z", "+00:00").replace(":60", ":59")  # a leap second is shown a second early
    return datetime.fromisoformat(whole).astimezone(UTC)


def _parts(text: str) -> tuple[int, int, int]:
    numbers = [int(part) for part in text.split("-")] + [0, 0]
    return numbers[0], numbers[1], numbers[2]
