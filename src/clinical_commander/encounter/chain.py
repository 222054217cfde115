"""Events in, their hashes out: each hash is of the one before and of the event, so that no event can change alone.

`hash = SHA-256(previous hash as 32 bytes ‖ canonical JSON of the event)`. The event holds the hash of its payload and
not the payload: `SHA-256(32 random bytes ‖ canonical JSON of the payload)`. When payload and salt are erased the chain
stays whole, and nobody can find the payload again by trying values.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from typing import Final

from clinical_commander.canonical import canonical_json
from clinical_commander.encounter.events import Event
from clinical_commander.errors import YamlError
from clinical_commander.frozen import frozen

GENESIS: Final = "0" * 64
"""What stands for the hash before the first event of an encounter."""
SALT_BYTES: Final = 32


@frozen
class Stored:
    """An event with its payload as the database holds it: the salt in hexadecimal and the text, both None if erased.

    `present` is False where the row of the payload is missing altogether.
    """

    event: Event
    salt: str | None = None
    body: str | None = None
    present: bool = True


@frozen
class Finding:
    """One thing that is wrong with a log: which encounter, which event (0 for the whole), what."""

    encounter: str
    seq: int
    kind: str  # payload_altered payload_missing event_altered missing reordered head cut pack projection anchor file
    text: str

    def __str__(self) -> str:
        where = f"{self.encounter} event {self.seq}" if self.seq else self.encounter
        return f"{where}: {self.text}" if where else self.text


def payload_hash(salt: str, body: str) -> str:
    """The salted hash of a payload's canonical JSON text."""
    return hashlib.sha256(bytes.fromhex(salt) + body.encode()).hexdigest()


def event_hash(previous: str, event: Event) -> str:
    """The hash of an event behind its predecessor."""
    return hashlib.sha256(bytes.fromhex(previous) + canonical_json(event.header())).hexdigest()


def damage(encounter: str, stored: Sequence[Stored], erased: frozenset[int]) -> Iterator[Finding]:
    """What is wrong with the events of one encounter, each fault under the event where it shows.

    Args:
        encounter: Whose events they should be.
        stored: In the order of `seq`.
        erased: The events whose payload was erased lawfully: an event of this log says so.
    """
    previous, expected = GENESIS, 1
    hashes = {one.event.hash: one.event.seq for one in stored}
    for one in stored:
        event = one.event
        if event.seq != expected:
            text = f"missing: after event {expected - 1} comes event {event.seq}"
            yield Finding(encounter, expected, "missing", text)
            expected = event.seq
        elif event.previous != previous:
            other = hashes.get(event.previous)
            if other is not None and other != event.seq - 1:
                text = f"reordered: it was written after what is now event {other}"
                yield Finding(encounter, event.seq, "reordered", text)
            else:
                text = "event altered, here or just before: it does not follow on the event before it"
                yield Finding(encounter, event.seq, "event_altered", text)
        if not _hashes_to(event):
            yield Finding(encounter, event.seq, "event_altered", "event altered: it does not have its hash")
        yield from _payload_damage(encounter, one, erased)
        previous, expected = event.hash, expected + 1


def _hashes_to(event: Event) -> bool:
    try:
        return event_hash(event.previous, event) == event.hash
    except (ValueError, TypeError, YamlError):  # no hexadecimal any more, or no JSON: it was altered
        return False


def _payload_damage(encounter: str, one: Stored, erased: frozenset[int]) -> Iterator[Finding]:
    event = one.event
    if not one.present:
        yield Finding(encounter, event.seq, "payload_missing", "payload missing: its row is gone")
    elif one.body is None or one.salt is None:
        if event.seq not in erased or one.body is not None or one.salt is not None:
            text = "payload missing: it is empty, and no event says that it was erased"
            yield Finding(encounter, event.seq, "payload_missing", text)
    else:
        try:
            same = payload_hash(one.salt, one.body) == event.payload_hash
        except (ValueError, TypeError, AttributeError):
            same = False
        if not same:
            text = "payload altered: it does not have the hash that the event gives it"
            yield Finding(encounter, event.seq, "payload_altered", text)
