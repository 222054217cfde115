"""All trials, with their figures: `python -m tests.torture [--short] [--only WORD ...]`. Status 1 if anything was lost.

The full run takes about twenty minutes on two processors that do nothing else; --short takes one.
"""

from __future__ import annotations

import argparse
import platform
import sqlite3
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from clinical_commander.encounter.log import GUARANTEE
from tests.torture import copies, faults, kill, rot, together
from tests.torture.cluster import Cluster, why_not
from tests.torture.report import Report

Trial = Callable[[], Report]


def trials(folder: Path, cluster: Cluster | None, short: bool, cycles: int) -> Iterator[tuple[str, Trial]]:
    """Name and trial, in order."""
    seconds = 3 if short else 60
    if short:
        cycles = min(cycles, 25)
    yield "kill sqlite", lambda: kill.kill_sqlite(folder, cycles)
    yield "together sqlite", lambda: together.together(str(folder / "together.db"), "SQLite", seconds)
    yield "short-writes sqlite", lambda: faults.short_writes(folder, 4096 if short else 512)
    yield "full sqlite", lambda: faults.full_disk("SQLite")
    if not short:
        yield "injected sqlite", lambda: faults.injected(folder)
    yield "flips sqlite", lambda: rot.flips(folder, 250 if short else None)
    yield "cuts sqlite", lambda: rot.cuts(folder, 40 if short else None)
    targets = [str(folder / f"restored-{n}.db") for n in range(3)]
    yield (
        "copies sqlite",
        lambda: copies.copies(str(folder / "copied.db"), "SQLite", folder, targets, 1 if short else 3),
    )
    if cluster is None:
        yield "postgresql", lambda: Report("PostgreSQL", skipped=why_not())
        return
    servers = 2 if short else max(1, cycles // 5)
    yield "kill postgresql", lambda: kill.kill_postgresql(cluster, cycles, servers)
    yield "together postgresql", lambda: together.together(cluster.made("together"), "PostgreSQL", seconds)
    yield "full postgresql", lambda: faults.full_disk("PostgreSQL")
    into = [cluster.made("restored"), str(folder / "from-postgresql.db")]
    yield "copies postgresql", lambda: copies.copies(cluster.made("copied"), "PostgreSQL", folder, into, 2)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--short", action="store_true", help="fewer cycles and places")
    parser.add_argument("--cycles", type=int, default=1000, help="kills for each database")
    parser.add_argument(
        "--only", nargs="*", default=[], metavar="WORD", help="trials whose name has one of these words"
    )
    parser.add_argument("--folder", type=Path, help="where the databases stand; a folder for a while if not given")
    arguments = parser.parse_args()
    print(f"Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}\nGuarantee: {GUARANTEE}\n", flush=True)
    failed = lost = 0
    with tempfile.TemporaryDirectory(prefix="cc-torture-", dir=arguments.folder) as made:
        cluster = None if why_not() else Cluster().start()
        try:
            for name, trial in trials(Path(made), cluster, arguments.short, arguments.cycles):
                if arguments.only and not any(word in name for word in arguments.only):
                    continue
                start = time.monotonic()
                report = trial()
                print(f"{report}\n    {time.monotonic() - start:.0f} s", flush=True)
                failed += not report.passed
                found = report.figures.get("lost", 0)
                lost += found if isinstance(found, int) else 0
        finally:
            if cluster is not None:
                cluster.__exit__()
    print(f"\nlost = {lost}, trials that failed: {failed}")
    return int(failed > 0 or lost > 0)


if __name__ == "__main__":
    sys.exit(main())
