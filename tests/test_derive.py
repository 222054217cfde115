"""Records in, statements out: the conformance suite as data, and what no set of records may do."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clinical_commander.derive.observation import Observation
from clinical_commander.derive.one_patient import Derived, derive
from clinical_commander.derive.record import Record
from clinical_commander.dossier.derivations import KINDS
from clinical_commander.dossier.reader import plain_data
from clinical_commander.dossier.source import read_yaml
from clinical_commander.frozen import replace
from clinical_commander.quantity import ParsedQuantity, parse_quantity
from tests.fixtures import engine

CONFORMANCE = Path(__file__).parent / "derive" / "conformance"
MOMENT = datetime.fromisoformat("2026-11-01T08:00:00+00:00")
HOURS = {"min": Fraction(1, 60), "h": Fraction(1), "d": Fraction(24)}


def cases() -> list[Any]:
    found = []
    for file in sorted(CONFORMANCE.glob("*.yaml")):
        data: Any = plain_data(read_yaml(file))
        found += [pytest.param(case, id=f"{file.stem}: {case['what']}") for case in data]
    return found


def moment(text: str) -> datetime:
    """A time in full, or as `-2 h` from the moment assessed."""
    match = re.fullmatch(r"([+-]?[0-9]+) (min|h|d)", text)
    if match is None:
        return datetime.fromisoformat(text)
    return MOMENT + timedelta(hours=float(int(match[1]) * HOURS[match[2]]))


def record(data: dict[str, Any]) -> Record:
    time = data.get("time")
    start, end = (None, None) if time is None else time if isinstance(time, list) else (time, time)
    number = parse_quantity(data["value"]) if "value" in data else None
    if number is not None and "unit" in data:
        number = replace(number, unit_text=data["unit"])
    return Record(
        origin=data["origin"],
        kind=data["kind"],
        codes=tuple(data["codes"]) if "codes" in data else (),
        standing=data.get("standing", "final"),
        start=moment(start) if start else None,
        end=moment(end) if end else None,
        number=number,
        coded=tuple(data.get("coded", ())),
        truth=data.get("truth"),
        entered=data.get("value", ""),
        current=data.get("current"),
        specimens=tuple(data.get("specimens", ())),
        collected=moment(data["collected"]) if "collected" in data else None,
    )


def run(records: list[Record]) -> Derived:
    dossier = engine().dossier
    return derive(records, dossier.derivations, dossier.facts, MOMENT)


def written(observation: Observation) -> dict[str, Any]:
    """A statement as the conformance files write it."""
    found: dict[str, Any] = {"state": observation.state, "time": observation.at, "origin": observation.origin}
    if observation.low is not None:
        found["is"] = observation.low if observation.low == observation.high else [observation.low, observation.high]
    elif observation.codes is not None:
        found["is"] = set(observation.codes)
    elif observation.truth is not None:
        found["is"] = observation.truth
    return found


def expected(statement: dict[str, Any]) -> dict[str, Any]:
    found = {"state": statement.get("state", "known"), "time": moment(statement["time"]), "origin": statement["origin"]}
    if "is" in statement:
        value = statement["is"]
        found["is"] = set(value) if isinstance(value, list) and isinstance(value[0], str) else value
    return found


@pytest.mark.parametrize("case", cases())
def test_the_conformance_suite(case: dict[str, Any]) -> None:
    found = run([record(data) for data in case["records"]])

    facts = {name: [written(o) for o in statements] for name, statements in found.facts.items()}
    assert facts == {name: [expected(s) for s in statements] for name, statements in case.get("facts", {}).items()}
    assert {origin: why.code for origin, why in found.refused.items()} == case.get("refused", {})
    assert sorted(found.unrelated) == sorted(case.get("unrelated", []))
    assert sorted({problem.code for problem in found.problems}) == case.get("warns", [])
    warned = {(n, i) for n, statements in found.facts.items() for i, s in enumerate(statements) if s.warnings}
    asked = {(n, i) for n, s in case.get("facts", {}).items() for i, o in enumerate(s) if o.get("warned")}
    assert warned >= asked if case.get("warns") else warned == asked


# --- what no set of records may do

CODES = sorted({code for ways in engine().dossier.derivations.ways.values() for way in ways for code in way.codes})
TIMES = st.one_of(st.none(), st.integers(-500, 1).map(lambda h: MOMENT + timedelta(hours=h)))
NUMBERS = st.builds(
    lambda n, u: ParsedQuantity(Fraction(n), Fraction(n), False, False, u, True),
    st.integers(0, 300),
    st.sampled_from([None, "%", "mm[Hg]", "g/dL", "/min", "mL", "unknown unit"]),
)
RECORDS = st.lists(
    st.builds(
        Record,
        origin=st.just(""),
        kind=st.sampled_from([*KINDS, "order", "other"]),
        codes=st.lists(st.sampled_from([*CODES, "fact spo2", "fact fever", "loinc 1-8"]), max_size=2).map(tuple),
        standing=st.sampled_from(["final", "preliminary", "pending", "unobtainable", "refuted"]),
        start=TIMES,
        number=st.one_of(st.none(), NUMBERS),
        coded=st.lists(st.sampled_from(["snomed 10828004", "snomed 260385009", "fact yes"]), max_size=2).map(tuple),
        truth=st.one_of(st.none(), st.booleans()),
        current=st.one_of(st.none(), st.booleans()),
        specimens=st.sampled_from([(), ("s1",), ("s2",)]),
    ),
    max_size=12,
).map(lambda found: [replace(r, origin=f"r{i}", end=r.start) for i, r in enumerate(found)])


@given(RECORDS)
def test_every_record_is_used_refused_or_unrelated_and_only_once(records: list[Record]) -> None:
    found = run(records)

    sorted_out = [*found.used, *found.refused, *found.unrelated]
    assert sorted(sorted_out) == sorted(r.origin for r in records)


@given(RECORDS)
def test_every_statement_names_a_record_that_was_used(records: list[Record]) -> None:
    found = run(records)

    origins = {o for statements in found.facts.values() for s in statements for o in s.origin.split(", ")}
    assert origins <= found.used


@given(RECORDS)
def test_no_statement_lies_after_the_moment_assessed(records: list[Record]) -> None:
    found = run(records)

    assert all(s.at <= MOMENT for statements in found.facts.values() for s in statements)


@given(RECORDS, st.randoms(use_true_random=False))
def test_the_order_of_the_records_changes_no_value(records: list[Record], random: Any) -> None:
    shuffled = list(records)
    random.shuffle(shuffled)

    first, second = run(records), run(shuffled)

    assert _values(first) == _values(second)


def _values(found: Derived) -> dict[str, list[tuple[object, ...]]]:
    return {n: [(o.state, o.at, o.low, o.high, o.codes, o.truth) for o in s] for n, s in found.facts.items()}


def test_each_fact_vanishes_with_its_record_and_becomes_nothing_else() -> None:
    every = [record(data) for case in cases() for data in case.values[0]["records"] if case.values[0].get("facts")]
    every = [replace(r, origin=f"r{i}") for i, r in enumerate(every)]
    whole = run(every)

    for fact, statements in whole.facts.items():
        origins = {o for s in statements for o in s.origin.split(", ")}
        without = run([r for r in every if r.origin not in origins])
        kept = without.facts.get(fact, ())
        assert all(set(o.origin.split(", ")).isdisjoint(origins) for o in kept)
    assert run([]).facts == {}
