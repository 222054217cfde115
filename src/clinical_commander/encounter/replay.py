"""A log and a moment in, the assessment of that moment out; and whether what was shown once comes out again.

The same engine and the same content give the same bytes. Another engine, or another content, gives a list of what is
otherwise. Nothing here is stored: whatever is derived from the events can be thrown away and made again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from clinical_commander import __version__
from clinical_commander.dossier.model import Dossier
from clinical_commander.encounter.differences import Difference, differences, summary
from clinical_commander.encounter.events import Entry, Event, check_time, refused
from clinical_commander.encounter.log import Log
from clinical_commander.encounter.packs import pack_of
from clinical_commander.encounter.stay import Stay, case_of, known_at, stay_of
from clinical_commander.engine.assess import Engine
from clinical_commander.engine.assessment import Assessment
from clinical_commander.engine.case import Case
from clinical_commander.errors import EncounterError
from clinical_commander.frozen import frozen

_TRIES: Final = 5


@frozen
class Replayed:
    """An encounter as it stood: the events it rests on, the case they make, and the assessment."""

    encounter: str
    events: tuple[Event, ...]
    case: Case
    assessment: Assessment
    dossier: Dossier

    @property
    def hash(self) -> str:
        """The SHA-256 of the assessment's JSON."""
        return assessment_hash(self.assessment)


@frozen
class Reproduced:
    """One assessment that was shown, assessed again with its own content.

    `same`: to the byte. None where that cannot be said, with `why`: another engine showed it, or a payload was erased.
    """

    seq: int
    at: str
    engine: str
    same: bool | None
    why: str
    differences: tuple[Difference, ...]


def assessment_hash(assessment: Assessment) -> str:
    """The SHA-256 of the assessment's JSON text, by which it is known to have been shown."""
    return hashlib.sha256(assessment.dumps().encode()).hexdigest()


def replay(
    log: Log,
    encounter: str,
    *,
    known: datetime | None = None,
    true: datetime | None = None,
    after: int | None = None,
    content: Dossier | bytes | None = None,
) -> Replayed:
    """The assessment of an encounter at a moment.

    Args:
        log: Where it is.
        encounter: Its id.
        known: As known at this moment: by what had been recorded until then.
        true: As true at this moment: by all that is recorded now, of what was so until then.
        after: As known after this event, at the moment it speaks of or was recorded, whichever is later.
        content: Assess with this dossier or pack, and not with the one that the encounter had.

    Raises:
        EncounterError: CC853, there was nothing yet; CC863, the opening was erased.
        CaseError: CC613, a moment without zone; the case cannot be read by another content.
    """
    events = log.events(encounter)
    if sum(given is not None for given in (known, true, after)) > 1:
        raise refused("CC854", "An encounter is replayed to one moment.", "Give one of them.")
    for moment in (known, true):
        if moment is not None:
            check_time(moment, max(log.clock(), moment) if moment.utcoffset() is not None else log.clock())
    if true is not None:
        return assessed(log, events, true, content, until=true)
    if after is not None:
        events = tuple(e for e in events if e.seq <= after)
        return assessed(log, events, moment_of(events), content)
    moment = known if known is not None else log.clock()
    return assessed(log, known_at(events, moment) if known is not None else events, moment, content)


def moment_of(events: Sequence[Event]) -> datetime:
    """The latest moment that events speak of."""
    if not events:
        raise refused("CC853", "Nothing of this encounter was known then.", "Choose a later moment.")
    return max(event.effective for event in events)


def assessed(
    log: Log,
    events: Sequence[Event],
    at: datetime,
    content: Dossier | bytes | None = None,
    *,
    until: datetime | None = None,
    stay: Stay | None = None,
) -> Replayed:
    """The assessment of what these events say, at a moment.

    Args:
        log: Where they are.
        events: From the first on.
        at: The moment.
        content: As in `replay`.
        until: As in `stay_of`.
        stay: What `stay_of` gives for them, where that is known already.
    """
    stay = stay or stay_of(events, until)
    engine = log.engine(events[-1].pack) if content is None else Engine(_dossier(content))
    site: Mapping[str, Any] = stay.opening.get("site") or {}
    case = case_of(stay, engine.dossier, at)
    listed = site.get("listed")
    assessment = engine.assess(case, site.get("capabilities", {}), dict(listed) if listed else None)
    return Replayed(events[-1].encounter, tuple(events), case, assessment, engine.dossier)


def _dossier(content: Dossier | bytes) -> Dossier:
    from clinical_commander.encounter.packs import dossier_of

    return dossier_of(content) if isinstance(content, bytes) else content


