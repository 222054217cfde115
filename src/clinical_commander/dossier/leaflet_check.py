"""A dossier and its leaflet in, what is wrong with the leaflet out: warnings, red flags, words, translations."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cached_property

from clinical_commander.dossier.complete import Patient, Value, calm
from clinical_commander.dossier.leaflet import WARNINGS, WATERMARK, places_in
from clinical_commander.dossier.load import Reading
from clinical_commander.dossier.model import Ban, Dossier
from clinical_commander.dossier.model_leaflet import LeafletContent, Sentence, Trace, Translation, source_hash
from clinical_commander.dossier.readability import LONGEST_SENTENCE, longest_sentence, readability
from clinical_commander.errors import Mark, Problem
from clinical_commander.logic import ir

FILE = "leaflet.yaml"
ALARMS = ("urgent", "critical")
MOST_WARNINGS = 7
"""In the box on the first page; more are not read."""


def check_leaflet(reading: Reading, dossier: Dossier) -> Iterator[Problem]:
    """CC420 no leaflet; CC422 red flag without warning; CC423 warning of nothing; CC424 sign without effect; CC425 too
    hard; CC426 too long; CC427 not translated; CC428 stale translation; CC429 banned phrase; CC447 translation of
    nothing; CC448 more warnings than are read; CC449 time without sentence; CC467 term that no text has.
    """
    content = dossier.leaflet
    if content is None:
        cause = f"`{dossier.id}` has no leaflet for the patient."
        yield Problem("CC420", cause, "Add leaflet.yaml.", reading.place("dossier.yaml", "id"), "warning")
        return
    check = _Check(reading, dossier, content)
    yield from check.warnings()
    yield from check.red_flags()
    yield from check.times()
    yield from check.words()
    for translation in dossier.translations.values():
        yield from check.translation(translation)


class _Check:
    def __init__(self, reading: Reading, dossier: Dossier, content: LeafletContent) -> None:
        self.reading, self.dossier, self.content = reading, dossier, content

    @cached_property
    def texts(self) -> Mapping[str, str]:
        """Every text that the patient can read, by key."""
        return {WATERMARK: self.dossier.watermark, **self.content.texts()}

    def place(self, key: str) -> Mark:
        """Where the text with a key stands in leaflet.yaml."""
        section, _, item = key.removeprefix("leaflet.").partition(".")
        if section in ("labels", "contacts"):
            return self.reading.place(FILE, section, item)
        if not item and section in ("title", "subtitle"):
            return self.reading.place(FILE, section)
        inside = ("sentences", item) if item and item != "note" else ()
        return self.reading.place(FILE, "sections", section, *inside)

    # -- warnings and red flags

    def sentences(self) -> Iterator[tuple[str, str, Sentence]]:
        for section in self.content.sections:
            for sentence in section.sentences:
                yield section.kind, f"leaflet.{section.id}.{sentence.id}", sentence

    def is_red_flag(self, name: str) -> bool:
        """Whether a trigger can be urgent or critical, or a rule is among the leaflet's red flags."""
        trigger = self.dossier.triggers.get(name)
        if trigger is not None:
            return any(severity in ALARMS for severity in trigger.severity)
        return name in self.content.red_flags

    def warnings(self) -> Iterator[Problem]:
        first = [section.kind for section in self.content.sections][:1]
        if first != ["emergency"]:
            cause = "The leaflet does not begin with the signs that call for an ambulance."
            yield Problem(
                "CC448", cause, "Put the section with `kind: emergency` first.", self.reading.place(FILE, "sections")
            )
        for section in self.content.sections:
            if section.kind in WARNINGS and len(section.sentences) > MOST_WARNINGS:
                cause = f"section `{section.id}` has {len(section.sentences)} warnings; {MOST_WARNINGS} are read."
                yield Problem("CC448", cause, "Join some.", self.reading.place(FILE, "sections", section.id))
        for kind, key, sentence in self.sentences():
            if kind not in WARNINGS and not sentence.traces:
                continue
            if kind in WARNINGS and not sentence.traces:
                cause = f"the warning `{sentence.id}` traces to no red flag."
                yield Problem("CC423", cause, "Add `traces:` with the red flag and its sign.", self.place(key))
            if sentence.when is not None:
                cause = f"the warning `{sentence.id}` is shown to some only."
                yield Problem("CC423", cause, "Leave `when` out: a warning is for everyone.", self.place(key))
            for trace in sentence.traces:
                yield from self.trace(trace, key, sentence)

    def trace(self, trace: Trace, key: str, sentence: Sentence) -> Iterator[Problem]:
        if not self.is_red_flag(trace.red_flag):
            cause = f"the warning `{sentence.id}` traces to `{trace.red_flag}`, which is no red flag."
            mend = "Name a trigger that can be urgent or critical, or a rule under `red_flags`."
            yield Problem("CC423", cause, mend, self.place(key))
            return
        sign = ", ".join(f"{fact} {_shown(value)}" for fact, value in trace.sign.items())
        if self.raised(trace.red_flag, {}):
            cause = f"the red flag `{trace.red_flag}` holds for a calm patient: its sign shows nothing."
            yield Problem("CC424", cause, "Mend the rule.", self.place(key))
        elif not self.raised(trace.red_flag, trace.sign):
            cause = f"`{sentence.id}`: the sign ({sign}) does not raise `{trace.red_flag}` in a calm patient."
            yield Problem("CC424", cause, "Name what raises it, or another red flag.", self.place(key))

    def raised(self, red_flag: str, sign: Mapping[str, Value]) -> bool:
        """Whether a patient in whom all that must be known is calm has the red flag with the sign and nothing else."""
        patient = _Told(self.dossier, _Facts({**self.calm, **sign}))
        if red_flag in self.dossier.rules:
            return patient.surely(self.dossier.rules[red_flag].when.expr)
        trigger = self.dossier.triggers[red_flag]
        alarms = [c.expr for severity, c in trigger.severity.items() if severity in ALARMS]
        return patient.surely(trigger.when.expr) and any(patient.surely(expr) for expr in alarms)

    @cached_property
    def calm(self) -> Mapping[str, Value]:
        asked = [self.dossier.tier.must_know, *(t.must_know for t in self.dossier.triggers.values())]
        return {name: calm(self.dossier.facts[name]) for names in asked for name in names}

    def red_flags(self) -> Iterator[Problem]:
        warned = {trace.red_flag for _, _, sentence in self.sentences() for trace in sentence.traces}
        for name in (*self.dossier.triggers, *self.content.red_flags):
            if self.is_red_flag(name) and name not in warned:
                kind, file = ("trigger", "triggers") if name in self.dossier.triggers else ("rule", "rules")
                cause = f"no warning of the leaflet traces to the red flag `{name}`, a {kind}."
                mend = "Add a warning to leaflet.yaml, with the sign that a patient notices."
                yield Problem("CC422", cause, mend, self.reading.place(f"{file}.yaml", file, name))

    def times(self) -> Iterator[Problem]:
        """Each time to the next visit that can be the answer has its sentence."""
        said = {sentence.within for _, _, sentence in self.sentences() if sentence.within}
        for value in self.dossier.disposition.values:
            if value.id in self.content.dispositions:
                for option in value.within:
                    if option.value not in said:
                        cause = f"`{value.id}` can be within {option.value}, of which the leaflet has no sentence."
                        at = self.reading.place("dossier.yaml", "disposition", "values", value.id, "within")
                        yield Problem("CC449", cause, f"Add a sentence with `within: {option.value}`.", at)

    # -- words

    def words(self) -> Iterator[Problem]:
        texts = {key: plain(text) for key, text in self.texts.items()}
        yield from self.hard("en", texts, self.content.terms, self.reading.place(FILE, "sections"))
        for key, text in texts.items():
            yield from _too_long(key, text, self.place(key))
            for ban in (*self.dossier.bans, _ban("leaflet", self.content.bans)):
                yield from _banned(ban, text, self.place(key))
        everything = " ".join(texts.values()).lower()
        for term in self.content.terms:
            if not re.search(rf"\b{re.escape(term.lower())}\b", everything):
                cause = f"`{term}` is left out of the reading grade, and no text has it."
                yield Problem("CC467", cause, "Delete it from `terms`.", self.reading.place(FILE, "terms"))

    def hard(self, language: str, texts: Mapping[str, str], terms: tuple[str, ...], at: Mark) -> Iterator[Problem]:
        for index in readability(running(self.content, texts), language, terms):
            if not index.easy:
                wanted = f"{index.limit:g} or {'less' if index.easier == 'low' else 'more'}"
                cause = f"{index.name} is {index.value:g} ({language}); it must be {wanted}."
                yield Problem("CC425", cause, "Write shorter sentences and shorter words.", at)

    # -- translations

    def translation(self, translation: Translation) -> Iterator[Problem]:
        file = f"locale/{translation.language}.yaml"
        head = self.reading.place(file, "texts")
        for key, text in self.texts.items():
            found = translation.texts.get(key)
            if found is None:
                mend = f'Add it with `source: "{source_hash(text)}"`.'
                yield Problem("CC427", f"`{key}` is not translated into {translation.language}.", mend, head)
                continue
            at = self.reading.place(file, "texts", key)
            if found.source != source_hash(text):
                cause = f"`{key}` was translated from another sentence than `{text}`."
                yield Problem("CC428", cause, f'Translate it again, then write `source: "{source_hash(text)}"`.', at)
            if sorted(places_in(found.text)) != sorted(places_in(text)):
                cause = f"`{key}` has other places in braces than its source."
                yield Problem("CC447", cause, f"It needs: {', '.join(places_in(text)) or 'none'}.", at)
        for key in translation.texts:
            if key not in self.texts:
                at = self.reading.place(file, "texts", key)
                yield Problem("CC447", f"`{key}` translates nothing.", "Delete it.", at)
        texts = {key: plain(t.text) for key, t in translation.texts.items() if key in self.texts}
        yield from self.hard(translation.language, texts, (), head)
        for key, text in texts.items():
            at = self.reading.place(file, "texts", key)
            yield from _too_long(key, text, at)
            yield from _banned(_ban("leaflet", translation.bans), text, at)


