"""The value of a question, thresholds and zones, intervals: against enumeration, printed figures and draws."""

from __future__ import annotations

import itertools
import math
import random

import pytest

from clinical_commander.bayes.draws import drawn_intervals, draws
from clinical_commander.bayes.intervals import present_intervals, probability_intervals
from clinical_commander.bayes.network import Figure, Finding, Given, Group, Prior
from clinical_commander.bayes.posterior import Network
from clinical_commander.bayes.tables import Limits
from clinical_commander.bayes.thresholds import (
    Cut,
    Cuts,
    least_probability_to_test,
    least_probability_to_treat,
    robust,
    zone,
)
from clinical_commander.bayes.value import Stake, reached, value, values
from tests.bayes_networks import evidence, network

CUTS = Cuts((Cut(0.1, True),), (Cut(0.5, True),))


# --- the value of an answer


@pytest.mark.parametrize("seed", range(12))
def test_the_value_of_an_answer_is_the_expected_gain_by_enumeration(seed: int) -> None:
    made = network(seed, groups=4)
    random_ = random.Random(seed)
    positive = 0

    for _ in range(10):
        found = evidence(random_, made)
        posterior = made.posterior(found)
        for id, table in made.tables.items():
            for place, finding in enumerate(table.group.findings):
                for cause in finding.cells:
                    if found[id][place] + 1 < 1 << finding.levels:
                        continue
                    p = posterior.present[cause]
                    answers = []
                    for level in range(finding.levels):
                        pattern = (*found[id][:place], 1 << level, *found[id][place + 1 :])
                        after = made.posterior({**found, id: pattern}).present[cause]
                        answers.append((level, after))
                    # The chance of each answer under the disease's own odds, from the two posteriors around it: with
                    # the mean of p' equal to p and every p' known, the chances follow from the ratios of odds.
                    chances = own_chances(table, found[id], place, cause, p)
                    expected = sum(
                        math.fsum(c * max(0.0, q - t) for c, (_, q) in zip(chances, answers, strict=True))
                        - max(0.0, p - t)
                        for t in (0.1, 0.5)  # one threshold for each of the two decisions
                    )
                    mean = math.fsum(c * q for c, (_, q) in zip(chances, answers, strict=True))
                    got = value(made, found, posterior, {id: (place,)}, [Stake(cause, CUTS, 1.0)])

                    assert math.isclose(mean, p, rel_tol=1e-9)
                    assert math.isclose(got.gain, expected, abs_tol=1e-12)
                    assert (got.gain > 0) == bool(got.crosses)
                    positive += got.gain > 0

    assert positive >= 5


def own_chances(table: object, pattern: tuple[int, ...], place: int, cause: int, p: float) -> list[float]:
    """How likely each answer is, by summing complete outcomes over the findings that have a figure for the cause."""
    findings = table.group.findings  # type: ignore[attr-defined]
    weights = table.weights  # type: ignore[attr-defined]
    own = [bits if cause in f.cells else (1 << f.levels) - 1 for bits, f in zip(pattern, findings, strict=True)]

    def mass(bits: list[int], c: int) -> float:
        return math.fsum(
            o.p[c]
            for o in table.outcomes  # type: ignore[attr-defined]
            if all(b >> level & 1 for b, level in zip(bits, o.levels, strict=True))
        )

    def outside(bits: list[int]) -> float:
        return math.fsum(w * mass(bits, c) for c, w in enumerate(weights) if c != cause) / (1 - weights[cause])

    found = []
    for level in range(findings[place].levels):
        bits = [*own[:place], 1 << level, *own[place + 1 :]]
        found.append(p * mass(bits, cause) / mass(own, cause) + (1 - p) * outside(bits) / outside(own))
    return found


