"""Gates in, the rail out: where the case stands in the flow. A map, never a barrier: red flags wait for nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from clinical_commander.bayes.thresholds import BELOW_TEST
from clinical_commander.dossier.model import Dossier
from clinical_commander.engine.assessment import ActionReport, DifferentialReport, PhaseReport, TriggerReport
from clinical_commander.engine.plan import LIVE
from clinical_commander.engine.settle import Reader
from clinical_commander.engine.situation import Situation
from clinical_commander.engine.urgency import PRIORITIES
from clinical_commander.program.program import Program


class Phases:
    """Reads the phases of a dossier off a situation. One per dossier."""

    def __init__(self, dossier: Dossier, program: Program) -> None:
        self.dossier, self.program = dossier, program
        named = [(name.partition(":"), slot) for name, slot in program.slots.items()]
        self.closed = [(PRIORITIES.index(key), slot) for (kind, _, key), slot in named if kind == "closed"]
        self.below = [slot for (kind, _, _), slot in named if kind == "below_t_test"]

    def report(
        self,
        situation: Situation,
        actions: Sequence[ActionReport],
        triggers: Mapping[str, TriggerReport],
        differential: DifferentialReport,
    ) -> tuple[PhaseReport, ...]:
        """The state of each phase: complete, waiting (the first that is not), or not reached."""
        view, program = situation.fresh, self.program
        x: list[Any] = view.x.copy()
        firing = {name for name, t in triggers.items() if t.state == "fires"}
        left = {a.priority for a in actions if a.state in LIVE and not firing.isdisjoint(a.because)}
        highest = max((PRIORITIES.index(priority) for priority in left), default=-1)
        for floor, slot in self.closed:
            x[slot.at], x[slot.at + 1] = highest < floor, highest >= floor
        for slot in self.below:
            x[slot.at], x[slot.at + 1] = below_test(differential)
        reader = Reader(program, x, program.evaluate_gates(x, view.columns))
        found: list[PhaseReport] = []
        open_before = False
        for phase in self.dossier.phases:
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
