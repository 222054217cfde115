"""The gate catches every planted defect, by the rule that is meant, and finds nothing wrong with what is valid."""

from __future__ import annotations

import copy
import functools
import random
from collections.abc import Callable, Iterator
from typing import Any

import fhirkit
import pytest

from clinical_commander.errors import ContentError
from clinical_commander.fhir.house_rules import RULES, RULES_OF
from clinical_commander.fhir.invariants_of_resources import INVARIANTS
from clinical_commander.fhir.structure import r4
from clinical_commander.fhir.validate import invariants_by_type, judge, passed, validate
from tests.fhir_corpus import CASES, Defect, base, defects, example, exported, short_export, valid

DEFECTS = defects()
EMITTED = (
    "ActivityDefinition", "AuditEvent", "Bundle", "CarePlan", "Communication", "CommunicationRequest", "DetectedIssue",
    "Device", "GuidanceResponse", "Library", "Patient", "PlanDefinition", "Provenance", "Questionnaire",
    "QuestionnaireResponse", "RequestGroup", "RiskAssessment", "ServiceRequest",
)  # fmt: skip
SHAPE = ("json", "type", "element", "cardinality", "choice", "binding", "target")


def ids(defect: Defect) -> str:
    return f"{defect.rule}: {defect.name}"


# --- what is valid


@pytest.mark.parametrize("name", valid())
def test_a_valid_resource_raises_no_alarm(name: str) -> None:
    assert [str(f) for f in validate(valid()[name]).findings] == []


@pytest.mark.parametrize("name", CASES)
def test_the_bundle_of_an_example_is_valid(name: str) -> None:
    assert [str(f) for f in judge(example(name)).findings] == []


def test_the_export_of_the_dossier_is_valid() -> None:
    assert [str(f) for f in judge(exported()).findings] == []


@pytest.mark.parametrize("name", ["example", "leaflet", "dossier"])
def test_a_second_validator_finds_nothing_wrong_with_what_is_emitted(name: str) -> None:
    assert [(i.path, i.message) for i in fhirkit.validate(base(name))] == []


# --- what is not


def test_the_eleven_seeded_defects_are_all_here() -> None:
    assert len([d for d in DEFECTS if d.seeded]) == 11


def test_each_defect_has_a_name_of_its_own() -> None:
    names = [d.name for d in DEFECTS]

    assert [n for n in names if names.count(n) > 1] == []


@pytest.mark.parametrize("defect", DEFECTS, ids=ids)
def test_a_planted_defect_is_caught_by_its_rule(defect: Defect) -> None:
    assert defect.rule in judge(defect.planted()).rules


@pytest.mark.parametrize("defect", [d for d in DEFECTS if d.file != "house"], ids=ids)
def test_the_base_of_a_defect_is_valid_without_it(defect: Defect) -> None:
    assert validate(base(defect.base)).valid


def test_every_rule_of_the_gate_has_a_defect_that_shows_it() -> None:
    shown = {d.rule for d in DEFECTS}
    known = {*SHAPE, *(i.id for i in INVARIANTS), *RULES}

    assert sorted(known - shown) == []
    assert sorted(shown - known) == []


def test_every_type_that_an_invariant_is_of_exists() -> None:
    assert sorted(invariants_by_type().keys() - r4().types.keys()) == ["Element"]
    assert sorted(RULES_OF.keys() - r4().types.keys()) == []


def test_each_invariant_says_what_it_means_and_where_it_differs() -> None:
    for invariant in INVARIANTS:
        assert invariant.says.endswith(".")
        assert invariant.expression
        assert invariant.reason == "" or invariant.reason.endswith(".")


def test_an_invalid_bundle_is_not_let_out() -> None:
    with pytest.raises(ContentError, match=r"CC480 .*rqg-1"):
        passed(next(d for d in DEFECTS if d.rule == "rqg-1").planted())


def test_a_refusal_does_not_repeat_what_the_patient_said() -> None:
    resource = copy.deepcopy(valid()["patient"]) | {"birthDate": "Ann Smith, born 1968"}

    with pytest.raises(ContentError) as refused:
        passed(resource)

    assert "Smith" not in refused.value.render()


