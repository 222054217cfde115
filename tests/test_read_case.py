"""What a case file may say, what is made of it, and how it is refused."""

import json
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clinical_commander.dossier import model
from clinical_commander.dossier.model import Action, Fact
from clinical_commander.dossier.source import read_yaml
from clinical_commander.engine.case import ActionRecord, Case, Observation
from clinical_commander.engine.read_case import case_from_mapping, dossier_of, read_case
from clinical_commander.errors import CaseError, ExpressionError, Problem, YamlError
from clinical_commander.logic import ir
from clinical_commander.quantity import UNITS, bounds, convert, parse_quantity, unit

HERE = Path(__file__).parent
NOON = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


def number(name: str, of: str, decimals: int, plausible: Any, limits: Any, **also: str) -> Fact:
    factors = {code: Fraction(text) for code, text in also.items()}
    return Fact(
        name, "number", name, name, unit=unit(of), decimals=decimals, range=plausible, limits=limits, also=factors
    )


def boolean(name: str) -> Fact:
    return Fact(name, "boolean", name, name)


def code(name: str, *codes: str) -> Fact:
    return Fact(name, "code", name, name, codes={c: c.replace("_", " ") for c in codes})


FACTS = (
    number("age", "a", 2, (0, 110), (0, 130)),
    number("spo2", "%", 0, (50, 100), (0, 100)),
    number("sbp", "mm[Hg]", 0, (50, 260), (0, 350)),
    number("rr", "/min", 0, (4, 60), (0, 120)),
    number("temperature", "Cel", 1, (32, 42), (20, 46)),
    number("estimated_volume_24h", "mL", 0, (0, 1500), (0, 10000)),
    number("hemoglobin", "g/dL", 1, (3, 22), (0.5, 26), **{"mmol/L": "1.6114"}),
    number("creatinine", "mg/dL", 2, (0.2, 20), (0.05, 50), **{"umol/L": "10/884"}),
    number("platelets", "10*3/uL", 0, (1, 1500), (0, 5000)),
    number("weight", "kg", 1, (35, 200), (2, 500)),
    number("cough_weeks", "wk", 0, (0, 520), (0, 5200)),
    number("inr", "1", 2, (0.8, 12), (0.4, 25)),
    number("d_dimer", "ng/mL{FEU}", 0, (0, 20000), (0, 200000)),
    Fact("afb_smears_negative", "integer", "Smears", "the smears", range=(0, 6), limits=(0, 20)),
    boolean("tb_risk"),
    boolean("airway_compromise"),
    code("anticoagulant", "none", "warfarin", "doac", "heparin", "other"),
    code("tb_naat", "negative", "positive", "invalid"),
)


def small_dossier() -> model.Dossier:
    true = model.Condition("TRUE", ir.Truth(True))
    values = tuple(model.AnswerValue(id, true, id) for id in ("home", "ed", "icu"))
    parts: dict[str, Any] = dict.fromkeys(("title", "kind", "summary", "review", "intended_use", "watermark"), "")
    parts |= dict.fromkeys(("freshness", "thresholds", "rules", "circumstances", "triggers", "playbooks", "tools"), {})
    parts |= dict.fromkeys(("constraints", "phases", "pivots", "treatments", "monitoring", "followup", "questions"), ())
    parts |= dict.fromkeys(("siblings", "emergency_card", "bans", "conflicts"), ())
    return model.Dossier(
        id="symptom.small.v1",
        version="1.0.0",
        facts={fact.id: fact for fact in FACTS},
        scope=model.Scope(true, "", ""),
        entry_points={"cough_with_blood": model.EntryPoint("cough_with_blood", "", "", {})},
        inputs={"cbc": model.Input("cbc", "lab", True, "", "", "", ("hemoglobin", "platelets"))},
        tier=model.OrderedAnswer("tier", values),
        bleeding_source=None,
        disposition=model.OrderedAnswer("disposition", values),
        emergency_title="",
        actions={id: Action(id, "", "", "") for id in ("panel.cbc", "procedure.bae")},
        citations={},
        words={},
        **parts,
    )


DOSSIER = small_dossier()


def read(text: str) -> Case:
    return read_case(text, DOSSIER, name="case.yaml", now=NOON)


def read_facts(**facts: object) -> Case:
    return case_from_mapping({"setting": "ed", "facts": facts}, DOSSIER, now=NOON)


def only(case: Case) -> Observation:
    ((observation,),) = case.facts.values()
    return observation


def refused(text: str) -> tuple[Problem, ...]:
    with pytest.raises(CaseError) as caught:
        read(text)
    return caught.value.problems


def refused_fact(**facts: object) -> Problem:
    with pytest.raises(CaseError) as caught:
        read_facts(**facts)
    (problem,) = caught.value.problems
    return problem


# --- what is taken


