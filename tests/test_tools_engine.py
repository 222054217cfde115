"""Tools run as content: what a score says while items are missing, what its author is told, what it costs a dossier."""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from clinical_commander.cli.main import main
from clinical_commander.dossier.model import Dossier
from clinical_commander.dossier.shelf import ShelfReading, read_shelf, with_tools
from clinical_commander.dossier.tool_check import lint_tool
from clinical_commander.dossier.tools import closure
from clinical_commander.engine.assess import Engine
from clinical_commander.engine.assessment import ScoreReport
from clinical_commander.engine.read_case import case_from_mapping
from clinical_commander.engine.tool_check import check_tools
from clinical_commander.engine.tool_run import ToolRunner
from clinical_commander.errors import ReferenceProblem
from clinical_commander.program.build import build
from clinical_commander.render.scores import tool_text
from tests.fixtures import DOSSIER, engine

MINI = Path(__file__).parent / "tools"
CONTENT = DOSSIER.parents[1]
AT = "2026-11-21T14:05:00+00:00"

SUM = """\
id: tool
title: A sum
kind: sum
value: {type: number, unit: "1", range: [0, 3], decimals: 0}
cite: [paper]
basis: [E]
items:
  - {id: first, title: First, points: 1, when: b0}
  - {id: second, title: Second, points: 2, when: "n0 >= 4"}
bands:
  - {id: low, title: Low, at_most: 1}
  - {id: high, title: High, above: 1}
"""


@functools.cache
def content() -> ShelfReading:
    return read_shelf(CONTENT)


def mini(tmp_path: Path, text: str, *others: str) -> ShelfReading:
    files = []
    for one in (text, *others):
        path = tmp_path / f"{re.search('^id: (.*)$', one, re.MULTILINE)[1]}.yaml"
        path.write_text(one)
        files.append(path)
    return read_shelf(MINI, files)


def run(shelf: Dossier, tool: str, facts: Mapping[str, Any], setting: str = "ed") -> ScoreReport:
    runner = ToolRunner(shelf, [tool])
    case = case_from_mapping({"setting": setting, "at": AT, "facts": facts}, runner.dossier)
    return runner.run(case)[tool]


# --- what a score says


def test_two_missing_items_of_curb_65_leave_an_interval_and_no_band():
    facts = {"age": "50 years", "rr": "18 /min", "sbp": "120 mmHg", "dbp": "80 mmHg"}

    report = run(content().shelf, "curb65", facts)

    assert (report.value, report.low, report.high) == (None, 0, 2)
    assert (report.band, report.bands_possible) == (None, ("low", "moderate"))
    assert set(report.missing) == {"consciousness", "bun"}


def test_a_band_is_named_while_items_are_missing_if_every_value_left_lies_in_it():
    report = run(content().shelf, "curb65", {"age": "80 years", "consciousness": "confused", "rr": "32 /min"})

    assert (report.value, report.low, report.high, report.band) == (None, 3, 5, "high")
    assert [rate["rate"] for rate in report.rates] == ["22 %"]  # of the band: the value is open


def test_an_item_that_is_open_says_how_far_it_can_move_and_what_it_waits_for():
    report = run(content().shelf, "news2", {"age": "50 years", "spo2": "90..95 %", "oxygen_device": "room_air"})

    items = {item["id"]: item for item in report.items}

    assert (items["saturation"]["state"], items["saturation"]["low"], items["saturation"]["high"]) == ("missing", 1, 3)
    assert (items["oxygen"]["state"], items["oxygen"]["points"]) == ("does_not", 0)
    assert items["pressure"]["missing"] == ("sbp",)


def test_cancer_and_ventilation_in_intensive_care_give_fartoukh_4_and_34_percent():
    facts = {
        "age": "60 years", "lung_cancer_known": True, "oxygen_device": "invasive_ventilation", "alcohol_chronic": False,
        "ct_pulmonary_artery_aneurysm": False, "cxr_quadrants": 1,
    }  # fmt: skip

    report = run(content().shelf, "fartoukh", facts, setting="icu")

    assert report.value == 4
    assert [rate["rate"] for rate in report.rates] == ["34 %"]


