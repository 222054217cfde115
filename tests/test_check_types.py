"""What the checker refuses: types, units, names and words that do not fit, each with its place, cause and mend."""

from __future__ import annotations

import pytest

from clinical_commander.errors import ExpressionError
from clinical_commander.logic import ir
from clinical_commander.logic.check import Context, Entry, Scope, check, check_boolean, check_number
from clinical_commander.quantity import unit

CLINICAL, STEP, GATE, TOOL = Context.CLINICAL, Context.STEP, Context.GATE, Context.TOOL
LEVELS = ("mild", "submassive", "massive")


def number(code: str, low: float, high: float, place: str = "") -> Entry:
    return Entry("fact", "number", unit=unit(code), range=(low, high), place=place)


def threshold(value: float, code: str) -> Entry:
    return Entry("threshold", "number", unit=unit(code), value=value)


NAMES = {
    "spo2": number("%", 50, 100, place="facts.yaml:12"),
    "age": number("a", 0, 110),
    "volume": number("mL", 0, 1500),
    "temperature": number("[degF]", 90, 108),
    "d_dimer": number("ng/mL{FEU}", 0, 20_000),
    "sbp": number("mm[Hg]", 50, 260),
    "hr": number("/min", 25, 220),
    "episodes": Entry("fact", "number"),
    "fever": Entry("fact", "boolean"),
    "prior_tb": Entry("fact", "boolean"),
    "sex": Entry("fact", "code", codes=("female", "male", "other")),
    "device": Entry("fact", "code", codes=("room_air", "nasal_cannula")),
    "severe_hypoxia": threshold(90, "%"),
    "slipped_hypoxia": threshold(9, "%"),
    "massive_volume": threshold(100, "mL"),
    "big_volume": threshold(1, "L"),
    "shock_index": threshold(1, "/min/mm[Hg]"),
    "many": threshold(3, "1"),
    "massive": Entry("rule", "boolean"),
    "pe_route": Entry("trigger", "boolean"),
    "tier": Entry("answer", "code", codes=LEVELS, ordered=True),
    "bleeding_source": Entry("answer", "code", codes=("lower_airway", "upper_gi")),
    "d_dimer_result": Entry("tool", "code", codes=("negative", "positive")),
    "score": Entry("tool", "number", unit=unit("1"), range=(0, 10)),
}
SCOPE = Scope(NAMES, inputs=frozenset({"cxr"}), actions=frozenset({"imaging.ct"}))


@pytest.mark.parametrize(
    ("text", "context", "expr"),
    [
        ("spo2 < severe_hypoxia", CLINICAL, "Compare(<, spo2, severe_hypoxia)"),
        ("severe_hypoxia > spo2", CLINICAL, "Compare(>, severe_hypoxia, spo2)"),
        ("spo2 <> severe_hypoxia", CLINICAL, "Not(Compare(=, spo2, severe_hypoxia))"),
        ("volume BETWEEN massive_volume AND massive_volume", CLINICAL, "All(Compare(>=, ...), Compare(<=, ...))"),
        ("hr >= shock_index * sbp", CLINICAL, "Compare(>=, hr, shock_index * sbp)"),
        ("hr / sbp >= shock_index", CLINICAL, "Compare(>=, hr / sbp, shock_index)"),
        ("episodes >= many", CLINICAL, "Compare(>=, episodes, many)"),
        ("sex = 'female'", CLINICAL, "OneOf(sex, female)"),
        ("'female' = sex", CLINICAL, "OneOf(sex, female)"),
        ("sex <> 'female'", CLINICAL, "Not(OneOf(sex, female))"),
        ("NOT sex <> 'female'", CLINICAL, "OneOf(sex, female)"),
        ("sex NOT IN ('male', 'other')", CLINICAL, "Not(OneOf(sex, male other))"),
        ("tier >= 'submassive'", CLINICAL, "OneOf(tier, massive submassive)"),
        ("tier < 'submassive'", CLINICAL, "OneOf(tier, mild)"),
        ("'submassive' <= tier", CLINICAL, "OneOf(tier, massive submassive)"),
        ("'massive' > tier", CLINICAL, "OneOf(tier, mild submassive)"),
        ("tier < 'mild'", CLINICAL, "OneOf(tier, )"),
        ("massive AND pe_route IS TRUE", CLINICAL, "All(Named(rule massive), IsTrue(Named(trigger pe_route)))"),
        ("d_dimer_result = 'positive'", CLINICAL, "OneOf(d_dimer_result, positive)"),
        ("massive IS NOT FALSE", STEP, "IsNotFalse(Named(rule massive))"),
        ("setting = 'ed'", STEP, "OneOf(setting, ed)"),
        ("CAPABLE('ir')", STEP, "Flag(capable ir)"),
        ("tier IS NULL", GATE, "Not(IsKnown(tier))"),
        ("tier IS NOT NULL", GATE, "IsKnown(tier)"),
        ("ANSWERED('cxr')", GATE, "Flag(answered cxr)"),
    ],
)
def test_what_fits_is_typed(text: str, context: Context, expr: str) -> None:
    assert short(check_boolean(text, SCOPE, context)) == expr


