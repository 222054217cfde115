"""A resource or bundle in, everything wrong with it out: the gate that whatever leaves as FHIR passes.

Three layers, the next only where the one before found nothing: the shape (`shape`), the invariants of R4 (`invariants`,
`invariants_of_resources`), and for what this project itself emits the rules of the house (`house_rules`). No
terminology server is asked: of codes, only required value sets that are lists are judged.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from clinical_commander.errors import ContentError, Problem
from clinical_commander.fhir.house_rules import house_findings
from clinical_commander.fhir.invariants import Invariant
from clinical_commander.fhir.invariants_of_resources import INVARIANTS
from clinical_commander.fhir.shape import Finding, shape
from clinical_commander.fhir.structure import r4
from clinical_commander.fhir.walk import Json, walk
from clinical_commander.frozen import frozen

NO_NARRATIVE = frozenset({"Binary", "Bundle", "Parameters"})
"""Resources that are no DomainResource: they have neither narrative nor contained resources."""
_MOST_SHOWN = 20


@frozen
class Verdict:
    """What a validator found; nothing is fine."""

    findings: tuple[Finding, ...]

    @property
    def valid(self) -> bool:
        return not self.findings

    @property
    def rules(self) -> frozenset[str]:
        """The rules that are broken."""
        return frozenset(f.rule for f in self.findings)


def validate(resource: object) -> Verdict:
    """What R4 says against a resource: shape, required codes and invariants."""
    wrong = tuple(shape(resource))
    if wrong or not isinstance(resource, dict):
        return Verdict(wrong)
    return Verdict(tuple(_broken_invariants(resource)))


def judge(resource: object) -> Verdict:
    """What R4 or the rules of this project say against a resource that this project emits."""
    verdict = validate(resource)
    if not verdict.valid or not isinstance(resource, dict):
        return verdict
    return Verdict(tuple(house_findings(resource)))


def passed(resource: dict[str, Any]) -> dict[str, Any]:
    """The same resource, where nothing is wrong with it.

    Raises:
        ContentError: CC480, one problem for each rule that it breaks, at most twenty.
    """
    refuse(judge(resource).findings)
    return resource


def refuse(findings: Iterable[Finding]) -> None:
    """Nothing, for no findings.

    Raises:
        ContentError: CC480.
    """
    problems = [
        Problem("CC480", f"{f.path} breaks {f.rule}: {f.says}", "Nothing is written. This is a fault of the export.")
        for f in findings
    ]
    if problems:
        raise ContentError(problems[:_MOST_SHOWN])


@functools.cache
def invariants_by_type() -> Mapping[str, tuple[Invariant, ...]]:
    """The invariants of each type of the structure."""
    found: dict[str, list[Invariant]] = {}
    resources = r4().described
    for invariant in INVARIANTS:
        for of in invariant.of:
            if of == "*":
                types: Iterable[str] = (*r4().types, "Element")
            elif of == "DomainResource":
                types = resources - NO_NARRATIVE
            else:
                types = (of,)
            for name in types:
                found.setdefault(name, []).append(invariant)
    return {name: tuple(invariants) for name, invariants in found.items()}


def _broken_invariants(resource: Json) -> Iterator[Finding]:
    by_type = invariants_by_type()
    for node in walk(resource):
        for invariant in by_type.get(node.type, ()):
            if not invariant.holds(node):
                yield Finding(invariant.id, node.path, invariant.says)
