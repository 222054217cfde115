"""Typed rules in, two-valued columns over fact bounds out.

A condition becomes the pair (can be true, must be true); a number the pair (low, high); a code one column per code.
The bounds are sound always, and exact where a root is unate in each fact (see `exact`); a root that is not is split
into the cells of the facts that stand in it both ways.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from clinical_commander.frozen import frozen
from clinical_commander.logic import ir
from clinical_commander.program.columns import Columns, Pair, Slot
from clinical_commander.program.references import NO_NUMBERS, Answer, References, ToolRows, ToolValue


@frozen
class Between:
    """A range of a number whose ends are open or closed. `last` is the highest value inside, where not every one is."""

    low: float = -math.inf
    high: float = math.inf
    low_open: bool = False
    high_open: bool = False
    last: float | None = None

    @property
    def least(self) -> float:
        """The lowest double inside."""
        return math.nextafter(self.low, math.inf) if self.low_open else self.low

    @property
    def most(self) -> float:
        """The highest value inside."""
        if self.last is not None:
            return self.last
        return math.nextafter(self.high, -math.inf) if self.high_open else self.high

    def decides(self, operator: str, value: float) -> bool | None:
        """Whether every number inside is `operator value`, or none is; None where some are."""
        below = self.most < value or (self.high == value and self.high_open)
        above = self.low > value or (self.low == value and self.low_open)
        match operator:
            case "<":
                return True if below else False if self.low >= value else None
            case "<=":
                return True if self.most <= value or below else False if above else None
            case ">" | ">=":
                found = self.decides("<=" if operator == ">" else "<", value)
                return None if found is None else not found
        return False if below or above else True if self.low == self.high == value else None


Cell = frozenset[str] | bool | Between | str
"""A part of a fact's values: codes, one truth value, a range; "low" or "high": that end of what is left of a number."""
Restriction = tuple[tuple[str, Cell], ...]

NUMBERS = (ir.FactNumber, ir.ToolNumber, ir.Arithmetic, ir.Negative, ir.Constant, ir.Function, ir.Choice)


