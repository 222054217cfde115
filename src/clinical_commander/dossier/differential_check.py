"""A differential in, what its figures say against each other out: contradictions, double counting, printed ratios."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping

from clinical_commander.bayes.network import Group, faults
from clinical_commander.bayes.tables import Table, contradicts
from clinical_commander.dossier.complete import definition, expand
from clinical_commander.dossier.differential_numbers import groups, limits, prior
from clinical_commander.dossier.model import Dossier
from clinical_commander.dossier.model_differential import Differential, FindingItem, PublishedRatio
from clinical_commander.dossier.reach import can_hold
from clinical_commander.errors import Mark, ProbabilityError, Problem
from clinical_commander.logic import ir

FILE = "differential.yaml"
ROOM = 1.25
"""A derived ratio may be off a printed one by so much where no interval is printed: rounding of both."""


def check_differential(dossier: Dossier, place: Mapping[str, Mark]) -> Iterator[Problem]:
    """CC301-CC306 impossible figures; CC307 levels that overlap, leave a gap or take a missing fact for an absent
    finding; CC303 cells that outweigh the rest under a prior of the content; CC309 one fact counted twice; CC310 a
    derived ratio that contradicts the printed one; CC311 a cause that must not be missed without a threshold to test.

    Args:
        dossier: Has a differential.
        place: Where each finding stands.
    """
    content = dossier.differential
    if content is None:
        return
    made = groups(content)
    found = list(faults(made, len(content.causes)))
    for problem in found:
        yield Problem(problem.code, problem.cause, problem.mend, Mark(FILE))
    for finding in content.findings.values():
        yield from _levels(dossier, finding, place.get(finding.id, Mark(FILE)))
    yield from _counted_twice(dossier, content, place)
    yield from _without_threshold(content)
    if not found:
        yield from _figures(content, made, place)


# --- the levels


def _levels(dossier: Dossier, finding: FindingItem, at: Mark) -> Iterator[Problem]:
    whens = [level.when.expr for level in finding.levels]
    nodes = list(expand(dossier, whens))
    # Where a tool applies at all is not the finding: a tool that applies and lacks an item gives no level yet.
    domains = {n for t in dossier.tools.values() if t.applies_when for n in t.applies_when.expr.walk()}
    if any(isinstance(n, (ir.IsTrue, ir.IsNotFalse)) and n not in domains for n in nodes):
        cause = f"a level of `{finding.id}` reads `IS TRUE`: a fact that nobody asked for would be an absent finding."
        yield Problem("CC307", cause, "Write the condition without it.", at)
        return
    if any(isinstance(n, (ir.ToolNumber, ir.ToolCode)) for n in nodes):
        return  # a tool's number is free to this search; `check --prove` decides
    for (i, one), (j, other) in itertools.combinations(enumerate(whens), 2):
        if can_hold(dossier, ir.All((one, other))):
            names = f"`{finding.levels[i].id}` and `{finding.levels[j].id}`"
            yield Problem("CC307", f"{names} of `{finding.id}` can hold together.", "Levels are exclusive.", at)
    if can_hold(dossier, ir.All(tuple(ir.Not(when) for when in whens))):
        cause = f"`{finding.id}` has no level for some patients of whom everything is known."
        yield Problem("CC307", cause, "Add the level that is left, with a condition of its own.", at)


def _counted_twice(dossier: Dossier, content: Differential, place: Mapping[str, Mark]) -> Iterator[Problem]:
    together = [frozenset(g.findings) for g in content.groups]
    reads: dict[str, list[str]] = {}
    for finding in content.findings.values():
        facts = _facts_beside_tools(dossier, finding)
        for fact in sorted(facts):
            reads.setdefault(fact, []).append(finding.id)
    said = set()
    for fact, findings in reads.items():
        for one, other in itertools.combinations(findings, 2):
            shared = set(content.findings[one].cells) & set(content.findings[other].cells)
            if shared and not any({one, other} <= g for g in together) and (one, other) not in said:
                said.add((one, other))
                cause = f"`{fact}` counts in `{one}` and in `{other}`, both for {', '.join(sorted(shared))}."
                mend = "Put them in one group, or count it once."
                yield Problem("CC309", cause, mend, place.get(other, Mark(FILE)), "warning")


def _facts_beside_tools(dossier: Dossier, finding: FindingItem) -> set[str]:
    """What its levels read themselves or through rules: a score that several findings read is counted as a score."""
    todo, found = [level.when.expr for level in finding.levels], set()
    while todo:
        for node in todo.pop().walk():
            if isinstance(node, (ir.FactTrue, ir.FactNumber, ir.FactCode)):
                found.add(node.fact)
            elif isinstance(node, ir.Named):
                todo.extend(definition(dossier, node))
    return found


def _without_threshold(content: Differential) -> Iterator[Problem]:
    for cause in content.causes.values():
        thresholds = content.thresholds.get(cause.id)
        if cause.must_not_miss and (thresholds is None or not thresholds.test):
            says = f"`{cause.id}` must not be missed, and no threshold says when to test: it gets no zone."
            yield Problem("CC311", says, "Add one where the evidence has it.", Mark(FILE), "warning")


# --- the figures


def _figures(content: Differential, made: tuple[Group, ...], place: Mapping[str, Mark]) -> Iterator[Problem]:
    contradictory: dict[str, list[str]] = {}
    for row in content.priors:
        weights = prior(content, row).weights
        for group in made:
            table = Table(group, weights, limits(content))
            try:
                for finding in _contradictions(table):
                    contradictory.setdefault(finding, []).append(row.id)
            except ProbabilityError as error:
                yield from (Problem(p.code, p.cause, p.mend, Mark(FILE)) for p in error.problems)
                return
    for finding, rows in contradictory.items():
        cause = f"the cells of `{finding}` leave nothing, or more than everything, to its rest under {', '.join(rows)}."
        mend = "Two of its figures contradict each other: keep the better sourced one, and say so."
        yield Problem("CC303", cause, mend, place.get(finding, Mark(FILE)))
    for item in content.findings.values():
        for printed in item.published:
            yield from _printed(content, item, printed, place.get(item.id, Mark(FILE)))


def _contradictions(table: Table) -> Iterator[str]:
    for place, finding in enumerate(table.group.findings):
        seen = set()
        for outcome in table.outcomes:
            prefix = outcome.levels[:place]
            if prefix not in seen:
                seen.add(prefix)
                used = outcome.used[place]
                if contradicts(finding, used.rest, used.cells, used.masses):
                    yield finding.id
                    break


def derived_ratio(item: FindingItem, cause: str, level: str) -> float | None:
    """How often a level is seen in a cause, to how often in the rest; None where either depends on other findings."""
    cell, rest = item.cells.get(cause, ()), item.rest
    if len(cell) != 1 or len(rest) != 1:
        return None
    at = next(i for i, one in enumerate(item.levels) if one.id == level)
    return cell[0].p[at] / rest[0].p[at]


def _printed(content: Differential, item: FindingItem, printed: PublishedRatio, at: Mark) -> Iterator[Problem]:
    derived = derived_ratio(item, printed.cause, printed.level)
    if derived is None:
        return
    u = content.uncertainty
    derived = min(max(derived, u.least), u.most)
    low, high = printed.interval or (printed.ratio / ROOM, printed.ratio * ROOM)
    low, high = min(low, u.most), max(high, u.least)
    if not (low <= derived <= high) and not math.isclose(derived, printed.ratio, rel_tol=ROOM - 1):
        shown = f"{low:.3g} to {high:.3g}"
        cause = f"`{item.id}` gives {printed.cause} a ratio of {derived:.3g} for `{printed.level}`; printed is {shown}."
        yield Problem("CC310", cause, "One of the figures is wrong, or is of other patients: say which.", at)
