"""The encounter log behind the page: what a form records, what it never records twice, and what it never loses."""

from __future__ import annotations

import random
import re
import sqlite3
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from fastapi.testclient import TestClient

from clinical_commander.dossier.source import read_yaml
from clinical_commander.encounter import Event, reproduce, verify
from clinical_commander.encounter.events import refused
from clinical_commander.engine.read_case import case_from_mapping, read_case
from clinical_commander.service.app import create_app
from clinical_commander.service.desk import Desk
from clinical_commander.service.form import Typed, encounter_of, new_nonce, seal
from clinical_commander.service.statement import same, statement_of, typed_of
from tests.desks import Clock, desk_at
from tests.fixtures import EXAMPLES, engine
from tests.test_service import WELL, text_of, tier

NOW = datetime(2026, 11, 1, 8, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


class Patient:
    """One page in one tab: sends its fields with what the page carries, as a browser does."""

    def __init__(self, client: TestClient, page: httpx.Response | None = None) -> None:
        self.client = client
        self.take(page or client.get("/"))
        self.fields: dict[str, str] = {}

    def take(self, page: httpx.Response) -> None:
        self.page = page
        self.carried = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', page.text))

    @property
    def id(self) -> str:
        return self.carried["of"]

    def send(self, fields: Mapping[str, str] | None = None, **more: str) -> httpx.Response:
        self.fields |= fields or {}
        answer = self.client.post("/", data={**self.carried, **self.fields, **more})
        self.take(answer)
        return answer


@pytest.fixture
def clock() -> Clock:
    return Clock(NOW)


@pytest.fixture
def desk(tmp_path: Path, clock: Clock) -> Iterator[Desk]:
    found = desk_at(tmp_path / "log.db", clock)
    yield found
    found.log.close()


@pytest.fixture
def patient(desk: Desk) -> Patient:
    return Patient(TestClient(create_app(desk)))


def written(desk: Desk, id: str) -> list[Event]:
    """The events of an encounter, without those that the service itself writes."""
    return [e for e in desk.log.events(id) if e.kind != "assessment_shown"]


def kinds(desk: Desk, id: str) -> list[str]:
    return [e.kind for e in written(desk, id)]


# --- what is recorded


def test_nothing_is_recorded_of_a_page_with_nothing_entered(desk: Desk, patient: Patient) -> None:
    patient.send()

    assert desk.log.encounters() == ()


def test_a_first_value_opens_an_encounter_with_an_opaque_address_and_a_reload_shows_it_again(
    desk: Desk, patient: Patient
) -> None:
    answer = patient.send({"v.spo2": "86", "v.age": "58"})

    assert answer.url.path == f"/encounter/{patient.id}"
    assert re.fullmatch(r"[0-9a-f]{32}", patient.id)
    assert kinds(desk, patient.id) == ["encounter_opened", "fact_recorded", "fact_recorded"]
    again = patient.client.get(answer.url.path)
    assert 'name="v.spo2" type="text" inputmode="decimal" maxlength="80" placeholder=" " value="86"' in again.text
    assert tier(again.text) == "Massive bleeding"


def test_the_same_form_sent_three_times_is_recorded_once(desk: Desk, patient: Patient) -> None:
    form = {**patient.carried, "v.spo2": "86", "v.sbp": "98", "do": "done airway.upright"}
    for _ in range(3):
        answer = patient.client.post("/", data=form)
        assert answer.status_code == 200
    id = encounter_of(form["nonce"])

    expected = ["encounter_opened", "fact_recorded", "fact_recorded", "action_done"]
    assert kinds(desk, id) == expected
    form = {**Patient(patient.client, answer).carried, "v.spo2": "86", "v.sbp": "90", "do": "ordered panel.cbc"}
    for _ in range(3):
        patient.client.post("/", data=form)
    assert kinds(desk, id) == [*expected, "fact_corrected", "action_ordered"]


def test_a_value_typed_anew_within_two_minutes_corrects_and_one_typed_later_is_a_new_measurement(
    desk: Desk, patient: Patient, clock: Clock
) -> None:
    patient.send({"v.spo2": "8"})
    clock.now += 2 * MINUTE
    patient.send({"v.spo2": "86"})

    assert kinds(desk, patient.id)[1:] == ["fact_recorded", "fact_corrected"]
    assert "corrected; was 8" in patient.page.text
    clock.now += 2 * MINUTE + timedelta(seconds=1)
    patient.send({"v.spo2": "97"})
    assert kinds(desk, patient.id)[1:] == ["fact_recorded", "fact_corrected", "fact_recorded"]
    assert "before: 86 at" in patient.page.text
    assert desk.open(patient.id).assessment.tier.worst_this_episode == "massive"


def test_history_is_always_corrected(desk: Desk, patient: Patient, clock: Clock) -> None:
    patient.send({"v.age": "85"})
    clock.now += 60 * MINUTE
    patient.send({"v.age": "58"})

    assert kinds(desk, patient.id)[1:] == ["fact_recorded", "fact_corrected"]


def test_one_press_says_that_the_value_before_was_a_slip(desk: Desk, patient: Patient, clock: Clock) -> None:
    patient.send({"v.estimated_volume_24h": "600"})
    clock.now += 5 * MINUTE
    patient.send({"v.estimated_volume_24h": "60"})
    assert desk.open(patient.id).assessment.tier.worst_this_episode == "massive"

    patient.send(do=re.findall(r'value="(slip \d+)"', patient.page.text)[0])

    assert kinds(desk, patient.id)[-1] == "retracted"
    assert desk.open(patient.id).assessment.tier.worst_this_episode != "massive"


def test_one_press_says_that_a_corrected_value_was_measured_too(desk: Desk, patient: Patient, clock: Clock) -> None:
    patient.send({"v.spo2": "86"})
    clock.now += MINUTE
    patient.send({"v.spo2": "97"})
    assert desk.open(patient.id).assessment.tier.worst_this_episode != "massive"

    patient.send(do=re.findall(r'value="(both \d+)"', patient.page.text)[0])

    found = desk.chart(patient.id)
    assert found.typed("spo2").text == "97"
    assert found.held["spo2"].before is not None
    assert desk.open(patient.id).assessment.tier.worst_this_episode == "massive"


def test_an_emptied_field_is_retracted_and_unknown_withdraws(desk: Desk, patient: Patient) -> None:
    patient.send({"v.spo2": "86", "v.hr": "124"})
    patient.send({"v.spo2": "", "v.hr": "", "s.hr": "unknown"})

    assert kinds(desk, patient.id)[-2:] == ["retracted", "fact_corrected"]
    found = desk.open(patient.id)
    assert "spo2" not in found.assessment.facts
    assert found.chart.typed("hr") == Typed("unknown")
    assert not found.assessment.tier.settled


def test_what_cannot_be_taken_is_not_recorded_and_all_else_is(desk: Desk, patient: Patient) -> None:
    answer = patient.send({"v.sbp": "low", "v.spo2": "86"})

    assert answer.status_code == 422
    assert [e.payload["fact"] for e in written(desk, patient.id)[1:] if e.payload] == ["spo2"]
    assert 'value="low"' in answer.text, "what was typed stands in its field"


@pytest.mark.parametrize("fact", engine().dossier.tier.must_know)
def test_a_value_that_cannot_be_taken_leaves_no_low_tier_by_the_one_before_it(patient: Patient, fact: str) -> None:
    patient.send(WELL)
    assert tier(patient.page.text) == "Mild bleeding"

    answer = patient.send({f"v.{fact}": "?!"})

    assert answer.status_code == 422
    assert tier(answer.text).startswith("Cannot exclude")
    assert engine().dossier.facts[fact].label in text_of(answer.text, "tier")


def test_what_is_not_known_now_is_not_taken_from_an_earlier_measurement(
    desk: Desk, patient: Patient, clock: Clock
) -> None:
    patient.send(WELL)
    clock.now += 5 * MINUTE
    patient.send({"v.spo2": "95"})
    clock.now += 5 * MINUTE
    patient.send({"v.spo2": "", "s.spo2": "unknown"})

    assert "spo2" in desk.open(patient.id).assessment.tier.missing
    assert tier(patient.page.text).startswith("Cannot exclude")


def test_a_value_that_cannot_be_taken_calms_no_massive_bleeding(patient: Patient) -> None:
    patient.send({"v.spo2": "86"})

    assert tier(patient.send({"v.spo2": "9O"}).text) == "Massive bleeding"


def test_a_value_that_was_measured_earlier_has_its_own_time(desk: Desk, patient: Patient, clock: Clock) -> None:
    clock.now = datetime.now(UTC).replace(microsecond=0)
    at = (clock.now - 40 * MINUTE).astimezone()
    patient.send({"v.spo2": "86", "measured": f"{at:%Y-%m-%dT%H:%M}"})

    event = written(desk, patient.id)[1]
    assert event.effective == at.replace(second=0)
    assert "measured at" in patient.page.text
    assert desk.open(patient.id).assessment.facts["spo2"].state == "stale"


def test_a_measurement_in_the_future_is_refused_beside_its_field(patient: Patient, clock: Clock) -> None:
    at = (clock.now + 60 * MINUTE).astimezone()

    answer = patient.send({"v.spo2": "86", "measured": f"{at:%Y-%m-%dT%H:%M}"})

    assert answer.status_code == 422
    assert "CC614" not in answer.text
    assert tier(answer.text).startswith("Cannot exclude")


def test_ux_14_a_value_past_its_window_quiets_nothing_and_a_bad_one_keeps_its_alarm(
    desk: Desk, patient: Patient, clock: Clock
) -> None:
    # facts.yaml: a vital sign reassures for 30 min in the emergency department
    patient.send(WELL)
    assert desk.open(patient.id).assessment.tier.value == "mild"
    clock.now = NOW + 30 * MINUTE
    assert desk.open(patient.id).assessment.tier.value == "mild"
    clock.now += timedelta(seconds=1)
    assert not desk.open(patient.id).assessment.tier.settled
    other = Patient(patient.client)
    other.send({**WELL, "v.spo2": "86"})
    clock.now += 31 * MINUTE
    found = desk.open(other.id).assessment.tier
    assert found.value == "massive"
    assert found.last_known


@pytest.mark.parametrize("fact", engine().dossier.tier.must_know)
@pytest.mark.parametrize("how", ["emptied", "unknown", "undone"])
def test_a_deciding_fact_that_is_taken_back_leaves_no_low_tier(
    desk: Desk, patient: Patient, fact: str, how: str
) -> None:
    name = f"v.{fact}"
    patient.send({k: v for k, v in WELL.items() if k != name})
    patient.send({name: WELL[name]})
    assert tier(patient.page.text) == "Mild bleeding"

    if how == "undone":
        patient.fields.pop(name)
        patient.send(do=re.findall(r'value="(undo \w+)"', patient.page.text)[0])
    else:
        patient.send({name: "" if how == "emptied" else "unknown"})

    assert tier(patient.page.text).startswith("Cannot exclude")


# --- undo


def test_undo_takes_back_the_last_change_and_again_the_one_before(desk: Desk, patient: Patient) -> None:
    patient.send({"v.spo2": "97"})
    patient.send({"v.spo2": "86"})
    patient.send({"v.sbp": "98"}, switch="icu")
    patient.fields = {}

    def undo() -> None:
        patient.send(do=re.findall(r'value="(undo \w+)"', patient.page.text)[0])

    undo()
    assert desk.chart(patient.id).typed("sbp") == Typed()
    assert desk.chart(patient.id).placed("setting") == "ed"
    undo()
    assert desk.chart(patient.id).typed("spo2").text == "97"
    undo()
    assert desk.chart(patient.id).held == {}
    assert "Nothing is recorded yet" in text_of(patient.page.text, "saved")


def test_undo_after_any_change_leaves_the_chart_as_it_was_before(desk: Desk, patient: Patient, clock: Clock) -> None:
    chance = random.Random(7)
    values: Mapping[str, tuple[str, ...]] = {
        "v.spo2": ("86", "91", "97", ""),
        "v.sbp": ("80", "124", ""),
        "v.estimated_volume_24h": ("10", "60", "300", ""),
        "v.airway_compromise": ("yes", "no", "unknown", ""),
        "v.consciousness": ("alert", "pain", "unknown", ""),
        "v.tb_risk": ("yes", "no", "unknown", ""),
    }
    deeds = ("done panel.cbc", "ordered panel.cbc", "declined panel.cbc not_indicated", "open panel.cbc")
    patient.send({"v.age": "58"})

    def state() -> tuple[object, ...]:
        chart = desk.chart(patient.id)
        held = {name: (h.typed, h.at) for name, h in chart.held.items() if h.typed.text}
        actions = {name: (e.kind, e.payload) for name, e in chart.stay.actions.items()}
        return held, actions, chart.placed("setting"), chart.placed("region"), set(chart.stay.aside)

    for _ in range(20):
        before = state()
        fields = {name: chance.choice(said) for name, said in values.items() if chance.random() < 0.4}
        more = {"do": chance.choice(deeds)} if chance.random() < 0.4 else {}
        more |= {"switch": chance.choice(("ed", "icu"))} if chance.random() < 0.3 else {}
        clock.now += chance.choice((1, 5)) * MINUTE
        count = len(written(desk, patient.id))
        patient.send(fields, **more)
        if len(written(desk, patient.id)) == count:
            continue
        kept = state()
        undone = patient.client.post(
            "/", data={**patient.carried, "do": re.findall(r'value="(undo \w+)"', patient.page.text)[0]}
        )
        assert state() == before
        patient.take(undone)
        patient.fields = {}
        if chance.random() < 0.5:
            patient.send(fields, **more)
            assert state()[0].keys() == kept[0].keys()  # type: ignore[attr-defined]
            patient.fields = {}
    assert verify(desk.log).findings == ()


# --- two at once


def test_what_somebody_else_recorded_is_shown_and_nothing_is_merged_in_silence(desk: Desk, patient: Patient) -> None:
    patient.send({"v.spo2": "97"})
    other = Patient(patient.client, patient.client.get(f"/encounter/{patient.id}"))
    other.send({"v.spo2": "86"})
    count = len(written(desk, patient.id))

    answer = patient.send({"v.spo2": "97", "v.sbp": "124"})

    assert answer.status_code == 409
    assert len(written(desk, patient.id)) == count
    assert "SpO2: 86 %" in text_of(answer.text, "others")
    assert "Systolic BP: 124" in text_of(answer.text, "others"), "what was typed is not lost"
    assert tier(answer.text) == "Massive bleeding"
    patient.fields = {"v.spo2": "86"}
    assert patient.send({"v.sbp": "124"}).status_code == 200
    assert desk.chart(patient.id).typed("sbp").text == "124"


def test_a_page_whose_reply_was_lost_goes_on_with_what_it_has(desk: Desk, patient: Patient) -> None:
    patient.send({"v.spo2": "97"})
    patient.client.post("/", data={**patient.carried, "v.spo2": "97", "v.sbp": "98"})  # its reply never came

    answer = patient.send({"v.spo2": "97", "v.sbp": "98", "v.hr": "124"})

    assert answer.status_code == 200
    assert kinds(desk, patient.id) == ["encounter_opened", *["fact_recorded"] * 3]


def test_a_form_of_one_patient_is_never_recorded_of_another(desk: Desk, patient: Patient) -> None:
    patient.send({"v.spo2": "97"})
    other = Patient(patient.client)
    other.send({"v.spo2": "86"})

    for form in (
        {**patient.carried, "of": other.id, "v.sbp": "70"},
        {**patient.carried, "nonce": other.carried["nonce"], "v.sbp": "70"},
        {**other.carried, "seal": patient.carried["seal"], "v.sbp": "70"},
    ):
        answer = patient.client.post("/", data=form)
        assert answer.status_code == 409
        assert "CC809" in answer.text
    for id in (patient.id, other.id):
        assert kinds(desk, id) == ["encounter_opened", "fact_recorded"]


def test_an_encounter_that_is_not_there_is_said_to_be_so(patient: Patient) -> None:
    nonce = new_nonce()
    form = {"of": "f" * 32, "nonce": nonce, "seal": seal("f" * 32, nonce), "seq": "3", "v.spo2": "86"}

    for answer in (patient.client.get(f"/encounter/{'f' * 32}"), patient.client.post("/", data=form)):
        assert answer.status_code == 404
        assert "CC853" in answer.text


# --- when the log fails


def test_an_answer_comes_though_nothing_can_be_written_and_the_same_form_is_recorded_later(
    desk: Desk, patient: Patient, monkeypatch: pytest.MonkeyPatch
) -> None:
    patient.send({"v.age": "58"})

    def full(*_: object, **__: object) -> None:
        raise refused("CC858", "The log was not reached or not written: the disk is full.", "Make room.")

    with monkeypatch.context() as broken:
        broken.setattr(desk.log, "append_all", full)
        answer = patient.send({"v.spo2": "86"})
        assert answer.status_code == 503
        assert tier(answer.text) == "Massive bleeding"
        assert "disk is full" in text_of(answer.text, "lost")
        assert 'value="86"' in answer.text
    assert kinds(desk, patient.id) == ["encounter_opened", "fact_recorded"]

    assert patient.send().status_code == 200
    assert desk.chart(patient.id).typed("spo2").text == "86"


def test_an_answer_comes_though_the_log_cannot_even_be_read(
    desk: Desk, patient: Patient, monkeypatch: pytest.MonkeyPatch
) -> None:
    patient.send({"v.age": "58"})

    def gone(*_: object, **__: object) -> None:
        raise refused("CC858", "The log was not reached or not written: no connection.", "Try again.")

    with monkeypatch.context() as broken:
        for name in ("events", "head", "append_all", "new"):
            broken.setattr(desk.log, name, gone)
        answer = patient.send({"v.spo2": "86"})
        assert answer.status_code == 503
        assert tier(answer.text) == "Massive bleeding"

    assert patient.send().status_code == 200
    assert desk.chart(patient.id).typed("spo2").text == "86"


def test_a_log_that_was_altered_is_not_shown(desk: Desk, patient: Patient) -> None:
    patient.send({"v.spo2": "86"})
    with sqlite3.connect(str(desk.log.database.url.database)) as connection:
        connection.execute("UPDATE payloads SET body = replace(body, '86', '97') WHERE seq = 2")
    connection.close()

    answer = patient.client.get(f"/encounter/{patient.id}")

    assert answer.status_code == 409
    assert "CC860" in answer.text
    assert 'value="97"' not in answer.text
    assert "CC860" in patient.client.get("/encounters").text


# --- what was done with the advice


def test_ux_08_an_alarm_is_set_aside_with_a_reason_and_comes_back_marked_when_it_changed(
    desk: Desk, patient: Patient
) -> None:
    patient.send({"v.spo2": "97", "v.anticoagulant": "warfarin"})
    patient.send({"v.estimated_volume_24h": "60"})
    alarm = next(n for n, t in desk.open(patient.id).assessment.triggers.items() if t.state == "fires")

    patient.send({f"why.{alarm}": "seen by the team"}, do=f"aside {alarm} other_plan")

    event = written(desk, patient.id)[-1]
    assert (event.kind, event.payload) == (
        "advice_overridden",
        {"advice": alarm, "reason": "another plan; seen by the team"},
    )
    assert "another plan; seen by the team" in text_of(patient.page.text, "deeds")
    assert desk.open(patient.id).assessment.triggers[alarm].state == "fires", "it hides nothing"
    patient.fields.pop(f"why.{alarm}")
    patient.send(do=f"back {alarm}")
    assert desk.chart(patient.id).stay.aside == {}


def test_ux_08_setting_aside_needs_no_reason(desk: Desk, patient: Patient) -> None:
    patient.send({"v.spo2": "86"})

    patient.send(do="aside massive_life_threatening_hemoptysis")

    assert written(desk, patient.id)[-1].payload == {
        "advice": "massive_life_threatening_hemoptysis",
        "reason": "no reason given",
    }


def test_an_action_is_done_ordered_declined_and_taken_back(desk: Desk, patient: Patient) -> None:
    patient.send({"v.spo2": "86"})

    def state() -> str | None:
        return next((a.state for a in desk.open(patient.id).assessment.actions if a.id == "panel.cbc"), None)

    assert state() == "do"
    patient.send(do="ordered panel.cbc")
    patient.send(do="done panel.cbc")
    assert state() == "done"
    assert "panel.cbc" not in text_of(patient.page.text, "now")
    patient.send(do="open panel.cbc")
    assert state() == "do"
    patient.send(do="declined panel.cbc patient_declines")
    assert state() == "withheld"
    assert "the patient declines" in text_of(patient.page.text, "deeds")


def test_what_a_person_decided_is_recorded_with_the_reason(desk: Desk, patient: Patient) -> None:
    patient.send({"v.spo2": "97"})

    patient.send({"d.disposition": "icu", "why.disposition": "single lung"}, do="decide disposition")

    assert written(desk, patient.id)[-1].payload == {
        "what": "disposition",
        "value": "icu",
        "reason": "single lung",
    }
    assert 'value="icu" selected' in patient.page.text
    patient.fields = {}
    assert patient.send({"d.disposition": "moon"}, do="decide disposition").status_code == 400


def test_where_the_patient_is_and_came_with_stands_in_the_log(desk: Desk, patient: Patient) -> None:
    patient.send({"label": "Bed 4", "region": "tb_endemic", "entry": "cough_with_blood"}, switch="icu")

    found = desk.open(patient.id)
    assert (found.assessment.setting, found.assessment.region, found.assessment.entry) == (
        "icu",
        "tb_endemic",
        "cough_with_blood",
    )
    assert "Bed 4" in text_of(patient.page.text, "patient")
    patient.send({"region": "", "setting": "icu"})
    assert desk.open(patient.id).assessment.region is None


@pytest.mark.parametrize(
    "deed", ["launch rocket", "done no.such.action", "undo", "slip x", "decide moon", "aside panel.cbc"]
)
def test_a_deed_that_the_page_does_not_have_is_refused_and_nothing_is_recorded(
    desk: Desk, patient: Patient, deed: str
) -> None:
    answer = patient.send({"v.spo2": "86"}, do=deed)

    assert answer.status_code == 400
    assert desk.log.encounters() == ()


# --- what came from elsewhere


def test_ux_05_a_value_from_elsewhere_says_so_and_typing_over_it_is_recorded_as_an_override(
    desk: Desk, patient: Patient, clock: Clock
) -> None:
    at = (clock.now - 5 * MINUTE).isoformat()
    facts = {"spo2": {"value": "86 %", "at": at, "origin": "monitor"}, "age": "58 years"}
    case = case_from_mapping({"setting": "icu", "facts": facts}, engine().dossier, now=clock.now)
    tab = Patient(patient.client, patient.client.get(f"/encounter/{desk.open_case(case)}"))
    assert "from monitor" in tab.page.text
    assert 'class="field number from-elsewhere" id="f-spo2"' in tab.page.text

    tab.send({"v.spo2": "97"})

    last = written(desk, tab.id)[-1]
    assert last.payload is not None
    assert (last.kind, last.payload["fact"]) == ("fact_recorded", "spo2")
    assert last.payload["statement"] == {"value": "97 %", "origin": "clinician override of monitor"}
    assert "clinician override of monitor" in tab.page.text
    assert desk.open(tab.id).assessment.tier.worst_this_episode == "massive", "nothing that was measured is lost"


def test_a_case_is_opened_with_the_same_answer_as_it_has_from_the_command_line(desk: Desk) -> None:
    for file in sorted(EXAMPLES.glob("*.yaml")):
        if file.stem == "expectations":
            continue
        case = read_case(read_yaml(file), engine().dossier)
        desk.log.clock = lambda at=case.at: at  # type: ignore[misc]
        found, alone = desk.open(desk.open_case(case)).assessment, engine().assess(case)
        assert found.tier.possible == alone.tier.possible, file.stem
        states = [{n: (t.state, t.severity) for n, t in a.triggers.items()} for a in (found, alone)]
        assert states[0] == states[1], file.stem


def test_every_statement_comes_back_from_its_field_as_it_went_in() -> None:
    chance, dossier = random.Random(3), engine().dossier
    for fact in dossier.facts.values():
        said = ["", "unknown"]
        if fact.kind == "boolean":
            said += ["yes", "no"]
        elif fact.kind == "code":
            said += [*fact.codes, "pending", "unobtainable"]
        elif fact.range is not None:
            low, high = fact.range
            numbers = [f"{chance.uniform(low, high):.{fact.decimals}f}" for _ in range(3)]
            said += [*numbers, f"> {numbers[0]}", f"{numbers[0]}..{numbers[1]}", "nonsense", "1/2"]
        for text in said:
            typed = Typed(text)
            statement = statement_of(fact, typed)
            back = typed_of(fact, statement, dossier) if statement is not None else Typed()
            assert same(typed, back, fact), (fact.id, text, back)


# --- what was shown


def test_every_answer_that_was_shown_can_be_shown_again_byte_for_byte(
    desk: Desk, patient: Patient, clock: Clock
) -> None:
    for step in ({"v.spo2": "97"}, {"v.spo2": "86"}, {"v.sbp": "80"}, {"v.estimated_volume_24h": "300"}):
        patient.send(step)
        clock.now += 3 * MINUTE
    patient.send(do="done airway.upright")

    again = reproduce(desk.log, patient.id)

    assert len(again) >= 3
    assert all(one.same for one in again)


def test_the_timeline_and_the_list_tell_what_happened(desk: Desk, patient: Patient) -> None:
    patient.send({"v.spo2": "86", "label": "Bed 4"})

    page = patient.client.get(f"/encounter/{patient.id}/timeline").text
    assert "SpO2: 86 %" in page
    assert "spo2" not in page
    assert "Massive bleeding" in page
    rows = patient.client.get("/encounters").text
    assert f'href="/encounter/{patient.id}"' in rows
    assert "Bed 4" in rows
    assert "massive bleeding" in rows
    for text in (page, rows):
        assert "unreviewed content, for evaluation" in text.lower()


def test_the_timeline_says_nothing_in_ids_and_which_event_was_corrected_or_taken_back(
    patient: Patient, clock: Clock
) -> None:
    patient.send({"v.estimated_volume_24h": "150", "v.airway_compromise": "no", "v.oxygen_device": "room_air"})
    patient.send({"v.estimated_volume_24h": "15"})
    clock.now += 10 * MINUTE
    patient.send({"v.spo2": "86", "label": "Bed 4"})
    patient.send(do="done airway.upright")
    patient.send({"v.spo2": ""})

    page = text_of(patient.client.get(f"/encounter/{patient.id}/timeline").text, "content")

    assert re.search(r"corrects event \d+: Blood in 24 h: 15 mL", page)
    assert re.search(r"takes back event \d+: SpO2", page)
    assert "opened (emergency department)" in page
    assert "done: " in page
    ids = {*engine().dossier.facts, *engine().dossier.actions, *(v.id for v in engine().dossier.tier.values)}
    said = set(re.findall(r"[\w.]+", page))
    assert not {id for id in ids if "_" in id or "." in id} & said


def test_an_encounter_runs_on_its_own_content_until_it_is_taken_over(
    desk: Desk, patient: Patient, tmp_path: Path, clock: Clock
) -> None:
    from clinical_commander.frozen import replace

    patient.send({"v.spo2": "86"})
    newer = desk_at(tmp_path / "log.db", clock)
    try:
        newer.pack = _pack(replace(engine().dossier, version="1.0.1"))
        newer.log.engine_of(newer.pack)
        tab = Patient(TestClient(create_app(newer)), TestClient(create_app(newer)).get(f"/encounter/{patient.id}"))
        assert "a newer one is installed" in text_of(tab.page.text, "newer")
        assert newer.open(patient.id).assessment.content_version == "1.0.0"
        tab.send(do="upgrade")
        assert newer.open(patient.id).assessment.content_version == "1.0.1"
        assert kinds(newer, patient.id)[-1] == "pack_upgraded"
    finally:
        newer.log.close()


def _pack(dossier: object) -> object:
    from clinical_commander.encounter.packs import pack_of

    return pack_of(dossier)  # type: ignore[arg-type]


# --- the leaflet


def test_ux_38_the_page_gives_a_leaflet_to_the_mild_only_and_says_otherwise_why_not(
    desk: Desk, patient: Patient
) -> None:
    massive = patient.send({"v.spo2": "86"})
    assert 'id="leaflet"' in massive.text
    answer = patient.client.get(f"/encounter/{patient.id}/leaflet/en")
    assert answer.status_code == 409
    assert "the bleeding tier now can be: Massive bleeding" in answer.text
    assert patient.client.get(f"/encounter/{patient.id}/leaflet/en.pdf").status_code == 409
    assert patient.client.get(f"/encounter/{patient.id}/leaflet/xx").status_code == 400

    case = read_case(read_yaml(EXAMPLES / "constructed-mild.yaml"), engine().dossier)
    desk.log.clock = lambda: case.at
    mild = desk.open_case(case)
    for language, said in (("en", "Call an ambulance now if"), ("es", "ambulancia")):
        page = patient.client.get(f"/encounter/{mild}/leaflet/{language}")
        assert page.status_code == 200
        assert said in page.text
        assert f'lang="{language}"' in page.text
        assert patient.client.get(f"/leaflet/{language}.css").headers["content-type"].startswith("text/css")
        assert "<style" not in page.text
    printed = patient.client.get(f"/encounter/{mild}/leaflet/en.pdf")
    assert printed.content.startswith(b"%PDF")
