"""Gates in, the rail out: where the case stands in the flow. A map, never a barrier: red flags wait for nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from clinical_commander.dossier.model import Dossier
from clinical_commander.engine.assessment import ActionReport, PhaseReport, TriggerReport
from clinical_commander.engine.plan import LIVE, PRIORITIES
from clinical_commander.engine.settle import Reader
from clinical_commander.engine.situation import Situation
from clinical_commander.program.program import Program


class Phases:
    """Reads the phases of a dossier off a situation. One per dossier."""

    def __init__(self, dossier: Dossier, program: Program) -> None:
        self.dossier, self.program = dossier, program
        named = ((name.partition(":"), slot) for name, slot in program.slots.items())
        self.closed = [(PRIORITIES.index(key), slot) for (kind, _, key), slot in named if kind == "closed"]

    def report(
        self, situation: Situation, actions: Sequence[ActionReport], triggers: Mapping[str, TriggerReport]
    ) -> tuple[PhaseReport, ...]:
        """The state of each phase: complete, waiting (the first that is not), or not reached."""
        view, program = situation.fresh, self.program
        x: list[Any] = view.x.copy()
        firing = {name for name, t in triggers.items() if t.state == "fires"}
        left = {a.priority for a in actions if a.state in LIVE and not firing.isdisjoint(a.because)}
        highest = max((PRIORITIES.index(priority) for priority in left), default=-1)
        for floor, slot in self.closed:
            x[slot.at], x[slot.at + 1] = highest < floor, highest >= floor
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
