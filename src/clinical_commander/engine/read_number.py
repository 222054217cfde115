"""The number that was entered for a fact in, what it leaves possible in the fact's own unit out, or the fault.

`> 200 mL`, `30..60 mL` and `1 cup` are numbers too. Nothing is guessed: a missing unit, a fraction where a percentage
belongs and a value beyond the hard limits are refused, and the message says what was probably meant.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import date
from fractions import Fraction
from typing import Final

from clinical_commander.derive.numbers import is_fraction
from clinical_commander.dossier.model import Fact
from clinical_commander.dossier.source import Scalar
from clinical_commander.engine.entries import LONGEST_QUOTE, Faults, quote
from clinical_commander.errors import CaseError, ExpressionError
from clinical_commander.frozen import frozen, replace
from clinical_commander.quantity import (
    UNITS,
    ParsedQuantity,
    Unit,
    bounds,
    convert,
    format_quantity,
    parse_quantity,
    same_scale,
    to_double,
    unit,
)

_ONE: Final = UNITS["1"]
_YEAR: Final = UNITS["a"]
# A slip of the unit changes the number by less than this; further apart, the hint would be a guess.
_WIDEST_SLIP: Final = 1000
_FIRST_YEAR_OF_BIRTH: Final = 1890


@frozen
class Number:
    """What one statement leaves possible of a number: [low, high] in the fact's unit, and what must be confirmed."""

    low: float
    high: float
    unit: str
    warnings: tuple[str, ...] = ()


def read_number(fact: Fact, entered: Scalar, today: date, faults: Faults) -> Number | None:
    """What is left possible of a number or integer fact; None, and a fault, where the text cannot be taken.

    The bounds lie within the fact's hard limits; both ends of the limits mean that the text says nothing.

    Args:
        fact: Of kind number or integer.
        entered: The text as it stands in the case.
        today: The day assessed, to recognise a year of birth.
        faults: Takes CC601 no unit, CC602 no such unit, CC603 cannot be read, CC604 empty range, CC605 another unit,
            CC609 outside the hard limits, CC610 a fraction where a percentage belongs, CC622 not a whole number; and
            the warning CC611, outside the plausible range.
    """
    return _NumberReader(fact, entered, today, faults).read()


def unit_name(of: Unit) -> str:
    """The unit as it is written for people: `mmHg`, `years`; '' for a plain number."""
    return format_quantity(2.0, of.code, 0).removeprefix("2").strip()