def test_outside_intensive_care_fartoukh_does_not_apply_and_says_why():
    report = run(content().shelf, "fartoukh", {"age": "60 years", "lung_cancer_known": True}, setting="ed")

    assert (report.applicable, report.value, report.low, report.items) == ("no", None, None, ())
    assert report.why_not.text.startswith("not applicable")


def test_where_it_is_not_known_whether_a_score_applies_there_is_no_value_and_the_interval_stays():
    report = run(content().shelf, "curb65", {"consciousness": "alert", "bun": "10 mg/dL", "rr": "18 /min",
                                             "sbp": "120 mmHg", "dbp": "80 mmHg"})  # fmt: skip

    assert (report.applicable, report.value, report.band) == ("unknown", None, None)
    assert (report.low, report.high, report.missing) == (0, 1, ("age",))


def test_a_withheld_tool_says_why_and_computes_nothing(tmp_path):
    text = """\
id: tool
title: A score without weights
kind: sum
value: {type: number, unit: "1", range: [0, 6], decimals: 0}
cite: [paper]
basis: [E]
withheld: {text: The point table was not seen.}
"""
    report = run(mini(tmp_path, text).shelf, "tool", {"b0": True})

    assert (report.applicable, report.value, report.why_not.text) == ("no", None, "The point table was not seen.")


def test_an_item_that_counts_as_zero_while_missing_says_so_and_counts_once_it_is_known(tmp_path):
    text = SUM.replace("when: b0}", "when: b0, missing: counts_as_zero, cite: [paper], basis: [E]}")
    shelf = mini(tmp_path, text).shelf

    unknown, known = run(shelf, "tool", {"n0": "5"}), run(shelf, "tool", {"n0": "5", "b0": True})

    assert (unknown.value, known.value) == (2, 3)
    assert (unknown.items[0]["state"], unknown.items[0]["assumed"], unknown.missing) == ("missing", True, ("b0",))
    assert (known.items[0]["state"], known.items[0]["assumed"], known.missing) == ("counts", False, ())


def test_rows_that_leave_a_gap_settle_nothing_by_default(tmp_path):
    text = """\
id: tool
title: A table with a gap
kind: table
value: {type: code, values: {low: low, high: high}}
cite: [paper]
basis: [E]
rows:
  - {value: low, when: "n0 < 2"}
  - {value: high, when: "n0 >= 4"}
"""
    reading = mini(tmp_path, text)

    report = run(reading.shelf, "tool", {"n0": "1..3"})

    assert (report.value, report.possible) == (None, ("low",))
    assert [p.code for p in lint_tool(reading.tools["tool"].tool, reading.shelf)] == ["CC453"]


def test_a_comparison_with_the_number_of_a_tool_that_does_not_apply_never_holds(tmp_path):
    other = SUM.replace("id: tool", "id: other") + 'applies_when: "b1"\n'
    text = SUM.replace("when: b0}", 'when: "other <= 3"}')
    shelf = mini(tmp_path, text, other).shelf

    for b1, points in ((True, 1), (False, 0)):
        assert run(shelf, "tool", {"b1": b1, "b0": False, "n0": "0"}).items[0]["points"] == points
    assert run(shelf, "tool", {"b0": False, "n0": "0"}).missing == ("b1",)


def test_a_sum_with_the_number_of_a_tool_that_does_not_apply_does_not_apply_itself(tmp_path):
    other = SUM.replace("id: tool", "id: other") + 'applies_when: "b1"\n'
    shelf = mini(tmp_path, SUM + "base: other\n", other).shelf

    assert run(shelf, "tool", {"b1": False}).applicable == "no"
    assert run(shelf, "tool", {"b1": True, "b0": True, "n0": "6"}).value == 6


