"""What could be asked or tested next in, what each answer is worth out: the diseases it could carry over a threshold.

Worth is discounted by what a test takes: time, radiation, invasiveness, cost, discomfort, as the content weighs them.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence

from clinical_commander.bayes.value import Asked, Stake, value
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
        self.asks: list[tuple[str, Burden, tuple[str, ...]]] = []
        for burden in content.burdens.values():
            if burden.by_finding:
                self.asks += [(finding, burden, (finding,)) for finding in burden.findings]
            else:
                self.asks.append((burden.id, burden, burden.findings))

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
        for id, burden, findings in self.asks:
            if not burden.by_finding and any(fact in self.facts[finding] for finding in findings):
                return id, burden.title
        return None

    def questions(self, case: Case, situation: Situation) -> list[NextReport]:
        """Every ask that could carry a disease over a threshold, the most worth for what it takes first.

        Never what is known, pending or cannot be had; nothing that a known finding replaces.
        """
        d, view = self.differentials, situation.fresh
        judged = d.judged(case, view)
        if not judged:
            return []
        known = d.levels(view)
        patterns = d.patterns(known)
        open_stakes = [s for s in self.stakes if not self._unless(s, situation)]
        found = []
        for id, burden, findings in self.asks:
            if burden.settings and case.setting not in burden.settings:
                continue
            asked = [f for f in findings if self._is_open(f, known, view)]
            if not asked:
                continue
            causes = {d.place[c] for f in asked for c in self.content.findings[f].cells}
            stakes = [s for s in open_stakes if s.cause in causes]
            if not stakes:
                continue
            gain, crosses = self._best(judged, patterns, self._asked(asked), stakes)
            if gain <= 0:
                continue
            facts = tuple(dict.fromkeys(n for f in asked for n in self.facts[f] if not view.reader.known(n)))
            could = tuple(f"{ZONE}{d.causes[c].id}" for c in crosses)
            text = burden.title if not burden.by_finding else self._words(id, facts)
            found.append(NextReport(id, facts, (), could, gain, self.burden_of(burden), text))
        return sorted(found, key=lambda r: -_per_burden(r))

    def _best(
        self, judged: Sequence[Judged], patterns: Mapping[str, tuple[int, ...]], asked: Asked, stakes: Sequence[Stake]
    ) -> tuple[float, tuple[int, ...]]:
        """The gain under the prior that gives the most: where the region is not known, no answer is made light of."""
        values = [value(j.network, patterns, j.posterior, asked, stakes) for j in judged]
        crosses = dict.fromkeys(c for v in values for c in v.crosses)
        return max(v.gain for v in values), tuple(crosses)

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
    fixed: Sequence[tuple[int, int, NextReport]], worth: Sequence[NextReport], rank: int
) -> Iterator[NextReport]:
    """The fixed questions up to a rank, then those by their worth, then the rest; what is asked twice is asked once."""
    rows = sorted(fixed, key=lambda r: r[:2])
    by_id = {report.ask: report for report in worth}
    seen: set[str] = set()
    first = [r for place, _, r in rows if place < rank]
    last = [r for place, _, r in rows if place >= rank]
    for report in (*first, *worth, *last):
        if report.ask in seen:
            continue
        seen.add(report.ask)
        mine = by_id.get(report.ask)
        yield report if mine is None or mine is report else merged(report, mine)


def merged(fixed: NextReport, worth: NextReport) -> NextReport:
    """One ask that settles something and is worth something."""
    return NextReport(
        fixed.ask,
        tuple(dict.fromkeys((*fixed.facts, *worth.facts))),
        fixed.settles,
        tuple(dict.fromkeys((*fixed.could_change, *worth.could_change))),
        worth.gain,
        worth.burden,
        fixed.text,
    )
