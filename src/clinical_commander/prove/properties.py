"""A dossier in, its proofs out: dead rules, gaps, monotony, stability under new facts, and what may only raise.

Each property is checked over every patient at once. A property that fails comes with one patient; a solver that gives
up counts as a failure. Time: seconds for a dossier of 200 facts.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from clinical_commander.dossier.complete import expand
from clinical_commander.dossier.model import Dossier, OrderedAnswer
from clinical_commander.frozen import field, frozen
from clinical_commander.logic import ir
from clinical_commander.program.build import build
from clinical_commander.program.program import Program
from clinical_commander.program.reads import modal_facts
from clinical_commander.prove.patients import Patient

TIMEOUT_MS = 20_000


@frozen
class Proof:
    """One property: `holds` is True (proved), False (refuted: `patient` shows it) or None (the solver gave up)."""

    property: str
    subject: str
    holds: bool | None
    patient: Mapping[str, str] = field(default_factory=dict)
    says: str = ""


def prove(dossier: Dossier, program: Program | None = None, only: Collection[str] = ()) -> list[Proof]:
    """The properties of a dossier, or those named in `only`: alive, no gap, settles, monotone, stable, only raises,
    one level.

    Raises:
        ImportError: z3 is not installed (`pip install clinical-commander[prove]`).
    """
    prover = _Prover(dossier, program or build(dossier))
    properties = {
        "alive": prover.alive,
        "no gap": prover.gaps,
        "settles": prover.settles,
        "monotone": prover.monotone,
        "stable": prover.stable,
        "only raises": prover.only_raises,
        "one level": prover.one_level,
    }
    return [proof for name, proofs in properties.items() if not only or name in only for proof in proofs()]


class _Prover:
    def __init__(self, dossier: Dossier, program: Program) -> None:
        import z3

        self.z3 = z3
        self.dossier, self.program = dossier, program

    def refute(
        self,
        name: str,
        subject: str,
        says: str,
        claims: Sequence[Any],
        shown: Patient,
        relevant: frozenset[str] | None = None,
    ) -> Proof:
        """Proved if no patient satisfies all claims; else refuted by the one who does."""
        solver = self.z3.Solver()
        solver.set("timeout", TIMEOUT_MS)
        solver.add(*claims)
        answer = solver.check()
        if answer == self.z3.unsat:
            return Proof(name, subject, True, says=says)
        if answer == self.z3.unknown:
            return Proof(name, subject, None, says=f"{says} The solver gave up: {solver.reason_unknown()}.")
        facts = shown.describe(solver.model())
        if relevant is not None:
            facts = {k: v for k, v in facts.items() if k in relevant}
        return Proof(name, subject, False, facts, says)

    # -- each rule can hold and can fail

    def alive(self) -> Iterator[Proof]:
        """Each rule can hold and can fail for a complete patient, or for one known in part if it asks what is known."""
        patient = Patient(self.dossier, self.program, "")
        complete, partial = self.z3.Solver(), self.z3.Solver()
        complete.add(*patient.complete())
        partial.add(*patient.possible())
        for solver in (complete, partial):
            solver.set("timeout", TIMEOUT_MS)
        named = [(f"rule {r.id}", r.when) for r in self.dossier.rules.values()]
        named += [(f"trigger {t.id}", t.when) for t in self.dossier.triggers.values()]
        for answer in (self.dossier.tier, self.dossier.disposition):
            named += [(f"{answer.id} {v.id}", v.when) for v in answer.values]
        for subject, condition in named:
            can, must = patient.condition(self.program.pair(condition))
            for says, claim in (("It can hold.", must), ("It can fail.", self.z3.Not(can))):
                found = complete.check(claim)
                if found == self.z3.unsat:
                    found = partial.check(claim)
                holds = True if found == self.z3.sat else False if found == self.z3.unsat else None
                yield Proof("alive", subject, holds, says=says)

    # -- every complete patient has a value

    def gaps(self) -> Iterator[Proof]:
        for answer in (self.dossier.tier, self.dossier.disposition):
            patient = Patient(self.dossier, self.program, "")
            none = [self.z3.Not(patient.condition(self.program.pair(v.when))[0]) for v in answer.values]
            yield self.refute(
                "no gap",
                answer.id,
                "Every complete patient has a value.",
                [*patient.complete(), *none],
                patient,
                self._reads(answer),
            )

    def settles(self) -> Iterator[Proof]:
        """With all facts that must be known, one value is left, whatever else is not known."""
        answer = self.dossier.tier
        patient = Patient(self.dossier, self.program, "")
        low, high = self._ends(answer, patient)
        claims = [*patient.possible(), *(patient.known(name) for name in answer.must_know), low != high]
        yield self.refute("settles", answer.id, "Once its must_know facts are known it is settled.", claims, patient)

    # -- worse never lowers

    def monotone(self) -> Iterator[Proof]:
        answer = self.dossier.tier
        better = Patient(self.dossier, self.program, "")
        reads = self._reads(answer, modal=True)
        low, high = self._ends(answer, better)
        for name in sorted(reads):
            fact, slot = self.dossier.facts[name], self.program.slots[name]
            if not fact.worse:
                continue
            places = (slot.at, slot.at + 1)
            shared = {k: v for k, v in better.inputs.items() if k not in places}
            worse = Patient(self.dossier, self.program, f"~{name}", shared)
            a, b = better.inputs, worse.inputs
            if slot.kind == "boolean":
                bad, good = (0, 1) if fact.worse == "true" else (1, 0)
                step = [a[places[good]], self.z3.Not(a[places[bad]]), b[places[bad]], self.z3.Not(b[places[good]])]
            elif slot.kind == "number":
                step = [b[p] >= a[p] if fact.worse == "high" else b[p] <= a[p] for p in places]
            else:
                continue
            low_worse, high_worse = self._ends(answer, worse)
            claims = [*better.possible(), *worse.possible(), *step, self.z3.Or(low_worse < low, high_worse < high)]
            yield self.refute(
                "monotone", f"{answer.id} in {name}", f"A worse {fact.label} never lowers it.", claims, better, reads
            )

    # -- new facts

    def stable(self) -> Iterator[Proof]:
        """Learning more of the must_know facts only narrows the range (the exempting facts aside)."""
        answer = self.dossier.tier
        before = Patient(self.dossier, self.program, "")
        places = {place for name in answer.must_know for place in self._places(name)}
        after = Patient(
            self.dossier, self.program, "~after", {k: v for k, v in before.inputs.items() if k not in places}
        )
        low, high = self._ends(answer, before)
        low_after, high_after = self._ends(answer, after)
        claims = [
            *before.possible(), *after.possible(),
            *(after.within(before, name) for name in answer.must_know),
            *(before.unknown(name) for name in answer.exempts),
            self.z3.Or(low_after < low, high_after > high),
        ]  # fmt: skip
        yield self.refute(
            "stable", answer.id, "New values of must_know facts only narrow it.", claims, before, self._reads(answer)
        )

    def only_raises(self) -> Iterator[Proof]:
        """A fact that is not must_know and not exempt can raise the answer and never lower it."""
        answer = self.dossier.tier
        reads = self._reads(answer, modal=True)
        for name in sorted(reads - set(answer.must_know) - set(answer.exempts)):
            before = Patient(self.dossier, self.program, "")
            places = set(self._places(name))
            after = Patient(
                self.dossier, self.program, "~after", {k: v for k, v in before.inputs.items() if k not in places}
            )
            low, high = self._ends(answer, before)
            low_after, high_after = self._ends(answer, after)
            claims = [
                *before.possible(),
                *after.possible(),
                after.within(before, name),
                self.z3.Or(low_after < low, high_after < high),
            ]
            yield self.refute(
                "only raises",
                f"{answer.id} by {name}",
                f"Learning {self.dossier.facts[name].label} never lowers it.",
                claims,
                after,
                reads,
            )

    # -- findings

    def one_level(self) -> Iterator[Proof]:
        """A complete patient has one level of each finding; none only where a tool that it reads says nothing."""
        differential = self.dossier.differential
        if differential is None:
            return
        patient = Patient(self.dossier, self.program, "")
        for finding in differential.findings.values():
            levels = [patient.condition(self.program.pair(level.when)) for level in finding.levels]
            reads = frozenset(
                name for level in finding.levels for name in self.program.references.reads(level.when.expr)
            )
            two = self.z3.Not(self.z3.AtMost(*(must for _, must in levels), 1))
            claims = [two]
            nodes = expand(self.dossier, [level.when.expr for level in finding.levels])
            if not any(isinstance(node, (ir.ToolNumber, ir.ToolCode)) for node in nodes):
                claims.append(self.z3.Not(self.z3.Or(*(can for can, _ in levels))))
            says = "A complete patient has one level of it."
            wrong = self.z3.Or(*claims)
            yield self.refute("one level", finding.id, says, [*patient.complete(), wrong], patient, reads)

    # -- pieces

    def _places(self, name: str) -> tuple[int, ...]:
        slot = self.program.slots[name]
        return (slot.at,) if slot.kind == "code" else (slot.at, slot.at + 1)

    def _ends(self, answer: OrderedAnswer, patient: Patient) -> tuple[Any, Any]:
        """The low and high end of an ordered answer, as the engine takes them."""
        z3 = self.z3
        pairs = [patient.condition(self.program.pair(v.when)) for v in answer.values]
        lowest_can = z3.IntVal(len(pairs) - 1)
        for i in range(len(pairs) - 1, -1, -1):
            lowest_can = z3.If(pairs[i][0], i, lowest_can)
        low, high = lowest_can, z3.IntVal(0)
        for i, (can, must) in enumerate(pairs):
            low = z3.If(must, i, low) if i == 0 else z3.If(must, z3.IntVal(i), low)
            high = z3.If(can, z3.IntVal(i), high)
        return low, z3.If(high < low, low, high)

    def _reads(self, answer: OrderedAnswer, *, modal: bool = False) -> frozenset[str]:
        lowering = self.program.references
        found: set[str] = set()
        for value in answer.values:
            found |= lowering.reads(value.when.expr)
            if modal:
                found |= set(modal_facts(lowering, value.when.expr))
        return frozenset(found & set(self.dossier.facts))
