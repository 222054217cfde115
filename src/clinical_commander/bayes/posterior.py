"""Tables and what is known of each group in, how likely each cause is out: as the cause of this bleed, and as present.

`probability`: exclusive causes, so evidence for one lowers the others. `present`: the disease's own odds, moved only by
findings that have a figure for it. Ranking uses the first; whether to test or treat uses the second.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from operator import add

from clinical_commander.bayes.network import UNSUPPORTED, Group, Prior
from clinical_commander.bayes.tables import Bearing, Limits, Pattern, Row, Table
from clinical_commander.frozen import frozen


@frozen
class Posterior:
    """What the evidence makes of the prior; one number for each cause, in the order of the causes.

    `present_guarded` is `present` without what unsupported figures (expert, recalled, background) take away. `lowered`:
    some supported figure speaks against the cause.
    """

    probability: tuple[float, ...]
    present: tuple[float, ...]
    present_guarded: tuple[float, ...]
    lowered: tuple[bool, ...]
    rows: Mapping[str, Row]  # by group; only groups of which something is known


class Network:
    """All groups under one prior, ready for evidence.

    Args:
        groups: Independent of each other given the cause.
        prior: Of each cause.
        limits: How much one result may weigh.
    """

    def __init__(self, groups: Sequence[Group], prior: Prior, limits: Limits) -> None:
        self.prior = prior
        self.tables = {g.id: Table(g, prior.weights, limits) for g in groups}
        self._listing: dict[int, list[tuple[str, Table, int, int]]] = {}
        self.log_prior = tuple(math.log(w) for w in prior.weights)
        self.log_odds = tuple(math.log(w / (1 - w)) for w in prior.weights)

    def listing(self, cause: int) -> list[tuple[str, Table, int, int]]:
        """The findings with a figure for a cause: group, table, place in the group, and the bits of "nothing known"."""
        if cause not in self._listing:
            self._listing[cause] = [
                (id, table, place, (1 << finding.levels) - 1)
                for id, table in self.tables.items()
                for place, finding in enumerate(table.group.findings)
                if cause in finding.cells
            ]
        return self._listing[cause]

    def posterior(self, evidence: Mapping[str, Pattern]) -> Posterior:
        """What the evidence makes of the prior.

        Args:
            evidence: For each group the levels of its findings that are still possible. A group left out is unknown.
        """
        rows = {}
        logs = list(self.log_prior)
        present, guarded = list(self.log_odds), list(self.log_odds)
        lowered = [False] * len(logs)
        for id, pattern in evidence.items():
            row = self.tables[id].row(pattern)
            if row is self.tables[id].nothing:
                continue
            rows[id] = row
            logs = list(map(add, logs, row.logs))
            for bearing in row.bearings:
                ratio = bearing.log_ratio
                present[bearing.cause] += ratio
                if ratio > 0 or bearing.status not in UNSUPPORTED:
                    guarded[bearing.cause] += ratio
                    lowered[bearing.cause] |= ratio < 0
        return Posterior(
            softmax(logs), tuple(map(logistic, present)), tuple(map(logistic, guarded)), tuple(lowered), rows
        )

    def bearings(self, evidence: Mapping[str, Pattern], cause: int) -> dict[str, Bearing]:
        """What each known group says of one cause by itself."""
        found = {}
        for id, pattern in evidence.items():
            for bearing in self.tables[id].row(pattern).bearings:
                if bearing.cause == cause:
                    found[id] = bearing
        return found


def softmax(logs: Sequence[float]) -> tuple[float, ...]:
    """Numbers in proportion to exp(logs), sum 1."""
    top = max(logs)
    weights = [math.exp(x - top) for x in logs]
    total = math.fsum(weights)
    return tuple([w / total for w in weights])


def logistic(log_odds: float) -> float:
    """The probability of log odds."""
    if log_odds >= 0:
        return 1 / (1 + math.exp(-log_odds))
    e = math.exp(log_odds)
    return e / (1 + e)


def logit(p: float) -> float:
    """The log odds of a probability in (0, 1)."""
    return math.log(p / (1 - p))
