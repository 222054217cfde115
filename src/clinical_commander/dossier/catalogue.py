"""catalogue/*.yaml in, the vocabulary out: facts, constraints, actions, conflicts, words."""

from __future__ import annotations

import math
from collections.abc import Mapping
from fractions import Fraction

from clinical_commander.dossier.model import (
    Action,
    Allowed,
    Citation,
    Constraint,
    Contraindication,
    Fact,
    Order,
)
from clinical_commander.dossier.model_parts import Follows
from clinical_commander.dossier.reader import Reader
from clinical_commander.dossier.resolve import Resolver
from clinical_commander.dossier.source import Node, Scalar, Sequence
from clinical_commander.errors import ClinicalCommanderError, Problem
from clinical_commander.logic.check import Context
from clinical_commander.quantity import bounds, unit

KINDS = ("boolean", "number", "integer", "code")
FOLLOWS = ("done", "hours_since", "hours_from")
VERBS = (
    "start",
    "stop",
    "hold",
    "give",
    "perform",
    "order",
    "position",
    "isolate",
    "monitor",
    "refer",
    "educate",
    "avoid",
)
PRIORITIES = ("stat", "urgent", "routine")


# --- facts


def read_facts(node: Node, resolver: Resolver) -> tuple[dict[str, Fact], dict[str, dict[str, float]], list[Constraint]]:
    """facts.yaml: the facts by id, the freshness windows in hours, and what one fact implies about another."""
    reader = Reader(node, "the fact catalogue", resolver.problems)
    freshness = {}
    for name, (_, windows) in reader.mapping("freshness").items():
        freshness[name] = _windows(Reader(windows, f"freshness class `{name}`", resolver.problems), resolver)
    facts = {key.name: _fact(key.name, item, freshness, resolver) for key, item in reader.named("facts", "fact")}
    _check_follows(facts, resolver)
    constraints = [_constraint(id, item, facts, resolver) for id, item in reader.listed("constraints", "constraint")]
    reader.done()
    return facts, freshness, constraints


def _windows(reader: Reader, resolver: Resolver) -> dict[str, float]:
    windows = {}
    for circumstance in reader.items:
        found = resolver.exact(
            reader.expression(circumstance), f"the window `{circumstance}` of {reader.what}", unit("h")
        )
        if found:
            windows[circumstance] = found[0]
    return windows


def _fact(id: str, item: Reader, freshness: Mapping[str, object], resolver: Resolver) -> Fact:
    kind = item.choice("type", KINDS)
    unit_text = item.text_or_none("unit")
    numeric = kind in ("number", "integer")
    if numeric and unit_text is None and kind == "number":
        item.problem("CC402", f"{item.what} is a number without unit.", "Add `unit:`; `1` for a plain number.")
    own = resolver.unit(unit_text, item.place("unit")) if numeric else None
    fact = Fact(
        id,
        kind,
        label=item.text("label"),
        says=item.text("says"),
        says_not=item.text_or("says_not", ""),
        ask=item.text_or("ask", ""),
        unit=own,
        decimals=item.integer_or("decimals", 0),
        range=item.pair("range"),
        limits=item.pair("limits"),
        codes=read_codes(item, "values"),
        freshness=item.choice("freshness", freshness, "history" if "history" in freshness else None),
        worse=_worse(item, kind),
        also=_also(item, resolver) if numeric else {},
        source=resolver.source(item),
        at=item.at,
        follows=_follows(item),
    )
    if kind == "code" and not fact.codes:
        item.problem("CC402", f"{item.what} is a code without values.", "Add `values: {code: what it says}`.")
    if numeric and not item.has("range"):
        item.problem(
            "CC402",
            f"{item.what} has no `range`.",
            "Add the plausible range `[low, high]`: it catches slips of the unit.",
        )
    if fact.range and fact.limits and not fact.limits[0] <= fact.range[0] <= fact.range[1] <= fact.limits[1]:
        item.problem(
            "CC405", f"the range of {item.what} lies outside its limits.", "Widen the limits.", item.place("range")
        )
    if kind == "boolean" and not fact.says_not:
        item.problem("CC402", f"{item.what} has no `says_not`.", "Add how a sentence says that it is not so.")
    item.done()
    return fact


