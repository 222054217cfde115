"""The differential, conflicts and leaflet of an assessment in; RiskAssessment, DetectedIssue, Communication out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from clinical_commander.dossier.model import Dossier
from clinical_commander.engine.assessment import ActionReport, Assessment, ConflictReport
from clinical_commander.fhir.datatypes import (
    UCUM,
    Addresses,
    Json,
    Occasion,
    concept,
    extension,
    filled,
    note,
    number,
    ours,
    percent,
    resource,
)
from clinical_commander.fhir.guidance import encounter, subject
from clinical_commander.fhir.proposals import LIVE, kind_of_request, request_key

LEAFLET = "educate.leaflet"
"""The action that a leaflet is handed over by."""
NOT_A_SUM = "Outcomes need not sum to 100 %: causes that were not weighed are not listed."


# --- the differential


def risk_assessment(assessment: Assessment, dossier: Dossier, at: Addresses, occasion: Occasion) -> Json | None:
    """The differential as percentages; None while there is none. An unknown probability stays absent, and is not 0."""
    entries = [_plain(e) for e in getattr(assessment, "differential", ())]
    if not entries:
        return None
    predictions = [_prediction(e, dossier) for e in entries]
    lines = [f"{p['outcome']['text']}: {_shown(p)}" for p in predictions]
    return resource(
        "RiskAssessment",
        at.id("risk"),
        assessment.watermark,
        [*lines, NOT_A_SUM],
        status="preliminary",
        method=concept(dossier.title, ours("dossier", assessment.dossier)),
        subject=subject(at, occasion),
        encounter=encounter(occasion),
        occurrenceDateTime=assessment.at.isoformat(),
        performer=at.reference("engine", "Device"),
        basis=[at.reference("facts", "QuestionnaireResponse")],
        prediction=predictions,
        note=note(NOT_A_SUM, assessment.watermark),
    )


def _prediction(entry: Mapping[str, Any], dossier: Dossier) -> Json:
    cause = str(entry["cause"])
    title = _cause_title(dossier, cause)
    probability, present = entry.get("probability"), entry.get("present")
    interval = _plain(entry.get("interval") or {})
    zone = entry.get("zone")
    inside = [
        extension("present", valueDecimal=percent(present)) if present is not None else None,
        extension("interval", valueRange=_range(interval)) if _range(interval) else None,
        extension("must-not-miss", valueBoolean=True) if entry.get("must_not_miss") else None,
    ]
    return filled(
        extension=[e for e in inside if e],
        outcome=concept(title, ours("cause", cause, title)),
        probabilityDecimal=percent(probability) if probability is not None else None,
        qualitativeRisk=concept(str(zone).replace("_", " "), ours("zone", str(zone))) if zone else None,
        rationale=_rationale(_plain(entry.get("basis") or {}), interval),
    )


def _range(interval: Mapping[str, Any]) -> Json:
    ends = {end: interval[end] for end in ("low", "high") if interval.get(end) is not None}
    return {end: {"value": percent(v), "unit": "%", "system": UCUM, "code": "%"} for end, v in ends.items()}


def _rationale(basis: Mapping[str, Any], interval: Mapping[str, Any]) -> str:
    shares = [f"{name} {percent(share)} %" for name, share in basis.items() if share is not None]
    method = interval.get("method")
    parts = (f"Rests on: {', '.join(shares)}." if shares else "", f"Interval: {method}." if method else "")
    return " ".join(p for p in parts if p)


def _cause_title(dossier: Dossier, cause: str) -> str:
    """The title of a cause where the dossier has a differential; else its id in words."""
    causes = getattr(getattr(dossier, "differential", None), "causes", None) or {}
    listed = causes if isinstance(causes, Mapping) else {getattr(c, "id", ""): c for c in causes}
    return str(getattr(listed.get(cause), "title", "") or cause.replace("_", " "))


def _shown(prediction: Json) -> str:
    value = prediction.get("probabilityDecimal")
    return "probability not known" if value is None else f"{number(round(value, 1))} %"


def _plain(entry: Any) -> Mapping[str, Any]:
    return entry if isinstance(entry, Mapping) else vars(entry)


# --- contradictions


def detected_issues(assessment: Assessment, dossier: Dossier, at: Addresses, occasion: Occasion) -> Iterator[Json]:
    """One issue for each conflict of advice or of facts. Severity is said only where a person must decide: content has
    no other.
    """
    live = {a.id: a for a in assessment.actions}
    for conflict in assessment.conflicts:
        yield _issue(conflict, live, assessment, dossier, at, occasion)


def issue_key(conflict: str) -> str:
    """The key of the issue of a conflict among the addresses of a bundle."""
    return f"issue:{conflict}"


def _issue(
    conflict: ConflictReport,
    actions: Mapping[str, ActionReport],
    assessment: Assessment,
    dossier: Dossier,
    at: Addresses,
    occasion: Occasion,
) -> Json:
    labels = [dossier.facts[f].label if f in dossier.facts else f for f in conflict.facts]
    sides = list(conflict.sides) if conflict.kind == "advice" else labels
    # What is held back has no request; what is escalated has one to point to.
    proposed = [a for a in (*conflict.escalates, *conflict.withholds) if a in actions and actions[a].state in LIVE]
    implicated = [at.reference(request_key(a), kind_of_request(actions[a].verb)) for a in proposed]
    implicated += [] if conflict.kind == "advice" else [at.reference("facts", "QuestionnaireResponse")]
    fact_codes = [ours("fact", f) for f in conflict.facts]
    evidence = {"code": [concept(", ".join(labels), *fact_codes)]} if labels else {}
    held = [dossier.actions[a].label for a in conflict.withholds if a in dossier.actions]
    text = conflict.text or "; ".join(sides)
    return resource(
        "DetectedIssue",
        at.id(issue_key(conflict.id)),
        assessment.watermark,
        [text, *sides, conflict.resolution, f"Held back: {', '.join(held)}" if held else ""],
        status="preliminary",
        code=concept(text, ours("conflict", conflict.id)),
        severity="high" if conflict.needs_human else None,
        patient=subject(at, occasion),
        identifiedDateTime=assessment.at.isoformat(),
        author=at.reference("engine", "Device"),
        implicated=implicated,
        evidence=[filled(**evidence, detail=[at.reference("facts", "QuestionnaireResponse")])],
        detail=" ".join((text, *sides)).strip(),
        mitigation=[{"action": concept(conflict.resolution)}] if conflict.resolution else None,
    )


# --- the leaflet


def leaflet_communication(assessment: Assessment, dossier: Dossier, at: Addresses, occasion: Occasion) -> Json | None:
    """The leaflet as something in preparation; None where it is not proposed. Nobody has handed it over."""
    action = assessment.action(LEAFLET)
    if action is None or action.state not in LIVE:
        return None
    label = dossier.actions[LEAFLET].label
    return resource(
        "Communication",
        at.id("leaflet"),
        assessment.watermark,
        ["In preparation. Not handed over.", label, action.text],
        basedOn=[at.reference(request_key(LEAFLET), kind_of_request(action.verb))],
        status="preparation",
        priority=action.priority,
        subject=subject(at, occasion),
        topic=concept(label, ours("action", LEAFLET, label)),
        recipient=[subject(at, occasion)],
        encounter=encounter(occasion),
        note=note(assessment.watermark),
    )
