"""What the encounter log takes, refuses and keeps, on SQLite and on PostgreSQL."""

from __future__ import annotations

import json
import logging
import sqlite3
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pg8000.exceptions
import pytest
from sqlalchemy import inspect, text

from clinical_commander.encounter import Entry, Log, open_log, replay, show, verify
from clinical_commander.encounter.database import Database, refuse_wal, translated
from clinical_commander.encounter.events import KINDS, Shape
from clinical_commander.encounter.tables import METADATA
from clinical_commander.encounter.upcast import EventSchema
from clinical_commander.errors import CaseError, ClinicalCommanderError, DamagedLog, EncounterError
from tests.encounters import HOUR, MINUTE, START, Clock, fact, fresh, hemoptysis, mini, new
from tests.torture.cluster import Cluster, why_not


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    if why_not():
        pytest.skip(why_not())
    with Cluster() as cluster:
        yield cluster.made("log")


@pytest.fixture(params=["sqlite", "postgresql"])
def log(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Log]:
    if request.param == "sqlite":
        opened = fresh(tmp_path / "log.db", Clock())
    else:
        opened = open_log(request.getfixturevalue("server"), clock=Clock())
    yield opened
    opened.close()


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Log]:
    """A log on SQLite, where one database is enough."""
    opened = fresh(tmp_path / "log.db", Clock())
    yield opened
    opened.close()


def code(error: pytest.ExceptionInfo[ClinicalCommanderError]) -> str:
    return error.value.problems[0].code


# --- events


def test_events_are_numbered_without_a_gap_and_each_knows_the_one_before(log: Log) -> None:
    id = new(log, spo2="91 %", sbp="104 mmHg")

    events = log.events(id)

    assert [event.seq for event in events] == [1, 2, 3]
    assert [event.previous for event in events] == ["0" * 64, events[0].hash, events[1].hash]
    assert len({event.hash for event in events}) == 3
    assert verify(log, [id]).whole


def test_what_was_acknowledged_is_there_when_the_log_is_opened_again(log: Log) -> None:
    id = new(log)
    event = log.append(id, fact("spo2", "86 %"))

    again = Log(Database(log.database.url))

    assert again.events(id)[-1] == event
    assert again.events(id)[-1].payload == {"fact": "spo2", "statement": "86 %"}
    again.close()


def test_events_that_are_recorded_together_are_recorded_all_or_none(log: Log) -> None:
    id = new(log)

    with pytest.raises(CaseError):
        log.append_all(id, [fact("spo2", "86 %"), fact("sbp", "104")])

    assert len(log.events(id)) == 1


def test_a_clock_that_goes_back_does_not_turn_the_order_round(small: Log) -> None:
    clock = small.clock
    assert isinstance(clock, Clock)
    id = new(small)
    clock.on(-2 * HOUR)

    event = small.append(id, fact("spo2", "86 %"))

    assert event.recorded == START + timedelta(microseconds=1)
    assert event.effective == START - 2 * HOUR


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        (fact("sp02", "86 %"), "CC606"),
        (fact("spo2", "86"), "CC601"),
        (fact("spo2", "0.97"), "CC610"),
        (fact("spo2", "134 %"), "CC609"),
        (Entry("fact_noticed", {}, "Nurse"), "CC854"),
        (Entry("fact_recorded", {"fact": "spo2"}, "Nurse"), "CC854"),
        (Entry("fact_recorded", {"fact": "spo2", "statement": "86 %", "name": "x"}, "Nurse"), "CC854"),
        (Entry("retracted", {"reason": "slip"}, "Nurse"), "CC854"),
        (Entry("retracted", {"reason": "slip"}, "Nurse", target=7), "CC854"),
        (Entry("retracted", {"reason": "slip"}, "Nurse", target=1), "CC854"),
        (Entry("fact_corrected", {"statement": "86 %"}, "Nurse", target=1), "CC854"),
        (Entry("advice_overridden", {"advice": "airway.upright"}, "Nurse"), "CC854"),
        (Entry("advice_overridden", {"advice": "no.such", "reason": "because"}, "Nurse"), "CC854"),
        (Entry("action_done", {"action": "no.such"}, "Nurse"), "CC618"),
        (Entry("action_declined", {"action": "airway.upright"}, "Nurse"), "CC854"),
        (Entry("handed_over", {"to": "ward", "setting": "moon"}, "Nurse"), "CC854"),
        (Entry("decision_recorded", {"what": "disposition", "value": "moon"}, "Nurse"), "CC617"),
        (Entry("outcome_recorded", {"outcome": "x" * 401}, "Nurse"), "CC854"),
        (Entry("assessment_shown", {"at": "x"}, "Nurse"), "CC854"),
        (Entry("fact_recorded", {"fact": "spo2", "statement": "86 %"}, ""), "CC854"),
        (fact("spo2", "86 %", key="a key"), "CC854"),
    ],
    ids=lambda value: value if isinstance(value, str) else value.kind,
)
def test_what_cannot_be_replayed_is_refused_and_leaves_nothing(small: Log, entry: Entry, expected: str) -> None:
    id = new(small)

    with pytest.raises(ClinicalCommanderError) as error:
        small.append(id, entry)

    assert code(error) == expected
    assert len(small.events(id)) == 1