def short(expr: ir.Expr) -> str:
    match expr:
        case ir.Compare(sign, left, right):
            return f"Compare({sign}, {short(left)}, {short(right)})"
        case ir.All((ir.Compare(">="), ir.Compare("<="))):
            return "All(Compare(>=, ...), Compare(<=, ...))"
        case ir.All(items):
            return f"All({', '.join(short(item) for item in items)})"
        case ir.OneOf(subject, values):
            return f"OneOf({short(subject)}, {' '.join(sorted(values))})"
        case ir.Named(kind, name) | ir.Flag(kind, name):
            return f"{type(expr).__name__}({kind} {name})"
        case ir.Not(item) | ir.IsTrue(item) | ir.IsNotFalse(item) | ir.IsKnown(item):
            return f"{type(expr).__name__}({short(item)})"
        case ir.Arithmetic(sign, left, right):
            return f"{short(left)} {sign} {short(right)}"
        case ir.Constant(value, _, name):
            return name or f"{value:g}"
        case ir.FactTrue(name) | ir.FactNumber(name) | ir.FactCode(name) | ir.AnswerCode(name) | ir.ToolCode(name):
            return name
        case ir.Circumstance(name):
            return name
    raise AssertionError(expr)


BARE = "Name it under `thresholds:` with its unit, source and reason."
UNITS = "Declare the threshold in the unit of the fact."
SLIP = "A unit or a decimal point may have slipped."
ALONE = "Write the condition alone, or NOT before it."
NUMBERS = "Numbers are facts, thresholds and what is computed from them."
STEPS = "Use it in a step or a gate."
KNOWN = "Not knowing is no finding. Write `x IS TRUE` where only a known value counts."
FORMULA = "Put the formula into a tool and use its name."


