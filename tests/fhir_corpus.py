"""The corpus of the FHIR gate: resources that are valid and look otherwise, and planted defects, one change each."""

from __future__ import annotations

import copy
import functools
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import yaml

from clinical_commander.dossier.library import open_dossier
from clinical_commander.dossier.model import Dossier
from clinical_commander.engine.assess import Engine
from clinical_commander.engine.read_case import read_case
from clinical_commander.fhir.assessment_bundle import assessment_bundle
from clinical_commander.fhir.datatypes import Occasion
from clinical_commander.fhir.dossier_bundle import dossier_bundle
from clinical_commander.fhir.validate import NO_NARRATIVE
from clinical_commander.render.words import Words
from tests.fixtures import DOSSIER, EXAMPLES, REPOSITORY

CORPUS = REPOSITORY / "tests" / "fhir"
OCCASION = Occasion(datetime(2026, 11, 29, 8, 0, tzinfo=UTC))
CASES = sorted(path.stem for path in EXAMPLES.glob("*.yaml") if path.stem != "expectations")
DIV = '<div xmlns="http://www.w3.org/1999/xhtml">x</div>'
_STEP = re.compile(r"([A-Za-z_]+)?(?:\[(\?)?(\w+)\])?")

Json = dict[str, Any]


@dataclass(frozen=True)
class Defect:
    """One change to a valid resource, and the rule that must catch it."""

    name: str
    base: str
    rule: str
    file: str
    set: Mapping[str, Any]
    remove: tuple[str, ...]
    append: Mapping[str, Any]

    @property
    def seeded(self) -> bool:
        return self.file == "seeded"

    def planted(self) -> Json:
        """The resource with the defect in it."""
        resource = copy.deepcopy(base(self.base))
        for path in self.remove:
            place(resource, path).remove()
        for path, value in self.set.items():
            place(resource, path).set(value)
        for path, value in self.append.items():
            place(resource, path).get().append(value)
        return resource


def defects() -> list[Defect]:
    """Every planted defect, file by file."""
    found = []
    for path in sorted((CORPUS / "defects").glob("*.yaml")):
        for one in yaml.safe_load(path.read_text(encoding="utf-8")):
            more = {"set": one.get("set", {}), "remove": tuple(one.get("remove", ())), "append": one.get("append", {})}
            found.append(Defect(one["name"], one["base"], one["rule"], path.stem, **more))
    return found


@functools.cache
def valid() -> Mapping[str, Json]:
    """The hand-written resources, by name; each domain resource has a narrative."""
    written = yaml.safe_load((CORPUS / "valid.yaml").read_text(encoding="utf-8"))
    for resource in written.values():
        _narrated(resource)
    return written


def _narrated(resource: Json) -> None:
    if resource["resourceType"] not in NO_NARRATIVE:
        resource.setdefault("text", {"status": "generated", "div": DIV})
    for inner in resource.get("entry", ()):
        if "resource" in inner:
            _narrated(inner["resource"])
    for inner in resource.get("parameter", ()):
        if "resource" in inner:
            _narrated(inner["resource"])


@functools.cache
def engine() -> Engine:
    """The engine of the dossier as it is packed, so with its hash."""
    return Engine(open_dossier(DOSSIER, use_cache=False))


def dossier() -> Dossier:
    return engine().dossier


@functools.cache
def example(name: str) -> Json:
    """The bundle of one example case."""
    case = read_case(EXAMPLES / f"{name}.yaml", dossier())
    return assessment_bundle(engine().assess(case), dossier(), OCCASION, case.facts)


@functools.cache
def exported() -> Json:
    return dossier_bundle(dossier(), Words(dossier()).clause)


@functools.cache
def short_export() -> Json:
    """The export with the first of everything: small enough to be changed at every place."""
    bundle = copy.deepcopy(exported())
    for kind, key, count in (("PlanDefinition", "action", 2), ("Questionnaire", "item", 4)):
        (whole,) = of_kind(bundle, kind)
        whole[key] = whole[key][:count]
    (plan,) = of_kind(bundle, "PlanDefinition")
    plan["relatedArtifact"] = plan["relatedArtifact"][:2]
    plan["action"][0]["action"] = plan["action"][0]["action"][:2]
    del plan["action"][1]["action"][1:]
    (library,) = of_kind(bundle, "Library")
    library["relatedArtifact"] = library["relatedArtifact"][:2]
    activities = of_kind(bundle, "ActivityDefinition")
    kept = [plan, *of_kind(bundle, "Questionnaire"), library, activities[0], activities[-1]]
    return bundle | {"entry": [e for e in bundle["entry"] if any(e["resource"] is k for k in kept)]}


def base(name: str) -> Json:
    if name == "example":
        return example("constructed-unmeasured")
    if name == "leaflet":
        return next(b for b in map(example, CASES) if "Communication" in kinds(b))
    if name == "dossier":
        return short_export()
    if name == "transaction_of_ours":
        bundle = copy.deepcopy(example("constructed-unmeasured"))
        for entry in bundle["entry"]:
            entry["request"] = {"method": "POST", "url": entry["resource"]["resourceType"]}
        return bundle | {"type": "transaction"}
    return valid()[name]


def kinds(bundle: Json) -> set[str]:
    return {e["resource"]["resourceType"] for e in bundle["entry"]}


def of_kind(bundle: Json, kind: str) -> list[Json]:
    return [e["resource"] for e in bundle["entry"] if e["resource"]["resourceType"] == kind]


@dataclass
class Place:
    """Where a path ends: the list or object that holds the value, and its key there."""

    holder: Any
    key: Any

    def get(self) -> Any:
        return self.holder[self.key]

    def set(self, value: Any) -> None:
        self.holder[self.key] = copy.deepcopy(value)

    def remove(self) -> None:
        del self.holder[self.key]


def place(resource: Json, path: str) -> Place:
    """The place of `item[0].text`, or of `entry[?Patient].resource.id` in the first entry of a patient."""
    at = Place({"$": resource}, "$")
    for name, by_kind, index in _steps(path):
        if name:
            at = Place(at.get(), name)
        if by_kind:
            entries = at.get()
            at = Place(entries, next(i for i, e in enumerate(entries) if e["resource"]["resourceType"] == index))
        elif index:
            at = Place(at.get(), int(index))
    return at


def _steps(path: str) -> Iterator[tuple[str, str, str]]:
    for step in path.split("."):
        found = _STEP.fullmatch(step)
        assert found, path
        name, by_kind, index = found.groups()
        yield name or "", by_kind or "", index or ""
