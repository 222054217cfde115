"""Tools in, columns out: where the value, the items, the bands and the readings of each tool are in a program."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

from clinical_commander.dossier import tool_terms
from clinical_commander.dossier.model import Tool
from clinical_commander.logic import ir
from clinical_commander.program.columns import Pair
from clinical_commander.program.exact import ExactLowering
from clinical_commander.program.program import ToolColumns


def prepare(lowering: ExactLowering, tools: Mapping[str, Tool]) -> None:
    """Tell a lowering which numbers to look at as a whole, and which way the authors of formulas say that they move."""
    for tool in tools.values():
        for wanted in tool.counts:
            lowering.add_total(f"count:{tool.id}.{wanted.id}", tool_terms.count(tool, wanted))
        value = tool_terms.value(tool)
        if value is not None and tool.monotone:
            lowering.corners[value] = tool.monotone
        for number in _compared_twice(tool):
            lowering.add_total(f"number:{tool.id}.{len(lowering.totals)}", number)


def _compared_twice(tool: Tool) -> Iterator[ir.Expr]:
    """The computed numbers that a tool compares with more than one constant: a ratio with its limits."""
    times = Counter(
        node.left
        for expr in tool_terms.expressions(tool)
        for node in expr.walk()
        if isinstance(node, ir.Compare) and isinstance(node.left, ir.Arithmetic) and isinstance(node.right, ir.Constant)
    )
    yield from (number for number, found in times.items() if found > 1)


def columns(lowering: ExactLowering, tool: Tool, tools: Mapping[str, Tool]) -> ToolColumns:
    """Lower everything that is shown of a tool."""
    applies = lowering.root(tool_terms.applies(tool, tools), f"domain of {tool.id}")
    if tool.withheld:
        return ToolColumns(applies)
    value = tool_terms.value(tool)
    rows = tool_terms.codes(tool.rows)
    return ToolColumns(
        applies,
        value=lowering.total(value) if value is not None else None,
        codes={code: lowering.root(e, f"tool {tool.id} {code}") for code, e in rows.items()},
        items=tuple(lowering.total(tool_terms.points(item)) for item in tool.items),
        counts={c.id: lowering.total(tool_terms.count(tool, c)) for c in tool.counts},
        # Not split: the ends of the value are exact, and so is whether one band is left.
        bands=tuple(lowering.condition(e) for e in tool_terms.bands(tool).values()),
        readings=tuple(
            {code: _reading(lowering, tool, e, f"{r.id} {code}") for code, e in tool_terms.codes(r.rows).items()}
            for r in tool.readings
        ),
        numbers={r.id: lowering.total(r.number.expr) for r in tool.readings if r.number is not None},
    )


def _reading(lowering: ExactLowering, tool: Tool, expr: ir.Expr, label: str) -> Pair:
    # Of a number the codes of a reading are bands too, and not split either.
    return lowering.condition(expr) if tool.gives_number else lowering.root(expr, f"{tool.id} {label}")
