"""What is known and what could be asked in, what each answer would be worth out.

An answer is worth something where it can carry a disease across a threshold: without that, no decision changes. The
value is the expected gain of deciding after the answer instead of now, weighted by what is at stake in each disease.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from itertools import accumulate

from clinical_commander.bayes.network import UNSUPPORTED, Group
from clinical_commander.bayes.posterior import Network, Posterior
from clinical_commander.bayes.tables import Pattern, Table
from clinical_commander.bayes.thresholds import Cuts
from clinical_commander.frozen import frozen

OUTCOMES_AT_MOST = 4096
"""Combined answers of one test that are looked at; a test of more findings is judged by its strongest ones."""

Asked = Mapping[str, tuple[int, ...]]
"""The findings that an answer would make known: places by group."""


class Curve:
    """Thresholds of one decision in order, and the sums of the first of them."""

    def __init__(self, values: Sequence[float]) -> None:
        self.values = sorted(values)
        self.sums = [0.0, *accumulate(self.values)]


class Stake:
    """A disease that a question may decide.

    Args:
        cause: Its place among the causes.
        cuts: Its accepted thresholds.
        weight: How much a wrong decision costs, on any one scale.
        guarded: Whether to test is decided without what unsupported figures take away (a disease not to be missed).
    """

    def __init__(self, cause: int, cuts: Cuts, weight: float, guarded: bool = False) -> None:
        self.cause, self.weight, self.guarded = cause, weight, guarded
        self.test = Curve([c.value for c in cuts.test]) if cuts.test else None
        self.treat = Curve([c.value for c in cuts.treat]) if cuts.treat else None


@frozen
class Value:
    """What an answer is worth. `crosses`: the diseases that some answer would carry across a threshold."""

    gain: float
    crosses: tuple[int, ...]


def value(
    network: Network, evidence: Mapping[str, Pattern], posterior: Posterior, asked: Asked, stakes: Sequence[Stake]
) -> Value:
    """The expected gain of knowing some findings.

    For each disease and threshold T the loss of a wrong decision is linear in the distance from T, so the gain is
    E[max(0, p' - T)] - max(0, p - T) over the answers, p being the disease's own probability. It is 0 where no answer
    crosses T, and never negative, for the mean of p' is p. Where several thresholds are accepted for one decision each
    counts as much as the others.

    Source: expected value of sample information (Raiffa and Schlaifer 1961), with the linear loss of Pauker and
    Kassirer (1975).
    """
    gain = 0.0
    crosses = []
    for stake in stakes:
        cause = stake.cause
        answers = _answers(network, evidence, asked, cause)
        if not answers:
            continue
        found = 0.0
        if stake.treat is not None:
            found = _gained(stake.treat, posterior.present[cause], answers, guarded=False)
        if stake.test is not None:
            p = posterior.present_guarded[cause] if stake.guarded else posterior.present[cause]
            found += _gained(stake.test, p, answers, stake.guarded)
        if found > 0:
            gain += stake.weight * found
            crosses.append(cause)
    return Value(gain, tuple(crosses))


def reached(
    network: Network, evidence: Mapping[str, Pattern], posterior: Posterior, asked: Asked, cause: int
) -> Iterator[tuple[float, float, bool]]:
    """What each answer would make of one disease: `present`, `present_guarded` and `lowered`, as a posterior has them.

    `lowered` also where the answer takes back what a supported figure gave.
    """
    present, guarded = posterior.present[cause], posterior.present_guarded[cause]
    for _, _, plain, guard in _answers(network, evidence, asked, cause):
        yield _moved(present, plain), _moved(guarded, guard), posterior.lowered[cause] or guard < 1


def _moved(p: float, ratio: float) -> float:
    return p * ratio / (p * ratio + 1 - p)


def _answers(network: Network, evidence: Mapping[str, Pattern], asked: Asked, cause: int) -> Sequence[Answer]:
    """Every combined answer that bears on a cause; none where no finding asked has a figure for it."""
    parts = []
    for id, places in asked.items():
        table = network.tables[id]
        own = tuple([place for place in places if cause in table.group.findings[place].cells])
        if own:
            parts.append(ratios(table, evidence.get(id, table.group.unknown), own, cause))
    return parts[0] if len(parts) == 1 else _combined(parts) if parts else ()


def values(
    network: Network, evidence: Mapping[str, Pattern], posterior: Posterior, stakes: Sequence[Stake]
) -> dict[tuple[str, int], float]:
    """The gain of knowing each single finding of which nothing is known, by group and place, where it is above 0."""
    found: dict[tuple[str, int], float] = {}
    for stake in stakes:
        cause = stake.cause
        present = posterior.present[cause]
        guarded = posterior.present_guarded[cause] if stake.guarded else present
        for id, table, place, full in network.listing(cause):
            pattern = evidence.get(id, table.group.unknown)
            if pattern[place] != full:
                continue
            answers = ratios(table, pattern, (place,), cause)
            gain = 0.0
            if stake.test is not None:
                gain = _gained(stake.test, guarded, answers, stake.guarded)
            if stake.treat is not None:
                gain += _gained(stake.treat, present, answers, guarded=False)
            if gain > 0:
                found[id, place] = found.get((id, place), 0.0) + stake.weight * gain
    return found


Answer = tuple[float, float, float, float]
"""How likely an answer is in the cause and in all others, and by how much it moves the odds, plain and guarded."""


def _gained(curve: Curve, p: float, answers: Sequence[Answer], guarded: bool) -> float:
    """The expected gain of one decision; 0 where no answer crosses a threshold."""
    values, sums, left = curve.values, curve.sums, 1 - p
    passed = bisect_right(values, p)
    gain = 0.0
    for inside, outside, plain, guard in answers:
        odds = p * (guard if guarded else plain)
        after = odds / (odds + left)
        now = bisect_right(values, after)
        if now != passed:
            # Only the thresholds between p and p' count, each by how far p' lies beyond it.
            gain += (p * inside + left * outside) * ((now - passed) * after - sums[now] + sums[passed])
    return gain / len(values)


def _combined(parts: Sequence[Sequence[Answer]]) -> list[Answer]:
    """Every combined answer of independent groups."""
    combined: list[Answer] = [(1.0, 1.0, 1.0, 1.0)]
    for part in sorted(parts, key=len, reverse=True):
        if len(combined) * len(part) <= OUTCOMES_AT_MOST:
            combined = [(a * x, b * y, r * q, g * h) for a, b, r, g in combined for x, y, q, h in part]
    return combined


def ratios(table: Table, pattern: Pattern, places: Sequence[int], cause: int) -> tuple[Answer, ...]:
    """For each answer how likely it is in the cause, in all others, and by how much it moves the odds of the cause,
    given what is known of the group already. Guarded: unsupported figures move them up only.
    """
    key = (pattern, places, cause)
    found = table.answers.get(key)
    if found is None:
        before = _bearing(table, pattern, cause)
        rows = [_bearing(table, answered, cause) for answered in _answered(pattern, places, table.group)]
        found = tuple([(a / before[0], b / before[1], c / before[2], d / before[3]) for a, b, c, d in rows])
        table.answers[key] = found
    return found


def _bearing(table: Table, pattern: Pattern, cause: int) -> Answer:
    for bearing in table.row(pattern).bearings:
        if bearing.cause == cause:
            ratio = bearing.inside / bearing.outside
            guarded = ratio if ratio > 1 or bearing.status not in UNSUPPORTED else 1.0
            return bearing.inside, bearing.outside, ratio, guarded
    return 1.0, 1.0, 1.0, 1.0  # nothing known: every outcome fits


def _answered(pattern: Pattern, places: Sequence[int], group: Group) -> Iterator[Pattern]:
    place, rest = places[0], places[1:]
    for level in range(group.sizes[place]):
        if pattern[place] >> level & 1:
            known = (*pattern[:place], 1 << level, *pattern[place + 1 :])
            yield from _answered(known, rest, group) if rest else (known,)


def information(
    network: Network, evidence: Mapping[str, Pattern], posterior: Posterior, group: str, place: int
) -> float:
    """How much one finding would lower the entropy of the causes, in bits, on average over its answers.

    Shown beside the value and never used in its place: an answer can tell two harmless causes apart and decide nothing.
    """
    table = network.tables[group]
    pattern = evidence.get(group, table.group.unknown)
    before = table.row(pattern).logs
    expected = 0.0
    for answered in _answered(pattern, (place,), table.group):
        after = table.row(answered).logs
        weights = [p * math.exp(b - a) for p, a, b in zip(posterior.probability, before, after, strict=True)]
        total = math.fsum(weights)
        expected += total * _entropy([w / total for w in weights])
    return max(0.0, _entropy(posterior.probability) - expected)


def _entropy(p: Sequence[float]) -> float:
    return -math.fsum([x * math.log2(x) for x in p if x > 0])