def test_a_correction_is_read_as_its_fact_would_be(small: Log) -> None:
    id = new(small, spo2="86 %")

    with pytest.raises(CaseError) as error:
        small.append(id, Entry("fact_corrected", {"statement": "88"}, "Nurse", target=2))

    assert code(error) == "CC601"


def test_an_encounter_that_there_is_not_is_named_as_such(log: Log) -> None:
    for read in (log.events, log.head, lambda id: log.append(id, fact("spo2", "86 %"))):
        with pytest.raises(EncounterError) as error:
            read("no-such-encounter")
        assert code(error) == "CC853"


# --- the same twice, and two at once


@pytest.mark.hazard("H19")
def test_the_same_key_three_times_is_one_event(log: Log) -> None:
    id = new(log)
    entries = [
        fact("spo2", "86 %", key="k1"),
        Entry("action_done", {"action": "airway.upright"}, "Nurse", None, "k2"),
        Entry("retracted", {"reason": "slip"}, "Nurse", None, "k3", 2),
        Entry("outcome_recorded", {"outcome": "went home"}, "Nurse", None, "k4"),
    ]

    for entry in entries:
        assert len({log.append(id, entry).seq for _ in range(3)}) == 1
    shown = {show(log, id, "Doctor", key="k5")[1].seq for _ in range(3)}
    erased = {log.erase(id, 2, "asked for", "Records", "k6").seq for _ in range(3)}

    assert (shown, erased) == ({6}, {7})
    assert len(log.events(id)) == 7
    assert verify(log, [id]).whole


@pytest.mark.hazard("H19")
def test_opening_the_same_encounter_twice_opens_it_once(log: Log) -> None:
    first = log.new(mini(), "ed", "Doctor", id=f"twice-{id(log)}", key="k")

    assert log.new(mini(), "ed", "Doctor", id=first.encounter, key="k") == first
    with pytest.raises(EncounterError) as error:
        log.new(mini(), "icu", "Doctor", id=first.encounter, key="other")
    assert code(error) == "CC855"


@pytest.mark.hazard("H19")
def test_a_key_that_stands_for_another_event_is_refused(log: Log) -> None:
    id = new(log)
    log.append(id, fact("spo2", "86 %", key="k"))

    for other in (
        fact("spo2", "96 %", key="k"),
        fact("sbp", "104 mmHg", key="k"),
        fact("spo2", "86 %", START - MINUTE, "k"),
        Entry("retracted", {"reason": "slip"}, "Nurse", None, "k", 2),
    ):
        with pytest.raises(EncounterError) as error:
            log.append(id, other)
        assert code(error) == "CC855"


@pytest.mark.hazard("H19")
def test_of_two_editors_the_second_is_told_that_the_first_was_quicker(log: Log) -> None:
    id = new(log)
    seen = log.head(id).seq
    log.append(id, fact("spo2", "86 %", actor="First"), expect=seen)

    with pytest.raises(EncounterError) as error:
        log.append(id, fact("spo2", "96 %", actor="Second"), expect=seen)

    assert code(error) == "CC856"
    assert [event.actor for event in log.events(id)] == ["Doctor", "First"]