def test_a_whole_case_is_read() -> None:
    case = read(
        """
        setting: ed
        entry: cough_with_blood
        region: high_income
        at: 2026-11-21T14:05:00+00:00
        facts:
          age: 58 years
          estimated_volume_24h: "> 200 mL"
          spo2: {value: 86 %, at: 2026-11-21T14:01:00+00:00, origin: monitor}
          tb_risk: unknown
          tb_naat: {state: pending}
        actions: {panel.cbc: done, procedure.bae: {state: declined, reason: the patient refuses}}
        recorded: {disposition: {value: ed, reason: no bed}, next_vitals: 15 min}
        dossier: symptom.small.v1
        source: {note: "free text, and any shape", url: [a, b]}
        """
    )

    assert (case.setting, case.entry, case.region, case.dossier) == (
        "ed",
        "cough_with_blood",
        "high_income",
        "symptom.small.v1",
    )
    assert list(case.facts) == ["age", "spo2", "estimated_volume_24h", "tb_naat"]
    assert case.facts["spo2"][0].at == datetime(2026, 11, 21, 14, 1, tzinfo=UTC)
    assert case.facts["spo2"][0].origin == "monitor"
    assert case.facts["age"][0].at == case.at == datetime(2026, 11, 21, 14, 5, tzinfo=UTC)
    assert case.facts["tb_naat"][0].state == "pending"
    assert case.actions == {
        "panel.cbc": ActionRecord("done"),
        "procedure.bae": ActionRecord("declined", "the patient refuses"),
    }
    assert case.recorded == {"disposition": {"value": "ed", "reason": "no bed"}, "next_vitals": {"value": "15 min"}}
    assert case.warnings == ()


def test_yaml_json_and_plain_data_give_the_same_case() -> None:
    data = {
        "setting": "icu",
        "at": "2026-11-21T14:05:00+00:00",
        "facts": {"spo2": "86 %", "inr": 4.6, "afb_smears_negative": 2, "tb_risk": True, "anticoagulant": ["warfarin", "doac"]},
        "actions": {"panel.cbc": "ordered"},
    }  # fmt: skip
    yaml = """
        actions: {panel.cbc: ordered}
        facts: {anticoagulant: [doac, warfarin], tb_risk: true, afb_smears_negative: 2, inr: 4.6, spo2: "86 %"}
        at: 2026-11-21T14:05:00+00:00
        setting: icu
        """

    from_yaml, from_json, from_data = read(yaml), read(json.dumps(data)), case_from_mapping(data, DOSSIER)

    assert replace(from_yaml, facts={}, name="") == replace(from_json, facts={}, name="")
    assert from_json.facts == from_data.facts
    assert [o[0].codes for o in from_yaml.facts.values()] == [o[0].codes for o in from_json.facts.values()]
    assert list(from_yaml.facts) == list(from_json.facts)


@pytest.mark.parametrize(
    ("fact", "text", "low", "high"),
    [
        ("spo2", "86 %", 86, 86),
        ("spo2", "86%", 86, 86),
        ("estimated_volume_24h", "30..60 mL", 30, 60),
        ("estimated_volume_24h", ">= 200 mL", 200, 10000),
        ("estimated_volume_24h", "< 30 mL", 0, 29.999999999999996),
        ("estimated_volume_24h", "2 cups", 473, 473),  # US cup 236.5882365 mL
        ("inr", ">= 8", 8, 25),
        ("inr", "1.0", 1, 1),
        ("afb_smears_negative", "> 2", 3, 20),  # more than two of a count is three
        ("afb_smears_negative", "2", 2, 2),
        ("temperature", "98.6 F", 37, 37),
        ("temperature", "98.6 °F", 37, 37),
        ("hemoglobin", "134 g/L", 13.4, 13.4),
        ("creatinine", "150 umol/L", 1.7, 1.7),  # 150 / 88.4 = 1.6968
        ("cough_weeks", "14 d", 2, 2),
        ("age", "18 months", 1.5, 1.5),
    ],
)
def test_a_number_leaves_what_it_says_in_the_facts_own_unit(fact: str, text: str, low: float, high: float) -> None:
    observation = only(read_facts(**{fact: text}))

    assert (observation.low, observation.high) == (low, high)
    assert observation.state == ("known" if low == high else "partial")
    assert observation.entered == text


def test_a_strict_limit_leaves_its_own_number_out() -> None:
    observation = only(read_facts(estimated_volume_24h="> 200 mL"))

    assert observation.low is not None
    assert 200 < observation.low < 201
    assert observation.high == 10000


@pytest.mark.hazard("H04")
@pytest.mark.parametrize("fact", [f for f in FACTS if f.kind == "number"], ids=lambda f: f.id)
def test_the_same_quantity_in_every_unit_is_the_same_value(fact: Fact) -> None:
    assert fact.unit is not None
    assert fact.range is not None
    compared = 0
    for whole in range(1, 400):
        for other in [*(UNITS[code] for code in fact.also), *UNITS.values()]:
            try:
                value = convert(Fraction(whole), other, fact.unit, also=fact.also)
            except ExpressionError:
                continue  # it measures something else
            if (value * 10**10).denominator != 1 or not fact.range[0] <= value <= fact.range[1]:
                continue  # no finite decimal says exactly this
            there = only(read_facts(**{fact.id: f"{whole} {other.code}" if other.code != "1" else str(whole)}))
            here = f"{Decimal(value.numerator) / Decimal(value.denominator):f}"
            again = only(read_facts(**{fact.id: f"{here} {fact.unit.code}" if fact.unit.code != "1" else here}))
            assert (there.low, there.high, there.state) == (again.low, again.high, again.state)
            compared += 1
    assert compared > 20


