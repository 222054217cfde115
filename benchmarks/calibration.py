"""Simulated patients and what a network makes of them in, how good its probabilities are out.

Brier and log score, reliability by tenths with binomial intervals, and two tests that a calibrated network passes.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterator, Mapping, Sequence

from benchmarks.simulated import Patient, by_groups, known_of
from clinical_commander.bayes.posterior import Network
from clinical_commander.frozen import frozen

PARTS = (1.0, 0.75, 0.5, 0.25, 0.0)
"""How much of the evidence is left."""

Reading = Callable[[Mapping[str, int]], Mapping[str, int]]


@frozen
class Bin:
    """The forecasts of one tenth: how many, their mean, how many came true, and the variance expected of that."""

    count: int
    forecast: float
    events: int
    variance: float

    @property
    def observed(self) -> float:
        return self.events / self.count

    @property
    def interval(self) -> tuple[float, float]:
        """95 % of the share that came true. Source: Wilson 1927."""
        z, n, p = 1.959963984540054, self.count, self.observed
        middle = (p + z * z / (2 * n)) / (1 + z * z / n)
        half = z / (1 + z * z / n) * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
        return middle - half, middle + half


@frozen
class Scores:
    """How good the forecasts of one cohort are.

    `brier` is the sum over the causes of the squared error, its mean over patients (0 to 2); `log` the mean of minus
    the logarithm of what the true cause was given. `z` is Spiegelhalter's, of each cause: within about 2 of 0 where
    the forecasts are calibrated.
    """

    patients: int
    brier: float
    log: float
    z: tuple[float, ...]
    bins: tuple[Bin, ...]
    bins_of: tuple[tuple[Bin, ...], ...]
    chi_square: float

    @property
    def worst_z(self) -> float:
        return max(map(abs, self.z))


def forecasts(
    network: Network, patients: Sequence[Patient], part: float, seed: int, reading: Reading = dict
) -> Iterator[tuple[int, tuple[float, ...]]]:
    """The true cause of each patient, and what the network makes of a part of the evidence.

    Args:
        network: Whose forecasts.
        patients: Whose evidence, dropped at random.
        part: How much of it is left, 0 to 1.
        seed: Of what is dropped.
        reading: What is made of what is known, before the network sees it.
    """
    random_ = random.Random(seed)
    for patient in patients:
        known = reading(known_of(patient, part, random_))
        yield patient.cause, network.posterior(by_groups(network, known)).probability


def scores(found: Sequence[tuple[int, Sequence[float]]]) -> Scores:
    """The scores of forecasts.

    Source: Brier 1950; Spiegelhalter, Stat Med 1986;5:421, for the test.
    """
    causes = len(found[0][1])
    top = [0.0] * causes
    below = [0.0] * causes
    brier = log = 0.0
    for cause, p in found:
        log -= math.log(p[cause])
        for c, x in enumerate(p):
            error = (1.0 if c == cause else 0.0) - x
            brier += error * error
            top[c] += error * (1 - 2 * x)
            below[c] += (1 - 2 * x) ** 2 * x * (1 - x)
    z = tuple(t / math.sqrt(b) for t, b in zip(top, below, strict=True))
    of = [[(p[c], cause == c) for cause, p in found] for c in range(causes)]
    together = bins([pair for pairs in of for pair in pairs])
    n = len(found)
    return Scores(n, brier / n, log / n, z, together, tuple(map(bins, of)), chi_square(together))


def bins(pairs: Sequence[tuple[float, bool]]) -> tuple[Bin, ...]:
    """Forecasts by tenths of 0 to 1; a tenth without any is left out."""
    found: list[list[tuple[float, bool]]] = [[] for _ in range(10)]
    for p, came in pairs:
        found[min(9, int(p * 10))].append((p, came))
    return tuple(
        Bin(len(rows), math.fsum(p for p, _ in rows) / len(rows), sum(x for _, x in rows), _variance(rows))
        for rows in found
        if rows
    )


def _variance(rows: Sequence[tuple[float, bool]]) -> float:
    return math.fsum(p * (1 - p) for p, _ in rows)


def chi_square(found: Sequence[Bin]) -> float:
    """The squared distances of what came true from what was forecast, in its standard errors, over the tenths.

    With calibrated forecasts close to a chi square with as many degrees of freedom as tenths, a little less: the causes
    of one patient exclude each other.
    """
    return math.fsum((b.events - b.count * b.forecast) ** 2 / b.variance for b in found)
