"""What a form says in, a case and what is shown in each field out. The form itself carries what was entered.

A value that cannot be taken is shown with its reason and counts as unknown; all others are assessed. So one slip never
holds back an alarm, and what was refused calms nothing.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from clinical_commander.dossier.model import Dossier, Fact
from clinical_commander.engine.case import Case
from clinical_commander.engine.read_case import case_from_mapping
from clinical_commander.engine.read_number import unit_name
from clinical_commander.errors import CaseError, Problem, ServiceError
from clinical_commander.frozen import field, frozen, replace
from clinical_commander.logic.words import REGIONS, SETTINGS

# A field's name is one of these and the fact's: what was entered, its unit, that it was asked, when it was entered.
VALUE, UNIT, STATE, TIME = "v.", "u.", "s.", "t."
SETTING, SWITCH, REGION = "setting", "switch", "region"
# Questions put aside for this patient, by id; the one that is put aside now, and the one that is asked after all.
SKIP, ASIDE, AGAIN = "skip", "aside", "again"
_QUESTIONS: Final = re.compile(r"([A-Za-z0-9_.:-]{1,80}( |$)){0,200}")
NOT_ASKED: Final = ""
UNKNOWN: Final = "unknown"
WAITING: Final = ("pending", "unobtainable")
MOST_CHARACTERS: Final = 80
_BARE: Final = re.compile(r"[<>=≤≥\s]*[0-9][0-9.,/\s]*(\.\.\s*[0-9][0-9.,/\s]*)?")


@frozen
class Entered:
    """What stands in the field of one fact: `text` as typed or chosen, `unit` as chosen, `at` when it was entered."""

    text: str = NOT_ASKED
    unit: str = ""
    at: str = ""

    @property
    def state(self) -> str:
        """Which of the three visible states the field is in: value, unknown, not_asked."""
        return {NOT_ASKED: "not_asked", UNKNOWN: UNKNOWN}.get(self.text, "value")


NOTHING: Final = Entered()


@frozen
class Entry:
    """A form as it was read: the case that is assessed, and what is wrong with single fields."""

    case: Case
    setting: str
    region: str
    entered: Mapping[str, Entered] = field(default_factory=dict)
    errors: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    skipped: tuple[str, ...] = ()

    @property
    def unknown(self) -> tuple[str, ...]:
        """The facts that were asked for and are not known."""
        return tuple(name for name, one in self.entered.items() if one.state == UNKNOWN)

    def of(self, fact: str) -> Entered:
        """What stands in the field of a fact."""
        return self.entered.get(fact, NOTHING)


def read_entry(form: Mapping[str, str], dossier: Dossier, now: datetime, setting: str) -> Entry:
    """The case that a form describes.

    Args:
        form: The fields by name, as the page sends them.
        dossier: Whose facts the form may name.
        now: The moment assessed, with a zone.
        setting: Where the patient is, where the form does not say.

    Raises:
        ServiceError: CC803, the form names what the page does not have.
    """
    place = form.get(SWITCH) or form.get(SETTING) or setting
    region = form.get(REGION, "")
    if place not in SETTINGS or (region and region not in REGIONS):
        raise _unknown_field()
    entered = _entered(form, dossier, now)
    statements = {name: _statement(dossier.facts[name], one) for name, one in entered.items()}
    said = {name: statement for name, statement in statements.items() if statement is not None}
    whole: dict[str, object] = {"setting": place, **({"region": region} if region else {})}
    errors: dict[str, tuple[str, ...]] = {}
    for name, statement in said.items():
        try:
            case_from_mapping({**whole, "facts": {name: statement}}, dossier, name="form", now=now)
        except CaseError as error:
            errors[name] = tuple(f"{p.cause} {p.mend}".strip() for p in error.problems)
    taken = {name: statement for name, statement in said.items() if name not in errors}
    case = case_from_mapping({**whole, "facts": taken}, dossier, name="form", now=now)
    not_known = tuple(name for name, one in entered.items() if one.state == UNKNOWN)
    return Entry(replace(case, not_known=not_known), place, region, entered, errors, _skipped(form))


def _skipped(form: Mapping[str, str]) -> tuple[str, ...]:
    """The questions that are put aside, in the order in which they were."""
    said = [" ".join(form.get(name, "").split()) for name in (SKIP, ASIDE, AGAIN)]
    if not all(_QUESTIONS.fullmatch(text) for text in said):
        raise _unknown_field()
    before, now, again = (text.split() for text in said)
    return tuple(dict.fromkeys(name for name in (*before, *now) if name not in again))


def _entered(form: Mapping[str, str], dossier: Dossier, now: datetime) -> dict[str, Entered]:
    found = {}
    for name, value in form.items():
        kind, fact = name[: len(VALUE)], name[len(VALUE) :]
        if kind in (VALUE, UNIT, STATE, TIME):
            if fact not in dossier.facts or len(value) > MOST_CHARACTERS:
                raise _unknown_field()
        elif name not in (SETTING, SWITCH, REGION, SKIP, ASIDE, AGAIN):
            raise _unknown_field()
        if kind not in (VALUE, STATE):
            continue
        text = " ".join(form.get(VALUE + fact, "").split())
        # Whoever marks a field as not known, and leaves a value in it, has measured: the value counts.
        text = text or (UNKNOWN if form.get(STATE + fact) == UNKNOWN else NOT_ASKED)
        if text:
            unit = form.get(UNIT + fact, "")
            found[fact] = Entered(text, unit, _time(form.get(TIME + fact, ""), f"{text} {unit}".strip(), now))
    return found


def _time(carried: str, said: str, now: datetime) -> str:
    """When this was entered: the time that the form carries for the same value, else now."""
    at, _, before = carried.partition(" ")
    try:
        moment = datetime.fromisoformat(at)
    except ValueError:
        moment = None
    if moment is not None and moment.utcoffset() is not None and before == said and moment <= now:
        return moment.isoformat(timespec="seconds")
    return now.isoformat(timespec="seconds")


def carried(one: Entered) -> str:
    """What the form carries along of a value: when it was entered, and what it then was."""
    return f"{one.at} {f'{one.text} {one.unit}'.strip()}"


def _statement(fact: Fact, one: Entered) -> object | None:
    """What a case says of the fact; None where the field says nothing or that it is not known."""
    if one.state != "value":
        return None
    if one.text in WAITING and one.text not in fact.codes:
        return {"state": one.text, "at": one.at}
    value: object = one.text
    if fact.kind == "boolean":
        value = {"yes": True, "no": False}.get(one.text, one.text)
    elif fact.kind in ("number", "integer") and _BARE.fullmatch(one.text):
        value = f"{one.text} {one.unit or field_unit(fact)}".strip()
    return {"value": value, "at": one.at}


def field_unit(fact: Fact) -> str:
    """The unit beside the field of a number; '' where it has none."""
    return unit_name(fact.unit) if fact.unit is not None and fact.unit.code != "1" else ""


def quick_groups(dossier: Dossier) -> Sequence[tuple[str, tuple[str, ...]]]:
    """The deciding facts by the question that asks for them: its text, and the facts of one control.

    A question that is answered by deciding facts alone is one control with all its facts: one look answers it.
    """
    must_know = dossier.tier.must_know
    groups: list[tuple[str, tuple[str, ...]]] = []
    placed: set[str] = set()
    for name in must_know:
        if name in placed:
            continue
        question = next((q for q in dossier.questions if name in q.facts), None)
        if question is None:
            group: tuple[str, ...] = (name,)
            text = dossier.facts[name].ask
        else:
            whole = question.answered_by and set(question.answered_by) <= set(must_know)
            known = [f for f in must_know if f in question.facts]
            group = (*known, *(f for f in question.facts if whole and f not in known))
            text = question.text
        groups.append((text, group))
        placed.update(group)
    return groups


def _unknown_field() -> ServiceError:
    return ServiceError(Problem("CC803", "The form holds a field that this page does not have.", "Load the page anew."))