@pytest.mark.parametrize("text", ["unknown", ["none", "warfarin", "doac", "heparin", "other"], {"state": "unknown"}])
def test_unknown_is_the_same_as_leaving_it_out(text: object) -> None:
    assert read_facts(anticoagulant=text) == read_facts()


def test_a_limit_that_excludes_nothing_says_nothing() -> None:
    assert read_facts(estimated_volume_24h=">= 0 mL") == read_facts()


def test_codes_may_be_left_open() -> None:
    observation = only(read_facts(anticoagulant=["warfarin", "doac"]))

    assert (observation.state, observation.codes) == ("partial", {"warfarin", "doac"})


def test_a_code_is_text_even_where_it_looks_like_nothing() -> None:
    assert only(read("setting: ed\nfacts: {anticoagulant: none}")).codes == {"none"}


@pytest.mark.parametrize("state", ["pending", "unobtainable"])
def test_a_result_may_be_pending_or_unobtainable(state: str) -> None:
    observation = only(read_facts(tb_naat={"state": state}))

    assert (observation.state, observation.codes) == (state, None)


# --- year of birth


@pytest.mark.hazard("H12")
@pytest.mark.parametrize(
    ("at", "low", "high"),
    [
        ("2026-01-01T00:00:00+00:00", 58.0, 59.0),  # born 31 December: 58 years and a day; born 1 January: 59 today
        ("2026-07-02T12:00:00+00:00", 58.5, 59.49),  # day 183 of 365
        ("2026-12-31T23:00:00+00:00", 59.0, 59.99),  # everybody born in 1967 has had the birthday
        ("2024-12-31T00:00:00+00:00", 57.0, 57.99),  # a leap year has 366 days
    ],
)
def test_a_year_of_birth_gives_an_age_one_year_wide(at: str, low: float, high: float) -> None:
    case = case_from_mapping({"setting": "ed", "at": at, "facts": {"age": {"year_of_birth": 1967}}}, DOSSIER)

    observation = only(case)
    assert (observation.state, observation.low, observation.high) == ("partial", low, high)


def test_somebody_who_turns_18_this_year_may_be_either() -> None:
    observation = only(read_facts(age={"year_of_birth": 2008}))

    assert observation.low is not None
    assert observation.high is not None
    assert observation.low < 18 <= observation.high


@pytest.mark.parametrize("year", [67, 1890, 2027, "1967", True, 1967.5])
def test_what_is_no_year_of_birth_is_refused(year: object) -> None:
    assert refused_fact(age={"year_of_birth": year}).code == "CC624"


def test_only_an_age_has_a_year_of_birth() -> None:
    assert refused_fact(cough_weeks={"year_of_birth": 1967}).code == "CC624"


def test_an_age_that_is_a_year_says_how_to_write_a_year_of_birth() -> None:
    assert "`{year_of_birth: 1967}`" in refused_fact(age="1967 years").mend
    assert "`{year_of_birth: 1967}`" in refused_fact(age=1967).mend


# --- unknown, empty, zero


@pytest.mark.hazard("H02")
@pytest.mark.parametrize("fact", [f.id for f in FACTS])
@pytest.mark.parametrize("empty", ["", "  ", None])
def test_an_empty_value_is_refused_and_never_read_as_normal(fact: str, empty: object) -> None:
    assert refused_fact(**{fact: empty}).code == "CC607"


@pytest.mark.hazard("H02")
def test_a_zero_that_stands_for_not_measured_is_not_taken_in_silence() -> None:
    assert refused_fact(spo2="0 %").mend.endswith("write `unknown`.")
    (warning,) = read_facts(sbp="0 mmHg").warnings
    assert warning.mend.endswith("write `unknown`.")


@pytest.mark.parametrize("word", ["Unknown", "n/a", "N/A", "not measured", "?", "pending"])
def test_other_words_for_not_knowing_say_which_word_is_meant(word: str) -> None:
    assert refused_fact(rr=word).mend in ("Write `unknown`.", "Write `{state: pending}`.")
    assert refused_fact(tb_naat=word).mend in ("Write `unknown`.", "Write `{state: pending}`.")


# --- units


@pytest.mark.hazard("H04")
@pytest.mark.parametrize("fact", [f for f in FACTS if f.kind == "number" and f.id != "inr"], ids=lambda f: f.id)
@pytest.mark.parametrize("text", ["5", "> 5", "2..9", 5, 5.5])
def test_a_quantity_without_its_unit_is_refused(fact: Fact, text: object) -> None:
    problem = refused_fact(**{fact.id: text})

    assert problem.code == "CC601"


def test_the_mend_for_a_missing_unit_can_be_copied() -> None:
    assert refused_fact(rr=14).mend == "Write `14 /min`."
    assert refused_fact(estimated_volume_24h="> 200").mend == "Write `> 200 mL`."
    assert refused_fact(sbp="104").mend == "Write `104 mmHg`."
    assert refused_fact(age=58).mend == "Write `58 years`."


