"""The trials of `make torture`, each for a few seconds: a fault that they find at once is found in every test run."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.torture import copies, faults, kill, rot, together
from tests.torture.cluster import Cluster, why_not
from tests.torture.report import Report

pytestmark = pytest.mark.hazard("H18")


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    if why_not():
        pytest.skip(why_not())
    with Cluster() as started:
        yield started


def judged(report: Report) -> None:
    assert report.passed, str(report)
    assert report.figures.get("lost", 0) == 0, str(report)


def test_nothing_acknowledged_is_lost_when_writers_on_sqlite_are_killed(tmp_path: Path) -> None:
    judged(kill.kill_sqlite(tmp_path, 12))


def test_nothing_acknowledged_is_lost_when_writers_and_server_of_postgresql_are_killed(cluster: Cluster) -> None:
    judged(kill.kill_postgresql(cluster, 6, 1))


def test_eight_writers_leave_no_gap_on_sqlite(tmp_path: Path) -> None:
    judged(together.together(str(tmp_path / "together.db"), "SQLite", 2))


def test_eight_writers_leave_no_gap_on_postgresql(cluster: Cluster) -> None:
    judged(together.together(cluster.made("together"), "PostgreSQL", 2))


def test_a_write_that_is_cut_short_records_nothing_by_halves(tmp_path: Path) -> None:
    judged(faults.short_writes(tmp_path, 8192))


def test_a_flipped_bit_is_found_or_changes_nothing_that_is_served(tmp_path: Path) -> None:
    judged(rot.flips(tmp_path, 120))


def test_a_file_that_was_cut_off_is_found(tmp_path: Path) -> None:
    judged(rot.cuts(tmp_path, 20))


def test_a_backup_of_a_log_at_work_is_true_to_the_anchor(tmp_path: Path, cluster: Cluster) -> None:
    judged(copies.copies(str(tmp_path / "copied.db"), "SQLite", tmp_path, [cluster.made("restored")], 1))
    judged(copies.copies(cluster.made("copied"), "PostgreSQL", tmp_path, [str(tmp_path / "restored.db")], 1))
