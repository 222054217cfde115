"""The differential, conflicts and leaflet of an assessment in; RiskAssessment, DetectedIssue, Communication out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from clinical_commander.dossier.model import Dossier
from clinical_commander.engine.assessment import ActionReport, Assessment, CauseReport, ConflictReport
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
from clinical_commander.fhir.phrases import say
from clinical_commander.fhir.proposals import LIVE, kind_of_request, request_key

LEAFLET = "educate.leaflet"
"""The action that a leaflet is handed over by."""


# --- the differential


def risk_assessment(assessment: Assessment, dossier: Dossier, at: Addresses, occasion: Occasion) -> Json | None:
    """The differential as percentages; None while there is none.

    Where the priors leave several values possible, the prediction has their range and no number: half way between two
    regions is nobody's probability.
    """
    report = assessment.differential
    if not report.causes:
        return None
    titles = {c.id: c.title for c in dossier.differential.causes.values()} if dossier.differential else {}
    predictions = [_prediction(dossier, c, titles.get(c.cause, c.cause.replace("_", " "))) for c in report.causes]
    lines = [f"{p['outcome']['text']}: {_shown(dossier, p)}" for p in predictions]
    not_a_sum = say(dossier, "not_a_sum")
    remarks = [text for text in (report.text, *report.says, *(p.text for p in report.priors)) if text]
    return resource(
        "RiskAssessment",
        at.id("risk"),
        assessment.watermark,
        [*lines, *remarks, not_a_sum],
        status="preliminary",
        method=concept(dossier.title, ours("dossier", assessment.dossier)),
        subject=subject(at, occasion),
        encounter=encounter(occasion),
        occurrenceDateTime=assessment.at.isoformat(),
        performer=at.reference("engine", "Device"),
        basis=[at.reference("facts", "QuestionnaireResponse")],
        prediction=predictions,
        note=note(*remarks, not_a_sum, assessment.watermark),
    )


def _prediction(dossier: Dossier, cause: CauseReport, title: str) -> Json:
    beside = [
        extension("present", valueDecimal=percent(cause.present)) if cause.present is not None else None,
        extension("interval", valueRange=_range(cause.interval.low, cause.interval.high)),
        extension("present-interval", valueRange=_range(cause.present_interval.low, cause.present_interval.high)),
        extension("must-not-miss", valueBoolean=True) if cause.must_not_miss else None,
        extension("confirmed", valueBoolean=True) if cause.confirmed else None,
        extension("last-known", valueBoolean=True) if cause.last_known else None,
    ]
    known = cause.probability is not None
    return filled(
        extension=[e for e in beside if e],
        outcome=concept(title, ours("cause", cause.cause, title)),
        probabilityDecimal=percent(cause.probability) if cause.probability is not None else None,
        probabilityRange=None if known else _range(cause.span.low, cause.span.high),
        qualitativeRisk=concept(cause.zone_says.text or cause.zone.replace("_", " "), ours("zone", cause.zone))
        if cause.zone
        else None,
        rationale=_rationale(dossier, cause),
    )


def _range(low: float, high: float) -> Json:
    ends = {"low": low, "high": high}
    return {end: {"value": percent(v), "unit": "%", "system": UCUM, "code": "%"} for end, v in ends.items()}


def _rationale(dossier: Dossier, cause: CauseReport) -> str:
    shares = [f"{name} {percent(round(share, 3))} %" for name, share in cause.basis.items()]
    rests = f"{say(dossier, 'rests_on', ', '.join(shares))}." if shares else ""
    return " ".join(p for p in (rests, f"{say(dossier, 'interval', cause.interval.method)}.") if p)


def _shown(dossier: Dossier, prediction: Json) -> str:
    value = prediction.get("probabilityDecimal")
    if value is not None:
        return f"{number(round(value, 1))} %"
    ends = (prediction["probabilityRange"][end]["value"] for end in ("low", "high"))
    low, high = (f"{number(round(end, 1))} %" for end in ends)
    return say(dossier, "range", low, high)


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
    sides = [str(s) for s in conflict.sides] if conflict.kind == "advice" else labels
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
        [text, *sides, str(conflict.resolution), say(dossier, "held_back", ", ".join(held)) if held else ""],
        status="preliminary",
        code=concept(text, ours("conflict", conflict.id)),
        severity="high" if conflict.needs_human else None,
        patient=subject(at, occasion),
        identifiedDateTime=assessment.at.isoformat(),
        author=at.reference("engine", "Device"),
        implicated=implicated,
        evidence=[filled(**evidence, detail=[at.reference("facts", "QuestionnaireResponse")])],
        detail=" ".join((text, *sides)).strip(),
        mitigation=[{"action": concept(str(conflict.resolution))}] if conflict.resolution else None,
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
        [say(dossier, "in_preparation"), label, action.text],
        basedOn=[at.reference(request_key(LEAFLET), kind_of_request(action.verb))],
        status="preparation",
        priority=action.priority,
        subject=subject(at, occasion),
        topic=concept(label, ours("action", LEAFLET, label)),
        recipient=[subject(at, occasion)],
        encounter=encounter(occasion),
        note=note(assessment.watermark),
    )
