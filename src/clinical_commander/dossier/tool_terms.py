"""A tool in, what its parts mean out: points, counts and totals as numbers, rows and bands as conditions.

Everything is an expression of the rule language, so that every back end runs a tool without knowing that it is one.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import product

from clinical_commander.dossier.model_tools import Band, Count, Group, Tool, ToolItem, ToolRow
from clinical_commander.logic import ir
from clinical_commander.quantity import unit

_ONE = unit("1")
_OPPOSITE = {"<": ">=", "<=": ">", ">": "<=", ">=": "<"}


def constant(value: float) -> ir.Constant:
    """A plain number."""
    return ir.Constant(float(value), _ONE)


# --- numbers


def points(item: ToolItem) -> ir.Expr:
    """The points of an item: those of its first level that holds, 0 where none does.

    An assumed item counts 0 until its facts decide its points.
    """
    levels = tuple((level.when.expr, constant(level.points)) for level in item.levels)
    found = ir.Choice(levels, constant(0))
    return ir.Choice(((ir.IsKnown(found), found),), constant(0)) if item.assumed else found


def holds(item: ToolItem, enough: Callable[[float], bool] = bool) -> ir.Expr:
    """The condition that an item gives points that are `enough`: any at all, where nothing else is said."""
    ways: list[ir.Expr] = []
    for i, level in enumerate(item.levels):
        if enough(level.points):
            earlier = [before.when.expr for before in item.levels[:i] if not enough(before.points)]
            ways.append(_without(level.when.expr, earlier))
    found = _any(ways)
    return ir.IsTrue(found) if item.assumed else found


def count(tool: Tool, wanted: Count) -> ir.Expr:
    """How many of the items of a count hold, or have enough points."""
    least = wanted.at_least
    enough: Callable[[float], bool] = bool if least is None else lambda found: found >= least
    items = {item.id: item for item in tool.items}
    return _sum([ir.Choice(((holds(items[id], enough), constant(1)),), constant(0)) for id in wanted.items])


def value(tool: Tool) -> ir.Expr | None:
    """The number of a tool: its formula, or the sum of base, items and capped groups; None where it gives a code."""
    if not tool.gives_number or tool.withheld:
        return None
    if tool.formula is not None:
        return tool.formula.expr
    known = {group.id for group in tool.groups}
    terms = [tool.base.expr] if tool.base is not None else []
    terms += [points(item) for item in tool.items if item.group not in known]
    terms += [capped(group, [i for i in tool.items if i.group == group.id]) for group in tool.groups]
    return _sum(terms)


def capped(group: Group, items: Sequence[ToolItem]) -> ir.Expr:
    """The sum of the items of a group, held to its caps."""
    found = _sum([points(item) for item in items])
    if group.max is not None:
        found = ir.Function("LEAST", (found, constant(group.max)))
    if group.min is not None:
        found = ir.Function("GREATEST", (found, constant(group.min)))
    return found


def _sum(terms: Sequence[ir.Expr]) -> ir.Expr:
    if not terms:
        return constant(0)
    found = terms[0]
    for term in terms[1:]:
        found = ir.Arithmetic("+", found, term)
    return found


# --- codes and bands


def codes(rows: Sequence[ToolRow]) -> dict[str, ir.Expr]:
    """For each code the condition under which it is the value: one of its rows holds, and none before it of another."""
    ways: dict[str, list[ir.Expr]] = {}
    for i, row in enumerate(rows):
        earlier = [before.when.expr for before in rows[:i] if before.value != row.value]
        ways.setdefault(row.value, []).append(_without(row.when.expr, earlier))
    return {code: _any(found) for code, found in ways.items()}


def some_row(rows: Sequence[ToolRow]) -> ir.Expr:
    """The condition that any row holds at all."""
    whens = [row.when.expr for row in rows]
    return ir.Truth(True) if ir.Truth(True) in whens else _any(whens)


def bands(tool: Tool) -> dict[str, ir.Expr]:
    """For each band the condition under which the number lies in it."""
    number = value(tool)
    return {} if number is None else {band.id: band_condition(band, number) for band in tool.bands}


def band_condition(band: Band, number: ir.Expr) -> ir.Expr:
    """All bounds of a band hold of a number, and its `when` does."""
    parts: list[ir.Expr] = [
        ir.Compare(sign, number, constant(bound))
        for sign, bound in ((">=", band.at_least), (">", band.above), ("<=", band.at_most), ("<", band.below))
        if bound is not None
    ]
    if band.when is not None:
        parts.append(band.when.expr)
    return parts[0] if len(parts) == 1 else ir.All(tuple(parts))


def _any(ways: Sequence[ir.Expr]) -> ir.Expr:
    if not ways:
        return ir.Truth(False)
    return ways[0] if len(ways) == 1 else ir.Any(tuple(ways))


def _without(condition: ir.Expr, earlier: Sequence[ir.Expr]) -> ir.Expr:
    """The condition, and none of the earlier ones that could hold with it."""
    # An exclusion that says nothing new would make facts stand both ways, and the bounds coarser.
    excluded = tuple(ir.negate(before) for before in earlier if not exclusive(before, condition))
    if condition == ir.Truth(True) and excluded:
        return excluded[0] if len(excluded) == 1 else ir.All(excluded)
    return ir.All((condition, *excluded)) if excluded else condition


def exclusive(one: ir.Expr, other: ir.Expr) -> bool:
    """Whether two conditions plainly cannot hold together; False where that takes more than a look at their parts."""
    return any(_opposed(a, b) for a, b in product(_parts(one), _parts(other)))


def _parts(expr: ir.Expr) -> Iterator[ir.Expr]:
    if isinstance(expr, ir.All):
        for item in expr.items:
            yield from _parts(item)
    else:
        yield expr


def _opposed(one: ir.Expr, other: ir.Expr) -> bool:
    if ir.negate(one) == other or ir.negate(other) == one:
        return True
    match one, other:
        case ir.OneOf(a, some), ir.OneOf(b, others):
            return a == b and not some & others
        case (ir.OneOf(a, some), ir.Not(ir.OneOf(b, others))) | (ir.Not(ir.OneOf(b, others)), ir.OneOf(a, some)):
            return a == b and some <= others
        case ir.Compare(sign, a, x), ir.Compare(other_sign, b, y) if a == b:
            if x == y and _OPPOSITE.get(sign) == other_sign:
                return True
            return (
                isinstance(x, ir.Constant) and isinstance(y, ir.Constant) and _apart(sign, x.value, other_sign, y.value)
            )
    return False


def _apart(sign: str, bound: float, other_sign: str, other: float) -> bool:
    """No number is `sign bound` and `other_sign other`."""
    low = max(_end(sign, bound, ">"), _end(other_sign, other, ">"))
    high = min(_end(sign, bound, "<"), _end(other_sign, other, "<"))
    return low > high


def _end(sign: str, bound: float, side: str) -> tuple[float, int]:
    """The low (`>`) or high (`<`) end of the numbers that are `sign bound`; an open end lies a step inwards."""
    inwards = 1 if side == ">" else -1
    if sign.startswith(side):
        return bound, 0 if sign.endswith("=") else inwards
    return (bound, 0) if sign == "=" else (-inwards * math.inf, 0)


# --- everything in a tool


def deciding(tool: Tool) -> Iterator[ir.Expr]:
    """The expressions that decide a tool's value and whether it applies, as they are written."""
    if tool.applies_when is not None:
        yield tool.applies_when.expr
    for item in tool.items:
        yield from (level.when.expr for level in item.levels)
    yield from (formula.expr for formula in (tool.base, tool.formula) if formula is not None)
    yield from (row.when.expr for row in tool.rows)


