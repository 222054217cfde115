"""Rows of the database in, events out; and what is wrong with the events of one encounter."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Final

from sqlalchemy import and_, bindparam, select
from sqlalchemy.engine import Connection

from clinical_commander.encounter.chain import Finding, Stored, damage
from clinical_commander.encounter.events import Event
from clinical_commander.encounter.tables import EVENTS, PAYLOADS
from clinical_commander.frozen import replace

COLUMNS: Final = tuple(column.name for column in EVENTS.columns)
# Made once, for making a query takes as long as asking it.
_ALL: Final = (
    select(EVENTS, PAYLOADS.c.salt, PAYLOADS.c.body, PAYLOADS.c.seq.label("present"))
    .select_from(
        EVENTS.outerjoin(PAYLOADS, and_(PAYLOADS.c.encounter == EVENTS.c.encounter, PAYLOADS.c.seq == EVENTS.c.seq))
    )
    .where(EVENTS.c.encounter == bindparam("one"))
    .order_by(EVENTS.c.seq)
)
_ONE: Final = _ALL.where(EVENTS.c.seq == bindparam("number"))


def stored_events(connection: Connection, encounter: str, seq: int | None = None) -> tuple[Stored, ...]:
    """The events of an encounter as the database holds them, in the order of `seq`; or one of them."""
    if seq is None:
        rows = connection.execute(_ALL, {"one": encounter}).mappings().all()
    else:
        rows = connection.execute(_ONE, {"one": encounter, "number": seq}).mappings().all()
    return tuple(
        Stored(Event(**{name: row[name] for name in COLUMNS}), row["salt"], row["body"], row["present"] is not None)
        for row in rows
    )


def event_of(stored: Stored) -> Event:
    """The event with its payload as written; None where it was erased."""
    return replace(stored.event, payload=json.loads(stored.body) if stored.body is not None else None)


def findings(encounter: str, seq: int, hash: str, pack: str, stored: Sequence[Stored]) -> tuple[Finding, ...]:
    """What is wrong with one encounter.

    Args:
        encounter: Its id.
        seq: The number of its last event, as its head says.
        hash: The hash of its last event, as its head says.
        pack: The pack it is pinned to, as its head says.
        stored: Its events.
    """
    try:
        return tuple(_findings(encounter, seq, hash, pack, stored))
    except (TypeError, ValueError, AttributeError):  # a flipped bit can change the type of a value
        return (Finding(encounter, 0, "event_altered", "event altered: a value has another type than was written"),)


def _findings(encounter: str, seq: int, hash: str, pack: str, stored: Sequence[Stored]) -> list[Finding]:
    found = list(damage(encounter, stored, erased_in(stored)))
    last = stored[-1].event if stored else None
    if last is None or last.seq < seq:
        at = last.seq if last else 0
        found.append(Finding(encounter, at + 1, "cut", f"missing: the log ends at event {at} and should at {seq}"))
    elif last.seq > seq or last.hash != hash or last.pack != pack:
        text = "the head of the encounter does not name its last event"
        found.append(Finding(encounter, last.seq, "head", text))
    return found


def erased_in(stored: Sequence[Stored]) -> frozenset[int]:
    """The events whose payload was erased, by the events that say so."""
    events = (one.event for one in stored)
    return frozenset(e.target for e in events if e.kind == "payload_erased" and e.target is not None)
