"""cases/*.yaml in, vignettes out: worked examples beside the content, each name in them looked up."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from clinical_commander.dossier.model import Dossier, Vignette
from clinical_commander.dossier.reader import Reader, plain_data
from clinical_commander.dossier.source import Mapping, Node, Scalar, Sequence, kind_of, read_yaml
from clinical_commander.errors import ContentError, Mark, Problem, YamlError, did_you_mean

TRIGGER_STATES = ("fires", "quiet", "cannot_exclude")
_GIVEN = ("dossier", "setting", "entry", "region", "at", "facts", "actions", "recorded", "site")
_EXPECT = tuple(
    "tier disposition bleeding_source triggers asks not_asked actions phases conflicts routes scope worst_this_episode"
    " says never_says".split()
)
_ACTION_STATES = ("do", "ask_first", "withheld", "done", "not_needed", "absent")
_PHASE_STATES = ("complete", "waiting", "not_reached", "not_needed")


def load_vignettes(folder: Path) -> tuple[Vignette, ...]:
    """The vignettes of a dossier folder, in the order of the files.

    Raises:
        ContentError: CC1xx the YAML, CC4xx the shape of a vignette.
    """
    vignettes, problems = read_vignettes(folder)
    if problems:
        raise ContentError(problems)
    return vignettes


def read_vignettes(folder: Path, dossier: Dossier | None = None) -> tuple[tuple[Vignette, ...], list[Problem]]:
    """As `load_vignettes`, with the problems beside; with a dossier, its names are looked up too."""
    vignettes: list[Vignette] = []
    problems: list[Problem] = []
    for path in sorted((folder / "cases").glob("*.yaml")):
        try:
            root = read_yaml(path, f"cases/{path.name}")
        except YamlError as error:
            problems.extend(error.problems)
            continue
        if not isinstance(root, Sequence):
            problems.append(
                Problem("CC403", f"A file of cases is {kind_of(root)}.", "Write a list of `- vignette:`.", root.at)
            )
            continue
        for node in root.items:
            vignettes.append(_vignette(node, dossier, problems))
    return tuple(vignettes), problems


def _vignette(node: Node, dossier: Dossier | None, problems: list[Problem]) -> Vignette:
    item = Reader(node, "this vignette", problems)
    name = item.text("vignette")
    given, expect = item.reader("given", "`given`"), item.reader("expect", "`expect`")
    for name_given in _GIVEN:
        given.node_or_none(name_given)
    for name_expected in _EXPECT:
        expect.node_or_none(name_expected)
    given.done()
    expect.done()
    vignette = Vignette(
        name, _plain(item, "given"), _plain(item, "expect"), item.text_or("why", ""), item.place("vignette")
    )
    item.done()
    if dossier is not None:
        _Lookup(dossier, problems).look_up(given, expect)
    return vignette


def _plain(item: Reader, key: str) -> dict[str, object]:
    node = item.node_or_none(key)
    found = plain_data(node) if node is not None else {}
    return found if isinstance(found, dict) else {}


class _Lookup:
    """Looks up every name that a vignette uses (CC410)."""

    def __init__(self, dossier: Dossier, problems: list[Problem]) -> None:
        self.dossier = dossier
        self.problems = problems

    def name(self, name: str, names: Iterable[str], kind: str, at: Mark) -> None:
        known = tuple(names)
        if name not in known:
            self.problems.append(Problem("CC410", f"no {kind} named `{name}`.", did_you_mean(name, known), at))

    def look_up(self, given: Reader, expect: Reader) -> None:
        dossier = self.dossier
        if not given.has("dossier") or given.text("dossier") == dossier.id:
            for name, (key, _) in given.mapping("facts").items():
                self.name(name, dossier.facts, "fact", key.at)
            if given.has("entry"):
                self.name(given.text("entry"), dossier.entry_points, "entry point", given.place("entry"))
        self.states(expect, "triggers", dossier.triggers, TRIGGER_STATES)
        self.states(expect, "phases", [phase.id for phase in dossier.phases], _PHASE_STATES)
        self.states(expect, "actions", None, _ACTION_STATES)
        for asked in ("asks", "not_asked"):
            self.listed(expect, asked, dossier.facts, "fact")
        self.listed(expect, "conflicts", [conflict.id for conflict in dossier.conflicts], "conflict")
        for answer in (dossier.tier, dossier.disposition):
            self.answer(expect, answer.id, [value.id for value in answer.values])
        if dossier.bleeding_source:
            self.answer(expect, "bleeding_source", dossier.bleeding_source.values)

    def states(self, expect: Reader, key: str, names: Iterable[str] | None, states: tuple[str, ...]) -> None:
        known = None if names is None else tuple(names)
        for name, (place, node) in expect.mapping(key).items():
            if known is not None:
                self.name(name, known, key.removesuffix("s"), place.at)
            found = node.get("state") if isinstance(node, Mapping) else node
            if isinstance(found, Scalar):
                self.name(found.value, states, f"state of {key}", found.at)

    def listed(self, expect: Reader, key: str, names: Iterable[str], kind: str) -> None:
        known = tuple(names)
        for text in expect.scalars(key):
            self.name(text.value, known, kind, text.at)

    def answer(self, expect: Reader, key: str, values: Iterable[str]) -> None:
        known = tuple(values)
        node = expect.node_or_none(key)
        if isinstance(node, Scalar):
            self.name(node.value, known, f"value of {key}", node.at)
        elif isinstance(node, Mapping):
            item = Reader(node, f"`{key}`", self.problems)
            self.listed(item, "possible", known, f"value of {key}")
            for other in ("at_least", "at_most"):
                if item.has(other):
                    self.name(item.text(other), known, f"value of {key}", item.place(other))
            item.done()


def trigger_states(vignettes: Iterable[Vignette], trigger: str) -> set[str]:
    """The states in which the vignettes expect a trigger."""
    states = set()
    for vignette in vignettes:
        expected = vignette.expect.get("triggers")
        state = expected.get(trigger) if isinstance(expected, dict) else None
        states.add(str(state.get("state")) if isinstance(state, dict) else str(state))
    return states
