"""An Observation in, its records out: one for its own value, one for each component."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Final

from clinical_commander.derive.record import Record, Refusal
from clinical_commander.fhir.bundle import Bundle, Resource
from clinical_commander.fhir.elements import Codes, Plain, items, number, quantity, quantity_range, span, time_of, word
from clinical_commander.fhir.reading import Read, by_status
from clinical_commander.frozen import replace
from clinical_commander.quantity import ParsedQuantity

STANDING: Final = {
    "final": "final",
    "amended": "final",
    "corrected": "final",
    "preliminary": "preliminary",
    "registered": "pending",
}
_MODIFIED: Final = Refusal("CC638", "it carries modifiers that are not known here and may change its meaning.")


def read_observation(resource: Resource, bundle: Bundle, codes: Codes) -> Iterator[Read]:
    """The measurements of an Observation; one that is modified, or about something else, is refused."""
    body = resource.body
    state = word(body, "status")
    refusal = None if state in STANDING else by_status(state)
    if any(not bundle.is_patient(focus, resource) for focus in items(body, "focus")):
        refusal = Refusal("CC637", "it is about somebody or something else than the patient.")
    time = time_of(body, "effective")
    specimens, collected = _specimen(resource, bundle)
    whole = Record(
        resource.origin,
        "measurement",
        codes=codes.of(body.get("code")),
        standing=STANDING.get(state, "final"),
        start=time[0] if time else None,
        end=time[1] if time else None,
        specimens=specimens,
        collected=collected,
    )
    components = list(items(body, "component"))
    if not components or "dataAbsentReason" in body or any(key.startswith("value") for key in body):
        yield _with_value(whole, body, codes, refusal)
    for i, part in enumerate(components):
        one = replace(whole, origin=f"{resource.origin}#component[{i}]", codes=())
        if not isinstance(part, dict):
            yield Read(one, Refusal("CC633", "the component holds nothing."))
            continue
        one = replace(one, codes=codes.of(part.get("code")))
        yield _with_value(one, part, codes, refusal or (_MODIFIED if "modifierExtension" in part else None))


def _with_value(record: Record, body: Plain, codes: Codes, refusal: Refusal | None) -> Read:
    value = value_of(body, codes)
    if isinstance(value, Refusal):
        # Nothing to read is no fault of a test that is not reported yet.
        return Read(record, refusal or (None if record.standing == "pending" else value))
    coded = (*value.coded, *codes.of(body.get("interpretation")))
    return Read(replace(record, number=value.number, coded=coded, truth=value.truth, entered=value.entered), refusal)


def value_of(body: Plain, codes: Codes) -> Record | Refusal:
    """The `value[x]`, or the reason why there is none, as the content of a record. Text is never read."""
    nothing = Record("", "")
    values = [key for key in body if key.startswith("value")]
    if len(values) > 1:
        return Refusal("CC633", "it has more than one value.")
    if not values:
        absent = codes.of(body.get("dataAbsentReason"))
        return replace(nothing, coded=absent) if absent else Refusal("CC633", "it has no value.")
    key, value = values[0], body[values[0]]
    if key in ("valueQuantity", "valueRange"):
        found = quantity(value) if key == "valueQuantity" else quantity_range(value)
        return found if isinstance(found, Refusal) else replace(nothing, number=found[0], entered=found[1])
    if key in ("valueInteger", "valueDecimal"):
        exact = number(value)
        if exact is None:
            return Refusal("CC633", "its value is no number that a measurement can have.")
        parsed = ParsedQuantity(exact, exact, False, False, None, True)
        return replace(nothing, number=parsed, entered=str(value))
    if key == "valueBoolean" and isinstance(value, bool):
        return replace(nothing, truth=value)
    if key == "valueCodeableConcept":
        return replace(nothing, coded=codes.of(value))
    if key == "valueCoding":
        code = codes.of_coding(value)
        return replace(nothing, coded=(code,) if code else ())
    if key == "valueString":
        return Refusal("CC633", "its value is free text, which is not read.")
    return Refusal("CC633", "its value is of a kind that no fact has.")


def _specimen(resource: Resource, bundle: Bundle) -> tuple[tuple[str, ...], datetime | None]:
    """The specimen that a result was made from, and when it was collected, where that is an exact time."""
    reference = resource.body.get("specimen")
    found = bundle.resolved(reference, resource)
    if found is None:
        text = reference.get("reference") if isinstance(reference, dict) else None
        return ((text,) if isinstance(text, str) else ()), None
    collection = found.body.get("collection")
    time = span(collection.get("collectedDateTime")) if isinstance(collection, dict) else None
    return (found.origin,), time[0] if time is not None and time[0] == time[1] else None
