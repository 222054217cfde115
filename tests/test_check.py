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
from clinical_commander.errors import ReferenceProblem
from clinical_commander.logic.check import Context, Entry, Scope, check_boolean
from clinical_commander.quantity import unit

ONE = unit("1")
DOSSIERS = Path(__file__).parent / "dossiers"
MINI = DOSSIERS / "good" / "mini"
FAULTS = sorted(path.parent for path in (DOSSIERS / "bad").glob("*/expected.txt"))


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


@pytest.mark.parametrize(
    ("file", "old", "new", "said"),
    [
        # must_know is the list of bare facts, expanded through the rules.
        ("triggers.yaml", "must_know: [prior_tb, cxr_cavitation]", "must_know: [prior_tb]", "CC433 trigger `tb_cavitary_with_isolation` needs `cxr_cavitation`, which is not in its must_know."),
        ("triggers.yaml", "must_know: [prior_tb, cxr_cavitation]", "must_know: [prior_tb, cxr_cavitation, age]", "CC433 trigger `tb_cavitary_with_isolation` lists `age` in must_know and settles without it."),
        ("dossier.yaml", "  must_know: [spo2, oxygen_device, sbp, hr, estimated", "  must_know: [spo2, oxygen_device, sbp, estimated", "CC433 the tier needs `hr`, which is not in its must_know."),
        ("dossier.yaml", "must_know: [spo2, oxygen_device, sbp, hr,", "must_know: [spo2, oxygen_device, sbp, hr, age, prior_tb, tb_risk,", "CC434 the tier must know 9 facts; at most 8"),
        # A fact under IS TRUE may raise without being known; one that lowers must be exempt by name.
        ("dossier.yaml", "  exempts:\n    home_oxygen: Known home oxygen is no new need.\n", "", "CC435 `home_oxygen` may lower the tier though it need not be known."),
        ("triggers.yaml", "tb_risk IS TRUE", "(tb_risk IS TRUE AND NOT ((anticoagulant = 'doac') IS TRUE))", "CC435 `anticoagulant` may lower trigger `tb_cavitary_with_isolation` though it need not be known."),
        ("dossier.yaml", "    home_oxygen: Known home oxygen is no new need.\n", "    home_oxygen: Known home oxygen is no new need.\n    tb_risk: No reason.\n", "warning CC435 `tb_risk` is exempt and cannot lower the tier."),
        # Every threshold, rule, trigger and tool row has a source, a basis, and a reason where it is a judgement.
        ("rules.yaml", "cite: [davidson_2020]\n    basis: [S]\n", "basis: [S]\n", "CC501 rule `massive` has no source."),
        ("rules.yaml", "cite: [davidson_2020]\n    basis: [S]\n", "cite: [davidson_2020]\n", "CC501 rule `massive` does not say its basis."),
        ("rules.yaml", "    why: Oxygen hides hypoxia.\n", "", "CC506 rule `new_oxygen_need` is a judgement without its reason."),
        ("tools/volume_band.yaml", "cite: [expert], basis: [X], why: A band for tests.", "", "CC501 row 1 of tool `volume_band` has no source."),
        ("triggers.yaml", "    text: Think of tuberculosis.\n", "    text: Think of tuberculosis.\n    why: x\n", ""),
        # Citations.
        ("catalogue/citations.yaml", "year: 2020", "year: 2007", "CC503 PMID 31374211 was given out for papers of 2018 to 2020; `davidson_2020` says 2007."),
        ("catalogue/citations.yaml", 'pmid: "31374211"', 'pmid: "PMC31374"', "CC505 `PMC31374` is not a PMID."),
        ("catalogue/citations.yaml", 'pmid: "31374211"', 'doi: "https://doi.org/10.1016/x"', "CC504 `https://doi.org/10.1016/x` is not a DOI."),
        ("catalogue/citations.yaml", "kind: expert, review: needed", "kind: expert, review: reviewed", "CC507 citation `expert` is reviewed by nobody."),
        # The flow.
        ("phases.yaml", "advance: massive IS NOT NULL", "advance: hr > sbp_limit AND FALSE", ""),
        ("phases.yaml", "advance: CLOSED('urgent')", "advance: blood_source = 'upper_gi' AND blood_source = 'uncertain'", "CC430 phase `TREATMENT`, the last, can never be complete."),
        ("phases.yaml", "inputs: [age], ", "inputs: [], ", "CC441 input `age` says phase ENTRY, which does not list it."),
        ("dossier.yaml", "  age: {category", "  limits: {category: safety, required: false, title: Limits, facts: [creatinine]}\n  age: {category", "warning CC431 nothing reads the facts of input `limits`."),
        ("playbooks.yaml", "settings:\n", "  M9: {title: Nine, steps: [{do: Nothing.}]}\nsettings:\n", "CC440 nothing uses the block `M9`."),
        # Triggers and their examples.
        ("triggers.yaml", 'severity: {critical: "TRUE"}', "severity: {critical: massive}", "CC443 trigger `massive_life_threatening_hemoptysis` can fire without any severity."),
        ("cases/ed.yaml", "tb_cavitary_with_isolation: quiet", "tb_cavitary_with_isolation: fires", "CC432 trigger `tb_cavitary_with_isolation` lacks a vignette in which it stays quiet."),
        ("cases/ed.yaml", "estimated_volume_24h: 500 mL", "estimated_volume: 500 mL", "CC410 no fact named `estimated_volume`."),
        ("cases/ed.yaml", "tier: massive", "tier: masive", "CC410 no value of tier named `masive`. Did you mean `massive`?"),
        ("cases/ed.yaml", "    disposition: icu\n", "    dispositon: icu\n", "CC401 `dispositon` is not a key of `expect`. Did you mean `disposition`?"),
        # Reassurance waits for fresh values.
        ("triggers.yaml", "{action: educate.leaflet, when: discharge_ok}", "{action: educate.leaflet, when: discharge_ok, priority: stat}", "CC442 step `triggers.mild_streaking_hemoptysis.steps.1` gives educate.leaflet the priority stat."),
        # Gaps.
        ("dossier.yaml", "ed: {when: NOT discharge_ok,", "ed: {when: submassive_floor,", "CC439 no value of disposition holds where `safe_discharge_support` is false, all else calm."),
        ("dossier.yaml", "ed: {when: NOT discharge_ok,", "ed: {when: NOT discharge_ok AND NOT prior_tb,", "CC439 no value of disposition holds where `prior_tb` is true, all else calm."),
        # Facts that nobody asks for.
        ("dossier.yaml", ", safe_discharge_support, treatment_limits]", ", treatment_limits]", "CC411 the fact `safe_discharge_support` is used and is under no input."),
    ],
)  # fmt: skip
def test_a_fault_is_found(tmp_path: Path, file: str, old: str, new: str, said: str) -> None:
    found = found_after(tmp_path, file, old, new)

    if said:
        assert any(said in problem for problem in found), found


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