def _follows(item: Reader) -> Follows | None:
    said = item.reader_or_none("follows", f"`follows` of {item.what}")
    if said is None:
        return None
    kinds = [kind for kind in FOLLOWS if said.has(kind)]
    if len(kinds) != 1:
        said.problem("CC402", f"{item.what} follows from {'nothing' if not kinds else 'two things'}.",
                     f"Write one of: {', '.join(FOLLOWS)}.")  # fmt: skip
        said.done()
        return None
    found = Follows(kinds[0], said.text(kinds[0]), said.text("to") if kinds[0] == "hours_from" else "")
    said.done()
    return found


def _check_follows(facts: Mapping[str, Fact], resolver: Resolver) -> None:
    """Each series must be of a fact that there is, of the kind and unit that the follower has."""
    for fact in facts.values():
        follows = fact.follows
        if follows is None:
            continue
        source = facts.get(follows.to)
        fits = {
            "done": fact.kind == "boolean",
            "hours_since": fact.unit is not None and fact.unit.code == "h",
            "hours_from": source is not None and source.kind == "boolean" and fact.unit is not None
            and fact.unit.code == "h",
        }  # fmt: skip
        if not fits[follows.kind]:
            cause = f"{fact.id} cannot follow from {follows.of}{' and ' + follows.to if follows.to else ''}."
            mend = "Hours have the unit `h`, and what was done is a boolean."
            resolver.problems.append(Problem("CC402", cause, mend, fact.at))


def read_codes(item: Reader, key: str) -> dict[str, str]:
    """Codes with what they say; a bare list says its codes."""
    found = item.node_or_none(key)
    if isinstance(found, Sequence):
        return {code: code.replace("_", " ") for code in item.texts(key)}
    reader = Reader(found, f"`{key}` of {item.what}", item.problems) if found is not None else None
    return {code: reader.text(code) for code in reader.items} if reader else {}


def _worse(item: Reader, kind: str) -> str:
    found = item.node_or_none("worse")
    if found is None:
        return ""
    word = found.value if isinstance(found, Scalar) else ""
    allowed = ("true", "false") if kind == "boolean" else ("low", "high")
    if word not in allowed or kind == "code":
        mend = "A code has no worse end." if kind == "code" else f"Write one of: {', '.join(allowed)}."
        item.problem("CC406", f"`worse: {word}` does not fit {item.what}.", mend, found.at)
        return ""
    return word


def _also(item: Reader, resolver: Resolver) -> dict[str, Fraction]:
    reader = item.reader_or_none("also", f"`also` of {item.what}")
    factors = {}
    for code in reader.items if reader else ():
        text = reader.text(code) if reader else ""
        try:
            above, _, below = text.partition("/")
            factors[resolver.unit(code, item.place("also")).code] = Fraction(above) / Fraction(below or "1")
        except (ValueError, ZeroDivisionError):
            item.problem(
                "CC405",
                f"`{text}` is not an exact factor.",
                "Write digits, or a ratio such as `1/88.42`.",
                item.place("also"),
            )
    return factors


def _constraint(id: str, item: Reader, facts: Mapping[str, Fact], resolver: Resolver) -> Constraint:
    resolver.facts = facts
    constraint = Constraint(
        id,
        given=_allowed(item, "if", resolver),
        then=_allowed(item, "then", resolver),
        wins=item.boolean_or("wins", False),
        source=resolver.source(item),
    )
    item.done()
    return constraint


def read_givens(head: Reader, resolver: Resolver) -> tuple[Constraint, ...]:
    """`givens:` of dossier.yaml: what holds of each of its patients, as constraints without a premise."""
    item = head.reader_or_none("givens", "the givens of the dossier")
    if item is None:
        return ()
    facts, source = _allowed(item, "facts", resolver), resolver.source(item)
    item.done()
    return tuple(
        Constraint(f"given_{name}", given={}, then={name: allowed}, wins=True, source=source)
        for name, allowed in facts.items()
    )


def _allowed(item: Reader, key: str, resolver: Resolver) -> dict[str, Allowed]:
    allowed: dict[str, Allowed] = {}
    for name, (fact_key, node) in item.mapping(key).items():
        if resolver.known_fact(name, fact_key.at):
            found = allowed_values(node, resolver.facts[name], resolver, f"`{name}` of {item.what}")
            if found is not None:
                allowed[name] = found
    return allowed


