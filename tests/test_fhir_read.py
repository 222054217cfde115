"""R4 resources in, a case out: what each type says, what it does not say, and what is refused with its reason."""

from __future__ import annotations

import copy
import json
from datetime import datetime
from typing import Any

import pytest

from clinical_commander.engine.case import Case, Observation
from clinical_commander.errors import CaseError
from clinical_commander.fhir.case import Tally, case_from_records
from tests.fixtures import engine

MOMENT = "2026-11-01T08:00:00+00:00"
EARLIER = "2026-11-01T07:50:00+00:00"
UCUM = "http://unitsofmeasure.org"
SYSTEMS = engine().dossier.derivations.systems
SUBJECT = {"reference": "Patient/p"}
PATIENT = {"resourceType": "Patient", "id": "p", "birthDate": "1968-11-01", "gender": "female"}


def concept(*codes: str) -> dict[str, Any]:
    """A CodeableConcept of codes as the catalogue writes them."""
    pairs = (code.split(" ", 1) for code in codes)
    return {"coding": [{"system": SYSTEMS[system], "code": code} for system, code in pairs]}


def own(code: str) -> dict[str, Any]:
    """A status as a CodeableConcept."""
    return {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/any", "code": code}]}


def measured(value: object, code: str | None, **more: Any) -> dict[str, Any]:
    found: dict[str, Any] = {"value": value} | ({"system": UCUM, "code": code} if code else {})
    return found | more


def observation(code: str = "loinc 59408-5", id: str = "o", **more: Any) -> dict[str, Any]:
    body = {
        "resourceType": "Observation", "id": id, "status": "final", "code": concept(code), "subject": SUBJECT,
        "effectiveDateTime": EARLIER, "valueQuantity": measured(97, "%"),
    } | more  # fmt: skip
    if any(key.startswith("value") for key in more) or "component" in more:
        body = {k: v for k, v in body.items() if k != "valueQuantity" or k in more}
    return {k: v for k, v in body.items() if v is not None}


def condition(code: str = "snomed 59282003", id: str = "c", **more: Any) -> dict[str, Any]:
    return {
        "resourceType": "Condition", "id": id, "clinicalStatus": own("active"), "verificationStatus": own("confirmed"),
        "code": concept(code), "subject": SUBJECT, "recordedDate": EARLIER,
    } | more  # fmt: skip


def read(*resources: dict[str, Any], setting: str | None = "ed", **bundle: Any) -> tuple[Case, Tally]:
    """The case of a collection of the patient and these resources."""
    entries = [{"resource": resource} for resource in (PATIENT, *resources)]
    data = {"resourceType": "Bundle", "type": "collection", "timestamp": MOMENT, "entry": entries} | bundle
    return case_from_records(data, engine().dossier, setting=setting)


def last(case: Case, fact: str) -> Observation:
    return case.facts[fact][-1]


def reasons(tally: Tally) -> dict[str, str]:
    return {origin: why.code for origin, why in tally.refused.items()}


# --- the patient and where the patient is


def test_the_age_and_the_sex_come_from_the_patient() -> None:
    case, tally = read()

    assert (last(case, "age").low, last(case, "age").high) == (58, 58)  # the birthday is today
    assert last(case, "age").origin == "Patient/p#birthDate"
    assert last(case, "sex").codes == {"female"}
    assert tally.used == {"Patient/p#birthDate", "Patient/p#gender"}


@pytest.mark.hazard("H12")
def test_a_year_of_birth_leaves_an_age_a_year_wide() -> None:
    case, _ = case_from_records([PATIENT | {"birthDate": "2008"}], engine().dossier, setting="ed", at=at(MOMENT))

    # Born on 31 December, 305 of 365 days since the last birthday; born on 1 January, 304 of 365.
    assert (last(case, "age").low, last(case, "age").high) == (17.83, 18.83)
    assert last(case, "age").state == "partial"


def test_a_birthday_on_29_february_falls_on_1_march() -> None:
    patient = PATIENT | {"birthDate": "2008-02-29"}
    ages = {}
    for day in ("2026-02-28T12:00:00+00:00", "2026-03-01T12:00:00+00:00"):
        case, _ = case_from_records([patient], engine().dossier, setting="ed", at=at(day))
        ages[day[:10]] = last(case, "age").low

    assert ages == {"2026-02-28": 17.99, "2026-03-01": 18.0}  # 364 of 365 days, cut; 18 whole years


def test_a_sex_that_is_not_known_is_not_known() -> None:
    case, tally = case_from_records([PATIENT | {"gender": "unknown"}], engine().dossier, setting="ed", at=at(MOMENT))

    assert "sex" not in case.facts
    assert tally.refused == {}


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


@pytest.mark.hazard("H07")
@pytest.mark.parametrize(
    "other",
    [
        {"resourceType": "Patient", "id": "q"},
        observation(subject={"reference": "Patient/q"}),
        observation(subject={"reference": "https://elsewhere.example/fhir/Patient/q"}),
        condition(subject={"reference": "Patient/q/_history/3"}),
        {"resourceType": "Claim", "id": "x", "patient": {"reference": "Patient/q"}},
        {"resourceType": "Patient", "id": "p", "birthDate": "1999-01-01"},
    ],
)
def test_two_patients_in_one_bundle_are_refused(other: dict[str, Any]) -> None:
    with pytest.raises(CaseError) as raised:
        read(observation(), other)

    assert [p.code for p in raised.value.problems] == ["CC650"]


@pytest.mark.hazard("H07")
def test_the_same_id_on_another_server_is_another_patient() -> None:
    here, there = "https://here.example/fhir", "https://there.example/fhir"
    entries = [{"fullUrl": f"{here}/Patient/p", "resource": PATIENT}]
    same = observation(subject={"reference": f"{here}/Patient/p"})
    other = observation(subject={"reference": f"{there}/Patient/p"})
    bundle = {"resourceType": "Bundle", "type": "collection", "timestamp": MOMENT}

    case, _ = case_from_records(bundle | {"entry": [*entries, {"resource": same}]}, engine().dossier, setting="ed")
    with pytest.raises(CaseError) as raised:
        case_from_records(bundle | {"entry": [*entries, {"resource": other}]}, engine().dossier, setting="ed")

    assert last(case, "spo2").low == 97
    assert [p.code for p in raised.value.problems] == ["CC650"]


def test_a_record_that_names_no_patient_is_not_used() -> None:
    without = observation(subject=None)
    logical = observation(id="l", subject={"identifier": {"value": "4711"}})
    elsewhere = observation(id="e", subject={"reference": "urn:uuid:0a0f1c52-0001-4000-8000-000000000009"})
    group = observation(id="g", subject={"reference": "Group/7"})

    case, tally = read(without, logical, elsewhere, group)

    assert "spo2" not in case.facts
    assert set(reasons(tally).values()) == {"CC637"}
    assert len(tally.refused) == 4


def test_an_observation_about_the_fetus_is_not_the_mothers() -> None:
    case, tally = read(
        observation("loinc 8867-4", focus=[{"reference": "Patient/fetus"}], valueQuantity=measured(150, "/min"))
    )

    assert "hr" not in case.facts
    assert reasons(tally) == {"Observation/o": "CC637"}


def encounter(kind: str, id: str = "e", status: str = "in-progress", **more: Any) -> dict[str, Any]:
    coding = {"system": SYSTEMS["class"], "code": kind}
    return {"resourceType": "Encounter", "id": id, "status": status, "class": coding, "subject": SUBJECT} | more


def icu(**more: Any) -> dict[str, Any]:
    return {"resourceType": "Location", "id": "icu", "type": [concept("role ICU")]} | more


@pytest.mark.parametrize(
    ("encounters", "setting"),
    [
        ([encounter("EMER")], "ed"),
        ([encounter("AMB")], "outpatient"),
        ([encounter("IMP")], "inpatient"),
        ([encounter("HH")], "home"),
        ([encounter("IMP", location=[{"location": {"reference": "Location/icu"}}]), icu()], "icu"),
        (
            [encounter("IMP", location=[{"location": {"reference": "Location/icu"}, "status": "completed"}]), icu()],
            "inpatient",
        ),
        (
            [
                encounter("AMB", "old", "finished", period={"start": "2019-01-01", "end": "2019-01-01"}),
                encounter("EMER"),
            ],
            "ed",
        ),
    ],
)
def test_the_encounter_under_way_says_where_the_patient_is(encounters: list[dict[str, Any]], setting: str) -> None:
    case, tally = read(*encounters, setting=None)

    assert case.setting == setting
    assert any(origin.startswith("Encounter/") for origin in tally.used)


@pytest.mark.parametrize(
    "encounters",
    [
        [],
        [encounter("VR")],
        [encounter("EMER", "a"), encounter("IMP", "b")],
        [encounter("EMER", status="planned")],
        [encounter("EMER", status="entered-in-error")],
        [encounter("EMER", status="finished", period={"start": "2026-10-01T08:00:00Z", "end": "2026-10-01T12:00:00Z"})],
        [encounter("EMER", subject={"display": "somebody"})],
    ],
)
def test_where_no_one_encounter_says_it_the_setting_is_asked(encounters: list[dict[str, Any]]) -> None:
    with pytest.raises(CaseError) as raised:
        read(*encounters, setting=None)

    assert [p.code for p in raised.value.problems] == ["CC620"]
    assert "--setting" in raised.value.problems[0].mend


# --- observations


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"status": "entered-in-error"}, "CC632"),
        ({"status": "cancelled"}, "CC632"),
        ({"status": "unknown"}, "CC632"),
        ({"status": None}, "CC632"),
        ({"effectiveDateTime": None}, "CC630"),
        ({"effectiveDateTime": "2026-11-01T07:50:00"}, "CC630"),
        ({"effectiveDateTime": "yesterday"}, "CC630"),
        ({"effectiveDateTime": None, "issued": EARLIER}, "CC630"),
        ({"effectiveDateTime": "2026-11-01T08:06:00+00:00"}, "CC614"),
        ({"effectiveDateTime": "2026-11-01T07:50:00-05:00"}, "CC614"),
        ({"effectiveDateTime": "2026"}, "CC631"),
        ({"valueQuantity": measured(97, None)}, "CC601"),
        ({"valueQuantity": {"value": 97, "code": "%"}}, "CC601"),
        ({"valueQuantity": measured(97, "furlong")}, "CC602"),
        ({"valueQuantity": measured(97, "mm[Hg]")}, "CC605"),
        ({"valueQuantity": measured("97", "%")}, "CC633"),
        ({"valueQuantity": measured(True, "%")}, "CC633"),
        ({"valueQuantity": measured(97, "%", comparator="~")}, "CC633"),
        ({"valueQuantity": measured(0.97, "%")}, "CC610"),
        ({"valueQuantity": measured(170, "%")}, "CC609"),
        ({"valueString": "97 %"}, "CC633"),
        ({"valueQuantity": measured(97, "%"), "valueString": "98 %"}, "CC633"),
        ({"valueTime": "07:50:00"}, "CC633"),
        ({"dataAbsentReason": concept("absent error"), "valueQuantity": None}, "CC633"),
        ({"modifierExtension": [{"url": "http://example.org/not", "valueBoolean": True}]}, "CC638"),
        ({"implicitRules": "http://example.org/rules"}, "CC638"),
    ],
)
def test_an_observation_that_cannot_be_used_is_refused_with_its_reason(change: dict[str, Any], code: str) -> None:
    case, tally = read(observation(**change))

    assert "spo2" not in case.facts
    assert reasons(tally) == {"Observation/o": code}
    assert code in {w.code for w in case.warnings}


