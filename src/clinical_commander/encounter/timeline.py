"""An encounter in, its timeline out: what happened, when, who, and where the tier moved, from what to what and why.

Each row is the assessment as known after its event, at the latest moment that the events up to it speak of.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from clinical_commander.encounter.differences import Difference, differences, summary
from clinical_commander.encounter.events import Event
from clinical_commander.encounter.log import Log
from clinical_commander.encounter.replay import Replayed, assessed, moment_of
from clinical_commander.engine.assessment import Assessment, Because
from clinical_commander.errors import EncounterError
from clinical_commander.frozen import frozen

SILENT = frozenset(("assessment_shown", "advice_accepted", "advice_overridden", "outcome_recorded"))
"""Kinds that say nothing new of the patient: the answer after them is the answer before."""


@frozen
class Row:
    """One event, and what the answer was after it. `before` is None where the tier did not move."""

    event: Event
    said: str
    at: datetime
    tier: tuple[str, ...]
    before: tuple[str, ...] | None
    because: tuple[Because, ...]
    facts: tuple[str, ...]
    fires: tuple[str, ...]
    ends: tuple[str, ...]
    replayed: Replayed | None

    def data(self) -> dict[str, Any]:
        """The same for a program."""
        event = self.event
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
            "tier": {
                "possible": list(self.tier),
                "moved_from": None if self.before is None else list(self.before),
                "because": [{"rule": b.rule, "facts": list(b.facts)} for b in self.because],
                "changed_facts": list(self.facts),
            },
            "fires": list(self.fires),
            "ends": list(self.ends),
        }


def timeline(log: Log, encounter: str) -> tuple[Row, ...]:
    """The rows of an encounter, one for each event.

    Raises:
        EncounterError: CC853, there is no such encounter.
        DamagedLog: CC860.
    """
    events = log.events(encounter)
    rows: list[Row] = []
    last: Assessment | None = None
    for number, event in enumerate(events):
        said = words(event, events)
        if event.kind in SILENT and rows:
            previous = rows[-1]
            rows.append(Row(event, said, previous.at, previous.tier, None, (), (), (), (), previous.replayed))
            continue
        so_far = events[: number + 1]
        try:
            replayed = assessed(log, so_far, moment_of(so_far))
        except EncounterError:  # the opening was erased: there is a log, and no answer
            rows.append(Row(event, said, event.effective, (), None, (), (), (), (), None))
            continue
        now = replayed.assessment
        rows.append(_row(event, said, replayed, last))
        last = now
    return tuple(rows)


def _row(event: Event, said: str, replayed: Replayed, last: Assessment | None) -> Row:
    now = replayed.assessment
    tier, at = now.tier.possible, replayed.case.at
    firing = {name for name, t in now.triggers.items() if t.state == "fires"}
    fired = set() if last is None else {name for name, t in last.triggers.items() if t.state == "fires"}
    fires = tuple(name for name in now.triggers if name in firing - fired)
    ends = tuple(name for name in now.triggers if name in fired - firing)
    if last is not None and last.tier.possible == tier:
        return Row(event, said, at, tier, None, (), (), fires, ends, replayed)
    before = last.tier.possible if last is not None else ()
    # Where nothing holds that settles it, what is missing is the reason.
    because = now.tier.because or tuple(Because("missing", now.tier.missing) for _ in range(bool(now.tier.missing)))
    return Row(event, said, at, tier, before, because, _changed(last, now), fires, ends, replayed)


def _changed(last: Assessment | None, now: Assessment) -> tuple[str, ...]:
    """The facts that are otherwise than before, in the order of the assessment; those that grew stale too."""
    if last is None:
        return ()
    return tuple(name for name in sorted({*last.facts, *now.facts}) if _held(last, name) != _held(now, name))


def _held(assessment: Assessment, name: str) -> object:
    report = assessment.facts.get(name)
    return None if report is None else (report.state, report.value, report.low, report.high, report.possible)


def words(event: Event, events: Sequence[Event]) -> str:
    """What an event says, in ids and as it was entered; `erased` where its payload is gone."""
    payload = event.payload
    target = f" event {event.target}" if event.target is not None else ""
    if payload is None:
        return f"{event.kind}{target}: erased"
    reason = f" ({payload['reason']})" if payload.get("reason") else ""
    if event.kind == "fact_recorded":
        return f"{payload['fact']}: {statement_text(payload['statement'])}"
    if event.kind == "fact_corrected":
        return f"corrects{target}, {_fact(event, events)}: {statement_text(payload['statement'])}{reason}"
    if event.kind == "retracted":
        return f"retracts{target}, {_fact(event, events)}{reason}"
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
        text = f": {payload['text']}" if payload.get("text") else ""
        return f"handed over to {payload['to']}{setting}{text}"
    if event.kind == "encounter_opened":
        label = f", {payload['label']}" if payload.get("label") else ""
        return f"opened in {payload['setting']} with {payload['dossier']}{label}"
    if event.kind == "outcome_recorded":
        return f"outcome: {payload['outcome']}" + (f": {payload['text']}" if payload.get("text") else "")
    what = payload.get("action") or payload.get("advice")
    return f"{event.kind.replace('_', ' ')}: {what}{reason}"


def _fact(event: Event, events: Sequence[Event]) -> str:
    by_seq = {e.seq: e for e in events}
    found: Event | None = event
    while found is not None and found.target is not None:
        found = by_seq.get(found.target)
    if found is None or found.payload is None:
        return "erased"
    payload = found.payload
    return str(payload.get("fact") or payload.get("action") or payload.get("what") or found.kind)


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


def moved(row: Row, previous: Row | None) -> tuple[Difference, ...]:
    """What else the answers of a row are otherwise in than those of the row before."""
    if row.replayed is None or previous is None or previous.replayed is None:
        return ()
    return differences(summary(previous.replayed.assessment), summary(row.replayed.assessment))
