"""leaflet.yaml and locale/*.yaml in, the leaflet and its translations out; every key, name and condition looked up."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping

from clinical_commander.dossier.catalogue import allowed_values
from clinical_commander.dossier.citations import REVIEWS
from clinical_commander.dossier.model import OrderedAnswer, Threshold
from clinical_commander.dossier.model_leaflet import (
    LeafletContent,
    Section,
    Sentence,
    Trace,
    Translated,
    Translation,
    Withholding,
)
from clinical_commander.dossier.model_parts import Source
from clinical_commander.dossier.reader import Reader
from clinical_commander.dossier.resolve import Resolver
from clinical_commander.logic.check import Context

SECTION_KINDS = ("emergency", "call", "text", "list", "tick", "contacts", "questions")
WARNINGS = ("emergency", "call")
LABELS = (
    "emergency_number", "call_number", "planned", "your_cause", "made_on", "version", "phone", "page",
    "unreviewed_translation",
)  # fmt: skip
DIRECTIONS = ("ltr", "rtl")
WATERMARK = "watermark"
"""The key of the one text outside the leaflet that stands on it."""
_PLACE = re.compile(r"\{(\w+)\}")
_NAME = re.compile(r"[a-z][a-z0-9_]*")
_SHOWN_UNITS = ("mL", "Cel", "%")
"""Units that are written alike in every language."""


def read_leaflet(
    reader: Reader,
    resolver: Resolver,
    answers: tuple[OrderedAnswer, OrderedAnswer],
    thresholds: Mapping[str, Threshold],
    flags: tuple[Collection[str], Collection[str]],
) -> LeafletContent:
    """leaflet.yaml.

    Args:
        reader: Of the file.
        resolver: Names and problems.
        answers: Tier and disposition, whose values `given` names.
        thresholds: Those that a text may name in braces.
        flags: The ids of the rules and of the triggers: what may be a red flag.
    """
    source = resolver.source(reader)
    found = _LeafletReader(resolver, thresholds, flags).content(reader, answers, source)
    reader.done()
    return found


class _LeafletReader:
    def __init__(
        self,
        resolver: Resolver,
        thresholds: Mapping[str, Threshold],
        flags: tuple[Collection[str], Collection[str]],
    ) -> None:
        self.resolver, self.thresholds = resolver, thresholds
        self.rules, self.triggers = flags

    def content(self, reader: Reader, answers: tuple[OrderedAnswer, OrderedAnswer], source: Source) -> LeafletContent:
        tier, disposition = answers
        given = reader.reader("given", "`given` of the leaflet")
        wanted = given.text("tier")
        self.resolver.known(wanted, [v.id for v in tier.values], "value of tier", given.place("tier"))
        places = given.scalars("disposition")
        for place in places:
            values = [v.id for v in disposition.values]
            self.resolver.known(place.value, values, "value of disposition", place.mark(0, len(place.value)))
        if not places:
            given.problem("CC402", "the leaflet is given nowhere.", "Add `disposition: [...]`.")
        given.done()
        red_flags = reader.scalars("red_flags")
        for flag in red_flags:
            self.resolver.known(flag.value, self.rules, "rule", flag.mark(0, len(flag.value)))
        labels = reader.reader("labels", "`labels` of the leaflet")
        contacts = dict(reader.listed("contacts", "contact"))
        content = LeafletContent(
            title=reader.text("title"),
            subtitle=reader.text("subtitle"),
            review=_review(reader),
            tier=wanted,
            dispositions=tuple(place.value for place in places),
            withheld=tuple(self.withholding(id, item) for id, item in reader.listed("withheld", "withholding")),
            red_flags=tuple(flag.value for flag in red_flags),
            terms=reader.texts_or("terms"),
            bans=reader.texts_or("bans"),
            labels={key: labels.text(key) for key in LABELS},
            contacts={id: self.named(item, "label") for id, item in contacts.items()},
            sections=tuple(self.section(id, item, source) for id, item in reader.listed("sections", "section")),
            source=source,
        )
        labels.done()
        return content

    def named(self, item: Reader, key: str) -> str:
        text = item.text(key)
        item.done()
        return text

    def withholding(self, id: str, item: Reader) -> Withholding:
        when = self.resolver.condition(item.expression("when"), Context.STEP)
        found = Withholding(id, when, item.text("text"))
        item.done()
        return found

    def section(self, id: str, item: Reader, inherited: Source) -> Section:
        self.check_id(id, item)
        source = self.resolver.source(item, inherited=inherited)
        kind = item.choice("kind", SECTION_KINDS)
        sentences = tuple(self.sentence(name, one, source) for name, one in item.listed("sentences", "sentence"))
        note, new_page = item.text_or("note", ""), item.boolean_or("new_page", False)
        found = Section(id, item.text("title"), kind, sentences, note, new_page, source)
        item.done()
        return found

    def sentence(self, id: str, item: Reader, inherited: Source) -> Sentence:
        self.check_id(id, item)
        text = item.text("text")
        for name in places_in(text):
            self.place(name, item)
        found = Sentence(
            id,
            text,
            when=self.resolver.condition_or_none(item.expression_or_none("when"), Context.STEP),
            mark=self.resolver.condition_or_none(item.expression_or_none("mark"), Context.STEP),
            within=self.resolver.duration(item, "within"),
            blank=item.boolean_or("blank", False),
            intro=item.boolean_or("intro", False),
            traces=tuple(
                self.trace(Reader(node, f"a trace of `{id}`", item.problems)) for node in item.sequence("traces")
            ),
            source=self.resolver.source(item, needed=True, inherited=inherited),
        )
        item.done()
        return found

    def check_id(self, id: str, item: Reader) -> None:
        if id and not _NAME.fullmatch(id):
            item.problem("CC416", f"`{id}` cannot be a name.", "Use lower case, digits and `_`.", item.place("id"))

    def place(self, name: str, item: Reader) -> None:
        """A threshold that a text names: known, and in a unit that every language writes alike."""
        at = item.place("text")
        if self.resolver.known(name, self.thresholds, "threshold", at):
            code = self.thresholds[name].unit.code
            if code not in _SHOWN_UNITS:
                mend = f"Write it in words; in braces stand thresholds in {', '.join(_SHOWN_UNITS)}."
                item.problem("CC421", f"`{{{name}}}` is in {code}, which is not written alike everywhere.", mend, at)

    def trace(self, item: Reader) -> Trace:
        flag = item.text("red_flag")
        self.resolver.known(flag, (*self.rules, *self.triggers), "rule or trigger", item.place("red_flag"))
        sign: dict[str, bool | float | str] = {}
        for name, (key, node) in item.mapping("sign").items():
            if not self.resolver.known_fact(name, key.at):
                continue
            value = allowed_values(node, self.resolver.facts[name], self.resolver, f"`{name}` of {item.what}")
            if isinstance(value, bool):
                sign[name] = value
            elif isinstance(value, frozenset) and len(value) == 1:
                sign[name] = next(iter(value))
            elif isinstance(value, tuple) and value[0] == value[1]:
                sign[name] = value[0]
            elif value is not None:
                item.problem("CC405", f"the sign `{name}` is not one value.", "Write one value.", node.at)
        if not sign and not item.broken:
            item.problem("CC402", f"{item.what} has no `sign`.", "Add `sign: {fact: value}`: what the patient notices.")
        item.done()
        return Trace(flag, sign)


def _review(reader: Reader) -> str:
    review = reader.reader("review", f"the review of {reader.what}")
    state = review.choice("state", REVIEWS)
    if state == "reviewed" and review.text_or_none("reviewer") is None:
        cause = f"{reader.what} is reviewed by nobody."
        review.problem(
            "CC507", cause, "Name the clinician who reviewed it, or write `state: needed`.", review.place("state")
        )
    review.has("reviewer")
    review.done()
    return state


def places_in(text: str) -> list[str]:
    """The names in braces, in order."""
    return _PLACE.findall(text)


def read_translation(language: str, reader: Reader) -> Translation:
    """locale/<language>.yaml. Whether it fits the leaflet is for `check`: a stale sentence is known by its hash."""
    stated = reader.text("language")
    if stated and stated != language:
        cause = f"The file is locale/{language}.yaml and says `language: {stated}`."
        reader.problem("CC414", cause, "Use one name.", reader.place("language"))
    texts: dict[str, Translated] = {}
    for key, item in reader.named("texts", "translated text"):
        texts[key.name] = Translated(item.text("text"), item.text("source"))
        item.done()
    found = Translation(
        language,
        reader.text("name"),
        reader.choice("direction", DIRECTIONS),
        _review(reader),
        texts,
        reader.texts_or("bans"),
    )
    reader.done()
    return found


def translation_files(names: Collection[str]) -> list[str]:
    """Of file names those of translations, in order."""
    return sorted(name for name in names if name.startswith("locale/"))


def language_of(file: str) -> str:
    """`es` of `locale/es.yaml`."""
    return file.removeprefix("locale/").removesuffix(".yaml")
