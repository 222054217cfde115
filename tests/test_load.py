"""A dossier folder in, a typed dossier out: references, types, circles, and all problems at once."""

from __future__ import annotations

import shutil
from fractions import Fraction
from pathlib import Path

import pytest

from clinical_commander.dossier.load import load_dossier, read_dossier
from clinical_commander.dossier.model import Dossier, Step
from clinical_commander.dossier.reader import plain_data
from clinical_commander.dossier.source import read_yaml
from clinical_commander.dossier.vignettes import load_vignettes
from clinical_commander.errors import ContentError
from clinical_commander.logic import ir

DOSSIERS = Path(__file__).parent / "dossiers"
MINI = DOSSIERS / "good" / "mini"


def planted(kind: str) -> list[dict[str, str]]:
    """The faults of faults.yaml for one step."""
    faults = plain_data(read_yaml(DOSSIERS / "faults.yaml"))
    assert isinstance(faults, dict)
    found: list[dict[str, str]] = faults[kind]
    return found


@pytest.fixture(scope="module")
def mini() -> Dossier:
    return load_dossier(MINI)


class Copy:
    """The mini dossier in a folder of its own, to be broken."""

    def __init__(self, folder: Path) -> None:
        self.root = folder
        for name in ("catalogue", "tools", "good/mini"):
            shutil.copytree(DOSSIERS / name, folder / name)
        self.folder = folder / "good" / "mini"

    def change(self, file: str, old: str, new: str) -> Copy:
        path = (self.root if file.startswith(("catalogue", "tools")) else self.folder) / file
        text = path.read_text()
        assert text.count(old) >= 1, (file, old)
        path.write_text(text.replace(old, new, 1))
        return self

    def problems(self) -> list[str]:
        with pytest.raises(ContentError) as caught:
            load_dossier(self.folder)
        return [str(p) for p in caught.value.problems]


@pytest.fixture
def copy(tmp_path: Path) -> Copy:
    return Copy(tmp_path)


# --- what comes out


def test_the_order_of_the_content_is_the_order_of_the_dossier(mini: Dossier) -> None:
    assert [value.id for value in mini.tier.values] == ["mild", "submassive", "massive"]
    assert list(mini.inputs) == ["age", "amount", "source", "vitals", "history"]
    assert [phase.id for phase in mini.phases] == ["FRAME", "ENTRY", "CONTEXT", "RED_FLAGS", "TREATMENT"]
    assert list(mini.facts["oxygen_device"].codes) == ["room_air", "nasal_cannula", "non_rebreather"]


def test_conditions_are_typed_and_know_their_text_and_place(mini: Dossier) -> None:
    when = mini.rules["new_oxygen_need"].when

    assert when.text == "oxygen_device <> 'room_air' AND NOT (home_oxygen IS TRUE)"
    assert str(when.at) == "rules.yaml:3:11"
    assert isinstance(when.expr, ir.All)
    assert ir.facts_of(when.expr) == ["oxygen_device", "home_oxygen"]


def test_a_threshold_is_its_number_in_its_unit(mini: Dossier) -> None:
    found = mini.thresholds["shock_sbp"]

    assert (found.value, found.unit.code, found.text) == (90.0, "mm[Hg]", "90 mmHg")


def test_a_factor_of_the_catalogue_is_exact(mini: Dossier) -> None:
    # 1 mg/dL of creatinine is 88.42 umol/L.
    assert mini.facts["creatinine"].also == {"umol/L": 1 / Fraction("88.42")}


def test_freshness_windows_are_hours(mini: Dossier) -> None:
    assert mini.freshness["vital"] == {
        "bleeding": 0.25,
        "icu": 0.25,
        "ed": 0.5,
        "inpatient": 4,
        "outpatient": 24,
        "home": 24,
    }
    assert mini.freshness["history"] == {}


def test_a_constraint_leaves_a_range_a_set_or_one_truth_value(mini: Dossier) -> None:
    half_cup, streaks, tb = mini.constraints

    assert half_cup.given == {"volume_description": frozenset({"half_cup"})}
    assert half_cup.then == {"estimated_volume_24h": (100.0, 150.0)}
    assert streaks.then == {"estimated_volume_24h": (0.0, 5.0)}
    assert (tb.given, tb.then, tb.wins) == ({"prior_tb": True}, {"tb_risk": True}, True)


def test_a_block_is_written_out_where_it_is_used_with_the_guards_around_it(mini: Dossier) -> None:
    steps = mini.playbooks["ed"].rows[1].stages["first_minutes"]

    assert [step.path for step in steps][:2] == [
        "playbooks.ed.massive.first_minutes.1.M1.1",
        "playbooks.ed.massive.first_minutes.1.M1.2",
    ]
    assert {step.block for step in steps} == {"M1"}
    assert [guard.text for guard in steps[0].guards] == ["tier = 'massive'", "NOT DONE('call.emergency_team')"]


def test_what_withholds_a_block_withholds_each_of_its_steps(mini: Dossier) -> None:
    steps = mini.triggers["massive_life_threatening_hemoptysis"].steps
    call, hold = steps[0], steps[4]

    assert call.unless is not None
    assert (call.unless.text, call.if_unknown) == ("treatment_limits = 'comfort_only'", "proceed_and_ask")
    # The step has its own `unless`, which asks first: of the two the more careful way is taken.
    assert hold.unless is not None
    assert hold.unless.text == "(treatment_limits = 'comfort_only') OR (treatment_limits = 'comfort_only')"
    assert hold.if_unknown == "ask_first"


