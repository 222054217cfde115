"""A dossier folder and its catalogue in, a typed `Dossier` out; all problems of all files at once, in file order.

The YAML of every file is read before any name is looked up: of a file that cannot be read every name is missing.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from clinical_commander.dossier import pathway
from clinical_commander.dossier.catalogue import (
    cited_only,
    read_action,
    read_actions,
    read_facts,
    read_givens,
    read_words,
)
from clinical_commander.dossier.citations import REVIEWS, read_citations
from clinical_commander.dossier.conflicts import read_conflicts
from clinical_commander.dossier.derivations import read_derivations
from clinical_commander.dossier.differential_reader import read_differential
from clinical_commander.dossier.leaflet import language_of, read_leaflet, read_translation, translation_files
from clinical_commander.dossier.library import content_root_of
from clinical_commander.dossier.model import Citation, Dossier, Playbook, Tool, Treatment
from clinical_commander.dossier.model_derive import Derivations
from clinical_commander.dossier.model_leaflet import Translation
from clinical_commander.dossier.names import Names, circles
from clinical_commander.dossier.plan import Planner
from clinical_commander.dossier.reader import Reader
from clinical_commander.dossier.resolve import Resolver
from clinical_commander.dossier.source import Mapping as MappingNode
from clinical_commander.dossier.source import Node, Scalar, read_yaml
from clinical_commander.dossier.source import Sequence as SequenceNode
from clinical_commander.dossier.tools import ToolReading, closure, read_tools, tool_files
from clinical_commander.errors import ContentError, Mark, Problem, YamlError

REQUIRED = ("dossier.yaml", "phases.yaml", "rules.yaml", "safety.yaml", "thresholds.yaml", "triggers.yaml")
OPTIONAL = ("differential.yaml", "leaflet.yaml", "monitoring.yaml", "pivots.yaml", "playbooks.yaml")
CATALOGUE = ("actions.yaml", "citations.yaml", "facts.yaml")
CATALOGUE_OPTIONAL = ("conflicts.yaml", "derivations.yaml", "words.yaml")
CONTENT_KINDS = ("symptom", "disease", "presentation")
_VERSION = re.compile(r"(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)")


@dataclass
class Reading:
    """What came of reading a dossier: the dossier if nothing keeps it from being used, and everything that was found.

    `problems` keep it from being used; `lints` do not. `files` are the trees, for places; `ledger` is all citations.
    """

    folder: Path
    dossier: Dossier | None = None
    problems: list[Problem] = field(default_factory=list)
    lints: list[Problem] = field(default_factory=list)
    files: dict[str, Node] = field(default_factory=dict)
    ledger: dict[str, Citation] = field(default_factory=dict)
    used_facts: set[str] = field(default_factory=set)

    def place(self, file: str, *path: str) -> Mark:
        """Where the entry with these keys (or ids, in a list) stands; the last one that exists where some do not."""
        node: Node | None = self.files.get(file)
        at = Mark(file)
        for step in path:
            key, node = _child(node, step)
            if key is not None:
                at = key
        return at


def load_dossier(folder: Path, *, root: Path | None = None, installed: Collection[str] = ()) -> Dossier:
    """The dossier of a folder.

    Args:
        folder: Holds dossier.yaml and the files beside it; its name is the dossier's id.
        root: The content root that holds catalogue/ and tools/; found from the folder where not given.
        installed: Ids of the dossiers that a route can open.

    Raises:
        ContentError: Everything that keeps the dossier from being used, sorted by place. CC1xx the YAML; CC2xx
            expressions; CC4xx names, shapes and circles; CC502, CC509 sources.
    """
    reading = read_dossier(folder, root=root, installed=installed)
    if reading.dossier is None:
        raise ContentError(sorted_problems(reading.problems))
    return reading.dossier


def read_dossier(folder: Path, *, root: Path | None = None, installed: Collection[str] = ()) -> Reading:
    """As `load_dossier`, and keeps what was found instead of raising."""
    reading = Reading(folder)
    root = root or content_root_of(folder)
    if not (folder / "dossier.yaml").is_file():
        cause = "There is no dossier.yaml here." if folder.is_dir() else "There is no such folder."
        reading.problems.append(Problem("CC415", cause, "Name a folder that holds a dossier.", Mark(str(folder))))
        return reading
    _read_files(reading, root)
    if not reading.problems:
        _Loader(reading, installed).load()
    return reading


def sorted_problems(problems: Iterable[Problem]) -> list[Problem]:
    """By file, line and column; each said once."""
    unique = dict.fromkeys(problems)
    return sorted(unique, key=lambda p: (p.at.file, p.at.line, p.at.column, p.code) if p.at else ("", 0, 0, p.code))


def _child(node: Node | None, step: str) -> tuple[Mark | None, Node | None]:
    if isinstance(node, MappingNode) and step in node.items:
        key, value = node.items[step]
        return key.at, value
    if isinstance(node, SequenceNode):
        for item in node.items:
            id = item.get("id") if isinstance(item, MappingNode) else None
            if isinstance(id, Scalar) and id.value == step:
                return id.at, item
    return None, None


def _read_files(reading: Reading, root: Path) -> None:
    """The trees of all files, or all their YAML problems. Of the tools, those that some text names."""
    folder, catalogue = reading.folder, root / "catalogue"
    for name in (*CATALOGUE, *CATALOGUE_OPTIONAL):
        if name in CATALOGUE or (catalogue / name).is_file():
            _read_file(reading, catalogue / name, f"catalogue/{name}")
    for name in (*REQUIRED, *OPTIONAL):
        if name in REQUIRED or (folder / name).is_file():
            _read_file(reading, folder / name, name)
    for path in sorted(folder.glob("*.yaml")):
        if path.name not in (*REQUIRED, *OPTIONAL):
            cause = f"`{path.name}` is not a file of a dossier: nothing would read it."
            mend = f"A dossier has {', '.join((*REQUIRED, *OPTIONAL))}, cases/ and locale/."
            reading.problems.append(Problem("CC415", cause, mend, Mark(path.name)))
    for path in sorted(folder.glob("locale/*.yaml")):
        _read_file(reading, path, f"locale/{path.name}")
    tools = tool_files(root / "tools")
    naming = (*REQUIRED, *OPTIONAL, "catalogue/actions.yaml", "catalogue/conflicts.yaml")
    words = _words(reading.files[name] for name in naming if name in reading.files)
    wanted = [name for name in tools if name in words]
    while wanted:
        name = wanted.pop()
        file = f"tools/{name}.yaml"
        if file not in reading.files:
            _read_tool_file(reading, tools[name], file)
            words = _words([reading.files[file]]) if file in reading.files else set()
            wanted.extend(other for other in tools if other in words and f"tools/{other}.yaml" not in reading.files)


def _read_file(reading: Reading, path: Path, name: str) -> None:
    try:
        reading.files[name] = read_yaml(path, name)
    except YamlError as error:
        reading.problems.extend(error.problems)


def _read_tool_file(reading: Reading, path: Path, name: str) -> None:
    """A tool that cannot be read has no name: whoever uses it is told so, and nobody else is stopped."""
    try:
        reading.files[name] = read_yaml(path, name)
    except YamlError as error:
        reading.lints.extend(error.problems)


def _words(nodes: Iterable[Node]) -> set[str]:
    words: set[str] = set()
    for node in nodes:
        words.update(re.findall(r"\w+", node.source.text))
    return words


class _Loader:
    """Reads the trees of one dossier into its model."""

    def __init__(self, reading: Reading, installed: Collection[str]) -> None:
        self.reading = reading
        self.resolver = Resolver()
        self.resolver.problems = reading.problems
        self.resolver.lints = reading.lints
        self.resolver.installed = installed
        self.head = self.reader("dossier.yaml", "the dossier")

    def reader(self, file: str, what: str) -> Reader:
        return Reader(self.reading.files[file], what, self.reading.problems)

    def reader_or_none(self, file: str, what: str) -> Reader | None:
        return self.reader(file, what) if file in self.reading.files else None

    def load(self) -> None:
        resolver, reading, head = self.resolver, self.reading, self.head
        citations = read_citations(reading.files["catalogue/citations.yaml"], reading.problems, reading.lints)
        resolver.citation_ids, reading.ledger = citations.keys(), citations
        facts, freshness, constraints = read_facts(reading.files["catalogue/facts.yaml"], resolver)
        resolver.facts = facts
        givens = read_givens(head, resolver)
        records = reading.files.get("catalogue/derivations.yaml")
        derivations = Derivations() if records is None else read_derivations(records, facts, freshness, resolver)
        # What facts, constraints and the catalogue name is not what the dossier uses.
        resolver.used_facts.clear()
        actions = read_actions(reading.files["catalogue/actions.yaml"], resolver)
        resolver.action_ids = actions.keys()
        words_file = reading.files.get("catalogue/words.yaml")
        words = read_words(words_file, resolver) if words_file is not None else {}

        thresholds_file = self.reader("thresholds.yaml", "thresholds.yaml")
        thresholds = pathway.read_thresholds(thresholds_file, resolver)
        thresholds_file.done()
        names = Names(resolver, facts)
        names.add_inputs(head)
        names.add_thresholds(thresholds)
        names.add_items("rule", self.reader("rules.yaml", "rules.yaml").mapping("rules"))
        names.add_items("trigger", self.reader("triggers.yaml", "triggers.yaml").mapping("triggers"))
        names.add_answers(head)
        tools = self.tools(names)
        resolver.scope = names.scope(actions.keys())
        resolver.used_facts.clear()

        rules_file = self.reader("rules.yaml", "rules.yaml")
        rules = pathway.read_rules(rules_file, resolver)
        rules_file.done()
        planner = Planner(resolver, actions)
        playbooks_file = self.reader_or_none("playbooks.yaml", "playbooks.yaml")
        if playbooks_file:
            planner.read_blocks(playbooks_file)
        triggers_file = self.reader("triggers.yaml", "triggers.yaml")
        triggers = pathway.read_triggers(triggers_file, resolver, planner)
        triggers_file.done()
        phases_file = self.reader("phases.yaml", "phases.yaml")
        phase_ids = [id for id, _ in Reader(reading.files["phases.yaml"], "", []).listed("phases", "phase")]
        inputs = pathway.read_inputs(head, resolver, phase_ids)
        phases = pathway.read_phases(phases_file, resolver, inputs)
        phases_file.done()
        tier = pathway.read_ordered(head, "tier", resolver)
        disposition = pathway.read_ordered(head, "disposition", resolver)
        bleeding_source = pathway.read_code_answer(head, "bleeding_source", resolver)
        pivots_file = self.reader_or_none("pivots.yaml", "pivots.yaml")
        pivots = pathway.read_pivots(pivots_file, resolver, planner) if pivots_file else ()
        if pivots_file:
            pivots_file.done()
        playbooks: dict[str, Playbook] = {}
        treatments: tuple[Treatment, ...] = ()
        if playbooks_file:
            tiers = [value.id for value in tier.values]
            playbooks = planner.read_playbooks(playbooks_file, tiers, resolver.scope.settings)
            cause_fact = facts.get("confirmed_cause")
            treatments = planner.read_treatments(playbooks_file, cause_fact.codes if cause_fact else {})
            playbooks_file.done()
            planner.report_unused_blocks()
        monitoring_file = self.reader_or_none("monitoring.yaml", "monitoring.yaml")
        monitoring, followup = pathway.read_monitoring(monitoring_file, resolver) if monitoring_file else ((), ())
        if monitoring_file:
            monitoring_file.done()
        title, card, bans = pathway.read_safety(self.reader("safety.yaml", "safety.yaml"), resolver)
        conflicts_file = reading.files.get("catalogue/conflicts.yaml")
        conflicts, pairs, agreeing = (
            read_conflicts(conflicts_file, triggers, resolver) if conflicts_file is not None else ((), (), ())
        )
        differential_file = self.reader_or_none("differential.yaml", "the differential")
        differential = (
            read_differential(differential_file, resolver, facts.get("confirmed_cause")) if differential_file else None
        )
        leaflet_file = self.reader_or_none("leaflet.yaml", "leaflet.yaml")
        flags = (rules.keys(), triggers.keys())
        leaflet = read_leaflet(leaflet_file, resolver, (tier, disposition), thresholds, flags) if leaflet_file else None
        circumstances = {
            name: resolver.condition(Reader(node, f"circumstance `{name}`", reading.problems).expression("when"))
            for name, (_, node) in head.mapping("circumstances").items()
        }
        dossier = Dossier(
            id=self.id(),
            version=self.version(),
            title=head.text("title"),
            kind=head.choice("kind", CONTENT_KINDS),
            summary=head.text("summary"),
            review=self.review(),
            intended_use=head.text("intended_use"),
            watermark=head.text("watermark"),
            facts=facts,
            freshness=freshness,
            constraints=(*constraints, *givens),
            thresholds=thresholds,
            rules=rules,
            circumstances=circumstances,
            scope=pathway.read_scope(head, resolver),
            entry_points=pathway.read_entry_points(head, resolver),
            inputs=inputs,
            tier=tier,
            bleeding_source=bleeding_source,
            disposition=disposition,
            triggers=triggers,
            phases=phases,
            pivots=pivots,
            playbooks=playbooks,
            treatments=treatments,
            monitoring=monitoring,
            followup=followup,
            questions=pathway.read_questions(head, resolver),
            siblings=pathway.read_siblings(head, resolver),
            side=pathway.read_side(head, resolver),
            emergency_title=title,
            emergency_card=card,
            bans=bans,
            actions={id: read_action(id, actions[id], resolver) for id in actions if id in resolver.used_actions},
            conflicts=conflicts,
            trigger_pairs=pairs,
            agreeing_actions=agreeing,
            tools=self.use(tools, shown := self.scores(tools)),
            scores=shown,
            citations=cited_only(citations, resolver.cited),
            words=words,
            derivations=derivations,
            differential=differential,
            leaflet=leaflet,
            translations=self.translations(),
        )
        resolver.source(head)
        head.text_or("source_says", "")
        head.done()
        names.report_facts_without_input(resolver.used_facts)
        whens = {id: rule.when for id, rule in rules.items()} | {id: trigger.when for id, trigger in triggers.items()}
        reading.problems.extend(circles(whens, (tier, disposition)))
        reading.used_facts = resolver.used_facts
        if not reading.problems:
            reading.dossier = dossier

    def tools(self, names: Names) -> dict[str, ToolReading]:
        """The tools that texts of the dossier name; they see facts and each other, never the dossier's names."""
        nodes = {
            file.removeprefix("tools/").removesuffix(".yaml"): node
            for file, node in self.reading.files.items()
            if file.startswith("tools/")
        }
        found = read_tools(nodes, names.facts, self.resolver)
        for id, tool in found.items():
            if tool.entry is not None:
                names.add(id, tool.entry, nodes[id].at)
        return found

    def translations(self) -> dict[str, Translation]:
        """The files of locale/, by language."""
        files = translation_files(self.reading.files)
        return {language_of(f): read_translation(language_of(f), self.reader(f, f)) for f in files}

    def scores(self, tools: Mapping[str, ToolReading]) -> tuple[str, ...]:
        """The tools that an assessment shows: those under `scores:`, else those that the dossier's rules read."""
        listed = self.head.scalars("scores")
        for text in listed:
            self.resolver.known(text.value, tools, "tool", text.mark(0, len(text.value)))
        shown = [text.value for text in listed if text.value in tools]
        return tuple(dict.fromkeys([*shown, *(name for name in tools if name in self.resolver.used_tools)]))

    def use(self, tools: Mapping[str, ToolReading], shown: Collection[str]) -> dict[str, Tool]:
        """The tools that are shown or read, with what was found wrong in them."""
        found = {}
        for id in closure([*shown, *self.resolver.used_tools], {id: r.tool for id, r in tools.items()}):
            reading = tools[id]
            self.reading.problems.extend(reading.problems)
            self.reading.lints.extend(reading.lints)
            self.resolver.cited.update(reading.cited)
            found[id] = reading.tool
        return found

    def id(self) -> str:
        id = self.head.text("id")
        folder = self.reading.folder.resolve().name
        if id and id != folder:
            self.head.problem(
                "CC414",
                f"The dossier says `id: {id}` and its folder `{folder}`.",
                "Use one name.",
                self.head.place("id"),
            )
        return id

    def version(self) -> str:
        version = self.head.text("version")
        if version and not _VERSION.fullmatch(version):
            mend = "Write three numbers, as `1.0.0`."
            self.head.problem("CC406", f"`{version}` is not a version.", mend, self.head.place("version"))
        return version

    def review(self) -> str:
        review = self.head.reader("review", "the review of the dossier")
        state = review.choice("state", REVIEWS)
        if state == "reviewed" and review.text_or_none("reviewer") is None:
            mend = "Name the clinician who reviewed it, or write `state: needed`."
            review.problem("CC507", "The dossier is reviewed by nobody.", mend, review.place("state"))
        review.has("reviewer")
        review.done()
        return state
