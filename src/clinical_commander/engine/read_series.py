"""What was said of one fact at different times in, its observations out: each statement is read once.

A stay grows by a statement at a time, and every answer needs all of them. What a statement was read as is kept with it,
and is taken again only where reading it again would say the same: of the same fact, for a moment that is not before it
and, where it was taken with a warning, on the same day and in the same place. What cannot be taken is read each time.
"""

from __future__ import annotations

import collections.abc
from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, Final

from clinical_commander.derive.observation import Observation, in_order
from clinical_commander.dossier import model
from clinical_commander.engine.entries import Faults, node_of, quote
from clinical_commander.engine.read_fact import read_item
from clinical_commander.errors import Problem
from clinical_commander.frozen import field, frozen

_DEPTH: Final = 4
"""A statement stands in the list of a fact among the facts of a case."""


@frozen
class _Reading:
    """What was read of one fact, and on what that rests besides the words themselves."""

    fact: model.Fact
    day: date
    place: str
    found: tuple[Observation, ...]
    warnings: tuple[Problem, ...]

    def holds(self, fact: model.Fact, moment: datetime, place: str) -> bool:
        """Whether reading it again would say the same; `moment` is not before any time in it."""
        return self.fact is fact and (not self.warnings or (self.day == moment.date() and self.place == place))


class Kept:
    """Where a reading is kept: one of them, the last."""

    __slots__ = ("reading",)

    def __init__(self) -> None:
        self.reading: _Reading | None = None


@frozen
class Said:
    """One statement about a fact: what was said, and of when."""

    said: Any
    at: datetime
    kept: Kept = field(default_factory=Kept, compare=False, repr=False, kw_only=True)


@frozen
class Series:
    """All that was said of one fact, oldest first."""

    statements: tuple[Said, ...]
    kept: Kept = field(default_factory=Kept, compare=False, repr=False, kw_only=True)


def timed(statements: Sequence[Said]) -> object:
    """Statements about one fact with their times, oldest first, as a case holds them.

    A year of birth has no time: where one stands last it stands alone, and an earlier one gives way.
    """
    if _is_year(statements[-1].said):
        return statements[-1].said
    return [_item(one) for one in statements if not _is_year(one.said)]


def read_series(
    fact: model.Fact, series: Series, moment: datetime, faults: Faults, name: str
) -> tuple[Observation, ...] | None:
    """The observations of one fact, as `read_fact` of what `timed` gives; None of a year of birth, which is no series.

    Args:
        fact: The fact.
        series: What was said of it.
        moment: The moment assessed.
        faults: Takes what `read_fact` would give it.
        name: What the case is called in messages.
    """
    statements = series.statements
    if _is_year(statements[-1].said):
        return None
    place = f"facts.{quote(fact.id)[1:-1]}"
    past = statements[-1].at <= moment
    kept = series.kept.reading
    if kept is not None and past and kept.holds(fact, moment, name):
        faults.merge((), kept.warnings)
        return kept.found
    own = Faults()
    told = (one for one in statements if not _is_year(one.said))
    read = [_read(fact, one, moment, own, name, f"{place}[{i}]") for i, one in enumerate(told)]
    found, problems = in_order([one for one in read if one is not None])
    whole = node_of(None, name, place)
    for problem in problems:
        own.warn(problem.code, problem.cause, problem.mend, whole)
    if past and not own.errors:
        series.kept.reading = _Reading(fact, moment.date(), name, found, tuple(own.warnings))
    faults.merge(own.errors, own.warnings, own.more)
    return found


def _read(fact: model.Fact, one: Said, moment: datetime, faults: Faults, name: str, place: str) -> Observation | None:
    kept = one.kept.reading
    if kept is not None and one.at <= moment and kept.holds(fact, moment, f"{name}, {place}"):
        faults.merge((), kept.warnings)
        return kept.found[0] if kept.found else None
    own = Faults()
    found = read_item(fact, node_of(_item(one), name, place, _DEPTH), moment, own)
    if one.at <= moment and not own.errors:
        said = (found,) if found is not None else ()
        one.kept.reading = _Reading(fact, moment.date(), f"{name}, {place}", said, tuple(own.warnings))
    faults.merge(own.errors, own.warnings, own.more)
    return found


def _item(one: Said) -> dict[str, Any]:
    said = one.said if isinstance(one.said, collections.abc.Mapping) else {"value": one.said}
    return {**said, "at": one.at.isoformat()}


def _is_year(statement: object) -> bool:
    return isinstance(statement, collections.abc.Mapping) and "year_of_birth" in statement
