"""The timed values of a number and the falls that people entered in, how far it fell at least out: one for each value.

A fall that nobody measured is a lower bound: what the value was before the first one is not known, so a derived fall
can raise an alarm and never says how little. It adds to what a person entered and takes nothing of it back.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta
from fractions import Fraction

from clinical_commander.derive.observation import Observation
from clinical_commander.dossier.model import Dossier, Fact
from clinical_commander.dossier.model_derive import Way
from clinical_commander.quantity import to_double

LOWER_BOUND = "at_least"
"""The `end` of a way that makes a lower bound of a change."""


def way_of_fall(fact: Fact, dossier: Dossier) -> Way | None:
    """How a fact follows from a series as a lower bound of its fall; None where it does not.

    A pack from before 0057 says it in the catalogue of facts and knows no window: it is read as it was meant then, so
    that what was recorded with it comes out again.
    """
    if fact.follows is not None and fact.follows.kind == "fall_of":
        return Way("change", series=fact.follows.of, direction="fall", end=LOWER_BOUND)
    ways = dossier.derivations.ways.get(fact.id, ())
    return next((way for way in ways if way.how == "change" and way.end == LOWER_BOUND), None)


def falls(fact: Fact, series: Sequence[Observation], entered: Sequence[Observation], way: Way) -> Iterator[Observation]:
    """At each value with something before it: at least how far it lies below the highest that is surely known.

    Where a person stated the fall at the same time, that stands alone.

    A fall that a person entered tells of a higher value before: the value beside it and the fall. Where no value stands
    beside it, a derived fall counts only if it is not the smaller one.

    Args:
        fact: The fall, with limits.
        series: The statements about the number, oldest first.
        entered: The statements about the fall itself, oldest first.
        way: With the window `within`, in hours, before each value; none looks at all of them.
    """
    values, told = _valued(series), _valued(entered)
    stated = {o.at for o in entered}
    if fact.limits is None:
        return
    for now in (o for o in values if o.at not in stated):
        high = _end(now.high)
        before = [(_end(o.low), o.origin) for o in values if o.at < now.at and _inside(o, now, way)]
        floor = Fraction(0)
        for fall in (o for o in told if o.at <= now.at):
            beside = [o for o in values if o.at <= fall.at]
            if beside:
                before.append((_end(beside[-1].low) + _end(fall.low), fall.origin))
            else:
                floor = max(floor, _end(fall.low))
        if not before:
            continue
        least = to_double(max(Fraction(0), max(value for value, _ in before) - high), fact.decimals)
        if floor and Fraction(str(least)) < floor:
            continue
        unit = fact.unit.code if fact.unit else ""
        yield Observation(
            fact.id, "partial", now.at, low=min(least, fact.limits[1]), high=fact.limits[1],
            entered=f">= {least:g} {unit}".strip(), unit=unit,
            origin=", ".join(dict.fromkeys((*(origin for _, origin in before), now.origin))),
        )  # fmt: skip


def _valued(observations: Sequence[Observation]) -> list[Observation]:
    return [o for o in observations if o.low is not None and o.high is not None]


def _inside(before: Observation, now: Observation, way: Way) -> bool:
    return way.within is None or now.at - timedelta(hours=way.within) <= before.at


def _end(value: float | None) -> Fraction:
    assert value is not None
    return Fraction(str(value))
