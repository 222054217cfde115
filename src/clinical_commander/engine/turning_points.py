"""The conditions of an answer in, the values of each fact that they tell apart out: cells, between cut-offs.

Inside one cell no comparison of a fact with a constant changes; so one look at each cell is a look at every value.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from fractions import Fraction
from itertools import pairwise

from clinical_commander.dossier.model import Dossier, Fact
from clinical_commander.engine.possible import Possible, unknown
from clinical_commander.frozen import frozen
from clinical_commander.logic import ir
from clinical_commander.program.references import References
from clinical_commander.quantity import unit

Bounds = Mapping[str, Possible]
"""What is possible of the facts that a computed cut-off is computed from."""
_MIRRORED: Mapping[str, str] = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "=": "="}
_AFTER: Mapping[str, tuple[bool, ...]] = {
    "<": (False,),
    ">=": (False,),
    "<=": (True,),
    ">": (True,),
    "=": (False, True),
}

_COMPUTE: Mapping[str, Callable[[float, float], float]] = {
    "+": operator.add, "-": operator.sub, "*": operator.mul, "/": operator.truediv,
}  # fmt: skip


@frozen
class Cut:
    """A number that a fact is compared with; `after`: the value itself still lies below the cut."""

    at: ir.Constant
    after: bool


@frozen
class Cell:
    """Values of one fact that no condition tells apart; of a number with the cuts at its ends, None at a limit."""

    possible: Possible
    below: Cut | None = None
    above: Cut | None = None


class TurningPoints:
    """The facts that some conditions read, in order of appearance, and their cells. Holds nothing of a patient."""

    def __init__(self, dossier: Dossier, references: References, conditions: Iterable[ir.Expr]) -> None:
        self.dossier, self.references = dossier, references
        self.facts: dict[str, None] = {}
        self._cuts: dict[str, dict[Cut, None]] = {}
        self._computed: dict[str, list[tuple[str, ir.Expr]]] = {}
        self._codes: dict[str, list[frozenset[str]]] = {}
        self._seen: set[ir.Expr] = set()
        for condition in conditions:
            self._collect(condition)

    def _collect(self, expr: ir.Expr) -> None:
        if expr in self._seen:
            return
        self._seen.add(expr)
        match expr:
            case ir.FactTrue(name) | ir.FactNumber(name) | ir.FactCode(name):
                self.facts.setdefault(name)
            case ir.OneOf(ir.FactCode(name), values):
                self._codes.setdefault(name, []).append(values)
            case ir.Compare(sign, left, right):
                self._compared(sign, left, right)
                self._compared(_MIRRORED[sign], right, left)
        for part in self.references.inside(expr):
            self._collect(part)

    def _compared(self, sign: str, side: ir.Expr, other: ir.Expr) -> None:
        match side:
            case ir.FactNumber(name) if isinstance(other, ir.Constant):
                self._cuts.setdefault(name, {}).update({Cut(other, after): None for after in _AFTER[sign]})
            case ir.FactNumber(name):
                self._computed.setdefault(name, []).append((sign, other))
            # Solved for the fact, where one step does it: pulse >= limit * pressure is pressure <= pulse / limit.
            case ir.Arithmetic("*", ir.Constant(value) as by, inner) | ir.Arithmetic(
                "*", inner, ir.Constant(value) as by
            ) if value > 0:
                self._compared(sign, inner, ir.Arithmetic("/", other, by))
            case ir.Arithmetic("-", inner, ir.Constant() as by):
                self._compared(sign, inner, ir.Arithmetic("+", other, by))
            case ir.Arithmetic("+", inner, ir.Constant() as by) | ir.Arithmetic("+", ir.Constant() as by, inner):
                self._compared(sign, inner, ir.Arithmetic("-", other, by))

    # -- cells

    def hangs_on(self, name: str) -> Sequence[str]:
        """The facts that cut-offs of a fact are computed from."""
        return list(dict.fromkeys(f for _, other in self._computed.get(name, ()) for f in ir.facts_of(other)))

    def cells(self, name: str, known: Bounds) -> Sequence[Cell]:
        """The cells of a fact, those of a number from the lowest; `known` gives the numbers that cut-offs hang on."""
        fact = self.dossier.facts[name]
        if fact.kind == "boolean":
            return [Cell(Possible(truths=frozenset({truth}))) for truth in (True, False)]
        if fact.kind == "code":
            groups: dict[tuple[bool, ...], set[str]] = {}
            for code in fact.codes:
                groups.setdefault(tuple(code in values for values in self._codes.get(name, ())), set()).add(code)
            return [Cell(Possible(codes=frozenset(codes))) for codes in groups.values()]
        return list(self._of_number(fact, known))

    def _of_number(self, fact: Fact, known: Bounds) -> Iterator[Cell]:
        decimals = 0 if fact.kind == "integer" else fact.decimals
        everything = unknown(fact)
        starts: dict[float, Cut] = {}
        for cut in (*self._cuts.get(fact.id, ()), *self._at_computed(fact, known)):
            start = _first(cut, decimals)
            if everything.low < start <= everything.high:
                starts.setdefault(start, cut)
        ends = [(everything.low, None), *sorted(starts.items(), key=lambda s: s[0]), (math.inf, None)]
        for (low, below), (next_low, above) in pairwise(ends):
            high = everything.high if above is None else _before(next_low, decimals)
            yield Cell(Possible(low=low, high=high), below, above)

    def _at_computed(self, fact: Fact, known: Bounds) -> Iterator[Cut]:
        """The ends of a number that the fact is compared with and that hangs on other facts."""
        measure = fact.unit or unit("1")
        for sign, other in self._computed.get(fact.id, ()):
            ends = _range(other, known)
            for end in dict.fromkeys(ends or ()):
                if math.isfinite(end):
                    yield from (Cut(ir.Constant(end, measure), after) for after in _AFTER[sign])


def joined(cells: Sequence[Cell]) -> Cell:
    """Neighbouring cells as one; of codes and truths any cells."""
    parts = [cell.possible for cell in cells]
    if parts[0].codes or parts[0].truths:
        codes, truths = (frozenset().union(*found) for found in ([p.codes for p in parts], [p.truths for p in parts]))
        return Cell(Possible(codes=codes, truths=truths))
    return Cell(Possible(low=parts[0].low, high=parts[-1].high), cells[0].below, cells[-1].above)


def says(fact: Fact, cell: Cell) -> ir.Expr:
    """That a fact lies in a cell, as a condition."""
    if fact.kind == "boolean":
        expr: ir.Expr = ir.FactTrue(fact.id)
        return expr if True in cell.possible.truths else ir.Not(expr)
    if fact.kind == "code":
        return ir.OneOf(ir.FactCode(fact.id), cell.possible.codes)
    number, measure = ir.FactNumber(fact.id), fact.unit or unit("1")
    parts: list[ir.Expr] = []
    # A computed cut may lie between two values that are recorded: the value beside it is said.
    if cell.below is not None and cell.below.at.name is None:
        parts.append(ir.Compare(">=", number, ir.Constant(cell.possible.low, measure)))
    elif cell.below is not None:
        parts.append(ir.Compare(">" if cell.below.after else ">=", number, cell.below.at))
    if cell.above is not None and cell.above.at.name is None:
        parts.append(ir.Compare("<=", number, ir.Constant(cell.possible.high, measure)))
    elif cell.above is not None:
        parts.append(ir.Compare("<=" if cell.above.after else "<", number, cell.above.at))
    return parts[0] if len(parts) == 1 else ir.All(tuple(parts))


def _first(cut: Cut, decimals: int) -> float:
    """The first recorded value that lies above a cut."""
    scaled = Fraction(cut.at.value) * 10**decimals
    whole: int = math.floor(scaled)
    step = whole + 1 if cut.after or whole != scaled else whole
    return step / float(10**decimals)


def _before(value: float, decimals: int) -> float:
    """The recorded value before another."""
    scale = float(10**decimals)
    return (round(value * scale) - 1) / scale


def _range(expr: ir.Expr, known: Bounds) -> tuple[float, float] | None:
    """The least and the greatest that a number computed from facts can be; None where that is not told."""
    match expr:
        case ir.Constant(value):
            return value, value
        case ir.FactNumber(name) if name in known:
            return known[name].low, known[name].high
        case ir.Arithmetic(sign, left, right):
            a, b = _range(left, known), _range(right, known)
            if a is None or b is None or not all(map(math.isfinite, (*a, *b))) or (sign == "/" and b[0] <= 0):
                return None
            ends = [_COMPUTE[sign](x, y) for x in a for y in b]
            return min(ends), max(ends)
    return None