class _Unknown(Exception):
    """A fact that nobody has told."""


class _Facts(dict[str, Value]):
    def __missing__(self, name: str) -> Value:
        raise _Unknown(name)


class _Told(Patient):
    """A patient of whom only some facts are told: what is not known to be true does not hold."""

    def surely(self, expr: ir.Expr) -> bool:
        try:
            return self.holds(expr)
        except _Unknown:
            return False

    def holds(self, expr: ir.Expr) -> bool:
        match expr:
            case ir.IsTrue(item):
                return self.surely(item)
            case ir.IsNotFalse(item):
                return not self.surely(ir.Not(item))
            case ir.All(items) | ir.Any(items):
                decides = isinstance(expr, ir.Any)
                unknown: _Unknown | None = None
                for item in items:
                    try:
                        if self.holds(item) is decides:
                            return decides
                    except _Unknown as error:
                        unknown = error
                if unknown is not None:
                    raise unknown
                return not decides
        return super().holds(expr)


def running(content: LeafletContent, texts: Mapping[str, str]) -> list[str]:
    """The texts that are sentences: without headings, labels and contacts."""
    found = [texts["leaflet.subtitle"]] if "leaflet.subtitle" in texts else []
    for section in content.sections:
        keys = [f"leaflet.{section.id}.note", *(f"leaflet.{section.id}.{s.id}" for s in section.sentences)]
        found += [texts[key] for key in keys if key in texts]
    return found


