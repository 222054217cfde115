"""cases/*.yaml in, vignettes out: worked examples beside the content, each name in them looked up."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from pathlib import Path

from clinical_commander.dossier.model import Dossier, Vignette
from clinical_commander.dossier.reader import Reader, plain_data
from clinical_commander.dossier.source import Mapping, Node, Scalar, Sequence, kind_of, read_yaml
from clinical_commander.errors import ContentError, Mark, Problem, YamlError, did_you_mean

TRIGGER_STATES = ("fires", "quiet", "cannot_exclude")
_GIVEN = ("dossier", "setting", "entry", "region", "at", "facts", "actions", "recorded", "site")
_EXPECT = tuple(
    "tier disposition bleeding_source triggers asks never_asks not_asked next actions sides phases"
    " conflicts no_conflicts routes"
    " scope worst_this_episode".split()
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


def read_vignettes(
    folder: Path, dossier: Dossier | None = None, actions: Collection[str] = ()
) -> tuple[tuple[Vignette, ...], list[Problem]]:
    """As `load_vignettes`, with the problems beside; with a dossier, its names are looked up too.

    `actions` are those of the catalogue: what a vignette expects to be absent need not be one of the dossier's.
    """
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
            vignettes.append(_vignette(node, dossier, actions, problems))
    return tuple(vignettes), problems


def _vignette(node: Node, dossier: Dossier | None, actions: Collection[str], problems: list[Problem]) -> Vignette:
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
        _Lookup(dossier, actions or dossier.actions, problems).look_up(given, expect)
    return vignette


def _plain(item: Reader, key: str) -> dict[str, object]:
    node = item.node_or_none(key)
    found = plain_data(node) if node is not None else {}
    return found if isinstance(found, dict) else {}


class _Lookup:
    """Looks up every name that a vignette uses (CC410)."""

    def __init__(self, dossier: Dossier, actions: Collection[str], problems: list[Problem]) -> None:
        self.dossier = dossier
        self.actions = actions
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
        self.states(expect, "actions", self.actions, _ACTION_STATES)
        for action, (key, _) in expect.mapping("sides").items():
            self.name(action, self.actions, "action", key.at)
        for asked in ("asks", "never_asks", "not_asked"):
            self.listed(expect, asked, dossier.facts, "fact")
        # What contradicts itself in a case is shown as a conflict too, under the name of its constraint.
        conflicts = [*(c.id for c in dossier.conflicts), *(c.id for c in dossier.constraints)]
        for shown in ("conflicts", "no_conflicts"):
            self.listed(expect, shown, conflicts, "conflict")
        if expect.has("next"):
            askable = [*(question.id for question in dossier.questions), *dossier.facts]
            self.name(expect.text("next"), askable, "question", expect.place("next"))
        for answer in (dossier.tier, dossier.disposition):
            self.answer(expect, answer.id, [value.id for value in answer.values])
        if dossier.bleeding_source:
            self.answer(expect, "bleeding_source", dossier.bleeding_source.values)

    def states(self, expect: Reader, key: str, names: Iterable[str], states: tuple[str, ...]) -> None:
        known = tuple(names)
        for name, (place, node) in expect.mapping(key).items():
            self.name(name, known, key.removesuffix("s"), place.at)
            found = node.get("state") if isinstance(node, Mapping) else node
            for state in found.items if isinstance(found, Sequence) else (found,):
                if isinstance(state, Scalar):
                    self.name(state.value, states, f"state of {key}", state.at)

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
            item.boolean_or("settled", False)
            for more in ("within", "via"):
                item.text_or(more, "")
            item.done()


def trigger_states(vignettes: Iterable[Vignette], trigger: str) -> set[str]:
    """The states in which the vignettes expect a trigger."""
    states = set()
    for vignette in vignettes:
        expected = vignette.expect.get("triggers")
        state = expected.get(trigger) if isinstance(expected, dict) else None
        states.add(str(state.get("state")) if isinstance(state, dict) else str(state))
    return states
