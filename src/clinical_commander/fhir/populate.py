"""What a case knows of its facts in, a QuestionnaireResponse out (`$populate`): every statement, none of them guessed.

The answer of an item is the last statement where FHIR has a value for it; what it has none for (a range, several codes
that are possible, pending, the time of the observation) stands in extensions beside it. Earlier statements are kept.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Final

from clinical_commander.dossier.model import Dossier, Fact
from clinical_commander.engine.case import Observation
from clinical_commander.fhir.datatypes import (
    Json,
    coding,
    extension,
    filled,
    number,
    quantity,
    resource,
)
from clinical_commander.fhir.phrases import say
from clinical_commander.fhir.questionnaire import (
    NO,
    YES,
    YES_NO,
    codes_of,
    input_groups,
    is_quantity,
    not_known,
    question,
)
from clinical_commander.fhir.versions import canonical
from clinical_commander.quantity import format_quantity

STATE, AT, ORIGIN, POSSIBLE, EARLIER, ENTERED = (
    "fact-state", "observed-at", "origin", "possible", "earlier", "entered",
)  # fmt: skip
LOW, ABOVE, HIGH, BELOW = "at-least", "above", "at-most", "below"
UNSETTLED: Final = ("pending", "unobtainable")

Facts = Mapping[str, Sequence[Observation]]


def populate(dossier: Dossier, facts: Facts, id: str, subject: Json | None = None, authored: str = "") -> Json:
    """The answers that a case gives to the questions of a dossier.

    Args:
        dossier: Whose questions.
        facts: The statements of each fact, oldest first, as in `Case.facts`.
        id: The id of the response.
        subject: A reference to the patient.
        authored: When it was put together, as a FHIR dateTime.
    """
    groups = []
    for group in input_groups(dossier):
        items = [_item(dossier, dossier.facts[f], facts[f]) for f in group.facts if facts.get(f)]
        if items:
            groups.append({"linkId": group.link_id, "text": group.title, "item": items})
    count = sum(len(g["item"]) for g in groups)
    return resource(
        "QuestionnaireResponse",
        id,
        dossier.watermark,
        [say(dossier, "facts_of_a_case", str(count))],
        questionnaire=canonical("questionnaire", dossier.id, dossier.content_hash),
        status="in-progress",
        subject=subject,
        authored=authored,
        item=groups,
    )


def _item(dossier: Dossier, fact: Fact, statements: Sequence[Observation]) -> Json:
    told = [one for o in statements for one in _told(dossier, fact, o)]
    *earlier, last = told
    return filled(
        extension=[extension(EARLIER, extension=_flat(e)) for e in earlier],
        linkId=fact.id,
        text=question(fact),
        answer=[last],
    )


def _flat(answer: Json) -> list[Json]:
    """An answer as the parts of an extension."""
    value = [{"url": "value", key: item} for key, item in answer.items() if key.startswith("value")]
    inside = [{**e, "url": e["url"].rpartition(":")[2]} for e in answer.get("extension", ())]
    return [*value, *inside]


def _told(dossier: Dossier, fact: Fact, o: Observation) -> list[Json]:
    """One statement as answers. Values of one time that contradict each other are told one by one."""
    if o.state in (*UNSETTLED, "unknown"):
        return [_answer(o, {}, extension(STATE, valueCode=o.state))]
    if fact.kind == "boolean":
        if o.truth is None:
            return [_answer(o, {"valueCoding": _yes_no(t)}) for t in (True, False)]
        return [_answer(o, {"valueCoding": _yes_no(o.truth)})]
    if fact.kind == "code":
        codes = [coding(codes_of(fact), c, t) for c, t in fact.codes.items() if c in (o.codes or ())]
        if len(codes) == 1:
            return [_answer(o, {"valueCoding": codes[0]})]
        return [_answer(o, {"valueCoding": not_known(dossier)}, *(extension(POSSIBLE, valueCoding=c) for c in codes))]
    return [_number(fact, o)]


def _number(fact: Fact, o: Observation) -> Json:
    if o.low is not None and o.low == o.high:
        return _answer(o, _value(fact, o.low))
    least, most = fact.limits or (-math.inf, math.inf)
    ends = []
    if o.low is not None and o.low > least:
        ends.append(_end(fact, o.low, LOW, ABOVE, -math.inf))
    if o.high is not None and o.high < most:
        ends.append(_end(fact, o.high, HIGH, BELOW, math.inf))
    return _answer(o, {}, *ends)


def _end(fact: Fact, end: float, closed: str, strict: str, outwards: float) -> Json:
    """An end of what is possible. One that is left out is kept as the next double inwards, and told as meant."""
    limit = math.nextafter(end, outwards)
    decimals = 0 if fact.kind == "integer" else fact.decimals
    is_strict = round(end, decimals) != end and round(limit, decimals) == limit
    return extension(strict if is_strict else closed, valueDecimal=number(limit if is_strict else end))


def _value(fact: Fact, value: float) -> Json:
    if fact.kind == "integer":
        return {"valueInteger": int(value)}
    if not is_quantity(fact) or fact.unit is None:
        return {"valueDecimal": number(value)}
    shown = format_quantity(value, fact.unit.code, fact.decimals).partition(" ")[2]
    return {"valueQuantity": quantity(value, fact.unit.code, shown)}


def _answer(o: Observation, value: Json, *more: Json) -> Json:
    beside = [
        *more,
        extension(AT, valueDateTime=o.at.isoformat()),
        extension(ORIGIN, valueString=o.origin) if o.origin else None,
        extension(ENTERED, valueString=o.entered) if o.entered else None,
    ]
    return {"extension": [b for b in beside if b], **value}


def _yes_no(truth: bool) -> Json:
    return coding(YES_NO, YES if truth else NO, "Yes" if truth else "No")
