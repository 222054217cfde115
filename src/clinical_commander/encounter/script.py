"""A stay that was written down in a file in, its events in a log out: for examples, exercises and late entry.

Every step has its time, which becomes `effective_at`; `recorded_at` is the moment at which the file is loaded, as it is
for everything that is entered late. Nothing is made up: what the file does not say is not in the log.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from clinical_commander.dossier.reader import plain_data
from clinical_commander.dossier.source import CASE_LIMIT, Mapping, Node, Scalar, Sequence, read_yaml
from clinical_commander.encounter.events import Entry, Event
from clinical_commander.encounter.log import Log
from clinical_commander.encounter.replay import show
from clinical_commander.engine.entries import Faults, nearest, quote, read_moment, short
from clinical_commander.errors import CaseError, Problem, YamlError
from clinical_commander.frozen import frozen

KEYS: Final = ("encounter", "steps", "source")
OPENING: Final = ("dossier", "setting", "entry", "region", "label")
DEEDS: Final = (
    "record", "correct", "retract", "assess", "order", "done", "decline", "accept", "override", "decide", "handover",
    "outcome",
)  # fmt: skip
_OF_A_FACT: Final = {"correct": ("fact", "to", "reason"), "retract": ("fact", "reason")}


@frozen
class Step:
    """One step: when, who, what was done and with what."""

    at: datetime
    by: str
    deed: str
    said: Any


@frozen
class Script:
    """A stay as a file tells it."""

    opening: dict[str, str]
    steps: tuple[Step, ...]


def read_script(source: Path | str, name: str | None = None) -> Script:
    """The stay that a file describes.

    Raises:
        YamlError: CC1xx, not YAML.
        CaseError: All its faults: CC607, CC612, CC613, CC615, CC623.
    """
    try:
        node = read_yaml(source, name or (str(source) if isinstance(source, Path) else "stay"), limit=CASE_LIMIT)
    except YamlError as error:
        raise YamlError([short(problem) for problem in error.problems]) from None
    faults = Faults()
    script = _script(node, faults)
    faults.raise_any()
    if script is None:
        mend = "Write `encounter:` with a setting, and `steps:`."
        raise CaseError(Problem("CC621", "A stay is a mapping with `encounter:` and `steps:`.", mend, node.at))
    return script


def _script(node: Node, faults: Faults) -> Script | None:
    if not isinstance(node, Mapping):
        return None
    opening, steps = node.get("encounter"), node.get("steps")
    if not isinstance(opening, Mapping) or not isinstance(steps, Sequence) or not steps.items:
        return None
    for key, _ in node.items.values():
        if key.name not in KEYS:
            faults.add("CC615", f"{quote(key.name)} is no key of a stay.", nearest(key.name, KEYS), key)
    said: dict[str, str] = {}
    for key, value in opening.items.values():
        if key.name not in OPENING or not isinstance(value, Scalar):
            faults.add("CC615", f"{quote(key.name)} does not open an encounter.", f"It has: {', '.join(OPENING)}.", key)
        else:
            said[key.name] = value.value
    return Script(said, tuple(step for item in steps.items for step in _step(item, faults)))


def _step(node: Node, faults: Faults) -> Iterator[Step]:
    if not isinstance(node, Mapping):
        faults.add("CC607", "A step is a mapping.", "Write `{at: ..., by: ..., record: {...}}`.", node)
        return
    at, by = node.get("at"), node.get("by")
    moment = read_moment(at, "The time of this step", faults) if at is not None else None
    if at is None:
        faults.add("CC623", "This step has no time.", "Add `at:`.", node)
    if not isinstance(by, Scalar) or not by.value.strip():
        faults.add("CC623", "This step does not say who.", "Add `by:`.", node)
        return
    deeds = [(key, value) for key, value in node.items.values() if key.name not in ("at", "by")]
    for key, value in deeds:
        if key.name not in DEEDS:
            mend = nearest(key.name, DEEDS) or f"There are: {', '.join(DEEDS)}."
            faults.add("CC615", f"{quote(key.name)} is nothing that happens in a stay.", mend, key)
        elif moment is not None:
            said = plain_data(value)
            wanted = _OF_A_FACT.get(key.name)
            if wanted and not (isinstance(said, dict) and set(said) <= set(wanted) and set(wanted[:-1]) <= set(said)):
                faults.add("CC607", f"`{key.name}` says what.", f"Write `{{{': ..., '.join(wanted)}: ...}}`.", value)
            else:
                yield Step(moment, by.value.strip(), key.name, said)


def load_script(log: Log, script: Script, content: Any, *, id: str | None = None, site: Any = None) -> str:
    """The id of the new encounter that holds the stay.

    Raises:
        CaseError, EncounterError: As `Log.new` and `Log.append`; the events before the faulty step stand.
    """
    first = script.steps[0]
    opening = {key: value for key, value in script.opening.items() if key in ("entry", "region", "label")}
    event = log.new(
        content, script.opening.get("setting", ""), first.by, id=id, site=site, effective_at=first.at, **opening
    )
    for step in script.steps:
        if step.deed == "assess":
            show(log, event.encounter, step.by, at=step.at)
            continue
        entries = [_entry(log, event.encounter, step, kind, payload) for kind, payload in said(step)]
        log.append_all(event.encounter, entries)
    return event.encounter


def said(step: Step) -> Iterator[tuple[str, dict[str, Any]]]:
    """The kinds and payloads that a step comes to."""
    deed, words = step.deed, step.said
    if deed == "record":
        for fact, statement in words.items() if isinstance(words, dict) else ():
            yield "fact_recorded", {"fact": fact, "statement": statement}
    elif deed in ("order", "done"):
        kind = {"order": "action_ordered", "done": "action_done"}[deed]
        for action in words if isinstance(words, list) else [words]:
            yield kind, {"action": action}
    elif deed == "decide":
        reason = {"reason": words["reason"]} if isinstance(words, dict) and "reason" in words else {}
        for what, value in words.items() if isinstance(words, dict) else ():
            if what != "reason":
                yield "decision_recorded", {"what": what, "value": value, **reason}
    elif deed == "outcome":
        yield "outcome_recorded", {"outcome": words}
    else:
        kinds = {"decline": "action_declined", "accept": "advice_accepted", "override": "advice_overridden"}
        kind = {**kinds, "handover": "handed_over", "correct": "fact_corrected", "retract": "retracted"}[deed]
        yield kind, dict(words) if isinstance(words, dict) else {"advice": words}


def _entry(log: Log, encounter: str, step: Step, kind: str, payload: dict[str, Any]) -> Entry:
    if kind not in ("fact_corrected", "retracted"):
        return Entry(kind, payload, step.by, step.at)
    target = latest(log.events(encounter), payload.pop("fact"))
    if kind == "retracted":
        return Entry(kind, payload, step.by, step.at, None, target.seq)
    statement = payload.pop("to")
    # A correction is of what was said then: it keeps that time.
    return Entry(kind, {"statement": statement, **payload}, step.by, None, None, target.seq)


def latest(events: tuple[Event, ...], fact: str) -> Event:
    """The last event that recorded a fact and was not retracted.

    Raises:
        CaseError: CC606.
    """
    gone = {event.target for event in events if event.kind == "retracted"}
    for event in reversed(events):
        if event.kind == "fact_recorded" and event.payload and event.payload["fact"] == fact and event.seq not in gone:
            return event
    cause = f"Nothing was recorded of {quote(fact)} that could be corrected."
    raise CaseError(Problem("CC606", cause, "Record it."))
