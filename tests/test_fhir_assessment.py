"""What an assessment becomes in FHIR: nothing is ordered, nothing missing is normal, no code that content lacks."""

from __future__ import annotations

import copy
import functools
import json
from collections.abc import Iterator, Mapping
from typing import Any

import fhirkit
import pytest

from clinical_commander.engine.assessment import (
    NO_TEXT,
    Assessment,
    CauseReport,
    DifferentialReport,
    IntervalReport,
    Span,
)
from clinical_commander.engine.case import ActionRecord, Case
from clinical_commander.engine.read_case import case_from_mapping, read_case
from clinical_commander.fhir.assessment_bundle import assessment_bundle
from clinical_commander.fhir.datatypes import Addresses, Occasion, duration, percent
from clinical_commander.fhir.findings import risk_assessment
from clinical_commander.fhir.guidance import wanted_facts
from clinical_commander.fhir.validate import judge, validate
from clinical_commander.frozen import replace
from tests.fhir_corpus import CASES, OCCASION, dossier, engine, of_kind
from tests.fixtures import EXAMPLES, NORMAL, NOTHING_ELSE, patient, vignette_case, vignettes

Json = dict[str, Any]
PUBLIC = ("http://loinc.org", "http://snomed.info/sct")


def made(case: Case, occasion: Occasion = OCCASION) -> tuple[Assessment, Json]:
    result = engine().assess(case)
    return result, assessment_bundle(result, dossier(), occasion, case.facts)


@functools.cache
def example(name: str) -> tuple[Assessment, Json]:
    return made(read_case(EXAMPLES / f"{name}.yaml", dossier()))


def guidance(bundle: Json) -> Json:
    (found,) = of_kind(bundle, "GuidanceResponse")
    return found


def output(bundle: Json, name: str) -> list[Json]:
    """The parts of each output parameter of a name."""
    return [p["part"] for p in guidance(bundle)["contained"][0]["parameter"] if p["name"] == name]


def parts(part: list[Json], name: str) -> list[Any]:
    return [next(v for k, v in p.items() if k.startswith("value")) for p in part if p["name"] == name]


def requests(bundle: Json) -> list[Json]:
    return [*of_kind(bundle, "ServiceRequest"), *of_kind(bundle, "CommunicationRequest")]


def asked(bundle: Json) -> list[str]:
    wanted = guidance(bundle).get("dataRequirement", ())
    return [code["code"] for w in wanted for f in w["codeFilter"] for code in f["code"]]


def leaves(actions: list[Json]) -> Iterator[Json]:
    for action in actions:
        yield from leaves(action["action"]) if "action" in action else [action]


