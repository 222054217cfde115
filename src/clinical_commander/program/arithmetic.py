"""The arithmetic of columns: of the ends of ranges, where infinity is an end and no value, and nothing is ever NaN."""

from __future__ import annotations

import math


def times(a: float, b: float) -> float:
    """The product; 0 times the end of a range is 0."""
    return a * b if a and b else 0.0


def divide(a: float, b: float) -> float:
    """The quotient; what x/0 and inf/inf stand for as ends of a range."""
    if b == 0:
        return 0.0 if a == 0 else math.copysign(math.inf, a)
    return 0.0 if math.isinf(a) and math.isinf(b) else a / b


def exp(a: float) -> float:
    """E to the power of a number, or infinity."""
    return math.exp(a) if a < 709 else math.inf


def ln(a: float) -> float:
    """The natural logarithm; minus infinity at zero and below."""
    return math.log(a) if a > 0 else -math.inf


def power(a: float, b: float) -> float:
    """A power; infinity where it is none or too large."""
    if a < 0 or (a == 0 and b < 0):
        return math.inf
    try:
        return math.pow(a, b)
    except OverflowError:
        return math.inf
