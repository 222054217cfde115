"""An assessment in, the leaflet in two languages out: the patient's beside the clinician's, sentence by sentence.

For a clinician who goes through it with a patient in a language that only one of them reads. Both are the same leaflet,
so each sentence stands beside its own translation; where one is not translated there is none at all.
"""

from __future__ import annotations

from collections.abc import Iterator

from clinical_commander.dossier.model import Dossier
from clinical_commander.engine.assessment import Assessment
from clinical_commander.engine.site import Site
from clinical_commander.errors import Problem, ReferenceProblem
from clinical_commander.frozen import frozen
from clinical_commander.leaflet.write import ENGLISH, Leaflet, Line, Part, write_leaflet

SCHEMA = "leaflet-beside/1"


@frozen
class Beside:
    """One patient's leaflet in the language of the patient and in that of the clinician."""

    patient: Leaflet
    clinician: Leaflet

    def data(self) -> dict[str, object]:
        """Both as plain data, for programs."""
        return {"schema": SCHEMA, "patient": self.patient.data(), "clinician": self.clinician.data()}


@frozen
class Row:
    """The same text in both languages, with its key; `blank` leaves a line to write on."""

    key: str
    patient: str
    clinician: str
    heading: bool = False
    blank: bool = False


def write_beside(
    assessment: Assessment, dossier: Dossier, site: Site | None, language: str, beside: str = ENGLISH
) -> Beside:
    """The leaflet of a patient in two languages.

    Args:
        assessment: Of this dossier.
        dossier: With its leaflet and translations.
        site: Whose numbers to call are printed.
        language: The patient's.
        beside: The clinician's.

    Raises:
        CaseError: CC640, the leaflet is withheld from this patient.
        ReferenceProblem: CC641 to CC643, as for one language; CC646, both are the same.
    """
    if language == beside:
        cause = f"The leaflet would stand beside itself: both languages are `{language}`."
        raise ReferenceProblem(Problem("CC646", cause, "Name two, as in `--lang es --beside en`."))
    return Beside(*(write_leaflet(assessment, dossier, site, each) for each in (language, beside)))


def rows(pair: Beside) -> Iterator[Row]:
    """Every text of the leaflet, in the order of the page, in both languages."""
    a, b = pair.patient, pair.clinician
    yield Row("watermark", a.watermark, b.watermark)
    if a.notice or b.notice:
        yield Row("notice", a.notice, b.notice)
    yield Row("leaflet.title", a.title, b.title, heading=True)
    yield Row("leaflet.subtitle", a.subtitle, b.subtitle)
    for one, other in zip(a.parts, b.parts, strict=True):
        yield Row(one.key, one.title, other.title, heading=True)
        if one.kind == "emergency":
            yield Row(f"{one.key}.note", _number(a, one), _number(b, other))
        elif one.note:
            yield Row(f"{one.key}.note", one.note, other.note)
        if one.kind == "contacts":
            for here, there in zip(a.contacts, b.contacts, strict=True):
                yield Row(here.key, _contact(here.label, here.phone), _contact(there.label, there.phone),
                          blank=not here.phone)  # fmt: skip
        for line, translated in zip(one.lines, other.lines, strict=True):
            yield Row(line.key, said(a, one, line), said(b, other, translated), blank=line.blank)
    yield Row("made", _made(a), _made(b))


def said(leaflet: Leaflet, part: Part, line: Line) -> str:
    """A sentence, and what its ticked box says to a reader who sees no box."""
    if not line.marked:
        return line.text
    return f"{line.text} ({leaflet.labels['planned' if part.key.endswith('.tests') else 'your_cause']})"


def _number(leaflet: Leaflet, part: Part) -> str:
    return f"{leaflet.call} {leaflet.emergency_number}. {part.note}"


def _contact(label: str, phone: str) -> str:
    return f"{label}: {phone}" if phone else f"{label}:"


def _made(leaflet: Leaflet) -> str:
    labels, site = leaflet.labels, f"{leaflet.site} · " if leaflet.site else ""
    version = f"{labels['version']} {leaflet.version} {leaflet.content_hash}"
    return f"{site}{labels['made_on']} {leaflet.made_on} · {version}"
