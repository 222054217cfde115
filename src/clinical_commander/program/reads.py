"""What a condition reads only where it is known to be true: facts that can raise an answer and that nobody must ask."""

from __future__ import annotations

from clinical_commander.logic import ir
from clinical_commander.program.references import References


def modal_facts(references: References, expr: ir.Expr) -> list[str]:
    """The facts that enter a condition as `... IS TRUE`, through rules, answers and tools, in order of appearance."""
    seen: set[tuple[ir.Expr, bool]] = set()
    found: dict[str, None] = {}

    def walk(node: ir.Expr, inside: bool) -> None:
        key = (node, inside)
        if key in seen:
            return
        seen.add(key)
        if inside and isinstance(node, (ir.FactTrue, ir.FactNumber, ir.FactCode)):
            found.setdefault(node.fact)
        inside = inside or isinstance(node, (ir.IsTrue, ir.IsNotFalse))
        for part in references.inside(node):
            walk(part, inside)

    walk(expr, False)
    return list(found)
