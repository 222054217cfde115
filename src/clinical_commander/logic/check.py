"""Syntax tree and names in, typed expression out; every fault of one expression is reported, not only the first.

A number carries the unit of its fact or threshold; two numbers are compared only in the same unit. A bare number is
refused outside tools: clinical cut-offs have names, sources and reasons.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from itertools import pairwise

from clinical_commander.errors import ExpressionError, Problem, did_you_mean
from clinical_commander.frozen import frozen, replace
from clinical_commander.logic import ir
from clinical_commander.logic import syntax as s
from clinical_commander.logic.parse import parse
from clinical_commander.logic.text import PlainText, Text
from clinical_commander.logic.words import CAPABILITIES, RECORDED, REGIONS, SETTINGS
from clinical_commander.quantity import Unit, divide, multiply, same_scale, unit


class Context(Enum):
    """Where an expression stands, and so which words it may use (each also has the words of CLINICAL)."""

    CLINICAL = "a clinical rule"
    STEP = "a step or conflict rule"
    GATE = "a gate"
    TOOL = "a tool"
    DOMAIN = "the domain of a tool"


@frozen
class Entry:
    """What a name stands for: kind fact, threshold, rule, trigger, answer, tool or part; type boolean, number or code.

    A part is written out: the name of an item, a count or a number inside one tool means its `expr`.
    """

    kind: str
    type: str
    unit: Unit | None = None
    codes: tuple[str, ...] = ()
    ordered: bool = False
    value: float | None = None
    range: tuple[float, float] | None = None
    place: str = ""
    expr: ir.Expr | None = None


@frozen
class Scope:
    """All names an expression may use, and the keys its functions may name."""

    names: Mapping[str, Entry]
    inputs: frozenset[str] = frozenset()
    actions: frozenset[str] = frozenset()
    settings: tuple[str, ...] = SETTINGS
    regions: tuple[str, ...] = REGIONS
    capabilities: frozenset[str] = CAPABILITIES
    recorded: frozenset[str] = RECORDED
    below_groups: frozenset[str] = frozenset({"must_not_miss"})


_STEP_CALLS = ("CAPABLE", "DONE", "ORDERED", "DECLINED")
_GATE_CALLS = ("ANSWERED", "RECORDED", "CLOSED", "BELOW_T_TEST")
_TOOL_FUNCTIONS = {"EXP": 1, "LN": 1, "POWER": 2, "LEAST": None, "GREATEST": None}
_PRIORITIES = ("stat", "urgent", "routine")
_TOOL_CONTEXTS = (Context.TOOL, Context.DOMAIN)
_WHERE_CONTEXTS = (Context.STEP, Context.GATE, Context.DOMAIN)
_ONE = unit("1")
_MIRRORED = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}
_ALONE = "Write the condition alone, or NOT before it."


@dataclass
class _Typed:
    """An expression with its type: boolean, number (with unit; None = a literal that takes any), code (with codes)."""

    type: str
    expr: ir.Expr
    unit: Unit | None = None
    codes: tuple[str, ...] = ()
    ordered: bool = False
    what: str = ""
    range: tuple[float, float] | None = None
    literal: bool = False


def check(text: Text | str, scope: Scope, context: Context = Context.CLINICAL) -> _Typed:
    """The typed expression of a rule text.

    Raises:
        ExpressionError: CC200 syntax; CC201 unknown name; CC203 types do not fit; CC204 units do not fit; CC205 bare
            clinical literal; CC206 value outside the fact's plausible range; CC207 unknown code; CC208 word not allowed
            in this context. All faults of the expression at once.
    """
    source = PlainText(text) if isinstance(text, str) else text
    checker = _Checker(source, scope, context)
    typed = checker.expression(parse(source))
    checker.report()
    return typed


def check_boolean(text: Text | str, scope: Scope, context: Context = Context.CLINICAL) -> ir.Expr:
    """The typed condition of a rule text; a number or code where a condition should be is CC203."""
    source = PlainText(text) if isinstance(text, str) else text
    checker = _Checker(source, scope, context)
    expr = checker.boolean(parse(source))
    checker.report()
    return expr


def check_number(text: Text | str, scope: Scope, context: Context = Context.TOOL) -> tuple[ir.Expr, Unit | None]:
    """The typed number of a formula and its unit, None where a bare literal made it empirical; else CC203."""
    source = PlainText(text) if isinstance(text, str) else text
    checker = _Checker(source, scope, context)
    typed = checker.number(parse(source))
    checker.report()
    return typed.expr, typed.unit


class _Checker:
    def __init__(self, source: Text, scope: Scope, context: Context) -> None:
        self.source, self.scope, self.context = source, scope, context
        self.problems: list[Problem] = []

    def fault(self, code: str, node: s.Node, cause: str, mend: str = "") -> None:
        start, end = node.span
        self.problems.append(Problem(code, cause, mend, self.source.mark(start, end - start)))

    def misplaced(self, node: s.Node, word: str, mend: str) -> None:
        self.fault("CC208", node, f"`{word}` cannot stand in {self.context.value}.", mend)

    def report(self) -> None:
        if self.problems:
            raise ExpressionError(dict.fromkeys(self.problems))  # both ends of a BETWEEN find fault with its subject

    def written(self, node: s.Node) -> str:
        return self.source.value[node.span[0] : node.span[1]]

    # -- by type

    def boolean(self, node: s.Node) -> ir.Expr:
        typed = self.expression(node)
        if typed.type not in ("boolean", "fault"):
            mend = "Compare it: `x = 'code'`." if typed.type == "code" else "Compare it with a threshold."
            self.fault("CC203", node, f"`{self.written(node)}` is a {typed.type}; a condition is needed here.", mend)
        return typed.expr

    def number(self, node: s.Node) -> _Typed:
        typed = self.expression(node)
        if typed.type in ("number", "fault"):
            return typed
        mend = "Numbers are facts, thresholds and what is computed from them."
        self.fault("CC203", node, f"`{self.written(node)}` is a {_a(typed)}; a number is needed here.", mend)
        return self.broken(node)

    def expression(self, node: s.Node) -> _Typed:
        match node:
            case s.Truth(span, value):
                return _Typed("boolean", ir.Truth(value, span=span))
            case s.Number():
                return self.literal(node)
            case s.Literal(span, text):
                return _Typed("code", ir.Truth(False, span=span), codes=(text,), what=f"'{text}'", literal=True)
            case s.Name():
                return self.name(node)
            case s.Not(span, item):
                return _Typed("boolean", ir.negate(self.boolean(item), span))
            case s.And(span, items):
                return _Typed("boolean", ir.All(tuple(self.boolean(i) for i in items), span=span))
            case s.Or(span, items):
                return _Typed("boolean", ir.Any(tuple(self.boolean(i) for i in items), span=span))
            case s.Comparison():
                return self.comparison(node)
            case s.Between(span, subject, low, high, negated):
                lower = self.comparison(s.Comparison(span, ">=", subject, low)).expr
                upper = self.comparison(s.Comparison(span, "<=", subject, high)).expr
                both: ir.Expr = ir.All((lower, upper), span=span)
                return _Typed("boolean", ir.Not(both, span=span) if negated else both)
            case s.Membership():
                return self.membership(node)
            case s.Is():
                return self.test(node)
            case s.Arithmetic():
                return self.arithmetic(node)
            case s.Negative(span, item):
                inner = self.number(item)
                if isinstance(inner.expr, ir.Constant) and inner.expr.name is None:
                    return _Typed(
                        "number",
                        ir.Constant(-inner.expr.value, inner.expr.unit, span=span),
                        unit=inner.unit,
                        literal=True,
                    )
                return _Typed(inner.type, ir.Negative(inner.expr, span=span), unit=inner.unit)
            case s.Call():
                return self.call(node)
            case s.Case():
                return self.case(node)
        raise AssertionError(node)

    def broken(self, node: s.Node) -> _Typed:
        return _Typed("fault", ir.Truth(False, span=node.span))

    # -- leaves

    def literal(self, node: s.Number) -> _Typed:
        if self.context not in _TOOL_CONTEXTS:
            mend = "Name it under `thresholds:` with its unit, source and reason."
            self.fault("CC205", node, f"`{node.text}` is a bare clinical number.", mend)
        return _Typed(
            "number", ir.Constant(float(node.text), _ONE, span=node.span), unit=None, literal=True, what=node.text
        )

    def name(self, node: s.Name) -> _Typed:
        span = node.span
        if node.name in ("setting", "region"):
            if self.context not in _WHERE_CONTEXTS:
                self.misplaced(node, node.name, "The same patient has the same findings anywhere; use it in steps.")
            codes = self.scope.settings if node.name == "setting" else self.scope.regions
            return _Typed("code", ir.Circumstance(node.name, span=span), codes=codes, what=f"`{node.name}`")
        entry = self.scope.names.get(node.name)
        if entry is None:
            places = {name: e.place for name, e in self.scope.names.items() if e.place}
            kind = "input" if self.context not in _TOOL_CONTEXTS else "fact"
            mend = did_you_mean(node.name, self.scope.names, places=places)
            self.fault("CC201", node, f"no {kind} named `{node.name}`.", mend or "Declare it, or name another.")
            return self.broken(node)
        what = f"`{node.name}`"
        if entry.expr is not None:
            # The same object wherever it is named: whoever looks at it twice need look only once.
            return _Typed(entry.type, entry.expr, unit=entry.unit, codes=entry.codes, what=what, range=entry.range)
        match entry.kind, entry.type:
            case "threshold", _:
                assert entry.unit is not None
                assert entry.value is not None
                return _Typed(
                    "number", ir.Constant(entry.value, entry.unit, node.name, span=span), unit=entry.unit, what=what
                )
            case "fact", "boolean":
                return _Typed("boolean", ir.FactTrue(node.name, span=span), what=what)
            case "fact", "number":
                return _Typed(
                    "number", ir.FactNumber(node.name, span=span), unit=entry.unit or _ONE, what=what, range=entry.range
                )
            case "fact", "code":
                return _Typed("code", ir.FactCode(node.name, span=span), codes=entry.codes, what=what)
            case (("rule" | "trigger"), _):
                return _Typed("boolean", ir.Named(entry.kind, node.name, span=span), what=what)
            case "answer", _:
                return _Typed(
                    "code", ir.AnswerCode(node.name, span=span), codes=entry.codes, ordered=entry.ordered, what=what
                )
            case "tool", "number":
                return _Typed(
                    "number", ir.ToolNumber(node.name, span=span), unit=entry.unit or _ONE, what=what, range=entry.range
                )
            case "tool", _:
                return _Typed("code", ir.ToolCode(node.name, span=span), codes=entry.codes, what=what)
        raise AssertionError(entry)

    # -- comparisons

    def comparison(self, node: s.Comparison) -> _Typed:
        left, right = self.expression(node.left), self.expression(node.right)
        if "fault" in (left.type, right.type):
            return self.broken(node)
        if left.literal and left.type == "code" and right.type == "code":
            left, right = right, left
            node = replace(node, operator=_MIRRORED.get(node.operator, node.operator), left=node.right, right=node.left)
        if left.type == "code" or right.type == "code":
            return self.code_comparison(node, left, right)
        if left.type == "boolean" or right.type == "boolean":
            self.fault("CC203", node, "A condition cannot be compared.", _ALONE)
            return self.broken(node)
        self.same_unit(node, left, right)
        self.plausible(node, left, right)
        return _Typed("boolean", _compare(node.operator, left.expr, right.expr, node.span))

    def same_unit(self, node: s.Node, left: _Typed, right: _Typed) -> None:
        if left.unit is None or right.unit is None or same_scale(left.unit, right.unit):
            return
        self.fault(
            "CC204",
            node,
            f"`{self.written(node)}` compares {left.unit.code} with {right.unit.code}.",
            "Declare the threshold in the unit of the fact.",
        )

    def plausible(self, node: s.Comparison, left: _Typed, right: _Typed) -> None:
        for subject, other in ((left, right), (right, left)):
            if subject.range and isinstance(other.expr, ir.Constant):
                low, high = subject.range
                if not low <= other.expr.value <= high:
                    value = f"{other.expr.value:g}"
                    shown = f"`{other.expr.name}` ({value})" if other.expr.name else value
                    cause = f"{shown} lies outside the plausible range of {subject.what}, {low:g} to {high:g}."
                    self.fault("CC206", node, cause, "A unit or a decimal point may have slipped.")

    def code_comparison(self, node: s.Comparison, left: _Typed, right: _Typed) -> _Typed:
        if not (right.literal and right.type == "code") or left.type != "code" or left.literal:
            shown = left if left.type != "code" else right
            cause = f"`{self.written(node)}` compares a {_a(left)} with a {_a(right)}."
            mends = {"number": "A number is compared with a threshold, a code with a quoted code.", "boolean": _ALONE}
            self.fault("CC203", node, cause, mends.get(shown.type, "Compare with one quoted code."))
            return self.broken(node)
        value = right.codes[0]
        if not self.known_code(node.right, left, value):
            return self.broken(node)
        if node.operator in ("=", "<>"):
            chosen: frozenset[str] = frozenset({value})
        elif left.ordered:
            place = left.codes.index(value)
            lower, higher = left.codes[:place], left.codes[place + 1 :]
            side = lower if node.operator in ("<", "<=") else higher
            chosen = frozenset((*side, value) if "=" in node.operator else side)
        else:
            self.fault("CC203", node, f"The codes of {left.what} have no order.", "Use `=`, `<>` or IN.")
            return self.broken(node)
        one: ir.Expr = ir.OneOf(left.expr, chosen, span=node.span)
        return _Typed("boolean", ir.Not(one, span=node.span) if node.operator == "<>" else one)

    def known_code(self, node: s.Node, subject: _Typed, value: str) -> bool:
        if value in subject.codes:
            return True
        mend = did_you_mean(value, subject.codes) or f"Its codes: {', '.join(subject.codes)}."
        self.fault("CC207", node, f"{subject.what} has no code '{value}'.", mend)
        return False

    def membership(self, node: s.Membership) -> _Typed:
        subject = self.expression(node.subject)
        if subject.type == "fault":
            return self.broken(node)
        if subject.type != "code" or subject.literal:
            cause = f"IN asks for a code; `{self.written(node.subject)}` is a {_a(subject)}."
            self.fault("CC203", node, cause, "Use BETWEEN for numbers, and conditions as they are.")
            return self.broken(node)
        values = set()
        for item in node.items:
            if not isinstance(item, s.Literal):
                self.fault("CC203", item, "IN lists quoted codes only.", "Write `'code'`.")
            elif self.known_code(item, subject, item.text):
                if item.text in values:
                    self.fault("CC203", item, f"'{item.text}' stands twice.", "Drop one.")
                values.add(item.text)
        one: ir.Expr = ir.OneOf(subject.expr, frozenset(values), span=node.span)
        return _Typed("boolean", ir.Not(one, span=node.span) if node.negated else one)

    def test(self, node: s.Is) -> _Typed:
        subject = self.expression(node.subject)
        if subject.type == "fault":
            return self.broken(node)
        span = node.span
        if node.what in ("NULL", "NOT NULL"):
            if self.context is not Context.GATE:
                mend = "Not knowing is no finding. Write `x IS TRUE` where only a known value counts."
                self.misplaced(node, f"IS {node.what}", mend)
            known: ir.Expr = ir.IsKnown(subject.expr, span=span)
            return _Typed("boolean", known if node.what == "NOT NULL" else ir.Not(known, span=span))
        if subject.type != "boolean":
            cause = f"`IS {node.what}` asks for a condition; `{self.written(node.subject)}` is a {_a(subject)}."
            self.fault("CC203", node, cause, "Compare first: `(x = 'code') IS TRUE`.")
            return self.broken(node)
        if node.what == "TRUE":
            return _Typed("boolean", ir.IsTrue(subject.expr, span=span))
        if self.context not in (Context.STEP, Context.GATE):
            self.misplaced(node, "IS NOT FALSE", "Write the condition itself: unknown stays possible.")
        return _Typed("boolean", ir.IsNotFalse(subject.expr, span=span))

    # -- arithmetic

    def arithmetic(self, node: s.Arithmetic) -> _Typed:
        left, right = self.number(node.left), self.number(node.right)
        if "fault" in (left.type, right.type):
            return self.broken(node)
        expr = ir.Arithmetic(node.operator, left.expr, right.expr, span=node.span)
        if node.operator in "+-":
            self.same_unit(node, left, right)
        return _Typed("number", expr, unit=self.combined(node, left.unit, right.unit), what=f"`{self.written(node)}`")

    def combined(self, node: s.Arithmetic, left: Unit | None, right: Unit | None) -> Unit | None:
        """The unit of a sum or product; None with a bare literal, which makes the formula of a tool empirical."""
        if left is None or right is None:
            return None
        if node.operator in "+-":
            return left
        try:
            return (multiply if node.operator == "*" else divide)(left, right)
        except ExpressionError as error:
            for problem in error.problems:
                self.fault(problem.code, node, problem.cause, problem.mend)
            return None

    def case(self, node: s.Case) -> _Typed:
        branches, values = [], []
        for condition, value in node.branches:
            branches.append(self.boolean(condition))
            values.append(self.number(value))
        otherwise = self.number(node.otherwise)
        if any(v.type == "fault" for v in (*values, otherwise)):
            return self.broken(node)
        with_unit = [v for v in (*values, otherwise) if v.unit is not None]
        for first, second in pairwise(with_unit):
            self.same_unit(node, first, second)
        expr = ir.Choice(
            tuple((c, v.expr) for c, v in zip(branches, values, strict=True)), otherwise.expr, span=node.span
        )
        return _Typed("number", expr, unit=with_unit[0].unit if with_unit else None, what="this CASE")

    # -- calls

    def call(self, node: s.Call) -> _Typed:
        if node.name in _TOOL_FUNCTIONS:
            return self.function(node)
        if node.name not in (*_STEP_CALLS, *_GATE_CALLS):
            functions = (*_STEP_CALLS, *_GATE_CALLS, *_TOOL_FUNCTIONS)
            mend = did_you_mean(node.name, functions) or f"The functions: {', '.join(functions)}."
            self.fault("CC201", node, f"no function named `{node.name}`.", mend)
            return self.broken(node)
        allowed = (Context.GATE,) if node.name in _GATE_CALLS else (Context.STEP, Context.GATE)
        if self.context not in allowed:
            mend = "Use it in a gate." if node.name in _GATE_CALLS else "Use it in a step or a gate."
            self.misplaced(node, node.name, mend)
        if len(node.arguments) != 1 or not isinstance(node.arguments[0], s.Literal):
            self.fault("CC203", node, f"`{node.name}` takes one quoted name.", f"Write `{node.name}('name')`.")
            return self.broken(node)
        argument = node.arguments[0]
        known: Iterable[str] = {
            "CAPABLE": self.scope.capabilities,
            "DONE": self.scope.actions,
            "ORDERED": self.scope.actions,
            "DECLINED": self.scope.actions,
            "ANSWERED": self.scope.inputs,
            "RECORDED": self.scope.recorded,
            "CLOSED": _PRIORITIES,
            "BELOW_T_TEST": self.scope.below_groups,
        }[node.name]
        if argument.text not in known:
            mend = did_you_mean(argument.text, known) or f"It knows: {', '.join(sorted(known)[:12])}."
            self.fault("CC201", argument, f"`{node.name}` knows no '{argument.text}'.", mend)
        return _Typed("boolean", ir.Flag(node.name.lower(), argument.text, span=node.span))

    def function(self, node: s.Call) -> _Typed:
        if self.context not in _TOOL_CONTEXTS:
            self.misplaced(node, node.name, "Put the formula into a tool and use its name.")
        wanted = _TOOL_FUNCTIONS[node.name]
        arguments = [self.number(a) for a in node.arguments]
        if (wanted is not None and len(arguments) != wanted) or (wanted is None and len(arguments) < 2):
            count = {1: "one number", 2: "two numbers", None: "two or more numbers"}[wanted]
            self.fault("CC203", node, f"`{node.name}` takes {count}.", "Separate them with commas.")
            return self.broken(node)
        if any(a.type == "fault" for a in arguments):
            return self.broken(node)
        shown = None
        if node.name in ("LEAST", "GREATEST"):
            for a, b in pairwise(arguments):
                self.same_unit(node, a, b)
            # As in a sum, a bare literal makes the formula an empirical one: GREATEST(500, 10 * age).
            shown = None if any(a.unit is None for a in arguments) else arguments[0].unit
        return _Typed(
            "number",
            ir.Function(node.name, tuple(a.expr for a in arguments), span=node.span),
            unit=shown,
            what=f"`{node.name}(...)`",
        )


def _compare(operator: str, left: ir.Expr, right: ir.Expr, span: ir.Span) -> ir.Expr:
    if operator == "<>":
        return ir.Not(ir.Compare("=", left, right, span=span), span=span)
    return ir.Compare(operator, left, right, span=span)


def _a(typed: _Typed) -> str:
    return {"boolean": "condition", "number": "number", "code": "code"}.get(typed.type, typed.type)