def test_a_formula_is_exact_over_an_unknown_sex_and_an_interval_of_creatinine():
    facts = {"age": "60 years", "creatinine": "1.0..1.2 mg/dL"}

    report = run(content().shelf, "ckd_epi_2021", facts)

    # Woman, 1.2 mg/dL: 142 x (1.2/0.7)^-1.2 x 0.9938^60 x 1.012 = 51.8; man, 1.0: 86.2 (kidney.org vector).
    assert report.low == pytest.approx(51.7, abs=0.11)
    assert report.high == pytest.approx(86.2, abs=0.11)


def test_readings_stand_beside_the_value_and_each_names_what_it_misses():
    report = run(content().shelf, "ckd_epi_2021", {"age": "60 years", "sex": "male", "creatinine": "1.0 mg/dL"})

    (steady,) = report.readings

    assert report.value == pytest.approx(86.2, abs=0.05)
    assert steady["value"] is None
    assert "creatinine_baseline" in steady["missing"]


# --- in an assessment and by itself


def test_a_tool_says_the_same_by_itself_and_in_an_assessment():
    facts = {"age": "71 years", "rr": "32 /min", "spo2": "90 %", "oxygen_device": "nasal_cannula", "hr": "118 /min",
             "sbp": "105 mmHg", "consciousness": "alert", "temperature": "38.4 Cel", "hemoptysis": True}  # fmt: skip
    case = case_from_mapping({"setting": "ed", "at": AT, "facts": facts}, engine().dossier)

    assessed = engine().assess(case).scores

    assert len(assessed) >= 5
    for id, report in assessed.items():
        assert run(content().shelf, id, facts) == report, id


