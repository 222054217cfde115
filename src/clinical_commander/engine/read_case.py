"""A case file, or the same as plain data, in; a `Case` out, or every fault of it with place, cause and mend.

Missing is unknown, and unknown stays unknown: no value, unit, time zone or setting is ever filled in.
"""

from __future__ import annotations

import collections.abc
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from clinical_commander.dossier import model
from clinical_commander.dossier.reader import plain_data
from clinical_commander.dossier.source import CASE_LIMIT, Key, Mapping, Node, Scalar, Sequence, kind_of, read_yaml
from clinical_commander.engine.case import ActionRecord, Case, Observation
from clinical_commander.engine.entries import LONGEST_QUOTE, Faults, nearest, node_of, quote, read_moment, short, shown
from clinical_commander.engine.read_fact import read_fact
from clinical_commander.engine.read_series import Series, read_series, timed
from clinical_commander.errors import CaseError, Problem, YamlError
from clinical_commander.frozen import replace
from clinical_commander.logic.words import RECORDED, REGIONS, SETTINGS

KEYS: Final = ("setting", "entry", "region", "at", "facts", "actions", "recorded", "dossier", "source")
ACTION_STATES: Final = ("done", "ordered", "declined")
_RECORD_KEYS: Final = ("value", "reason", "by", "at")
_LONGEST_REASON: Final = 400
_NO_SERIES: Final[collections.abc.Mapping[str, Series]] = {}


def read_case(
    source: Path | str | Node, dossier: model.Dossier, *, name: str | None = None, now: datetime | None = None
) -> Case:
    """The patient that a case file describes.

    Args:
        source: The file, its text (YAML or JSON), or what `read_yaml` made of it.
        dossier: Whose facts, actions, entry points and answers the case may name.
        name: What the case is called in messages; the file's name where not given.
        now: The moment assessed where the case gives none, with a zone; the present where not given.

    Raises:
        YamlError: CC1xx, neither YAML nor JSON, or more than 1 MiB.
        CaseError: All faults of the case: those of `read_fact`; CC606 no such fact; CC607 the wrong kind of value;
            CC612 and CC613 a moment that cannot be read or has no zone; CC615 no such key; CC617 no such word; CC618 no
            such action; CC619 declined without a reason; CC620 no setting; CC621 no mapping, or data of another kind.
    """
    if isinstance(source, Node):
        node, name = source, name or source.source.file
    else:
        name = name or (str(source) if isinstance(source, Path) else "case")
        try:
            node = read_yaml(source, name, limit=CASE_LIMIT)
        except YamlError as error:
            raise YamlError([short(problem) for problem in error.problems]) from None
    return _CaseReader(dossier, name, now).case(node)


def case_from_mapping(
    data: collections.abc.Mapping[str, object],
    dossier: model.Dossier,
    *,
    name: str = "case",
    now: datetime | None = None,
) -> Case:
    """The patient that plain data describes, by the rules of a case file.

    Text is text as if in quotation marks: `"86 %"`, `"warfarin"`, `"unknown"`; `True`, `3` and `4.6` are themselves.

    Raises:
        CaseError: As `read_case`; the place is `name` and the keys that lead to the value.
    """
    return _CaseReader(dossier, name, now).case(node_of(data, name))


def case_from_series(
    data: collections.abc.Mapping[str, object],
    series: collections.abc.Mapping[str, Series],
    dossier: model.Dossier,
    *,
    name: str,
) -> Case:
    """The same as `case_from_mapping` with all that was said of each fact, in its order, under `facts`.

    What was read of a statement before is not read again, so that a case that grows is had as quickly as a short one.

    Raises:
        CaseError: As `case_from_mapping`, but that a patient may have any number of statements.
    """
    return _CaseReader(dossier, name, None).case(node_of(data, name), series)


def dossier_of(node: Node) -> str | None:
    """The id under `dossier:` of a case, before any dossier is loaded; None where it names none."""
    found = node.get("dossier") if isinstance(node, Mapping) else None
    return found.value.strip() if isinstance(found, Scalar) and isinstance(found.meaning, str) else None


