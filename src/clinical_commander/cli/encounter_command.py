"""`commander encounter WHAT`: a stay as an append-only log. Each sub-command is a few lines over `encounter`."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from clinical_commander.cli.encounter_content import actor, case_of_file, content_of, moment, pairs, statement
from clinical_commander.cli.encounter_views import (
    print_differences,
    print_events,
    print_findings,
    print_replayed,
    print_reproduced,
)
from clinical_commander.cli.output import has_colour, is_unicode, print_json, print_text, width
from clinical_commander.errors import DamagedLog, Problem, ReferenceProblem

if TYPE_CHECKING:
    from clinical_commander.encounter import Entry, Head, Log

_KINDS: Final = {
    "order": "action_ordered",
    "done": "action_done",
    "decline": "action_declined",
    "accept": "advice_accepted",
    "override": "advice_overridden",
    "handover": "handed_over",
    "outcome": "outcome_recorded",
}


def run(arguments: argparse.Namespace) -> int:
    """Does what was asked; 1 where `verify`, `replay` or `restore` finds something wrong."""
    # Looked for and not imported: Alembic is loaded where tables are made, and costs as much as all the rest.
    missing = [name for name in ("sqlalchemy", "alembic", "pg8000") if find_spec(name) is None]
    if missing:
        mend = "Install it: `pip install 'clinical-commander[encounter]'`."
        raise ReferenceProblem(Problem("CC490", f"`encounter` needs {missing[0]}, which is not installed.", mend))
    from clinical_commander.encounter import open_log

    log = open_log(arguments.db)
    try:
        command: Callable[[Log, argparse.Namespace], int] = _COMMANDS.get(arguments.what, _event)
        return command(log, arguments)
    finally:
        log.close()


# --- opening


def _new(log: Log, arguments: argparse.Namespace) -> int:
    from clinical_commander.encounter import Entry

    case = case_of_file(arguments.case) if arguments.case else {}
    content, site = content_of(arguments.dossier or case.get("dossier"), arguments.site)
    who, at = actor(arguments), moment(arguments.at or case.get("at"))
    event = log.new(
        content,
        arguments.setting or str(case.get("setting") or ""),
        who,
        entry=arguments.entry or case.get("entry"),
        region=arguments.region or case.get("region"),
        label=arguments.label,
        site=site,
        id=arguments.id,
        key=arguments.key,
        effective_at=at,
    )
    entries = [
        Entry(kind, payload, who, since or at, f"{arguments.key}/{n}" if arguments.key else None)
        for n, (kind, payload, since) in enumerate(_of_case(case))
    ]
    events = [event, *(log.append_all(event.encounter, entries) if entries else ())]
    print_events(log, event.encounter, events, arguments.json)
    return 0


def _of_case(case: Mapping[str, Any]) -> Iterable[tuple[str, dict[str, Any], datetime | None]]:
    """What a case file says, as events: each observation with its own time."""
    for fact, said in (case.get("facts") or {}).items():
        several = isinstance(said, list) and any(isinstance(one, dict) for one in said)
        for one in said if several else [said]:
            since = moment(one.pop("at", None)) if isinstance(one, dict) else None
            yield "fact_recorded", {"fact": fact, "statement": one}, since
    for action, said in (case.get("actions") or {}).items():
        state, reason = (said.get("state"), said.get("reason")) if isinstance(said, dict) else (said, None)
        yield f"action_{state}", {"action": action, **({"reason": reason} if reason else {})}, None
    for what, said in (case.get("recorded") or {}).items():
        value = said.get("value") if isinstance(said, dict) else said
        yield "decision_recorded", {"what": what, "value": value}, None


def _load(log: Log, arguments: argparse.Namespace) -> int:
    from clinical_commander.encounter.script import load_script, read_script

    script = read_script(Path(arguments.file))
    content, site = content_of(arguments.dossier or script.opening.get("dossier"), arguments.site)
    id = load_script(log, script, content, id=arguments.id, site=site)
    print_events(log, id, log.events(id), arguments.json)
    return 0


# --- events


def _event(log: Log, arguments: argparse.Namespace) -> int:
    """One sub-command that records something."""
    entries = list(_entries(arguments))
    events = log.append_all(arguments.id, entries, expect=arguments.if_seq)
    print_events(log, arguments.id, events, arguments.json)
    return 0


def _entries(arguments: argparse.Namespace) -> Iterable[Entry]:
    from clinical_commander.encounter import Entry

    what, who, at = arguments.what, actor(arguments), moment(getattr(arguments, "at", None))
    reason = {"reason": arguments.reason} if getattr(arguments, "reason", None) else {}
    if what in ("record", "decide"):
        for number, (name, value) in enumerate(pairs(arguments.facts)):
            key = arguments.key and (arguments.key if number == 0 else f"{arguments.key}/{number}")
            if what == "record":
                yield Entry("fact_recorded", {"fact": name, "statement": value}, who, at, key)
            else:
                yield Entry("decision_recorded", {"what": name, "value": value, **reason}, who, at, key)
    elif what == "correct":
        said = {"statement": statement(arguments.value), **reason}
        yield Entry("fact_corrected", said, who, at, arguments.key, arguments.seq)
    elif what == "retract":
        yield Entry("retracted", reason, who, None, arguments.key, arguments.seq)
    else:
        names = ("action", "advice", "to", "setting", "text", "outcome")
        said = {name: getattr(arguments, name) for name in names if getattr(arguments, name, None)}
        yield Entry(_KINDS[what], {**said, **reason}, who, at, arguments.key)


def _assess(log: Log, arguments: argparse.Namespace) -> int:
    from clinical_commander.encounter import show

    replayed, event = show(log, arguments.id, actor(arguments), key=arguments.key)
    print_replayed(replayed, arguments, {"seq": event.seq, "hash": event.hash})
    return 0


def _upgrade(log: Log, arguments: argparse.Namespace) -> int:
    from clinical_commander.encounter import upgrade

    ours = log.engine(log.head(arguments.id).pack).dossier.id
    content, _ = content_of(arguments.to or ours, None)
    event = upgrade(log, arguments.id, content, actor(arguments), reason=arguments.reason or "", key=arguments.key)
    if arguments.json:
        print_events(log, arguments.id, [event], True)
        return 0
    payload = event.payload or {}
    print_text(f"event {event.seq}: {payload['before'][:12]} -> {payload['after'][:12]}\n")
    print_differences("content", payload["content"])
    print_differences("answers", payload["answers"])
    return 0


def _erase(log: Log, arguments: argparse.Namespace) -> int:
    event = log.erase(arguments.id, arguments.seq, arguments.reason, actor(arguments), arguments.key)
    print_events(log, arguments.id, [event], arguments.json)
    return 0


# --- reading


def _show(log: Log, arguments: argparse.Namespace) -> int:
    from clinical_commander.encounter import timeline

    rows = timeline(log, arguments.id)
    head = log.head(arguments.id)
    dossier = log.engine(head.pack).dossier
    if arguments.json:
        said = {"schema": "encounter/1", "encounter": head.id, "pack": head.pack, "watermark": dossier.watermark}
        print_json({**said, "events": [row.data() for row in rows]})
        return 0
    from clinical_commander.render.timeline import timeline_text

    print_text(timeline_text(rows, dossier, width(arguments.width), has_colour(), is_unicode()))
    return 0


def _replay(log: Log, arguments: argparse.Namespace) -> int:
    from clinical_commander.encounter import compare, replay, reproduce

    known, true = moment(arguments.known_at), moment(arguments.true_at)
    if arguments.pack is not None:
        found = compare(log, arguments.id, content_of(arguments.pack, None)[0], at=known or true)
        if arguments.json:
            print_json({"schema": "encounter-differences/1", "differences": [d.data() for d in found]})
        else:
            print_differences("answers", [d.data() for d in found])
        return 0
    if known or true or arguments.seq is not None:
        print_replayed(replay(log, arguments.id, known=known, true=true, after=arguments.seq), arguments)
        return 0
    return print_reproduced(reproduce(log, arguments.id), arguments.json)


def _verify(log: Log, arguments: argparse.Namespace) -> int:
    from clinical_commander.encounter import verify

    anchor = _anchor(arguments.anchor)
    return print_findings(verify(log, arguments.ids or None, anchor), anchor is not None, arguments.json)


def _list(log: Log, arguments: argparse.Namespace) -> int:
    rows = [_row(log, head) for head in log.encounters()]
    damaged = int(any(row["damaged"] for row in rows))
    if arguments.json:
        print_json({"schema": "encounters/1", "encounters": rows})
        return damaged
    for row in rows:
        state = "damaged; see `commander encounter verify`" if row["damaged"] else f"{row['dossier']}  {row['label']}"
        print_text(f"{row['id']}  {row['opened']}  {row['events']} events  {state}".rstrip() + "\n")
    print_text(f"{len(rows)} {'encounter' if len(rows) == 1 else 'encounters'}\n")
    return damaged


def _row(log: Log, head: Head) -> dict[str, Any]:
    row = {"id": head.id, "events": head.seq, "opened": "", "dossier": "", "pack": head.pack, "label": ""}
    try:
        first = log.events(head.id)[0]
    except DamagedLog:
        return {**row, "damaged": True}
    said = first.payload or {}
    opened = {"opened": first.effective_at, "dossier": said.get("dossier", ""), "label": said.get("label", "")}
    return {**row, **opened, "damaged": False}


def _export_anchor(log: Log, arguments: argparse.Namespace) -> int:
    import json

    from clinical_commander.encounter import make_anchor

    text = json.dumps(make_anchor(log), indent=2) + "\n"
    if arguments.output is None:
        print_text(text)
        return 0
    with open(arguments.output, "x", encoding="utf-8") as file:  # an anchor is never overwritten
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    return 0


def _anchor(file: str | None) -> Any:
    if file is None:
        return None
    import json

    from clinical_commander.encounter import read_anchor

    try:
        return read_anchor(json.loads(Path(file).read_bytes()))
    except ValueError:
        return read_anchor(None)


def _backup(log: Log, arguments: argparse.Namespace) -> int:
    from clinical_commander.encounter import backup

    return print_findings(backup(log, Path(arguments.file)), False, arguments.json)


def _restore(log: Log, arguments: argparse.Namespace) -> int:
    from clinical_commander.encounter import restore

    anchor = _anchor(arguments.anchor)
    return print_findings(restore(Path(arguments.file), log, anchor), anchor is not None, arguments.json)


_COMMANDS: Final[Mapping[str, Callable[[Any, argparse.Namespace], int]]] = {
    "new": _new,
    "load": _load,
    "assess": _assess,
    "upgrade": _upgrade,
    "erase": _erase,
    "show": _show,
    "replay": _replay,
    "verify": _verify,
    "list": _list,
    "export-anchor": _export_anchor,
    "backup": _backup,
    "restore": _restore,
}
