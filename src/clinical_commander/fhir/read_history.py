"""Condition, Procedure, AllergyIntolerance, FamilyMemberHistory in; records of what patient or relative has out."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Final

from clinical_commander.derive.record import Record, Refusal
from clinical_commander.fhir.bundle import Bundle, Resource
from clinical_commander.fhir.elements import Codes, Plain, Span, items, span, status, time_of, word
from clinical_commander.fhir.reading import Read, by_status

_PRESENT: Final = {"active": True, "recurrence": True, "relapse": True,
                   "inactive": False, "remission": False, "resolved": False}  # fmt: skip
# Without a verification status a diagnosis is asserted by being recorded.
_VERIFIED: Final = {"": "final", "confirmed": "final", "refuted": "refuted",
                    "unconfirmed": "preliminary", "provisional": "preliminary",
                    "differential": "preliminary"}  # fmt: skip


def read_condition(resource: Resource, bundle: Bundle, codes: Codes) -> Iterator[Read]:
    """A diagnosis. It is present now only where its clinical status says so."""
    yield _diagnosis(resource, "condition", codes, _when_told(resource.body))


def read_allergy(resource: Resource, bundle: Bundle, codes: Codes) -> Iterator[Read]:
    """An allergy, by the substance or the allergy that its code names."""
    yield _diagnosis(resource, "allergy", codes, _when_told(resource.body))


def _diagnosis(resource: Resource, kind: str, codes: Codes, time: Span | None) -> Read:
    body = resource.body
    verified = status(body.get("verificationStatus"))
    present = _PRESENT.get(status(body.get("clinicalStatus")))
    if any(key.startswith("abatement") for key in body):
        present = False
    record = Record(
        resource.origin,
        kind,
        codes=codes.of(body.get("code")),
        standing=_VERIFIED.get(verified, "final"),
        start=time[0] if time else None,
        end=time[1] if time else None,
        current=present,
    )
    return Read(record, None if verified in _VERIFIED else by_status(verified))


def _when_told(body: Plain) -> Span | None:
    """When a diagnosis was recorded; its onset where that is not said."""
    return span(body.get("recordedDate")) or time_of(body, "onset")


def read_procedure(resource: Resource, bundle: Bundle, codes: Codes) -> Iterator[Read]:
    """A procedure; only one that is completed was done."""
    body = resource.body
    state = word(body, "status")
    time = time_of(body, "performed")
    record = Record(
        resource.origin,
        "procedure",
        codes=codes.of(body.get("code")),
        start=time[0] if time else None,
        end=time[1] if time else None,
    )
    yield Read(record, None if state == "completed" else by_status(state))


def read_family(resource: Resource, near: Collection[str], codes: Codes) -> Iterator[Read]:
    """The diagnoses of a relative, who is not the patient; `near` are the codes of parents, siblings and children."""
    body = resource.body
    state = word(body, "status")
    refusal = None if state in ("completed", "partial") else by_status(state)
    kind = "near_family" if not set(near).isdisjoint(codes.of(body.get("relationship"))) else "family"
    conditions = list(items(body, "condition"))
    if not conditions:
        yield Read(Record(resource.origin, "other"))
    for i, condition in enumerate(conditions):
        code = condition.get("code") if isinstance(condition, dict) else None
        modified = isinstance(condition, dict) and "modifierExtension" in condition
        why = Refusal("CC638", "it carries modifiers that are not known here.") if modified else refusal
        yield Read(Record(f"{resource.origin}#condition[{i}]", kind, codes=codes.of(code)), why)
