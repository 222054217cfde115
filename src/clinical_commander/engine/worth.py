"""What could be asked or tested next in, what each answer is worth out, and the diseases whose zone it could change.

Worth is discounted by what a test takes: time, radiation, invasiveness, cost, discomfort, as the content weighs them.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence

from clinical_commander.bayes.value import Asked, Stake, reached, value
from clinical_commander.dossier.model import Dossier
from clinical_commander.dossier.model_differential import Burden
from clinical_commander.engine.assessment import NextReport
from clinical_commander.engine.case import Case
from clinical_commander.engine.differential import Differentials, Judged
from clinical_commander.engine.situation import Situation, View
from clinical_commander.program.program import Program

ZONE = "zone:"
"""Before a cause in `could_change`: its zone may change."""
_CLOSED = frozenset({"pending", "unobtainable"})


class Worth:
    """The asks of a dossier: each test or question with the findings and facts that it would make known."""

    def __init__(self, dossier: Dossier, program: Program, differentials: Differentials) -> None:
        self.dossier, self.differentials = dossier, differentials
        content = self.content = differentials.content
        self.place = {f.id: (g.id, i) for g in differentials.groups for i, f in enumerate(g.findings)}
        self.facts = {
            id: tuple(sorted({f for level in finding.levels for f in program.references.reads(level.when.expr)}))
            for id, finding in content.findings.items()
        }
        self.replaced = {
            f: g.findings[: g.findings.index(f)] for g in content.groups if g.kind == "replaces" for f in g.findings
        }
        self.stakes = [
            Stake(differentials.place[id], differentials.cuts[id], thresholds.stakes, content.causes[id].must_not_miss)
            for id, thresholds in content.thresholds.items()
        ]
        self.causes = {
            id: frozenset(differentials.place[cause] for cause in finding.cells)
            for id, finding in content.findings.items()
        }
        self.input_of = {name: given.id for given in dossier.inputs.values() for name in given.facts}
        self.asks: list[tuple[str, Burden, tuple[str, ...]]] = []
        for burden in content.burdens.values():
            if burden.by_finding:
                self.asks += [(topic, burden, findings) for topic, findings in self._topics(burden).items()]
            else:
                self.asks.append((burden.id, burden, burden.findings))

        self.tests = self._tests()

    def _tests(self) -> dict[str, Burden]:
        """The test that tells each fact: by its findings, or because it is the only test of the fact's input."""
        found: dict[str, Burden] = {}
        for _, burden, findings in self.asks:
            if not burden.by_finding:
                for name in (n for f in findings for n in self.facts[f]):
                    found.setdefault(name, burden)
        asked = {n for _, burden, findings in self.asks if burden.by_finding for f in findings for n in self.facts[f]}
        for given in self.dossier.inputs.values():
            told = {name: found[name] for name in given.facts if name in found and name not in asked}
            if len({burden.id for burden in told.values()}) == 1 and asked.isdisjoint(given.facts):
                found |= dict.fromkeys((n for n in given.facts if n not in found), next(iter(told.values())))
        return {name: burden for name, burden in found.items() if name not in asked}

    def _topics(self, burden: Burden) -> dict[str, tuple[str, ...]]:
        """What is asked of the patient in one go: the findings of one input of the dossier."""
        found: dict[str, tuple[str, ...]] = {}
        for finding in burden.findings:
            topic = next((self.input_of[n] for n in self.facts[finding] if n in self.input_of), finding)
            found[topic] = (*found.get(topic, ()), finding)
        return found

    def burden_of(self, burden: Burden) -> float:
        """What a test takes, on one scale."""
        w = self.content.weights
        return (
            w.per_hour * burden.minutes / 60
            + w.per_msv * burden.radiation
            + w.per_invasiveness * burden.invasiveness
            + w.per_cost * burden.cost
            + w.per_discomfort * burden.discomfort
        )

    def ask_of(self, fact: str) -> tuple[str, str] | None:
        """The test that would make a fact known, and its title."""
        found = self.tests.get(fact)
        return (found.id, found.title) if found is not None else None

    def topics(self, report: NextReport) -> frozenset[str]:
        """The inputs of the dossier that a question of the history belongs to; none of a test."""
        if any(self.ask_of(name) for name in report.facts):
            return frozenset()
        return frozenset(self.input_of[name] for name in report.facts if name in self.input_of)

    def questions(self, case: Case, situation: Situation, judged: Sequence[Judged] | None = None) -> list[NextReport]:
        """Every ask that could change a zone, the most worth for what it takes first.

        A threshold that is crossed inside a dispute changes no zone. A zone can change without worth, where judged
        figures alone would take it out of `test`: such an ask comes last. Never what is known, pending or cannot be
        had; nothing that a known finding replaces. A topic of the history that could change none decides nothing: it is
        there to be asked along with what is asked of the same topic.
        """
        d, view = self.differentials, situation.fresh
        judged = d.judged(case, view) if judged is None else judged
        if not judged:
            return []
        known = d.levels(view)
        patterns = d.patterns(known)
        open_stakes = [s for s in self.stakes if not self._unless(s, situation)]
        open_causes = {s.cause for s in open_stakes}
        now = [(j, {s.cause: d.zone_of(j, s.cause) for s in open_stakes}) for j in judged]
        found = []
        for id, burden, findings in self.asks:
            if burden.settings and case.setting not in burden.settings:
                continue
            asked = [f for f in findings if self._is_open(f, known, view)]
            if burden.by_finding:
                asked = [f for f in asked if not open_causes.isdisjoint(self.causes[f])]
            if not asked:
                continue
            causes = frozenset().union(*(self.causes[f] for f in asked))
            stakes = [s for s in open_stakes if s.cause in causes]
            # One answer at a time: what only several of a topic together could change is asked as they come in.
            parts = [[f] for f in asked] if burden.by_finding else [asked]
            changes = tuple(
                dict.fromkeys(c for part in parts for c in self._changes(now, patterns, self._asked(part), stakes))
            )
            if not changes and not burden.by_finding:
                continue
            gain = self._best(judged, patterns, self._asked(asked), stakes)
            facts = tuple(dict.fromkeys(n for f in asked for n in self.facts[f] if not view.reader.known(n)))
            could = tuple(f"{ZONE}{d.causes[c].id}" for c in changes)
            text = burden.title if not burden.by_finding else self._words(asked[0], facts)
            takes = self.burden_of(burden) * (len(asked) if burden.by_finding else 1)
            found.append(NextReport(id, facts, (), could, gain, takes, text, decides=bool(changes)))
        return sorted(found, key=lambda r: -_per_burden(r))

    def _best(
        self, judged: Sequence[Judged], patterns: Mapping[str, tuple[int, ...]], asked: Asked, stakes: Sequence[Stake]
    ) -> float:
        """The gain under the prior that gives the most: where the region is not known, no answer is made light of."""
        return max(value(j.network, patterns, j.posterior, asked, stakes).gain for j in judged)

    def _changes(
        self,
        now: Sequence[tuple[Judged, Mapping[int, str | None]]],
        patterns: Mapping[str, tuple[int, ...]],
        asked: Asked,
        stakes: Sequence[Stake],
    ) -> tuple[int, ...]:
        """The diseases whose zone some answer would change, under any prior that may be the right one."""
        zone_at = self.differentials.zone_at
        found: dict[int, None] = {}
        for judged, zones in now:
            for stake in stakes:
                after = reached(judged.network, patterns, judged.posterior, asked, stake.cause)
                if any(zone_at(judged.row, stake.cause, *answer) != zones[stake.cause] for answer in after):
                    found[stake.cause] = None
        return tuple(found)

    def _asked(self, findings: Sequence[str]) -> Asked:
        found: dict[str, tuple[int, ...]] = {}
        for finding in findings:
            group, place = self.place[finding]
            found[group] = (*found.get(group, ()), place)
        return found

    def _is_open(self, finding: str, known: Mapping[str, int], view: View) -> bool:
        bits = known.get(finding)
        if bits is not None and bits.bit_count() == 1:
            return False
        if any(known.get(f, 0).bit_count() == 1 for f in self.replaced.get(finding, ())):
            return False
        unknown = [name for name in self.facts[finding] if not view.reader.known(name)]
        return bool(unknown) and not any(view.known[n].state in _CLOSED for n in unknown if n in view.known)

    def _unless(self, stake: Stake, situation: Situation) -> bool:
        thresholds = self.content.thresholds[self.differentials.causes[stake.cause].id]
        return self.differentials.hidden(thresholds, situation)

    def _words(self, finding: str, facts: Sequence[str]) -> str:
        asks = [self.dossier.facts[name].ask for name in facts if self.dossier.facts[name].ask]
        return " ".join(asks) or self.content.findings[finding].title


