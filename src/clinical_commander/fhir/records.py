"""What a bundle holds in; who made it, from what and that it was made out: Device, Provenance, AuditEvent, Patient.

Provenance and AuditEvent follow the patterns of IHE's Basic Audit Log Patterns (BALP 1.1): software as an agent, a
person where one is named, an entity for the patient and one for what was used. They hold no free text of the patient.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from clinical_commander.dossier.model import Dossier
from clinical_commander.engine.assessment import Assessment
from clinical_commander.fhir.datatypes import OURS, Addresses, Json, Occasion, coding, concept, filled, resource
from clinical_commander.fhir.guidance import encounter, subject
from clinical_commander.fhir.narrative import narrative
from clinical_commander.fhir.phrases import say
from clinical_commander.fhir.versions import canonical_url

_PRODUCT: Final = "Clinical Commander"
_DCM: Final = "http://dicom.nema.org/resources/ontology/DCM"
_PARTICIPANT: Final = "http://terminology.hl7.org/CodeSystem/provenance-participant-type"
_ENTITY_TYPE: Final = "http://terminology.hl7.org/CodeSystem/audit-entity-type"
_ENTITY_ROLE: Final = "http://terminology.hl7.org/CodeSystem/object-role"
_PERSON, _SYSTEM_OBJECT = ("1", "Person"), ("2", "System Object")
_PATIENT, _DOMAIN_RESOURCE = ("1", "Patient"), ("4", "Domain Resource")


def unnamed_patient(dossier: Dossier, at: Addresses) -> Json:
    """A patient of whom nothing is said: who it is stands outside the case."""
    return {"resourceType": "Patient", "id": at.id("patient"), "text": narrative([say(dossier, "unnamed_patient")])}


def engine_device(engine_version: str, dossier: Dossier, at: Addresses) -> Json:
    """The software that made the assessment."""
    return resource(
        "Device",
        at.id("engine"),
        dossier.watermark,
        [say(dossier, "software", f"{_PRODUCT} {engine_version}")],
        identifier=[{"system": "urn:ietf:rfc:3986", "value": f"{OURS}:engine:{engine_version}"}],
        status="active",
        deviceName=[{"name": _PRODUCT, "type": "user-friendly-name"}],
        version=[{"value": engine_version}],
    )


def pack_reference(dossier: Dossier, id: str, content_hash: str) -> Json:
    """The content pack, by the hash of its bytes."""
    return filled(
        identifier={"system": canonical_url("dossier", id), "value": f"sha256:{content_hash}"}
        if content_hash
        else None,
        display=say(dossier, "pack_of", id),
    )


def provenance(
    targets: Iterable[Json], assessment: Assessment, dossier: Dossier, at: Addresses, occasion: Occasion
) -> Json:
    """Where the resources of the bundle come from: the engine, the person if one is named, the pack and the facts."""
    agents = [
        {"type": concept("Assembler", coding(_PARTICIPANT, "assembler", "Assembler")),
         "who": at.reference("engine", "Device")}
    ]  # fmt: skip
    if occasion.clinician is not None:
        agents.append(
            {
                "type": concept("Performer", coding(_PARTICIPANT, "performer", "Performer")),
                "who": {"reference": occasion.clinician},
            }
        )
    return resource(
        "Provenance",
        at.id("provenance"),
        assessment.watermark,
        [say(dossier, "made_by", f"{_PRODUCT} {assessment.engine_version}", f"{dossier.id} {dossier.version}")],
        target=list(targets),
        occurredDateTime=assessment.at.isoformat(),
        recorded=occasion.recorded.isoformat(),
        agent=agents,
        entity=[
            {"role": "source", "what": pack_reference(dossier, assessment.dossier, assessment.content_hash)},
            {"role": "source", "what": at.reference("facts", "QuestionnaireResponse")},
        ],
    )


def audit_event(assessment: Assessment, dossier: Dossier, at: Addresses, occasion: Occasion) -> Json:
    """That an assessment was made: read the facts of a patient, wrote proposals, changed no record."""
    software = {
        "type": concept("Application", coding(_DCM, "110150", "Application")),
        "who": at.reference("engine", "Device"),
        "requestor": occasion.clinician is None,  # who is not known did not ask: then the program did
    }
    agents = [software]
    if occasion.clinician is not None:
        agents.append({"who": {"reference": occasion.clinician}, "requestor": True})
    entities = [
        _entity(subject(at, occasion), _PERSON, _PATIENT),
        _entity(at.reference("facts", "QuestionnaireResponse"), _SYSTEM_OBJECT, _DOMAIN_RESOURCE),
        _entity(at.reference("guidance", "GuidanceResponse"), _SYSTEM_OBJECT, _DOMAIN_RESOURCE),
    ]
    where = encounter(occasion)
    if where is not None:
        entities.append(_entity(where, _SYSTEM_OBJECT, _DOMAIN_RESOURCE))
    return resource(
        "AuditEvent",
        at.id("audit"),
        assessment.watermark,
        [say(dossier, "assessment_made")],
        type=coding(_DCM, "110110", "Patient Record"),
        action="E",
        recorded=occasion.recorded.isoformat(),
        outcome="0",
        agent=agents,
        source={"observer": at.reference("engine", "Device")},
        entity=entities,
    )


def _entity(what: Json, kind: tuple[str, str], role: tuple[str, str]) -> Json:
    return {"what": what, "type": coding(_ENTITY_TYPE, *kind), "role": coding(_ENTITY_ROLE, *role)}
