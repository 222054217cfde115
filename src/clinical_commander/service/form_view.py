"""A form and its assessment in, what the template shows of it out: each field with its unit, state and remarks."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

from clinical_commander.dossier.model import Fact
from clinical_commander.engine.assessment import Assessment
from clinical_commander.frozen import frozen
from clinical_commander.logic.words import REGIONS, SETTINGS
from clinical_commander.quantity import unit
from clinical_commander.render.words import Words
from clinical_commander.service.entry import NOT_ASKED, UNKNOWN, WAITING, Entry, carried, field_unit, quick_groups

_VOLUME = "mL"


@frozen
class Choice:
    value: str
    title: str
    chosen: bool


@frozen
class Measure:
    """A measure of the household: which picture, what one of it is called, and how much that is."""

    id: str
    title: str
    holds: str


@frozen
class FieldView:
    """One field: label, unit, what stands in it, in which of the three states it is, what there is to say of it."""

    id: str
    label: str
    ask: str
    kind: str
    text: str
    state: str
    state_says: str
    unit: str
    units: tuple[Choice, ...]
    measures: tuple[Measure, ...]
    choices: tuple[Choice, ...]
    carried: str
    echo: str
    errors: tuple[str, ...]
    warnings: tuple[str, ...]


@frozen
class GroupView:
    title: str
    fields: tuple[FieldView, ...]
    filled: int


class FormView:
    """The form of one page."""

    def __init__(self, entry: Entry, assessment: Assessment, words: Words) -> None:
        self.entry, self.a, self.words = entry, assessment, words
        self.dossier = words.dossier

    def say(self, key: str, *parts: str) -> str:
        """A word of the page."""
        return self.words.say(key, *parts, group="page")

    @property
    def settings(self) -> Sequence[Choice]:
        return [Choice(s, self.words.name("setting", s), s == self.entry.setting) for s in SETTINGS]

    @property
    def regions(self) -> Sequence[Choice]:
        none = Choice(NOT_ASKED, self.say("not_asked"), not self.entry.region)
        return [none, *(Choice(r, self.words.name("region", r), r == self.entry.region) for r in REGIONS)]

    @cached_property
    def patient(self) -> Sequence[FieldView]:
        """Who it is: the first fact of each input about the patient."""
        given = [i for i in self.dossier.inputs.values() if i.category == "demographic"]
        return [self._field(fact) for i in given for fact in i.facts]

    @cached_property
    def quick(self) -> Sequence[GroupView]:
        """The deciding facts, by the question that asks for them."""
        return [self._group(title, facts) for title, facts in quick_groups(self.dossier)]

    @cached_property
    def inputs(self) -> Sequence[GroupView]:
        """All other facts, by input."""
        placed = {f.id for f in self.patient} | {f.id for group in self.quick for f in group.fields}
        found = []
        for given in self.dossier.inputs.values():
            names = tuple(dict.fromkeys(f for f in given.facts if f not in placed))
            placed.update(names)
            if names:
                found.append(self._group(given.title, names))
        return found

    @property
    def errors(self) -> Sequence[tuple[str, str, tuple[str, ...]]]:
        """The fields that could not be taken: id, label, why."""
        return [(name, self.words.label(name), why) for name, why in self.entry.errors.items()]

    @cached_property
    def shown(self) -> frozenset[str]:
        """The facts that have a field."""
        groups = [*self.quick, *self.inputs]
        return frozenset([f.id for g in groups for f in g.fields] + [f.id for f in self.patient])

    def _group(self, title: str, names: Sequence[str]) -> GroupView:
        fields = tuple(self._field(name) for name in names)
        return GroupView(title, fields, sum(f.state != "not_asked" for f in fields))

    def _field(self, name: str) -> FieldView:
        fact, one, words = self.dossier.facts[name], self.entry.of(name), self.words
        report = self.a.facts.get(name)
        own = report is not None and not report.origin.startswith("implied:") and one.state == "value"
        echo = ""
        if report is not None and own and fact.kind in ("number", "integer") and words.entered(name, report):
            echo = f"= {words.value(name, report)}"
        return FieldView(
            id=name,
            label=fact.label,
            ask=fact.ask,
            kind="number" if fact.kind == "integer" else fact.kind,
            text="" if one.text == UNKNOWN and fact.kind in ("number", "integer") else one.text,
            state=one.state,
            state_says=self.say(one.state),
            unit=field_unit(fact),
            units=self._units(fact, one.unit),
            measures=self._measures(fact),
            choices=self._choices(fact, one.text),
            carried=carried(one) if one.text else "",
            echo=echo,
            errors=self.entry.errors.get(name, ()),
            warnings=tuple(str(w) for w in report.warnings) if report is not None and own else (),
        )

    def _units(self, fact: Fact, chosen: str) -> tuple[Choice, ...]:
        own = field_unit(fact)
        if own == _VOLUME:
            named = self.dossier.words.get("household", {})
        else:
            spelt = self.dossier.words.get("unit", {})
            named = {code: spelt.get(code, code) for code in fact.also}
        if not named:
            return ()
        return tuple(Choice(u, title, u == (chosen or own)) for u, title in {own: own, **named}.items())

    def _measures(self, fact: Fact) -> tuple[Measure, ...]:
        """The household measures of a volume, each with what one of it holds in the unit of the field."""
        if field_unit(fact) != _VOLUME or fact.unit is None:
            return ()
        named = self.dossier.words.get("household_one", {})
        holds = {u: f"{float(unit(u).factor / fact.unit.factor):.{fact.decimals}f} {_VOLUME}" for u in named}
        return tuple(Measure(u, title, holds[u]) for u, title in named.items())

    def _choices(self, fact: Fact, chosen: str) -> tuple[Choice, ...]:
        if fact.kind in ("number", "integer"):
            return ()
        named: dict[str, str] = {NOT_ASKED: self.say("not_asked")}
        if fact.kind == "boolean":
            named |= {"yes": self.words.name("truth", "true"), "no": self.words.name("truth", "false")}
        else:
            named |= fact.codes
        named.setdefault(UNKNOWN, self.say(UNKNOWN))
        if fact.kind == "code":
            for state in WAITING:
                named.setdefault(state, self.words.name("fact_state", state))
        return tuple(Choice(value, title, value == chosen) for value, title in named.items())
