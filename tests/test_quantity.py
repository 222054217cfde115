"""Quantities: the closed table of units, exact conversion, one rounding, and sound bounds for what a person wrote."""

from __future__ import annotations

import doctest
import math
import operator
from collections.abc import Callable
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from clinical_commander import quantity
from clinical_commander.errors import CaseError, ClinicalCommanderError, ExpressionError, Mark, Problem
from clinical_commander.quantity import (
    UNITS,
    ParsedQuantity,
    Unit,
    bounds,
    convert,
    dimension_product,
    dimension_quotient,
    divide,
    format_quantity,
    multiply,
    parse_quantity,
    same_scale,
    to_double,
    unit,
)

HERE = Mark("cases/ed.yaml", 4, 7, "  spo2: 86 %")
# 1 mg/dL of creatinine is 88.42 umol/L (molar mass 113.12 g/mol). A factor of content, here as an example.
CREATININE = {"umol/L": 1 / Fraction("88.42")}

UNITS_OF_THE_VOCABULARY = (
    "a % L/min mm[Hg] mmol/L /min Cel mL mL/h h d wk {pack-years} g/dL 10*3/uL 1 ng/mL{FEU} mg/dL kg mm"
).split()
EXACT = st.fractions(min_value=-1000, max_value=100_000, max_denominator=10_000)
SAME_DIMENSION = [
    (a, b) for a in UNITS.values() for b in UNITS.values() if a.dimension == b.dimension and a.code != b.code
]


def written(text: str, fact_unit: str, decimals: int, also: dict[str, Fraction] | None = None) -> tuple[float, float]:
    parsed = parse_quantity(text, HERE)
    assert parsed.unit_text is not None
    return bounds(parsed, unit(parsed.unit_text), unit(fact_unit), decimals, also)


def problems_of(read: Callable[[str], object], text: str) -> tuple[Problem, ...]:
    try:
        read(text)
    except ClinicalCommanderError as error:
        return error.problems
    return ()


# ------------------------------------------------------------------------------------------------------------ units


@pytest.mark.parametrize("code", UNITS_OF_THE_VOCABULARY)
def test_every_unit_of_the_vocabulary_is_in_the_table_under_its_own_code(code):
    assert unit(code).code == code


@pytest.mark.parametrize(
    ("value", "code", "expected", "into"),
    [
        # NIST Handbook 44, appendix C: 1 US gallon = 231 cubic inches; 1 inch = 2.54 cm. UCUM: [cup_us] = 16 [tbs_us].
        ("1", "[cup_us]", 231 * Fraction("2.54") ** 3 / 16, "mL"),
        ("1", "[foz_us]", 231 * Fraction("2.54") ** 3 / 128, "mL"),
        ("1", "[tbs_us]", 231 * Fraction("2.54") ** 3 / 256, "mL"),
        ("1", "[tsp_us]", 231 * Fraction("2.54") ** 3 / 768, "mL"),
        ("1", "[cup_us]", Fraction("236.5882365"), "mL"),
        ("1", "[cup_us]", Fraction(48), "[tsp_us]"),
        # UCUM: [lb_av] = 7000 [gr], [gr] = 64.79891 mg
        ("1", "[lb_av]", 7000 * Fraction("64.79891"), "mg"),
        ("1", "[in_i]", Fraction("2.54"), "cm"),
        # UCUM: a = a_j = 365.25 d, mo = a_j/12, wk = 7 d
        ("1", "a", Fraction("365.25"), "d"),
        ("1", "a", Fraction(12), "mo"),
        ("1", "mo", Fraction("30.4375"), "d"),
        ("2", "wk", Fraction(14), "d"),
        ("1", "d", Fraction(24), "h"),
        ("1", "h", Fraction(3600), "s"),
        # UCUM: m[Hg] = 133.3220 kPa, m[H2O] = 980665e-5 kPa
        ("1000", "mm[Hg]", Fraction("133.322"), "kPa"),
        ("100", "cm[H2O]", Fraction("9.80665"), "kPa"),
        # The fixed points of the two scales, body heat, and where they meet
        ("32", "[degF]", Fraction(0), "Cel"),
        ("212", "[degF]", Fraction(100), "Cel"),
        ("98.6", "[degF]", Fraction(37), "Cel"),
        ("-40", "[degF]", Fraction(-40), "Cel"),
        ("100", "[degF]", Fraction(340, 9), "Cel"),
        # The metric prefixes: SI brochure, 9th edition, table 7
        ("13.5", "g/dL", Fraction(135), "g/L"),
        ("1", "L", Fraction(100), "cL"),
        ("1", "mL", Fraction(1), "cm3"),
        ("1", "uL", Fraction(1), "mm3"),
        ("1", "mmol/L", Fraction(1000), "umol/L"),
        ("60", "mL/h", Fraction(1, 1000), "L/min"),
        ("150", "10*3/uL", Fraction(150), "10*9/L"),
        ("150000", "/uL", Fraction(150), "10*9/L"),
        ("150000", "/mm3", Fraction(150), "10*3/uL"),
        ("4.5", "10*6/uL", Fraction("4.5"), "10*12/L"),
        ("0.5", "ug/mL{FEU}", Fraction(500), "ng/mL{FEU}"),
        ("0.5", "mg/L{FEU}", Fraction(500), "ug/L{FEU}"),
        ("60", "/h", Fraction(1), "/min"),
    ],
)
def test_a_conversion_is_exact(value, code, expected, into):
    assert convert(Decimal(value), unit(code), unit(into)) == expected


