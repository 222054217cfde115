"""What the program says of a patient, against what the rules mean: columns over bounds, and all completions tried.

Numbers live on a small grid that has a point in every cell the thresholds make, and both ends of every interval; where
the bounds are wider than the grid tells, points close to the thresholds are tried too, for bounds speak of a continuum.
`=` of computed numbers is left out: there a grid tells nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clinical_commander.logic import ir
from clinical_commander.logic.check import Context, Entry, Scope, check, check_boolean, check_number
from clinical_commander.logic.evaluate import Definitions, Information, NumberMeaning, Reference, ToolMeaning
from clinical_commander.program.columns import Slot
from clinical_commander.program.emit_python import compile_columns
from clinical_commander.program.exact import ExactLowering
from clinical_commander.program.lower import Answer, ToolRows, ToolValue
from clinical_commander.quantity import unit

ONE = unit("1")
BOOLEANS = ("b0", "b1", "b2")
CODES = {"c0": ("u", "v", "w"), "c1": ("p", "q", "r", "s")}
NUMBERS = {"n0": tuple(float(i) for i in range(7)), "n1": tuple(float(i) for i in range(-2, 5))}
THRESHOLDS = {"t1": 1.0, "t3": 3.0, "t5": 5.0}
SETTINGS = ("home", "ed", "icu")
LEVELS = ("low", "middle", "high")

DOMAINS: Mapping[str, tuple[bool | float | str, ...]] = {
    **dict.fromkeys(BOOLEANS, (False, True)),
    **CODES,
    **NUMBERS,
    "setting": SETTINGS,
    "capable:ir": (False, True),
}


def _slots() -> dict[str, Slot]:
    slots, at = {}, 0
    for name, domain in DOMAINS.items():
        kind = "boolean" if domain == (False, True) else "number" if name in NUMBERS else "code"
        slots[name] = Slot(name, kind, at, tuple(str(code) for code in domain) if kind == "code" else ())
        at += 1 if kind == "code" else 2
    return slots


SLOTS = _slots()
FACT_ENTRIES = {
    **{name: Entry("fact", "boolean") for name in BOOLEANS},
    **{name: Entry("fact", "code", codes=codes) for name, codes in CODES.items()},
    **{name: Entry("fact", "number", unit=ONE) for name in NUMBERS},
    **{name: Entry("threshold", "number", unit=ONE, value=value) for name, value in THRESHOLDS.items()},
}


@dataclass(frozen=True)
class World:
    """Rules r0 and r1, an ordered answer `level`, tools `tool` and `points`, and what they are written as."""

    texts: Mapping[str, str]
    rules: Mapping[str, ir.Expr]
    level: tuple[ir.Expr, ...] = ()
    tool: tuple[tuple[ir.Expr, ...], ir.Expr] | None = None
    points: tuple[ir.Expr, ir.Expr] | None = None
    in_steps: bool = False  # whether the lowering is told that numbers are recorded as whole ones

    def __repr__(self) -> str:
        return f"World({dict(self.texts)})"

    @property
    def scope(self) -> Scope:
        names = dict(FACT_ENTRIES)
        names |= {name: Entry("rule", "boolean") for name in self.rules}
        if self.level:
            names["level"] = Entry("answer", "code", codes=LEVELS, ordered=True)
        if self.tool:
            names["tool"] = Entry("tool", "code", codes=("negative", "positive"))
        if self.points:
            names["points"] = Entry("tool", "number", unit=ONE)
        return Scope(names, settings=SETTINGS)

    @property
    def definitions(self) -> Definitions:
        tools = {}
        if self.tool:
            rows, applies = self.tool
            tools["tool"] = ToolMeaning(tuple(zip(("negative", "positive"), rows, strict=True)), applies)
        return Definitions(
            named={("rule", name): expr for name, expr in self.rules.items()},
            answers={"level": tuple(zip(LEVELS, self.level, strict=True))} if self.level else {},
            tools=tools,
            numbers={"points": NumberMeaning(*self.points)} if self.points else {},
        )

    def lowering(self) -> ExactLowering:
        return ExactLowering(
            SLOTS,
            {("rule", name): expr for name, expr in self.rules.items()},
            {"level": Answer(LEVELS, self.level)} if self.level else {},
            {"tool": ToolRows(("negative", "positive"), *self.tool)} if self.tool else {},
            frozenset({"n0"}),
            {"points": ToolValue(*self.points)} if self.points else {},
            dict.fromkeys(NUMBERS, 0) if self.in_steps else {},
        )


def inputs(information: Information) -> list[object]:
    """The input list of a program for one state of information."""
    x: list[object] = [None] * (max(slot.at for slot in SLOTS.values()) + 2)
    for name, slot in SLOTS.items():
        values = information[name]
        if slot.kind == "boolean":
            x[slot.at], x[slot.at + 1] = True in values, False in values
        elif slot.kind == "number":
            x[slot.at], x[slot.at + 1] = min(values), max(values)
        else:
            x[slot.at] = sum(1 << slot.codes.index(str(code)) for code in values)
    return x


# --- drawing


@st.composite
def numbers(draw: st.DrawFn, world: World, context: Context, depth: int) -> str:
    leaves = [*NUMBERS, *THRESHOLDS, *(["points"] if world.points else [])]
    if depth <= 0 or draw(st.integers(0, 2)) == 0:
        return draw(st.sampled_from(leaves))
    inner = numbers(world, context, depth - 1)
    kinds = ["+", "-", "*", "/", "negative", "case"]
    if context is Context.TOOL:
        kinds += ["LEAST", "GREATEST", "EXP", "LN", "POWER"]
    kind = draw(st.sampled_from(kinds))
    match kind:
        case "negative":
            return f"(-{draw(inner)})"
        case "case":
            when = draw(conditions(world, context, depth - 1))
            return f"CASE WHEN {when} THEN {draw(inner)} ELSE {draw(inner)} END"
        case "LEAST" | "GREATEST":
            return f"{kind}({draw(inner)}, {draw(inner)})"
        case "EXP" | "LN":
            return f"{kind}({draw(inner)})"
        case "POWER":
            return f"POWER({draw(inner)}, {draw(inner)})"
    return f"({draw(inner)} {kind} {draw(inner)})"


@st.composite
def comparisons(draw: st.DrawFn, world: World, context: Context, depth: int) -> str:
    threshold = st.sampled_from(sorted(THRESHOLDS))
    fact = st.sampled_from(sorted(NUMBERS))
    match draw(st.integers(0, 9)):
        case 0 | 1 | 2 | 3:
            sign = draw(st.sampled_from(["<", "<=", ">", ">=", "=", "<>"]))
            return f"{draw(fact)} {sign} {draw(threshold)}"
        case 4:
            return f"{draw(threshold)} {draw(st.sampled_from(['<', '>=']))} {draw(fact)}"
        case 5:
            negated = draw(st.sampled_from(["", "NOT "]))
            return f"{draw(fact)} {negated}BETWEEN {draw(threshold)} AND {draw(threshold)}"
        case 6 if world.points and draw(st.booleans()):
            return f"points {draw(st.sampled_from(['<', '<=', '>', '>=']))} {draw(threshold)}"
        case 6:
            return f"{draw(fact)} {draw(st.sampled_from(['<', '<=', '>', '>=', '=', '<>']))} {draw(fact)}"
    sign = draw(st.sampled_from(["<", "<=", ">", ">="]))
    return f"{draw(numbers(world, context, depth))} {sign} {draw(numbers(world, context, depth))}"


@st.composite
def memberships(draw: st.DrawFn, world: World, context: Context) -> str:
    subjects: dict[str, tuple[str, ...]] = dict(CODES)
    if world.level:
        subjects["level"] = LEVELS
    if world.tool:
        subjects["tool"] = ("negative", "positive")
    if context in (Context.STEP, Context.GATE):
        subjects["setting"] = SETTINGS
    subject = draw(st.sampled_from(sorted(subjects)))
    codes = subjects[subject]
    if draw(st.booleans()):
        signs = ["=", "<>"] + (["<", "<=", ">", ">="] if subject == "level" else [])
        return f"{subject} {draw(st.sampled_from(signs))} '{draw(st.sampled_from(codes))}'"
    some = draw(st.lists(st.sampled_from(codes), min_size=1, unique=True))
    listed = ", ".join(f"'{code}'" for code in some)
    return f"{subject} {draw(st.sampled_from(['', 'NOT ']))}IN ({listed})"


@st.composite
def conditions(draw: st.DrawFn, world: World, context: Context, depth: int) -> str:
    """The text of a condition; every part of it that is not a leaf stands in parentheses."""
    kind = draw(st.integers(0, 11 if depth > 0 else 4))
    match kind:
        case 0 | 1:
            named = [*BOOLEANS, *world.rules]
            if context in (Context.STEP, Context.GATE):
                named.append("CAPABLE('ir')")
            return draw(st.sampled_from(named))
        case 2 | 3:
            return draw(comparisons(world, context, min(depth, 2)))
        case 4:
            return draw(memberships(world, context))
        case 5 | 6 | 7:
            parts = draw(st.lists(conditions(world, context, depth - 1), min_size=2, max_size=3))
            return " AND ".join(f"({part})" for part in parts)
        case 8 | 9:
            parts = draw(st.lists(conditions(world, context, depth - 1), min_size=2, max_size=3))
            return " OR ".join(f"({part})" for part in parts)
        case 10:
            return f"NOT ({draw(conditions(world, context, depth - 1))})"
    tests = ["IS TRUE"]
    if context in (Context.STEP, Context.GATE):
        tests.append("IS NOT FALSE")
    if context is Context.GATE:
        tests += ["IS NULL", "IS NOT NULL"]
    test = draw(st.sampled_from(tests))
    if test.endswith("NULL") and draw(st.booleans()):
        subjects = [*NUMBERS, *CODES, *(["level"] if world.level else []), *(["tool"] if world.tool else [])]
        return f"{draw(st.sampled_from(subjects))} {test}"
    return f"({draw(conditions(world, context, depth - 1))}) {test}"


@st.composite
def worlds(draw: st.DrawFn) -> World:
    """Up to two rules, of which the second may name the first; sometimes an answer and a tool."""
    world = World({}, {})
    for name in draw(st.sampled_from([(), ("r0",), ("r0", "r1")])):
        text = draw(conditions(world, Context.CLINICAL, 2))
        world = World(world.texts | {name: text}, world.rules | {name: check_boolean(text, world.scope)})
    level: tuple[ir.Expr, ...] = ()
    tool = None
    texts = dict(world.texts)
    if draw(st.booleans()):
        # There is always a lowest value: a content check proves it, and the reference takes it for granted.
        written = ["TRUE", *(draw(conditions(world, Context.CLINICAL, 2)) for _ in LEVELS[1:])]
        level = tuple(check_boolean(text, world.scope) for text in written)
        texts |= {f"level {name}": text for name, text in zip(LEVELS, written, strict=True)}
    if draw(st.integers(0, 3)) == 0:
        fact, cut = draw(st.sampled_from(sorted(NUMBERS))), draw(st.sampled_from(sorted(THRESHOLDS)))
        applies = draw(conditions(world, Context.CLINICAL, 1))
        rows = tuple(check_boolean(f"{fact} {sign} {cut}", world.scope) for sign in ("<", ">="))
        tool = (rows, check_boolean(applies, world.scope))
        texts |= {"tool": f"positive from {fact} {cut}, if {applies}"}
    points = None
    if draw(st.integers(0, 2)) == 0:
        applies = draw(st.one_of(st.just("TRUE"), conditions(world, Context.CLINICAL, 1)))
        terms = draw(st.lists(items(world), min_size=1, max_size=3))
        written_value = " + ".join(terms)
        points = (check_number(written_value, world.scope)[0], check_boolean(applies, world.scope))
        texts |= {"points": f"{written_value}, if {applies}"}
    return World(texts, world.rules, level, tool, points, draw(st.booleans()))


@st.composite
def items(draw: st.DrawFn, world: World) -> str:
    """A term of a score: points for a condition, or for the cells of a number; sometimes a formula."""
    fact = draw(st.sampled_from(sorted(NUMBERS)))
    match draw(st.integers(0, 3)):
        case 0 | 1:
            when = draw(conditions(world, Context.CLINICAL, 1))
            return f"CASE WHEN {when} THEN {draw(st.integers(0, 3))} ELSE {draw(st.integers(0, 2))} END"
        case 2:
            low, middle, high = draw(st.permutations([0, 1, 2]))
            return f"CASE WHEN {fact} < t1 THEN {low} WHEN {fact} < t5 THEN {middle} ELSE {high} END"
    return f"({draw(numbers(world, Context.CLINICAL, 1))})"


@st.composite
def states(draw: st.DrawFn) -> Information:
    """Known, unknown or known in part: a non-empty set of codes, an interval of numbers."""
    found: dict[str, tuple[bool | float | str, ...]] = {}
    for name, domain in DOMAINS.items():
        how = draw(st.sampled_from(["known", "unknown", "part"]))
        if how == "unknown":
            found[name] = domain
        elif how == "known":
            found[name] = (draw(st.sampled_from(domain)),)
        elif name in NUMBERS:
            low, high = sorted((draw(st.sampled_from(range(7))), draw(st.sampled_from(range(7)))))
            found[name] = domain[low : high + 1]
        else:
            found[name] = tuple(draw(st.lists(st.sampled_from(domain), min_size=1, unique=True)))
    return found


# --- judging


def closer(information: Information) -> Information:
    """The same intervals, with points just beside every threshold: what `n0 > t1` leaves of `n0` begins there."""
    beside = [cut + side for cut in THRESHOLDS.values() for side in (-1e-6, 1e-6)]
    found = dict(information)
    for name in NUMBERS:
        low, high = min(information[name]), max(information[name])
        found[name] = tuple(sorted({*information[name], *(point for point in beside if low < point < high)}))
    return found


class AsLowered(Reference):
    """The reference, but what IS TRUE and its kin say is taken from the program."""

    def __init__(self, information: Information, world: World, lowering: ExactLowering, columns: list[object]) -> None:
        super().__init__(information, world.definitions)
        self.lowering, self.columns = lowering, columns

    def modal(self, expr: ir.Expr) -> bool:
        return bool(self.columns[self.lowering.condition(expr)[1]])


def everything_in(expr: ir.Expr, definitions: Definitions) -> Iterator[ir.Expr]:
    """An expression and all it is made of, through names, answers and tools."""
    for node in expr.walk():
        yield node
        match node:
            case ir.Named(kind, name):
                yield from everything_in(definitions.named[kind, name], definitions)
            case ir.AnswerCode(name):
                for _, when in definitions.answers[name]:
                    yield from everything_in(when, definitions)
            case ir.ToolCode(name):
                tool = definitions.tools[name]
                for part in (tool.applies, *(when for _, when in tool.rows)):
                    yield from everything_in(part, definitions)
            case ir.ToolNumber(name):
                yield from everything_in(definitions.numbers[name].value, definitions)
                yield from everything_in(definitions.numbers[name].applies, definitions)


MODAL = (ir.IsTrue, ir.IsNotFalse, ir.IsKnown)


def each_fact_stands_once(expr: ir.Expr, definitions: Definitions) -> bool:
    """No fact stands twice: the promise of exactness then needs no splitting."""
    seen: Counter[str] = Counter()
    for node in everything_in(expr, definitions):
        match node:
            case ir.FactTrue(name) | ir.FactNumber(name) | ir.FactCode(name) | ir.Circumstance(name):
                seen[name] += 1
            case ir.Flag(kind, key):
                seen[f"{kind}:{key}"] += 1
    return all(times == 1 for times in seen.values())


def promises_nothing(expr: ir.Expr, definitions: Definitions) -> bool:
    """What may not exist for some possible values, x / 0, LN(0) or POWER(-1, 0.5), has bounds but no promise."""
    for node in everything_in(expr, definitions):
        match node:
            case ir.Arithmetic("/") | ir.Function("POWER" | "LN"):
                return True
    return False


def judge(text: str, world: World, context: Context, found: list[Information]) -> Iterator[tuple[str, bool]]:
    """Compare program and reference; yield ("once" | "split" | "inexact", whether the bounds were exact)."""
    expr = check_boolean(text, world.scope, context)
    definitions = world.definitions
    lowering = world.lowering()
    can_at, must_at = lowering.root(expr, "root")
    parts = [node for node in everything_in(expr, definitions) if isinstance(node, MODAL)]
    for node in parts:
        lowering.condition(node)
    evaluate = compile_columns(lowering.columns.rows)
    once = each_fact_stands_once(expr, definitions)
    promised = (once or not lowering.inexact) and not promises_nothing(expr, definitions)
    for information in found:
        columns = evaluate(inputs(information))
        can, must = bool(columns[can_at]), bool(columns[must_at])
        as_lowered = AsLowered(information, world, lowering, columns)
        shown = f"{text}\nwith {world.texts}{', in steps' * world.in_steps}\nof {dict(information)}"

        # Sound: with IS TRUE as the program sees it, nothing possible is missed and nothing certain is made up.
        true_can, true_must = as_lowered.bounds(expr)
        if as_lowered.values(expr):
            assert can >= true_can, shown
            assert must <= true_must, shown
        for node in parts:
            (item,) = node.parts()
            said, values = as_lowered.modal(node), as_lowered.values(item)
            if values and isinstance(node, ir.IsNotFalse):
                assert said >= (True in values), f"{node} over-approximates\n{shown}"
            elif values:
                meant = values == {True} if isinstance(node, ir.IsTrue) else len(values) == 1 and None not in values
                assert said <= meant, f"{node} under-approximates\n{shown}"

        exact = (can, must) == Reference(information, definitions).bounds(expr)
        if promised and not exact:
            closer_can, closer_must = Reference(closer(information), definitions).bounds(expr)
            exact = can <= closer_can and must >= closer_must
        if promised:
            assert exact, f"{(can, must)} is not exact\n{shown}"
        yield ("no promise" if not promised else "once" if once else "split"), exact


def test_bounds_are_sound_always_and_exact_where_they_say_so() -> None:
    """`pytest -s` prints how many were judged: no fact twice, split into cells or nothing to split, no promise made."""
    counts: Counter[tuple[str, bool]] = Counter()

    @settings(max_examples=4 * settings.default.max_examples, report_multiple_bugs=False)
    @given(st.data())
    def examples(data: st.DataObject) -> None:
        world = data.draw(worlds())
        context = data.draw(st.sampled_from(list(Context)))
        text = data.draw(conditions(world, context, 3))
        found = data.draw(st.lists(states(), min_size=3, max_size=3))
        counts.update(judge(text, world, context, found))

    examples()
    for (kind, exact), count in sorted(counts.items()):
        print(f"{kind:10} {'exact' if exact else 'inexact'}: {count}")
    assert {kind for kind, _ in counts} == {"once", "split", "no promise"}  # each was looked at


@pytest.mark.parametrize("signs", ["".join(pair) for pair in product("+-*/", repeat=2)])
def test_no_formula_of_two_operators_is_ever_certain_of_what_is_not(signs: str) -> None:
    """All of them, for 0 * inf and x / 0 hide in corners that random drawing seldom finds."""
    world = World({}, {})
    for a, b, c in product(["n0", "n1", "t3"], repeat=3):
        for text in (f"({a} {signs[0]} {b}) {signs[1]} {c} > t1", f"{c} {signs[1]} ({a} {signs[0]} {b}) > t1"):
            expr = check_boolean(text, world.scope)
            lowering = world.lowering()
            can_at, must_at = lowering.root(expr)
            evaluate = compile_columns(lowering.columns.rows)
            for (low, high), (from_, to) in product([(0, 0), (0, 3), (2, 6)], [(0, 0), (1, 2), (0, 6), (3, 5)]):
                information = state(n0=DOMAINS["n0"][low : high + 1], n1=DOMAINS["n1"][from_ : to + 1])
                columns = evaluate(inputs(information))
                values = Reference(information).values(expr)

                assert not values or columns[can_at] >= (True in values), text
                assert not values or columns[must_at] <= (values == {True}), text


# --- cell by cell

TRUE, FALSE, UNKNOWN = (True, True), (False, False), (True, False)
BOOLEAN_STATES = {"T": (True,), "F": (False,), "U": (False, True)}
NAMED_BOUNDS = {"T": TRUE, "F": FALSE, "U": UNKNOWN}


def state(**known: tuple[bool | float | str, ...]) -> Information:
    """Nothing is known but what is given."""
    return {**DOMAINS, **known}


def bounds(
    text: str, world: World | None = None, context: Context = Context.GATE, **known: object
) -> tuple[bool, bool]:
    """(can, must) of a text by the program; the reference must say the same."""
    world = world or World({}, {})
    information = state(**{k: v if isinstance(v, tuple) else (v,) for k, v in known.items()})
    expr = check_boolean(text, world.scope, context)
    lowering = world.lowering()
    can_at, must_at = lowering.root(expr, "root")
    columns = compile_columns(lowering.columns.rows)(inputs(information))
    found = (bool(columns[can_at]), bool(columns[must_at]))
    if not lowering.inexact:
        assert found == Reference(information, world.definitions).bounds(expr), text
    return found


@pytest.mark.parametrize(
    ("text", "table"),
    [
        # b0 is T, F, U from top to bottom, b1 is T, F, U from left to right.
        ("b0 AND b1", ["TFU", "FFF", "UFU"]),
        ("b0 OR b1", ["TTT", "TFU", "TUU"]),
        ("NOT b0", ["FFF", "TTT", "UUU"]),
        ("b0 IS TRUE", ["TTT", "FFF", "FFF"]),
        ("b0 IS NOT FALSE", ["TTT", "FFF", "TTT"]),
        ("b0 IS NULL", ["FFF", "FFF", "TTT"]),
        ("b0 IS NOT NULL", ["TTT", "TTT", "FFF"]),
        ("b0 AND NOT b1", ["FTU", "FFF", "FUU"]),
        ("NOT (b0 IS TRUE)", ["FFF", "TTT", "TTT"]),
        ("b0 OR b1 IS TRUE", ["TTT", "TFF", "TUU"]),
        ("(b0 AND b1) IS TRUE", ["TFF", "FFF", "FFF"]),
        ("(b0 OR b1) IS NOT NULL", ["TTT", "TTF", "TFF"]),
        ("b0 AND NOT (b0)", ["FFF", "FFF", "FFF"]),
        ("b0 OR NOT (b0)", ["TTT", "TTT", "TTT"]),
        ("(b0 OR NOT (b0)) IS TRUE", ["TTT", "TTT", "TTT"]),
        ("(b0 AND NOT b1) OR (b1 AND NOT b0)", ["FTU", "TFU", "UUU"]),
    ],
)
def test_two_booleans_cell_by_cell(text: str, table: list[str]) -> None:
    for b0, row in zip("TFU", table, strict=True):
        for b1, cell in zip("TFU", row, strict=True):
            found = bounds(text, b0=BOOLEAN_STATES[b0], b1=BOOLEAN_STATES[b1])

            assert found == NAMED_BOUNDS[cell], f"{text} with b0 {b0}, b1 {b1}"


@pytest.mark.parametrize(
    ("text", "known", "expected"),
    [
        ("n0 < t3", {"n0": (1.0, 2.0)}, TRUE),  # known to be 1 to 2, so below 3
        ("n0 < t3", {"n0": (2.0, 3.0)}, UNKNOWN),
        ("n0 < t3", {"n0": (3.0, 4.0)}, FALSE),
        ("n0 <= t3", {"n0": (3.0, 4.0)}, UNKNOWN),
        ("n0 = t3", {"n0": 3.0}, TRUE),
        ("n0 = t3", {"n0": (2.0, 3.0, 4.0)}, UNKNOWN),
        ("n0 <> t3", {"n0": (4.0, 5.0)}, TRUE),
        ("n0 = n1", {"n0": 3.0, "n1": (3.0, 4.0)}, UNKNOWN),
        ("n0 = n1", {"n0": 3.0, "n1": 3.0}, TRUE),
        ("n0 = n1", {"n0": (5.0, 6.0)}, FALSE),  # n1 is at most 4
        ("n0 BETWEEN t1 AND t5", {"n0": (1.0, 2.0, 3.0)}, TRUE),
        ("n0 NOT BETWEEN t1 AND t5", {"n0": (0.0, 1.0)}, UNKNOWN),
        ("n0 >= t3 OR n0 < t3", {}, TRUE),  # whatever it is; a fact that stands twice is cut at its thresholds
        ("n0 > t3 AND n0 < t3", {}, FALSE),
        ("t3 < n0 AND t3 >= n0", {}, FALSE),  # the threshold may stand on the left
        ("t3 <= n0 OR t3 > n0", {}, TRUE),
        ("n0 BETWEEN t1 AND t3 OR n0 < t1 OR t3 < n0", {}, TRUE),
        ("c0 = 'u'", {"c0": ("u", "v")}, UNKNOWN),
        ("c0 IN ('u', 'v')", {"c0": ("u", "v")}, TRUE),
        ("c0 <> 'w'", {"c0": ("u", "v")}, TRUE),
        ("c0 NOT IN ('u', 'w')", {"c0": ("v",)}, TRUE),
        ("c0 = 'u' OR c0 = 'v' OR c0 = 'w'", {}, TRUE),
        ("(c0 = 'u' AND b0) OR (c0 <> 'u' AND b0)", {"b0": True}, TRUE),
        ("CAPABLE('ir')", {}, UNKNOWN),  # the site has not said
        ("CAPABLE('ir') OR NOT CAPABLE('ir')", {}, TRUE),
        ("setting = 'ed' OR setting IN ('home', 'icu')", {}, TRUE),
    ],
)
def test_what_is_known_in_part_counts(text: str, known: dict[str, object], expected: tuple[bool, bool]) -> None:
    assert bounds(text, **known) == expected


@pytest.mark.parametrize(
    ("b0", "expected"),
    [((True,), TRUE), ((False,), FALSE), ((False, True), UNKNOWN)],
)
def test_case_with_an_unknown_condition_never_falls_to_else(b0: tuple[bool, ...], expected: tuple[bool, bool]) -> None:
    assert bounds("CASE WHEN b0 THEN t5 ELSE t1 END > t3", b0=b0) == expected


def test_case_takes_the_first_branch_that_holds_and_skips_only_what_is_known_to_be_false() -> None:
    text = "CASE WHEN n0 >= t5 THEN t5 WHEN n0 >= t3 THEN t3 ELSE t1 END"

    assert bounds(f"{text} = t3", n0=(3.0, 4.0)) == TRUE
    assert bounds(f"{text} >= t3", n0=(3.0, 4.0, 5.0)) == TRUE
    assert bounds(f"{text} >= t3", n0=(2.0, 3.0)) == UNKNOWN
    assert bounds(f"{text} > t5") == FALSE


def test_case_keeps_every_branch_open_while_a_condition_is_undecided_between_two_facts() -> None:
    text = "CASE WHEN n0 < n1 THEN t5 WHEN b0 THEN t3 ELSE t1 END"

    assert bounds(f"{text} > t3") == UNKNOWN
    assert bounds(f"{text} < t5", n0=(2.0, 3.0), n1=(0.0, 1.0, 2.0)) == TRUE
    assert bounds(f"{text} IS NULL", n0=(2.0, 3.0), n1=4.0) == FALSE
    assert bounds(f"{text} IS NULL", n0=(2.0, 3.0), n1=3.0, b0=True) == TRUE


def test_least_and_greatest_never_skip_what_is_unknown() -> None:
    # DuckDB: LEAST(NULL, 5) is 5, and a patient whose value nobody knows passes the limit.
    assert bounds("LEAST(n0, t5) > t3", context=Context.TOOL) == UNKNOWN
    assert bounds("GREATEST(n0, t3) >= t3", context=Context.TOOL) == TRUE
    assert bounds("LEAST(n0, t3) <= t3", context=Context.TOOL) == TRUE


def graded() -> World:
    world = World({}, {})
    texts = ("n0 < t3", "n0 >= t3", "n0 >= t5 OR b0")
    return World({}, {}, tuple(check_boolean(text, world.scope) for text in texts))


@pytest.mark.parametrize(
    ("known", "possible"),
    [
        ({"n0": 0.0, "b0": False}, {"low"}),
        ({"n0": 0.0, "b0": True}, {"high"}),
        ({"n0": 0.0}, {"low", "high"}),
        ({"b0": False}, {"low", "middle", "high"}),
        ({"n0": (3.0, 4.0), "b0": False}, {"middle"}),
        ({"n0": (2.0, 3.0), "b0": False}, {"low", "middle"}),
        ({"b0": True}, {"high"}),
        ({}, {"low", "middle", "high"}),
    ],
)
def test_an_answer_runs_over_all_values_that_a_completion_reaches(known: dict[str, object], possible: set[str]) -> None:
    world = graded()
    found = {level for level in LEVELS if bounds(f"level = '{level}'", world, **known)[0]}

    assert found == possible
    assert bounds("level IS NOT NULL", world, **known) == (TRUE if len(possible) == 1 else FALSE)
    assert bounds("level >= 'middle'", world, **known)[1] == ("low" not in possible)


@pytest.mark.parametrize(
    ("applies", "n0", "positive", "known"),
    [
        (True, 4.0, TRUE, TRUE),
        (True, 2.0, FALSE, TRUE),
        (False, 4.0, FALSE, FALSE),
        ((False, True), 4.0, UNKNOWN, FALSE),  # it may not apply to this patient, so nothing is certain
        (True, (2.0, 3.0), UNKNOWN, FALSE),
    ],
)
def test_a_tool_says_nothing_for_certain_unless_it_certainly_applies(
    applies: object, n0: object, positive: tuple[bool, bool], known: tuple[bool, bool]
) -> None:
    scope = World({}, {}).scope
    rows = (check_boolean("n0 < t3", scope), check_boolean("n0 >= t3", scope))
    world = World({}, {}, tool=(rows, ir.FactTrue("b0")))

    assert bounds("tool = 'positive'", world, b0=applies, n0=n0) == positive
    assert bounds("tool IS NOT NULL", world, b0=applies, n0=n0) == known


def scored(value: str, applies: str = "TRUE") -> World:
    scope = World({}, {}).scope
    return World({}, {}, points=(check_number(value, scope)[0], check_boolean(applies, scope)))


def test_a_score_adds_up_what_is_known_and_spans_what_is_not() -> None:
    world = scored("CASE WHEN b0 THEN 1 ELSE 0 END + CASE WHEN n0 < t3 THEN 3 ELSE 1 END")

    assert bounds("points >= t1", world) == TRUE  # 1 to 4, whoever it is
    assert bounds("points > t3", world) == UNKNOWN
    assert bounds("points > t3", world, b0=True, n0=(1.0, 2.0)) == TRUE
    assert bounds("points IS NOT NULL", world, b0=True, n0=(2.0, 3.0)) == FALSE
    assert bounds("points > t5", world) == FALSE


def test_a_score_of_items_that_exclude_each_other_is_exact() -> None:
    world = scored("CASE WHEN n0 < t3 THEN 2 ELSE 0 END + CASE WHEN n0 >= t3 THEN 2 ELSE 0 END")

    assert bounds("points = t3", world) == FALSE
    assert bounds("points > t1", world) == TRUE  # 2 whatever it is, where end by end would say 0 to 4
    assert bounds("points IS NOT NULL", world) == TRUE


def test_a_score_that_does_not_apply_has_no_number_and_no_comparison_with_it_holds() -> None:
    world = scored("n0 + t1", applies="b0")

    assert bounds("points >= t1", world, b0=True) == TRUE
    assert bounds("points >= t1", world, b0=False) == FALSE
    assert bounds("points < t1", world, b0=False) == FALSE
    assert bounds("points >= t1", world) == UNKNOWN
    assert bounds("points IS NOT NULL", world, n0=2.0) == FALSE
    # In a branch that is not taken it is not asked for.
    assert bounds("CASE WHEN b0 THEN points ELSE t5 END >= t1", world) == TRUE
    assert bounds("CASE WHEN b0 THEN t5 ELSE points END > t3", world, b0=True) == TRUE
    assert bounds("CASE WHEN b0 THEN t5 ELSE points END > t3", world, b0=False) == FALSE


# --- where bounds are not exact, they say so, and err to the side of not knowing


def test_a_number_that_stands_twice_in_one_comparison_is_named_as_inexact() -> None:
    world = World({}, {})
    expr = check_boolean("n0 - n0 < t1", world.scope)
    lowering = world.lowering()
    lowering.root(expr, "rule difference")

    assert lowering.inexact == {"rule difference": ("n0",)}
    assert bounds("n0 - n0 < t1") == UNKNOWN  # it is 0 in every completion
    assert Reference(state()).bounds(expr) == TRUE


def test_is_true_of_an_inexact_part_does_not_see_what_is_known_and_never_sees_what_is_not() -> None:
    assert bounds("(n0 - n0 < t1) IS TRUE") == FALSE  # known, and not seen to be
    assert bounds("(n0 - n0 > t1) IS NOT FALSE") == TRUE  # impossible, and not seen to be
    assert bounds("NOT ((n0 - n0 < t1) IS TRUE)") == TRUE  # so NOT of it raises, where truth would not


def test_more_than_64_cells_are_not_split_and_what_is_left_is_named() -> None:
    twice = ["b0", "b1", "b2", "c0 = 'u'", "c1 = 'p'", "c1 = 'q'", "n0 < t3"]
    text = " OR ".join(f"({a} AND NOT ({b}))" for a in twice for b in twice if a < b or a == twice[-1])
    text += " OR (c0 = 'v' AND n0 > t1) OR (b0 AND c1 = 'r')"
    world = World({}, {})
    lowering = world.lowering()
    lowering.root(check_boolean(f"({text}) AND NOT ({text})", world.scope), "rule tangle")

    assert set(lowering.inexact) == {"rule tangle"}
    assert lowering.inexact["rule tangle"]


def test_is_true_of_something_known_whatever_the_facts_are_is_seen_to_be_known() -> None:
    assert bounds("(n0 < t3 OR n0 >= t3) IS TRUE") == TRUE
    assert bounds("(c0 = 'u' OR c0 = 'v' OR c0 = 'w') IS NOT NULL") == TRUE


def test_the_reference_gives_the_values_of_a_number_and_of_an_answer() -> None:
    world = graded()
    reference = Reference(state(n0=(2.0, 3.0), b0=(False,)), world.definitions)

    assert reference.values(check("n0 + t3", world.scope).expr) == {5.0, 6.0}
    assert reference.values(ir.AnswerCode("level")) == {"low", "middle"}
