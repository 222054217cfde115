"""A condition and what is known in, whether it may come to hold out: what nobody has asked may yet be so.

A condition as it stands speaks of now, and `x IS TRUE` of an unknown fact does not hold now. To drop a question for
that would be wrong: its answer is what makes it hold.
"""

from __future__ import annotations

from collections.abc import Iterable

from clinical_commander.dossier.model import Condition, Dossier
from clinical_commander.engine.settle import Reader
from clinical_commander.logic import ir
from clinical_commander.program.conditions import place
from clinical_commander.program.program import Program

Look = tuple[Reader, dict[tuple[str, str, bool], bool]]
"""A reader, and what of the names that conditions use has been looked at by it."""


class Could:
    """Says what may come to hold. Holds nothing of a patient.

    The tier and the rules behind it count as they stand: what could raise the tier is asked for by itself, before
    anything else, and every answer is followed by a new look.
    """

    def __init__(self, dossier: Dossier, program: Program) -> None:
        self.references = program.references
        self.pair_of = program.pair_of
        self.of_tier: set[tuple[str, str]] = set()
        self._collect([v.when.expr for v in dossier.tier.values])

    def _collect(self, exprs: Iterable[ir.Expr]) -> None:
        for expr in exprs:
            if isinstance(expr, ir.Named):
                if (expr.kind, expr.name) in self.of_tier:
                    continue
                self.of_tier.add((expr.kind, expr.name))
            self._collect(self.references.inside(expr))

    def looks(self, readers: Iterable[Reader]) -> tuple[Look, ...]:
        """Readers made ready for many conditions: what several of them name is looked at once."""
        return tuple((reader, {}) for reader in readers)

    def holds(self, conditions: Iterable[Condition], looks: tuple[Look, ...]) -> bool:
        """Whether each of some conditions may come to hold, by any of these readers."""
        return all(any(self._is(c.expr, True, look) for look in looks) for c in conditions)

    def _is(self, expr: ir.Expr, truth: bool, look: Look) -> bool:
        """Whether a condition may come to be true, or false. In doubt it may."""
        reader, seen = look
        match expr:
            case ir.Not(item):
                return self._is(item, not truth, look)
            case ir.All(items) | ir.Any(items):
                each = (self._is(item, truth, look) for item in items)
                return all(each) if isinstance(expr, ir.All) is truth else any(each)
            case ir.IsTrue(item) | ir.IsNotFalse(item):
                return self._is(item, truth, look)
            case ir.Named(kind, name) if (kind, name) not in self.of_tier:
                target = self.references.named.get((kind, name))
                if target is not None:
                    known = seen.get((kind, name, truth))
                    if known is None:
                        known = seen[kind, name, truth] = self._is(target, truth, look)
                    return known
        pair = self.pair_of.get(place(expr))
        if pair is None:
            return True
        return reader.can(pair) if truth else not reader.must(pair)