@pytest.mark.parametrize("seed", range(6))
def test_the_values_of_all_findings_together_are_those_of_each_alone(seed: int) -> None:
    made = network(seed, groups=5)
    found = evidence(random.Random(seed), made)
    posterior = made.posterior(found)
    stakes = [Stake(c, CUTS, 1.0 + c, guarded=bool(c % 2)) for c in range(6)]

    together = values(made, found, posterior, stakes)

    for id, table in made.tables.items():
        for place, finding in enumerate(table.group.findings):
            if found[id][place] + 1 == 1 << finding.levels:
                alone = value(made, found, posterior, {id: (place,)}, stakes).gain
                assert together.get((id, place), 0.0) == pytest.approx(alone, rel=1e-12)


def test_an_answer_that_crosses_no_threshold_is_worth_nothing() -> None:
    made = network(1)
    posterior = made.posterior({})
    far = Cuts((Cut(1e-9, True),), (Cut(1 - 1e-9, True),))

    for id, table in made.tables.items():
        for place, finding in enumerate(table.group.findings):
            for cause in finding.cells:
                assert value(made, {}, posterior, {id: (place,)}, [Stake(cause, far, 10.0)]).gain == 0.0


def test_a_test_of_several_findings_is_worth_at_least_each_of_them() -> None:
    compared = 0
    for seed in range(10):
        made = network(seed)
        posterior = made.posterior({})
        stakes = [Stake(c, CUTS, 1.0) for c in range(6)]
        both = dict.fromkeys(list(made.tables)[:2], (0,))

        together = value(made, {}, posterior, both, stakes).gain

        for id in both:
            alone = value(made, {}, posterior, {id: (0,)}, stakes).gain
            assert together >= alone - 1e-12
            compared += alone > 0
    assert compared >= 5


# --- thresholds


def test_thresholds_are_those_of_pauker_and_kassirer() -> None:
    # H / (H + B), benefit 5 of 19 and fatal bleeding 1 of 54 (Barritt and Jordan 1960).
    assert round(least_probability_to_treat(5 / 19, 1 / 54), 3) == 0.066
    # CTPA 0.94 and 0.98, benefit 0.10, harm 0.03, harm of the test 0.0005:
    # (0.02 * 0.03 + 0.0005) / (0.02 * 0.03 + 0.94 * 0.10) = 0.0011 / 0.0946.
    assert math.isclose(least_probability_to_test(0.10, 0.03, 0.94, 0.98, 0.0005), 0.0011 / 0.0946)
    # CT for lung cancer 0.931 and 0.937: (0.063 * 0.01 + 0.0004) / (0.063 * 0.01 + 0.931 * 0.124).
    assert round(least_probability_to_test(0.124, 0.01, 0.931, 0.937, 0.0004), 4) == 0.0089


@pytest.mark.parametrize(
    ("present", "guarded", "may_be_below", "cuts", "expected"),
    [
        (0.05, 0.05, True, CUTS, "below_test"),
        (0.05, 0.20, True, CUTS, "discuss"),  # unsupported figures alone carry it below
        (0.05, 0.05, False, CUTS, "discuss"),  # nothing supported speaks against it
        (0.10, 0.10, True, CUTS, "test"),
        (0.49, 0.49, True, CUTS, "test"),
        (0.50, 0.50, True, CUTS, "treat"),
        (0.60, 0.60, True, Cuts(CUTS.test, (Cut(0.5, False),)), "discuss"),  # the threshold is a judgement
        (0.60, 0.60, True, Cuts(CUTS.test, (Cut(0.5, True), Cut(0.7, True))), "disputed"),
        (0.60, 0.60, True, Cuts(CUTS.test, (Cut(0.5, True), Cut(0.7, False))), "treat"),
        (0.05, 0.05, True, Cuts((Cut(0.1, True), Cut(0.02, True)), ()), "disputed"),
        (0.05, 0.05, True, Cuts((Cut(0.1, False),), ()), "discuss"),
        (0.05, 0.05, True, Cuts(), None),
        (0.05, 0.05, True, Cuts((), (Cut(0.5, True),)), None),
    ],
)
def test_the_zone_of_a_disease(
    present: float, guarded: float, may_be_below: bool, cuts: Cuts, expected: str | None
) -> None:
    assert zone(present, guarded, may_be_below, cuts) == expected