def _per_burden(report: NextReport) -> float:
    """What is free comes first; else the gain for each unit of burden."""
    gain, burden = report.gain or 0.0, report.burden or 0.0
    return gain / burden if burden > 0 else math.inf


def ordered_with(
    fixed: Sequence[tuple[int, int, NextReport]],
    worth: Sequence[NextReport],
    first: int,
    rest: int,
    topics: Callable[[NextReport], frozenset[str]],
) -> Iterator[NextReport]:
    """The fixed questions, with those by their worth before the last of them; what is asked in one go once.

    Args:
        fixed: Rank, place and question.
        worth: The best first.
        first: The questions of this rank stand alone: they are short, and everything waits for them.
        rest: The rank that comes after worth.
        topics: What a question of the history is about; a test is about nothing else.
    """
    rows = sorted(fixed, key=lambda r: r[:2])
    alone = {r.ask for rank, _, r in rows if rank == first}
    found: dict[str, NextReport] = {}
    place: dict[str, str] = {}
    before, last = ([r for rank, _, r in rows if (rank < rest) is early] for early in (True, False))
    along = {id(r) for r in worth if not r.decides}
    for report in (*before, *worth, *last):
        may_join = report.decides or id(report) in along
        about = topics(report) if may_join and report.ask not in alone else frozenset()
        at = report.ask if report.ask in found else next((place[t] for t in sorted(about) if t in place), report.ask)
        if id(report) in along and at not in found:
            continue
        found[at] = merged(found[at], report) if at in found else report
        for topic in about:
            place.setdefault(topic, at)
    yield from found.values()


def merged(one: NextReport, other: NextReport) -> NextReport:
    """Two questions asked in one go: all that they ask for, could change, are worth and take."""
    text = one.text if one.ask == other.ask or other.text in one.text else f"{one.text} {other.text}"
    return NextReport(
        one.ask,
        tuple(dict.fromkeys((*one.facts, *other.facts))),
        tuple(dict.fromkeys((*one.settles, *other.settles))),
        tuple(dict.fromkeys((*one.could_change, *other.could_change))),
        _sum(one.gain, other.gain),
        _sum(one.burden, other.burden),
        text,
        decides=one.decides or other.decides,
    )


def _sum(one: float | None, other: float | None) -> float | None:
    return other if one is None else one if other is None else one + other