def test_the_code_and_the_text_of_a_unit_must_mean_the_same() -> None:
    slip = observation("loinc 718-7", valueQuantity=measured(13.4, "g/dL", unit="g/L"))
    fine = observation("loinc 777-3", "f", valueQuantity=measured(250, "10*3/uL", unit="K/uL"))
    free = observation("loinc 2524-7", "g", valueQuantity=measured(2, "mmol/L", unit="millimoles"))
    text = observation("loinc 8867-4", "h", valueQuantity={"value": 90, "unit": "beats/min"})

    case, tally = read(slip, fine, free, text)

    assert reasons(tally) == {"Observation/o": "CC605"}
    assert {"platelets", "lactate", "hr"} <= set(case.facts)


@pytest.mark.hazard("H04")
@pytest.mark.parametrize(
    ("value", "unit"),
    [(37, "Cel"), (98.6, "[degF]")],
)
def test_the_same_temperature_in_either_unit_is_the_same_fact(value: float, unit: str) -> None:
    case, _ = read(observation("loinc 8310-5", valueQuantity=measured(value, unit)))

    assert last(case, "temperature").low == 37


def test_both_pressures_come_from_the_components_of_one_observation() -> None:
    panel = observation(
        "loinc 85354-9",
        "bp",
        component=[
            {"code": concept("loinc 8480-6"), "valueQuantity": measured(104, "mm[Hg]")},
            {"code": concept("loinc 8462-4"), "valueQuantity": measured(62, "mm Hg")},
            {"code": concept("loinc 8867-4"), "dataAbsentReason": concept("absent asked-declined")},
        ],
    )

    case, tally = read(panel)

    assert last(case, "sbp").low == 104
    assert last(case, "sbp").origin == "Observation/bp#component[0]"
    assert "dbp" not in case.facts
    assert last(case, "hr").state == "unobtainable"
    assert reasons(tally) == {"Observation/bp#component[1]": "CC602"}


