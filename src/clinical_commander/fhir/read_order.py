"""ServiceRequest and DiagnosticReport in, records out: what is awaited, and the coded conclusion of a report."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from clinical_commander.derive.record import Record, Refusal
from clinical_commander.fhir.bundle import Bundle, Resource
from clinical_commander.fhir.elements import Codes, items, span, time_of, word
from clinical_commander.fhir.read_medication import ORDERS
from clinical_commander.fhir.reading import Read, by_status

_REPORTED: Final = {"final": "final", "amended": "final", "corrected": "final", "appended": "final",
                    "partial": "preliminary", "preliminary": "preliminary", "registered": "pending"}  # fmt: skip


def read_service_request(resource: Resource, bundle: Bundle, codes: Codes) -> Iterator[Read]:
    """An order: its result is awaited while it is active. An order is no finding, whatever it is for."""
    body = resource.body
    state = word(body, "status")
    time = span(body.get("authoredOn"))
    refusal = None if state == "active" else by_status(state)
    if word(body, "intent") not in ORDERS or body.get("doNotPerform", False) is not False:
        refusal = Refusal("CC636", "it is no order.")
    record = Record(
        resource.origin,
        "order",
        codes=codes.of(body.get("code")),
        standing="pending",
        start=time[0] if time else None,
        end=time[1] if time else None,
    )
    yield Read(record, refusal)


def read_report(resource: Resource, bundle: Bundle, codes: Codes) -> Iterator[Read]:
    """A report: its coded conclusion, or that it is awaited. Its results stand for themselves; its text is not read."""
    body = resource.body
    state = word(body, "status")
    standing = _REPORTED.get(state, "final")
    time = time_of(body, "effective")
    coded = tuple(code for concept in items(body, "conclusionCode") for code in codes.of(concept))
    record = Record(
        resource.origin,
        "order" if standing == "pending" else "report",
        codes=codes.of(body.get("code")),
        standing=standing,
        start=time[0] if time else None,
        end=time[1] if time else None,
        coded=coded,
    )
    yield Read(record, None if state in _REPORTED else by_status(state))
