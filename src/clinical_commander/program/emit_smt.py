"""Columns in, z3 terms out: the back end for proofs. z3 is an optional extra and is imported where it is used.

Numbers are reals; that suits thresholds and products, and two literals a last bit apart are still apart.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from clinical_commander.program.columns import Column, Slot

BOUNDLESS = 10**12  # stands for infinity in the reals; far outside every fact's limits


class Terms:
    """The z3 terms of columns for one set of input variables, each made when it is first asked for.

    `inputs` maps a place of the input list to a Bool (boolean facts), a Real (numbers) or a list of Bools (codes).
    """

    def __init__(self, rows: Sequence[Column], inputs: Mapping[int, Any]) -> None:
        import z3

        self.z3 = z3
        self.inputs = inputs
        self.rows = rows
        self._made: dict[int, Any] = {}

    def __getitem__(self, index: int) -> Any:
        made = self._made.get(index)
        if made is None:
            made = self._made[index] = self._term(self.rows[index])
        return made

    def _term(self, row: Column) -> Any:
        z3, t = self.z3, self
        operator, *operands = row
        arguments: list[Any] = operands
        match operator:
            case "lit":
                return z3.BoolVal(bool(arguments[0]))
            case "num":
                return real(arguments[0])
            case "in":
                return self.inputs[arguments[0]]
            case "has":
                bits = self.inputs[arguments[0]]
                return z3.Or([bit for i, bit in enumerate(bits) if arguments[1] >> i & 1])
            case "single":
                return z3.AtMost(*self.inputs[arguments[0]], 1)
            case "not":
                return z3.Not(t[arguments[0]])
            case "and":
                return z3.And([t[i] for i in arguments])
            case "or":
                return z3.Or([t[i] for i in arguments])
            case "<":
                return t[arguments[0]] < t[arguments[1]]
            case "<=":
                return t[arguments[0]] <= t[arguments[1]]
            case "==":
                return t[arguments[0]] == t[arguments[1]]
            case "+":
                return t[arguments[0]] + t[arguments[1]]
            case "-":
                return t[arguments[0]] - t[arguments[1]]
            case "*":
                return t[arguments[0]] * t[arguments[1]]
            case "/":
                return t[arguments[0]] / t[arguments[1]]
            case "neg":
                return -t[arguments[0]]
            case "min" | "max":
                return self._extreme(operator, [t[i] for i in arguments])
            case "pick":
                return z3.If(t[arguments[0]], t[arguments[1]], t[arguments[2]])
            case "exp" | "ln" | "pow":  # a fresh number: what is proved holds whatever the function gives
                return z3.FreshReal(operator)
        raise ValueError(operator)

    def _extreme(self, operator: str, items: list[Any]) -> Any:
        found = items[0]
        for item in items[1:]:
            found = self.z3.If(item < found if operator == "min" else item > found, item, found)
        return found


def real(value: float) -> Any:
    """An exact real of a double; infinities become far numbers."""
    import z3

    if math.isinf(value):
        return z3.RealVal(int(math.copysign(BOUNDLESS, value)))
    numerator, denominator = value.as_integer_ratio()
    return z3.Q(numerator, denominator)


def variables(slots: Mapping[str, Slot], name: str) -> dict[int, Any]:
    """Fresh input variables for all slots, named after the facts and `name`."""
    import z3

    found: dict[int, Any] = {}
    for slot in slots.values():
        if slot.kind == "boolean":
            found[slot.at] = z3.Bool(f"{slot.name}.can_be_true{name}")
            found[slot.at + 1] = z3.Bool(f"{slot.name}.can_be_false{name}")
        elif slot.kind == "code":
            found[slot.at] = [z3.Bool(f"{slot.name}.{code}{name}") for code in slot.codes]
        else:
            found[slot.at] = z3.Real(f"{slot.name}.low{name}")
            found[slot.at + 1] = z3.Real(f"{slot.name}.high{name}")
    return found
