"""Writers at work are killed at random instants, a thousand times and more; nothing that was acknowledged is lost.

SQLite runs inside the writer, so that its death is the death of the database. Of PostgreSQL the client is killed, and
in some cycles the server with every process of it, after which it recovers from its own log.
"""

from __future__ import annotations

import random
import time
from pathlib import Path

from clinical_commander.encounter.log import open_log
from clinical_commander.encounter.verify import verify
from tests.torture.cluster import Cluster
from tests.torture.report import Report
from tests.torture.writers import Ack, Writer, lost, mini, open_ready, wait_for_a_word, write_forever

LONGEST = 0.1
"""Seconds after which a writer is killed at the latest: some events, and often one half written."""
EARLY = 0.2
"""Part of the cycles in which the clock starts with the writer; in the others with what it is first promised."""


def kill_sqlite(folder: Path, cycles: int, seed: int = 1) -> Report:
    """Cycles of two writers on one file, both killed at one random instant."""
    report = Report("SIGKILL, SQLite DELETE")
    path = folder / "kill.db"
    open_log(path).close()
    journal = path.with_name(path.name + "-journal")
    rng, everything = random.Random(seed), []
    mini()
    for cycle in range(cycles):
        acks = _cycle(str(path), cycle, rng, report)
        report.count("killed_in_a_commit", int(journal.exists() and journal.stat().st_size > 0))
        everything += acks
        _check(str(path), acks, report)
    _end(str(path), everything, report, cycles)
    return report


def kill_postgresql(cluster: Cluster, cycles: int, servers: int, seed: int = 2) -> Report:
    """As `kill_sqlite`; spread over the cycles, the server is killed `servers` times."""
    report = Report("SIGKILL, PostgreSQL")
    open_log(cluster.url).close()
    rng, everything = random.Random(seed), []
    mini()
    for cycle in range(cycles):
        whole = servers > 0 and cycle % max(1, cycles // servers) == 0
        acks = _cycle(cluster.url, cycle, rng, report, cluster if whole else None)
        if whole:
            cluster.start()
            report.count("server_killed")
        everything += acks
        _check(cluster.url, acks, report)
    _end(cluster.url, everything, report, cycles)
    return report


def _cycle(url: str, cycle: int, rng: random.Random, report: Report, cluster: Cluster | None = None) -> list[Ack]:
    ids = [f"shared-{cycle}"], [f"shared-{cycle}", f"own-{cycle}"]
    writers = [Writer(write_forever(url, mine, f"w{number}")) for number, mine in enumerate(ids)]
    early, delay = rng.random() < EARLY, rng.uniform(0.0, LONGEST)
    if not early:
        wait_for_a_word(writers, 30)
    time.sleep(delay)
    if cluster is not None:
        cluster.crash()
    for writer in writers:
        writer.kill()
    for writer in writers:
        status = writer.wait()
        # A writer whose server died under it is told so in our own words; anything else is a fault.
        if status != -9 and not (cluster is not None and status == 3):
            report.fault(f"cycle {cycle}: a writer ended with {status} {writer.failures()}")
    return [ack for writer in writers for ack in writer.acks()]


def _check(url: str, acks: list[Ack], report: Report) -> None:
    log = open_ready(url)
    recovered, gone, wrong = lost(log, acks)
    log.close()
    # An opening can be acknowledged to both writers of a shared encounter, and is one event.
    report.count("acknowledged", len({(ack.encounter, ack.key) for ack in acks}))
    report.count("recovered", recovered)
    report.count("lost", gone)
    for text in wrong:
        report.fault(text)


def _end(url: str, acks: list[Ack], report: Report, cycles: int) -> None:
    """Everything once more, over the whole log: also what was acknowledged a thousand crashes ago."""
    log = open_ready(url)
    found = verify(log)
    _, gone, wrong = lost(log, acks)
    log.close()
    if not acks:
        report.fault("nothing was acknowledged: nothing was tried")
    report.note(cycles=cycles, events=found.events, encounters=found.encounters, lost_at_the_end=gone)
    for text in (*map(str, found.findings), *wrong):
        report.fault(text)
