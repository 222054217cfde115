"""The questions of a dossier as a form: what a case knows goes in and comes out the same, and unknown stays unknown."""

from __future__ import annotations

import copy
import functools
import json
from typing import Any

import fhirkit
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from clinical_commander.engine.case import Case, Observation
from clinical_commander.engine.read_case import case_from_mapping
from clinical_commander.errors import CaseError
from clinical_commander.fhir.datatypes import ASKED_UNKNOWN
from clinical_commander.fhir.extract import extract
from clinical_commander.fhir.populate import populate
from clinical_commander.fhir.questionnaire import YES_NO, codes_of, questionnaire, unit_codes
from clinical_commander.fhir.shape import shape
from clinical_commander.fhir.validate import judge, validate
from clinical_commander.quantity import unit
from tests.fhir_corpus import CASES, dossier
from tests.generate import MOMENT, examples, patients

Json = dict[str, Any]


@functools.cache
def form() -> Json:
    return questionnaire(dossier())


@functools.cache
def items() -> dict[str, Json]:
    return {i["linkId"]: i for g in form()["item"] for i in g["item"]}


def response(facts: Any) -> Json:
    return populate(dossier(), facts, "r")


def read(facts: dict[str, Any], at: Any = MOMENT) -> Case:
    return case_from_mapping({"setting": "ed", "at": at.isoformat(), "facts": facts}, dossier())


def meaning(o: Observation) -> tuple[Any, ...]:
    """What a statement says. How it was spelt, and in which unit, may change on the way."""
    return o.fact, o.state, o.at, o.low, o.high, o.codes, o.truth, o.origin


def meanings(case: Case) -> dict[str, list[tuple[Any, ...]]]:
    return {fact: [meaning(o) for o in told] for fact, told in case.facts.items() if told}


def only(linkid: str, answer: Json) -> Json:
    """A response with one answer."""
    whole = response({})
    return whole | {"item": [{"linkId": "input.x", "item": [{"linkId": linkid, "answer": [answer]}]}]}


# --- the questions


def test_the_form_is_valid_for_two_validators() -> None:
    assert [str(f) for f in judge(form()).findings] == []
    assert fhirkit.validate(form()) == []


def test_the_31_inputs_of_the_founding_dossier_are_the_groups_with_all_their_facts() -> None:
    groups = {g["linkId"].removeprefix("input."): [i["linkId"] for i in g["item"]] for g in form()["item"]}
    founding = [i for i in dossier().inputs if i not in ("monitoring", "safety")]

    assert len(founding) == 31
    assert list(groups)[:31] == founding
    for name in founding:
        assert groups[name] == list(dossier().inputs[name].facts)


def test_every_fact_is_asked_once() -> None:
    asked = [i["linkId"] for g in form()["item"] for i in g["item"]]

    assert sorted(asked) == sorted(dossier().facts)


def test_yes_no_and_not_known_are_three_answers_and_nothing_is_a_check_box() -> None:
    for name, fact in dossier().facts.items():
        if fact.kind == "boolean":
            codes = [(o["valueCoding"]["system"], o["valueCoding"]["code"]) for o in items()[name]["answerOption"]]
            assert codes == [(YES_NO, "Y"), (YES_NO, "N"), ASKED_UNKNOWN]
    assert "boolean" not in {i["type"] for i in items().values()}


def test_a_choice_offers_every_code_and_that_it_is_not_known() -> None:
    for name, fact in dossier().facts.items():
        if fact.kind == "code":
            codes = [(o["valueCoding"]["system"], o["valueCoding"]["code"]) for o in items()[name]["answerOption"]]
            assert codes == [*((codes_of(fact), c) for c in fact.codes), ASKED_UNKNOWN]


def test_a_quantity_offers_units_that_the_case_reader_takes() -> None:
    seen = 0
    for name, item in items().items():
        if item["type"] == "quantity":
            codes = [e["valueCoding"]["code"] for e in item["extension"]]
            assert codes == unit_codes(dossier().facts[name])
            assert codes[0] == dossier().facts[name].unit.code
            assert {e["valueCoding"]["system"] for e in item["extension"]} == {"http://unitsofmeasure.org"}
            assert all(unit(c).code == c for c in codes)
            seen += 1
    assert seen > 30
    assert "[degF]" in unit_codes(dossier().facts["temperature"])
    assert "umol/L" in unit_codes(dossier().facts["creatinine"])


