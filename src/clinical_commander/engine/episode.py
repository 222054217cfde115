"""A case in, the worst tier of the episode out, and the tier at any of its moments: of a view only what the tier reads.

An earlier moment is asked for its tier alone. What is computed for it is a fifteenth of a whole view, and only for the
facts that bear on the tier.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cached_property
from typing import Any, Final

from clinical_commander.derive.observation import Observation
from clinical_commander.dossier.model import Dossier
from clinical_commander.engine.answers import Answers, Range
from clinical_commander.engine.case import Case
from clinical_commander.engine.constraints import Narrowed
from clinical_commander.engine.possible import Known
from clinical_commander.engine.situation import HOUR, Situations
from clinical_commander.frozen import frozen
from clinical_commander.program.part import Part, Values
from clinical_commander.program.program import Program

KEPT: Final = 16
"""Cases of which it is kept how far they were looked at."""


@frozen
class Glance:
    """The tier at one moment: what was fresh then, the columns of both views, and what followed from the statements."""

    tier: Range
    known: Mapping[str, Known]
    fresh: Values
    last: Values
    narrowed: tuple[Narrowed, Narrowed]


@frozen
class Past:
    """What came before the moment assessed: the worst tier and when it last was, and when it last was major."""

    worst: int
    at: datetime
    major_at: datetime | None

    def hours_since_major(self, moment: datetime) -> float | None:
        """How long before a moment the tier was major; None where it never was."""
        return (moment - self.major_at).total_seconds() / HOUR if self.major_at is not None else None


Told = tuple[datetime, tuple[tuple[str, Observation], ...]]
"""What was stated at one moment."""


@frozen
class Looked:
    """How far a case was looked back at, and where that ended: a case that goes on from there is looked at from there.

    `beside` is all that bears on it beside the facts; `told` what was stated, moment by moment.
    """

    beside: tuple[object, ...]
    told: tuple[Told, ...]
    known: Mapping[str, Known]
    doubtful: frozenset[str]
    glance: Glance
    past: Past


class Episodes:
    """Looks back at the tier. One per dossier.

    Of the last few cases it keeps how far it has looked: of a patient who is seen again and again only what is new is
    looked at. What is kept is found by all that it was made from, so it never decides an answer.
    """

    def __init__(self, dossier: Dossier, program: Program, situations: Situations, answers: Answers) -> None:
        self.dossier, self.program = dossier, program
        self.situations, self.answers = situations, answers
        self._kept: tuple[Looked, ...] = ()  # never changed, only put in place of another: threads share it
        self.values = [v.id for v in dossier.tier.values]
        self.musts = [program.pair(v.when)[1] for v in dossier.tier.values]
        self.major = self.values.index(dossier.tier.remembers[0]) if dossier.tier.remembers else None

    @cached_property
    def part(self) -> Part:
        """The columns of the tier, and those that decide how long a value counts."""
        program, tier = self.program, self.dossier.tier
        pairs = [program.pair(v.when) for v in tier.values]
        circumstances = (must for _, must in self.situations.circumstances)
        return Part(program, {*(i for pair in pairs for i in pair), *program.answers[tier.id].values(), *circumstances})

    def facts(self) -> frozenset[str]:
        """The facts that bear on the tier, and those that imply them; all while that is not worked out."""
        return self._facts if self.part.inputs is not None else frozenset(self.dossier.facts)

    @cached_property
    def _facts(self) -> frozenset[str]:
        return self.situations.constraints.around((self.part.inputs or frozenset()) & self.dossier.facts.keys())

    def _read(self, known: Mapping[str, Known]) -> Mapping[str, Known]:
        inputs = self.part.inputs
        return known if inputs is None else {name: k for name, k in known.items() if name in inputs}

    def past(self, case: Case, capabilities: Mapping[str, str]) -> Past:
        """What the statements before the moment assessed come to, looked at when each was made."""
        places: dict[datetime, list[tuple[str, int]]] = {}
        for name, observations in case.facts.items():
            for place, observation in enumerate(observations):
                if observation.at < case.at:
                    places.setdefault(observation.at, []).append((name, place))
        if not places:
            return Past(-1, case.at, None)
        facts, start = case.facts, self.situations.inputs(case, capabilities)
        beside = (case.setting, case.entry, start)
        moments = sorted(places)
        told = tuple([(moment, tuple([(n, facts[n][i]) for n, i in places[moment]])) for moment in moments])
        before = self._looked(beside, told)
        known, doubtful = (dict(before.known), set(before.doubtful)) if before else ({}, set())
        past, glance = (before.past, before.glance) if before else (Past(-1, case.at, None), None)
        for moment in moments[len(before.told) if before else 0 :]:
            for name, place in places[moment]:
                statement, doubt = self.situations.statement(name, facts[name][: place + 1], moment)
                assert statement is not None
                known[name] = statement
                (doubtful.add if doubt else doubtful.discard)(name)
            bearing = self.facts()
            bear = {name: k for name, k in known.items() if name in bearing}
            since = past.hours_since_major(moment)
            glance = self.glance(case, moment, start, bear, frozenset(doubtful), since, glance)
            past = self.counted(past, moment, glance.tier, glance.fresh, glance.last)
        assert glance is not None
        if before is None or len(before.told) < len(told):
            looked = Looked(beside, told, known, frozenset(doubtful), glance, past)
            others = [one for one in self._kept if one is not before]
            self._kept = (looked, *others[: KEPT - 1])
        return past

    def _looked(self, beside: tuple[object, ...], told: tuple[Told, ...]) -> Looked | None:
        """How far a case was looked at before, as far as it has not changed since; the furthest."""
        fits = (one for one in self._kept if one.told == told[: len(one.told)] and one.beside == beside)
        return max(fits, key=lambda one: len(one.told), default=None)

    def glance(
        self,
        case: Case,
        moment: datetime,
        start: Sequence[Any],
        statements: Mapping[str, Known],
        doubtful: frozenset[str],
        hours_since_major: float | None,
        before: Glance | None = None,
    ) -> Glance:
        """The tier at one moment, from the statements made up to it; as the situation of that moment would have it.

        Args:
            case: What it says beside its facts.
            moment: When.
            start: The inputs without the facts.
            statements: The latest of each fact that may bear on the tier.
            doubtful: The facts of which a newer result is on its way.
            hours_since_major: By the observations before.
            before: The look before this one, of which is kept what still holds.
        """
        situations, evaluate = self.situations, self.part.evaluate
        statements = dict(statements)
        situations.complete(statements, case, moment, hours_since_major)
        last_narrowed = situations.constraints.narrowed(statements, before.narrowed[1] if before else None)
        known = last_narrowed.applied(statements)
        last = fresh = evaluate(situations.written(start, self._read(known)))
        narrowed = before.narrowed[0] if before else last_narrowed
        stale = situations.stale(case.setting, moment, known, last) | doubtful
        if stale:
            statements = situations.less(statements, stale)
            narrowed = situations.constraints.narrowed(statements, narrowed)
            known = narrowed.applied(statements)
            fresh = evaluate(situations.written(start, self._read(known)))
        columns = (fresh, last) if stale else (fresh,)
        found = self.answers.range_of(self.dossier.tier, columns)
        return Glance(found, known, fresh, last, (narrowed, last_narrowed))

    def counted(self, past: Past, moment: datetime, found: Range, fresh: Values, last: Values) -> Past:
        """The past with one more moment in it, the latest: its tier, and the columns of both views."""
        must = self.musts[found.low]
        # The lowest value counts only where it is settled: while more is possible it says nothing of the worst.
        counts = found.settled or (found.low > 0 and (fresh[must] or last[must]))
        low = found.low if counts else -1
        worse = low >= max(past.worst, 0)
        major = self.major is not None and low >= self.major
        if not worse and not major:
            return past
        return Past(low if worse else past.worst, moment if worse else past.at, moment if major else past.major_at)
