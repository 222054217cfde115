"""A fact and what was stated of it in, the values still possible out: never a default, never "normal"."""

from __future__ import annotations

from clinical_commander.derive.observation import Observation
from clinical_commander.dossier.model import Constraint, Fact
from clinical_commander.frozen import frozen


@frozen
class Possible:
    """The values still possible of one fact: [low, high], or `codes`, or a set of truths."""

    low: float = 0.0
    high: float = 0.0
    codes: frozenset[str] = frozenset()
    truths: frozenset[bool] = frozenset()

    def left(self, fact: Fact) -> bool:
        """Something is still possible."""
        if fact.kind == "boolean":
            return bool(self.truths)
        return bool(self.codes) if fact.kind == "code" else self.low <= self.high

    def settled(self, fact: Fact) -> bool:
        if fact.kind == "boolean":
            return len(self.truths) == 1
        if fact.kind == "code":
            return len(self.codes) == 1
        return self.low == self.high


@frozen
class Known:
    """What is held of one fact at one moment: the statement it rests on, its state and what it leaves possible."""

    state: str  # known partial unknown stale pending unobtainable
    possible: Possible
    observation: Observation | None = None
    implied_by: tuple[str, ...] = ()


@frozen
class Contradiction:
    """Two statements that cannot both be so, by a constraint of the catalogue."""

    constraint: Constraint
    facts: tuple[str, ...]


def unknown(fact: Fact) -> Possible:
    """Everything a fact can be: its hard limits, all its codes, both truths."""
    if fact.kind == "boolean":
        return Possible(truths=frozenset({True, False}))
    if fact.kind == "code":
        return Possible(codes=frozenset(fact.codes))
    low, high = fact.limits if fact.limits else (float("-inf"), float("inf"))
    return Possible(low=low, high=high)


def stated(everything: Possible, fact: Fact, observation: Observation) -> Possible:
    """What one statement leaves of everything that a fact can be."""
    if fact.kind == "boolean":
        return everything if observation.truth is None else Possible(truths=frozenset({observation.truth}))
    if fact.kind == "code":
        return everything if observation.codes is None else Possible(codes=observation.codes)
    low = everything.low if observation.low is None else max(observation.low, everything.low)
    high = everything.high if observation.high is None else min(observation.high, everything.high)
    return Possible(low=low, high=high)
