"""Names in content -> what they stand for, typed; a name that stands for nothing becomes a problem with its place."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from clinical_commander.dossier.model import Action, Condition, Fact, Route, Source
from clinical_commander.dossier.reader import Reader
from clinical_commander.dossier.source import Scalar
from clinical_commander.errors import ClinicalCommanderError, Mark, Problem, did_you_mean
from clinical_commander.frozen import replace
from clinical_commander.logic import ir
from clinical_commander.logic.check import Context, Scope, check_boolean
from clinical_commander.quantity import ParsedQuantity, Unit, convert, parse_quantity, to_double, unit

BASES = ("S", "E", "W", "X", "R")
# What stands behind these is a judgement or a memory, so the reader needs the reason.
JUDGED = frozenset({"expert", "recalled"})
_NOTHING = Condition("FALSE", ir.Truth(False))


class Resolver:
    """What the parts of one dossier share while it is read: names, the problems found, the citations used.

    `problems` keep a dossier from being used at all; `lints` are faults that `check` reports and that leave the meaning
    clear. The fields are filled in the order of reading: citations and facts, then the scope, then the rest.
    """

    def __init__(self) -> None:
        self.problems: list[Problem] = []
        self.lints: list[Problem] = []
        self.scope = Scope({})
        self.facts: Mapping[str, Fact] = {}
        self.citation_ids: Collection[str] = ()
        self.action_ids: Collection[str] = ()
        self.actions: Mapping[str, Action] = {}
        self.installed: Collection[str] = ()
        self.cited: set[str] = set()
        self.used_facts: set[str] = set()
        self.used_actions: set[str] = set()
        self.used_tools: set[str] = set()
        self.fact_places: dict[str, Mark] = {}
        self._conditions: dict[tuple[str, int, Context], Condition] = {}

    def problem(self, code: str, cause: str, mend: str = "", at: Mark | None = None) -> None:
        """Collect a problem that keeps the dossier from being used."""
        self.problems.append(Problem(code, cause, mend, at))

    def lint(self, code: str, cause: str, mend: str = "", at: Mark | None = None, *, level: str = "error") -> None:
        """Collect a problem that only `check` reports."""
        self.lints.append(Problem(code, cause, mend, at, level))

    # -- sources

    def source(self, reader: Reader, *, needed: bool = False, inherited: Source | None = None) -> Source:
        """Citations, basis and reason of an item; an item without its own takes those of what it stands in.

        Reports CC501 no source where one is `needed`, CC502 unknown citation, CC509 unknown basis letter, and CC506, a
        judgement without its reason.
        """
        cite = reader.scalars("cite")
        basis = reader.scalars("basis")
        why = reader.text_or("why", "")
        for citation in cite:
            if citation.value not in self.citation_ids:
                near = did_you_mean(citation.value, self.citation_ids)
                mend = near or "Add it to catalogue/citations.yaml."
                reader.problem(
                    "CC502", f"no citation named `{citation.value}`.", mend, citation.mark(0, len(citation.value))
                )
        for letter in basis:
            if letter.value not in BASES:
                reader.problem(
                    "CC509", f"`{letter.value}` is not a basis.", f"Write some of: {', '.join(BASES)}.", letter.at
                )
        found = Source(tuple(c.value for c in cite), tuple(b.value for b in basis), why)
        self.cited.update(found.cite)
        if inherited is not None and not found.cite and not found.basis:
            return replace(inherited, why=why or inherited.why)
        if needed and not found.cite:
            self.lint(
                "CC501",
                f"{reader.what} has no source.",
                "Add `cite: [...]`; `expert` with `why:` where it is a judgement.",
                reader.at,
            )
        elif needed and not found.basis:
            self.lint(
                "CC501", f"{reader.what} does not say its basis.", "Add `basis: [...]` of S, E, W, X, R.", reader.at
            )
        elif needed and not why and found.cite and set(found.cite) <= JUDGED:
            self.lint(
                "CC506", f"{reader.what} is a judgement without its reason.", "Add `why:` in one sentence.", reader.at
            )
        return found

    # -- expressions and quantities

    def condition(self, text: Scalar | None, context: Context = Context.CLINICAL) -> Condition:
        """The typed condition of a text; something false stands in for a text with problems."""
        if text is None:
            return _NOTHING
        # A block is read wherever it is used; its conditions are typed, and their faults reported, once.
        key = (text.source.file, text.start, context)
        if key not in self._conditions:
            try:
                expr = check_boolean(text, self.scope, context)
            except ClinicalCommanderError as error:
                self.problems.extend(error.problems)
                expr = _NOTHING.expr
            self.note(expr)
            self._conditions[key] = Condition(" ".join(text.value.split()), expr, text.mark(0, len(text.value)))
        return self._conditions[key]

    def condition_or_none(self, text: Scalar | None, context: Context = Context.CLINICAL) -> Condition | None:
        """The typed condition of a text, None without one."""
        return None if text is None else self.condition(text, context)

    def note(self, expr: ir.Expr) -> None:
        """Remember what an expression uses of the catalogue."""
        for node in expr.walk():
            match node:
                case ir.FactTrue(fact) | ir.FactNumber(fact) | ir.FactCode(fact):
                    self.used_facts.add(fact)
                case ir.ToolNumber(tool) | ir.ToolCode(tool):
                    self.used_tools.add(tool)
                case ir.Flag(kind, key) if kind in ("done", "ordered", "declined"):
                    self.used_actions.add(key)
                case _:
                    pass

    def quantity(self, text: Scalar | None) -> ParsedQuantity | None:
        """What a quantity says; None, and a problem, where it cannot be read."""
        if text is None:
            return None
        try:
            return parse_quantity(text.value, text.mark(0, len(text.value)))
        except ClinicalCommanderError as error:
            self.problems.extend(replace(p, code="CC202") for p in error.problems)
            return None

    def unit(self, text: str | None, at: Mark) -> Unit:
        """The unit of a text; `1` stands in for one that is unknown."""
        try:
            return unit(text or "1", at)
        except ClinicalCommanderError as error:
            self.problems.extend(error.problems)
            return unit("1")

    def exact(self, text: Scalar | None, what: str, wanted: Unit | None = None) -> tuple[float, Unit] | None:
        """The one number of a quantity, in its own unit or in `wanted`; None, and a problem, where it is not one."""
        parsed = self.quantity(text)
        if parsed is None or text is None:
            return None
        at = text.mark(0, len(text.value))
        if not parsed.exact or parsed.low is None:
            self.problem("CC405", f"{what} is not one number.", "Write one number with its unit.", at)
            return None
        own = self.unit(parsed.unit_text, at)
        try:
            value = parsed.low if wanted is None else convert(parsed.low, own, wanted)
        except ClinicalCommanderError as error:
            self.problems.extend(replace(p, code="CC204", at=at) for p in error.problems)
            return None
        return to_double(value, 12), wanted or own

    def duration(self, reader: Reader, key: str) -> str:
        """The text of a length of time under `key`, checked; empty without it."""
        text = reader.expression_or_none(key)
        if text is None or self.exact(text, f"`{key}` of {reader.what}", unit("h")) is None:
            return ""
        return text.value

    # -- references

    def fact_ids(self, reader: Reader, key: str) -> tuple[str, ...]:
        """The facts listed under `key`, each known to the catalogue (CC410)."""
        return tuple(s.value for s in reader.scalars(key) if self.known_fact(s.value, s.mark(0, len(s.value))))

    def known_fact(self, name: str, at: Mark) -> bool:
        """Whether the catalogue has the fact; reports CC410 where not."""
        if name in self.facts:
            self.used_facts.add(name)
            return True
        places = {fact: f"{mark.file}:{mark.line}" for fact, mark in self.fact_places.items()}
        mend = did_you_mean(name, self.facts, places=places) or "Add it to catalogue/facts.yaml."
        self.problem("CC410", f"no fact named `{name}`.", mend, at)
        return False

    def known(self, name: str, names: Iterable[str], kind: str, at: Mark) -> bool:
        """Whether `name` is one of `names`; reports CC410 where not."""
        all_names = tuple(names)
        if name in all_names:
            return True
        mend = did_you_mean(name, all_names) or (
            f"There are: {', '.join(sorted(all_names))}." if len(all_names) <= 12 else ""
        )
        self.problem("CC410", f"no {kind} named `{name}`.", mend, at)
        return False

    def action_id(self, reader: Reader, key: str) -> str | None:
        """The action under `key`, known to the catalogue; None without it."""
        text = reader.expression_or_none(key)
        if text is None or not self.known(text.value, self.action_ids, "action", text.mark(0, len(text.value))):
            return None
        self.used_actions.add(text.value)
        return text.value

    def action_ids_of(self, reader: Reader, key: str) -> tuple[str, ...]:
        """The actions listed under `key`, each known to the catalogue."""
        found = tuple(
            s.value
            for s in reader.scalars(key)
            if self.known(s.value, self.action_ids, "action", s.mark(0, len(s.value)))
        )
        self.used_actions.update(found)
        return found

    def route(self, reader: Reader | None) -> Route | None:
        """Where to hand over: to a dossier, installed or not (CC436 tells), or to something outside."""
        if reader is None:
            return None
        to = reader.text_or_none("dossier")
        external = reader.text_or("external", "")
        handover = reader.text_or("handover", "")
        unless = self.condition_or_none(reader.expression_or_none("unless"), Context.STEP)
        reader.done()
        if to is None and not external:
            reader.problem("CC402", f"{reader.what} leads nowhere.", "Add `dossier:` or `external:`.")
        if to is not None and to not in self.installed:
            self.not_installed(to, reader.place("dossier"))
        return Route(to, external, handover, to in self.installed, unless)

    def not_installed(self, dossier: str, at: Mark) -> None:
        """Note that a dossier that is named here cannot be opened here."""
        self.lint(
            "CC436",
            f"the dossier `{dossier}` is not installed: the hand-over is shown, nothing is assessed.",
            "",
            at,
            level="warning",
        )
