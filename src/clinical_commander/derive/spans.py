"""Moments in, lengths of time out: the age from a date of birth, the time since an event; partial dates give ranges."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import date, datetime
from fractions import Fraction

from clinical_commander.derive.observation import Observation
from clinical_commander.derive.record import Record, Refusal
from clinical_commander.dossier.model import Fact
from clinical_commander.dossier.model_derive import Way
from clinical_commander.quantity import UNITS, convert, to_double, unit

_SECONDS = 3600


def since(
    fact: Fact, events: Sequence[tuple[datetime, datetime, Record]], way: Way, moment: datetime
) -> Observation | Refusal | None:
    """The time from the last event to the moment assessed, in the fact's unit; None where there is none.

    Args:
        fact: A number in a unit of time.
        events: The first and last moment at which each can have been, none after the moment assessed.
        way: `end: at_most` leaves a later event possible.
        moment: The moment assessed.
    """
    if not events:
        return None
    own = fact.unit or UNITS["1"]

    def length(at: datetime) -> float:
        hours = Fraction((moment - at).total_seconds()).limit_denominator(10**6) / _SECONDS
        return to_double(convert(hours, unit("h"), own), fact.decimals)

    least, most = fact.limits or (0.0, math.inf)
    low, high = min(length(last) for _, last, _ in events), min(length(first) for first, _, _ in events)
    if low > most:
        return Refusal("CC631", f"it lies too far back for {fact.id}.")
    low, high = (least if way.end == "at_most" else low), min(high, most)
    state = "known" if low == high else "partial"
    origins = ", ".join(dict.fromkeys(record.origin for _, _, record in events))
    return Observation(fact.id, state, moment, low=low, high=high, origin=origins)


def age(fact: Fact, record: Record, moment: datetime) -> Observation | Refusal:
    """The age at the moment assessed, as ages are counted: whole years, and the share of the running one, cut.

    A month or a year alone gives a range. The day is that of the zone in which the moment is written.
    """
    if record.start is None or record.end is None:
        return Refusal("CC630", "no date of birth is given.")
    today = moment.date()
    if record.start.date() > today:
        return Refusal("CC614", "the date of birth lies after the moment assessed.")
    low, high = (_years(min(born.date(), today), today, fact.decimals) for born in (record.end, record.start))
    least, most = fact.limits or (0.0, math.inf)
    if low > most or high < least:
        return Refusal("CC609", f"the date of birth gives no {fact.id} that can be.")
    state = "known" if low == high else "partial"
    return Observation(
        fact.id, state, moment, low=low, high=min(high, most), entered=record.entered, origin=record.origin
    )


def _years(born: date, today: date, decimals: int) -> float:
    whole = today.year - born.year - ((today.month, today.day) < (born.month, born.day))
    last, following = _birthday(born, born.year + whole), _birthday(born, born.year + whole + 1)
    scale: int = 10**decimals
    return (whole * scale + (today - last).days * scale // (following - last).days) / scale


def _birthday(born: date, year: int) -> date:
    """The birthday of a year; 1 March where the year has no 29 February."""
    try:
        return born.replace(year=year)
    except ValueError:
        return date(year, 3, 1)
