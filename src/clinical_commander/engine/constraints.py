"""What was stated of facts in, what the constraints of the catalogue leave of them out, and what cannot both be so.

Nothing here depends on time: while the statements that constraints speak of stay as they are, so does what follows.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from clinical_commander.dossier.model import Allowed, Constraint, Fact
from clinical_commander.engine.possible import Contradiction, Known, Possible
from clinical_commander.frozen import frozen

_CHAIN = 4
"""Implications chain at most a few deep; bounds stay sound if they chained further."""


@frozen
class Implied:
    """What constraints leave of one fact, and the facts that it follows from."""

    state: str
    possible: Possible
    by: tuple[str, ...]


@frozen
class Narrowed:
    """What follows from statements: `stated` is what they left possible of the facts that constraints speak of."""

    stated: Mapping[str, Possible]
    implied: Mapping[str, Implied]
    contradictions: tuple[Contradiction, ...]

    def applied(self, statements: Mapping[str, Known]) -> dict[str, Known]:
        """The statements with what follows in its place."""
        known = dict(statements)
        for name, new in self.implied.items():
            before = statements.get(name)
            known[name] = Known(new.state, new.possible, before.observation if before else None, new.by)
        return known


class Constraints:
    """The constraints of a dossier, by the facts they speak of. Holds nothing of a patient.

    Args:
        constraints: All of them, in the order in which they are applied.
        facts: The facts of the dossier.
        nothing: What is possible of each fact of which nothing is known.
    """

    def __init__(
        self, constraints: Iterable[Constraint], facts: Mapping[str, Fact], nothing: Mapping[str, Possible]
    ) -> None:
        self.all, self.facts, self.nothing = tuple(constraints), facts, nothing
        self._touching: dict[str, list[int]] = {}
        for place, constraint in enumerate(self.all):
            for name in dict.fromkeys((*constraint.given, *constraint.then)):
                self._touching.setdefault(name, []).append(place)
        self._always = {place for place, c in enumerate(self.all) if not c.given}  # what the dossier gives

    def around(self, names: Iterable[str]) -> frozenset[str]:
        """Some facts and all those that bear on them through constraints, however many lie between."""
        found, waiting = set(names), list(names)
        while waiting:
            for place in self._touching.get(waiting.pop(), ()):
                new = {*self.all[place].given, *self.all[place].then} - found
                found |= new
                waiting += new
        return frozenset(found)

    def narrowed(self, statements: Mapping[str, Known], before: Narrowed | None = None) -> Narrowed:
        """What the constraints leave of the statements, and the statements that cannot both be so.

        A premise that another statement contradicts implies nothing: it must not make a third fact known.

        Args:
            statements: What was stated of each fact.
            before: What followed a moment ago, to be kept where no constraint speaks of what was stated since.
        """
        touching = self._touching
        stated = {name: known.possible for name, known in statements.items() if name in touching}
        if before is not None and before.stated == stated:
            return before
        touched = {place for name in stated for place in touching[name]}
        contradictions = tuple(c for place in sorted(touched) for c in self._contradictions(self.all[place], stated))
        contested = {f for c in contradictions if not c.constraint.wins for f in c.constraint.given}
        left, implied = dict(stated), dict[str, Implied]()
        for _ in range(_CHAIN):
            live = {place for place in touched if contested.isdisjoint(self.all[place].given)} | self._always
            changed = {name for place in sorted(live) for name in self._imply(self.all[place], left, implied)}
            if not changed:
                break
            touched = {place for name in changed for place in touching[name]}
        return Narrowed(stated, implied, contradictions)

    def _contradictions(self, constraint: Constraint, stated: Mapping[str, Possible]) -> list[Contradiction]:
        """What a constraint rules out of the statements. What only follows from one contradicts nothing."""
        for name, allowed in constraint.given.items():
            if name not in stated or not _inside(allowed, stated[name]):
                return []
        return [
            Contradiction(constraint, (*constraint.given, name))
            for name, allowed in constraint.then.items()
            if name in stated and _inside(allowed, stated[name]) is False
        ]

    def _imply(self, constraint: Constraint, left: dict[str, Possible], implied: dict[str, Implied]) -> list[str]:
        """Applies one constraint, forwards or backwards; the facts of which less is possible now."""
        nothing = self.nothing
        open_premises = []
        for name, allowed in constraint.given.items():
            inside = _inside(allowed, left[name] if name in left else nothing[name])
            if inside is False:
                return []
            if inside is None:
                open_premises.append(name)
        changed: list[str] = []
        if not open_premises:
            by = tuple(constraint.given) or ("dossier",)
            for name, allowed in constraint.then.items():
                now = left[name] if name in left else nothing[name]
                inside = _inside(allowed, now)
                if inside is None:
                    changed += self._set(name, _meet(allowed, now), by, left, implied)
                elif inside is False and constraint.wins:
                    changed += self._set(name, _meet(allowed, nothing[name]), by, left, implied)
        elif len(open_premises) == 1:
            # Contrapositive: what it implies is ruled out, so the one open premise is not so.
            refuting = tuple(
                name
                for name, allowed in constraint.then.items()
                if _inside(allowed, left[name] if name in left else nothing[name]) is False
            )
            if refuting:
                (name,) = open_premises
                outside = _without(constraint.given[name], left[name] if name in left else nothing[name])
                if outside is not None:
                    changed += self._set(name, outside, refuting, left, implied)
        return changed

    def _set(
        self,
        name: str,
        possible: Possible,
        by: tuple[str, ...],
        left: dict[str, Possible],
        implied: dict[str, Implied],
    ) -> list[str]:
        now = left[name] if name in left else self.nothing[name]
        fact = self.facts[name]
        if possible == now or not possible.left(fact):
            return []  # statements of other facts leave nothing of this one: nobody stated it, so it stays unknown
        left[name] = possible
        implied[name] = Implied("known" if possible.settled(fact) else "partial", possible, by)
        return [name]


def _inside(allowed: Allowed, possible: Possible) -> bool | None:
    """True if a fact surely lies in `allowed`, False if surely not, else None."""
    if isinstance(allowed, bool):
        return None if len(possible.truths) != 1 else allowed in possible.truths
    if isinstance(allowed, frozenset):
        return True if possible.codes <= allowed else (None if possible.codes & allowed else False)
    low, high = allowed
    if possible.low >= low and possible.high <= high:
        return True
    return None if possible.high >= low and possible.low <= high else False


def _meet(allowed: Allowed, possible: Possible) -> Possible:
    if isinstance(allowed, bool):
        return Possible(truths=frozenset({allowed}))
    if isinstance(allowed, frozenset):
        return Possible(codes=possible.codes & allowed)
    return Possible(low=max(possible.low, allowed[0]), high=min(possible.high, allowed[1]))


def _without(allowed: Allowed, possible: Possible) -> Possible | None:
    if isinstance(allowed, bool):
        return Possible(truths=possible.truths - {allowed})
    if isinstance(allowed, frozenset):
        return Possible(codes=possible.codes - allowed)
    return None  # the rest of a range may be two ranges: left as it is, which is sound