@pytest.mark.parametrize(
    ("spellings", "code"),
    [
        ("mL|ml|millilitres", "mL"),
        ("years|year|yr|y|a", "a"),
        ("months|month|mo", "mo"),
        ("weeks|week|wk", "wk"),
        ("days|day|d", "d"),
        ("hours|hour|h|hr|hrs", "h"),
        ("min|mins|minutes|minute", "min"),
        ("mmHg|mm[Hg]", "mm[Hg]"),
        ("/min|bpm|breaths/min|beats/min|{beats}/min|1/min|/ min", "/min"),
        ("cup|cups", "[cup_us]"),
        ("teaspoon|teaspoons|tsp", "[tsp_us]"),
        ("tablespoon|tablespoons|tbsp", "[tbs_us]"),
        ("C|\u00b0C|degC|Cel", "Cel"),
        ("F|\u00b0F|degF", "[degF]"),
        ("umol/L|\u00b5mol/L|\u03bcmol/L|umol / l", "umol/L"),
        ("g/dL|g/dl", "g/dL"),
        ("pack-years|pack years|pack-year|pack  years", "{pack-years}"),
        ("10*9/L|10^9/L|x10^9/L|x 10^9/L|\u00d710^9/L|10\u2079/L|x10*9/l", "10*9/L"),
        ("10*3/uL|10^3/uL|10\u00b3/\u00b5L|K/uL", "10*3/uL"),
        ("/uL|cells/uL", "/uL"),
        ("lb|lbs|pounds", "[lb_av]"),
        ("ng/mL FEU|ng/mL{FEU}|ng/mL (FEU)|ng{FEU}/mL", "ng/mL{FEU}"),
        ("\u00b5g/mL FEU|ug/mL FEU", "ug/mL{FEU}"),
        ("mg/L FEU", "mg/L{FEU}"),
        ("ng/mL DDU|ng/mL{DDU}", "ng/mL{DDU}"),
        ("units/kg|IU/kg|U/kg", "U/kg"),
        ("mL/hour|mL/hr|ml/h", "mL/h"),
        ("mL/min/1.73 m\u00b2|mL/min/1.73m2", "mL/min/{1.73_m2}"),
        ("/min/mmHg|/min/mm[Hg]", "/min/mm[Hg]"),
    ],
)
def test_everyday_spellings_name_the_unit(spellings, code):
    assert {unit(spelling).code for spelling in spellings.split("|")} == {code}


