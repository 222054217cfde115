"""What the encounter commands print: events as they were acknowledged, replays, differences, and what verify found."""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from clinical_commander.cli.output import has_colour, is_unicode, print_json, print_text, width

if TYPE_CHECKING:
    from clinical_commander.encounter import Event, Log, Replayed, Reproduced, Verified


def print_events(log: Log, encounter: str, events: Sequence[Event], as_json: bool) -> None:
    """Events as acknowledged: they are on the disk."""
    from clinical_commander.encounter.timeline import words

    if as_json:
        rows = [
            {"seq": e.seq, "kind": e.kind, "key": e.key, "hash": e.hash, "recorded_at": e.recorded_at,
             "effective_at": e.effective_at}
            for e in events
        ]  # fmt: skip
        print_json({"schema": "encounter-events/1", "encounter": encounter, "events": rows})
        return
    every = log.events(encounter) if any(e.target is not None for e in events) else events
    print_text(f"encounter {encounter}\n")
    for event in events:
        print_text(f"  {event.seq:>3}  {words(event, every)}\n")


def print_replayed(replayed: Replayed, arguments: argparse.Namespace, shown: Mapping[str, Any] | None = None) -> None:
    """An assessment, and on which events it rests."""
    rests = {"encounter": replayed.encounter, "events": len(replayed.events), "assessment_hash": replayed.hash}
    if arguments.json:
        said = {"schema": "replay/1", **rests, **({"shown": dict(shown)} if shown else {})}
        print_json({**said, "assessment": replayed.assessment.to_json()})
        return
    from clinical_commander.render.text import assessment_text

    columns = width(arguments.width)
    print_text(assessment_text(replayed.assessment, replayed.dossier, columns, has_colour(), is_unicode()))
    recorded = f", shown as event {shown['seq']}" if shown else ""
    print_text(f"\nencounter {replayed.encounter}, {len(replayed.events)} events, sha256 {replayed.hash}{recorded}\n")


def print_reproduced(found: Sequence[Reproduced], as_json: bool) -> int:
    """Every assessment that was shown, and whether it comes out again; 1 if one does not."""
    failed = int(any(one.same is False for one in found))
    if as_json:
        rows = [
            {"seq": one.seq, "at": one.at, "engine": one.engine, "same": one.same, "why": one.why,
             "differences": [d.data() for d in one.differences]}
            for one in found
        ]  # fmt: skip
        print_json({"schema": "reproduced/1", "assessments": rows})
        return failed
    for one in found:
        verdict = {True: "identical to the byte", False: "NOT the same"}.get(one.same) or "cannot be compared"  # type: ignore[arg-type]
        why = f": {one.why}" if one.why else ""
        print_text(f"event {one.seq}, shown for {one.at[:16]}, engine {one.engine}: {verdict}{why}\n")
        print_differences("answers", [d.data() for d in one.differences])
    print_text(f"{len(found)} shown, {sum(one.same is True for one in found)} identical\n")
    return failed


def print_differences(what: str, found: Sequence[Mapping[str, Any]]) -> None:
    """One line a difference."""
    if not found:
        return
    print_text(f"{what}, {len(found)} differences:\n")
    for one in found:
        before, after = (json.dumps(one[key], ensure_ascii=False) for key in ("before", "after"))
        print_text(f"  {one['path']}: {before} -> {after}\n")


def print_findings(found: Verified, anchored: bool, as_json: bool) -> int:
    """What a check found; 1 if anything."""
    if as_json:
        rows = [{"encounter": f.encounter, "seq": f.seq, "kind": f.kind, "text": f.text} for f in found.findings]
        counts = {"encounters": found.encounters, "events": found.events, "erased": found.erased, "packs": found.packs}
        print_json({"schema": "verified/1", "whole": found.whole, "anchored": anchored, **counts, "findings": rows})
        return int(not found.whole)
    for finding in found.findings:
        print_text(f"DAMAGED {finding}\n")
    erased = f", {found.erased} payloads erased" if found.erased else ""
    looked = f"{found.encounters} encounters, {found.events} events, {found.packs} packs{erased}"
    against = "true to the anchor" if anchored else "no anchor given: a log that was rewritten as a whole looks whole"
    print_text(f"{looked}: " + (f"{len(found.findings)} faults\n" if found.findings else f"whole; {against}\n"))
    return int(not found.whole)