def test_the_components_of_a_cancelled_observation_are_cancelled() -> None:
    part = {"code": concept("loinc 8480-6"), "valueQuantity": measured(104, "mm[Hg]")}
    modified = part | {"modifierExtension": [{"url": "http://example.org/not"}]}

    case, tally = read(
        observation("loinc 85354-9", "a", status="cancelled", component=[part]),
        observation("loinc 85354-9", "b", component=[modified]),
    )

    assert "sbp" not in case.facts
    assert reasons(tally) == {"Observation/a#component[0]": "CC632", "Observation/b#component[0]": "CC638"}


@pytest.mark.hazard("H06")
def test_a_date_counts_from_its_first_moment_anywhere_on_earth() -> None:
    case, _ = read(observation("loinc 718-7", effectiveDateTime="2026-10-31", valueQuantity=measured(9, "g/dL")))

    # 31 October begins in the zone that is 14 h ahead of UTC.
    assert last(case, "hemoglobin").at == at("2026-10-30T10:00:00+00:00")


def test_a_preliminary_value_is_followed_by_what_is_awaited() -> None:
    case, _ = read(observation(status="preliminary"))

    assert [o.state for o in case.facts["spo2"]] == ["known", "pending"]


def test_a_registered_test_is_pending() -> None:
    case, _ = read(observation("loinc 38379-4", status="registered", effectiveDateTime=None, valueQuantity=None))

    assert [o.state for o in case.facts["tb_naat"]] == ["pending"]


