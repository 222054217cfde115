"""Simulated patients: the differential is calibrated on them, wrong networks are not; and what questions decide."""

from __future__ import annotations

import functools
import itertools
import json
import math
import random
from collections import Counter
from collections.abc import Mapping

import pytest

from benchmarks import calibration as c
from benchmarks import evaluate_differential as evaluation
from benchmarks.interviews import Interviewer
from benchmarks.published import ranks
from benchmarks.simulated import Patient, Simulator, independent, unknown_as_absent
from benchmarks.simulated_cases import Cases, Realised, cohort
from clinical_commander.bayes.network import UNSUPPORTED
from clinical_commander.bayes.posterior import Network
from clinical_commander.engine.differential import Differentials
from clinical_commander.engine.questions import REST, STAT, TIER
from tests.fixtures import NORMAL, assess, engine, patient

PATIENTS = 4_000
WITHIN_Z = 4.0
"""Fifteen causes and five levels of evidence: one of 75 passes 4 by chance once in 200 runs (normal distribution)."""
WITHIN_CHI_SQUARE = 35.56
"""99.99 % point of the chi square distribution with ten degrees of freedom (printed tables)."""


def differentials() -> Differentials:
    found = engine().differentials
    assert found is not None
    return found


def network(prior: str = "ed_high_income") -> Network:
    return evaluation.network_of(differentials(), prior)


@functools.cache
def drawn(prior: str = "ed_high_income") -> tuple[Patient, ...]:
    return tuple(Simulator(network(prior)).patients(11, PATIENTS))


def scored(made: Network, part: float, reading: c.Reading | None = None, prior: str = "ed_high_income") -> c.Scores:
    return c.scores(list(c.forecasts(made, drawn(prior), part, 12, reading or differentials().counted)))


def calibrated(found: c.Scores) -> bool:
    return found.worst_z < WITHIN_Z and found.chi_square < WITHIN_CHI_SQUARE


# --- the simulator


def test_simulated_causes_and_findings_are_as_common_as_the_model_says() -> None:
    made = network()
    causes = Counter(p.cause for p in drawn())
    cancer = differentials().place["lung_cancer"]

    for place, weight in enumerate(made.prior.weights):
        assert abs(causes[place] - PATIENTS * weight) < 4.5 * math.sqrt(PATIENTS * weight * (1 - weight))
    # 75.4 % of cancers have a suspicious film (Bradley 2020), 40 % weight loss (judged).
    of_cancer = [p.levels for p in drawn() if p.cause == cancer]
    for finding, share in (("film_suspicious", 0.754), ("weight_loss", 0.40)):
        seen = sum(levels[finding] == 0 for levels in of_cancer)
        assert abs(seen - len(of_cancer) * share) < 4.5 * math.sqrt(len(of_cancer) * share * (1 - share))


def test_a_chain_is_drawn_by_its_joint_outcomes_and_not_one_finding_at_a_time() -> None:
    tuberculosis = differentials().place["tuberculosis"]
    patients = [p.levels for p in Simulator(network("ed_tb_endemic")).patients(3, 20_000) if p.cause == tuberculosis]

    positive = [levels for levels in patients if levels["afb_smear"] == 0]
    negative = [levels for levels in patients if levels["afb_smear"] != 0]

    # Dorman 2018: 98.5 % of the smear-positive and 46 % of the smear-negative are found, of the 98 % with a result.
    for group, share in ((positive, 0.9653), (negative, 0.4508)):
        found = sum(levels["tb_naat"] == 0 for levels in group)
        assert abs(found - len(group) * share) < 4.5 * math.sqrt(len(group) * share * (1 - share))


def test_the_same_seed_draws_the_same_patients() -> None:
    once, again, other = (list(Simulator(network()).patients(seed, 20)) for seed in (5, 5, 6))

    assert once == again
    assert once != other


# --- calibration


@pytest.mark.parametrize("prior", ["ed_high_income", "ed_tb_endemic"])
def test_forecasts_are_calibrated_with_any_part_of_the_evidence_and_sharper_with_more(prior: str) -> None:
    found = [scored(network(prior), part, prior=prior) for part in c.PARTS]

    assert all(calibrated(one) for one in found)
    assert sum(len(one.bins) for one in found) > 30  # forecasts of every size were made
    for more, less in itertools.pairwise(found):
        assert more.brier < less.brier
        assert more.log < less.log


