"""A case and a cause in, the whole arithmetic from prior to posterior out: every line can be worked again by hand."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping

from clinical_commander.engine.assessment import MovedBy, PriorReport, Seen
from clinical_commander.engine.case import Case
from clinical_commander.engine.differential import Differentials, Judged
from clinical_commander.engine.situation import Situation
from clinical_commander.frozen import frozen


@frozen
class Step:
    """One group of findings: how often it is seen in the cause and in all others, and the odds after it."""

    moved: MovedBy
    odds: float


@frozen
class Weighed:
    """One cause: its prior, how often it shows each known group, their product, and its share of all products."""

    cause: str
    prior: float
    likelihoods: tuple[float, ...]
    weight: float
    probability: float


@frozen
class Tip:
    """A result that is not known yet and would carry the disease into another zone."""

    finding: str
    level: str
    present: float
    zone: str | None


@frozen
class Explanation:
    """From one prior to `present` and `probability` of one cause."""

    cause: str
    prior: PriorReport
    shares: Mapping[str, float]
    set_aside: Mapping[str, float]
    prior_odds: float
    steps: tuple[Step, ...]
    present: float
    groups: tuple[tuple[Seen, ...], ...]
    weighed: tuple[Weighed, ...]
    probability: float
    zone: str | None
    tips: tuple[Tip, ...]


def explain(differentials: Differentials, case: Case, situation: Situation, cause: str) -> tuple[Explanation, ...]:
    """The arithmetic of one cause under each prior that may be the right one."""
    known = differentials.levels(situation.fresh)
    at = differentials.place[cause]
    return tuple(_explanation(differentials, j, at, known) for j in differentials.judged(case, situation.fresh))


def drawn(differentials: Differentials, case: Case, situation: Situation, cause: str) -> dict[str, tuple[float, float]]:
    """The 95 % interval of one cause's `probability` by 10,000 seeded draws, by prior.

    Raises:
        ImportError: numpy is not installed.
    """
    from clinical_commander.bayes.draws import drawn_intervals, draws

    at = differentials.place[cause]
    evidence = differentials.evidence(situation.fresh)
    found = {}
    for judged in differentials.judged(case, situation.fresh):
        interval = drawn_intervals(draws(judged.network, evidence))[at]
        found[judged.row.id] = (interval.low, interval.high)
    return found


def what_if(differentials: Differentials, judged: Judged, known: Mapping[str, int], finding: str, level: int) -> Judged:
    """The same patient with one finding at one level."""
    network = judged.network
    return Judged(judged.row, network, network.posterior(differentials.patterns({**known, finding: 1 << level})))


def _explanation(d: Differentials, judged: Judged, at: int, known: Mapping[str, int]) -> Explanation:
    network, posterior = judged.network, judged.posterior
    cause = d.causes[at]
    prior_odds = math.exp(network.log_odds[at])
    odds, steps = prior_odds, []
    for moved in d.moved_by(judged, at, known):
        odds *= moved.ratio
        steps.append(Step(moved, odds))
    rows = list(posterior.rows.items())
    weights = [
        math.prod([network.prior.weights[c], *(math.exp(row.logs[c]) for _, row in rows)]) for c in range(len(d.causes))
    ]
    weighed = tuple(
        Weighed(
            one.id,
            network.prior.weights[c],
            tuple(math.exp(row.logs[c]) for _, row in rows),
            weights[c],
            weights[c] / math.fsum(weights),
        )
        for c, one in enumerate(d.causes)
    )
    return Explanation(
        cause.id,
        d.prior_report(judged.row),
        judged.row.shares,
        judged.row.set_aside,
        prior_odds,
        tuple(steps),
        posterior.present[at],
        tuple(d.seen(id, known) for id, _ in rows),
        weighed,
        posterior.probability[at],
        d.zone_of(judged, at),
        tuple(_tips(d, judged, at, known)),
    )


def _tips(d: Differentials, judged: Judged, at: int, known: Mapping[str, int]) -> Iterator[Tip]:
    cause = d.causes[at].id
    now = d.zone_of(judged, at)
    for finding in d.content.findings.values():
        if cause not in finding.cells or known.get(finding.id, 0).bit_count() == 1:
            continue
        for level in range(len(finding.levels)):
            if finding.id in known and not known[finding.id] >> level & 1:
                continue
            after = what_if(d, judged, known, finding.id, level)
            zone = d.zone_of(after, at)
            if zone != now:
                yield Tip(finding.id, finding.levels[level].id, after.posterior.present[at], zone)
