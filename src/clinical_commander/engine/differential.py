"""A view of a patient in, the differential out: each cause with its probability, interval, zone and what moved it.

Evidence is what is surely known: a finding of which several levels are still possible says only that it is one of them,
and one of which nothing is known says nothing. Figures of a stale view may raise a zone, never lower it.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence

from clinical_commander.bayes.intervals import Interval, present_intervals, probability_intervals
from clinical_commander.bayes.network import STATUSES, UNSUPPORTED
from clinical_commander.bayes.posterior import Network, Posterior
from clinical_commander.bayes.tables import Pattern
from clinical_commander.bayes.thresholds import ZONES, Cuts, robust, zone
from clinical_commander.dossier.differential_numbers import cuts, groups, limits, prior
from clinical_commander.dossier.model import Differential, Dossier
from clinical_commander.dossier.model_differential import CauseThresholds, FindingItem, PriorRow
from clinical_commander.engine import assessment as a
from clinical_commander.engine.case import Case
from clinical_commander.engine.situation import Situation, View
from clinical_commander.frozen import frozen
from clinical_commander.program.program import Program

_NOTHING = 1e-9


@frozen
class Judged:
    """One prior, and what the evidence makes of it."""

    row: PriorRow
    network: Network
    posterior: Posterior


class Differentials:
    """The differential of a dossier, ready to run. Networks are made when a prior is first used."""

    def __init__(self, dossier: Dossier, program: Program) -> None:
        assert dossier.differential is not None
        self.content: Differential = dossier.differential
        self.program = program
        self.causes = list(self.content.causes.values())
        self.place = {cause.id: i for i, cause in enumerate(self.causes)}
        self.groups = groups(self.content)
        self.limits = limits(self.content)
        self.cuts = {id: cuts(found) for id, found in self.content.thresholds.items()}
        self._networks: dict[str, Network] = {}
        # Where the levels of each finding are among the columns, and what nothing known of each group is.
        self._columns = [
            (
                f.id,
                [(1 << i, program.pair(level.when)[0]) for i, level in enumerate(f.levels)],
                (1 << len(f.levels)) - 1,
            )
            for f in self.content.findings.values()
        ]
        self._members = [
            (g.id, [(f.id, full) for f, full in zip(g.findings, g.unknown, strict=True)], g.unknown)
            for g in self.groups
        ]

    def network(self, row: PriorRow) -> Network:
        """The groups under one prior."""
        if row.id not in self._networks:
            self._networks[row.id] = Network(self.groups, prior(self.content, row), self.limits)
        return self._networks[row.id]

    # -- what is known

    def levels(self, view: View) -> dict[str, int]:
        """The levels still possible of each finding of which something is known, as bits."""
        found = {}
        columns = view.columns
        for name, levels, full in self._columns:
            bits = 0
            for bit, column in levels:
                if columns[column]:
                    bits |= bit
            # Where no level can hold the facts contradict each other: such a finding says nothing.
            if bits and bits != full:
                found[name] = bits
        return self.counted(found)

    def counted(self, known: Mapping[str, int]) -> dict[str, int]:
        """What is known, without what is not counted: where findings replace each other the first known one counts."""
        found = dict(known)
        for group in self.content.groups:
            if group.kind == "replaces":
                first = next((f for f in group.findings if f in found and found[f].bit_count() == 1), None)
                if first is not None:
                    for other in group.findings:
                        if other != first:
                            found.pop(other, None)
        return found

    def evidence(self, view: View) -> dict[str, Pattern]:
        """The pattern of each group of which something is known."""
        return self.patterns(self.levels(view))

    def patterns(self, known: Mapping[str, int]) -> dict[str, Pattern]:
        """The pattern of each group in which some finding is known."""
        found = {}
        for id, members, unknown in self._members:
            pattern = tuple([known.get(finding, full) for finding, full in members])
            if pattern != unknown:
                found[id] = pattern
        return found

    # -- the answer

    def priors(self, case: Case, view: View) -> list[PriorRow]:
        """The prior of this setting for the region of the case; for each region where none is given."""
        found: dict[str, PriorRow] = {}
        for row in self.content.priors:
            fits = case.setting in row.settings and case.region in (None, row.region) and row.region not in found
            if fits and (row.when is None or view.reader.must(self.program.pair(row.when))):
                found[row.region] = row
        return list(found.values())

    def judged(self, case: Case, view: View, known: Mapping[str, int] | None = None) -> list[Judged]:
        """What the evidence makes of each prior that may be the right one."""
        evidence = self.evidence(view) if known is None else self.patterns(known)
        found = []
        for row in self.priors(case, view):
            network = self.network(row)
            found.append(Judged(row, network, network.posterior(evidence)))
        return found

    def report(self, case: Case, situation: Situation, withheld: str, judged: Sequence[Judged]) -> a.DifferentialReport:
        """The differential of a case.

        Args:
            case: Its setting and region choose the prior.
            situation: What is known of the patient.
            withheld: Why nothing is said; empty where something is.
            judged: What the evidence makes of each prior, by the fresh view.
        """
        contributors = tuple(self._contributors(situation))
        fresh = situation.fresh
        if withheld:
            return a.DifferentialReport((), contributors, (), (), text=withheld)
        if not judged:
            return a.DifferentialReport((), contributors, (), ())
        known = self.levels(fresh)
        stale = self.judged(case, situation.last) if situation.stale else []
        confirmed = self._confirmed(fresh)
        intervals = [probability_intervals(j.network, j.posterior) for j in judged]
        own = [present_intervals(j.network, j.posterior) for j in judged]
        found = [
            self._cause(i, judged, [x[i] for x in intervals], [x[i] for x in own], stale, situation, known, confirmed)
            for i in range(len(self.causes))
        ]
        found.sort(key=lambda c: -max(c.span.high, 0.0) if c.probability is None else -c.probability)
        says = tuple(dict.fromkeys(j.row.says[case.setting] for j in judged if case.setting in j.row.says))
        priors = tuple(self.prior_report(j.row) for j in judged)
        return a.DifferentialReport(tuple(found), contributors, priors, says)

    def _cause(
        self,
        at: int,
        judged: Sequence[Judged],
        intervals: Sequence[Interval],
        own: Sequence[Interval],
        stale: Sequence[Judged],
        situation: Situation,
        known: Mapping[str, int],
        confirmed: frozenset[str],
    ) -> a.CauseReport:
        cause = self.causes[at]
        thresholds = self.content.thresholds.get(cause.id)
        one = judged[0] if len(judged) == 1 else None
        probabilities = [j.posterior.probability[at] for j in judged]
        presents = [j.posterior.present[at] for j in judged]
        zones, last_known = self._zones(at, judged, stale, situation)
        cut = self.cuts.get(cause.id, Cuts())
        return a.CauseReport(
            cause=cause.id,
            probability=probabilities[0] if one else None,
            present=presents[0] if one else None,
            interval=_interval(intervals),
            present_interval=_interval(own),
            span=a.Span(min(probabilities), max(probabilities)),
            zone=zones[0] if len(zones) == 1 else None,
            zones_possible=tuple(zones),
            zone_says=a.Text(self._zone_says(thresholds, situation)),
            robust=all(robust(i.low, i.high, cut) for i in own) if (cut.test or cut.treat) else None,
            must_not_miss=cause.must_not_miss,
            confirmed=cause.id in confirmed,
            last_known=last_known,
            basis=basis(judged[0], at),
            moved_by=tuple(self.moved_by(judged[0], at, known)),
            tips=tuple(
                {"at": t.value, "decision": kind, "ratio": _odds_ratio(presents[0], t.value)}
                for kind, rows in (("test", cut.test), ("treat", cut.treat))
                for t in rows
            )
            if one
            else (),
        )

    def _zones(
        self, at: int, judged: Sequence[Judged], stale: Sequence[Judged], situation: Situation
    ) -> tuple[list[str | None], bool]:
        """The zones that the priors give, and whether a stale value is behind one."""
        cause = self.causes[at]
        thresholds = self.content.thresholds.get(cause.id)
        if thresholds is None or self.hidden(thresholds, situation):
            return [None], False
        found: list[str | None] = [self.zone_of(j, at) for j in judged]
        last_known = False
        for i, old in enumerate(stale[: len(found)]):
            was = self.zone_of(old, at)
            if was is not None and _rank(was) > _rank(found[i]):
                found[i], last_known = was, True
        return sorted(set(found), key=_rank), last_known

    def zone_of(self, judged: Judged, at: int) -> str | None:
        """The zone of one cause under one prior."""
        p = judged.posterior
        return self.zone_at(judged.row, at, p.present[at], p.present_guarded[at], p.lowered[at])

    def zone_at(self, row: PriorRow, at: int, present: float, guarded: float, lowered: bool) -> str | None:
        """The zone of one cause at its own probability, the guarded one, and whether a supported figure took away."""
        cause = self.causes[at]
        may_be_below = not cause.must_not_miss or lowered or row.status not in UNSUPPORTED
        return zone(present, guarded if cause.must_not_miss else present, may_be_below, self.cuts.get(cause.id, Cuts()))

    def hidden(self, thresholds: CauseThresholds, situation: Situation) -> bool:
        """No zone is shown while this can hold, in either view."""
        if thresholds.unless is None:
            return False
        pair = self.program.pair(thresholds.unless)
        return situation.fresh.reader.can(pair) or situation.last.reader.can(pair)

    def _zone_says(self, thresholds: CauseThresholds | None, situation: Situation) -> str:
        return thresholds.unless_text if thresholds is not None and self.hidden(thresholds, situation) else ""

    def moved_by(self, judged: Judged, at: int, known: Mapping[str, int]) -> Iterator[a.MovedBy]:
        """What speaks for or against one cause by itself, the strongest first."""
        cause = self.causes[at].id
        found = []
        for id, row in judged.posterior.rows.items():
            for bearing in row.bearings:
                # A partial answer may rule out only what is equally rare everywhere: it moves nothing.
                if bearing.cause == at and abs(bearing.log_ratio) > _NOTHING:
                    group = judged.network.tables[id].group
                    findings = [self.content.findings[f.id] for f in group.findings if f.id in known]
                    own = [f for f in findings if cause in f.cells]
                    seen = tuple(a.Seen(f.id, _level_ids(f, known[f.id])) for f in own)
                    ratio = bearing.inside / bearing.outside
                    found.append(
                        a.MovedBy(seen, ratio, bearing.inside, bearing.outside, bearing.status, _cites(own, cause))
                    )
        yield from sorted(found, key=lambda m: -abs(math.log(m.ratio)))

    def seen(self, group: str, known: Mapping[str, int]) -> tuple[a.Seen, ...]:
        """What is known of the findings of a group."""
        made = next(g for g in self.groups if g.id == group)
        return tuple(
            a.Seen(f.id, _level_ids(self.content.findings[f.id], known[f.id])) for f in made.findings if f.id in known
        )

    def _contributors(self, situation: Situation) -> Iterator[a.ContributorReport]:
        for item in self.content.contributors.values():
            pair = self.program.pair(item.when)
            must = situation.fresh.reader.must(pair) or situation.last.reader.must(pair)
            if must or situation.fresh.reader.can(pair):
                state = "present" if must else "unknown"
                missing = () if must else situation.fresh.reader.missing(item.when.expr)
                yield a.ContributorReport(item.id, state, missing, item.source.cite, item.text if must else "")

    def _confirmed(self, view: View) -> frozenset[str]:
        held = view.known.get(self.content.confirmed)
        if held is None or len(held.possible.codes) != 1:
            return frozenset()
        (code,) = held.possible.codes
        return frozenset(c.id for c in self.causes if code in c.confirmed_by)

    def prior_report(self, row: PriorRow) -> a.PriorReport:
        return a.PriorReport(
            row.id, row.settings, row.region, row.n, row.status, row.counts, row.source.cite, row.source.why
        )


def basis(judged: Judged, at: int) -> dict[str, float]:
    """Which part of what is said of a cause rests on figures of each status, by how far they move its log odds."""
    weights = dict.fromkeys(STATUSES, 0.0)
    weights[judged.row.status] += abs(judged.network.log_odds[at])
    for row in judged.posterior.rows.values():
        for bearing in row.bearings:
            if bearing.cause == at:
                weights[bearing.status] += abs(bearing.log_ratio)
    total = math.fsum(weights.values())
    return {status: weight / total if total else 0.0 for status, weight in weights.items()}


def _interval(found: Sequence[Interval]) -> a.IntervalReport:
    method = "delta" if len(found) == 1 else "delta_over_regions"
    return a.IntervalReport(min(i.low for i in found), max(i.high for i in found), method)


def _level_ids(finding: FindingItem, bits: int) -> tuple[str, ...]:
    return tuple(level.id for i, level in enumerate(finding.levels) if bits >> i & 1)


def _cites(findings: Sequence[FindingItem], cause: str) -> tuple[str, ...]:
    rows = (row for f in findings for row in (*f.cells[cause], *f.rest))
    return tuple(dict.fromkeys(cite for row in rows for cite in row.source.cite))


def _rank(found: str | None) -> int:
    return ZONES.index(found) if found is not None else -1


def _odds_ratio(present: float, threshold: float) -> float:
    return threshold / (1 - threshold) * (1 - present) / present
