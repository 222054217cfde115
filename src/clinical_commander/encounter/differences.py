"""Two assessments in, what is otherwise in the second out: one line a difference, by path. Order of keys is nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from clinical_commander.engine.assessment import AnswerReport, Assessment
from clinical_commander.frozen import frozen

ABSENT: Final = None


@frozen
class Difference:
    """What stands under one path before and after; None where nothing does."""

    path: str
    before: Any
    after: Any

    def data(self) -> dict[str, Any]:
        """The same for a program."""
        return {"path": self.path, "before": self.before, "after": self.after}


def summary(assessment: Assessment) -> dict[str, Any]:
    """What an assessment answers, without the facts and the sentences: enough to say what another would change."""
    answers: dict[str, AnswerReport] = {"tier": assessment.tier, "disposition": assessment.disposition}
    if assessment.bleeding_source is not None:
        answers["bleeding_source"] = assessment.bleeding_source
    found: dict[str, Any] = {
        name: {"settled": a.settled, "value": a.value, "possible": list(a.possible)} for name, a in answers.items()
    }
    found["tier"]["worst_this_episode"] = assessment.tier.worst_this_episode
    return found | {
        "scope": assessment.scope.state,
        "triggers": {name: {"state": t.state, "severity": t.severity} for name, t in assessment.triggers.items()},
        "actions": {a.id: a.state for a in assessment.actions},
        "phases": {p.id: p.status for p in assessment.phases},
        "scores": {name: {"value": s.value, "band": s.band} for name, s in assessment.scores.items()},
        "conflicts": sorted(c.id for c in assessment.conflicts),
        "monitoring": {m.id: m.state for m in assessment.monitoring},
    }


def differences(before: object, after: object, path: str = "") -> tuple[Difference, ...]:
    """Everything that is otherwise, by path in alphabetical order."""
    return tuple(_differences(before, after, path))


def _differences(before: object, after: object, path: str) -> Iterator[Difference]:
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for key in sorted({*before, *after}):
            inner = f"{path}.{key}" if path else str(key)
            yield from _differences(before.get(key, ABSENT), after.get(key, ABSENT), inner)
    elif before != after:
        yield Difference(path, before, after)
