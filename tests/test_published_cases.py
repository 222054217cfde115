"""The nineteen published patients and the constructed ones against examples/cases/expectations.yaml; recall is printed.

A message of a failed test ends with the mistake that would harm this patient.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from clinical_commander.dossier.reader import plain_data
from clinical_commander.dossier.source import read_yaml
from clinical_commander.engine.assessment import Assessment
from clinical_commander.engine.read_case import read_case
from tests.fixtures import EXAMPLES, advised, assess, engine, state

EXPECTED: Mapping[str, Mapping[str, Any]] = plain_data(read_yaml(EXAMPLES / "expectations.yaml"))["cases"]  # type: ignore[call-overload,index]
PUBLISHED = [name for name in EXPECTED if not name.startswith("constructed-")]
KEYS = {
    "tier", "acceptable_tiers", "must_settle_tier", "must_fire", "not_quiet", "also_fire", "must_advise",
    "must_not_advise", "must_do", "asks", "disposition", "dangerous_miss", "confidence",
}  # fmt: skip


@functools.cache
def assessed(name: str) -> Assessment:
    """The assessment of one example."""
    return assess(read_case(EXAMPLES / f"{name}.yaml", engine().dossier))


def having(key: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """One test for each example that states `key`."""
    return pytest.mark.parametrize("name", [n for n, e in EXPECTED.items() if key in e])


def danger(name: str) -> str:
    return f"{name}. Dangerous miss: {EXPECTED[name].get('dangerous_miss', 'none stated')}"


def test_each_case_file_has_its_expectations_and_each_key_is_known() -> None:
    files = {path.stem for path in EXAMPLES.glob("*.yaml")} - {"expectations"}

    assert files == set(EXPECTED)
    assert len(PUBLISHED) == 19
    assert {key for expected in EXPECTED.values() for key in expected} <= KEYS


@having("must_settle_tier")
def test_the_tier_is_settled_where_it_must_be(name: str) -> None:
    tier = assessed(name).tier

    assert tier.settled, danger(name)
    assert tier.value == EXPECTED[name]["must_settle_tier"], danger(name)


@having("acceptable_tiers")
def test_the_tier_is_acceptable_or_an_acceptable_one_stays_possible(name: str) -> None:
    tier, acceptable = assessed(name).tier, EXPECTED[name]["acceptable_tiers"]

    assert tier.value in acceptable if tier.settled else set(tier.possible) & set(acceptable), danger(name)


@having("must_fire")
def test_each_expected_trigger_fires(name: str) -> None:
    triggers = assessed(name).triggers

    silent = {t: triggers[t].state for t in EXPECTED[name]["must_fire"] if triggers[t].state != "fires"}
    assert silent == {}, danger(name)


@having("not_quiet")
def test_no_expected_trigger_is_quiet(name: str) -> None:
    triggers = assessed(name).triggers

    assert [t for t in EXPECTED[name]["not_quiet"] if triggers[t].state == "quiet"] == [], danger(name)


@having("also_fire")
def test_the_further_triggers_are_those_a_reviewer_has_seen(name: str) -> None:
    triggers = assessed(name).triggers
    expected = EXPECTED[name]

    assert [t for t in expected["also_fire"] if triggers[t].state != "fires"] == [], name


@pytest.mark.parametrize("name", EXPECTED)
def test_no_trigger_fires_that_nobody_expects(name: str) -> None:
    expected = EXPECTED[name]
    seen = {*expected.get("must_fire", ()), *expected.get("also_fire", ()), *expected.get("not_quiet", ())}

    assert {t for t, report in assessed(name).triggers.items() if report.state == "fires"} - seen == set(), name


@having("must_advise")
def test_what_must_be_advised_is_advised(name: str) -> None:
    result = assessed(name)
    states = {a: state(result, a) for a in EXPECTED[name]["must_advise"]}

    assert {a: s for a, s in states.items() if s not in ("do", "ask_first")} == {}, danger(name)


@having("must_do")
def test_what_must_be_done_is_not_made_a_question(name: str) -> None:
    result = assessed(name)

    assert {a: state(result, a) for a in EXPECTED[name]["must_do"] if state(result, a) != "do"} == {}, danger(name)


@having("must_not_advise")
def test_nothing_forbidden_is_advised(name: str) -> None:
    forbidden = {a.id: a.state for a in advised(assessed(name)) if a.id in EXPECTED[name]["must_not_advise"]}

    assert forbidden == {}, danger(name)


@having("asks")
def test_the_deciding_facts_are_asked_for(name: str) -> None:
    assert set(EXPECTED[name]["asks"]) <= set(assessed(name).tier.missing), danger(name)


@having("disposition")
def test_the_place_of_care_is_settled(name: str) -> None:
    assert assessed(name).disposition.value == EXPECTED[name]["disposition"], danger(name)


def test_recall_over_the_nineteen_published_patients(record_property: Callable[[str, object], None]) -> None:
    expected = [(name, t) for name in PUBLISHED for t in EXPECTED[name].get("must_fire", ())]
    states = [assessed(name).triggers[trigger].state for name, trigger in expected]
    settled = {name: assessed(name).tier.value for name in PUBLISHED if assessed(name).tier.settled}
    agree = [name for name, value in settled.items() if value in EXPECTED[name]["acceptable_tiers"]]
    under = [
        name for name in PUBLISHED
        if not set(assessed(name).tier.possible) & set(EXPECTED[name]["acceptable_tiers"])
    ]  # fmt: skip
    advice = [(name, a) for name in PUBLISHED for a in EXPECTED[name].get("must_advise", ())]
    given = [(name, a) for name, a in advice if state(assessed(name), a) in ("do", "ask_first")]
    forbidden = [(name, a) for name in PUBLISHED for a in EXPECTED[name].get("must_not_advise", ())]
    said = [(name, a) for name, a in forbidden if state(assessed(name), a) in ("do", "ask_first")]
    for what, value in {
        "triggers expected": len(expected),
        "triggers that fire": states.count("fires"),
        "triggers that cannot be excluded": states.count("cannot_exclude"),
        "triggers that are quiet": states.count("quiet"),
        "tiers settled": f"{len(settled)} of {len(PUBLISHED)}",
        "settled tiers that agree": f"{len(agree)} of {len(settled)}",
        "tiers under-graded": len(under),
        "actions expected": len(advice),
        "actions advised": len(given),
        "actions forbidden": len(forbidden),
        "forbidden actions advised": len(said),
    }.items():
        print(f"{what}: {value}")
        record_property(what, value)

    assert states.count("fires") == len(expected)
    assert under == []
    assert len(agree) == len(settled)