@pytest.mark.hazard("H04")
@pytest.mark.parametrize("entered", [0.97, "0.97", "0.97 %", "1 %", "0.9..1 %", "> 0.9"])
def test_a_saturation_given_as_a_fraction_is_refused(entered: object) -> None:
    assert refused_fact(spo2=entered).code == "CC610"


def test_the_mend_for_a_fraction_is_the_percentage() -> None:
    problem = refused_fact(spo2=0.97)

    assert str(problem) == "case, facts.spo2: CC610 spo2: `0.97` looks like a fraction. Write `97 %`."


@pytest.mark.hazard("H04")
@pytest.mark.parametrize(
    ("fact", "text", "hints"),
    [
        ("hemoglobin", "134 g/dL", ["`134 g/L`: that is 13.4 g/dL", "`13.4 g/dL`"]),
        ("temperature", "98.6 Cel", ["`98.6 °F`: that is 37 °C"]),
        ("temperature", "370 Cel", ["`37 °C`"]),
        ("creatinine", "90 mg/dL", ["`90 µmol/L`: that is 1.02 mg/dL", "`9 mg/dL`"]),
        ("spo2", "970 %", ["`97 %`"]),
        ("weight", "700 kg", ["`70 kg`"]),
        ("platelets", "250000 10*3/uL", ["`250000 /µL`: that is 250 10³/µL"]),
    ],
)
def test_a_value_beyond_the_limits_is_refused_and_the_likely_slip_named(fact: str, text: str, hints: list[str]) -> None:
    problem = refused_fact(**{fact: text})

    assert problem.code == "CC609"
    assert all(hint in problem.mend for hint in hints), problem.mend


def test_a_refused_value_shows_the_allowed_range() -> None:
    assert "0 to 350 mmHg" in refused_fact(sbp="400 mmHg").cause


@pytest.mark.parametrize("text", ["30..20000 mL", "> 10000 mL", "-5 mL", "< 0 mL"])
def test_every_stated_end_lies_within_the_limits(text: str) -> None:
    assert refused_fact(estimated_volume_24h=text).code == "CC609"


@pytest.mark.parametrize("fact", [f for f in FACTS if f.limits and f.range], ids=lambda f: f.id)
def test_limits_refuse_and_the_plausible_range_warns(fact: Fact) -> None:
    assert fact.limits is not None
    assert fact.range is not None
    step = 10.0**-fact.decimals
    name = fact.unit.code if fact.unit and fact.unit.code != "1" else ""
    for edge, direction in ((fact.limits[0], -1), (fact.limits[1], 1)):
        beyond = f"{edge + direction * step:.{fact.decimals}f} {name}"
        assert refused_fact(**{fact.id: beyond}).code in ("CC609", "CC610")
    for edge, direction in ((fact.range[0], -1), (fact.range[1], 1)):
        assert read_facts(**{fact.id: f"{edge:.{fact.decimals}f} {name}"}).warnings == ()
        if edge in fact.limits:
            continue
        case = read_facts(**{fact.id: f"{edge + direction * step:.{fact.decimals}f} {name}"})
        assert [(w.code, w.level) for w in case.warnings] == [("CC611", "warning")]
        assert only(case).warnings == (f"{case.warnings[0].cause} {case.warnings[0].mend}",)


@pytest.mark.hazard("H04")
def test_an_unusual_value_is_taken_and_says_what_it_may_be() -> None:
    case = read_facts(sbp="16 mmHg")

    assert only(case).low == 16
    assert "`16 kPa`: that is 120 mmHg" in case.warnings[0].mend


@pytest.mark.hazard("H04")
@pytest.mark.parametrize("text", ["1,5 mg/dL", "1.234,5 mg/dL", "1 234 mg/dL", "1.5e0 mg/dL", ".5 mg/dL", "１.5 mg/dL"])
def test_numbers_that_two_countries_read_differently_are_refused(text: str) -> None:
    assert refused_fact(creatinine=text).code in ("CC602", "CC603")


@pytest.mark.parametrize(
    ("fact", "text", "code"),
    [
        ("sbp", "104 mmHgg", "CC602"),
        ("sbp", "120/80 mmHg", "CC603"),
        ("sbp", "normal", "CC603"),
        ("sbp", "104 mL", "CC605"),
        ("d_dimer", "500 ng/mL", "CC605"),
        ("estimated_volume_24h", "60..30 mL", "CC604"),
        ("afb_smears_negative", 2.5, "CC622"),
        ("afb_smears_negative", "2 smears", "CC602"),
        ("afb_smears_negative", "2 mL", "CC605"),
        ("inr", "4.6 seconds", "CC605"),
        ("sbp", True, "CC607"),
        ("sbp", ["104 mmHg", "106 mmHg"], "CC607"),
        ("sbp", {"value": {"value": "104 mmHg"}}, "CC607"),
        ("sbp", {"low": "104 mmHg"}, "CC615 CC623"),
        ("sbp", [], "CC607"),
        ("inr", float("nan"), "CC603"),
        ("inr", float("inf"), "CC603"),
    ],
)
def test_a_number_that_cannot_be_taken_has_its_own_code(fact: str, text: object, code: str) -> None:
    with pytest.raises(CaseError) as caught:
        read_facts(**{fact: text})

    assert [p.code for p in caught.value.problems] == code.split()


