"""What a case says of one fact in, its observations out, oldest first; faults are collected, nothing is guessed.

A statement is a value (`86 %`, `true`, `warfarin`), several codes of which one is so, a mapping with `value` or
`state`, or a list of such mappings, each with its time. `unknown` is the same as saying nothing.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from datetime import datetime
from typing import Final

from clinical_commander.derive.observation import CLOCK_SKEW, UNSETTLED, Observation, in_order
from clinical_commander.dossier.model import Fact
from clinical_commander.dossier.source import Mapping, Node, Scalar, Sequence, kind_of
from clinical_commander.engine.entries import LONGEST_QUOTE, Faults, nearest, quote, read_moment, shown
from clinical_commander.engine.read_number import read_number, unit_name
from clinical_commander.frozen import replace

STATES: Final = ("pending", "unobtainable", "unknown")
_KEYS: Final = ("value", "state", "at", "origin", "year_of_birth")
_YES: Final = frozenset("yes y on true 1 positive present".split())
_NO: Final = frozenset("no n off false 0 negative absent".split())
_NOT_KNOWN: Final = frozenset(("unknown", "not known", "n/a", "na", "not measured", "not done", "missing", "?"))


def read_fact(fact: Fact, entered: Node, moment: datetime, faults: Faults) -> tuple[Observation, ...]:
    """The observations of one fact, oldest first; none where it is unknown.

    Values of one time that differ are kept as one observation that leaves all of them possible, with a warning: which
    of them is right is not for a program to choose.

    Args:
        fact: The fact.
        entered: What stands under its name in the case.
        moment: The moment assessed; the time of a value that has none of its own.
        faults: Takes CC601 to CC605, CC609, CC610 and CC622 of `read_number`; CC607 the wrong kind of value; CC608 no
            such code; CC612 and CC613 of `read_moment`; CC614 a time after the moment assessed; CC615 no such key;
            CC617 no such state; CC623 no value, or two, or no time; CC624 not a year of birth; and the warnings CC611,
            CC614 (a clock a little ahead) and CC616 (values of one time differ).
    """
    return _FactReader(fact, moment, faults).observations(entered)


def read_item(fact: Fact, entered: Node, moment: datetime, faults: Faults) -> Observation | None:
    """One of several observations of a fact, with its time, as `read_fact` reads each; None where it says nothing."""
    return _FactReader(fact, moment, faults).statement(entered, timed=True)


class _FactReader:
    def __init__(self, fact: Fact, moment: datetime, faults: Faults) -> None:
        self.fact = fact
        self.moment = moment
        self.faults = faults

    def fault(self, code: str, cause: str, mend: str, node: Node) -> None:
        self.faults.add(code, cause, mend, node)

    def observations(self, entered: Node) -> tuple[Observation, ...]:
        if not isinstance(entered, Sequence) or (entered.items and all(isinstance(i, Scalar) for i in entered.items)):
            found = [self.statement(entered, timed=False)]
        elif not entered.items:
            self.fault("CC607", f"{self.fact.id} is an empty list.", "Write `unknown`, or leave it out.", entered)
            return ()
        else:
            found = [self.statement(item, timed=True) for item in entered.items]
        return self.in_order([o for o in found if o is not None], entered)

    def statement(self, entered: Node, *, timed: bool) -> Observation | None:
        """One statement with its time; `timed` where it is one of several and must say when it was."""
        if isinstance(entered, Mapping):
            return self.mapping(entered, timed=timed)
        if timed:
            cause = f"A list for {self.fact.id} mixes observations with {kind_of(entered)}."
            self.fault("CC607", cause, "Write every item as `{value: ..., at: ...}`.", entered)
            return None
        return self.value(entered, self.moment)

    def mapping(self, entered: Mapping, *, timed: bool) -> Observation | None:
        for name, (key, _) in entered.items.items():
            if name not in _KEYS:
                mend = nearest(name, _KEYS) or "It may have: value, at, origin; or state."
                self.fault("CC615", f"{quote(name)} is no key of an observation of {self.fact.id}.", mend, key)
        at = self.time(entered, timed=timed)
        origin = self.origin(entered)
        content = [entered.items[k] for k in ("value", "state", "year_of_birth") if k in entered.items]
        if len(content) != 1:
            says = "nothing" if not content else "two things at once"
            mend = f"Write `value:` with {self.wanted()}, or `state:` with one of {', '.join(STATES)}."
            self.fault(
                "CC623", f"This observation of {self.fact.id} says {says}.", mend, content[1][0] if content else entered
            )
            return None
        if at is None or origin is None:
            at, origin = self.moment, ""  # a fault stands already; its value may have one too
        key, node = content[0]
        if key.name == "state":
            found = self.state(node, at)
        elif key.name == "year_of_birth":
            found = self.year_of_birth(node, entered)
        else:
            found = self.value(node, at)
        return replace(found, origin=origin) if found else None

    def time(self, entered: Mapping, *, timed: bool) -> datetime | None:
        node = entered.get("at")
        if node is None:
            if not timed:
                return self.moment
            self.fault(
                "CC623", f"One of several observations of {self.fact.id} has no time.", "Add `at:` to each.", entered
            )
            return None
        at = read_moment(node, f"The time of {self.fact.id}", self.faults)
        if at is None or at <= self.moment:
            return at
        ahead = f"The time of {self.fact.id}, {quote(at.isoformat())}, lies after the moment assessed"
        if at > self.moment + CLOCK_SKEW:
            mend = f"Correct it, or set `at:` of the case, now {quote(self.moment.isoformat())}."
            self.fault("CC614", f"{ahead}.", mend, node)
            return None
        # What is in the future is not known yet: it would silently not count.
        self.faults.warn("CC614", f"{ahead} by less than 5 min.", "It is taken as of that moment.", node)
        return self.moment

    def origin(self, entered: Mapping) -> str | None:
        node = entered.get("origin")
        if node is None:
            return "case"
        text = node.value.strip() if isinstance(node, Scalar) and isinstance(node.meaning, str) else ""
        if not text or len(text) > 2 * LONGEST_QUOTE or not text.isprintable():
            cause = f"The origin of {self.fact.id} is {shown(node)}."
            self.fault("CC607", cause, "Write a short text, such as `monitor`.", node)
            return None
        return text

    # -- one value

    def state(self, entered: Node, at: datetime) -> Observation | None:
        text = entered.value if isinstance(entered, Scalar) else ""
        if text not in STATES:
            mend = nearest(text, STATES) or f"Write one of: {', '.join(STATES)}. A value goes under `value:`."
            self.fault("CC617", f"{self.fact.id} has the state {shown(entered)}.", mend, entered)
            return None
        return None if text == "unknown" else Observation(self.fact.id, text, at, entered=text)

    def value(self, entered: Node, at: datetime) -> Observation | None:
        if isinstance(entered, Mapping):
            self.fault("CC607", f"The value of {self.fact.id} is a mapping.", f"Write {self.wanted()}.", entered)
            return None
        if isinstance(entered, Scalar):
            if entered.meaning is None or not entered.value.strip():
                self.fault("CC607", f"{self.fact.id} has no value.", "Write `unknown`, or leave it out.", entered)
                return None
            text = entered.value.strip()
            if text not in self.fact.codes:
                if text == "unknown":
                    return None
                if text in UNSETTLED:
                    self.fault(
                        "CC607", f"{self.fact.id}: {quote(text)} is no value.", f"Write `{{state: {text}}}`.", entered
                    )
                    return None
                if text.casefold() in _NOT_KNOWN:
                    self.fault("CC607", f"{self.fact.id}: {quote(text)} is no value.", "Write `unknown`.", entered)
                    return None
        if self.fact.kind == "boolean":
            return self.boolean(entered, at)
        if self.fact.kind == "code":
            return self.code(entered, at)
        return self.number(entered, at)

    def boolean(self, entered: Node, at: datetime) -> Observation | None:
        truth = entered.meaning if isinstance(entered, Scalar) else None
        if isinstance(truth, bool):
            return Observation(self.fact.id, "known", at, truth=truth, entered="true" if truth else "false")
        word = entered.value.strip().casefold() if isinstance(entered, Scalar) else ""
        mend = "Write `true`, `false` or `unknown`."
        if word in _YES | _NO:
            mend = f"Write `{'true' if word in _YES else 'false'}`" + (
                " without quotation marks." if word in ("true", "false") else "."
            )
        self.fault("CC607", f"{self.fact.id} is true or false; {shown(entered)} is neither.", mend, entered)
        return None

    def code(self, entered: Node, at: datetime) -> Observation | None:
        nodes = entered.items if isinstance(entered, Sequence) else (entered,)
        codes: list[str] = []
        faulty = False
        for node in nodes:
            code = node.value.strip() if isinstance(node, Scalar) and isinstance(node.meaning, str) else ""
            if code in self.fact.codes and code not in codes:
                codes.append(code)
                continue
            faulty = True
            if code in codes:
                self.fault("CC608", f"{quote(code)} stands twice for {self.fact.id}.", "Keep one of them.", node)
                continue
            known = list(self.fact.codes)
            mend = nearest(code.casefold().replace(" ", "_"), known) if code else ""
            mend = mend or f"Write one of: {', '.join(known)}."
            self.fault("CC608", f"{self.fact.id} has no code {shown(node)}.", mend, node)
        if faulty or not codes or len(codes) == len(self.fact.codes) > 1:
            return None  # faulty, or every code: nothing is said
        state = "known" if len(codes) == 1 else "partial"
        return Observation(self.fact.id, state, at, codes=frozenset(codes), entered=" or ".join(codes))

    def number(self, entered: Node, at: datetime) -> Observation | None:
        if isinstance(entered, Sequence):
            mend = "Write a range as `30..60` with its unit; several observations each as `{value: ..., at: ...}`."
            self.fault("CC607", f"{self.fact.id} is a number, not a list.", mend, entered)
            return None
        if not isinstance(entered, Scalar) or isinstance(entered.meaning, bool):
            self.fault(
                "CC607", f"{self.fact.id} is a number; {shown(entered)} is none.", f"Write {self.wanted()}.", entered
            )
            return None
        number = read_number(self.fact, entered, self.moment.date(), self.faults)
        if number is None:
            return None
        least, most = self.fact.limits or (-math.inf, math.inf)
        if number.low <= least and number.high >= most:
            return None  # every value: nothing is said
        return Observation(
            self.fact.id,
            "known" if number.low == number.high else "partial",
            at,
            low=number.low,
            high=number.high,
            entered=" ".join(entered.value.split()),
            unit=number.unit,
            warnings=number.warnings,
        )

    def year_of_birth(self, entered: Node, whole: Mapping) -> Observation | None:
        """An age from a year alone: one year wide, in calendar years, cut and not rounded, as ages are counted."""
        today = self.moment.date()
        if self.fact.unit is None or self.fact.unit.code != "a":
            self.fault("CC624", f"{self.fact.id} has no year of birth.", f"Write {self.wanted()}.", entered)
            return None
        if "at" in whole.items:
            self.fault("CC624", "A year of birth has no time.", "Delete `at:`.", whole.items["at"][0])
            return None
        year = entered.meaning if isinstance(entered, Scalar) else None
        oldest = self.fact.limits[1] if self.fact.limits else 150
        if isinstance(year, bool) or not isinstance(year, int) or not 0 <= today.year - year <= oldest:
            cause = f"{shown(entered)} is no year of birth of anybody alive on {today.isoformat()}."
            self.fault("CC624", cause, "Write four digits, as in `1967`.", entered)
            return None
        days = 366 if today.year % 4 == 0 and (today.year % 100 != 0 or today.year % 400 == 0) else 365
        day = today.timetuple().tm_yday
        scale = 10**self.fact.decimals
        # Born on 31 December, today's day counts in full; born on 1 January, the year began that morning.
        youngest = max(0, today.year - year - 1) * scale + (day * scale // days if today.year > year else 0)
        eldest = (today.year - year) * scale + (day - 1) * scale // days
        return Observation(
            self.fact.id, "partial", self.moment, low=youngest / scale, high=eldest / scale, entered=f"born {year}"
        )

    def wanted(self) -> str:
        """What a value of this fact looks like, for a mend."""
        if self.fact.kind == "boolean":
            return "`true` or `false`"
        if self.fact.kind == "code":
            return "one of " + ", ".join(self.fact.codes)
        if self.fact.kind == "integer" or self.fact.unit is None or self.fact.unit.code == "1":
            return "a whole number" if self.fact.kind == "integer" else "a number"
        return f"a number in {unit_name(self.fact.unit)}"

    # -- several

    def in_order(self, found: Iterable[Observation], entered: Node) -> tuple[Observation, ...]:
        observations, problems = in_order(found)
        for problem in problems:
            self.faults.warn(problem.code, problem.cause, problem.mend, entered)
        return observations
