"""The codifiers: hemoptysis volume, embolization outcome, ANCA pattern, tuberculosis isolation; what stands on them.

Their worked cases stand in the tool files and are run with those of all tools. Here is what a worked case cannot say:
nothing that is forgotten ends an isolation, an interval holds every bleed that fits it, a mistake in a rule is found.
"""

from __future__ import annotations

import functools
import itertools
import random
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest

from clinical_commander.dossier.citations import read_citations
from clinical_commander.dossier.model import Dossier
from clinical_commander.dossier.names import Names
from clinical_commander.dossier.resolve import Resolver
from clinical_commander.dossier.shelf import open_shelf, read_shelf
from clinical_commander.dossier.source import read_yaml
from clinical_commander.dossier.tools import closure, read_tools
from clinical_commander.engine.assessment import ScoreReport
from clinical_commander.engine.read_case import case_from_mapping, read_case
from clinical_commander.engine.tool_examples import run_examples
from clinical_commander.engine.tool_run import ToolRunner, case_for_tools
from clinical_commander.engine.vignette import DEFAULT_MOMENT
from clinical_commander.errors import ClinicalCommanderError
from clinical_commander.logic import ir
from clinical_commander.render.scores import tool_text
from tests.fixtures import EXAMPLES, REPOSITORY, assess, engine, patient

CODIFIERS = ("hemoptysis_volume", "bae_outcome", "anca_pattern", "tb_isolation")
CONTENT = REPOSITORY / "content"
Facts = Mapping[str, object]


@functools.cache
def shelf() -> Dossier:
    return open_shelf(CONTENT, use_cache=False)


@functools.cache
def runner(tool: str) -> ToolRunner:
    return ToolRunner(shelf(), [tool])


def says(tool: str, facts: Facts, setting: str = "ed") -> ScoreReport:
    """What a tool says of a patient with these facts."""
    found = runner(tool)
    case = {"setting": setting, "at": DEFAULT_MOMENT, "facts": dict(facts)}
    return found.run(case_from_mapping(case, found.dossier))[tool]


def of_example(tool: str, name: str) -> ScoreReport:
    found = runner(tool)
    node = case_for_tools(read_yaml(EXAMPLES / f"{name}.yaml"))
    return found.run(read_case(node, found.dossier))[tool]


def reading(report: ScoreReport, id: str) -> Mapping[str, Any]:
    return next(r for r in report.readings if r["id"] == id)


# --- Fartoukh


FARTOUKH = {
    "age": "60 years", "lung_cancer_known": True, "aspergillosis_known": False, "alcohol_chronic": False,
    "oxygen_device": "invasive_ventilation", "ct_pulmonary_artery_aneurysm": False, "cxr_quadrants": "1",
}  # fmt: skip


def test_cancer_and_ventilation_are_4_points_and_34_percent() -> None:
    report = says("fartoukh", FARTOUKH, "icu")

    assert report.value == 4  # 2 + 2, Fartoukh 2012
    assert [rate["rate"] for rate in report.rates] == ["34 %"]


@pytest.mark.parametrize("setting", ["home", "outpatient", "ed", "inpatient"])
def test_the_score_made_in_intensive_care_says_nothing_elsewhere(setting: str) -> None:
    report = says("fartoukh", FARTOUKH, setting)

    assert report.value is None
    assert report.applicable == "no"
    assert "not applicable" in report.why_not.text


# --- hemoptysis volume


def test_half_a_cup_in_two_hours_is_an_interval_a_rate_and_a_tier_by_each_definition() -> None:
    report = of_example("hemoptysis_volume", "constructed-half-cup")

    assert (report.low, report.high) == (100, None)  # what is still to come is open
    assert (reading(report, "rate")["low"], reading(report, "rate")["high"]) == (50, 75)  # 100 to 150 mL in 2 h
    assert (reading(report, "at_this_rate")["low"], reading(report, "at_this_rate")["high"]) == (1200, 1800)
    definitions = [r for r in report.readings if r["possible"]]
    assert len(definitions) >= 15
    assert all(r["citations"] for r in definitions)
    assert reading(report, "source_dossier")["possible"] == ("submassive", "massive_from_100", "massive")
    assert reading(report, "acr_2014")["possible"] == ("moderate_severe", "massive_from_300", "massive")
    assert reading(report, "bts_bronchiectasis")["value"] == "more"