@pytest.mark.parametrize(
    ("text", "context", "code", "column", "cause", "mend"),
    [
        # CC201: no such name.
        (
            "sp02 < severe_hypoxia",
            CLINICAL,
            "CC201",
            1,
            "no input named `sp02`.",
            "Did you mean `spo2` (facts.yaml:12)?",
        ),
        (
            "SpO2 < severe_hypoxia",
            CLINICAL,
            "CC201",
            1,
            "no input named `SpO2`.",
            "Did you mean `spo2` (facts.yaml:12)?",
        ),
        ("fever OR fevr", CLINICAL, "CC201", 10, "no input named `fevr`.", "Did you mean `fever`?"),
        ("zzz", CLINICAL, "CC201", 1, "no input named `zzz`.", "Declare it, or name another."),
        ("aeg > 65", TOOL, "CC201", 1, "no fact named `aeg`.", "Did you mean `age`?"),
        ("CAPABEL('ir')", STEP, "CC201", 1, "no function named `CAPABEL`.", "Did you mean `CAPABLE`?"),
        (
            "DONE('imaging.cr')",
            STEP,
            "CC201",
            6,
            "`DONE` knows no 'imaging.cr'.",
            "Did you mean `imaging.ct`?",
        ),
        (
            "CLOSED('later')",
            GATE,
            "CC201",
            8,
            "`CLOSED` knows no 'later'.",
            "It knows: routine, stat, urgent.",
        ),
        # CC203: types.
        (
            "spo2 = 'low'",
            CLINICAL,
            "CC203",
            1,
            "`spo2 = 'low'` compares a number with a code.",
            "A number is compared with a threshold, a code with a quoted code.",
        ),
        (
            "sex = spo2",
            CLINICAL,
            "CC203",
            1,
            "`sex = spo2` compares a code with a number.",
            "A number is compared with a threshold, a code with a quoted code.",
        ),
        (
            "sex = device",
            CLINICAL,
            "CC203",
            1,
            "`sex = device` compares a code with a code.",
            "Compare with one quoted code.",
        ),
        ("fever = TRUE", CLINICAL, "CC203", 1, "A condition cannot be compared.", ALONE),
        ("fever = 'yes'", CLINICAL, "CC203", 1, "`fever = 'yes'` compares a condition with a code.", ALONE),
        (
            "fever AND spo2",
            CLINICAL,
            "CC203",
            11,
            "`spo2` is a number; a condition is needed here.",
            "Compare it with a threshold.",
        ),
        ("NOT sex", CLINICAL, "CC203", 5, "`sex` is a code; a condition is needed here.", "Compare it: `x = 'code'`."),
        ("tier", CLINICAL, "CC203", 1, "`tier` is a code; a condition is needed here.", "Compare it: `x = 'code'`."),
        ("spo2 + fever > spo2", CLINICAL, "CC203", 8, "`fever` is a condition; a number is needed here.", NUMBERS),
        ("-fever < spo2", CLINICAL, "CC203", 2, "`fever` is a condition; a number is needed here.", NUMBERS),
        ("sex + age > age", CLINICAL, "CC203", 1, "`sex` is a code; a number is needed here.", NUMBERS),
        ("source_x > 'a'", CLINICAL, "CC201", 1, "no input named `source_x`.", "Declare it, or name another."),
        (
            "bleeding_source > 'lower_airway'",
            CLINICAL,
            "CC203",
            1,
            "The codes of `bleeding_source` have no order.",
            "Use `=`, `<>` or IN.",
        ),
        (
            "spo2 IN ('a')",
            CLINICAL,
            "CC203",
            1,
            "IN asks for a code; `spo2` is a number.",
            "Use BETWEEN for numbers, and conditions as they are.",
        ),
        ("sex IN (female)", CLINICAL, "CC203", 9, "IN lists quoted codes only.", "Write `'code'`."),
        ("sex IN ('male', 'male')", CLINICAL, "CC203", 17, "'male' stands twice.", "Drop one."),
        (
            "spo2 IS TRUE",
            CLINICAL,
            "CC203",
            1,
            "`IS TRUE` asks for a condition; `spo2` is a number.",
            "Compare first: `(x = 'code') IS TRUE`.",
        ),
        ("EXP(age, age) > 1", TOOL, "CC203", 1, "`EXP` takes one number.", "Separate them with commas."),
        ("GREATEST(age) > 1", TOOL, "CC203", 1, "`GREATEST` takes two or more numbers.", "Separate them with commas."),
        ("CAPABLE(ir)", STEP, "CC203", 1, "`CAPABLE` takes one quoted name.", "Write `CAPABLE('name')`."),
        # CC204: units.
        ("spo2 < massive_volume", CLINICAL, "CC204", 1, "`spo2 < massive_volume` compares % with mL.", UNITS),
        ("volume >= big_volume", CLINICAL, "CC204", 1, "`volume >= big_volume` compares mL with L.", UNITS),
        ("volume + spo2 > massive_volume", CLINICAL, "CC204", 1, "`volume + spo2` compares mL with %.", UNITS),
        (
            "volume / spo2 > massive_volume",
            CLINICAL,
            "CC204",
            1,
            "`volume / spo2 > massive_volume` compares mL/% with mL.",
            UNITS,
        ),
        ("LEAST(age, volume) > age", TOOL, "CC204", 1, "`LEAST(age, volume)` compares a with mL.", UNITS),
        (
            "CASE WHEN fever THEN age ELSE volume END > age",
            CLINICAL,
            "CC204",
            1,
            "`CASE WHEN fever THEN age ELSE volume END` compares a with mL.",
            UNITS,
        ),
        (
            "CASE WHEN fever THEN age WHEN prior_tb THEN volume ELSE 0 END > 1",
            TOOL,
            "CC204",
            1,
            "`CASE WHEN fever THEN age WHEN prior_tb THEN volume ELSE 0 END` compares a with mL.",
            UNITS,
        ),
        (
            "temperature * volume > massive_volume",
            CLINICAL,
            "CC291",
            1,
            "a value in `[degF]` cannot be multiplied or divided: its zero is not nothing.",
            "Use the temperature in `Cel`.",
        ),
        # CC205: a number that nobody has named.
        ("spo2 < 90", CLINICAL, "CC205", 8, "`90` is a bare clinical number.", BARE),
        ("episodes > 3", GATE, "CC205", 12, "`3` is a bare clinical number.", BARE),
        ("volume > massive_volume * 2", STEP, "CC205", 27, "`2` is a bare clinical number.", BARE),
        # CC206: a value that no patient has.
        (
            "spo2 < slipped_hypoxia",
            CLINICAL,
            "CC206",
            1,
            "`slipped_hypoxia` (9) lies outside the plausible range of `spo2`, 50 to 100.",
            SLIP,
        ),
        (
            "slipped_hypoxia > spo2",
            CLINICAL,
            "CC206",
            1,
            "`slipped_hypoxia` (9) lies outside the plausible range of `spo2`, 50 to 100.",
            SLIP,
        ),
        (
            "spo2 BETWEEN slipped_hypoxia AND severe_hypoxia",
            CLINICAL,
            "CC206",
            1,
            "`slipped_hypoxia` (9) lies outside the plausible range of `spo2`, 50 to 100.",
            SLIP,
        ),
        (
            "d_dimer > 50000",
            TOOL,
            "CC206",
            1,
            "50000 lies outside the plausible range of `d_dimer`, 0 to 20000.",
            SLIP,
        ),
        ("score > 99", TOOL, "CC206", 1, "99 lies outside the plausible range of `score`, 0 to 10.", SLIP),
        # CC207: a code that the fact does not have.
        ("sex = 'femal'", CLINICAL, "CC207", 7, "`sex` has no code 'femal'.", "Did you mean `female`?"),
        ("sex = 'x'", CLINICAL, "CC207", 7, "`sex` has no code 'x'.", "Its codes: female, male, other."),
        ("sex = ''", CLINICAL, "CC207", 7, "`sex` has no code ''.", "Its codes: female, male, other."),
        ("sex IN ('male', 'femal')", CLINICAL, "CC207", 17, "`sex` has no code 'femal'.", "Did you mean `female`?"),
        ("tier >= 'huge'", CLINICAL, "CC207", 9, "`tier` has no code 'huge'.", "Its codes: mild, submassive, massive."),
        ("tier = 'Massive'", CLINICAL, "CC207", 8, "`tier` has no code 'Massive'.", "Did you mean `massive`?"),
        (
            "setting = 'ward'",
            STEP,
            "CC207",
            11,
            "`setting` has no code 'ward'.",
            "Its codes: home, ed, icu, inpatient, outpatient.",
        ),
        # CC208: a word in the wrong place.
        ("fever IS NULL", CLINICAL, "CC208", 1, "`IS NULL` cannot stand in a clinical rule.", KNOWN),
        ("tier IS NOT NULL", STEP, "CC208", 1, "`IS NOT NULL` cannot stand in a step or conflict rule.", KNOWN),
        (
            "fever IS NOT FALSE",
            CLINICAL,
            "CC208",
            1,
            "`IS NOT FALSE` cannot stand in a clinical rule.",
            "Write the condition itself: unknown stays possible.",
        ),
        (
            "setting = 'ed'",
            CLINICAL,
            "CC208",
            1,
            "`setting` cannot stand in a clinical rule.",
            "The same patient has the same findings anywhere; use it in steps.",
        ),
        ("CAPABLE('ir')", CLINICAL, "CC208", 1, "`CAPABLE` cannot stand in a clinical rule.", STEPS),
        ("DONE('imaging.ct')", TOOL, "CC208", 1, "`DONE` cannot stand in a tool.", STEPS),
        (
            "ANSWERED('cxr')",
            STEP,
            "CC208",
            1,
            "`ANSWERED` cannot stand in a step or conflict rule.",
            "Use it in a gate.",
        ),
        ("EXP(age) > age", CLINICAL, "CC208", 1, "`EXP` cannot stand in a clinical rule.", FORMULA),
        ("LEAST(spo2, spo2) < severe_hypoxia", GATE, "CC208", 1, "`LEAST` cannot stand in a gate.", FORMULA),
    ],
)
def test_what_does_not_fit_is_refused(
    text: str, context: Context, code: str, column: int, cause: str, mend: str
) -> None:
    with pytest.raises(ExpressionError) as caught:
        check_boolean(text, SCOPE, context)

    (problem,) = caught.value.problems
    assert problem.at is not None
    assert (problem.code, problem.at.column, problem.cause, problem.mend) == (code, column, cause, mend)


