"""The table of R4 agrees with another program's reading of the standard: elements, how many, and which are required."""

from __future__ import annotations

import functools
import re
from typing import Any

import fhirkit
import pytest

from clinical_commander.fhir.primitives import PRIMITIVES, fault
from clinical_commander.fhir.shape import shape
from clinical_commander.fhir.structure import Element, ElementType, json_name, r4

DESCRIBED = sorted(r4().described)
EXAMPLES: dict[str, Any] = {
    "base64Binary": "e30=", "boolean": True, "canonical": "http://example.org/a|1", "code": "a", "date": "2026-11-21",
    "dateTime": "2026-11-21T14:05:00Z", "decimal": 1.5, "id": "a", "instant": "2026-11-21T14:05:00Z", "integer": 1,
    "markdown": "a", "oid": "urn:oid:1.2.3", "positiveInt": 1, "string": "a", "time": "14:05:00", "unsignedInt": 1,
    "uri": "urn:a", "url": "http://example.org", "uuid": "urn:uuid:61ebe359-bfdc-4613-8bf2-c5e300945f0a",
    "xhtml": '<div xmlns="http://www.w3.org/1999/xhtml">a</div>',
}  # fmt: skip


def made(kind: ElementType) -> Any:
    """The smallest value of a type that its table allows."""
    if kind.name == "Resource":
        return {"resourceType": "Basic", "code": {"text": "a"}}
    if kind.binding:
        return min(r4().codes[kind.binding])
    if kind.name in PRIMITIVES:
        return EXAMPLES[kind.name]
    return smallest(kind.name) or {"extension": [{"url": "urn:a", "valueBoolean": True}]}


@functools.cache
def smallest(name: str) -> dict[str, Any]:
    """A value of a complex type with what is required and nothing else."""
    return {key: value for e in r4().types[name].elements if e.required for key, value in [with_name(e)]}


def with_name(element: Element) -> tuple[str, Any]:
    kind = element.types[0]
    value = made(kind)
    return json_name(element, kind), [value] if element.repeats else value


def complaints(resource: dict[str, Any]) -> list[str]:
    return [i.message for i in fhirkit.validate(resource) if i.severity == "error"]


@pytest.mark.parametrize("name", DESCRIBED)
def test_a_resource_with_what_is_required_and_nothing_else_is_accepted(name: str) -> None:
    assert complaints({"resourceType": name, **smallest(name)}) == []


@pytest.mark.parametrize("name", DESCRIBED)
def test_a_resource_without_one_thing_that_is_required_is_refused(name: str) -> None:
    whole = {"resourceType": name, **smallest(name)}

    for key in smallest(name):
        assert complaints({k: v for k, v in whole.items() if k != key}), key


@pytest.mark.parametrize("name", DESCRIBED)
def test_every_element_of_a_resource_is_known_and_may_repeat_or_not_as_the_table_says(name: str) -> None:
    wrong = []
    for element in r4().types[name].elements:
        for kind in element.types:
            if kind.name == "Resource" or element.required:
                continue
            key, value = json_name(element, kind), made(kind)
            once, many = ([value], value) if element.repeats else (value, [value])
            if complaints({"resourceType": name, **smallest(name), key: once}):
                wrong.append(key)
            if not complaints({"resourceType": name, **smallest(name), key: many}):
                wrong.append(f"{key} in the other number")

    assert wrong == []


PARTS = sorted(t for t in r4().types if "." in t and t.partition(".")[0] in r4().described)
DATA_TYPES = sorted(
    {kind.name for e in r4().types["Extension"].elements if e.choice for kind in e.types} & r4().types.keys()
)


def around(part: str, value: dict[str, Any]) -> dict[str, Any]:
    """The smallest resource that has this value as its part: `PlanDefinition.action.condition`."""
    if part in DATA_TYPES:
        return {"resourceType": "Parameters", "parameter": [{"name": "a", f"value{part}": value}]}
    whole, _, last = part.rpartition(".")
    (element,) = [e for e in r4().types[whole].elements if e.name == last]
    inside = {**smallest(whole), last: [value] if element.repeats else value}
    return around(whole, inside) if "." in whole else {"resourceType": whole, **inside}


@pytest.mark.parametrize("part", [*PARTS, *DATA_TYPES])
def test_every_element_of_a_part_is_known_and_may_repeat_or_not_as_the_table_says(part: str) -> None:
    wrong = []
    for element in r4().types[part].elements:
        for kind in element.types:
            if kind.name == "Resource" or element.required:
                continue
            key, value = json_name(element, kind), made(kind)
            once, many = ([value], value) if element.repeats else (value, [value])
            if complaints(around(part, {**smallest(part), key: once})):
                wrong.append(key)
            if not complaints(around(part, {**smallest(part), key: many})):
                wrong.append(f"{key} in the other number")

    assert wrong == []


@pytest.mark.parametrize("part", [*PARTS, *DATA_TYPES])
def test_a_part_without_one_thing_that_is_required_is_refused(part: str) -> None:
    for key in smallest(part):
        lacking = {k: v for k, v in smallest(part).items() if k != key} or {
            "extension": [{"url": "urn:a", "valueCode": "b"}]
        }
        assert complaints(around(part, lacking)), key


