"""A number with its unit in, what it leaves possible of a fact in the fact's own unit out, or why it is refused."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from fractions import Fraction
from typing import Final

from clinical_commander.derive.record import Refusal
from clinical_commander.dossier.model import Fact
from clinical_commander.errors import CaseError, ExpressionError
from clinical_commander.frozen import frozen
from clinical_commander.quantity import UNITS, ParsedQuantity, Unit, bounds, same_scale, unit

_ONE: Final = UNITS["1"]
NO_UNITS: Final[Mapping[str, str]] = {}


@frozen
class Bounds:
    """[low, high] in the fact's own unit, and what must be confirmed."""

    low: float
    high: float
    warnings: tuple[str, ...] = ()


def is_fraction(fact: Fact, from_unit: Unit, ends: Iterable[Fraction]) -> bool:
    """Whether 97 % was written as 0.97: where no plausible value is as low as 1 %, one up to 1 is that, or a slip."""
    own = fact.unit or _ONE
    plausible = fact.range is not None and fact.range[0] > 1
    return own.code == "%" and from_unit.code == "%" and plausible and max(ends) <= 1


def bounds_of(fact: Fact, number: ParsedQuantity, units: Mapping[str, str] = NO_UNITS) -> Bounds | Refusal:
    """What a number leaves possible of a number or integer fact.

    Args:
        fact: Of kind number or integer.
        number: As it was recorded, in its own unit.
        units: Units that this code is written with, and what they stand for.

    Returns:
        The bounds, within the hard limits. Or CC601 no unit, CC602 no such unit, CC604 nothing is left, CC605 a unit of
        another kind, CC609 beyond the hard limits, CC610 a fraction where a percentage belongs, CC622 no whole number.
    """
    own = fact.unit or _ONE
    text = number.unit_text
    text = units.get(text, text) if text is not None else None
    if text is None and not same_scale(own, _ONE):
        return Refusal("CC601", f"{fact.id} is a quantity in {own.code}, and no unit is given.")
    try:
        from_unit = unit(text) if text is not None else _ONE
    except ExpressionError:
        return Refusal("CC602", f"its unit is not one of the closed list for {fact.id}.")
    ends = [end for end in (number.low, number.high) if end is not None]
    if not ends:
        return Refusal("CC604", f"it leaves every value of {fact.id} possible.")
    if is_fraction(fact, from_unit, ends):
        return Refusal("CC610", f"{fact.id} is a percentage, and the number looks like a fraction.")
    if fact.kind == "integer" and any(end.denominator != 1 for end in ends):
        return Refusal("CC622", f"{fact.id} is a whole number, and this is none.")
    try:
        low, high = bounds(number, from_unit, own, 0 if fact.kind == "integer" else fact.decimals, fact.also)
    except CaseError as error:
        cause = "its unit does not measure" if error.problems[0].code == "CC605" else "no value is left of"
        return Refusal(error.problems[0].code, f"{cause} {fact.id}.")
    return _within(fact, low, high)


def _within(fact: Fact, low: float, high: float) -> Bounds | Refusal:
    least, most = fact.limits or (-math.inf, math.inf)
    stated = [end for end in (low, high) if math.isfinite(end)]
    if any(not least <= end <= most for end in stated):
        return Refusal("CC609", f"it is beyond what {fact.id} can be: check the number and its unit.")
    low, high = max(low, least), min(high, most)
    if fact.kind == "integer":  # more than 2 of a count is at least 3
        low = low if math.isinf(low) else float(math.ceil(low))
        high = high if math.isinf(high) else float(math.floor(high))
    if low > high or (low <= least and high >= most):
        return Refusal("CC604", f"it leaves no value of {fact.id}, or every one.")
    plausible = fact.range
    unusual = plausible is not None and any(not plausible[0] <= end <= plausible[1] for end in stated)
    return Bounds(low, high, (f"It is unusual for {fact.id}. It is taken as written: confirm it.",) if unusual else ())