@pytest.mark.parametrize(
    ("text", "mend"),
    [
        # Not UCUM (UCUM 2.2), or on ISMP's list of error-prone abbreviations
        ("mm Hg", "Write `mmHg`."),
        ("cc", "Write `mL`."),
        ("mcg", "Write `ug`."),
        ("mcg/mL", "Write `ug/mL`."),
        ("cells/mcL", "`cells/uL`"),
        # Mega is not milli: case is never folded.
        ("Mg", "Write `mg`."),
        ("ML", "Write `mL`."),
        # Slips
        ("mmhg", "Did you mean `mmHg`?"),
        ("g/dLL", "Did you mean `g/dL`?"),
        ("yeers", "Did you mean `years`?"),
        # Not a unit at all
        ("", "Write a unit such as"),
        ("handful", "Write a unit such as"),
        ("mg//L", "Write it as in"),
        ("/", "Write it as in"),
        ("mg/", "Write it as in"),
        ("mL FEU", ""),
        ("[degF]/h", ""),
        ("bpm/mmHg", ""),
        ("L." * 5000 + "L", ""),
        # UCUM cancels these: a dose rate would have the dimension of a heart rate.
        ("ug/kg/min", "Use a unit in which nothing cancels out."),
        ("mg/g", "Use a unit in which nothing cancels out."),
    ],
)
def test_a_unit_outside_the_table_is_refused_with_what_to_write(text, mend):
    with pytest.raises(ExpressionError) as refused:
        unit(text, HERE)

    (problem,) = refused.value.problems
    assert problem.code == "CC202"
    assert problem.at == HERE
    assert mend in problem.mend


@given(st.text(alphabet="mgdLuk/.%[]{}10*^ x\u00b5\u00b2FEUcHh", max_size=14))
def test_any_text_is_a_unit_or_an_error_with_a_mend(text):
    assert all(problem.code == "CC202" and problem.mend for problem in problems_of(unit, text))


@pytest.mark.parametrize(
    ("code", "into"),
    [
        ("1", "%"),  # 0.97 is not 97 %
        ("%", "1"),
        ("/uL", "/min"),
        ("10*9/L", "mmol/L"),
        ("{pack-years}", "a"),
        ("{pack-years}", "1"),
        ("g/dL", "mmol/L"),
        ("U", "mg"),
        ("mL", "mg"),
        ("mL", "mL/h"),
        ("m", "min"),
        ("Cel", "1"),
        ("mL/min", "mL/min/{1.73_m2}"),
        ("ng/mL{DDU}", "ng/mL{FEU}"),
        ("ng/mL", "ng/mL{FEU}"),
        ("ng/mL{FEU}", "ng/mL"),
    ],
)
def test_units_that_measure_different_things_never_mix(code, into):
    with pytest.raises(ExpressionError) as refused:
        convert(Decimal(1), unit(code), unit(into), at=HERE)

    assert refused.value.problems[0].code == "CC290"
    assert refused.value.problems[0].at == HERE
    assert refused.value.problems[0].mend


def test_a_d_dimer_without_its_scale_asks_for_feu_or_ddu():
    with pytest.raises(CaseError) as refused:
        written("750 ng/mL", "ng/mL{FEU}", 0)

    (problem,) = refused.value.problems
    assert problem.code == "CC605"
    assert problem.at == HERE
    assert problem.mend == "Say FEU or DDU, as the laboratory does: `ng/mL FEU` or `ng/mL DDU`."


# ------------------------------------------------------------------------------------------------------- conversion


@given(EXACT, st.sampled_from(SAME_DIMENSION))
def test_there_and_back_is_the_same_value(value, pair):
    here, there = pair

    assert convert(convert(value, here, there), there, here) == value


@given(EXACT, st.sampled_from(["umol/L", "mmol/L", "nmol/L"]))
def test_a_molar_value_survives_there_and_back(value, code):
    milligrams = convert(value, unit(code), unit("mg/dL"), also=CREATININE)

    assert convert(milligrams, unit("mg/dL"), unit(code), also=CREATININE) == value


@pytest.mark.parametrize(("value", "code"), [("88.42", "umol/L"), ("0.08842", "mmol/L"), ("10", "mg/L")])
def test_a_factor_of_the_substance_converts_it_and_its_relatives(value, code):
    assert convert(Decimal(value), unit(code), unit("mg/dL"), also=CREATININE) == 1