# --- booleans and codes


@pytest.mark.parametrize(
    ("entered", "mend"),
    [
        ("no", "Write `false`."),
        ("yes", "Write `true`."),
        ("No", "Write `false`."),
        ("on", "Write `true`."),
        ("true", "Write `true` without quotation marks."),
        (0, "Write `false`."),
        (1, "Write `true`."),
        ("likely", "Write `true`, `false` or `unknown`."),
        ([True, False], "Write `true`, `false` or `unknown`."),
    ],
)
def test_a_boolean_is_true_or_false_and_nothing_that_resembles_them(entered: object, mend: str) -> None:
    problem = refused_fact(airway_compromise=entered)

    assert (problem.code, problem.mend) == ("CC607", mend)


def test_bare_no_in_yaml_is_text_and_refused() -> None:
    (problem,) = refused("setting: ed\nfacts:\n  tb_risk: no\n")

    assert str(problem) == "case.yaml:3:12: CC607 tb_risk is true or false; `no` is neither. Write `false`."


@pytest.mark.parametrize(
    ("entered", "mend"),
    [
        ("warfarine", "Did you mean `warfarin`?"),
        ("Warfarin", "Did you mean `warfarin`?"),
        ("aspirin", "Write one of: none, warfarin, doac, heparin, other."),
        (False, "Write one of: none, warfarin, doac, heparin, other."),
        (["warfarin", "doak"], "Did you mean `doac`?"),
        (["warfarin", "warfarin"], "Keep one of them."),
    ],
)
def test_a_code_that_is_none_is_refused(entered: object, mend: str) -> None:
    problem = refused_fact(anticoagulant=entered)

    assert (problem.code, problem.mend) == ("CC608", mend)


# --- times


@pytest.mark.hazard("H20")
@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("2026-11-21T11:00:00", "CC613"),
        ("2026-11-21 11:00", "CC613"),
        ("2026-11-21", "CC612"),
        ("11:00", "CC612"),
        ("yesterday", "CC612"),
        ("21/11/2026 11:00", "CC612"),
        ("2026-13-21T11:00:00Z", "CC612"),
        ("2026-02-29T11:00:00Z", "CC612"),
        ("2026-11-21T11:00:60Z", "CC612"),
        ("2026-11-21T11:00:00+15:00", "CC612"),
        ("0001-01-01T00:00:00+14:00", "CC612"),
        ("20261121T110000Z", "CC612"),
        (1700000000, "CC612"),
    ],
)
def test_a_time_needs_a_date_a_clock_time_and_a_zone(text: object, code: str) -> None:
    assert refused_fact(spo2={"value": "86 %", "at": text}).code == code
    with pytest.raises(CaseError) as caught:
        case_from_mapping({"setting": "ed", "at": text}, DOSSIER)
    assert [p.code for p in caught.value.problems] == [code]


@pytest.mark.hazard("H20")
@pytest.mark.parametrize("minutes", [-10, -1, 0])
def test_a_time_before_the_moment_is_taken(minutes: int) -> None:
    at = NOON + timedelta(minutes=minutes)

    case = read_facts(spo2={"value": "86 %", "at": at.isoformat()})

    assert (only(case).at, case.warnings) == (at, ())


@pytest.mark.hazard("H20")
def test_a_clock_five_minutes_ahead_is_pulled_back_to_the_moment_and_one_second_more_is_refused() -> None:
    ahead = NOON + timedelta(minutes=5)

    case = read_facts(spo2={"value": "86 %", "at": ahead.isoformat()})

    assert only(case).at == NOON
    assert [w.code for w in case.warnings] == ["CC614"]
    assert refused_fact(spo2={"value": "86 %", "at": (ahead + timedelta(seconds=1)).isoformat()}).code == "CC614"


@pytest.mark.hazard("H20")
def test_one_instant_is_one_instant_in_every_zone() -> None:
    # Berlin left summer time at 2026-10-25T03:00+02:00; the clock showed 02:30 twice.
    first, second = "2026-10-25T02:30:00+02:00", "2026-10-25T02:30:00+01:00"

    case = read_facts(sbp=[{"value": "90 mmHg", "at": second}, {"value": "120 mmHg", "at": first}])

    assert [o.low for o in case.facts["sbp"]] == [120, 90]
    assert case.facts["sbp"][0].at == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)


def test_the_moment_defaults_to_now_and_its_zone_is_kept() -> None:
    new_york = timezone(timedelta(hours=-5))

    given_at = case_from_mapping({"setting": "ed", "at": "2026-11-21T07:00:00-05:00"}, DOSSIER)
    before = datetime.now(UTC)
    now = case_from_mapping({"setting": "ed"}, DOSSIER).at

    assert given_at.at == NOON
    assert given_at.at.utcoffset() == new_york.utcoffset(None)
    assert before <= now <= datetime.now(UTC)
    with pytest.raises(ValueError, match="zone"):
        case_from_mapping({"setting": "ed"}, DOSSIER, now=datetime(2026, 11, 21))


