"""Sets of patients as solver constraints: complete patients, patients known in part, and how two of them differ."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from clinical_commander.dossier.model import Allowed, Dossier, Fact
from clinical_commander.program.columns import Slot
from clinical_commander.program.emit_smt import Terms, real, variables
from clinical_commander.program.program import Program


class Patient:
    """What is known of one arbitrary patient, as solver variables, and the columns that follow from it.

    Args:
        shared: Places of the input list that are taken from another patient.
    """

    def __init__(self, dossier: Dossier, program: Program, name: str, shared: Mapping[int, Any] | None = None) -> None:
        import z3

        self.z3 = z3
        self.dossier, self.program = dossier, program
        self.inputs = {**variables(program.slots, name), **(shared or {})}
        self.terms = Terms(program.rows, self.inputs)

    def _facts(self) -> Iterable[tuple[Fact, Slot]]:
        return ((fact, self.program.slots[name]) for name, fact in self.dossier.facts.items())

    def possible(self) -> list[Any]:
        """Every fact has at least one value left, within its limits."""
        z3 = self.z3
        found = []
        for slot in self.program.slots.values():
            if slot.kind == "boolean":
                found.append(z3.Or(self.inputs[slot.at], self.inputs[slot.at + 1]))
            elif slot.kind == "code":
                found.append(z3.Or(self.inputs[slot.at]))
            else:
                found.append(self.inputs[slot.at] <= self.inputs[slot.at + 1])
        for fact, slot in self._facts():
            if fact.limits is not None and slot.kind == "number":
                found += [
                    self.inputs[slot.at] >= real(fact.limits[0]),
                    self.inputs[slot.at + 1] <= real(fact.limits[1]),
                ]
        setting = self.program.slots["setting"]
        found.append(z3.AtMost(*self.inputs[setting.at], 1))
        return found

    def known(self, name: str) -> Any:
        """One value is left of a fact."""
        slot = self.program.slots[name]
        if slot.kind == "boolean":
            return self.inputs[slot.at] != self.inputs[slot.at + 1]
        if slot.kind == "code":
            return self.z3.AtMost(*self.inputs[slot.at], 1)
        return self.inputs[slot.at] == self.inputs[slot.at + 1]

    def unknown(self, name: str) -> Any:
        """Nothing is known of a fact."""
        slot = self.program.slots[name]
        if slot.kind == "boolean":
            return self.z3.And(self.inputs[slot.at], self.inputs[slot.at + 1])
        if slot.kind == "code":
            return self.z3.And(self.inputs[slot.at])
        limits = self.dossier.facts[name].limits
        assert limits is not None
        return self.z3.And(self.inputs[slot.at] == real(limits[0]), self.inputs[slot.at + 1] == real(limits[1]))

    def complete(self) -> list[Any]:
        """Every fact is known, and the constraints between facts hold."""
        z3 = self.z3
        found = [*self.possible(), *(self.known(name) for name in self.program.slots)]
        for constraint in self.dossier.constraints:
            given = [self._inside(name, allowed) for name, allowed in constraint.given.items()]
            then = [self._inside(name, allowed) for name, allowed in constraint.then.items()]
            found.append(z3.Implies(z3.And(given), z3.And(then)))
        return found

    def _inside(self, name: str, allowed: Allowed) -> Any:
        z3, slot = self.z3, self.program.slots[name]
        if isinstance(allowed, bool):
            return z3.Not(self.inputs[slot.at + (1 if allowed else 0)])
        if isinstance(allowed, frozenset):
            return z3.Not(
                z3.Or([bit for code, bit in zip(slot.codes, self.inputs[slot.at], strict=True) if code not in allowed])
            )
        return z3.And(self.inputs[slot.at] >= real(allowed[0]), self.inputs[slot.at + 1] <= real(allowed[1]))

    def within(self, other: Patient, name: str) -> Any:
        """What is left of a fact here is part of what is left of it in the other patient."""
        z3, slot = self.z3, self.program.slots[name]
        mine, theirs = self.inputs, other.inputs
        if slot.kind == "boolean":
            return z3.And(
                z3.Implies(mine[slot.at], theirs[slot.at]), z3.Implies(mine[slot.at + 1], theirs[slot.at + 1])
            )
        if slot.kind == "code":
            return z3.And([z3.Implies(a, b) for a, b in zip(mine[slot.at], theirs[slot.at], strict=True)])
        return z3.And(mine[slot.at] >= theirs[slot.at], mine[slot.at + 1] <= theirs[slot.at + 1])

    def condition(self, pair: tuple[int, int]) -> tuple[Any, Any]:
        """(can, must) of a condition."""
        return self.terms[pair[0]], self.terms[pair[1]]

    def describe(self, model: Any) -> dict[str, str]:
        """The facts of the patient that a model of the solver shows, those of which something is known."""
        found = {}
        for fact, slot in self._facts():
            if slot.kind == "boolean":
                can = [self._true(model, self.inputs[slot.at]), self._true(model, self.inputs[slot.at + 1])]
                if can[0] != can[1]:
                    found[fact.id] = "true" if can[0] else "false"
            elif slot.kind == "code":
                left = [c for c, bit in zip(slot.codes, self.inputs[slot.at], strict=True) if self._true(model, bit)]
                if 0 < len(left) < len(slot.codes):
                    found[fact.id] = " or ".join(left)
            else:
                low, high = (self._number(model, self.inputs[slot.at + i]) for i in (0, 1))
                if fact.limits is None or (low, high) != fact.limits:
                    unit = fact.unit.code if fact.unit else ""
                    found[fact.id] = f"{low:g} {unit}".strip() if low == high else f"{low:g}..{high:g} {unit}".strip()
        return found

    def _true(self, model: Any, term: Any) -> bool:
        return self.z3.is_true(model.eval(term, model_completion=True)) is True

    def _number(self, model: Any, term: Any) -> float:
        value = model.eval(term, model_completion=True)
        return float(value.numerator_as_long()) / float(value.denominator_as_long())
