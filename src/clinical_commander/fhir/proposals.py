"""The actions of an assessment in, requests out: drafts, only proposed, that forbid where the action forbids.

An action becomes one request. What it may expand to stands in the order details, coded only where content is.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from clinical_commander.dossier.model import Dossier
from clinical_commander.engine.assessment import ActionReport, Assessment, PlanStep
from clinical_commander.fhir.datatypes import (
    Addresses,
    Json,
    Occasion,
    concept,
    content_codings,
    extension,
    note,
    ours,
    resource,
)
from clinical_commander.fhir.guidance import encounter, subject
from clinical_commander.fhir.phrases import ask_first, say
from clinical_commander.fhir.versions import canonical

PRIORITIES: Final[Mapping[str, str]] = {"stat": "stat", "urgent": "urgent", "routine": "routine"}
"""Our priorities as request-priority. `asap` is not used: no action is more than urgent and less than stat."""
FORBIDDING: Final = frozenset({"avoid", "hold"})
"""Verbs whose request says that something is not to be done."""
TELLING: Final = frozenset({"educate"})
"""Verbs whose request is that somebody is told something."""
LIVE: Final = ("do", "ask_first")


def request_key(action: str) -> str:
    """The key of the request of an action among the addresses of a bundle."""
    return f"request:{action}"


def step_key(path: str) -> str:
    """The key of the request of a step that names no action."""
    return f"step:{path}"


def kind_of_request(verb: str) -> str:
    """The resource that a verb becomes."""
    return "CommunicationRequest" if verb in TELLING else "ServiceRequest"


def what_is_requested(action: str, verb: str, target: str, label: str) -> Json:
    """What a request is for. Where it forbids, what is not to be done: `not: "No lytic"` would say its opposite."""
    if verb in FORBIDDING:
        return concept(target.replace("_", " "), ours("target", target))
    return concept(label, ours("action", action, label))


def action_requests(assessment: Assessment, dossier: Dossier, at: Addresses, occasion: Occasion) -> Iterator[Json]:
    """One request for each action that is proposed, surely or after a question; none for what is held back or done."""
    for action in assessment.actions:
        if action.state in LIVE:
            yield _request(action, assessment, dossier, at, occasion)


def step_requests(assessment: Assessment, dossier: Dossier, at: Addresses, occasion: Occasion) -> Iterator[Json]:
    """One request for each step of the plan that is said in words and names no action."""
    seen = set()
    for step in assessment.plan:
        if step.state in LIVE and step.action is None and step.path not in seen:
            seen.add(step.path)
            yield _step(step, assessment, dossier, at, occasion)


def _request(action: ActionReport, assessment: Assessment, dossier: Dossier, at: Addresses, occasion: Occasion) -> Json:
    label = dossier.actions[action.id].label
    kind = kind_of_request(action.verb)
    asked = [dossier.facts[f].label if f in dossier.facts else f for f in action.ask]
    first = f"{ask_first(dossier, asked)}." if action.state == "ask_first" else ""
    wanted = what_is_requested(action.id, action.verb, action.target, label)
    fields = _shared(assessment, at, occasion, action.priority)
    fields |= {
        "extension": [extension("proposal-state", valueCode=action.state)],
        "doNotPerform": True if action.verb in FORBIDDING else None,
        "reasonCode": [concept(_reason(r, dossier), ours("reason", r)) for r in action.because],
    }
    texts = (first, action.text, _within(dossier, action.within), assessment.watermark)
    if kind == "CommunicationRequest":
        fields |= {"payload": [{"contentString": action.text}] if action.text else None, "category": [wanted]}
        fields["note"] = note(*texts)
    else:
        fields |= {
            "intent": "proposal",
            "instantiatesCanonical": [canonical("action", action.id, assessment.content_hash)],
            "code": wanted,
            "orderDetail": [concept(str(o["text"]), *content_codings(o["code"])) for o in action.orders],
            "bodySite": [concept(action.side, ours("side", action.side))] if action.side else None,
            "note": note(*texts),
        }
    says = say(dossier, "do_not_perform", wanted["text"]) if action.verb in FORBIDDING else label
    lines = [f"{say(dossier, 'proposed')} {says}.", *texts[:-1], *(str(o["text"]) for o in action.orders)]
    return resource(kind, at.id(request_key(action.id)), assessment.watermark, lines, **fields)


def _step(step: PlanStep, assessment: Assessment, dossier: Dossier, at: Addresses, occasion: Occasion) -> Json:
    fields = _shared(assessment, at, occasion, step.priority)
    first = f"{ask_first(dossier, [])}." if step.state == "ask_first" else ""
    return resource(
        "ServiceRequest",
        at.id(step_key(step.path)),
        assessment.watermark,
        [say(dossier, "proposed"), first, step.text],
        extension=[extension("proposal-state", valueCode=step.state)],
        intent="proposal",
        code=concept(step.text),
        note=note(first, _within(dossier, step.within), assessment.watermark),
        **fields,
    )


def _within(dossier: Dossier, within: str) -> str:
    return f"{say(dossier, 'within', within)}." if within else ""


def _shared(assessment: Assessment, at: Addresses, occasion: Occasion, priority: str) -> Json:
    return {
        "status": "draft",
        "priority": PRIORITIES[priority],
        "subject": subject(at, occasion),
        "encounter": encounter(occasion),
        "authoredOn": assessment.at.isoformat(),
    }


def _reason(source: str, dossier: Dossier) -> str:
    """What stands behind an action in words."""
    return titles_of_grounds(dossier).get(source, source.replace("_", " "))


def titles_of_grounds(dossier: Dossier) -> Mapping[str, str]:
    """What an action may rest on, by id: triggers, pivots, treatments and the values of the tier."""
    titles = {t.id: t.title for t in dossier.triggers.values()}
    titles |= {p.id: p.title for p in dossier.pivots}
    titles |= {t.id: t.title for t in dossier.treatments}
    return titles | {v.id: v.title for v in dossier.tier.values}
