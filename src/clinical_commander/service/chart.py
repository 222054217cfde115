"""The events of an encounter in, what the page shows of them out: each field, the last change, what was set aside.

A chart that is not recorded yet begins with an opening of its own, so that one way leads from events to an answer.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cached_property

from clinical_commander.dossier.model import Dossier
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
        by_seq = {event.seq: event for event in self.events}
        corrections = {self._root(event).seq: event for event in self.events if event.kind == "fact_corrected"}
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
                corrects=self._former(correction) if correction is not None and _typed_anew(correction) else None,
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

    def _root(self, event: Event) -> Event:
        by_seq = {e.seq: e for e in self.events}
        while event.target is not None:
            event = by_seq[event.target]
        return event

    def _former(self, correction: Event) -> Typed | None:
        """What the statement said before it was corrected."""
        root = self._root(correction)
        said = root.payload["statement"] if root.payload else None
        for event in self.events:
            if event.seq < correction.seq and event.kind == "fact_corrected" and event.payload:
                said = event.payload["statement"] if self._root(event).seq == root.seq else said
        fact = root.payload["fact"] if root.payload else ""
        return typed_of(self.dossier.facts[fact], said, self.dossier) if fact in self.dossier.facts else None

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


def _typed_anew(correction: Event) -> bool:
    """Whether a correction is one, and does not take one back."""
    return not correction.key.startswith(UNDO)


def nonce_of(key: str) -> str:
    """The nonce of the page that wrote an event, from its key."""
    return key.split(".")[1] if key.count(".") > 1 else ""
