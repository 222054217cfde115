"""The fall of a number: the same from records and in a stay, a lower bound, nothing that was entered taken back."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clinical_commander.derive.falls import falls, way_of_fall
from clinical_commander.derive.observation import Observation
from clinical_commander.derive.one_patient import derive
from clinical_commander.derive.record import Record
from clinical_commander.dossier.model_parts import Follows
from clinical_commander.encounter.trends import with_trends
from clinical_commander.engine.case import Case
from clinical_commander.engine.read_case import case_from_mapping
from clinical_commander.frozen import replace
from clinical_commander.quantity import parse_quantity
from tests.fixtures import engine

NOW = datetime(2026, 11, 20, 8, 0, tzinfo=UTC)
WINDOW = 7 * 24  # hours: content/catalogue/derivations.yaml
DROP, HEMOGLOBIN = "hemoglobin_drop", "hemoglobin"
# (hours before now, tenths of g/dL), each time once
SERIES = st.dictionaries(st.integers(0, 20 * 24), st.integers(30, 220), min_size=1, max_size=8)


def in_a_stay(values: dict[int, int], *, old: bool = False, entered: dict[int, int] | None = None) -> Case:
    """The case of a stay with these values, and what follows from them; `old`: with a pack from before 0057."""
    told = {name: _timed(of) for name, of in ((HEMOGLOBIN, values), (DROP, entered or {})) if of}
    dossier = engine().dossier
    case = case_from_mapping({"setting": "ed", "at": NOW.isoformat(), "facts": told}, dossier)
    if old:
        fact = replace(dossier.facts[DROP], follows=Follows("fall_of", HEMOGLOBIN))
        dossier = replace(dossier, facts={**dossier.facts, DROP: fact})
    return with_trends(case, dossier, {})


def _timed(values: dict[int, int]) -> list[dict[str, str]]:
    return [
        {"value": f"{tenths / 10:g} g/dL", "at": (NOW - timedelta(hours=hours)).isoformat()}
        for hours, tenths in sorted(values.items(), reverse=True)
    ]


def from_records(values: dict[int, int]) -> Sequence[Observation]:
    records = [
        Record(f"r{hours}", "measurement", codes=("loinc 718-7",), start=NOW - timedelta(hours=hours),
               end=NOW - timedelta(hours=hours), number=parse_quantity(f"{tenths / 10:g} g/dL"))
        for hours, tenths in values.items()
    ]  # fmt: skip
    dossier = engine().dossier
    return derive(records, dossier.derivations, dossier.facts, NOW).facts.get(DROP, ())


def expected(values: dict[int, int], window: float = WINDOW) -> dict[int, float]:
    """By the definition, in whole tenths: the highest of the window before, less this one, and never below 0."""
    found = {}
    for hours, tenths in values.items():
        before = [t for h, t in values.items() if 0 < h - hours <= window]
        if before:
            found[hours] = min(max(0, max(before) - tenths) / 10, 20.0)
    return found


def lows(observations: Sequence[Observation]) -> dict[int, float | None]:
    return {round((NOW - o.at).total_seconds() / 3600): o.low for o in observations}


@given(values=SERIES)
def test_a_fall_in_a_stay_is_the_highest_of_seven_days_less_the_value_and_a_lower_bound(values: dict[int, int]) -> None:
    found = in_a_stay(values).facts.get(DROP, ())

    assert lows(found) == expected(values)
    assert all((o.state, o.high) == ("partial", 20) for o in found)


@given(values=SERIES)
def test_a_fall_from_records_is_that_of_a_stay(values: dict[int, int]) -> None:
    stay, records = in_a_stay(values).facts.get(DROP, ()), from_records(values)

    assert [(o.at, o.state, o.low, o.high, o.entered) for o in stay] == [
        (o.at, o.state, o.low, o.high, o.entered) for o in records
    ]


@given(values=SERIES)
def test_without_any_one_value_the_fall_is_never_greater_and_never_known(values: dict[int, int]) -> None:
    whole = expected(values)
    for left_out in values:
        found = lows(in_a_stay({h: t for h, t in values.items() if h != left_out}).facts.get(DROP, ()))

        assert all((low or 0) <= whole[hours] for hours, low in found.items())
        assert left_out not in found


def test_a_fall_over_days_is_seen_though_no_step_of_it_is_great() -> None:
    # 12.4, 11.8, 11.1, 10.3 over six days: 2.1 in all, at most 0.8 a step.
    found = in_a_stay({144: 124, 96: 118, 48: 111, 0: 103})

    assert lows(found.facts[DROP])[0] == 2.1


@given(values=SERIES)
def test_a_pack_from_before_says_the_fall_of_the_whole_stay_as_it_did(values: dict[int, int]) -> None:
    found = in_a_stay(values, old=True).facts.get(DROP, ())

    assert lows(found) == expected(values, window=10_000)
    assert {o.origin for o in found} <= {"series:hemoglobin"}


@given(values=SERIES, hours=st.integers(0, 20 * 24), fall=st.integers(1, 90))
def test_what_was_entered_stands_and_a_later_fall_counts_from_it(values: dict[int, int], hours: int, fall: int) -> None:
    found = in_a_stay(values, entered={hours: fall}).facts[DROP]

    entered = [o for o in found if o.origin == "case"]
    assert [(o.low, o.high) for o in entered] == [(fall / 10, fall / 10)]
    beside = [h for h in values if h >= hours]
    for later, low in ((h, low) for h, low in lows(found).items() if h < hours):
        if beside:
            implied = values[min(beside)] + fall
            assert low >= min(max(0, implied - values[later]) / 10, 20) - 1e-9
        else:
            assert low >= fall / 10


def test_a_value_between_limits_takes_the_least_that_its_fall_can_be() -> None:
    fact = engine().dossier.facts[DROP]
    way = way_of_fall(fact, engine().dossier)
    assert way is not None
    one = Observation(HEMOGLOBIN, "partial", NOW - timedelta(hours=5), low=11.0, high=26.0)
    other = Observation(HEMOGLOBIN, "partial", NOW, low=8.0, high=9.5)

    (found,) = falls(fact, (one, other), (), way)

    assert (found.low, found.high, found.entered) == (1.5, 20, ">= 1.5 g/dL")  # at least 11 before, at most 9.5 now


@pytest.mark.parametrize("state", ["unknown", "pending"])
def test_a_value_that_nobody_knows_is_no_fall(state: str) -> None:
    fact = engine().dossier.facts[DROP]
    way = way_of_fall(fact, engine().dossier)
    assert way is not None
    known = Observation(HEMOGLOBIN, "known", NOW - timedelta(hours=5), low=12.0, high=12.0)

    assert list(falls(fact, (known, Observation(HEMOGLOBIN, state, NOW)), (), way)) == []


def test_a_steep_fall_is_capped_and_not_dropped() -> None:
    assert lows(in_a_stay({9: 260, 0: 30}).facts[DROP])[0] == 20.0  # 26 - 3 is beyond the limit of the fact