@pytest.mark.hazard("H19")
def test_a_reply_that_was_lost_is_had_again_with_the_same_key_whoever_wrote_meanwhile(log: Log) -> None:
    id = new(log)
    acknowledged = log.append(id, fact("spo2", "86 %", key="lost"), expect=1)
    log.append(id, fact("sbp", "104 mmHg"))

    assert log.append(id, fact("spo2", "86 %", key="lost"), expect=1) == acknowledged


def test_eight_threads_write_one_encounter_without_a_gap(log: Log) -> None:
    id = new(log)
    writers = [
        threading.Thread(
            target=lambda n=n: [log.append(id, fact("spo2", f"{90 + i} %", key=f"{n}-{i}")) for i in range(4)]
        )
        for n in range(8)
    ]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()

    events = log.events(id)
    assert [event.seq for event in events] == list(range(1, 34))
    assert len({event.key for event in events}) == 33


# --- times


@pytest.mark.hazard("H20")
def test_a_time_without_zone_is_refused(small: Log) -> None:
    id = new(small)

    with pytest.raises(CaseError) as error:
        small.append(id, fact("spo2", "86 %", START.replace(tzinfo=None)))

    assert code(error) == "CC613"


@pytest.mark.hazard("H20")
@pytest.mark.parametrize(
    ("ahead", "taken"),
    [(5 * MINUTE, True), (5 * MINUTE + timedelta(seconds=1), False), (10 * MINUTE, False), (-10 * MINUTE, True)],
)
def test_a_time_ahead_of_the_clock_by_more_than_five_minutes_is_refused(
    small: Log, ahead: timedelta, taken: bool
) -> None:
    id = new(small)
    entry = fact("spo2", "86 %", START + ahead)

    if taken:
        assert small.append(id, entry).effective == START + ahead
    else:
        with pytest.raises(CaseError) as error:
            small.append(id, entry)
        assert code(error) == "CC614"


@pytest.mark.hazard("H20")
def test_the_hour_that_comes_twice_is_two_hours(tmp_path: Path) -> None:
    # In Berlin clocks went from 3:00 back to 2:00 on 25 October 2026.
    berlin = ZoneInfo("Europe/Berlin")
    first = datetime(2026, 10, 25, 2, 30, tzinfo=berlin)
    second = datetime(2026, 10, 25, 2, 30, tzinfo=berlin, fold=1)
    log = open_log(tmp_path / "dst.db", clock=Clock(datetime(2026, 10, 25, 6, tzinfo=UTC)))
    id = new(log, at=first)
    log.append_all(id, [fact("spo2", "86 %", first), fact("spo2", "97 %", second)])

    between = replay(log, id, true=datetime(2026, 10, 25, 1, 0, tzinfo=UTC))
    after = replay(log, id, true=datetime(2026, 10, 25, 1, 30, tzinfo=UTC))

    assert [event.effective_at[-6:] for event in log.events(id)] == ["+02:00", "+02:00", "+01:00"]
    assert between.case.facts["spo2"][-1].entered == "86 %"
    assert after.case.facts["spo2"][-1].entered == "97 %"
    log.close()


@pytest.mark.hazard("H20")
def test_a_leap_day_is_a_day(tmp_path: Path) -> None:
    log = open_log(tmp_path / "leap.db", clock=Clock(datetime(2028, 3, 1, 0, 30, tzinfo=UTC)))
    id = new(log, at=datetime(2028, 2, 28, 23, tzinfo=UTC))
    log.append(id, fact("spo2", "86 %", datetime(2028, 2, 29, 23, 59, tzinfo=UTC)))

    assert not replay(log, id, true=datetime(2028, 2, 29, 12, tzinfo=UTC)).case.facts
    assert replay(log, id, known=datetime(2028, 3, 1, 0, 31, tzinfo=UTC)).case.facts["spo2"]
    log.close()


