"""The clinical lint: each planted fault is found at its place, and sound content is left alone."""

from __future__ import annotations

import doctest
import shutil
from pathlib import Path

import pytest

from clinical_commander.dossier import citations
from clinical_commander.dossier.check import check_dossier
from clinical_commander.dossier.citations import years_of
from clinical_commander.dossier.complete import Patient, Value, calm
from clinical_commander.dossier.load import load_dossier
from clinical_commander.dossier.model import Dossier
from clinical_commander.dossier.reach import can_hold
from clinical_commander.dossier.reader import plain_data
from clinical_commander.dossier.source import read_yaml
from clinical_commander.errors import ReferenceProblem
from clinical_commander.logic.check import Context, Entry, Scope, check_boolean
from clinical_commander.quantity import unit

ONE = unit("1")
DOSSIERS = Path(__file__).parent / "dossiers"
MINI = DOSSIERS / "good" / "mini"
FAULTS = sorted(path.parent for path in (DOSSIERS / "bad").glob("*/expected.txt"))


def planted(kind: str) -> list[dict[str, str]]:
    """The faults of faults.yaml for one step."""
    faults = plain_data(read_yaml(DOSSIERS / "faults.yaml"))
    assert isinstance(faults, dict)
    found: list[dict[str, str]] = faults[kind]
    return found


@pytest.fixture(scope="module")
def mini() -> Dossier:
    return load_dossier(MINI)


@pytest.mark.parametrize("folder", FAULTS, ids=lambda folder: folder.name)
def test_a_planted_fault_is_told_with_its_place_and_a_mend(folder: Path) -> None:
    found = check_dossier(folder)

    assert "\n".join(problem.render() for problem in found) + "\n" == (folder / "expected.txt").read_text()
    assert len(found) == 1
    assert found[0].at is not None
    assert found[0].at.line
    assert found[0].mend


def test_the_ten_faults_that_check_promises_to_find_are_all_planted() -> None:
    assert {folder.name for folder in FAULTS} >= {
        "unknown_fact",
        "letter_in_a_number",
        "number_against_code",
        "outside_the_range",
        "duplicate_key",
        "bare_no",
        "uncited_figure",
        "unreachable_phase",
        "tier_gap",
        "impossible_pmid",
    }


def test_sound_content_has_no_error() -> None:
    found = check_dossier(MINI)

    assert [(p.code, p.level) for p in found] == [("CC436", "warning"), ("CC436", "warning")]


def test_a_dossier_that_is_not_installed_is_named_with_its_neighbour() -> None:
    with pytest.raises(ReferenceProblem, match=r"CC417 no dossier `symptom.hemoptysis.v2` is installed"):
        check_dossier("symptom.hemoptysis.v2")


# --- one fault at a time


def found_after(tmp_path: Path, file: str, old: str, new: str) -> list[str]:
    for name in ("catalogue", "tools", "good/mini"):
        shutil.copytree(DOSSIERS / name, tmp_path / name)
    path = (tmp_path if file.startswith(("catalogue", "tools")) else tmp_path / "good" / "mini") / file
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))
    return [str(p) for p in check_dossier(tmp_path / "good" / "mini") if p.code != "CC436"]


@pytest.mark.parametrize("fault", planted("check"), ids=lambda fault: str(fault["said"])[:60])
def test_a_fault_is_found(tmp_path: Path, fault: dict[str, str]) -> None:
    found = found_after(tmp_path, fault["file"], fault["old"], fault["new"])

    assert [problem for problem in found if fault["said"] in problem], found


# --- PubMed numbers


@pytest.mark.parametrize(
    ("pmid", "year"),
    [
        # Papers whose record was opened, with the year of their issue.
        (8995086, 1997), (10744147, 2000), (11713139, 2001), (15304025, 2004), (17332480, 2007), (20647199, 2010),
        (20711032, 2010), (24808437, 2014), (27516382, 2016), (27806184, 2016), (27932390, 2017), (28703105, 2017),
        (30321510, 2018), (31164971, 2019), (31374211, 2020), (32869501, 2020), (32894695, 2020), (33687470, 2021),
        (34235894, 2021), (36410494, 2022), (38632829, 2024), (38695633, 2024), (39751689, 2025), (40693952, 2025),
        (3425580, 1987), (3994194, 1985), (8445918, 1993),
    ],
)  # fmt: skip
def test_a_number_fits_the_year_of_its_paper(pmid: int, year: int) -> None:
    first, last = years_of(pmid)

    assert (first or 0) <= year <= last


