"""Results with their specimens in, how many distinct specimens had such a result out: one tube read twice is one."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from clinical_commander.derive.observation import Observation
from clinical_commander.derive.record import Record
from clinical_commander.dossier.model import Fact
from clinical_commander.dossier.model_derive import Way


def cumulative(fact: Fact, counted: Sequence[tuple[datetime, Record]], way: Way) -> list[Observation]:
    """At the time of each result, how many distinct specimens there are so far.

    Two results belong to one specimen where they name the same one, or specimens collected at the same moment: parts of
    one sample must not pass for two.
    """
    groups: list[tuple[set[str], set[datetime], list[str]]] = []
    found: list[Observation] = []
    for at, record in sorted(counted, key=lambda pair: pair[0]):
        ids = set(record.specimens)
        times = {record.collected} if record.collected is not None else set()
        origins = [record.origin]
        same = [g for g in groups if not ids.isdisjoint(g[0]) or not times.isdisjoint(g[1])]
        for group in same:
            groups.remove(group)
            ids, times, origins = ids | group[0], times | group[1], [*group[2], *origins]
        groups.append((ids, times, origins))
        number = float(len(groups))
        most = fact.limits[1] if way.end == "at_least" and fact.limits else number
        every = ", ".join(origin for group in groups for origin in group[2])
        state, entered = ("known", f"{number:.0f}") if number == most else ("partial", "")
        found.append(Observation(fact.id, state, at, low=number, high=most, entered=entered, origin=every))
    return found
