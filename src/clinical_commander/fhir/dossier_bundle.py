"""A dossier in, one Bundle of FHIR R4 out: the plan, its activities, the questions, and the pack as a library."""

from __future__ import annotations

import hashlib
from base64 import b64encode

from clinical_commander.dossier.model import Dossier
from clinical_commander.fhir.assessment_bundle import collection
from clinical_commander.fhir.datatypes import Addresses, Json, citation, extension, filled, resource
from clinical_commander.fhir.definitions import activity_definitions, plan_definition
from clinical_commander.fhir.phrases import say
from clinical_commander.fhir.questionnaire import questionnaire
from clinical_commander.fhir.steps import Words
from clinical_commander.fhir.versions import canonical_url, computable_name

_LIBRARY_TYPE = "http://terminology.hl7.org/CodeSystem/library-type"


def dossier_bundle(dossier: Dossier, words: Words, pack: bytes = b"") -> Json:
    """A dossier as FHIR definitions, each named `url|hash`.

    Args:
        dossier: With its content hash.
        words: Puts a condition into words.
        pack: The bytes of its pack, to be attached; without them the library holds the hash alone.
    """
    at = Addresses(f"definitions:{dossier.id}:{dossier.content_hash}")
    made = [
        plan_definition(dossier, words),
        library(dossier, pack),
        questionnaire(dossier),
        *activity_definitions(dossier, words),
    ]
    entries = [{"fullUrl": at.url(f"{r['resourceType']}/{r['id']}"), "resource": r} for r in made]
    return collection(at.id("bundle"), dossier.watermark, entries)


def library(dossier: Dossier, pack: bytes = b"") -> Json:
    """The content by its hash, attached where its bytes are given; with its sources and their review state."""
    content = filled(
        extension=[extension("sha256", valueString=dossier.content_hash)] if dossier.content_hash else [],
        contentType="application/json",
        data=b64encode(pack).decode() if pack else None,
        size=len(pack) if pack else None,
        # FHIR's hash of an attachment is SHA-1 and names no one but these bytes; ours is SHA-256, beside it.
        hash=b64encode(hashlib.sha1(pack, usedforsecurity=False).digest()).decode() if pack else None,
        title=f"{dossier.id} {dossier.version}",
    )
    open_sources = sum(c.review != "reviewed" for c in dossier.citations.values())
    counts = say(dossier, "sources_open_of", str(open_sources), str(len(dossier.citations)))
    return resource(
        "Library",
        f"library.{dossier.id}"[:64],
        dossier.watermark,
        [dossier.title, f"SHA-256 {dossier.content_hash}" if dossier.content_hash else "", counts],
        url=canonical_url("library", dossier.id),
        version=dossier.content_hash or "unpacked",
        name=computable_name(f"library {dossier.id}"),
        title=dossier.title,
        status="draft",
        experimental=True,
        extension=[extension("content-version", valueString=dossier.version)],
        type={"coding": [{"system": _LIBRARY_TYPE, "code": "logic-library", "display": "Logic Library"}]},
        description=dossier.summary,
        relatedArtifact=[citation(c) for c in dossier.citations.values()],
        content=[content],
    )
