"""Every score beside a second reading of its published table, and beside public packages that have it.

The page docs/tool-agreement.md is written from the same runs: `python -m tests.agreement.table`.
"""

from __future__ import annotations

import pytest

from clinical_commander.dossier.model import Tool
from tests.agreement import table
from tests.agreement.differences import DIFFERENCES
from tests.agreement.faults import KNOWN_FAULTS, is_known
from tests.agreement.ours import Ours, ours
from tests.agreement.packages import COMPARISONS, LICENCES
from tests.agreement.patients import computed_tools, patients, shelf
from tests.agreement.reference import PUBLISHED

PERMISSIVE = {"MIT", "Apache-2.0", "BSD-3-Clause"}


@pytest.fixture(scope="module")
def page() -> str:
    return table.PAGE.read_text(encoding="utf-8")


def test_every_score_has_a_second_reading_or_says_why_not():
    assert sorted(computed_tools()) == sorted([*PUBLISHED, *table.WITHOUT_TABLE])
    assert not {shelf().tools[id].kind for id in table.WITHOUT_TABLE} & {"sum", "criteria", "table", "formula"}


@pytest.mark.parametrize("tool", computed_tools())
def test_a_score_agrees_with_its_published_table_on_ten_thousand_patients(tool, page):
    # The page is looked at in the same test: it is the same ten thousand patients.
    assert set(table.table_rows(tool)) <= set(page.splitlines()), table.STALE
    if tool not in PUBLISHED:
        return
    compared, differ = table.against_table(tool)

    assert compared > table.PATIENTS / 2
    outside = [d for d in differ if not is_known(tool, d[2])]
    assert not outside, f"{len(outside)} differ, published and ours: {outside[:3]}"
    assert bool(differ) == (tool in KNOWN_FAULTS), "a known fault is gone: take it from the list"


@pytest.mark.parametrize("tool", table.compared_tools())
def test_a_score_and_a_package_differ_only_where_it_is_declared_and_judged(tool, page):
    for comparison, result in table.against_packages(tool).items():
        what = f"{comparison.package}, {comparison.what}"
        assert result.compared > table.PATIENTS / 2, what
        assert not result.unexplained, f"{what}: theirs, ours: {result.unexplained[:3]}"
        for difference in table.declared(comparison):
            assert result.within[difference.where], f"{what}: nobody differs any more: {difference.where}"
    assert set(table.package_rows(tool) + table.difference_rows(tool)) <= set(page.splitlines()), table.STALE


def test_the_page_has_no_line_too_many(page):
    counted = len(COMPARISONS) + len(DIFFERENCES) + 2 * len(computed_tools())
    lines = [line for line in page.splitlines() if line.startswith("| `")]

    assert len(lines) == counted
    assert page.startswith(table.HEAD)
    for package in LICENCES:
        assert f"- {package} {table.version_of(package)}, {LICENCES[package]}" in page


def test_every_package_may_be_used_by_a_test():
    assert set(LICENCES.values()) <= PERMISSIVE
    assert {c.package for c in COMPARISONS} == set(LICENCES)


@pytest.mark.parametrize("tool", computed_tools())
def test_what_is_shown_of_a_complete_patient_is_what_was_compared(tool):
    """The fast way of the comparison against the whole way from facts to report."""
    shown: Tool = shelf().tools[tool]
    whole_way = Ours(tool)

    for facts in patients(tool, 100, seed=" shown"):
        said = ours(tool).complete(facts)
        report = whole_way.report({name: (value,) for name, value in facts.items()})

        assert report.applicable == ("yes" if said.applies else "no")
        if said.applies:
            value = round(said.value, shown.decimals) if isinstance(said.value, float) else said.value
            assert (report.value, report.band) == (value, said.band), facts
            assert {r["id"]: r["value"] for r in report.readings if r["id"] in said.readings} == said.readings


@pytest.mark.parametrize("tool", ["curb65", "wells_pe", "pesi", "news2", "hestia", "fleischner_2017"])
def test_the_comparison_notices_limits_that_lie_one_step_off(tool):
    """The net itself: every number of the published table's patient one unit higher."""
    noticed = 0
    for facts in patients(tool, 300):
        said = ours(tool).complete(facts)
        shifted = {k: v + 1 if isinstance(v, float) and k != "age" else v for k, v in facts.items()}
        noticed += said.applies and not table.same(said.value, PUBLISHED[tool].value(table.Patient(shifted)))

    assert noticed