# --- several observations


def test_observations_come_oldest_first() -> None:
    case = read_facts(
        spo2=[
            {"value": "94 %", "at": "2026-11-21T11:30:00+00:00"},
            {"value": "86 %", "at": "2026-11-21T10:30:00+00:00"},
            {"state": "pending", "at": "2026-11-21T11:59:00+00:00"},
        ]
    )

    assert [(o.low, o.state) for o in case.facts["spo2"]] == [(86, "known"), (94, "known"), (None, "pending")]


@pytest.mark.parametrize(
    ("fact", "first", "second", "left"),
    [
        ("spo2", "86 %", "94 %", {"low": 86, "high": 94}),
        ("estimated_volume_24h", "> 200 mL", "30 mL", {"low": 30, "high": 10000}),
        ("anticoagulant", "none", "warfarin", {"codes": {"none", "warfarin"}}),
        ("tb_risk", True, False, {"truth": None}),
    ],
)
def test_values_of_one_time_that_differ_are_all_kept_possible(
    fact: str, first: object, second: object, left: dict[str, object]
) -> None:
    at = "2026-11-21T11:00:00+00:00"
    other_zone = "2026-11-21T12:00:00+01:00"

    case = read_facts(**{fact: [{"value": first, "at": at}, {"value": second, "at": other_zone}]})
    turned = read_facts(**{fact: [{"value": second, "at": other_zone}, {"value": first, "at": at}]})

    observation = only(case)
    assert observation.state == "partial"
    assert {name: getattr(observation, name) for name in left} == left
    assert [w.code for w in case.warnings] == ["CC616"]
    assert len(observation.warnings) == 1
    assert {name: getattr(only(turned), name) for name in left} == left


def test_the_same_value_twice_at_one_time_is_one_observation() -> None:
    twice = [
        {"value": "1 kPa", "at": "2026-11-21T11:00:00+00:00"},
        {"value": "7.50 mmHg", "at": "2026-11-21T11:00:00Z"},
    ]

    case = read_facts(sbp=twice)

    assert only(case).low == 8  # 1 kPa is 7.5006 mmHg
    assert [w.code for w in case.warnings] == ["CC611", "CC611"]


def test_a_value_answers_a_pending_of_the_same_time_and_contradicts_an_unobtainable() -> None:
    at = "2026-11-21T11:00:00+00:00"

    arrived = read_facts(tb_naat=[{"state": "pending", "at": at}, {"value": "negative", "at": at}])
    contradicted = read_facts(tb_naat=[{"state": "unobtainable", "at": at}, {"value": "negative", "at": at}])

    assert (only(arrived).state, arrived.warnings) == ("known", ())
    assert [w.code for w in contradicted.warnings] == ["CC616"]


def test_each_of_several_observations_has_a_time() -> None:
    problem = refused_fact(spo2=[{"value": "94 %"}])

    assert (problem.code, problem.mend) == ("CC623", "Add `at:` to each.")


# --- the rest of a case


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("facts: {}", "1:1: CC620 The case names no setting: where is the patient? Write `setting:` with one of home, ed, icu, inpatient, outpatient."),
        ("setting: ER", "1:10: CC617 `setting` is `ER`. Write one of: home, ed, icu, inpatient, outpatient."),
        ("setting:", "1:9: CC617 `setting` is nothing. Write one of: home, ed, icu, inpatient, outpatient."),
        ("setting: ed\nregion: mars", "2:9: CC617 `region` is `mars`. Write one of: high_income, tb_endemic. Leave it out if it is not known."),
        ("setting: ed\nentry: cough_with_blod", "2:8: CC617 `entry` is `cough_with_blod`. Did you mean `cough_with_blood`? Leave it out if it is not known."),
        ("setting: ed\nfact: {}", "2:1: CC615 `fact` is no key of a case. Did you mean `facts`?"),
        ("setting: ed\nspo2: 86 %", "2:1: CC615 `spo2` is no key of a case. It is a fact: put it under `facts:`, indented."),
        ("setting: ed\nsite: x", "2:1: CC615 `site` is no key of a case. A site stands in its own file: `--site FILE`."),
        ("setting: ed\nfacts: {sp02: 86 %}", "2:9: CC606 No fact is called `sp02`. Did you mean `spo2`?"),
        ("setting: ed\nfacts: {cbc: normal}", "2:9: CC606 No fact is called `cbc`. It is made of: hemoglobin, platelets."),
        ("setting: ed\nfacts: {region: x}", "2:9: CC606 No fact is called `region`. `region:` is a key of the case, not of `facts:`."),
        ("setting: ed\nfacts: [spo2]", "2:8: CC607 `facts` is a list. Write `name: value` lines under it."),
        ("setting: ed\nactions: {panel.cbd: done}", "2:11: CC618 No action is called `panel.cbd`. Did you mean `panel.cbc`?"),
        ("setting: ed\nactions: {panel.cbc: finished}", "2:22: CC617 panel.cbc is `finished`. Write one of: done, ordered, declined; or leave it out."),
        ("setting: ed\nactions: {panel.cbc: declined}", "2:22: CC619 panel.cbc is declined, and no reason is given. Write `{state: declined, reason: ...}`."),
        ("setting: ed\nrecorded: {disposal: ed}", "2:12: CC615 `disposal` is nothing that is recorded. Did you mean `disposition`?"),
        ("setting: ed\nrecorded: {disposition: hme}", "2:25: CC617 `disposition` is `hme`. Did you mean `home`? Leave it out if it is not known."),
        ("setting: ed\nrecorded: {disposition: {reason: x}}", "2:25: CC607 `disposition` records nothing. Add `value:`, or leave it out."),
        ("[ed]", "1:1: CC621 A case is a mapping; this is a list. Write `setting: ed`, and `facts:` with lines under it."),
        ("hello", "1:1: CC621 A case is a mapping; this is text. Write `setting: ed`, and `facts:` with lines under it."),
    ],
)  # fmt: skip
def test_each_fault_has_a_place_a_cause_and_a_mend(text: str, message: str) -> None:
    assert [str(p) for p in refused(text)] == [f"case.yaml:{message}"]


