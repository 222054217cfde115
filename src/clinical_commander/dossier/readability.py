"""Sentences in, how hard they are to read out: three counters for English, two for Spanish, each as it was published.

Every text counts as one sentence at least, so that lines of a list are not run together. Numbers and units are no
words. Words that a text explains may be left out; `check` names them.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Collection, Iterable, Mapping
from itertools import pairwise

from clinical_commander.frozen import frozen

LONGEST_SENTENCE = 20
"""Words; longer ones are split."""
_WORD = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*")
_END = re.compile(r"(?<=[.!?:;])\s+")
_STRONG = "aeoáéó"
_UNITS = frozenset({"mL", "C", "F"})


@frozen
class Counts:
    """What the formulas are computed from. `hard` are words of three syllables or more."""

    sentences: int
    words: int
    letters: int
    syllables: int
    hard: int


@frozen
class Index:
    """One published measure with its limit; `easier` says which way it counts."""

    name: str
    value: float
    limit: float
    easier: str  # low | high

    @property
    def easy(self) -> bool:
        return self.value <= self.limit if self.easier == "low" else self.value >= self.limit


def words_of(text: str) -> list[str]:
    """The words of a text, without numbers and units; a hyphen joins, a dash does not."""
    return [word for word in _WORD.findall(text) if word not in _UNITS]


def sentences_of(text: str) -> list[str]:
    """The sentences of a text; a colon or a semicolon ends one only before more than two words."""
    found: list[str] = []
    for part in _END.split(text.strip()):
        if found and found[-1].endswith((":", ";")) and min(len(words_of(found[-1])), len(words_of(part))) <= 2:
            found[-1] = f"{found[-1]} {part}"
        elif words_of(part):
            found.append(part)
    return found


def longest_sentence(text: str) -> int:
    """The words of the longest sentence, where only a full stop, a question or an exclamation mark ends one."""
    return max((len(words_of(part)) for part in re.split(r"(?<=[.!?])\s+", text)), default=0)


def count(texts: Iterable[str], syllables: Callable[[str], int], without: Collection[str] = ()) -> Counts:
    """What stands in texts, as the formulas count it.

    Args:
        texts: Sentences or lines of a list.
        syllables: How many a word has in this language.
        without: Words, in lower case, that are not counted.
    """
    sentences = [s for text in texts for s in sentences_of(text)]
    words = [w for s in sentences for w in words_of(s) if w.lower() not in without]
    each = [sum(syllables(part) for part in re.split(r"['’-]", word)) for word in words]
    letters = sum(sum(c.isalpha() for c in word) for word in words)
    return Counts(len(sentences), len(words), letters, sum(each), sum(n >= 3 for n in each))


# --- English


def english_syllables(word: str) -> int:
    """The syllables of an English word: its groups of vowels, less those that are silent.

    >>> [english_syllables(w) for w in ("bleed", "little", "ambulance", "coughed", "piece", "idea")]
    [1, 2, 3, 1, 1, 3]
    """
    word = word.lower()
    if len(word) <= 2:
        return 1
    stem = re.sub(r"(?<![aeiouytd])ed$|(?<=[aeiouy][^aeiouytd])ed$|(?<![aeioulscxzgh])es$", "", word)
    stem = re.sub(r"(?<=[^aeiouy])e$", "", stem) if not re.search(r"[^aeiouy]le$", stem) else stem
    groups = len(re.findall(r"[aeiouy]+", stem))
    # Vowels that stand together and are spoken apart.
    groups += len(
        re.findall(r"(?<![cstgx])i[aou](?!u)|(?<=[cst])iety|ea$|eo(?!u)|[aeo]ing|ua(?=[lt])|uou|[aiou]ity", stem)
    )
    return max(groups, 1)


def flesch_kincaid(c: Counts) -> float:
    """US school grade. Kincaid 1975: 0.39 words/sentence + 11.8 syllables/word - 15.59."""
    return 0.39 * c.words / c.sentences + 11.8 * c.syllables / c.words - 15.59


def coleman_liau(c: Counts) -> float:
    """US school grade from letters alone. Coleman and Liau 1975: 0.0588 L - 0.296 S - 15.8, both of 100 words."""
    return 0.0588 * 100 * c.letters / c.words - 0.296 * 100 * c.sentences / c.words - 15.8


def smog(c: Counts) -> float:
    """US school grade. McLaughlin 1969: 1.0430 sqrt(30 hard words / sentences) + 3.1291."""
    return 1.0430 * math.sqrt(30 * c.hard / c.sentences) + 3.1291


# --- Spanish


def spanish_syllables(word: str) -> int:
    """The syllables of a Spanish word: strong vowels stand apart, a weak one without accent joins its neighbour.

    >>> [spanish_syllables(w) for w in ("sangre", "tos", "ambulancia", "día", "pulmón", "guion", "quien", "aéreo")]
    [2, 1, 4, 2, 2, 1, 1, 4]
    """
    text = re.sub(r"qu(?=[eiéí])", "q", word.lower())
    text = re.sub(r"gu(?=[eiéí])", "g", text)
    text = re.sub(r"y(?![aeiouáéíóú])", "i", text)
    groups = re.findall(r"[aeiouáéíóúü]+", text)
    total = 0
    for group in groups:
        total += 1
        for a, b in pairwise(group):
            # Two strong vowels are two syllables, and so are a strong one and a weak one with its accent.
            total += (a in _STRONG and b in _STRONG + "íú") or (a in "íú" and b in _STRONG)
    return max(total, 1)


def fernandez_huerta(c: Counts) -> float:
    """Ease, 0 to 100. Law 2011, correcting Fernández Huerta 1959: 206.84 - 60 syllables/word - 1.02 words/sentence."""
    return 206.84 - 60 * c.syllables / c.words - 1.02 * c.words / c.sentences


def szigriszt_pazos(c: Counts) -> float:
    """Ease, 0 to 100. Szigriszt-Pazos 1993: 206.835 - 62.3 syllables/word - words/sentence."""
    return 206.835 - 62.3 * c.syllables / c.words - c.words / c.sentences


Measure = tuple[str, Callable[[Counts], float], float, str]
MEASURES: Mapping[str, tuple[Callable[[str], int], tuple[Measure, ...]]] = {
    # Grade 6 by two counters; SMOG asks for full understanding, and so lies about two grades higher.
    "en": (
        english_syllables,
        (
            ("Flesch-Kincaid", flesch_kincaid, 6.0, "low"),
            ("Coleman-Liau", coleman_liau, 6.0, "low"),
            ("SMOG", smog, 8.0, "low"),
        ),
    ),
    # 70 to 80 is the sixth grade on Fernández Huerta's scale; 65 to 80 is "fairly easy" on the INFLESZ scale (2008).
    "es": (
        spanish_syllables,
        (("Fernández Huerta", fernandez_huerta, 70.0, "high"), ("INFLESZ", szigriszt_pazos, 65.0, "high")),
    ),
}


def readability(texts: Iterable[str], language: str, without: Collection[str] = ()) -> list[Index]:
    """How hard texts are to read, by every counter of their language; none for a language without counters."""
    if language not in MEASURES:
        return []
    syllables, measures = MEASURES[language]
    counts = count(texts, syllables, {word.lower() for word in without})
    if not counts.words:
        return []
    return [Index(name, round(formula(counts), 1), limit, easier) for name, formula, limit, easier in measures]
