"""One group of dependent findings and a prior in, log-likelihoods of its evidence patterns out.

A pattern holds, for each finding, the levels that are still possible as bits. Missing evidence is exact: the row of a
pattern is the sum over every outcome that fits it. "Nothing known" has the log-likelihood 0 for every cause: an unknown
finding is marginalised, it is not a likelihood ratio of 1 with evidence behind it. Rows are made when first asked for.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

from clinical_commander.bayes.network import STATUSES, Figure, Finding, Group, held
from clinical_commander.frozen import frozen

Pattern = tuple[int, ...]
Levels = tuple[int, ...]


@frozen
class Limits:
    """No single result weighs more: the least and the most ratio of a level in a cause to the rest."""

    least: float
    most: float


@frozen
class Bearing:
    """What a pattern says of one cause by itself: for it or against it, whatever it says of other causes.

    `inside` and `outside` are how often the pattern is seen in the cause and in all others (weighted by the prior).
    `status` is the weakest of the figures behind both. `variance` is that of the logarithm of their ratio.
    """

    cause: int
    inside: float
    outside: float
    status: str
    variance: float

    @property
    def log_ratio(self) -> float:
        return math.log(self.inside / self.outside)


@frozen
class Noise:
    """One independent error of a row: that of one figure.

    `cause`: whose own figure it is, None for that of the rest. `own` is the standard error of that cause's
    log-likelihood, `shared` (with its sign) that of all causes but `listed`: their common value moves with the figure.
    """

    cause: int | None
    own: float
    shared: float
    listed: tuple[int, ...]


@frozen
class Row:
    """What one pattern says: a log-likelihood for each cause, and its bearing on those with figures of their own."""

    logs: tuple[float, ...]
    bearings: tuple[Bearing, ...] = ()
    noise: tuple[Noise, ...] = ()


@frozen
class Used:
    """What one finding's step of an outcome used: its figures, the common value of the rest, and the weight of each
    cause before it.
    """

    rest: Figure
    cells: dict[int, Figure]
    shared: Sequence[Any]
    masses: Sequence[Any]

    def gain(self, finding: Finding, cause: int | None, level: int) -> float:
        """How far the common value of a level moves with a figure, both as logarithms."""
        others = math.fsum(m for c, m in enumerate(self.masses) if c != finding.of)
        left = math.fsum(m for c, m in enumerate(self.masses) if c != finding.of and c not in self.cells)
        below: float = self.shared[level] * left
        if below <= 0 or cause == finding.of:
            return 0.0
        if cause is None:
            return self.rest.p[level] * others / below
        mass: float = self.masses[cause]
        return -mass * self.cells[cause].p[level] / below


@frozen
class Outcome:
    """One complete outcome of a group: the level of each finding, how often each cause shows it, and what it used."""

    levels: Levels
    p: tuple[Any, ...]
    used: tuple[Used, ...]


class Table:
    """The patterns of one group under one prior.

    Args:
        group: Dependent findings, in order; product(levels + 1) <= 729.
        weights: The prior of each cause, sum 1.
        limits: How much one result may weigh.
    """

    def __init__(self, group: Group, weights: Sequence[float], limits: Limits) -> None:
        self.group, self.weights, self.limits = group, tuple(weights), limits
        self.nothing = Row((0.0,) * len(weights))
        # What `bayes.value` has worked out of this table; it depends on the table alone, never on a patient.
        self.answers: dict[tuple[Pattern, Sequence[int], int], tuple[tuple[float, float, float, float], ...]] = {}
        self._rows: dict[Pattern, Row] = {group.unknown: self.nothing}
        self._outcomes: list[Outcome] | None = None
        self._figures: dict[tuple[int, Levels], tuple[Figure, dict[int, Figure]]] = {}

    def row(self, pattern: Pattern) -> Row:
        """The row of a pattern.

        Args:
            pattern: For each finding the levels still possible, as bits; at least one.
        """
        row = self._rows.get(pattern)
        if row is None:
            row = self._rows[pattern] = self._made(pattern)
        return row

    @property
    def outcomes(self) -> list[Outcome]:
        """Every complete outcome; for each cause their probabilities sum to 1."""
        if self._outcomes is None:
            self._outcomes = list(outcomes(self.group, self.weights, self.figures))
        return self._outcomes

    def probabilities(self, pattern: Pattern) -> list[float]:
        """How often each cause shows an outcome that fits the pattern."""
        fitting = self._fitting(pattern)
        return [math.fsum(o.p[c] for o in fitting) for c in range(len(self.weights))]

    def figures(self, place: int, levels: Levels) -> tuple[Figure, dict[int, Figure]]:
        """The rest and the cells of a finding after these levels of those before it, within the limits."""
        key = (place, levels)
        if key not in self._figures:
            finding = self.group.findings[place]
            causes = list(finding.cells)
            rest, cells = held(
                finding.figure(None, levels),
                [finding.figure(c, levels) for c in causes],
                self.limits.least,
                self.limits.most,
            )
            self._figures[key] = (rest, dict(zip(causes, cells, strict=True)))
        return self._figures[key]

    # -- one row

    def _fitting(self, pattern: Pattern) -> list[Outcome]:
        return [
            o for o in self.outcomes if all(bits >> level & 1 for bits, level in zip(pattern, o.levels, strict=True))
        ]

    def _made(self, pattern: Pattern) -> Row:
        logs = tuple(math.log(p) for p in self.probabilities(pattern))
        known = [
            i for i, (bits, size) in enumerate(zip(pattern, self.group.sizes, strict=True)) if bits + 1 < 1 << size
        ]
        bearings = []
        for cause in self.group.listed():
            if any(cause in self.group.findings[i].cells for i in known):
                bearings.append(self._bearing(cause, pattern))
        return Row(logs, tuple(bearings), tuple(self._noise(pattern)))

    def _bearing(self, cause: int, pattern: Pattern) -> Bearing:
        # Findings that have no figure for this cause say nothing of it: evidence for another cause must not lower it.
        own = tuple(
            bits if cause in finding.cells else full
            for bits, finding, full in zip(pattern, self.group.findings, self.group.unknown, strict=True)
        )
        p = self.probabilities(own)
        others = 1 - self.weights[cause]
        outside = math.fsum(w * x for i, (w, x) in enumerate(zip(self.weights, p, strict=True)) if i != cause) / others
        statuses = [
            figure.status
            for outcome in self._fitting(own)
            for place, used in enumerate(outcome.used)
            if own[place] != self.group.unknown[place] and cause in used.cells
            for figure in (used.cells[cause], used.rest)
        ]
        variance = math.fsum(n.own * n.own for n in self._noise(own) if n.cause in (cause, None))
        return Bearing(cause, p[cause], outside, _weakest(statuses), variance)

    def _noise(self, pattern: Pattern) -> Iterator[Noise]:
        """The independent errors behind a row: one for each figure that it uses."""
        fitting = self._fitting(pattern)
        totals = [math.fsum([o.p[c] for o in fitting]) for c in range(len(self.weights))]
        for place, finding in enumerate(self.group.findings):
            if pattern[place] == self.group.unknown[place]:
                continue
            of_the_rest = self._one_of_the_rest(finding)
            for cause in (*finding.cells, None):
                figures: dict[int, Figure] = {}
                own: dict[int, list[float]] = {}
                shared: dict[int, list[float]] = {}
                for outcome in fitting:
                    used, level = outcome.used[place], outcome.levels[place]
                    figure = used.rest if cause is None else used.cells[cause]
                    figures[id(figure)] = figure
                    shares = own.setdefault(id(figure), [0.0] * finding.levels)
                    at = cause if cause is not None else of_the_rest
                    if at is not None:
                        shares[level] += outcome.p[at] / totals[at]
                    shares = shared.setdefault(id(figure), [0.0] * finding.levels)
                    if of_the_rest is not None:
                        share = outcome.p[of_the_rest] / totals[of_the_rest]
                        shares[level] += share * used.gain(finding, cause, level)
                for key, figure in figures.items():
                    sign = -1.0 if cause is not None else 1.0
                    yield Noise(
                        cause,
                        math.sqrt(figure.log_variance(own[key])),
                        sign * math.sqrt(figure.log_variance(shared[key])),
                        tuple(finding.cells),
                    )

    def _one_of_the_rest(self, finding: Finding) -> int | None:
        return next((c for c in range(len(self.weights)) if c not in finding.cells), None)


def _weakest(statuses: Sequence[str]) -> str:
    return max(statuses, key=STATUSES.index)


def outcomes(
    group: Group, weights: Sequence[Any], figures: Any, values: Any = None, larger: Any = max
) -> Iterator[Outcome]:
    """Every complete outcome of a group with its probability in each cause.

    The causes without a cell get one value, so that the mean over all causes but `of`, weighted by the prior and by how
    often each shows the earlier levels, is the rest. Works on numbers and, for draws, on arrays of them.

    Args:
        group: Dependent findings, in order.
        weights: The prior of each cause.
        figures: (place, earlier levels) -> the rest and the cells of that finding.
        values: A figure -> its levels, where they are not its own.
        larger: The larger of two numbers, or of two arrays number by number.
    """
    yield from _extend(
        group, weights, figures, values or (lambda figure: figure.p), larger, (), [1.0] * len(weights), ()
    )


def _extend(
    group: Group,
    weights: Sequence[Any],
    figures: Any,
    values: Any,
    larger: Any,
    levels: Levels,
    so_far: list[Any],
    used: Any,
) -> Iterator[Outcome]:
    place = len(levels)
    if place == len(group.findings):
        yield Outcome(levels, tuple(so_far), used)
        return
    finding = group.findings[place]
    rest, cells = figures(place, levels)
    own = {cause: values(figure) for cause, figure in cells.items()}
    masses = [w * p for w, p in zip(weights, so_far, strict=True)]
    shared = shared_value(finding, values(rest), own, masses, larger)
    step = Used(rest, cells, shared, masses)
    for level in range(finding.levels):
        p = [so_far[c] * (own[c][level] if c in own else shared[level]) for c in range(len(weights))]
        yield from _extend(group, weights, figures, values, larger, (*levels, level), p, (*used, step))


def shared_value(finding: Finding, rest: Sequence[Any], own: Any, masses: Sequence[Any], larger: Any) -> list[Any]:
    """The one value of every cause without a cell: the mean over all causes but `of` is the rest.

    Where the cells of other causes already outweigh the rest the figures contradict each other; the value stays at a
    hundredth of the rest, and `contradicts` says so.
    """
    others = sum(m for c, m in enumerate(masses) if c != finding.of)
    left = sum(m for c, m in enumerate(masses) if c != finding.of and c not in own)
    if isinstance(left, (int, float)) and left <= 0:
        return list(rest)
    found = []
    for level, wanted in enumerate(rest):
        told = sum(masses[c] * p[level] for c, p in own.items() if c != finding.of)
        found.append(larger((wanted * others - told) / left, wanted * _LEAST_SHARE))
    total = sum(found)
    return [value / total for value in found]


_LEAST_SHARE = 0.01


def contradicts(finding: Finding, rest: Figure, cells: dict[int, Figure], masses: Sequence[float]) -> bool:
    """Whether the cells of other causes leave nothing, or more than everything, of a level to the rest."""
    others = math.fsum(m for c, m in enumerate(masses) if c != finding.of)
    left = math.fsum(m for c, m in enumerate(masses) if c != finding.of and c not in cells)
    if left <= 0:
        return False
    for level, wanted in enumerate(rest.p):
        told = math.fsum(masses[c] * figure.p[level] for c, figure in cells.items() if c != finding.of)
        if not wanted * _LEAST_SHARE <= (wanted * others - told) / left < 1:
            return True
    return False
