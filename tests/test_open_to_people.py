"""What no test can tick: each part of a requirement that only people can judge, listed as open by its number.

They stand in the summary of every run as expected failures that are not run (`pytest -k UX -rx`), and so does each row
of docs/ux.md that is not met. Who has judged one writes who, when and with what result where the docs say so, and
deletes the test here. A test is never made to pass instead.
"""

from __future__ import annotations

import ast
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from tests.fixtures import REPOSITORY

HERE = Path(__file__).parent
NUMBERS = range(1, 41)
BY_PEOPLE = "open: only people can judge"
# What the docs call open to people, by the test that lists it here.
SAID = {
    "test_ux_02_an_expert_reaches_the_first_steps_at_the_bedside_within_30_seconds": "30 seconds",
    "test_ux_13_a_screen_reader_says_what_is_wrong_and_where": "screen reader",
    "test_ux_20_clinicians_understand_what_an_answer_rests_on": "understand the basis",
    "test_ux_trust_in_the_page_is_as_high_as_it_deserves": "trust the page",
    "test_ux_36_two_raters_give_the_leaflet_80_percent_on_both_scales": "two raters",
    "test_ux_40_the_printed_page_is_legible_and_whole": "printed page",
}


def by_people(how: str) -> Any:
    return pytest.mark.xfail(run=False, reason=f"{BY_PEOPLE}: {how}")


def ticked_by_nobody() -> None:
    pytest.fail("only people can judge this")


@by_people("experts, a massive vignette, a stopwatch, at a bedside or in simulation")
def test_ux_02_an_expert_reaches_the_first_steps_at_the_bedside_within_30_seconds() -> None:
    ticked_by_nobody()


@by_people("a bad form submitted twice, with NVDA and VoiceOver, by people who use them")
def test_ux_13_a_screen_reader_says_what_is_wrong_and_where() -> None:
    ticked_by_nobody()


@by_people("clinicians open the basis of an answer and say in their own words what it rests on")
def test_ux_20_clinicians_understand_what_an_answer_rests_on() -> None:
    ticked_by_nobody()


@by_people("clinicians follow right answers and refuse wrong ones that were planted")
def test_ux_trust_in_the_page_is_as_high_as_it_deserves() -> None:
    ticked_by_nobody()


@by_people("two raters, apart, PEMAT-P, at least 80 % for understanding and for acting")
def test_ux_36_two_raters_give_the_leaflet_80_percent_on_both_scales() -> None:
    ticked_by_nobody()


@by_people("A4 and Letter from an office printer in grey, read at arm's length")
def test_ux_40_the_printed_page_is_legible_and_whole() -> None:
    ticked_by_nobody()


# --- the rows of the docs


def rows() -> Mapping[int, str]:
    """The state of each requirement, by its number."""
    text = (REPOSITORY / "docs" / "ux.md").read_text(encoding="utf-8")
    return {int(n): state.strip() for n, state in re.findall(r"^\| UX-(\d\d) \|[^|]*\|(.*)\|$", text, re.MULTILINE)}


@pytest.mark.parametrize(
    "number",
    [
        pytest.param(number, id=f"ux_{number:02}", marks=pytest.mark.xfail(run=False, reason=f"not met: {state}"))
        for number, state in rows().items()
        if not state.startswith("met")
    ],
)
def test_what_the_docs_call_open_is_listed_as_open(number: int) -> None:
    ticked_by_nobody()


@cache
def named() -> Mapping[int, frozenset[str]]:
    """The tests that carry the number of a requirement and can fail, by number."""
    found: dict[int, set[str]] = {}
    for file in HERE.rglob("test_*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.FunctionDef) or node.name in SAID:
                continue
            if match := re.match(r"test_ux_(\d\d)_", node.name):
                found.setdefault(int(match[1]), set()).add(file.name)
    return {number: frozenset(files) for number, files in found.items()}


def test_every_requirement_has_its_row_and_a_test_that_can_fail_or_is_listed_as_not_met() -> None:
    states = rows()

    assert sorted(states) == list(NUMBERS)
    for number, state in states.items():
        assert number in named() or not state.startswith("met"), (number, state)


def test_a_row_that_is_met_names_no_open_part_but_what_is_for_people() -> None:
    for number, state in rows().items():
        assert state.startswith(("met", "in part", "open")), (number, state)
        if state.startswith("met"):
            assert "open" not in state.replace("open, human", ""), (number, state)


def test_what_only_people_can_judge_is_called_open_in_the_docs() -> None:
    text = (REPOSITORY / "docs" / "ux.md").read_text(encoding="utf-8")
    blocks = [" ".join(block.split()) for block in re.split(r"\n\n|\n(?=\|)", text)]
    open_to_people = [block for block in blocks if "open, human" in block.lower()]

    for test, words in SAID.items():
        assert any(words in block for block in open_to_people), (test, words)


# --- how a run lists them


def run(folder: Path, *arguments: str, **environment: str) -> str:
    """What pytest prints of the tests in a folder, with the house's own conftest."""
    outside = ("CI", "PYTEST_ADDOPTS", "PYTEST_XDIST_WORKER")
    clean = {key: value for key, value in os.environ.items() if key not in outside}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *arguments, str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env={**clean, **environment})
    return done.stdout + done.stderr


def test_under_ci_what_is_open_stays_open_and_a_skip_fails(tmp_path: Path) -> None:
    shutil.copy(HERE / "conftest.py", tmp_path)
    (tmp_path / "pytest.ini").write_text("[pytest]\nxfail_strict = true\n")
    (tmp_path / "test_both.py").write_text(
        "import pytest\n\n"
        "@pytest.mark.xfail(run=False, reason='open: only people can judge: x')\n"
        "def test_open(): raise AssertionError\n\n"
        "def test_skipped(): pytest.skip('no browser')\n"
    )

    under_ci, at_home = run(tmp_path, "-ra", CI="true"), run(tmp_path, "-ra")

    assert "1 failed, 1 xfailed" in under_ci
    assert "FAILED" in under_ci
    assert "test_skipped was skipped" in under_ci
    assert re.search(r"XFAIL .*test_open .*open: only people can judge: x", under_ci)
    assert "1 skipped, 1 xfailed" in at_home


def test_a_run_by_the_numbers_lists_what_is_for_people_as_expected_failures_and_passes_none_of_it() -> None:
    printed = run(Path(__file__), "-k", "UX", "-rxX")

    for test in SAID:
        assert re.search(rf"XFAIL .*::{test} .*{BY_PEOPLE}", printed), test
    assert "XPASS" not in printed
    assert not re.search(r"\d passed", printed)
