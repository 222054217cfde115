"""A dossier in, its questions as an SDC Questionnaire out: a group for each input, an item for each of its facts.

Yes, no and not known are three answers of a choice: a check box that is not ticked would read as no. A quantity lists
the units it may be given in. A question is hidden only where the answer to an earlier one settles it by a constraint of
the content; while the earlier one is not answered it is asked.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from clinical_commander.dossier.model import Allowed, Constraint, Dossier, Fact
from clinical_commander.fhir.datatypes import ASKED_UNKNOWN, OURS, UCUM, Json, coding, extension, filled, ours, resource
from clinical_commander.fhir.phrases import say
from clinical_commander.fhir.versions import canonical_url, computable_name
from clinical_commander.frozen import frozen
from clinical_commander.quantity import unit

YES_NO: Final = "http://terminology.hl7.org/CodeSystem/v2-0136"
YES, NO = "Y", "N"
UNIT_OPTION: Final = "http://hl7.org/fhir/StructureDefinition/questionnaire-unitOption"
GROUP: Final = "input."
SCORES: Final = "scores"
"""The group of facts that no input lists and a score reads."""
_SHOWN_UNITS: Final[Mapping[str, tuple[str, ...]]] = {"Cel": ("[degF]",), "[degF]": ("Cel",)}


def questionnaire(dossier: Dossier) -> Json:
    """The questions of a dossier. Every fact stands once, under the first input that lists it."""
    listed = input_groups(dossier)
    conditions = _settled_by(dossier, [f for g in listed for f in g.facts])
    groups = [_group(dossier, group, conditions) for group in listed]
    return resource(
        "Questionnaire",
        f"questionnaire.{dossier.id}"[:64],
        dossier.watermark,
        [dossier.title, *(g["text"] for g in groups)],
        url=canonical_url("questionnaire", dossier.id),
        version=dossier.content_hash or "unpacked",
        name=computable_name(f"questionnaire {dossier.id}"),
        title=dossier.title,
        status="draft",
        experimental=True,
        subjectType=["Patient"],
        description=dossier.intended_use,
        item=groups,
    )


def not_known(dossier: Dossier) -> Json:
    """The answer that nobody knows."""
    return coding(*ASKED_UNKNOWN, say(dossier, "not_known"))


def question(fact: Fact) -> str:
    """The question of a fact."""
    return fact.ask or fact.label


def codes_of(fact: Fact) -> str:
    """The address of the codes of a fact."""
    return f"{OURS}:codes:fact:{fact.id}"


def is_quantity(fact: Fact) -> bool:
    """Whether an answer has a unit: a pure number has none."""
    return fact.kind == "number" and fact.unit is not None and fact.unit.code != "1"


def unit_codes(fact: Fact) -> list[str]:
    """The units an answer may be given in: the fact's own first, then those that its content converts from."""
    if fact.unit is None:
        return []
    own = fact.unit.code
    return list(dict.fromkeys((own, *_SHOWN_UNITS.get(own, ()), *(unit(name).code for name in fact.also))))


@frozen
class InputGroup:
    """One group of questions: its linkId, title and facts, and whether it is asked for."""

    link_id: str
    title: str
    facts: tuple[str, ...]
    asked_for: bool = False


def input_groups(dossier: Dossier) -> list[InputGroup]:
    """A group for each input with the facts no input before it has; then one of the facts that only scores read."""
    placed: set[str] = set()
    found = []
    for given in dossier.inputs.values():
        facts = tuple(f for f in given.facts if f not in placed)
        placed.update(facts)
        found.append(InputGroup(GROUP + given.id, given.title, facts, given.required))
    found.append(
        InputGroup(GROUP + SCORES, say(dossier, "only_scores"), tuple(f for f in dossier.facts if f not in placed))
    )
    return [g for g in found if g.facts]


_Settling = Mapping[str, tuple[tuple[str, Json], ...]]


def _group(dossier: Dossier, group: InputGroup, conditions: _Settling) -> Json:
    items = [_item(dossier, dossier.facts[f], conditions.get(f, ())) for f in group.facts]
    asked = [extension("asked-for", valueBoolean=True)] if group.asked_for else []
    # `required` in FHIR would block: asked for is not the same as must be answered before advice is given.
    return filled(extension=asked, linkId=group.link_id, text=group.title, type="group", item=items)


def _item(dossier: Dossier, fact: Fact, settled_by: tuple[tuple[str, Json], ...]) -> Json:
    item = {"linkId": fact.id, "code": [ours("fact", fact.id, fact.label)], "text": question(fact)}
    when = [{"question": f, "operator": "!=", "answerCoding": answer} for f, answer in settled_by]
    more = filled(enableWhen=when, enableBehavior="all" if len(when) > 1 else None)
    if fact.kind == "boolean":
        options = [coding(YES_NO, YES, "Yes"), coding(YES_NO, NO, "No"), not_known(dossier)]
        return item | {"type": "choice"} | more | {"answerOption": [{"valueCoding": o} for o in options]}
    if fact.kind == "code":
        options = [*(coding(codes_of(fact), code, text) for code, text in fact.codes.items()), not_known(dossier)]
        return item | {"type": "choice"} | more | {"answerOption": [{"valueCoding": o} for o in options]}
    if is_quantity(fact):
        units = [{"url": UNIT_OPTION, "valueCoding": coding(UCUM, code, code)} for code in unit_codes(fact)]
        return {"extension": units, **item, "type": "quantity", **more}
    return item | {"type": "integer" if fact.kind == "integer" else "decimal"} | more


# --- what an earlier answer settles


def _settled_by(dossier: Dossier, order: list[str]) -> _Settling:
    """For each fact the earlier questions, with the answer that leaves nothing to ask of it."""
    place = {fact: i for i, fact in enumerate(order)}
    found: dict[str, dict[tuple[str, str], tuple[str, Json]]] = {}
    for constraint in dossier.constraints:
        given = _one_answer(dossier, constraint)
        if given is None:
            continue
        question, answer = given
        for fact, allowed in constraint.then.items():
            if _is_one(allowed) and place.get(question, len(place)) < place.get(fact, -1):
                found.setdefault(fact, {})[question, answer["code"]] = (question, answer)
    return {fact: tuple(by.values()) for fact, by in found.items()}


def _one_answer(dossier: Dossier, constraint: Constraint) -> tuple[str, Json] | None:
    """The one question and answer a constraint starts from, where it is one."""
    if len(constraint.given) != 1:
        return None
    ((question, allowed),) = constraint.given.items()
    fact = dossier.facts.get(question)
    if fact is None or isinstance(allowed, tuple):
        return None
    if isinstance(allowed, bool):
        return question, coding(YES_NO, YES if allowed else NO, "Yes" if allowed else "No")
    if len(allowed) != 1:
        return None
    code = next(iter(allowed))
    return question, coding(codes_of(fact), code, fact.codes[code])


def _is_one(allowed: Allowed) -> bool:
    if isinstance(allowed, tuple):
        return allowed[0] == allowed[1]
    return isinstance(allowed, bool) or len(allowed) == 1