def codings(value: Any) -> Iterator[Json]:
    if isinstance(value, dict):
        if "system" in value and "code" in value and "value" not in value:
            yield value
        for inner in value.values():
            yield from codings(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from codings(inner)


def mild() -> Case:
    return patient("outpatient", NORMAL, NOTHING_ELSE, estimated_volume_24h="5 mL")


# --- the status mirrors what is settled


@pytest.mark.parametrize("name", CASES)
def test_the_status_is_success_only_where_nothing_missing_could_change_an_answer_or_an_alarm(name: str) -> None:
    result, bundle = example(name)
    open_answers = {*result.tier.missing, *result.disposition.missing}
    open_alarms = {f for t in result.triggers.values() if t.state == "cannot_exclude" for f in t.missing}

    status = guidance(bundle)["status"]

    assert (status == "data-required") == bool(open_answers)
    assert (status == "success") == (not open_answers | open_alarms)
    assert set(asked(bundle)) == open_answers | open_alarms


def test_what_is_asked_for_stands_in_the_order_in_which_it_is_best_asked() -> None:
    result, bundle = example("constructed-unmeasured")
    best = [f for q in result.next for f in q.facts if f in wanted_facts(result)]

    assert asked(bundle)[: len(set(best))] == list(dict.fromkeys(best))


def test_an_answer_that_is_not_settled_has_no_value() -> None:
    _, bundle = example("constructed-unmeasured")

    (tier,) = output(bundle, "tier")

    assert parts(tier, "settled") == [False]
    assert parts(tier, "value") == []
    assert parts(tier, "possible") == ["mild", "submassive", "massive"]
    assert {"spo2", "rr", "hr"} <= set(parts(tier, "missing"))


@pytest.mark.parametrize("fact", sorted({**NORMAL, **NOTHING_ELSE, "estimated_volume_24h": "", "age": ""}))
def test_taking_one_fact_away_never_makes_the_answer_more_certain(fact: str) -> None:
    whole = mild()
    lacking = replace(whole, facts={k: v for k, v in whole.facts.items() if k != fact})

    result, bundle = made(lacking)

    assert judge(bundle).valid
    for name, answer in (("tier", result.tier), ("disposition", result.disposition)):
        (told,) = output(bundle, name)
        assert parts(told, "value") == ([answer.value] if answer.settled else [])
        assert parts(told, "possible") == list(answer.possible)
        assert not (answer.missing and guidance(bundle)["status"] == "success")
    (told,) = of_kind(bundle, "QuestionnaireResponse")
    assert fact not in [i["linkId"] for g in told["item"] for i in g["item"]]


def test_a_tier_that_must_know_a_fact_asks_for_it() -> None:
    for fact in NORMAL:
        lacking = replace(mild(), facts={k: v for k, v in mild().facts.items() if k != fact})

        _, bundle = made(lacking)

        assert guidance(bundle)["status"] == "data-required"
        assert fact in asked(bundle)


def test_a_child_gets_alarms_and_no_tier() -> None:
    result, bundle = made(patient("ed", NORMAL, age="5 years", estimated_volume_24h="5 mL"))

    (tier,) = output(bundle, "tier")

    assert judge(bundle).valid
    assert parts(tier, "value") == []
    assert parts(tier, "withheld") == [str(result.tier.withheld)]
    assert result.tier.withheld
    assert "cannot_exclude" in [s for t in output(bundle, "trigger") for s in parts(t, "state")]


def test_an_alarm_of_a_child_is_told() -> None:
    _, bundle = made(patient(age="5 years", spo2="84 %"))

    assert "fires" in [s for t in output(bundle, "trigger") for s in parts(t, "state")]
    assert judge(bundle).valid


# --- nothing is ordered


@pytest.mark.parametrize("name", CASES)
def test_every_request_is_a_draft_that_is_only_proposed(name: str) -> None:
    result, bundle = example(name)
    live = [a for a in result.actions if a.state in ("do", "ask_first")]

    found = requests(bundle)

    assert {r["status"] for r in found} == {"draft"}
    assert {r.get("intent", "proposal") for r in found} == {"proposal"}
    assert [r["priority"] for r in found if "instantiatesCanonical" in r or r["resourceType"] == "CommunicationRequest"]
    assert len(found) >= len(live)
    assert "MedicationRequest" not in json.dumps(bundle)


def test_what_is_held_or_avoided_is_not_to_be_performed_and_names_what_not_to_do() -> None:
    result, bundle = example("constructed-warfarin-massive")
    forbidding = {a.target for a in result.actions if a.verb in ("avoid", "hold") and a.state in ("do", "ask_first")}

    forbidden = [r for r in requests(bundle) if r.get("doNotPerform")]

    assert len(forbidding) >= 2
    assert {r["code"]["text"].replace(" ", "_") for r in forbidden} == forbidding
    # "Do not perform: no NIV" would say the opposite of what is meant.
    assert [r for r in forbidden if r["code"]["text"].casefold().startswith(("no ", "hold", "avoid", "stop"))] == []


@pytest.mark.parametrize("name", CASES)
def test_what_is_held_back_has_no_request_and_its_reason_is_told(name: str) -> None:
    result, bundle = example(name)
    held = [a for a in result.actions if a.state == "withheld"]
    (group,) = of_kind(bundle, "RequestGroup")
    proposed = {r["instantiatesCanonical"][0].split("|")[0] for r in requests(bundle) if "instantiatesCanonical" in r}

    for action in held:
        assert f"urn:clinical-commander:action:{action.id}" not in proposed
        label = dossier().actions[action.id].label
        assert [n for n in group["note"] if n["text"].startswith(f"Held back: {label}.")]
        for rule, reason in action.withheld_by.items():
            assert (str(reason) or rule) in " ".join(n["text"] for n in group["note"])


def test_what_was_done_is_not_proposed_again() -> None:
    case = read_case(EXAMPLES / "tb-04.yaml", dossier())
    before, _ = made(case)
    first = next(a.id for a in before.actions if a.state == "do" and a.verb == "order")

    _, bundle = made(replace(case, actions={**case.actions, first: ActionRecord("done")}))

    assert f"action:{first}|" not in json.dumps(requests(bundle))


@pytest.mark.parametrize("name", CASES)
def test_every_action_that_is_proposed_stands_in_the_group_with_its_request(name: str) -> None:
    _, bundle = example(name)
    (group,) = of_kind(bundle, "RequestGroup")
    pointed_at = {leaf["resource"]["reference"] for leaf in leaves(group["action"])}

    urls = {f"urn:uuid:{r['id']}" for r in requests(bundle)}

    assert pointed_at == urls


@pytest.mark.parametrize("name", CASES)
def test_what_is_asked_first_is_never_shown_as_certain(name: str) -> None:
    result, bundle = example(name)
    (group,) = of_kind(bundle, "RequestGroup")
    first = {dossier().actions[a.id].label for a in result.actions if a.state == "ask_first"}
    sure = {dossier().actions[a.id].label for a in result.actions if a.state == "do"}

    for leaf in leaves(group["action"]):
        if leaf["title"] in first - sure:
            assert leaf["condition"][0]["kind"] == "applicability"


def test_what_two_dangers_contest_is_asked_first_in_the_group_too() -> None:
    contested = next(v for v in vignettes()[0] if "on warfarin with a confirmed embolism" in v.name)
    case, _ = vignette_case(contested)

    result, bundle = made(case)

    (group,) = of_kind(bundle, "RequestGroup")
    titles = {dossier().actions[a].label for a in ("drug.reverse_anticoagulant", "drug.vitamin_k", "drug.pcc")}
    assert {a.state for a in result.actions if a.id in ("drug.vitamin_k", "drug.pcc")} == {"ask_first"}
    found = [leaf for leaf in leaves(group["action"]) if leaf["title"] in titles]
    assert {leaf["title"] for leaf in found} == titles
    assert all(leaf["condition"][0]["kind"] == "applicability" for leaf in found)


def test_options_that_exclude_each_other_stand_in_a_group_of_which_at_most_one_is_chosen() -> None:
    found = 0
    for name in CASES:
        result, bundle = example(name)
        (group,) = of_kind(bundle, "RequestGroup")
        options = {
            s.path.rpartition(".choose.")[0]
            for s in result.plan
            if ".choose." in s.path and s.state in ("do", "ask_first")
        }
        exclusive = [a for g in group["action"] for a in g["action"] if a.get("selectionBehavior") == "at-most-one"]
        found += len(exclusive)
        assert len(exclusive) <= len(options)
        assert all(a["action"] for a in exclusive)
    assert found


# --- codes


@pytest.mark.parametrize("name", CASES)
def test_a_public_code_stands_only_where_content_has_it(name: str) -> None:
    _, bundle = example(name)
    known = {(o.code["code"], o.code.get("display")) for a in dossier().actions.values() for o in a.orders if o.code}

    found = [c for c in codings(bundle) if c["system"] in PUBLIC]

    assert [c for c in found if (c["code"], c.get("display")) not in known] == []
    assert all(c["extension"][0]["valueCode"] in ("H", "L") for c in found)


def test_an_order_without_a_code_is_told_in_words_alone() -> None:
    _, bundle = example("tb-04")
    codeless = {o.text for a in dossier().actions.values() for o in a.orders if not o.code}

    details = [d for r in of_kind(bundle, "ServiceRequest") for d in r.get("orderDetail", ())]

    assert [d for d in details if d["text"] in codeless]
    assert all(("coding" in d) == (d["text"] not in codeless) for d in details)


# --- the differential


def cause(id: str, **changes: Any) -> CauseReport:
    """A cause as another part of the engine would report it, written by hand."""
    plain = CauseReport(
        cause=id, probability=0.29, present=0.31, interval=IntervalReport(0.11, 0.57, "delta"),
        present_interval=IntervalReport(0.12, 0.6, "delta"), span=Span(0.29, 0.29), zone="treat",
        zones_possible=("treat",), zone_says=NO_TEXT, robust=True, must_not_miss=True, confirmed=False,
        last_known=False, basis={"published": 0.7, "expert": 0.3}, moved_by=(), tips=(),
    )  # fmt: skip
    return replace(plain, **changes)


DIFFERENTIAL = DifferentialReport(
    causes=(
        cause("tuberculosis"),
        cause("lung_cancer", probability=0.0, present=0.0, span=Span(0.0, 0.0), zone=None, basis={}),
        cause(
            "other_or_none_found", probability=None, present=None, span=Span(0.07, 0.57), zone=None, must_not_miss=False
        ),
    ),
    contributors=(),
    priors=(),
    says=("A remark.",),
)


def risk(report: DifferentialReport) -> Json | None:
    result, _ = example("tb-04")
    return risk_assessment(replace(result, differential=report), dossier(), Addresses("test"), OCCASION)


def test_probabilities_are_percentages_and_one_that_depends_on_the_region_is_a_range() -> None:
    found = risk(DIFFERENTIAL)
    assert found is not None

    first, second, third = found["prediction"]

    assert first["probabilityDecimal"] == 29  # 0.29 * 100 is 28.999999999999996 as a double
    assert second["probabilityDecimal"] == 0
    assert "probabilityDecimal" not in third
    assert (third["probabilityRange"]["low"]["value"], third["probabilityRange"]["high"]["value"]) == (7, 57)
    assert found["note"][0] == {"text": "A remark."}
    assert any("sum to 100" in n["text"] for n in found["note"])
    assert (validate(found).findings, fhirkit.validate(found)) == ((), [])


def test_the_interval_and_the_odds_of_presence_stand_beside_the_probability() -> None:
    found = risk(DIFFERENTIAL)
    assert found is not None

    beside = {e["url"].rpartition(":")[2]: e for e in found["prediction"][0]["extension"]}
    percentage = {"unit": "%", "system": "http://unitsofmeasure.org", "code": "%"}

    assert beside["present"]["valueDecimal"] == 31
    assert beside["interval"]["valueRange"] == {"low": {"value": 11, **percentage}, "high": {"value": 57, **percentage}}
    assert beside["present-interval"]["valueRange"]["high"]["value"] == 60
    assert beside["must-not-miss"]["valueBoolean"] is True
    assert "present" not in {e["url"].rpartition(":")[2] for e in found["prediction"][2]["extension"]}


def test_no_differential_is_no_risk_assessment() -> None:
    assert risk(DifferentialReport((), (), (), ("Withheld.",))) is None


@pytest.mark.parametrize("name", CASES)
def test_a_bundle_has_every_cause_exactly_if_there_is_a_differential(name: str) -> None:
    result, bundle = example(name)

    found = of_kind(bundle, "RiskAssessment")

    assert len(found) == bool(result.differential.causes)
    for assessed in found:
        told = [p["outcome"]["coding"][0]["code"] for p in assessed["prediction"]]
        assert told == [c.cause for c in result.differential.causes]
        for p, c in zip(assessed["prediction"], result.differential.causes, strict=True):
            assert ("probabilityDecimal" in p) == (c.probability is not None)
            assert ("qualitativeRisk" in p) == bool(c.zone)


@pytest.mark.parametrize(
    ("share", "shown"),
    [
        (0.07, 7),
        (0.57, 57),
        (1, 100),
        (0, 0),
        (0.005, 0.5),
        (1 / 3, 33.3),
        (0.99963, 99.96),
        (0.000412, 0.0412),
        (0.9999999, 99.99999),
    ],
)
def test_a_share_becomes_a_percentage(share: float, shown: float) -> None:
    assert percent(share) == shown


# --- contradictions, the leaflet, the records


def test_facts_that_contradict_each_other_are_an_issue_that_a_person_must_see() -> None:
    _, bundle = made(patient(cxr_normal=True, cxr_mass=True))

    issues = [i for i in of_kind(bundle, "DetectedIssue") if "cxr_mass" in json.dumps(i)]

    assert judge(bundle).valid
    assert [i["severity"] for i in issues] == ["high"]
    assert issues[0]["status"] == "preliminary"


@pytest.mark.parametrize("name", CASES)
def test_every_conflict_is_an_issue_with_its_resolution(name: str) -> None:
    result, bundle = example(name)

    issues = {i["code"]["coding"][0]["code"]: i for i in of_kind(bundle, "DetectedIssue")}

    assert sorted(issues) == sorted(c.id for c in result.conflicts)
    for conflict in result.conflicts:
        assert ("severity" in issues[conflict.id]) == conflict.needs_human
        if conflict.resolution:
            assert issues[conflict.id]["mitigation"][0]["action"]["text"] == str(conflict.resolution)


def test_the_leaflet_is_in_preparation_where_it_is_proposed_and_nowhere_else() -> None:
    seen = 0
    for name in CASES:
        result, bundle = example(name)
        action = result.action("educate.leaflet")
        proposed = action is not None and action.state in ("do", "ask_first")
        found = of_kind(bundle, "Communication")
        assert [c["status"] for c in found] == (["preparation"] if proposed else [])
        seen += proposed
    assert seen


@pytest.mark.parametrize("name", CASES)
def test_the_provenance_names_every_resource_that_was_made_the_pack_and_the_facts(name: str) -> None:
    result, bundle = example(name)
    (record,) = of_kind(bundle, "Provenance")
    made_here = {f"urn:uuid:{r['resource']['id']}" for r in bundle["entry"]
                 if r["resource"]["resourceType"] not in ("Provenance", "AuditEvent", "Device", "Patient")}  # fmt: skip

    assert {t["reference"] for t in record["target"]} == made_here
    assert record["entity"][0]["what"]["identifier"]["value"] == f"sha256:{result.content_hash}"
    assert len(result.content_hash) == 64


def test_an_audit_event_has_the_patient_and_an_object_and_no_words_of_the_patient() -> None:
    _, bundle = example("tb-04")
    (event,) = of_kind(bundle, "AuditEvent")

    # IHE BALP 1.1: the patient slice is type 1 in role 1; an object is type 2 in role 4.
    kinds = [(e["type"]["code"], e["role"]["code"]) for e in event["entity"]]

    assert kinds.count(("1", "1")) == 1
    assert ("2", "4") in kinds
    assert not {"name", "description", "query", "detail"} & {k for e in event["entity"] for k in e}
    assert event["recorded"] == "2026-11-29T08:00:00+00:00"


def test_a_person_who_is_named_is_an_agent_and_one_who_is_not_is_not_invented() -> None:
    case = mild()
    _, without = made(case)
    _, named = made(case, replace(OCCASION, clinician="Practitioner/7"))

    assert "Practitioner" not in json.dumps(without)
    for kind in ("Provenance", "AuditEvent"):
        (record,) = of_kind(named, kind)
        assert "Practitioner/7" in [a["who"].get("reference") for a in record["agent"]]
    (event,) = of_kind(named, "AuditEvent")
    assert [a["requestor"] for a in event["agent"]] == [False, True]
    assert judge(named).valid


def test_a_patient_who_is_named_is_referred_to_and_none_is_made() -> None:
    _, bundle = made(mild(), replace(OCCASION, patient="Patient/123", encounter="Encounter/9"))

    assert of_kind(bundle, "Patient") == []
    assert {r["subject"]["reference"] for r in requests(bundle)} == {"Patient/123"}
    assert guidance(bundle)["encounter"]["reference"] == "Encounter/9"
    assert judge(bundle).valid


def test_the_same_assessment_gives_the_same_bytes_and_another_patient_other_addresses() -> None:
    _, one = made(mild())
    _, two = made(mild())
    _, other = made(mild(), replace(OCCASION, patient="Patient/2"))

    assert json.dumps(one) == json.dumps(two)
    assert not {e["fullUrl"] for e in one["entry"]} & {e["fullUrl"] for e in other["entry"]}


def test_what_somebody_typed_is_shown_in_a_narrative_and_never_run() -> None:
    hostile = '<script>alert(1)</script><img src=x onerror="y">'
    data = {"setting": "ed", "facts": {"age": {"value": "52 years", "origin": hostile[:60]}},
            "actions": {"panel.cbc": {"state": "declined", "reason": hostile}}}  # fmt: skip
    case = case_from_mapping(data, dossier(), now=OCCASION.recorded)

    _, bundle = made(case)

    text = json.dumps([e["resource"].get("text") for e in bundle["entry"]])
    assert judge(bundle).valid
    assert "<script" not in text
    assert "&lt;script&gt;" in text


@pytest.mark.parametrize(
    ("text", "value", "unit"), [("2 min", 2, "min"), ("24 h", 24, "h"), ("4 wk", 4, "wk"), ("7 d", 7, "d")]
)
def test_a_time_limit_becomes_a_duration(text: str, value: float, unit: str) -> None:
    found = duration(text)

    assert found is not None
    assert (found["value"], found["code"]) == (value, unit)


@pytest.mark.parametrize("text", ["now", "", "5 mL", "2", "> 2 h", "1..2 h", "2 h/min"])
def test_what_is_no_time_becomes_no_duration(text: str) -> None:
    assert duration(text) is None


@pytest.mark.parametrize("setting", ["home", "outpatient", "ed", "inpatient", "icu"])
@pytest.mark.parametrize("facts", [{}, {"estimated_volume_24h": "200 mL", "cxr_normal": True, "cxr_mass": True}])
def test_a_bundle_is_valid_in_every_setting(setting: str, facts: Mapping[str, object]) -> None:
    _, bundle = made(patient(setting, **facts))

    assert [str(f) for f in judge(bundle).findings] == []
    assert fhirkit.validate(copy.deepcopy(bundle)) == []
