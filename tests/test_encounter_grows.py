"""A stay that grows by an event at a time, beside the same read at once and beside the plainest reading of it."""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta, timezone
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from clinical_commander.dossier.model import Dossier
from clinical_commander.encounter import Entry, Event, Log
from clinical_commander.encounter.events import utc_text
from clinical_commander.encounter.stay import case_of, stay_of
from clinical_commander.encounter.trends import with_trends
from clinical_commander.engine.case import Case
from clinical_commander.engine.entries import Faults
from clinical_commander.engine.read_case import case_from_mapping
from clinical_commander.engine.read_series import Said, Series, read_series
from clinical_commander.errors import CaseError
from clinical_commander.frozen import replace
from clinical_commander.service.chart import Chart, blank
from clinical_commander.service.form import DEED, NONCE, OF, SEAL, SEQ, seal
from clinical_commander.service.statement import typed_of
from tests.desks import Clock, desk_at
from tests.encounters import MINUTE, START, fact, fresh, new
from tests.fixtures import engine

DAY = timedelta(days=1)
AWAY = timezone(timedelta(hours=-5))
# Of each fact some values that are taken, one that is taken with a warning where there is one, and one that is refused.
SAID: Mapping[str, Sequence[Any]] = {
    "spo2": ("86 %", "97 %", "> 90 %", "80..90 %", "45 %", "0.97"),
    "sbp": ("88 mmHg", "124 mmHg", "16 kPa", "290 mmHg", "124"),
    "hemoglobin": ("12 g/dL", "9 g/dL", "74 g/L", "3 g/dL", "12"),
    "age": ("60 years", "34 years", {"year_of_birth": 1967}, {"year_of_birth": 1990}, "1967"),
    "consciousness": ("alert", "pain", ["alert", "pain"], "wide awake"),
    "airway_compromise": (True, False, "yes"),
}
NONCES = tuple(f"{n:032x}" for n in range(6))
KEYS = ("page.{nonce}.{seq}.1", "page.{nonce}.{seq}.1", "page.{nonce}.{seq}.1", "undo.{nonce}.{other}.{seq}", "k{seq}")
DONE = ("panel.cbc", "procedure.bae", "airway.upright")


def dossier() -> Dossier:
    return engine().dossier