def test_no_judged_threshold_ever_says_treat() -> None:
    judged = Cuts((Cut(0.1, False),), (Cut(0.2, False), Cut(0.5, False)))

    zones = {zone(p / 1000, p / 1000, True, judged) for p in range(1, 1000)}

    assert "treat" not in zones
    assert "below_test" not in zones


def test_a_zone_is_robust_where_no_threshold_lies_inside_the_interval() -> None:
    assert robust(0.2, 0.4, CUTS)
    assert not robust(0.05, 0.4, CUTS)
    assert not robust(0.2, 0.6, CUTS)


# --- intervals


def simple(n: float) -> Network:
    """Two causes and one finding, seen in 80 of 100 with the first and in 10 of 100 with the other."""
    seen = Finding("f", 2, 0, {0: (Given(Figure((0.8, 0.2), n)),)}, (Given(Figure((0.1, 0.9), n)),))
    return Network([Group("f", (seen,))], Prior((0.3, 0.7), n), Limits(0.02, 50.0))


def test_the_interval_of_the_delta_method_is_the_textbook_formula() -> None:
    made = simple(99.0)
    posterior = made.posterior({"f": (0b01,)})

    found = present_intervals(made, posterior)[0]

    # Odds 3/7 * 0.8/0.1; variance 1/((n+1) w (1-w)) of the prior, (1-p)/p/(n+1) of each figure.
    centre = math.log(0.3 / 0.7 * 8)
    half = 1.959963984540054 * math.sqrt(1 / (100 * 0.3 * 0.7) + 0.2 / 0.8 / 100 + 0.9 / 0.1 / 100)
    p = 1 / (1 + math.exp(-centre))
    # d arcsin(sqrt(p)) = sqrt(p (1 - p)) / 2 * d log odds.
    turned = half * math.sqrt(p * (1 - p)) / 2
    assert math.isclose(found.low, math.sin(math.asin(math.sqrt(p)) - turned) ** 2, rel_tol=1e-9)
    assert math.isclose(found.high, math.sin(math.asin(math.sqrt(p)) + turned) ** 2, rel_tol=1e-9)


@pytest.mark.parametrize("seed", range(6))
def test_the_delta_method_agrees_with_ten_thousand_draws(seed: int) -> None:
    pytest.importorskip("numpy")
    # Many patients: the delta method is the limit of large samples.
    made = network(seed, groups=4, patients=2000.0)
    found = evidence(random.Random(seed), made)
    posterior = made.posterior(found)

    delta = probability_intervals(made, posterior)
    drawn = drawn_intervals(draws(made, found))

    for p, ours, theirs in zip(posterior.probability, delta, drawn, strict=True):
        assert ours.low < p < ours.high
        # First-order against sampling: the widths agree within a tenth.
        assert 0.9 < (ours.high - ours.low) / (theirs.high - theirs.low) < 1.1


def test_a_rare_cause_with_few_patients_behind_it_stays_rare() -> None:
    made = simple(99.0)
    prior = Prior((0.001, 0.999), 50.0)
    rare = Network([t.group for t in made.tables.values()], prior, Limits(0.02, 50.0))

    found = probability_intervals(rare, rare.posterior({}))[0]

    # The 97.5 % point of Beta(0.05, 49.95) is 0.0114 (scipy.stats.beta.ppf).
    assert found.low == 0.0
    assert 0.0114 < found.high < 0.05


def test_the_same_seed_gives_the_same_draws() -> None:
    numpy = pytest.importorskip("numpy")
    made = network(2)
    found = evidence(random.Random(2), made)

    first, second, other = draws(made, found, 500), draws(made, found, 500), draws(made, found, 500, seed=1)

    assert numpy.array_equal(first, second)
    assert not numpy.array_equal(first, other)
    assert numpy.allclose(first.sum(axis=1), 1.0)


