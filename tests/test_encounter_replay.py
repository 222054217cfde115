"""An encounter as it was known, as it was true, and as it was shown; what follows from a series over time."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from clinical_commander.dossier.pack import load_pack, pack
from clinical_commander.encounter import (
    Entry,
    Log,
    assessment_hash,
    compare,
    replay,
    reproduce,
    show,
    timeline,
    upgrade,
)
from clinical_commander.encounter.script import load_script, read_script
from clinical_commander.engine.site import apply_site, site_from_mapping
from clinical_commander.errors import CaseError, EncounterError
from tests.encounters import HOUR, MILD, MINUTE, START, Clock, fact, fresh, hemoptysis, new
from tests.fixtures import REPOSITORY, engine

STAY = REPOSITORY / "examples" / "encounters" / "tb-04-stay.yaml"


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def log(tmp_path: Path, clock: Clock) -> Iterator[Log]:
    opened = fresh(tmp_path / "log.db", clock)
    yield opened
    opened.close()


def tier(log: Log, id: str, **moment: object) -> tuple[str, ...]:
    return replay(log, id, **moment).assessment.tier.possible


# --- two questions


def test_what_was_recorded_late_was_true_before_it_was_known(log: Log, clock: Clock) -> None:
    id = new(log, hemoptysis(), **MILD)
    ten_past = clock.on(10 * MINUTE)
    clock.on(20 * MINUTE)
    log.append(id, fact("spo2", "84 %", ten_past))

    assert tier(log, id, known=ten_past) == ("mild",)
    assert tier(log, id, true=ten_past) == ("massive",)
    assert tier(log, id, true=ten_past - MINUTE) == ("mild",)


def test_a_corrected_value_counts_from_its_own_time_and_only_once_it_was_corrected(log: Log, clock: Clock) -> None:
    id = new(log, hemoptysis(), **MILD)
    clock.on(MINUTE)
    wrong = log.append(id, fact("hr", "176 /min"))
    shown_at = clock.on(MINUTE)
    clock.on(MINUTE)
    log.append(id, Entry("fact_corrected", {"statement": "76 /min", "reason": "slip"}, "Nurse", target=wrong.seq))

    assert tier(log, id, known=shown_at) == ("massive",)
    assert tier(log, id) == ("mild",)
    assert tier(log, id, true=shown_at) == ("mild",)


def test_a_correction_of_a_correction_is_of_the_same_fact(log: Log) -> None:
    id = new(log, hemoptysis())
    first = log.append(id, fact("hr", "176 /min")).seq
    second = log.append(id, Entry("fact_corrected", {"statement": "160 /min"}, "Nurse", target=first)).seq
    log.append(id, Entry("fact_corrected", {"statement": "76 /min"}, "Nurse", target=second))

    assert [o.entered for o in replay(log, id).case.facts["hr"]] == ["76 /min"]


def test_a_retracted_fact_is_unknown_again_and_not_normal(log: Log) -> None:
    id = new(log, hemoptysis(), **MILD)
    spo2 = next(e.seq for e in log.events(id) if e.payload and e.payload.get("fact") == "spo2")

    log.append(id, Entry("retracted", {"reason": "another patient's"}, "Nurse", target=spo2))

    assert tier(log, id) == ("mild", "massive")
    assert "spo2" in replay(log, id).assessment.tier.missing


def test_an_action_that_was_recorded_by_mistake_is_not_done(log: Log) -> None:
    id = new(log, hemoptysis(), **MILD)
    done = log.append(id, Entry("action_done", {"action": "panel.cbc"}, "Nurse")).seq
    log.append(id, Entry("retracted", {"reason": "not she"}, "Nurse", target=done))

    assert replay(log, id).case.actions == {}


def test_each_fact_in_turn_is_missed_when_it_was_not_recorded(log: Log) -> None:
    for left_out in MILD:
        id = new(log, hemoptysis(), **{name: said for name, said in MILD.items() if name != left_out})

        possible = tier(log, id)

        assert len(possible) > 1, left_out
        assert "mild" not in possible or len(possible) > 1


def test_a_handover_to_another_setting_moves_the_patient_from_then_on(log: Log, clock: Clock) -> None:
    id = new(log, hemoptysis(), **MILD)
    moved = clock.on(HOUR)
    log.append(id, Entry("handed_over", {"to": "Ward 3", "setting": "inpatient"}, "Doctor"))

    assert replay(log, id).case.setting == "inpatient"
    assert replay(log, id, true=moved - MINUTE).case.setting == "ed"


def test_before_the_first_event_nothing_was_known(log: Log) -> None:
    id = new(log)

    with pytest.raises(EncounterError) as error:
        replay(log, id, known=START - MINUTE)
    assert error.value.problems[0].code == "CC853"
    with pytest.raises(CaseError) as naive:
        replay(log, id, known=START.replace(tzinfo=None))
    assert naive.value.problems[0].code == "CC613"


def test_a_year_of_birth_and_the_age_that_was_told_later(log: Log) -> None:
    id = new(log, hemoptysis(), age={"year_of_birth": 1967})
    assert replay(log, id).case.facts["age"][0].entered == "born 1967"

    log.append(id, fact("age", "58 years"))

    assert replay(log, id).case.facts["age"][-1].entered == "58 years"


# --- as it was shown


@pytest.mark.hazard("H16")
def test_what_was_shown_comes_out_again_to_the_byte(log: Log, clock: Clock) -> None:
    id = new(log, hemoptysis(), **MILD)
    first, event = show(log, id, "Doctor")
    clock.on(HOUR)
    log.append(id, fact("spo2", "84 %"))
    show(log, id, "Doctor")
    clock.on(HOUR)
    log.append(id, fact("spo2", "97 %"))

    assert [one.same for one in reproduce(log, id)] == [True, True]
    assert event.payload is not None
    assert event.payload["assessment"] == assessment_hash(first.assessment)
    # The authority: the same facts through the ordinary path of a case, without any log.
    data = {"setting": "ed", "at": START.isoformat(), "dossier": engine().dossier.id, "facts": dict(MILD)}
    from clinical_commander.engine.read_case import case_from_mapping

    alone = engine().assess(case_from_mapping(data, engine().dossier)).to_json()
    ours = json.loads(first.assessment.dumps())
    assert {**ours, "content": None} == {**alone, "content": None}


@pytest.mark.hazard("H16")
def test_an_assessment_that_another_engine_showed_is_compared_and_not_called_wrong(log: Log) -> None:
    id = new(log, hemoptysis(), **MILD)
    replayed, event = show(log, id, "Doctor")
    assert event.payload is not None
    summary = json.loads(json.dumps(event.payload["summary"]))
    summary["tier"]["possible"] = ["submassive"]
    older = {**event.payload, "engine": "0.0.1", "assessment": "0" * 64, "summary": summary}
    log.record_shown(id, Entry("assessment_shown", older, "Doctor", START))

    found = reproduce(log, id)[1]

    assert found.same is None
    assert "0.0.1" in found.why
    assert [(d.path, d.before, d.after) for d in found.differences] == [
        ("tier.possible", ["submassive"], list(replayed.assessment.tier.possible))
    ]


@pytest.mark.hazard("H16")
def test_an_assessment_of_this_engine_that_does_not_come_out_again_is_said_to_be_otherwise(log: Log) -> None:
    id = new(log, hemoptysis(), **MILD)
    _, event = show(log, id, "Doctor")
    log.record_shown(id, Entry("assessment_shown", {**(event.payload or {}), "assessment": "0" * 64}, "Doctor", START))

    assert [one.same for one in reproduce(log, id)] == [True, False]


SIGNED = {"by": "Dr A. Example", "on": "2026-11-01"}


def cautious() -> bytes:
    """The hemoptysis content with a lower cut-off for massive bleeding."""
    dossier = load_pack(hemoptysis())
    site = site_from_mapping({"thresholds": {"massive_volume": {"value": "60 mL", "signed": SIGNED}}}, dossier)
    return pack(apply_site(dossier, site))


@pytest.mark.hazard("H16")
def test_another_content_gives_a_list_of_what_it_answers_otherwise(log: Log) -> None:
    id = new(log, hemoptysis(), **{**MILD, "estimated_volume_24h": "80 mL"})

    found = {d.path: (d.before, d.after) for d in compare(log, id, cautious())}

    assert found["tier.value"] == ("submassive", "massive")
    assert found["triggers.massive_life_threatening_hemoptysis.state"] == ("quiet", "fires")
    assert compare(log, id, hemoptysis()) == ()


@pytest.mark.hazard("H16")
def test_an_upgrade_records_what_it_changes_and_earlier_assessments_keep_their_content(log: Log, clock: Clock) -> None:
    id = new(log, hemoptysis(), **{**MILD, "estimated_volume_24h": "80 mL"})
    show(log, id, "Doctor")
    clock.on(MINUTE)

    event = upgrade(log, id, cautious(), "Doctor", reason="new guideline", key="up")
    show(log, id, "Doctor")

    assert event.payload is not None
    assert {"path": "thresholds.massive_volume", "before": "100 mL", "after": "60 mL"} in event.payload["content"]
    assert any(d["path"] == "tier.value" for d in event.payload["answers"])
    assert log.head(id).pack == event.pack == event.payload["after"]
    assert tier(log, id) == ("massive",)
    assert [one.same for one in reproduce(log, id)] == [True, True]
    assert upgrade(log, id, cautious(), "Doctor", key="up") == event
    with pytest.raises(EncounterError) as error:
        upgrade(log, id, cautious(), "Doctor")
    assert error.value.problems[0].code == "CC857"


def test_an_encounter_is_not_upgraded_to_the_content_of_another_symptom(log: Log) -> None:
    from tests.encounters import mini

    id = new(log, hemoptysis(), **MILD)

    with pytest.raises(EncounterError) as error:
        upgrade(log, id, mini(), "Doctor")
    assert error.value.problems[0].code == "CC857"


# --- over time


def test_a_falling_hemoglobin_raises_the_tier_without_anybody_entering_the_fall(log: Log, clock: Clock) -> None:
    id = new(log, hemoptysis(), **MILD, hemoglobin="12.0 g/dL")
    for hours, value in ((1, "11.2 g/dL"), (2, "10.1 g/dL")):
        log.append(id, fact("hemoglobin", value, clock.on(HOUR)))
        log.append_all(id, [fact(name, said) for name, said in MILD.items()])
        assert tier(log, id) == ("mild",), hours
    log.append(id, fact("hemoglobin", "9.9 g/dL", clock.on(MINUTE)))

    found = replay(log, id).assessment

    # 12.0 - 9.9 = 2.1 g/dL, at least the 2 g/dL of thresholds.yaml.
    assert (found.facts["hemoglobin_drop"].low, found.facts["hemoglobin_drop"].origin) == (2.1, "series:hemoglobin")
    assert found.tier.value == "massive"
    assert found.triggers["massive_life_threatening_hemoptysis"].state == "fires"


@pytest.mark.parametrize("left_out", ["first", "last"])
def test_one_hemoglobin_is_no_fall(log: Log, left_out: str) -> None:
    id = new(log, hemoptysis(), **MILD)
    log.append(id, fact("hemoglobin", "12.0 g/dL" if left_out == "last" else "9.0 g/dL"))

    assert "hemoglobin_drop" not in replay(log, id).case.facts


def test_a_fall_from_the_series_is_a_lower_bound_and_never_says_how_little(log: Log, clock: Clock) -> None:
    id = new(log, hemoptysis(), **MILD, hemoglobin="12.0 g/dL")
    log.append(id, fact("hemoglobin", "12.5 g/dL", clock.on(HOUR)))

    report = replay(log, id).assessment.facts["hemoglobin_drop"]

    assert (report.state, report.low, report.value) == ("partial", 0.0, None)


@pytest.mark.parametrize(
    ("entered", "values", "least"),
    [
        # entered fall, then hemoglobins after it; the fall that must still be held (arithmetic beside each)
        ("3.0 g/dL", ["10.0 g/dL", "10.0 g/dL"], 3.0),  # 10 + 3 = 13 before; 13 - 10
        ("3.0 g/dL", ["10.0 g/dL", "11.0 g/dL"], 2.0),  # 13 - 11
        ("1.0 g/dL", ["10.0 g/dL", "7.0 g/dL"], 4.0),  # 10 + 1 = 11 before; 11 - 7
    ],
)
def test_a_series_does_not_take_back_the_fall_that_somebody_entered(
    log: Log, clock: Clock, entered: str, values: list[str], least: float
) -> None:
    id = new(log, hemoptysis(), **MILD, hemoglobin=values[0])
    log.append(id, fact("hemoglobin_drop", entered, clock.on(MINUTE)))
    for value in values[1:]:
        log.append(id, fact("hemoglobin", value, clock.on(HOUR)))

    assert replay(log, id).case.facts["hemoglobin_drop"][-1].low == least


def test_an_entered_fall_without_a_value_beside_it_stands_against_a_smaller_one(log: Log, clock: Clock) -> None:
    id = new(log, hemoptysis(), **MILD, hemoglobin_drop="3.0 g/dL")
    for value in ("10.0 g/dL", "9.0 g/dL"):
        log.append(id, fact("hemoglobin", value, clock.on(MINUTE)))

    assert [o.entered for o in replay(log, id).case.facts["hemoglobin_drop"]] == ["3.0 g/dL"]
    assert tier(log, id) == ("massive",)


def test_the_hours_after_embolization_run_by_themselves_and_a_rebleed_has_its_hour(log: Log, clock: Clock) -> None:
    id = new(log, hemoptysis(), **MILD)
    log.append(id, Entry("action_done", {"action": "procedure.bae"}, "Radiologist"))
    clock.on(6 * HOUR)
    log.append(id, fact("bleeding_since_bae", False))
    clock.on(4 * HOUR)
    log.append(id, fact("bleeding_since_bae", True))
    clock.on(2 * HOUR)

    found = replay(log, id).assessment.facts

    assert found["bae_done"].value is True
    assert found["bae_hours_ago"].value == 12.0  # 6 + 4 + 2
    assert (found["rebleed_hours_after_bae"].low, found["rebleed_hours_after_bae"].high) == (6.0, 10.0)
    assert replay(log, id, true=START + HOUR).assessment.facts["bae_hours_ago"].value == 1.0


def test_the_windows_after_embolization_close_as_the_hours_run(log: Log, clock: Clock) -> None:
    id = new(log, hemoptysis(), **MILD)
    log.append(id, Entry("action_done", {"action": "procedure.bae"}, "Radiologist"))

    def window(hours: float) -> str | float | None:
        clock.now = START + hours * HOUR
        log.append_all(id, [fact(name, said) for name, said in {**MILD, "bleeding_since_bae": False}.items()])
        return replay(log, id).assessment.scores["bae_outcome"].value

    # content/tools/bae_outcome.yaml: free so far until 24 h, free at 24 h until 72 h.
    assert [window(hours) for hours in (23, 25, 71, 73)] == ["free_so_far", "free_24h", "free_24h", "free_72h"]


def test_what_was_not_done_starts_no_window(log: Log, clock: Clock) -> None:
    id = new(log, hemoptysis(), **MILD)
    log.append(id, Entry("action_ordered", {"action": "procedure.bae"}, "Doctor"))
    clock.on(HOUR)

    facts = replay(log, id).case.facts

    assert not {"bae_done", "bae_hours_ago", "rebleed_hours_after_bae"} & facts.keys()


def test_every_fact_that_follows_from_an_action_names_one_that_there_is() -> None:
    dossier = engine().dossier

    followers = {fact.id: fact.follows for fact in dossier.facts.values() if fact.follows}

    assert set(followers) == {"bae_done", "bae_hours_ago", "rebleed_hours_after_bae"}
    assert all(follows.of in dossier.actions for follows in followers.values())


# --- a whole stay


def test_the_whole_stay_of_a_published_case_moves_the_tier_for_the_stated_reasons(tmp_path: Path) -> None:
    log = fresh(tmp_path / "stay.db")
    id = load_script(log, read_script(STAY), hemoptysis())

    moves = [
        (row.tier, {b.rule for b in row.because}, set(row.facts)) for row in timeline(log, id) if row.before is not None
    ]

    assert [move[0] for move in moves] == [
        ("mild", "submassive", "massive"),
        ("massive",),
        ("submassive",),
        ("massive",),
        ("submassive",),
    ]
    assert "circulatory_compromise" in moves[1][1]
    assert "hemoglobin_drop" in moves[3][2]  # 9.4 - 7.2 = 2.2 g/dL, seen by nobody
    shown = reproduce(log, id)
    assert len(shown) == 5
    assert all(one.same for one in shown)
    log.close()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[]", "CC621"),
        ("encounter: {setting: ed}\nsteps: [{by: x, record: {}}]", "CC623"),
        ("encounter: {setting: ed}\nsteps: [{at: 2026-11-01T08:00:00, by: x, record: {}}]", "CC613"),
        ("encounter: {setting: ed}\nsteps: [{at: 2026-11-01T08:00:00Z, record: {}}]", "CC623"),
        ("encounter: {setting: ed}\nsteps: [{at: 2026-11-01T08:00:00Z, by: x, recrod: {}}]", "CC615"),
        ("encounter: {setting: ed}\nsteps: [{at: 2026-11-01T08:00:00Z, by: x, correct: {fact: spo2}}]", "CC607"),
        ("encounter: {seting: ed}\nsteps: [{at: 2026-11-01T08:00:00Z, by: x, assess: true}]", "CC615"),
    ],
)
def test_a_stay_with_a_fault_is_refused_with_its_place(text: str, expected: str) -> None:
    with pytest.raises(CaseError) as error:
        read_script(text)

    assert error.value.problems[0].code == expected
    assert error.value.problems[0].at is not None