# --- content


@pytest.mark.hazard("H16")
def test_a_writer_who_speaks_of_another_content_is_refused(small: Log) -> None:
    id = new(small)
    ours = small.head(id).pack

    assert small.append(id, fact("spo2", "86 %"), pack=ours).pack == ours
    with pytest.raises(EncounterError) as error:
        small.append(id, fact("spo2", "86 %"), pack="0" * 64)

    assert code(error) == "CC857"


def test_the_content_of_an_encounter_is_kept_to_the_byte(log: Log) -> None:
    id = new(log, hemoptysis())

    assert log.pack(log.head(id).pack) == hemoptysis()


# --- erasure


@pytest.mark.hazard("H21")
def test_an_erased_payload_is_gone_and_the_chain_is_whole(log: Log) -> None:
    id = new(log, spo2="86 %", sbp="104 mmHg")
    before = [event.hash for event in log.events(id)]

    log.erase(id, 2, "asked for by the patient", "Records office")

    events = log.events(id)
    assert [event.hash for event in events[:3]] == before
    assert (events[1].payload, events[2].payload) == (None, {"fact": "sbp", "statement": "104 mmHg"})
    found = verify(log, [id])
    assert (found.whole, found.erased) == (True, 1)


@pytest.mark.hazard("H21")
def test_the_bytes_of_an_erased_payload_are_gone_from_the_file(tmp_path: Path) -> None:
    path = tmp_path / "erased.db"
    log = open_log(path)
    id = log.new(mini(), "ed", "Doctor").encounter
    # Longer than what is written after it: the space that is left free is not overwritten by chance.
    log.append(id, Entry("outcome_recorded", {"outcome": "CANARY-4711 " * 30}, "Doctor"))
    assert b"CANARY-4711" in path.read_bytes()

    log.erase(id, 2, "asked for", "Records office")
    log.close()

    assert b"CANARY-4711" not in path.read_bytes()


def test_an_erased_retraction_still_retracts_and_an_erased_correction_leaves_nothing(small: Log) -> None:
    id = new(small, spo2="86 %", sbp="104 mmHg")
    small.append(id, Entry("retracted", {"reason": "wrong patient"}, "Nurse", target=2))
    small.append(id, Entry("fact_corrected", {"statement": "140 mmHg"}, "Nurse", target=3))
    small.erase(id, 4, "asked for", "Records office")
    small.erase(id, 5, "asked for", "Records office")

    facts = replay(small, id).case.facts

    assert "spo2" not in facts
    assert "sbp" not in facts  # 104 was wrong, and what was right is gone: unknown


def test_an_encounter_whose_opening_was_erased_can_be_verified_and_not_replayed(small: Log) -> None:
    id = new(small, spo2="86 %")
    small.erase(id, 1, "asked for", "Records office")

    assert verify(small, [id]).whole
    with pytest.raises(EncounterError) as error:
        replay(small, id)
    assert code(error) == "CC863"


# --- versions


def test_an_event_of_an_older_form_is_read_in_the_new_one(small: Log) -> None:
    id = new(small)
    small.append(id, Entry("handed_over", {"to": "ward"}, "Nurse"))
    kinds = {**KINDS, "handed_over": Shape("handed over", ("team",), ("setting", "text"), version=3)}
    upcasters = {
        ("handed_over", 1): lambda old: {"whom": old["to"]},
        ("handed_over", 2): lambda old: {"team": old["whom"]},
    }

    newer = Log(small.database, schema=EventSchema(kinds, upcasters))

    assert newer.events(id)[-1].payload == {"team": "ward"}
    assert newer.events(id)[-1].version == 1
    assert small.events(id)[-1].payload == {"to": "ward"}
    assert verify(newer, [id]).whole


def test_an_event_of_a_newer_program_is_not_passed_over(small: Log) -> None:
    id = new(small)
    kinds = {**KINDS, "handed_over": Shape("handed over", ("to",), version=2)}
    Log(small.database, schema=EventSchema(kinds, {}), clock=small.clock).append(
        id, Entry("handed_over", {"to": "ward"}, "N")
    )

    with pytest.raises(EncounterError) as error:
        small.events(id)
    assert code(error) == "CC859"
    assert verify(small, [id]).whole  # it is whole; it is only not understood