def test_all_faults_are_reported_at_once_in_the_order_of_the_text() -> None:
    problems = refused("facts:\n  spo2: 0.97\n  rr: 14\n  tb_risk: no\nactions: {x: done}\nsetting: ER\nregion: x\n")

    assert [(p.at.line, p.code) for p in problems if p.at] == [
        (2, "CC610"),
        (3, "CC601"),
        (4, "CC607"),
        (5, "CC618"),
        (6, "CC617"),
        (7, "CC617"),
    ]


def test_unknown_records_nothing() -> None:
    assert read("setting: ed\nrecorded: {disposition: unknown}").recorded == {}


def test_the_dossier_of_a_case_is_known_before_the_dossier_is_loaded() -> None:
    assert dossier_of(read_yaml("setting: ed\ndossier: symptom.small.v1")) == "symptom.small.v1"
    assert dossier_of(read_yaml("setting: ed")) is None
    assert dossier_of(read_yaml("[]")) is None


def test_a_file_that_was_read_already_need_not_be_read_again() -> None:
    node = read_yaml("setting: ed\nfacts: {spo2: 86}", "ward.yaml")

    with pytest.raises(CaseError, match=r"^ward\.yaml:2:15: CC601"):
        read_case(node, DOSSIER)


# --- noise


@pytest.mark.parametrize("folder", sorted((HERE / "cases" / "bad").iterdir()), ids=lambda p: p.name)
def test_a_bad_case_is_refused_as_expected(folder: Path) -> None:
    source = next(p for p in folder.iterdir() if p.name.startswith("case."))

    with pytest.raises((CaseError, YamlError)) as caught:
        read_case(source, DOSSIER, name=source.name, now=NOON)

    assert caught.value.render() + "\n" == (folder / "expected.txt").read_text()


NOISE = {
    "nothing": b"",
    "blanks": b"  \n\n",
    "a comment": b"# nothing\n",
    "5 MB of one letter": b"a" * 5_000_000,
    "1 MB of one letter": b"a" * 1_000_000,
    "1 MB of one key": b"setting: ed\nfacts: {" + b"a" * 1_000_000 + b": 1}",
    "1 MB of one value": b"setting: ed\nfacts: {spo2: " + b"9" * 1_000_000 + b"}",
    "1 MB of brackets": b"[" * 1_000_000,
    "1 MB of braces": b'{"a":' * 200_000,
    "100,000 facts": b"setting: ed\nfacts: {" + b", ".join(b"f%d: 1" % i for i in range(60_000)) + b"}",
    "100,000 items": b"setting: ed\nfacts: {spo2: [" + b", ".join(b"{}" for i in range(100_000)) + b"]}",
    "zeros": b"\x00" * 1000,
    "an image": bytes(range(256)) * 40,
    "UTF-16": "setting: ed".encode("utf-16"),
    "an alias bomb": b"a: &a [x, x]\nb: &b [*a, *a]\nc: &c [*b, *b]\nsetting: ed\n",
}


@pytest.mark.parametrize("noise", NOISE.values(), ids=NOISE.keys())
def test_noise_gives_one_clear_error_quickly(noise: bytes, tmp_path: Path) -> None:
    path = tmp_path / "case.yaml"
    path.write_bytes(noise)

    start = time.process_time()
    with pytest.raises((CaseError, YamlError)) as caught:
        read_case(path, DOSSIER, name="case.yaml", now=NOON)

    assert time.process_time() - start < 10
    assert len(caught.value.problems) <= 51
    assert all(len(p.render()) < 600 for p in caught.value.problems)


@given(text=st.text(min_size=41, alphabet=st.characters(exclude_characters="\r", codec="utf-8")))
def test_a_message_never_quotes_more_than_40_characters(text: str) -> None:
    for data in ({"setting": text}, {"setting": "ed", text: 1}, {"setting": "ed", "facts": {"spo2": text, text: text}}):
        with pytest.raises(CaseError) as caught:
            case_from_mapping(data, DOSSIER)
        assert text not in str(caught.value)