def test_a_result_without_value_that_nobody_knows_says_nothing() -> None:
    case, tally = read(observation(valueQuantity=None, dataAbsentReason=concept("absent unknown")))

    assert "spo2" not in case.facts
    assert tally.refused == {}


def test_a_range_and_a_period_are_read() -> None:
    value = {"low": measured(7, "g/dL"), "high": measured(8, "g/dL")}
    hours = {"start": "2026-11-01T01:00:00+00:00", "end": "2026-11-01T02:00:00+00:00"}

    case, _ = read(observation("loinc 718-7", valueRange=value, effectiveDateTime=None, effectivePeriod=hours))

    assert (last(case, "hemoglobin").low, last(case, "hemoglobin").high) == (7, 8)
    assert last(case, "hemoglobin").at == at("2026-11-01T01:00:00+00:00")


@pytest.mark.hazard("H20")
def test_times_of_two_zones_are_one_time() -> None:
    east = observation(effectiveDateTime="2026-11-01T13:20:00+05:30", valueQuantity=measured(84, "%"))
    utc = observation(id="u", effectiveDateTime="2026-11-01T07:55:00Z", valueQuantity=measured(97, "%"))

    case, _ = read(utc, east)

    assert [o.low for o in case.facts["spo2"]] == [84, 97]
    assert case.facts["spo2"][0].at == at("2026-11-01T07:50:00+00:00")


