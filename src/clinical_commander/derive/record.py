"""One coded, timed record of a patient, whatever format it came in: what every back end of `derive` takes."""

from __future__ import annotations

from datetime import datetime

from clinical_commander.frozen import frozen
from clinical_commander.quantity import ParsedQuantity


@frozen
class Record:
    """One record.

    `origin` names it and is unique; `kind` is one of `dossier.derivations.KINDS`, `order` or `other`. A code is written
    as the catalogue does: `loinc 718-7`. `standing` is final, preliminary, pending, unobtainable or refuted. `start`
    and `end` are the first and the last moment at which it can have been true: the same for an exact time, None where
    no time is given. For a date of birth they are the first and the last possible day.

    What it says is one of `number` (before any conversion, and with the unit that was written), `coded` (the codes of a
    coded answer) and `truth`; a diagnosis, a drug and an event say what they do by being there. `current` is whether it
    is present now, None where the record does not tell. `specimens` are the ids of the specimens it was made from, and
    `collected` when that was.
    """

    origin: str
    kind: str
    codes: tuple[str, ...] = ()
    standing: str = "final"
    start: datetime | None = None
    end: datetime | None = None
    number: ParsedQuantity | None = None
    coded: tuple[str, ...] = ()
    truth: bool | None = None
    entered: str = ""
    current: bool | None = None
    specimens: tuple[str, ...] = ()
    collected: datetime | None = None


@frozen
class Refusal:
    """Why a record was not used, by its code and in words that hold nothing of the patient."""

    code: str
    cause: str
