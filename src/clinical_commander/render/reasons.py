"""Grounds in, the reasons in words out: the part of each rule that holds, with the patient's own values."""

from __future__ import annotations

import math
import operator
from collections.abc import Iterator, Sequence
from typing import Any, Final

from clinical_commander.engine.assessment import Assessment, Because, FactReport
from clinical_commander.frozen import frozen
from clinical_commander.logic import ir
from clinical_commander.logic.prose import prose
from clinical_commander.render.words import Words

_LOOSE: Final = {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge, "=": operator.eq}
_ARITHMETIC: Final = {"+": operator.add, "-": operator.sub, "*": operator.mul}
Range = tuple[float, float]


@frozen
class Reason:
    """One ground: what holds, which part of it holds, and the facts it was judged by."""

    rule: str
    parts: tuple[str, ...]
    facts: tuple[str, ...]


class Reasons:
    """Finds the words for the grounds of one assessment. Decides nothing: what holds, the engine has said."""

    def __init__(self, assessment: Assessment, words: Words) -> None:
        self.assessment, self.words = assessment, words
        self._values: dict[str, str] = {}
        self._found: dict[tuple[str, tuple[str, ...]], Reason] = {}

    def of(self, because: Sequence[Because]) -> list[Reason]:
        """The reasons, in the order of the grounds."""
        found = []
        for ground in because:
            key = (ground.rule, ground.facts)
            if key not in self._found:
                self._found[key] = self._reason(ground)
            found.append(self._found[key])
        return found

    def values(self, facts: Sequence[str]) -> str:
        """The patient's values of some facts, with age: `SpO2 86 % (4 min ago); Oxygen device: face mask`."""
        found = []
        for name in facts:
            report = self.assessment.facts.get(name)
            if report is not None and report.state not in ("unknown", "pending", "unobtainable"):
                if name not in self._values:
                    self._values[name] = self.value(name, report)
                found.append(self._values[name])
        return "; ".join(found)

    def value(self, name: str, report: FactReport) -> str:
        """One value with its age where age matters, and the mark of one that is past its window."""
        words = self.words
        age = words.age(report.at, self.assessment.at) if words.expires(name) else ""
        notes = [words.say("ago", age)] if age else []
        if report.state == "stale":
            notes.append(words.name("trigger_state", "last_known"))
        fact, label = words.dossier.facts[name], words.label(name)
        if fact.kind == "boolean" and report.value is True:
            text = label
        elif fact.kind in ("boolean", "code"):
            text = f"{label}: {words.value(name, report)}"
        else:
            text = f"{label} {words.value(name, report)}"
        return text + (f" ({', '.join(notes)})" if notes else "")

    def that_hold(self, expr: ir.Expr) -> ir.Expr:
        """The alternatives of a condition that hold by these values; all of it where that cannot be told."""
        if not isinstance(expr, ir.Any):
            return expr
        kept = tuple(item for item in expr.items if self._holds(item) is True)
        return (kept[0] if len(kept) == 1 else ir.Any(kept)) if kept else expr

    def _reason(self, ground: Because) -> Reason:
        dossier, words = self.words.dossier, self.words
        rule = dossier.rules.get(ground.rule)
        if rule is not None:
            says, expr = rule.says, rule.when.expr
        else:
            found = next((c for c in self._conditions() if c[0] == ground.rule), None)
            if found is None:
                return Reason(words.title(ground.rule), (), ground.facts)
            _, says, expr = found
        held = self._held(expr, frozenset(ground.facts), outermost=True)
        parts = held.items if isinstance(held, ir.Any) else (held,) if held is not None else ()
        return Reason(says, tuple(prose(part, words.vocabulary) for part in parts), ground.facts)

    def _conditions(self) -> Iterator[tuple[str, str, ir.Expr]]:
        dossier = self.words.dossier
        for trigger in dossier.triggers.values():
            yield trigger.id, "", trigger.when.expr
        for answer in (dossier.tier, dossier.disposition):
            for value in answer.values:
                yield value.id, "", value.when.expr

    def _held(self, expr: ir.Expr, facts: frozenset[str], *, outermost: bool = False) -> ir.Expr | None:
        """The part of a condition that holds and stands on these facts; None where there is no such part.

        An alternative that names another rule is left out of the outermost list: that rule has a reason of its own.
        What must not be so for the rest to count is left out as well: it says why there is no exemption.
        """
        match expr:
            case ir.Any(items):
                kept = [self._held(i, facts, outermost=outermost) for i in items if self._holds(i) is not False]
                return _joined(ir.Any, kept)
            case ir.All(items):
                if any(self._holds(i) is False for i in items):
                    return None
                return _joined(ir.All, [self._held(i, facts) for i in items if not isinstance(i, ir.Not)])
            case ir.IsTrue(item):
                return self._held(item, facts, outermost=outermost)
            case ir.Named():
                return None if outermost else expr
        named = ir.facts_of(expr)
        return expr if named and set(named) <= facts and self._holds(expr) is not False else None

    # -- which alternative of a rule that holds is the one that does

    def _holds(self, expr: ir.Expr) -> bool | None:
        """True, False, or None where this cannot be told from the values alone."""
        match expr:
            case ir.FactTrue(name):
                report = self.assessment.facts.get(name)
                return report.value if report is not None and isinstance(report.value, bool) else None
            case ir.OneOf(ir.FactCode(name), values):
                report = self.assessment.facts.get(name)
                return None if report is None or not report.possible else set(report.possible) <= values
            case ir.Compare(sign, left, right):
                return _compare(sign, self._number(left), self._number(right))
            case ir.IsTrue(item):
                return self._holds(item) is True
            case ir.Not(item):
                inner = self._holds(item)
                return None if inner is None else not inner
            case ir.All(items):
                return _every([self._holds(i) for i in items])
            case ir.Any(items):
                inner = _every([None if (h := self._holds(i)) is None else not h for i in items])
                return None if inner is None else not inner
            case ir.Named("rule", name):
                return self._holds(self.words.dossier.rules[name].when.expr)
        return None

    def _number(self, expr: ir.Expr) -> Range | None:
        match expr:
            case ir.Constant(value):
                return (value, value)
            case ir.FactNumber(name):
                report = self.assessment.facts.get(name)
                if report is None or report.low is None or report.high is None:
                    return None
                return (report.low, report.high)
            case ir.Arithmetic(sign, left, right):
                a, b = self._number(left), self._number(right)
                if a is None or b is None or sign not in _ARITHMETIC:
                    return None
                found = [_ARITHMETIC[sign](x, y) for x in a for y in b]
                return (min(found), max(found))
        return None


def _joined(group: type[ir.Any] | type[ir.All], parts: Sequence[ir.Expr | None]) -> ir.Expr | None:
    kept = tuple(dict.fromkeys(p for p in parts if p is not None))
    return group(kept) if len(kept) > 1 else kept[0] if kept else None


def _compare(sign: str, left: Range | None, right: Range | None) -> bool | None:
    if left is None or right is None:
        return None
    test: Any = _LOOSE[sign]
    found = {bool(test(x, y)) for x in left for y in right}
    return found.pop() if len(found) == 1 and not any(map(math.isnan, (*left, *right))) else None


def _every(found: Sequence[bool | None]) -> bool | None:
    if any(h is False for h in found):
        return False
    return None if any(h is None for h in found) else True
