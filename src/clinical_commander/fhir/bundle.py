"""A FHIR bundle or list as plain data in, its resources out: each with its origin, of one patient, in R4.

Whatever makes the whole doubtful (two patients, R5, versions beside each other) refuses it. Whatever concerns one
resource is kept with its reason.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from clinical_commander.derive.record import Refusal
from clinical_commander.errors import CaseError, Mark, Problem
from clinical_commander.fhir.r5 import r5_shape
from clinical_commander.frozen import field, frozen, replace

TYPES: Final = ("collection", "searchset", "document", "message", "transaction", "batch", "transaction-response",
                "batch-response")  # fmt: skip
_ID: Final = re.compile(r"[A-Za-z0-9\-.]{1,64}")
_TYPE: Final = re.compile(r"[A-Z][A-Za-z]{1,48}")
_REFERENCE: Final = re.compile(
    r"(?:(?P<base>https?://\S+)/)?(?P<type>[A-Z][A-Za-z]{1,48})/(?P<id>[A-Za-z0-9\-.]{1,64})"
)
SUBJECTS: Final = ("subject", "patient")
Plain = Mapping[str, Any]


@frozen
class Resource:
    """One resource: `origin` is its type and id, or its place where it has none. `inside` is what contains it."""

    type: str
    origin: str
    body: Plain = field(repr=False)
    id: str = ""
    url: str = ""
    inside: str = ""
    refusal: Refusal | None = None


@frozen
class Bundle:
    """The resources of one patient, in order. `patient` is the origin of the Patient, or the reference to one."""

    resources: tuple[Resource, ...]
    references: References
    patient: str
    timestamp: object = None
    is_page: bool = False

    def resolved(self, reference: object, of: Resource) -> Resource | None:
        """The resource that a Reference names; None where it is not in the bundle. Nothing is fetched."""
        text = reference.get("reference") if isinstance(reference, dict) else None
        return self.references.find(text, of) if isinstance(text, str) else None

    def is_of_patient(self, resource: Resource) -> bool:
        """Whether a resource names the one patient; what is contained may leave it to its container."""
        for name in SUBJECTS:
            reference = resource.body.get(name)
            if reference is not None:
                return self.is_patient(reference, resource)
        outer = self.references.by_origin.get(resource.inside)
        return outer is not None and self.is_of_patient(outer)

    def is_patient(self, reference: object, of: Resource) -> bool:
        """Whether a Reference names the one patient."""
        return self.patient != "" and self.references.patient(reference, of) == self.patient


class References:
    """Finds what a reference names among the resources of one bundle."""

    def __init__(self, resources: Iterable[Resource]) -> None:
        self.by_origin: dict[str, Resource] = {}
        self._by_url: dict[str, Resource] = {}
        self._by_id: dict[tuple[str, str], Resource] = {}
        self._inside: dict[tuple[str, str], Resource] = {}
        for resource in resources:
            self.by_origin[resource.origin] = resource
            if resource.inside:
                self._inside.setdefault((resource.inside, resource.id), resource)
                continue
            if resource.url:
                self._by_url.setdefault(resource.url, resource)
            if resource.id:
                self._by_id.setdefault((resource.type, resource.id), resource)

    def find(self, text: str, of: Resource) -> Resource | None:
        """The resource that the text of a reference names, seen from the resource that holds it."""
        if text.startswith("#"):
            return self._inside.get((of.inside or of.origin, text[1:]))
        plain = text.partition("/_history/")[0]
        if plain in self._by_url:
            return self._by_url[plain]
        match = _REFERENCE.fullmatch(plain)
        found = self._by_id.get((match["type"], match["id"])) if match else None
        # Patient/1 of one server is not Patient/1 of another.
        if found is not None and match is not None and match["base"] and found.url.startswith("http"):
            return None
        return found

    def patient(self, reference: object, of: Resource) -> str:
        """The patient that a Reference names, by origin or by the reference itself; '' where it names none."""
        text = reference.get("reference") if isinstance(reference, dict) else None
        if not isinstance(text, str):
            return ""
        found = self.find(text, of)
        if found is not None:
            return found.origin if found.type == "Patient" else ""
        match = _REFERENCE.fullmatch(text.partition("/_history/")[0])
        return text if match is not None and match["type"] == "Patient" else ""


def read_bundle(data: object, name: str) -> Bundle:
    """The resources of a Bundle, of a list of resources, or of one resource.

    Raises:
        CaseError: CC650 more than one patient; CC651 no bundle, list or resource; CC652 an R5 resource; CC653 a bundle
            of type history, or of no type.
    """
    entries, timestamp, is_page = _entries(data, name)
    found = [resource for place, entry in entries for resource in _resources(place, entry)]
    for resource in found:
        if shape := r5_shape(resource.body):
            cause = f"{resource.origin} is FHIR R5: {shape}."
            raise CaseError(Problem("CC652", cause, "Send FHIR R4 (4.0.1).", Mark(name)))
    resources = _without_repeats(found)
    references = References(resources)
    return Bundle(resources, references, _patient(resources, references, name), timestamp, is_page)


def _entries(data: object, name: str) -> tuple[list[tuple[str, Any]], object, bool]:
    """What stands in the bundle, with its place; its time stamp; whether more pages follow."""
    if isinstance(data, list):
        return [(f"[{i}]", {"resource": item}) for i, item in enumerate(data)], None, False
    if not isinstance(data, dict) or not isinstance(data.get("resourceType"), str):
        mend = "Send a Bundle, a list of resources, or one resource."
        raise CaseError(Problem("CC651", "This is no FHIR resource: it has no `resourceType`.", mend, Mark(name)))
    if data["resourceType"] != "Bundle":
        return [("[0]", {"resource": data})], None, False
    if data.get("type") not in TYPES:
        says = "A bundle of type history holds versions" if data.get("type") == "history" else "The bundle has no type"
        raise CaseError(Problem("CC653", f"{says}.", f"Send one of type {', '.join(TYPES[:4])}.", Mark(name)))
    entries = data.get("entry", [])
    if not isinstance(entries, list):
        raise CaseError(Problem("CC651", "`Bundle.entry` is no list.", "Write a list of entries.", Mark(name)))
    links = data.get("link")
    is_page = isinstance(links, list) and any(isinstance(x, dict) and x.get("relation") == "next" for x in links)
    return [(f"entry[{i}]", entry) for i, entry in enumerate(entries)], data.get("timestamp"), is_page


def _resources(place: str, entry: object) -> Iterator[Resource]:
    """The resource of an entry, and those that it contains. An entry without one stands for itself."""
    body = entry.get("resource") if isinstance(entry, dict) else None
    if not isinstance(body, dict):
        refusal = None
        if not isinstance(entry, dict) or "resource" in entry:
            refusal = Refusal("CC633", "the entry holds no resource.")
        yield Resource("", place, {}, refusal=refusal)
        return
    url = entry.get("fullUrl") if isinstance(entry, dict) else None
    outer = _resource(place, body, url if isinstance(url, str) else "")
    yield outer
    contained = body.get("contained", [])
    for i, inner in enumerate(contained if isinstance(contained, list) else ()):
        if isinstance(inner, dict):
            found = _resource(f"{outer.origin}#contained[{i}]", inner, "")
            yield replace(found, origin=f"{outer.origin}#{found.id or f'contained[{i}]'}", inside=outer.origin)
        else:
            refusal = Refusal("CC633", "what is contained is no resource.")
            yield Resource("", f"{outer.origin}#contained[{i}]", {}, inside=outer.origin, refusal=refusal)


def _resource(place: str, body: Plain, url: str) -> Resource:
    kind, id = body.get("resourceType"), body.get("id")
    kind = kind if isinstance(kind, str) and _TYPE.fullmatch(kind) else ""
    id = id if isinstance(id, str) and _ID.fullmatch(id) else ""
    refusal = None
    if not kind:
        refusal = Refusal("CC633", "it has no resource type.")
    elif "implicitRules" in body or "modifierExtension" in body:
        refusal = Refusal("CC638", "it carries rules or modifiers that are not known here and may change its meaning.")
    return Resource(kind, f"{kind}/{id}" if kind and id else place, body, id, url, refusal=refusal)


def _without_repeats(found: list[Resource]) -> tuple[Resource, ...]:
    """The resources with unique origins. Of two with one id the same content counts once, other content never."""
    by_origin: dict[str, list[int]] = {}
    for i, resource in enumerate(found):
        by_origin.setdefault(resource.origin, []).append(i)
    result = list(found)
    for origin, places in by_origin.items():
        first = found[places[0]]
        differ = any(found[i].body != first.body for i in places[1:])
        if differ:
            result[places[0]] = replace(first, refusal=Refusal("CC640", "its id stands twice, with other content."))
        for number, i in enumerate(places[1:], 2):
            why = "its id stands twice, with other content." if differ else "it stands twice, with the same content."
            result[i] = replace(found[i], origin=f"{origin} ({number})", refusal=Refusal("CC640", why))
    return tuple(result)


def _patient(resources: Iterable[Resource], references: References, name: str) -> str:
    """The one patient of all resources; '' where none is named."""
    patients: dict[str, None] = {}
    differ = False
    for resource in resources:
        if resource.type == "Patient":
            repeat = resource.refusal is not None and resource.refusal.code == "CC640"
            differ |= repeat and references.by_origin[_first(resource.origin)].body != resource.body
            patients.setdefault(_first(resource.origin) if repeat else resource.origin)
        for key in SUBJECTS:
            if key in resource.body and (named := references.patient(resource.body[key], resource)):
                patients.setdefault(named)
    if len(patients) > 1 or differ:
        cause = "The records are of more than one patient."
        raise CaseError(Problem("CC650", cause, "Send the records of one patient.", Mark(name)))
    return next(iter(patients), "")


def _first(origin: str) -> str:
    """The origin of the first of several resources with one id."""
    return origin.partition(" (")[0]
