"""Every score beside public packages that have it, and beside a second reading of its published table.

The page docs/tool-agreement.md is written from the same runs: `python -m tests.agreement.table`.
"""

from __future__ import annotations

import dataclasses
import functools
from importlib.metadata import metadata

import pytest

from clinical_commander.dossier.model import Tool
from clinical_commander.dossier.shelf import ShelfReading, read_shelf, shelf_root
from tests.agreement import table
from tests.agreement.differences import RIGHT, differences
from tests.agreement.ours import Ours, ours
from tests.agreement.packages import COMPARISONS, LICENCES, Comparison, declared
from tests.agreement.patients import computed_tools, patients, shelf, within
from tests.agreement.reference import PUBLISHED

PERMISSIVE = {"MIT", "Apache-2.0"}


@pytest.fixture(scope="module")
def page() -> str:
    return table.PAGE.read_text(encoding="utf-8")


@functools.cache
def reading() -> ShelfReading:
    return read_shelf(shelf_root())


# --- packages


@pytest.mark.parametrize("tool", table.compared_tools())
def test_a_package_says_what_follows_from_our_score_and_the_declared_differences(tool, page):
    for comparison, result in table.against_packages(tool).items():
        what = f"{comparison.package}, {comparison.what}"
        assert result.compared == table.PATIENTS, what
        assert not result.wrong, f"{what}: theirs, expected: {result.wrong[:3]}"
        for difference in declared(comparison):
            assert result.within[difference.number], f"{what}: nobody differs any more where {difference.where}"
    assert {table.matrix_row(tool), *table.difference_rows(tool)} <= set(page.splitlines()), table.STALE


@pytest.mark.parametrize("difference", differences(), ids=lambda d: f"{d.number}-{d.tool}")
def test_a_difference_is_judged_by_a_source_of_the_score_itself(difference):
    cited = reading().tools[difference.tool].cited

    assert difference.cite
    assert set(difference.cite) <= cited
    assert difference.right in RIGHT
    assert any(difference in declared(c) for c in COMPARISONS), "it speaks of no comparison"


def test_without_its_declared_difference_a_package_is_found_out():
    """The net itself: the same comparison with nothing declared of it."""
    comparison = next(c for c in COMPARISONS if (c.tool, c.package) == ("curb65", "open-medicine"))
    undeclared = dataclasses.replace(comparison, package="another")

    found = {True: 0, False: 0}
    for _, facts in zip(range(500), within("curb65"), strict=False):
        theirs, said = undeclared.asked(facts), ours("curb65").complete(facts)
        expected, _ = undeclared.expected(facts, said)
        found[undeclared.same(theirs, expected[0])] += 1
        assert found[True] or 19.6 < facts["bun"] <= 20

    assert found[False] > 10


@pytest.mark.parametrize(
    ("tolerance", "theirs", "mine", "same"),
    [(1e-9, 3, 3.0, True), (1e-9, 3, 4, False), (0.051, 72.4, 72.44, True), (0.051, 72.3, 72.44, False)],
)
def test_a_number_is_the_same_up_to_what_the_package_rounds_to(tolerance, theirs, mine, same):
    assert Comparison("map", "any", "mmHg", lambda f: 0, tolerance=tolerance).same(theirs, mine) is same


def test_every_package_may_be_used_by_a_test():
    said = {
        name: " ".join([metadata(name).get("License-Expression") or "", *metadata(name).get_all("Classifier", [])])
        for name in LICENCES
    }

    assert set(LICENCES.values()) <= PERMISSIVE
    assert {c.package for c in COMPARISONS} == set(LICENCES)
    for name, licence in LICENCES.items():
        assert {"MIT": "MIT", "Apache-2.0": "Apache Software License"}[licence] in said[name], name


def test_every_score_that_two_packages_have_is_compared_with_both():
    several = [tool for tool in table.compared_tools() if len(table.packages_of(tool)) >= 2]

    assert {"cha2ds2_vasc", "ckd_epi_2021", "curb65", "gcs", "has_bled", "map", "news2", "perc", "psi", "qsofa",
            "wells_pe"} <= set(several)  # fmt: skip


# --- the published table


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
    assert not differ, f"{len(differ)} differ, published and ours: {differ[:3]}"


@pytest.mark.parametrize("oxygen", [40.0, 80.0])
def test_a_ratio_of_333_itself_is_not_under_333(oxygen):
    # 133.2 / 0.40 and 266.4 / 0.80 are 333; the item of SMART-COP up to 50 years is under 333.
    exactly = ours("pf_ratio").complete({"pao2": round(333 * oxygen / 100, 1), "fio2": oxygen})

    assert exactly.value == 333


# --- the page


def test_the_page_has_no_line_too_many(page):
    lines = [line for line in page.splitlines() if line.startswith(("| `", "| <a", "| all"))]

    assert len(lines) == len(table.compared_tools()) + len(differences()) + 2 * len(computed_tools()) + 1
    assert page.startswith(table.HEAD)
    assert "Generated by" in page.splitlines()[0]
    assert set(table.coverage()) <= set(page.splitlines()), table.STALE
    for package in LICENCES:
        assert f"{package} {table.version_of(package)}, {LICENCES[package]}" in page


# --- the comparison itself


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
            assert {name: ends[0] for name, ends in report.counts.items()} == said.counts


@pytest.mark.parametrize("tool", ["curb65", "wells_pe", "pesi", "news2", "hestia", "fleischner_2017"])
def test_the_comparison_notices_limits_that_lie_one_step_off(tool):
    """The net itself: every number of the published table's patient one unit higher."""
    noticed = 0
    for facts in patients(tool, 300):
        said = ours(tool).complete(facts)
        shifted = {k: v + 1 if isinstance(v, float) and k != "age" else v for k, v in facts.items()}
        noticed += said.applies and not table.same(said.value, PUBLISHED[tool].value(table.Patient(shifted)))

    assert noticed