def test_nothing_must_be_answered_before_the_form_can_be_sent() -> None:
    assert '"required": true' not in json.dumps(form())


def test_a_question_is_hidden_only_where_a_constraint_of_the_content_answers_it() -> None:
    order = list(items())
    hidden = {name: i["enableWhen"] for name, i in items().items() if "enableWhen" in i}
    constraints = [(c.given, c.then) for c in dossier().constraints]

    assert len(hidden) > 20
    for name, conditions in hidden.items():
        for when in conditions:
            code = when["answerCoding"]["code"]
            value: Any = {"Y": True, "N": False}.get(code, frozenset({code}))
            assert when["operator"] == "!="  # while the question is not answered, nothing is equal: it is asked
            assert order.index(when["question"]) < order.index(name)
            assert any(g == {when["question"]: value} and name in then for g, then in constraints)


# --- in and out


@pytest.mark.parametrize("name", CASES)
def test_an_example_comes_out_as_it_went_in(name: str) -> None:
    case = examples()[name]

    filled = response(case.facts)
    again = read(extract(filled, dossier()), case.at)

    assert [str(f) for f in validate(filled).findings] == []
    assert meanings(again) == meanings(case)


@settings(max_examples=40)
@given(st.integers(0, 10**6))
def test_what_anybody_knows_of_any_patient_comes_out_as_it_went_in(seed: int) -> None:
    case = patients().case("fhir", seed)

    filled = response(case.facts)
    again = read(extract(filled, dossier()), case.at)

    assert not list(shape(filled))
    assert meanings(again) == meanings(case)


@settings(max_examples=15)
@given(st.integers(0, 10**6))
def test_a_fact_that_is_taken_away_is_not_in_the_answers(seed: int) -> None:
    case = patients().case("fhir", seed)
    for fact in list(case.facts)[:5]:
        told = extract(response({k: v for k, v in case.facts.items() if k != fact}), dossier())
        assert fact not in told


STATEMENTS = """
spo2: 86 %
estimated_volume_24h: "> 200 mL"
age: 58 years
inr: "> 8"
hemoglobin: 8.7 g/dL
temperature: "101.3 [degF]"
pack_years: "20..30 pack-years"
platelets: "< 50 10*3/uL"
tb_naat: {state: pending}
ct_mass: {state: unobtainable}
pregnant: false
oxygen_device: [nasal_cannula, simple_mask]
consciousness: alert
"""


@pytest.mark.parametrize("fact", yaml.safe_load(STATEMENTS))
def test_each_kind_of_statement_comes_out_as_it_went_in(fact: str) -> None:
    facts = yaml.safe_load(STATEMENTS)
    case = read({fact: facts[fact]})
    assert case.facts[fact]

    again = read(extract(response(case.facts), dossier()))

    assert meanings(again) == meanings(case)


def test_a_series_keeps_every_observation_with_its_time_and_origin() -> None:
    series = [
        {"value": "97 %", "at": "2026-11-01T06:00:00+00:00", "origin": "monitor"},
        {"value": "91 %", "at": "2026-11-01T07:00:00+00:00"},
        {"state": "unobtainable", "at": "2026-11-01T07:30:00+00:00"},
    ]
    case = read({"spo2": series})

    filled = response(case.facts)
    again = read(extract(filled, dossier()))

    assert meanings(again) == meanings(case)
    assert len(again.facts["spo2"]) == 3
    # The last one is the answer: a value that could not be had is not answered by the one before it.
    (item,) = [i for g in filled["item"] for i in g["item"]]
    assert not [k for k in item["answer"][0] if k.startswith("value")]


def test_two_values_of_one_time_are_both_told_and_neither_is_the_answer() -> None:
    at = "2026-11-01T07:00:00+00:00"
    case = read({"pregnant": [{"value": True, "at": at}, {"value": False, "at": at}]})

    told = extract(response(case.facts), dossier())

    assert meanings(read(told)) == meanings(case)
    assert [s["value"] for s in told["pregnant"]] == [True, False]


# --- what a person fills in


