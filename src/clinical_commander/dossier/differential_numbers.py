"""The differential as content in, the same as numbers for `bayes` out: groups of findings, priors, thresholds."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from clinical_commander.bayes.network import Figure, Finding, Given, Group, Prior
from clinical_commander.bayes.tables import Limits
from clinical_commander.bayes.thresholds import Cut, Cuts
from clinical_commander.dossier.model_differential import CauseThresholds, Differential, FigureRow, PriorRow

SITE = "site"
FIRM = frozenset({"published", "derived", SITE})
"""What a threshold must rest on to decide by itself; `site`: somebody there chose it and signed."""


def limits(content: Differential) -> Limits:
    """How much one result may weigh."""
    return Limits(content.uncertainty.least, content.uncertainty.most)


def groups(content: Differential) -> tuple[Group, ...]:
    """The findings as groups of dependent ones; a finding in no chain is a group of its own."""
    place = {cause: i for i, cause in enumerate(content.causes)}
    chains = [g for g in content.groups if g.kind == "chain"]
    chained = {f for g in chains for f in g.findings}
    found = [Group(g.id, tuple(_finding(content, f, place, g.findings) for f in g.findings)) for g in chains]
    found += [Group(f, (_finding(content, f, place, (f,)),)) for f in content.findings if f not in chained]
    return tuple(found)


def _finding(content: Differential, id: str, place: Mapping[str, int], order: Sequence[str]) -> Finding:
    item = content.findings[id]
    return Finding(
        id,
        len(item.levels),
        place[item.of],
        {place[cause]: _rows(content, rows, order) for cause, rows in item.cells.items()},
        _rows(content, item.rest, order),
    )


def _rows(content: Differential, rows: Sequence[FigureRow], order: Sequence[str]) -> tuple[Given, ...]:
    u = content.uncertainty
    found = []
    for row in rows:
        when = {
            order.index(name): next(i for i, level in enumerate(content.findings[name].levels) if level.id == value)
            for name, value in row.given.items()
        }
        factor = u.transported if row.population == "transported" else 1.0
        found.append(Given(Figure(row.p, row.n or u.n[row.status], row.status, factor), when))
    return tuple(found)


def prior(content: Differential, row: PriorRow) -> Prior:
    """The shares of a prior row as weights that sum to 1."""
    shares = [row.shares[cause] for cause in content.causes]
    total = math.fsum(shares)
    return Prior(tuple(s / total for s in shares), row.n, row.status)


def cuts(thresholds: CauseThresholds) -> Cuts:
    """The accepted thresholds of a cause, each with whether it may decide by itself."""
    test, treat = (
        tuple(Cut(t.value, t.rests_on in FIRM) for t in rows) for rows in (thresholds.test, thresholds.treat)
    )
    return Cuts(test, treat)
