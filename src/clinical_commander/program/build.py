"""A dossier in, its program out: input slots, columns of all its conditions, and where each condition's columns are.

Three stages share one list of columns. The first holds everything a patient's facts decide; the second the tools that
are only shown; the third the gates, which also read what was done and what the first stage's actions came to.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from clinical_commander.dossier import tool_terms
from clinical_commander.dossier.model import Condition, Dossier, OrderedAnswer, Step
from clinical_commander.dossier.tools import closure
from clinical_commander.logic import ir
from clinical_commander.program import tools as tool_columns
from clinical_commander.program.columns import Column, Pair, Slot
from clinical_commander.program.emit_python import Continue, Evaluate, compile_columns, compile_more
from clinical_commander.program.exact import ExactLowering
from clinical_commander.program.lower import Answer

SETTINGS = ("home", "ed", "icu", "inpatient", "outpatient")
REGIONS = ("high_income", "tb_endemic")
_GATE_KINDS = ("answered", "recorded", "closed", "below_t_test")


@dataclass
class Program:
    """The lowered dossier. `width` is the length of the input list; `pairs` finds a condition's columns by identity."""

    slots: dict[str, Slot]
    width: int
    rows: Sequence[Column]
    split: int  # columns before this belong to the first stage
    scored: int  # columns before this, to the second: the tools that are only shown
    pairs: dict[int, Pair]
    answers: dict[str, dict[str, int]]
    tools: dict[str, tool_columns.ToolColumns]  # those that are shown
    inexact: dict[str, tuple[str, ...]]
    lowering: GatedLowering
    pair_of: dict[int, Pair]  # the columns of every condition inside a condition, by identity
    evaluate: Evaluate = field(init=False)
    evaluate_scores: Continue = field(init=False)  # from what `evaluate` gives
    evaluate_gates: Continue = field(init=False)  # from what `evaluate_scores` gives

    def __post_init__(self) -> None:
        self.evaluate = compile_columns(self.rows[: self.split])
        self.evaluate_scores = compile_more(self.rows[: self.scored], self.split)
        self.evaluate_gates = compile_more(self.rows, self.scored)

    def pair(self, condition: Condition) -> Pair:
        return self.pairs[id(condition)]

    def blank(self) -> list[Any]:
        """Inputs of a patient of whom nothing is known, limits aside (those are the caller's)."""
        x: list[Any] = [None] * self.width
        for slot in self.slots.values():
            if slot.kind == "boolean":
                x[slot.at] = x[slot.at + 1] = True
            elif slot.kind == "code":
                x[slot.at] = (1 << len(slot.codes)) - 1
        return x


def build(dossier: Dossier) -> Program:
    """Lower all conditions of a dossier."""
    slots = _Slots()
    for fact in dossier.facts.values():
        slots.add(fact.id, "number" if fact.kind == "integer" else fact.kind, tuple(fact.codes))
    slots.add("setting", "code", SETTINGS)
    slots.add("region", "code", REGIONS)
    clinical, gates = list(clinical_conditions(dossier)), list(gate_conditions(dossier))
    read = closure((t for c in (*clinical, *gates) for t in tool_terms.tools_in(c.expr)), dossier.tools)
    clinical += [c for id in read for c in tool_columns.conditions(dossier.tools[id])]
    for condition in (*clinical, *gates):
        for node in condition.expr.walk():
            if isinstance(node, ir.Flag) and node.kind != "answered":
                slots.add(f"{node.kind}:{node.key}", "boolean")

    named = {("rule", r.id): r.when.expr for r in dossier.rules.values()}
    named |= {("trigger", t.id): t.when.expr for t in dossier.triggers.values()}
    answers = {a.id: _ordered(a) for a in (dossier.tier, dossier.disposition)}
    if dossier.bleeding_source is not None:
        source = dossier.bleeding_source
        answers[source.id] = Answer(source.values, fact=source.fact)
    nonnegative = frozenset(f.id for f in dossier.facts.values() if f.limits and f.limits[0] >= 0)
    # Every number is rounded at the door to its decimals, but one: the time since the worst moment goes on running.
    running = dossier.tier.remembers[1] if dossier.tier.remembers else ""
    lowering = GatedLowering(
        slots.found,
        named,
        answers,
        tool_columns.codes(dossier.tools),
        nonnegative,
        tool_columns.numbers(dossier.tools),
        {f.id: f.decimals for f in dossier.facts.values() if f.kind in ("number", "integer") and f.id != running},
    )
    tool_columns.prepare(lowering, dossier.tools)
    lowering.answered = {}
    for name, given in dossier.inputs.items():
        if given.answered_when is not None:
            lowering.answered[name] = given.answered_when.expr

    pairs: dict[int, Pair] = {}
    for kind, name in named:
        lowering.root(named[kind, name], f"{kind} {name}")
    for condition in clinical:
        pairs[id(condition)] = lowering.root(condition.expr)
    possible = {name: lowering.possible(ir.AnswerCode(name)) for name in answers}
    pair_of = _pairs_inside(clinical, lowering)
    split = len(lowering.columns.rows)
    # Tools that are only shown are looked at once, of the moment assessed; what rules read of a tool stands above.
    shown = {id: tool_columns.columns(lowering, dossier.tools[id], dossier.tools) for id in dossier.scores}
    only_shown = [c for tool in dossier.tools.values() for c in tool_columns.conditions(tool) if id(c) not in pairs]
    for condition in only_shown:
        pairs[id(condition)] = lowering.root(condition.expr)
    pair_of = _pairs_inside(only_shown, lowering) | pair_of
    scored = len(lowering.columns.rows)
    for condition in gates:
        pairs[id(condition)] = lowering.root(condition.expr)
    return Program(
        slots.found,
        slots.width,
        lowering.columns.rows,
        split,
        scored,
        pairs,
        possible,
        shown,
        lowering.inexact,
        lowering,
        _pairs_inside(gates, lowering) | pair_of,
    )


