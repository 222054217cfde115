"""An assessment, its dossier and the site in, the leaflet of one patient out; or the reason why there is none.

Every sentence comes from the dossier or its translation, with its key. Only the numbers to call come from the site.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from clinical_commander.dossier.leaflet import WATERMARK, places_in
from clinical_commander.dossier.model import Dossier, Threshold
from clinical_commander.dossier.model_leaflet import LeafletContent, Section, Translation, source_hash
from clinical_commander.engine.assessment import Assessment, LeafletReport, Withheld
from clinical_commander.engine.site import Site
from clinical_commander.errors import CaseError, Problem, ReferenceProblem
from clinical_commander.frozen import frozen
from clinical_commander.quantity import convert, format_quantity, to_double, unit

SCHEMA = "leaflet/1"
ENGLISH = "en"
"""The language of the content; others are translations."""
EMERGENCY = "emergency"
"""The site's own number for an ambulance, among its phones."""
_MOST_FACTS = 8
_HASH_SHOWN = 12


@frozen
class Line:
    """One sentence. `marked` is None where there is no box to tick; `blank` leaves a line to write on."""

    key: str
    text: str
    marked: bool | None = None
    blank: bool = False
    intro: bool = False


@frozen
class Part:
    """One section."""

    key: str
    title: str
    kind: str
    lines: tuple[Line, ...]
    note: str = ""
    new_page: bool = False


@frozen
class Contact:
    """Whom to call; without a number there is a line to write it on."""

    key: str
    label: str
    phone: str = ""


@frozen
class Leaflet:
    """The leaflet of one patient, in one language. It names nobody."""

    language: str
    direction: str
    title: str
    subtitle: str
    watermark: str
    notice: str
    call: str
    emergency_number: str
    parts: tuple[Part, ...]
    contacts: tuple[Contact, ...]
    labels: Mapping[str, str]
    site: str
    made_on: str
    dossier: str
    version: str
    content_hash: str

    def data(self) -> dict[str, object]:
        """The leaflet as plain data, for programs."""
        from dataclasses import asdict

        return {"schema": SCHEMA, **asdict(self)}


def write_leaflet(
    assessment: Assessment, dossier: Dossier, site: Site | None = None, language: str = ENGLISH
) -> Leaflet:
    """The leaflet for the patient of an assessment.

    Args:
        assessment: Of this dossier.
        dossier: With its leaflet and translations.
        site: Whose numbers to call are printed.
        language: `en`, or one that the dossier has a translation for.

    Raises:
        CaseError: CC640, the leaflet is withheld from this patient, with the reason.
        ReferenceProblem: CC641, no such language; CC642, the dossier has no leaflet; CC643, a sentence whose
            translation is missing or stale.
    """
    content = dossier.leaflet
    if content is None or assessment.leaflet is None:
        mend = "Add leaflet.yaml to it; `commander check` says what belongs there."
        raise ReferenceProblem(Problem("CC642", f"`{dossier.id}` has no leaflet.", mend))
    speech = _Speech(dossier, content, language)
    if assessment.leaflet.withheld:
        raise CaseError(refusal(assessment, dossier))
    phones = site.phones if site is not None else {}
    labels = {key: speech.say(f"leaflet.labels.{key}") for key in content.labels}
    return Leaflet(
        language=language,
        direction=speech.direction,
        title=speech.say("leaflet.title"),
        subtitle=speech.say("leaflet.subtitle"),
        watermark=speech.say(WATERMARK) if assessment.watermark else "",
        notice=labels["unreviewed_translation"] if speech.unreviewed else "",
        call=labels["call_number"],
        emergency_number=phones.get(EMERGENCY, labels["emergency_number"]),
        parts=tuple(part for s in content.sections if (part := _part(s, assessment.leaflet, speech)) is not None),
        contacts=tuple(
            Contact(f"leaflet.contacts.{id}", speech.say(f"leaflet.contacts.{id}"), phones.get(id, ""))
            for id in content.contacts
        ),
        labels=labels,
        site=site.name if site is not None else "",
        made_on=assessment.at.date().isoformat(),
        dossier=dossier.id,
        version=assessment.content_version,
        content_hash=assessment.content_hash[:_HASH_SHOWN],
    )


def languages(dossier: Dossier) -> tuple[str, ...]:
    """The languages a leaflet can be written in."""
    return (ENGLISH, *dossier.translations)


