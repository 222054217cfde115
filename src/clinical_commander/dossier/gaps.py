"""Gaps in an ordered answer: known patients for whom no value of it holds, found by moving one fact at a time.

Everything else is calm meanwhile. Gaps that need two facts to move are the prover's.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from clinical_commander.dossier.complete import Patient, Value, calm, expand
from clinical_commander.dossier.load import Reading
from clinical_commander.dossier.model import Dossier, Fact, OrderedAnswer
from clinical_commander.errors import Problem
from clinical_commander.logic import ir
from clinical_commander.quantity import format_quantity


def gaps(reading: Reading, dossier: Dossier) -> Iterator[Problem]:
    """CC439 for each gap of the tier and the disposition."""
    for answer in (dossier.tier, dossier.disposition):
        yield from _gaps_of(reading, dossier, answer)


def _gaps_of(reading: Reading, dossier: Dossier, answer: OrderedAnswer) -> Iterator[Problem]:
    nodes = list(expand(dossier, [value.when.expr for value in answer.values]))
    facts = {fact: dossier.facts[fact] for node in nodes if not node.parts() for fact in ir.facts_of(node)}
    background = {fact: calm(item) for fact, item in facts.items()}
    here = reading.place("dossier.yaml", answer.id, "values")
    mend = "Let the values meet: the highest that holds is taken, so the lower need not end where the higher begins."
    if _answer(dossier, answer, background) is None:
        at_rest = f"no value of {answer.id} holds for a patient with nothing wrong."
        yield Problem("CC439", at_rest, mend, here)
        return
    for id, fact in facts.items():
        if fact.kind in ("number", "integer"):
            for says, below in _numeric(dossier, answer, background, fact, _cuts(nodes, id)):
                at = next((value.when.at for value in answer.values if value.id == below), None) or here
                yield Problem("CC439", f"no value of {answer.id} holds for `{id}` {says}, all else calm.", mend, at)
            continue
        for value in (True, False) if fact.kind == "boolean" else tuple(fact.codes):
            if _answer(dossier, answer, {**background, id: value}) is None:
                shown = f"'{value}'" if isinstance(value, str) else str(value).lower()
                yield Problem(
                    "CC439", f"no value of {answer.id} holds where `{id}` is {shown}, all else calm.", mend, here
                )


def _answer(dossier: Dossier, answer: OrderedAnswer, facts: dict[str, Value]) -> str | None:
    return Patient(dossier, facts).answer(answer)


def _cuts(nodes: list[ir.Expr], fact: str) -> list[float]:
    """The constants that a fact is compared with."""
    cuts = set()
    for node in nodes:
        match node:
            case ir.Compare(_, ir.FactNumber(name), ir.Constant(value)) | ir.Compare(
                _, ir.Constant(value), ir.FactNumber(name)
            ):
                if name == fact:
                    cuts.add(value)
            case _:
                pass
    return sorted(cuts)


def _numeric(
    dossier: Dossier, answer: OrderedAnswer, background: dict[str, Value], fact: Fact, cuts: list[float]
) -> Iterator[tuple[str, str | None]]:
    """Each gap as ("from 100 mL to 200 mL", the value that holds just below it)."""
    low, high = fact.limits or fact.range or (0.0, 0.0)
    inner = [cut for cut in cuts if low < cut < high]
    ends = [low, *inner, high]
    # Cells: the ends themselves and the open stretches between them, in order.
    cells: list[tuple[float, float]] = [(low, low)]
    for a, b in pairwise(ends):
        # Values are rounded: between 99 and 100 of a whole number there is nobody.
        cells += [(a, b), (b, b)] if b - a > 1.5 * 10**-fact.decimals else [(b, b)]
    held = [_answer(dossier, answer, {**background, fact.id: (a + b) / 2}) for a, b in cells]
    start = 0
    while start < len(cells):
        if held[start] is not None:
            start += 1
            continue
        stop = start
        while stop + 1 < len(cells) and held[stop + 1] is None:
            stop += 1
        yield _says(fact, cells[start], cells[stop]), held[start - 1] if start else None
        start = stop + 1


def _says(fact: Fact, first: tuple[float, float], last: tuple[float, float]) -> str:
    code = fact.unit.code if fact.unit else "1"
    a, b = format_quantity(first[0], code, fact.decimals), format_quantity(last[1], code, fact.decimals)
    if first == last and first[0] == first[1]:
        return f"of {a}"
    return f"{'from' if first[0] == first[1] else 'above'} {a} {'to' if last[0] == last[1] else 'to below'} {b}"
