"""The encounter log: what was known of a patient, what was shown and what was done, so that it can be seen again.

    log = open_log("encounters.db")                       # or postgresql://user@host/database
    opened = log.new(dossier, "ed", "Dr A. Example")
    log.append(opened.encounter, Entry("fact_recorded", {"fact": "spo2", "statement": "86 %"}, "Nurse B. Example"))
    replayed, shown = show(log, opened.encounter, "Dr A. Example")
    replay(log, opened.encounter, known=a_moment_ago).assessment
    verify(log).findings

Needs the extra `encounter` (SQLAlchemy, Alembic, pg8000); nothing else of the package loads it.
"""

from clinical_commander.encounter.backup import backup, restore
from clinical_commander.encounter.chain import Finding
from clinical_commander.encounter.differences import Difference, differences, summary
from clinical_commander.encounter.events import KINDS, Entry, Event
from clinical_commander.encounter.log import GUARANTEE, Head, Log, open_log
from clinical_commander.encounter.replay import (
    Replayed,
    Reproduced,
    assessment_hash,
    compare,
    replay,
    reproduce,
    show,
    upgrade,
)
from clinical_commander.encounter.timeline import Row, timeline
from clinical_commander.encounter.verify import Verified, make_anchor, read_anchor, verify

__all__ = [
    "GUARANTEE",
    "KINDS",
    "Difference",
    "Entry",
    "Event",
    "Finding",
    "Head",
    "Log",
    "Replayed",
    "Reproduced",
    "Row",
    "Verified",
    "assessment_hash",
    "backup",
    "compare",
    "differences",
    "make_anchor",
    "open_log",
    "read_anchor",
    "replay",
    "reproduce",
    "restore",
    "show",
    "summary",
    "timeline",
    "upgrade",
    "verify",
]