@pytest.mark.parametrize("version", ["9999", "0000"])
def test_a_log_of_a_version_that_is_not_known_is_not_opened(tmp_path: Path, version: str) -> None:
    path = tmp_path / "newer.db"
    open_log(path).close()
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE alembic_version SET version_num = ?", (version,))
    connection.close()

    with pytest.raises(EncounterError) as error:
        open_log(path)
    assert code(error) == "CC851"


def test_the_migrations_make_the_tables_that_the_program_reads(log: Log) -> None:
    with log.database.reading() as connection:
        found = inspect(connection)
        for table in METADATA.sorted_tables:
            columns = {c["name"]: (str(c["type"]), c["nullable"]) for c in found.get_columns(table.name)}
            dialect = connection.dialect
            declared = {c.name: (c.type.compile(dialect), bool(c.nullable)) for c in table.columns}
            assert columns == declared
            assert found.get_pk_constraint(table.name)["constrained_columns"] == [c.name for c in table.primary_key]
            keys = {tuple(k["constrained_columns"]): k["referred_table"] for k in found.get_foreign_keys(table.name)}
            assert keys == {
                tuple(c.name for c in key.columns): key.referred_table.name for key in table.foreign_key_constraints
            }
        assert [u["column_names"] for u in found.get_unique_constraints("events")] == [["encounter", "key"]]


def test_a_database_of_another_program_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "other.db"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE events (id INTEGER)")
    connection.close()

    with pytest.raises(EncounterError) as error:
        open_log(path)
    assert code(error) == "CC851"


# --- the settings that a promise rests on


@pytest.mark.hazard("H18")
@pytest.mark.parametrize(
    ("version", "taken"), [((3, 40, 1), False), ((3, 51, 2), False), ((3, 51, 3), True), ((4, 0, 0), True)]
)
def test_a_write_ahead_log_is_refused_where_sqlite_could_corrupt_it(version: tuple[int, ...], taken: bool) -> None:
    if taken:
        refuse_wal(version)
        return
    with pytest.raises(EncounterError) as error:
        refuse_wal(version)
    assert code(error) == "CC852"


@pytest.mark.hazard("H18")
@pytest.mark.skipif(
    sqlite3.sqlite_version_info >= (3, 51, 3), reason="this SQLite can be trusted with a write-ahead log"
)
def test_a_file_that_somebody_put_into_wal_mode_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "wal.db"
    open_log(path).close()
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
    connection.close()

    with pytest.raises(EncounterError) as error:
        open_log(path)
    assert code(error) == "CC852"
    with pytest.raises(EncounterError):
        open_log(f"sqlite:///{path}?journal=wal")


@pytest.mark.hazard("H18")
def test_every_commit_of_sqlite_is_synchronous_and_foreign_keys_hold(small: Log) -> None:
    with small.database.reading() as connection:
        found = {
            name: connection.execute(text(f"PRAGMA {name}")).scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys", "secure_delete")
        }

    assert found == {"journal_mode": "delete", "synchronous": 3, "foreign_keys": 1, "secure_delete": 1}  # 3: EXTRA


@pytest.mark.hazard("H18")
def test_every_commit_of_postgresql_is_synchronous(server: str) -> None:
    log = open_log(server)
    with log.database.reading() as connection:
        found = connection.execute(text("SELECT current_setting('synchronous_commit'), current_setting('fsync')")).one()
    log.close()

    assert tuple(found) == ("on", "on")


@pytest.mark.hazard("H18")
def test_a_server_that_does_not_sync_is_refused(tmp_path: Path) -> None:
    if why_not():
        pytest.skip(why_not())
    with Cluster() as cluster:
        cluster.stop()
        with (cluster.data / "postgresql.conf").open("a") as conf:
            conf.write("\nfsync = off\n")
        cluster.start()
        with pytest.raises(EncounterError) as error:
            open_log(cluster.url)
    assert code(error) == "CC852"


