"""An event of an encounter in, what it says in one line out, with the labels that a reader knows."""

from __future__ import annotations

from collections.abc import Sequence

from clinical_commander.encounter.events import Event, begun_by
from clinical_commander.encounter.timeline import statement_text
from clinical_commander.encounter.timeline import words as plain
from clinical_commander.render.words import Words, titles

_TARGETED = {"fact_corrected": "corrects", "retracted": "takes_back"}
_OF_ACTIONS = ("action_done", "action_ordered", "action_declined")


def event_text(event: Event, events: Sequence[Event], words: Words) -> str:
    """What an event says. `events` are those of its encounter: a correction speaks of an earlier one."""
    payload, root = event.payload, begun_by(event, events)
    if payload is None or root.payload is None:
        return plain(event, events)
    reason = f" ({payload['reason']})" if payload.get("reason") else ""
    if event.kind in ("fact_recorded", "fact_corrected"):
        return f"{_label(root, words)}: {_value(root, payload['statement'], words)}{reason}"
    if event.kind == "retracted":
        return f"{_label(root, words)}{reason}"
    if event.kind in _OF_ACTIONS:
        return f"{words.name('action_state', event.kind.removeprefix('action_'))}: {_label(event, words)}{reason}"
    if event.kind == "advice_overridden":
        return f"{words.say('aside', group='page')}: {_label(event, words)}{reason}"
    if event.kind == "decision_recorded":
        return f"{_label(event, words)}: {_decided(str(payload['what']), payload['value'], words)}{reason}"
    if event.kind == "context_recorded":
        return ", ".join(_placed(key, value, words) for key, value in payload.items())
    return plain(event, events)


def timeline_line(event: Event, events: Sequence[Event], words: Words) -> str:
    """What an event says where all are told in a row: also which one it corrects or takes back, and what was shown."""
    said, payload = event_text(event, events, words), event.payload
    if payload is None or begun_by(event, events).payload is None:
        return said
    if event.kind in _TARGETED:
        return words.say(_TARGETED[event.kind], str(event.target), said, group="encounter")
    if event.kind == "encounter_opened":
        label = f", {payload['label']}" if payload.get("label") else ""
        place = words.name("setting", payload["setting"])
        return words.say("opened", place, words.dossier.title, group="encounter") + label
    if event.kind == "assessment_shown":
        called, possible = titles(words.dossier.tier), payload["summary"]["tier"]["possible"]
        return words.say("shown", f" {words.say('or')} ".join(called.get(v, v) for v in possible), group="encounter")
    return said


def _label(event: Event, words: Words) -> str:
    payload, dossier = event.payload or {}, words.dossier
    if "fact" in payload:
        return words.label(payload["fact"]) if payload["fact"] in dossier.facts else str(payload["fact"])
    if "action" in payload:
        return dossier.actions[payload["action"]].label if payload["action"] in dossier.actions else payload["action"]
    if "advice" in payload:
        advice = str(payload["advice"])
        asked = next((q.text for q in dossier.questions if q.id == advice), "")
        return asked or (dossier.actions[advice].label if advice in dossier.actions else words.title(advice))
    if "what" in payload:
        return dossier.words.get("recorded", {}).get(str(payload["what"]), str(payload["what"]))
    return words.say("place", group="page")


def _value(root: Event, statement: object, words: Words) -> str:
    """A statement with the titles of codes."""
    said = statement.get("value", statement.get("state")) if isinstance(statement, dict) else statement
    fact = words.dossier.facts.get((root.payload or {}).get("fact", ""))
    if isinstance(said, bool):
        return words.name("truth", "true" if said else "false")
    if fact is not None and isinstance(said, str) and said in fact.codes:
        return fact.codes[said]
    if isinstance(said, str) and said in words.dossier.words.get("fact_state", {}):
        return words.name("fact_state", said)
    return statement_text(statement)


def _decided(what: str, value: object, words: Words) -> str:
    called = titles(words.dossier.disposition) if what == "disposition" else {}
    return called.get(str(value), statement_text(value))


def _placed(key: str, value: object, words: Words) -> str:
    if value is None:
        return f"{words.say(_PLACES[key], group='page')}: {words.say('not_asked', group='page')}"
    if key in ("setting", "region"):
        return words.name(key, str(value))
    points = words.dossier.entry_points
    return points[str(value)].title if key == "entry" and str(value) in points else str(value)


_PLACES = {"setting": "place_now", "region": "region", "entry": "came_with", "label": "label"}