class _NumberReader:
    def __init__(self, fact: Fact, entered: Scalar, today: date, faults: Faults) -> None:
        self.fact = fact
        self.own = fact.unit or _ONE
        self.decimals = 0 if fact.kind == "integer" else fact.decimals
        self.text = " ".join(entered.value.split())
        self.entered = entered
        self.today = today
        self.faults = faults

    def fault(self, code: str, cause: str, mend: str) -> None:
        self.faults.add(code, cause, mend, self.entered)

    def read(self) -> Number | None:
        if len(self.text) > LONGEST_QUOTE or not self.text.isprintable() or "`" in self.text:
            in_unit = f" in {unit_name(self.own)}" if self.own.code != "1" else ""
            self.fault("CC603", f"{quote(self.text)} is no quantity.", f"Write a number{in_unit}, or `unknown`.")
            return None
        parsed = self.parsed()
        from_unit = self.unit_of(parsed) if parsed else None
        if parsed is None or from_unit is None or self.refuse_fraction(parsed, from_unit):
            return None
        if self.fact.kind == "integer" and any(
            end is not None and end.denominator != 1 for end in (parsed.low, parsed.high)
        ):
            self.fault("CC622", f"{self.fact.id} is a whole number; {quote(self.text)} is not.", "Write the count.")
            return None
        try:
            low, high = bounds(parsed, from_unit, self.own, self.decimals, self.fact.also)
        except CaseError as error:
            self.faults.take(error.problems, self.entered)
            return None
        return self.within_limits(parsed, from_unit, low, high)

    def parsed(self) -> ParsedQuantity | None:
        try:
            return parse_quantity(self.text)
        except CaseError as error:
            problems = error.problems
            if same_scale(self.own, _ONE) and problems[0].code == "CC602":
                mend = f"{self.fact.id} has no unit: write the number alone."
                problems = (replace(problems[0], mend=mend),)
            self.faults.take(problems, self.entered)
            return None

    def unit_of(self, parsed: ParsedQuantity) -> Unit | None:
        if parsed.unit_text is not None:
            return unit(parsed.unit_text)
        if same_scale(self.own, _ONE):
            return _ONE
        if self.refuse_fraction(parsed, self.own):
            return None
        name = unit_name(self.own)
        cause = f"{self.fact.id} is a quantity in {name}, but {quote(self.text)} has no unit."
        self.fault("CC601", cause, self.year_hint(parsed.low) or f"Write `{self.text} {name}`.")
        return None

    def refuse_fraction(self, parsed: ParsedQuantity, from_unit: Unit) -> bool:
        """97 % entered as 0.97: where no plausible value is as low as 1 %, a value up to 1 is a fraction or a slip."""
        ends = [end for end in (parsed.low, parsed.high) if end is not None]
        if not is_fraction(self.fact, from_unit, ends):
            return False
        if max(ends) <= 0:
            mend = "Write the measured value; if it was not measured, write `unknown`."
            self.fault("CC610", f"{quote(self.text)} cannot be a measured {self.fact.label}.", mend)
            return True
        mend = f"Write `{self.show(ends[0] * 100)}`." if parsed.exact else "Write it in %."
        self.fault("CC610", f"{self.fact.id}: {quote(self.text)} looks like a fraction.", mend)
        return True

    def within_limits(self, parsed: ParsedQuantity, from_unit: Unit, low: float, high: float) -> Number | None:
        least, most = self.fact.limits or (-math.inf, math.inf)
        stated = [end for end in (low, high) if not math.isinf(end)]
        exact = parsed.low if parsed.low is not None else parsed.high
        assert exact is not None
        if any(not least <= end <= most for end in stated):
            cause = (
                f"{self.said(low, high, from_unit)} is outside what {self.fact.id} can be, {self.span(least, most)}."
            )
            mend = self.slips(exact, from_unit) or "Check the number and its unit."
            self.fault("CC609", cause, mend)
            return None
        low, high = max(low, least), min(high, most)
        if self.fact.kind == "integer":
            # More than 2 of a count is at least 3.
            low, high = (
                x if math.isinf(x) else float(round_(x)) for x, round_ in ((low, math.ceil), (high, math.floor))
            )
        if low > high:
            self.fault("CC604", f"{quote(self.text)} leaves no value of {self.fact.id}.", "Check both ends.")
            return None
        warnings: tuple[str, ...] = ()
        plausible = self.fact.range
        if plausible is not None and any(not plausible[0] <= end <= plausible[1] for end in stated):
            cause = f"{self.said(low, high, from_unit)} is unusual for {self.fact.id}, {self.span(*plausible)}."
            mend = " ".join(filter(None, (self.slips(exact, from_unit), self.zero_hint(exact, plausible[0]))))
            mend = mend or "It is taken as written: confirm it."
            self.faults.warn("CC611", cause, mend, self.entered)
            warnings = (f"{cause} {mend}",)
        return Number(low, high, parsed.unit_text or "", warnings)

    # -- words

    def show(self, value: Fraction | float, code: str | None = None) -> str:
        number = float(value)
        # Four significant digits: a hint is read, not computed with.
        places = self.decimals if code is None else max(0, 3 - math.floor(math.log10(abs(number)))) if number else 0
        return format_quantity(number, code or self.own.code, min(places, 6))

    def span(self, low: float, high: float) -> str:
        first = self.show(low).removesuffix(unit_name(self.own)).strip() if math.isfinite(low) else "any"
        return f"{first} to {self.show(high) if math.isfinite(high) else 'any'}"

    def said(self, low: float, high: float, from_unit: Unit) -> str:
        """The text, and what it is in the fact's unit where that is another."""
        if same_scale(from_unit, self.own) or low != high:
            return quote(self.text)
        return f"{quote(self.text)} ({self.show(low)})"

    # -- what was probably meant

    def slips(self, number: Fraction, from_unit: Unit) -> str:
        """What would make the value plausible: another unit, or a decimal point one place off. '' if neither does."""
        if year := self.year_hint(number):
            return year
        hints = []
        other = min(self.other_units(number, from_unit), default=None)
        if other is not None:
            entered = self.show(number, other[2])
            hints.append(f"If the unit is another one, write `{entered}`: that is {self.show(other[3])}.")
        for factor in (Fraction(1, 10), Fraction(10)):
            if self.plausible(convert(number * factor, from_unit, self.own, also=self.fact.also)):
                meant = format_quantity(float(number * factor), from_unit.code, 6)
                hints.append(f"If the decimal point slipped, write `{meant}`.")
        return " ".join(hints[:2])

    def other_units(self, number: Fraction, from_unit: Unit) -> Iterator[tuple[float, int, str, Fraction]]:
        """Units in which the number is plausible; least first: those of the analyte, then the nearest scale."""
        for place, code in enumerate((*self.fact.also, *UNITS)):
            other = unit(code)
            try:
                value = convert(number, other, self.own, also=self.fact.also)
                ratio = abs(self.factor(other) / self.factor(from_unit))
            except ExpressionError:
                continue
            widest = max(ratio, 1 / ratio)
            if not same_scale(other, from_unit) and widest <= _WIDEST_SLIP and self.plausible(value):
                yield 0.0 if code in self.fact.also else math.log(widest), place, code, value

    def factor(self, other: Unit) -> Fraction:
        one, none = (convert(Fraction(n), other, self.own, also=self.fact.also) for n in (1, 0))
        return one - none

    def plausible(self, value: Fraction) -> bool:
        # Zero and what rounds to it is no hint: it lies within the range of every amount.
        rounded = to_double(value, self.decimals)
        return rounded != 0 and self.fact.range is not None and self.fact.range[0] <= rounded <= self.fact.range[1]

    def year_hint(self, number: Fraction | None) -> str:
        if self.own.code != _YEAR.code or number is None or number.denominator != 1:
            return ""
        if not _FIRST_YEAR_OF_BIRTH <= number <= self.today.year:
            return ""
        return f"If {number} is the year of birth, write `{{year_of_birth: {number}}}`."

    def zero_hint(self, number: Fraction, least: float) -> str:
        return "If it was not measured, write `unknown`." if number == 0 and least > 0 else ""
