"""What one record says of one fact: a number within bounds, a code, true or false; or why it cannot be taken."""

from __future__ import annotations

from collections.abc import Mapping

from clinical_commander.derive.numbers import bounds_of
from clinical_commander.derive.record import Record, Refusal
from clinical_commander.dossier.model import Fact
from clinical_commander.dossier.model_derive import Derivations, Way
from clinical_commander.frozen import frozen


@frozen
class Said:
    """The content of a statement: as an `Observation`, without its time. `state` may be unknown: nobody knows."""

    state: str
    low: float | None = None
    high: float | None = None
    codes: frozenset[str] | None = None
    truth: bool | None = None
    entered: str = ""
    unit: str = ""
    warnings: tuple[str, ...] = ()


class Values:
    """Reads the content of records by the answers that the catalogue knows."""

    def __init__(self, derivations: Derivations) -> None:
        self.answers = {name: frozenset(codes) for name, codes in derivations.answers.items()}

    def said(self, fact: Fact, way: Way, record: Record) -> Said | Refusal:
        """What a record says of a fact by one way."""
        coded = set(record.coded)
        if record.standing == "unobtainable" or coded & self.answers.get("unobtainable", frozenset()):
            return Said("unobtainable", entered="unobtainable")
        if coded & self.answers.get("unknown", frozenset()):
            return Said("unknown")
        if fact.kind in ("number", "integer"):
            return self._number(fact, way, record)
        if fact.kind == "boolean" and record.truth is not None:
            return _truth(record.truth)
        return self._coded(fact, way, record)

    def _number(self, fact: Fact, way: Way, record: Record) -> Said | Refusal:
        if record.number is None:
            return Refusal("CC633", f"it holds no number, which {fact.id} is.")
        found = bounds_of(fact, record.number, way.units)
        if isinstance(found, Refusal):
            return found
        state = "known" if found.low == found.high else "partial"
        unit = record.number.unit_text or ""
        return Said(state, found.low, found.high, entered=record.entered, unit=unit, warnings=found.warnings)

    def _coded(self, fact: Fact, way: Way, record: Record) -> Said | Refusal:
        if not record.coded:
            return Refusal("CC633", f"it holds no coded value that {fact.id} could take.")
        coded = frozenset(record.coded)
        found = [value for value, codes in self._meanings(fact, way).items() if not coded.isdisjoint(codes)]
        if not found:
            return Refusal("CC634", f"the catalogue does not know its coded value for {fact.id}.")
        if fact.kind == "boolean":
            if len(found) > 1:
                return Refusal("CC635", f"its codes say both yes and no of {fact.id}.")
            return _truth(found[0] == "true")
        if len(found) > 1 and record.kind != "answer":
            return Refusal("CC635", f"its codes give {fact.id} more than one value.")
        state = "known" if len(found) == 1 else "partial"
        return Said(state, codes=frozenset(found), entered=" or ".join(found))

    def _meanings(self, fact: Fact, way: Way) -> Mapping[str, frozenset[str]]:
        """The values of a fact, and the codes that give each: those of the way, then the catalogue's own."""
        none: frozenset[str] = frozenset()
        if fact.kind == "boolean":
            return {v: frozenset(way.values.get(v, ())) | self.answers.get(v, none) for v in ("true", "false")}
        return {v: frozenset((*way.values.get(v, ()), f"fact {v}")) for v in fact.codes}


def _truth(truth: bool) -> Said:
    return Said("known", truth=truth, entered="true" if truth else "false")
