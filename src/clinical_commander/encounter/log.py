"""The encounter log: entries in, acknowledged events out. What `append` returns is on the disk.

Guarantee: an event acknowledged to a client is recoverable after process kill, and after power loss if the disk honours
fsync; unacknowledged events are entirely present or absent; any edit, deletion or reordering is detected.
"""

from __future__ import annotations

import json
import secrets
import uuid
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from sqlalchemy import bindparam, select, update
from sqlalchemy.engine import Connection, Row

from clinical_commander.canonical import canonical_json
from clinical_commander.dossier.model import Dossier
from clinical_commander.encounter.chain import GENESIS, SALT_BYTES, event_hash, payload_hash
from clinical_commander.encounter.database import Database, url_of
from clinical_commander.encounter.events import (
    COMPUTED,
    RESERVED,
    Entry,
    Event,
    check_entry,
    check_name,
    refused,
    utc_text,
)
from clinical_commander.encounter.packs import Pack, archive, dossier_of, pack_of, read_pack
from clinical_commander.encounter.read import COLUMNS, event_of, findings, stored_events
from clinical_commander.encounter.statements import CORRECTABLE, RETRACTABLE, check_content, read_statement
from clinical_commander.encounter.tables import ENCOUNTERS, EVENTS, PAYLOADS
from clinical_commander.encounter.upcast import EventSchema
from clinical_commander.engine.assess import Engine
from clinical_commander.errors import DamagedLog, Problem
from clinical_commander.frozen import frozen, replace
from clinical_commander.program.stored import open_program

Clock = Callable[[], datetime]
GUARANTEE = (
    "an event acknowledged to a client is recoverable after process kill, and after power loss if the disk honours "
    "fsync; unacknowledged events are entirely present or absent; any edit, deletion or reordering is detected."
)

# What every append says to the database; made once, for making it takes as long as saying it.
_HEAD: Final = select(ENCOUNTERS).where(ENCOUNTERS.c.id == bindparam("one"))
_LAST: Final = select(EVENTS.c.seq, EVENTS.c.hash, EVENTS.c.recorded_at).where(
    EVENTS.c.encounter == bindparam("one"), EVENTS.c.seq >= bindparam("from")
)
_BY_KEY: Final = select(EVENTS.c.seq).where(EVENTS.c.encounter == bindparam("one"), EVENTS.c.key == bindparam("name"))
_MOVE_HEAD: Final = update(ENCOUNTERS).where(ENCOUNTERS.c.id == bindparam("one"))
_ADD_EVENT: Final = EVENTS.insert()
_ADD_PAYLOAD: Final = PAYLOADS.insert()


@frozen
class Head:
    """The last event of an encounter: its number, its hash, and the pack that the encounter is pinned to."""

    id: str
    seq: int
    hash: str
    pack: str


def open_log(database: str | Path | None = None, *, clock: Clock | None = None) -> Log:
    """The log in a database; its tables are made where there are none.

    Args:
        database: A path (SQLite), or a URL of SQLite or PostgreSQL; else `CLINICAL_COMMANDER_DB`, else the file of
            this user.
        clock: Gives the moment at which an event is recorded, with a zone; the machine's where not given.

    Raises:
        EncounterError: CC850 to CC852, it cannot be opened, a newer program made it, or it could lose what it
            acknowledges.
        DamagedLog: CC861, the file is no database.
    """
    opened = Database(url_of(database))
    opened.prepare()
    return Log(opened, clock)