def test_the_page_of_half_a_cup_shows_interval_rate_and_definitions() -> None:
    found = runner("hemoptysis_volume")

    page = tool_text(
        found.dossier.tools["hemoptysis_volume"],
        of_example("hemoptysis_volume", "constructed-half-cup"),
        found.dossier,
    )

    for said in ("at least 100 mL", "between 50 and 75 mL/h", "ACR 2014 [P]", "CIRSE 2022 [S]", "Founding dossier"):
        assert said in page


def test_no_definition_is_settled_low_by_an_amount_of_part_of_a_day() -> None:
    highest = {r.id: r.rows[-1].value for r in shelf().tools["hemoptysis_volume"].readings if r.rows}

    for amount, hours in itertools.product((0, 4, 29, 60, 150, 450), (0.25, 1, 2.5, 12, 23.99)):
        report = says("hemoptysis_volume", {"volume_observed": f"{amount} mL", "volume_observed_hours": f"{hours} h"})
        assert report.high is None
        for found in report.readings:
            if found["possible"] and found["id"] not in ("kathuria_2020", "urgences_serveur"):
                assert highest[found["id"]] in found["possible"], (amount, hours, found)


def bleeds(rng: random.Random, hours: int) -> list[tuple[float, int]]:
    """Some mouthfuls: when in these hours, and how many mL."""
    count = rng.randint(1, 8)
    return [(rng.uniform(0, hours), rng.choice((1, 5, 20, 60, 150))) for _ in range(count)]


def most(mouthfuls: Sequence[tuple[float, int]], window: float) -> int:
    """The most blood in any window of so many hours: such a window can be moved until it begins with a mouthful."""
    return max(sum(ml for when, ml in mouthfuls if first <= when < first + window) for first, _ in mouthfuls)


def test_the_interval_holds_every_bleed_that_fits_what_was_told() -> None:
    rng = random.Random("bleeds")
    for _ in range(600):
        seen = rng.choice((1, 2, 3, 7, 12, 24, 30, 48, 60, 96))
        mouthfuls = bleeds(rng, seen)
        told = {"volume_observed": f"{sum(ml for _, ml in mouthfuls)} mL", "volume_observed_hours": f"{seen} h"}
        later = (
            [(seen + rng.uniform(0, 24 - seen), rng.choice((5, 60, 200)))] if seen < 24 and rng.random() < 0.5 else []
        )
        whole = [*mouthfuls, *later]
        if rng.random() < 0.3:
            told["bleeding_rate"] = f"{most(whole, 1)} mL/h"

        report = says("hemoptysis_volume", told)

        assert report.low is not None
        assert report.low <= most(whole, 24) <= (report.high if report.high is not None else 1e9), (whole, told)
        by_hour = reading(report, "kathuria_2020")
        if by_hour["value"] == "life_threatening" and report.low <= 500:
            assert most(whole, 1) > 100, (whole, told)
        if by_hour["value"] == "below":
            assert most(whole, 1) <= 100, (whole, told)


def test_words_and_milliliters_tell_the_same() -> None:
    for words, amount in (("half_cup", "100..150 mL"), ("teaspoons", "5..25 mL"), ("streaks", "0..5 mL")):
        for hours in ("1 h", "2 h", "6 h"):
            by_words = says("hemoptysis_volume", {"volume_description": words, "volume_observed_hours": hours})
            by_amount = says("hemoptysis_volume", {"volume_observed": amount, "volume_observed_hours": hours})
            assert (by_words.low, by_words.high) == (by_amount.low, by_amount.high)
            assert reading(by_words, "rate")["high"] == reading(by_amount, "rate")["high"]


# --- tuberculosis isolation


