"""Where a package and this engine differ, as declared in differences.yaml: for whom, by how much, and who is right.

What a package should say follows from what we say and from the entries that hold of the patient. The test refuses every
patient in whom it says anything else, and every entry that explains nothing any more.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from clinical_commander.dossier import complete
from clinical_commander.dossier.names import Names
from clinical_commander.dossier.resolve import Resolver
from clinical_commander.logic import ir
from clinical_commander.logic.check import Context, Scope, check_boolean
from tests.agreement.ours import Said
from tests.agreement.patients import Facts, shelf
from tests.agreement.reference import Value

FILE = Path(__file__).parent / "differences.yaml"
RIGHT = ("ours", "theirs", "both", "open")


@dataclass(frozen=True)
class Difference:
    """Patients in whom answers differ, and what a package says of them."""

    number: int
    tool: str
    packages: tuple[str, ...]
    answers: tuple[str, ...]
    where: str
    ours: str
    theirs: str
    right: str
    why: str
    cite: tuple[str, ...]
    when: ir.Expr | None = None
    ours_is: str = ""
    ours_band: str = ""
    adds: float = 0
    times: float = 1
    gives: tuple[Value, ...] = ()

    def holds(self, facts: Facts, answer: Value | None, said: Said) -> bool:
        """Whether it speaks of a patient to whom this engine gave an answer."""
        if (self.ours_is and answer != self.ours_is) or (self.ours_band and said.band != self.ours_band):
            return False
        return self.when is None or complete.Patient(shelf(), facts).holds(self.when)


@functools.cache
def differences() -> tuple[Difference, ...]:
    """All that are declared, numbered from 1."""
    scope = Scope(Names(Resolver(), shelf().facts).facts)
    entries = yaml.safe_load(FILE.read_text(encoding="utf-8"))["differences"]
    return tuple(_difference(i, entry, scope) for i, entry in enumerate(entries, 1))


def _difference(number: int, entry: Mapping[str, Any], scope: Scope) -> Difference:
    found = dict(entry)
    for key in ("packages", "answers", "cite"):
        found[key] = tuple(found[key])
    if "when" in found:
        found["when"] = check_boolean(found["when"], scope, Context.TOOL)
    if "gives" in found:
        found["gives"] = tuple(found["gives"]) if isinstance(found["gives"], list) else (found["gives"],)
    if not {"adds", "times", "gives"} & set(found) or not {"when", "ours_is", "ours_band"} & set(found):
        raise ValueError(f"difference {number} of {entry['tool']} does not say for whom, or by how much")
    return Difference(number, **found)
