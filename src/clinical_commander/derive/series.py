"""The timed values of one fact in, statements that look through several of them out: worst, change, earliest."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from fractions import Fraction

from clinical_commander.derive.observation import Observation
from clinical_commander.derive.record import Record
from clinical_commander.dossier.model import Fact
from clinical_commander.dossier.model_derive import Way
from clinical_commander.frozen import frozen
from clinical_commander.quantity import to_double


@frozen
class Timed:
    """A statement, the latest moment at which it can have been true, and the record that it comes from."""

    observation: Observation
    end: datetime
    record: Record


def worst(fact: Fact, series: Sequence[Timed], way: Way) -> list[Observation]:
    """At the time of each value, the worst of the window before it: [the worst low end, the worst high end]."""
    choose = max if fact.worse == "high" else min
    found = []
    for timed in series:
        window = _window(series, timed.observation.at, way, inclusive=True)
        low = choose(_low(o) for o in window)
        high = choose(_high(o) for o in window)
        of = next(o for o in window if low in (o.low, o.high))
        found.append(_statement(fact, timed.observation.at, low, high, [of.origin], of.entered))
    return found


def change(fact: Fact, series: Sequence[Timed], way: Way) -> list[Observation]:
    """At the time of each value with an earlier one in the window: its fall from the highest, or rise from the lowest.

    No change in that direction is 0. Both ends are exact differences, rounded once.
    """
    found = []
    for timed in series:
        now = timed.observation
        window = _window(series, now.at, way, inclusive=False)
        if not window:
            continue
        if way.direction == "fall":
            low = max(_low(o) for o in window), _high(now)
            high = max(_high(o) for o in window), _low(now)
        else:
            low = _low(now), min(_high(o) for o in window)
            high = _high(now), min(_low(o) for o in window)
        ends = [to_double(max(Fraction(0), Fraction(str(a)) - Fraction(str(b))), fact.decimals) for a, b in (low, high)]
        most = fact.limits[1] if fact.limits else ends[1]
        if ends[0] <= most:
            found.append(
                _statement(fact, now.at, ends[0], min(ends[1], most), [*(o.origin for o in window), now.origin])
            )
    return found


def earliest(fact: Fact, series: Sequence[Timed], way: Way, moment: datetime) -> list[Observation]:
    """The first value that surely lies between `after` and `within` before the moment assessed."""
    first = moment - timedelta(hours=way.within or 0)
    last = moment - timedelta(hours=way.after or 0)
    inside = [t.observation for t in series if first <= t.observation.at and t.end <= last]
    if not inside:
        return []
    one = inside[0]
    return [_statement(fact, one.at, _low(one), _high(one), [one.origin], one.entered)]


def _window(series: Sequence[Timed], at: datetime, way: Way, *, inclusive: bool) -> list[Observation]:
    start = at - timedelta(hours=way.within or 0)
    return [t.observation for t in series if start <= t.observation.at < at or (inclusive and t.observation.at == at)]


def _statement(
    fact: Fact, at: datetime, low: float, high: float, origins: Sequence[str], entered: str = ""
) -> Observation:
    state = "known" if low == high else "partial"
    return Observation(
        fact.id, state, at, low=low, high=high, entered=entered, origin=", ".join(dict.fromkeys(origins))
    )


def _low(observation: Observation) -> float:
    assert observation.low is not None
    return observation.low


def _high(observation: Observation) -> float:
    assert observation.high is not None
    return observation.high
