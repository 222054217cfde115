"""A posterior in, how sure it is out: 95 % intervals by the delta method always, by seeded draws on request.

Both speak of the figures (prior and likelihoods) alone. What is not known of the patient is never folded in.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from clinical_commander.bayes.network import Figure
from clinical_commander.bayes.posterior import Network, Posterior, logistic, logit
from clinical_commander.bayes.tables import Pattern, outcomes
from clinical_commander.frozen import frozen

_Z = 1.959963984540054  # 97.5 % point of the normal distribution


@frozen
class Interval:
    low: float
    high: float


def probability_intervals(network: Network, posterior: Posterior) -> tuple[Interval, ...]:
    """The 95 % interval of each cause's `probability`, on the scale of log odds.

    Source: delta method (Oehlert 1992). d logit(p_c) / d log-likelihood_j is 1 for j = c and -p_j / (1 - p_c) else; the
    prior is a Dirichlet mean, whose covariance of logarithms is 1 / ((n + 1) w_j) but for a constant that cancels.
    """
    p, prior = posterior.probability, network.prior
    spread = [x * x / ((prior.n + 1) * w) for x, w in zip(p, prior.weights, strict=True)]
    all_spread = math.fsum(spread)
    terms = [noise for row in posterior.rows.values() for noise in row.noise]
    listed = [math.fsum([p[c] for c in noise.listed]) for noise in terms]
    found = []
    for c, own in enumerate(p):
        other = 1 - own
        if not 0 < own < 1:
            found.append(Interval(own, own))
            continue
        variance = 1 / ((prior.n + 1) * prior.weights[c]) + (all_spread - spread[c]) / (other * other)
        for noise, mass in zip(terms, listed, strict=True):
            # What is not listed moves together: by what is left of the gradients, which sum to 0 over all causes.
            moved = noise.shared * (mass / other if c not in noise.listed else -(1 - mass) / other)
            if noise.cause is not None:
                moved += noise.own * (1.0 if noise.cause == c else -p[noise.cause] / other)
            variance += moved * moved
        found.append(_around(own, variance))
    return tuple(found)


def present_interval(network: Network, posterior: Posterior, cause: int) -> Interval:
    """The 95 % interval of a cause's `present`: the errors of its prior odds and of its own ratios add up."""
    w = network.prior.weights[cause]
    variance = 1 / (network.prior.n * w * (1 - w))
    for row in posterior.rows.values():
        variance += math.fsum(b.variance for b in row.bearings if b.cause == cause)
    return _around(posterior.present[cause], variance)


def _around(p: float, variance: float) -> Interval:
    if not 0 < p < 1:
        return Interval(p, p)
    half = _Z * math.sqrt(variance)
    return Interval(logistic(logit(p) - half), logistic(logit(p) + half))


def draws(network: Network, evidence: Mapping[str, Pattern], number: int = 10_000, seed: int = 20_251) -> Any:
    """Draws of every cause's `probability`, from the uncertainty of prior and figures. Needs numpy.

    Args:
        network: The groups and the prior.
        evidence: As for `Network.posterior`.
        number: How many draws; 1,000 are too few, the ends of an interval then move by up to 0.08.
        seed: The same seed gives the same draws.

    Returns:
        Array of shape (number, causes), each row sums to 1.
    """
    import numpy

    random = numpy.random.Generator(numpy.random.PCG64(seed))
    causes = len(network.prior.weights)
    weights = _dirichlet(numpy, random, network.prior.weights, network.prior.n, number)
    logs = numpy.log(weights)
    for group, pattern in evidence.items():
        table = network.tables[group]
        if pattern == table.group.unknown:
            continue
        made: dict[int, Any] = {}

        def values(figure: Figure, made: dict[int, Any] = made) -> Any:
            if id(figure) not in made:
                made[id(figure)] = _dirichlet(numpy, random, figure.p, figure.n / figure.factor, number).T
            return made[id(figure)]

        columns = list(weights.T)
        seen: list[Any] = [0.0] * causes
        for outcome in outcomes(table.group, columns, table.figures, values, numpy.maximum):
            if all(bits >> level & 1 for bits, level in zip(pattern, outcome.levels, strict=True)):
                seen = [a + b for a, b in zip(seen, outcome.p, strict=True)]
        logs += numpy.log(numpy.stack([numpy.broadcast_to(s, number) for s in seen], axis=1))
    logs -= logs.max(axis=1, keepdims=True)
    p = numpy.exp(logs)
    return p / p.sum(axis=1, keepdims=True)


def _dirichlet(numpy: Any, random: Any, mean: Sequence[float], n: float, number: int) -> Any:
    drawn = random.standard_gamma(numpy.asarray(mean) * n, size=(number, len(mean)))
    drawn = numpy.maximum(drawn, 1e-300)  # a gamma of a tiny shape underflows to 0, and its logarithm is no number
    return drawn / drawn.sum(axis=1, keepdims=True)


def drawn_intervals(drawn: Any) -> tuple[Interval, ...]:
    """The 2.5 % and 97.5 % points of draws, for each cause."""
    import numpy

    low, high = numpy.quantile(drawn, [0.025, 0.975], axis=0)
    return tuple(Interval(float(a), float(b)) for a, b in zip(low, high, strict=True))
