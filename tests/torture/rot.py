"""One bit of the file flipped, or its end cut off, at every place: found, or nothing that is served has changed."""

from __future__ import annotations

import random
import shutil
import sqlite3
from pathlib import Path

from clinical_commander.encounter.database import Database, url_of
from clinical_commander.encounter.events import Entry
from clinical_commander.encounter.log import Log, open_log
from clinical_commander.encounter.verify import verify
from clinical_commander.errors import ClinicalCommanderError
from tests.torture.report import Report
from tests.torture.writers import entry, mini


def small_log(path: Path) -> None:
    """A log of two encounters, one payload erased, in pages of 512 bytes: as few bytes as can be had."""
    log = open_log(path)
    for id in ("bed-1", "bed-2"):
        log.new(mini(), "ed", "opener", id=id, key="open")
        for number in range(4):
            log.append(id, entry(f"k{number}", number))
    log.append("bed-1", Entry("retracted", {"reason": "wrong patient"}, "writer", None, "k9", 3))
    log.erase("bed-1", 3, "asked for", "records office", "k10")
    log.close()
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA page_size=512")
    connection.execute("VACUUM")
    connection.close()


def served(path: Path) -> object:
    """All that the log gives out, or the code of the error in place of it."""
    log = None
    try:
        log = Log(Database(url_of(path)))
        log.database.prepare()
        heads = log.encounters()
        return [(head, [(e, e.payload) for e in log.events(head.id)], log.pack(head.pack)) for head in heads]
    except ClinicalCommanderError as error:
        return error.problems[0].code
    finally:
        if log is not None:
            log.close()


def found_by_verify(path: Path) -> bool:
    """Whether `verify` says that something is wrong."""
    log = None
    try:
        log = Log(Database(url_of(path)))
        log.database.prepare()
        return not verify(log).whole
    except ClinicalCommanderError:
        return True
    finally:
        if log is not None:
            log.close()


def flips(folder: Path, places: int | None = None, seed: int = 3) -> Report:
    """Flips one bit at every byte, or at a sample of them."""
    report = Report("flipped bits, SQLite")
    whole = folder / "whole.db"
    small_log(whole)
    data, before = whole.read_bytes(), served(whole)
    assert isinstance(before, list)
    rng = random.Random(seed)
    chosen = range(len(data)) if places is None else sorted(rng.sample(range(len(data)), min(places, len(data))))
    report.note(bytes=len(data), flipped=len(chosen), detected=0, harmless=0, served_altered=0)
    for place in chosen:
        bit = 1 << rng.randrange(8)
        damaged = bytearray(data)
        damaged[place] ^= bit
        _judge(folder, bytes(damaged), before, report, f"byte {place} ^ {bit}")
    return report


def cuts(folder: Path, places: int | None = None, seed: int = 4) -> Report:
    """Cuts the file off after every 64th byte and at every end of a page, or at a sample of them; and to nothing."""
    report = Report("truncated files, SQLite")
    whole = folder / "whole.db"
    small_log(whole)
    data, before = whole.read_bytes(), served(whole)
    lengths = range(0, len(data), 64)
    chosen = list(lengths) if places is None else random.Random(seed).sample(lengths, min(places, len(lengths)))
    chosen += [0, 1]
    chosen += list(range(512, len(data), 512 if places is None else 8192))
    report.note(bytes=len(data), cut=len(chosen), detected=0, harmless=0, served_altered=0)
    for length in chosen:
        _judge(folder, data[:length], before, report, f"cut at {length}")
    if report.figures["harmless"]:
        report.fault("a cut file passed for whole")
    return report


def _judge(folder: Path, data: bytes, before: object, report: Report, what: str) -> None:
    path = folder / "damaged.db"
    path.write_bytes(data)
    for rest in folder.glob("damaged.db-*"):
        rest.unlink()
    try:
        detected = found_by_verify(path)
        path.write_bytes(data)
        after = served(path)
    except Exception as error:
        report.fault(f"{what}: {type(error).__name__} {error}")
        return
    if after != before and isinstance(after, list):
        report.count("served_altered")
        report.fault(f"{what}: served something else without a word")
    report.count("detected" if detected else "harmless")
    if not detected and after != before:
        report.fault(f"{what}: not served, and verify finds nothing ({after})")


def copy_of(path: Path, name: str) -> Path:
    """A copy beside it."""
    return Path(shutil.copy(path, path.with_name(name)))
