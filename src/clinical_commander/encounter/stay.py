"""Events in, what they say of the patient out: corrected and retracted statements give way, and a `Case` can be read.

Two questions. *As known at* T: the events recorded until T. *As true at* T: all events, of what was so until T.
"""

from __future__ import annotations

from bisect import insort
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final, cast

from clinical_commander.dossier.model import Dossier
from clinical_commander.encounter.events import Event, refused
from clinical_commander.encounter.statements import ACTION_KINDS, action_data, decision_data
from clinical_commander.encounter.trends import with_trends
from clinical_commander.engine.case import Case
from clinical_commander.engine.read_case import case_from_series
from clinical_commander.engine.read_series import Said, Series
from clinical_commander.frozen import field, frozen

_CONTEXT = ("setting", "entry", "region", "label")
_ON_ADVICE = ("advice_accepted", "advice_overridden")
_OTHERS: Final = frozenset((*ACTION_KINDS, *_ON_ADVICE, "decision_recorded", "context_recorded", "handed_over"))
CASE_NAME = "encounter"
"""What the case is called in messages: never the id."""


@frozen
class Statement(Said):
    """One statement that stands: the number and fact of the event it came with first, and the event that said it last.

    `former` is what it said before a correction; None where it is as it was recorded.
    """

    seq: int
    fact: str
    event: Event
    former: Any = None


@frozen
class Stay:
    """What stands of an encounter after some events: the opening, and by name what was said last.

    `opening` has region, entry and label as they were said last. `series` are the statements by fact, in the order in
    which each was first true. `aside` is the advice that was set aside.
    """

    opening: Mapping[str, Any]
    setting: str
    series: Mapping[str, Series] = field(default_factory=dict)
    actions: Mapping[str, Event] = field(default_factory=dict)
    decisions: Mapping[str, Event] = field(default_factory=dict)
    aside: Mapping[str, Event] = field(default_factory=dict)

    @property
    def statements(self) -> tuple[Statement, ...]:
        """All statements, in the order in which they were true."""
        return tuple(sorted((s for name in self.series for s in self.of(name)), key=_in_time))

    def of(self, fact: str) -> tuple[Statement, ...]:
        """The statements about one fact, oldest first."""
        found = self.series.get(fact)
        return () if found is None else cast("tuple[Statement, ...]", found.statements)


def known_at(events: Sequence[Event], moment: datetime) -> tuple[Event, ...]:
    """The events that had been recorded by a moment."""
    return tuple(event for event in events if event.recorded <= moment)


def stay_of(events: Sequence[Event], until: datetime | None = None) -> Stay:
    """What stands after these events.

    Args:
        events: From the first on, in their order.
        until: Leaves out what was true only later. What was corrected or retracted counts as such in any case.

    Raises:
        EncounterError: CC853, there is no event; CC863, the payload of the opening was erased.
    """
    return Standing().after(events).stay(until)