class GatedLowering(ExactLowering):
    """Knows what ANSWERED('input') means: the gate of that input, in `answered`."""

    answered: dict[str, ir.Expr]

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
                found[id(node)] = pair
    return found


class _Slots:
    def __init__(self) -> None:
        self.found: dict[str, Slot] = {}
        self.width = 0

    def add(self, name: str, kind: str, codes: tuple[str, ...] = ()) -> None:
        if name not in self.found:
            self.found[name] = Slot(name, kind, self.width, codes)
            self.width += 1 if kind == "code" else 2


def _ordered(answer: OrderedAnswer) -> Answer:
    return Answer(tuple(v.id for v in answer.values), tuple(v.when.expr for v in answer.values))


def clinical_conditions(dossier: Dossier) -> Iterator[Condition]:
    """Every condition that a patient's facts, the setting and the case's actions decide."""
    for rule in dossier.rules.values():
        yield rule.when
    yield dossier.scope.when
    yield from dossier.circumstances.values()
    for answer in (dossier.tier, dossier.disposition):
        for value in answer.values:
            yield value.when
            yield from _present(o.when for o in (*value.within, *value.via))
    for trigger in dossier.triggers.values():
        yield trigger.when
        yield from trigger.severity.values()
        yield from step_conditions((*trigger.steps, *trigger.steps_if_possible))
    for pivot in dossier.pivots:
        yield pivot.when
        yield from step_conditions(pivot.steps)
    for playbook in dossier.playbooks.values():
        for row in playbook.rows:
            yield row.when
            for steps in row.stages.values():
                yield from step_conditions(steps)
    for treatment in dossier.treatments:
        yield treatment.when
        yield from step_conditions(treatment.steps)
    yield from (m.when for m in dossier.monitoring)
    yield from (f.when for f in dossier.followup)
    yield from (c.when for c in dossier.conflicts)
    for action in dossier.actions.values():
        yield from (c.when for c in action.contraindications)
        yield from _present(o.when for o in action.orders)
    yield from _present(b.when for b in dossier.bans)
    yield from _present(q.pause_while for q in dossier.questions)
    if dossier.side is not None:
        yield dossier.side.confirmed


def gate_conditions(dossier: Dossier) -> Iterator[Condition]:
    """Every gate: what answers an input, what lets a phase advance."""
    yield from _present(i.answered_when for i in dossier.inputs.values())
    yield from (p.advance for p in dossier.phases)


def step_conditions(steps: Iterable[Step]) -> Iterator[Condition]:
    """The guards of steps and of the options inside them."""
    for step in steps:
        yield from step.guards
        yield from _present([step.when, step.unless])
        yield from step_conditions(step.choose)


def _present(conditions: Iterable[Condition | None]) -> Iterator[Condition]:
    return (c for c in conditions if c is not None)
