"""docs/fhir.md says what is read: its tables are those of the content and of the code."""

from __future__ import annotations

import re

import pytest

from clinical_commander.cli.main import main
from clinical_commander.dossier.model_derive import Way
from clinical_commander.fhir import case as fhir_case
from clinical_commander.fhir.r5 import ELEMENTS, TYPES
from tests.fixtures import REPOSITORY, engine

PAGE = (REPOSITORY / "docs" / "fhir.md").read_text()
DOSSIER = engine().dossier
RESOURCES = {
    "measurement": "Observation", "condition": "Condition", "procedure": "Procedure", "report": "DiagnosticReport",
    "administration": "MedicationAdministration", "medication": "MedicationRequest, MedicationStatement",
    "family": "FamilyMemberHistory", "near_family": "FamilyMemberHistory", "birth": "Patient.birthDate",
    "person": "Patient.gender",
}  # fmt: skip


def fact_table() -> str:
    """The table of facts: from which resource, by which codes, how."""
    rows = ["| fact | from | codes | how |", "|---|---|---|---|"]
    for fact, ways in DOSSIER.derivations.ways.items():
        for way in ways:
            source = f"the values of `{way.series}`" if way.series else RESOURCES[way.of]
            rows.append(f"| `{fact}` | {source} | {_codes(way)} | {_how(way)} |")
    return "\n".join(rows)


def _codes(way: Way) -> str:
    codes = dict.fromkeys([*way.codes, *([] if way.codes else [c for given in way.values.values() for c in given])])
    shown = [f"{code} ({DOSSIER.derivations.status[code]})" for code in codes]
    return ", ".join(shown)


def _how(way: Way) -> str:
    parts = [way.how]
    if way.direction:
        parts.append(way.direction)
    if way.current:
        parts.append("present now")
    if way.after is not None:
        parts.append(f"older than {way.after:g} h")
    if way.within is not None:
        parts.append(f"within {way.within:g} h")
    if way.end:
        parts.append(way.end.replace("_", " "))
    if way.refuted:
        parts.append("refuted says no")
    return ", ".join(parts)


def test_the_example_on_the_page_prints_what_it_says(capsys: pytest.CaptureFixture[str]) -> None:
    ((command, block),) = re.findall(r"```console\n\$ commander (.*?)\n(.*?)```", PAGE, re.DOTALL)
    verb, file = command.split()

    assert main([verb, str(REPOSITORY / file)]) == 0

    printed = iter(capsys.readouterr().out.splitlines())
    assert [line for line in block.splitlines() if line != "..." and line not in printed] == []


def test_the_table_of_facts_is_that_of_the_content() -> None:
    assert fact_table() in PAGE


def test_the_table_of_resources_names_every_type_that_is_read() -> None:
    table = PAGE.partition("## What is read of each resource")[2].partition("##")[0]
    named = set(re.findall(r"^\| ([A-Z][A-Za-z]+) ", table, re.MULTILINE))

    assert named == {*fhir_case.READERS, *fhir_case.OTHER_READERS, *fhir_case.SUPPORTING}


def test_every_reason_for_not_using_a_record_stands_on_the_page() -> None:
    sources = [*(REPOSITORY / "src/clinical_commander/derive").glob("*.py"),
               *(REPOSITORY / "src/clinical_commander/fhir").glob("*.py")]  # fmt: skip
    used = {
        code
        for path in sources
        if path.parent.name == "derive" or path.name.startswith(("read_", "case", "bundle", "elements", "r5"))
        for code in re.findall(r"CC6[0-9]{2}", path.read_text())
    }

    assert used - set(re.findall(r"CC6[0-9]{2}", PAGE)) == set()


def test_the_settings_on_the_page_are_those_of_the_content() -> None:
    for code, setting in DOSSIER.derivations.settings.items():
        assert f"| `{code.split(' ')[1]}` | {setting} |" in PAGE


def test_the_look_back_on_the_page_is_that_of_the_content() -> None:
    for name, hours in DOSSIER.derivations.look_back.items():
        assert f"| {name} | {hours / 24:g} d |" in PAGE


def test_no_r4_type_that_is_read_is_taken_for_r5() -> None:
    assert TYPES.isdisjoint(fhir_case.READERS)
    assert set(ELEMENTS) <= {*fhir_case.READERS, *fhir_case.OTHER_READERS}
