"""The table of docs/fhir-export.md: what each validator catches of the planted defects, and its false alarms.

`python -m tests.fhir_second_opinion` prints it; a test holds the page to it.
"""

from __future__ import annotations

from collections.abc import Callable

import fhirkit

from clinical_commander.fhir.invariants_of_resources import INVARIANTS
from clinical_commander.fhir.shape import shape
from clinical_commander.fhir.validate import judge
from tests.fhir_corpus import CASES, Json, defects, example, short_export, valid

PARTS = {
    "seeded": "the eleven seeded defects",
    "shape": "shape and required codes",
    "invariants": "invariants of R4",
    "house": "rules of this project",
}


def _second(resource: Json) -> bool:
    return any(issue.severity == "error" for issue in fhirkit.validate(resource))


VALIDATORS: dict[str, Callable[[Json], bool]] = {
    "the gate": lambda r: not judge(r).valid,
    "its structural layer alone": lambda r: any(True for _ in shape(r)),
    f"fhirkit-rs {fhirkit.__version__}": _second,
}


def table() -> list[str]:
    """The rows of the table, in Markdown."""
    rows = [f"| planted | {' | '.join(VALIDATORS)} |", f"|---|{'---|' * len(VALIDATORS)}"]
    caught: dict[str, list[list[bool]]] = {part: [] for part in PARTS}
    for defect in defects():
        resource = defect.planted()
        caught[defect.file].append([catches(resource) for catches in VALIDATORS.values()])
    for part, says in PARTS.items():
        counts = map(sum, zip(*caught[part], strict=True))
        rows.append(f"| {says} | {' | '.join(f'{count} of {len(caught[part])}' for count in counts)} |")
    together = [found for part in caught.values() for found in part]
    counts = map(sum, zip(*together, strict=True))
    rows.append(f"| **all** | {' | '.join(f'**{count} of {len(together)}**' for count in counts)} |")
    emitted = [*map(example, CASES), short_export()]
    fine = [*valid().values(), *emitted]
    # The rules of this project do not speak of resources that others wrote.
    alarms = [sum(_alarm(name, r, catches, r in emitted) for r in fine) for name, catches in VALIDATORS.items()]
    rows.append(f"| false alarms on {len(fine)} valid resources and bundles | {' | '.join(map(str, alarms))} |")
    return rows


def _alarm(name: str, resource: Json, catches: Callable[[Json], bool], emitted: bool) -> bool:
    if name == "the gate" and not emitted:
        from clinical_commander.fhir.validate import validate

        return not validate(resource).valid
    return catches(resource)


def invariant_table() -> list[str]:
    """Every invariant with what it says and, where our check differs from the official expression, why."""
    rows = ["| invariant | of | says | where ours differs |", "|---|---|---|---|"]
    for i in INVARIANTS:
        of = ", ".join({"*": "any element", "DomainResource": "any with a narrative"}.get(t, t) for t in i.of)
        rows.append(f"| {i.id} | {of} | {i.says} | {i.reason} |")
    return rows


if __name__ == "__main__":
    print("\n".join([*table(), "", *invariant_table()]))
