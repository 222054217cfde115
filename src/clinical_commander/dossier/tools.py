"""tools/*.yaml in, tools by id out; faults stay with their tool, and tools may read each other but not in a circle.

A tool sees facts, other tools and its own parts, never the names of a dossier. A tool that nobody uses can be broken
without harm, so each is read with its own list of problems.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from copy import copy
from dataclasses import dataclass, field
from pathlib import Path

from clinical_commander.dossier import tool_terms
from clinical_commander.dossier.model import Example, Tool
from clinical_commander.dossier.reader import Reader
from clinical_commander.dossier.resolve import Resolver
from clinical_commander.dossier.source import Node
from clinical_commander.dossier.tool_reader import read_examples, read_tool, tool_entry
from clinical_commander.errors import Problem
from clinical_commander.logic.check import Entry, Scope

__all__ = ["ToolReading", "closure", "read_tool", "read_tools", "tool_entry", "tool_files"]


@dataclass
class ToolReading:
    """What came of reading one tool. `problems` keep it from being used, `lints` do not."""

    tool: Tool
    entry: Entry | None
    problems: list[Problem] = field(default_factory=list)
    lints: list[Problem] = field(default_factory=list)
    cited: set[str] = field(default_factory=set)
    examples: tuple[Example, ...] = ()


def tool_files(folder: Path) -> dict[str, Path]:
    """The tool files of a content root by tool id."""
    return {path.stem: path for path in sorted(folder.glob("*.yaml"))} if folder.is_dir() else {}


def read_tools(nodes: Mapping[str, Node], facts: Mapping[str, Entry], resolver: Resolver) -> dict[str, ToolReading]:
    """The tools of these files, by id.

    Args:
        nodes: The trees by tool id.
        facts: The names of the catalogue's facts.
        resolver: Knows facts and citations; it is not changed.
    """
    own = {id: _alone(resolver) for id in nodes}
    readers = {id: Reader(node, f"tool `{id}`", own[id].problems) for id, node in nodes.items()}
    entries = {id: entry for id in nodes if (entry := tool_entry(id, readers[id], own[id])) is not None}
    found = {}
    for id, reader in readers.items():
        alone = own[id]
        alone.scope = Scope({**facts, **entries})
        tool = read_tool(id, reader, alone)
        examples = tuple(read_examples(Reader(nodes[id], f"tool `{id}`", alone.problems)))
        if id in facts:
            alone.problem("CC412", f"`{id}` already names a fact.", "Give the tool another name.", reader.at)
        found[id] = ToolReading(tool, entries.get(id), alone.problems, alone.lints, alone.cited, examples)
    _report_circles(found)
    return found


def closure(wanted: Iterable[str], tools: Mapping[str, Tool]) -> list[str]:
    """The tools wanted and every tool that they read, each once, in the order in which they are met."""
    todo, found = list(wanted), dict[str, None]()
    while todo:
        name = todo.pop(0)
        if name in tools and name not in found:
            found[name] = None
            todo += [used for expr in tool_terms.expressions(tools[name]) for used in tool_terms.tools_in(expr)]
    return list(found)


def _alone(resolver: Resolver) -> Resolver:
    """A resolver with the same names that notes problems and uses for itself."""
    alone = copy(resolver)
    alone.problems, alone.lints = [], []
    alone.cited, alone.used_facts, alone.used_tools = set(), set(), set()
    return alone


def _report_circles(found: Mapping[str, ToolReading]) -> None:
    """CC413, at each member of a circle: a tool that is defined by itself has no meaning."""
    tools = {id: reading.tool for id, reading in found.items()}
    uses = {id: {u for e in tool_terms.deciding(t) for u in tool_terms.tools_in(e)} for id, t in tools.items()}

    def path(start: str, here: str, seen: tuple[str, ...]) -> tuple[str, ...] | None:
        for name in sorted(uses.get(here, ())):
            if name == start:
                return (*seen, name)
            if name not in seen and (way := path(start, name, (*seen, name))):
                return way
        return None

    for id, tool in tools.items():
        circle = path(id, id, (id,))
        if circle:
            cause = f"These names define each other in a circle: {' -> '.join(circle)}."
            found[id].problems.append(Problem("CC413", cause, "One of them must stand on facts alone.", tool.at))
