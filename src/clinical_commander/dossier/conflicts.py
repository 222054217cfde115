"""conflicts.yaml in, conflict rules out, with what is declared of every pair of triggers."""

from __future__ import annotations

from collections.abc import Mapping

from clinical_commander.dossier.model import AgreeingActions, Conflict, TriggerPair
from clinical_commander.dossier.reader import Reader
from clinical_commander.dossier.resolve import Resolver
from clinical_commander.dossier.source import Node
from clinical_commander.logic.check import Context


def read_conflicts(
    node: Node, triggers: Mapping[str, object], resolver: Resolver
) -> tuple[tuple[Conflict, ...], tuple[TriggerPair, ...], tuple[AgreeingActions, ...]]:
    """conflicts.yaml: the rules, what is declared of each pair of triggers, and the opposite actions that agree."""
    reader = Reader(node, "the conflict rules", resolver.problems)
    conflicts = []
    for id, item in reader.listed("conflicts", "conflict"):
        between = item.scalars("between")
        if between and not any(name.value in triggers for name in between):
            continue  # a rule between triggers of other dossiers
        for name in between:
            resolver.known(name.value, triggers, "trigger", name.at)
        actions = resolver.action_ids_of(item, "actions")
        if len(between) + len(actions) < 2:
            item.problem(
                "CC402",
                f"{item.what} does not say what is in conflict.",
                "Add `between:` two triggers or `actions:` two actions.",
            )
        conflicts.append(_conflict(id, item, tuple(b.value for b in between), actions, resolver))
    ids = {c.id for c in conflicts}
    pairs = [_pair(item, triggers, ids, resolver) for item in _items(reader, "pairs", "a pair of triggers")]
    agreeing = [_agreeing(item, resolver) for item in _items(reader, "agreeing_actions", "a pair of actions")]
    reader.done()
    return tuple(conflicts), tuple(p for p in pairs if p), tuple(a for a in agreeing if a)


def _items(reader: Reader, key: str, what: str) -> list[Reader]:
    return [Reader(node, what, reader.problems) for node in reader.sequence(key)]


def _pair(item: Reader, triggers: Mapping[str, object], conflicts: set[str], resolver: Resolver) -> TriggerPair | None:
    between = item.scalars("between")
    if not all(name.value in triggers for name in between):
        return None  # a pair of other dossiers; `check` finds the pairs of this one that nobody declared
    verdict = item.choice("verdict", ("compatible", "rule"))
    conflict = item.text_or_none("conflict")
    why = item.text("why")
    if conflict is not None:
        resolver.known(conflict, conflicts, "conflict", item.place("conflict"))
    if (verdict == "rule") is (conflict is None):
        item.problem(
            "CC402",
            f"{item.what} is `{verdict}` with conflict {conflict}.",
            "A rule names its conflict, others do not.",
        )
    item.done()
    if len(between) != 2:
        item.problem("CC402", f"{item.what} names {len(between)} triggers.", "Write two.")
        return None
    return TriggerPair((between[0].value, between[1].value), conflict, why, between[0].at)


def _agreeing(item: Reader, resolver: Resolver) -> AgreeingActions | None:
    actions = resolver.action_ids_of(item, "actions")
    why = item.text("why")
    item.done()
    if len(actions) != 2:
        item.problem("CC402", f"{item.what} names {len(actions)} actions.", "Write two.")
        return None
    return AgreeingActions((actions[0], actions[1]), why)


def _conflict(
    id: str, item: Reader, between: tuple[str, ...], actions: tuple[str, ...], resolver: Resolver
) -> Conflict:
    sides = []
    for node in item.sequence("sides"):
        side = Reader(node, f"a side of {item.what}", item.problems)
        sides.append(side.text("says"))
        resolver.source(side)
        side.done()
    needs_human = item.boolean_or("needs_human", False)
    resolution = item.text_or("resolution", "")
    if not resolution and not needs_human:
        item.problem("CC402", f"{item.what} has no `resolution`.", "Add it, or `needs_human: true`.")
    conflict = Conflict(
        id,
        between=between,
        actions=actions,
        when=resolver.condition(item.expression("when"), Context.STEP),
        text=item.text("text"),
        sides=tuple(sides),
        resolution=resolution,
        needs_human=needs_human,
        withholds=resolver.action_ids_of(item, "withholds"),
        escalates=resolver.action_ids_of(item, "escalates"),
        contested=resolver.action_ids_of(item, "contested"),
        source=resolver.source(item, needed=True),
    )
    item.done()
    return conflict
