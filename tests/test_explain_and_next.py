"""`commander explain` and `commander next`, as their user runs them."""

from __future__ import annotations

import io
import json
import re
import sys
from pathlib import Path

import pytest

from clinical_commander.cli.main import main
from tests.fixtures import EXAMPLES

MILD = str(EXAMPLES / "constructed-mild.yaml")
UNMEASURED = str(EXAMPLES / "constructed-unmeasured.yaml")
MASSIVE = str(EXAMPLES / "tb-04.yaml")
CHILD = "setting: ed\nfacts: {age: 5 years}\n"


def out(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert main(arguments) == 0
    return capsys.readouterr().out


# --- explain


@pytest.mark.parametrize("cause", ["pulmonary_embolism", "lung_cancer", "tuberculosis", "pneumonia"])
def test_every_line_of_the_arithmetic_can_be_worked_again(capsys: pytest.CaptureFixture[str], cause: str) -> None:
    text = out(capsys, "explain", MILD, "--region", "high_income", "--cause", cause, "--width", "4000")

    checked = 0
    text, _, _ = text.partition("AS THE CAUSE OF THIS BLEED")
    for a, sign, b, c in re.findall(r"([0-9.]+) ([/x]) ([0-9.]+) = ([0-9.]+)", text):
        left = float(a) / float(b) if sign == "/" else float(a) * float(b)
        # Six decimals are printed; a ratio of two of them is known to about their relative rounding.
        assert left == pytest.approx(float(c), rel=2e-3, abs=2e-6)
        checked += 1
    (last, shown) = re.findall(r"there: ([0-9.]+) / \(1 \+ [0-9.]+\) = ([0-9.]+)", text)[0]
    assert float(last) / (1 + float(last)) == pytest.approx(float(shown), abs=2e-6)
    assert checked >= 4


def test_the_shares_of_all_causes_are_the_products_over_their_sum(capsys: pytest.CaptureFixture[str]) -> None:
    data = json.loads(out(capsys, "explain", MILD, "--region", "high_income", "--cause", "lung_cancer", "--json"))

    (one,) = data["explanations"]
    weights = []
    for row in one["weighed"]:
        product = row["prior"]
        for likelihood in row["likelihoods"]:
            product *= likelihood
        weights.append(product)
    for row, weight in zip(one["weighed"], weights, strict=True):
        assert row["probability"] == pytest.approx(weight / sum(weights))
    assert one["probability"] == pytest.approx(
        next(r for r in one["weighed"] if r["cause"] == "lung_cancer")["probability"]
    )
    assert one["prior_odds"] == pytest.approx(16 / 77)


def test_without_a_region_each_prior_is_explained(capsys: pytest.CaptureFixture[str]) -> None:
    data = json.loads(out(capsys, "explain", MILD, "--cause", "tuberculosis", "--json"))

    assert [e["prior"]["region"] for e in data["explanations"]] == ["high_income", "tb_endemic"]


def test_the_interval_by_draws_is_near_that_of_the_delta_method(capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("numpy")
    arguments = ("explain", UNMEASURED, "--region", "high_income", "--cause", "pneumonia", "--draws", "--json")

    data = json.loads(out(capsys, *arguments))
    assessed = json.loads(out(capsys, "assess", UNMEASURED, "--region", "high_income", "--json"))

    (low, high) = next(iter(data["draws"].values()))
    delta = next(c for c in assessed["differential"] if c["cause"] == "pneumonia")["interval"]
    assert low == pytest.approx(delta["low"], abs=0.04)
    assert high == pytest.approx(delta["high"], abs=0.04)


@pytest.mark.parametrize(
    ("arguments", "code"),
    [(("--cause", "pneumona"), "CC628"), (("--region", "moon"), "invalid choice")],
)
def test_a_mistake_is_one_clear_sentence(
    capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], code: str
) -> None:
    assert main(["explain", MILD, *arguments]) == 2

    error = capsys.readouterr().err
    assert code in error
    assert "Traceback" not in error


def test_a_child_has_no_differential_to_explain(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    case = tmp_path / "case.yaml"
    case.write_text(CHILD)

    assert main(["explain", str(case)]) == 2
    assert "CC627" in capsys.readouterr().err


# --- next


def test_while_the_tier_is_open_the_first_question_is_about_the_tier(capsys: pytest.CaptureFixture[str]) -> None:
    data = json.loads(out(capsys, "next", UNMEASURED, "--json"))

    assert not data["stops"]
    assert "tier" in data["next"][0]["could_change"]


def test_what_is_known_is_never_asked(capsys: pytest.CaptureFixture[str]) -> None:
    for case in sorted(EXAMPLES.glob("*.yaml")):
        if case.name == "expectations.yaml":
            continue
        asked = json.loads(out(capsys, "next", str(case), "--json"))["next"]
        facts = json.loads(out(capsys, "assess", str(case), "--json"))["facts"]
        known = {name for name, fact in facts.items() if fact["state"] == "known"}
        for question in asked:
            assert not known & set(question["facts"]), (case.name, question["ask"])
        assert len({q["ask"] for q in asked}) == len(asked)


def test_in_massive_bleeding_nothing_is_asked_that_could_wait(capsys: pytest.CaptureFixture[str]) -> None:
    data = json.loads(out(capsys, "next", MASSIVE, "--json"))

    assert not any(name.startswith("zone:") for q in data["next"] for name in q["could_change"])


def interview(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], case: str, answers: str
) -> tuple[str, str]:
    monkeypatch.setattr(sys, "stdin", io.StringIO(answers))
    assert main(["next", case, "--interactive", "--region", "high_income"]) == 0
    shown = capsys.readouterr()
    return shown.out, shown.err


def test_an_interview_in_which_nothing_is_known_asks_each_thing_once_and_stops(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    shown, asked = interview(monkeypatch, capsys, UNMEASURED, "unknown\n" * 400)

    prompts = re.findall(r"^   (.+?) \(", asked, re.MULTILINE)
    assert len(prompts) == len(set(prompts)) > 20
    assert "CANNOT EXCLUDE MASSIVE BLEEDING" in shown


def test_answers_are_taken_and_a_slip_is_asked_again(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    shown, asked = interview(monkeypatch, capsys, UNMEASURED, "confused\nyes\nyes\n0.97\n84 %\n")

    assert "MASSIVE BLEEDING" in shown
    assert "CANNOT EXCLUDE MASSIVE" not in shown
    assert asked.count("CC610") <= 1


def test_an_interview_whose_answers_end_prints_what_it_has(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    shown, _ = interview(monkeypatch, capsys, UNMEASURED, "")

    assert shown.startswith("UNREVIEWED CONTENT")
