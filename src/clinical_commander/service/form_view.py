"""A form and its assessment in, what the template shows of it out: each field with its unit, state and remarks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from functools import cached_property, lru_cache

from clinical_commander.dossier.model import Dossier, Fact
from clinical_commander.engine.assessment import FactReport
from clinical_commander.frozen import frozen
from clinical_commander.logic.words import REGIONS, SETTINGS
from clinical_commander.quantity import unit
from clinical_commander.render.event import event_text
from clinical_commander.service.chart import Held
from clinical_commander.service.desk import Answer
from clinical_commander.service.form import NOT_ASKED, UNKNOWN, WAITING, Typed, field_unit, quick_groups, seal
from clinical_commander.service.statement import typed_of, units_of

_MOST_SAID = 3
_VOLUME = "mL"
_LATE = timedelta(minutes=1)
"""A value that was measured longer than this before it was recorded says when."""


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
class ToldView:
    """What there is to say of one field. `former` is the value before, with the press that says what it was."""

    id: str
    echo: str
    origin: str
    former: str
    former_deed: str
    former_says: str
    errors: tuple[str, ...]
    warnings: tuple[str, ...]


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
    told: ToldView


@frozen
class GroupView:
    title: str
    fields: tuple[FieldView, ...]
    filled: int


class FormView:
    """The form of one page."""

    def __init__(self, answer: Answer) -> None:
        self.answer, self.chart, self.a, self.words = answer, answer.chart, answer.assessment, answer.words
        self.dossier = answer.words.dossier

    @property
    def carried(self) -> Mapping[str, str]:
        """What the form carries unseen: whose it is, and what its page has seen of the log."""
        answer, of = self.answer, self.chart.id
        if answer.lost:
            of = answer.sent.of
        seq = answer.sent.seq if answer.lost else self.chart.seq
        return {"of": of, "nonce": answer.nonce, "seal": seal(of, answer.nonce), "seq": str(seq)}

    @property
    def setting(self) -> str:
        """Where the patient is."""
        return self.chart.placed("setting")

    @property
    def label(self) -> str:
        """A bed or a colour."""
        return self.chart.placed("label")

    @property
    def blank(self) -> bool:
        """Whether nothing was entered."""
        return not self.chart.held and not self.answer.refused

    def entered(self, name: str) -> Typed:
        """What stands in the field of a fact: what was refused stands as it was typed."""
        return self.answer.sent.typed[name] if name in self.answer.refused else self.chart.typed(name)

    @property
    def told(self) -> Sequence[ToldView]:
        """What there is to say of each field that holds what was sent, if anything."""
        return [self._told(name) for name in self.shown if name not in self._other]

    @property
    def otherwise(self) -> Sequence[FieldView]:
        """The fields that hold otherwise than was sent: an undone change, a value that stands again."""
        return self._fields([name for name in self.shown if name in self._other])

    @cached_property
    def _other(self) -> frozenset[str]:
        return frozenset(name for name, typed in self.answer.sent.typed.items() if self.entered(name) != typed)

    @property
    def last_change(self) -> tuple[str, str] | None:
        """What was recorded last, in words, and the deed that takes it back."""
        change = self.chart.last_change
        if change is None:
            return None
        said = [event_text(event, self.chart.events, self.words) for event in change.events]
        text = "; ".join(said[:_MOST_SAID]) + (" …" if len(said) > _MOST_SAID else "")
        at = change.events[-1].recorded.astimezone()
        return self.say("recorded_at", f"{at:%H:%M:%S}", text), f"undo {change.nonce}"

    def say(self, key: str, *parts: str) -> str:
        """A word of the page."""
        return self.words.say(key, *parts, group="page")

    @property
    def settings(self) -> Sequence[Choice]:
        return [Choice(s, self.words.name("setting", s), s == self.setting) for s in SETTINGS]

    @property
    def regions(self) -> Sequence[Choice]:
        none = Choice(NOT_ASKED, self.say("not_asked"), not self.chart.placed("region"))
        return [none, *(Choice(r, self.words.name("region", r), r == self.chart.placed("region")) for r in REGIONS)]

    @property
    def entries(self) -> Sequence[Choice]:
        """What the patient came with."""
        at = self.chart.placed("entry")
        found = [Choice(e.id, e.title, e.id == at) for e in self.dossier.entry_points.values()]
        return [Choice(NOT_ASKED, self.say("not_asked"), not at), *found]

    @cached_property
    def patient(self) -> Sequence[FieldView]:
        """Who it is: the facts of each input about the patient."""
        return self._fields(patient_facts(self.dossier))

    @cached_property
    def quick(self) -> Sequence[GroupView]:
        """The deciding facts, by the question that asks for them."""
        return [self._group(title, facts) for title, facts in quick_groups(self.dossier)]

    @cached_property
    def inputs(self) -> Sequence[GroupView]:
        """All other facts, by input."""
        return [self._group(title, names) for title, names in other_groups(self.dossier)]

    @property
    def errors(self) -> Sequence[tuple[str, str, tuple[str, ...]]]:
        """The fields that could not be taken: id, label, why."""
        return [(name, self.words.label(name), why) for name, why in self.answer.refused.items()]

    @cached_property
    def shown(self) -> frozenset[str]:
        """The facts that have a field."""
        groups = (*quick_groups(self.dossier), *other_groups(self.dossier))
        return frozenset((*patient_facts(self.dossier), *(name for _, names in groups for name in names)))

    def _group(self, title: str, names: Sequence[str]) -> GroupView:
        fields = self._fields(names)
        return GroupView(title, fields, sum(f.state != "not_asked" for f in fields))

    def _fields(self, names: Sequence[str]) -> tuple[FieldView, ...]:
        return tuple(self._field(name) for name in names)

    def _field(self, name: str) -> FieldView:
        fact, typed = self.dossier.facts[name], self.entered(name)
        return FieldView(
            id=name,
            label=fact.label,
            ask=fact.ask,
            kind="number" if fact.kind == "integer" else fact.kind,
            text="" if typed.text == UNKNOWN and fact.kind in ("number", "integer") else typed.text,
            state=typed.state,
            state_says=self.say(typed.state),
            unit=field_unit(fact),
            units=tuple(Choice(u, title, u == (typed.unit or field_unit(fact))) for u, title in self._units(fact)),
            measures=self._measures(fact),
            choices=self._choices(fact, typed.text),
            told=self._told(name),
        )

    def _told(self, name: str) -> ToldView:
        report, held = self.a.facts.get(name), self.chart.held.get(name)
        if report is None and held is None and name not in self.answer.refused:
            return _nothing_told(name)
        fact, words = self.dossier.facts[name], self.words
        value = self.entered(name).state == "value"
        own = report is not None and not report.origin.startswith("implied:") and value
        echo = ""
        if report is not None and own and fact.kind in ("number", "integer") and words.entered(name, report):
            echo = f"= {words.value(name, report)}"
        former, deed, says = self._former(fact, held)
        return ToldView(
            id=name,
            echo=echo,
            origin=self._origin(held, report),
            former=former,
            former_deed=deed,
            former_says=says,
            errors=self.answer.refused.get(name, ()),
            warnings=tuple(str(w) for w in report.warnings) if report is not None and own else (),
        )

    def _origin(self, held: Held | None, report: FactReport | None) -> str:
        """Where a value is from and of when, where no person typed it here just now."""
        if held is None or held.typed.state != "value":
            return ""
        if held.origin:
            return self.say("from_at", held.origin, _moment(held.at, self.a.at))
        late = abs(held.recorded - held.at) > _LATE
        return self.say("measured_at", _moment(held.at, self.a.at)) if late else ""

    def _former(self, fact: Fact, held: Held | None) -> tuple[str, str, str]:
        """The value before, and the one press that says whether it was a slip or a measurement."""
        if held is None or fact.id in self.answer.refused:
            return "", "", ""
        if held.corrects is not None and held.corrects.state == "value" and held.typed.state == "value":
            return self.say("corrected", held.corrects.said), f"both {held.seq}", self.say("both_press")
        if held.before is not None and held.typed.state == "value":
            before = typed_of(fact, held.before.said, self.dossier)
            if before.state == "value":
                said = self.say("before", before.said, _moment(held.before.at, self.a.at))
                return said, f"slip {held.before.seq}", self.say("slip_press")
        return "", "", ""

    def _units(self, fact: Fact) -> Sequence[tuple[str, str]]:
        return tuple(units_of(fact, self.dossier).items())

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
        named.setdefault(chosen, chosen)  # what came from elsewhere may be more than a field offers
        return tuple(Choice(value, title, value == chosen) for value, title in named.items())


@lru_cache(maxsize=1024)
def _nothing_told(name: str) -> ToldView:
    return ToldView(name, "", "", "", "", "", (), ())


def _moment(at: datetime, now: datetime) -> str:
    """A moment by the clock of this machine, with its day where it is another one."""
    local, today = at.astimezone(), now.astimezone().date()
    return f"{local:%H:%M}" if local.date() == today else f"{local:%Y-%m-%d %H:%M}"


def patient_facts(dossier: Dossier) -> Sequence[str]:
    """Who it is: the facts of each input about the patient."""
    return [fact for i in dossier.inputs.values() if i.category == "demographic" for fact in i.facts]


def other_groups(dossier: Dossier) -> Sequence[tuple[str, tuple[str, ...]]]:
    """All facts that are neither deciding nor about who it is, by input: its title, and its facts."""
    placed = {*patient_facts(dossier), *(name for _, names in quick_groups(dossier) for name in names)}
    found = []
    for given in dossier.inputs.values():
        names = tuple(dict.fromkeys(f for f in given.facts if f not in placed))
        placed.update(names)
        if names:
            found.append((given.title, names))
    return found
