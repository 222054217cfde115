"""What a case may say of one fact, what is made of it, and how it is refused."""

from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clinical_commander.dossier.load import load_dossier
from clinical_commander.dossier.model import Fact
from clinical_commander.engine.case import Case, Observation
from clinical_commander.engine.read_case import case_from_mapping, read_case
from clinical_commander.errors import CaseError, ExpressionError, Problem
from clinical_commander.quantity import UNITS, bounds, convert, parse_quantity

DOSSIER = load_dossier(Path(__file__).parent / "cases" / "content" / "dossiers" / "symptom.small.v1")
FACTS = tuple(DOSSIER.facts.values())
NOON = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


def read(text: str) -> Case:
    return read_case(text, DOSSIER, name="case.yaml", now=NOON)


def read_facts(**facts: object) -> Case:
    return case_from_mapping({"setting": "ed", "facts": facts}, DOSSIER, now=NOON)


def only(case: Case) -> Observation:
    ((observation,),) = case.facts.values()
    return observation


def refused_fact(**facts: object) -> Problem:
    with pytest.raises(CaseError) as caught:
        read_facts(**facts)
    (problem,) = caught.value.problems
    return problem


# --- what is taken


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
    for whole in range(1, 200):
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
    assert compared > 10


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
@pytest.mark.parametrize(
    "text", ["1,5 mg/dL", "1.234,5 mg/dL", "1 234 mg/dL", "1.5e0 mg/dL", ".5 mg/dL", "\uff11.5 mg/dL"]
)
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


@given(data=st.data(), fact=st.sampled_from([f for f in FACTS if f.unit is not None and f.unit.code != "1"]))
def test_taking_the_unit_away_is_always_refused(data: st.DataObject, fact: Fact) -> None:
    assert fact.range is not None
    value = data.draw(st.integers(0, 10_000)) / data.draw(st.sampled_from([1, 2, 4, 10, 100]))
    sign = data.draw(st.sampled_from(["", "> ", "< ", ">= ", "<= "]))

    problem = refused_fact(**{fact.id: f"{sign}{value}"})

    assert problem.code in ("CC601", "CC610")


@given(data=st.data(), fact=st.sampled_from([f for f in FACTS if f.kind == "number"]))
def test_what_is_taken_lies_within_the_limits_and_holds_the_value_entered(data: st.DataObject, fact: Fact) -> None:
    assert fact.limits is not None
    assert fact.unit is not None
    places = data.draw(st.integers(0, 4))
    value = Decimal(data.draw(st.integers(-(10**4), 10**7))).scaleb(-places)
    sign = data.draw(st.sampled_from(["", "> ", "< ", ">= ", "<= "]))
    text = f"{sign}{value:f} {fact.unit.code if fact.unit.code != '1' else ''}".strip()

    try:
        case = read_facts(**{fact.id: text})
    except CaseError as error:
        codes = {p.code for p in error.problems}
    else:
        codes = set()
    assert codes <= {"CC604", "CC609", "CC610"}
    if not codes and case.facts:
        observation = only(case)
        low, high = bounds(parse_quantity(text), fact.unit, fact.unit, fact.decimals)
        assert observation.low is not None
        assert observation.high is not None
        assert fact.limits[0] <= observation.low <= observation.high <= fact.limits[1]
        assert (observation.low, observation.high) == (max(low, fact.limits[0]), min(high, fact.limits[1]))