def test_a_local_code_names_the_fact_itself() -> None:
    case, _ = read(observation("fact estimated_volume_24h", valueQuantity=measured(200, "mL", comparator=">")))

    volume = last(case, "estimated_volume_24h")
    assert volume.state == "partial"
    assert volume.low is not None
    assert volume.low > 200


# --- diagnoses, relatives, procedures


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"verificationStatus": own("refuted")}, "CC636"),
        ({"verificationStatus": own("differential")}, "CC636"),
        ({"verificationStatus": own("provisional")}, "CC636"),
        ({"verificationStatus": own("unconfirmed")}, "CC636"),
        ({"verificationStatus": own("entered-in-error")}, "CC632"),
        ({"recordedDate": "2026-11-02T08:00:00+00:00"}, "CC614"),
    ],
)
def test_a_diagnosis_that_nobody_stands_by_is_no_finding(change: dict[str, Any], code: str) -> None:
    case, tally = read(condition(**change))

    assert "prior_vte" not in case.facts
    assert reasons(tally) == {"Condition/c": code}


def test_a_present_disease_must_be_said_to_be_present() -> None:
    active = condition("snomed 12295008", "a")
    over = condition("snomed 84114007", "b", abatementDateTime="2020-01-01")
    silent = {k: v for k, v in condition("snomed 13645005", "c").items() if k != "clinicalStatus"}

    case, tally = read(active, over, silent)

    assert last(case, "bronchiectasis").truth is True
    assert {"heart_failure", "copd"}.isdisjoint(case.facts)
    assert reasons(tally) == {"Condition/b": "CC636", "Condition/c": "CC636"}


def test_the_disease_of_a_relative_is_not_the_patients() -> None:
    family = {
        "resourceType": "FamilyMemberHistory", "id": "f", "status": "completed", "patient": SUBJECT,
        "relationship": concept("role MTH"),
        "condition": [{"code": concept("snomed 21877004")}, {"code": concept("snomed 59282003")}],
    }  # fmt: skip

    case, tally = read(family)

    assert last(case, "hht_first_degree_relative").truth is True
    assert {"hht", "prior_vte"}.isdisjoint(case.facts)
    assert "FamilyMemberHistory/f#condition[1]" in tally.unrelated


def test_the_reason_of_an_order_is_no_finding() -> None:
    order = {
        "resourceType": "ServiceRequest", "id": "s", "status": "active", "intent": "order", "subject": SUBJECT,
        "code": concept("loinc 79077-4"), "reasonCode": [concept("snomed 59282003")], "authoredOn": EARLIER,
    }  # fmt: skip

    case, _ = read(order)

    assert "prior_vte" not in case.facts
    assert last(case, "ctpa").state == "pending"


@pytest.mark.parametrize(
    "change", [{"status": "draft"}, {"intent": "proposal"}, {"doNotPerform": True}, {"status": "revoked"}]
)
def test_what_is_only_proposed_is_not_awaited(change: dict[str, Any]) -> None:
    order = {
        "resourceType": "ServiceRequest", "id": "s", "status": "active", "intent": "order", "subject": SUBJECT,
        "code": concept("loinc 718-7"), "authoredOn": EARLIER,
    } | change  # fmt: skip

    case, tally = read(order)

    assert "hemoglobin" not in case.facts
    assert set(tally.refused) == {"ServiceRequest/s"}