def test_a_network_that_takes_dependent_findings_for_independent_fails_the_same_test() -> None:
    assert not calibrated(scored(independent(network()), 1.0))


def test_reading_what_nobody_looked_for_as_absent_fails_the_same_test() -> None:
    made, d = network(), differentials()

    def absent(known: Mapping[str, int]) -> Mapping[str, int]:
        return d.counted(unknown_as_absent(made, known))

    found = scored(made, 0.5, absent)

    assert not calibrated(found)
    assert found.log > scored(made, 0.5).log + 0.3


def test_counting_the_film_and_the_ct_that_replaces_it_fails_the_same_test_where_they_are_one_look() -> None:
    """The model draws both by themselves; a patient whose film shows what the CT shows must not count twice."""
    d = differentials()
    replaced = {f: g.findings[0] for g in d.content.groups if g.kind == "replaces" for f in g.findings[1:]}
    twins = [
        Patient(
            p.cause, {id: p.levels[of] if _same_size(d, id, of) else p.levels[id] for id, of in _pairs(p, replaced)}
        )
        for p in drawn()
    ]

    counted, twice = (c.scores(list(c.forecasts(network(), twins, 1.0, 12, reading))) for reading in (d.counted, dict))

    assert calibrated(counted)
    assert not calibrated(twice)


def _pairs(p: Patient, replaced: Mapping[str, str]) -> list[tuple[str, str]]:
    return [(id, replaced.get(id, id)) for id in p.levels]


def _same_size(d: Differentials, one: str, other: str) -> bool:
    return len(d.content.findings[one].levels) == len(d.content.findings[other].levels)


def test_scores_are_those_worked_by_hand() -> None:
    found = c.scores([(0, (0.8, 0.2)), (1, (0.6, 0.4))])

    # Brier: (0.04 + 0.04 + 0.36 + 0.36) / 2; log: -(ln 0.8 + ln 0.4) / 2.
    assert found.brier == pytest.approx(0.40)
    assert found.log == pytest.approx(-(math.log(0.8) + math.log(0.4)) / 2)
    # Spiegelhalter, first cause: (0.2 * -0.6 + -0.6 * -0.2) / sqrt(...) = 0.
    assert found.z[0] == pytest.approx(0.0, abs=1e-12)
    assert [(b.count, b.events) for b in found.bins] == [(1, 0), (1, 1), (1, 0), (1, 1)]
    # Wilson 1927 for 1 of 1: lower end 1 / (1 + 1.96^2).
    assert found.bins[-1].interval[0] == pytest.approx(1 / (1 + 1.959963984540054**2))


# --- cases whose facts realise the findings


@functools.cache
def some() -> tuple[Cases, tuple[Realised, ...]]:
    cases = Cases(engine(), "ed", "high_income")
    found, _ = cohort(cases, Simulator(network()).patients(7, 1_000), 7, 8)
    return cases, tuple(found)


def test_the_facts_of_a_simulated_patient_show_the_levels_that_were_drawn() -> None:
    cases, patients = some()
    d = differentials()
    replaced = {f for g in d.content.groups if g.kind == "replaces" for f in g.findings[1:]}
    compared = 0

    for one in patients:
        known = d.levels(engine().situation(cases.case(one.world)).fresh)
        for finding, level in one.patient.levels.items():
            if finding in one.dropped or (finding in replaced and finding not in known):
                continue
            assert known[finding] == 1 << level
            compared += 1
        assert assess(cases.case(one.world)).tier.value == "mild"

    assert compared > 40 * len(patients)  # of 53 findings, less those that another replaces


# --- questions


def test_next_decides_as_everything_known_would_with_fewer_asks_and_facts_than_asking_everything() -> None:
    cases, patients = some()
    asker = Interviewer(cases)
    same: Counter[str] = Counter()
    asks = facts = all_facts = 0

    for one in patients:
        ours, (everything, _) = asker.best_first(one), asker.in_order(one)
        same.update(part for part, is_same in ours.end.same(asker.decisions(one.world)).items() if is_same)
        asks += ours.asks
        facts += len(ours.facts)
        all_facts += len(everything.facts)

    assert same["tier"] == len(patients)
    assert same["zones"] >= len(patients) - 1
    assert same["at once"] >= len(patients) - 2  # an antibody that nobody suspects is no question
    assert asks / len(patients) < 0.75 * len(asker.inputs)
    assert facts < 0.5 * all_facts


