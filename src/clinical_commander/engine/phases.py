"""Gates in, the rail out: where the case stands in the flow. A map, never a barrier: red flags wait for nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from clinical_commander.bayes.thresholds import BELOW_TEST
from clinical_commander.dossier.model import Dossier
from clinical_commander.engine.assessment import ActionReport, DifferentialReport, PhaseReport, TriggerReport
from clinical_commander.engine.plan import LIVE
from clinical_commander.engine.settle import Reader
from clinical_commander.engine.situation import Situation
from clinical_commander.engine.urgency import PRIORITIES
from clinical_commander.program.program import Program


def phases(
    dossier: Dossier,
    program: Program,
    situation: Situation,
    actions: Sequence[ActionReport],
    triggers: dict[str, TriggerReport],
    differential: DifferentialReport,
) -> tuple[PhaseReport, ...]:
    """The state of each phase: complete, waiting (the first that is not), or not reached."""
    view = situation.fresh
    x: list[Any] = view.x.copy()
    firing = {name for name, t in triggers.items() if t.state == "fires"}
    for name, slot in program.slots.items():
        kind, _, key = name.partition(":")
        if kind == "closed":
            floor = PRIORITIES.index(key)
            left = any(
                a.state in LIVE and PRIORITIES.index(a.priority) >= floor and firing.intersection(a.because)
                for a in actions
            )
            x[slot.at], x[slot.at + 1] = not left, left
        elif kind == "below_t_test":
            x[slot.at], x[slot.at + 1] = below_test(differential)
    columns = program.evaluate_gates(x, view.columns)
    reader = Reader(program, x, columns)
    found: list[PhaseReport] = []
    open_before = False
    for phase in dossier.phases:
        if reader.must(program.pair(phase.advance)):
            found.append(PhaseReport(phase.id, "complete", ()))
            continue
        waiting = reader.waiting(phase.advance.expr)
        found.append(PhaseReport(phase.id, "not_reached" if open_before else "waiting", waiting))
        open_before = True
    return tuple(found)


def below_test(differential: DifferentialReport) -> tuple[bool, bool]:
    """Whether every cause that must not be missed can be, and can fail to be, below its threshold to test.

    A cause without a zone may be on either side: without an accepted threshold nobody can say that it is below one.
    """
    zones = [z for c in differential.causes if c.must_not_miss for z in c.zones_possible]
    can = bool(zones) and all(zone in (None, BELOW_TEST) for zone in zones)
    must = can and all(zone == BELOW_TEST for zone in zones)
    return can or not zones, not must
