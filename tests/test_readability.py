"""The counters of reading ease: formulas against published examples, syllables against dictionaries."""

from __future__ import annotations

import doctest

import pytest

from clinical_commander.dossier import readability
from clinical_commander.dossier.readability import (
    Counts,
    coleman_liau,
    count,
    english_syllables,
    fernandez_huerta,
    flesch_kincaid,
    longest_sentence,
    sentences_of,
    smog,
    spanish_syllables,
    szigriszt_pazos,
    words_of,
)


def test_the_examples_in_the_module_are_right() -> None:
    assert doctest.testmod(readability).failed == 0


def test_flesch_kincaid_gives_the_published_grade() -> None:
    # Wikipedia, "Flesch-Kincaid readability tests": the sentence on the platypus, 13 words, 24 syllables, grade 11.3.
    assert round(flesch_kincaid(Counts(1, 13, 0, 24, 0)), 1) == 11.3


def test_coleman_liau_gives_the_published_grade() -> None:
    # Wikipedia, "Coleman-Liau index": an abstract of 119 words, 5 sentences, 639 letters has the index 14.5.
    assert round(coleman_liau(Counts(5, 119, 639, 0, 0)), 1) == 14.5


@pytest.mark.parametrize(("hard", "grade"), [(9, 6), (16, 7), (25, 8), (36, 9), (49, 10), (64, 11)])
def test_smog_agrees_with_its_own_short_form(hard: int, grade: int) -> None:
    # McLaughlin 1969: in 30 sentences, the root of the nearest perfect square of hard words, plus 3.
    assert smog(Counts(30, 300, 0, 0, hard)) == pytest.approx(grade, abs=0.5)


def test_the_spanish_formulas_are_those_that_were_published() -> None:
    # 100 words, 200 syllables, 10 sentences. Law 2011: 206.84 - 60*2 - 1.02*10. Szigriszt 1993: 206.835 - 62.3*2 - 10.
    counts = Counts(10, 100, 0, 200, 0)

    assert fernandez_huerta(counts) == pytest.approx(76.64)
    assert szigriszt_pazos(counts) == pytest.approx(72.235)


# Merriam-Webster's divisions.
ENGLISH = {
    "blood": 1, "breathe": 1, "coughed": 1, "sometimes": 2, "lungs": 1, "streaks": 1, "taken": 2, "needed": 2,
    "doctor": 2, "fever": 2, "urine": 2, "stomach": 2, "tissue": 2, "clotting": 2, "confused": 2, "vessel": 2,
    "fungus": 2, "swallow": 2, "smoking": 2, "treated": 2, "teaspoon": 2, "emergency": 4, "ambulance": 3, "artery": 3,
    "medicine": 3, "bronchiectasis": 6, "bronchoscopy": 4, "tuberculosis": 5, "antibiotics": 5, "infection": 3,
    "surgery": 3, "hospital": 3, "camera": 3, "injury": 3, "aspirin": 3, "temperature": 4, "evaluation": 5, "area": 3,
    "tables": 2, "washes": 2, "little": 2, "people": 2, "piece": 1, "because": 2, "being": 2, "radio": 3,
}  # fmt: skip


def test_english_syllables_are_those_of_the_dictionary() -> None:
    wrong = {word: (english_syllables(word), true) for word, true in ENGLISH.items() if english_syllables(word) != true}

    # A count by rule errs; it may not err often, and hardly ever makes a word easier than it is.
    assert len(wrong) <= len(ENGLISH) // 8, wrong
    assert sum(found < true for found, true in wrong.values()) <= 1, wrong


# Real Academia Española, Ortografía 2010: diphthong, hiatus, triphthong.
SPANISH = {
    "sangre": 2, "pulmón": 2, "ambulancia": 4, "día": 2, "ciudad": 2, "aéreo": 4, "poeta": 3, "cuidado": 3, "baúl": 2,
    "guitarra": 3, "quien": 1, "pingüino": 3, "averiguáis": 4, "tos": 1, "maíz": 2, "reúne": 3, "neumonía": 4,
    "médico": 3, "hay": 1, "yo": 1, "muy": 1, "lingüística": 4, "oxígeno": 4, "héroe": 3, "leer": 2,
}  # fmt: skip


def test_spanish_syllables_are_those_of_the_academy() -> None:
    assert {word: spanish_syllables(word) for word in SPANISH} == SPANISH


def test_each_line_of_a_list_is_a_sentence_and_units_are_no_words() -> None:
    counts = count(["A cup (5 mL) of blood", "It hurts. Call us."], english_syllables)

    assert (counts.sentences, counts.words) == (3, 8)
    assert words_of("38 °C (100.4 °F) or more") == ["or", "more"]


def test_a_colon_after_one_word_does_not_make_a_sentence() -> None:
    assert len(sentences_of("Chest X-ray: a picture of your lungs.")) == 1
    assert len(sentences_of("Write down each time: when, how much, and what color.")) == 2
    assert longest_sentence("Write down each time: when, how much, and what color.") == 10


def test_longer_sentences_and_longer_words_are_harder_by_every_measure() -> None:
    easy = ["You cough up blood.", "Call us now."]
    hard = ["Expectoration of considerable quantities necessitates immediate hospitalization and evaluation."]

    for language in ("en", "es"):
        for a, b in zip(readability.readability(easy, language), readability.readability(hard, language), strict=True):
            assert a.easy
            assert not b.easy, b