@pytest.mark.parametrize(("pmid", "year"), [(28703105, 2010), (31164971, 2007), (3425580, 2015), (39751689, 2021)])
def test_a_number_does_not_fit_a_year_far_from_it(pmid: int, year: int) -> None:
    first, last = years_of(pmid)

    assert not (first or 0) <= year <= last


def test_the_examples_in_the_documentation_are_true() -> None:
    assert doctest.testmod(citations).failed == 0


# --- can it ever hold

SCOPE_NAMES = {
    "spo2": Entry("fact", "number", range=(50, 100)),
    "hr": Entry("fact", "number", range=(25, 220)),
    "sbp": Entry("fact", "number", range=(50, 260)),
    "prior_tb": Entry("fact", "boolean"),
    "blood_source": Entry("fact", "code", codes=("lower_airway", "upper_gi", "upper_airway", "uncertain")),
    "tier": Entry("answer", "code", codes=("mild", "submassive", "massive"), ordered=True),
    "massive": Entry("rule", "boolean"),
}


@pytest.mark.parametrize(
    ("text", "possible"),
    [
        ("spo2 < 90 AND spo2 > 80", True),
        ("spo2 < 90 AND spo2 >= 90", False),
        ("spo2 <= 90 AND spo2 >= 90", True),
        ("spo2 < 90 AND spo2 = 90", False),
        ("spo2 <> 90 AND spo2 = 90", False),
        ("spo2 > 100", False),
        ("spo2 >= 100", True),
        ("90 > spo2 AND spo2 BETWEEN 91 AND 95", False),
        ("prior_tb AND NOT prior_tb", False),
        ("prior_tb IS TRUE AND NOT prior_tb", False),
        ("blood_source = 'upper_gi' AND blood_source <> 'upper_gi'", False),
        ("blood_source IN ('upper_gi', 'uncertain') AND NOT (blood_source = 'uncertain')", True),
        ("tier = 'massive' AND tier = 'mild'", False),
        ("tier > 'mild' AND tier < 'massive'", True),
        ("tier > 'massive'", False),
        ("massive AND spo2 > 95 AND (spo2 < 90 OR prior_tb)", True),
        ("massive AND NOT massive", False),
        ("NOT (massive OR prior_tb) AND massive", False),
        ("hr >= sbp AND hr < sbp", True),  # two facts: left to the prover
        ("massive IS NULL AND RECORDED('disposition')", True),
        ("FALSE OR (TRUE AND NOT FALSE)", True),
    ],
)
def test_a_condition_that_can_never_hold_is_told_from_one_that_can(mini: Dossier, text: str, possible: bool) -> None:
    # Literals stand here for thresholds: the words of a gate and the numbers of a tool, together.
    names = {f"n{number}": Entry("threshold", "number", value=float(number)) for number in range(80, 101)}
    for number in range(100, 79, -1):
        text = text.replace(f" {number}", f" n{number}")
    text = text.replace("90 >", "n90 >")
    one = {name: Entry(e.kind, e.type, ONE, e.codes, e.ordered, e.value) for name, e in (SCOPE_NAMES | names).items()}

    assert can_hold(mini, check_boolean(text, Scope(one), Context.GATE)) is possible


def test_a_patient_with_nothing_wrong_is_mild_and_half_a_litre_is_massive(mini: Dossier) -> None:
    well: dict[str, Value] = {id: calm(fact) for id, fact in mini.facts.items()}

    assert Patient(mini, well).answer(mini.tier) == "mild"
    assert Patient(mini, well | {"estimated_volume_24h": 500.0}).answer(mini.tier) == "massive"
    assert Patient(mini, well | {"oxygen_device": "nasal_cannula"}).answer(mini.tier) == "submassive"