@pytest.mark.hazard("H18")
def test_a_full_disk_is_said_and_nothing_is_half_recorded(small: Log, tmp_path: Path) -> None:
    id = new(small)
    with small.database.reading() as connection:
        pages = connection.execute(text("PRAGMA page_count")).scalar_one()
    from sqlalchemy import event as events

    # SQLite's own limit on pages gives the answer of a full disk (SQLITE_FULL) in the middle of a commit.
    limit = lambda connection, _: connection.execute(f"PRAGMA max_page_count={pages}")  # noqa: E731
    events.listen(small.database.engine, "connect", limit)
    recorded = []
    with pytest.raises(EncounterError) as error:
        recorded.extend(small.append(id, fact("spo2", "86 %")) for _ in range(200))
    events.remove(small.database.engine, "connect", limit)

    assert code(error) == "CC858"
    assert "the disk is full" in str(error.value)
    assert len(small.events(id)) == 1 + len(recorded)
    assert verify(small).whole


# --- nothing of a patient where it does not belong


@pytest.mark.hazard("H21")
@pytest.mark.parametrize(
    "url",
    ["mysql://root:CANARY@host/db", "postgresql://u:CANARY@/x?unix_sock=/no/such/socket", "sqlite://", "ftp://CANARY"],
)
def test_a_url_that_cannot_be_opened_is_not_repeated(url: str) -> None:
    with pytest.raises(EncounterError) as error:
        open_log(url)

    assert "CANARY" not in str(error.value)


@pytest.mark.hazard("H21")
def test_no_error_of_the_log_and_no_line_that_is_logged_holds_a_value(
    log: Log, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    id = new(log)
    said = []
    with log.database.engine.connect() as connection:  # a table goes missing under it: the database objects
        connection.execute(text("ALTER TABLE payloads RENAME TO elsewhere"))
        connection.commit()
    try:
        for entry in (
            Entry("outcome_recorded", {"outcome": "CANARY-1"}, "CANARY-2", None, "CANARY-3"),
            fact("blood_source", "CANARY-4"),
            Entry("CANARY-5", {"CANARY-6": 1}, "x"),
        ):
            with pytest.raises(ClinicalCommanderError) as error:
                log.append(id, entry)
            if error.value.problems[0].code[:4] == "CC85":
                said.append(str(error.value))
    finally:
        with log.database.engine.connect() as connection:
            connection.execute(text("ALTER TABLE elsewhere RENAME TO payloads"))
            connection.commit()

    assert said
    assert "CANARY" not in "".join(said)
    assert "CANARY" not in caplog.text


@pytest.mark.hazard("H21")
@pytest.mark.parametrize(
    "error",
    [pg8000.exceptions.InterfaceError("CANARY"), ConnectionResetError("CANARY"), sqlite3.OperationalError("CANARY")],
)
def test_what_a_driver_says_past_every_layer_is_told_in_our_words(error: Exception) -> None:
    with pytest.raises(EncounterError) as told, translated():
        raise error

    assert code(told) == "CC858"
    assert "CANARY" not in str(told.value)


@pytest.mark.hazard("H21")
def test_the_file_of_the_log_can_be_read_by_its_owner_alone(tmp_path: Path) -> None:
    open_log(tmp_path / "new.db").close()

    assert (tmp_path / "new.db").stat().st_mode & 0o077 == 0


def test_a_file_that_is_no_database_is_said_to_be_damaged(tmp_path: Path) -> None:
    path = tmp_path / "noise.db"
    path.write_bytes(b"this is not a database" * 100)

    with pytest.raises(DamagedLog) as error:
        open_log(path)

    assert code(error) == "CC861"


def test_a_site_of_an_encounter_is_replayed_with_it(small: Log) -> None:
    site = {"capabilities": {"ir": "no"}, "listed": {"name": "Hill Hospital", "changes": [], "phones": {}}}
    id = small.new(mini(), "ed", "Doctor", site=site).encounter

    assert json.loads(replay(small, id).assessment.dumps())["site"]["name"] == "Hill Hospital"