class Stay:
    """Entries by chance: recorded, corrected, retracted, placed and done, now or late, in two zones."""

    def __init__(self, seed: int, *, faulty: bool) -> None:
        self.chance, self.faulty, self.now = random.Random(seed), faulty, START

    def entry(self, events: Sequence[Event]) -> Entry:
        chance = self.chance
        self.now += chance.choice((0, 1, 30, 400)) * MINUTE + timedelta(microseconds=1)
        at = (self.now - chance.choice((0, 0, 1, 20, 600)) * MINUTE).astimezone(chance.choice((UTC, AWAY)))
        if chance.random() < 0.2:
            at = chance.choice(events).effective
        if self.faulty and chance.random() < 0.05:
            at = self.now + 9 * MINUTE
        kind, payload, target = self.said(events)
        nonce = chance.choice(NONCES[: 1 + len(events) // 8])
        key = chance.choice(KEYS).format(nonce=nonce, other=chance.choice(NONCES), seq=len(events))
        return Entry(kind, payload, "Nurse", at, key, target)

    def said(self, events: Sequence[Event]) -> tuple[str, dict[str, Any], int | None]:
        chance, told = self.chance, [e for e in events if e.kind in ("fact_recorded", "fact_corrected")]
        what = chance.choices(("fact", "correct", "retract", "place", "deed", "other"), (10, 3, 2, 1, 2, 1))[0]
        if what == "place":
            said = chance.choice(
                ({"setting": chance.choice(("ed", "icu"))}, {"region": None}, {"region": "tb_endemic"})
            )
            return chance.choice(("context_recorded", "handed_over")), said, None
        if what == "deed":
            return f"action_{chance.choice(('done', 'ordered'))}", {"action": chance.choice(DONE)}, None
        if what == "other":
            return chance.choice(
                (
                    ("decision_recorded", {"what": "disposition", "value": "icu"}, None),
                    ("advice_overridden", {"advice": "panel.cbc", "reason": "no"}, None),
                    ("advice_accepted", {"advice": "panel.cbc"}, None),
                    ("assessment_shown", {"summary": {}}, None),
                )
            )
        if what == "retract" and len(events) > 1:
            return "retracted", {"reason": "slip"}, chance.choice(events[1:]).seq
        if what == "correct" and told:
            target = chance.choice(told)
            return "fact_corrected", {"statement": self.statement(root(target, events).payload["fact"])}, target.seq
        name = chance.choice(list(SAID))
        return "fact_recorded", {"fact": name, "statement": self.statement(name)}, None

    def statement(self, name: str) -> Any:
        value = self.chance.choice(SAID[name] if self.faulty and self.chance.random() < 0.1 else SAID[name][:-1])
        if isinstance(value, dict):
            return value
        state = self.chance.choice(("pending", "unobtainable", "unknown"))
        return self.chance.choice((value, value, {"value": value}, {"value": value, "origin": "lab"}, {"state": state}))


def root(event: Event, events: Sequence[Event]) -> Event:
    while event.target is not None:
        event = events[event.target - 1]
    return event


def standing(events: Sequence[Event]) -> list[tuple[datetime, int, str, list[Event]]]:
    """By the plainest reading, what stands: for each fact recorded, look through all that was said of it later."""
    gone = {root(e, events).seq for e in events if e.kind == "retracted"}
    told = []
    for event in events:
        if event.kind == "fact_recorded" and event.payload is not None and event.seq not in gone:
            said = [event, *(e for e in events if e.kind == "fact_corrected" and root(e, events) == event)]
            told.append((said[-1].effective, event.seq, event.payload["fact"], said))
    return sorted(told, key=lambda one: one[:2])


def words(event: Event) -> Any:
    assert event.payload is not None
    return event.payload["statement"]


def plainly_held(events: Sequence[Event]) -> dict[str, object]:
    """What a field shows, and what its value replaced, of the last statement about each fact."""
    found: dict[str, object] = {}
    for at, seq, name, said in standing(events):
        one, last = dossier().facts[name], said[-1]
        replaced = len(said) > 1 and not last.key.startswith("undo.")
        former = typed_of(one, words(said[-2]), dossier()) if replaced else None
        found[name] = typed_of(one, words(last), dossier()), seq, at, last.recorded_at, former
    return found


def plainly(events: Sequence[Event], at: datetime) -> Case:
    """The case by the plainest reading."""
    gone = {root(e, events).seq for e in events if e.kind == "retracted"}
    facts: dict[str, Any] = {}
    for when, _, name, events_of in standing(events):
        said = words(events_of[-1])
        item = said if isinstance(said, dict) else {"value": said}
        facts.setdefault(name, []).append(item if "year_of_birth" in item else {**item, "at": when.isoformat()})
    for name, items in facts.items():
        years = [item for item in items if "year_of_birth" in item]
        facts[name] = items[-1] if items[-1] in years else [item for item in items if item not in years]
    rest = sorted((e for e in events if e.seq not in gone), key=lambda e: (e.effective, e.seq))
    placed = dict(events[0].payload or {})
    actions, recorded, done = {}, {}, {}
    for event in rest:
        said = event.payload or {}
        if event.kind in ("context_recorded", "handed_over"):
            placed |= said
        elif event.kind in ("action_done", "action_ordered"):
            actions[said["action"]] = {"state": event.kind.removeprefix("action_")}
            done.pop(said["action"], None)
            done |= {said["action"]: event.effective} if event.kind == "action_done" else {}
        elif event.kind == "decision_recorded":
            by = {"by": event.actor, "at": event.effective.isoformat()}
            recorded[said["what"]] = {"value": said["value"], **by}
    data = {key: value for key, value in placed.items() if value is not None}
    whole = {**data, "at": at.astimezone(UTC).isoformat(), "facts": facts, "actions": actions, "recorded": recorded}
    return with_trends(case_from_mapping(whole, dossier(), name="encounter"), dossier(), done)


def outcome(read: Callable[[], Case]) -> tuple[object, ...]:
    """All that a reading gives: the case with what is not compared, or the faults with their places."""
    try:
        case = read()
    except CaseError as error:
        return error.problems
    return case, list(case.facts), case.not_known, case.warnings, list(case.actions), list(case.recorded)


def shown(chart: Chart) -> object:
    """All that a page takes from a chart."""
    held = [(name, replace(one, before=None), one.before and one.before.seq) for name, one in chart.held.items()]
    stay = chart.stay
    told = [(s.seq, s.fact, s.said, s.at, s.event.seq, s.former) for s in stay.statements]
    return held, told, stay.opening, stay.setting, stay.actions, stay.decisions, stay.aside, looked_up(chart)


def looked_up(chart: Chart) -> object:
    change = chart.last_change and (chart.last_change.nonce, chart.last_change.events)
    keys = [chart.has(event.key) for event in chart.events], chart.has("page.0.0.0"), chart.has("")
    return change, keys, [chart.since(seq, NONCES[0]) for seq in range(len(chart.events) + 2)]


def plainly_looked_up(events: Sequence[Event]) -> object:
    """The same by looking through all events each time."""
    nonces = {e: e.key.split(".")[1] if e.key.count(".") > 1 else "" for e in events}
    undone = {nonces[e] for e in events if e.key.startswith("undo.")}
    written = [e for e in events if e.key.startswith("page.") and nonces[e] not in undone]
    change = (nonces[written[-1]], tuple(e for e in written if nonces[e] == nonces[written[-1]])) if written else None
    others = [e for e in events if e.kind != "assessment_shown" and NONCES[0] not in e.key.split(".")[1:3]]
    later = [tuple(e for e in others if e.seq > max(seq, 1)) for seq in range(len(events) + 2)]
    return change, ([True] * len(events), False, any(e.key == "" for e in events)), later


@pytest.mark.parametrize("seed", range(12))
def test_a_chart_that_grew_is_the_chart_that_is_read_at_once(seed: int) -> None:
    stay = Stay(seed, faulty=seed % 3 == 0)
    grown = blank(dossier(), "pack", "ed", None, START)

    for _ in range(30):
        entries = [stay.entry(grown.events) for _ in range(stay.chance.choice((1, 1, 1, 2)))]
        before = grown
        left = shown(before) if stay.chance.random() < 0.5 else None
        grown = before.with_entries(entries[:1], stay.now)
        for entry in entries[1:]:
            shown(before.with_entries([entry], stay.now))  # another answer from the same chart, as while a log is full
            grown = grown.with_entries([entry], stay.now)

        assert shown(grown) == shown(Chart(grown.events, dossier(), recorded=False))
        assert looked_up(grown) == plainly_looked_up(grown.events)
        held = {n: (h.typed, h.seq, h.at, utc_text(h.recorded), h.corrects) for n, h in grown.held.items()}
        assert held == plainly_held(grown.events)
        assert left is None or shown(before) == left


@pytest.mark.parametrize("seed", range(12))
def test_the_case_of_a_stay_that_grew_is_what_the_plainest_reading_of_its_events_gives(seed: int) -> None:
    stay = Stay(1000 + seed, faulty=seed % 3 == 0)
    grown = blank(dossier(), "pack", "ed", None, START)
    taken = 0

    for _ in range(30):
        grown = grown.with_entries([stay.entry(grown.events)], stay.now)
        later = stay.chance.choice((1, 40)) * DAY
        # On another day, and again at a moment of before: a reading holds for no moment but those it would be so for.
        for at in (stay.now, stay.now + 5 * MINUTE, stay.now + later, stay.now - 7 * MINUTE):
            plain = outcome(partial(plainly, grown.events, at))
            assert outcome(partial(case_of, grown.stay, dossier(), at)) == plain
            taken += isinstance(plain[0], Case)

    assert taken > 30


def test_a_warning_names_the_place_in_which_the_value_stands_now() -> None:
    chart = blank(dossier(), "pack", "ed", None, START)
    for minute, value in enumerate(("97 %", "45 %"), 1):
        chart = chart.with_entries([fact("spo2", value, START + minute * MINUTE)], START + minute * MINUTE)
    [second] = case_of(chart.stay, dossier(), START + 3 * MINUTE).warnings

    alone = chart.with_entries([Entry("retracted", {"reason": "slip"}, "Nurse", target=2)], START + 3 * MINUTE)
    [first] = case_of(alone.stay, dossier(), START + 3 * MINUTE).warnings

    assert (second.code, first.code) == ("CC611", "CC611")
    assert [str(w.at and w.at.file) for w in (second, first)] == [f"encounter, facts.spo2[{i}].value" for i in (1, 0)]


def test_what_was_read_with_one_content_is_read_anew_with_another() -> None:
    spo2 = dossier().facts["spo2"]
    wider = replace(spo2, limits=(0.0, 100.0), range=(0.0, 100.0))
    series = Series((Said("45 %", START),))

    read = []
    for one in (spo2, wider, spo2):
        faults = Faults()
        [found] = read_series(one, series, START, faults, "encounter") or ()
        read.append((found.low, [w.code for w in faults.warnings]))

    assert read == [(45.0, ["CC611"]), (45.0, []), (45.0, ["CC611"])]


def test_a_warning_that_speaks_of_the_day_is_that_of_the_day_assessed() -> None:
    # In 2025 nobody was born in 2026: the hint that it may be the year of birth is none yet.
    years = replace(dossier().facts["age"], limits=(0.0, 3000.0))
    moment = datetime(2025, 12, 31, 12, tzinfo=UTC)
    series = Series((Said("2026 years", moment),))

    hints = []
    for at in (moment, moment + DAY, moment):
        faults = Faults()
        read_series(years, series, at, faults, "encounter")
        hints.append(["year of birth" in w.mend for w in faults.warnings])

    assert hints == [[False], [True], [False]]


def test_a_value_that_cannot_be_taken_is_refused_at_every_reading() -> None:
    series = Series((Said("97 %", START), Said("97 mmHg", START + MINUTE)))
    refused = []
    for _ in range(2):
        faults = Faults()
        read_series(dossier().facts["spo2"], series, START + MINUTE, faults, "encounter")
        refused.append([(p.code, p.at and p.at.file) for p in faults.errors])

    assert refused == [[("CC605", "encounter, facts.spo2[1].value")]] * 2


@pytest.mark.parametrize("name", sorted(SAID))
def test_a_fact_that_is_taken_back_is_not_known_however_often_it_was_read(name: str) -> None:
    chart = blank(dossier(), "pack", "ed", None, START)
    entries = [fact(one, said[0], START) for one, said in SAID.items()]
    chart = chart.with_entries(entries, START)
    assert set(SAID) <= set(case_of(chart.stay, dossier(), START).facts)

    target = next(s.seq for s in chart.stay.of(name))
    without = chart.with_entries([Entry("retracted", {"reason": "slip"}, "Nurse", target=target)], START)

    assert set(case_of(without.stay, dossier(), START).facts) & set(SAID) == set(SAID) - {name}
    assert name not in without.held


class Probing(Log):
    """A log that looks, while it reads a pack, whether somebody else could write."""

    probed = 0

    def pack(self, hash: str) -> bytes:
        other = sqlite3.connect(self.database.place, timeout=0, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        other.execute("ROLLBACK")
        other.close()
        self.probed += 1
        return super().pack(hash)


def test_a_log_that_has_not_met_the_content_yet_makes_it_ready_without_a_lock_and_writes_once(tmp_path: Path) -> None:
    first = fresh(tmp_path / "log.db")
    id = new(first, spo2="97 %")
    other = Probing(first.database)

    event = other.append(id, fact("spo2", "86 %"))

    assert other.probed == 1
    assert [e.seq for e in first.events(id)] == [1, 2, 3]
    assert event == first.events(id)[-1]


class Meanwhile(Clock):
    """A clock that lets something else happen once, when it is next looked at."""

    then: Callable[[], object] | None = None

    def __call__(self) -> datetime:
        then, self.then = self.then, None
        if then is not None:
            then()
        return self.now


def test_a_form_that_is_sent_twice_at_once_leaves_no_gap_in_what_the_page_knows(tmp_path: Path) -> None:
    clock = Meanwhile(START)
    one, other = (desk_at(tmp_path / "log.db", clock) for _ in range(2))
    drawn = one.take({"v.spo2": "97"})
    of, nonce = drawn.chart.id, drawn.nonce
    form = {OF: of, NONCE: nonce, SEAL: seal(of, nonce), SEQ: str(drawn.chart.seq), DEED: "done panel.cbc"}
    other.open(of)

    def first() -> None:
        one.record_shown(drawn)
        one.take(form)

    clock.then = first
    answer = other.take(form)

    assert [e.kind for e in answer.chart.events][-2:] == ["assessment_shown", "action_done"]
    assert [e.seq for e in answer.chart.events] == [1, 2, 3, 4]
    assert answer.chart.events == one.log.events(of)
    assert stay_of(answer.chart.events).actions.keys() == {"panel.cbc"}
