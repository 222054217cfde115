"""What is known and what could be asked in, what each answer would be worth out.

An answer is worth something where it can carry a disease across a threshold: without that, no decision changes. The
value is the expected gain of deciding after the answer instead of now, weighted by what is at stake in each disease.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence

from clinical_commander.bayes.network import UNSUPPORTED, Group
from clinical_commander.bayes.posterior import Network, Posterior
from clinical_commander.bayes.tables import Pattern, Table
from clinical_commander.bayes.thresholds import Cuts
from clinical_commander.frozen import frozen

OUTCOMES_AT_MOST = 4096
"""Combined answers of one test that are looked at; a test of more findings is judged by its strongest ones."""

Asked = Mapping[str, tuple[int, ...]]
"""The findings that an answer would make known: places by group."""


@frozen
class Stake:
    """A disease that a question may decide: its thresholds, and how much a wrong decision costs (any one scale).

    `guarded`: whether to test is decided without what unsupported figures take away (a disease not to be missed).
    """

    cause: int
    cuts: Cuts
    weight: float
    guarded: bool = False


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
        own = posterior.present[stake.cause]
        guarded = posterior.present_guarded[stake.cause] if stake.guarded else own
        found = 0.0
        for cuts, p, guard in ((stake.cuts.test, guarded, stake.guarded), (stake.cuts.treat, own, False)):
            if not cuts:
                continue
            answers = list(_answers(network, evidence, p, asked, stake.cause, guard))
            if len(answers) > 1:
                found += math.fsum(_crossed(cut.value, p, answers) for cut in cuts) / len(cuts)
        if found > 0:
            gain += stake.weight * found
            crosses.append(stake.cause)
    return Value(gain, tuple(crosses))


def _crossed(t: float, p: float, answers: Sequence[tuple[float, float]]) -> float:
    """The expected distance beyond a threshold on its other side."""
    if p >= t:
        return math.fsum([chance * (t - q) for chance, q in answers if q < t])
    return math.fsum([chance * (q - t) for chance, q in answers if q > t])


def _answers(
    network: Network, evidence: Mapping[str, Pattern], p: float, asked: Asked, cause: int, guarded: bool
) -> Iterator[tuple[float, float]]:
    """Each combined answer: how likely it is, and the disease's own probability after it."""
    parts = []
    for id, places in asked.items():
        table = network.tables[id]
        group = table.group
        own = [place for place in places if cause in group.findings[place].cells]
        if own:
            parts.append(ratios(table, evidence.get(id, group.unknown), own, cause, guarded))
    combined = [(1.0, 1.0, 1.0)]
    for part in sorted(parts, key=len, reverse=True):
        if len(combined) * len(part) <= OUTCOMES_AT_MOST:
            combined = [(a * x, b * y, r * q) for a, b, r in combined for x, y, q in part]
    for inside, outside, ratio in combined:
        chance = p * inside + (1 - p) * outside
        if chance > 0:
            yield chance, p * ratio / (p * ratio + 1 - p)


def ratios(
    table: Table, pattern: Pattern, places: Sequence[int], cause: int, guarded: bool = False
) -> list[tuple[float, float, float]]:
    """For each answer how likely it is in the cause, in all others, and by how much it moves the odds of the cause,
    given what is known of the group already. `guarded`: unsupported figures move them up only.
    """
    before = _bearing(table, pattern, cause, guarded)
    found = []
    for answered in _answered(pattern, places, table.group):
        after = _bearing(table, answered, cause, guarded)
        found.append((after[0] / before[0], after[1] / before[1], after[2] / before[2]))
    return found


def _bearing(table: Table, pattern: Pattern, cause: int, guarded: bool) -> tuple[float, float, float]:
    for bearing in table.row(pattern).bearings:
        if bearing.cause == cause:
            ratio = bearing.inside / bearing.outside
            moves = ratio if not guarded or ratio > 1 or bearing.status not in UNSUPPORTED else 1.0
            return bearing.inside, bearing.outside, moves
    return 1.0, 1.0, 1.0  # nothing known: every outcome fits


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