def test_a_message_never_carries_a_character_that_a_terminal_obeys() -> None:
    with pytest.raises(CaseError) as caught:
        read('setting: "\\e[2J\\u202Eed"\nfacts: {spo2: "\\e[31m86 %", tb_naat: "\\e]0;x", "\\e": 1}')

    assert all(c.isprintable() or c == "\n" for c in str(caught.value))


PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
NAMES = st.sampled_from(
    [*(f.id for f in FACTS), "setting", "entry", "at", "state", "value", "year_of_birth", "panel.cbc"]
)
SHAPED = st.fixed_dictionaries(
    {},
    optional={
        "setting": st.just("ed") | PLAIN,
        "at": PLAIN | st.just("2026-11-21T14:05:00+00:00"),
        "facts": st.dictionaries(NAMES, PLAIN | st.dictionaries(NAMES, PLAIN, max_size=3), max_size=4) | PLAIN,
        "actions": st.dictionaries(NAMES, PLAIN, max_size=2) | PLAIN,
        "recorded": st.dictionaries(NAMES | st.just("disposition"), PLAIN, max_size=2) | PLAIN,
        "dossier": PLAIN,
        "source": PLAIN,
    },
)


@given(data=SHAPED)
def test_any_plain_data_is_a_case_or_a_case_error(data: dict[str, object]) -> None:
    try:
        case = case_from_mapping(data, DOSSIER, now=NOON)
    except CaseError as error:
        assert error.problems
    else:
        assert case.setting == "ed"


@given(data=SHAPED)
def test_json_text_and_the_data_it_holds_are_judged_alike(data: dict[str, object]) -> None:
    try:
        text = json.dumps(data, allow_nan=False)
    except ValueError:
        return
    outcomes = []
    for reading in (lambda: case_from_mapping(data, DOSSIER, now=NOON), lambda: read(text)):
        try:
            outcomes.append(replace(reading(), name="", warnings=()))
        except (CaseError, YamlError) as error:
            outcomes.append(type(error) is YamlError or [p.code for p in error.problems])
    if True not in outcomes:
        assert outcomes[0] == outcomes[1] or sorted(outcomes[0]) == sorted(outcomes[1])


@given(text=st.text() | st.text(alphabet="{}[]:,-#&*!|>'\"%@` \nabe:19.setingfac", max_size=60))
def test_any_text_is_a_case_or_a_clear_error(text: str) -> None:
    try:
        read(text)
    except (CaseError, YamlError) as error:
        assert error.render()


@given(data=st.binary(max_size=200))
def test_any_bytes_are_a_case_or_a_clear_error(data: bytes, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.getbasetemp() / "noise.yaml"
    path.write_bytes(data)

    try:
        read_case(path, DOSSIER)
    except (CaseError, YamlError) as error:
        assert error.render()


@given(data=st.data(), fact=st.sampled_from([f for f in FACTS if f.unit is not None and f.unit.code != "1"]))
def test_taking_the_unit_away_is_always_refused(data: st.DataObject, fact: Fact) -> None:
    assert fact.range is not None
    value = data.draw(st.decimals(*fact.range, places=data.draw(st.integers(0, 3))))
    sign = data.draw(st.sampled_from(["", "> ", "< ", ">= ", "<= "]))

    problem = refused_fact(**{fact.id: f"{sign}{value}"})

    assert problem.code in ("CC601", "CC610")


@given(data=st.data(), fact=st.sampled_from([f for f in FACTS if f.kind == "number"]))
def test_what_is_taken_lies_within_the_limits_and_holds_the_value_entered(data: st.DataObject, fact: Fact) -> None:
    assert fact.limits is not None
    assert fact.unit is not None
    value = data.draw(st.decimals(*fact.limits, places=data.draw(st.integers(0, 4))))
    sign = data.draw(st.sampled_from(["", "> ", "< ", ">= ", "<= "]))
    text = f"{sign}{value} {fact.unit.code if fact.unit.code != '1' else ''}".strip()

    try:
        case = read_facts(**{fact.id: text})
    except CaseError as error:
        assert {p.code for p in error.problems} <= {"CC604", "CC609", "CC610"}
        return
    if case.facts:
        observation = only(case)
        low, high = bounds(parse_quantity(text), fact.unit, fact.unit, fact.decimals)
        assert observation.low is not None
        assert observation.high is not None
        assert fact.limits[0] <= observation.low <= observation.high <= fact.limits[1]
        assert (observation.low, observation.high) == (max(low, fact.limits[0]), min(high, fact.limits[1]))


def test_data_that_holds_itself_is_refused() -> None:
    loop: list[object] = []
    loop.append(loop)
    twins: list[object] = []
    twins.extend([twins, twins])

    for data in (loop, twins):
        with pytest.raises(CaseError, match="levels|values"):
            case_from_mapping({"setting": "ed", "source": data}, DOSSIER)


@pytest.mark.parametrize("value", [NOON, Decimal(1), b"x", {1: 2}, object(), 10**40, {"a", "b"}])
def test_data_that_no_case_can_hold_is_refused(value: object) -> None:
    with pytest.raises(CaseError, match="CC621"):
        case_from_mapping({"setting": "ed", "facts": {"inr": value}}, DOSSIER)
