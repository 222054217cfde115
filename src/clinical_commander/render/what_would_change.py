"""Counterfactuals in, one sentence each out: "if the oxygen saturation is below 90 %: massive bleeding"."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from clinical_commander.dossier.model import Dossier
from clinical_commander.engine.counterfactual import Change, Counterfactual
from clinical_commander.frozen import replace
from clinical_commander.logic import ir
from clinical_commander.logic.prose import prose
from clinical_commander.render.layout import Page
from clinical_commander.render.words import Words, inside, titles

GROUP = "counterfactual"
WAYS = ("settles", "raises", "lowers")


def what_would_change(found: Iterable[Counterfactual], words: Words, page: Page) -> None:
    """Write the statements on a page, by what they do to the tier."""
    told = list(found)
    if not told:
        return
    page.heading(words.heading(GROUP))
    for way in WAYS:
        of_this = [c for c in told if c.way == way]
        if of_this:
            page.text(words.name(GROUP, way), 2, "quiet")
        for one in of_this:
            page.item(sentence(one, words), indent=4)


def what_would_change_text(
    found: Sequence[Counterfactual], dossier: Dossier, width: int, colour: bool, unicode: bool
) -> str:
    """The statements as text."""
    page = Page(width, colour=colour, unicode=unicode)
    what_would_change(found, Words(dossier), page)
    return str(page)


def what_would_change_data(found: Iterable[Counterfactual], words: Words) -> list[dict[str, Any]]:
    """The statements as plain data: each change by its fact, with the values that would then be possible."""
    return [
        {
            "way": c.way,
            "tier": c.tier,
            "changes": [_data(change, words) for change in c.changes],
            "text": sentence(c, words),
        }
        for c in found
    ]


def sentence(one: Counterfactual, words: Words) -> str:
    """What would have to be known, and the tier that it makes."""
    tier = inside(titles(words.dossier.tier)[one.tier])
    clauses = [_clause(change, words) for change in one.changes]
    key = "if" if len(clauses) == 1 else "if_all"
    return words.say(key, "; ".join(clauses), tier, group=GROUP)


def _clause(change: Change, words: Words) -> str:
    """One change as a clause, by its number and not by the name of the limit: what is compared is what is measured."""
    match change.says:
        case ir.All((ir.Compare(">=", number, ir.Constant() as low), ir.Compare("<", _, ir.Constant() as high))):
            ends = (words.vocabulary.quantity(end.value, end.unit.code) for end in (low, high))
            return words.say("from_to", prose(number, words.vocabulary), *ends, group=GROUP)
        case expr:
            return prose(_plain(expr), words.vocabulary)


def _plain(expr: ir.Expr) -> ir.Expr:
    match expr:
        case ir.Constant():
            return replace(expr, name=None)
        case ir.Compare(sign, left, right):
            return ir.Compare(sign, left, _plain(right))
        case ir.All(items):
            return ir.All(tuple(map(_plain, items)))
    return expr


def _data(change: Change, words: Words) -> dict[str, Any]:
    fact, possible = words.dossier.facts[change.fact], change.possible
    found: dict[str, Any] = {"fact": change.fact}
    if fact.kind == "boolean":
        found["value"] = True in possible.truths
    elif fact.kind == "code":
        found["possible"] = [code for code in fact.codes if code in possible.codes]
    else:
        low, high = fact.limits or (float("-inf"), float("inf"))
        found["low"] = None if possible.low == low else possible.low
        found["high"] = None if possible.high == high else possible.high
        found["unit"] = fact.unit.code if fact.unit else ""
    return found
