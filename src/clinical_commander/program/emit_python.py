"""Columns in, a Python function out: the one-patient back end."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

from clinical_commander.program.arithmetic import divide, exp, ln, power, times
from clinical_commander.program.columns import Column, Continue, Evaluate


def compile_columns(rows: Sequence[Column]) -> Evaluate:
    """A function from the input slots to the values of all columns, in order."""
    made: Evaluate = _compile(source(rows, 0))
    return made


def compile_more(rows: Sequence[Column], start: int) -> Continue:
    """A function from the input slots and the first `start` columns to the values of all columns."""
    made: Continue = _compile(source(rows, start))
    return made


def _compile(text: str) -> Any:
    names: dict[str, Any] = {
        "inf": math.inf,
        "exp": exp,
        "ln": ln,
        "power": power,
        "divide": divide,
        "times": times,
    }
    exec(compile(text, "<program>", "exec"), names)
    return names["evaluate"]


def source(rows: Sequence[Column], start: int) -> str:
    """The text of the function: one assignment a column."""
    lines = [f"def evaluate(x{', c' if start else ''}):"]

    def ref(index: object) -> str:
        assert isinstance(index, int)
        row = rows[index]
        if row[0] == "num":
            value = row[1]
            assert isinstance(value, float)
            return f"({value!r})" if value < 0 else repr(value)
        if row[0] == "lit":
            return "True" if row[1] else "False"
        return f"c[{index}]" if index < start else f"c{index}"

    for index in range(start, len(rows)):
        lines.append(f"    c{index} = {_expression(rows[index], ref)}")
    made = ", ".join(f"c{i}" for i in range(start, len(rows)))
    lines.append(f"    return [*c, {made}]" if start else f"    return [{made}]")
    return "\n".join(lines)


def _expression(row: Column, ref: Callable[[object], str]) -> str:
    operator, *operands = row
    match operator:
        case "lit":
            return "True" if operands[0] else "False"
        case "num":
            return repr(operands[0])
        case "in":
            return f"x[{operands[0]}]"
        case "has":
            return f"x[{operands[0]}] & {operands[1]} != 0"
        case "single":
            return f"x[{operands[0]}] & (x[{operands[0]}] - 1) == 0"
        case "not":
            return f"not {ref(operands[0])}"
        case "neg":
            return f"-{ref(operands[0])}"
        case "and" | "or":
            return f" {operator} ".join(ref(o) for o in operands)
        case "<" | "<=" | "==" | "+" | "-":
            return f"{ref(operands[0])} {operator} {ref(operands[1])}"
        case "*":
            return f"times({ref(operands[0])}, {ref(operands[1])})"
        case "/":
            return f"divide({ref(operands[0])}, {ref(operands[1])})"
        case "min" | "max" | "exp" | "ln":
            return f"{operator}({', '.join(ref(o) for o in operands)})"
        case "pow":
            return f"power({ref(operands[0])}, {ref(operands[1])})"
        case "pick":
            return f"{ref(operands[1])} if {ref(operands[0])} else {ref(operands[2])}"
    raise ValueError(operator)