@pytest.mark.parametrize(
    "also",
    [
        {"umol/L": Fraction(0)},
        {"umol/L": Fraction(-1)},
        {"umol/L": Fraction(1, 88), "mmol/L": Fraction(1000, 89)},
    ],
)
def test_a_factor_that_would_turn_or_contradict_is_a_fault_of_the_content(also):
    with pytest.raises(ExpressionError) as refused:
        written("150 umol/L", "mg/dL", 2, also)

    assert refused.value.problems[0].code == "CC292"


def test_a_factor_never_overrides_the_table():
    assert convert(Decimal(1), unit("g/L"), unit("mg/dL"), also={"g/L": Fraction(7)}) == 100


def test_a_double_enters_as_the_decimal_that_it_prints_as():
    assert convert(0.1, unit("L"), unit("mL")) == 100


@pytest.mark.parametrize("value", [math.nan, math.inf, Decimal("NaN"), Decimal("-Infinity")])
def test_nan_and_infinity_stay_outside(value):
    with pytest.raises(ValueError, match="Invalid literal"):
        convert(value, unit("mL"), unit("L"))


@pytest.mark.hazard("H04")
@given(st.integers(0, 10**7), st.integers(0, 2), st.data())
def test_the_same_volume_in_every_unit_gives_the_same_double(microlitres, decimals, data):
    in_mL = Fraction(microlitres, 1000)
    other = data.draw(st.sampled_from([u for u in UNITS.values() if u.dimension == unit("mL").dimension]))

    entered = convert(in_mL, unit("mL"), other)

    assert to_double(convert(entered, other, unit("mL")), decimals) == to_double(in_mL, decimals)


@pytest.mark.hazard("H04")
@given(st.integers(0, 10**7), st.sampled_from(["", "> ", ">= ", "< ", "<= "]), st.integers(0, 2))
def test_the_same_statement_in_every_metric_unit_gives_the_same_bounds(microlitres, limit, decimals):
    texts = [
        f"{limit}{Decimal(microlitres).scaleb(-power):f} {u}"
        for u, power in {"uL": 0, "mL": 3, "cL": 4, "L": 6}.items()
    ]

    assert len({written(text, "mL", decimals) for text in texts}) == 1


# --------------------------------------------------------------------------------------------------------- rounding


@pytest.mark.parametrize(
    ("value", "decimals", "rounded"),
    [
        ("0.5", 0, 1.0),
        ("1.5", 0, 2.0),
        ("2.5", 0, 3.0),  # half to even would give 2
        ("-2.5", 0, -3.0),
        ("1.005", 2, 1.01),  # the double 1.005 lies below the half; the decimal does not
        ("2.675", 2, 2.68),
        ("0.049", 1, 0.0),
        ("236.5882365", 0, 237.0),
        ("86", 0, 86.0),
        ("0.3", 1, 0.3),  # 3 * 0.1 would give 0.30000000000000004
        ("1.15", 1, 1.2),
    ],
)
def test_a_half_is_rounded_away_from_zero(value, decimals, rounded):
    assert to_double(Fraction(value), decimals) == rounded


def test_zero_has_no_sign():
    assert math.copysign(1, to_double(Fraction("-0.4"), 0)) == 1


@given(st.decimals(-100_000, 100_000, places=5), st.integers(0, 4))
def test_rounding_agrees_with_the_decimal_arithmetic_of_the_standard_library(value, decimals):
    expected = value.quantize(Decimal(1).scaleb(-decimals), rounding=ROUND_HALF_UP)

    assert to_double(Fraction(value), decimals) == float(expected)


# ---------------------------------------------------------------------------------------------------------- reading