class Standing:
    """What some events have left standing. Never changes: `after` gives another, which shares what stays as it is."""

    def __init__(self) -> None:
        self.first: Event | None = None
        self._gone: set[int] = set()  # the events that were retracted, by the event that each began with
        self._roots: dict[int, int] = {}
        self._statements: dict[int, Statement] = {}
        self._series: dict[str, Series] = {}
        # What is neither said of a fact nor silent, with its moment and number.
        self._others: list[tuple[datetime, int, Event]] = []

    def after(self, events: Sequence[Event]) -> Standing:
        """What stands when these events come behind those before."""
        found = Standing()
        found.first = self.first
        found._gone, found._roots = set(self._gone), dict(self._roots)
        found._statements, found._series = dict(self._statements), dict(self._series)
        found._others = list(self._others)
        touched: dict[str, list[Statement]] = {}
        for event in events:
            found._take(event, touched)
        for fact, statements in touched.items():
            if statements:
                found._series[fact] = Series(tuple(statements))
            else:
                found._series.pop(fact, None)
        return found

    def _take(self, event: Event, touched: dict[str, list[Statement]]) -> None:
        if self.first is None:
            self.first = event
        payload, target = event.payload, event.target
        if event.kind == "fact_recorded":
            if payload is not None:
                self._say(event.seq, payload["fact"], payload["statement"], event, None, touched)
        elif target is not None and event.kind in ("fact_corrected", "retracted"):
            root = self._roots[event.seq] = self._roots.get(target, target)
            standing = self._statements.pop(root, None)
            if standing is not None:
                self._touched(standing.fact, touched).remove(standing)
            if event.kind == "retracted":
                self._gone.add(root)
                self._others = [other for other in self._others if other[1] != root]
            elif standing is not None and payload is not None:  # an erased correction leaves nothing that stands
                self._say(root, standing.fact, payload["statement"], event, standing.said, touched)
        elif event.kind in _OTHERS and payload is not None and event.seq not in self._gone:
            insort(self._others, (event.effective, event.seq, event), key=_moment_and_number)

    def _say(
        self, root: int, fact: str, said: Any, event: Event, former: Any, touched: dict[str, list[Statement]]
    ) -> None:
        one = self._statements[root] = Statement(said, event.effective, root, fact, event, former)
        insort(self._touched(fact, touched), one, key=_in_time)

    def _touched(self, fact: str, touched: dict[str, list[Statement]]) -> list[Statement]:
        if fact not in touched:
            series = self._series.get(fact)
            touched[fact] = [] if series is None else list(cast("tuple[Statement, ...]", series.statements))
        return touched[fact]

    def stay(self, until: datetime | None = None) -> Stay:
        """What stands, as `stay_of`."""
        if self.first is None:
            raise refused("CC853", "Nothing of this encounter was known then.", "Choose a later moment.")
        opening = self.first.payload
        if opening is None:
            raise refused("CC863", "The opening of this encounter was erased.", "It can be verified, not replayed.")
        placed: dict[str, Any] = {}
        actions: dict[str, Event] = {}
        decisions: dict[str, Event] = {}
        advice: dict[str, Event] = {}
        for at, _, event in self._others:
            payload = event.payload or {}
            if until is not None and at > until:
                continue
            if event.kind in ACTION_KINDS:
                actions[payload["action"]] = event
            elif event.kind == "decision_recorded":
                decisions[payload["what"]] = event
            elif event.kind in _ON_ADVICE:
                advice[payload["advice"]] = event
            else:
                placed |= {k: v for k, v in payload.items() if k in _CONTEXT and (v is not None or k != "setting")}
        return Stay(
            opening={**opening, **placed},
            setting=placed.get("setting", opening["setting"]),
            series=_until(self._series, until),
            actions=actions,
            decisions=decisions,
            aside={name: e for name, e in advice.items() if e.kind == "advice_overridden"},
        )


def _in_time(statement: Statement) -> tuple[datetime, int]:
    return statement.at, statement.seq


def _moment_and_number(other: tuple[datetime, int, Event]) -> tuple[datetime, int]:
    return other[:2]


def _first(series: tuple[str, Series]) -> tuple[datetime, int]:
    return _in_time(cast("Statement", series[1].statements[0]))


def _until(series: Mapping[str, Series], until: datetime | None) -> dict[str, Series]:
    """The series in the order of their first statements, without what was true only later."""
    if until is not None:
        past = {name: tuple(s for s in one.statements if s.at <= until) for name, one in series.items()}
        series = {name: Series(statements) for name, statements in past.items() if statements}
    return dict(sorted(series.items(), key=_first))


def case_of(stay: Stay, dossier: Dossier, at: datetime) -> Case:
    """The case that a stay is at a moment, with what follows from its series.

    Raises:
        CaseError: The dossier does not know what was recorded: it is another content than that of the encounter.
    """
    data: dict[str, Any] = {
        "dossier": stay.opening["dossier"],
        "setting": stay.setting,
        "at": at.astimezone(UTC).isoformat(),
        "actions": {name: action_data(e.kind, e.payload or {}) for name, e in stay.actions.items()},
        "recorded": {name: decision_data(e.payload or {}, e.actor, e.effective) for name, e in stay.decisions.items()},
    }
    data |= {key: stay.opening[key] for key in ("entry", "region") if stay.opening.get(key) is not None}
    case = case_from_series(data, stay.series, dossier, name=CASE_NAME)
    done = {name: e.effective for name, e in stay.actions.items() if e.kind == "action_done"}
    return with_trends(case, dossier, done)
