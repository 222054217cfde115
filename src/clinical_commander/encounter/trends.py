"""A case and when its actions were done in; the case with what follows from its series out. The content says what.

A fall is that of the derivations, as for records (`derive.falls`); `follows` of a fact names an action that was done,
or hours since or from it. What a person entered stands: a derived statement is added between, never in place of it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime

from clinical_commander.derive.falls import falls, way_of_fall
from clinical_commander.dossier.model import Dossier, Fact
from clinical_commander.dossier.model_parts import Follows
from clinical_commander.engine.case import Case, Observation
from clinical_commander.frozen import replace

HOUR = 3600.0


def with_trends(case: Case, dossier: Dossier, done: Mapping[str, datetime]) -> Case:
    """The case with the statements that follow from its series.

    Args:
        case: As it was recorded.
        dossier: Its facts say what follows from what.
        done: When each action was last done.
    """
    found = dict(case.facts)
    ways = dossier.derivations.ways
    for fact in dossier.facts.values():
        if fact.follows is None and fact.id not in ways:
            continue  # most follow from nothing
        follows, fall = fact.follows, way_of_fall(fact, dossier)
        entered = case.facts.get(fact.id, ())
        if fall is not None:
            series = case.facts.get(fall.series, ())
            derived = [replace(o, origin=f"series:{fall.series}") for o in falls(fact, series, entered, fall)]
        elif follows is None:
            continue
        elif follows.of in done and done[follows.of] <= case.at:
            derived = list(_after(fact, follows, done[follows.of], case))
        else:
            continue
        said = {o.at for o in entered}
        together = sorted((*entered, *(o for o in derived if o.at not in said)), key=lambda o: o.at)
        if together:
            found[fact.id] = tuple(together)
    # The order of the dossier: equal facts give an equal case, however they came to be known.
    return replace(case, facts={name: found[name] for name in dossier.facts if name in found})


def _after(fact: Fact, follows: Follows, done: datetime, case: Case) -> Iterator[Observation]:
    """What follows from the moment at which an action was done."""
    origin = f"log:{follows.of}"
    if follows.kind == "done":
        yield Observation(fact.id, "known", done, truth=True, entered="true", origin=origin)
    elif follows.kind == "hours_since":
        # Time runs: the engine looks at each moment of the case, and each needs its own count.
        moments = {o.at for observations in case.facts.values() for o in observations if done <= o.at <= case.at}
        for moment in sorted({done, *moments, case.at}):
            yield from _hours(fact, moment, _between(done, moment), _between(done, moment), origin)
    else:
        series = [o for o in case.facts.get(follows.to, ()) if o.truth is not None and o.at >= done]
        first = next((o for o in series if o.truth), None)
        if first is not None:
            # It began at some moment after the last time that it was known not to be so.
            free = [o.at for o in series if not o.truth and o.at < first.at]
            since = _between(done, free[-1]) if free else 0.0
            yield from _hours(fact, first.at, since, _between(done, first.at), f"{origin},{follows.to}")


def _hours(fact: Fact, at: datetime, low: float, high: float, origin: str) -> Iterator[Observation]:
    low, high = round(low, fact.decimals), round(high, fact.decimals)
    if fact.limits is not None and high <= fact.limits[1]:
        text = f"{low:g} h" if low == high else f"{low:g}..{high:g} h"
        state = "known" if low == high else "partial"
        yield Observation(fact.id, state, at, low=low, high=high, entered=text, unit="h", origin=origin)


def _between(start: datetime, end: datetime) -> float:
    return (end - start).total_seconds() / HOUR