@pytest.mark.parametrize(
    ("text", "low", "high", "open_ends", "unit_text"),
    [
        ("86 %", "86", "86", "", "%"),
        ("86%", "86", "86", "", "%"),
        ("  104   mmHg ", "104", "104", "", "mmHg"),
        ("104\u00a0mmHg", "104", "104", "", "mmHg"),
        ("-1.5 mmol/L", "-1.5", "-1.5", "", "mmol/L"),
        ("+2", "2", "2", "", None),
        ("2.5", "2.5", "2.5", "", None),
        ("> 200 mL", "200", None, "low", "mL"),
        (">200mL", "200", None, "low", "mL"),
        (">= 200 mL", "200", None, "", "mL"),
        ("\u2265 200 mL", "200", None, "", "mL"),
        ("< 5 mL", None, "5", "high", "mL"),
        ("<= 5", None, "5", "", None),
        ("\u22645", None, "5", "", None),
        ("30..60 mL", "30", "60", "", "mL"),
        ("30 .. 60 mL", "30", "60", "", "mL"),
        ("1 cup..2 cups", "1", "2", "", "cups"),
        ("-2..-1.5", "-2", "-1.5", "", None),
        ("5..5 mL", "5", "5", "", "mL"),
        ("1/2 cup", "1/2", "1/2", "", "cup"),
        ("\u00bd cup", "1/2", "1/2", "", "cup"),
        ("> \u00bd cup", "1/2", None, "low", "cup"),
        ("1/3..2/3 cup", "1/3", "2/3", "", "cup"),
        ("150 10*3/uL", "150", "150", "", "10*3/uL"),
        ("150 x10^9/L", "150", "150", "", "x10^9/L"),
        ("1.0 /min/mm[Hg]", "1", "1", "", "/min/mm[Hg]"),
        ("500 ng/mL FEU", "500", "500", "", "ng/mL FEU"),
    ],
)
def test_a_quantity_is_read_as_written(text, low, high, open_ends, unit_text):
    parsed = parse_quantity(text, HERE)

    assert parsed == ParsedQuantity(
        low=None if low is None else Fraction(low),
        high=None if high is None else Fraction(high),
        low_open=open_ends == "low",
        high_open=open_ends == "high",
        unit_text=unit_text,
        exact=low == high,
    )
    assert parsed.at == HERE


@pytest.mark.parametrize(
    ("text", "code", "mend"),
    [
        ("", "CC603", "Write a number with its unit"),
        ("   ", "CC603", "Write a number with its unit"),
        ("mL", "CC603", "Write a number with its unit"),
        ("NaN", "CC603", "Write a number with its unit"),
        ("nan mL", "CC603", "Write a number with its unit"),
        ("inf", "CC603", "Write a number with its unit"),
        ("-inf mL", "CC603", "Write a number with its unit"),
        ("unknown", "CC603", "or `unknown`"),
        ("about 5 cups", "CC603", "Write a number with its unit"),
        ("~5 cups", "CC603", "Write a number with its unit"),
        ("five cups", "CC603", "Write a number with its unit"),
        ("> > 5", "CC603", ""),
        ("=5", "CC603", ""),
        (">", "CC603", ""),
        ("..", "CC603", ""),
        ("5..", "CC603", ""),
        ("..5", "CC603", ""),
        ("> 30..60 mL", "CC603", ""),
        # Decimal commas and separated thousands
        ("1,5 mL", "CC603", "Write `1.5 mL`."),
        ("1,500 mL", "CC603", "Write `1500 mL` or `1.500 mL`."),
        ("1.500,5 mL", "CC603", "Write it as in `1234.5`."),
        ("1,234,567", "CC603", "Write it as in `1234.5`."),
        ("1.2.3 mL", "CC603", "Write it as in `1234.5`."),
        ("1 500 mL", "CC603", "Write `1500 mL`"),
        ("1\u202f500 mL", "CC603", "Write `1500 mL`"),
        ("1'500 mL", "CC603", "Write `1500 mL`"),
        ("1_500 mL", "CC603", "Write `1500 mL`"),
        ("2.5 1", "CC603", ""),
        ("1 1/min", "CC603", ""),
        # ISMP: no naked and no trailing decimal point
        (".5 mg", "CC603", "Write `0.5 mg`."),
        ("5. mg", "CC603", "Write `5 mg`."),
        ("1e3 mL", "CC603", "Write all the digits."),
        ("1.5E-3", "CC603", "Write all the digits."),
        ("1234567890123456 mL", "CC603", "Write at most 15."),
        ("\u0663 mL", "CC603", ""),
        ("5\u00b2", "CC603", ""),
        # A blood pressure, three days (3/7), two weeks (2/52), a mixed number: never a small fraction
        ("120/80 mmHg", "CC603", "Write one for each fact"),
        ("120 / 80 mmHg", "CC603", "Write one for each fact"),
        ("3/7", "CC603", "Write one for each fact"),
        ("2/52", "CC603", "Write one for each fact"),
        ("-1/2 cup", "CC603", "Write one for each fact"),
        ("1/0", "CC603", "Write one for each fact"),
        ("1/2/min", "CC603", "Write one for each fact"),
        ("1/20 mL", "CC603", "Write one for each fact"),
        ("1 1/2 cups", "CC603", "Use a point: `1.5`."),
        ("1\u00bd cups", "CC603", "Use a point: `1.5`."),
        # Ranges
        ("30-60 mL", "CC603", "Write `30..60 mL`."),
        ("30 \u2013 60 mL", "CC603", "Write `30..60 mL`."),
        ("30 to 60 mL", "CC603", "Write `30..60 mL`."),
        ("30...60 mL", "CC603", "Write `30..60 mL`."),
        ("30 mL..60", "CC603", "Write one unit, after the second number."),
        ("30 mL..1 cup", "CC603", "Write one unit, after the second number."),
        ("60..30 mL", "CC604", "Write the lower end first."),
        # Units
        ("104 mm Hg", "CC602", "Write `mmHg`."),
        ("5 cc", "CC602", "Write `mL`."),
        ("86 %%", "CC602", ""),
        ("0x10 mL", "CC602", ""),
        ("5 handfuls", "CC602", "Write a unit such as"),
        ("15010*3/uL", "CC602", ""),
    ],
)
def test_an_unreadable_quantity_says_where_why_and_what_to_write(text, code, mend):
    with pytest.raises(CaseError) as refused:
        parse_quantity(text, HERE)

    (problem,) = refused.value.problems
    assert problem.code == code
    assert problem.at == HERE
    assert problem.mend
    assert mend in problem.mend


