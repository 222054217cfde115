"""An encounter in, its timeline out: what happened, when, who, and where the tier moved, from what to what and why.

Facts that one person recorded of one moment are one row. Each row has the assessment as known after it, at the latest
moment that the events up to it speak of.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, Final

from clinical_commander.encounter.events import Event, begun_by
from clinical_commander.encounter.log import Log
from clinical_commander.encounter.replay import Replayed, assessed, moment_of
from clinical_commander.encounter.stay import Standing
from clinical_commander.engine.assessment import Assessment, Because
from clinical_commander.errors import EncounterError
from clinical_commander.frozen import frozen

SILENT: Final = frozenset(("assessment_shown", "advice_accepted", "advice_overridden", "outcome_recorded"))
"""Kinds that say nothing new of the patient: the answer after them is the answer before."""


@frozen
class Row:
    """Events of one moment, and what the answer was after them.

    `before` is the tier that was possible before; None where it did not move. `facts` are those that are otherwise than
    before, with those that grew stale. `replayed` is None where the opening was erased.
    """

    events: tuple[Event, ...]
    at: datetime
    tier: tuple[str, ...]
    before: tuple[str, ...] | None = None
    because: tuple[Because, ...] = ()
    facts: tuple[str, ...] = ()
    fires: tuple[str, ...] = ()
    ends: tuple[str, ...] = ()
    replayed: Replayed | None = None

    def data(self) -> dict[str, Any]:
        """The same for a program."""
        return {
            "events": [_event_data(event) for event in self.events],
            "at": self.at.isoformat(),
            "tier": {
                "possible": list(self.tier),
                "moved_from": None if self.before is None else list(self.before),
                "because": [{"rule": b.rule, "facts": list(b.facts)} for b in self.because],
                "changed_facts": list(self.facts),
            },
            "fires": list(self.fires),
            "ends": list(self.ends),
        }


def _event_data(event: Event) -> dict[str, Any]:
    return {
        "seq": event.seq,
        "kind": event.kind,
        "target": event.target,
        "recorded_at": event.recorded_at,
        "effective_at": event.effective_at,
        "actor": event.actor,
        "key": event.key,
        "pack": event.pack,
        "hash": event.hash,
        "payload": None if event.payload is None else dict(event.payload),
    }


def timeline(log: Log, encounter: str) -> tuple[Row, ...]:
    """The rows of an encounter.

    Raises:
        EncounterError: CC853, there is no such encounter.
        DamagedLog: CC860.
    """
    events = log.events(encounter)
    rows: list[Row] = []
    last: Assessment | None = None
    standing = Standing()
    for together in _moments(events):
        standing = standing.after(together)
        so_far = events[: together[-1].seq]
        if rows and all(event.kind in SILENT for event in together):
            rows.append(Row(together, rows[-1].at, rows[-1].tier, replayed=rows[-1].replayed))
            continue
        try:
            replayed = assessed(log, so_far, moment_of(so_far), stay=standing.stay())
        except EncounterError as error:
            if error.problems[0].code != "CC863":
                raise
            # The opening was erased: there is a log, and no answer.
            rows.append(Row(together, together[0].effective, ()))
            continue
        rows.append(_row(together, replayed, last))
        last = replayed.assessment
    return tuple(rows)


def _moments(events: Sequence[Event]) -> Iterator[tuple[Event, ...]]:
    together: list[Event] = []
    for event in events:
        same = together and (event.actor, event.effective_at) == (together[0].actor, together[0].effective_at)
        if not (same and event.kind == together[0].kind == "fact_recorded"):
            if together:
                yield tuple(together)
            together = []
        together.append(event)
    if together:
        yield tuple(together)


def _row(events: tuple[Event, ...], replayed: Replayed, last: Assessment | None) -> Row:
    now = replayed.assessment
    tier, at = now.tier.possible, replayed.case.at
    firing = {name for name, t in now.triggers.items() if t.state == "fires"}
    fired = set() if last is None else {name for name, t in last.triggers.items() if t.state == "fires"}
    fires = tuple(name for name in now.triggers if name in firing - fired)
    ends = tuple(name for name in now.triggers if name in fired - firing)
    if last is not None and last.tier.possible == tier:
        return Row(events, at, tier, fires=fires, ends=ends, replayed=replayed)
    before = last.tier.possible if last is not None else ()
    # Where nothing settles it, what is missing is the reason.
    because = now.tier.because or ((Because("missing", now.tier.missing),) if now.tier.missing else ())
    return Row(events, at, tier, before, because, _changed(last, now), fires, ends, replayed)


def _changed(last: Assessment | None, now: Assessment) -> tuple[str, ...]:
    if last is None:
        return ()
    return tuple(name for name in sorted({*last.facts, *now.facts}) if _held(last, name) != _held(now, name))


def _held(assessment: Assessment, name: str) -> object:
    report = assessment.facts.get(name)
    return None if report is None else (report.state, report.value, report.low, report.high, report.possible)


# --- words


def words(event: Event, events: Sequence[Event]) -> str:
    """What an event says, in ids and as it was entered; `erased` where its payload is gone."""
    payload = event.payload
    target = f" event {event.target}" if event.target is not None else ""
    if payload is None:
        return f"{event.kind.replace('_', ' ')}{target}: erased"
    reason = f" ({payload['reason']})" if payload.get("reason") else ""
    if event.kind == "fact_recorded":
        return f"{payload['fact']}: {statement_text(payload['statement'])}"
    if event.kind == "fact_corrected":
        return f"corrects{target}, {_subject(event, events)}: {statement_text(payload['statement'])}{reason}"
    if event.kind == "retracted":
        return f"retracts{target}, {_subject(event, events)}{reason}"
    if event.kind == "payload_erased":
        return f"erases the payload of{target}{reason}"
    if event.kind == "assessment_shown":
        return f"assessment shown: {' or '.join(payload['summary']['tier']['possible'])}"
    if event.kind == "pack_upgraded":
        count = len(payload["answers"])
        return f"content {payload['before'][:12]} to {payload['after'][:12]}, {count} answers differ{reason}"
    if event.kind == "decision_recorded":
        return f"decided {payload['what']}: {statement_text(payload['value'])}{reason}"
    if event.kind == "handed_over":
        setting = f", now {payload['setting']}" if payload.get("setting") else ""
        return f"handed over to {payload['to']}{setting}" + (f": {payload['text']}" if payload.get("text") else "")
    if event.kind == "context_recorded":
        return ", ".join(f"{key}: {value}" for key, value in payload.items())
    if event.kind == "encounter_opened":
        label = f", {payload['label']}" if payload.get("label") else ""
        return f"opened in {payload['setting']} with {payload['dossier']}{label}"
    if event.kind == "outcome_recorded":
        return f"outcome: {payload['outcome']}" + (f": {payload['text']}" if payload.get("text") else "")
    return f"{event.kind.replace('_', ' ')}: {payload.get('action') or payload.get('advice')}{reason}"


def _subject(event: Event, events: Sequence[Event]) -> str:
    """What the event that is corrected or retracted spoke of."""
    payload = begun_by(event, events).payload
    if payload is None:
        return "erased"
    return str(payload.get("fact") or payload.get("action") or payload.get("what") or event.kind)


def statement_text(statement: object) -> str:
    """A statement as one reads it."""
    if isinstance(statement, bool):
        return "true" if statement else "false"
    if isinstance(statement, dict):
        if set(statement) <= {"value", "origin"}:
            origin = f" [{statement['origin']}]" if "origin" in statement else ""
            return statement_text(statement.get("value")) + origin
        return ", ".join(f"{key} {statement_text(value)}" for key, value in statement.items())
    if isinstance(statement, list | tuple):
        return " or ".join(statement_text(item) for item in statement)
    return str(statement)
