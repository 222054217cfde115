"""A log in, a copy of all of it in one SQLite file out, and back into an empty log of either kind.

The copy is of one moment, is verified before it gets its name, and is on the disk when `backup` returns.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Table, select

from clinical_commander.encounter.chain import Finding
from clinical_commander.encounter.events import refused
from clinical_commander.encounter.log import Log, open_log
from clinical_commander.encounter.tables import TABLES
from clinical_commander.encounter.verify import Verified, verify
from clinical_commander.errors import DamagedLog, Problem

_AT_ONCE: Final = 500
_COPYING: Final = "copying"
"""The lock that copies take: no encounter can have its name, for ids of the log are checked and this stands alone."""


def backup(log: Log, file: Path) -> Verified:
    """Copies a log into a new file.

    Args:
        log: SQLite or PostgreSQL.
        file: Must not exist. It appears only when it is whole.

    Raises:
        EncounterError: CC864, the file exists.
        DamagedLog: CC860, the log, or the copy, is damaged: there is no backup.
    """
    if file.exists():
        raise refused("CC864", f"{file} exists.", "A backup never overwrites: name a new file.")
    part = file.with_name(file.name + ".part")
    part.unlink(missing_ok=True)
    copy = open_log(part)
    try:
        _copy(log, copy)
        found = verify(copy)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
    finally:
        copy.close()
    if not found.whole:
        part.unlink(missing_ok=True)
        raise _damaged(found.findings)
    os.replace(part, file)
    folder = os.open(file.absolute().parent, os.O_RDONLY)
    try:
        os.fsync(folder)  # the new name, too
    finally:
        os.close(folder)
    return found


def restore(file: Path, log: Log, anchor: Mapping[str, Any] | None = None) -> Verified:
    """Copies a backup into an empty log, after it was found whole and true to the anchor.

    Raises:
        EncounterError: CC864, there is no such file, or the log holds encounters.
        DamagedLog: CC860, the backup is damaged or lacks what the anchor knows. The log stays empty.
    """
    if not file.is_file():
        raise refused("CC864", f"There is no backup {file}.", "Name a file that `backup` wrote.")
    if log.encounters():
        raise refused("CC864", "The log holds encounters.", "Restore into an empty one: `--db NEW`.")
    copy = open_log(file)
    try:
        found = verify(copy, anchor=anchor)
        if not found.whole:
            raise _damaged(found.findings)
        _copy(copy, log)
    finally:
        copy.close()
    return verify(log, anchor=anchor)


def _copy(source: Log, target: Log) -> None:
    with source.database.reading() as reads, target.database.writing(_COPYING) as writes:
        for table in TABLES:
            rows = reads.execution_options(yield_per=_AT_ONCE).execute(select(table).order_by(*_order(table)))
            for part in rows.mappings().partitions(_AT_ONCE):
                writes.execute(table.insert(), [dict(row) for row in part])


def _order(table: Table) -> list[Any]:
    return list(table.primary_key.columns)


def _damaged(findings: tuple[Finding, ...]) -> DamagedLog:
    return DamagedLog([Problem("CC860", str(one), "Nothing was copied.") for one in findings])