def test_questions_on_the_tier_come_first_alone_and_are_never_left_out() -> None:
    result = assess(patient("ed", age=None))
    first = result.next[0]

    asked = {name for q in result.next for name in q.facts}
    assert set(engine().dossier.tier.must_know) <= asked
    assert "tier" in first.could_change
    assert first.facts == next(q.facts for q in engine().dossier.questions if q.id == first.ask)
    assert TIER < STAT < REST


@pytest.mark.parametrize(
    ("fact", "alarm"),
    [
        ("chest_trauma", "iatrogenic_or_trauma_hemoptysis"),
        ("hht", "hht_pulmonary_avm_with_hemoptysis"),
        ("aortic_graft_or_aneurysm", "tier"),
        ("tracheostomy", "tier"),
    ],
)
def test_what_could_add_something_to_be_done_at_once_is_asked_though_its_step_does_not_hold_yet(
    fact: str, alarm: str
) -> None:
    """`chest_trauma IS TRUE` does not hold while nobody has asked: that is why it must be asked."""
    streaks = {**NORMAL, "estimated_volume_24h": "3 mL", "active_bleeding": False}

    found = [q for q in assess(patient("ed", streaks)).next if fact in q.facts]

    assert found
    assert found[0].decides
    assert alarm in found[0].could_change


def test_a_question_decides_only_where_some_answer_changes_a_zone() -> None:
    """Every answer is given in turn; brute force over whole assessments."""
    cases, patients = some()
    generator = random.Random(4)
    checked = 0
    for one in patients[:2]:
        asked: dict[str, object] = {n: v for n, v in one.world.items() if n in engine().dossier.tier.must_know}
        asked |= {n: v for n, v in one.world.items() if generator.random() < 0.5}
        case = cases.case(asked)  # type: ignore[arg-type]
        view = engine().situation(case).fresh
        d = differentials()
        (now,) = d.judged(case, view)
        known = d.levels(view)
        zones = {id: d.zone_of(now, d.place[id]) for id in d.content.thresholds}
        worth = engine().worth
        assert worth is not None
        reports = worth.questions(case, engine().situation(case))
        by_test = {q.ask: q for q in reports if q.decides}
        for finding in d.content.findings.values():
            test = next((b.id for b in d.content.burdens.values() if b.findings == (finding.id,)), None)
            if test is None or finding.id in known:
                continue
            changed = {
                id
                for level in range(len(finding.levels))
                for id in zones
                if d.zone_of(d.judged(case, view, d.counted({**known, finding.id: 1 << level}))[0], d.place[id])
                != zones[id]
            }
            hidden = {id for id, t in d.content.thresholds.items() if d.hidden(t, engine().situation(case))}
            told = {x.removeprefix("zone:") for x in by_test[test].could_change} if test in by_test else set()
            assert told == changed - hidden
            checked += 1
    assert checked >= 6


# --- published patients, and the page


def test_supported_figures_alone_hold_no_judged_one() -> None:
    from benchmarks.published import supported_only

    pruned = supported_only(differentials().content)

    left = [row for f in pruned.findings.values() for rows in f.cells.values() for row in (*rows, *f.rest)]
    assert left
    assert not {row.status for row in left} & UNSUPPORTED
    assert sum(bool(f.cells) for f in pruned.findings.values()) < len(pruned.findings)


def test_the_ranks_of_the_published_patients_on_the_page_are_those_of_today() -> None:
    results = json.loads(evaluation.RESULTS.read_text(encoding="utf-8"))

    assert results["published"] == evaluation.published(engine())
    assert len({r.case for r in ranks(engine())}) == 18


def test_the_page_and_its_pictures_are_written_from_the_results() -> None:
    results = json.loads(evaluation.RESULTS.read_text(encoding="utf-8"))

    assert evaluation.PAGE.read_text(encoding="utf-8") == evaluation.page(results)
    for name, text in evaluation.pictures(results["calibration"]).items():
        assert (evaluation.IMAGES / name).read_text(encoding="utf-8") == text
        assert f"images/{name}" in evaluation.page(results)


def test_the_page_says_what_simulated_figures_show() -> None:
    text = evaluation.PAGE.read_text(encoding="utf-8")

    assert text.count("Simulated from the model itself: shows that the arithmetic is right") == 2
    assert "Unreviewed content, for evaluation" in text
    assert text.startswith("<!-- Written by python -m benchmarks.evaluate_differential. Do not edit. -->")
