"""An assessment in, a GuidanceResponse out: what is settled, what would settle the rest, what was wrong with the data.

Its status mirrors how settled the answers are. It never says `success` while a missing fact could change the tier, the
place of care or an alarm.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from clinical_commander.dossier.model import Dossier
from clinical_commander.engine.assessment import ActionReport, AnswerReport, Assessment, ScoreReport, TriggerReport
from clinical_commander.fhir.datatypes import (
    Addresses,
    Json,
    Occasion,
    concept,
    filled,
    note,
    number,
    ours,
    resource,
    review_meta,
)
from clinical_commander.fhir.phrases import say
from clinical_commander.fhir.versions import canonical

OUTPUT, MESSAGES = "output", "messages"


def guidance_response(assessment: Assessment, dossier: Dossier, at: Addresses, occasion: Occasion) -> Json:
    """The result of the evaluation, with its output and its messages inside."""
    wanted = wanted_facts(assessment)
    contained = [_output(assessment), _messages(assessment, dossier)]
    lines = [
        assessment.tier.text or str(assessment.tier.withheld),
        *(f"{dossier.triggers[name].title}: {say(dossier, f'trigger_{t.state}')}" for name, t in _loud(assessment)),
        *([say(dossier, "asked_for", ", ".join(_label(dossier, f) for f in wanted))] if wanted else []),
    ]
    return {
        **resource(
            "GuidanceResponse",
            at.id("guidance"),
            assessment.watermark,
            lines,
            contained=contained,
            identifier=[{"system": "urn:ietf:rfc:3986", "value": at.url("guidance")}],
            moduleCanonical=canonical("dossier", assessment.dossier, assessment.content_hash),
            status=status(assessment),
            subject=subject(at, occasion),
            encounter=encounter(occasion),
            occurrenceDateTime=assessment.at.isoformat(),
            performer=at.reference("engine", "Device"),
            reasonCode=[concept(dossier.title, ours("dossier", assessment.dossier))],
            note=note(assessment.watermark),
            evaluationMessage=[{"reference": f"#{MESSAGES}"}],
            outputParameters={"reference": f"#{OUTPUT}"},
            result=at.reference("careplan", "CarePlan"),
            dataRequirement=[_requirement(f, dossier) for f in wanted],
        )
    }


def status(assessment: Assessment) -> str:
    """How settled the assessment is, as a guidance-response-status.

    `data-required`: a missing fact could change the tier or the place of care, so that is not answered.
    `data-requested`: both are settled, and a missing fact could still change an alarm. `success`: nothing missing could
    change any of them.
    """
    if any(a.missing for a in _answers(assessment)):
        return "data-required"
    return "data-requested" if wanted_facts(assessment) else "success"


def wanted_facts(assessment: Assessment) -> list[str]:
    """The facts that would settle what is open, in the order in which they are best asked."""
    found: dict[str, None] = {}
    for question in assessment.next:
        found.update(dict.fromkeys(question.facts))
    open_answers = [f for a in _answers(assessment) for f in a.missing]
    open_alarms = [f for t in assessment.triggers.values() if t.state == "cannot_exclude" for f in t.missing]
    wanted = dict.fromkeys((*open_answers, *open_alarms))
    return [*(f for f in found if f in wanted), *(f for f in wanted if f not in found)]


def subject(at: Addresses, occasion: Occasion) -> Json:
    """A reference to the patient: the one that was named, else the unnamed one in the bundle."""
    if occasion.patient is not None:
        return {"reference": occasion.patient, "type": "Patient"}
    return at.reference("patient", "Patient")


def encounter(occasion: Occasion) -> Json | None:
    """A reference to the encounter, where one was named."""
    return {"reference": occasion.encounter, "type": "Encounter"} if occasion.encounter else None


def reasons(action: ActionReport) -> list[str]:
    """Why an action is held back: the words for it, else the text of the rule that holds it."""
    return [reason.text or key for key, reason in action.withheld_by.items()]


# --- what was found


def _answers(assessment: Assessment) -> Iterator[AnswerReport]:
    yield assessment.tier
    yield assessment.disposition


def _loud(assessment: Assessment) -> Iterator[tuple[str, TriggerReport]]:
    return ((name, t) for name, t in assessment.triggers.items() if t.state != "quiet")


def _output(assessment: Assessment) -> Json:
    parts = [_answer("tier", assessment.tier), _answer("disposition", assessment.disposition)]
    if assessment.bleeding_source is not None:
        parts.append(_answer("bleeding_source", assessment.bleeding_source))
    parts += [_trigger(name, t) for name, t in assessment.triggers.items()]
    parts += [_score(name, s) for name, s in assessment.scores.items()]
    parts += [
        _parts("withheld_action", _code("action", a.id), *(_text("reason", r) for r in reasons(a)))
        for a in assessment.actions
        if a.state == "withheld"
    ]
    return {
        "resourceType": "Parameters",
        "id": OUTPUT,
        **filled(meta=review_meta(assessment.watermark)),
        "parameter": parts,
    }


def _answer(name: str, answer: AnswerReport) -> Json:
    """An answer as a set: `value` only where it is settled; what is possible and what is missing where it is not."""
    settled = [_code("value", answer.value)] if answer.settled and answer.value is not None else []
    return _parts(
        name,
        {"name": "settled", "valueBoolean": answer.settled},
        *settled,
        *(_code("possible", p) for p in answer.possible),
        *(_code("missing", f) for f in answer.missing),
        *(_code("not_asked", f) for f in answer.not_asked),
        *([_text("withheld", str(answer.withheld))] if answer.withheld else []),
    )


def _trigger(name: str, trigger: TriggerReport) -> Json:
    return _parts(
        "trigger",
        _code("id", name),
        _code("state", trigger.state),
        *([_code("severity", trigger.severity)] if trigger.severity else []),
        *(_code("may_become", s) for s in trigger.may_become),
        *([{"name": "last_known", "valueBoolean": True}] if trigger.last_known else []),
        *(_code("missing", f) for f in trigger.missing),
        *(_code("not_asked", f) for f in trigger.not_asked),
    )


def _score(name: str, score: ScoreReport) -> Json:
    """A score: `value` where it is certain, else the bounds that are left."""
    found: list[Json] = [_code("id", name), _code("applicable", score.applicable)]
    if isinstance(score.value, str):
        found.append(_code("value", score.value))
    elif score.value is not None:
        found.append({"name": "value", "valueDecimal": number(score.value)})
    else:
        found += [
            {"name": end, "valueDecimal": number(bound)}
            for end, bound in (("low", score.low), ("high", score.high))
            if bound is not None
        ]
        found += [_code("possible", p) for p in score.possible]
    if score.band is not None:
        found.append(_code("band", score.band))
    found += [_code("missing", f) for f in score.missing]
    return _parts("score", *found)


def _parts(name: str, *parts: Json) -> Json:
    return {"name": name, "part": list(parts)}


def _code(name: str, code: str) -> Json:
    return {"name": name, "valueCode": code}


def _text(name: str, text: str) -> Json:
    return {"name": name, "valueString": text}


# --- messages


def _messages(assessment: Assessment, dossier: Dossier) -> Json:
    issues = [_issue("information", "informational", assessment.watermark)] if assessment.watermark else []
    if assessment.scope.state != "in" and assessment.scope.text:
        issues.append(_issue("warning", "business-rule", assessment.scope.text, assessment.scope.why))
    for answer in _answers(assessment):
        if answer.withheld:
            issues.append(_issue("warning", "business-rule", str(answer.withheld)))
        if answer.missing:
            issues.append(_issue("warning", "incomplete", answer.text or say(dossier, "not_settled"), answer.missing))
    for t in assessment.triggers.values():
        if t.state == "cannot_exclude" and t.text:
            issues.append(_issue("warning", "incomplete", t.text, t.missing))
    issues += [_issue("warning", "processing", w.text, w.facts) for w in assessment.warnings if w.text]
    count = len(assessment.unreviewed.ids)
    if count:
        issues.append(_issue("information", "informational", say(dossier, "sources_open", str(count))))
    return {
        "resourceType": "OperationOutcome",
        "id": MESSAGES,
        **filled(meta=review_meta(assessment.watermark)),
        "issue": issues or [_issue("information", "informational", dossier.title)],
    }


def _issue(severity: str, code: str, text: str, facts: Iterable[str] = ()) -> Json:
    return filled(severity=severity, code=code, diagnostics=text, expression=[f"facts.{f}" for f in facts])


def _requirement(fact: str, dossier: Dossier) -> Json:
    """What is asked for. Facts carry no code of a public system, so they are named by our own."""
    return {
        "type": "Observation",
        "codeFilter": [{"path": "code", "code": [ours("fact", fact, _label(dossier, fact))]}],
    }


def _label(dossier: Dossier, fact: str) -> str:
    return dossier.facts[fact].label if fact in dossier.facts else fact