@pytest.mark.parametrize("name", DESCRIBED)
def test_the_table_has_no_resource_too_many(name: str) -> None:
    assert name in fhirkit.RESOURCE_TYPES
    assert complaints({"resourceType": name, **smallest(name), "notAnElement": 1})


def test_the_names_of_all_resources_are_those_of_the_standard() -> None:
    assert sorted(r4().resources) == sorted(fhirkit.RESOURCE_TYPES)


def test_every_type_that_an_element_may_have_is_described_or_primitive() -> None:
    used = {kind.name for t in r4().types.values() for e in t.elements for kind in e.types}

    assert sorted(used - r4().types.keys() - PRIMITIVES - {"Resource"}) == []


def test_every_binding_has_its_codes_and_every_list_of_codes_is_bound() -> None:
    bound = {k.binding for t in r4().types.values() for e in t.elements for k in e.types if k.binding}

    assert sorted(bound) == sorted(r4().codes)


# R4 4.0.1, the pages of the value sets, read by eye: a table that was filled by a program can be wrong.
BY_EYE = {
    "guidance-response-status": "success data-requested data-required in-progress failure entered-in-error",
    "request-status": "draft active on-hold revoked completed entered-in-error unknown",
    "request-priority": "routine urgent asap stat",
    "care-plan-intent": "proposal plan order option",
    "observation-status": "registered preliminary final amended corrected cancelled entered-in-error unknown",
    "event-status": "preparation in-progress not-done on-hold stopped completed entered-in-error unknown",
    "publication-status": "draft active retired unknown",
    "action-selection-behavior": "any all all-or-none exactly-one at-most-one one-or-more",
    "detectedissue-severity": "high moderate low",
    "questionnaire-answers-status": "in-progress completed amended entered-in-error stopped",
    "bundle-type": (
        "document message transaction transaction-response batch batch-response history searchset collection"
    ),
    "narrative-status": "generated extensions additional empty",
    "quantity-comparator": "< <= >= >",
}


@pytest.mark.parametrize("binding", BY_EYE)
def test_the_codes_of_a_binding_are_those_of_the_standard(binding: str) -> None:
    assert r4().codes[binding] == set(BY_EYE[binding].split())


# --- primitives

GOOD = {
    "dateTime": ["2026", "2026-02", "2024-02-29", "2026-11-21T14:05:00Z", "2026-11-21T23:59:60.123-12:00"],
    "date": ["0001", "9999-12-31"],
    "instant": ["2026-11-21T14:05:00.000000001+14:00"],
    "time": ["00:00:00", "23:59:59.9"],
    "id": ["a", "A-1.b", "x" * 64],
    "code": ["a", "a b", "<="],
    "decimal": [0, -1, 1.5, 1e-9],
    "integer": [-(2**31), 2**31 - 1],
    "positiveInt": [1],
    "unsignedInt": [0],
    "string": ["a", "line\nline", "مرحبا 🫁"],
    "oid": ["urn:oid:2.16.840.1"],
}
BAD = {
    "dateTime": [
        "2026-13",
        "2026-02-29",
        "2026-1-1",
        "2026-11-21T14:05Z",
        "2026-11-21T24:00:00Z",
        "2026-11-21 14:05:00Z",
        "26",
    ],
    "date": ["2026-11-21T00:00:00Z", "21.11.2026"],
    "instant": ["2026", "2026-11-21", "2026-11-21T14:05:00", "2026-11-21T14:05:00+15:00"],
    "time": ["14:05", "24:00:00", "14:05:00Z"],
    "id": ["", "a b", "a_b", "x" * 65],
    "code": ["", " a", "a ", "a  b", "a\tb"],
    "decimal": ["1", True, float("nan"), float("inf"), None],
    "integer": [1.0, "1", False, 2**31],
    "positiveInt": [0],
    "unsignedInt": [-1],
    "string": ["", " ", "\u0000", 1],
    "oid": ["1.2.3", "urn:oid:3.1", "urn:oid:1.01"],
    "uuid": ["61ebe359-bfdc-4613-8bf2-c5e300945f0a", "urn:uuid:61EBE359-BFDC-4613-8BF2-C5E300945F0A"],
    "base64Binary": ["=", "a", "a b!"],
    "boolean": ["true", 1],
}


@pytest.mark.parametrize(("kind", "value"), [(k, v) for k, vs in GOOD.items() for v in vs])
def test_a_primitive_value_of_r4_is_taken(kind: str, value: object) -> None:
    assert fault(kind, value) == ""


@pytest.mark.parametrize(("kind", "value"), [(k, v) for k, vs in BAD.items() for v in vs])
def test_what_is_no_primitive_value_of_r4_is_refused_without_being_repeated(kind: str, value: object) -> None:
    said = fault(kind, value)

    assert said
    assert not (isinstance(value, str) and len(value.strip()) > 4 and value in said)


def test_a_slip_in_the_name_of_an_element_is_told_with_the_right_one() -> None:
    (found,) = shape({"resourceType": "Patient", "gendre": "male"})

    assert re.search(r"Did you mean `gender`", found.says)
