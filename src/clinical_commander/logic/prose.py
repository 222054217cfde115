"""A typed expression in, an English clause out: the same rule, for a reader who does not read the rule language.

The clause can be read in one way only. The outermost group is a plain list ("A, or B"); a group inside it says so:
"both A and B", "either A or B", "all of (A; B; C)", "any of (A; B; C)". "It is known that" and its kin reach to the end
of the one statement or group after them. NOT is carried inwards, which changes no meaning: completions are two-valued.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from clinical_commander.frozen import field, frozen
from clinical_commander.logic import ir

ENGLISH: Final[Mapping[str, str]] = MappingProxyType(
    {
        "<": "{0} is below {1}",
        "<=": "{0} is at most {1}",
        ">": "{0} is above {1}",
        ">=": "{0} is at least {1}",
        "=": "{0} equals {1}",
        "<>": "{0} does not equal {1}",
        "between": "{0} is between {1} and {2} inclusive",
        "not between": "{0} is not between {1} and {2} inclusive",
        "one of": "{0} is {1}",
        "not one of": "{0} is not {1}",
        "neither": "{0} is neither {1} nor {2}",
        "none of": "{0} is none of {1}",
        "always": "always",
        "never": "never",
        "and": "and",
        "or": "or",
        "both": "both {0} and {1}",
        "either": "either {0} or {1}",
        "all of": "all of ({0})",
        "any of": "any of ({0})",
        "not so": "it is not so that {0}",
        "is true": "it is known that {0}",
        "is not true": "it is not known that {0}",
        "is not false": "it is possible that {0}",
        "is false": "it is ruled out that {0}",
        "condition known": "it is known whether {0}",
        "condition not known": "it is not known whether {0}",
        "value known": "{0} is known",
        "value not known": "{0} is not known",
        "fires": "“{0}” fires",
        "does not fire": "“{0}” does not fire",
        "capable": "{0} is available here",
        "not capable": "{0} is not available here",
        "answered": "“{0}” is answered",
        "not answered": "“{0}” is not answered",
        "recorded": "“{0}” is recorded",
        "not recorded": "“{0}” is not recorded",
        "closed": "no {0} action is open",
        "not closed": "an action that is {0} is open",
        "below_t_test": "every cause in “{0}” is below its test threshold",
        "not below_t_test": "a cause in “{0}” is at or above its test threshold",
        "done": "“{0}” is done",
        "not done": "“{0}” is not done",
        "ordered": "“{0}” is ordered",
        "not ordered": "“{0}” is not ordered",
        "declined": "“{0}” is declined",
        "not declined": "“{0}” is not declined",
        "closed stat": "immediate",
        "closed urgent": "immediate or urgent",
        "closed routine": "immediate, urgent or routine",
        "setting": "the setting",
        "region": "the region",
        "threshold": "{0} ({1})",
        "+": "{0} plus {1}",
        "-": "{0} minus {1}",
        "*": "{0} times {1}",
        "/": "{0} divided by {1}",
        "negative": "minus {0}",
        "LEAST": "the smallest of ({0})",
        "GREATEST": "the largest of ({0})",
        "EXP": "e to the power of ({0})",
        "LN": "the natural logarithm of ({0})",
        "POWER": "({0}) to the power of ({1})",
        "case": "the first that applies of ({0})",
        "when": "{0} if {1}",
        "else": "otherwise {0}",
    }
)
"""The words of the clauses. `{0}` and `{1}` are the parts; a translation may put them where it needs them."""

UNITS_SHOWN: Final[Mapping[str, str]] = MappingProxyType(
    {
        "1": "",
        "a": "years",
        "mo": "months",
        "wk": "weeks",
        "d": "days",
        "mm[Hg]": "mmHg",
        "cm[H2O]": "cmH2O",
        "Cel": "°C",
        "10*3/uL": "×10³/µL",
        "10*9/L": "×10⁹/L",
        "{pack-years}": "pack-years",
        "/min/mm[Hg]": "/min per mmHg",
        "ng/mL{FEU}": "ng/mL FEU",
        "ug/L{FEU}": "µg/L FEU",
        "mL/min/{1.73_m2}": "mL/min/1.73 m²",
    }
)
"""How a unit is written for a reader, by code; a code that is not here is written as it is."""


@frozen
class FactWords:
    """How a fact is said: a clause if it is boolean ("the patient has a fever"), else a noun ("the heart rate").

    `kind` is boolean, number, integer or code; `unit` is a code of `quantity.UNITS`; `codes` are labels by code.
    """

    kind: str
    says: str
    says_not: str = ""
    codes: Mapping[str, str] = field(default_factory=dict)
    unit: str = "1"
    decimals: int = 0


@frozen
class ThresholdWords:
    """How a threshold is said, and its value as the author wrote it: "the massive volume", "100 mL"."""

    says: str
    text: str


@frozen
class RuleWords:
    """How a rule is said when it holds and when it does not."""

    says: str
    says_not: str = ""


@frozen
class CodeWords:
    """How an answer, a tool, the setting or the region is said, and the titles of its values."""

    says: str
    values: Mapping[str, str] = field(default_factory=dict)


@frozen
class Vocabulary:
    """What the names of a dossier are called. A name that is missing is said as it is written, without underscores.

    `keys` are titles of what CAPABLE, DONE, ANSWERED and their kin name, by (kind, key): ("done", "airway.upright").
    `words` and `units` replace entries of `ENGLISH` and `UNITS_SHOWN`; what they leave out stays English.
    """

    facts: Mapping[str, FactWords] = field(default_factory=dict)
    thresholds: Mapping[str, ThresholdWords] = field(default_factory=dict)
    rules: Mapping[str, RuleWords] = field(default_factory=dict)
    triggers: Mapping[str, str] = field(default_factory=dict)
    answers: Mapping[str, CodeWords] = field(default_factory=dict)
    tools: Mapping[str, CodeWords] = field(default_factory=dict)
    circumstances: Mapping[str, CodeWords] = field(default_factory=dict)
    keys: Mapping[tuple[str, str], str] = field(default_factory=dict)
    words: Mapping[str, str] = field(default_factory=dict)
    units: Mapping[str, str] = field(default_factory=dict)

    def say(self, word: str, *parts: str) -> str:
        """A word of the language with its parts in place."""
        return (self.words[word] if word in self.words else ENGLISH[word]).format(*parts)

    def quantity(self, value: float, unit: str, decimals: int | None = None) -> str:
        """A number with its unit for a reader: `quantity(90.0, "mm[Hg]")` is "90 mmHg"."""
        number = _digits(value) if decimals is None else f"{value:.{decimals}f}"
        shown = self.units[unit] if unit in self.units else UNITS_SHOWN.get(unit, unit)
        return f"{number} {shown}".rstrip()


def prose(expr: ir.Expr, vocabulary: Vocabulary) -> str:
    """A condition as an English clause, a number or code as a noun; lower case, no full stop.

    >>> from clinical_commander.quantity import unit
    >>> words = Vocabulary(facts={"sbp": FactWords("number", "the systolic pressure", unit="mm[Hg]")})
    >>> prose(ir.Compare("<", ir.FactNumber("sbp"), ir.Constant(90.0, unit("mm[Hg]"), "shock_sbp")), words)
    'the systolic pressure is below shock sbp (90 mmHg)'
    """
    if isinstance(expr, (ir.FactCode, ir.AnswerCode, ir.ToolCode, ir.Circumstance)):
        return _Speaker(vocabulary).code(expr)[0]
    if isinstance(expr, NUMBERS):
        return _Speaker(vocabulary).number(expr)
    return _Speaker(vocabulary).whole(expr)


NUMBERS = (ir.Constant, ir.FactNumber, ir.ToolNumber, ir.Arithmetic, ir.Negative, ir.Function, ir.Choice)
_OPPOSITE = {"<": ">=", "<=": ">", ">": "<=", ">=": "<", "=": "<>"}
_TIGHTNESS = {"+": 1, "-": 1, "*": 2, "/": 2}


@frozen
class _Clause:
    """A clause; `single` if it is one plain statement that may stand in "both ... and ..." without being misread.

    `last`: it may stand there as the second, for it reaches to the end: "both A and it is known that B".
    """

    text: str
    single: bool = True
    last: bool = False


class _Speaker:
    def __init__(self, vocabulary: Vocabulary) -> None:
        self.v = vocabulary

    def whole(self, expr: ir.Expr) -> str:
        """The outermost clause: its list needs no brackets."""
        joined = _group(expr, True)
        if joined is None:
            return self.clause(expr, True).text
        word, parts = joined
        texts = [self.clause(part, wanted).text for part, wanted in parts]
        mark = ";" if any("," in text or ";" in text for text in texts) else ","
        return f"{f'{mark} '.join(texts[:-1])}{mark} {self.v.say(word)} {texts[-1]}"

    def clause(self, expr: ir.Expr, wanted: bool) -> _Clause:
        """The clause of a condition, or of its opposite if it is not `wanted`."""
        joined = _group(expr, wanted)
        if joined is not None:
            return self.group(*joined)
        match expr:
            case ir.Not(item):
                return self.clause(item, not wanted)
            case ir.All((ir.Compare(">=", subject, low), ir.Compare("<=", _, high))):
                word = "between" if wanted else "not between"
                return _Clause(self.v.say(word, *(self.number(n) for n in (subject, low, high))), single=False)
            case ir.IsTrue(item):
                return self.about(item, "is true" if wanted else "is not true")
            case ir.IsNotFalse(item):
                return self.about(item, "is not false" if wanted else "is false")
            case ir.IsKnown(item):
                return self.known(item, wanted)
            case ir.Compare(operator, left, right):
                return self.comparison(operator if wanted else _OPPOSITE[operator], left, right)
            case ir.OneOf(subject, values):
                return self.one_of(subject, values, wanted)
        return self.statement(expr, wanted)

    def group(self, word: str, parts: list[tuple[ir.Expr, bool]]) -> _Clause:
        clauses = [self.clause(part, wanted) for part, wanted in parts]
        if len(clauses) == 2 and clauses[0].single and (clauses[1].single or clauses[1].last):
            return _Clause(self.v.say("both" if word == "and" else "either", *(c.text for c in clauses)), single=False)
        text = "; ".join(c.text for c in clauses)
        return _Clause(self.v.say("all of" if word == "and" else "any of", text), single=False)

    def statement(self, expr: ir.Expr, wanted: bool) -> _Clause:
        match expr:
            case ir.Truth(value):
                return _Clause(self.v.say("always" if value is wanted else "never"))
            case ir.FactTrue(fact):
                words = self.v.facts.get(fact)
                return self.either_way(words.says if words else _spaced(fact), words.says_not if words else "", wanted)
            case ir.Named("trigger", name):
                return _Clause(
                    self.v.say("fires" if wanted else "does not fire", self.v.triggers.get(name, _spaced(name)))
                )
            case ir.Named(_, name):
                rule = self.v.rules.get(name)
                return self.either_way(rule.says if rule else _spaced(name), rule.says_not if rule else "", wanted)
            case ir.Flag(kind, key):
                title = self.v.keys.get((kind, key)) or _spaced(key)
                if kind == "closed":
                    title = self.v.say(f"closed {key}")
                return _Clause(self.v.say(kind if wanted else f"not {kind}", title), single=kind != "closed")
        raise TypeError(f"not a condition: {expr!r}")

    def either_way(self, says: str, says_not: str, wanted: bool) -> _Clause:
        if wanted:
            return _said(says)
        return (
            _said(says_not) if says_not else _Clause(self.v.say("not so", says), single=False, last=_said(says).single)
        )

    def about(self, item: ir.Expr, word: str) -> _Clause:
        clause = self.clause(item, True)
        return _Clause(self.v.say(word, clause.text), single=False, last=clause.single)

    def known(self, item: ir.Expr, wanted: bool) -> _Clause:
        if isinstance(item, NUMBERS):
            return _Clause(self.v.say("value known" if wanted else "value not known", self.number(item)), single=False)
        if isinstance(item, (ir.FactCode, ir.AnswerCode, ir.ToolCode, ir.Circumstance)):
            return _Clause(self.v.say("value known" if wanted else "value not known", self.code(item)[0]))
        return self.about(item, "condition known" if wanted else "condition not known")

    # -- comparisons

    def comparison(self, operator: str, left: ir.Expr, right: ir.Expr) -> _Clause:
        texts = [self.number(left, beside=right), self.number(right, beside=left)]
        return _said(self.v.say(operator, *texts))

    def one_of(self, subject: ir.Expr, values: frozenset[str], wanted: bool) -> _Clause:
        says, labels = self.code(subject)
        # In the order in which the vocabulary lists them, so that the sentence does not depend on a set's order.
        order = [*(code for code in labels if code in values), *sorted(values - set(labels))]
        texts = [labels.get(code, _spaced(code)) for code in order]
        if len(texts) == 1:
            return _said(self.v.say("one of" if wanted else "not one of", says, texts[0]))
        if len(texts) == 2 and not wanted:
            return _said(self.v.say("neither", says, *texts))
        joined = f"{', '.join(texts[:-1])} {self.v.say('or')} {texts[-1]}" if texts else self.v.say("never")
        return _Clause(self.v.say("one of" if wanted else "none of", says, joined), single=False)

    def code(self, subject: ir.Expr) -> tuple[str, Mapping[str, str]]:
        """What a code is called, and its labels."""
        match subject:
            case ir.FactCode(name):
                fact = self.v.facts.get(name)
                return (fact.says, fact.codes) if fact else (_spaced(name), {})
            case ir.AnswerCode(name):
                words = self.v.answers.get(name)
            case ir.ToolCode(name):
                words = self.v.tools.get(name)
            case ir.Circumstance(name):
                words = self.v.circumstances.get(name) or CodeWords(self.v.say(name))
            case _:
                raise TypeError(f"not a code: {subject!r}")
        return (words.says, words.values) if words else (f"the {_spaced(name)}", {})

    # -- numbers

    def number(self, expr: ir.Expr, beside: ir.Expr | None = None) -> str:
        """A number as a noun; a bare literal takes the unit of the fact it stands beside."""
        match expr:
            case ir.Constant():
                return self.constant(expr, beside)
            case ir.FactNumber(name):
                fact = self.v.facts.get(name)
                return fact.says if fact else _spaced(name)
            case ir.ToolNumber(name):
                tool = self.v.tools.get(name)
                return tool.says if tool else f"the {_spaced(name)}"
            case ir.Arithmetic(operator, left, right):
                # To the right of a minus or a division even an equally tight part needs its brackets.
                return self.v.say(
                    operator,
                    self.operand(left, _TIGHTNESS[operator]),
                    self.operand(right, _TIGHTNESS[operator] + (operator in "-/")),
                )
            case ir.Negative(item):
                return self.v.say("negative", self.operand(item, 3))
            case ir.Function("POWER", (base, exponent)):
                return self.v.say("POWER", self.number(base), self.number(exponent))
            case ir.Function(name, arguments):
                return self.v.say(name, "; ".join(self.number(a) for a in arguments))
            case ir.Choice(branches, otherwise):
                texts = [
                    self.v.say("when", self.number(value), self.clause(when, True).text) for when, value in branches
                ]
                return self.v.say("case", "; ".join([*texts, self.v.say("else", self.number(otherwise))]))
        raise TypeError(f"not a number: {expr!r}")

    def operand(self, expr: ir.Expr, tightness: int) -> str:
        text = self.number(expr)
        loose = isinstance(expr, ir.Arithmetic) and _TIGHTNESS[expr.operator] < tightness
        return f"({text})" if loose else text

    def constant(self, expr: ir.Constant, beside: ir.Expr | None) -> str:
        if expr.name is not None:
            words = self.v.thresholds.get(expr.name)
            if words:
                return self.v.say("threshold", words.says, words.text)
            return self.v.say("threshold", _spaced(expr.name), self.v.quantity(expr.value, expr.unit.code))
        fact = self.v.facts.get(beside.fact) if isinstance(beside, ir.FactNumber) else None
        if fact is None:
            return self.v.quantity(expr.value, "1")
        decimals = fact.decimals if round(expr.value, fact.decimals) == expr.value else None
        return self.v.quantity(expr.value, fact.unit, decimals)


def _group(expr: ir.Expr, wanted: bool) -> tuple[str, list[tuple[ir.Expr, bool]]] | None:
    """("and" | "or", its parts with the sense wanted of each) if a condition is a group, else None.

    Groups of one kind inside each other are one group, and NOT of a group is a group of opposites.
    """
    if isinstance(expr, ir.Not):
        return _group(expr.item, not wanted)
    if not isinstance(expr, (ir.All, ir.Any)) or _is_between(expr):
        return None
    word = "and" if isinstance(expr, ir.All) is wanted else "or"
    parts: list[tuple[ir.Expr, bool]] = []
    for item in expr.items:
        inner = _group(item, wanted)
        parts += inner[1] if inner is not None and inner[0] == word else [(item, wanted)]
    return word, parts


def _is_between(expr: ir.Expr) -> bool:
    match expr:
        case ir.All((ir.Compare(">=", first, _), ir.Compare("<=", second, _))):
            return first == second
    return False


def _said(text: str) -> _Clause:
    """A statement in an author's words: if they join things themselves, it cannot stand inside "both ... and ..."."""
    return _Clause(text, single=not any(mark in text for mark in (" and ", " or ", ",", ";")))


def _spaced(name: str) -> str:
    return name.replace("_", " ").replace(".", " ")


def _digits(value: float) -> str:
    return f"{value:.10g}"