def coded(system: str, code: str) -> Json:
    return {"valueCoding": {"system": system, "code": code}}


@pytest.mark.parametrize(
    ("fact", "answer", "comes_out"),
    [
        ("pregnant", coded(YES_NO, "Y"), True),
        ("pregnant", coded(YES_NO, "N"), False),
        ("pregnant", coded(*ASKED_UNKNOWN), "unknown"),
        ("consciousness", coded("urn:clinical-commander:codes:fact:consciousness", "voice"), "voice"),
        ("consciousness", coded(*ASKED_UNKNOWN), "unknown"),
        ("spo2", {"valueQuantity": {"value": 86, "system": "http://unitsofmeasure.org", "code": "%"}}, "86 %"),
        ("estimated_volume_24h", {"valueQuantity": {"value": 200, "comparator": ">", "code": "mL"}}, "> 200 mL"),
        ("estimated_volume_24h", {"valueQuantity": {"value": 2, "unit": "cups"}}, "2 cups"),
        ("episodes_24h", {"valueInteger": 0}, 0),
    ],
)  # fmt: skip
def test_an_answer_becomes_what_a_case_file_says(fact: str, answer: Json, comes_out: Any) -> None:
    told = extract(only(fact, answer), dossier())

    assert told == {fact: comes_out}
    assert bool(read(told).facts.get(fact)) == (comes_out != "unknown")


@pytest.mark.parametrize(
    ("fact", "answer"),
    [
        ("pregnant", {"valueBoolean": True}),
        ("pregnant", {"valueString": "yes"}),
        ("pregnant", coded("http://snomed.info/sct", "Y")),
        ("pregnant", coded(YES_NO, "maybe")),
        ("pregnant", {"valueCoding": {"code": "Y"}}),
        ("consciousness", coded("urn:clinical-commander:codes:fact:oxygen_device", "alert")),
        ("consciousness", coded("urn:clinical-commander:codes:fact:consciousness", "awake")),
        ("spo2", {"valueDecimal": 86}),
        ("spo2", {"valueQuantity": {"value": 86}}),
        ("spo2", {"valueQuantity": {"unit": "%"}}),
        ("spo2", {"valueString": "86 %"}),
        ("episodes_24h", {"valueQuantity": {"value": 1, "code": "1"}}),
    ],
)
def test_an_answer_that_the_question_does_not_offer_is_refused(fact: str, answer: Json) -> None:
    with pytest.raises(CaseError, match="CC663") as refused:
        extract(only(fact, answer), dossier())

    assert fact in str(refused.value)
    assert "86" not in str(refused.value)


def test_a_unit_that_does_not_fit_the_fact_is_refused_by_the_reader_of_cases() -> None:
    told = extract(only("spo2", {"valueQuantity": {"value": 86, "code": "mL"}}), dossier())

    with pytest.raises(CaseError, match="CC60"):
        read(told)


def test_no_answer_is_no_fact() -> None:
    empty = response({}) | {"item": [{"linkId": "input.spo2", "item": [{"linkId": "spo2", "text": "?"}]}]}

    assert extract(empty, dossier()) == {}
    assert extract(response({}), dossier()) == {}


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"questionnaire": "http://example.org/other"}, "CC661"),
        ({"questionnaire": None}, "CC660"),
        ({"status": "done"}, "CC660"),
        ({"resourceType": "Questionnaire"}, "CC660"),
        ({"item": [{"linkId": "sp02"}]}, "CC662 .*Did you mean `spo2`"),
        ({"item": [{"linkId": "spo2"}, {"linkId": "spo2"}]}, "CC663"),
        ({"item": [{"linkId": "spo2", "answer": [{"valueDecimal": 1}, {"valueDecimal": 2}]}]}, "CC663"),
    ],
)  # fmt: skip
def test_a_response_to_something_else_is_refused_with_a_mend(change: Json, code: str) -> None:
    with pytest.raises(CaseError, match=code):
        extract(copy.deepcopy(response({})) | change, dossier())


@pytest.mark.parametrize("other", [None, [], "x", 3])
def test_what_is_no_response_is_refused(other: object) -> None:
    with pytest.raises(CaseError, match="CC660"):
        extract(other, dossier())