RELEASE = (
    "cdc_smears", "cdc_diagnosis", "ntca_aphl_2016", "cdc_confirmed", "ntca_2024", "canada_smear_negative",
    "canada_smear_positive", "canada_rifampicin_resistant",
)  # fmt: skip
_BOTH = (True, False)
TB_FACTS: Mapping[str, Sequence[object]] = {
    "tb_suspected": _BOTH, "tb_risk": _BOTH, "cxr_cavitation": _BOTH, "prior_tb": _BOTH, "tb_confirmed": _BOTH,
    "tb_test_positive": _BOTH, "clinician_judges_tb_unlikely": (True, True, False),
    "alternative_diagnosis_confirmed": _BOTH, "afb_smear": ("negative", "negative", "positive"),
    "afb_smears_negative": ("0", "1", "2", "3", "4"), "smears_8h_apart": (True, True, False),
    "early_morning_sample": (True, True, False), "tb_naat": ("negative", "negative", "invalid", "positive"),
    "tb_naat_negative_count": ("0", "1", "2", "3"), "tb_naats_8h_apart": (True, True, False),
    "tb_culture": ("negative", "positive"), "rifampicin_resistance": (False, False, True),
    "smear_positive_at_diagnosis": _BOTH, "tb_treatment_days": ("4 d", "5 d", "13 d", "14 d", "27 d", "28 d", "60 d"),
    "clinical_improvement": (True, True, False), "consecutive_negative_smears": ("0", "2", "3"),
    "tb_doses_taken": (True, True, False), "vulnerable_tb_contacts": (False, False, True),
    "second_line_results_known": (True, True, False), "confirmed_cause": ("pneumonia", "tuberculosis_active"),
    "ppd_positive": _BOTH, "dyspnea": _BOTH, "crackles": _BOTH,
}  # fmt: skip


def tb_patients(count: int) -> Iterator[tuple[str, dict[str, object]]]:
    """Patients of whom some, most or all is known; half of them begin with what a rule asks for."""
    rng = random.Random("tuberculosis")
    nearly = [
        example.given
        for example in read_shelf(CONTENT).tools["tb_isolation"].examples
        if example.expect.get("value") == "rule_complete"
    ]
    for n in range(count):
        known = rng.choice((0.3, 0.6, 0.9, 1.0))
        facts = {name: rng.choice(values) for name, values in TB_FACTS.items() if rng.random() < known}
        setting = rng.choice(("home", "outpatient", "ed", "inpatient", "icu"))
        if n % 2:
            start = dict(rng.choice(nearly))
            setting = str(start.pop("setting", "ed"))
            changed = rng.sample(sorted(facts), k=min(len(facts), rng.randint(0, 3)))
            facts = start | {name: facts[name] for name in changed}
        yield setting, facts


def complete_rules(setting: str, f: Facts) -> set[str]:
    """The rules that are complete, said again in Python: each fact it asks for is known and as it asks."""

    def number(name: str) -> float:
        return float(str(f[name]).split()[0]) if name in f else -1

    positive = {f.get("tb_naat"), f.get("tb_culture"), f.get("afb_smear")} & {"positive"}
    confirmed: bool | None = f.get("tb_confirmed")  # type: ignore[assignment]
    if "positive" in (f.get("tb_naat"), f.get("tb_culture")) or f.get("confirmed_cause") == "tuberculosis_active":
        confirmed = True
    found = set()
    health_care = setting != "home"
    cleared = (
        confirmed is False
        and f.get("tb_test_positive") is False
        and not positive
        and f.get("clinician_judges_tb_unlikely") is True
    )
    if health_care and cleared:
        if number("afb_smears_negative") >= 3 and f.get("smears_8h_apart") and f.get("early_morning_sample"):
            found.add("cdc_smears")
        if f.get("alternative_diagnosis_confirmed"):
            found.add("cdc_diagnosis")
        # That no test was positive is known here, also where the last nucleic acid test is not.
        if number("tb_naat_negative_count") >= 2 and f.get("tb_naats_8h_apart"):
            found.add("ntca_aphl_2016")
    if confirmed is not True or not f.get("clinical_improvement"):
        return found
    days, smears = number("tb_treatment_days"), number("consecutive_negative_smears")
    resistant, smear_positive = f.get("rifampicin_resistance"), f.get("smear_positive_at_diagnosis")
    if health_care and resistant is False and days >= 14 and smears >= 3:
        found.add("cdc_confirmed")
    no_exception = f.get("tb_doses_taken") is True and f.get("vulnerable_tb_contacts") is False
    if setting in ("home", "outpatient") and resistant is False and days >= 5 and no_exception:
        found.add("ntca_2024")
    if resistant is False and smear_positive is False and days >= 14:
        found.add("canada_smear_negative")
    if resistant is False and smear_positive is True and ((days >= 14 and smears >= 3) or days >= 28):
        found.add("canada_smear_positive")
    no_longer_positive = smear_positive is False or smears >= 3
    if resistant is True and f.get("second_line_results_known") and days >= 28 and no_longer_positive:
        found.add("canada_rifampicin_resistant")
    return found


