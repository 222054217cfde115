"""What the tests of the encounter log share: a clock that is set, logs on both databases, a patient in one line."""

from __future__ import annotations

import functools
import itertools
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from clinical_commander.dossier.library import find_dossier
from clinical_commander.dossier.pack import build
from clinical_commander.encounter import Entry, Log, open_log
from clinical_commander.engine.assess import Engine
from tests.fixtures import DOSSIER
from tests.torture.writers import mini

START = datetime(2026, 11, 1, 8, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)
_NUMBERS = itertools.count(1)
__all__ = ["HOUR", "MINUTE", "START", "Clock", "fact", "fresh", "hemoptysis", "mini", "new"]

# The eight facts that a tier must know, every one such that the bleeding is mild.
MILD = {
    "estimated_volume_24h": "10 mL",
    "spo2": "98 %",
    "oxygen_device": "room_air",
    "sbp": "124 mmHg",
    "rr": "14 /min",
    "hr": "76 /min",
    "consciousness": "alert",
    "airway_compromise": False,
}


class Clock:
    """A clock that stands until it is moved."""

    def __init__(self, now: datetime = START) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def on(self, by: timedelta) -> datetime:
        self.now += by
        return self.now


@functools.cache
def hemoptysis() -> bytes:
    """The pack of the hemoptysis dossier."""
    return build(find_dossier(DOSSIER))[1]


@functools.cache
def _template() -> bytes:
    """An empty log as a file: made once, copied often."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "empty.db"
        open_log(path).close()
        return path.read_bytes()


@functools.cache
def _engines() -> dict[str, Engine]:
    return {}


def fresh(path: Path, clock: Callable[[], datetime] | None = None) -> Log:
    """A new log on SQLite; the engines of all of them are made once."""
    path.write_bytes(_template())
    path.chmod(0o600)
    log = open_log(path, clock=clock)
    log._engines = _engines()
    return log


def fact(
    name: str, statement: object, at: datetime | None = None, key: str | None = None, actor: str = "Nurse"
) -> Entry:
    """A fact that somebody records."""
    return Entry("fact_recorded", {"fact": name, "statement": statement}, actor, at, key)


def new(log: Log, content: bytes | None = None, *, at: datetime | None = None, **facts: object) -> str:
    """A new encounter with these facts, all of one moment; its id."""
    opened = log.new(content or mini(), "ed", "Doctor", id=f"e{next(_NUMBERS)}", effective_at=at)
    if facts:
        log.append_all(opened.encounter, [fact(name, said, at) for name, said in facts.items()])
    return opened.encounter
