"""An assessment in, one Bundle of FHIR R4 out: what it says, what it proposes, what it rests on and that it was made.

A collection: nothing in it is to be executed. Every request is a draft and only proposed; a person orders.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence

from clinical_commander.dossier.model import Dossier
from clinical_commander.engine.assessment import Assessment
from clinical_commander.engine.case import Observation
from clinical_commander.fhir.datatypes import Addresses, Json, Occasion, review_meta
from clinical_commander.fhir.findings import detected_issues, leaflet_communication, risk_assessment
from clinical_commander.fhir.guidance import guidance_response, subject
from clinical_commander.fhir.populate import populate
from clinical_commander.fhir.proposals import action_requests, step_requests
from clinical_commander.fhir.records import audit_event, engine_device, provenance, unnamed_patient
from clinical_commander.fhir.request_group import apply, request_group

NO_FACTS: Mapping[str, Sequence[Observation]] = {}


def assessment_bundle(
    assessment: Assessment,
    dossier: Dossier,
    occasion: Occasion,
    facts: Mapping[str, Sequence[Observation]] = NO_FACTS,
) -> Json:
    """Everything an assessment says, as one bundle.

    Args:
        assessment: What the engine says.
        dossier: What it was made with: gives titles and sources.
        occasion: About whom, by whom and when it is written. Without a patient, the bundle has one who is not named.
        facts: The statements it rests on, as in `Case.facts`; they become a QuestionnaireResponse.
    """
    at = Addresses(_seed(assessment, occasion))
    patient = [unnamed_patient(dossier, at)] if occasion.patient is None else []
    # What was asked for and is not known is told too: it is not the same as what nobody asked.
    asked = {
        n: (Observation(n, "unknown", assessment.at),) for n, f in assessment.facts.items() if f.state == "unknown"
    }
    facts_told = populate(dossier, {**asked, **facts}, at.id("facts"), subject(at, occasion), assessment.at.isoformat())
    made = [
        guidance_response(assessment, dossier, at, occasion),
        apply(assessment, dossier, at, occasion),
        request_group(assessment, dossier, at, occasion),
        *action_requests(assessment, dossier, at, occasion),
        *step_requests(assessment, dossier, at, occasion),
        risk_assessment(assessment, dossier, at, occasion),
        *detected_issues(assessment, dossier, at, occasion),
        leaflet_communication(assessment, dossier, at, occasion),
        facts_told,
    ]
    resources = [r for r in made if r is not None]
    targets = [{"reference": f"urn:uuid:{r['id']}", "type": r["resourceType"]} for r in resources]
    records = [
        provenance(targets, assessment, dossier, at, occasion),
        audit_event(assessment, dossier, at, occasion),
        engine_device(assessment.engine_version, dossier, at),
    ]
    entries = [{"fullUrl": f"urn:uuid:{r['id']}", "resource": r} for r in (*resources, *records, *patient)]
    return collection(at.id("bundle"), assessment.watermark, entries, occasion.recorded.isoformat())


def collection(id: str, watermark: str, entries: Iterable[Json], timestamp: str | None = None) -> Json:
    """A bundle that is only a set of resources."""
    return {
        "resourceType": "Bundle",
        "id": id,
        **({"meta": review_meta(watermark)} if watermark else {}),
        "identifier": {"system": "urn:ietf:rfc:3986", "value": f"urn:uuid:{id}"} if timestamp else {"value": id},
        "type": "collection",
        **({"timestamp": timestamp} if timestamp else {}),
        "entry": list(entries),
    }


def _seed(assessment: Assessment, occasion: Occasion) -> str:
    """What tells one bundle from another: the same answer about another patient has other addresses."""
    about = f"{occasion.patient} {occasion.encounter} {occasion.recorded.isoformat()}"
    return hashlib.sha256(f"{about}\n{assessment.dumps()}".encode()).hexdigest()
