"""Durable appends to the encounter log beside a bare fsync of the same bytes: `python -m benchmarks.encounter`.

The bytes are those of the event and its payload as canonical JSON; the bare write appends them to one file and syncs
it. What a log costs beyond that is the price of all or nothing: a journal, several pages, several syncs.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sqlite3
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from benchmarks.run import Row, table
from benchmarks.timing import in_process
from clinical_commander.canonical import canonical_json
from clinical_commander.dossier.library import DEFAULT_DOSSIER, find_dossier
from clinical_commander.dossier.pack import build
from clinical_commander.encounter import Entry, Log, open_log
from tests.torture.cluster import Cluster, why_not


def _entry(number: int) -> Entry:
    return Entry("fact_recorded", {"fact": "spo2", "statement": f"{80 + number % 20} %"}, "Nurse B. Example")


def _append(log: Log, content: bytes) -> Callable[[], object]:
    id, count = log.new(content, "ed", "Dr A. Example").encounter, 0

    def append() -> object:
        nonlocal count
        count += 1
        return log.append(id, _entry(count))

    return append


def _bare(path: Path, data: bytes) -> Callable[[], object]:
    handle = os.open(path, os.O_CREAT | os.O_WRONLY | os.O_APPEND)

    def write() -> object:
        os.write(handle, data)
        return os.fsync(handle)

    return write


def rows(folder: Path, cluster: Cluster | None, rounds: int) -> list[Row]:
    """The lines of the table."""
    content = build(find_dossier(DEFAULT_DOSSIER))[1]
    log = open_log(folder / "bench.db")
    event = log.append(log.new(content, "ed", "Dr A. Example").encounter, _entry(1))
    data = canonical_json(event.header()) + canonical_json(dict(event.payload or {}))
    names, functions = (
        ["fsync of the same bytes", "append, SQLite"],
        [_bare(folder / "bare", data), _append(log, content)],
    )
    other = open_log(cluster.made("bench")) if cluster is not None else None
    if other is not None:
        names.append("append, PostgreSQL")
        functions.append(_append(other, content))
    times = in_process(functions, rounds)
    found = [
        Row(f"{name} ({len(data)} bytes)" if not n else name, t, times[0])
        for n, (name, t) in enumerate(zip(names, times, strict=True))
    ]
    id = event.encounter
    for number in range(60):
        log.append(id, _entry(number))
    [read] = in_process([lambda: log.events(id)], rounds)
    found.append(Row("read and check 62 events, SQLite", read))
    for opened in (log, other):
        if opened is not None:
            opened.close()
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--quick", action="store_true", help="fewer runs")
    parser.add_argument("--json", action="store_true", help="print JSON for programs")
    parser.add_argument("--folder", type=Path, help="the disk to measure; that of the temporary files if not given")
    arguments = parser.parse_args()
    rounds = 50 if arguments.quick else 500
    with tempfile.TemporaryDirectory(prefix="cc-bench-", dir=arguments.folder) as made:
        cluster = None if why_not() else Cluster(arguments.folder).start()
        try:
            found = rows(Path(made), cluster, rounds)
        finally:
            if cluster is not None:
                cluster.__exit__()
    load = f"{os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else "not known"
    if arguments.json:
        print(json.dumps({"load": load, "rows": [row.data() for row in found]}, indent=2))
        return 0
    server = why_not() or "PostgreSQL"
    print(
        f"Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}, {server}, load {load}, {rounds} rounds"
    )
    print(table(found))
    return 0


if __name__ == "__main__":
    sys.exit(main())
