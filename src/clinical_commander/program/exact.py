"""Where bounds are exact, and how a root that is not is split into cells until it is.

A condition is *unate* in a fact when more of the fact can only help it or only harm it: then the bounds taken end by
end are the bounds over all completions. A fact that stands in a condition both ways (a code under sets that do not
nest, a number under `<` and `>`) is cut into the cells its literals make, and the condition is looked at cell by cell.

The same holds for the numbers of tools. A sum is exact where each item is and no fact stands in two items both ways;
a total that shares no fact with the rest of a condition is a variable of its own there.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from itertools import product

from clinical_commander.logic import ir
from clinical_commander.program.columns import Pair, Slot
from clinical_commander.program.lower import NUMBERS, Between, Cell, Lowering, Restriction
from clinical_commander.program.references import NO_NUMBERS, Answer, ToolRows, ToolValue
from clinical_commander.program.uses import Collector, Uses, cells_of

MAX_CELLS = 64
Judge = Callable[[Restriction], Pair]
_COMPOSED = (ir.Arithmetic, ir.Function, ir.Choice, ir.Negative)
NO_STEPS: Mapping[str, int] = {}


class ExactLowering(Lowering, Collector):
    """A lowering whose named conditions, answers and totals are exact where at most `MAX_CELLS` cells make them so.

    `inexact` lists what is not: (what, facts). `steps` are the decimals of the facts that are recorded in no finer
    steps; `totals` the numbers that are looked at as a whole, by name; `corners` the direction of facts in a formula,
    as its author declares it.
    """

    def __init__(
        self,
        slots: Mapping[str, Slot],
        named: Mapping[tuple[str, str], ir.Expr],
        answers: Mapping[str, Answer],
        tools: Mapping[str, ToolRows],
        nonnegative: frozenset[str] = frozenset(),
        numbers: Mapping[str, ToolValue] = NO_NUMBERS,
        steps: Mapping[str, int] = NO_STEPS,
    ) -> None:
        super().__init__(slots, named, answers, tools, nonnegative, numbers)
        self.steps = steps
        self.inexact: dict[str, tuple[str, ...]] = {}
        self.roots: dict[ir.Expr, Pair] = {}
        self.totals: dict[ir.Expr, str] = {}
        self.corners: dict[ir.Expr, Mapping[str, str]] = {}
        self._values: dict[str, ir.Expr] = {}  # of the totals, by name
        self._counts: dict[ir.Expr, bool] = {}
        self._totals_known: dict[tuple[ir.Expr, Restriction], Pair] = {}
        self._label = ""  # of the root that is being lowered
        for tool, found in numbers.items():
            self.add_total(f"total:{tool}", found.value)

    def add_total(self, name: str, value: ir.Expr) -> None:
        """From now on this number is looked at as a whole."""
        if isinstance(value, _COMPOSED) and value not in self.totals:
            self.totals[value] = name
            self._values[name] = value

    def root(self, expr: ir.Expr, label: str = "") -> Pair:
        """(can, must) of a condition that is an answer by itself: a rule, a trigger, a value of an answer, a guard."""
        pair = self.roots.get(expr)
        if pair is None:
            around, self._label = self._label, label
            self.roots[expr] = self.condition(expr)  # what a cycle would see; the loader refuses cycles
            pair = self.roots[expr] = self._split(expr, label)
            self._label = around
        return pair

    def anywhere(self, item: ir.Expr) -> Pair:
        """An inexact part of IS TRUE is only ever under-approximated: it may be known, and is not seen to be."""
        return self.root(item, self._label and f"{self._label}: IS TRUE")

    def _named(self, kind: str, name: str, within: Restriction) -> Pair:
        if within or f"{kind}:{name}" in self.slots:
            return super()._named(kind, name, within)
        return self.root(self.named[kind, name], f"{kind} {name}")

    def possible(self, subject: ir.Expr, within: Restriction = ()) -> dict[str, int]:
        if within:
            return super().possible(subject, within)
        if isinstance(subject, ir.ToolCode):
            rows = self.tools[subject.tool]
            applies = self.root(rows.applies, f"tool {subject.tool}")
            return {
                code: self.columns.all([applies[0], self.root(e, f"tool {subject.tool} {code}")[0]])
                for code, e in zip(rows.codes, rows.conditions, strict=True)
            }
        if not isinstance(subject, ir.AnswerCode) or self.answers[subject.answer].fact:
            return super().possible(subject, within)
        if f"answer:{subject.answer}" in self.slots:
            return super().possible(subject, within)
        answer = self.answers[subject.answer]
        return {
            code: self.root(value_is(answer.conditions, i), f"{subject.answer} {code}")[0]
            for i, code in enumerate(answer.codes)
        }

    # -- splitting a condition

    def _split(self, expr: ir.Expr, label: str) -> Pair:
        uses = self.uses_of_condition(expr)
        cells, left = self._cells(uses, uses.mixed(), ())
        if left and label:
            self.inexact[label] = left
        if not cells:
            return self.condition(expr)
        c = self.columns
        cans, musts = [], []
        for within, here in self._combinations(cells, ()):
            can, must = self.condition(expr, within)
            cans.append(c.all([here, can]))
            musts.append(c.any([c.negate(here), must]))
        return (c.any(cans), c.all(musts))

    def _cells(
        self, uses: Uses, mixed: list[str], within: Restriction, steps: Mapping[str, int] = NO_STEPS
    ) -> tuple[list[tuple[str, list[Cell]]], tuple[str, ...]]:
        """The cells of the facts that stand both ways, the cheapest first; and the facts for which there is no room."""
        held = dict(within)
        made = {
            name: cells_of(self.slots.get(name), name, uses, held.get(name), steps.get(name, self._steps(uses, name)))
            for name in mixed
        }
        cells: list[tuple[str, list[Cell]]] = []
        count, left = 1, set(mixed)
        for name in sorted(mixed, key=lambda n: len(made[n])):
            if count * len(made[name]) <= MAX_CELLS:
                count *= len(made[name])
                left.discard(name)
                if len(made[name]) > 1:
                    cells.append((name, made[name]))
        return cells, tuple(sorted(left | (uses.tangled & set(mixed))))

    def _combinations(
        self, cells: list[tuple[str, list[Cell]]], within: Restriction
    ) -> Iterator[tuple[Restriction, int]]:
        """Each choice of one cell a fact, with the column that says whether all of them are possible."""
        chosen = {name for name, _ in cells}
        around = tuple((name, cell) for name, cell in within if name not in chosen or isinstance(cell, str))
        for combination in product(*(made for _, made in cells)):
            here = tuple((name, cell) for (name, _), cell in zip(cells, combination, strict=True))
            facts = tuple((name, cell) for name, cell in here if name in self.slots)
            holds = self.columns.all([self._holds(name, cell, (*facts, *around)) for name, cell in here])
            # An end of a number is taken last: of what its cell leaves.
            yield tuple(sorted((*here, *around), key=lambda held: isinstance(held[1], str))), holds

    def _holds(self, name: str, cell: Cell, within: Restriction) -> int:
        """The column that says whether a fact or a total can lie in a cell."""
        c = self.columns
        if isinstance(cell, bool):
            slot = self.slots[name]
            return c.add("in", slot.at if cell else slot.at + 1)
        if isinstance(cell, frozenset):
            return self._has(self.slots[name], sorted(cell))
        assert isinstance(cell, Between)
        if name in self.slots:
            at = self.slots[name].at
            low, high = c.add("in", at), c.add("in", at + 1)
        else:
            low, high = self.total(self._values[name], within)
        # A proof over the reals has numbers between a cut and the next double: ends are open or closed, not moved.
        parts = []
        if not math.isinf(cell.high):
            parts.append(c.compare("<" if cell.high_open else "<=", low, c.number(cell.high)))
        if not math.isinf(cell.low):
            parts.append(c.compare("<" if cell.low_open else "<=", c.number(cell.low), high))
        return c.all(parts)

    # -- totals

    def number(self, expr: ir.Expr, within: Restriction = ()) -> Pair:
        name = self.variable(expr)
        if not name or name in self.slots:
            return super().number(expr, within)
        value = self.numbers[expr.tool].value if isinstance(expr, ir.ToolNumber) else expr
        return self.held(name, self.total(value, tuple(r for r in within if r[0] != name)), within)

    def variable(self, expr: ir.Expr) -> str:
        if isinstance(expr, ir.ToolNumber):
            return self.totals.get(self.numbers[expr.tool].value, "")
        return self.totals.get(expr, "") if isinstance(expr, _COMPOSED) else super().variable(expr)

    def slots_of(self, expr: ir.Expr) -> frozenset[str]:
        known = self._reads.get(expr)
        if known is not None:
            return known
        found = super().slots_of(expr)
        name = self.variable(expr) if isinstance(expr, NUMBERS) else ""
        if name and name not in found:
            found = self._reads[expr] = found | {name}
        return found

    def whole(self, item: ir.Expr) -> Pair:
        return self.total(item) if isinstance(item, _COMPOSED) else self.number(item)

    def total(self, expr: ir.Expr, within: Restriction = ()) -> Pair:
        """(low, high) of a number over all completions, split where a fact stands in two of its terms both ways."""
        if within:
            read = self.slots_of(expr)
            within = tuple(r for r in within if r[0] in read)
        pair = self._totals_known.get((expr, within))
        if pair is None:
            self._totals_known[expr, within] = pair = self._total(expr, within)
        return pair

    def _total(self, expr: ir.Expr, within: Restriction) -> Pair:
        uses = [self.uses_of_number(term, sign) for term, sign in self._terms(expr, 1)]
        joint = Uses.union(uses)
        shared = [name for name in joint.mixed() if sum(name in one.names() for one in uses) > 1]
        cells, left = self._cells(joint, shared, within, self.steps)
        if left:
            self.inexact[self.totals.get(expr, self._label) or "a number"] = left
        return self._best(cells, within, lambda inside: self._combined(expr, inside))

    def _best(self, cells: list[tuple[str, list[Cell]]], within: Restriction, judge: Judge) -> Pair:
        """The lowest and the highest end of a number over the cells that are possible."""
        if not cells:
            return judge(within)
        c = self.columns
        lows, highs = [], []
        for inside, here in self._combinations(cells, within):
            low, high = judge(inside)
            lows.append(c.pick(here, low, c.number(math.inf)))
            highs.append(c.pick(here, high, c.number(-math.inf)))
        return (c.extreme("min", lows), c.extreme("max", highs))

    def _terms(self, expr: ir.Expr, sign: int) -> Iterator[tuple[ir.Expr, int]]:
        """The terms that a number rises or falls with, whatever the others are."""
        match expr:
            case _ if expr in self.corners:
                yield expr, sign
            case ir.Arithmetic("+") | ir.Function("LEAST" | "GREATEST"):
                for part in expr.parts():
                    yield from self._terms(part, sign)
            case ir.Arithmetic("-", left, right):
                yield from self._terms(left, sign)
                yield from self._terms(right, -sign)
            case ir.Arithmetic("*", ir.Constant(value), item) | ir.Arithmetic("*", item, ir.Constant(value)):
                yield from self._terms(item, sign if value >= 0 else -sign)
            case ir.Negative(item):
                yield from self._terms(item, -sign)
            case ir.ToolNumber(tool):
                yield from self._terms(self.numbers[tool].value, sign)
            case ir.Constant():
                return
            case _:
                yield expr, sign

    def _combined(self, expr: ir.Expr, within: Restriction) -> Pair:
        """(low, high) of a number whose terms do not hinder each other."""
        c = self.columns
        if expr in self.corners:
            return self._cornered(expr, within)
        match expr:
            case ir.Arithmetic("+", left, right):
                (a, b), (x, y) = self._combined(left, within), self._combined(right, within)
                return (c.plus(a, x), c.plus(b, y))
            case ir.Arithmetic("-", left, right):
                (a, b), (x, y) = self._combined(left, within), self._combined(right, within)
                return (c.add("-", a, y), c.add("-", b, x))
            case ir.Arithmetic("*", ir.Constant(), _) | ir.Arithmetic("*", _, ir.Constant()):
                assert isinstance(expr, ir.Arithmetic)
                both = self._combined(expr.left, within), self._combined(expr.right, within)
                return self._arithmetic("*", expr, *both)
            case ir.Function("LEAST" | "GREATEST", arguments):
                return self._function(expr.name, [self._combined(a, within) for a in arguments])
            case ir.Negative(item):
                low, high = self._combined(item, within)
                return (c.add("neg", high), c.add("neg", low))
            case ir.ToolNumber(tool):
                return self._combined(self.numbers[tool].value, within)
            case ir.Constant() | ir.FactNumber():
                return super().number(expr, within)
        return self._alone(expr, within)

    def _alone(self, term: ir.Expr, within: Restriction) -> Pair:
        """(low, high) of one term, split at the facts that stand in it both ways."""
        uses = self.uses_of_number(term, 1)
        cells, left = self._cells(uses, uses.mixed(), within, self.steps)
        if left:
            self.inexact[self.totals.get(term, self._label) or "a number"] = left
        return self._best(cells, within, lambda inside: super(ExactLowering, self).number(term, inside))

    def _cornered(self, expr: ir.Expr, within: Restriction) -> Pair:
        """(low, high) of a formula whose author says of facts that it rises or falls with them."""
        declared = self.corners[expr]
        uses = self.uses_of_number(expr, 1)
        open_facts = [name for name in uses.mixed() if name not in declared]
        cells, left = self._cells(uses, open_facts, within, self.steps)
        left = tuple(name for name in left if name not in declared)
        if left:
            self.inexact[self.totals.get(expr, self._label) or "a number"] = left
        lowest = tuple((name, "low" if way == "rising" else "high") for name, way in declared.items())
        highest = tuple((name, "high" if way == "rising" else "low") for name, way in declared.items())

        def judge(inside: Restriction) -> Pair:
            plain = super(ExactLowering, self).number
            return plain(expr, (*inside, *lowest))[0], plain(expr, (*inside, *highest))[1]

        return self._best(cells, within, judge)


def value_is(conditions: tuple[ir.Expr, ...], index: int) -> ir.Expr:
    """An ordered answer is this value: its condition holds and no higher one does."""
    higher = tuple(ir.Not(e) for e in conditions[index + 1 :])
    return ir.All((conditions[index], *higher)) if higher else conditions[index]