def said_complete(report: ScoreReport) -> set[str]:
    return {r["id"] for r in report.readings if r["value"] == "complete"}


def contradictory(setting: str, facts: Facts) -> bool:
    found = runner("tb_isolation")
    case = case_from_mapping({"setting": setting, "at": DEFAULT_MOMENT, "facts": dict(facts)}, found.dossier)
    return bool(found.situation(case).contradictions)


def test_one_negative_test_in_a_hospital_suspect_completes_no_rule_and_says_what_is_missing() -> None:
    report = of_example("tb_isolation", "constructed-tb-suspect")

    assert report.value == "isolate_suspected"
    smears = reading(report, "cdc_smears")
    assert smears["value"] != "complete"
    assert "three negative smears" in smears["title"].text
    assert {"afb_smears_negative", "smears_8h_apart", "early_morning_sample"} <= set(smears["missing"])
    assert "clinician_judges_tb_unlikely" in smears["missing"]
    assert reading(report, "ntca_aphl_2016")["value"] == "incomplete"
    assert "two valid negative tests" in reading(report, "ntca_aphl_2016")["text"]
    assert said_complete(report) == set()


def test_a_rule_is_complete_exactly_when_everything_it_asks_for_is_known() -> None:
    counted: Counter[str] = Counter()
    for setting, facts in tb_patients(3000):
        if contradictory(setting, facts):
            continue
        report = says("tb_isolation", facts, setting)

        assert said_complete(report) == complete_rules(setting, facts), (setting, facts)
        assert (report.value == "rule_complete") == bool(said_complete(report)), (setting, facts)
        counted.update(said_complete(report) or {"none"})
    print(dict(counted))
    assert set(counted) == {*RELEASE, "none"}


def test_no_fact_that_is_forgotten_ends_an_isolation() -> None:
    removed = 0
    for setting, facts in tb_patients(700):
        if contradictory(setting, facts):
            continue
        before = says("tb_isolation", facts, setting)
        for name in facts:
            after = says("tb_isolation", {n: v for n, v in facts.items() if n != name}, setting)
            removed += 1
            assert said_complete(after) <= said_complete(before), (name, setting, facts)
            if before.value != "rule_complete":
                assert after.value != "rule_complete", (name, setting, facts)
            if before.value in ("isolate_suspected", "isolate_confirmed"):
                assert after.value != "no_suspicion", (name, setting, facts)
    print(f"{removed} facts forgotten")
    assert removed > 5000


def test_each_fact_that_a_complete_rule_asks_for_is_needed() -> None:
    asked = {
        "cdc_smears": ("afb_smears_negative", "smears_8h_apart", "early_morning_sample", "clinician_judges_tb_unlikely",
                       "tb_test_positive", "tb_confirmed"),
        "cdc_diagnosis": ("alternative_diagnosis_confirmed", "clinician_judges_tb_unlikely", "tb_test_positive",
                          "tb_confirmed"),
        "ntca_aphl_2016": ("tb_naat_negative_count", "tb_naats_8h_apart", "clinician_judges_tb_unlikely",
                           "tb_test_positive", "tb_confirmed"),
        "cdc_confirmed": ("tb_confirmed", "rifampicin_resistance", "tb_treatment_days", "clinical_improvement",
                          "consecutive_negative_smears"),
        "ntca_2024": ("tb_confirmed", "rifampicin_resistance", "tb_treatment_days", "tb_doses_taken",
                      "clinical_improvement", "vulnerable_tb_contacts"),
        "canada_smear_negative": ("tb_confirmed", "rifampicin_resistance", "tb_treatment_days", "clinical_improvement",
                                  "smear_positive_at_diagnosis"),
        "canada_smear_positive": ("tb_confirmed", "rifampicin_resistance", "tb_treatment_days", "clinical_improvement",
                                  "smear_positive_at_diagnosis", "consecutive_negative_smears"),
        "canada_rifampicin_resistant": ("tb_confirmed", "rifampicin_resistance", "tb_treatment_days",
                                        "clinical_improvement", "second_line_results_known",
                                        "consecutive_negative_smears"),
    }  # fmt: skip
    seen = set()
    for example in read_shelf(CONTENT).tools["tb_isolation"].examples:
        facts = dict(example.given)
        setting = str(facts.pop("setting", "ed"))
        for rule in said_complete(says("tb_isolation", facts, setting)):
            if rule == "canada_smear_positive" and float(str(facts["tb_treatment_days"]).split()[0]) >= 28:
                continue  # from four weeks on no smear is asked for
            seen.add(rule)
            for name in asked[rule]:
                left = {n: v for n, v in facts.items() if n != name}
                assert rule not in said_complete(says("tb_isolation", left, setting)), (rule, name)
    assert seen == set(RELEASE)


