"""A dossier and its vignettes in, what the template of its page shows out. Says nothing of its own."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property

from clinical_commander.dossier.changelog import Change
from clinical_commander.dossier.coverage import ANSWERING, SETTLED, Expected, coverage, through
from clinical_commander.dossier.evidence import supports
from clinical_commander.dossier.model import Dossier, Vignette
from clinical_commander.dossier.named import Name, mentions, named
from clinical_commander.frozen import frozen, replace
from clinical_commander.render.blocks import Block, Section
from clinical_commander.render.dossier_browse import BROWSED, GROUP, browsed
from clinical_commander.render.words import Words
from clinical_commander.service.library_links import Links, Piece, Pieces, anchor

_PATHS: Mapping[str, str] = {
    "rule": "rules", "threshold": "thresholds", "tier": "tier", "disposition": "disposition", "input": "inputs",
    "entry": "entry_points", "trigger": "triggers", "phase": "phases", "pivot": "pivots", "monitoring": "monitoring",
    "followup": "followup", "conflict": "conflicts", "action": "actions", "sibling": "siblings", "fact": "facts",
    "question": "questions", "constraint": "constraints", "tool": "tools", "cause": "differential.causes",
    "contributor": "differential.contributors", "prior": "differential.priors", "finding": "differential.findings",
    "group": "differential.groups", "burden": "differential.burdens",
}  # fmt: skip
_LONG = 14
"""More references than these stand folded."""


@frozen
class Badge:
    """A word for a state. `tone` is open, weak, firm or plain: a colour beside the word, never instead of it."""

    text: str
    tone: str


@frozen
class Line:
    """One line of an entry, its ids as links. `refs` are what it rests on or names."""

    kind: str
    text: Pieces = ()
    name: str = ""
    sign: str = ""
    indent: int = 0
    tint: str = ""
    cells: tuple[Pieces, ...] = ()
    rows: tuple[tuple[Pieces, ...], ...] = ()
    refs: Pieces = ()


@frozen
class Coverage:
    """What tests an entry: a sentence, the vignettes by name, and through what they do. `none`: nothing does."""

    says: str
    vignettes: tuple[tuple[str, str, str], ...] = ()
    through: Pieces = ()
    none: bool = False


@frozen
class Entry:
    """One named thing: where it stands, its lines, its states, who names it and what tests it."""

    anchor: str
    id: str
    title: str
    lines: tuple[Line, ...]
    badges: tuple[Badge, ...]
    used_by: tuple[tuple[str, Pieces], ...]
    unused: bool
    coverage: Coverage | None
    folded: bool


@frozen
class Group:
    """One heading with the lines and entries under it."""

    title: str
    lines: tuple[Line, ...]
    entries: tuple[Entry, ...]


@frozen
class PartView:
    key: str
    title: str
    groups: tuple[Group, ...]
    count: int


class DossierView:
    """The page of one dossier."""

    def __init__(
        self,
        dossier: Dossier,
        vignettes: Sequence[Vignette],
        changed: Sequence[Change] = (),
        parts: Sequence[str] = BROWSED,
    ) -> None:
        self._parts = parts
        self.dossier, self.words, self.vignettes, self.changes = dossier, Words(dossier), vignettes, changed
        self.names = named(dossier)
        self.mentions = mentions(dossier)
        self.links = Links(self.names, self.mentions)
        self.covered = coverage(dossier, vignettes)
        self.through = through(dossier.rules, self.mentions, self.covered)
        self.statements = supports(dossier, dossier.citations)
        self.supports = {s.statement.path: s for s in self.statements}

    def say(self, key: str, *parts: str) -> str:
        """A word of the library."""
        return self.words.say(key, *parts, group=GROUP)

    @cached_property
    def parts(self) -> tuple[PartView, ...]:
        """All parts, in order."""
        return tuple(self._part(part.key, part.sections) for part in browsed(self.dossier, self.words, self._parts))

    @property
    def phase_map(self) -> Sequence[tuple[str, str]]:
        """Each phase: link and title."""
        return [(f"#{anchor(('phase', p.id))}", p.title) for p in self.dossier.phases]

    # -- what the head of the page says

    @property
    def evidence(self) -> Sequence[tuple[str, Sequence[tuple[Badge, int]]]]:
        """The states of all statements, counted: by review, by the weakest thing behind each, figures by status."""
        words = self.words
        rows: list[tuple[str, Sequence[tuple[Badge, int]]]] = []
        reviews = Counter(s.review for s in self.statements)
        rows.append((self.say("by_review"), [(self._review(r), reviews.get(r, 0)) for r in ("reviewed", "needed")]))
        kinds = Counter(s.weakest if s.citations else "" for s in self.statements)
        found = sorted(kinds.items(), key=lambda item: -item[1])
        rows.append((self.say("by_kind"), [(self._kind(kind), count) for kind, count in found]))
        cited = Counter(c.review for c in self.dossier.citations.values())
        rows.append((self.say("by_citation"), [(self._review(r), cited.get(r, 0)) for r in ("reviewed", "needed")]))
        verdicts = Counter(c.source_verdict for c in self.dossier.citations.values() if c.source_verdict)
        judged = [(Badge(words.name("source_verdict", v), "plain"), n) for v, n in sorted(verdicts.items())]
        if judged:
            rows.append((self.say("by_verdict"), judged))
        if self.dossier.differential is not None:
            rows.append((self.say("by_status"), self._figures()))
        return rows

    def _figures(self) -> Sequence[tuple[Badge, int]]:
        assert self.dossier.differential is not None
        d = self.dossier.differential
        found = Counter(row.status for row in d.priors)
        for finding in d.findings.values():
            found.update(row.status for rows in (*finding.cells.values(), finding.rest) for row in rows)
        ordered = sorted(found.items(), key=lambda item: -item[1])
        return [(Badge(self.words.name("status", s), _tone(s)), n) for s, n in ordered]

    @property
    def tested(self) -> Sequence[tuple[str, int, int, Pieces]]:
        """By kind: how many are tested, of how many, and those that are not."""
        rows = []
        for kind in ANSWERING:
            names = [name for name in self.covered if name[0] == kind]
            bare = tuple(self.links.to(name) for name in names if not self.covered[name])
            rows.append((self.words.name("kind", kind), len(names) - len(bare), len(names), bare))
        untested = tuple(self.links.to(("rule", id)) for id, found in self.through.items() if not found)
        rules = len(self.dossier.rules)
        rows.append((self.words.name("kind", "rule"), rules - len(untested), rules, untested))
        return rows

    # -- the parts

    def _part(self, key: str, sections: Sequence[Section]) -> PartView:
        groups = tuple(self._group(section) for section in sections)
        title = self.words.heading("plan") if key == "playbooks" else groups[0].title
        return PartView(key, title, groups, sum(len(group.entries) for group in groups))

    def _group(self, section: Section) -> Group:
        lead: list[Block] = []
        entries: list[tuple[Name, list[Block]]] = []
        for block in section.blocks:
            if block.kind == "mark":
                entries.append(((block.name, block.text), []))
            else:
                (entries[-1][1] if entries else lead).append(block)
        return Group(section.title, self._lines(lead), tuple(self._entry(name, found) for name, found in entries))

    def _entry(self, name: Name, blocks: Sequence[Block]) -> Entry:
        kind, id = name
        first = next((i for i, b in enumerate(blocks) if b.tint == "strong" or b.kind == "item"), None)
        head = blocks[first].text if first is not None else id
        rest = [b for i, b in enumerate(blocks) if i != first]
        users = tuple((self._called(kind, pieces), pieces) for kind, pieces in self.links.users(name).items())
        return Entry(
            anchor=anchor(name),
            id=id,
            title=_title(head, id),
            lines=self._lines(rest),
            badges=self._badges(name),
            used_by=users,
            unused=not users and kind in ("fact", "threshold", "rule"),
            coverage=self._coverage(name),
            folded=sum(len(pieces) for _, pieces in users) > _LONG,
        )

    def _called(self, kind: str, pieces: Pieces) -> str:
        return f"{self.words.name('kind', kind)} ({len(pieces)})"

    def _lines(self, blocks: Iterable[Block]) -> tuple[Line, ...]:
        lines: list[Line] = []
        for block in blocks:
            if block.kind == "refs" and lines:
                lines[-1] = replace(lines[-1], refs=(*lines[-1].refs, *self._refs(block)))
            else:
                lines.append(self._line(block))
        return tuple(lines)

    def _line(self, block: Block) -> Line:
        text = self.links.code(block.text, block.cells) if block.kind == "code" else self.links.text(block.text)
        if block.kind == "refs":
            return Line("text", refs=self._refs(block))
        return Line(
            block.kind,
            text,
            block.name,
            block.sign,
            block.indent,
            block.tint,
            cells=() if block.kind == "code" else tuple(self.links.text(cell) for cell in block.cells),
            rows=tuple(tuple(self._cell(cell) for cell in row) for row in block.lines),
            refs=(Piece(block.note),) if block.note else (),
        )

    def _cell(self, text: str) -> Pieces:
        """A cell of a table: citations one by one, else a text."""
        parts = text.split(", ")
        if text and all(("citation", part) in self.links.names for part in parts):
            return tuple(self.links.to(("citation", part)) for part in parts)
        return self.links.text(text)

    def _refs(self, block: Block) -> Pieces:
        if block.name == "warning":
            found = [
                next((n for n in (("trigger", c), ("rule", c)) if n in self.links.names), ("", c)) for c in block.cells
            ]
            return tuple(self.links.to(name) for name in found)
        return tuple(self.links.to((block.name, id)) for id in block.cells)

    # -- states

    def _badges(self, name: Name) -> tuple[Badge, ...]:
        kind, id = name
        if kind == "citation":
            citation = self.dossier.citations[id]
            found = [self._review(citation.review), self._kind(citation.kind)]
            if citation.source_verdict:
                tone = "firm" if citation.source_verdict == "right" else "open"
                found.append(Badge(self.words.name("source_verdict", citation.source_verdict), tone))
            return tuple(found)
        support = self.supports.get(f"{_PATHS[kind]}.{id}") if kind in _PATHS else None
        if support is None:
            return ()
        weakest = support.weakest if support.citations else ""
        return (self._review(support.review), self._kind(weakest))

    def _review(self, state: str) -> Badge:
        return Badge(self.words.name("review", state), "firm" if state == "reviewed" else "open")

    def _kind(self, kind: str) -> Badge:
        if not kind:
            return Badge(self.say("no_citation"), "weak")
        return Badge(self.words.name("citation_kind", kind), _tone(kind))

    # -- tests

    def _coverage(self, name: Name) -> Coverage | None:
        if name[0] == "rule":
            return self._through(name[1])
        if name not in self.covered:
            return None
        found = self.covered[name]
        if not found:
            return Coverage(self.say("no_vignette"), none=True)
        states = Counter(one.state for one in found)
        by_state = ", ".join(f"{self._state(name, state)} {count}" for state, count in states.items())
        rows = tuple((one.vignette, one.place, self._state(name, one.state)) for one in found)
        return Coverage(self.say("vignettes", str(len(found)), by_state), rows)

    def _state(self, name: Name, state: str) -> str:
        group = "trigger_state" if name[0] == "trigger" else GROUP
        return self.words.name(group, state if group != GROUP or state != SETTLED else "settled_on")

    def _through(self, rule: str) -> Coverage:
        found = self.through[rule]
        if not found:
            return Coverage(self.say("no_vignette_through"), none=True)
        tests: dict[Expected, None] = {}
        for name in found:
            tests.update(dict.fromkeys(Expected(one.vignette, one.place, "") for one in self.covered[name]))
        return Coverage(self.say("vignettes_through", str(len(tests))), through=tuple(map(self.links.to, found)))


def _title(text: str, id: str) -> str:
    """A heading without the id that stands beside it anyway."""
    return text.replace(f" ({id})", "", 1).removeprefix(f"{id}: ").rstrip(":")


def _tone(kind: str) -> str:
    if kind in ("expert", "recalled", "source_dossier", "background"):
        return "weak"
    return "firm" if kind in ("guideline", "systematic_review", "randomised_trial", "published") else "plain"
