"""What was done to a log behind its back is found, named and never served; and what only an anchor can show."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from clinical_commander.encounter import Entry, Log, backup, make_anchor, open_log, read_anchor, restore, verify
from clinical_commander.encounter.chain import GENESIS, event_hash, payload_hash
from clinical_commander.encounter.events import Event
from clinical_commander.encounter.read import stored_events
from clinical_commander.errors import DamagedLog, EncounterError
from clinical_commander.frozen import replace
from tests.encounters import Clock, fact, fresh, new

pytestmark = pytest.mark.hazard("H18")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "log.db"


@pytest.fixture
def log(path: Path) -> Iterator[Log]:
    opened = fresh(path, Clock())
    yield opened
    opened.close()


@pytest.fixture
def id(log: Log) -> str:
    return new(log, spo2="91 %", sbp="104 mmHg", active_bleeding=True, age="58 years")


def behind_its_back(path: Path, *statements: str) -> None:
    """What somebody with the file and a shell can do."""
    connection = sqlite3.connect(path)
    for statement in statements:
        connection.execute(statement)
    connection.commit()
    connection.close()


@pytest.mark.parametrize(
    ("statement", "seq", "kind"),
    [
        ("UPDATE payloads SET body = replace(body, '91 %', '97 %') WHERE seq = 2", 2, "payload_altered"),
        ("UPDATE payloads SET salt = substr(salt, 2) || 'f' WHERE seq = 3", 3, "payload_altered"),
        ("UPDATE payloads SET salt = NULL, body = NULL WHERE seq = 3", 3, "payload_missing"),
        ("DELETE FROM payloads WHERE seq = 4", 4, "payload_missing"),
        ("UPDATE events SET actor = 'Somebody' WHERE seq = 2", 2, "event_altered"),
        ("UPDATE events SET effective_at = '2026-10-01T08:00:00+00:00' WHERE seq = 5", 5, "event_altered"),
        ("UPDATE events SET kind = 'retracted' WHERE seq = 3", 3, "event_altered"),
        ("UPDATE events SET target = 2 WHERE seq = 4", 4, "event_altered"),
        ("UPDATE events SET version = 2 WHERE seq = 4", 4, "event_altered"),
        ("UPDATE events SET key = 'other' WHERE seq = 2", 2, "event_altered"),
        ("UPDATE events SET previous = hash WHERE seq = 3", 3, "event_altered"),
        ("DELETE FROM events WHERE seq = 3", 3, "missing"),
        ("DELETE FROM events WHERE seq = 5", 5, "cut"),
        ("DELETE FROM events WHERE seq > 2", 3, "cut"),
        ("DELETE FROM events WHERE seq = 1", 1, "missing"),
        ("UPDATE encounters SET hash = lower(hex(zeroblob(32)))", 5, "head"),
        ("UPDATE encounters SET seq = 4", 5, "head"),
        ("UPDATE encounters SET seq = 6", 6, "cut"),
    ],
)
def test_an_edit_is_named_by_its_event_and_nothing_of_it_is_served(
    log: Log, id: str, path: Path, statement: str, seq: int, kind: str
) -> None:
    behind_its_back(path, "PRAGMA foreign_keys=OFF", statement)

    found = verify(log)

    assert (id, seq, kind) in {(f.encounter, f.seq, f.kind) for f in found.findings}
    with pytest.raises(DamagedLog) as error:
        log.events(id)
    assert error.value.problems[0].code == "CC860"


def test_two_events_that_changed_places_are_called_reordered(log: Log, id: str, path: Path) -> None:
    behind_its_back(
        path,
        "PRAGMA foreign_keys=OFF",
        "UPDATE events SET seq = 99 WHERE seq = 3",
        "UPDATE events SET seq = 3 WHERE seq = 4",
        "UPDATE events SET seq = 4 WHERE seq = 99",
    )

    kinds = {(f.seq, f.kind) for f in verify(log).findings}

    assert (3, "reordered") in kinds or (4, "reordered") in kinds


def test_an_event_of_another_encounter_does_not_fit(log: Log, id: str, path: Path) -> None:
    other = new(log, spo2="99 %")
    behind_its_back(
        path,
        "PRAGMA foreign_keys=OFF",
        f"DELETE FROM events WHERE encounter = '{id}' AND seq = 2",
        f"UPDATE events SET encounter = '{id}' WHERE encounter = '{other}' AND seq = 2",
    )

    found = {(f.encounter, f.seq) for f in verify(log).findings}

    assert {(id, 2), (other, 2)} <= found


def test_nothing_is_appended_to_an_end_that_was_altered(log: Log, id: str, path: Path) -> None:
    behind_its_back(
        path, "PRAGMA foreign_keys=OFF", "DELETE FROM payloads WHERE seq = 5", "DELETE FROM events WHERE seq = 5"
    )

    with pytest.raises(DamagedLog):
        log.append(id, fact("spo2", "97 %"))


@pytest.mark.parametrize(
    ("statement", "kind"),
    [
        ("UPDATE packs SET body = zeroblob(100)", "pack"),
        ("UPDATE packs SET body = substr(body, 1, length(body) - 1) || x'00'", "pack"),
        ("DELETE FROM packs", "pack"),
        ("DELETE FROM encounters", "head"),
        ("INSERT INTO payloads VALUES ('nobody', 1, 'aa', '{}')", "payload_missing"),
    ],
)
def test_what_belongs_to_no_event_is_looked_at_too(log: Log, id: str, path: Path, statement: str, kind: str) -> None:
    behind_its_back(path, "PRAGMA foreign_keys=OFF", statement)

    assert kind in {f.kind for f in verify(log).findings}


def test_an_altered_pack_is_not_replayed(log: Log, id: str, path: Path) -> None:
    pack = log.head(id).pack
    behind_its_back(path, "UPDATE packs SET body = zeroblob(100)")

    with pytest.raises(DamagedLog) as error:
        log.pack(pack)
    assert error.value.problems[0].code == "CC862"


# --- what a chain cannot show, and an anchor can


def rewritten(path: Path, log: Log, id: str) -> None:
    """A forger with time: the second event says something else, and every hash from there on is made anew."""
    with log.database.reading() as connection:
        stored = stored_events(connection, id)
    statements, previous = [], GENESIS
    for one in stored:
        event: Event = one.event
        if event.seq == 2:
            body = str(one.body).replace("91 %", "97 %")
            event = replace(event, payload_hash=payload_hash(str(one.salt), body))
            statements.append(f"UPDATE payloads SET body = '{body}' WHERE encounter = '{id}' AND seq = 2")
        event = replace(event, previous=previous)
        previous = event_hash(previous, event)
        statements.append(
            f"UPDATE events SET payload_hash = '{event.payload_hash}', previous = '{event.previous}', "
            f"hash = '{previous}' WHERE encounter = '{id}' AND seq = {event.seq}"
        )
    behind_its_back(path, *statements, f"UPDATE encounters SET hash = '{previous}' WHERE id = '{id}'")


def test_a_log_that_was_rewritten_as_a_whole_looks_whole_and_only_the_anchor_shows_it(
    log: Log, id: str, path: Path
) -> None:
    anchor = make_anchor(log)
    rewritten(path, log, id)

    assert verify(log).whole
    [found] = verify(log, anchor=anchor).findings
    assert (found.encounter, found.seq, found.kind) == (id, 5, "anchor")


def test_a_tail_that_was_cut_with_its_head_is_shown_by_the_anchor(log: Log, id: str, path: Path) -> None:
    anchor = make_anchor(log)
    fourth = log.events(id)[3].hash
    behind_its_back(
        path,
        "DELETE FROM payloads WHERE seq = 5",
        "DELETE FROM events WHERE seq = 5",
        f"UPDATE encounters SET seq = 4, hash = '{fourth}'",
    )

    assert verify(log).whole
    assert [f.kind for f in verify(log, anchor=anchor).findings] == ["anchor"]


def test_an_encounter_that_was_taken_out_altogether_is_shown_by_the_anchor(log: Log, id: str, path: Path) -> None:
    anchor = make_anchor(log)
    behind_its_back(path, "DELETE FROM payloads", "DELETE FROM events", "DELETE FROM encounters")

    assert verify(log).whole
    assert [f.encounter for f in verify(log, anchor=anchor).findings] == [id]


def test_a_log_that_went_on_is_true_to_its_anchor(log: Log, id: str) -> None:
    anchor = json.loads(json.dumps(make_anchor(log)))
    log.append(id, fact("spo2", "97 %"))
    log.erase(id, 2, "asked for", "Records office")

    assert verify(log, anchor=anchor).whole


@pytest.mark.parametrize("damage", ["hash", "seq", "schema", "list"])
def test_an_anchor_that_was_altered_is_no_anchor(log: Log, id: str, damage: str) -> None:
    anchor = make_anchor(log)
    altered = {
        "hash": {**anchor, "hash": "0" * 64},
        "seq": {**anchor, "encounters": {id: {**anchor["encounters"][id], "seq": 1}}},
        "schema": {**anchor, "schema": "anchor/2"},
        "list": [anchor],
    }[damage]

    with pytest.raises(EncounterError) as error:
        read_anchor(altered)
    assert error.value.problems[0].code == "CC864"


@pytest.mark.hazard("H21")
def test_an_anchor_holds_nothing_of_a_patient(log: Log) -> None:
    id = log.new(b"".join([log.pack(log.head(new(log)).pack)]), "ed", "CANARY-1", label="CANARY-2").encounter
    log.append(id, Entry("outcome_recorded", {"outcome": "CANARY-3"}, "CANARY-4"))

    assert "CANARY" not in json.dumps(make_anchor(log))


# --- copies


def test_a_backup_is_the_log_of_its_moment_and_can_be_restored_into_an_empty_one(
    log: Log, id: str, tmp_path: Path
) -> None:
    anchor = make_anchor(log)
    backup(log, tmp_path / "copy.backup")
    log.append(id, fact("spo2", "97 %"))

    restored = open_log(tmp_path / "restored.db")
    found = restore(tmp_path / "copy.backup", restored, anchor)

    assert found.whole
    assert restored.events(id) == log.events(id)[:5]
    assert restored.append(id, fact("sbp", "90 mmHg")).seq == 6
    restored.close()


def test_a_backup_never_overwrites_and_a_damaged_log_makes_none(log: Log, id: str, path: Path, tmp_path: Path) -> None:
    (tmp_path / "there").write_text("something")
    with pytest.raises(EncounterError):
        backup(log, tmp_path / "there")
    behind_its_back(path, "UPDATE events SET actor = 'Somebody' WHERE seq = 2")

    with pytest.raises(DamagedLog):
        backup(log, tmp_path / "copy.backup")

    assert not list(tmp_path.glob("copy*"))


def test_a_backup_that_is_older_than_the_anchor_is_refused_and_leaves_the_log_empty(
    log: Log, id: str, tmp_path: Path
) -> None:
    backup(log, tmp_path / "old.backup")
    log.append(id, fact("spo2", "97 %"))
    restored = open_log(tmp_path / "restored.db")

    with pytest.raises(DamagedLog):
        restore(tmp_path / "old.backup", restored, make_anchor(log))

    assert restored.encounters() == ()
    restored.close()


def test_a_log_that_holds_something_is_not_restored_over(log: Log, id: str, tmp_path: Path) -> None:
    backup(log, tmp_path / "copy.backup")

    with pytest.raises(EncounterError) as error:
        restore(tmp_path / "copy.backup", log)
    assert error.value.problems[0].code == "CC864"
