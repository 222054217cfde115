"""`commander pack DOSSIER -o FILE`: a dossier and all it refers to as one immutable file."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from clinical_commander.cli.output import print_json
from clinical_commander.dossier.library import find_dossier
from clinical_commander.dossier.pack import build


def run(arguments: argparse.Namespace) -> int:
    """Write the pack and print its hash; refuses unreviewed content for the channel `clinical`."""
    dossier, data = build(find_dossier(arguments.what), arguments.channel)
    if arguments.output == "-":
        sys.stdout.buffer.write(data)
        return 0
    Path(arguments.output).write_bytes(data)
    if arguments.json:
        print_json(
            {
                "schema": "packed/1",
                "file": arguments.output,
                "id": dossier.id,
                "version": dossier.version,
                "channel": dossier.channel,
                "hash": dossier.content_hash,
                "bytes": len(data),
            }
        )
    else:
        print(f"{arguments.output}: {dossier.id} {dossier.version}, {dossier.channel}, sha256 {dossier.content_hash}")
    return 0
