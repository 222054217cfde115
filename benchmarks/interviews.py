"""Simulated patients and ways to ask in, what each way takes and whether it decides as if everything were known out.

What is decided: the tier, what is to be done at once with its state, and the zone of each cause. An ask is one question
or one test; an input of the dossier is one ask.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from benchmarks.simulated_cases import Cases, Realised
from clinical_commander.engine.assessment import Assessment
from clinical_commander.frozen import field, frozen
from tests.generate import Value, World

PARTS = ("tier", "at once", "zones")


@frozen
class Decisions:
    """What is decided of one patient at one moment."""

    tier: tuple[str, ...]
    at_once: frozenset[tuple[str, str]]
    zones: Mapping[str, tuple[str | None, ...]]
    shares: Mapping[str, float]

    def same(self, other: Decisions) -> dict[str, bool]:
        """By part, whether two decisions are the same. Shares are no decisions."""
        return {
            "tier": self.tier == other.tier,
            "at once": self.at_once == other.at_once,
            "zones": self.zones == other.zones,
        }


def decided(result: Assessment) -> Decisions:
    """The decisions of an assessment."""
    return Decisions(
        tuple(result.tier.possible),
        frozenset((x.id, x.state) for x in result.actions if x.priority == "stat" and x.state in ("do", "ask_first")),
        {c.cause: c.zones_possible for c in result.differential.causes},
        {c.cause: c.probability or 0.0 for c in result.differential.causes},
    )


@frozen
class Interview:
    """One patient asked in one way: how many asks and facts, and what was decided in the end."""

    asks: int
    facts: frozenset[str]
    end: Decisions
    asked: tuple[str, ...] = field(default_factory=tuple)


class Interviewer:
    """Asks simulated patients of one setting and region."""

    def __init__(self, cases: Cases) -> None:
        self.cases, self.engine = cases, cases.engine
        assert self.engine.worth is not None
        self.worth = self.engine.worth
        inputs = list(self.engine.dossier.inputs.values())
        # The last two groups, monitoring and safety, are no inputs of the founding dossier.
        self.inputs = [i for i in inputs if i.id not in ("monitoring", "safety")]

    def decisions(self, known: Mapping[str, Value]) -> Decisions:
        return decided(self.engine.assess(self.cases.case(known)))

    def best_first(self, realised: Realised) -> Interview:
        """`commander next`, until it stops by itself. What the patient cannot tell is left open and not asked again."""
        known: World = {}
        left_open: set[str] = set()
        asked: list[str] = []
        while True:
            result = self.engine.assess(self.cases.case(known))
            question = next((q for q in result.next if q.decides and not set(q.facts) <= left_open), None)
            if question is None:
                return Interview(len(asked), frozenset(known), decided(result), tuple(asked))
            asked.append(question.ask)
            for name in question.facts:
                if name in realised.world:
                    known[name] = realised.world[name]
                else:
                    left_open.add(name)

    def in_order(self, realised: Realised) -> tuple[Interview, Interview]:
        """Every input in the dossier's order; and the same, stopped by an oracle when nothing changes any more."""
        known: list[World] = [{}]
        for given in self.inputs:
            told = {name: realised.world[name] for name in given.facts if name in realised.world}
            known.append({**known[-1], **told})
        end = self.decisions(known[-1])
        enough = len(self.inputs)
        while enough > 0 and all(self.decisions(known[enough - 1]).same(end).values()):
            enough -= 1
        names = tuple(i.id for i in self.inputs)
        return (
            Interview(len(names), frozenset(known[-1]), end, names),
            Interview(enough, frozenset(known[enough]), end, names[:enough]),
        )

    def burden(self, facts: frozenset[str]) -> float:
        """What it took to know these facts: each test once, and each finding of the history that is known in full."""
        total = 0.0
        reads = self.worth.facts
        for burden in self.worth.content.burdens.values():
            if burden.by_finding:
                times = sum(facts.issuperset(set(reads[f]) - self.cases.given) for f in burden.findings)
            else:
                told = {name for name, test in self.worth.tests.items() if test.id == burden.id}
                times = 1 if told & facts else 0
            total += times * self.worth.burden_of(burden)
        return total

    def units(self) -> int:
        """How many asks it takes to go through every input where each test is an ask of its own."""
        found: set[str] = set()
        for given in self.inputs:
            for name in given.facts:
                test = self.worth.ask_of(name)
                found.add(test[0] if test else given.id)
        return len(found)


def shares(found: Sequence[Interview], wanted: Sequence[Decisions]) -> dict[str, float]:
    """By part, the share of patients of whom the same is decided as with everything known; and of all parts."""
    rows = [one.end.same(all_known) for one, all_known in zip(found, wanted, strict=True)]
    parts = {part: sum(row[part] for row in rows) / len(rows) for part in PARTS}
    return {**parts, "all": sum(all(row.values()) for row in rows) / len(rows)}
