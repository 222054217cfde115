"""Is a score already decided although inputs are missing? `settled` against brute force over all completions."""

from __future__ import annotations

import pytest

from clinical_commander.engine.tool_run import ToolRunner
from tests.agreement import settled, table
from tests.agreement.patients import computed_tools, facts_of, shelf
from tests.agreement.reference import PUBLISHED


@pytest.mark.parametrize("tool", computed_tools())
def test_a_score_is_settled_exactly_when_every_completion_says_the_same(tool):
    outcome = settled.against_completions(tool)

    assert not outcome.problems, outcome.problems[:2]
    certain = outcome.counts["value"] + outcome.counts["band"]
    assert outcome.counts["value"]
    assert 10 <= certain <= outcome.counts["partial"] - 10, "the patients tell nothing apart"
    assert set(table.settled_rows(tool)) <= set(table.PAGE.read_text(encoding="utf-8").splitlines()), table.STALE


@pytest.mark.parametrize("tool", sorted(set(PUBLISHED) - settled.BY_MEANING))
def test_nothing_that_a_completion_says_is_ruled_out_where_much_is_open(tool):
    assert not list(settled.against_draws(tool))[:1]


@pytest.mark.parametrize("tool", computed_tools())
def test_with_implications_between_facts_the_truth_is_never_ruled_out(tool):
    assert not list(settled.against_truth(tool))[:1]


def test_the_page_adds_up_how_many_scores_were_settled_with_something_missing():
    """Its lines are compared with what was computed, tool by tool, above."""
    section = table.PAGE.read_text(encoding="utf-8").partition("## Settled")[2].splitlines()
    rows = [
        [int(cell.replace(",", "")) for cell in line.split("|")[2:-1]] for line in section if line.startswith("| `")
    ]
    [total] = [line for line in section if line.startswith("| all |")]

    sums = [sum(column) for column in zip(*rows, strict=True)]
    said = dict(zip((*table.COUNTED, "differ"), sums, strict=True))
    print(f"settled with something missing: {said['value']} values, {said['band']} more bands of {said['partial']}")
    assert len(rows) == len(computed_tools())
    assert total == table.row("all", *(f"{n:,}" for n in sums))
    assert said["differ"] == 0
    assert said["value"] + said["band"] > said["partial"] / 4


def test_the_bounds_that_are_wider_than_they_need_be_are_those_that_the_loader_warns_of():
    warned = {id for id in computed_tools() if ToolRunner(shelf(), [id]).program.inexact}

    assert warned == set(settled.WIDER)


def test_every_fact_of_a_published_table_is_tried():
    for tool in PUBLISHED:
        assert set(PUBLISHED[tool].facts.split()) <= set(facts_of(tool)), tool


def test_the_comparison_notices_a_report_that_says_too_much_or_too_little():
    """The net itself: the report of a patient about whom one thing more, or less, is known."""
    noticed = {"too much": 0, "too little": 0}
    for facts in settled.patients("curb65", 40, seed=" net"):
        left = {name: [value] for name, value in facts.items()} | {"age": [50.0, 64.0, 65.0, 80.0]}
        found = settled.by_table("curb65", left, settled.completions(left))
        much = settled.ours("curb65").report({**settled.told(left), "age": [50.0]})
        little = settled.ours("curb65").report({n: v for n, v in settled.told(left).items() if n != "sbp"})

        noticed["too much"] += bool(list(settled.sound(much, found, 0)))
        noticed["too little"] += bool(list(settled.exact(little, found, 0)))

    assert noticed["too much"] == 40
    assert noticed["too little"] >= 20