def test_no_rule_for_the_community_is_complete_in_a_hospital_and_none_for_a_suspect_at_home() -> None:
    for setting, facts in tb_patients(1500):
        found = said_complete(says("tb_isolation", facts, setting))
        if setting in ("ed", "inpatient", "icu"):
            assert "ntca_2024" not in found
        if setting == "home":
            assert not found & {"cdc_smears", "cdc_diagnosis", "ntca_aphl_2016", "cdc_confirmed"}


def test_no_score_stands_in_the_isolation_rules() -> None:
    assert closure(["tb_isolation"], shelf().tools) == ["tb_isolation"]


def test_a_culture_neither_holds_nor_completes_a_rule() -> None:
    for setting, facts in tb_patients(400):
        without = {n: v for n, v in facts.items() if n != "tb_culture"}
        negative = {**without, "tb_culture": "negative"}
        assert said_complete(says("tb_isolation", without, setting)) == said_complete(
            says("tb_isolation", negative, setting)
        )


# --- ANCA, embolization


def test_the_pattern_needs_nothing_but_three_tests_a_count_and_the_drugs() -> None:
    tool = shelf().tools["anca_pattern"]
    expressions = [r.when.expr for r in (*tool.rows, *(row for reading in tool.readings for row in reading.rows))]

    read = {fact for expr in expressions for fact in ir.facts_of(expr)}

    assert read == {"pr3_anca", "mpo_anca", "anti_gbm", "eosinophils", "anca_drug_exposure"}
    assert tool.applies_when is None


def test_a_positive_anti_gbm_is_an_emergency_whatever_else_is_known() -> None:
    for pr3, mpo, eosinophils in itertools.product((None, True, False), (None, True, False), (None, "0.1", "3")):
        facts: dict[str, object] = {"anti_gbm": True}
        facts |= {n: v for n, v in (("pr3_anca", pr3), ("mpo_anca", mpo)) if v is not None}
        if eosinophils is not None:
            facts["eosinophils"] = f"{eosinophils} 10*3/uL"

        report = says("anca_pattern", facts)

        assert reading(report, "urgency")["value"] == "emergency"
        assert set(report.possible) <= {"anti_gbm_with_anca", "anti_gbm_alone"}


def test_a_window_that_is_free_stays_free_and_one_with_blood_stays_so() -> None:
    windows = {"window_24h": 24, "window_72h": 72, "window_30d": 720, "window_1y": 8760}
    rng = random.Random("windows")
    for _ in range(400):
        ago = rng.choice((1, 23.99, 24, 71, 72, 100, 719, 720, 5000, 8759, 8760, 12000))
        bled = rng.choice((None, 0.5, 24, 24.01, 72, 100, 720, 721, 8760, 9000))
        facts: dict[str, object] = {"bae_done": True, "bae_hours_ago": f"{ago} h"}
        if bled is None or bled > ago:
            facts["bleeding_since_bae"] = False
        else:
            facts |= {"bleeding_since_bae": True, "rebleed_hours_after_bae": f"{bled} h"}

        report = says("bae_outcome", facts)

        for id, hours in windows.items():
            has_bled = bled is not None and bled <= min(ago, hours)
            expected = "bled" if has_bled else "not_over" if ago < hours else "free"
            if bled is not None and hours < bled <= ago:
                expected = "free"
            assert reading(report, id)["value"] == expected, (facts, id)


# --- in the dossier


def test_embolism_cannot_be_ruled_out_without_a_test_in_anybody_who_coughs_blood() -> None:
    for path in sorted(EXAMPLES.glob("*.yaml")):
        if path.stem == "expectations":
            continue
        scores = assess(read_case(path, engine().dossier)).scores

        assert scores["perc"].applicable == "no"
        assert "hemoptysis present" in scores["perc"].why_not.text
        assert reading(scores["years"], "limit")["value"] == "limit_500"


