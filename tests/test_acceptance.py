"""The clinical acceptance tests A to P of the agreed reading, by letter, and what the first milestone must show.

Each expected value stands in the letter's own sentence; the arithmetic is beside it where there is any.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Mapping
from datetime import datetime

import pytest

from clinical_commander.engine.assessment import Assessment
from clinical_commander.engine.case import Case
from clinical_commander.engine.read_case import case_from_mapping, read_case
from clinical_commander.render.text import assessment_text, first_screen
from tests.fixtures import (
    EXAMPLES,
    NORMAL,
    NOTHING_ELSE,
    SETTINGS,
    advice,
    advised,
    assess,
    engine,
    patient,
    stat,
    state,
    vignette_case,
    vignettes,
)

MASSIVE = "massive_life_threatening_hemoptysis"
MILD = "mild_streaking_hemoptysis"
LIFE_THREATENING: Mapping[str, object] = {
    **NORMAL,
    "estimated_volume_24h": "300 mL",
    "bleeding_rate": "120 mL/h",
    "active_bleeding": True,
    "spo2": "84 %",
    "oxygen_device": "simple_mask",
    "airway_compromise": True,
    "sbp": "84 mmHg",
    "hr": "118 /min",
}
INVASIVE = (
    "airway.selective_intubation",
    "airway.large_tube_then_isolate",
    "airway.prepare",
    "bronch.rigid",
    "procedure.bae",
    "procedure.pulmonary_side_embolization",
    "blood.massive_transfusion",
    "surgery.resection",
)
CORRECTING = ("drug.reverse_anticoagulant", "drug.vitamin_k", "drug.pcc", "drug.idarucizumab", "drug.protamine")
DRUG_NAMES = (
    "warfarin", "vitamin k", "apixaban", "rivaroxaban", "edoxaban", "dabigatran", "heparin", "idarucizumab",
    "protamine", "andexanet", "prothrombin", "concentrate", "xa inhibitor",
)  # fmt: skip


def case(setting: str, at: str, facts: Mapping[str, object]) -> Case:
    """A case at a moment, with facts that may carry times of their own."""
    return case_from_mapping({"setting": setting, "at": at, "facts": dict(facts)}, engine().dossier)


def text(result: Assessment) -> str:
    """The whole text view, as a terminal shows it."""
    return assessment_text(result, engine().dossier)


def screen(result: Assessment) -> str:
    """The first screen of the text view."""
    return first_screen(result, engine().dossier)


def tier_line(result: Assessment) -> str:
    """The line of the first screen that says the tier."""
    [line] = [line for line in screen(result).splitlines() if line.startswith("BLEEDING TIER NOW")]
    return line


def not_advised(result: Assessment, *actions: str) -> dict[str, str]:
    """Those of the actions that are proposed nevertheless."""
    return {a: state(result, a) for a in actions if state(result, a) in ("do", "ask_first")}


# --- A: the tier remembers

AFTER_A_CUP = {
    "age": "34 years",
    "duration_recurrence": "recurrent",
    "prior_workup": "complete",
    **NOTHING_ELSE,
    **NORMAL,
}


@pytest.mark.parametrize("newer", [None, "3 mL"])
def test_A_a_major_bleed_yesterday_and_six_normal_inputs_is_not_mild_for_discharge(newer: str | None) -> None:
    volumes: list[dict[str, str]] = [{"value": "400 mL", "at": "2026-11-01T08:00:00+00:00"}]
    if newer:
        volumes.append({"value": newer, "at": "2026-11-02T09:00:00+00:00"})

    result = assess(case("ed", "2026-11-02T09:00:00+00:00", {**AFTER_A_CUP, "estimated_volume_24h": volumes}))

    assert "mild" not in result.tier.possible
    assert result.tier.worst_this_episode == "massive"
    assert not {"home", "outpatient"} & set(result.disposition.possible)
    assert not_advised(result, "place.home", "place.outpatient", "educate.leaflet") == {}
    assert "MILD" not in tier_line(result)


@pytest.mark.parametrize(("hour", "tier"), [(25, "submassive"), (71, "submassive"), (72, "mild"), (97, "mild")])
def test_A_time_alone_ends_the_watch_only_after_72_hours(hour: int, tier: str) -> None:
    at = datetime.fromisoformat("2026-11-01T08:00:00+00:00").timestamp() + hour * 3600
    now = datetime.fromtimestamp(at, datetime.fromisoformat("2026-11-01T08:00:00+00:00").tzinfo).isoformat()
    volumes = [{"value": "400 mL", "at": "2026-11-01T08:00:00+00:00"}, {"value": "3 mL", "at": now}]

    result = assess(case("ed", now, {**AFTER_A_CUP, "estimated_volume_24h": volumes}))

    assert result.tier.value == tier
    assert result.tier.worst_this_episode == "massive"
    assert result.tier.hours_since_worst == hour


# --- B: an alarm that ages


@pytest.mark.parametrize(("minutes", "at"), [(5, "07:55"), (40, "07:20"), (400, "01:20")])
def test_B_a_low_saturation_alarms_at_any_age_with_the_same_stat_actions(minutes: int, at: str) -> None:
    facts: dict[str, object] = {"age": "52 years", "estimated_volume_24h": "10 mL", **NORMAL}
    now = "2026-11-01T08:00:00+00:00"
    fresh = assess(case("ed", now, {**facts, "spo2": "84 %"}))

    aged = assess(case("ed", now, {**facts, "spo2": {"value": "84 %", "at": f"2026-11-01T{at}:00+00:00"}}))

    assert aged.tier.value == "massive"
    assert aged.triggers[MASSIVE].state == "fires"
    assert stat(aged) == stat(fresh)
    old = minutes > 15  # the window for vital signs while bleeding is massive
    assert aged.triggers[MASSIVE].last_known is old
    assert aged.facts["spo2"].state == ("stale" if old else "known")
    if old:
        assert "monitor.vitals" in stat(aged)
        assert [w for w in aged.warnings if w.code == "stale" and w.facts == ("spo2",)]
        assert re.search(r"(?i)measure.{0,40}again|re-?measure", text(aged))


HELD_BACK_BELOW_MASSIVE = {
    "a mechanical valve": {"anticoagulant": "warfarin", "mechanical_valve": True},
    "a stent of ten days": {"antiplatelet": "dual", "days_since_coronary_stent": "10 d"},
    "a contrast allergy": {"contrast_allergy": True},
    "vasculitis after tuberculosis": {"cxr_bilateral_infiltrates": True, "pr3_anca": True, "prior_tb": True},
}


@pytest.mark.parametrize("setting", SETTINGS)
@pytest.mark.parametrize("who", HELD_BACK_BELOW_MASSIVE)
def test_B_what_holds_back_a_step_below_massive_does_not_come_back_because_the_alarm_aged(
    setting: str, who: str
) -> None:
    facts = {"estimated_volume_24h": "10 mL", **HELD_BACK_BELOW_MASSIVE[who]}
    old = {"value": "84 %", "at": "2026-10-31T04:00:00+00:00"}  # 28 h: stale in every setting

    fresh = assess(patient(setting, NORMAL, facts, spo2="84 %"))
    aged = assess(patient(setting, NORMAL, facts, spo2=old))

    assert stat(fresh) <= stat(aged)


# --- C: pregnancy and a malformation


def test_C_av_01_is_massive_with_the_malformation_critical_and_obstetrics_called() -> None:
    result = assess(read_case(EXAMPLES / "av-01.yaml", engine().dossier))

    assert result.tier.value == "massive"
    assert result.triggers["hht_pulmonary_avm_with_hemoptysis"].state == "fires"
    assert result.triggers["hht_pulmonary_avm_with_hemoptysis"].severity == "critical"
    assert state(result, "call.obstetrics") == "do"


# --- D: four blood thinners, four texts


def correction(**drug: object) -> Assessment:
    return assess(patient("ed", LIFE_THREATENING, drug), ir="yes", icu="yes", idarucizumab="yes")


def correcting_text(result: Assessment) -> str:
    return " ".join(sorted({a.text for a in advised(result) if a.id in CORRECTING}))


def test_D_four_blood_thinners_give_four_correction_texts() -> None:
    texts = {
        correcting_text(correction(anticoagulant_agent="apixaban", hours_since_anticoagulant="6 h")),
        correcting_text(correction(anticoagulant_agent="dabigatran", hours_since_anticoagulant="6 h")),
        correcting_text(correction(anticoagulant_agent="lmwh", hours_since_anticoagulant="6 h")),
        correcting_text(correction(anticoagulant=["warfarin", "doac", "heparin"])),
    }

    assert len(texts) == 4
    assert all(texts)


def test_D_an_unknown_agent_names_no_drug() -> None:
    result = correction(anticoagulant=["warfarin", "doac", "heparin"])

    assert state(result, "drug.reverse_anticoagulant") == "ask_first"
    assert [name for name in DRUG_NAMES if name in correcting_text(result).lower()] == []
    assert not_advised(result, *CORRECTING[1:]) == {}


@pytest.mark.parametrize("agent", ["apixaban", "dabigatran", "lmwh", "warfarin", "ufh"])
def test_D_a_known_agent_names_no_other_agent(agent: str) -> None:
    said = correcting_text(correction(anticoagulant_agent=agent, hours_since_anticoagulant="2 h")).lower()
    own = {
        "apixaban": "xa inhibitor",
        "dabigatran": "dabigatran",
        "lmwh": "low-molecular-weight",
        "warfarin": "warfarin",
        "ufh": "unfractionated",
    }

    assert own[agent] in said
    assert [name for other, name in own.items() if other != agent and name in said] == []


# --- E: comfort only


@pytest.mark.parametrize("setting", SETTINGS)
def test_E_comfort_only_and_massive_gets_no_tube_no_embolization_no_transfusion_protocol(setting: str) -> None:
    result = assess(patient(setting, LIFE_THREATENING, treatment_limits="comfort_only"))

    assert result.tier.value == "massive"
    assert result.disposition.value == "icu"  # the answer stays as the rules give it
    assert state(result, "comfort.care") == "do"
    assert not_advised(result, *INVASIVE) == {}
    ordered = " ".join(str(o["text"]) for a in advised(result) for o in a.orders).lower()
    assert not re.search(r"tube|emboli|massive transfusion", ordered)
    assert not re.search(r"(?i)\bintubat", " ".join(said for _, said in advice(result)).replace("No intubation", ""))


@pytest.mark.parametrize("setting", SETTINGS)
def test_E_comfort_only_asks_where_the_patient_wants_to_be(setting: str) -> None:
    result = assess(patient(setting, LIFE_THREATENING, treatment_limits="comfort_only"))

    assert state(result, "place.admit_icu") == "ask_first"


# --- F: no side without a confirmed basis, nobody flat

SIDES = re.compile(r"(?i)\b(left|right)\b")
FLAT = re.compile(r"(?i)(?<!never )(?<!not )(?<!cannot )(?<!no )\b(lie|lying|lay) flat\b|\bsupine\b")


def everybody() -> Iterator[tuple[str, Case, dict[str, str]]]:
    """All vignettes and examples, in every setting, with whatever side they state."""
    cases = [(v.name, *vignette_case(v)) for v in vignettes()[0]]
    names = sorted(p.stem for p in EXAMPLES.glob("*.yaml") if p.stem != "expectations")
    cases += [(name, read_case(EXAMPLES / f"{name}.yaml", engine().dossier), {}) for name in names]
    yield from cases


def test_F_no_advice_names_a_side_or_lays_anybody_flat_while_the_side_is_not_confirmed() -> None:
    said: dict[str, str] = {}
    looked_at = 0
    for name, patient_case, capabilities in everybody():
        result = assess(patient_case, **capabilities)
        side = result.facts.get("bleeding_side")
        if side is not None and side.value in ("left", "right"):
            continue
        looked_at += 1
        assert [a.id for a in result.actions if a.side] == [], name
        for where, sentence in advice(result):
            if SIDES.search(sentence) or FLAT.search(sentence):
                said[where] = sentence

    assert looked_at > 300
    assert said == {}


@pytest.mark.parametrize("basis", ["patient_sensation", "examination", None])
@pytest.mark.parametrize("setting", SETTINGS)
def test_F_a_side_that_no_image_shows_is_not_acted_on(setting: str, basis: str | None) -> None:
    result = assess(patient(setting, LIFE_THREATENING, bleeding_side="left", bleeding_side_basis=basis))

    assert [a.id for a in advised(result) if a.side] == []
    assert [s for s in advice(result) if SIDES.search(s[1])] == []


def test_F_a_side_shown_by_ct_is_named_and_the_tube_goes_to_the_other_lung() -> None:
    result = assess(patient("ed", LIFE_THREATENING, bleeding_side="left", bleeding_side_basis="ct"))

    sides = {a.id: a.side for a in advised(result) if a.side}
    assert sides == {"airway.side_down": "left", "airway.selective_intubation": "right"}


# --- G and H: massive without a massive amount


def test_G_alveolar_hemorrhage_without_visible_blood_is_massive() -> None:
    facts = {"estimated_volume_24h": "0 mL", "cxr_bilateral_infiltrates": True, "hemoglobin_drop": "2.4 g/dL"}

    result = assess(patient("inpatient", NORMAL, facts))

    assert result.tier.value == "massive"
    assert result.triggers["vasculitis_pulmonary_renal"].severity == "critical"
    assert not_advised(result, "airway.side_down", "procedure.bae") == {}


def test_H_20_mL_at_60_mL_an_hour_is_massive() -> None:
    result = assess(patient("ed", NORMAL, estimated_volume_24h="20 mL", bleeding_rate="60 mL/h"))

    assert result.tier.value == "massive"


# --- I: eight facts settle


def test_I_with_the_eight_deciding_facts_known_the_tier_is_settled() -> None:
    draw = random.Random(20261101)
    dossier = engine().dossier
    others = [f for f in dossier.facts.values() if f.id not in dossier.tier.must_know and f.kind == "boolean"]
    open_cases: dict[str, tuple[str, ...]] = {}
    for _ in range(500):
        facts: dict[str, object] = {
            "spo2": f"{draw.choice((84, 89, 90, 93, 94, 97))} %",
            "oxygen_device": draw.choice(list(dossier.facts["oxygen_device"].codes)),
            "sbp": f"{draw.choice((0, 80, 89, 90, 99, 100, 124))} mmHg",
            "rr": f"{draw.choice((14, 21, 29, 30))} /min",
            "hr": f"{draw.choice((60, 90, 100, 111, 130))} /min",
            "estimated_volume_24h": f"{draw.choice((0, 5, 29, 30, 49, 50, 99, 100, 250))} mL",
            "airway_compromise": draw.random() < 0.1,
            "consciousness": draw.choice(("alert", "alert", "alert", "confused")),
        }
        for fact in draw.sample(others, draw.randint(0, 40)):
            facts[fact.id] = draw.random() < 0.5
        result = assess(patient(draw.choice(SETTINGS), facts))
        if not result.tier.settled:
            open_cases[str({k: v for k, v in facts.items() if v is not False})] = result.tier.missing

    assert open_cases == {}, f"{len(open_cases)} of 500, for want of {set().union(*open_cases.values())}"


# --- J to P


def test_J_a_normal_film_with_a_mass_is_a_contradiction_that_shows_both() -> None:
    result = assess(patient("ed", NORMAL, estimated_volume_24h="10 mL", cxr_normal=True, cxr_mass=True))

    [conflict] = [c for c in result.conflicts if c.id == "normal_film"]
    assert set(conflict.facts) == {"cxr_normal", "cxr_mass"}
    assert conflict.needs_human
    assert result.triggers["malignancy_lung_cancer_concern"].state == "fires"
    shown = screen(result)
    assert engine().dossier.facts["cxr_normal"].label in shown
    assert engine().dossier.facts["cxr_mass"].label in shown


def test_K_streaks_and_a_confirmed_embolism_keep_the_anticoagulant() -> None:
    facts = {"estimated_volume_24h": "5 mL", "ctpa": "positive", "anticoagulant": "doac", "antiplatelet": "none"}

    result = assess(patient("inpatient", NORMAL, facts))

    assert result.tier.value == "mild"
    assert state(result, "drug.anticoagulate") == "do"
    assert not_advised(result, "drug.hold_anticoagulant", "drug.reverse_anticoagulant", "drug.thrombolysis") == {}


@pytest.mark.parametrize("setting", ["ed", "inpatient", "icu"])
def test_L_without_embolization_on_site_the_transfer_call_is_among_the_stat_actions(setting: str) -> None:
    result = assess(patient(setting, LIFE_THREATENING), ir="no", icu="yes")

    assert "call.transfer" in stat(result)
    assert state(result, "call.transfer") == "do"
    assert result.disposition.via == "transfer"


def test_M_three_millilitres_at_home_with_the_work_up_pending_is_not_home() -> None:
    facts = {"estimated_volume_24h": "3 mL", "duration_recurrence": "recurrent", "prior_workup": "pending"}

    result = assess(patient("home", NORMAL, NOTHING_ELSE, facts))

    assert result.disposition.value == "outpatient"
    assert not_advised(result, "place.home") == {}


def test_M_the_same_with_the_work_up_complete_is_home() -> None:
    facts = {"estimated_volume_24h": "3 mL", "duration_recurrence": "recurrent", "prior_workup": "complete"}

    assert assess(patient("home", NORMAL, NOTHING_ELSE, facts)).disposition.value == "home"


def test_N_118_mL_over_a_day_at_5_mL_an_hour_and_well_is_massive_without_tube_antidote_or_transfusion() -> None:
    facts = {
        "estimated_volume_24h": "118 mL",
        "bleeding_rate": "5 mL/h",
        "anticoagulant": "warfarin",
        "anticoagulant_agent": "warfarin",
        "hours_since_anticoagulant": "10 h",
    }

    result = assess(patient("ed", NORMAL, facts))

    assert result.tier.value == "massive"
    assert result.disposition.value == "icu"
    assert {"call.emergency_team", "access.iv_crossmatch", "airway.suction", "oxygen.titrate"} <= stat(result)  # M1
    tube = ("airway.selective_intubation", "airway.large_tube_then_isolate")
    assert not_advised(result, *tube, *CORRECTING, "blood.massive_transfusion") == {}


def test_O_streaks_on_home_oxygen_at_the_usual_saturation_are_not_massive() -> None:
    facts = {
        "volume_description": "streaks",
        "spo2": "90 %",
        "baseline_spo2": "90 %",
        "oxygen_device": "nasal_cannula",
        "oxygen_flow": "2 L/min",
        "home_oxygen": True,
    }

    result = assess(patient("home", NORMAL, facts))

    assert "massive" not in result.tier.possible
    assert result.triggers[MASSIVE].state == "quiet"


@pytest.mark.parametrize("still_bleeding", [None, True, False])
def test_P_60_mL_with_an_unknown_rate_asks_for_the_rate_next(still_bleeding: bool | None) -> None:
    result = assess(patient("ed", NORMAL, estimated_volume_24h="60 mL", active_bleeding=still_bleeding))

    assert "bleeding_rate" in result.next[0].facts


# --- what the first milestone must show


def test_show_2_massive_in_the_emergency_department() -> None:
    result = assess(read_case(EXAMPLES / "tb-04.yaml", engine().dossier))

    assert result.tier.settled
    assert result.tier.value == "massive"
    wanted = {"airway.prepare", "airway.side_down", "access.iv_crossmatch", "image.ct_angiography"}
    assert wanted <= stat(result)
    assert {"procedure.bae", "procedure.pulmonary_side_embolization"} & stat(result)
    assert state(result, "airway.side_down") == "ask_first"
    side = result.action("airway.side_down")
    assert side is not None
    assert "bleeding_side" in side.ask


def test_show_3_ten_millilitres_and_no_vital_sign_is_no_answer() -> None:
    result = assess(patient("ed", estimated_volume_24h="10 mL"))

    assert result.tier.value is None
    assert "massive" in result.tier.possible
    assert {"spo2", "oxygen_device", "sbp", "rr", "hr"} <= set(result.tier.missing)
    assert result.disposition.value is None
    assert "MILD" not in tier_line(result)
    assert "MILD BLEEDING" not in text(result).upper()
    assert not_advised(result, "place.home", "place.outpatient", "educate.leaflet") == {}


def test_show_6_a_low_saturation_three_hours_old_still_fires() -> None:
    old = {"value": "84 %", "at": "2026-11-01T05:00:00+00:00"}

    result = assess(patient("ed", {**NORMAL, "spo2": old}, estimated_volume_24h="10 mL"))

    assert result.triggers[MASSIVE].state == "fires"
    assert result.triggers[MASSIVE].last_known
    assert "last known" in tier_line(result)


def test_show_6_a_good_saturation_three_hours_old_makes_nothing_quiet() -> None:
    old = {"value": "97 %", "at": "2026-11-01T05:00:00+00:00"}

    result = assess(patient("ed", {**NORMAL, "spo2": old}, estimated_volume_24h="10 mL"))

    assert result.triggers[MASSIVE].state == "cannot_exclude"
    assert result.triggers[MILD].state == "cannot_exclude"
    assert result.tier.value is None
    assert "MILD" not in tier_line(result)


def test_the_first_questions_of_a_massive_bleed_are_asked_in_the_agreed_order_and_stop_at_the_blood_thinner() -> None:
    facts = {"active_bleeding": True, "bleeding_rate": "20 mL/h", "estimated_volume_24h": "150 mL"}
    result = assess(patient("ed", NORMAL, facts))

    asked = [question.ask for question in result.next]
    assert asked[:3] == ["side", "limits", "blood_thinner"]  # 5 to 7; 1 to 4 are answered


@pytest.mark.parametrize(("episodes", "closer"), [(2, False), (3, True)])
def test_high_dependency_is_advised_from_the_third_bleed_of_a_day(episodes: int, closer: bool) -> None:
    result = assess(patient("ed", NORMAL, estimated_volume_24h="60 mL", episodes_24h=episodes))

    assert any("High dependency" in step.text for step in result.plan) is closer
