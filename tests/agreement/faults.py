"""Where a tool file is known to differ from its published table, until it is mended."""

from __future__ import annotations

from collections.abc import Callable

from tests.agreement.patients import Facts
from tests.agreement.reference import Patient, ratio

# By tool: for which patients, and why. Strict: a test fails once the fault is gone, so that it is taken from the list.
KNOWN_FAULTS: dict[str, tuple[Callable[[Facts], bool], str]] = {
    "smart_cop": (
        lambda f: ratio(Patient(f)) == 333,
        "a PaO2/FiO2 of 333 itself, as 133.2 at 40 % and 266.4 at 80 %: 100 * pao2 / fio2 comes to less than 333 in"
        " binary and counts as under it; 10 * pao2 * 10 / fio2 would not",
    ),
}


def is_known(tool: str, facts: Facts) -> bool:
    """Whether a patient lies where a tool is known to differ from its table."""
    return tool in KNOWN_FAULTS and KNOWN_FAULTS[tool][0](facts)
