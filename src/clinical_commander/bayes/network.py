"""What is known of causes and findings, as numbers: how often each level of each finding is seen in each cause.

Causes and levels are places in a list; names belong to the caller. A finding's `cells` are the causes with a figure of
their own. All others share one value, so that the mean over every cause but `of` is the finding's `rest`.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence

from clinical_commander.errors import ProbabilityError, Problem
from clinical_commander.frozen import field, frozen

PATTERNS_AT_MOST = 729
"""Patterns of one group, each finding unknown or at one of its levels: six findings of two levels, three of eight."""

STATUSES = ("published", "derived", "background", "expert", "recalled")
"""From the best supported to the worst."""
UNSUPPORTED = frozenset({"background", "expert", "recalled"})
"""What may not carry a disease that must not be missed below its test threshold."""


@frozen
class Figure:
    """How often each level is seen. `p` sums to 1, each in (0, 1); `n` is the number of patients that would scatter as
    much; `factor` multiplies the variance of its logarithm (2 for a figure from other patients).
    """

    p: tuple[float, ...]
    n: float
    status: str = "expert"
    factor: float = 1.0

    def log_variance(self, shares: Sequence[float]) -> float:
        """Variance of the sum of `shares[level] * log p[level]`, by the delta method for a Dirichlet mean.

        Source: Cov(log p_a, log p_b) = ((a = b) / p_a - 1) / (n + 1), first order (Aitchison 1986, ch. 3).
        """
        inner = sum(s * s / p for s, p in zip(shares, self.p, strict=True) if s)
        return self.factor * max(0.0, inner - sum(shares) ** 2) / (self.n + 1)


@frozen
class Given:
    """A figure that holds where earlier findings of the chain have these levels; {} holds anywhere."""

    figure: Figure
    when: Mapping[int, int] = field(default_factory=dict)  # place of the finding in the group -> level

    def fits(self, levels: Sequence[int]) -> bool:
        return all(place < len(levels) and levels[place] == level for place, level in self.when.items())


@frozen
class Finding:
    """One finding: how many levels it has, the figures of the causes that have their own, and the rest."""

    id: str
    levels: int
    of: int
    cells: Mapping[int, tuple[Given, ...]]
    rest: tuple[Given, ...]

    def figure(self, cause: int | None, levels: Sequence[int]) -> Figure:
        """The figure of a cause (None: of the rest) after these levels of the earlier findings of its group."""
        rows = self.rest if cause is None else self.cells[cause]
        for row in rows:
            if row.fits(levels):
                return row.figure
        raise ProbabilityError(
            Problem("CC304", f"`{self.id}` has no figure for one outcome of what it depends on.", "Add one `given`.")
        )


@frozen
class Group:
    """Findings that depend on each other, in order: each may depend on those before it. Often only one."""

    id: str
    findings: tuple[Finding, ...]

    @property
    def sizes(self) -> tuple[int, ...]:
        return tuple(f.levels for f in self.findings)

    @property
    def unknown(self) -> tuple[int, ...]:
        """The pattern of a patient of whom nothing in the group is known: every level of each finding is possible."""
        return tuple((1 << size) - 1 for size in self.sizes)

    def listed(self) -> tuple[int, ...]:
        """The causes with a figure of their own in some finding of the group, in order."""
        return tuple(sorted({cause for f in self.findings for cause in f.cells}))


@frozen
class Prior:
    """How likely each cause is before any finding. `n` is how many patients it is worth."""

    weights: tuple[float, ...]
    n: float
    status: str = "expert"


def faults(groups: Sequence[Group], causes: int) -> Iterator[Problem]:
    """What keeps groups from being used: CC301 a figure of 0 or 1 or that is none, CC302 levels that do not sum to 1,
    CC304 a chain that leaves an outcome without a figure, CC306 more patterns than a table may have.
    """
    for group in groups:
        if math.prod(size + 1 for size in group.sizes) > PATTERNS_AT_MOST:
            mend = "Split the group, or make one finding of several."
            yield Problem("CC306", f"`{group.id}` has more than {PATTERNS_AT_MOST} patterns.", mend)
        for finding in group.findings:
            for rows in (*finding.cells.values(), finding.rest):
                yield from _faults_of(finding, rows)
            if not 0 <= finding.of < causes or any(not 0 <= cause < causes for cause in finding.cells):
                yield Problem("CC305", f"`{finding.id}` names a cause that is none.", "Name one of the causes.")


def _faults_of(finding: Finding, rows: Sequence[Given]) -> Iterator[Problem]:
    if not any(not row.when for row in rows) and len(rows) < 2:
        yield Problem("CC304", f"`{finding.id}` has a figure for one outcome only.", "Add the others under `given`.")
    for row in rows:
        p = row.figure.p
        if len(p) != finding.levels or not all(math.isfinite(x) and 0 < x < 1 for x in p):
            cause = f"a figure of `{finding.id}` is not strictly between 0 and 1."
            yield Problem("CC301", cause, "No later evidence could move it: write how rare it is.")
        elif abs(sum(p) - 1) > 1e-9:
            yield Problem("CC302", f"the levels of `{finding.id}` sum to {sum(p):g}.", "They must sum to 1.")
        if not row.figure.n > 0:
            yield Problem("CC301", f"a figure of `{finding.id}` rests on no patient.", "Give `n`, or leave it out.")


def held(figure: Figure, others: Sequence[Figure], least: float, most: float) -> tuple[Figure, list[Figure]]:
    """The rest and the cells with no ratio of two levels beyond `least` and `most`: the smaller one is raised.

    Raising is the cautious side: a smear with a specificity of 1.0000 in one study does not prove a disease.
    """
    rest, cells = list(figure.p), [list(o.p) for o in others]
    for _ in range(3):  # raising one level takes from the others, which may need raising in turn
        for level in range(len(rest)):
            floor = max((cell[level] / most for cell in cells), default=0.0)
            _raise(rest, level, floor)
            for cell in cells:
                _raise(cell, level, least * rest[level])
    made = [Figure(tuple(c), o.n, o.status, o.factor) for c, o in zip(cells, others, strict=True)]
    return Figure(tuple(rest), figure.n, figure.status, figure.factor), made


def _raise(p: list[float], level: int, floor: float) -> None:
    if p[level] < floor:
        scale = (1 - floor) / (1 - p[level])
        for other in range(len(p)):
            p[other] = floor if other == level else p[other] * scale