def test_a_choice_holds_its_options_each_with_its_condition(mini: Dossier) -> None:
    choice: Step = mini.triggers["massive_life_threatening_hemoptysis"].steps[3]

    assert [option.action for option in choice.choose] == ["airway.selective_intubation", "airway.prepare"]
    assert all(option.when for option in choice.choose)
    assert choice.choose[0].side == "opposite"


def test_a_step_takes_the_priority_of_its_action_and_the_source_of_its_trigger(mini: Dossier) -> None:
    step = mini.triggers["tb_cavitary_with_isolation"].steps_if_possible[0]

    assert (step.action, step.priority, step.within) == ("isolate.mask_patient", "stat", "1 min")
    assert step.source.cite == ("source_dossier",)


def test_only_what_the_dossier_uses_of_actions_tools_and_citations_comes_with_it(mini: Dossier) -> None:
    assert "drug.anticoagulate" not in mini.actions
    assert list(mini.tools) == ["volume_band"]
    assert list(mini.citations) == ["expert", "source_dossier", "davidson_2020"]


def test_a_route_knows_whether_its_dossier_is_installed() -> None:
    without = load_dossier(MINI).triggers["tb_cavitary_with_isolation"].route
    having = load_dossier(MINI, installed={"pulm.tuberculosis.v1"}).triggers["tb_cavitary_with_isolation"].route

    assert without is not None
    assert having is not None
    assert (without.installed, having.installed) == (False, True)


def test_vignettes_are_plain_data_with_their_place() -> None:
    first = load_vignettes(MINI)[0]

    assert first.name == "Half a litre, a falling saturation, and a cavity on the film"
    assert first.given["setting"] == "ed"
    assert str(first.at) == "cases/ed.yaml:1:13"


# --- what is refused


def test_problems_of_all_files_come_together_in_the_order_of_the_files(copy: Copy) -> None:
    copy.change("rules.yaml", "spo2 < severe_hypoxia", "sp02 < severe_hypoxia").change(
        "dossier.yaml", "required: true", "required: yes"
    )
    copy.change("triggers.yaml", "when: massive\n", "when: masive\n").change(
        "phases.yaml", "inputs: [age]", "inputs: [aeg]"
    )

    assert copy.problems() == [
        "dossier.yaml:26:42: CC404 `required` of input `age` is true or false; `yes` is neither. Write `true`.",
        "phases.yaml:3:52: CC410 no input named `aeg`. Did you mean `age`?",
        "rules.yaml:11:7: CC201 no input named `sp02`. Did you mean `spo2` (dossier.yaml:44)?",
        "triggers.yaml:4:11: CC201 no input named `masive`. Did you mean `massive` (rules.yaml:9)?",
    ]


def test_a_file_that_cannot_be_read_is_reported_before_any_name_is_missed(copy: Copy) -> None:
    copy.change("rules.yaml", "rules:\n", "rules:\n\t").change("phases.yaml", "phases:", "phases: &p")

    assert [p.split(" ")[1] for p in copy.problems()] == ["CC103", "CC107"]


@pytest.mark.parametrize("fault", planted("load"), ids=lambda fault: str(fault["said"])[:60])
def test_a_broken_reference_is_told_with_its_place_and_a_mend(copy: Copy, fault: dict[str, str]) -> None:
    found = copy.change(fault["file"], fault["old"], fault["new"]).problems()

    assert [problem for problem in found if problem.startswith(fault["said"])], found


def test_a_circle_between_rules_and_triggers_is_named(copy: Copy) -> None:
    copy.change("triggers.yaml", "prior_tb OR cxr_cavitation OR tb_risk IS TRUE", "prior_tb OR discharge_ok")

    assert copy.problems() == [
        "rules.yaml:32:11: CC413 These names define each other in a circle: discharge_ok -> tb_cavitary_with_isolation"
        " -> discharge_ok. One of them must stand on facts alone."
    ]


def test_a_tier_may_not_stand_on_itself(copy: Copy) -> None:
    copy.change("rules.yaml", "(stated_severity = 'massive') IS TRUE", "tier = 'massive'")

    assert any("circle: massive -> tier -> massive." in problem for problem in copy.problems())


def test_blocks_that_use_each_other_are_refused(copy: Copy) -> None:
    copy.change(
        "playbooks.yaml", "      - {action: call.emergency_team, priority: stat, within: 1 min}", "      - {use: M1}"
    )

    (found,) = copy.problems()

    assert "CC413 Blocks use each other in a circle: M1 -> M1." in found


def test_a_file_that_nothing_would_read_is_refused(copy: Copy) -> None:
    (copy.folder / "playbook.yaml").write_text("settings: {}\n")

    assert copy.problems()[0].startswith("playbook.yaml: CC415 `playbook.yaml` is not a file of a dossier")


def test_a_missing_file_and_a_missing_folder_are_told_plainly(copy: Copy, tmp_path: Path) -> None:
    (copy.folder / "rules.yaml").unlink()

    assert copy.problems() == ["rules.yaml: CC116 The file cannot be read: No such file or directory."]
    assert "There is no such folder." in str(read_dossier(tmp_path / "nothing").problems[0])
