"""The plan of an assessment in, a RequestGroup and the CarePlan that `PlanDefinition/$apply` gives in R4 out.

The group holds the steps for the setting by row and stage, then what alarms add. Options that exclude each other stand
in a group of which at most one is chosen. What is held back is not in the group: its reason is in the notes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from clinical_commander.dossier.model import Dossier, Step
from clinical_commander.engine.assessment import ActionReport, Assessment, FollowUpReport, MonitoringReport, PlanStep
from clinical_commander.fhir.datatypes import (
    Addresses,
    Json,
    Occasion,
    citation,
    duration,
    filled,
    note,
    ours,
    resource,
)
from clinical_commander.fhir.guidance import encounter, reasons, subject
from clinical_commander.fhir.phrases import ask_first, say, timing
from clinical_commander.fhir.proposals import (
    LIVE,
    PRIORITIES,
    kind_of_request,
    request_key,
    step_key,
    titles_of_grounds,
)
from clinical_commander.fhir.steps import all_steps, expression, rule_text
from clinical_commander.fhir.versions import canonical

CHOICE = ".choose."


def request_group(assessment: Assessment, dossier: Dossier, at: Addresses, occasion: Occasion) -> Json:
    """The playbook of the setting for this patient, as one group of proposals."""
    builder = _Group(assessment, dossier, at)
    actions = [*builder.stages(), *builder.alarms()]
    held = [
        f"{say(dossier, 'held_back', _label(a, dossier))}. {'; '.join(reasons(a))}".strip() for a in builder.withheld()
    ]
    playbook = dossier.playbooks.get(assessment.setting)
    title = playbook.title if playbook else dossier.title
    return resource(
        "RequestGroup",
        at.id("group"),
        assessment.watermark,
        [f"{title}. {say(dossier, 'proposed')}", *builder.lines, *held],
        instantiatesCanonical=[canonical("dossier", assessment.dossier, assessment.content_hash)],
        status="draft",
        intent="proposal",
        code={"coding": [ours("setting", assessment.setting)], "text": title},
        subject=subject(at, occasion),
        encounter=encounter(occasion),
        authoredOn=assessment.at.isoformat(),
        author=at.reference("engine", "Device"),
        note=note(*held, assessment.watermark),
        action=actions,
    )


def apply(assessment: Assessment, dossier: Dossier, at: Addresses, occasion: Occasion) -> Json:
    """`PlanDefinition/$apply` as R4 has it: a draft CarePlan of the group, monitoring and follow-up."""
    activities: list[Json] = [{"reference": at.reference("group", "RequestGroup")}]
    activities += [_monitoring(dossier, m) for m in assessment.monitoring]
    activities += [_follow_up(dossier, f) for f in assessment.followup]
    return resource(
        "CarePlan",
        at.id("careplan"),
        assessment.watermark,
        [f"{dossier.title}. {say(dossier, 'proposed')}", *(a["detail"]["description"] for a in activities[1:])],
        instantiatesCanonical=[canonical("dossier", assessment.dossier, assessment.content_hash)],
        status="draft",
        intent="proposal",
        title=dossier.title,
        description=dossier.summary,
        subject=subject(at, occasion),
        encounter=encounter(occasion),
        created=assessment.at.isoformat(),
        author=at.reference("engine", "Device"),
        supportingInfo=[at.reference("facts", "QuestionnaireResponse")],
        activity=activities,
        note=note(assessment.watermark),
    )


def _monitoring(dossier: Dossier, item: MonitoringReport) -> Json:
    return {
        "detail": _detail(dossier, item.id, item.state, item.text, timing(dossier, item.every, str(item.until), " "))
    }


def _follow_up(dossier: Dossier, item: FollowUpReport) -> Json:
    within = say(dossier, "done_within", item.within) if item.within else ""
    return {"detail": _detail(dossier, item.id, item.state, item.text, within)}


def _detail(dossier: Dossier, id: str, state: str, text: str, when: str) -> Json:
    says = f"{ask_first(dossier, [])}. {text}" if state == "ask_first" else text
    return filled(
        kind="ServiceRequest",
        code={"coding": [ours("plan", id)], "text": text},
        status="not-started",
        doNotPerform=False,
        scheduledString=when,
        description=says,
    )


def _label(action: ActionReport, dossier: Dossier) -> str:
    return dossier.actions[action.id].label


class _Group:
    """The actions of one request group."""

    def __init__(self, assessment: Assessment, dossier: Dossier, at: Addresses) -> None:
        self.assessment, self.dossier, self.at = assessment, dossier, at
        self.actions = {a.id: a for a in assessment.actions}
        self.steps: Mapping[str, Step] = {s.path: s for s in all_steps(dossier)}
        self.placed: set[str] = set()
        self.lines: list[str] = []

    def withheld(self) -> Iterator[ActionReport]:
        return (a for a in self.assessment.actions if a.state == "withheld")

    def stages(self) -> Iterator[Json]:
        """One group for each row and stage of the plan that has a live step."""
        places: dict[tuple[str, str], list[PlanStep]] = {}
        for step in self.assessment.plan:
            if self._is_live(step):
                places.setdefault((step.row, step.stage), []).append(step)
        for (row, stage), steps in places.items():
            title = f"{row}, {stage}".replace("_", " ")
            yield self._any(title, list(self._stage(steps)))

    def alarms(self) -> Iterator[Json]:
        """What is proposed and stands in no step of the plan, by what asks for it."""
        found: dict[str, list[Json]] = {}
        for action in self.assessment.actions:
            if action.state in LIVE and action.id not in self.placed:
                found.setdefault(action.because[0] if action.because else "", []).append(self._action(action))
        titles = titles_of_grounds(self.dossier)
        for source, actions in found.items():
            yield self._any(titles.get(source, source.replace("_", " ")), actions)

    def _is_live(self, step: PlanStep) -> bool:
        return step.state in LIVE and (step.action is None or self.actions[step.action].state in LIVE)

    def _any(self, title: str, actions: list[Json]) -> Json:
        return filled(title=title, groupingBehavior="logical-group", selectionBehavior="any", action=actions)

    def _stage(self, steps: list[PlanStep]) -> Iterator[Json]:
        """The steps of a stage in order; options of one choice together, at the place of the first."""
        choices: dict[str, list[Json]] = {}
        for step in steps:
            made = self._step(step)
            if CHOICE not in step.path:
                yield made
                continue
            group = step.path.rpartition(CHOICE)[0]
            if group in choices:
                choices[group].append(made)
                continue
            choices[group] = [made]
            yield filled(
                title=say(self.dossier, "one_of"),
                groupingBehavior="logical-group",
                selectionBehavior="at-most-one",
                action=choices[group],
            )

    def _step(self, step: PlanStep) -> Json:
        rule = rule_text(self.steps[step.path]) if step.path in self.steps else ""
        if step.action is None:
            self.lines.append(step.text)
            reference = self.at.reference(step_key(step.path), "ServiceRequest")
            title, cited = step.text, self.steps[step.path].source.cite if step.path in self.steps else ()
            return self._leaf(
                title, step.text, step.priority, step.state, step.within, step.ask, rule, cited, reference
            )
        self.placed.add(step.action)
        action = self.actions[step.action]
        # What is contested is asked about on every surface, though its step alone would say `do`.
        state = "ask_first" if "ask_first" in (action.state, step.state) else step.state
        asked = (*step.ask, *(f for f in action.ask if f not in step.ask))
        text = step.text or action.text
        self.lines.append(text)
        return self._leaf(
            _label(action, self.dossier), text, step.priority, state, step.within, asked, rule, action.citations,
            self._request(action),
        )  # fmt: skip

    def _action(self, action: ActionReport) -> Json:
        self.lines.append(action.text)
        return self._leaf(
            _label(action, self.dossier), action.text, action.priority, action.state, action.within, action.ask, "",
            action.citations, self._request(action),
        )  # fmt: skip

    def _request(self, action: ActionReport) -> Json:
        return self.at.reference(request_key(action.id), kind_of_request(action.verb))

    def _leaf(
        self, title: str, text: str, priority: str, state: str, within: str, ask: tuple[str, ...], rule: str,
        cited: tuple[str, ...], reference: Json,
    ) -> Json:  # fmt: skip
        condition: Json = {"kind": "applicability"}
        labels = [self.dossier.facts[f].label if f in self.dossier.facts else f for f in ask]
        if rule:
            condition["expression"] = expression(rule, ask_first(self.dossier, labels))
        return filled(
            title=title,
            textEquivalent=text,
            priority=PRIORITIES[priority],
            documentation=[citation(self.dossier.citations[c]) for c in cited if c in self.dossier.citations],
            condition=[condition] if state == "ask_first" else None,
            timingDuration=duration(within),
            resource=reference,
        )
