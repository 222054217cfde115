"""A posterior in, how sure it is out: 95 % intervals by the delta method.

They speak of the figures (prior and likelihoods) alone. What is not known of the patient is never folded in.
"""

from __future__ import annotations

import math

from clinical_commander.bayes.posterior import Network, Posterior
from clinical_commander.frozen import frozen

_Z = 1.959963984540054  # 97.5 % point of the normal distribution


@frozen
class Interval:
    low: float
    high: float


def probability_intervals(network: Network, posterior: Posterior) -> tuple[Interval, ...]:
    """The 95 % interval of each cause's `probability`.

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


def present_intervals(network: Network, posterior: Posterior) -> tuple[Interval, ...]:
    """The 95 % interval of each cause's `present`: the errors of its prior odds and of its own ratios add up."""
    n = network.prior.n + 1
    variances = [1 / (n * w * (1 - w)) for w in network.prior.weights]
    for row in posterior.rows.values():
        for bearing in row.bearings:
            variances[bearing.cause] += bearing.variance
    return tuple([_around(p, v) for p, v in zip(posterior.present, variances, strict=True)])


def _around(p: float, variance: float) -> Interval:
    """The interval of a probability whose log odds have this variance.

    Ends are taken on the scale of arcsin(sqrt(p)), on which the error of a share does not depend on the share (Anscombe
    1948). On the scale of log odds a cause of one in a thousand would reach from nothing to one half.
    """
    if not 0 < p < 1:
        return Interval(p, p)
    centre = math.asin(math.sqrt(p))
    half = _Z * math.sqrt(variance * p * (1 - p)) / 2
    low, high = max(0.0, centre - half), min(math.pi / 2, centre + half)
    return Interval(math.sin(low) ** 2, math.sin(high) ** 2)
