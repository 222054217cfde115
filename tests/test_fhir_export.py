"""The export of a dossier as FHIR definitions, the two commands, and the page that explains them."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import fhirkit
import pytest

from clinical_commander.cli.main import main
from clinical_commander.dossier.pack import pack
from clinical_commander.fhir.dossier_bundle import dossier_bundle
from clinical_commander.fhir.proposals import FORBIDDING
from clinical_commander.fhir.steps import all_steps
from clinical_commander.fhir.validate import judge
from clinical_commander.fhir.versions import computable_name
from clinical_commander.frozen import replace
from clinical_commander.render.words import Words
from tests.fhir_corpus import dossier, exported, of_kind
from tests.fhir_second_opinion import invariant_table, table
from tests.fixtures import DOSSIER, EXAMPLES, REPOSITORY

Json = dict[str, Any]
PAGE = (REPOSITORY / "docs" / "fhir-export.md").read_text(encoding="utf-8")
CONSOLE = re.findall(r"```console\n\$ commander (.*?)\n(.*?)```", PAGE, re.DOTALL)


def plan() -> Json:
    (found,) = of_kind(exported(), "PlanDefinition")
    return found


def actions(under: Json) -> Iterator[Json]:
    for action in under.get("action", ()):
        yield action
        yield from actions(action)


def activities() -> dict[str, Json]:
    return {
        a["url"].removeprefix("urn:clinical-commander:action:"): a for a in of_kind(exported(), "ActivityDefinition")
    }


# --- the definitions


def test_every_definition_is_named_with_the_hash_of_the_content() -> None:
    found = [e["resource"] for e in exported()["entry"]]

    assert len(dossier().content_hash) == 64
    assert {r["version"] for r in found} == {dossier().content_hash}
    assert {r["status"] for r in found} == {"draft"}
    assert all(r["experimental"] for r in found)
    assert len({r["url"] for r in found}) == len(found)


def test_changed_content_is_another_version_at_the_same_address() -> None:
    other = dossier_bundle(replace(dossier(), content_hash="0" * 64), Words(dossier()).clause)

    for one, two in zip(exported()["entry"], other["entry"], strict=True):
        assert one["resource"]["url"] == two["resource"]["url"]
        assert one["resource"]["version"] != two["resource"]["version"]
        assert one["fullUrl"] != two["fullUrl"]


def test_every_definition_that_is_named_is_in_the_bundle() -> None:
    known = {f"{e['resource']['url']}|{e['resource']['version']}" for e in exported()["entry"]}
    named = set(re.findall(r'"(urn:clinical-commander:[^"]*\|[0-9a-f]{64})"', json.dumps(exported())))

    assert named
    assert sorted(named - known) == []


def test_every_trigger_is_an_action_with_its_rule_in_words_and_as_text() -> None:
    by_id = {a["code"][0]["coding"][0]["code"]: a for a in plan()["action"][0]["action"]}

    assert list(by_id) == list(dossier().triggers)
    for name, trigger in dossier().triggers.items():
        (condition,) = by_id[name]["condition"]
        assert condition["kind"] == "applicability"
        assert condition["expression"]["expression"] == trigger.when.text
        assert condition["expression"]["description"] == Words(dossier()).clause(trigger.when)


def test_the_language_of_a_rule_is_never_called_fhirpath_or_cql() -> None:
    languages = set(re.findall(r'"language": "([^"]*)"', json.dumps(exported())))

    assert languages == {"text/x.clinical-commander-rule"}


def test_every_step_with_an_action_has_its_definition_priority_and_conditions() -> None:
    steps = [s for s in all_steps(dossier()) if s.action]
    found = [a for a in actions(plan()) if "definitionCanonical" in a and "priority" in a]

    assert len(found) == len(steps)
    for step in steps[:40]:
        conditions = [c.text for c in (*step.guards, *((step.when,) if step.when else ()))]
        same = [a for a in found if a["definitionCanonical"].split("|")[0].endswith(f":{step.action}")]
        assert any(
            [c["expression"]["expression"] for c in a.get("condition", ())][: len(conditions)] == conditions
            for a in same
        )


def test_what_holds_a_step_back_says_what_an_unknown_answer_means() -> None:
    told = [c["expression"]["description"] for a in actions(plan()) for c in a.get("condition", ())]
    said = [text for text in told if text.startswith("Not while")]

    assert len(said) >= len([s for s in all_steps(dossier()) if s.unless])
    assert all(re.search(r"while that is not known: (proceed and ask|ask first|hold)$", s) for s in said)


def test_options_that_exclude_each_other_are_a_group_of_which_at_most_one_is_chosen() -> None:
    groups = [a for a in actions(plan()) if a.get("selectionBehavior") == "at-most-one"]

    assert len(groups) == len([s for s in all_steps(dossier()) if s.choose])


def test_every_action_is_an_activity_that_is_proposed_and_forbids_where_the_action_does() -> None:
    found = activities()

    assert list(found) == list(dossier().actions)
    for name, action in dossier().actions.items():
        assert found[name]["intent"] == "proposal"
        assert found[name].get("doNotPerform", False) == (action.verb in FORBIDDING)


def test_an_order_has_the_code_of_the_content_or_none() -> None:
    for name, action in dossier().actions.items():
        told = [e["extension"][0]["valueCodeableConcept"] for e in activities()[name].get("extension", ())]
        assert [t["text"] for t in told] == [o.text for o in action.orders]
        for concept, order in zip(told, action.orders, strict=True):
            codes = [c["code"] for c in concept.get("coding", ())]
            assert codes == ([order.code["code"]] if order.code else [])


def test_every_source_has_its_review_state() -> None:
    (library,) = of_kind(exported(), "Library")

    assert [a["label"] for a in library["relatedArtifact"]] == list(dossier().citations)
    for artifact in library["relatedArtifact"]:
        state = artifact["extension"][0]["valueCode"]
        assert state == dossier().citations[artifact["label"]].review
        assert artifact["display"].endswith(f"(review {state})")


def test_the_pack_can_be_attached_and_is_the_one_of_the_hash() -> None:
    data = pack(dossier(), dossier().channel)

    bundle = dossier_bundle(dossier(), Words(dossier()).clause, data)

    (library,) = of_kind(bundle, "Library")
    attached = base64.b64decode(library["content"][0]["data"])
    assert hashlib.sha256(attached).hexdigest() == dossier().content_hash == library["version"]
    assert judge(library).valid
    assert fhirkit.validate(library) == []


@pytest.mark.parametrize(
    ("id", "name"),
    [("symptom.hemoptysis.v1", "SymptomHemoptysisV1"), ("panel.gas_lactate", "PanelGasLactate"), ("1.a", "N1A")],
)
def test_an_id_becomes_a_name_that_a_program_can_use(id: str, name: str) -> None:
    assert computable_name(id) == name


# --- the commands


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("CLINICAL_COMMANDER_CACHE", str(tmp_path_factory.getbasetemp() / "fhir-cache"))

    def _run(*arguments: object) -> tuple[int, str, str]:
        status = main([str(a) for a in arguments])
        out, err = capsys.readouterr()
        assert "Traceback" not in err
        return status, out, err

    return _run


def test_an_export_is_written_and_counted(run, tmp_path: Path) -> None:
    file = tmp_path / "out.json"

    status, out, err = run("export", DOSSIER.name, "--as", "fhir", "-o", file)

    assert (status, err) == (0, "")
    assert "1 PlanDefinition, 1 Library, 1 Questionnaire" in out
    assert "unreviewed content, for evaluation" in out
    assert json.loads(file.read_text(encoding="utf-8"))["resourceType"] == "Bundle"


def test_an_export_to_standard_output_is_the_same_bundle(run, tmp_path: Path) -> None:
    file = tmp_path / "out.json"
    run("export", DOSSIER.name, "--as", "fhir", "-o", file)

    _, out, _ = run("export", DOSSIER.name, "--as", "fhir")

    assert json.loads(out) == json.loads(file.read_text(encoding="utf-8"))


def test_an_export_as_json_tells_a_program_what_was_written(run, tmp_path: Path) -> None:
    _, out, _ = run("export", DOSSIER.name, "--as", "fhir", "-o", tmp_path / "out.json", "--json")

    told = json.loads(out)
    assert (told["schema"], told["hash"]) == ("exported/1", dossier().content_hash)
    assert told["resources"]["Questionnaire"] == 1


def test_nothing_is_written_where_the_gate_finds_a_fault(run, tmp_path: Path) -> None:
    # A bell in a text: JSON can hold it, FHIR cannot.
    spoilt = tmp_path / "pack.json"
    spoilt.write_bytes(pack(replace(dossier(), summary="Triage\u0007 of hemoptysis"), dossier().channel))
    file = tmp_path / "out.json"

    status, out, err = run("export", spoilt, "--as", "fhir", "-o", file)

    assert (status, out, file.exists()) == (1, "", False)
    assert "CC480 PlanDefinition.description breaks type" in err.replace("Bundle.entry[0].resource", "PlanDefinition")


def test_an_assessment_is_printed_as_a_bundle_of_proposals(run) -> None:
    status, out, err = run("assess", EXAMPLES / "tb-04.yaml", "--as", "fhir", "--patient", "Patient/123")

    bundle = json.loads(out)
    assert (status, err) == (0, "")
    assert judge(bundle).valid
    assert of_kind(bundle, "Patient") == []
    assert of_kind(bundle, "GuidanceResponse")[0]["subject"]["reference"] == "Patient/123"


@pytest.mark.parametrize("patient", ["Ann Smith", "Patients/1", "Encounter/1", "Patient/a b", "../Patient/1"])
def test_a_patient_who_is_no_reference_is_refused_and_not_repeated(run, patient: str) -> None:
    status, out, err = run("assess", EXAMPLES / "tb-04.yaml", "--as", "fhir", "--patient", patient)

    assert (status, out) == (2, "")
    assert "CC664" in err
    assert patient not in err


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (f"export {DOSSIER.name}", "--as"),
        (f"export {DOSSIER.name} --as cql", "invalid choice"),
        ("export no.such.v1 --as fhir", "CC417"),
        (f"export {DOSSIER.name} --as fhir -o /no/such/folder/x.json", "No such file or directory"),
    ],
)
def test_a_mistake_is_told_in_a_sentence(run, arguments: str, says: str) -> None:
    status, out, err = run(*shlex.split(arguments))

    assert (status, out) == (2, "")
    assert says in err


def test_an_assessment_as_text_loads_nothing_of_fhir() -> None:
    code = (
        "import sys; from clinical_commander.cli.main import main; main(['assess', sys.argv[1]]);"
        "print([m for m in sys.modules if m.startswith('clinical_commander.fhir')], file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(EXAMPLES / "tb-04.yaml")], capture_output=True, text=True, check=True
    )

    # What reads records as FHIR may be asked whether a case is one; what writes FHIR is not.
    assert "validate" not in done.stderr
    assert "assessment_bundle" not in done.stderr


# --- the page


def test_the_page_has_console_examples() -> None:
    assert len(CONSOLE) >= 2


@pytest.mark.parametrize(("arguments", "shown"), CONSOLE, ids=[c[0] for c in CONSOLE])
def test_a_console_example_of_the_page_prints_what_it_shows(run, arguments: str, shown: str) -> None:
    status, out, _ = run(*shlex.split(arguments))

    assert status == 0
    # `...` stands for any lines, `…` for anything in one.
    pattern = re.escape(shown).replace(re.escape("...\n"), "(?:.*\n)*?").replace("…", ".*")
    assert re.fullmatch(pattern, out), out[:2000]


def test_the_page_has_the_table_of_what_each_validator_catches() -> None:
    rows = table()

    # Our column counts every defect, and no validator raises a false alarm here.
    assert [row for row in rows if row not in PAGE] == []
    planted = re.search(r"\*\*(\d+) of (\d+)\*\*", rows[-2])
    assert planted
    assert planted.group(1) == planted.group(2)


def test_the_page_lists_every_invariant_with_its_reason() -> None:
    assert [row for row in invariant_table() if row not in PAGE] == []
