"""Eight writers at once on shared encounters: what was acknowledged is there once, without gaps, in order of time."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable
from itertools import pairwise

from clinical_commander.encounter.events import Event
from clinical_commander.encounter.log import open_log
from clinical_commander.encounter.verify import verify
from tests.torture.report import Report
from tests.torture.writers import Ack, Writer, entry, lost, mini, open_ready

WRITERS = 8
ENCOUNTERS = ("bed-1", "bed-2", "bed-3")


def together(url: str, name: str, seconds: float) -> Report:
    """Writers for some seconds, each event to the next encounter; then the history is judged."""
    report = Report(f"{WRITERS} writers, {name}")
    log = open_log(url)
    for id in ENCOUNTERS:
        log.new(mini(), "ed", "opener", id=id, key="open")
    log.close()
    until = time.monotonic() + seconds
    writers = [Writer(_work(url, number, until)) for number in range(WRITERS)]
    acks = []
    for writer in writers:
        if writer.wait() != 0:
            report.fault(f"a writer ended with {writer.status} {writer.failures()}")
        acks += list(writer.acks())
    log = open_ready(url)
    found = verify(log)
    _, gone, wrong = lost(log, acks)
    log.close()
    twice = [key for key, times in Counter((a.encounter, a.seq) for a in acks).items() if times > 1]
    misplaced = sum(_misplaced(a for a in acks if a.encounter == id) for id in ENCOUNTERS)
    report.note(
        seconds=round(seconds), acknowledged=len(acks), events=found.events, lost=gone, doubled=len(twice),
        out_of_order=misplaced,
    )  # fmt: skip
    if found.events != len(acks) + len(ENCOUNTERS):
        report.fault(f"{found.events} events for {len(acks)} acknowledgements")
    for text in (*map(str, found.findings), *wrong, *(f"doubled: {key}" for key in twice)):
        report.fault(text)
    if misplaced:
        report.fault(f"{misplaced} events stand before one that was acknowledged before they were asked for")
    return report


def _work(url: str, number: int, until: float) -> Callable[[Callable[[Event, int], None]], None]:
    def work(acknowledged: Callable[[Event, int], None]) -> None:
        log = open_ready(url)
        count = 0
        while time.monotonic() < until:
            count += 1
            id = ENCOUNTERS[(number + count) % len(ENCOUNTERS)]
            start = time.monotonic_ns()
            acknowledged(log.append(id, entry(f"w{number}-{count}", count)), start)

    return work


def _misplaced(acks: Iterable[Ack]) -> int:
    """Events with a lower number than one whose acknowledgement came before they were begun (linearisability)."""
    in_order = sorted(acks, key=lambda ack: ack.seq)
    # Walking backwards, the earliest end of all later events must not lie before the start of this one.
    earliest, found = None, 0
    for ack in reversed(in_order):
        if earliest is not None and earliest < ack.start:
            found += 1
        earliest = ack.end if earliest is None else min(earliest, ack.end)
    assert all(a.seq < b.seq for a, b in pairwise(in_order))
    return found
