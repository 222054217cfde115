"""Every code of the content: its check digit, its display, and that the evidence page confirms it."""

from __future__ import annotations

import functools
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[1]
CONFIRMED: Mapping[str, Any] = yaml.safe_load((ROOT / "tests" / "agreement" / "codes.yaml").read_text(encoding="utf-8"))
LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # the same, many times faster
SYSTEMS = ("loinc", "snomed", "rxnorm")

# Verhoeff 1969: the multiplication of the dihedral group of order ten, and the permutation of its digits by position.
D5 = (
    "0123456789", "1234067895", "2340178956", "3401289567", "4012395678",
    "5987604321", "6598710432", "7659821043", "8765932104", "9876543210",
)  # fmt: skip
PERMUTATION = "1576283094"


def codes(node: object, at: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Every mapping with a system and a code below a node of YAML, with its place."""
    if isinstance(node, dict):
        if "system" in node and "code" in node:
            yield at, node
        for key, value in node.items():
            yield from codes(value, f"{at}.{key}")
    elif isinstance(node, list):
        for i, value in enumerate(node):
            yield from codes(value, f"{at}[{i}]")


def scalars(node: object, at: str) -> Iterator[tuple[str, str, str]]:
    """Every text or number below a node of YAML: its place, key and itself. Codes with a system are passed over."""
    if isinstance(node, dict):
        if not ("system" in node and "code" in node):
            for key, value in node.items():
                yield from scalars(value, f"{at}.{key}")
    elif isinstance(node, list):
        for i, value in enumerate(node):
            yield from scalars(value, f"{at}[{i}]")
    else:
        yield at, at.rpartition(".")[2], str(node)


@functools.cache
def content() -> Mapping[str, Any]:
    """The content files by their place, as plain data."""
    return {
        str(path.relative_to(ROOT / "content")): yaml.load(path.read_text(encoding="utf-8"), LOADER)
        for path in sorted((ROOT / "content").rglob("*.yaml"))
    }


@functools.cache
def all_codes() -> list[tuple[str, Mapping[str, Any]]]:
    return [found for name, node in content().items() for found in codes(node, name)]


def orders() -> Iterator[tuple[str, str, Mapping[str, Any] | None]]:
    """Each order of each action: its action, its words and its code."""
    for action, given in content()["catalogue/actions.yaml"]["actions"].items():
        for order in given.get("orders") or []:
            yield action, order["text"], order["code"]


def loinc_is_valid(code: str) -> bool:
    """The mod-10 check of LOINC: each second digit doubled from the right, all digits added up to a multiple of ten."""
    if not re.fullmatch(r"[1-9]\d*-\d", code):
        return False
    body, check = code.split("-")
    doubled = "".join(str(int(d) * (2 if i % 2 == 0 else 1)) for i, d in enumerate(reversed(body)))
    return (sum(map(int, doubled)) + int(check)) % 10 == 0


def snomed_is_valid(code: str) -> bool:
    """Verhoeff's check, and the two digits before it that say that the number is a concept."""
    if not re.fullmatch(r"[1-9]\d{5,17}", code) or code[-3:-1] not in ("00", "10"):
        return False
    check = 0
    for i, digit in enumerate(reversed(code)):
        place = int(digit)
        for _ in range(i % 8):
            place = int(PERMUTATION[place])
        check = int(D5[check][place])
    return check == 0


VALID = {
    "loinc": loinc_is_valid,
    "snomed": snomed_is_valid,
    "rxnorm": lambda code: bool(re.fullmatch(r"[1-9]\d*", code)),
}


def test_the_content_has_codes():
    assert len(all_codes()) > 50


def test_a_code_is_never_written_without_its_system_where_no_check_would_find_it():
    found = [
        (at, text)
        for name, node in content().items()
        for at, key, text in scalars(node, name)
        if (key in SYSTEMS or (key == "code" and text != "None") or loinc_is_valid(text))
        and not text.startswith("http")  # the name of a system, not a code of it
    ]

    assert not found


def test_every_code_passes_the_check_of_its_system():
    wrong = [(at, c) for at, c in all_codes() if c["system"] not in SYSTEMS or not VALID[c["system"]](c["code"])]

    assert not wrong


def test_every_code_has_a_display_and_the_same_one_everywhere():
    displays = defaultdict(set)
    for at, code in all_codes():
        assert code.get("display"), at
        displays[code["system"], code["code"]].add(code["display"])

    assert not {code: found for code, found in displays.items() if len(found) > 1}


def test_only_codes_that_the_evidence_confirms_are_used_each_with_its_status():
    for at, code in all_codes():
        confirmed = CONFIRMED[code["system"]].get(code["code"])
        assert confirmed, f"{at}: {code['system']} {code['code']} is not on the evidence page"
        assert code["status"] == confirmed["status"], at


def test_every_display_names_what_the_evidence_says_that_the_code_means():
    for at, code in all_codes():
        means = CONFIRMED[code["system"]][code["code"]]["means"].lower().split()
        assert set(means) & set(re.split(r"[ ,()]+", code["display"].lower())), f"{at}: {code['display']} is no {means}"


@pytest.mark.parametrize("words", CONFIRMED["unconfirmed"])
def test_an_order_whose_code_nobody_confirmed_has_none(words):
    coded = [
        (a, text, code) for a, text, code in orders() if code and re.search(rf"\b(?:{words})", text, re.IGNORECASE)
    ]

    assert not coded


def test_no_refused_code_is_used():
    assert not {c["code"] for _, c in all_codes()} & set(CONFIRMED["refused"])


@pytest.mark.parametrize("system", SYSTEMS)
def test_the_list_of_the_evidence_page_passes_its_own_checks(system):
    wrong = [code for code in CONFIRMED[system] if not VALID[system](code)]

    assert not wrong
    assert {entry["status"] for entry in CONFIRMED[system].values()} <= {"H", "L"}
    assert not set(CONFIRMED[system]) & set(CONFIRMED["refused"])


@pytest.mark.parametrize("code", CONFIRMED["refused"][:5])
def test_a_code_that_was_made_up_fails_the_check_digit(code):
    assert not loinc_is_valid(code)


@pytest.mark.parametrize(
    ("code", "valid"), [("66857006", True), ("66857007", False), ("66875006", False), ("6685706", False)]
)
def test_a_mistyped_concept_fails_the_check_of_verhoeff(code, valid):
    assert snomed_is_valid(code) is valid
