"""A statement of an assessment in, what it rests on out: rule, facts used and missing, source, status, version."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from clinical_commander.dossier.model import Citation, Dossier
from clinical_commander.engine.assessment import ActionReport, Assessment, Because
from clinical_commander.frozen import frozen
from clinical_commander.render.reasons import Reasons
from clinical_commander.render.text import cited
from clinical_commander.render.words import Words


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
        self._conditions = words.conditions_of_steps(assessment.setting)

    def tier(self) -> Basis:
        """The basis of the tier: the rule of the value that holds, else of the highest that is possible."""
        tier, values = self.a.tier, {v.id: v for v in self.dossier.tier.values}
        at = tier.value if tier.settled and tier.value else (tier.possible or tuple(values))[-1]
        facts = [f for b in tier.because for f in b.facts] or list(self.dossier.tier.must_know)
        rules = [self.words.clause(values[at].when), *self._grounds(tier.because)]
        return self._basis(rules, facts, tier.missing, tier.citations or values[at].source.cite)

    def trigger(self, name: str) -> Basis:
        """The basis of an alarm, firing or not excluded."""
        report, content = self.a.triggers[name], self.dossier.triggers[name]
        facts = [f for b in report.because for f in b.facts]
        rules = [self.words.clause(content.when), *self._grounds(report.because)]
        return self._basis(rules, facts, report.missing, report.citations or content.source.cite)

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
        rules += [self.words.clause(c) for c in self._conditions.get(action.id, ())]
        return self._basis(rules, facts, missing, action.citations)

    def _grounds(self, because: Sequence[Because]) -> Iterator[str]:
        for reason in self.reasons.of(because):
            said = "; ".join(reason.parts)
            yield f"{reason.rule}: {said}" if reason.rule and said else reason.rule or said

    def _basis(
        self, rules: Iterable[str], facts: Iterable[str], missing: Iterable[str], citations: Iterable[str]
    ) -> Basis:
        a, words = self.a, self.words
        none = words.name("review", "none")
        found: list[Citation] = [self.dossier.citations[c] for c in citations if c in self.dossier.citations]
        kinds = dict.fromkeys(words.name("citation_kind", c.kind) for c in found)
        reviewers = dict.fromkeys(c.reviewer for c in found if c.reviewer)
        states = dict.fromkeys(words.name("review", c.review) for c in found)
        return Basis(
            rule=tuple(dict.fromkeys(r for r in rules if r)) or (none,),
            used=self.reasons.values(tuple(dict.fromkeys(facts))) or none,
            missing=words.labels(missing) or none,
            sources=tuple(cited(c, words) + _where(c) for c in found) or (none,),
            strength=", ".join(kinds) or none,
            status=", ".join(states) or words.name("review", "needed"),
            version=f"{a.dossier} {a.content_version} {a.content_hash[:12]}".strip(),
            reviewed=", ".join(reviewers) or none,
        )


def _where(citation: Citation) -> str:
    """Where the source can be found."""
    places = [f"PMID {citation.pmid}" if citation.pmid else "", f"doi {citation.doi}" if citation.doi else ""]
    found = ", ".join(p for p in places if p)
    return f" [{found}]" if found else ""
