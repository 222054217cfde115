"""A statement of an assessment in, what it rests on out: rule, facts used and missing, source, status, version."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property, lru_cache
from typing import Final

from clinical_commander.dossier.model import AnswerValue, Citation, Condition, Dossier, OrderedAnswer
from clinical_commander.engine.assessment import ActionReport, AnswerReport, Assessment, Because
from clinical_commander.frozen import frozen
from clinical_commander.render.differential import moved_words, prior_words
from clinical_commander.render.reasons import Reasons
from clinical_commander.render.text import cited
from clinical_commander.render.words import Words

MISSING_AT_MOST: Final = 12
"""So many missing facts are named; of the others only how many there are."""
_OPEN: Final = ("unknown", "pending", "unobtainable")


@frozen
class Basis:
    """What a statement rests on, in words. Every field is filled; what there is nothing of says so."""

    rule: tuple[str, ...]
    used: str
    missing: str
    sources: tuple[str, ...]
    strength: str
    status: str
    version: str
    reviewed: str


class Bases:
    """Finds the basis of what one assessment says."""

    def __init__(self, assessment: Assessment, words: Words, reasons: Reasons) -> None:
        self.a, self.words, self.reasons = assessment, words, reasons
        self.dossier: Dossier = words.dossier
        self._kinds: Mapping[str, Callable[[str], Basis | None]] = {
            "action": self._action,
            "step": self._step,
            "trigger": self.trigger,
            "disposition": lambda _: self.disposition(),
            "route": self._route,
            "conflict": self._conflict,
            "cause": self._cause,
            "contributor": self._contributor,
            "monitoring": self._monitoring,
            "followup": self._followup,
        }

    def of(self, about: str) -> Basis | None:
        """The basis of a statement by its name, `kind:id`; None where it has none."""
        kind, _, id = about.partition(":")
        return self._kinds[kind](id) if kind in self._kinds else None

    # -- answers

    def tier(self) -> Basis:
        """The basis of the tier: the rule of the value that holds, else of the highest that is possible."""
        return self._answer(self.dossier.tier, self.a.tier, self.dossier.tier.must_know)

    def disposition(self) -> Basis:
        """The basis of the place of care: the rule of the value that holds, else of the highest that is possible."""
        answer = self.dossier.disposition
        at = self._at(answer, self.a.disposition)
        return self._answer(answer, self.a.disposition, self.words.behind(at.when))

    def _at(self, answer: OrderedAnswer, report: AnswerReport) -> AnswerValue:
        values = {v.id: v for v in answer.values}
        return values[report.value if report.settled and report.value else (report.possible or tuple(values))[-1]]

    def _answer(self, answer: OrderedAnswer, report: AnswerReport, read: Sequence[str]) -> Basis:
        at = self._at(answer, report)
        facts = [f for b in report.because for f in b.facts] or list(read)
        rules = [self.words.clause(at.when), *self._grounds(report.because)]
        return self._basis(rules, facts, report.missing, report.citations or at.source.cite)

    # -- alarms, actions, steps

    def trigger(self, name: str) -> Basis:
        """The basis of an alarm, firing or not excluded."""
        report, content = self.a.triggers[name], self.dossier.triggers[name]
        facts = [f for b in report.because for f in b.facts] or list(self.words.behind(content.when))
        rules = [self.words.clause(content.when), *self._grounds(report.because)]
        return self._basis(rules, facts, report.missing, report.citations or content.source.cite)

    def _action(self, name: str) -> Basis | None:
        action = self.a.action(name)
        return self.action(action) if action is not None else None

    def action(self, action: ActionReport) -> Basis:
        """The basis of an action: what proposes it, and under which conditions its steps stand."""
        rules, facts, missing = [], [], list(action.ask)
        for source in action.because:
            if source in self.dossier.triggers:
                rules.append(self.words.title(source))
                facts += [f for b in self.a.triggers[source].because for f in b.facts]
                missing += self.a.triggers[source].missing
            elif source in {v.id for v in self.dossier.tier.values}:
                rules.append(next(v.title for v in self.dossier.tier.values if v.id == source))
                facts += [f for b in self.a.tier.because for f in b.facts]
            else:
                rules.append(self.words.title(source))
        conditions = self.words.conditions_of_steps(self.a.setting).get(action.id, ())
        rules += [self.words.clause(c) for c in conditions]
        facts += [f for c in conditions for f in self.words.behind(c)]
        return self._basis(rules, facts, missing, action.citations)

    def _step(self, path: str) -> Basis | None:
        placed, line = self.words.steps.get(path), next((p for p in self.a.plan if p.path == path), None)
        if placed is None or line is None:
            return None
        rules = [placed.title, *map(self.words.clause, placed.conditions)]
        if placed.step.unless is not None:
            rules.append(f"{self.words.say('unless')}: {self.words.clause(placed.step.unless)}")
        because = self.a.tier.because if line.row in self._tier_rows else ()
        if line.row in self.a.triggers:
            because = self.a.triggers[line.row].because
        facts = [f for b in because for f in b.facts]
        facts += [f for c in placed.conditions for f in self.words.behind(c)]
        return self._basis(rules, facts, line.ask, placed.cite)

    # -- hand-over, conflicts, what it could be, afterwards

    def _route(self, source: str) -> Basis | None:
        route = next((r for r in self.a.routes if r.source == source), None)
        if route is None:
            return None
        if source in self.dossier.triggers:
            return self.trigger(source)
        pivot = next(p for p in self.dossier.pivots if p.id == source)
        return self._held(pivot.when, pivot.source.cite)

    def _conflict(self, id: str) -> Basis | None:
        report = next((c for c in self.a.conflicts if c.id == id), None)
        if report is None:
            return None
        rule = next((c for c in self.dossier.conflicts if c.id == id), None)
        if rule is not None:
            facts = report.facts or self.words.behind(rule.when)
            return self._basis([self.words.clause(rule.when), *rule.sides], facts, (), rule.source.cite)
        constraint = next(c for c in self.dossier.constraints if c.id == id)
        return self._basis([report.text], report.facts, (), constraint.source.cite)

    def _cause(self, id: str) -> Basis | None:
        report = next((c for c in self.a.differential.causes if c.cause == id), None)
        content = self.dossier.differential
        if report is None or content is None:
            return None
        words = self.words
        findings = dict.fromkeys(s.finding for m in report.moved_by for s in m.seen)
        shown = [moved_words(m, content, words) for m in report.moved_by] or [
            words.say("nothing_known", group="differential")
        ]
        facts = [f for n in findings for level in content.findings[n].levels for f in words.behind(level.when)]
        open_ones = [
            f
            for finding in content.findings.values()
            if id in finding.cells and finding.id not in findings
            for level in finding.levels
            for f in words.behind(level.when)
            if f not in self.a.facts or self.a.facts[f].state in _OPEN
        ]
        cite = [c for m in report.moved_by for c in m.citations]
        cite += [c for prior in self.a.differential.priors for c in prior.citations]
        priors = [
            f"{words.say('prior', group='differential')}: {prior_words(p, words)}" for p in self.a.differential.priors
        ]
        return self._basis([*priors, *shown], facts, open_ones, dict.fromkeys(cite))

    def _contributor(self, id: str) -> Basis | None:
        content = self.dossier.differential
        report = next((c for c in self.a.differential.contributors if c.id == id), None)
        if report is None or content is None:
            return None
        return self._held(content.contributors[id].when, report.citations, report.missing)

    def _monitoring(self, id: str) -> Basis | None:
        item = next((m for m in self.dossier.monitoring if m.id == id), None)
        return self._held(item.when, item.source.cite) if item is not None else None

    def _followup(self, id: str) -> Basis | None:
        item = next((f for f in self.dossier.followup if f.id == id), None)
        return self._held(item.when, item.source.cite) if item is not None else None

    def _held(self, when: Condition, cite: Iterable[str], missing: Iterable[str] = ()) -> Basis:
        """The basis of what stands under one condition."""
        facts = self.words.behind(when)
        left = list(missing) or [f for f in facts if f not in self.a.facts or self.a.facts[f].state in _OPEN]
        return self._basis([self.words.clause(when)], facts, left, cite)

    # -- the eight fields

    def _grounds(self, because: Sequence[Because]) -> Iterator[str]:
        for reason in self.reasons.of(because):
            said = "; ".join(reason.parts)
            yield f"{reason.rule}: {said}" if reason.rule and said else reason.rule or said

    def _basis(
        self, rules: Iterable[str], facts: Iterable[str], missing: Iterable[str], citations: Iterable[str]
    ) -> Basis:
        a, words = self.a, self.words
        none = words.name("review", "none")
        sources, strength, status, reviewed = _sourced(words, tuple(citations))
        used, left = self.reasons.values(tuple(dict.fromkeys(facts))), words.labels(missing, MISSING_AT_MOST)
        if not used and not left:  # it is done for everybody in this place
            used = f"{words.name('prose', 'setting')}: {words.name('setting', a.setting)}"
        return Basis(
            rule=tuple(dict.fromkeys(r for r in rules if r)) or (none,),
            used=used or none,
            missing=left or none,
            sources=sources,
            strength=strength,
            status=status,
            version=self._version,
            reviewed=reviewed,
        )

    @cached_property
    def _version(self) -> str:
        return f"{self.a.dossier} {self.a.content_version} {self.a.content_hash[:12]}".strip()

    @cached_property
    def _tier_rows(self) -> frozenset[str]:
        """The rows of this setting's plan that stand under a tier."""
        playbook = self.dossier.playbooks.get(self.a.setting)
        return frozenset(r.id for r in playbook.rows if r.tier) if playbook else frozenset()


@lru_cache(maxsize=4096)
def _sourced(words: Words, citations: tuple[str, ...]) -> tuple[tuple[str, ...], str, str, str]:
    """What there is to say of some citations: each in a line, of which kinds, how far reviewed, and by whom."""
    none = words.name("review", "none")
    found: list[Citation] = [words.dossier.citations[c] for c in citations if c in words.dossier.citations]
    kinds = dict.fromkeys(words.name("citation_kind", c.kind) for c in found)
    states = dict.fromkeys(words.name("review", c.review) for c in found)
    reviewers = dict.fromkeys(c.reviewer for c in found if c.reviewer)
    return (
        tuple(cited(c, words) + _where(c) for c in found) or (none,),
        ", ".join(kinds) or none,
        ", ".join(states) or words.name("review", "needed"),
        ", ".join(reviewers) or none,
    )


def _where(citation: Citation) -> str:
    """Where the source can be found."""
    places = [f"PMID {citation.pmid}" if citation.pmid else "", f"doi {citation.doi}" if citation.doi else ""]
    found = ", ".join(p for p in places if p)
    return f" [{found}]" if found else ""
