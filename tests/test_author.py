"""What the author's view is made of: files that are watched, answers that are compared, what the command refuses."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from clinical_commander.cli.main import main
from clinical_commander.engine.vignette import failures, vignette_case
from clinical_commander.errors import Mark, Problem
from clinical_commander.service.answers import Change, answer, changes
from clinical_commander.service.cases import FileCase, example_files, file_cases
from clinical_commander.service.excerpt import excerpts
from clinical_commander.service.watch import changed, look
from tests.fixtures import EXAMPLES, NORMAL, REPOSITORY, assess, engine, patient, vignettes


def in_place(path: Path) -> None:
    path.write_text("second, longer", encoding="utf-8")


def replaced(path: Path) -> None:
    new = path.with_suffix(".swp")
    new.write_text("first", encoding="utf-8")
    os.utime(new, ns=(path.stat().st_mtime_ns, path.stat().st_mtime_ns))
    os.replace(new, path)


def gone(path: Path) -> None:
    path.unlink()


@pytest.mark.parametrize("save", [in_place, replaced, gone])
def test_a_save_is_seen_however_an_editor_saves(tmp_path: Path, save: Callable[[Path], None]) -> None:
    file, other = tmp_path / "a.yaml", tmp_path / "b.yaml"
    for path in (file, other):
        path.write_text("first", encoding="utf-8")
    before = look([file, other])

    save(file)

    assert changed(before, look([file, other])) == (file,)


def test_a_new_file_is_seen_and_what_is_not_touched_is_not(tmp_path: Path) -> None:
    file = tmp_path / "a.yaml"
    before = look([file])
    assert changed(before, look([file])) == ()

    file.write_text("new", encoding="utf-8")

    assert changed(before, look([file])) == (file,)


def test_a_fault_stands_in_the_lines_around_it(tmp_path: Path) -> None:
    text = [f"line {number}: value" for number in range(1, 11)]
    (tmp_path / "rules.yaml").write_text("\n".join(text), encoding="utf-8")
    problem = Problem("CC201", "no input named `x`.", "", Mark("rules.yaml", 5, 9, text[4], 5))

    (found,) = excerpts([problem], tmp_path, tmp_path)

    assert [line.number for line in found.lines] == [2, 3, 4, 5, 6, 7, 8]
    (faulty,) = [line for line in found.lines if line.faulty]
    assert (faulty.before, faulty.fault, faulty.after) == ("line 5: ", "value", "")


def test_a_fault_in_a_file_that_has_gone_is_told_without_lines(tmp_path: Path) -> None:
    problem = Problem("CC201", "no input named `x`.", "", Mark("rules.yaml", 5, 9, "x", 1))

    (found,) = excerpts([problem], tmp_path, tmp_path)

    assert found.lines == ()


def test_the_same_patient_is_answered_the_same_and_a_worse_one_otherwise() -> None:
    calm, again = (answer(assess(patient("ed", NORMAL, estimated_volume_24h="10 mL"))) for _ in range(2))
    worse = answer(assess(patient("ed", NORMAL, estimated_volume_24h="400 mL")))

    found = changes(calm, worse)

    assert changes(calm, again) == ()
    assert found[0] == Change("tier", "", ("mild",), ("massive",))
    assert any(c.kind == "action" and c.before == () for c in found)


@pytest.mark.parametrize("fact", engine().dossier.tier.must_know)
def test_a_deciding_fact_that_is_taken_away_shows_as_a_tier_that_is_open_again(fact: str) -> None:
    known = {**NORMAL, "estimated_volume_24h": "10 mL"}
    whole = answer(assess(patient("ed", known)))
    without = answer(assess(patient("ed", {name: value for name, value in known.items() if name != fact})))

    (tier,) = [c for c in changes(whole, without) if c.kind == "tier"]

    assert tier.before == ("mild",)
    assert "massive" in tier.after


def test_the_examples_are_all_cases_and_the_file_of_expectations_is_none() -> None:
    found = [case.name for case in file_cases((), example_files(REPOSITORY / "content"))]

    assert sorted(found) == sorted(p.stem for p in EXAMPLES.glob("*.yaml") if p.stem != "expectations")


def test_a_case_that_cannot_be_read_is_told_and_does_not_stop_the_others() -> None:
    case = FileCase("given", "mine", "mine.yaml", b"setting: ed\nfacts: {no_such_fact: 1}\n")

    found = case.answered(engine())

    assert "CC606" in found.refused
    assert found.answer == {}


def test_a_vignette_that_expects_another_tier_fails_and_the_one_as_written_does_not() -> None:
    vignette = next(v for v in vignettes()[0] if v.expect.get("tier") == "mild")
    case, capabilities = vignette_case(vignette, engine().dossier)
    result = engine().assess(case, capabilities)
    other = type(vignette)(vignette.name, vignette.given, {"tier": "massive"})

    assert list(failures(result, vignette, engine().dossier)) == []
    assert list(failures(result, other, engine().dossier)) == ["tier: expected massive, got mild"]


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["--watch", "content/dossiers/symptom.hemoptysis.v1", "--dossier", "other"], "CC821"),
        (["--case", "examples/cases/tb-04.yaml"], "CC822"),
        (["--watch", "no/such/folder"], "CC417"),
    ],
)
def test_a_command_that_cannot_be_meant_is_refused_in_a_sentence(
    arguments: list[str], code: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["serve", "--port", "0", *arguments]) != 0

    said = capsys.readouterr().err
    assert code in said
    assert "Traceback" not in said