@pytest.mark.parametrize("value", [None, 1, "Patient", [], {}, {"resourceType": None}, {"resourceType": ["Patient"]}])
def test_what_is_no_resource_is_refused(value: object) -> None:
    assert validate(value).rules == {"type"}


def test_a_thousand_levels_are_refused_and_do_not_end_the_program() -> None:
    item: dict[str, Any] = {"linkId": "0", "type": "group"}
    for depth in range(900):
        item = {"linkId": str(depth), "type": "group", "item": [item]}

    found = validate({"resourceType": "Questionnaire", "status": "draft", "item": [item]})

    assert found.rules == {"json"}


# --- defects that are not written by hand: one at every place of what we emit


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[tuple[Any, ...], Any]]:
    """Every value below a resource with its path, the ids of resources left out."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield (*path, key), inner
        yield from places(inner, (*path, key))


def changed(resource: dict[str, Any], path: tuple[Any, ...], to: Any) -> dict[str, Any]:
    other = copy.deepcopy(resource)
    at: Any = other
    for key in path[:-1]:
        at = at[key]
    at[path[-1]] = to
    return other


@functools.cache
def one_of_each_kind() -> dict[str, dict[str, Any]]:
    """One resource of each kind that is emitted."""
    found: dict[str, dict[str, Any]] = {}
    for bundle in (*map(example, CASES), short_export()):
        found.setdefault("Bundle", {**bundle, "entry": bundle["entry"][:1]})
        for entry in bundle["entry"]:
            found.setdefault(entry["resource"]["resourceType"], entry["resource"])
    return found


def test_the_kinds_that_are_emitted_are_these() -> None:
    assert sorted(one_of_each_kind()) == sorted(EMITTED)


@pytest.mark.parametrize("seed", range(300))
def test_whatever_stands_where_it_does_not_belong_is_judged_and_ends_in_no_fault(seed: int) -> None:
    rng = random.Random(seed)
    resource = copy.deepcopy(rng.choice(list(valid().values())))
    for _ in range(rng.randint(1, 3)):
        donors = list(places(rng.choice(list(valid().values()))))
        targets = list(places(resource))
        resource = changed(resource, rng.choice(targets)[0], copy.deepcopy(rng.choice(donors)[1]))

    found = judge(resource).findings

    assert all(f.rule and f.path and f.says for f in found)


SPOILT = {"null": None, "an empty list": [], "an empty object": {}, "an empty text": ""}


@pytest.mark.parametrize("kind", EMITTED)
def test_nothing_empty_passes_at_any_place(kind: str, record_property: Callable[[str, object], None]) -> None:
    resource = one_of_each_kind()[kind]
    found = list(places(resource))
    chosen = random.Random(1).sample(found, min(20, len(found)))

    planted = [(path, what, changed(resource, path, to)) for path, _ in chosen for what, to in SPOILT.items()]
    missed = [(path, what) for path, what, spoilt in planted if validate(spoilt).valid]

    record_property("planted", len(planted))
    assert missed == []


@pytest.mark.parametrize("kind", EMITTED)
def test_a_value_of_another_kind_passes_at_no_place(kind: str) -> None:
    resource = one_of_each_kind()[kind]
    found = [(path, value) for path, value in places(resource) if path[-1] != "resourceType"]
    chosen = random.Random(2).sample(found, min(20, len(found)))

    other = {str: {"a": 1}, bool: "true", int: "1", float: "1.5", list: "x", dict: "x"}
    missed = [path for path, value in chosen if validate(changed(resource, path, other[type(value)])).valid]

    assert missed == []


REQUIRED = [(kind, e.name) for kind in EMITTED for e in r4().types[kind].elements if e.required]


@pytest.mark.parametrize(("kind", "element"), REQUIRED)
def test_what_a_resource_must_have_is_missed(kind: str, element: str) -> None:
    resource = one_of_each_kind()[kind]
    keys = [k for k in resource if k == element or (k.startswith(element) and k[len(element)].isupper())]
    lacking = {k: v for k, v in resource.items() if k not in keys}

    assert keys
    assert any(f.rule == "cardinality" and f.path.endswith(f".{element}") for f in validate(lacking).findings)
