"""Plain values in, the data types of FHIR R4 out, as dicts in JSON form. A code that is not known stays text."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Final

from clinical_commander.dossier.model import Citation
from clinical_commander.errors import ClinicalCommanderError
from clinical_commander.fhir.narrative import narrative
from clinical_commander.frozen import frozen
from clinical_commander.quantity import parse_quantity, unit

Json = dict[str, Any]

OURS: Final = "urn:clinical-commander"
"""Where our own codes, extensions and definitions are named. The project has no internet domain to name them under."""
REVIEW_TAGS: Final = f"{OURS}:codes:review"
UNREVIEWED: Final = "unreviewed"
UCUM: Final = "http://unitsofmeasure.org"
LANGUAGE: Final = "text/x.clinical-commander-rule"
"""The rule language, named as what it is: a private media type. No FHIR server evaluates it."""
SYSTEMS: Final[Mapping[str, str]] = {
    "loinc": "http://loinc.org",
    "snomed": "http://snomed.info/sct",
    "rxnorm": "http://www.nlm.nih.gov/research/umls/rxnorm",
    "atc": "http://www.whocc.no/atc",
    "icd10": "http://hl7.org/fhir/sid/icd-10",
    "ucum": UCUM,
}
ASKED_UNKNOWN: Final = ("http://terminology.hl7.org/CodeSystem/data-absent-reason", "asked-unknown")


@frozen
class Occasion:
    """About whom, by whom and when something is written. References such as `Patient/123`; None is not known."""

    recorded: datetime
    patient: str | None = None
    encounter: str | None = None
    clinician: str | None = None


class Addresses:
    """Names the resources of one bundle. The same seed and key give the same address, another seed another."""

    def __init__(self, seed: str) -> None:
        self.seed = uuid.uuid5(uuid.NAMESPACE_URL, f"{OURS}:{seed}")

    def id(self, key: str) -> str:
        """The id of the resource with this key."""
        return str(uuid.uuid5(self.seed, key))

    def url(self, key: str) -> str:
        """The full address of the resource with this key."""
        return f"urn:uuid:{self.id(key)}"

    def reference(self, key: str, kind: str) -> Json:
        """A reference to the resource with this key."""
        return {"reference": self.url(key), "type": kind}


def filled(**fields: Any) -> Json:
    """The fields that say something. FHIR knows no null, and no empty text, list or object; false and 0 stay."""
    return {key: value for key, value in fields.items() if value is not None and value not in ("", [], {}, ())}


def resource(kind: str, id: str, watermark: str, lines: Iterable[str], /, **fields: Any) -> Json:
    """A resource with its id, its narrative, and its review state in a tag and in the first words of the narrative."""
    said = [f"{watermark[:1].upper()}{watermark[1:]}."] if watermark else []
    return {
        "resourceType": kind,
        "id": id,
        **filled(meta=review_meta(watermark)),
        "text": narrative([*said, *lines]),
        **filled(**fields),
    }


def review_meta(watermark: str) -> Json:
    """The tag by which a program sees that nobody reviewed the content."""
    tag = {"system": REVIEW_TAGS, "code": UNREVIEWED, "display": watermark}
    return {"tag": [tag]} if watermark else {}


def coding(system: str, code: str, display: str = "") -> Json:
    """A code of a system, by the system's address."""
    return filled(system=system, code=code, display=display)


def ours(kind: str, code: str, display: str = "") -> Json:
    """A code of this project: `ours("fact", "spo2", "SpO2")`."""
    return coding(f"{OURS}:codes:{kind}", code, display)


def concept(text: str, *codings: Json) -> Json:
    """A concept: always with its text, and with codes where there are any."""
    return filled(coding=list(codings), text=text)


def content_codings(code: Mapping[str, str] | None) -> list[Json]:
    """The coding of a code that content has, with how well it is confirmed; none for none or for an unknown system."""
    if not code or code.get("system") not in SYSTEMS or not code.get("code"):
        return []
    found = coding(SYSTEMS[code["system"]], code["code"], code.get("display", ""))
    if code.get("status"):
        found["extension"] = [extension("code-confidence", valueCode=code["status"])]
    return [found]


def extension(name: str, **value: Any) -> Json:
    """An extension of ours with one value, or with `extension=[...]` inside."""
    return {"url": f"{OURS}:extension:{name}", **value}


def quantity(value: float, unit_code: str, shown: str = "") -> Json:
    """A quantity in UCUM; a dimensionless one has no unit."""
    if unit_code in ("", "1"):
        return {"value": number(value)}
    return {"value": number(value), "unit": shown or unit_code, "system": UCUM, "code": unit_code}


def number(value: float) -> float | int:
    """The number as JSON writes it best: 86 and not 86.0."""
    return int(value) if float(value).is_integer() and abs(value) < 2**53 else value


def percent(share: float) -> float | int:
    """A probability as R4 wants it in RiskAssessment: in percent, with three digits that mean something.

    What is not certain is never rounded to 0 or 100: it gets as many digits as that takes.
    """
    for digits in range(3, 17):
        shown = float(f"{share * 100:.{digits}g}")
        if (shown in (0, 100)) == (share in (0, 1)):
            return number(shown)
    return number(share * 100)


def duration(text: str) -> Json | None:
    """`2 min` as a Duration; None for what is no time, such as `now`."""
    try:
        parsed = parse_quantity(text)
        if parsed.unit_text is None or not parsed.exact or parsed.low is None:
            return None
        known = unit(parsed.unit_text)
    except ClinicalCommanderError:
        return None
    if [base for base, _ in known.dimension] != ["time"] or known.dimension[0][1] != 1:
        return None
    return quantity(float(parsed.low), known.code)


def note(*texts: str) -> list[Json]:
    """Annotations, one a text."""
    return [{"text": text} for text in texts if text]


def citation(cited: Citation, kind: str = "citation") -> Json:
    """A source as a related artifact, with its kind and its review state as extensions."""
    reference = ". ".join(
        p.rstrip(".") for p in (cited.authors, cited.title, cited.journal, str(cited.year or "")) if p
    )
    ids = [f"PMID {cited.pmid}" if cited.pmid else "", f"doi:{cited.doi}" if cited.doi else ""]
    state = extension("review-state", valueCode=cited.review)
    return filled(
        extension=[state, extension("source-kind", valueCode=cited.kind)],
        type=kind,
        label=cited.id,
        display=f"{reference} (review {cited.review})",
        citation=". ".join(p for p in (reference, *ids) if p),
        url=cited.url if cited.url and " " not in cited.url else None,
    )
