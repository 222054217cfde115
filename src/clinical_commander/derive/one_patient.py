"""The records of one patient in, statements about facts out, and of every record whether it was used, and if not why.

Nothing is guessed and nothing is lost: a record is used, refused with its reason, or has nothing to do with any fact.
What is not recorded is not said; no way makes a fact out of the absence of a record.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta

from clinical_commander.derive.falls import LOWER_BOUND, falls
from clinical_commander.derive.observation import CLOCK_SKEW, Observation, in_order
from clinical_commander.derive.record import Record, Refusal
from clinical_commander.derive.series import Timed, change, earliest, worst
from clinical_commander.derive.spans import age, since
from clinical_commander.derive.specimens import cumulative
from clinical_commander.derive.values import Said, Values
from clinical_commander.dossier.model import Fact
from clinical_commander.dossier.model_derive import Derivations, Way
from clinical_commander.errors import Problem
from clinical_commander.frozen import frozen, replace

ORDER = "order"


@frozen
class Derived:
    """What the records say. `facts` holds the statements of each fact, oldest first; the rest sorts the records.

    `used`, `refused` and `unrelated` hold each record's origin once.
    """

    facts: Mapping[str, tuple[Observation, ...]]
    used: frozenset[str]
    refused: Mapping[str, Refusal]
    unrelated: frozenset[str]
    problems: tuple[Problem, ...] = ()


def derive(records: Sequence[Record], derivations: Derivations, facts: Mapping[str, Fact], moment: datetime) -> Derived:
    """The statements that the records of one patient make.

    Args:
        records: Each with an origin of its own.
        derivations: How the catalogue reads them.
        facts: The facts of the catalogue, by id.
        moment: The moment assessed, with a zone.

    Returns:
        Refusals: those of `bounds_of`; CC614 after the moment assessed; CC630 no time; CC631 too far back; CC633 no
        value that its fact can take; CC634 a coded result that the catalogue does not know; CC635 codes that contradict
        each other; CC636 not confirmed, refuted, or not said to be present now; CC639 no specimen to tell it apart by.
    """
    return _Desk(records, derivations, facts, moment).derived()


class _Desk:
    def __init__(
        self, records: Sequence[Record], derivations: Derivations, facts: Mapping[str, Fact], moment: datetime
    ) -> None:
        self.records, self.derivations, self.facts, self.moment = records, derivations, facts, moment
        self.values = Values(derivations)
        self.used: set[str] = set()
        self.refused: dict[str, Refusal] = {}
        self.by_code: dict[str, list[Record]] = {}
        self.by_kind: dict[str, list[Record]] = {}
        for record in records:
            self.by_kind.setdefault(record.kind, []).append(record)
            for code in record.codes:
                self.by_code.setdefault(code, []).append(record)

    def derived(self) -> Derived:
        problems: list[Problem] = []
        found: dict[str, tuple[Observation, ...]] = {}
        for fact in self._spoken_of():
            ways = (*self.derivations.ways.get(fact.id, ()), Way("latest", "answer", codes=(f"fact {fact.id}",)))
            timed = [o for way in ways for o in self._statements(fact, way)]
            now = [o for way in ways for o in self._of_the_moment(fact, way)]
            for statement in timed:  # one that looks through several values rests on all of them
                self.used.update(statement.origin.split(", "))
            ordered, differ = in_order([*timed, *now])
            problems += differ
            if now and ordered:
                ordered = (*ordered[:-1], _against(ordered[-1], timed))
            waiting = self._pending(fact, ways)
            if ordered or waiting:
                found[fact.id] = (*ordered, *waiting)
        refused = {origin: why for origin, why in self.refused.items() if origin not in self.used}
        all_origins = {record.origin for record in self.records}
        return Derived(
            found,
            frozenset(self.used),
            refused,
            frozenset(all_origins - self.used - refused.keys()),
            tuple(problems),
        )

    def _spoken_of(self) -> Iterator[Fact]:
        """The facts that any record could speak of."""
        for fact in self.facts.values():
            ways = self.derivations.ways.get(fact.id, ())
            series = (way for w in ways if w.series for way in self.derivations.ways.get(w.series, ()))
            names = {f"fact {fact.id}", *(f"fact {way.series}" for way in ways if way.series)}
            if not names.isdisjoint(self.by_code) or any(self._reads(way) for way in (*ways, *series)):
                yield fact

    def _reads(self, way: Way) -> bool:
        codes = (*way.codes, *way.ordered_by, *(code for given in way.values.values() for code in given))
        return way.of in ("birth", "person") or any(code in self.by_code for code in codes)

    # -- statements with a time of their own

    def _statements(self, fact: Fact, way: Way) -> Iterable[Observation]:
        match way.how:
            case "latest":
                if any(other.series == fact.id for other in self.derivations.ways.get(fact.id, ())):
                    return ()  # its worst is stated instead
                return _with_vague_times([t for t in self._timed(fact, way) if self._recent(fact, t.record)])
            case "worst":
                return worst(fact, [t for t in self._series(fact) if self._recent(fact, t.record)], way)
            case "change" if way.end == LOWER_BOUND:
                series = [t.observation for t in self._series(self.facts[way.series])]
                told = [t.observation for t in self._series(fact) if self._is_recent(fact, t.observation)]
                return [o for o in falls(fact, series, told, way) if self._is_recent(fact, o)]
            case "change":
                return [o for o in change(fact, self._series(self.facts[way.series]), way) if self._is_recent(fact, o)]
            case "earliest":
                return earliest(fact, self._series(self.facts[way.series]), way, self.moment)
            case "count" if not way.levels:
                return self._count(fact, way)
            case _:
                return ()

    def _series(self, fact: Fact) -> list[Timed]:
        ways = (*self.derivations.ways.get(fact.id, ()), Way("latest", "answer", codes=(f"fact {fact.id}",)))
        found = [t for way in ways if way.how == "latest" for t in self._timed(fact, way)]
        return sorted((t for t in found if t.observation.low is not None), key=lambda t: t.observation.at)

    def _timed(self, fact: Fact, way: Way) -> list[Timed]:
        found = []
        for record in self._matching(way):
            if record.standing in ("pending", "refuted"):
                continue
            said = self.values.said(fact, way, record)
            undated = record.kind == "person" or (isinstance(said, Said) and said.state == "unobtainable")
            at = self._time(record, undated=undated)
            if isinstance(said, Refusal):
                self._refuse(record, said)
            elif said.state == "unknown":
                self.used.add(record.origin)  # it says that nobody knows, which is what an absent record says
            elif isinstance(at, Refusal):
                self._refuse(record, at)
            else:
                found.append(Timed(_observation(fact, said, at, record), record.end or at, record))
        return found

    def _recent(self, fact: Fact, record: Record) -> bool:
        """Whether a record belongs to this illness; marks it as used, or says that it lies too far back."""
        limit = self.derivations.look_back.get(fact.freshness)
        if limit is not None and record.start is not None and record.start < self.moment - timedelta(hours=limit):
            self._refuse(record, Refusal("CC631", f"it lies too far back for {fact.id}."))
            return False
        self.used.add(record.origin)
        return True

    def _is_recent(self, fact: Fact, observation: Observation) -> bool:
        limit = self.derivations.look_back.get(fact.freshness)
        return limit is None or observation.at >= self.moment - timedelta(hours=limit)

    def _count(self, fact: Fact, way: Way) -> list[Observation]:
        counted = []
        for record in self._matching(way):
            at = self._time(record)
            if record.standing != "final" or not set(record.coded) & set(way.counted) or isinstance(at, Refusal):
                continue
            if not record.specimens and record.collected is None:
                self._refuse(record, Refusal("CC639", f"no specimen is named, so it does not count for {fact.id}."))
            elif self._recent(fact, record):
                counted.append((at, record))
        return cumulative(fact, counted, way)

    # -- statements of the moment assessed

    def _of_the_moment(self, fact: Fact, way: Way) -> Iterable[Observation]:
        match way.how:
            case "member":
                return self._member(fact, way)
            case "count" if way.levels:
                return self._level(fact, way)
            case "since":
                return self._since(fact, way)
            case "age":
                return self._age(fact, way)
            case _:
                return ()

    def _member(self, fact: Fact, way: Way) -> list[Observation]:
        asserted = self._present(fact, way)
        if fact.kind == "code":
            codes = {
                value: r for r in asserted for value, given in way.values.items() if not set(given).isdisjoint(r.codes)
            }
            return [self._coded(fact, frozenset(codes), asserted)] if codes else []
        denied = [r for r in self._matching(way) if r.standing == "refuted"] if way.refuted else []
        found = []
        for truth, records in ((True, asserted), (False, denied)):
            if records:
                self.used.update(r.origin for r in records)
                entered = "true" if truth else "false"
                found.append(
                    Observation(fact.id, "known", self.moment, truth=truth, entered=entered, origin=_origins(records))
                )
        return found

    def _present(self, fact: Fact, way: Way) -> list[Record]:
        """The records that assert what they name, in the time and in the state that the way asks for."""
        found = []
        for record in self._matching(way):
            refusal: Refusal | None = None
            at = self._time(record, undated=way.within is None)
            if record.standing == "refuted":
                refusal = Refusal("CC636", "it is refuted, so it is no finding.")
            elif record.standing != "final":
                refusal = Refusal("CC636", "it is not confirmed, so it is no finding.")
            elif isinstance(at, Refusal):
                refusal = at
            elif way.current and record.current is not True:
                says = "does not say that it is present now" if record.current is None else "is not present now"
                refusal = Refusal("CC636", f"it {says}, which {fact.id} asks.")
            elif way.within is not None and at < self.moment - timedelta(hours=way.within):
                refusal = Refusal("CC631", f"it lies too far back for {fact.id}.")
            if refusal is None:
                found.append(record)
            elif not (record.standing == "refuted" and way.refuted):
                self._refuse(record, refusal)
        return found

    def _level(self, fact: Fact, way: Way) -> list[Observation]:
        present = self._present(fact, way)
        number = len({code for r in present for code in r.codes if code in way.codes})
        reached = [codes for level, codes in way.levels.items() if int(level) <= number]
        return [self._coded(fact, frozenset(reached[-1]), present)] if reached else []

    def _coded(self, fact: Fact, codes: frozenset[str], records: Sequence[Record]) -> Observation:
        self.used.update(r.origin for r in records)
        ordered = [code for code in fact.codes if code in codes]
        state = "known" if len(ordered) == 1 else "partial"
        return Observation(
            fact.id, state, self.moment, codes=codes, entered=" or ".join(ordered), origin=_origins(records)
        )

    def _since(self, fact: Fact, way: Way) -> list[Observation]:
        events = []
        for record in self._matching(way):
            at = self._time(record)
            if isinstance(at, Refusal):
                self._refuse(record, at)
            elif record.standing != "final":
                self._refuse(record, Refusal("CC636", "it was not carried out, as far as is recorded."))
            else:
                events.append((at, min(record.end or at, self.moment), record))
        found = since(fact, events, way, self.moment)
        if isinstance(found, Refusal):
            for _, _, record in events:
                self._refuse(record, found)
            return []
        self.used.update(record.origin for _, _, record in events)
        return [found] if found is not None else []

    def _age(self, fact: Fact, way: Way) -> list[Observation]:
        found = []
        for record in self._matching(way):
            said = age(fact, record, self.moment)
            if isinstance(said, Refusal):
                self._refuse(record, said)
            else:
                self.used.add(record.origin)
                found.append(said)
        return found

    # -- what is on its way

    def _pending(self, fact: Fact, ways: Sequence[Way]) -> list[Observation]:
        """One statement, of the moment assessed, where a result is awaited: an older one no longer reassures."""
        waiting = []
        for way in ways:
            if way.how != "latest":
                continue
            matching = self._matching(way)
            results = [r for r in matching if r.standing == "final" and r.start is not None]
            orders = [r for code in way.ordered_by for r in self.by_code.get(code, ()) if r.kind == ORDER]
            for record in (*matching, *orders):
                awaited = record.standing == "pending" or (
                    record.standing == "preliminary" and record.origin in self.used
                )
                late = isinstance(self._time(record, undated=True), Refusal)
                if late and awaited:
                    self._refuse(record, Refusal("CC614", "it lies after the moment assessed."))
                elif awaited and record.standing == "pending" and _answered(record, results):
                    self.used.add(record.origin)  # its result stands in the record
                elif awaited:
                    self.used.add(record.origin)
                    waiting.append(record)
        if not waiting:
            return []
        return [Observation(fact.id, "pending", self.moment, entered="pending", origin=_origins(waiting))]

    # -- records

    def _matching(self, way: Way) -> list[Record]:
        """The records that a way reads, each once."""
        if way.of in ("birth", "person"):
            return self.by_kind.get(way.of, [])
        codes = way.codes or (tuple(code for given in way.values.values() for code in given))
        found = {
            record.origin: record
            for code in codes
            for record in self.by_code.get(code, ())
            if record.kind == way.of or (way.of == "answer" and record.kind == "measurement")
        }
        return list(found.values())

    def _time(self, record: Record, *, undated: bool = False) -> datetime | Refusal:
        """When a record was true at the earliest; of the moment assessed for one that may lack a time."""
        if record.start is None:
            return self.moment if undated else Refusal("CC630", "no time is given for it.")
        if record.start > self.moment + CLOCK_SKEW:
            return Refusal("CC614", "it lies after the moment assessed.")
        return min(record.start, self.moment)

    def _refuse(self, record: Record, why: Refusal) -> None:
        self.refused.setdefault(record.origin, why)


def _observation(fact: Fact, said: Said, at: datetime, record: Record) -> Observation:
    return Observation(
        fact.id, said.state, at, low=said.low, high=said.high, codes=said.codes, truth=said.truth,
        entered=said.entered, unit=said.unit, origin=record.origin, warnings=said.warnings,
    )  # fmt: skip


def _origins(records: Iterable[Record]) -> str:
    return ", ".join(dict.fromkeys(r.origin for r in records))


def _answered(order: Record, results: Iterable[Record]) -> bool:
    """Whether a result was taken after the order; an order without a time may be a later one."""
    start = order.start
    return start is not None and any(r.start is not None and r.start >= start for r in results)


def _with_vague_times(found: Sequence[Timed]) -> list[Observation]:
    """Each statement at the earliest time it can have; one that may be the later of two is stated again at the other.

    A date without a time of day spans a day. Within it nobody knows which of two values came last: both stay possible.
    """
    statements = [t.observation for t in found]
    times = {t.observation.at for t in found}
    for vague in found:
        if vague.end <= vague.observation.at:
            continue  # an exact time, as nearly all are
        statements += [
            replace(vague.observation, at=time) for time in times if vague.observation.at < time <= vague.end
        ]
    return statements


def _against(last: Observation, earlier: Iterable[Observation]) -> Observation:
    """The last statement, with a warning where one that somebody made before says otherwise."""
    differ = [o.origin for o in earlier if o.at < last.at and (o.truth, o.codes) != (last.truth, last.codes)]
    if not differ or (last.truth is None and last.codes is None):
        return last
    cause = f"{last.fact} was told otherwise before: {', '.join(differ[:4])}. Confirm it."
    return replace(last, warnings=(*last.warnings, cause))