def allowed_values(node: Node, fact: Fact, resolver: Resolver, what: str) -> Allowed | None:
    """What a text leaves of a fact: `true`, a code or a list of codes, a quantity such as `100..150 mL`."""
    if fact.kind == "boolean":
        if isinstance(node, Scalar) and isinstance(node.meaning, bool):
            return node.meaning
        shown = f"`{node.value}`" if isinstance(node, Scalar) else "this"
        resolver.problem("CC404", f"{what} is true or false; {shown} is neither.", "Write `true` or `false`.", node.at)
        return None
    if fact.kind == "code":
        scalars = node.items if isinstance(node, Sequence) else (node,)
        codes = [
            s
            for s in scalars
            if isinstance(s, Scalar) and resolver.known(s.value, fact.codes, f"code of `{fact.id}`", s.at)
        ]
        return frozenset(code.value for code in codes) if codes else None
    parsed = resolver.quantity(node) if isinstance(node, Scalar) else None
    if parsed is None:
        return None
    own = fact.unit or unit("1")
    if parsed.unit_text is None and own.dimension:
        resolver.problem("CC202", f"{what} is a quantity in {own.code} and has no unit.", "Add the unit.", node.at)
        return None
    try:
        low, high = bounds(parsed, resolver.unit(parsed.unit_text, node.at), own, fact.decimals, also=fact.also)
    except ClinicalCommanderError as error:
        resolver.problems.extend(error.problems)
        return None
    limits = fact.limits or fact.range or (-math.inf, math.inf)
    return max(low, limits[0]), min(high, limits[1])


# --- actions and conflicts


def read_actions(node: Node, resolver: Resolver) -> dict[str, Reader]:
    """actions.yaml: a reader for each action by id; their conditions need the names of a dossier."""
    reader = Reader(node, "the action catalogue", resolver.problems)
    actions = {key.name: item for key, item in reader.named("actions", "action")}
    reader.done()
    return actions


def read_action(id: str, item: Reader, resolver: Resolver) -> Action:
    """One action, its contraindications typed with the names of the dossier that uses it."""
    source = resolver.source(item)
    orders = []
    for node in item.sequence("orders"):
        order = Reader(node, f"an order of {item.what}", item.problems)
        orders.append(_order(order, resolver))
    contraindications = []
    for node in item.sequence("contraindications"):
        against = Reader(node, f"a contraindication of {item.what}", item.problems)
        when = resolver.condition(against.expression("when"), Context.STEP)
        contraindications.append(
            Contraindication(when, against.text("text"), resolver.source(against, inherited=source))
        )
        against.done()
    item.choice("priority_default", PRIORITIES, "routine")
    action = Action(
        id,
        verb=item.choice("verb", VERBS),
        target=item.text("target"),
        label=item.text("label"),
        text=item.text_or("text", ""),
        who=item.text_or("who", ""),
        orders=tuple(orders),
        contraindications=tuple(contraindications),
        reassures=item.boolean_or("reassures", False),
        source=source,
    )
    item.done()
    return action


def _order(order: Reader, resolver: Resolver) -> Order:
    text = order.text("text")
    if order.has("dose"):
        # A dose stands only here, after the words of the order, so that the first screen can leave orders out.
        text = f"{text}: {order.text('dose')}"
    code = order.reader_or_none("code", f"the code of {order.what}")
    fields = {key: code.text(key) for key in code.items} if code else None
    if fields is not None and code is not None and not {"system", "code"} <= set(fields):
        code.problem(
            "CC402",
            f"{code.what} needs `system` and `code`.",
            "Write `code: null` while it is not known: never invent one.",
        )
    when = resolver.condition_or_none(order.expression_or_none("when"), Context.STEP)
    resolver.source(order)
    order.done()
    return Order(text, fields, when)


def priority_of(item: Reader) -> str:
    """The priority that a step with this action has where it names none."""
    return item.choice("priority_default", PRIORITIES, "routine")


# --- words


def read_words(node: Node, resolver: Resolver) -> dict[str, dict[str, str]]:
    """words.yaml: what the engine itself says, group -> key -> text."""
    reader = Reader(node, "the engine's words", resolver.problems)
    words = {}
    for key, group in reader.named("words", "group"):
        words[key.name] = {word: group.text(word) for word in group.items}
    reader.done()
    return words


def cited_only(citations: Mapping[str, Citation], cited: set[str]) -> dict[str, Citation]:
    """The entries of the ledger that are cited, in the order of the ledger."""
    return {id: citation for id, citation in citations.items() if id in cited}