NEARLY_A_QUANTITY = st.text(alphabet="0123456789.,/ <>=+-eEmLg%[]H\u00bd\u2265_'\u00b2", max_size=12)


@given(st.text(max_size=12) | NEARLY_A_QUANTITY)
@example("1" * 5000)
@example("5 " + "g/" * 5000)
def test_any_text_is_a_quantity_or_a_case_error(text):
    assert {problem.code for problem in problems_of(parse_quantity, text)} <= {"CC602", "CC603", "CC604"}


# ----------------------------------------------------------------------------------------------------------- bounds


@pytest.mark.parametrize(
    ("text", "fact_unit", "decimals", "low", "high"),
    [
        ("86 %", "%", 0, 86, 86),
        ("58 years", "a", 0, 58, 58),
        ("18 months", "a", 1, 1.5, 1.5),
        ("101 F", "Cel", 1, 38.3, 38.3),  # (101 - 32) * 5/9 = 38.33
        ("1 cup", "mL", 0, 237, 237),  # 236.588
        ("135 g/L", "g/dL", 1, 13.5, 13.5),
        ("30..60 mL", "mL", 0, 30, 60),
        ("1 cup..2 cups", "mL", 0, 237, 473),  # 473.176
        # The limit can be recorded: it is left out.
        ("> 200 mL", "mL", 0, math.nextafter(200, math.inf), math.inf),
        ("> 0.2 L", "mL", 0, math.nextafter(200, math.inf), math.inf),
        ("< 5 mL", "mL", 0, -math.inf, math.nextafter(5, -math.inf)),
        ("> 98.6 F", "Cel", 1, math.nextafter(37, math.inf), math.inf),
        (">= 200 mL", "mL", 0, 200, math.inf),
        ("<= 5 mL", "mL", 0, -math.inf, 5),
        # Rounding moves the limit: it is closed.
        ("> 1 cup", "mL", 0, 237, math.inf),
        ("< 1 cup", "mL", 0, -math.inf, 237),
        ("> 200.4 mL", "mL", 0, 200, math.inf),
        ("< 200.5 mL", "mL", 0, -math.inf, 201),
        (">= 1/3 cup", "mL", 0, 79, math.inf),  # 78.863
    ],
)
def test_the_bounds_of_a_statement_in_the_unit_of_the_fact(text, fact_unit, decimals, low, high):
    assert written(text, fact_unit, decimals) == (low, high)


