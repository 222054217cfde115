"""Patient and Encounter in: date of birth and sex as records, and the setting that an encounter says."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Final

from clinical_commander.derive.record import Record, Refusal
from clinical_commander.fhir.bundle import Bundle, Resource
from clinical_commander.fhir.elements import Codes, dates, items, period, word
from clinical_commander.fhir.reading import Read

_HERE: Final = ("arrived", "triaged", "in-progress", "onleave")


def read_patient(resource: Resource, bundle: Bundle, codes: Codes) -> Iterator[Read]:
    """The date of birth, exact or not, and the administrative sex. Names, addresses and numbers are not read."""
    body = resource.body
    if "birthDate" in body:
        born = dates(body["birthDate"])
        refusal = None if born is not None else Refusal("CC633", "the date of birth is no date.")
        first, last = (datetime.combine(day, datetime.min.time(), UTC) for day in born) if born else (None, None)
        entered = f"born {body['birthDate']}" if born and born[0] != born[1] else ""
        yield Read(Record(f"{resource.origin}#birthDate", "birth", start=first, end=last, entered=entered), refusal)
    if "gender" in body:
        code = word(body, "gender")
        coded = (f"gender {code}",) if code in ("male", "female", "other", "unknown") else ()
        yield Read(Record(f"{resource.origin}#gender", "person", coded=coded))
    if "birthDate" not in body and "gender" not in body:
        yield Read(Record(resource.origin, "other"))


def has_died(resource: Resource) -> bool:
    """Whether the record says that the patient is dead."""
    return "deceasedDateTime" in resource.body or resource.body.get("deceasedBoolean") is True


def setting_of(
    bundle: Bundle, settings: Mapping[str, str], codes: Codes, moment: datetime
) -> tuple[str | None, tuple[Resource, ...]]:
    """Where the patient is by the encounter under way, and what says so; None where that is not one setting.

    An encounter is under way by its status, or because its period holds the moment assessed. The kind of its present
    location goes before its class: an inpatient may be in intensive care.
    """
    under_way = [r for r in bundle.resources if r.type == "Encounter" and _is_under_way(r, bundle, moment)]
    found: dict[str, list[Resource]] = {}
    for encounter in under_way:
        said, by = _said(encounter, bundle, settings, codes)
        if said is None:
            return None, ()
        found.setdefault(said, []).extend(by)
    if len(found) != 1:
        return None, ()
    return next((setting, tuple(by)) for setting, by in found.items())


def _is_under_way(resource: Resource, bundle: Bundle, moment: datetime) -> bool:
    if resource.refusal is not None or not bundle.is_of_patient(resource):
        return False
    state = word(resource.body, "status")
    inside = period(resource.body.get("period"))
    ended = "end" in (resource.body.get("period") or {}) if isinstance(resource.body.get("period"), dict) else False
    if state in _HERE:
        return not ended or (inside is not None and inside[1] >= moment)
    return state == "finished" and ended and inside is not None and inside[0] <= moment <= inside[1]


def _said(
    encounter: Resource, bundle: Bundle, settings: Mapping[str, str], codes: Codes
) -> tuple[str | None, tuple[Resource, ...]]:
    for place in items(encounter.body, "location"):
        if not isinstance(place, dict) or place.get("status", "active") != "active":
            continue
        if isinstance(place.get("period"), dict) and "end" in place["period"]:
            continue
        location = bundle.resolved(place.get("location"), encounter)
        kinds = codes.of(location.body.get("type")) if location is not None else ()
        for kind in kinds:
            if kind in settings and location is not None:
                return settings[kind], (encounter, location)
    code = codes.of_coding(encounter.body.get("class"))
    return (settings[code], (encounter,)) if code is not None and code in settings else (None, ())
