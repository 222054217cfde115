"""`commander list`: the installed dossiers, each with version, review state and content hash."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from clinical_commander.cli.output import print_json
from clinical_commander.dossier.library import installed, open_dossier
from clinical_commander.errors import ClinicalCommanderError


def run(arguments: argparse.Namespace) -> int:
    """Print one line a dossier; 1 if one of them cannot be used."""
    rows = [_row(id, folder) for id, folder in sorted(installed().items())]
    failed = int(any(row["problems"] for row in rows))
    if arguments.json:
        print_json({"schema": "list/1", "dossiers": rows})
        return failed
    if not rows:
        print("No dossier is installed.")
    for row in rows:
        if row["problems"]:
            print(f"{row['id']}  cannot be used: {row['problems']} problems; see `commander check {row['id']}`")
        else:
            review = {"needed": "not reviewed"}.get(row["review"], row["review"])
            print(f"{row['id']}  {row['version']}  {review}, {row['channel']}  {row['hash'][:12]}  {row['title']}")
    return failed


def _row(id: str, folder: Path) -> dict[str, Any]:
    row: dict[str, Any] = {"id": id, "folder": str(folder), "problems": 0}
    try:
        dossier = open_dossier(folder)
    except ClinicalCommanderError as error:
        unknown = dict.fromkeys(("version", "title", "review", "channel", "hash"))
        return {**row, **unknown, "problems": len(error.problems)}
    return {
        **row,
        "version": dossier.version,
        "title": dossier.title,
        "review": dossier.review,
        "channel": dossier.channel,
        "hash": dossier.content_hash,
    }