class Log:
    """One encounter log. Safe to share between threads; many processes may write at once."""

    def __init__(self, database: Database, clock: Clock | None = None, schema: EventSchema | None = None) -> None:
        self.database = database
        self.clock: Clock = clock or (lambda: datetime.now(UTC))
        self.schema = schema or EventSchema()
        self._engines: dict[str, Engine] = {}

    def close(self) -> None:
        """Let go of the database."""
        self.database.close()

    # -- writing

    def new(
        self,
        content: Dossier | bytes | Pack,
        setting: str,
        actor: str,
        *,
        entry: str | None = None,
        region: str | None = None,
        label: str | None = None,
        site: Mapping[str, Any] | None = None,
        id: str | None = None,
        key: str | None = None,
        effective_at: datetime | None = None,
    ) -> Event:
        """A new encounter, pinned to a pack; its first event.

        Args:
            content: The dossier to run it with, its pack, or the bytes of that. Kept in the log.
            setting: Where the patient is.
            actor: Who opens it.
            entry: The entry point of the dossier.
            region: `high_income` or `tb_endemic`.
            label: A bed or a colour, to tell encounters apart; never a name. It can be erased.
            site: `capabilities` and what an assessment lists of the site.
            id: An opaque id; a random one where not given.
            key: With an id of your own, makes a repeated call harmless.
            effective_at: Since when.
        """
        pack = pack_of(content)
        name = id or uuid.uuid4().hex
        check_name(name, "id")
        said = {"dossier": pack.dossier.id, "setting": setting, "entry": entry, "region": region, "label": label}
        payload = {k: v for k, v in {**said, "site": dict(site) if site else None}.items() if v is not None}
        opening = Entry("encounter_opened", payload, actor, effective_at, key or "opened")
        now = self.clock()
        check_entry(opening, now)
        check_content(opening, self.engine_of(pack).dossier, now)
        with self.database.writing(name) as connection:
            if self._head(connection, name) is not None:
                found = self._already(connection, name, opening)
                if found is None:
                    raise refused("CC855", "There is an encounter with this id.", "Leave the id out, or use another.")
                return found
            archive(connection, pack)
            return self._write(connection, Head(name, 0, GENESIS, pack.hash), opening, "", now)

    def append(self, encounter: str, entry: Entry, *, expect: int | None = None, pack: str | None = None) -> Event:
        """One event. See `append_all`."""
        return self.append_all(encounter, [entry], expect=expect, pack=pack)[0]

    def append_all(
        self, encounter: str, entries: Sequence[Entry], *, expect: int | None = None, pack: str | None = None
    ) -> tuple[Event, ...]:
        """Events that are recorded together: all of them or none.

        Args:
            encounter: Its id.
            entries: In their order. An entry whose key is in the log already is not recorded again.
            expect: The number of the last event that the writer has seen; refused where there is a later one.
            pack: The hash of the content that the writer speaks of; refused where the encounter has another.

        Raises:
            CaseError: What a case with the same words would be refused for; CC613, CC614 for a time.
            EncounterError: CC853 no such encounter; CC854 the wrong shape, or nothing to correct; CC855 the key stands
                for another event; CC856 somebody else wrote meanwhile; CC857 another pack; CC858 not written.
            DamagedLog: CC860, the end of the chain was altered.
        """
        if any(entry.kind in RESERVED for entry in entries):
            raise refused("CC854", "This kind of event is written by the log itself.", "Use its own command.")
        return self._append(encounter, entries, expect, pack)

    def _append(
        self, encounter: str, entries: Sequence[Entry], expect: int | None, pack: str | None = None
    ) -> tuple[Event, ...]:
        now = self.clock()
        for entry in entries:
            check_entry(entry, now)
        written = self._written(encounter, entries, expect, pack, now)
        while isinstance(written, str):
            self.engine(written)  # not under the lock: making it ready takes longer than writing
            written = self._written(encounter, entries, expect, pack, now)
        return written

    def _written(
        self, encounter: str, entries: Sequence[Entry], expect: int | None, pack: str | None, now: datetime
    ) -> tuple[Event, ...] | str:
        """The events as they were written; the hash of a pack, and nothing was written, where its engine is missing."""
        with self.database.writing(encounter) as connection:
            head = self._standing(connection, encounter)
            if head.pack not in self._engines:
                return head.pack
            known = [self._already(connection, encounter, entry) for entry in entries]
            found = tuple(event for event in known if event is not None)
            if len(found) == len(entries):
                return found
            if found:
                raise refused("CC855", "Some of these keys are in the log already.", "Use new keys for new events.")
            if expect is not None and expect != head.seq:
                cause = f"The encounter stands at event {head.seq}, not {expect}: somebody else wrote meanwhile."
                raise refused("CC856", cause, "Look at what is new, then decide again.")
            if pack is not None and pack != head.pack:
                cause = f"The encounter runs on the pack {head.pack[:12]}, not on {pack[:12]}."
                raise refused("CC857", cause, "Load it again, or upgrade the encounter first.")
            recorded = self._last_recorded(connection, head)
            written = []
            for entry in entries:
                self._check_against(connection, encounter, entry, head, now)
                event = self._write(connection, head, entry, recorded, now)
                head, recorded = replace(head, seq=event.seq, hash=event.hash, pack=event.pack), event.recorded_at
                written.append(event)
            return tuple(written)

    def record_shown(self, encounter: str, entry: Entry, *, expect: int | None = None) -> Event:
        """Records an assessment that was shown; `replay.show` makes one."""
        return self._append(encounter, [entry], expect)[0]

    def upgrade(self, encounter: str, content: Dossier | bytes, said: Mapping[str, Any], entry: Entry) -> Event:
        """Pins an encounter to another pack; `replay.upgrade` says what that changes.

        Raises:
            EncounterError: CC857, it is the pack of another dossier.
        """
        pack = pack_of(content)
        now = self.clock()
        with self.database.writing(encounter) as connection:
            head = self._standing(connection, encounter)
            found = self._already(connection, encounter, entry)
            if found is not None:
                return found
            if said["before"] != head.pack:
                raise refused("CC857", "The encounter was upgraded meanwhile.", "Compare again.")
            archive(connection, pack)
            recorded = self._last_recorded(connection, head)
            entry = replace(entry, kind="pack_upgraded", payload=said)
            check_entry(entry, now)
            return self._write(connection, replace(head, pack=pack.hash), entry, recorded, now)

    def erase(self, encounter: str, seq: int, reason: str, actor: str, key: str | None = None) -> Event:
        """Erases the payload of one event and records that it was done; the chain stays whole.

        Raises:
            EncounterError: CC854, there is no such event, or it says that a payload was erased.
        """
        entry = Entry("payload_erased", {"reason": reason}, actor, None, key, seq)
        now = self.clock()
        check_entry(entry, now)
        with self.database.writing(encounter) as connection:
            head = self._standing(connection, encounter)
            found = self._already(connection, encounter, entry)
            if found is not None:
                return found
            if self._kind(connection, encounter, seq) in (None, "payload_erased"):
                raise refused("CC854", "There is no payload of this event to erase.", "`commander encounter show`.")
            here = (PAYLOADS.c.encounter == encounter) & (PAYLOADS.c.seq == seq)
            connection.execute(update(PAYLOADS).where(here).values(salt=None, body=None))
            return self._write(connection, head, entry, self._last_recorded(connection, head), now)

    # -- reading

    def encounters(self) -> tuple[Head, ...]:
        """The last event of every encounter, by id."""
        with self.database.reading() as connection:
            rows = connection.execute(select(ENCOUNTERS).order_by(ENCOUNTERS.c.id)).all()
        return tuple(Head(row.id, row.seq, row.hash, row.pack) for row in rows)

    def head(self, encounter: str) -> Head:
        """The last event of one encounter.

        Raises:
            EncounterError: CC853.
        """
        with self.database.reading() as connection:
            return self._standing(connection, encounter)

    def events(self, encounter: str) -> tuple[Event, ...]:
        """The events of an encounter in their order, payloads in the form of this program.

        Raises:
            EncounterError: CC853; CC859, a newer program wrote one of them.
            DamagedLog: CC860, what stands there is not what was written. Nothing of it is given out.
        """
        with self.database.reading() as connection:
            head = self._standing(connection, encounter)
            stored = stored_events(connection, encounter)
        wrong = findings(head.id, head.seq, head.hash, head.pack, stored)
        if wrong:
            mend = "`commander encounter verify` says what is wrong; restore it from a backup."
            raise DamagedLog([Problem("CC860", str(one), mend) for one in wrong])
        return tuple(self.schema.current(event_of(one)) for one in stored)

    def pack(self, hash: str) -> bytes:
        """The bytes of an archived pack.

        Raises:
            EncounterError: CC857, it is not here.
            DamagedLog: CC862, it was altered.
        """
        with self.database.reading() as connection:
            return read_pack(connection, hash)

    def engine(self, pack: str) -> Engine:
        """The engine of an archived pack, made once."""
        if pack not in self._engines:
            dossier = dossier_of(self.pack(pack))
            self._engines[pack] = Engine(dossier, open_program(dossier))
        return self._engines[pack]

    def recent(self, most: int) -> tuple[Event, ...]:
        """The last events of the encounters in which something happened last, newest first.

        Args:
            most: How many encounters at most.
        """
        at_head = (EVENTS.c.encounter == ENCOUNTERS.c.id) & (EVENTS.c.seq == ENCOUNTERS.c.seq)
        query = select(EVENTS.c.encounter, EVENTS.c.seq).select_from(ENCOUNTERS.join(EVENTS, at_head))
        with self.database.reading() as connection:
            rows = connection.execute(query.order_by(EVENTS.c.recorded_at.desc()).limit(most)).all()
            return tuple(event_of(stored_events(connection, row.encounter, row.seq)[0]) for row in rows)

    def engine_of(self, pack: Pack) -> Engine:
        """The engine of a pack that need not be archived, made once."""
        if pack.hash not in self._engines:
            self._engines[pack.hash] = Engine(pack.dossier, open_program(pack.dossier))
        return self._engines[pack.hash]

    # -- inside a transaction

    def _head(self, connection: Connection, encounter: str) -> Head | None:
        row = connection.execute(_HEAD, {"one": encounter}).first()
        return None if row is None else Head(row.id, row.seq, row.hash, row.pack)

    def _standing(self, connection: Connection, encounter: str) -> Head:
        head = self._head(connection, encounter)
        if head is None:
            raise refused("CC853", "There is no such encounter.", "`commander encounter list` lists them.")
        return head

    def _last_recorded(self, connection: Connection, head: Head) -> str:
        rows = connection.execute(_LAST, {"one": head.id, "from": head.seq}).all()
        if len(rows) != 1 or rows[0].seq != head.seq or rows[0].hash != head.hash:
            cause = f"{head.id}: its last event is not the one that was written last."
            raise DamagedLog(Problem("CC860", cause, "`commander encounter verify` says what is wrong."))
        recorded: str = rows[0].recorded_at
        return recorded

    def _already(self, connection: Connection, encounter: str, entry: Entry) -> Event | None:
        """The event that this entry became when it was sent before."""
        if entry.key is None:
            return None
        row: Row[Any] | None = connection.execute(_BY_KEY, {"one": encounter, "name": entry.key}).first()
        if row is None:
            return None
        [stored] = stored_events(connection, encounter, row.seq)
        event = event_of(stored)
        moved = entry.effective_at is not None and entry.effective_at.isoformat() != event.effective_at
        otherwise = event.payload is not None and canonical_json(event.payload) != canonical_json(dict(entry.payload))
        if event.kind in COMPUTED:  # what they say was computed at their moment, and is not said again
            moved = otherwise = False
        if (event.kind, event.target) != (entry.kind, entry.target) or moved or otherwise:
            raise refused("CC855", "This key stands for another event already.", "Use a new key for a new event.")
        return event

    def _kind(self, connection: Connection, encounter: str, seq: int) -> str | None:
        here = (EVENTS.c.encounter == encounter) & (EVENTS.c.seq == seq)
        found: str | None = connection.execute(select(EVENTS.c.kind).where(here)).scalar()
        return found

    def _check_against(self, connection: Connection, encounter: str, entry: Entry, head: Head, now: datetime) -> None:
        """Refuses what the content or the events before do not know."""
        dossier = self.engine(head.pack).dossier
        check_content(entry, dossier, now)
        targets = {"fact_corrected": CORRECTABLE, "retracted": RETRACTABLE}.get(entry.kind)
        if targets is None or entry.target is None:
            return
        stored = stored_events(connection, encounter, entry.target)
        if not stored or stored[0].event.kind not in targets:
            cause = f"There is nothing under that number that can be {entry.kind.removeprefix('fact_')}."
            raise refused("CC854", cause, "`commander encounter show` gives the numbers.")
        if entry.kind == "fact_corrected":
            fact = self._fact_of(connection, event_of(stored[0]))
            if fact is not None:
                read_statement(fact, entry.payload["statement"], dossier, entry.effective_at or now, now)

    def _fact_of(self, connection: Connection, event: Event) -> str | None:
        """The fact that an event, or what it corrects, speaks of; None where its payload was erased."""
        while event.target is not None:
            event = event_of(stored_events(connection, event.encounter, event.target)[0])
        return event.payload["fact"] if event.payload else None

    def _write(self, connection: Connection, head: Head, entry: Entry, last: str, now: datetime) -> Event:
        seq = head.seq + 1
        moment = now
        if last:
            # Later than the event before, whatever the clock says: "as known at" cuts between any two events.
            moment = max(now, datetime.fromisoformat(last) + timedelta(microseconds=1))
        effective = entry.effective_at or now
        if entry.kind == "fact_corrected" and entry.effective_at is None:
            here = (EVENTS.c.encounter == head.id) & (EVENTS.c.seq == entry.target)
            effective = datetime.fromisoformat(
                connection.execute(select(EVENTS.c.effective_at).where(here)).scalar_one()
            )
        salt = secrets.token_hex(SALT_BYTES)
        body = canonical_json(dict(entry.payload)).decode()
        event = Event(
            encounter=head.id,
            seq=seq,
            kind=entry.kind,
            version=self.schema.kinds[entry.kind].version,
            recorded_at=utc_text(moment),
            effective_at=effective.isoformat(),
            actor=entry.actor,
            key=entry.key or uuid.uuid4().hex,
            pack=head.pack,
            target=entry.target,
            payload_hash=payload_hash(salt, body),
            previous=head.hash,
            hash="",
            payload=json.loads(body),
        )
        event = replace(event, hash=event_hash(event.previous, event))
        row = {name: getattr(event, name) for name in COLUMNS}
        top = {"seq": seq, "hash": event.hash, "pack": event.pack}
        if seq == 1:
            connection.execute(ENCOUNTERS.insert(), {"id": head.id, **top})
        else:
            connection.execute(_MOVE_HEAD, {"one": head.id, **top})
        connection.execute(_ADD_EVENT, row)
        connection.execute(_ADD_PAYLOAD, {"encounter": head.id, "seq": seq, "salt": salt, "body": body})
        return event
