"""Exact inference by an independent library (pyAgrum) as the judge of our posteriors, on made-up networks."""

from __future__ import annotations

import itertools
import math
import random
from collections.abc import Mapping

import pytest

from clinical_commander.bayes.network import Figure
from clinical_commander.bayes.posterior import Network
from clinical_commander.bayes.tables import Pattern, contradicts
from clinical_commander.bayes.value import information
from tests.bayes_networks import evidence, network

gum = pytest.importorskip("pyagrum")

SEEDS = range(20)
EVIDENCE_SETS = 50  # a seed; 1,000 in all
TOLERANCE = 1e-9


def as_bayesian_network(made: Network) -> object:
    """The same knowledge as a Bayesian network: the cause, and each finding under the cause and its chain."""
    causes = len(made.prior.weights)
    bn = gum.BayesNet()
    bn.add(gum.LabelizedVariable("cause", "", causes))
    bn.cpt("cause").fillWith(list(made.prior.weights))
    for table in made.tables.values():
        names = [f.id for f in table.group.findings]
        for place, finding in enumerate(table.group.findings):
            bn.add(gum.LabelizedVariable(finding.id, "", finding.levels))
            for parent in ("cause", *names[:place]):
                bn.addArc(parent, finding.id)
            sizes = table.group.sizes[:place]
            for levels in itertools.product(*(range(size) for size in sizes)):
                for cause in range(causes):
                    p = conditional(table, place, levels, cause)
                    bn.cpt(finding.id)[{"cause": cause, **dict(zip(names, levels, strict=False))}] = p
    return bn


def conditional(table: object, place: int, levels: tuple[int, ...], cause: int) -> list[float]:
    """How often a cause shows each level after these, by summing complete outcomes."""
    sums: dict[int, float] = {}
    for outcome in table.outcomes:  # type: ignore[attr-defined]
        if outcome.levels[:place] == levels:
            sums[outcome.levels[place]] = sums.get(outcome.levels[place], 0.0) + outcome.p[cause]
    total = math.fsum(sums.values())
    return [sums[level] / total for level in sorted(sums)]


def hard_and_soft(made: Network, found: Mapping[str, Pattern]) -> dict[str, list[float]]:
    """The evidence as the library takes it: for each finding which levels are possible."""
    return {
        finding.id: [float(bits >> level & 1) for level in range(finding.levels)]
        for id, pattern in found.items()
        for finding, bits in zip(made.tables[id].group.findings, pattern, strict=True)
        if bits + 1 < 1 << finding.levels
    }


def same(ours: list[float] | tuple[float, ...], theirs: list[float]) -> bool:
    return all(abs(a - b) < TOLERANCE for a, b in zip(ours, theirs, strict=True))


@pytest.mark.parametrize("seed", SEEDS)
def test_posteriors_are_those_of_an_independent_library(seed: int) -> None:
    made = network(seed)
    inference = gum.LazyPropagation(as_bayesian_network(made))
    random_ = random.Random(seed)

    for _ in range(EVIDENCE_SETS):
        found = evidence(random_, made)
        inference.setEvidence(hard_and_soft(made, found))
        inference.makeInference()

        assert same(made.posterior(found).probability, inference.posterior("cause").tolist())


@pytest.mark.parametrize("seed", range(5))
def test_the_gain_of_information_follows_the_joint_posteriors_of_an_independent_library(seed: int) -> None:
    made = network(seed, causes=4, groups=4)
    inference = gum.LazyPropagation(as_bayesian_network(made))
    random_ = random.Random(seed)
    compared = 0

    for _ in range(20):
        found = evidence(random_, made)
        posterior = made.posterior(found)
        for id, table in made.tables.items():
            for place, finding in enumerate(table.group.findings):
                if found[id][place] + 1 < 1 << finding.levels:
                    continue
                inference.setEvidence(hard_and_soft(made, found))
                inference.addJointTarget({"cause", finding.id})
                inference.makeInference()
                joint = inference.jointPosterior({"cause", finding.id})
                rows = joint.toarray()  # mutual information is the same from either side
                expected = sum(
                    p * math.log2(p / (rows[i].sum() * rows[:, j].sum()))
                    for i in range(rows.shape[0])
                    for j in range(rows.shape[1])
                    if (p := rows[i, j]) > 0
                )
                assert abs(information(made, found, posterior, id, place) - expected) < TOLERANCE
                compared += 1

    assert compared >= 20


