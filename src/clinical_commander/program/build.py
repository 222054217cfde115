"""A dossier in, its program out: input slots, columns of all its conditions, and where each condition's columns are.

Three stages share one list of columns. The first holds everything a patient's facts decide; the second the tools that
are only shown; the third the gates, which also read what was done and what the first stage's actions came to.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from clinical_commander.dossier import tool_terms
from clinical_commander.dossier.model import Condition, Dossier
from clinical_commander.dossier.tools import closure
from clinical_commander.logic import ir
from clinical_commander.logic.words import REGIONS, SETTINGS
from clinical_commander.program import tools as tool_columns
from clinical_commander.program.columns import Pair, Slot
from clinical_commander.program.conditions import (
    answering_conditions,
    clinical_conditions,
    gate_conditions,
    once,
    place,
    tool_conditions,
)
from clinical_commander.program.exact import ExactLowering
from clinical_commander.program.interpret import runs
from clinical_commander.program.program import Layout, Program
from clinical_commander.program.reads import modal_facts
from clinical_commander.program.references import references


def build(dossier: Dossier) -> Program:
    """Lower all conditions of a dossier."""
    slots = _Slots()
    for fact in dossier.facts.values():
        slots.add(fact.id, "number" if fact.kind == "integer" else fact.kind, tuple(fact.codes), fact.limits)
    slots.add("setting", "code", SETTINGS)
    slots.add("region", "code", REGIONS)
    clinical, gates = once(clinical_conditions(dossier)), once(gate_conditions(dossier))
    read = closure((t for c in (*clinical, *gates) for t in tool_terms.tools_in(c.expr)), dossier.tools)
    clinical = once((*clinical, *(c for id in read for c in tool_conditions(dossier.tools[id]))))
    for condition in (*clinical, *gates):
        for node in condition.expr.walk():
            if isinstance(node, ir.Flag) and node.kind != "answered":
                slots.add(f"{node.kind}:{node.key}", "boolean")

    known = references(dossier)
    nonnegative = frozenset(f.id for f in dossier.facts.values() if f.limits and f.limits[0] >= 0)
    # Every number is rounded at the door to its decimals, but one: the time since the worst moment goes on running.
    running = dossier.tier.remembers[1] if dossier.tier.remembers else ""
    lowering = GatedLowering(
        slots.found,
        known.named,
        known.answers,
        known.tools,
        nonnegative,
        known.numbers,
        {f.id: f.decimals for f in dossier.facts.values() if f.kind in ("number", "integer") and f.id != running},
    )
    tool_columns.prepare(lowering, dossier.tools)
    lowering.answered = known.answered

    pairs: dict[int, Pair] = {}
    for kind, name in known.named:
        lowering.root(known.named[kind, name], f"{kind} {name}")
    for condition in clinical:
        pairs[place(condition)] = lowering.root(condition.expr)
    possible = {name: lowering.possible(ir.AnswerCode(name)) for name in known.answers}
    pair_of = _pairs_inside(clinical, lowering)
    rows = lowering.columns.rows
    split = len(rows)
    # Tools that are only shown are looked at once, of the moment assessed; what rules read of a tool stands above.
    shown = {id: tool_columns.columns(lowering, dossier.tools[id], dossier.tools) for id in dossier.scores}
    only_shown = [c for tool in dossier.tools.values() for c in tool_conditions(tool) if place(c) not in pairs]
    for condition in only_shown:
        pairs[place(condition)] = lowering.root(condition.expr)
    pair_of = _pairs_inside(only_shown, lowering) | pair_of
    scored = len(rows)
    for condition in gates:
        pairs[place(condition)] = lowering.root(condition.expr)
    layout = Layout(
        slots=slots.found,
        width=slots.width,
        ends=(split, scored, len(rows)),
        pairs=pairs,
        pair_of=_pairs_inside(gates, lowering) | pair_of,
        modal={place(c): tuple(modal_facts(known, c.expr)) for c in answering_conditions(dossier)},
        answers=possible,
        tools=shown,
        inexact=lowering.inexact,
    )
    stages = (runs(rows[:split]), runs(rows[:scored], split), runs(rows, scored))
    return Program(layout, stages, known)


class GatedLowering(ExactLowering):
    """Knows what ANSWERED('input') means: the gate of that input, in `answered`."""

    def _condition(self, expr: ir.Expr, within: Any) -> Pair:
        if isinstance(expr, ir.Flag) and expr.kind == "answered":
            gate = self.answered.get(expr.key)
            return self.condition(gate) if gate is not None else self.condition(ir.Truth(False))
        return super()._condition(expr, within)


def _pairs_inside(conditions: Iterable[Condition], lowering: GatedLowering) -> dict[int, Pair]:
    found: dict[int, Pair] = {}
    for condition in conditions:
        for node in condition.expr.walk():
            pair = lowering.roots.get(node) or lowering.pairs.get((node, ()))
            if pair is not None:
                found[place(node)] = pair
    return found


class _Slots:
    def __init__(self) -> None:
        self.found: dict[str, Slot] = {}
        self.width = 0

    def add(self, name: str, kind: str, codes: tuple[str, ...] = (), limits: tuple[float, float] | None = None) -> None:
        if name not in self.found:
            self.found[name] = Slot(name, kind, self.width, codes, limits)
            self.width += 1 if kind == "code" else 2
