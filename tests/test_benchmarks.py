"""The benchmarks run, and the page that shows them leaves nothing out. No test here looks at a time."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.differential import PGMPY
from benchmarks.run import Row, cause_rows, engine_rows, machine, page, process_rows
from tests.generate import examples, hemoptysis

PAGE = Path(__file__).resolve().parents[1] / "docs" / "benchmarks.md"


@pytest.fixture(scope="module")
def rows() -> list[Row]:
    engine = hemoptysis()
    return [*engine_rows(engine, list(examples().values())[:2], 1), *cause_rows(engine, 1), *process_rows(1)]


def test_the_page_has_every_row_that_the_benchmark_prints(rows: list[Row]) -> None:
    shown = [line.split("|")[1].strip() for line in PAGE.read_text().splitlines() if line.startswith("| ")]

    # pgmpy is there for `make bench` only.
    assert [name for name in shown if name != PGMPY] == ["what", *(row.name for row in rows if row.name != PGMPY)]
    assert PGMPY in shown


def test_the_page_says_how_to_measure_again_and_names_no_machine(rows: list[Row]) -> None:
    import platform

    written = page({**machine(), "rows": [row.data() for row in rows]})

    assert "--page run.json > docs/benchmarks.md" in written
    assert platform.node() not in written
    assert PAGE.read_text().partition("*Cold*")[2] == written.partition("*Cold*")[2]


def test_a_budget_stands_beside_its_figure(rows: list[Row]) -> None:
    with_budget = {row.name: (row.data()["budget_p50_us"], row.data()["budget_p99_us"]) for row in rows if row.budget}

    # design: 300 us for rules, tiers and triggers; 1.5 ms and 4 ms for an assessment; 120 ms for a cold process; 50 us,
    # 150 us and 300 ms for the differential.
    assert with_budget == {
        "rules, tiers, triggers": (300, None),
        "assess to JSON": (1500, 4000),
        "posterior and contributions": (50, None),
        "value of every finding not known": (150, None),
        "10,000 draws of the posterior": (300_000, None),
        "commander assess --json, cold": (120_000, None),
        "the same of a JSON case": (120_000, None),
        "commander assess, cold": (120_000, None),
    }