def test_what_only_an_entry_point_or_an_action_says_does_not_keep_a_case_from_a_tool(tmp_path, capsys):
    path = tmp_path / "case.yaml"
    path.write_text(
        f"setting: ed\nat: {AT}\nentry: cough_with_blood\nactions: {{panel.cbc: done}}\n"
        "facts: {age: 50 years, rr: 18 /min}\n"
    )

    assert main(["tool", "curb65", str(path), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["high"] == 3  # the mind, the urea and the pressure are open


def test_a_stale_value_is_missing_from_a_score():
    facts = {"age": "50 years", "rr": {"value": "32 /min", "at": "2026-11-20T14:05:00+00:00"}}

    report = run(content().shelf, "curb65", facts)

    assert (report.low, "rr" in report.missing) == (0, True)


def test_tools_that_are_only_shown_cost_the_first_stage_nothing():
    dossier, shelf = engine().dossier, content().shelf
    names = [id for id in shelf.tools if id not in dossier.tools]
    more = replace(
        dossier,
        tools={**dossier.tools, **{id: shelf.tools[id] for id in closure(names, shelf.tools)}},
        scores=(*dossier.scores, *names),
    )

    assert build(more).layout.ends[0] == build(dossier).layout.ends[0]


def test_a_tool_that_cannot_be_read_stops_nobody_who_does_not_use_it(tmp_path):
    reading = mini(tmp_path, SUM, SUM.replace("id: tool", "id: broken").replace("n0 >= 4", "n9 >= 4"))

    assert list(reading.shelf.tools) == ["tool"]
    assert [p.code for p in reading.broken["broken"]] == ["CC201"]


def test_a_tool_that_reads_a_broken_one_is_named_with_it(tmp_path):
    broken = SUM.replace("id: tool", "id: other").replace("n0 >= 4", "n9 >= 4")
    reading = mini(tmp_path, SUM.replace("when: b0}", 'when: "other <= 3"}'), broken)

    assert not reading.shelf.tools
    assert [p.code for p in reading.broken["tool"]] == ["CC450"]


# --- what an author is told


FAULTS = [
    ("points: 1, ", "", "CC402 item `first` gives no points. Add `points:`, or `levels:`."),
    ("points: 1,", "points: 1, dose: 3,", "CC401 `dose` is not a key of item `first`."),
    ("kind: sum", "kind: sums", "CC406 `kind: sums` is not known in tool `tool`."),
    ("kind: sum", "kind: table", "CC402 tool `tool` is of kind table. A table gives a code."),
    ('unit: "1", range: [0, 3], ', 'unit: "1", ', "CC402 the value of tool `tool` has no `range`."),
    ("when: b0}", "when: b0, missing: counts_as_zero}", "CC456 item `first` counts as zero while it is missing"),
    ("when: b0}", "when: b0, group: g}", "CC451 item `first` is in group `g`, which `groups` does not have."),
    ("bands:", "groups: {g: {max: 2}}\nbands:", "CC451 no item is in group `g`."),
    ("bands:", "groups: {g: {}}\nbands:", "CC402 group `g` caps nothing."),
    ("bands:", "counts: {both: [first, third]}\nbands:", "CC451 count `both` names `third`, which is no item"),
    ("bands:", "counts: {b1: [first]}\nbands:", "CC412 `b1` of `counts` already names a fact."),
    ("bands:", "parts: {b1: b0}\nbands:", "CC412 `b1` of `parts` already names a fact."),
    ("bands:", "parts: {code: c0}\nbands:", "CC203 part `code` is a code."),
    ("bands:", "formula: n0\nbands:", "CC402 tool `tool` is of kind sum and has `formula`."),
    ("bands:", "monotone: {n1: rising}\nbands:", "CC410 tool `tool` does not read `n1`."),
    ("at_most: 1}", "}", "CC402 band `low` has no bounds."),
    ("id: first,", "id: b1,", ""),
    ("above: 1}", 'above: 1, when: "b1"}', ""),
    ("when: b0}", 'when: "tool >= 1"}', "CC413 These names define each other in a circle: tool -> tool."),
    ("id: tool", "id: b1", "CC412 `b1` already names a fact."),
    ("cite: [paper]", "cite: [book]", "CC502 no citation named `book`."),
    ("basis: [E]", "basis: [Q]", "CC509 `Q` is not a basis."),
    ("when: b0}", "when: \"b0 = 'yes'\"}", "CC203"),
]


@pytest.mark.parametrize(("before", "after", "expected"), FAULTS, ids=[f[2][:60] or f[1] for f in FAULTS])
def test_a_fault_of_a_tool_is_told_with_its_place(tmp_path, before, after, expected):
    assert before in SUM
    reading = mini(tmp_path, SUM.replace(before, after, 1))

    told = [str(p) for problems in reading.broken.values() for p in problems]

    if expected:
        assert any(expected in line and line.startswith("tools/") for line in told), told
    else:
        assert not told


def test_an_item_that_is_also_a_fact_must_not_be_named_in_a_row(tmp_path):
    text = SUM.replace("id: first,", "id: b1,").replace("above: 1}", 'above: 1, when: "b1"}')

    (problem,) = mini(tmp_path, text).broken["tool"]

    assert problem.code == "CC412"
    assert "which is meant?" in problem.cause


def test_a_part_without_any_source_is_told(tmp_path):
    reading = mini(tmp_path, SUM.replace("cite: [paper]\nbasis: [E]\n", ""))

    assert {p.code for p in reading.tools["tool"].lints} == {"CC501"}
    assert len(reading.tools["tool"].lints) == 4  # two items, two bands


LINTS = [
    ("above: 1}", "above: 0}", "CC452 the value 1 lies in the bands low, high."),
    ("above: 1}", "above: 2}", "CC453 the value 2 lies in no band."),
    ("range: [0, 3]", "range: [0, 2]", "CC455 the value reaches from 0 to 3; its `range` is 0 to 2."),
    ("range: [0, 3]", "range: [0, 5]", "CC455 the value reaches only from 0 to 3; its `range` is 0 to 5."),
    (
        'points: 2, when: "n0 >= 4"}',
        'levels: [{points: 2, when: "n0 >= 2"}, {points: 1, when: "n0 >= 4"}]}',
        "CC454 level 2 of item `second` is never reached",
    ),
]


@pytest.mark.parametrize(("before", "after", "expected"), LINTS, ids=[lint[2][:40] for lint in LINTS])
def test_check_finds_what_no_single_part_of_a_tool_shows(tmp_path, before, after, expected):
    reading = mini(tmp_path, SUM.replace(before, after, 1))

    told = [str(p) for p in lint_tool(reading.tools["tool"].tool, reading.shelf)]

    assert any(expected in line for line in told), told


def test_a_direction_that_a_formula_does_not_keep_is_found(tmp_path):
    text = """\
id: tool
title: A formula
kind: formula
value: {type: number, unit: "1", range: [-30, 30], decimals: 1}
cite: [paper]
basis: [E]
formula: "n0 * (n1 - 3)"
monotone: {n0: rising}
"""
    reading = mini(tmp_path, text)

    found = [p.code for p in lint_tool(reading.tools["tool"].tool, reading.shelf)]

    assert found == ["CC457"]


def test_an_example_that_does_not_come_out_is_told_with_what_did(tmp_path):
    path = tmp_path / "tool.yaml"
    path.write_text(SUM + "examples:\n  - {name: both, given: {b0: true, n0: 4}, expect: {value: 2, band: high}}\n")

    (problem,) = check_tools(MINI, files=[path])["tool"]

    assert (problem.code, problem.cause) == ("CC459", "example `both`: value: expected 2, got 3.")


@pytest.mark.parametrize("tool", sorted(content().tools))
def test_a_tool_of_the_content_has_no_fault_and_each_of_its_examples_comes_out(tool):
    problems = check_tools_of_content()[tool]

    assert [str(p) for p in problems if p.level == "error"] == []
    assert content().tools[tool].examples or content().tools[tool].tool.withheld


@functools.cache
def check_tools_of_content() -> dict[str, list[Any]]:
    return check_tools(CONTENT)


# --- at the terminal


def test_the_page_of_a_score_shows_the_interval_what_could_change_it_and_its_watermark():
    shelf = content().shelf
    report = run(shelf, "curb65", {"age": "50 years", "rr": "18 /min", "sbp": "120 mmHg", "dbp": "80 mmHg"})

    text = tool_text(shelf.tools["curb65"], report, shelf, width=100, unicode=False)

    assert "between 0 and 2" in text
    assert "could still change it: Consciousness" in text
    assert "unreviewed content, for evaluation" in text
    assert text.isascii()


def test_tool_list_names_every_tool_with_its_state(capsys):
    status = main(["tool", "list", "--json"])
    found = json.loads(capsys.readouterr().out)

    assert status == (1 if found["broken"] else 0)
    rows = {row["id"]: row for row in found["tools"]}
    assert len(rows) >= 40
    assert all(row["review"] == "needed" for row in rows.values())
    assert rows["florence_haemoptysis"]["withheld"]


def test_a_tool_that_is_not_there_is_named_with_the_nearest(capsys):
    assert main(["tool", "curb_65", "case.yaml"]) == 2
    assert "Did you mean `curb65`?" in capsys.readouterr().err


def test_a_shelf_without_the_tool_asked_for_says_so():
    with pytest.raises(ReferenceProblem, match="CC417"):
        with_tools(content().shelf, ["nothing"])


def test_the_example_of_the_format_page_is_a_tool_without_faults(tmp_path):
    page = (CONTENT.parent / "docs" / "tool-format.md").read_text()
    path = tmp_path / "example_score.yaml"
    path.write_text(re.search(r"```yaml\n(id: example_score.*?)```", page, re.DOTALL)[1])

    assert check_tools(CONTENT, files=[path])["example_score"] == []


def test_an_assessment_at_one_moment_is_the_same_whatever_other_tools_are_on_the_shelf():
    case = case_from_mapping({"setting": "ed", "at": AT, "facts": {"age": "50 years"}}, engine().dossier)
    fewer = replace(engine().dossier, scores=engine().dossier.scores[:3])

    found = Engine(fewer).assess(case)

    assert found.tier == engine().assess(case).tier
    assert dict(found.scores) == {id: engine().assess(case).scores[id] for id in fewer.scores}
    assert datetime.fromisoformat(AT) == found.at