def expressions(tool: Tool) -> Iterator[ir.Expr]:
    """All expressions of a tool: also those of its bands and readings."""
    yield from deciding(tool)
    yield from (band.when.expr for band in tool.bands if band.when is not None)
    yield from (row.when.expr for reading in tool.readings for row in reading.rows)
    yield from (reading.number.expr for reading in tool.readings if reading.number is not None)


def tools_in(expr: ir.Expr) -> list[str]:
    """The tools that an expression names, each once."""
    names = {node.tool: None for node in expr.walk() if isinstance(node, (ir.ToolNumber, ir.ToolCode))}
    return list(names)


def existence(number: ir.Expr, applies: Callable[[str], ir.Expr]) -> ir.Expr:
    """The condition under which a number exists: every tool it is made of applies, in the branch of CASE that is taken.

    Args:
        number: Any number.
        applies: The condition under which a tool has a number, by the tool's id.
    """
    match number:
        case ir.ToolNumber(tool):
            return applies(tool)
        case ir.Choice(branches, otherwise):
            found = [existence(value, applies) for value in (*(value for _, value in branches), otherwise)]
            if all(one == ir.Truth(True) for one in found):
                return ir.Truth(True)
            conditions = [condition for condition, _ in branches] + [ir.Truth(True)]
            return _any([_taken(conditions, i, one) for i, one in enumerate(found)])
    parts = dict.fromkeys(existence(part, applies) for part in number.parts())
    wanted = tuple(part for part in parts if part != ir.Truth(True))
    if not wanted:
        return ir.Truth(True)
    return wanted[0] if len(wanted) == 1 else ir.All(wanted)


def _taken(conditions: Sequence[ir.Expr], index: int, exists: ir.Expr) -> ir.Expr:
    """This branch of a CASE is the one that is taken, and its number exists."""
    return ir.All((*(ir.Not(earlier) for earlier in conditions[:index]), conditions[index], exists))


def applies(tool: Tool, tools: Mapping[str, Tool]) -> ir.Expr:
    """The condition under which a tool has a value: its own domain, and that of every tool its number is made of."""
    own = [tool.applies_when.expr] if tool.applies_when is not None else []
    number = value(tool)
    used = existence(number, lambda name: applies(tools[name], tools)) if number is not None else ir.Truth(True)
    if used != ir.Truth(True):
        own.append(used)
    if not own:
        return ir.Truth(True)
    return own[0] if len(own) == 1 else ir.All(tuple(own))