class _CaseReader:
    def __init__(self, dossier: model.Dossier, name: str, now: datetime | None) -> None:
        if now is not None and now.utcoffset() is None:
            raise ValueError("`now` has no zone")
        self.dossier = dossier
        self.name = name
        self.now = now
        self.faults = Faults()
        self.not_known: set[str] = set()

    def fault(self, code: str, cause: str, mend: str, node: Node) -> None:
        self.faults.add(code, cause, mend, node)

    def case(self, node: Node, series: collections.abc.Mapping[str, Series] = _NO_SERIES) -> Case:
        if not isinstance(node, Mapping):
            mend = "Write `setting: ed`, and `facts:` with lines under it."
            raise CaseError(short(Problem("CC621", f"A case is a mapping; this is {kind_of(node)}.", mend, node.at)))
        for key, value in node.items.values():
            self.known_key(key, value)
        # The dossier's own order, so that the same facts give the same case however the file orders them.
        at = self.moment(node.get("at"))
        facts = self.facts(node.get("facts"), at) | self.series(series, at)
        case = Case(
            setting=self.setting(node),
            at=at,
            facts={fact: facts[fact] for fact in self.dossier.facts if fact in facts},
            not_known=tuple(fact for fact in self.dossier.facts if fact in self.not_known),
            entry=self.word("entry", node.get("entry"), self.dossier.entry_points),
            region=self.word("region", node.get("region"), REGIONS),
            dossier=self.dossier_id(node.get("dossier")),
            actions=self.actions(node.get("actions")),
            recorded=self.recorded(node.get("recorded")),
            name=self.name,
        )
        self.faults.raise_any()
        return replace(case, warnings=tuple(self.faults.warnings))

    def known_key(self, key: Key, value: Node) -> None:
        if key.name in KEYS:
            return
        if key.name in self.dossier.facts:
            mend = "It is a fact: put it under `facts:`, indented."
        elif key.name == "site":
            mend = "A site stands in its own file: `--site FILE`."
        else:
            mend = nearest(key.name, KEYS) or f"It may have: {', '.join(KEYS)}."
        self.fault("CC615", f"{quote(key.name)} is no key of a case.", mend, key)

    # -- the keys

    def setting(self, node: Mapping) -> str:
        entered = node.get("setting")
        if entered is None:
            mend = f"Write `setting:` with one of {', '.join(SETTINGS)}."
            self.fault("CC620", "The case names no setting: where is the patient?", mend, node)
            return ""
        return self.word("setting", entered, SETTINGS) or ""

    def word(self, what: str, entered: Node | None, known: Iterable[str]) -> str | None:
        if entered is None:
            return None
        text = entered.value.strip() if isinstance(entered, Scalar) and isinstance(entered.meaning, str) else ""
        words = list(known)
        if text in words:
            return text
        mend = nearest(text, words) or f"Write one of: {', '.join(words)}."
        if what != "setting":
            mend += " Leave it out if it is not known."
        self.fault("CC617", f"`{what}` is {shown(entered)}.", mend, entered)
        return None

    def moment(self, entered: Node | None) -> datetime:
        given = read_moment(entered, "`at`", self.faults) if entered is not None else None
        return given or self.now or datetime.now(UTC)

    def dossier_id(self, entered: Node | None) -> str | None:
        return self.short_text("dossier", entered) if entered is not None else None

    def facts(self, entered: Node | None, at: datetime) -> dict[str, tuple[Observation, ...]]:
        facts: dict[str, tuple[Observation, ...]] = {}
        for key, node in self.entries("facts", entered):
            fact = self.dossier.facts.get(key.name)
            if fact is None:
                self.fault("CC606", f"No fact is called {quote(key.name)}.", self.fact_meant(key.name), key)
                continue
            found = read_fact(fact, node, at, self.faults)
            if found:
                facts[fact.id] = found
            else:
                self.not_known.add(fact.id)
        return facts

    def series(self, series: collections.abc.Mapping[str, Series], at: datetime) -> dict[str, tuple[Observation, ...]]:
        facts: dict[str, tuple[Observation, ...]] = {}
        for name, one in series.items():
            fact = self.dossier.facts.get(name)
            found = read_series(fact, one, at, self.faults, self.name) if fact is not None else None
            if found is None:  # no fact of the dossier, or a year of birth: as if it stood in a case file
                facts |= self.facts(node_of({name: timed(one.statements)}, self.name, "facts", 2), at)
            elif found:
                facts[name] = found
            else:
                self.not_known.add(name)
        return facts

    def fact_meant(self, name: str) -> str:
        asked = self.dossier.inputs.get(name)
        if asked is not None:
            return f"It is made of: {', '.join(asked.facts)}."
        if name in KEYS:
            return f"`{name}:` is a key of the case, not of `facts:`."
        return "" if self.faults.many else nearest(name, self.dossier.facts) or "`commander show` lists the facts."

    def actions(self, entered: Node | None) -> dict[str, ActionRecord]:
        actions: dict[str, ActionRecord] = {}
        for key, node in self.entries("actions", entered):
            if key.name not in self.dossier.actions:
                mend = "" if self.faults.many else nearest(key.name, self.dossier.actions)
                mend = mend or "`commander show` lists the actions."
                self.fault("CC618", f"No action is called {quote(key.name)}.", mend, key)
                continue
            record = self.action(key.name, node)
            if record is not None:
                actions[key.name] = record
        return actions

    def action(self, action: str, entered: Node) -> ActionRecord | None:
        reason = ""
        state: Node | None = entered
        if isinstance(entered, Mapping):
            for name, (key, value) in entered.items.items():
                if name == "reason":
                    reason = self.short_text("reason", value) or ""
                elif name != "state":
                    mend = nearest(name, ("state", "reason")) or "It may have: state, reason."
                    self.fault("CC615", f"{quote(name)} is no key of an action.", mend, key)
            state = entered.get("state")
        text = state.value.strip() if isinstance(state, Scalar) and isinstance(state.meaning, str) else ""
        if text not in ACTION_STATES:
            mend = nearest(text, ACTION_STATES) or f"Write one of: {', '.join(ACTION_STATES)}; or leave it out."
            self.fault("CC617", f"{action} is {shown(state) if state else 'without a state'}.", mend, state or entered)
            return None
        if text == "declined" and not reason:
            if not isinstance(entered, Mapping) or "reason" not in entered.items:
                mend = "Write `{state: declined, reason: ...}`."
                self.fault("CC619", f"{action} is declined, and no reason is given.", mend, entered)
            return None
        return ActionRecord(text, reason)

    def recorded(self, entered: Node | None) -> dict[str, dict[str, object]]:
        recorded: dict[str, dict[str, object]] = {}
        for key, node in self.entries("recorded", entered):
            if key.name not in RECORDED:
                mend = nearest(key.name, RECORDED) or f"It may have: {', '.join(sorted(RECORDED))}."
                self.fault("CC615", f"{quote(key.name)} is nothing that is recorded.", mend, key)
                continue
            record = self.record(key.name, node)
            if record is not None:
                recorded[key.name] = record
        return recorded

    def record(self, what: str, entered: Node) -> dict[str, object] | None:
        """What a person entered under one key; None where it is `unknown`, which is the same as nothing."""
        record: dict[str, object] = {}
        value: Node | None = entered
        if isinstance(entered, Mapping):
            for name, (key, node) in entered.items.items():
                if name not in _RECORD_KEYS:
                    mend = nearest(name, _RECORD_KEYS) or f"It may have: {', '.join(_RECORD_KEYS)}."
                    self.fault("CC615", f"{quote(name)} is no key of what is recorded.", mend, key)
                elif name == "at":
                    at = read_moment(node, f"The time of `{what}`", self.faults)
                    record |= {"at": at.isoformat()} if at else {}
                elif name != "value":
                    record[name] = self.short_text(name, node)
            value = entered.get("value")
        if value is None or (isinstance(value, Scalar) and (value.meaning is None or not value.value.strip())):
            self.fault("CC607", f"`{what}` records nothing.", "Add `value:`, or leave it out.", value or entered)
            return None
        if isinstance(value, Scalar) and value.meaning == "unknown":
            return None
        choices = {"disposition": [v.id for v in self.dossier.disposition.values], "entry": self.dossier.entry_points}
        if what in choices:
            return {"value": self.word(what, value, choices[what]), **record}
        if not _is_plain(value):
            self.fault("CC607", f"The value of `{what}` is too deep.", "Write text, or a list of texts.", value)
        return {"value": plain_data(value), **record}

    # -- shapes

    def entries(self, what: str, entered: Node | None) -> list[tuple[Key, Node]]:
        if entered is None or (isinstance(entered, Scalar) and entered.meaning is None):
            return []
        if isinstance(entered, Mapping):
            return list(entered.items.values())
        self.fault("CC607", f"`{what}` is {kind_of(entered)}.", "Write `name: value` lines under it.", entered)
        return []

    def short_text(self, what: str, entered: Node) -> str | None:
        text = entered.value.strip() if isinstance(entered, Scalar) and isinstance(entered.meaning, str) else ""
        most = 2 * LONGEST_QUOTE if what == "dossier" else _LONGEST_REASON
        if text and len(text) <= most:
            return text
        self.fault("CC607", f"`{what}` is {shown(entered)}.", f"Write text of at most {most} characters.", entered)
        return None


def _is_plain(node: Node) -> bool:
    """A text, or one level of them: what can be printed as it is."""
    if isinstance(node, Mapping):
        return all(isinstance(value, Scalar) for _, value in node.items.values())
    return not isinstance(node, Sequence) or all(isinstance(item, Scalar) for item in node.items)