def test_all_faults_of_an_expression_are_reported_each_once_and_with_its_place() -> None:
    text = (
        "sp02 < 9 OR fevr OR volume > severe_hypoxia OR sex = 'femal' OR fever IS NULL "
        "OR zzz BETWEEN severe_hypoxia AND massive_volume"
    )

    with pytest.raises(ExpressionError) as caught:
        check_boolean(text, SCOPE)

    places = [(p.code, text[p.at.column - 1 :][: p.at.width]) for p in caught.value.problems if p.at]
    assert places == [
        ("CC201", "sp02"),
        ("CC205", "9"),
        ("CC201", "fevr"),
        ("CC204", "volume > severe_hypoxia"),
        ("CC207", "'femal'"),
        ("CC208", "fever IS NULL"),
        ("CC201", "zzz"),
    ]


def test_a_fault_is_not_blamed_again_on_what_stands_around_it() -> None:
    for text in ("(zzz + spo2) * age > severe_hypoxia", "NOT (zzz IS TRUE)", "zzz IN ('a')", "-zzz < spo2"):
        with pytest.raises(ExpressionError) as caught:
            check_boolean(text, SCOPE)

        assert [p.code for p in caught.value.problems] == ["CC201"]


# --- formulas of tools


@pytest.mark.parametrize(
    "text",
    [
        "d_dimer > 500",  # a literal takes the unit of what it stands beside
        "d_dimer > GREATEST(500, 10 * age)",  # Righini, JAMA 2014: ng/mL from years, an empirical formula
        "d_dimer > 10 * age",
        "d_dimer > age * 10 + 5",
        "d_dimer > GREATEST(500, age)",
        "EXP(age * 0.02 - 3) > volume",
        "LN(d_dimer) + POWER(age, 2) > 4",
        "hr > (volume + 1) * sbp",
        "CASE WHEN fever THEN 1 ELSE 0 END + CASE WHEN prior_tb THEN 2 ELSE 0 END >= 2",
    ],
)
def test_in_a_tool_a_bare_literal_makes_a_formula_empirical_and_free_of_units(text: str) -> None:
    assert check_boolean(text, SCOPE, TOOL)
    assert check_number(text.rpartition(">")[0].rstrip(" "), SCOPE, TOOL)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("age", "a"),
        ("age + age", "a"),
        ("volume / age", "mL/a"),
        ("GREATEST(age, age)", "a"),
        ("-age", "a"),
        ("CASE WHEN fever THEN age ELSE age END", "a"),
        ("CASE WHEN fever THEN age ELSE 0 END", "a"),
        ("score", "1"),
        ("age + 1", None),
        ("10 * age", None),
        ("10 * age / age", None),
        ("GREATEST(500, age)", None),
        ("EXP(age)", None),
        ("CASE WHEN fever THEN 1 ELSE 0 END", None),
        ("500", None),
    ],
)
def test_the_unit_of_a_formula(text: str, code: str | None) -> None:
    expr, found = check_number(text, SCOPE, TOOL)

    assert (found.code if found else None) == code
    assert check(text, SCOPE, TOOL).expr == expr


def test_without_a_literal_units_count_in_a_tool_as_anywhere() -> None:
    with pytest.raises(ExpressionError, match="CC204"):
        check_boolean("GREATEST(age, age) > d_dimer", SCOPE, TOOL)