def show(
    log: Log, encounter: str, actor: str, *, at: datetime | None = None, key: str | None = None
) -> tuple[Replayed, Event]:
    """Assesses an encounter now, and records that the assessment was shown: its hash, its engine, what it answers.

    Args:
        log: Where it is.
        encounter: Its id.
        actor: To whom.
        at: The moment assessed, where it is not now: for a stay that is written down afterwards.
        key: Makes a repeated call harmless.
    """
    for attempt in range(_TRIES):
        events = log.events(encounter)
        moment = at or log.clock()
        replayed = assessed(log, events, moment)
        payload = {
            "at": moment.isoformat(),
            "assessment": replayed.hash,
            "engine": __version__,
            "summary": summary(replayed.assessment),
        }
        entry = Entry("assessment_shown", payload, actor, moment, key)
        try:
            return replayed, log.record_shown(encounter, entry, expect=events[-1].seq)
        except EncounterError as error:
            # Somebody recorded something between the reading and the writing: what was shown must rest on it.
            if error.problems[0].code != "CC856" or attempt == _TRIES - 1:
                raise
    raise AssertionError("unreachable")


def reproduce(log: Log, encounter: str) -> tuple[Reproduced, ...]:
    """Every assessment that was shown, assessed again with the content and the events of its time."""
    events = log.events(encounter)
    return tuple(_again(log, events, event) for event in events if event.kind == "assessment_shown")


def _again(log: Log, events: Sequence[Event], shown: Event) -> Reproduced:
    payload = shown.payload
    if payload is None:
        return Reproduced(shown.seq, shown.effective_at, "", None, "its payload was erased", ())
    before = tuple(e for e in events if e.seq < shown.seq)
    moment = datetime.fromisoformat(payload["at"])
    if before[0].payload is None:
        return Reproduced(shown.seq, payload["at"], payload["engine"], None, "the opening was erased", ())
    replayed = assessed(log, before, moment)
    same = replayed.hash == payload["assessment"]
    found = differences(payload["summary"], summary(replayed.assessment))
    if same:
        return Reproduced(shown.seq, payload["at"], payload["engine"], True, "", ())
    if any(e.payload is None for e in before):
        return Reproduced(shown.seq, payload["at"], payload["engine"], None, "a payload was erased since", found)
    if payload["engine"] != __version__:
        why = f"engine {payload['engine']} showed it, this is {__version__}"
        return Reproduced(shown.seq, payload["at"], payload["engine"], None, why, found)
    return Reproduced(shown.seq, payload["at"], payload["engine"], False, "not the same bytes", found)


def compare(
    log: Log, encounter: str, content: Dossier | bytes, *, at: datetime | None = None
) -> tuple[Difference, ...]:
    """What another content would answer otherwise for this patient."""
    events = log.events(encounter)
    moment = at or log.clock()
    ours, theirs = (assessed(log, events, moment, one).assessment for one in (None, content))
    return differences(summary(ours), summary(theirs))


def upgrade(
    log: Log, encounter: str, content: Dossier | bytes, actor: str, *, reason: str = "", key: str | None = None
) -> Event:
    """Pins an encounter to a newer content of its dossier, and records what that changes: content and answers.

    Raises:
        EncounterError: CC857, it is the content of another dossier, or the one it has.
        CaseError: The newer content does not know something that was recorded.
    """
    pack = pack_of(content)
    head = log.head(encounter)
    ours = log.engine(head.pack).dossier
    if pack.dossier.id != ours.id:
        raise refused("CC857", f"This is a pack of {pack.dossier.id}; the encounter runs on {ours.id}.", "Use its own.")
    said = {"before": head.pack, "after": pack.hash}
    if pack.hash == head.pack:
        found = [e for e in log.events(encounter) if e.kind == "pack_upgraded" and key is not None and e.key == key]
        if found:
            return found[0]
        raise refused("CC857", "The encounter runs on this pack already.", "There is nothing to upgrade.")
    theirs = pack.dossier
    payload = {
        **said,
        "content": [d.data() for d in content_differences(ours, theirs)],
        "answers": [d.data() for d in compare(log, encounter, theirs)],
        **({"reason": reason} if reason else {}),
    }
    return log.upgrade(encounter, pack.data, payload, Entry("pack_upgraded", payload, actor, None, key))


def content_differences(before: Dossier, after: Dossier) -> tuple[Difference, ...]:
    """What is otherwise in another content: version, cut-offs, rules, answers and triggers, by name."""
    return differences(_content(before), _content(after))


def _content(dossier: Dossier) -> dict[str, Any]:
    answers = {"tier": dossier.tier, "disposition": dossier.disposition}
    return {
        "version": dossier.version,
        "thresholds": {name: t.text for name, t in dossier.thresholds.items()},
        "rules": {name: r.when.text for name, r in dossier.rules.items()},
        **{name: {v.id: v.when.text for v in answer.values} for name, answer in answers.items()},
        "triggers": {name: t.when.text for name, t in dossier.triggers.items()},
        "tools": {name: t.review for name, t in dossier.tools.items()},
    }
