"""A log in, everything that is wrong with it out: by encounter and event, with what is wrong. Changes nothing.

The chain shows an edit only to somebody who knows a hash from before it: whoever can rewrite every later event can
rewrite the hashes too. An anchor that is kept elsewhere is such a hash.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import select, text
from sqlalchemy.engine import Connection

from clinical_commander.canonical import content_hash
from clinical_commander.encounter.chain import Finding
from clinical_commander.encounter.events import refused, utc_text
from clinical_commander.encounter.log import Log
from clinical_commander.encounter.packs import unpacked
from clinical_commander.encounter.read import findings, stored_events
from clinical_commander.encounter.tables import ENCOUNTERS, EVENTS, PACKS, PAYLOADS
from clinical_commander.errors import DamagedLog, EncounterError
from clinical_commander.frozen import frozen

ANCHOR: Final = "anchor/1"


@frozen
class Verified:
    """What a check found: how much was looked at, and the faults."""

    encounters: int
    events: int
    erased: int
    packs: int
    findings: tuple[Finding, ...]

    @property
    def whole(self) -> bool:
        """Whether nothing is wrong."""
        return not self.findings


def verify(
    log: Log, encounters: Sequence[str] | None = None, anchor: Mapping[str, Any] | None = None, *, deep: bool = True
) -> Verified:
    """Everything that is wrong with a log.

    Args:
        log: The log.
        encounters: Only these; all where not given.
        anchor: What `make_anchor` gave earlier, from where nobody could change it.
        deep: Also let the database check its own file, and every pack its hash.
    """
    found: list[Finding] = []
    counts = {"encounters": 0, "events": 0, "erased": 0, "packs": 0}
    try:
        with log.database.reading() as connection:
            if deep and log.database.is_sqlite:
                found += _file(connection)
            if deep:
                found += _packs(connection, counts)
            found += _encounters(connection, encounters, counts)
            if anchor is not None:
                found += _anchored(connection, anchor, encounters)
    except DamagedLog as error:
        found += [Finding("", 0, "file", problem.cause) for problem in error.problems]
    except EncounterError as error:
        # A file that is cut can fail in many ways while it is read; what cannot be read is not whole.
        found += [Finding("", 0, "file", f"it cannot be read: {problem.cause}") for problem in error.problems]
    return Verified(**counts, findings=tuple(dict.fromkeys(found)))


def _file(connection: Connection) -> Iterator[Finding]:
    for (said,) in connection.execute(text("PRAGMA integrity_check(20)")).all():
        if said != "ok":
            # Its words name pages, tables and indexes, and no values.
            yield Finding("", 0, "file", f"the file is damaged: {' '.join(str(said).split())[:120]}")
    for row in connection.execute(text("PRAGMA foreign_key_check")).all():
        yield Finding("", 0, "file", f"a row of {row[0]} belongs to nothing in {row[2]}")


def _packs(connection: Connection, counts: dict[str, int]) -> Iterator[Finding]:
    for hash in connection.execute(select(PACKS.c.hash).order_by(PACKS.c.hash)).scalars().all():
        counts["packs"] += 1
        data = unpacked(connection.execute(select(PACKS.c.body).where(PACKS.c.hash == hash)).scalar())
        if data is None or hashlib.sha256(data).hexdigest() != hash:
            yield Finding("", 0, "pack", f"pack {str(hash)[:12]} altered: it does not have its hash")


def _encounters(connection: Connection, wanted: Sequence[str] | None, counts: dict[str, int]) -> Iterator[Finding]:
    heads = connection.execute(select(ENCOUNTERS).order_by(ENCOUNTERS.c.id)).all()
    packs = set(connection.execute(select(PACKS.c.hash)).scalars())
    known = {head.id for head in heads}
    for head in heads:
        if wanted is not None and head.id not in wanted:
            continue
        stored = stored_events(connection, head.id)
        counts["encounters"] += 1
        counts["events"] += len(stored)
        counts["erased"] += sum(one.present and one.body is None for one in stored)
        yield from findings(head.id, head.seq, head.hash, head.pack, stored)
        for lost in sorted({str(one.event.pack) for one in stored} - {str(p) for p in packs}):
            yield Finding(head.id, 0, "pack", f"pack {lost[:12]} is missing: it cannot be replayed")
    for id in wanted or ():
        if id not in known:
            yield Finding(id, 0, "missing", "missing: there is no such encounter")
    if wanted is None:
        for table in (EVENTS, PAYLOADS):
            for id in connection.execute(select(table.c.encounter).distinct()).scalars():
                if id not in known:
                    yield Finding(str(id), 0, "head", f"{table.name} of an encounter that has no head")
        pairs = connection.execute(select(PAYLOADS.c.encounter, PAYLOADS.c.seq)).all()
        events = {tuple(row) for row in connection.execute(select(EVENTS.c.encounter, EVENTS.c.seq)).all()}
        for pair in pairs:
            if tuple(pair) not in events:
                yield Finding(str(pair[0]), 0, "payload_missing", f"a payload without its event ({pair[1]})")


# --- anchors


def make_anchor(log: Log) -> dict[str, Any]:
    """The number and hash of the last event of every encounter, with a hash over all: to be kept elsewhere.

    It holds nothing of any patient. A log that later lacks one of these events, or has another in its place, is not the
    log of which this was made.
    """
    heads = {head.id: {"seq": head.seq, "hash": head.hash} for head in log.encounters()}
    body = {"schema": ANCHOR, "made_at": utc_text(log.clock()), "encounters": heads}
    return {**body, "hash": content_hash(body)}


def read_anchor(data: object) -> Mapping[str, Any]:
    """An anchor, checked against its own hash.

    Raises:
        EncounterError: CC862, it is none, or was altered.
    """
    try:
        if not isinstance(data, Mapping) or data["schema"] != ANCHOR:
            raise ValueError
        body = {key: data[key] for key in ("schema", "made_at", "encounters")}
        if content_hash(body) != data["hash"]:
            raise ValueError
        datetime.fromisoformat(body["made_at"])
        for head in body["encounters"].values():
            if not isinstance(head["seq"], int) or len(bytes.fromhex(head["hash"])) != 32:
                raise ValueError
    except (KeyError, ValueError, TypeError, AttributeError):
        raise refused("CC864", "This is no anchor, or it was altered.", "Use one of `export-anchor`.") from None
    return data


def _anchored(connection: Connection, anchor: Mapping[str, Any], wanted: Sequence[str] | None) -> Iterator[Finding]:
    for id, head in read_anchor(anchor)["encounters"].items():
        if wanted is not None and id not in wanted:
            continue
        here = (EVENTS.c.encounter == id) & (EVENTS.c.seq == head["seq"])
        found = connection.execute(select(EVENTS.c.hash).where(here)).scalar()
        if found is None:
            text = f"missing: the anchor of {anchor['made_at'][:19]}Z knows event {head['seq']}"
            yield Finding(id, head["seq"], "anchor", text)
        elif found != head["hash"]:
            text = f"rewritten: event {head['seq']} is not the one that the anchor of {anchor['made_at'][:19]}Z knows"
            yield Finding(id, head["seq"], "anchor", text)
