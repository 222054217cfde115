"""Forked writers at work on one log: each says through a pipe what was acknowledged to it, and nothing else.

A fork starts in a millisecond with everything imported and the dossier ready, so that a thousand of them can be killed.
"""

from __future__ import annotations

import functools
import os
import select
import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from clinical_commander.dossier.pack import build
from clinical_commander.encounter.database import Database, url_of
from clinical_commander.encounter.events import Entry, Event
from clinical_commander.encounter.log import Log
from clinical_commander.encounter.packs import pack_of
from clinical_commander.encounter.verify import verify
from clinical_commander.engine.assess import Engine
from clinical_commander.errors import ClinicalCommanderError

MINI = Path(__file__).resolve().parents[1] / "dossiers" / "good" / "mini"


@functools.cache
def mini() -> bytes:
    """The pack of a small dossier."""
    return build(MINI)[1]


@functools.cache
def _engines() -> dict[str, Engine]:
    """The engine of the small dossier, made ready once, before any fork."""
    pack = pack_of(mini())
    return {pack.hash: Engine(pack.dossier)}


def open_ready(url: str) -> Log:
    """The log at a URL, its tables there already and its engine ready."""
    log = Log(Database(url_of(url)))
    log._engines = _engines()
    return log


def entry(key: str, number: int) -> Entry:
    """One plausible event."""
    return Entry("fact_recorded", {"fact": "spo2", "statement": f"{80 + number % 20} %"}, "writer", None, key)


@dataclass(frozen=True)
class Ack:
    """One acknowledgement: what was promised, and between which moments it was asked for and given."""

    encounter: str
    key: str
    seq: int
    hash: str
    start: int
    end: int


class Writer:
    """One forked process. `acks` reads what it was promised, also after it was killed."""

    def __init__(self, work: Callable[[Callable[[Event, int], None]], None]) -> None:
        self.reads, writes = os.pipe()
        self.pid = os.fork()
        if self.pid == 0:
            status = 1
            try:
                signal.signal(signal.SIGINT, signal.SIG_DFL)
                os.close(self.reads)

                def acknowledged(event: Event, start: int) -> None:
                    said = (event.encounter, event.key, event.seq, event.hash, start, time.monotonic_ns())
                    os.write(writes, (" ".join(map(str, said)) + "\n").encode())

                work(acknowledged)
                status = 0
            except ClinicalCommanderError as error:
                os.write(writes, f"! {error.problems[0].code}\n".encode())
                status = 3
            except BaseException as error:
                os.write(writes, f"! {type(error).__name__}\n".encode())
            finally:
                os._exit(status)
        os.close(writes)
        self.said = b""
        self.status: int | None = None

    def kill(self) -> None:
        os.kill(self.pid, signal.SIGKILL)

    def wait(self) -> int:
        """Its exit status; what it said has been read to the end."""
        while part := os.read(self.reads, 65536):
            self.said += part
        os.close(self.reads)
        self.status = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
        return self.status

    def acks(self) -> Iterator[Ack]:
        # A last line without its end was never said whole: nobody was promised anything by it.
        for line in self.said.split(b"\n")[:-1]:
            if not line.startswith(b"!"):
                encounter, key, seq, hash, start, end = line.decode().split(" ")
                yield Ack(encounter, key, int(seq), hash, int(start), int(end))

    def failures(self) -> list[str]:
        return [line[2:].decode() for line in self.said.split(b"\n") if line.startswith(b"!")]


def wait_for_a_word(writers: list[Writer], seconds: float) -> None:
    """Until one of them was promised something, or ended, or the time is over."""
    select.select([writer.reads for writer in writers], [], [], seconds)


def write_forever(url: str, encounters: list[str], name: str) -> Callable[[Callable[[Event, int], None]], None]:
    """The work of a writer: opens each encounter, then appends to them in turn until it is killed."""

    def work(acknowledged: Callable[[Event, int], None]) -> None:
        log = open_ready(url)
        for id in encounters:
            start = time.monotonic_ns()
            acknowledged(log.new(mini(), "ed", "writer", id=id, key="open"), start)
        number = 0
        while True:
            for id in encounters:
                number += 1
                start = time.monotonic_ns()
                acknowledged(log.append(id, entry(f"{name}-{number}", number)), start)

    return work


def lost(log: Log, acks: list[Ack]) -> tuple[int, int, list[str]]:
    """How many events there are, how many acknowledged ones are lost, and what else is wrong."""
    encounters = sorted({ack.encounter for ack in acks})
    found = verify(log, encounters, deep=False)
    wrong = [str(finding) for finding in found.findings]
    hashes = {}
    for id in encounters:
        try:
            hashes |= {(id, event.key): (event.seq, event.hash) for event in log.events(id)}
        except ClinicalCommanderError as error:
            wrong.append(str(error))
    gone = [ack for ack in acks if hashes.get((ack.encounter, ack.key)) != (ack.seq, ack.hash)]
    return len(hashes), len(gone), wrong + [f"lost: {ack.encounter} event {ack.seq}" for ack in gone]
