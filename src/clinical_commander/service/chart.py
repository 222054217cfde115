"""The events of an encounter in, what the page shows of them out: each field, the last change, what was set aside.

A chart that is not recorded yet begins with an opening of its own, so that one way leads from events to an answer.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cached_property
from typing import Any

from clinical_commander.dossier.model import Dossier, Fact
from clinical_commander.encounter import Entry, Event
from clinical_commander.encounter.events import KINDS, utc_text
from clinical_commander.encounter.stay import Statement, Stay, stay_of
from clinical_commander.frozen import frozen
from clinical_commander.service.form import NOTHING, Typed
from clinical_commander.service.statement import typed_of

PAGE, UNDO = "page.", "undo."
"""Keys: `page.NONCE.what` of what a page wrote, `undo.NONCE.OTHER.n` of what took back what NONCE wrote."""
SHOWN = "assessment_shown"


@frozen
class Held:
    """What the log holds of one fact: the statement that counts, as a field shows it, and the one before it."""

    typed: Typed
    seq: int
    at: datetime
    recorded: datetime
    actor: str
    origin: str
    corrects: Typed | None
    before: Statement | None


@frozen
class Change:
    """What was recorded together, and the name under which it can be taken back."""

    nonce: str
    events: tuple[Event, ...]


class Chart:
    """One encounter after some events. `recorded` is false while nothing of it stands in the log."""

    def __init__(self, events: Sequence[Event], dossier: Dossier, *, recorded: bool = True) -> None:
        self.events, self.dossier, self.recorded = tuple(events), dossier, recorded
        self.stay: Stay = stay_of(self.events)

    @property
    def id(self) -> str:
        """The encounter; '' while it is not recorded."""
        return self.events[0].encounter if self.recorded else ""

    @property
    def seq(self) -> int:
        """The number of the last event."""
        return self.events[-1].seq if self.recorded else 0

    def placed(self, name: str) -> str:
        """Setting, region, entry or label, as it was said last."""
        return self.stay.setting if name == "setting" else str(self.stay.opening.get(name) or "")

    @cached_property
    def held(self) -> Mapping[str, Held]:
        """By fact, what counts of it."""
        by_seq, corrections, formers = self._traced
        series: dict[str, list[Statement]] = {}
        for statement in self.stay.statements:
            series.setdefault(statement.fact, []).append(statement)
        found = {}
        for name, statements in series.items():
            if name not in self.dossier.facts:
                continue
            fact, last = self.dossier.facts[name], statements[-1]
            correction = corrections.get(last.seq)
            event = correction or by_seq[last.seq]
            said = last.said
            found[name] = Held(
                typed=typed_of(fact, said, self.dossier),
                seq=last.seq,
                at=last.at,
                recorded=event.recorded,
                actor=event.actor,
                origin=str(said.get("origin", "")) if isinstance(said, Mapping) else "",
                corrects=self._former(fact, correction, formers),
                before=statements[-2] if len(statements) > 1 else None,
            )
        return found

    def typed(self, fact: str) -> Typed:
        """What the field of a fact shows."""
        held = self.held.get(fact)
        return held.typed if held is not None else NOTHING

    @cached_property
    def last_change(self) -> Change | None:
        """What the page recorded last and did not take back."""
        undone = {nonce_of(e.key) for e in self.events if e.key.startswith(UNDO)}
        written = [e for e in self.events if e.key.startswith(PAGE) and nonce_of(e.key) not in undone]
        if not written:
            return None
        nonce = nonce_of(written[-1].key)
        return Change(nonce, tuple(e for e in written if nonce_of(e.key) == nonce))

    def since(self, seq: int, nonce: str) -> tuple[Event, ...]:
        """What others wrote after an event: not by the page with this nonce."""
        later = (e for e in self.events if e.seq > max(seq, 1) and e.kind != SHOWN)
        return tuple(e for e in later if nonce not in e.key.split(".")[1:3])

    def has(self, key: str) -> bool:
        """Whether an event with this key stands in the log."""
        return any(event.key == key for event in self.events)

    @cached_property
    def _traced(self) -> tuple[Mapping[int, Event], Mapping[int, Event], Mapping[int, Any]]:
        """Events by number; by the statement that it began with, the last correction; what each correction replaced."""
        by_seq = {event.seq: event for event in self.events}
        corrections: dict[int, Event] = {}
        formers: dict[int, Any] = {}
        said: dict[int, Any] = {}
        for event in self.events:
            root = self.roots[event.seq]
            if event.kind == "fact_recorded" and event.payload:
                said[root] = event.payload["statement"]
            elif event.kind == "fact_corrected":
                corrections[root], formers[event.seq] = event, said.get(root)
                said[root] = event.payload["statement"] if event.payload else None
        return by_seq, corrections, formers

    @cached_property
    def roots(self) -> Mapping[int, int]:
        """By the number of each event, that of the event which it speaks of in the end; its own where of none."""
        found: dict[int, int] = {}
        for event in self.events:
            found[event.seq] = event.seq if event.target is None else found.get(event.target, event.target)
        return found

    def _former(self, fact: Fact, correction: Event | None, formers: Mapping[int, Any]) -> Typed | None:
        """What a statement said before a person corrected it; None where nobody did, or took that back."""
        if correction is None or correction.key.startswith(UNDO) or formers[correction.seq] is None:
            return None
        return typed_of(fact, formers[correction.seq], self.dossier)

    # -- what is not in the log

    def with_entries(self, entries: Sequence[Entry], now: datetime) -> Chart:
        """The chart as it would be after these entries: for an answer while the log cannot be written."""
        events = list(self.events)
        for entry in entries:
            events.append(unrecorded(entry, len(events) + 1, events[-1].pack, now))
        return Chart(events, self.dossier, recorded=self.recorded)


def blank(dossier: Dossier, pack: str, setting: str, site: Mapping[str, object] | None, now: datetime) -> Chart:
    """A patient of whom nothing is known."""
    payload = {"dossier": dossier.id, "setting": setting, **({"site": dict(site)} if site else {})}
    opening = Entry("encounter_opened", payload, "", now)
    return Chart([unrecorded(opening, 1, pack, now)], dossier, recorded=False)


def unrecorded(entry: Entry, seq: int, pack: str, now: datetime) -> Event:
    """An event as it would stand in the log, without a hash."""
    return Event(
        encounter="",
        seq=seq,
        kind=entry.kind,
        version=KINDS[entry.kind].version,
        recorded_at=utc_text(now),
        effective_at=(entry.effective_at or now).isoformat(),
        actor=entry.actor,
        key=entry.key or "",
        pack=pack,
        target=entry.target,
        payload_hash="",
        previous="",
        hash="",
        payload=entry.payload,
    )


def nonce_of(key: str) -> str:
    """The nonce of the page that wrote an event, from its key."""
    return key.split(".")[1] if key.count(".") > 1 else ""
