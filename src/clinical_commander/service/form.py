"""The fields of a form in, what a person sent out: text and unit by fact, place, one deed, and which page it came from.

Nothing is judged here but whether it is a form of this page. `changes.py` says what it changes.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final
from urllib.parse import parse_qsl

from clinical_commander.dossier.model import Dossier, Fact
from clinical_commander.engine.read_number import unit_name
from clinical_commander.errors import Problem, ServiceError
from clinical_commander.frozen import field, frozen
from clinical_commander.logic.words import REGIONS, SETTINGS

# A field's name is one of these and the fact's: what was entered, its unit, that it was asked.
VALUE, UNIT, STATE = "v.", "u.", "s."
WHY = "why."
"""Before an action, an alarm or a decision: why, in the words of a person."""
CHOICE = "d."
"""Before what a person decides: what was chosen."""
SETTING, SWITCH, REGION, ENTRY, LABEL, MEASURED = "setting", "switch", "region", "entry", "label", "measured"
OF, NONCE, SEAL, SEQ, DEED, DRAWN = "of", "nonce", "seal", "seq", "do", "drawn"
NOT_ASKED: Final = ""
UNKNOWN: Final = "unknown"
WAITING: Final = ("pending", "unobtainable")
MOST_CHARACTERS: Final = 80
MOST_REASON: Final = 400
_MOST_FIELDS: Final = 2000
_NONCE: Final = re.compile(r"[0-9a-f]{32}")


@frozen
class Typed:
    """What stands in the field of one fact: `text` as typed or chosen, `unit` as chosen."""

    text: str = NOT_ASKED
    unit: str = ""

    @property
    def state(self) -> str:
        """Which of the three visible states the field is in: value, unknown, not_asked."""
        return {NOT_ASKED: "not_asked", UNKNOWN: UNKNOWN}.get(self.text, "value")

    @property
    def said(self) -> str:
        """Text and unit in one."""
        return f"{self.text} {self.unit}".strip()


NOTHING: Final = Typed()


@frozen
class Sent:
    """A form as it was sent. `of` is the encounter, '' for a new one; `seq` the last event that its page had seen.

    `placed` are setting, entry, region and label, of those that the form has. `deed` are the words of the button that
    was pressed, `reasons` what was written beside it, `chosen` what was chosen beside it.
    """

    of: str = ""
    nonce: str = ""
    seq: int = 0
    typed: Mapping[str, Typed] = field(default_factory=dict)
    placed: Mapping[str, str] = field(default_factory=dict)
    measured: datetime | None = None
    deed: tuple[str, ...] = ()
    reasons: Mapping[str, str] = field(default_factory=dict)
    chosen: Mapping[str, str] = field(default_factory=dict)

    @property
    def encounter(self) -> str:
        """The encounter that is written to: for a new one its id follows from the page, so that twice sent is once."""
        return self.of or encounter_of(self.nonce)


def new_nonce() -> str:
    """What tells one drawn page from all others."""
    return secrets.token_hex(16)


def encounter_of(nonce: str) -> str:
    """The id of the encounter that a page without one opens."""
    return hashlib.sha256(nonce.encode()).hexdigest()[:32]


def seal(of: str, nonce: str) -> str:
    """Binds a drawn page to its encounter: a form of one patient cannot be sent as that of another by a mix-up."""
    return hashlib.sha256(f"{of} {nonce}".encode()).hexdigest()[:16]


def fields_of(body: bytes) -> dict[str, str]:
    """The fields of a form as a browser sends them; of a name that stands twice the last.

    Raises:
        ServiceError: CC805, it is no form.
    """
    try:
        pairs = parse_qsl(
            body.decode("ascii"),
            keep_blank_values=True,
            max_num_fields=_MOST_FIELDS,
            encoding="utf-8",
            errors="strict",
        )
    except ValueError:
        raise ServiceError(Problem("CC805", "This is no form of the page.", "Load the page anew.")) from None
    return dict(pairs)


def read_form(form: Mapping[str, str], dossier: Dossier) -> Sent:
    """What a form says.

    Args:
        form: The fields by name, as the page sends them.
        dossier: Whose facts the form may name.

    Raises:
        ServiceError: CC803, the form names what the page does not have.
        ServiceError: CC809, it is the page of another patient.
    """
    of, nonce = form.get(OF, ""), form.get(NONCE, "") or new_nonce()
    if not _NONCE.fullmatch(nonce) or (of and not form.get(NONCE)):
        raise _unknown_field()
    if form.get(NONCE) and form.get(SEAL) != seal(of, nonce):
        mend = "Load the page anew, and look whose it is."
        raise ServiceError(Problem("CC809", "This form was drawn for another patient.", mend))
    sequence = form.get(SEQ, "") or "0"
    if not sequence.isdecimal() or len(sequence) > 9:
        raise _unknown_field()
    reasons = {name[len(WHY) :]: " ".join(text.split()) for name, text in form.items() if name.startswith(WHY)}
    chosen = {name[len(CHOICE) :]: text for name, text in form.items() if name.startswith(CHOICE)}
    if any(len(text) > MOST_REASON or not text.isprintable() for text in (*reasons.values(), *chosen.values())):
        raise _unknown_field()
    return Sent(
        of=of,
        nonce=nonce,
        seq=int(sequence),
        typed=_typed(form, dossier),
        placed=_placed(form, dossier),
        measured=_measured(form.get(MEASURED, "")),
        deed=tuple(form.get(DEED, "").split()),
        reasons={name: text for name, text in reasons.items() if text},
        chosen={name: text for name, text in chosen.items() if text},
    )


_OWN: Final = frozenset((SETTING, SWITCH, REGION, ENTRY, LABEL, MEASURED, OF, NONCE, SEAL, SEQ, DEED, DRAWN))


def _typed(form: Mapping[str, str], dossier: Dossier) -> dict[str, Typed]:
    found = {}
    for name, value in form.items():
        kind, fact = name[: len(VALUE)], name[len(VALUE) :]
        if kind in (VALUE, UNIT, STATE):
            if fact not in dossier.facts or len(value) > MOST_CHARACTERS:
                raise _unknown_field()
        elif name not in _OWN and not name.startswith((WHY, CHOICE)):
            raise _unknown_field()
        if kind not in (VALUE, STATE):
            continue
        text = " ".join(form.get(VALUE + fact, "").split())
        # Whoever marks a field as not known, and leaves a value in it, has measured: the value counts.
        text = text or (UNKNOWN if form.get(STATE + fact) == UNKNOWN else NOT_ASKED)
        found[fact] = Typed(text, form.get(UNIT + fact, "") if text not in (NOT_ASKED, UNKNOWN) else "")
    return found


def _placed(form: Mapping[str, str], dossier: Dossier) -> dict[str, str]:
    """Where the patient is, and what came with them, of what the form has."""
    found = {name: form[name].strip() for name in (SETTING, REGION, ENTRY, LABEL) if name in form}
    if form.get(SWITCH):
        found[SETTING] = form[SWITCH]
    known = {SETTING: SETTINGS, REGION: ("", *REGIONS), ENTRY: ("", *dossier.entry_points)}
    if any(found[name] not in values for name, values in known.items() if name in found):
        raise _unknown_field()
    if len(found.get(LABEL, "")) > MOST_CHARACTERS or not found.get(LABEL, "").isprintable():
        raise _unknown_field()
    return found


def _measured(text: str) -> datetime | None:
    """When it was measured, on the clock of this machine; None for now."""
    if not text:
        return None
    try:
        return datetime.fromisoformat(text).astimezone()
    except ValueError:
        mend = "Write it as in 2026-11-21T14:05, or leave it empty."
        raise ServiceError(Problem("CC810", "The time of measurement is no time.", mend)) from None


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
