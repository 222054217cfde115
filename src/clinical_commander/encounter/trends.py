"""A case and when its actions were done in; the case with what follows from its series out. The content says what.

`follows` of a fact names the series: the fall of a number, an action that was done, hours since it or from it. What a
person entered stands: a derived statement is added between, never in place of it, and a fall is only a lower bound.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

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
    for fact in dossier.facts.values():
        follows = fact.follows
        if follows is None:
            continue
        entered = case.facts.get(fact.id, ())
        if follows.kind == "fall_of":
            derived = list(_falls(fact, case.facts.get(follows.of, ()), entered, follows.of))
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


def _valued(observations: Sequence[Observation]) -> list[Observation]:
    return [o for o in observations if o.low is not None and o.high is not None]


def _falls(fact: Fact, series: Sequence[Observation], entered: Sequence[Observation], of: str) -> Iterator[Observation]:
    """At each value after the first: at least how far it lies below the highest that is surely known.

    A fall that a person entered tells of a higher value before: value + fall. Where no value stands beside it, a
    derived fall counts only if it is the greater one. So nothing derived takes back what was entered.
    """
    values, falls = _valued(series), _valued(entered)
    if fact.limits is None:
        return
    for number, now in enumerate(values):
        before = [o.low for o in values[:number] if o.low is not None]
        floor = 0.0
        for fall in (o for o in falls if o.at <= now.at):
            beside = [o.low for o in values if o.at <= fall.at and o.low is not None]
            if beside and fall.low is not None:
                before.append(beside[-1] + fall.low)
            elif fall.low is not None:
                floor = max(floor, fall.low)
        if not before or now.high is None:
            continue
        least = round(max(0.0, max(before) - now.high), fact.decimals)
        if floor and least < floor:
            continue
        unit = fact.unit.code if fact.unit else ""
        yield Observation(
            fact.id, "partial", now.at, low=min(least, fact.limits[1]), high=fact.limits[1],
            entered=f">= {least:g} {unit}".strip(), unit=unit, origin=f"series:{of}",
        )  # fmt: skip


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
