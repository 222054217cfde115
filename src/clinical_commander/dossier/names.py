"""Everything that an expression of one dossier may name, each name with one meaning and none defined by itself."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping

from clinical_commander.dossier.model import Condition, Fact, OrderedAnswer, Threshold
from clinical_commander.dossier.reader import Reader
from clinical_commander.dossier.resolve import Resolver
from clinical_commander.dossier.source import Key, Node
from clinical_commander.dossier.source import Mapping as MappingNode
from clinical_commander.errors import Mark, Problem
from clinical_commander.logic import ir
from clinical_commander.logic.check import Entry, Scope

_NAME = re.compile(r"[a-z][a-z0-9_]*")
_RESERVED = ("setting", "region")


class Names:
    """Everything that an expression of one dossier may name; a name has one meaning."""

    def __init__(self, resolver: Resolver, facts: Mapping[str, Fact]) -> None:
        self.resolver = resolver
        self.inputs: set[str] = set()
        self.entries: dict[str, Entry] = {}
        self.places: dict[str, Mark] = {}
        self.facts: dict[str, Entry] = {}
        for fact in facts.values():
            kind = "number" if fact.kind in ("number", "integer") else fact.kind
            self.facts[fact.id] = Entry("fact", kind, unit=fact.unit, codes=tuple(fact.codes), range=fact.range)

    def add(self, name: str, entry: Entry, at: Mark) -> None:
        """One more name, unless it is taken (CC412) or cannot be one (CC416)."""
        if not _NAME.fullmatch(name) or name in _RESERVED:
            mend = "It is a word of the language." if name in _RESERVED else "Use lower case, digits and `_`."
            self.resolver.problem("CC416", f"`{name}` cannot be a name.", mend, at)
        elif name in self.places:
            first = self.places[name]
            cause = f"`{name}` already names a {self.entries[name].kind} ({first.file}:{first.line})."
            self.resolver.problem("CC412", cause, "Choose another name.", at)
        else:
            self.entries[name] = entry
            self.places[name] = at

    def add_inputs(self, head: Reader) -> None:
        """The facts, each placed where an input asks for it."""
        places: dict[str, Mark] = {}
        for key, item in head.named("inputs", "input"):
            self.inputs.add(key.name)
            for text in Reader(_items(item, "facts"), "", []).scalars("facts"):
                places.setdefault(text.value, text.mark(0, len(text.value)))
        for name, entry in self.facts.items():
            at = places.get(name, Mark("catalogue/facts.yaml"))
            shown = f"{at.file}:{at.line}" if at.line else ""
            self.add(name, Entry("fact", entry.type, entry.unit, entry.codes, range=entry.range, place=shown), at)
        self.resolver.fact_places = places

    def add_thresholds(self, thresholds: Mapping[str, Threshold]) -> None:
        """The thresholds with their values, which expressions are checked against."""
        for name, threshold in thresholds.items():
            at = threshold.at or Mark("thresholds.yaml")
            self.add(
                name,
                Entry("threshold", "number", threshold.unit, value=threshold.value, place=f"{at.file}:{at.line}"),
                at,
            )

    def add_items(self, kind: str, items: Mapping[str, tuple[Key, Node]]) -> None:
        """The rules or triggers, placed where they are defined."""
        for name, (key, _) in items.items():
            self.add(name, Entry(kind, "boolean", place=f"{key.at.file}:{key.at.line}"), key.at)

    def add_answers(self, head: Reader) -> None:
        """Tier, disposition and bleeding source with their values."""
        for answer in ("tier", "disposition"):
            item = head.reader_or_none(answer, f"the {answer}")
            values = tuple(item.mapping("values")) if item else ()
            self.add(answer, Entry("answer", "code", codes=values, ordered=True), head.place(answer))
        source = head.reader_or_none("bleeding_source", "the bleeding source")
        if source:
            self.add(
                "bleeding_source",
                Entry("answer", "code", codes=source.texts_or("values")),
                head.place("bleeding_source"),
            )

    def scope(self, actions: Collection[str]) -> Scope:
        """All of it, for the type checker."""
        return Scope(self.entries, inputs=frozenset(self.inputs), actions=frozenset(actions))

    def report_facts_without_input(self, used: Iterable[str]) -> None:
        """CC411: a fact that decides something and that no input would ever ask for."""
        for name in sorted(used):
            if name in self.facts and name not in self.resolver.fact_places:
                mend = f"Add `{name}` to the `facts` of an input in dossier.yaml."
                self.resolver.lint(
                    "CC411", f"the fact `{name}` is used and is under no input.", mend, Mark("dossier.yaml")
                )


def _items(item: Reader, key: str) -> Node | None:
    """The item's own mapping, to be read without reporting its problems a second time."""
    found = item.items.get(key)
    return MappingNode(found[1].source, found[1].start, found[1].end, {key: found}) if found else None


def _names_in(expr: ir.Expr) -> list[str]:
    """The rules, triggers, answers and tools that an expression names."""
    names: dict[str, None] = {}
    for node in expr.walk():
        match node:
            case ir.Named(_, name) | ir.AnswerCode(name) | ir.ToolCode(name) | ir.ToolNumber(name):
                names[name] = None
            case _:
                pass
    return list(names)


def circles(whens: Mapping[str, Condition], answers: Iterable[OrderedAnswer]) -> list[Problem]:
    """CC413 for each name that is defined by itself; the circle is named once, from its first member on.

    Args:
        whens: The conditions of rules and triggers by name.
        answers: Tier and disposition: an answer stands on the conditions of all its values.
    """
    uses = {name: _names_in(when.expr) for name, when in whens.items()}
    places = {name: when.at for name, when in whens.items()}
    for answer in answers:
        uses[answer.id] = [name for value in answer.values for name in _names_in(value.when.expr)]
        places[answer.id] = answer.values[0].when.at if answer.values else None
    problems = []
    done: set[str] = set()

    def visit(name: str, path: tuple[str, ...]) -> None:
        if name in path:
            shown = " -> ".join((*path[path.index(name) :], name))
            cause = f"These names define each other in a circle: {shown}."
            problems.append(Problem("CC413", cause, "One of them must stand on facts alone.", places[name]))
        elif name not in done and name in uses:
            for used in uses[name]:
                visit(used, (*path, name))
            done.add(name)

    for name in uses:
        visit(name, ())
    return problems
