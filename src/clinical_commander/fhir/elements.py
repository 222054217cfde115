"""Elements of FHIR R4 in (codings, times, quantities), what `derive` takes out. Whatever cannot be read is refused."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from fractions import Fraction
from typing import Any, Final

from clinical_commander.derive.record import Refusal
from clinical_commander.errors import ClinicalCommanderError
from clinical_commander.quantity import ParsedQuantity, same_scale, unit

UCUM: Final = "http://unitsofmeasure.org"
_COMPARATORS: Final = ("<", "<=", ">=", ">")
_MOST_DIGITS: Final = 20
_ANNOTATION: Final = re.compile(r" ?(\{[^}]*\}|\(?(FEU|DDU)\)?)")
_DATE: Final = re.compile(r"([0-9]{4})(?:-([0-9]{2})(?:-([0-9]{2}))?)?")
_INSTANT: Final = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,9})?(?:Z|[+-][0-9]{2}:[0-9]{2})"
)
# Where the zone of a date is not known, its day begins with the first and ends with the last zone of the earth.
_FIRST_ZONE: Final = timezone(timedelta(hours=14))
_LAST_ZONE: Final = timezone(timedelta(hours=-12))
Span = tuple[datetime, datetime]
Plain = Mapping[str, Any]


class Codes:
    """Codings as the catalogue writes them (`loinc 718-7`); a code of a system that it does not name is left out."""

    def __init__(self, systems: Mapping[str, str]) -> None:
        self.systems = {uri: name for name, uri in systems.items()}

    def of_coding(self, coding: object) -> str | None:
        """The code of a Coding."""
        if not isinstance(coding, dict):
            return None
        system, code = coding.get("system"), coding.get("code")
        name = self.systems.get(system) if isinstance(system, str) else None
        return f"{name} {code}" if name is not None and isinstance(code, str) and code else None

    def of(self, concepts: object) -> tuple[str, ...]:
        """The codes of a CodeableConcept, or of a list of them, each once."""
        found = [
            self.of_coding(coding)
            for concept in (concepts if isinstance(concepts, list) else [concepts])
            for coding in items(concept, "coding")
        ]
        return tuple(dict.fromkeys(code for code in found if code is not None))


def items(body: object, key: str) -> Iterator[Any]:
    """The items of a list under a key; none where there is no list."""
    found = body.get(key) if isinstance(body, dict) else None
    yield from found if isinstance(found, list) else ()


def word(body: Plain, key: str) -> str:
    """The code (a FHIR `code`, not a coding) under a key; '' without one."""
    found = body.get(key)
    return found if isinstance(found, str) else ""


def status(concept: object) -> str:
    """The code of a status that is a CodeableConcept (clinicalStatus, verificationStatus); '' without one."""
    found = [c.get("code") for c in items(concept, "coding") if isinstance(c, dict)]
    return next((code for code in found if isinstance(code, str)), "")


# --- times


def span(text: object) -> Span | None:
    """The first and the last moment that a FHIR dateTime, date or instant can mean; None where it cannot be read.

    A time of day without a zone is not read: the same clock time is another moment elsewhere.
    """
    if not isinstance(text, str):
        return None
    if _INSTANT.fullmatch(text):
        try:
            found = datetime.fromisoformat(text)
        except ValueError:
            return None
        return (found, found) if 1900 <= found.year <= 2199 else None
    days = dates(text)
    if days is None or not 1900 <= days[0].year <= 2199:
        return None
    start = datetime.combine(days[0], datetime.min.time(), _FIRST_ZONE)
    end = datetime.combine(days[1], datetime.min.time(), _LAST_ZONE) + timedelta(days=1)
    return start.astimezone(UTC), end.astimezone(UTC)


def moment(text: object) -> datetime | None:
    """The one moment that a FHIR dateTime means; None where it is a date alone, or cannot be read."""
    found = span(text)
    return found[0] if found is not None and found[0] == found[1] else None


def dates(text: object) -> tuple[date, date] | None:
    """The first and the last day that a FHIR date can mean: `1967` is a year, `1967-03` a month."""
    match = _DATE.fullmatch(text) if isinstance(text, str) else None
    if match is None:
        return None
    try:
        year, month, day = int(match[1]), int(match[2] or 1), int(match[3] or 1)
        first = date(year, month, day)
        if match[3]:
            return first, first
        if match[2]:
            return first, date(year + month // 12, month % 12 + 1, 1) - timedelta(days=1)
        return first, date(year, 12, 31)
    except (ValueError, OverflowError):
        return None


def period(body: object) -> Span | None:
    """The first and the last moment of a Period; None without a start. An end that is open is its start."""
    if not isinstance(body, dict):
        return None
    start, end = span(body.get("start")), span(body.get("end"))
    if start is None:
        return None
    return start[0], max(start[1], end[1] if end is not None else start[1])


def time_of(body: Plain, name: str) -> Span | None:
    """What stands under `effective[x]`, `performed[x]` or `onset[x]`: a dateTime, an instant or a Period."""
    for suffix in ("DateTime", "Instant"):
        if f"{name}{suffix}" in body:
            return span(body[f"{name}{suffix}"])
    return period(body.get(f"{name}Period"))


# --- numbers


def number(value: object) -> Fraction | None:
    """A JSON number, exactly; None where it is none, or has more digits than a measurement."""
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        return None
    # A double stands for the shortest decimal that reads as it.
    exact = Decimal(repr(value)) if isinstance(value, float) else Decimal(value)
    if not exact.is_finite() or abs(exact.adjusted()) > _MOST_DIGITS or len(exact.as_tuple().digits) > _MOST_DIGITS:
        return None
    return Fraction(exact)


def quantity(body: object) -> tuple[ParsedQuantity, str] | Refusal:
    """A Quantity with its unit as written, and the text of it; whether a unit may lack is for the fact to say."""
    value = number(body.get("value")) if isinstance(body, dict) else None
    if value is None or not isinstance(body, dict):
        return Refusal("CC633", "its value is no number that a measurement can have.")
    comparator = body.get("comparator", "")
    if comparator not in ("", *_COMPARATORS):
        return Refusal("CC633", "its comparator is none of FHIR R4.")
    unit_text = _unit_of(body)
    if isinstance(unit_text, Refusal):
        return unit_text
    low = None if comparator in ("<", "<=") else value
    high = None if comparator in (">", ">=") else value
    parsed = ParsedQuantity(low, high, comparator == ">", comparator == "<", unit_text, not comparator)
    return parsed, " ".join(filter(None, (str(comparator), str(body["value"]), unit_text)))


def quantity_range(body: object) -> tuple[ParsedQuantity, str] | Refusal:
    """A Range of two quantities in one unit."""
    ends = [quantity(body.get(key)) if isinstance(body, dict) else None for key in ("low", "high")]
    first, second = ends
    if not isinstance(first, tuple) or not isinstance(second, tuple):
        return Refusal("CC633", "its range does not have two ends that are numbers.")
    (low, low_text), (high, high_text) = first, second
    if not (low.exact and high.exact) or low.unit_text != high.unit_text or low.low is None or high.high is None:
        return Refusal("CC633", "the ends of its range are not two numbers in one unit.")
    if low.low > high.high:
        return Refusal("CC604", "its range ends before it begins.")
    exact = low.low == high.high
    return ParsedQuantity(low.low, high.high, False, False, low.unit_text, exact), f"{low_text} to {high_text}"


def _unit_of(body: Plain) -> str | Refusal | None:
    """The unit of a Quantity: its UCUM code, else its text. Where both can be read they must mean the same."""
    text, code = body.get("unit"), body.get("code")
    text = " ".join(text.split()) if isinstance(text, str) else ""
    if body.get("system") != UCUM or not isinstance(code, str) or not code:
        return text or None
    plain = [_ANNOTATION.sub("", t) or "1" for t in (text, code)]
    try:
        differ = bool(text) and not same_scale(unit(plain[0]), unit(plain[1]))
    except ClinicalCommanderError:
        differ = False  # a text that no table knows says nothing against the code
    return Refusal("CC605", "the code and the text of its unit say different things.") if differ else code