def plain(text: str) -> str:
    """A text without its places in braces, as it is counted."""
    return re.sub(r"\s*\(\{\w+\}\)|\{\w+\}", "", text)


def _too_long(key: str, text: str, at: Mark) -> Iterator[Problem]:
    words = longest_sentence(text)
    if words > LONGEST_SENTENCE:
        yield Problem("CC426", f"`{key}` has a sentence of {words} words.", f"Keep to {LONGEST_SENTENCE}.", at)


def _ban(id: str, phrases: tuple[str, ...]) -> Ban:
    return Ban(id, phrases)


def _banned(ban: Ban, text: str, at: Mark) -> Iterator[Problem]:
    """Every ban holds on a leaflet, whatever its condition: nobody is there to read the condition."""
    phrase = banned_phrase(ban, text)
    if phrase:
        yield Problem("CC429", f"`{phrase}` is banned ({ban.id}).", "Say it in other words.", at)


def banned_phrase(ban: Ban, text: str) -> str:
    """The phrase of a ban that stands in a text outside what the ban allows; '' if none."""
    for allowed in sorted(ban.allowed, key=len, reverse=True):
        text = re.sub(re.escape(allowed), "#", text, flags=re.IGNORECASE)
    for phrase in ban.phrases:
        if re.search(rf"(?<![\w-]){re.escape(phrase)}(?![\w-])", text, re.IGNORECASE):
            return phrase
    return ""


def _shown(value: Value) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value).lower()