class Lowering(References):
    """Lowers expressions of one dossier into shared columns.

    Args:
        slots: The inputs by name: facts by id, `setting`, `region`, and flags as `kind:key`.
        named: Typed conditions of rules and triggers by (kind, name).
        nonnegative: Facts whose limits start at zero or above, so that products need no sign cases.
        numbers: The tools that give a number.
    """

    def __init__(
        self,
        slots: Mapping[str, Slot],
        named: Mapping[tuple[str, str], ir.Expr],
        answers: Mapping[str, Answer],
        tools: Mapping[str, ToolRows],
        nonnegative: frozenset[str] = frozenset(),
        numbers: Mapping[str, ToolValue] = NO_NUMBERS,
    ) -> None:
        super().__init__(named, answers, tools, numbers)
        self.slots, self.nonnegative = slots, nonnegative
        self.columns = Columns()
        self.pairs: dict[tuple[ir.Expr, Restriction], Pair] = {}

    # -- conditions

    def condition(self, expr: ir.Expr, within: Restriction = ()) -> Pair:
        """(can, must) of a condition, with the facts of `within` held to their cells."""
        if within:
            read = self.slots_of(expr)
            within = tuple(r for r in within if r[0] in read)
        key = (expr, within)
        pair = self.pairs.get(key)
        if pair is None:
            pair = self.pairs[key] = self._condition(expr, within)
        return pair

    def _condition(self, expr: ir.Expr, within: Restriction) -> Pair:
        c = self.columns
        match expr:
            case ir.Truth(value):
                return (c.literal(value), c.literal(value))
            case ir.FactTrue(fact):
                return self._boolean(fact, within)
            case ir.Flag(kind, key):
                return self._boolean(f"{kind}:{key}", within)
            case ir.Named(kind, name):
                return self._named(kind, name, within)
            case ir.Not(item):
                can, must = self.condition(item, within)
                return (c.negate(must), c.negate(can))
            case ir.All(items):
                pairs = [self.condition(i, within) for i in items]
                return (c.all([p[0] for p in pairs]), c.all([p[1] for p in pairs]))
            case ir.Any(items):
                pairs = [self.condition(i, within) for i in items]
                return (c.any([p[0] for p in pairs]), c.any([p[1] for p in pairs]))
            case ir.IsTrue(item):
                # What is known does not depend on the cell that is being looked at.
                must = self.anywhere(item)[1]
                return (must, must)
            case ir.IsNotFalse(item):
                can = self.anywhere(item)[0]
                return (can, can)
            case ir.IsKnown(item):
                known = self._known(item)
                return (known, known)
            case ir.Compare():
                return self._comparison(expr, within)
            case ir.OneOf(subject, values):
                return self._one_of(subject, values, within)
        raise TypeError(f"not a condition: {expr!r}")

    def anywhere(self, item: ir.Expr) -> Pair:
        """(can, must) of what IS TRUE and its kin ask about, over all that is possible."""
        return self.condition(item)

    def _boolean(self, name: str, within: Restriction) -> Pair:
        c = self.columns
        for fact, cell in within:
            if fact == name:
                return (c.literal(cell is True), c.literal(cell is True))
        slot = self.slots[name]
        return (c.add("in", slot.at), c.negate(c.add("in", slot.at + 1)))

    def _named(self, kind: str, name: str, within: Restriction) -> Pair:
        slot = self.slots.get(f"{kind}:{name}")
        if slot is not None:  # a result of another program
            return self._boolean(slot.name, within)
        return self.condition(self.named[kind, name], within)

    def _comparison(self, expr: ir.Compare, within: Restriction) -> Pair:
        c = self.columns
        decided = self._decided(expr, within) if within else None
        if decided is not None:
            can = must = c.literal(decided)
        else:
            can, must = self._compare(expr.operator, self.number(expr.left, within), self.number(expr.right, within))
        # The number of a tool that does not apply does not exist, and no comparison with it holds.
        for side in (expr.left, expr.right):
            exists = self.condition(self.exists(side), within)
            can, must = c.all([can, exists[0]]), c.all([must, exists[1]])
        return (can, must)

    def _decided(self, expr: ir.Compare, within: Restriction) -> bool | None:
        """Whether a comparison of one number with a constant holds all over the cell that the number is held to."""
        match expr:
            case ir.Compare(operator, subject, ir.Constant(value)):
                pass
            case ir.Compare(operator, ir.Constant(value), subject):
                operator = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "=": "="}[operator]
            case _:
                return None
        name = self.variable(subject)
        cell = next((cell for held, cell in within if held == name and isinstance(cell, Between)), None)
        return cell.decides(operator, value) if cell is not None else None

    def variable(self, expr: ir.Expr) -> str:
        """The name under which a restriction holds a number to a cell; "" for a number that has none."""
        return expr.fact if isinstance(expr, ir.FactNumber) else ""

    def _compare(self, operator: str, left: Pair, right: Pair) -> Pair:
        c = self.columns
        (a_low, a_high), (b_low, b_high) = left, right
        match operator:
            case "<" | "<=":
                return (c.compare(operator, a_low, b_high), c.compare(operator, a_high, b_low))
            case ">" | ">=":
                return self._compare("<" if operator == ">" else "<=", right, left)
            case "=":
                can = c.all([c.compare("<=", a_low, b_high), c.compare("<=", b_low, a_high)])
                must = c.all(
                    [c.compare("==", a_low, b_high), c.compare("==", a_high, b_low), c.compare("==", a_low, a_high)]
                )
                return (can, must)
        raise ValueError(operator)

    def _one_of(self, subject: ir.Expr, values: frozenset[str], within: Restriction) -> Pair:
        c = self.columns
        if isinstance(subject, (ir.FactCode, ir.Circumstance)):
            name = subject.fact if isinstance(subject, ir.FactCode) else subject.name
            slot = self.slots[name]
            left = set(slot.codes)
            for fact, cell in within:
                if fact == name and isinstance(cell, frozenset):
                    left &= cell
            inside = [code for code in slot.codes if code in values and code in left]
            outside = [code for code in slot.codes if code not in values and code in left]
            if len(left) < len(slot.codes):  # a cell lies wholly on one side of every set, or is judged by its bits
                if not outside:
                    return (c.literal(True), c.literal(True))
                if not inside:
                    return (c.literal(False), c.literal(False))
            return (self._has(slot, inside), c.negate(self._has(slot, outside)))
        possible = self.possible(subject, within)
        can = c.any([column for code, column in possible.items() if code in values])
        outside_columns = [column for code, column in possible.items() if code not in values]
        # With nothing possible at all (a gap in the content) nothing is certain either; nor where a tool may not apply.
        return (can, c.all([can, c.negate(c.any(outside_columns)), self._applies(subject, within)]))

    def _applies(self, subject: ir.Expr, within: Restriction = ()) -> int:
        if isinstance(subject, ir.ToolCode):
            tool = self.tools[subject.tool]
            return self.columns.all([self.condition(e, within)[1] for e in (tool.applies, tool.some)])
        return self.columns.literal(True)

    def _has(self, slot: Slot, codes: Sequence[str]) -> int:
        mask = sum(1 << slot.codes.index(code) for code in codes)
        return self.columns.add("has", slot.at, mask) if mask else self.columns.literal(False)

    def possible(self, subject: ir.Expr, within: Restriction = ()) -> dict[str, int]:
        """For each code of an answer or tool the column that says whether it is still possible."""
        c = self.columns
        if isinstance(subject, ir.AnswerCode):
            answer = self.answers[subject.answer]
            if answer.fact:
                slot = self.slots[answer.fact]
                return {code: self._has(slot, [code]) for code in answer.codes}
            slot_of = self.slots.get(f"answer:{subject.answer}")
            if slot_of is not None:
                return {code: self._has(slot_of, [code]) for code in answer.codes}
            pairs = [self.condition(e, within) for e in answer.conditions]
            # A value is ruled out when it cannot hold, or when a higher one must.
            return {
                code: c.all([pairs[i][0], *(c.negate(pairs[j][1]) for j in range(i + 1, len(pairs)))])
                for i, code in enumerate(answer.codes)
            }
        if isinstance(subject, ir.ToolCode):
            rows = self.tools[subject.tool]
            applies = self.condition(rows.applies, within)
            return {
                code: c.all([applies[0], self.condition(e, within)[0]])
                for code, e in zip(rows.codes, rows.conditions, strict=True)
            }
        raise TypeError(f"not a code: {subject!r}")

    def _known(self, item: ir.Expr) -> int:
        c = self.columns
        if isinstance(item, (ir.FactCode, ir.Circumstance)):
            return c.add("single", self.slots[item.fact if isinstance(item, ir.FactCode) else item.name].at)
        if isinstance(item, (ir.AnswerCode, ir.ToolCode)):
            possible = list(self.possible(item).values())
            alone = [
                c.all([p, *(c.negate(q) for j, q in enumerate(possible) if j != i)]) for i, p in enumerate(possible)
            ]
            return c.all([c.any(alone), self._applies(item)])
        if isinstance(item, NUMBERS):
            low, high = self.whole(item)
            return c.all([c.compare("==", low, high), self.anywhere(self.exists(item))[1]])
        can, must = self.anywhere(item)
        return c.any([must, c.negate(can)])

    # -- numbers

    def number(self, expr: ir.Expr, within: Restriction = ()) -> Pair:
        """(low, high) of a number."""
        c = self.columns
        match expr:
            case ir.Constant(value):
                return (c.number(value), c.number(value))
            case ir.FactNumber(fact):
                slot = self.slots[fact]
                return self.held(fact, (c.add("in", slot.at), c.add("in", slot.at + 1)), within)
            case ir.ToolNumber(tool):
                return self.number(self.numbers[tool].value, within)
            case ir.Negative(item):
                low, high = self.number(item, within)
                return (c.add("neg", high), c.add("neg", low))
            case ir.Arithmetic(operator, left, right):
                return self._arithmetic(operator, expr, self.number(left, within), self.number(right, within))
            case ir.Function(name, arguments):
                return self._function(name, [self.number(a, within) for a in arguments])
            case ir.Choice():
                return self._choice(expr, within)
        raise TypeError(f"not a number: {expr!r}")

    def whole(self, item: ir.Expr) -> Pair:
        """(low, high) of a number over all that is possible."""
        return self.number(item)

    def held(self, name: str, pair: Pair, within: Restriction) -> Pair:
        """(low, high) of a number, held to the cells that a restriction names for it."""
        c = self.columns
        low, high = pair
        for held, cell in within:
            if held != name:
                continue
            if isinstance(cell, Between):
                low = c.extreme("max", [low, c.number(cell.least)])
                high = c.extreme("min", [high, c.number(cell.most)])
            elif cell == "low":
                high = low
            elif cell == "high":
                low = high
        return (low, high)

    def _arithmetic(self, operator: str, expr: ir.Arithmetic, left: Pair, right: Pair) -> Pair:
        c = self.columns
        match operator:
            case "+":
                return (c.plus(left[0], right[0]), c.plus(left[1], right[1]))
            case "-":
                return (c.add("-", left[0], right[1]), c.add("-", left[1], right[0]))
            case "*" if self._nonnegative(expr.left) and self._nonnegative(expr.right):
                return (c.add("*", left[0], right[0]), c.add("*", left[1], right[1]))
            case "/" if self._nonnegative(expr.left) and self._nonnegative(expr.right):
                zero = c.compare("<=", right[0], c.number(0.0))
                high = c.pick(zero, c.number(math.inf), c.add("/", left[1], right[0]))
                return (c.add("/", left[0], right[1]), high)
        corners = [c.add(operator, a, b) for a in left for b in right]
        low, high = c.extreme("min", corners), c.extreme("max", corners)
        if operator == "/":
            zero = c.number(0.0)
            spans = c.all([c.compare("<=", right[0], zero), c.compare("<=", zero, right[1])])
            return (c.add("pick", spans, c.number(-math.inf), low), c.add("pick", spans, c.number(math.inf), high))
        return (low, high)

    def _nonnegative(self, expr: ir.Expr) -> bool:
        match expr:
            case ir.Constant(value):
                return value >= 0
            case ir.FactNumber(fact):
                return fact in self.nonnegative
            case ir.ToolNumber(tool):
                return self._nonnegative(self.numbers[tool].value)
            case ir.Arithmetic("+" | "*" | "/") | ir.Function("LEAST"):
                return all(self._nonnegative(part) for part in expr.parts())
            case ir.Function("GREATEST", arguments):
                return any(self._nonnegative(a) for a in arguments)
            case ir.Function("EXP"):
                return True
            case ir.Function("POWER", (base, _)):
                return self._nonnegative(base)
            case ir.Choice(branches, otherwise):
                return self._nonnegative(otherwise) and all(self._nonnegative(value) for _, value in branches)
        return False

    def _function(self, name: str, arguments: list[Pair]) -> Pair:
        c = self.columns
        lows, highs = [a[0] for a in arguments], [a[1] for a in arguments]
        match name:
            case "LEAST":
                return (c.extreme("min", lows), c.extreme("min", highs))
            case "GREATEST":
                return (c.extreme("max", lows), c.extreme("max", highs))
            case "EXP" | "LN":
                return (c.add(name.lower(), lows[0]), c.add(name.lower(), highs[0]))
            case "POWER":
                corners = [c.add("pow", a, b) for a in arguments[0] for b in arguments[1]]
                # The power of a negative number jumps between signs, or does not exist.
                negative = c.compare("<", lows[0], c.number(0.0))
                low, high = c.add("min", *corners), c.add("max", *corners)
                return (
                    c.add("pick", negative, c.number(-math.inf), low),
                    c.add("pick", negative, c.number(math.inf), high),
                )
        raise ValueError(name)

    def _choice(self, expr: ir.Choice, within: Restriction) -> Pair:
        c = self.columns
        open_before = c.literal(True)  # no earlier branch must have been taken
        lows, highs = [], []
        for condition, value in (*expr.branches, (ir.Truth(True), expr.otherwise)):
            can, must = self.condition(condition, within)
            reached = c.all([open_before, can])
            if c.truth(reached) is not False:
                low, high = self.number(value, within)
                lows.append(c.pick(reached, low, c.number(math.inf)))
                highs.append(c.pick(reached, high, c.number(-math.inf)))
            open_before = c.all([open_before, c.negate(must)])
            if c.truth(open_before) is False:
                break
        return (c.extreme("min", lows), c.extreme("max", highs))
