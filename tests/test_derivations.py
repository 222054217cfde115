"""catalogue/derivations.yaml in: every fault with its place; every code checked; nothing said without a record."""

from __future__ import annotations

import pytest

from clinical_commander.dossier.check_digits import is_loinc, is_snomed
from clinical_commander.dossier.derivations import read_derivations
from clinical_commander.dossier.pack import build, load_pack
from clinical_commander.dossier.resolve import Resolver
from clinical_commander.dossier.source import read_yaml
from clinical_commander.errors import Problem
from tests.fixtures import DOSSIER, REPOSITORY, engine

CATALOGUE = REPOSITORY / "content" / "catalogue" / "derivations.yaml"
DERIVATIONS = engine().dossier.derivations


# The invented ones were found in public repositories, or came from memory.
@pytest.mark.parametrize("code", ["718-7", "59408-5", "2160-0", "82810-3", "777-3", "8480-6", "24321-2", "38379-4"])
def test_a_published_loinc_code_passes_its_check_digit(code: str) -> None:
    assert is_loinc(code)


@pytest.mark.parametrize("code", ["33582-0", "33449-2", "40663-6", "10526-8", "3150-6", "718-8", "71-87", "", "718-7 "])
def test_an_invented_loinc_code_does_not(code: str) -> None:
    assert not is_loinc(code)


@pytest.mark.parametrize("code", ["66857006", "59282003", "128053003", "10828004", "260385009", "428041000124106"])
def test_a_published_snomed_code_passes_its_check_digit(code: str) -> None:
    assert is_snomed(code)


@pytest.mark.parametrize("code", ["66857007", "66857060", "59282030", "0", "66857006x", "12345"])
def test_a_mistyped_snomed_code_does_not(code: str) -> None:
    assert not is_snomed(code)


def test_every_loinc_and_snomed_code_of_the_catalogue_passes() -> None:
    codes = [code.split(" ", 1) for code in DERIVATIONS.codes]

    assert [c for s, c in codes if s == "loinc" and not is_loinc(c)] == []
    assert [c for s, c in codes if s == "snomed" and not is_snomed(c)] == []
    assert set(DERIVATIONS.status.values()) == {"H", "L"}


def test_no_way_says_anything_by_the_absence_of_a_record() -> None:
    """`false`, `none` and `never` come from a coded value alone; the rest are made true or given by what is there."""
    for fact, ways in DERIVATIONS.ways.items():
        for way in ways:
            if way.how == "member":
                assert "none" not in way.values, fact
            assert way.codes or way.values or way.series or way.of in ("birth", "person"), fact


def test_what_lets_a_refuted_record_say_no_has_its_reason() -> None:
    refuted = {fact: way.source.why for fact, ways in DERIVATIONS.ways.items() for way in ways if way.refuted}

    assert set(refuted) == {"hht", "lung_cancer_known"}
    assert all(refuted.values())


def test_the_derivations_are_part_of_the_pack_and_its_hash() -> None:
    dossier, data = build(DOSSIER)

    assert load_pack(data).derivations == dossier.derivations
    assert b"http://loinc.org" in data


# --- faults


def broken(old: str, new: str) -> list[Problem]:
    """The problems of derivations.yaml with one text replaced."""
    text = CATALOGUE.read_text()
    assert text.count(old) >= 1
    dossier, resolver = engine().dossier, Resolver()
    resolver.citation_ids = ("codes_evidence", "expert")
    node = read_yaml(text.replace(old, new, 1), "catalogue/derivations.yaml")
    read_derivations(node, dossier.facts, dossier.freshness, resolver)
    return [*resolver.problems, *resolver.lints]


def test_the_derivations_as_they_stand_have_no_fault() -> None:
    assert broken("systems:", "systems:") == []


@pytest.mark.parametrize(
    ("old", "new", "code", "says"),
    [
        ('"718-7": {says: hemoglobin', '"718-8": {says: hemoglobin', "CC470", "loinc 718-8"),
        ('"66857006": {says', '"66857007": {says', "CC470", "snomed 66857007"),
        ("  wbc: [{how", "  wbcs: [{how", "CC410", "wbcs"),
        ("codes: [loinc 2345-7]", "codes: [loinc 2339-0]", "CC410", "loinc 2339-0"),
        ("  episode: 90 d", "  episodes: 90 d", "CC410", "episodes"),
        ("class EMER: ed", "class EMER: er", "CC406", "er"),
        ("rr: [{how: latest", "rr: [{how: lastest", "CC406", "lastest"),
        ("rr: [{how: latest, of: measurement", "rr: [{how: member, of: condition", "CC471", "member"),
        ("from: hemoglobin, direction", "from: platelets, direction", "CC471", "platelets"),
        ("direction: fall, within: 7 d", "within: 7 d", "CC471", "direction"),
        ("direction: fall, within: 7 d", "direction: fall", "CC471", "within"),
        ("direction: fall, within: 7 d, end", "direction: rise, within: 7 d, end", "CC471", "only a fall is a bound"),
        ("within: 7 d, end: at_least", "within: 7 d, end: at_most", "CC471", "only a fall is a bound"),
        ("levels: {1: [single, dual], 2: [dual]}", "levels: {1: [single, triple]}", "CC471", "triple"),
        ('values: {never: [snomed 266919005]', 'values: {nevr: [snomed 266919005]', "CC471", "nevr"),
        ("status: H}", "status: R}", "CC406", "R"),
    ],
)  # fmt: skip
def test_a_fault_of_the_derivations_is_told_with_its_place(old: str, new: str, code: str, says: str) -> None:
    found = broken(old, new)

    assert code in {p.code for p in found}
    assert any(says in p.cause for p in found if p.code == code)
    assert all(p.at is not None and p.at.line for p in found)


def test_a_code_that_nothing_uses_is_told() -> None:
    found = broken('    "9279-1": {says', '    "2339-0": {says: glucose in blood, status: H}\n    "9279-1": {says')

    assert [(p.code, p.level) for p in found] == [("CC472", "warning")]
