"""A prior and the figures of the differential in, simulated patients out: a cause, and the level of every finding.

A patient is drawn as the model says the world is: a cause from the prior, then each group of findings by the joint
outcomes of that cause. Such patients show whether the arithmetic is right, never whether the figures are.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from itertools import accumulate

from clinical_commander.bayes.network import Figure, Finding, Given, Group
from clinical_commander.bayes.posterior import Network
from clinical_commander.bayes.tables import Levels, Limits, Pattern, Table
from clinical_commander.frozen import frozen


@frozen
class Patient:
    """One simulated patient: the place of the cause, and for each finding the place of its level."""

    cause: int
    levels: Mapping[str, int]


class Simulator:
    """Draws patients of one network."""

    def __init__(self, network: Network) -> None:
        self.network = network
        self.causes = list(accumulate(network.prior.weights))
        self.groups = [(table.group, *self._joint(table)) for table in network.tables.values()]

    def _joint(self, table: Table) -> tuple[list[Levels], list[list[float]]]:
        """The complete outcomes of a group, and for each cause their running sums."""
        outcomes = [o.levels for o in table.outcomes]
        return outcomes, [list(accumulate(o.p[cause] for o in table.outcomes)) for cause in range(len(self.causes))]

    def patient(self, random_: random.Random) -> Patient:
        """One patient, by as many draws as there are groups and one more."""
        cause = random_.choices(range(len(self.causes)), cum_weights=self.causes)[0]
        levels: dict[str, int] = {}
        for group, outcomes, sums in self.groups:
            drawn = random_.choices(outcomes, cum_weights=sums[cause])[0]
            levels.update(zip((f.id for f in group.findings), drawn, strict=True))
        return Patient(cause, levels)

    def patients(self, seed: int, count: int) -> Iterator[Patient]:
        """The same patients for the same seed."""
        random_ = random.Random(seed)
        for _ in range(count):
            yield self.patient(random_)


def known_of(patient: Patient, part: float, random_: random.Random) -> dict[str, int]:
    """The findings of which the level is known, as bits: each with the same chance, whatever its level is."""
    return {id: 1 << level for id, level in patient.levels.items() if random_.random() < part}


# --- networks that are wrong on purpose


def independent(network: Network) -> Network:
    """The same findings as if none depended on another: each with its true share in each cause, and no chain."""
    causes = range(len(network.prior.weights))
    groups = []
    for table in network.tables.values():
        full = table.group.unknown
        for place, finding in enumerate(table.group.findings):
            levels = range(finding.levels)
            shares = [table.probabilities((*full[:place], 1 << level, *full[place + 1 :])) for level in levels]
            cells = {c: (Given(Figure(tuple(shares[level][c] for level in levels), 60.0)),) for c in causes}
            alone = Finding(finding.id, finding.levels, finding.of, cells, cells[finding.of])
            groups.append(Group(finding.id, (alone,)))
    return Network(groups, network.prior, Limits(1e-9, 1e9))


def by_groups(network: Network, known: Mapping[str, int]) -> dict[str, Pattern]:
    """What is known as patterns of the groups of any network that has the same findings."""
    found = {}
    for id, table in network.tables.items():
        group = table.group
        pattern = tuple(known.get(f.id, full) for f, full in zip(group.findings, group.unknown, strict=True))
        if pattern != group.unknown:
            found[id] = pattern
    return found


def unknown_as_absent(network: Network, known: Mapping[str, int]) -> dict[str, int]:
    """The fault this project exists to avoid: what nobody looked for read as its last level, nothing found."""
    findings = [f for table in network.tables.values() for f in table.group.findings]
    return {f.id: known.get(f.id, 1 << f.levels - 1) for f in findings}