def _part(section: Section, report: LeafletReport, speech: _Speech) -> Part | None:
    """A section with the sentences that hold; None where it says nothing."""
    lines = []
    for sentence in section.sentences:
        name = f"{section.id}.{sentence.id}"
        if name in report.sentences:
            marked = name in report.marked if section.kind == "tick" and not sentence.intro else None
            key = f"leaflet.{name}"
            lines.append(Line(key, speech.say(key), marked, sentence.blank, sentence.intro))
    if not lines and section.kind != "contacts":
        return None
    key = f"leaflet.{section.id}"
    note = speech.say(f"{key}.note") if section.note else ""
    return Part(key, speech.say(key), section.kind, tuple(lines), note, section.new_page)


class _Speech:
    """Says a text of the leaflet in one language. A text that is not translated, or not anew, is refused."""

    def __init__(self, dossier: Dossier, content: LeafletContent, language: str) -> None:
        self.thresholds = dossier.thresholds
        self.source = {WATERMARK: dossier.watermark, **content.texts()}
        self.translation: Translation | None = dossier.translations.get(language)
        if self.translation is None and language != ENGLISH:
            cause = f"The leaflet of `{dossier.id}` is not written in `{language}`."
            raise ReferenceProblem(Problem("CC641", cause, f"There is: {', '.join(languages(dossier))}."))

    @property
    def direction(self) -> str:
        return self.translation.direction if self.translation is not None else "ltr"

    @property
    def unreviewed(self) -> bool:
        return self.translation is not None and self.translation.review != "reviewed"

    def say(self, key: str) -> str:
        return re.sub(r"\{(\w+)\}", lambda found: measure(self.thresholds[found[1]]), self.words(key))

    def words(self, key: str) -> str:
        source = self.source[key]
        if self.translation is None:
            return source
        found = self.translation.texts.get(key)
        if found is None or found.source != source_hash(source) or places_in(found.text) != places_in(source):
            cause = f"`{key}` has no translation into {self.translation.language} that is up to date."
            raise ReferenceProblem(Problem("CC643", cause, "`commander check` lists all of them."))
        return found.text


def measure(threshold: Threshold) -> str:
    """A threshold for a reader anywhere: `5 mL`, `38 °C (100.4 °F)`."""
    code = threshold.unit.code
    shown = format_quantity(threshold.value, code, 1)
    if code != "Cel":
        return shown
    from fractions import Fraction

    fahrenheit = to_double(convert(Fraction(str(threshold.value)), unit("Cel"), unit("[degF]")), 1)
    return f"{shown} ({format_quantity(fahrenheit, '[degF]', 1)})"


# --- why there is none


def refusal(assessment: Assessment, dossier: Dossier) -> Problem:
    """One sentence with the first reason, and what would have to be known."""
    assert assessment.leaflet is not None
    reasons = assessment.leaflet.withheld
    labels = open_facts(reasons, dossier)
    more = f" ({len(reasons) - 1} more)" if len(reasons) > 1 else ""
    cause = f"No leaflet for this patient: {reason_text(reasons[0], dossier)}{more}."
    if not labels:
        return Problem("CC640", cause, "`commander assess` says what to do.")
    shown = ", ".join(labels[:_MOST_FACTS])
    rest = f" and {len(labels) - _MOST_FACTS} more" if len(labels) > _MOST_FACTS else ""
    return Problem("CC640", cause, f"Still to be known: {shown}{rest}.")


def open_facts(reasons: Sequence[Withheld], dossier: Dossier) -> tuple[str, ...]:
    """The labels of the facts that reasons wait for, each once."""
    names = dict.fromkeys(fact for reason in reasons for fact in reason.facts)
    return tuple(dossier.facts[name].label if name in dossier.facts else name for name in names)


def reason_text(reason: Withheld, dossier: Dossier) -> str:
    """A reason in words."""
    if reason.text:
        return reason.text.rstrip(".")
    words = dossier.words.get("leaflet_withheld", {})
    text = words.get(reason.reason, reason.reason.replace("_", " ") + ": {about}")
    labels = [dossier.facts[name].label for name in reason.facts if name in dossier.facts]
    about = ", ".join(_name(id, reason.reason, dossier) for id in reason.about)
    return text.replace("{about}", about).replace("{facts}", ", ".join(labels))


def _name(id: str, reason: str, dossier: Dossier) -> str:
    if reason in ("tier", "disposition"):  # a rule may have the name of a tier
        answer = dossier.tier if reason == "tier" else dossier.disposition
        return next((value.title for value in answer.values if value.id == id), id)
    if id in dossier.triggers:
        return dossier.triggers[id].title
    if id in dossier.rules:
        return dossier.rules[id].says
    return id
