"""A case and a moment in, what is possible of every fact out: freshness, constraints, memory, evaluated columns.

A case with stale facts is evaluated twice: `fresh` takes a stale fact as unknown, `last` takes its last value. Alarms
may rest on either; whatever reassures rests on `fresh` alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from clinical_commander.dossier.model import Allowed, Constraint, Dossier, Fact
from clinical_commander.engine.case import Case, Observation
from clinical_commander.engine.settle import Reader
from clinical_commander.frozen import frozen, replace
from clinical_commander.program.columns import Slot
from clinical_commander.program.program import Program
from clinical_commander.program.references import Later

HOUR = 3600.0
RECORDS = ("recorded", "done", "ordered", "declined")  # flags that are false where the case says nothing


@frozen
class Possible:
    """The values still possible of one fact: [low, high], or `codes`, or a set of truths."""

    low: float = 0.0
    high: float = 0.0
    codes: frozenset[str] = frozenset()
    truths: frozenset[bool] = frozenset()

    def left(self, fact: Fact) -> bool:
        """Something is still possible."""
        if fact.kind == "boolean":
            return bool(self.truths)
        return bool(self.codes) if fact.kind == "code" else self.low <= self.high

    def settled(self, fact: Fact) -> bool:
        if fact.kind == "boolean":
            return len(self.truths) == 1
        if fact.kind == "code":
            return len(self.codes) == 1
        return self.low == self.high


@frozen
class Known:
    """What is held of one fact at one moment: the statement it rests on, its state and what it leaves possible."""

    state: str  # known partial unknown stale pending unobtainable
    possible: Possible
    observation: Observation | None = None
    implied_by: tuple[str, ...] = ()


@frozen
class Contradiction:
    """Two statements that cannot both be so, by a constraint of the catalogue."""

    constraint: Constraint
    facts: tuple[str, ...]


@frozen
class View:
    """One evaluation: what was possible of each fact, the inputs, the columns, and a reader over them."""

    known: Mapping[str, Known]
    x: list[Any]
    columns: list[Any]
    reader: Reader

    def told(self, fact: str) -> bool:
        """Whether anything is held of a fact: its value, or part of it."""
        known = self.known.get(fact)
        return known is not None and known.state in ("known", "partial")


@frozen
class Situation:
    at: datetime
    fresh: View
    last: View
    stale: frozenset[str]
    contradictions: tuple[Contradiction, ...]
    hours_since_major: float | None = None  # by the observations before, not by what was entered


def unknown(fact: Fact) -> Possible:
    """Everything a fact can be: its hard limits, all its codes, both truths."""
    if fact.kind == "boolean":
        return Possible(truths=frozenset({True, False}))
    if fact.kind == "code":
        return Possible(codes=frozenset(fact.codes))
    low, high = fact.limits if fact.limits else (float("-inf"), float("inf"))
    return Possible(low=low, high=high)


def stated(fact: Fact, observation: Observation) -> Possible:
    """What one statement leaves possible of a fact."""
    everything = unknown(fact)
    if fact.kind == "boolean":
        return everything if observation.truth is None else Possible(truths=frozenset({observation.truth}))
    if fact.kind == "code":
        return everything if observation.codes is None else Possible(codes=observation.codes)
    low = everything.low if observation.low is None else max(observation.low, everything.low)
    high = everything.high if observation.high is None else min(observation.high, everything.high)
    return Possible(low=low, high=high)


class Situations:
    """Makes the situation of a case at any moment. One per dossier; holds nothing of a patient."""

    def __init__(self, dossier: Dossier, program: Program) -> None:
        self.dossier, self.program = dossier, program
        self.nothing = Later(dossier.facts, lambda name: Known("unknown", unknown(dossier.facts[name])))
        self.blank = program.blank()
        flags = ((*name.partition(":")[::2], slot) for name, slot in program.slots.items() if ":" in name)
        self.flags: dict[str, list[tuple[str, Slot]]] = {}
        for kind, key, slot in flags:
            self.flags.setdefault(kind, []).append((key, slot))
            if kind in RECORDS:
                self.blank[slot.at], self.blank[slot.at + 1] = False, True
        self.touching: dict[str, list[Constraint]] = {}
        for constraint in dossier.constraints:
            for name in dict.fromkeys((*constraint.given, *constraint.then)):
                self.touching.setdefault(name, []).append(constraint)
        self.always = {c.id for c in dossier.constraints if not c.given}  # what the dossier gives
        source = dossier.bleeding_source
        self.partial = (source.fact, source.partial) if source is not None else ("", {})

    def at(
        self, case: Case, moment: datetime, hours_since_major: float | None, capabilities: Mapping[str, str]
    ) -> Situation:
        """The situation at one moment, from the statements made up to it."""
        last_known, doubtful = self._latest(case, moment, hours_since_major)
        last, contradictions = self._view(case, last_known, capabilities)
        stale = frozenset(self._stale(case.setting, moment, last)) | doubtful
        if stale:
            fresh_known = {
                name: (replace(k, state="stale", possible=self.nothing[name].possible) if name in stale else k)
                for name, k in last_known.items()
            }
            fresh, contradictions = self._view(case, fresh_known, capabilities)
        else:
            fresh = last
        return Situation(moment, fresh, last, stale, contradictions, hours_since_major)

    # -- statements

    def _latest(
        self, case: Case, moment: datetime, hours_since_major: float | None
    ) -> tuple[dict[str, Known], frozenset[str]]:
        known: dict[str, Known] = {}
        doubtful: set[str] = set()
        for name, observations in case.facts.items():
            fact = self.dossier.facts[name]
            before = [o for o in observations if o.at <= moment]
            if not before:
                continue
            valued = [o for o in before if o.state in ("known", "partial")]
            newest = before[-1]
            if not valued:
                known[name] = Known(newest.state, self.nothing[name].possible, newest)
                continue
            latest = valued[-1]
            known[name] = Known(latest.state, self._read(fact, latest), latest)
            if newest is not latest and newest.state in ("pending", "unobtainable"):
                doubtful.add(name)  # a newer result is on its way: the old one may alarm, it cannot reassure
        self._apply_entry(case, known, moment)
        self._remember(known, moment, hours_since_major)
        return known, frozenset(doubtful)

    def _read(self, fact: Fact, observation: Observation) -> Possible:
        possible = stated(fact, observation)
        name, partial = self.partial
        if fact.id == name:
            codes: set[str] = set()
            for code in possible.codes:
                codes.update(partial.get(code, (code,)))
            possible = Possible(codes=frozenset(codes))
        return possible

    def _apply_entry(self, case: Case, known: dict[str, Known], moment: datetime) -> None:
        if case.entry is None:
            return
        for name, value in self.dossier.entry_points[case.entry].sets.items():
            if name in known:
                continue
            fact = self.dossier.facts[name]
            observation = Observation(
                name, "known", moment,
                codes=frozenset({value}) if isinstance(value, str) else None,
                truth=value if isinstance(value, bool) else None,
                entered=str(value), origin=f"entry:{case.entry}",
            )  # fmt: skip
            known[name] = Known("known", self._read(fact, observation), observation)

    def _remember(self, known: dict[str, Known], moment: datetime, hours_since_major: float | None) -> None:
        if self.dossier.tier.remembers is None:
            return
        _, name = self.dossier.tier.remembers
        entered = known.get(name)
        low = high = None
        if entered is not None and entered.observation is not None and entered.state in ("known", "partial"):
            aged = (moment - entered.observation.at).total_seconds() / HOUR
            low, high = entered.possible.low + aged, entered.possible.high + aged
        if hours_since_major is not None and (high is None or hours_since_major < high):
            low = hours_since_major if low is None else min(low, hours_since_major)
            high = hours_since_major
        if low is None or high is None:
            return
        observation = entered.observation if entered else None
        known[name] = Known("known" if low == high else "partial", Possible(low=low, high=high), observation)

    # -- freshness

    def _stale(self, setting: str, moment: datetime, last: View) -> list[str]:
        holding = [name for name, c in self.dossier.circumstances.items() if last.reader.must(self.program.pair(c))]
        remembered = self.dossier.tier.remembers[1] if self.dossier.tier.remembers else ""
        found = []
        for name, known in last.known.items():
            if known.observation is None or known.state not in ("known", "partial") or name == remembered:
                continue
            window = self.window(self.dossier.facts[name], setting, holding)
            if window is not None and (moment - known.observation.at).total_seconds() / HOUR > window:
                found.append(name)
        return found

    def window(self, fact: Fact, setting: str, holding: list[str]) -> float | None:
        """Hours for which a value may reassure, or None if it never expires."""
        windows = self.dossier.freshness.get(fact.freshness, {})
        special = [windows[name] for name in holding if name in windows]
        usual = windows.get(setting, windows.get("any"))
        return min([*special, *([usual] if usual is not None else [])], default=None)

    # -- evaluation

    def _view(
        self, case: Case, statements: Mapping[str, Known], capabilities: Mapping[str, str]
    ) -> tuple[View, tuple[Contradiction, ...]]:
        known, contradictions = self._narrow(dict(statements))
        x = self.blank.copy()
        for name, k in known.items():
            self.write(x, name, k.possible)
        slots = self.program.slots
        slot = slots["setting"]
        x[slot.at] = 1 << slot.codes.index(case.setting)
        if case.region is not None:
            slot = slots["region"]
            x[slot.at] = 1 << slot.codes.index(case.region)
        for key, slot in self.flags.get("capable", ()):
            if key in capabilities:
                has = capabilities[key] in ("yes", "on_call")
                x[slot.at], x[slot.at + 1] = has, not has
        for key, slot in self.flags.get("recorded", ()):
            if key in case.recorded or (key == "entry" and case.entry is not None):
                x[slot.at], x[slot.at + 1] = True, False
        for name, record in case.actions.items():
            flag = slots.get(f"{record.state}:{name}")
            if flag is not None:
                x[flag.at], x[flag.at + 1] = True, False
        columns = self.program.evaluate(x)
        return View(known, x, columns, Reader(self.program, x, columns)), contradictions

    def write(self, x: list[Any], name: str, possible: Possible) -> None:
        """Put what is possible of a fact among the inputs."""
        slot = self.program.slots[name]
        if slot.kind == "boolean":
            x[slot.at], x[slot.at + 1] = True in possible.truths, False in possible.truths
        elif slot.kind == "code":
            x[slot.at] = sum(1 << i for i, code in enumerate(slot.codes) if code in possible.codes)
        else:
            x[slot.at], x[slot.at + 1] = possible.low, possible.high

    # -- constraints

    def _narrow(self, statements: dict[str, Known]) -> tuple[dict[str, Known], tuple[Contradiction, ...]]:
        """What the constraints leave of the statements, and the statements that cannot both be so.

        A premise that another statement contradicts implies nothing: it must not make a third fact known.
        """
        contradictions = self._contradictions(statements)
        contested = {f for c in contradictions if not c.constraint.wins for f in c.constraint.given}
        known = statements
        changed = set(statements)
        for _ in range(4):  # implications chain at most a few deep; bounds stay sound if they chained further
            live = {c.id for name in changed for c in self.touching.get(name, ()) if contested.isdisjoint(c.given)}
            live |= self.always
            changed = {name for c in self.dossier.constraints if c.id in live for name in self._imply(c, known)}
            if not changed:
                break
        return known, contradictions

    def _contradictions(self, statements: Mapping[str, Known]) -> tuple[Contradiction, ...]:
        """Pairs of statements that a constraint rules out. What only follows from a statement contradicts nothing."""
        found = []
        touched = {c.id for name in statements for c in self.touching.get(name, ())}
        for constraint in self.dossier.constraints:
            if constraint.id not in touched or not all(
                f in statements and self._inside(f, a, statements) for f, a in constraint.given.items()
            ):
                continue
            found += [
                Contradiction(constraint, (*constraint.given, name))
                for name, allowed in constraint.then.items()
                if name in statements and self._inside(name, allowed, statements) is False
            ]
        return tuple(found)

    def _imply(self, constraint: Constraint, known: dict[str, Known]) -> list[str]:
        """Applies one constraint, forwards or backwards; the facts of which less is possible now."""
        changed: list[str] = []
        open_premises = []
        for name, allowed in constraint.given.items():
            inside = self._inside(name, allowed, known)
            if inside is False:
                return changed
            if inside is None:
                open_premises.append(name)
        if not open_premises:
            by = tuple(constraint.given) or ("dossier",)
            for name, allowed in constraint.then.items():
                inside = self._inside(name, allowed, known)
                if inside is None:
                    changed += self._set(name, self._meet(allowed, self._of(name, known).possible), by, known)
                elif inside is False and constraint.wins:
                    changed += self._set(name, self._meet(allowed, self.nothing[name].possible), by, known)
        elif len(open_premises) == 1:
            # Contrapositive: what it implies is ruled out, so the one open premise is not so.
            refuting = tuple(n for n, allowed in constraint.then.items() if self._inside(n, allowed, known) is False)
            if refuting:
                (name,) = open_premises
                outside = self._without(constraint.given[name], self._of(name, known).possible)
                if outside is not None:
                    changed += self._set(name, outside, refuting, known)
        return changed

    def _of(self, name: str, known: Mapping[str, Known]) -> Known:
        return known[name] if name in known else self.nothing[name]

    def _set(self, name: str, possible: Possible, by: tuple[str, ...], known: dict[str, Known]) -> list[str]:
        now = self._of(name, known)
        if possible == now.possible or not possible.left(self.dossier.facts[name]):
            return []  # statements of other facts leave nothing of this one: nobody stated it, so it stays unknown
        state = "known" if possible.settled(self.dossier.facts[name]) else "partial"
        known[name] = replace(now, state=state, possible=possible, implied_by=by)
        return [name]

    def _inside(self, name: str, allowed: Allowed, known: Mapping[str, Known]) -> bool | None:
        """True if a fact surely lies in `allowed`, False if surely not, else None."""
        possible = self._of(name, known).possible
        if isinstance(allowed, bool):
            return None if len(possible.truths) != 1 else allowed in possible.truths
        if isinstance(allowed, frozenset):
            return True if possible.codes <= allowed else (None if possible.codes & allowed else False)
        low, high = allowed
        if possible.low >= low and possible.high <= high:
            return True
        return None if possible.high >= low and possible.low <= high else False

    def _meet(self, allowed: Allowed, possible: Possible) -> Possible:
        if isinstance(allowed, bool):
            return Possible(truths=frozenset({allowed}))
        if isinstance(allowed, frozenset):
            return Possible(codes=possible.codes & allowed)
        return Possible(low=max(possible.low, allowed[0]), high=min(possible.high, allowed[1]))

    def _without(self, allowed: Allowed, possible: Possible) -> Possible | None:
        if isinstance(allowed, bool):
            return Possible(truths=possible.truths - {allowed})
        if isinstance(allowed, frozenset):
            return Possible(codes=possible.codes - allowed)
        return None  # the rest of a range may be two ranges: left as it is, which is sound
