"""One statement about one fact, and statements put in order: those of one time become one."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Final

from clinical_commander.errors import Problem
from clinical_commander.frozen import frozen, replace

UNSETTLED: Final = ("pending", "unobtainable")

CLOCK_SKEW: Final = timedelta(minutes=5)
"""Two clocks of one hospital differ by no more; a time further ahead of the moment assessed is refused."""

_LONGEST_QUOTE: Final = 40


@frozen
class Observation:
    """One statement about one fact.

    `state` is known, partial, unknown, pending or unobtainable. A number leaves [low, high] in the fact's own unit, a
    code leaves `codes`, a boolean `truth`. `entered` is the text as it was written; `unit` the unit as entered.
    `at` is when it was true of the patient.
    """

    fact: str
    state: str
    at: datetime
    low: float | None = None
    high: float | None = None
    codes: frozenset[str] | None = None
    truth: bool | None = None
    entered: str = ""
    unit: str = ""
    origin: str = "case"
    warnings: tuple[str, ...] = ()


def in_order(found: Iterable[Observation]) -> tuple[tuple[Observation, ...], tuple[Problem, ...]]:
    """The observations of one fact, oldest first and one a time, and a warning for each time at which they differ.

    Those of one time that differ leave everything possible that any of them does (CC616): which of them is right is not
    for a program to choose.
    """
    together: dict[datetime, list[Observation]] = {}
    for observation in sorted(found, key=lambda o: o.at):
        together.setdefault(observation.at, []).append(observation)
    problems: list[Problem] = []
    return tuple(_united(same, problems) for same in together.values()), tuple(problems)


def _united(same: list[Observation], problems: list[Problem]) -> Observation:
    valued = [o for o in same if o.state not in UNSETTLED]
    if not valued:
        return min(same, key=lambda o: UNSETTLED.index(o.state))
    first = valued[0]
    unsettled = {o.state for o in same} & set(UNSETTLED)
    if all(_content(o) == _content(first) for o in valued) and "unobtainable" not in unsettled:
        return first
    texts = list(dict.fromkeys(o.entered for o in (*valued, *(o for o in same if o.state == "unobtainable"))))
    cause = f"{first.fact} is both {' and '.join(map(_quoted, texts[:4]))} at {first.at.isoformat()}."
    mend = "All of them are taken as possible: correct one, or give each its own time."
    problems.append(Problem("CC616", cause, mend, level="warning"))
    warnings = dict.fromkeys(w for o in valued for w in o.warnings)
    truths = {o.truth for o in valued}
    united = replace(
        first,
        low=_ends(valued, min, lambda o: o.low),
        high=_ends(valued, max, lambda o: o.high),
        codes=frozenset().union(*(o.codes or () for o in valued)) if first.codes is not None else None,
        truth=first.truth if len(truths) == 1 else None,
        entered=" and ".join(texts),
        unit=first.unit if len({o.unit for o in valued}) == 1 else "",
        origin=", ".join(dict.fromkeys(o.origin for o in valued)),
        warnings=(*warnings, f"{cause} {mend}"),
    )
    one = all(_content(o) == _content(first) for o in valued)
    return replace(united, state=first.state if one else "partial")


def _quoted(text: str) -> str:
    return f"`{text if len(text) <= _LONGEST_QUOTE else text[: _LONGEST_QUOTE - 1] + '…'}`"


def _content(observation: Observation) -> tuple[object, ...]:
    return (observation.low, observation.high, observation.codes, observation.truth)


def _ends(
    observations: list[Observation],
    choose: Callable[[Iterable[float]], float],
    end: Callable[[Observation], float | None],
) -> float | None:
    ends = [value for value in map(end, observations) if value is not None]
    return choose(ends) if ends else None
