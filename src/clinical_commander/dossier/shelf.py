"""A content root in, all its tools out: usable by themselves, with the whole fact catalogue and without any dossier.

A shelf is a `Dossier` that has facts and tools and nothing else, so whatever reads a case or builds a program for a
dossier does so for a tool.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from clinical_commander.dossier.catalogue import cited_only, read_facts, read_words
from clinical_commander.dossier.citations import read_citations
from clinical_commander.dossier.library import content_roots
from clinical_commander.dossier.model import Citation, Condition, Dossier, OrderedAnswer, Scope
from clinical_commander.dossier.names import Names
from clinical_commander.dossier.resolve import Resolver
from clinical_commander.dossier.source import Node, read_yaml
from clinical_commander.dossier.tools import ToolReading, closure, read_tools, tool_files
from clinical_commander.errors import ContentError, Problem, ReferenceProblem, YamlError, did_you_mean
from clinical_commander.frozen import replace
from clinical_commander.logic import ir

SHELF = "tools"
WATERMARK = "unreviewed content, for evaluation"


@dataclass
class ShelfReading:
    """What came of reading all tools of a content root. `broken` are those that cannot be used, with their problems."""

    shelf: Dossier
    tools: dict[str, ToolReading] = field(default_factory=dict)
    broken: dict[str, list[Problem]] = field(default_factory=dict)
    ledger: dict[str, Citation] = field(default_factory=dict)


def open_shelf(root: Path | None = None, *, use_cache: bool = True) -> Dossier:
    """All tools of a content root that can be used, ready for use; from the cached pack where nothing changed since.

    Raises:
        ContentError: The catalogue cannot be read.
        ReferenceProblem: CC417, no installed content has tools.
    """
    from clinical_commander.dossier import pack

    def make(folder: Path) -> tuple[Dossier, bytes]:
        data = pack.pack(read_shelf(folder).shelf)
        return pack.load_pack(data), data

    root = root or shelf_root()
    return pack.open_cached(root, make) if use_cache else make(root)[0]


def shelf_root() -> Path:
    """The first content root, in the order of search, that has tools."""
    for root in content_roots():
        if (root / "catalogue").is_dir() and tool_files(root / "tools"):
            return root
    raise ReferenceProblem(Problem("CC417", "no installed content has tools.", "Add a folder `tools/` to it."))


def read_shelf(root: Path, more: Iterable[Path] = ()) -> ShelfReading:
    """All tools of a content root, and what is wrong with those that cannot be used.

    Args:
        root: Holds catalogue/ and tools/.
        more: Further tool files; each replaces the tool of its name.

    Raises:
        ContentError: The catalogue of facts or citations cannot be read.
    """
    resolver = Resolver()
    nodes: dict[str, Node] = {}
    for name in ("citations", "facts", "words"):
        path = root / "catalogue" / f"{name}.yaml"
        if name != "words" or path.is_file():
            try:
                nodes[name] = read_yaml(path, f"catalogue/{name}.yaml")
            except YamlError as error:
                resolver.problems.extend(error.problems)
    if resolver.problems:
        raise ContentError(resolver.problems)
    ledger = read_citations(nodes["citations"], resolver.problems, resolver.lints)
    resolver.citation_ids = ledger.keys()
    facts, freshness, constraints = read_facts(nodes["facts"], resolver)
    resolver.facts = facts
    words = read_words(nodes["words"], resolver) if "words" in nodes else {}
    if resolver.problems:
        raise ContentError(resolver.problems)
    trees, broken = _trees({**tool_files(root / "tools"), **{path.stem: path for path in more}})
    found = read_tools(trees, Names(resolver, facts).facts, resolver)
    usable = _usable(found, broken)
    shelf = Dossier(
        id=SHELF,
        version="0.0.0",
        title="Tools",
        kind="tools",
        summary="",
        review="needed",
        intended_use="",
        watermark=WATERMARK,
        facts=facts,
        freshness=freshness,
        constraints=tuple(constraints),
        thresholds={},
        rules={},
        circumstances={},
        scope=Scope(Condition("TRUE", ir.Truth(True)), "", ""),
        entry_points={},
        inputs={},
        tier=OrderedAnswer("tier", ()),
        bleeding_source=None,
        disposition=OrderedAnswer("disposition", ()),
        triggers={},
        phases=(),
        pivots=(),
        playbooks={},
        treatments=(),
        monitoring=(),
        followup=(),
        questions=(),
        siblings=(),
        side=None,
        emergency_title="",
        emergency_card=(),
        bans=(),
        actions={},
        conflicts=(),
        trigger_pairs=(),
        agreeing_actions=(),
        tools={id: found[id].tool for id in usable},
        citations=cited_only(ledger, {cited for id in usable for cited in found[id].cited}),
        words=words,
        scores=tuple(usable),
    )
    return ShelfReading(shelf, found, broken, ledger)


def with_tools(shelf: Dossier, ids: Iterable[str]) -> Dossier:
    """The shelf with only these tools to show, and what they read.

    Raises:
        ReferenceProblem: CC417, there is no such tool.
    """
    wanted = tuple(ids)
    for id in wanted:
        if id not in shelf.tools:
            mend = did_you_mean(id, shelf.tools) or "`commander tool list` lists the tools."
            raise ReferenceProblem(Problem("CC417", f"there is no tool `{id}` that can be used.", mend))
    tools = {id: shelf.tools[id] for id in closure(wanted, shelf.tools)}
    return replace(shelf, tools=tools, scores=wanted)


def _trees(files: Mapping[str, Path]) -> tuple[dict[str, Node], dict[str, list[Problem]]]:
    trees, broken = {}, {}
    for id, path in files.items():
        try:
            trees[id] = read_yaml(path, f"tools/{id}.yaml")
        except YamlError as error:
            broken[id] = list(error.problems)
    return trees, broken


def _usable(found: Mapping[str, ToolReading], broken: dict[str, list[Problem]]) -> list[str]:
    """The tools without problems of their own or of a tool that they read; the others are noted in `broken`."""
    tools = {id: reading.tool for id, reading in found.items()}
    for id, reading in found.items():
        if reading.problems:
            broken[id] = list(reading.problems)
    for id in found:
        blamed = [used for used in closure([id], tools) if used in broken and used != id]
        if blamed and id not in broken:
            cause = f"tool `{id}` reads `{blamed[0]}`, which cannot be used."
            broken[id] = [Problem("CC450", cause, "Mend that one first.", tools[id].at)]
    return [id for id in found if id not in broken]
