"""The events of an encounter in, what the page shows of them out: each field, the last change, what was set aside.

A chart that is not recorded yet begins with an opening of its own, so that one way leads from events to an answer.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cached_property

from clinical_commander.dossier.model import Dossier, Fact
from clinical_commander.encounter import Entry, Event
from clinical_commander.encounter.events import KINDS, utc_text
from clinical_commander.encounter.stay import Standing, Statement, Stay
from clinical_commander.engine.read_series import Series
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
    """One encounter after some events. `recorded` is false while nothing of it stands in the log.

    A chart never changes. `after` gives one with more events, which takes over what they do not touch: how long that
    takes hardly depends on how much was said before.
    """

    def __init__(
        self, events: Sequence[Event], dossier: Dossier, *, recorded: bool = True, before: Chart | None = None
    ) -> None:
        """Args:
        events: From the first on, or those behind the chart `before`.
        dossier: The content of the encounter, that of `before` too.
        recorded: Whether they stand in the log.
        before: The chart that these events come behind.
        """
        self.events: tuple[Event, ...] = (*(before.events if before is not None else ()), *events)
        self.dossier, self.recorded = dossier, recorded
        self._standing: Standing = (before._standing if before is not None else Standing()).after(events)
        self.stay: Stay = self._standing.stay()
        # By fact, the last series of which a chart of this patient has said what counts, and what it said.
        self._told: dict[str, tuple[Series, Held]] = before._told if before is not None else {}
        written = before._written if before is not None else {}
        added: dict[str, list[Event]] = {}
        for event in events:
            nonce = nonce_of(event.key)
            added.setdefault(nonce, list(written.get(nonce, ()))).append(event)
        self._written: Mapping[str, tuple[Event, ...]] = {**written, **{name: tuple(e) for name, e in added.items()}}

    def after(self, events: Sequence[Event]) -> Chart:
        """The chart with these events behind its own."""
        return Chart(events, self.dossier, recorded=self.recorded, before=self)

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
        found = {}
        for name, series in self.stay.series.items():
            if name in self.dossier.facts:
                told = self._told.get(name)
                if told is None or told[0] is not series:
                    told = self._told[name] = series, self._held(self.dossier.facts[name])
                found[name] = told[1]
        return found

    def _held(self, fact: Fact) -> Held:
        statements = self.stay.of(fact.id)
        last = statements[-1]
        return Held(
            typed=typed_of(fact, last.said, self.dossier),
            seq=last.seq,
            at=last.at,
            recorded=last.event.recorded,
            actor=last.event.actor,
            origin=str(last.said.get("origin", "")) if isinstance(last.said, Mapping) else "",
            corrects=self._former(fact, last),
            before=statements[-2] if len(statements) > 1 else None,
        )

    def _former(self, fact: Fact, statement: Statement) -> Typed | None:
        """What a statement said before a person corrected it; None where nobody did, or took that back."""
        if statement.former is None or statement.event.key.startswith(UNDO):
            return None
        return typed_of(fact, statement.former, self.dossier)

    def typed(self, fact: str) -> Typed:
        """What the field of a fact shows."""
        held = self.held.get(fact)
        return held.typed if held is not None else NOTHING

    @cached_property
    def last_change(self) -> Change | None:
        """What the page recorded last and did not take back."""
        for event in reversed(self.events):
            written = self._written[nonce_of(event.key)]
            if event.key.startswith(PAGE) and not any(e.key.startswith(UNDO) for e in written):
                return Change(nonce_of(event.key), tuple(e for e in written if e.key.startswith(PAGE)))
        return None

    def since(self, seq: int, nonce: str) -> tuple[Event, ...]:
        """What others wrote after an event: not by the page with this nonce."""
        later = self.events[bisect_right(self.events, max(seq, 1), key=lambda e: e.seq) :]
        return tuple(e for e in later if e.kind != SHOWN and nonce not in e.key.split(".")[1:3])

    def has(self, key: str) -> bool:
        """Whether an event with this key stands in the log."""
        return any(event.key == key for event in self._written.get(nonce_of(key), ()))

    @cached_property
    def roots(self) -> Mapping[int, int]:
        """By the number of each event, that of the event which it speaks of in the end; its own where of none."""
        found: dict[int, int] = {}
        for event in self.events:
            found[event.seq] = event.seq if event.target is None else found.get(event.target, event.target)
        return found

    # -- what is not in the log

    def with_entries(self, entries: Sequence[Entry], now: datetime) -> Chart:
        """The chart as it would be after these entries: for an answer while the log cannot be written."""
        first, pack = len(self.events) + 1, self.events[-1].pack
        return self.after([unrecorded(entry, seq, pack, now) for seq, entry in enumerate(entries, first)])


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
