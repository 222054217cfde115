"""Rules as English: recorded sentences, and proof that a sentence can be read in one way only."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clinical_commander.logic import ir
from clinical_commander.logic.check import Context, Entry, Scope, check_boolean, check_number
from clinical_commander.logic.evaluate import Reference
from clinical_commander.logic.prose import ENGLISH, CodeWords, FactWords, RuleWords, ThresholdWords, Vocabulary, prose
from clinical_commander.quantity import unit

DEVICES = {
    "room_air": "room air",
    "nasal_cannula": "nasal cannula",
    "high_flow": "high-flow cannula",
    "niv": "non-invasive ventilation",
}
WORDS = Vocabulary(
    facts={
        "spo2": FactWords("number", "the oxygen saturation", unit="%"),
        "baseline_spo2": FactWords("number", "the usual oxygen saturation", unit="%"),
        "estimated_volume_24h": FactWords("number", "the volume of blood in 24 hours", unit="mL"),
        "sbp": FactWords("number", "the systolic pressure", unit="mm[Hg]"),
        "hr": FactWords("number", "the heart rate", unit="/min"),
        "inr": FactWords("number", "the INR", decimals=1),
        "d_dimer": FactWords("number", "the D-dimer", unit="ng/mL{FEU}"),
        "age": FactWords("number", "the age", unit="a"),
        "fever": FactWords("boolean", "the patient has a fever", "the patient has no fever"),
        "prior_tb": FactWords("boolean", "the patient has had tuberculosis"),
        "cough": FactWords("boolean", "the patient coughs and brings up blood"),
        "oxygen_device": FactWords("code", "the oxygen device", codes=DEVICES),
    },
    thresholds={
        "severe_hypoxia": ThresholdWords("severe hypoxia", "90 %"),
        "hypoxia": ThresholdWords("the limit of hypoxia", "94 %"),
        "massive_volume": ThresholdWords("the massive volume", "100 mL"),
        "baseline_allowance": ThresholdWords("the allowed fall", "3 %"),
        "shock_index_limit": ThresholdWords("the shock index limit", "1.0 /min per mmHg"),
    },
    rules={"massive": RuleWords("the bleeding is massive", "the bleeding is not massive")},
    triggers={"tb": "Tuberculosis, isolate"},
    answers={"tier": CodeWords("the tier", {"mild": "mild", "submassive": "submassive", "massive": "massive"})},
    tools={"d_dimer_result": CodeWords("the age-adjusted D-dimer", {"positive": "positive", "negative": "negative"})},
    circumstances={"setting": CodeWords("the place of care", {"ed": "the emergency department"})},
    keys={("done", "imaging.ct"): "CT of the chest", ("capable", "ir"): "interventional radiology"},
)


def _scope() -> Scope:
    names = {}
    for name, words in WORDS.facts.items():
        codes = tuple(words.codes)
        names[name] = Entry("fact", words.kind, unit=unit(words.unit) if words.kind == "number" else None, codes=codes)
    values = {"severe_hypoxia": (90, "%"), "hypoxia": (94, "%"), "baseline_allowance": (3, "%")}
    values |= {"massive_volume": (100, "mL"), "shock_index_limit": (1, "/min/mm[Hg]"), "shock_sbp": (90, "mm[Hg]")}
    for name, (value, code) in values.items():
        names[name] = Entry("threshold", "number", unit=unit(code), value=float(value))
    names["massive"] = Entry("rule", "boolean")
    names["tb"] = Entry("trigger", "boolean")
    names["tier"] = Entry("answer", "code", codes=("mild", "submassive", "massive"), ordered=True)
    names["d_dimer_result"] = Entry("tool", "code", codes=("negative", "positive"))
    names["score"] = Entry("tool", "number", unit=unit("1"))
    names["never_described"] = Entry("fact", "boolean")
    return Scope(names, inputs=frozenset({"cxr"}), actions=frozenset({"imaging.ct"}))


SCOPE = _scope()


@pytest.mark.parametrize(
    ("text", "english"),
    [
        (
            "spo2 < severe_hypoxia OR estimated_volume_24h >= massive_volume",
            "the oxygen saturation is below severe hypoxia (90 %), "
            "or the volume of blood in 24 hours is at least the massive volume (100 mL)",
        ),
        ("spo2 <= hypoxia", "the oxygen saturation is at most the limit of hypoxia (94 %)"),
        ("NOT spo2 <= hypoxia", "the oxygen saturation is above the limit of hypoxia (94 %)"),
        ("spo2 = hypoxia", "the oxygen saturation equals the limit of hypoxia (94 %)"),
        ("spo2 <> hypoxia", "the oxygen saturation does not equal the limit of hypoxia (94 %)"),
        (
            "spo2 BETWEEN severe_hypoxia AND hypoxia",
            "the oxygen saturation is between severe hypoxia (90 %) and the limit of hypoxia (94 %) inclusive",
        ),
        (
            "spo2 NOT BETWEEN severe_hypoxia AND hypoxia",
            "the oxygen saturation is not between severe hypoxia (90 %) and the limit of hypoxia (94 %) inclusive",
        ),
        ("fever", "the patient has a fever"),
        ("NOT fever", "the patient has no fever"),
        ("NOT prior_tb", "it is not so that the patient has had tuberculosis"),
        ("prior_tb IS TRUE", "it is known that the patient has had tuberculosis"),
        ("NOT (prior_tb IS TRUE)", "it is not known that the patient has had tuberculosis"),
        ("(NOT fever) IS TRUE", "it is known that the patient has no fever"),
        ("massive IS NOT FALSE", "it is possible that the bleeding is massive"),
        ("NOT (massive IS NOT FALSE)", "it is ruled out that the bleeding is massive"),
        ("massive IS NULL", "it is not known whether the bleeding is massive"),
        ("massive IS NOT NULL", "it is known whether the bleeding is massive"),
        ("tier IS NULL", "the tier is not known"),
        ("spo2 IS NOT NULL", "the oxygen saturation is known"),
        ("NOT massive", "the bleeding is not massive"),
        ("tb", "“Tuberculosis, isolate” fires"),
        ("NOT tb", "“Tuberculosis, isolate” does not fire"),
        ("oxygen_device = 'room_air'", "the oxygen device is room air"),
        ("oxygen_device <> 'room_air'", "the oxygen device is not room air"),
        ("oxygen_device IN ('niv', 'high_flow')", "the oxygen device is high-flow cannula or non-invasive ventilation"),
        (
            "oxygen_device IN ('niv', 'high_flow', 'nasal_cannula')",
            "the oxygen device is nasal cannula, high-flow cannula or non-invasive ventilation",
        ),
        (
            "oxygen_device NOT IN ('niv', 'high_flow')",
            "the oxygen device is neither high-flow cannula nor non-invasive ventilation",
        ),
        (
            "oxygen_device NOT IN ('niv', 'high_flow', 'room_air')",
            "the oxygen device is none of room air, high-flow cannula or non-invasive ventilation",
        ),
        ("tier >= 'submassive'", "the tier is submassive or massive"),
        ("d_dimer_result = 'positive'", "the age-adjusted D-dimer is positive"),
        ("setting = 'ed'", "the place of care is the emergency department"),
        ("region = 'tb_endemic'", "the region is tb endemic"),
        ("DONE('imaging.ct')", "“CT of the chest” is done"),
        ("NOT CAPABLE('ir')", "interventional radiology is not available here"),
        ("CLOSED('urgent')", "no immediate or urgent action is open"),
        ("TRUE", "always"),
        ("NOT TRUE", "never"),
        # Groups.
        (
            "fever AND massive AND prior_tb",
            "the patient has a fever, the bleeding is massive, and the patient has had tuberculosis",
        ),
        (
            "fever OR (massive AND prior_tb)",
            "the patient has a fever, or both the bleeding is massive and the patient has had tuberculosis",
        ),
        (
            "fever AND (massive OR prior_tb)",
            "the patient has a fever, and either the bleeding is massive or the patient has had tuberculosis",
        ),
        ("NOT (fever OR massive)", "the patient has no fever, and the bleeding is not massive"),
        ("NOT (fever AND massive)", "the patient has no fever, or the bleeding is not massive"),
        (
            "(fever OR massive) OR prior_tb",
            "the patient has a fever, the bleeding is massive, or the patient has had tuberculosis",
        ),
        (
            "fever AND (massive OR prior_tb OR spo2 < hypoxia)",
            "the patient has a fever; and any of (the bleeding is massive; the patient has had tuberculosis; "
            "the oxygen saturation is below the limit of hypoxia (94 %))",
        ),
        (
            "fever OR (massive AND NOT (prior_tb IS TRUE))",
            "the patient has a fever, or both the bleeding is massive and "
            "it is not known that the patient has had tuberculosis",
        ),
        (
            "massive OR (prior_tb IS TRUE AND fever)",
            "the bleeding is massive; or all of (it is known that the patient has had tuberculosis; "
            "the patient has a fever)",
        ),
        (
            "(massive OR fever) IS TRUE AND prior_tb",
            "it is known that either the bleeding is massive or the patient has a fever, "
            "and the patient has had tuberculosis",
        ),
        # An author's own "and" would be misread inside "both ... and ...".
        (
            "fever OR (cough AND massive)",
            "the patient has a fever; or all of (the patient coughs and brings up blood; the bleeding is massive)",
        ),
        # Numbers.
        (
            "(spo2 >= baseline_spo2 - baseline_allowance) IS TRUE",
            "it is known that the oxygen saturation is at least "
            "the usual oxygen saturation minus the allowed fall (3 %)",
        ),
        (
            "hr >= shock_index_limit * sbp",
            "the heart rate is at least the shock index limit (1.0 /min per mmHg) times the systolic pressure",
        ),
        (
            "spo2 - (baseline_spo2 - baseline_allowance) < baseline_allowance",
            "the oxygen saturation minus (the usual oxygen saturation minus the allowed fall (3 %)) "
            "is below the allowed fall (3 %)",
        ),
        (
            "CASE WHEN fever THEN severe_hypoxia ELSE hypoxia END > spo2",
            "the first that applies of (severe hypoxia (90 %) if the patient has a fever; "
            "otherwise the limit of hypoxia (94 %)) is above the oxygen saturation",
        ),
        # What nobody has described is said by its name.
        ("sbp < shock_sbp", "the systolic pressure is below shock sbp (90 mmHg)"),
        ("never_described", "never described"),
        ("NOT never_described", "it is not so that never described"),
        ("ANSWERED('cxr')", "“cxr” is answered"),
    ],
)
def test_a_rule_reads_as_a_sentence(text: str, english: str) -> None:
    assert prose(check_boolean(text, SCOPE, Context.GATE), WORDS) == english


@pytest.mark.parametrize(
    ("text", "english"),
    [
        ("d_dimer > 500", "the D-dimer is above 500 ng/mL FEU"),
        ("inr >= 2", "the INR is at least 2.0"),
        ("inr >= 1.75", "the INR is at least 1.75"),  # not rounded away
        (
            "d_dimer > GREATEST(500, 10 * age)",
            "the D-dimer is above the largest of (500; 10 times the age)",
        ),
        ("score > 2", "the score is above 2"),
        (
            "EXP(age + 1) < LN(age) * POWER(age, 2)",
            "e to the power of (the age plus 1) is below the natural logarithm of (the age) times "
            "(the age) to the power of (2)",
        ),
        ("(age + 1) * 2 > 4", "(the age plus 1) times 2 is above 4"),
        ("-(age + 1) < 4", "minus (the age plus 1) is below 4"),
    ],
)
def test_a_formula_of_a_tool_reads_as_a_sentence(text: str, english: str) -> None:
    assert prose(check_boolean(text, SCOPE, Context.TOOL), WORDS) == english


def test_a_number_and_a_code_read_as_nouns() -> None:
    assert prose(check_number("age + 1", SCOPE)[0], WORDS) == "the age plus 1"
    assert prose(ir.AnswerCode("tier"), WORDS) == "the tier"


def test_a_translation_replaces_words_and_may_change_their_order() -> None:
    spanish = Vocabulary(
        facts={"spo2": FactWords("number", "la saturación")},
        thresholds={"severe_hypoxia": ThresholdWords("la hipoxia grave", "90 %")},
        words={"<": "{1} supera {0}", "or": "o"},
    )

    text = prose(check_boolean("spo2 < severe_hypoxia OR fever", SCOPE), spanish)

    assert text == "la hipoxia grave (90 %) supera la saturación, o fever"


def test_every_word_of_english_takes_the_parts_it_is_given() -> None:
    for word, template in ENGLISH.items():
        assert template.format("A", "B", "C"), word


@pytest.mark.parametrize(
    ("value", "code", "decimals", "shown"),
    [
        (90.0, "mm[Hg]", None, "90 mmHg"),
        (1.5, "1", None, "1.5"),
        (38.0, "Cel", 1, "38.0 °C"),
        (50.0, "10*3/uL", 0, "50 ×10³/µL"),
        (18.0, "a", 0, "18 years"),
        (2.0, "g/dL", None, "2 g/dL"),
        (0.1 + 0.2, "1", None, "0.3"),
    ],
)
def test_quantities_are_shown_with_everyday_units(value: float, code: str, decimals: int | None, shown: str) -> None:
    assert Vocabulary().quantity(value, code, decimals) == shown


# --- one reading only: an English reader that knows nothing of the writer but its grammar

LETTERS = ("A", "B", "C")
READING = Vocabulary(facts={name: FactWords("boolean", f"{name} holds", f"{name} fails") for name in LETTERS})
ABOUT = {
    "it is known that ": ir.IsTrue,
    "it is not known that ": lambda e: ir.Not(ir.IsTrue(e)),
    "it is possible that ": ir.IsNotFalse,
    "it is ruled out that ": lambda e: ir.Not(ir.IsNotFalse(e)),
    "it is known whether ": ir.IsKnown,
    "it is not known whether ": lambda e: ir.Not(ir.IsKnown(e)),
}


class Reader:
    def __init__(self, text: str) -> None:
        self.rest = text

    def took(self, word: str) -> bool:
        if self.rest.startswith(word):
            self.rest = self.rest[len(word) :]
            return True
        return False

    def whole(self) -> ir.Expr:
        parts, join = [self.clause()], None
        while self.took(", ") or self.took("; "):
            join = "and" if self.took("and ") else "or" if self.took("or ") else join
            parts.append(self.clause())
        assert not self.rest
        if len(parts) == 1:
            return parts[0]
        assert join
        return (ir.All if join == "and" else ir.Any)(tuple(parts))

    def clause(self) -> ir.Expr:
        for start, made in ABOUT.items():
            if self.took(start):
                return made(self.clause())
        for start, join, kind in (("both ", " and ", ir.All), ("either ", " or ", ir.Any)):
            if self.took(start):
                first = self.clause()
                assert self.took(join)
                return kind((first, self.clause()))
        for start, kind in (("all of (", ir.All), ("any of (", ir.Any)):
            if self.took(start):
                parts = [self.clause()]
                while self.took("; "):
                    parts.append(self.clause())
                assert self.took(")")
                return kind(tuple(parts))
        for name in LETTERS:
            if self.took(f"{name} holds"):
                return ir.FactTrue(name)
            if self.took(f"{name} fails"):
                return ir.Not(ir.FactTrue(name))
        if self.took("always"):
            return ir.Truth(True)
        assert self.took("never"), self.rest
        return ir.Truth(False)


def groups(inner: st.SearchStrategy[ir.Expr]) -> st.SearchStrategy[ir.Expr]:
    parts = st.lists(inner, min_size=2, max_size=3).map(tuple)
    return st.one_of(
        parts.map(ir.All),
        parts.map(ir.Any),
        inner.map(ir.Not),
        inner.map(ir.IsTrue),
        inner.map(ir.IsNotFalse),
        inner.map(ir.IsKnown),
    )


BOOLEAN = st.recursive(st.sampled_from([*map(ir.FactTrue, LETTERS), ir.Truth(True)]), groups, max_leaves=9)
STATES = [dict(zip(LETTERS, chosen, strict=True)) for chosen in product([(True,), (False,), (False, True)], repeat=3)]


@given(BOOLEAN)
def test_a_sentence_read_back_means_what_the_rule_means(expr: ir.Expr) -> None:
    text = prose(expr, READING)
    read = Reader(text).whole()

    for information in STATES:
        assert Reference(information).bounds(read) == Reference(information).bounds(expr), text


def test_the_reader_itself_tells_groupings_apart() -> None:
    a, b, c = (ir.FactTrue(name) for name in LETTERS)
    texts = {
        prose(expr, READING)
        for expr in (
            ir.All((a, ir.Any((b, c)))),
            ir.Any((ir.All((a, b)), c)),
            ir.IsTrue(ir.Any((a, b))),
            ir.Any((ir.IsTrue(a), b)),
            ir.All((ir.IsTrue(ir.Any((a, b))), c)),
            ir.IsTrue(ir.All((ir.Any((a, b)), c))),
        )
    }

    assert len(texts) == 6
