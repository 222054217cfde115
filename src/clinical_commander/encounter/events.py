"""What happened in an encounter: the kinds of event, what each must say, and the frozen `Entry` and `Event`.

An `Entry` is what a writer hands in; an `Event` is what stands in the log. Neither names a patient: an encounter has an
opaque id, and what was measured or written lies in the payload, which can be erased without breaking the chain.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from clinical_commander.derive.observation import CLOCK_SKEW
from clinical_commander.errors import CaseError, EncounterError, Problem, did_you_mean
from clinical_commander.frozen import field, frozen

LONGEST_TEXT: Final = 400
"""Characters of a reason, a label, an actor or a key: what a person writes into one line."""
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:@/#-]{0,119}")


@frozen
class Shape:
    """What a kind of event must say and may say. `targets`: it speaks of an earlier event, by number."""

    says: str
    must: tuple[str, ...] = ()
    may: tuple[str, ...] = ()
    version: int = 1
    targets: bool = False


KINDS: Final[Mapping[str, Shape]] = {
    "encounter_opened": Shape("opened", ("dossier", "setting"), ("entry", "region", "label", "site")),
    "context_recorded": Shape("placed", (), ("setting", "entry", "region", "label")),
    "fact_recorded": Shape("recorded", ("fact", "statement")),
    "fact_corrected": Shape("corrected", ("statement",), ("reason",), targets=True),
    "retracted": Shape("retracted", ("reason",), targets=True),
    "assessment_shown": Shape("assessment shown", ("at", "assessment", "engine", "summary")),
    "advice_accepted": Shape("advice accepted", ("advice",), ("reason",)),
    "advice_overridden": Shape("advice overridden", ("advice", "reason")),
    "action_ordered": Shape("ordered", ("action",), ("reason",)),
    "action_done": Shape("done", ("action",), ("reason",)),
    "action_declined": Shape("declined", ("action", "reason")),
    "decision_recorded": Shape("decided", ("what", "value"), ("reason",)),
    "handed_over": Shape("handed over", ("to",), ("setting", "text")),
    "outcome_recorded": Shape("outcome", ("outcome",), ("text",)),
    "pack_upgraded": Shape("content upgraded", ("before", "after", "content", "answers"), ("reason",)),
    "payload_erased": Shape("payload erased", ("reason",), targets=True),
}
RESERVED: Final = frozenset(("encounter_opened", "assessment_shown", "pack_upgraded", "payload_erased"))
"""Kinds that only the log itself writes."""
COMPUTED: Final = frozenset(("assessment_shown", "pack_upgraded"))
"""Kinds whose words are computed and not entered."""


@frozen
class Entry:
    """What a writer hands in. Without `effective_at` it is true of now; without `key` it is a new event each time.

    `target` is the number of the event that it corrects, retracts or erases.
    """

    kind: str
    payload: Mapping[str, Any]
    actor: str
    effective_at: datetime | None = None
    key: str | None = None
    target: int | None = None


@frozen
class Event:
    """One event as it stands in the log. Times are texts, because the hash is of the texts.

    `recorded_at` is the server's, in UTC, and later than that of the event before. `effective_at` is when it was true
    of the patient, in the zone it was entered in. `payload` is None once it was erased; `target` stands outside it, so
    that an erased retraction still retracts.
    """

    encounter: str
    seq: int
    kind: str
    version: int
    recorded_at: str
    effective_at: str
    actor: str
    key: str
    pack: str
    target: int | None
    payload_hash: str
    previous: str
    hash: str
    payload: Mapping[str, Any] | None = field(default=None, compare=False)

    @property
    def recorded(self) -> datetime:
        """The moment it was acknowledged."""
        return datetime.fromisoformat(self.recorded_at)

    @property
    def effective(self) -> datetime:
        """The moment it speaks of."""
        return datetime.fromisoformat(self.effective_at)

    def header(self) -> dict[str, object]:
        """What the hash of the event is of: everything but the payload itself and the hashes around it."""
        return {
            "encounter": self.encounter,
            "seq": self.seq,
            "kind": self.kind,
            "version": self.version,
            "recorded_at": self.recorded_at,
            "effective_at": self.effective_at,
            "actor": self.actor,
            "key": self.key,
            "pack": self.pack,
            "target": self.target,
            "payload": self.payload_hash,
        }


# --- what is refused


def begun_by(event: Event, events: Sequence[Event]) -> Event:
    """The event that said first what a correction or a retraction speaks of; of any other, itself.

    Args:
        event: One of an encounter.
        events: Those of the encounter.
    """
    if event.target is None:
        return event
    by_seq = {e.seq: e for e in events}
    while event.target is not None and event.target in by_seq:
        event = by_seq[event.target]
    return event


def check_entry(entry: Entry, now: datetime) -> None:
    """Nothing, where an entry has the shape of its kind and times that can be.

    Raises:
        EncounterError: CC854, it lacks something or says what its kind does not say.
        CaseError: CC613, its time has no zone; CC614, it lies more than 5 minutes ahead.
    """
    shape = KINDS.get(entry.kind)
    if shape is None:
        mend = did_you_mean(entry.kind, KINDS) or f"There are: {', '.join(KINDS)}."
        raise refused("CC854", "There is no such kind of event.", mend)
    missing = [name for name in shape.must if entry.payload.get(name) in (None, "")]
    unknown = [name for name in entry.payload if name not in (*shape.must, *shape.may)]
    if missing:
        raise refused(
            "CC854", f"An event `{entry.kind}` has no `{missing[0]}`.", f"It needs {' and '.join(shape.must)}."
        )
    if not shape.must and not entry.payload:
        raise refused("CC854", f"An event `{entry.kind}` says nothing.", f"It may have: {', '.join(shape.may)}.")
    if unknown:
        known = ", ".join((*shape.must, *shape.may))
        raise refused("CC854", f"An event `{entry.kind}` has a key that it does not know.", f"It may have: {known}.")
    if shape.targets != (entry.target is not None):
        cause = f"An event `{entry.kind}` names {'no earlier event' if shape.targets else 'an earlier event'}."
        raise refused("CC854", cause, "`commander encounter show` gives the numbers.")
    for name in ("reason", "label", "text", "to", "outcome", "advice"):
        text = entry.payload.get(name)
        if text is not None and not is_line(text):
            raise refused("CC854", f"`{name}` is no short text.", f"Write at most {LONGEST_TEXT} characters.")
    check_actor(entry.actor)
    if entry.key is not None:
        check_name(entry.key, "key")
    if entry.effective_at is not None:
        check_time(entry.effective_at, now)


def check_actor(actor: str) -> None:
    """Nothing, where somebody is named.

    Raises:
        EncounterError: CC854.
    """
    if not is_line(actor):
        raise refused("CC854", "The event names nobody.", "Say who: `--actor NAME`, one short line.")


def check_name(name: str, what: str) -> None:
    """Nothing, where an id or key can stand in a URL and a log.

    Raises:
        EncounterError: CC854; the name itself is not repeated, for it may be a patient's.
    """
    if not _NAME.fullmatch(name):
        mend = "Use letters, digits and . _ : @ / # -, at most 120. Never a patient's name or number."
        raise refused("CC854", f"This cannot be the {what} of anything.", mend)


def check_time(effective: datetime, now: datetime) -> None:
    """Nothing, where a moment has a zone and is not ahead of the clock by more than 5 minutes.

    Raises:
        CaseError: CC613, CC614.
    """
    if effective.utcoffset() is None:
        cause = "The time of this event has no zone: the same clock time is another moment elsewhere."
        raise CaseError(Problem("CC613", cause, "Add the zone, as in `2026-11-21T14:05:00-05:00`, or `Z` for UTC."))
    if effective - now > CLOCK_SKEW:
        minutes = CLOCK_SKEW // timedelta(minutes=1)
        cause = f"The time of this event lies more than {minutes} minutes ahead of the clock."
        raise CaseError(Problem("CC614", cause, "Correct it: what has not happened yet cannot be recorded."))


def is_line(text: object) -> bool:
    """Whether it is one short line of text that a terminal can show."""
    return isinstance(text, str) and 0 < len(text.strip()) <= LONGEST_TEXT and text.isprintable()


def refused(code: str, cause: str, mend: str = "") -> EncounterError:
    """The error of an entry that is not taken; nothing was recorded."""
    return EncounterError(Problem(code, cause, mend))


def utc_text(moment: datetime) -> str:
    """A moment in UTC with microseconds: of equal length, so that texts sort as moments do."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f+00:00")
