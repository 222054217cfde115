"""The log beside the simplest thing that does the same: lists in memory, and loops over them."""

from __future__ import annotations

import tempfile
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from clinical_commander.encounter import Entry, Log, replay, verify
from clinical_commander.errors import EncounterError
from tests.encounters import MINUTE, START, Clock, fact, fresh, new

FACTS = {"spo2": [f"{n} %" for n in range(80, 100)], "sbp": [f"{n} mmHg" for n in range(60, 160, 5)]}


class AgainstLists(RuleBasedStateMachine):
    """Appends, corrections, retractions, erasures and late entries in any order."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.clock = Clock()
        self.log: Log = fresh(Path(self.folder.name) / "log.db", self.clock)
        self.id = new(self.log)
        # One entry an event: (kind, fact or None, value or None, effective, recorded, target or None)
        self.events: list[tuple] = [("encounter_opened", None, None, START, START, None)]
        self.erased: set[int] = set()

    def teardown(self) -> None:
        self.log.close()
        self.folder.cleanup()

    def seqs(self, *kinds: str) -> list[int]:
        return [n for n, event in enumerate(self.events, 1) if event[0] in kinds]

    @rule(name=st.sampled_from(sorted(FACTS)), pick=st.integers(0, 19), back=st.integers(0, 90), on=st.integers(1, 30))
    def record(self, name: str, pick: int, back: int, on: int) -> None:
        now = self.clock.on(on * MINUTE)
        at = now - back * MINUTE
        self.log.append(self.id, fact(name, FACTS[name][pick], at))
        self.events.append(("fact_recorded", name, FACTS[name][pick], at, now, None))

    @precondition(lambda self: self.seqs("fact_recorded"))
    @rule(data=st.data(), pick=st.integers(0, 19))
    def correct(self, data: st.DataObject, pick: int) -> None:
        target = data.draw(st.sampled_from(self.seqs("fact_recorded", "fact_corrected")))
        root = self.root(target)
        name, at = self.events[root - 1][1], self.events[target - 1][3]
        now = self.clock.on(MINUTE)
        self.log.append(self.id, Entry("fact_corrected", {"statement": FACTS[name][pick]}, "Nurse", target=target))
        self.events.append(("fact_corrected", None, FACTS[name][pick], at, now, target))

    @precondition(lambda self: self.seqs("fact_recorded"))
    @rule(data=st.data())
    def retract(self, data: st.DataObject) -> None:
        target = data.draw(st.sampled_from(self.seqs("fact_recorded", "fact_corrected")))
        now = self.clock.on(MINUTE)
        self.log.append(self.id, Entry("retracted", {"reason": "slip"}, "Nurse", target=target))
        self.events.append(("retracted", None, None, now, now, target))

    @precondition(lambda self: len(self.events) > 1)
    @rule(data=st.data())
    def erase(self, data: st.DataObject) -> None:
        target = data.draw(st.sampled_from(self.seqs("fact_recorded", "fact_corrected", "retracted") or [0]))
        if target:
            now = self.clock.on(MINUTE)
            self.log.erase(self.id, target, "asked for", "Records office")
            self.events.append(("payload_erased", None, None, now, now, target))
            self.erased.add(target)

    @rule(pick=st.integers(0, 19))
    def record_twice(self, pick: int) -> None:
        now = self.clock.on(MINUTE)
        entry = fact("spo2", FACTS["spo2"][pick], key=f"k{len(self.events)}")
        assert self.log.append(self.id, entry) == self.log.append(self.id, entry)
        self.events.append(("fact_recorded", "spo2", FACTS["spo2"][pick], now, now, None))

    @rule()
    def a_second_editor_is_refused(self) -> None:
        with pytest.raises(EncounterError) as error:
            self.log.append(self.id, fact("spo2", "90 %"), expect=len(self.events) + 1)
        assert error.value.problems[0].code == "CC856"

    def root(self, seq: int) -> int:
        while self.events[seq - 1][5] is not None:
            seq = self.events[seq - 1][5]
        return seq

    def standing(self, known: object = None, true: object = None) -> dict[str, list[tuple]]:
        """What stands, by the plainest reading: for each fact recorded, look through all that was said of it later."""
        found: dict[str, list[tuple]] = {}
        for seq, (kind, name, value, at, recorded, _) in enumerate(self.events, 1):
            if kind != "fact_recorded" or seq in self.erased or (known is not None and recorded > known):
                continue
            said: tuple | None = (at, value)
            for later, (what, _, other, when, noted, target) in enumerate(self.events, 1):
                if target is None or what not in ("fact_corrected", "retracted") or self.root(later) != seq:
                    continue
                if known is not None and noted > known:
                    continue
                if what == "retracted":
                    said = None
                elif said is not None:
                    said = None if later in self.erased else (when, other)
            if said is not None and (true is None or said[0] <= true):
                found.setdefault(name, []).append(said)
        return found

    def compare(self, **moment: object) -> None:
        case = replay(self.log, self.id, **moment).case
        model = self.standing(**moment)
        assert set(case.facts) == set(model)
        for name, said in model.items():
            # Values of one time are united by the reader of cases: their texts, each once.
            by_time: dict = {}
            for at, value in said:
                by_time.setdefault(at, set()).add(value)
            ours = {o.at: set(o.entered.split(" and ")) for o in case.facts[name]}
            assert ours == by_time

    @invariant()
    def what_is_replayed_is_what_the_lists_say(self) -> None:
        self.compare()

    @rule(back=st.integers(0, 200))
    def as_it_was_known_and_as_it_was_true(self, back: int) -> None:
        moment = max(START, self.clock.now - back * MINUTE)
        self.compare(known=moment + timedelta(microseconds=0))
        self.compare(true=moment)

    @invariant()
    def the_log_is_whole(self) -> None:
        assert verify(self.log, [self.id], deep=False).whole
        assert [event.kind for event in self.log.events(self.id)] == [event[0] for event in self.events]


TestAgainstLists = AgainstLists.TestCase
TestAgainstLists.settings = settings(max_examples=12, stateful_step_count=20)
