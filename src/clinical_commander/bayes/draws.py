"""Evidence in, seeded draws of the posterior out, where the delta method is not enough. Needs numpy.

As the intervals, they speak of the figures alone: what is not known of the patient is never folded in.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from clinical_commander.bayes.intervals import Interval
from clinical_commander.bayes.network import Figure
from clinical_commander.bayes.posterior import Network
from clinical_commander.bayes.tables import Pattern, outcomes


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
