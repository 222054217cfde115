"""What a person sent and what the log holds in, the entries that are new out; values that cannot be taken apart.

A value that replaces one is a new measurement, and the one before stays in the series. Typed anew within two minutes of
its first entry, or about something that does not change with time, it corrects. The field says which, and one press
makes it the other. A value that came from elsewhere is never corrected in silence: what was typed stands beside it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from clinical_commander.dossier.model import Dossier, Fact
from clinical_commander.encounter import Entry, Event
from clinical_commander.encounter.events import check_time
from clinical_commander.encounter.statements import asks, read_statement
from clinical_commander.errors import CaseError, Problem, ServiceError
from clinical_commander.frozen import field, frozen
from clinical_commander.render.words import Words
from clinical_commander.service.chart import PAGE, UNDO, Chart, Held, nonce_of
from clinical_commander.service.form import NOT_ASKED, UNKNOWN, Sent, Typed
from clinical_commander.service.statement import same, statement_of

TYPING: Final = timedelta(minutes=2)
"""A value that is typed anew within this time of its first entry is the same measurement, typed right."""
_STATES: Final = {"done": "action_done", "ordered": "action_ordered", "declined": "action_declined"}


@frozen
class Changes:
    """What is to be recorded, and the fields that cannot be taken, with the reasons."""

    entries: tuple[Entry, ...] = ()
    refused: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


class Reader:
    """Reads what one person sent against one chart."""

    def __init__(self, sent: Sent, chart: Chart, words: Words, actor: str, now: datetime) -> None:
        self.sent, self.chart, self.words, self.actor, self.now = sent, chart, words, actor, now
        self.dossier: Dossier = words.dossier
        self._number, self._about = 0, str(chart.seq)

    def changes(self) -> Changes:
        """The entries, in the order of the form: fields, place, deed.

        Raises:
            ServiceError: CC803, the deed is none of the page.
        """
        refused: dict[str, tuple[str, ...]] = {}
        entries: list[Entry] = []
        for name, typed in self.sent.typed.items():
            if same(typed, self.chart.typed(name), self.dossier.facts[name]):
                continue
            try:
                entries += self._fact(self.dossier.facts[name], typed)
            except CaseError as error:
                refused[name] = tuple(f"{p.cause} {p.mend}".strip() for p in error.problems)
        entries += self._place()
        # A form that is sent once more changes no field again; its deed is known by its words.
        self._number, self._about = 0, hashlib.sha256(" ".join(self.sent.deed).encode()).hexdigest()[:12]
        entries += self._deed()
        return Changes(tuple(e for e in entries if e.key is None or not self.chart.has(e.key)), refused)

    def say(self, key: str, *parts: str) -> str:
        return self.words.say(key, *parts, group="page")

    # -- one field

    def _fact(self, fact: Fact, typed: Typed) -> Iterator[Entry]:
        held = self.chart.held.get(fact.id)
        if typed.text == NOT_ASKED:
            if held is not None:
                yield self._entry("retracted", {"reason": self.say("cleared")}, target=held.seq)
            return
        statement = statement_of(fact, typed, self._origin(held))
        assert statement is not None
        at = self.sent.measured or self.now
        check_time(at, self.now)
        read_statement(fact.id, statement, self.dossier, at, self.now)
        if typed.text == UNKNOWN:
            # Not known now: an earlier value of the series may not speak, and reassure, in its place.
            for statement_before in self.chart.stay.of(fact.id):
                if held is not None and statement_before.seq != held.seq:
                    yield self._entry("retracted", {"reason": self.say("withdrawn")}, target=statement_before.seq)
        if held is not None and self._corrects(fact, typed, held):
            reason = self.say("withdrawn") if typed.text == UNKNOWN else self.say("typed_anew")
            payload = {"statement": statement, "reason": reason}
            yield self._entry("fact_corrected", payload, self.sent.measured or held.at, held.seq)
        else:
            yield self._entry("fact_recorded", {"fact": fact.id, "statement": statement}, at)

    def _origin(self, held: Held | None) -> str:
        """Where a value is from: a person, who may stand against a value from elsewhere."""
        if held is None or not held.origin or self._is_override(held.origin):
            return held.origin if held is not None else ""
        return self.say("override_of", held.origin)

    def _is_override(self, origin: str) -> bool:
        before, _, after = self.say("override_of", "\0").partition("\0")
        return origin.startswith(before) and origin.endswith(after)

    def _corrects(self, fact: Fact, typed: Typed, held: Held) -> bool:
        if typed.text == UNKNOWN:
            return True
        if held.origin and not self._is_override(held.origin):
            return False
        if held.typed.text == UNKNOWN or not self.dossier.freshness.get(fact.freshness):
            return True
        if self.sent.measured is not None:
            return self.sent.measured == held.at
        return self.now - held.recorded <= TYPING

    # -- where the patient is

    def _place(self) -> Iterator[Entry]:
        said = {name: value or None for name, value in self.sent.placed.items() if value != self.chart.placed(name)}
        if said:
            yield self._entry("context_recorded", said)

    # -- one deed

    def _deed(self) -> Iterator[Entry]:
        stay = self.chart.stay
        match self.sent.deed:
            case () | ("upgrade",):
                return
            case (("done" | "ordered" | "declined") as state, action, *reason) if action in self.dossier.actions:
                why = self._why(action, reason, must=state == "declined")
                yield self._entry(_STATES[state], {"action": action, **why})
            case ("aside", advice, *reason) if advice in self.dossier.triggers:
                yield self._entry("advice_overridden", {"advice": advice, **self._why(advice, reason, must=True)})
            case ("skip", question) if question in asks(self.dossier):
                yield self._entry("advice_overridden", {"advice": question, "reason": self.say("skip")})
            case (("open" | "back") as which, name):
                event = (stay.actions if which == "open" else stay.aside).get(name)
                if event is not None:
                    yield self._entry("retracted", {"reason": self.say("taken_back")}, target=event.seq)
            case ("decide", what) if what in self.dossier.words.get("recorded", {}):
                payload = {"what": what, "value": self.sent.chosen.get(what, "")}
                yield self._entry("decision_recorded", {**payload, **self._why(what, [], must=False)})
            case (("slip" | "both") as which, seq) if seq.isdecimal():
                yield from self._other_way(which, int(seq))
            case ("undo", nonce):
                yield from self._undo(nonce)
            case _:
                mend = "Load the page anew."
                raise ServiceError(Problem("CC803", "The form asks for a deed that this page does not have.", mend))

    def _why(self, about: str, codes: Sequence[str], *, must: bool) -> dict[str, str]:
        """The reason: what a person wrote, else the one that was pressed."""
        known = self.dossier.words.get("set_aside", {})
        coded = known.get(codes[0], "") if codes else ""
        text = "; ".join(part for part in (coded, self.sent.reasons.get(about, "")) if part)
        return {"reason": text or self.say("no_reason")} if text or must else {}

    def _other_way(self, which: str, seq: int) -> Iterator[Entry]:
        """The value before was a slip, and no measurement; or it was one, and no slip."""
        for name, held in self.chart.held.items():
            fact = self.dossier.facts[name]
            if which == "slip" and held.before is not None and held.before.seq == seq:
                yield self._entry("retracted", {"reason": self.say("slip")}, target=seq)
            elif which == "both" and held.corrects is not None and held.seq == seq:
                former = {"statement": statement_of(fact, held.corrects), "reason": self.say("both")}
                latter = {"fact": name, "statement": statement_of(fact, held.typed, held.origin)}
                yield self._entry("fact_corrected", former, held.at, seq)
                yield self._entry("fact_recorded", latter, max(held.recorded, held.at))

    # -- undo

    def _undo(self, nonce: str) -> Iterator[Entry]:
        """What takes back all that one page recorded, the last first."""
        change = self.chart.last_change
        if change is None or change.nonce != nonce:
            return
        written = [e for e in self.chart.events if e.key.startswith(PAGE) and nonce_of(e.key) == nonce]
        for number, event in enumerate(reversed(written)):
            for entry in self._taken_back(event):
                key = f"{UNDO}{nonce}.{self.sent.nonce}.{number}"
                yield Entry(entry.kind, entry.payload, entry.actor, entry.effective_at, key, entry.target)

    def _taken_back(self, event: Event) -> Iterator[Entry]:
        reason = {"reason": self.say("undone")}
        before = Chart([e for e in self.chart.events if e.seq < event.seq], self.dossier)
        if event.kind == "fact_corrected":
            root = self.chart.roots[event.seq]
            standing = next((s for s in before.stay.statements if s.seq == root), None)
            if standing is not None:
                yield self._entry("fact_corrected", {"statement": standing.said, **reason}, standing.at, root)
        elif event.kind == "retracted" and event.target is not None:
            standing = next((s for s in before.stay.statements if s.seq == event.target), None)
            again = next(e for e in self.chart.events if e.seq == event.target)
            if standing is not None:
                payload: Mapping[str, Any] = {"fact": standing.fact, "statement": standing.said}
                yield self._entry("fact_recorded", payload, standing.at)
            elif again.payload is not None:
                yield self._entry(again.kind, again.payload, again.effective)
        else:
            yield self._entry("retracted", reason, target=event.seq)

    def _entry(
        self, kind: str, payload: Mapping[str, Any], at: datetime | None = None, target: int | None = None
    ) -> Entry:
        """An entry with a key of its own: what is sent twice is recorded once."""
        self._number += 1
        key = f"{PAGE}{self.sent.nonce}.{self._about}.{self._number}"
        return Entry(kind, payload, self.actor, at, key, target)
