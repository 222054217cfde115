"""A desk for tests: an encounter log in a folder of its own, and an answer to a form of which nothing is recorded."""

from __future__ import annotations

import atexit
import shutil
import tempfile
from collections.abc import Mapping
from datetime import datetime
from functools import cache
from pathlib import Path

from clinical_commander.encounter import open_log
from clinical_commander.encounter.replay import assessed
from clinical_commander.encounter.stay import case_of
from clinical_commander.engine.case import Case
from clinical_commander.service.changes import Reader
from clinical_commander.service.chart import blank
from clinical_commander.service.desk import Answer, Desk
from clinical_commander.service.form import read_form
from tests.fixtures import engine


@cache
def folder() -> Path:
    """A folder that is gone when the tests are over."""
    found = Path(tempfile.mkdtemp(prefix="encounters-"))
    atexit.register(shutil.rmtree, found, ignore_errors=True)
    return found


@cache
def desk() -> Desk:
    """One desk for all who do not look at its clock."""
    return Desk(engine().dossier, open_log(folder() / "log.db"), actor="Dr A. Example")


@cache
def _empty_log() -> Path:
    path = folder() / "empty.db"
    open_log(path).close()
    return path


def desk_in(folder: Path) -> Desk:
    """A desk of a dossier that stands in a folder."""
    shared = desk()
    return Desk(engine().dossier, shared.log, actor="Dr A. Example", folder=folder)


def case_considered(form: Mapping[str, str], now: datetime, setting: str = "ed") -> Case:
    """The case that a form describes."""
    chart = considered(form, now, setting).chart
    return case_of(chart.stay, chart.dossier, now)


class Clock:
    """A clock that stands until it is set."""

    def __init__(self, now: datetime) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now


def desk_at(path: Path, clock: Clock) -> Desk:
    """A desk with a log of its own and a clock that a test sets; what takes long to make is made once."""
    shared = desk()
    if not path.exists():
        shutil.copy(_empty_log(), path)
    log = open_log(path, clock=clock)
    log._engines.update(shared.log._engines)
    return Desk(engine().dossier, log, actor="Dr A. Example")


def considered(form: Mapping[str, str], now: datetime, setting: str = "ed") -> Answer:
    """What a form would be answered at a moment, as if it were recorded."""
    one = desk()
    words, sent = one.words(one.pack.hash), read_form(form, one.dossier)
    chart = blank(one.dossier, one.pack.hash, setting, None, now)
    changes = Reader(sent, chart, words, "Dr A. Example", now).changes()
    after = chart.with_entries(changes.entries, now)
    found = assessed(one.log, after.events, now).assessment
    return Answer(after, found, words, sent.nonce, refused=changes.refused, sent=sent)
