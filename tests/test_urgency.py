"""The order in which things are done: by priority, by time limit, the airway first."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping

import pytest

from clinical_commander.dossier.model import Step
from clinical_commander.engine.urgency import minutes, place
from clinical_commander.frozen import is_frozen
from tests.fixtures import engine


@pytest.mark.parametrize(
    ("within", "expected"),
    [("1 min", 1), ("60 min", 60), ("1 h", 60), ("24 h", 1440), ("3 d", 4320), ("2 wk", 20160)],
)
def test_a_time_limit_is_read_in_minutes(within: str, expected: float) -> None:
    assert minutes(within) == expected


def test_an_hour_and_sixty_minutes_are_one_limit_and_ten_minutes_come_before_two_hours() -> None:
    assert minutes("1 h") == minutes("60 min")
    assert minutes("10 min") < minutes("2 h")  # as text it would stand behind


def test_a_step_without_a_time_limit_stands_behind_every_step_that_has_one() -> None:
    assert minutes("") == math.inf
    assert place("stat", minutes(""), True) > place("stat", minutes("2 h"), False)


def test_priority_outranks_time_and_time_outranks_the_airway() -> None:
    assert place("stat", minutes(""), False) < place("urgent", minutes("1 min"), True)
    assert place("stat", minutes("1 min"), False) < place("stat", minutes("2 min"), True)
    assert place("stat", minutes("2 min"), True) < place("stat", minutes("2 min"), False)


def steps_in(part: object) -> Iterator[Step]:
    """Every step in a part of a dossier."""
    if isinstance(part, Step):
        yield part
    if isinstance(part, Mapping):
        part = tuple(part.values())
    inner = part if isinstance(part, tuple) else vars(part).values() if is_frozen(type(part)) else ()
    for one in inner:
        yield from steps_in(one)


def test_every_time_limit_of_the_content_can_be_read() -> None:
    limits = {step.within for step in steps_in(engine().dossier) if step.within}

    assert len(limits) > 10
    assert all(0 < minutes(within) < math.inf for within in limits)