def test_a_case_that_denies_what_the_dossier_gives_is_shown_and_does_not_win() -> None:
    result = assess(patient(hemoptysis=False))

    assert result.scores["perc"].applicable == "no"
    assert result.facts["hemoptysis"].value is True
    assert [c.facts for c in result.conflicts if c.id == "given_hemoptysis"] == [("hemoptysis",)]


def test_a_fact_that_the_dossier_gives_is_never_asked_for() -> None:
    result = assess(patient())

    assert "hemoptysis" not in {fact for report in result.scores.values() for fact in report.missing}
    assert "given_hemoptysis" not in [c.id for c in result.conflicts]


# --- a mistake in a rule is found


_MUTATIONS: Sequence[tuple[str, str]] = (
    (r">=", ">"), (r"<=", "<"), (r"(?<![<>=])<(?![=>])", "<="), (r"(?<![<>=-])>(?!=)", ">="), (r"\bAND\b", "OR"),
    (r"\bOR\b", "AND"), (r"\bNOT ", ""), (r" IS TRUE", ""), (r"(?<= = )'(\w+)'", "<>"), (r"\+", "-"),
    (r"\bLEAST\b", "GREATEST"),
)  # fmt: skip


@functools.cache
def ledger() -> frozenset[str]:
    return frozenset(read_citations(read_yaml(CONTENT / "catalogue" / "citations.yaml"), [], []))


def reader() -> tuple[Resolver, Mapping[str, Any]]:
    """What reads a tool file: it remembers what it read of a file, so each mistake has one of its own."""
    found = Resolver()
    found.citation_ids, found.facts = ledger(), shelf().facts
    return found, Names(found, shelf().facts).facts


def mutants(text: str) -> Iterator[tuple[str, str]]:
    """Each way to get one sign, word or number of one rule wrong, with where; the file before its notes."""
    rules = text.partition("\nvalue_series:")[0].partition("\nnotes:")[0]
    quoted = re.compile(r'(?:when|number|applies_when|formula|^  \w+): "([^"]*)"', re.MULTILINE)
    for rule in quoted.finditer(rules):
        start, end = rule.span(1)
        for pattern, put in _MUTATIONS:
            for hit in re.finditer(pattern, rule[1]):
                changed = rule[1][: hit.start()] + put + rule[1][hit.end() :]
                if put == "<>":  # another code is compared by its opposite
                    changed = rule[1][: hit.start()].rstrip("= ") + " <> " + rule[1][hit.start() :]
                yield f"{rule[1]} -> {changed}", text[:start] + changed + text[end:]
        for hit in re.finditer(r"(?<![\w.'])\d+(?![\w.'])", rule[1]):
            changed = rule[1][: hit.start()] + str(int(hit[0]) + 1) + rule[1][hit.end() :]
            yield f"{rule[1]} -> {changed}", text[:start] + changed + text[end:]


def survives(tool: str, text: str) -> bool:
    """Whether the tool's own worked cases take a changed file for the right one."""
    known, facts = reader()
    try:
        found = read_tools({tool: read_yaml(text.encode(), f"tools/{tool}.yaml")}, facts, known)[tool]
    except ClinicalCommanderError:
        return False
    if found.problems:
        return False
    changed = replace(shelf(), tools={**shelf().tools, tool: found.tool})
    return all(not result.failures for result in run_examples(changed, tool, found.examples))


# Mistakes that change nothing: `IS TRUE` of what is known where it is asked, an amount that equals the other one, a
# bound that another bound keeps; and one that changes only the sentence beside the same answer.
SURVIVORS: Mapping[str, int] = {"hemoptysis_volume": 11, "bae_outcome": 0, "anca_pattern": 0, "tb_isolation": 2}


@pytest.mark.parametrize("tool", CODIFIERS)
def test_a_mistake_in_a_rule_fails_a_worked_case(tool: str) -> None:
    text = (CONTENT / "tools" / f"{tool}.yaml").read_text()
    assert survives(tool, text)

    every = list(mutants(text))
    left = [where for where, changed in every if survives(tool, changed)]

    print(f"{tool}: {len(every)} mistakes, {len(left)} not found")
    assert len(left) <= SURVIVORS[tool], "\n".join(left)