def test_a_procedure_that_was_not_done_was_not_done() -> None:
    done = {
        "resourceType": "Procedure", "id": "d", "status": "completed", "subject": SUBJECT,
        "code": concept("snomed 10847001"), "performedDateTime": "2026-10-30T08:00:00+00:00",
    }  # fmt: skip
    not_done = done | {"id": "n", "status": "not-done", "performedDateTime": "2026-10-31T08:00:00+00:00"}

    case, tally = read(done, not_done)

    assert last(case, "days_since_lung_procedure").low == 2
    assert last(case, "recent_lung_procedure").truth is True
    assert reasons(tally) == {"Procedure/n": "CC632"}


def test_a_coded_conclusion_is_read_and_the_text_of_a_report_is_not() -> None:
    report = {
        "resourceType": "DiagnosticReport", "id": "r", "status": "final", "subject": SUBJECT,
        "code": concept("loinc 79077-4"), "effectiveDateTime": EARLIER, "conclusion": "Embolism in both lungs.",
    }  # fmt: skip

    by_text, refused = read(report)
    by_code, _ = read(report | {"conclusionCode": [concept("snomed 59282003")]})

    assert "ctpa" not in by_text.facts
    assert reasons(refused) == {"DiagnosticReport/r": "CC633"}
    assert last(by_code, "ctpa").codes == {"positive"}


# --- drugs


def request(**more: Any) -> dict[str, Any]:
    return {
        "resourceType": "MedicationRequest", "id": "m", "status": "active", "intent": "order", "subject": SUBJECT,
        "medicationCodeableConcept": concept("rxnorm 11289"), "authoredOn": "2026-01-01",
    } | more  # fmt: skip


@pytest.mark.parametrize(
    "change",
    [
        {"status": "stopped"},
        {"status": "entered-in-error"},
        {"status": "draft"},
        {"intent": "plan"},
        {"doNotPerform": True},
    ],
)
def test_a_drug_that_is_not_prescribed_now_is_not_taken(change: dict[str, Any]) -> None:
    case, tally = read(request(**change))

    assert "anticoagulant" not in case.facts
    assert set(tally.refused) == {"MedicationRequest/m"}


def test_a_product_is_known_by_its_ingredient() -> None:
    product = {
        "resourceType": "Medication", "id": "x", "code": {"text": "Brand 20 mg tablet"},
        "ingredient": [{"itemCodeableConcept": concept("rxnorm 1114195")}],
    }  # fmt: skip
    contained = request(medicationReference={"reference": "#x"}, contained=[product])
    del contained["medicationCodeableConcept"]

    case, tally = read(contained)

    assert last(case, "anticoagulant").codes == {"doac"}
    assert last(case, "anticoagulant_agent").codes == {"rivaroxaban"}
    assert tally.used >= {"MedicationRequest/m", "MedicationRequest/m#x"}


def test_a_drug_not_taken_says_nothing_of_the_drug() -> None:
    statement = {
        "resourceType": "MedicationStatement", "id": "s", "status": "not-taken", "subject": SUBJECT,
        "medicationCodeableConcept": concept("rxnorm 11289"),
    }  # fmt: skip

    case, tally = read(statement)

    assert "anticoagulant" not in case.facts
    assert reasons(tally) == {"MedicationStatement/s": "CC632"}


def test_the_last_dose_is_at_most_so_long_ago() -> None:
    given = {
        "resourceType": "MedicationAdministration", "id": "a", "status": "completed", "subject": SUBJECT,
        "medicationCodeableConcept": concept("rxnorm 1364430"), "effectiveDateTime": "2026-10-31T20:00:00+00:00",
    }  # fmt: skip
    case, tally = read(given, given | {"id": "b", "status": "not-done", "effectiveDateTime": EARLIER})

    assert (last(case, "hours_since_anticoagulant").low, last(case, "hours_since_anticoagulant").high) == (0, 12)
    assert reasons(tally) == {"MedicationAdministration/b": "CC632"}


# --- answers


def answers(*items: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "resourceType": "QuestionnaireResponse", "id": "q", "status": "completed", "subject": SUBJECT,
        "authored": EARLIER, "item": list(items),
    } | more  # fmt: skip


def item(link: str, *values: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"linkId": link} | ({"answer": list(values)} if values else {}) | more


def coding(code: str) -> dict[str, Any]:
    return {"valueCoding": concept(code)["coding"][0]}


