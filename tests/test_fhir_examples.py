"""Each example bundle against its case file: the same stated facts, as R4 resources, give the same assessment."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any

import pytest

from clinical_commander.engine.assessment import Assessment
from clinical_commander.engine.read_case import read_case
from clinical_commander.fhir.case import Tally, case_from_records
from clinical_commander.fhir.read_json import read_records
from tests.fixtures import EXAMPLES, REPOSITORY, assess, engine

BUNDLES = REPOSITORY / "examples" / "fhir"
NAMES = sorted(path.stem for path in BUNDLES.glob("*.json"))
RESTATED = [name for name in NAMES if (EXAMPLES / f"{name}.yaml").is_file()]


@functools.cache
def from_bundle(name: str) -> tuple[Assessment, Tally]:
    data = read_records((BUNDLES / f"{name}.json").read_bytes(), name)
    case, tally = case_from_records(data, engine().dossier, name=name)
    return assess(case), tally


@functools.cache
def from_case_file(name: str) -> Assessment:
    return assess(read_case(Path(EXAMPLES / f"{name}.yaml"), engine().dossier))


def known(result: Assessment) -> dict[str, Any]:
    """What is known of each fact, without how it was told."""
    facts = result.facts
    # The bundle states what the dossier takes as given.
    return {n: (f.state, f.value, f.low, f.high, f.possible, f.unit) for n, f in facts.items() if n != "hemoptysis"}


def test_several_published_patients_stand_as_bundles() -> None:
    assert len([name for name in RESTATED if not name.startswith("constructed-")]) >= 8


@pytest.mark.parametrize("name", RESTATED)
def test_the_bundle_gives_the_facts_of_the_case_file(name: str) -> None:
    assert known(from_bundle(name)[0]) == known(from_case_file(name))


@pytest.mark.parametrize("name", RESTATED)
def test_the_bundle_gives_the_tier_and_the_triggers_of_the_case_file(name: str) -> None:
    bundle, case = from_bundle(name)[0], from_case_file(name)

    assert bundle.setting == case.setting
    assert (bundle.tier.value, bundle.tier.possible) == (case.tier.value, case.tier.possible)
    assert {n: (t.state, t.severity, t.missing) for n, t in bundle.triggers.items()} == {
        n: (t.state, t.severity, t.missing) for n, t in case.triggers.items()
    }
    assert bundle.disposition.possible == case.disposition.possible


@pytest.mark.parametrize("name", RESTATED)
def test_every_record_of_a_restated_case_is_used(name: str) -> None:
    tally = from_bundle(name)[1]

    assert tally.refused == {}
    assert tally.unrelated == frozenset()


@pytest.mark.parametrize("name", NAMES)
def test_every_fact_of_a_bundle_names_its_resource_or_what_it_follows_from(name: str) -> None:
    result, tally = from_bundle(name)

    for fact, report in result.facts.items():
        origins = report.origin.split(", ")
        follows = report.origin.startswith(("implied:", "entry:")) or fact == "hours_since_major_bleed"
        assert follows or set(origins) <= tally.used, fact


def test_a_word_in_the_discharge_advice_is_no_finding() -> None:
    text = (BUNDLES / "advice-only.json").read_text()
    data = read_records(text.encode(), "advice-only")

    case, tally = case_from_records(data, engine().dossier)

    assert text.lower().count("hemoptysis") > 5
    assert "66857006" in text
    assert "hemoptysis" not in case.facts
    assert "active_bleeding" not in case.facts
    assert "CC663" in {w.code for w in case.warnings}
    assert tally.refused == {}


def test_the_synthetic_patient_on_warfarin() -> None:
    result, tally = from_bundle("synthetic-warfarin")

    facts = result.facts
    assert facts["anticoagulant"].value == "warfarin"  # by the product of a Medication in the bundle
    assert facts["antiplatelet"].possible == ("single", "dual")
    assert (facts["inr"].low, facts["inr"].high) == (8.000000000000002, 25)  # "> 8", above 8 and within the limits
    assert (facts["hemoglobin_drop"].low, facts["hemoglobin_drop"].value) == (2.7, None)  # 13.1 (131 g/L) to 10.4 g/dL
    assert facts["creatinine"].value == 1.7  # 150 umol/L / 88.4
    assert facts["creatinine_baseline"].value == 0.9
    assert facts["ctpa"].state == "pending"
    assert "prior_vte" not in facts  # embolism is a differential
    assert "prior_tb" not in facts  # entered in error, and the father's
    assert sorted(w.code for w in tally.refused.values()) == ["CC630", "CC631", "CC632", "CC632", "CC636", "CC636"]


def test_the_synthetic_patient_in_intensive_care() -> None:
    result, _ = from_bundle("synthetic-icu")

    facts = result.facts
    assert result.setting == "icu"  # an inpatient whose location is an intensive care unit
    assert facts["afb_smears_negative"].low == 2  # two specimens; one was read twice, one result is preliminary
    assert facts["afb_smear"].state == "stale"  # a further result is awaited
    assert (facts["age"].low, facts["age"].high) == (42.33, 42.41)  # born in June 1984: 124 to 153 of 365 days
    assert "spo2" not in facts  # 0.95 % is refused
    assert facts["hht"].value is False
    assert "CC661" in {w.code for w in result.warnings}
