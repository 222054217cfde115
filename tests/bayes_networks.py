"""Made-up networks for the tests of `bayes`: seeded, with chains, several levels and cells of several causes."""

from __future__ import annotations

import random

from clinical_commander.bayes.network import Figure, Finding, Given, Group, Prior
from clinical_commander.bayes.posterior import Network
from clinical_commander.bayes.tables import Limits, Pattern

LIMITS = Limits(0.02, 50.0)


def figure(random_: random.Random, levels: int, status: str = "published") -> Figure:
    """Levels between 0.05 and 0.9 that sum to 1."""
    parts = [0.15 + random_.random() for _ in range(levels)]
    total = sum(parts)
    return Figure(tuple(p / total for p in parts), random_.choice((20.0, 80.0, 400.0)), status)


def near(random_: random.Random, base: Figure) -> Figure:
    """A figure not far from another: other causes' cells must leave something to the rest."""
    parts = [p * random_.uniform(0.8, 1.25) for p in base.p]
    total = sum(parts)
    return Figure(tuple(p / total for p in parts), base.n, base.status)


def finding(random_: random.Random, id: str, causes: int, before: tuple[int, ...]) -> Finding:
    """A finding of 2 to 4 levels; in a chain its figures may depend on the finding just before it."""
    levels = random_.choice((2, 2, 3, 4))
    of, *others = random_.sample(range(causes), random_.choice((1, 1, 2, 3)))
    depends = bool(before) and random_.random() < 0.8

    def rows(base: tuple[Given, ...] = ()) -> tuple[Given, ...]:
        if not depends:
            return (Given(near(random_, base[0].figure) if base else figure(random_, levels)),)
        place = len(before) - 1
        return tuple(
            Given(near(random_, base[level].figure) if base else figure(random_, levels), {place: level})
            for level in range(before[-1])
        )

    rest = rows()
    cells = {of: rows()} | {cause: rows(rest) for cause in others}
    return Finding(id, levels, of, cells, rest)


def network(seed: int, causes: int = 6, groups: int = 7, patients: float | None = None) -> Network:
    """A network of single findings and chains of up to three; `patients` stand behind each figure and the prior."""
    random_ = random.Random(seed)
    made = []
    for number in range(groups):
        findings: list[Finding] = []
        for place in range(random_.choice((1, 1, 2, 3))):
            sizes = tuple(f.levels for f in findings)
            findings.append(counted(finding(random_, f"f{number}_{place}", causes, sizes), patients))
        made.append(Group(f"g{number}", tuple(findings)))
    weights = [0.05 + random_.random() for _ in range(causes)]
    total = sum(weights)
    return Network(made, Prior(tuple(w / total for w in weights), patients or 40.0), LIMITS)


def counted(found: Finding, patients: float | None) -> Finding:
    """The finding with so many patients behind each of its figures."""
    if patients is None:
        return found

    def rows(given: tuple[Given, ...]) -> tuple[Given, ...]:
        return tuple(Given(Figure(g.figure.p, patients, g.figure.status), g.when) for g in given)

    return Finding(found.id, found.levels, found.of, {c: rows(g) for c, g in found.cells.items()}, rows(found.rest))


def evidence(random_: random.Random, made: Network) -> dict[str, Pattern]:
    """Each finding unknown, at one level, or at one of several."""
    found = {}
    for id, table in made.tables.items():
        pattern = []
        for size in table.group.sizes:
            draw = random_.random()
            bits = (1 << size) - 1
            if draw < 0.5:
                bits = 1 << random_.randrange(size)
            elif draw < 0.65 and size > 2:
                bits &= ~(1 << random_.randrange(size))
            pattern.append(bits)
        found[id] = tuple(pattern)
    return found
