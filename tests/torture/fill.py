"""Inside a small file system: `python -m tests.torture.fill SQLite|PostgreSQL FOLDER`. Prints figures, one a line."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

from clinical_commander.encounter.events import Event
from clinical_commander.encounter.log import open_log
from clinical_commander.encounter.verify import verify
from clinical_commander.errors import ClinicalCommanderError
from tests.torture.cluster import Cluster
from tests.torture.writers import Ack, entry, lost, mini, open_ready

LEFT = 192 * 1024
"""Bytes that are left when the writing begins: room for some hundred events of SQLite, or for a while of PostgreSQL."""
MOST = 20_000


def main() -> int:
    kind, folder = sys.argv[1], Path(sys.argv[2])
    cluster = Cluster(folder).start() if kind == "PostgreSQL" else None
    url = cluster.url if cluster else str(folder / "full.db")
    log = open_log(url)
    log.new(mini(), "ed", "opener", id="bed", key="open")
    filler = folder / "filler"
    space = os.statvfs(folder)
    with filler.open("wb") as file:
        file.write(b"\0" * max(0, space.f_bavail * space.f_frsize - LEFT))
    acks: list[Ack] = []
    refused = 0
    try:
        for number in range(MOST):
            acks.append(_ack(log.append("bed", entry(f"k{number}", number))))
    except ClinicalCommanderError as error:
        refused = 1
        code = error.problems[0].code
        if code != "CC858":
            print(f"fault it was refused with {code}")
    except Exception as error:
        print(f"fault {type(error).__name__}")
    log.close()
    filler.unlink()
    if cluster is not None:
        cluster.crash()  # a server whose log cannot be written has ended itself, or is killed here
        cluster.start()
    log = open_ready(url)
    _, gone, wrong = lost(log, acks)
    found = verify(log)
    log.append("bed", entry("after", 1))
    for text in (*wrong, *map(str, found.findings), *map(str, verify(log).findings)):
        print(f"fault {text}")
    print(f"acknowledged {len(acks)}\nrefused {refused}\nevents {found.events}\nlost {gone}")
    log.close()
    if cluster is not None:
        cluster.__exit__()
    return 0


def _ack(event: Event) -> Ack:
    return Ack(event.encounter, event.key, event.seq, event.hash, time.monotonic_ns(), time.monotonic_ns())


if __name__ == "__main__":
    sys.exit(main())