def test_a_molar_limit_is_bounded_in_the_unit_of_the_fact():
    # 150 umol/L / 88.42 = 1.696 mg/dL, recorded as 1.70
    assert written("> 150 umol/L", "mg/dL", 2, CREATININE) == (1.7, math.inf)


VOLUMES = st.sampled_from(["mL", "cL", "L", "[cup_us]", "[tsp_us]", "[foz_us]"])
CENTS = st.integers(0, 100_000).map(lambda cents: Fraction(cents, 100))
ALLOWS = {">": operator.gt, ">=": operator.ge, "<": operator.lt, "<=": operator.le}


@given(limit=CENTS, other=CENTS, sign=st.sampled_from(sorted(ALLOWS)), code=VOLUMES, decimals=st.integers(0, 2))
@example(limit=Fraction(1), other=Fraction("1.001"), sign=">", code="[cup_us]", decimals=0)
@example(limit=Fraction(3, 2), other=Fraction("1.49"), sign="<", code="mL", decimals=0)
def test_bounds_hold_every_value_that_the_statement_allows(limit, other, sign, code, decimals):
    assume(ALLOWS[sign](other, limit))
    recorded = to_double(convert(other, unit(code), unit("mL")), decimals)
    limit_in_mL = convert(limit, unit(code), unit("mL"))
    can_be_recorded = (limit_in_mL * 10**decimals).denominator == 1
    # A strict limit that can be recorded speaks of recorded values: 200.3 mL, recorded as 200, is not above 200.
    assume(not (sign in "><" and can_be_recorded and recorded == to_double(limit_in_mL, decimals)))

    low, high = written(f"{sign} {float(limit)} {code}", "mL", decimals)

    assert low <= recorded <= high


@given(st.integers(0, 9999), st.integers(-3, 3), st.sampled_from(sorted(ALLOWS)), st.integers(0, 3))
def test_a_limit_that_can_be_recorded_divides_the_recorded_values_exactly(steps, further, sign, decimals):
    limit, other = Fraction(steps, 10**decimals), Fraction(steps + further, 10**decimals)

    low, high = written(f"{sign} {steps / 10**decimals:.3f} mL", "mL", decimals)

    assert (low <= to_double(other, decimals) <= high) == ALLOWS[sign](other, limit)


@given(low=CENTS, width=CENTS, share=st.fractions(0, 1), code=VOLUMES, decimals=st.integers(0, 2))
def test_a_range_holds_every_value_between_its_ends(low, width, share, code, decimals):
    recorded = to_double(convert(low + share * width, unit(code), unit("mL")), decimals)

    lowest, highest = written(f"{float(low)}..{float(low + width)} {code}", "mL", decimals)

    assert lowest <= recorded <= highest


def test_a_range_without_a_value_is_an_error():
    above_five_below_five = ParsedQuantity(Fraction(5), Fraction(5), True, True, "mL", False, HERE)

    with pytest.raises(CaseError) as refused:
        bounds(above_five_below_five, unit("mL"), unit("mL"), 0)

    assert refused.value.problems[0].code == "CC604"
    assert refused.value.problems[0].at == HERE


# ---------------------------------------------------------------------------------------------------------- showing


@pytest.mark.parametrize(
    ("value", "code", "decimals", "shown"),
    [
        (86.0, "%", 0, "86 %"),
        (120.0, "mL", 0, "120 mL"),
        (1.5, "mg/dL", 2, "1.5 mg/dL"),
        (104.0, "mm[Hg]", 0, "104 mmHg"),
        (118.0, "/min", 0, "118 /min"),
        (38.2, "Cel", 1, "38.2 \u00b0C"),
        (58.0, "a", 0, "58 years"),
        (1.0, "a", 0, "1 year"),
        (1.0, "s", 0, "1 s"),
        (20.0, "{pack-years}", 0, "20 pack-years"),
        (2.5, "1", 1, "2.5"),
        (500.0, "ng/mL{FEU}", 0, "500 ng/mL FEU"),
        (150.0, "10*3/uL", 0, "150 10\u00b3/\u00b5L"),
        (1.0, "/min/mm[Hg]", 1, "1 /min/mmHg"),
        (25.0, "U/kg", 0, "25 units/kg"),
        (5.0, "mL/d", 0, "5 mL/d"),
        # Joint Commission, "Do Not Use" list: no trailing zero, always a leading one
        (10.0, "g/dL", 1, "10 g/dL"),
        (0.5, "mg/dL", 2, "0.5 mg/dL"),
        (2.5, "mL", 0, "3 mL"),  # the one rounding rule, not Python's half to even
        (-0.0, "mmol/L", 1, "0 mmol/L"),
        (100000.0, "mL", 0, "100000 mL"),
    ],
)
def test_a_quantity_is_shown_as_it_is_said_on_the_ward(value, code, decimals, shown):
    assert format_quantity(value, code, decimals) == shown


