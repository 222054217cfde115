"""Events in, what they say of the patient out: corrected and retracted statements give way, and a `Case` can be read.

Two questions. *As known at* T: the events recorded until T. *As true at* T: all events, of what was so until T.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from clinical_commander.dossier.model import Dossier
from clinical_commander.encounter.events import Event, refused
from clinical_commander.encounter.statements import ACTION_KINDS, action_data, decision_data, timed
from clinical_commander.encounter.trends import with_trends
from clinical_commander.engine.case import Case
from clinical_commander.engine.read_case import case_from_mapping
from clinical_commander.frozen import field, frozen

_CONTEXT = ("setting", "entry", "region", "label")
_ON_ADVICE = ("advice_accepted", "advice_overridden")
CASE_NAME = "encounter"
"""What the case is called in messages: never the id."""


@frozen
class Statement:
    """One statement that stands: the event it came with first, what was said last, and when it was true."""

    seq: int
    fact: str
    said: Any
    at: datetime


@frozen
class Stay:
    """What stands of an encounter after some events: the opening, and by name what was said last.

    `opening` has region, entry and label as they were said last. `aside` is the advice that was set aside.
    """

    opening: Mapping[str, Any]
    setting: str
    statements: tuple[Statement, ...] = ()
    actions: Mapping[str, Event] = field(default_factory=dict)
    decisions: Mapping[str, Event] = field(default_factory=dict)
    aside: Mapping[str, Event] = field(default_factory=dict)


def known_at(events: Sequence[Event], moment: datetime) -> tuple[Event, ...]:
    """The events that had been recorded by a moment."""
    return tuple(event for event in events if event.recorded <= moment)


def stay_of(events: Sequence[Event], until: datetime | None = None) -> Stay:
    """What stands after these events.

    Args:
        events: From the first on, in their order.
        until: Leaves out what was true only later. What was corrected or retracted counts as such in any case.

    Raises:
        EncounterError: CC853, there is no event; CC863, the payload of the opening was erased.
    """
    if not events:
        raise refused("CC853", "Nothing of this encounter was known then.", "Choose a later moment.")
    opening = events[0].payload
    if opening is None:
        raise refused("CC863", "The opening of this encounter was erased.", "It can be verified, not replayed.")
    gone, statements = _standing(events)
    standing = [e for e in events if e.seq not in gone and e.payload is not None]
    later = [e for e in standing if until is None or e.effective <= until]
    in_time = sorted(later, key=lambda e: (e.effective, e.seq))
    placed = {
        key: value
        for e in in_time
        if e.kind in ("context_recorded", "handed_over") and e.payload
        for key, value in e.payload.items()
        if key in _CONTEXT and (value is not None or key != "setting")
    }
    advice = {e.payload["advice"]: e for e in in_time if e.kind in _ON_ADVICE and e.payload}
    return Stay(
        opening={**opening, **placed},
        setting=placed.get("setting", opening["setting"]),
        statements=tuple(
            s for s in sorted(statements.values(), key=lambda s: (s.at, s.seq)) if until is None or s.at <= until
        ),
        actions={e.payload["action"]: e for e in in_time if e.kind in ACTION_KINDS and e.payload},
        decisions={e.payload["what"]: e for e in in_time if e.kind == "decision_recorded" and e.payload},
        aside={name: e for name, e in advice.items() if e.kind == "advice_overridden"},
    )


def _standing(events: Sequence[Event]) -> tuple[set[int], dict[int, Statement]]:
    """The events that were retracted, and the statements that stand, by the event that each began with."""
    gone: set[int] = set()
    statements: dict[int, Statement] = {}
    roots: dict[int, int] = {}
    for event in events:
        payload, target = event.payload, event.target
        if event.kind == "fact_recorded" and payload is not None:
            statements[event.seq] = Statement(event.seq, payload["fact"], payload["statement"], event.effective)
        elif target is not None and event.kind in ("fact_corrected", "retracted"):
            root = roots[event.seq] = roots.get(target, target)
            standing = statements.pop(root, None)
            if event.kind == "retracted":
                gone.add(root)
            elif standing is not None and payload is not None:  # an erased correction leaves nothing that stands
                statements[root] = Statement(root, standing.fact, payload["statement"], event.effective)
    return gone, statements


def case_of(stay: Stay, dossier: Dossier, at: datetime) -> Case:
    """The case that a stay is at a moment, with what follows from its series.

    Raises:
        CaseError: The dossier does not know what was recorded: it is another content than that of the encounter.
    """
    by_fact: dict[str, list[Statement]] = {}
    for statement in stay.statements:
        by_fact.setdefault(statement.fact, []).append(statement)
    data: dict[str, Any] = {
        "dossier": stay.opening["dossier"],
        "setting": stay.setting,
        "at": at.astimezone(UTC).isoformat(),
        "facts": {fact: timed([(s.said, s.at) for s in found]) for fact, found in by_fact.items()},
        "actions": {name: action_data(e.kind, e.payload or {}) for name, e in stay.actions.items()},
        "recorded": {name: decision_data(e.payload or {}, e.actor, e.effective) for name, e in stay.decisions.items()},
    }
    data |= {key: stay.opening[key] for key in ("entry", "region") if stay.opening.get(key) is not None}
    case = case_from_mapping(data, dossier, name=CASE_NAME)
    done = {name: e.effective for name, e in stay.actions.items() if e.kind == "action_done"}
    return with_trends(case, dossier, done)