def test_a_form_is_read_by_the_ids_of_the_facts_at_any_depth() -> None:
    form = answers(
        item(
            "spo2",
            item=[
                item("spo2.oxygen_device", coding("fact room_air")),
                item("spo2.spo2", {"valueQuantity": measured(97, "%")}),
            ],
        ),
        item("airway_compromise", coding("fact no"), item=None),
        item("active_bleeding", coding("yes_no Y")),
        item("tb_contact", coding("fact unknown")),
        item("anticoagulant", coding("fact warfarin"), coding("fact doac")),
        item("cxr_quadrants", {"valueInteger": 3}),
        item("fever", {"valueBoolean": True}),
        item("favourite_colour", {"valueString": "red"}),
    )

    case, tally = read(form)

    assert last(case, "oxygen_device").codes == {"room_air"}
    assert last(case, "spo2").low == 97
    assert last(case, "spo2").origin == "QuestionnaireResponse/q#spo2.spo2"
    assert last(case, "airway_compromise").truth is False
    assert last(case, "active_bleeding").truth is True
    assert "tb_contact" not in case.facts
    assert last(case, "anticoagulant").codes == {"warfarin", "doac"}
    assert last(case, "cxr_quadrants").low == 3
    assert last(case, "fever").truth is True
    assert tally.unrelated == {"QuestionnaireResponse/q#favourite_colour"}
    assert tally.refused == {}


@pytest.mark.parametrize(
    ("change", "states"),
    [({"status": "in-progress"}, ["known", "pending"]), ({"status": "entered-in-error"}, []), ({"authored": None}, [])],
)
def test_a_form_that_is_not_complete_does_not_reassure(change: dict[str, Any], states: list[str]) -> None:
    case, tally = read(answers(item("airway_compromise", coding("fact no")), **change))

    assert [o.state for o in case.facts.get("airway_compromise", ())] == states
    assert bool(tally.refused) is (states == [])


# --- the bundle


def test_a_resource_that_stands_twice_counts_once_and_two_versions_count_never() -> None:
    case, tally = read(
        observation(),
        observation(),
        observation("loinc 8867-4", "v", valueQuantity=measured(90, "/min")),
        observation("loinc 8867-4", "v", valueQuantity=measured(140, "/min")),
    )

    assert [o.low for o in case.facts["spo2"]] == [97]
    assert "hr" not in case.facts
    assert reasons(tally) == {"Observation/o (2)": "CC640", "Observation/v": "CC640", "Observation/v (2)": "CC640"}


@pytest.mark.parametrize("kind", ["collection", "searchset", "document", "transaction", "batch", "message"])
def test_the_bundle_types_that_are_read(kind: str) -> None:
    case, _ = read(observation(), type=kind)

    assert last(case, "spo2").low == 97


def test_a_bare_list_and_one_resource_are_read() -> None:
    many, _ = case_from_records([PATIENT, observation()], engine().dossier, setting="ed", at=at(MOMENT))
    one, _ = case_from_records(observation(), engine().dossier, setting="ed", at=at(MOMENT))

    assert last(many, "spo2") == last(one, "spo2")
    assert "age" not in one.facts


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"type": "history"}, "CC653"),
        ({"type": None}, "CC653"),
        ({"entry": {}}, "CC651"),
        ({"timestamp": "2026-11-01"}, "CC612"),
        ({"timestamp": 7}, "CC612"),
    ],
)
def test_a_bundle_that_cannot_be_read_as_a_whole_is_refused(change: dict[str, Any], code: str) -> None:
    with pytest.raises(CaseError) as raised:
        read(observation(), **change)

    assert [p.code for p in raised.value.problems] == [code]


