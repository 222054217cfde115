"""`commander export DOSSIER --as fhir`: a dossier in a form that other programs read, judged before it is written."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from clinical_commander.cli.output import print_json
from clinical_commander.dossier.library import open_dossier
from clinical_commander.fhir.dossier_bundle import dossier_bundle
from clinical_commander.fhir.validate import passed
from clinical_commander.render.words import Words


def run(arguments: argparse.Namespace) -> int:
    """Write the bundle, or print it; nothing is written where the gate finds a fault."""
    dossier = open_dossier(arguments.what)
    attached = b""
    if arguments.attach_pack:
        from clinical_commander.dossier.pack import pack

        attached = pack(dossier, dossier.channel)
    bundle = passed(dossier_bundle(dossier, Words(dossier).clause, attached))
    if arguments.output is None:
        print_json(bundle)
        return 0
    text = json.dumps(bundle, ensure_ascii=False, indent=1, allow_nan=False)
    Path(arguments.output).write_text(text + "\n", encoding="utf-8")
    kinds: dict[str, int] = {}
    for entry in bundle["entry"]:
        kind = entry["resource"]["resourceType"]
        kinds[kind] = kinds.get(kind, 0) + 1
    if arguments.json:
        print_json({"schema": "exported/1", "file": arguments.output, "id": dossier.id, "hash": dossier.content_hash,
                    "resources": kinds})  # fmt: skip
        return 0
    counts = ", ".join(f"{count} {kind}" for kind, count in kinds.items())
    print(f"{arguments.output}: FHIR R4, {counts}; {dossier.watermark}")
    return 0
