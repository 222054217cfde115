"""An entry and the dossier of its encounter in; nothing out, or the fault of what was entered, with place and mend.

What goes into the log is read first by the reader of cases, so that everything in it can be replayed.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from clinical_commander.dossier.model import Dossier
from clinical_commander.encounter.events import Entry, refused
from clinical_commander.engine.read_case import case_from_mapping
from clinical_commander.engine.read_series import Said, timed
from clinical_commander.errors import did_you_mean
from clinical_commander.logic.words import SETTINGS

ACTION_KINDS: Final[Mapping[str, str]] = {
    "action_ordered": "ordered",
    "action_done": "done",
    "action_declined": "declined",
}
CORRECTABLE: Final = frozenset(("fact_recorded", "fact_corrected"))
RETRACTABLE: Final = frozenset(
    (*CORRECTABLE, *ACTION_KINDS, "context_recorded", "decision_recorded", "handed_over", "outcome_recorded",
     "advice_accepted", "advice_overridden")
)  # fmt: skip


def check_content(entry: Entry, dossier: Dossier, now: datetime) -> None:
    """Nothing, where the dossier knows what the entry speaks of and its values can be read.

    Raises:
        CaseError: The faults that a case with the same words would have.
        EncounterError: CC854, no such advice or setting.
    """
    payload = entry.payload
    if entry.kind == "fact_recorded":
        read_statement(payload["fact"], payload["statement"], dossier, entry.effective_at or now, now)
    elif entry.kind in ACTION_KINDS:
        _read({"actions": {payload["action"]: _action(entry.kind, payload)}}, dossier, now)
    elif entry.kind == "decision_recorded":
        _read({"recorded": {payload["what"]: _decision(payload)}}, dossier, now)
    elif entry.kind in ("advice_accepted", "advice_overridden"):
        known = (*dossier.actions, *dossier.triggers, *asks(dossier))
        if payload["advice"] not in known:
            mend = (
                did_you_mean(str(payload["advice"])[:80], known)
                or "Name an action, a trigger or a question of the dossier."
            )
            raise refused("CC854", "The dossier gives no such advice.", mend)
    elif entry.kind == "handed_over" and payload.get("setting") not in (None, *SETTINGS):
        raise refused("CC854", "There is no such setting.", f"Write one of: {', '.join(SETTINGS)}.")
    elif entry.kind in ("encounter_opened", "context_recorded"):
        data = {key: payload[key] for key in ("setting", "entry", "region") if payload.get(key) is not None}
        _read(data, dossier, now)


def asks(dossier: Dossier) -> frozenset[str]:
    """What `next` can propose to ask or test, by id."""
    burdens = dossier.differential.burdens if dossier.differential is not None else ()
    return frozenset((*(q.id for q in dossier.questions), *dossier.inputs, *dossier.facts, *burdens))


def read_statement(fact: object, statement: object, dossier: Dossier, effective: datetime, now: datetime) -> None:
    """Nothing, where a statement about a fact can be read.

    Raises:
        CaseError: As `read_case`.
    """
    _read({"facts": {fact: timed([Said(statement, effective)])}}, dossier, max(now, effective))


def _read(data: Mapping[str, Any], dossier: Dossier, now: datetime) -> None:
    # The setting is not what is judged here, and a case must have one.
    case_from_mapping({"setting": SETTINGS[0], **data}, dossier, name="entry", now=now.astimezone(UTC))


def _action(kind: str, payload: Mapping[str, Any]) -> dict[str, Any]:
    reason = payload.get("reason")
    return {"state": ACTION_KINDS[kind], **({"reason": reason} if reason else {})}


def _decision(payload: Mapping[str, Any]) -> dict[str, Any]:
    reason = payload.get("reason")
    return {"value": payload["value"], **({"reason": reason} if reason else {})}


def action_data(kind: str, payload: Mapping[str, Any]) -> dict[str, Any]:
    """An action as a case holds it."""
    return _action(kind, payload)


def decision_data(payload: Mapping[str, Any], actor: str, at: datetime) -> dict[str, Any]:
    """What a person decided as a case holds it."""
    return {**_decision(payload), "by": actor, "at": at.isoformat()}