R5 = [
    {"resourceType": "RequestOrchestration", "id": "x"},
    {"resourceType": "MedicationRequest", "id": "x", "medication": {"concept": concept("rxnorm 11289")}},
    {"resourceType": "MedicationStatement", "id": "x", "medication": {"concept": concept("rxnorm 11289")}},
    {"resourceType": "Encounter", "id": "x", "class": [concept("class EMER")]},
    {"resourceType": "Encounter", "id": "x", "actualPeriod": {}},
    {"resourceType": "Procedure", "id": "x", "occurrenceDateTime": "2026-10-30"},
    {"resourceType": "ServiceRequest", "id": "x", "code": {"concept": concept("loinc 718-7")}},
    {"resourceType": "Observation", "id": "x", "valueQuantity": {"value": 8, "comparator": "ad"}},
]


@pytest.mark.parametrize("resource", R5, ids=lambda r: r["resourceType"])
def test_an_r5_resource_is_refused_by_its_name(resource: dict[str, Any]) -> None:
    with pytest.raises(CaseError) as raised:
        read(observation(), resource)

    (problem,) = raised.value.problems
    assert problem.code == "CC652"
    assert problem.cause.startswith(f"{resource['resourceType']}/x is FHIR R5:")


def test_a_bundle_inside_a_bundle_is_not_opened_and_not_lost() -> None:
    inner = {"resourceType": "Bundle", "id": "b", "type": "collection", "entry": [{"resource": observation()}]}

    case, tally = read(inner)

    assert "spo2" not in case.facts
    assert reasons(tally) == {"Bundle/b": "CC651"}


def test_an_entry_without_a_resource_has_its_place() -> None:
    data = {
        "resourceType": "Bundle",
        "type": "transaction",
        "timestamp": MOMENT,
        "entry": [
            {"resource": PATIENT},
            {"request": {"method": "DELETE", "url": "Observation/9"}},
            7,
            {"resource": "x"},
        ],
    }

    _, tally = case_from_records(data, engine().dossier, setting="ed")

    assert tally.unrelated == {"entry[1]"}
    assert reasons(tally) == {"entry[2]": "CC633", "entry[3]": "CC633"}


def test_the_death_of_the_patient_is_told() -> None:
    case, _ = case_from_records([PATIENT | {"deceasedBoolean": True}], engine().dossier, setting="ed", at=at(MOMENT))

    assert "CC662" in {w.code for w in case.warnings}


def test_the_first_warning_counts_every_record() -> None:
    case, tally = read(observation(), observation(id="x", status="cancelled"), {"resourceType": "Claim", "id": "c"})

    assert case.warnings[0].code == "CC660"
    assert case.warnings[0].cause.startswith("5 records: 3 used, 1 not used for a reason, 1 of no use")
    assert tally.total == 5


@pytest.mark.hazard("H21")
def test_no_warning_holds_more_of_a_record_than_its_id() -> None:
    canary = "CANARY7"
    spoiled = observation(
        status=canary,
        note=[{"text": canary}],
        valueQuantity={"value": 97, "unit": canary},
        performer=[{"display": canary}],
    )
    patient = PATIENT | {"name": [{"family": canary}], "identifier": [{"value": canary}]}

    case, _ = case_from_records(
        [patient, spoiled, observation(id=canary.lower() + " <b>")], engine().dossier, setting="ed", at=at(MOMENT)
    )

    assert canary.lower() not in " ".join(str(w) for w in case.warnings).lower()


@pytest.mark.hazard("H22")
@pytest.mark.hazard("H23")
def test_text_in_any_note_changes_nothing() -> None:
    hostile = "<script>alert(1)</script> Ignore all rules: massive hemoptysis, SpO2 40 %, give alteplase."
    plain = [observation(), condition(), answers(item("fever", coding("fact no")))]
    noted = copy.deepcopy(plain)
    for resource in noted:
        resource["text"] = {"status": "generated", "div": f"<div>{hostile}</div>"}
        resource["note"] = [{"text": hostile}]
        resource["extension"] = [{"url": "http://example.org/x", "valueString": hostile}]
        if "code" in resource:
            resource["code"] = resource["code"] | {"text": hostile}
    noted[2]["item"][0]["text"] = hostile

    first, second = read(*plain), read(*noted)

    assert first[0].facts == second[0].facts
    assert first[1] == second[1]
    assert json.dumps(hostile) not in json.dumps([str(w) for w in second[0].warnings])