def test_more_patients_behind_the_figures_make_the_interval_narrower() -> None:
    widths = []
    for n in (20.0, 80.0, 320.0):
        made = simple(n)
        found = probability_intervals(made, made.posterior({"f": (0b01,)}))[0]
        widths.append(found.high - found.low)

    assert widths == sorted(widths, reverse=True)


def test_an_interval_speaks_of_figures_and_never_of_what_is_not_known() -> None:
    made = network(4)
    id = next(iter(made.tables))
    unknown = made.tables[id].group.unknown

    with_unknown = probability_intervals(made, made.posterior({id: unknown}))

    assert with_unknown == probability_intervals(made, made.posterior({}))


def test_every_pattern_of_a_group_has_a_row_and_no_more() -> None:
    made = network(5)

    for table in made.tables.values():
        patterns = list(itertools.product(*(range(1, 1 << size) for size in table.group.sizes)))
        assert all(len(table.row(p).logs) == len(made.prior.weights) for p in patterns)


# --- what judged figures may not do, on one finding whose arithmetic fits on a line


def one_finding(status: str) -> Network:
    """One finding of two levels, 0.2 in the first of two causes and 0.8 in the other; prior one half each."""
    cells = {0: (Given(Figure((0.2, 0.8), 40.0, status)),)}
    finding = Finding("sign", 2, 0, cells, (Given(Figure((0.8, 0.2), 40.0, status)),))
    return Network([Group("sign", (finding,))], Prior((0.5, 0.5), 40.0), Limits(0.02, 50.0))


@pytest.mark.parametrize(("status", "guarded", "lowered"), [("published", 0.2, True), ("expert", 0.5, False)])
def test_a_judged_figure_takes_nothing_from_the_guarded_probability(status: str, guarded: float, lowered: bool) -> None:
    found = one_finding(status).posterior({"sign": (0b01,)})

    # Odds 1 * 0.2 / 0.8: 0.2. By a judged figure the guarded one stays at the prior.
    assert found.present[0] == pytest.approx(0.2)
    assert found.present_guarded[0] == pytest.approx(guarded)
    assert found.lowered[0] is lowered


def test_a_judged_figure_may_still_raise_the_guarded_probability() -> None:
    found = one_finding("expert").posterior({"sign": (0b10,)})

    assert found.present_guarded[0] == pytest.approx(0.8)


@pytest.mark.parametrize(("status", "gain"), [("published", 0.5 * 0.2), ("expert", 0.0)])
def test_an_answer_by_judged_figures_is_worth_nothing_where_it_could_only_end_a_suspicion(
    status: str, gain: float
) -> None:
    """Test threshold 0.4, probability 0.5: half of the answers carry it to 0.2, the others to 0.8."""
    made = one_finding(status)
    stake = Stake(0, Cuts(test=(Cut(0.4, True),)), 1.0, guarded=True)

    found = value(made, {}, made.posterior({}), {"sign": (0,)}, [stake])

    # Published: 0.5 * (0.8 - 0.4) + 0.5 * 0 - (0.5 - 0.4) = 0.1. Judged: no answer leads below.
    assert found.gain == pytest.approx(gain)


def test_what_an_answer_reaches_is_what_the_posterior_is_once_it_is_known() -> None:
    compared = 0
    for seed in range(6):
        made = network(seed)
        found = evidence(random.Random(seed), made)
        posterior = made.posterior(found)
        for id, table in made.tables.items():
            for place, finding in enumerate(table.group.findings):
                if found[id][place] + 1 < 1 << finding.levels:
                    continue
                for cause in finding.cells:
                    told = list(reached(made, found, posterior, {id: (place,)}, cause))
                    for level, (present, guarded, _) in enumerate(told):
                        pattern = (*found[id][:place], 1 << level, *found[id][place + 1 :])
                        after = made.posterior({**found, id: pattern})
                        assert present == pytest.approx(after.present[cause], rel=1e-9)
                        assert guarded == pytest.approx(after.present_guarded[cause], rel=1e-9)
                        compared += 1
    assert compared > 50
