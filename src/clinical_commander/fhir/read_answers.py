"""A QuestionnaireResponse in, one record for each answered item out. An item's linkId ends with the id of a fact."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from typing import Any, Final

from clinical_commander.derive.record import Record, Refusal
from clinical_commander.fhir.bundle import Resource
from clinical_commander.fhir.elements import Codes, items, span, word
from clinical_commander.fhir.read_observation import value_of
from clinical_commander.fhir.reading import Read, by_status
from clinical_commander.frozen import replace

_STANDING: Final = {"completed": "final", "amended": "final", "in-progress": "preliminary"}
_LINK: Final = re.compile(r"[A-Za-z0-9_.\-/]{1,80}")


def read_answers(resource: Resource, facts: Collection[str], codes: Codes) -> Iterator[Read]:
    """The answers of a form, by `fact` or `input.fact`; those that are not answered say nothing.

    A form that is still being filled in is preliminary: it may alarm and does not reassure.
    """
    body = resource.body
    state = word(body, "status")
    time = span(body.get("authored"))
    form = Record(
        resource.origin,
        "answer",
        standing=_STANDING.get(state, "final"),
        start=time[0] if time else None,
        end=time[1] if time else None,
    )
    refusal = None if state in _STANDING else by_status(state)
    answered = list(_answered(body, ""))
    if not answered:
        yield Read(replace(form, kind="other"))
    taken: set[str] = set()
    for path, item in answered:
        link = item.get("linkId")
        link = link if isinstance(link, str) and _LINK.fullmatch(link) else ""
        place = f"{resource.origin}#{link or path}"
        origin = place if place not in taken else f"{place} {path}"
        taken.add(origin)
        fact = re.split(r"[./]", link)[-1]
        record = replace(form, origin=origin, codes=(f"fact {fact}",) if fact in facts else ())
        yield _answer(record, item, codes, refusal)


def _answered(body: object, path: str) -> Iterator[tuple[str, dict[str, Any]]]:
    for i, item in enumerate(items(body, "item")):
        here = f"{path}item[{i}]"
        if not isinstance(item, dict):
            continue
        answers = list(items(item, "answer"))
        if answers:
            yield here, item
        yield from _answered(item, f"{here}.")
        for j, answer in enumerate(answers):
            yield from _answered(answer, f"{here}.answer[{j}].")


def _answer(record: Record, item: dict[str, Any], codes: Codes, refusal: Refusal | None) -> Read:
    values = [_value(answer, codes) for answer in items(item, "answer")]
    bad = next((value for value in values if isinstance(value, Refusal)), None)
    if refusal or bad:
        return Read(record, refusal or bad)
    found = [value for value in values if isinstance(value, Record)]
    if len(found) == 1:
        one = found[0]
        return Read(replace(record, number=one.number, coded=one.coded, truth=one.truth, entered=one.entered))
    coded = tuple(code for one in found for code in one.coded)
    if len(coded) != len(found):
        return Read(record, Refusal("CC635", "it has several answers that are not codes."))
    return Read(replace(record, coded=coded))


def _value(answer: object, codes: Codes) -> Record | Refusal:
    if not isinstance(answer, dict):
        return Refusal("CC633", "its answer holds nothing.")
    if "modifierExtension" in answer:
        return Refusal("CC638", "it carries modifiers that are not known here.")
    return value_of(answer, codes)
