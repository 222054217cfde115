"""A simulated patient's levels in, a case out whose facts realise them: vital signs that leave the tier mild, streaks.

Findings share facts: age is behind the Wells score and the D-dimer, a normal film excludes a mass. So findings that
share a fact, or that a constraint of the catalogue ties, are realised together; where they cannot be, as few as
possible are dropped, and counted.
"""

from __future__ import annotations

import itertools
import random
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime

from benchmarks.simulated import Patient
from clinical_commander.dossier.model import Fact
from clinical_commander.engine.assess import Engine
from clinical_commander.engine.case import Case
from clinical_commander.frozen import frozen
from tests.generate import Patients, Value, World, exact, inside

MOMENT = datetime(2026, 11, 1, 8, 0, tzinfo=UTC)
DROPPED_AT_MOST = 3  # of the findings that share facts
WITHOUT_CUTS = (0.01, 0.03, 0.1, 0.3, 1.0)  # parts of its range for a number that no threshold names, as a D-dimer


@frozen
class Realised:
    """The whole patient: every fact that somebody could learn, and the findings that the facts could not follow."""

    patient: Patient
    world: Mapping[str, Value]
    dropped: tuple[str, ...]


class Cases:
    """Makes cases of one dossier in one setting and region.

    Facts that no finding reads are those of the well patient among the examples, or false where that one says nothing;
    numbers and codes that nobody states stay unknown to everybody.
    """

    def __init__(self, engine: Engine, setting: str, region: str) -> None:
        assert engine.differentials is not None
        assert engine.worth is not None
        self.engine, self.setting, self.region = engine, setting, region
        self.differentials, self.reads = engine.differentials, engine.worth.facts
        self.generator = Patients(engine)
        self.given = frozenset(name for c in engine.dossier.constraints if not c.given for name in c.then)
        self.well = self._well()
        self.values = {name: self._values(engine.dossier.facts[name]) for name in self._read()}
        self.ways = {id: self._ways(id) for id in self.reads}
        self.components = self._components()

    def case(self, known: Mapping[str, Value]) -> Case:
        """The case in which these facts are known."""
        facts = {name: (exact(self.engine.dossier.facts[name], value, MOMENT),) for name, value in known.items()}
        return Case(self.setting, MOMENT, facts, region=self.region)

    # -- what can be

    def _read(self) -> list[str]:
        return sorted({name for facts in self.reads.values() for name in facts} - self.given)

    def _well(self) -> World:
        facts = self.engine.dossier.facts
        read = {name for found in self.reads.values() for name in found}
        world = {name: False for name in (*self.generator.asked, *read) if facts[name].kind == "boolean"}
        return {**world, **self.generator.well} | {"active_bleeding": False}

    def _values(self, fact: Fact) -> Sequence[Value]:
        """The values worth trying: one between every two cut-offs. A sign that the tier must know only while mild."""
        if fact.kind == "boolean":
            return (False, True)
        if fact.kind == "code":
            return tuple(fact.codes)
        low, high = fact.range or (0.0, 100.0)
        cuts = self.generator.cuts.get(fact.id)
        if cuts is None:
            found = [part * high for part in WITHOUT_CUTS]
        else:
            ends = sorted({low, *cuts, high})
            found = [(a + b) / 2 for a, b in itertools.pairwise(ends)]
        places = 0 if fact.kind == "integer" else fact.decimals
        rounded = tuple(dict.fromkeys(round(x, places) for x in found))
        if fact.id not in self.generator.deciding and fact.id != "age":
            return rounded
        if fact.id == "estimated_volume_24h":
            return (self.well[fact.id],)
        return tuple(v for v in (self.well[fact.id], *rounded) if self._is_mild({**self.well, fact.id: v}))

    def _is_mild(self, world: Mapping[str, Value]) -> bool:
        result = self.engine.assess(self.case(world))
        return result.tier.value == self.engine.dossier.tier.values[0].id and result.scope.state == "in"

    def _ways(self, finding: str) -> dict[int, list[World]]:
        """For each level the combinations of its facts under which it holds, and surely."""
        names = [name for name in self.reads[finding] if name not in self.given]
        found: dict[int, list[World]] = {}
        for values in itertools.product(*(self.values[name] for name in names)):
            world = dict(zip(names, values, strict=True))
            view = self.engine.situation(self.case(world)).fresh
            bits = self.differentials.levels(view).get(finding, 0)
            if bits.bit_count() == 1:
                found.setdefault(bits.bit_length() - 1, []).append(world)
        return found

    def _components(self) -> list[list[str]]:
        """Findings tied by a fact or by a constraint, in the order of the content."""
        home = {id: {id} for id in self.reads}
        for id, facts in self.reads.items():
            near = set(facts) - self.given
            near |= {n for c in self.engine.dossier.constraints if near & {*c.given} for n in c.then}
            for other, others in self.reads.items():
                if near & (set(others) - self.given) and home[id] is not home[other]:
                    joined = home[id] | home[other]
                    for member in joined:
                        home[member] = joined
        seen: list[set[str]] = []
        for group in home.values():
            if not any(group is x for x in seen):
                seen.append(group)
        return [[id for id in self.reads if id in group] for group in seen]

    # -- one patient

    def realised(self, patient: Patient, random_: random.Random) -> Realised | None:
        """The facts of one patient; None where the tier would not be mild."""
        drawn: World = {}
        dropped: list[str] = []
        for component in self.components:
            found, left_out = self._together(component, patient, random_)
            drawn |= found
            dropped += left_out
        world = {**self.well, **drawn}
        self.generator._keep_constraints(world, set(drawn))
        if not self._is_mild(world):
            return None
        lost = (*dropped, *(id for id in self._others(patient, world) if id not in dropped))
        return Realised(patient, world, lost)

    def _others(self, patient: Patient, world: Mapping[str, Value]) -> Iterator[str]:
        """Findings of which the whole patient shows another level than drawn, or none: a constraint stepped in."""
        known = self.differentials.levels(self.engine.situation(self.case(world)).fresh)
        groups = self.differentials.content.groups
        replaced = {f for g in groups if g.kind == "replaces" for f in g.findings[1:]}
        for id, level in patient.levels.items():
            if known.get(id) != 1 << level and (id in known or id not in replaced):
                yield id

    def _together(
        self, component: Sequence[str], patient: Patient, random_: random.Random
    ) -> tuple[World, tuple[str, ...]]:
        for number in range(DROPPED_AT_MOST + 1):
            choices = list(itertools.combinations(component, number))
            random_.shuffle(choices)
            for dropped in choices:
                wanted = [(id, patient.levels[id]) for id in component if id not in dropped]
                # Few ways first: what can hardly be realised decides for the others.
                wanted.sort(key=lambda w: len(self.ways[w[0]].get(w[1], ())))
                found = self._extend({}, wanted, random_)
                if found is not None:
                    return found, dropped
        return {}, tuple(component)

    def _extend(self, world: World, wanted: Sequence[tuple[str, int]], random_: random.Random) -> World | None:
        if not wanted:
            return world
        (finding, level), rest = wanted[0], wanted[1:]
        ways = self.ways[finding].get(level, [])
        for way in random_.sample(ways, len(ways)):
            if all(world.get(name, value) == value for name, value in way.items()):
                joined = {**world, **way}
                if self._agrees(joined):
                    found = self._extend(joined, rest, random_)
                    if found is not None:
                        return found
        return None

    def _agrees(self, world: World) -> bool:
        """No constraint between the facts is broken."""
        return not any(
            c.given
            and all(n in world and inside(world[n], a) for n, a in c.given.items())
            and any(n in world and not inside(world[n], a) for n, a in c.then.items())
            for c in self.engine.dossier.constraints
        )


def cohort(cases: Cases, patients: Iterator[Patient], seed: int, count: int) -> tuple[list[Realised], Counter[str]]:
    """As many patients as wanted, and how often each finding was dropped or a patient was not mild."""
    random_ = random.Random(seed)
    found: list[Realised] = []
    lost: Counter[str] = Counter()
    while len(found) < count:
        made = cases.realised(next(patients), random_)
        if made is None:
            lost["not mild"] += 1
            continue
        lost.update(made.dropped)
        found.append(made)
    return found, lost
