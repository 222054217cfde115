"""The patient's leaflet as content: sections of sentences, when each holds, what it warns of; and translations."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping

from clinical_commander.dossier.model_parts import Condition, Source
from clinical_commander.frozen import field, frozen


@frozen
class Trace:
    """What a warning warns of: a red flag, and signs that raise it in a patient who is calm otherwise."""

    red_flag: str
    sign: Mapping[str, bool | float | str] = field(default_factory=dict)


@frozen
class Sentence:
    """One sentence; shown where `when` must hold. `mark` ticks its box, `within` is the time to the next visit that it
    is for, `blank` leaves a line to write on, `intro` stands before a list.
    """

    id: str
    text: str
    when: Condition | None = None
    mark: Condition | None = None
    within: str = ""
    blank: bool = False
    intro: bool = False
    traces: tuple[Trace, ...] = ()
    source: Source = Source()


@frozen
class Section:
    """A heading and its sentences. `kind` says how they stand (`SECTION_KINDS` of the reader); `new_page`, on paper."""

    id: str
    title: str
    kind: str
    sentences: tuple[Sentence, ...]
    note: str = ""
    new_page: bool = False
    source: Source = Source()


@frozen
class Withholding:
    """A reason to withhold the leaflet: while the condition can hold, there is none. The text is for the clinician."""

    id: str
    when: Condition
    text: str


@frozen
class LeafletContent:
    """Everything a leaflet can say. `tier` and `dispositions` are those for which it is given at all.

    `red_flags` are rules that are red flags beside the triggers; `terms` medical words that the text explains; `bans`
    phrases that it never uses.
    """

    title: str
    subtitle: str
    review: str
    tier: str
    dispositions: tuple[str, ...]
    withheld: tuple[Withholding, ...]
    red_flags: tuple[str, ...]
    terms: tuple[str, ...]
    bans: tuple[str, ...]
    labels: Mapping[str, str]
    contacts: Mapping[str, str]
    sections: tuple[Section, ...]
    source: Source = Source()

    def conditions(self) -> Iterator[Condition]:
        """Every condition, in order."""
        yield from (item.when for item in self.withheld)
        for section in self.sections:
            for sentence in section.sentences:
                yield from (c for c in (sentence.when, sentence.mark) if c is not None)

    def texts(self) -> dict[str, str]:
        """Every text that a patient can read, by key (its content path)."""
        found = {"leaflet.title": self.title, "leaflet.subtitle": self.subtitle}
        found |= {f"leaflet.labels.{key}": text for key, text in self.labels.items()}
        found |= {f"leaflet.contacts.{key}": text for key, text in self.contacts.items()}
        for section in self.sections:
            found[f"leaflet.{section.id}"] = section.title
            if section.note:
                found[f"leaflet.{section.id}.note"] = section.note
            found |= {f"leaflet.{section.id}.{item.id}": item.text for item in section.sentences}
        return found


@frozen
class Translated:
    """A translated text, and the hash of the sentence that was translated."""

    text: str
    source: str


@frozen
class Translation:
    """The texts of a dossier in another language, by key. `direction` is ltr or rtl."""

    language: str
    name: str
    direction: str
    review: str
    texts: Mapping[str, Translated]
    bans: tuple[str, ...] = ()


def source_hash(text: str) -> str:
    """What a translation keeps of the sentence it was made from: the first 12 hexadecimal digits of its SHA-256."""
    return hashlib.sha256(text.encode()).hexdigest()[:12]