@pytest.mark.parametrize("seed", range(10))
def test_a_group_of_dependent_findings_is_enumerated_exactly(seed: int) -> None:
    made = network(seed)

    for table in made.tables.values():
        for cause in range(len(made.prior.weights)):
            assert math.isclose(math.fsum(o.p[cause] for o in table.outcomes), 1.0, abs_tol=1e-12)
        for pattern in itertools.product(*(range(1, 1 << size) for size in table.group.sizes)):
            expected = [
                math.fsum(
                    outcome.p[cause]
                    for outcome in table.outcomes
                    if all(bits & 1 << level for bits, level in zip(pattern, outcome.levels, strict=True))
                )
                for cause in range(len(made.prior.weights))
            ]
            assert same(table.row(pattern).logs, [math.log(p) for p in expected])


@pytest.mark.parametrize("seed", range(10))
def test_the_mean_over_all_causes_but_one_is_the_rest(seed: int) -> None:
    made = network(seed)
    checked = 0

    for table in made.tables.values():
        for place, finding in enumerate(table.group.findings):
            for levels in itertools.product(*(range(size) for size in table.group.sizes[:place])):
                rest, cells = table.figures(place, levels)
                masses = prefix_masses(made, table, levels)
                if contradicts(finding, rest, cells, masses):
                    continue
                others = [c for c in range(len(masses)) if c != finding.of]
                weight = math.fsum(masses[c] for c in others)
                for level in range(finding.levels):
                    mean = math.fsum(masses[c] * conditional(table, place, levels, c)[level] for c in others) / weight
                    assert math.isclose(mean, rest.p[level], rel_tol=1e-9)
                    checked += 1

    assert checked >= 10


def prefix_masses(made: Network, table: object, levels: tuple[int, ...]) -> list[float]:
    return [
        w * math.fsum(o.p[c] for o in table.outcomes if o.levels[: len(levels)] == levels)  # type: ignore[attr-defined]
        for c, w in enumerate(made.prior.weights)
    ]


def test_no_finding_means_no_shift() -> None:
    made = network(3)

    nothing = made.posterior({id: t.group.unknown for id, t in made.tables.items()})

    assert same(nothing.probability, list(made.prior.weights))
    assert same(nothing.present, list(made.prior.weights))
    assert nothing.rows == {}


@pytest.mark.parametrize("seed", range(10))
def test_a_result_leaves_the_order_of_causes_without_a_figure_alone(seed: int) -> None:
    made = network(seed)

    for id, table in made.tables.items():
        if len(table.group.findings) > 1:
            continue
        listed = set(table.group.listed())
        others = [c for c in range(len(made.prior.weights)) if c not in listed]
        for level in range(table.group.sizes[0]):
            p = made.posterior({id: (1 << level,)}).probability
            ratios = [p[c] / made.prior.weights[c] for c in others]
            assert max(ratios) - min(ratios) < 1e-12


@pytest.mark.parametrize("seed", range(10))
def test_evidence_for_another_cause_never_lowers_what_is_present(seed: int) -> None:
    made = network(seed)

    for id, table in made.tables.items():
        listed = set(table.group.listed())
        for pattern in itertools.product(*(range(1, 1 << size) for size in table.group.sizes)):
            present = made.posterior({id: pattern}).present
            for cause, w in enumerate(made.prior.weights):
                if cause not in listed:
                    assert math.isclose(present[cause], w, rel_tol=1e-12)


def test_one_result_weighs_no_more_than_the_limits_allow() -> None:
    perfect = Figure((0.9999, 0.0001), 100.0)
    rare = Figure((0.0001, 0.9999), 100.0)

    from clinical_commander.bayes.network import held

    rest, (cell,) = held(rare, [perfect], 0.02, 50.0)

    ratios = [c / r for c, r in zip(cell.p, rest.p, strict=True)]
    assert max(ratios) <= 50.0 * 1.02
    assert min(ratios) >= 0.02 * 0.98
