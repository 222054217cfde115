"""A dossier in, its PlanDefinition and the ActivityDefinitions of its actions out.

Each condition stands in words and as the text of its rule, whose language is named as ours: nothing here claims to be
FHIRPath or CQL. Each source keeps its review state. Their version is the hash of the content they were made from.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from clinical_commander.dossier.model import Action, Condition, Dossier, Playbook, Route, Source, Step, Trigger
from clinical_commander.fhir.datatypes import (
    Json,
    citation,
    concept,
    content_codings,
    duration,
    extension,
    filled,
    ours,
    resource,
)
from clinical_commander.fhir.phrases import say, timing
from clinical_commander.fhir.proposals import FORBIDDING, PRIORITIES, kind_of_request, what_is_requested
from clinical_commander.fhir.steps import Words, applicability, step_conditions
from clinical_commander.fhir.versions import canonical, canonical_url, computable_name

_PLAN_TYPE = "http://terminology.hl7.org/CodeSystem/plan-definition-type"


def plan_definition(dossier: Dossier, words: Words) -> Json:
    """The whole pathway as a clinical protocol. `words` puts a condition into words."""
    builder = _Plan(dossier, words)
    return resource(
        "PlanDefinition",
        dossier.id[:64],
        dossier.watermark,
        [dossier.title, dossier.summary, dossier.intended_use],
        url=canonical_url("dossier", dossier.id),
        version=dossier.content_hash or "unpacked",
        name=computable_name(dossier.id),
        title=dossier.title,
        type={"coding": [{"system": _PLAN_TYPE, "code": "clinical-protocol", "display": "Clinical Protocol"}]},
        status="draft",
        experimental=True,
        description=dossier.summary,
        purpose=dossier.intended_use,
        extension=[extension("content-version", valueString=dossier.version)],
        library=[canonical("library", dossier.id, dossier.content_hash)],
        relatedArtifact=[citation(c) for c in dossier.citations.values()],
        action=[*builder.groups()],
    )


def activity_definitions(dossier: Dossier, words: Words) -> Iterator[Json]:
    """One definition for each action, in the order of the catalogue."""
    for action in dossier.actions.values():
        yield _activity(action, dossier, words)


def activity_id(action: str) -> str:
    """The id of the definition of an action, as FHIR allows it: no underscore."""
    return action.replace("_", "-")[:64]


def _activity(action: Action, dossier: Dossier, words: Words) -> Json:
    orders = [_order(o.text, o.code, o.when, words) for o in action.orders]
    against = [say(dossier, "held_back_while", words(c.when), c.text) for c in action.contraindications]
    sources = (action.source, *(c.source for c in action.contraindications))
    forbids = action.verb in FORBIDDING
    kind = kind_of_request(action.verb)
    wanted = what_is_requested(action.id, action.verb, action.target, action.label)
    return resource(
        "ActivityDefinition",
        activity_id(action.id),
        dossier.watermark,
        [action.label, action.text, f"{say(dossier, 'do_not_perform', wanted['text'])}." if forbids else "", *against],
        url=canonical_url("action", action.id),
        version=dossier.content_hash or "unpacked",
        name=computable_name(action.id),
        title=action.label,
        status="draft",
        experimental=True,
        extension=orders,
        description=action.text,
        usage=" ".join(against),
        relatedArtifact=_cited(dossier, sources),
        library=[canonical("library", dossier.id, dossier.content_hash)],
        kind=kind,
        # A CommunicationRequest of R4 has no intent, but every ActivityDefinition may state one.
        intent="proposal",
        doNotPerform=True if forbids else None,
        code=wanted,
    )


def _order(text: str, code: Mapping[str, str] | None, when: Condition | None, words: Words) -> Json:
    """One order that an action may expand to, with its code if content has one, and for whom it is."""
    inside: list[Json] = [{"url": "order", "valueCodeableConcept": concept(text, *content_codings(code))}]
    if when is not None:
        inside.append({"url": "only-if", "valueString": words(when)})
    return extension("order", extension=inside)


def _cited(dossier: Dossier, sources: Iterable[Source]) -> list[Json]:
    ids = dict.fromkeys(c for s in sources for c in s.cite)
    return [citation(dossier.citations[c]) for c in ids if c in dossier.citations]


def _grounds(source: Source) -> list[Json]:
    """The basis letters of a statement and why it was judged so."""
    found = [extension("basis", valueCode=letter) for letter in source.basis]
    return [*found, *([extension("why", valueString=source.why)] if source.why else [])]


class _Plan:
    """The actions of one plan definition."""

    def __init__(self, dossier: Dossier, words: Words) -> None:
        self.dossier, self.words = dossier, words

    def groups(self) -> Iterator[Json]:
        d = self.dossier
        yield self._group(say(d, "alarms"), [self._trigger(t) for t in d.triggers.values()])
        for playbook in d.playbooks.values():
            yield self._playbook(playbook)
        pivots = [self._block(p.title, p.when, p.steps, p.source, p.text, p.route) for p in d.pivots]
        yield from ([self._group(say(d, "pivots"), pivots)] if pivots else [])
        treatments = [self._block(t.title, t.when, t.steps, t.source) for t in d.treatments]
        yield from ([self._group(say(d, "treatments"), treatments)] if treatments else [])
        monitored = [
            self._leaf(m.text, m.when, m.source, title=m.title, description=timing(d, m.every, m.until, ", "),
                       definitionCanonical=self._definition(m.action))
            for m in d.monitoring
        ]  # fmt: skip
        yield from ([self._group(say(d, "monitoring"), monitored)] if monitored else [])
        followed = [
            self._leaf(f.text, f.when, f.source, timingDuration=duration(f.within),
                       definitionCanonical=self._definition(f.action))
            for f in d.followup
        ]  # fmt: skip
        yield from ([self._group(say(d, "followup"), followed)] if followed else [])

    def _group(self, title: str, actions: Sequence[Json], **more: object) -> Json:
        return filled(
            title=title, groupingBehavior="logical-group", selectionBehavior="any", **more, action=list(actions)
        )

    def _trigger(self, trigger: Trigger) -> Json:
        steps = [self._step(s) for s in (*trigger.steps, *trigger.steps_if_possible)]
        severities = [
            extension(
                "severity",
                extension=[
                    {"url": "code", "valueCode": name},
                    {"url": "when", "valueString": self.words(when)},
                    {"url": "rule", "valueString": when.text},
                ],
            )
            for name, when in trigger.severity.items()
        ]
        return filled(
            extension=[*severities, *_grounds(trigger.source)],
            title=trigger.title,
            description=trigger.text,
            textEquivalent=trigger.cannot_exclude_text,
            code=[concept(trigger.title, ours("trigger", trigger.id))],
            documentation=[*_cited(self.dossier, (trigger.source,)), *self._route(trigger.route)],
            condition=[applicability(trigger.when, self.words)],
            input=[self._asked(f) for f in trigger.must_know],
            action=steps,
        )

    def _block(
        self, title: str, when: Condition, steps: Sequence[Step], source: Source, text: str = "",
        route: Route | None = None,
    ) -> Json:  # fmt: skip
        return filled(
            extension=_grounds(source),
            title=title,
            description=text,
            documentation=[*_cited(self.dossier, (source,)), *self._route(route)],
            condition=[applicability(when, self.words)],
            action=[self._step(s) for s in steps],
        )

    def _playbook(self, playbook: Playbook) -> Json:
        rows = [
            filled(
                title=row.id.replace("_", " "),
                condition=[applicability(row.when, self.words)],
                groupingBehavior="logical-group",
                selectionBehavior="any",
                action=[
                    self._group(stage.replace("_", " "), [self._step(s) for s in steps])
                    for stage, steps in row.stages.items()
                    if steps
                ],
            )
            for row in playbook.rows
        ]
        setting = concept(playbook.title, ours("setting", playbook.setting))
        return self._group(playbook.title, rows, description=playbook.text, code=[setting])

    def _step(self, step: Step) -> Json:
        if step.choose:
            return filled(
                title=say(self.dossier, "one_of"),
                groupingBehavior="logical-group",
                selectionBehavior="at-most-one",
                condition=step_conditions(self.dossier, step, self.words),
                action=[self._step(option) for option in step.choose],
            )
        action = self.dossier.actions[step.action] if step.action else None
        text = step.text or step.do or (action.text if action else "")
        return filled(
            extension=[*_grounds(step.source), *([extension("who", valueString=step.who)] if step.who else [])],
            title=action.label if action else text,
            textEquivalent=text,
            priority=PRIORITIES.get(step.priority),
            code=[concept(action.label, ours("action", action.id))] if action else [],
            documentation=_cited(self.dossier, (step.source,)),
            condition=step_conditions(self.dossier, step, self.words),
            timingDuration=duration(step.within) if step.within else None,
            definitionCanonical=self._definition(step.action),
        )

    def _leaf(self, text: str, when: Condition, source: Source, **fields: object) -> Json:
        return filled(
            extension=_grounds(source),
            textEquivalent=text,
            documentation=_cited(self.dossier, (source,)),
            condition=[applicability(when, self.words)],
            **fields,
        )

    def _definition(self, action: str | None) -> str | None:
        return canonical("action", action, self.dossier.content_hash) if action else None

    def _asked(self, fact: str) -> Json:
        label = self.dossier.facts[fact].label
        return {"type": "Observation", "codeFilter": [{"path": "code", "code": [ours("fact", fact, label)]}]}

    def _route(self, route: Route | None) -> list[Json]:
        if route is None:
            return []
        goes_to = route.dossier or route.external
        return [{"type": "documentation", "label": "hand-over", "display": f"{goes_to}: {route.handover}"}]
