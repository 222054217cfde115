"""The FHIR R4 records of one patient in, a `Case` out: every fact traced to its resource, every record accounted for.

Count in = used + refused + of no use here. What was refused stands in the case's warnings with its reason, by id alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Final

from clinical_commander.derive.one_patient import Derived, derive
from clinical_commander.derive.record import Record, Refusal
from clinical_commander.dossier.model import Dossier
from clinical_commander.dossier.model_derive import Way
from clinical_commander.engine.case import Case, Observation
from clinical_commander.errors import CaseError, Mark, Problem
from clinical_commander.fhir.bundle import Bundle, Resource, read_bundle
from clinical_commander.fhir.elements import Codes, moment
from clinical_commander.fhir.read_answers import read_answers
from clinical_commander.fhir.read_history import read_allergy, read_condition, read_family, read_procedure
from clinical_commander.fhir.read_medication import read_administration, read_request, read_statement
from clinical_commander.fhir.read_observation import read_observation
from clinical_commander.fhir.read_order import read_report, read_service_request
from clinical_commander.fhir.read_patient import has_died, read_patient, setting_of
from clinical_commander.fhir.reading import Read
from clinical_commander.frozen import frozen
from clinical_commander.logic.words import SETTINGS

READERS: Final[Mapping[str, Callable[[Resource, Bundle, Codes], Iterator[Read]]]] = {
    "Patient": read_patient,
    "Observation": read_observation,
    "Condition": read_condition,
    "Procedure": read_procedure,
    "AllergyIntolerance": read_allergy,
    "MedicationStatement": read_statement,
    "MedicationRequest": read_request,
    "MedicationAdministration": read_administration,
    "ServiceRequest": read_service_request,
    "DiagnosticReport": read_report,
}
OTHER_READERS: Final = ("QuestionnaireResponse", "FamilyMemberHistory", "Encounter")
NESTED: Final = ("Bundle", "Parameters")
SUPPORTING: Final = ("Specimen", "Medication", "Location")


@frozen
class Tally:
    """Every record of a bundle once, by origin: used, refused with its reason, or of no use to this dossier."""

    used: frozenset[str]
    refused: Mapping[str, Refusal]
    unrelated: frozenset[str]

    @property
    def total(self) -> int:
        return len(self.used) + len(self.refused) + len(self.unrelated)


def case_from_records(
    data: object,
    dossier: Dossier,
    *,
    name: str = "records",
    setting: str | None = None,
    at: datetime | None = None,
    now: datetime | None = None,
) -> tuple[Case, Tally]:
    """The patient that FHIR R4 records describe, and what became of every record.

    Args:
        data: What `read_records` returns: a Bundle, a list of resources, or one resource.
        dossier: Whose facts and derivations are used.
        name: What the records are called in messages.
        setting: Where the patient is; else the encounter under way says it.
        at: The moment assessed; else the time stamp of the bundle, else `now`, else the present.
        now: The present, for a program that has its own clock.

    Raises:
        CaseError: Those of `read_bundle`; CC612 a time stamp of the bundle that is no moment; CC620 no setting.
    """
    bundle = read_bundle(data, name)
    assessed = at or _timestamp(bundle, name) or now or datetime.now(UTC)
    codes = Codes(dossier.derivations.systems)
    stated, by = setting_of(bundle, dossier.derivations.settings, codes, assessed)
    place = setting or stated
    if place is None:
        mend = f"Add `--setting` with one of {', '.join(SETTINGS)}."
        raise CaseError(Problem("CC620", "No one encounter under way says where the patient is.", mend, Mark(name)))
    reads = list(records_of(bundle, dossier, codes))
    helpful = _named_by_others(bundle) | ({r.origin for r in by} if setting is None else set())
    derived = derive([r.record for r in reads if r.refusal is None], dossier.derivations, dossier.facts, assessed)
    tally = _tally(reads, derived, dossier, helpful)
    facts = {fact: found for fact, found in derived.facts.items() if fact in dossier.facts}
    warnings = (*_warnings(bundle, tally, facts, dossier), *derived.problems)
    return Case(setting=place, at=assessed, facts=facts, name=name, warnings=warnings), tally


def _timestamp(bundle: Bundle, name: str) -> datetime | None:
    if bundle.timestamp is None:
        return None
    found = moment(bundle.timestamp)
    if found is None:
        mend = "Write it as in `2026-11-21T14:05:00+00:00`, or leave it out."
        raise CaseError(Problem("CC612", "The time stamp of the bundle is no moment with a zone.", mend, Mark(name)))
    return found


def records_of(bundle: Bundle, dossier: Dossier, codes: Codes) -> Iterator[Read]:
    """Every record of every resource, each once, with an origin of its own."""
    for resource in bundle.resources:
        reader = READERS.get(resource.type)
        nothing = Record(resource.origin, "other")
        if resource.refusal is not None:
            yield Read(nothing, resource.refusal)
        elif resource.type in NESTED:
            yield Read(nothing, Refusal("CC651", "it holds records inside a record, which are not opened."))
        elif reader is None and resource.type not in OTHER_READERS:
            yield Read(nothing)
        elif resource.type != "Patient" and not bundle.is_of_patient(resource):
            yield Read(nothing, Refusal("CC637", "it does not name the patient."))
        elif reader is not None:
            yield from reader(resource, bundle, codes)
        elif resource.type == "QuestionnaireResponse":
            yield from read_answers(resource, dossier.facts, codes)
        elif resource.type == "FamilyMemberHistory":
            yield from read_family(resource, dossier.derivations.near_family, codes)
        else:
            yield Read(nothing)


def _named_by_others(bundle: Bundle) -> set[str]:
    """The specimens and drugs that another resource rests on."""
    found: set[str] = set()
    for resource in bundle.resources:
        for key in ("specimen", "medicationReference"):
            named = bundle.resolved(resource.body.get(key), resource)
            if named is not None and named.type in SUPPORTING and named.refusal is None:
                found.add(named.origin)
    return found


def _tally(reads: list[Read], derived: Derived, dossier: Dossier, helpful: set[str]) -> Tally:
    """Each record once. One that could not be read counts as refused only where some fact could have used it."""
    relevant = {code for ways in dossier.derivations.ways.values() for way in ways for code in _codes_of(way)}
    relevant.update(f"fact {fact}" for fact in dossier.facts)
    refused = dict(derived.refused)
    unrelated = set(derived.unrelated)
    for read in reads:
        record = read.record
        if read.refusal is None:
            continue
        whole = record.kind in ("other", "birth", "person")
        if whole or not relevant.isdisjoint(record.codes):
            refused[record.origin] = read.refusal
        else:
            unrelated.add(record.origin)
    return Tally(derived.used | (unrelated & helpful), refused, frozenset(unrelated - helpful))


def _codes_of(way: Way) -> Iterator[str]:
    yield from way.codes
    yield from way.ordered_by
    yield from (code for given in way.values.values() for code in given)


def _warnings(
    bundle: Bundle, tally: Tally, facts: Mapping[str, tuple[Observation, ...]], dossier: Dossier
) -> Iterator[Problem]:
    count = f"{tally.total} records: {len(tally.used)} used, {len(tally.refused)} not used for a reason, "
    yield Problem("CC660", f"{count}{len(tally.unrelated)} of no use to this dossier.", level="warning")
    if bundle.is_page:
        yield Problem("CC661", "The bundle is one page of a longer result: other records exist.", level="warning")
    if any(has_died(r) for r in bundle.resources if r.type == "Patient"):
        mend = "Check whose record this is."
        yield Problem("CC662", "The record says that the patient has died.", mend, level="warning")
    for constraint in dossier.constraints:
        for fact in constraint.then if not constraint.given else ():
            if fact not in facts:
                cause = f"No record says `{fact}`: this dossier takes it as given."
                yield Problem("CC663", cause, "Check that the dossier fits the patient.", level="warning")
    together: dict[Refusal, list[str]] = {}
    for origin, why in sorted(tally.refused.items()):
        together.setdefault(why, []).append(origin)
    for why, origins in together.items():
        yield Problem(why.code, f"Not used: {', '.join(origins)}: {why.cause}", level="warning")