@given(
    st.integers(-10_000, 100_000),
    st.sampled_from([code for code in UNITS if code != "1" and UNITS[code].dimension != (("count", 1),)]),
    st.integers(0, 3),
)
def test_what_is_shown_can_be_entered_again(steps, code, decimals):
    value = to_double(Fraction(steps, 10**decimals), decimals)

    assert written(format_quantity(value, code, decimals), code, decimals) == (value, value)


# ---------------------------------------------------------------------------------------------------------- algebra


def test_a_shock_index_has_the_scale_of_its_threshold():
    index = divide(unit("/min"), unit("mm[Hg]"))

    assert same_scale(index, unit("/min/mm[Hg]"))
    assert index.code == "/min/mm[Hg]"
    assert same_scale(multiply(index, unit("mm[Hg]")), unit("/min"))
    assert multiply(index, unit("mm[Hg]")).code == "/min"


@pytest.mark.parametrize(
    ("a", "b", "product"),
    [
        ("mL/h", "h", (("volume", 1),)),
        ("U/kg", "kg", (("biological_unit", 1),)),
        ("g/dL", "L", (("mass", 1),)),
        ("/uL", "L", (("count", 1),)),
        ("mL", "mL", (("volume", 2),)),
        ("%", "%", (("percent", 2),)),
        ("1", "mm[Hg]", (("pressure", 1),)),
    ],
)
def test_dimensions_multiply(a, b, product):
    assert dimension_product(unit(a), unit(b)) == product
    assert multiply(unit(a), unit(b)).dimension == product


def test_like_divided_by_like_has_no_dimension():
    assert dimension_quotient(unit("mg"), unit("kg")) == ()
    assert divide(unit("mg"), unit("kg")).factor == Fraction(1, 10**6)
    assert same_scale(divide(unit("mL"), unit("mL")), unit("1"))


def test_the_same_dimension_on_another_scale_is_another_scale():
    assert same_scale(unit("ug/L"), unit("ng/mL"))
    assert same_scale(unit("10*3/uL"), unit("10*9/L"))
    assert not same_scale(unit("mL"), unit("L"))
    assert not same_scale(unit("%"), unit("1"))
    assert not same_scale(unit("Cel"), Unit("shifted", unit("Cel").dimension, Fraction(1), Fraction(5)))


@pytest.mark.parametrize("combine", [multiply, divide])
@pytest.mark.parametrize("order", [1, -1])
def test_a_fahrenheit_value_cannot_be_multiplied(combine, order):
    with pytest.raises(ExpressionError) as refused:
        combine(*[unit("[degF]"), unit("min")][::order])

    assert refused.value.problems[0].code == "CC291"


WITHOUT_OFFSET = st.sampled_from([u for u in UNITS.values() if not u.offset])


@given(WITHOUT_OFFSET, WITHOUT_OFFSET)
def test_dividing_undoes_multiplying(a, b):
    assert same_scale(divide(multiply(a, b), b), a)
    assert same_scale(multiply(a, b), multiply(b, a))


@given(WITHOUT_OFFSET, WITHOUT_OFFSET, EXACT, EXACT)
def test_the_unit_of_a_product_is_the_unit_of_its_value(a, b, x, y):
    in_bases = (x * a.factor) * (y * b.factor)

    assert x * y * multiply(a, b).factor == in_bases


def test_the_examples_in_the_docstrings_run():
    assert doctest.testmod(quantity).failed == 0
    assert doctest.testmod(quantity).attempted >= 4
