"""A LOINC or SNOMED CT code in, whether its check digit is right out. Right is necessary, not sufficient."""

from __future__ import annotations

import re
from typing import Final

# Verhoeff 1969: multiplication in the dihedral group D5, and the permutation that is applied once more at each place.
_D5: Final = (
    "0123456789", "1234067895", "2340178956", "3401289567", "4012395678",
    "5987604321", "6598710432", "7659821043", "8765932104", "9876543210",
)  # fmt: skip
_PERMUTATION: Final = "1576283094"


def is_loinc(code: str) -> bool:
    """Whether it is a LOINC code by its form and check digit (mod 10, as in LOINC's users' guide, appendix C).

    >>> is_loinc("718-7"), is_loinc("33582-0")
    (True, False)
    """
    if not re.fullmatch(r"[0-9]{1,7}-[0-9]", code):
        return False
    number, _, check = code.partition("-")
    doubled = sum(sum(map(int, str(2 * int(digit)))) for digit in number[::-2])
    return (doubled + sum(map(int, number[-2::-2]))) % 10 == (10 - int(check)) % 10


def is_snomed(code: str) -> bool:
    """Whether it is a SNOMED CT identifier by its form and check digit (Verhoeff, over all digits).

    >>> is_snomed("66857006"), is_snomed("66857060")
    (True, False)
    """
    if not re.fullmatch(r"[1-9][0-9]{5,17}", code):
        return False
    check = 0
    for place, digit in enumerate(reversed(code)):
        value = int(digit)
        for _ in range(place % 8):
            value = int(_PERMUTATION[value])
        check = int(_D5[check][value])
    return check == 0
