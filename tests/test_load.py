"""A dossier folder in, a typed dossier out: references, types, circles, and all problems at once."""

from __future__ import annotations

import shutil
from fractions import Fraction
from pathlib import Path

import pytest

from clinical_commander.dossier.load import load_dossier, read_dossier
from clinical_commander.dossier.model import Dossier, Step
from clinical_commander.dossier.vignettes import load_vignettes
from clinical_commander.errors import ContentError
from clinical_commander.logic import ir

DOSSIERS = Path(__file__).parent / "dossiers"
MINI = DOSSIERS / "good" / "mini"


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


@pytest.mark.parametrize(
    ("file", "old", "new", "said"),
    [
        ("triggers.yaml", "action: procedure.bae", "action: procedure.bea", "triggers.yaml:13:18: CC410 no action named `procedure.bea`. Did you mean `procedure.bae`?"),
        ("triggers.yaml", "cite: [davidson_2020]", "cite: [davidson_2002]", "triggers.yaml:17:12: CC502 no citation named `davidson_2002`. Did you mean `davidson_2020`?"),
        ("triggers.yaml", "basis: [S]", "basis: [Q]", "triggers.yaml:18:13: CC509 `Q` is not a basis. Write some of: S, E, W, X, R."),
        ("triggers.yaml", "{use: M1,", "{use: M2,", "triggers.yaml:12:15: CC410 no block named `M2`. There are: M1."),
        ("triggers.yaml", "must_know: [spo2,", "must_know: [sp02,", "triggers.yaml:5:17: CC410 no fact named `sp02`. Did you mean `spo2` (dossier.yaml:44)?"),
        ("triggers.yaml", "severity: {critical:", "severity: {grave:", "triggers.yaml:6:16: CC401 `grave` is not a key of the severity of trigger `massive_life_threatening_hemoptysis`. It may have: critical, notice, urgent."),
        ("triggers.yaml", ", if_unknown: proceed_and_ask", "", "triggers.yaml:12:27: CC437 step 1 of triggers.massive_life_threatening_hemoptysis.steps has `unless` and does not say what an unknown answer means. Add `if_unknown:` with one of proceed_and_ask, ask_first, hold."),
        ("triggers.yaml", "within: 60 min", "within: soon", "triggers.yaml:13:80: CC202 `soon` cannot be read: a quantity begins with a number."),
        ("triggers.yaml", "within: 60 min", "within: 60 mL", "triggers.yaml:13:80: CC204 `mL` does not measure the same as `h`."),
        ("dossier.yaml", "phase: ENTRY", "phase: ENTRE", "dossier.yaml:26:55: CC410 no phase named `ENTRE`. Did you mean `ENTRY`?"),
        ("dossier.yaml", "facts: [age]", "facts: [aged]", "dossier.yaml:26:121: CC410 no fact named `aged`. Did you mean `age`?"),
        ("dossier.yaml", "remembers: {value: massive", "remembers: {value: masive", "dossier.yaml:63:22: CC410 no value named `masive`. Did you mean `massive`?"),
        ("dossier.yaml", "id: mini", "id: maxi", "dossier.yaml:1:5: CC414 The dossier says `id: maxi` and its folder `mini`. Use one name."),
        ("dossier.yaml", "version: 1.0.0", "version: 1.0", "dossier.yaml:2:10: CC406 `1.0` is not a version. Write three numbers, as `1.0.0`."),
        ("dossier.yaml", "state: needed", "state: reviewed", "dossier.yaml:6:17: CC507 The dossier is reviewed by nobody. Name the clinician who reviewed it, or write `state: needed`."),
        ("dossier.yaml", "sets: {stated_severity: massive}", "sets: {stated_severity: enormous}", "dossier.yaml:23:84: CC410 no code of `stated_severity` named `enormous`. There are: massive, mild, submassive."),
        ("dossier.yaml", "        - {value: 2 wk}\n", "", "dossier.yaml:83:11: CC402 row 1 of `within` of disposition value `outpatient` is the last and has a `when`. Add a last row without `when`."),
        ("dossier.yaml", "partial: {uncertain: [lower_airway, upper_gi, upper_airway]}", "partial: {}", "dossier.yaml:70:3: CC402 the bleeding_source does not say what the code `uncertain` of `blood_source` means. Add it to `values` or `partial`."),
        ("playbooks.yaml", "action: image.ct_chest, unless: airway_compromise", "action: procedure.bae, unless: airway_compromise", "playbooks.yaml:30:78: CC438 step 1 of playbooks.ed.massive.hour_1 would hold back procedure.bae (embolization) while an answer is unknown. Airway and bleeding control never wait: write `proceed_and_ask` or `ask_first`."),
        ("playbooks.yaml", "{do: Call an ambulance., priority: stat}", "{do: Call an ambulance., action: airway.upright}", "playbooks.yaml:51:15: CC402 step 2 of playbooks.home.massive.first_minutes has `action` and `do`. Write one of action, do, use, choose."),
        ("playbooks.yaml", "tier: massive", "tier: masive", "playbooks.yaml:24:15: CC410 no tier named `masive`. Did you mean `massive`?"),
        ("playbooks.yaml", "  home:", "  hone:", "playbooks.yaml:41:3: CC410 no setting named `hone`. Did you mean `home`?"),
        ("playbooks.yaml", "hour_1:", "hour_2:", "playbooks.yaml:29:11: CC401 `hour_2` is not a key of the stages of ed row `massive`. Did you mean `hour_1`?"),
        ("thresholds.yaml", "value: 100 mL", "value: 100..200 mL", "thresholds.yaml:3:27: CC405 the value of threshold `massive_volume` is not one number. Write one number with its unit."),
        ("thresholds.yaml", "value: 100 mL", "value: 100 cc", "thresholds.yaml:3:27: CC202 `cc` is misread or not UCUM. Write `mL`."),
        ("thresholds.yaml", "  rebleed_watch:", "  massive:", "rules.yaml:9:3: CC412 `massive` already names a threshold (thresholds.yaml:9). Choose another name."),
        ("thresholds.yaml", "  rebleed_watch:", "  Rebleed:", "thresholds.yaml:9:20: CC416 `Rebleed` cannot be a name. Use lower case, digits and `_`."),
        ("rules.yaml", "(hours_since_major_bleed < rebleed_watch)", "(hours_since_major_bleed < 72)", "rules.yaml:19:113: CC205 `72` is a bare clinical number. Name it under `thresholds:` with its unit, source and reason."),
        ("rules.yaml", "NOT tb_cavitary_with_isolation", "setting = 'ed'", "rules.yaml:32:63: CC208 `setting` cannot stand in a clinical rule. The same patient has the same findings anywhere; use it in steps."),
        ("catalogue/facts.yaml", "then: {tb_risk: true}", "then: {tb_risk: yes}", "catalogue/facts.yaml:56:61: CC404 `tb_risk` of constraint `tb_risk_any` is true or false; `yes` is neither. Write `true` or `false`."),
        ("catalogue/facts.yaml", "100..150 mL", "100..150", "catalogue/facts.yaml:54:85: CC202 `estimated_volume_24h` of constraint `half_cup` is a quantity in mL and has no unit. Add the unit."),
        ("catalogue/facts.yaml", "worse: low", "worse: down", "catalogue/facts.yaml:12:109: CC406 `worse: down` does not fit fact `spo2`. Write one of: low, high."),
        ("catalogue/facts.yaml", "range: [50, 100]", "range: [100, 50]", "catalogue/facts.yaml:12:55: CC405 `range` of fact `spo2` runs from 100 down to 50. Write the lower first."),
        ("catalogue/conflicts.yaml", "conflicts: []", "conflicts:\n  - {id: x, between: [masive, tb_cavitary_with_isolation], when: massive, text: t, sides: [], resolution: r, cite: [expert], basis: [X], why: w}", "catalogue/conflicts.yaml:2:23: CC410 no trigger named `masive`. There are: massive_life_threatening_hemoptysis, mild_streaking_hemoptysis, tb_cavitary_with_isolation."),
        ("tools/volume_band.yaml", "{value: small, when", "{value: tiny, when", "tools/volume_band.yaml:6:13: CC410 no value of tool `volume_band` named `tiny`. There are: large, small."),
        ("tools/volume_band.yaml", "age >= 18", "massive", "tools/volume_band.yaml:8:16: CC201 no fact named `massive`."),
        ("safety.yaml", "  title: Coughing up blood\n", "", "safety.yaml:2:3: CC402 the emergency card has no `title`. Add `title:`."),
    ],
)  # fmt: skip
def test_a_broken_reference_is_told_with_its_place_and_a_mend(
    copy: Copy, file: str, old: str, new: str, said: str
) -> None:
    assert [p for p in copy.change(file, old, new).problems() if p.startswith(said)]


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
