"""A backup taken while writers work, restored into an empty log, and compared with an anchor kept elsewhere."""

from __future__ import annotations

import json
from pathlib import Path

from clinical_commander.encounter.backup import backup, restore
from clinical_commander.encounter.log import open_log
from clinical_commander.encounter.verify import make_anchor, verify
from tests.torture.report import Report
from tests.torture.writers import Writer, entry, mini, open_ready, write_forever


def copies(url: str, name: str, folder: Path, targets: list[str], rounds: int = 3) -> Report:
    """Backups of a log at work.

    Args:
        url: Whose.
        name: What it is called in the report.
        folder: For the backups.
        targets: URLs of empty logs, one a round, to restore into.
        rounds: How many backups.
    """
    report = Report(f"backup and restore, {name}")
    log = open_log(url)
    log.new(mini(), "ed", "opener", id="kept", key="open")
    for number in range(20):
        log.append("kept", entry(f"k{number}", number))
    report.note(backups=0, events=0, lost=0)
    for number, target in zip(range(rounds), targets, strict=False):
        anchor = json.loads(json.dumps(make_anchor(log)))
        writer = Writer(write_forever(url, ["kept"], f"r{number}"))
        file = folder / f"{name}-{number}.backup"
        backup(log, file)
        writer.kill()
        writer.wait()
        restored = open_log(target)
        found = restore(file, restored, anchor)
        report.count("backups")
        report.count("events", found.events)
        for text in map(str, found.findings):
            report.fault(text)
        for head in anchor["encounters"].values():
            report.count("lost", int(not found.whole or found.events < head["seq"]))
        # The copy is a log: it can be written, and an anchor of it is one of the original up to there.
        restored.append("kept", entry(f"after-{number}", number))
        again = open_ready(target)
        if not verify(again, anchor=anchor).whole:
            report.fault("the restored log is not whole after the next event")
        again.close()
        restored.close()
    log.close()
    return report
