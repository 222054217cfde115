"""MedicationRequest, MedicationStatement, MedicationAdministration in; records of what is taken or was given out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from clinical_commander.derive.record import Record, Refusal
from clinical_commander.fhir.bundle import Bundle, Resource
from clinical_commander.fhir.elements import Codes, Plain, items, span, time_of, word
from clinical_commander.fhir.reading import Read, by_status

ORDERS: Final = ("order", "original-order", "reflex-order", "filler-order", "instance-order")
"""The intents of a request that somebody authorised; a proposal, a plan and an option are none."""

_TAKEN: Final = {"active": True, "completed": False, "stopped": False, "on-hold": False}
_PRESCRIBED: Final = {**_TAKEN, "cancelled": False}


def read_statement(resource: Resource, bundle: Bundle, codes: Codes) -> Iterator[Read]:
    """A drug that the patient is said to take."""
    state = word(resource.body, "status")
    time = time_of(resource.body, "effective")
    record = Record(
        resource.origin,
        "medication",
        codes=_drug(resource, bundle, codes),
        start=time[0] if time else None,
        end=time[1] if time else None,
        current=_TAKEN.get(state),
    )
    yield Read(record, None if state in _TAKEN else by_status(state))


def read_request(resource: Resource, bundle: Bundle, codes: Codes) -> Iterator[Read]:
    """A drug that is prescribed; one that must not be given is none."""
    body = resource.body
    state = word(body, "status")
    time = span(body.get("authoredOn"))
    refusal = None if state in _PRESCRIBED else by_status(state)
    if word(body, "intent") not in ORDERS:
        refusal = Refusal("CC636", "it is a proposal or a plan, not a prescription.")
    if body.get("doNotPerform", False) is not False:
        refusal = Refusal("CC636", "it says that the drug is not to be given.")
    record = Record(
        resource.origin,
        "medication",
        codes=_drug(resource, bundle, codes),
        start=time[0] if time else None,
        end=time[1] if time else None,
        current=_PRESCRIBED.get(state),
    )
    yield Read(record, refusal)


def read_administration(resource: Resource, bundle: Bundle, codes: Codes) -> Iterator[Read]:
    """A dose that was given, in full or in part."""
    state = word(resource.body, "status")
    time = time_of(resource.body, "effective")
    record = Record(
        resource.origin,
        "administration",
        codes=_drug(resource, bundle, codes),
        start=time[0] if time else None,
        end=time[1] if time else None,
    )
    yield Read(record, None if state in ("in-progress", "completed", "stopped", "on-hold") else by_status(state))


def _drug(resource: Resource, bundle: Bundle, codes: Codes) -> tuple[str, ...]:
    """The codes of the drug and of its ingredients: records name products, the catalogue names what is in them."""
    body = resource.body
    found = list(codes.of(body.get("medicationCodeableConcept")))
    medication = bundle.resolved(body.get("medicationReference"), resource)
    if medication is not None and medication.type == "Medication" and medication.refusal is None:
        found += codes.of(medication.body.get("code"))
        found += _ingredients(medication.body, codes)
    return tuple(dict.fromkeys(found))


def _ingredients(body: Plain, codes: Codes) -> Iterator[str]:
    for part in items(body, "ingredient"):
        if isinstance(part, dict) and part.get("isActive") is not False:
            yield from codes.of(part.get("itemCodeableConcept"))
