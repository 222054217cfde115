"""Patients for the property tests: a dossier and a seed in, cases out that stand close to every cut-off.

A patient is drawn whole first, with the constraints of the catalogue kept; then it is decided what of this anybody
knows, since when, and how exactly. The same seed gives the same case, so that a series and a number name it.
"""

from __future__ import annotations

import functools
import math
import operator
import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from clinical_commander.dossier.library import open_dossier
from clinical_commander.dossier.model import Allowed, Condition, Fact, OrderedAnswer
from clinical_commander.engine.answers import Range
from clinical_commander.engine.assess import Engine
from clinical_commander.engine.case import Case, Observation
from clinical_commander.engine.read_case import read_case
from clinical_commander.engine.site import compared_facts
from clinical_commander.engine.situation import Situation
from clinical_commander.logic import ir
from clinical_commander.program.reads import modal_facts

SETTINGS = ("home", "outpatient", "ed", "inpatient", "icu")
MOMENT = datetime(2026, 11, 1, 8, 0, tzinfo=UTC)
NOT_VACUOUS_AT_LEAST = 500
EXAMPLES = Path(__file__).resolve().parents[1] / "examples" / "cases"

Value = bool | float | str
World = dict[str, Value]


@functools.cache
def hemoptysis() -> Engine:
    """The engine of the hemoptysis dossier, made once a process from its YAML."""
    return Engine(open_dossier(use_cache=False))


@functools.cache
def patients() -> Patients:
    """The generator of patients of the hemoptysis dossier."""
    return Patients(hemoptysis())


@functools.cache
def examples() -> Mapping[str, Case]:
    """The published and constructed cases, by name."""
    files = sorted(path for path in EXAMPLES.glob("*.yaml") if path.stem != "expectations")
    return {path.stem: read_case(path, hemoptysis().dossier) for path in files}


def tell(record_property: Callable[[str, object], None], what: str, said: object) -> None:
    """Print a count, and put it in the report of the test, where a parallel run finds it too."""
    print(f"{what}: {said}")
    record_property(what, said)


_COMPARE: Mapping[str, Callable[[float, float], bool]] = {
    "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge, "=": operator.eq,
}  # fmt: skip
_COMPUTE: Mapping[str, Callable[..., float]] = {"+": operator.add, "-": operator.sub, "*": operator.mul}


# --- how a patient is drawn


@dataclass(frozen=True)
class Illness:
    """How ill: the share of signs that are raised, and of values drawn at a cut-off.

    `like_well`: the rest is as in the constructed patient who may go home. `one_rule`: one rule behind tier or place of
    care is made to hold, by one of the ways it can, so that this rule decides and not the crowd of the others.
    """

    name: str
    raised: float
    edge: float
    like_well: bool = False
    one_rule: bool = False


@dataclass(frozen=True)
class Knowledge:
    """How much is known: the share of all facts, of the deciding ones, and among these of partial, old, and pending or
    unobtainable values. `expiring`: the values of one class of freshness are about to expire.
    """

    name: str
    facts: float
    deciding: float
    partial: float
    old: float
    unsettled: float = 0.0
    expiring: bool = False


ILLNESSES = (
    Illness("well", 0.0, 0.01, like_well=True),
    Illness("nearly well", 0.03, 0.05, like_well=True),
    Illness("calm", 0.02, 0.03),
    Illness("mixed", 0.12, 0.12),
    Illness("ill", 0.35, 0.30),
    Illness("at the edge", 0.06, 0.55),
    Illness("one rule", 0.01, 0.0, like_well=True, one_rule=True),
    Illness("one rule and more", 0.04, 0.03, like_well=True, one_rule=True),
)
_QUIET = Illness("quiet", 0.0, 0.0)
COMPLETE = Knowledge("complete", 1.0, 1.0, 0.0, 0.0)
KNOWLEDGE = (
    COMPLETE,
    Knowledge("chart", 0.75, 0.97, 0.08, 0.06, 0.02),
    Knowledge("told", 0.45, 0.85, 0.20, 0.10, 0.05),
    Knowledge("old notes", 0.65, 0.95, 0.08, 0.45, 0.04),
    Knowledge("running out", 0.90, 0.99, 0.05, 0.0, 0.01, expiring=True),
    Knowledge("sparse", 0.12, 0.55, 0.20, 0.12, 0.05),
    Knowledge("nothing much", 0.04, 0.15, 0.25, 0.15, 0.10),
)
# First codes that say that nothing is wrong. Of other codes a patient has one only where there is something to tell.
_NOTHING_WRONG = frozenset("alert room_air none negative never mild not_sent acute_single lower_airway".split())


class Patients:
    """Draws cases of one dossier. Holds what is the same for all of them: cut-offs, calm ranges, a well patient."""

    def __init__(self, engine: Engine) -> None:
        self.dossier = dossier = engine.dossier
        self.deciding = frozenset(dossier.tier.must_know)
        # What the dossier asks for; of the facts that only a score reads a case seldom holds one.
        self.asked = frozenset(fact for given in dossier.inputs.values() for fact in given.facts)
        cuts: dict[str, set[float]] = {}
        for name, threshold in dossier.thresholds.items():
            for fact in compared_facts(dossier, name):
                cuts.setdefault(fact.id, set()).add(threshold.value)
        self.cuts = {name: tuple(sorted(found)) for name, found in cuts.items()}
        self.well = self._well()
        # Conjunctions and rules: what takes several facts at once is what a crowd of random values never meets. Those
        # of the tier stand twice, because they are behind the disposition too.
        of_tier, of_place = ([v.when for v in a.values] for a in (dossier.tier, dossier.disposition))
        parts = (*parts_of(engine, *of_tier), *parts_of(engine, *of_place))
        self.joined = [x for x in parts if isinstance(x, (ir.All, ir.Named))]
        self.inside = engine.program.references.inside

    def _well(self) -> World:
        """What is stated of the constructed patient who may go home."""
        world: World = {}
        for name, observations in read_case(EXAMPLES / "constructed-mild.yaml", self.dossier).facts.items():
            value = value_of(self.dossier.facts[name], observations[-1])
            if value is not None:
                world[name] = value
        return world

    # -- the patient

    def world(self, rng: random.Random, illness: Illness, *, child: bool = False) -> tuple[World, dict[str, float]]:
        """A value for every fact, such that no constraint is broken, and the limits that one rule was drawn at."""
        world: World = {}
        limits: dict[str, float] = {}
        drawn: set[str] = set()
        for fact in self.dossier.facts.values():
            as_well = illness.like_well and rng.random() >= illness.raised + illness.edge
            value = self.well.get(fact.id) if as_well else None
            if value is None:
                value = self._value(rng, fact, _QUIET if as_well else illness)
            if value is not None:
                world[fact.id] = value
            if not as_well:
                drawn.add(fact.id)
        if illness.one_rule:
            self._satisfy(rng, rng.choice(self.joined), True, world, limits)
            drawn.update(limits)
        if child:
            world["age"] = self._rounded(self.dossier.facts["age"], rng.choice((0.0, 17.99, rng.uniform(0, 18) - 0.01)))
        elif float(world["age"]) < 18:
            world["age"] = 18.0 if rng.random() < 0.3 else round(rng.uniform(18, 95), 2)
        self._keep_constraints(world, drawn)
        return world, limits

    def _satisfy(self, rng: random.Random, expr: ir.Expr, truth: bool, world: World, limits: dict[str, float]) -> None:
        """Change the patient so that a condition is true (or false), by one of the ways it can be, close to its limits.

        `limits` takes each fact that was changed, with the number it was compared with (NaN where it is no number).
        """
        match expr:
            case ir.Not(item):
                self._satisfy(rng, item, not truth, world, limits)
            case ir.All(items) | ir.Any(items):
                for item in items if isinstance(expr, ir.All) is truth else (rng.choice(items),):
                    self._satisfy(rng, item, truth, world, limits)
            case ir.FactTrue(name):
                world[name] = truth
                limits[name] = math.nan
            case ir.OneOf(ir.FactCode(name), values):
                fitting = [code for code in self.dossier.facts[name].codes if (code in values) is truth]
                if fitting:
                    world[name] = rng.choice(fitting)
                    limits[name] = math.nan
            case ir.Compare(sign, ir.FactNumber(name), right) if (limit := self._number(right, world)) is not None:
                fact = self.dossier.facts[name]
                near = (self._rounded(fact, limit + off * 10.0**-fact.decimals) for off in (-3, -1, 0, 1, 3))
                fitting = [x for x in near if _COMPARE[sign](x, limit) is truth]
                if fitting:
                    world[name] = rng.choice(fitting)
                    limits[name] = limit
            case ir.IsTrue() | ir.IsNotFalse() | ir.Named():
                for item in self.inside(expr):
                    self._satisfy(rng, item, truth, world, limits)

    def _number(self, expr: ir.Expr, world: World) -> float | None:
        match expr:
            case ir.Constant(value):
                return value
            case ir.FactNumber(name) if name in world:
                return float(world[name])
            case ir.Arithmetic(sign, left, right):
                ends = self._number(left, world), self._number(right, world)
                return None if None in ends or sign not in _COMPUTE else _COMPUTE[sign](*ends)
        return None

    def _value(self, rng: random.Random, fact: Fact, illness: Illness) -> Value | None:
        """A value; None where there is nothing to tell, as of the drug of a patient who takes none."""
        raised = rng.random() < illness.raised
        if fact.kind == "boolean":
            return (fact.worse == "true") is raised if fact.worse else rng.random() < (0.5 if raised else 0.25)
        if fact.kind == "code":
            first = next(iter(fact.codes))
            if raised or (illness is not _QUIET and first not in _NOTHING_WRONG and rng.random() < 0.35):
                return rng.choice(tuple(fact.codes))
            return first if first in _NOTHING_WRONG else None
        cuts = self.cuts.get(fact.id, ())
        if cuts and rng.random() < illness.edge:
            return self._rounded(fact, rng.choice(cuts) + rng.choice((-1, 0, 0, 1)) * 10.0**-fact.decimals)
        low, high = self.calm(fact) if not raised else (fact.range or (0.0, 100.0))
        return self._rounded(fact, rng.uniform(low, high))

    def calm(self, fact: Fact) -> tuple[float, float]:
        """The plausible values on the better side of every cut-off; without cut-offs the better twentieth."""
        low, high = fact.range or (0.0, 100.0)
        cuts = self.cuts.get(fact.id, ())
        step = 10.0**-fact.decimals
        if fact.worse == "high":
            return low, max(low, min(cuts) - step) if cuts else low + (high - low) / 20
        if fact.worse == "low":
            return min(high, max(cuts) + step) if cuts else high - (high - low) / 20, high
        return low, high

    def _rounded(self, fact: Fact, number: float) -> float:
        low, high = fact.limits or (-math.inf, math.inf)
        rounded = round(number, 0 if fact.kind == "integer" else fact.decimals) + 0.0  # zero has no sign
        return min(max(rounded, low), high)

    def _keep_constraints(self, world: World, drawn: set[str]) -> None:
        """Make the values agree. What was drawn stays where it can: a film with a cavity is not a normal film."""
        won: set[str] = set()
        for _ in range(8):
            changed = False
            for constraint in self.dossier.constraints:
                given, then = constraint.given, constraint.then
                if not all(name in world and inside(world[name], allowed) for name, allowed in given.items()):
                    continue
                broken = [n for n, allowed in then.items() if n in world and not inside(world[n], allowed)]
                changed = changed or bool(broken)
                premise = next(iter(given), None)  # none: a given of the dossier, true of every patient
                stays = premise is None or premise in self.deciding or not drawn.isdisjoint(given)
                yields = not won.isdisjoint(broken) or (not drawn.isdisjoint(broken) and not stays)
                if yields and not constraint.wins and premise is not None:
                    if given[premise] is True:
                        world[premise] = False
                    else:
                        del world[premise]  # the words for an amount: none of them may fit, and nobody has to use one
                    continue
                for name in broken:
                    world[name] = self._into(self.dossier.facts[name], world[name], then[name])
                    drawn.add(name)
                won.update(broken if constraint.wins else ())
            if not changed:
                return
        raise AssertionError("the constraints of the catalogue contradict each other")

    def _into(self, fact: Fact, value: Value, allowed: Allowed) -> Value:
        if isinstance(allowed, bool):
            return allowed
        if isinstance(allowed, frozenset):
            return min(allowed)
        return self._rounded(fact, min(max(float(value), allowed[0]), allowed[1]))

    # -- what is known of it

    def case(
        self,
        seed: str,
        number: int,
        *,
        illness: Illness | None = None,
        knowledge: Knowledge | None = None,
        setting: str | None = None,
        child: bool = False,
        earlier: bool = True,
        deciding_known: bool = False,
    ) -> Case:
        """The case with this number: adult and in scope unless `child`.

        Args:
            seed: Names the series, usually after its test.
            number: Which case of the series.
            illness: How ill; drawn if not given.
            knowledge: How much is known; drawn if not given.
            setting: Where; drawn if not given.
            child: Under 18 years.
            earlier: Whether some facts also have an earlier value.
            deciding_known: Whether each fact that the tier must know is known exactly, and fresh.
        """
        rng = random.Random(f"{seed}:{number}")
        illness = illness or rng.choice(ILLNESSES)
        knowledge = knowledge or rng.choice(KNOWLEDGE)
        world, limits = self.world(rng, illness, child=child)
        at = MOMENT + timedelta(minutes=rng.randrange(60 * 24 * 30))
        setting = setting or rng.choice(SETTINGS)
        # Few moments, as a nurse's rounds are: every distinct time is one more evaluation.
        now = at - timedelta(minutes=rng.choice((0, 0, 0, 9)))
        before = at - timedelta(minutes=rng.choice((16, 31, 100, 241, 361, 1_000)))
        long_ago = at - timedelta(hours=rng.choice((25, 47, 71, 73, 169, 400)))
        # By class, so that the film can expire while the pulse is fresh.
        ageing = [self.dossier.facts[n].freshness for n in limits] if rng.random() < 0.7 else []
        expiring = rng.choice(ageing or list(self.dossier.freshness)) if knowledge.expiring else None
        # One fact of the rule the patient was drawn by is unknown, or known only to lie about its limit.
        leaves = [n for n in limits if not math.isnan(limits[n]) or rng.random() < 0.2]
        open_one = rng.choice(leaves) if leaves and knowledge is not COMPLETE and rng.random() < 0.5 else None
        facts: dict[str, tuple[Observation, ...]] = {}
        for name, fact in self.dossier.facts.items():
            share = 0.98 if name in limits else knowledge.deciding if name in self.deciding else knowledge.facts
            if name not in self.asked and knowledge is not COMPLETE:
                share *= 0.1
            if rng.random() >= share or name not in world or (name == open_one and math.isnan(limits[name])):
                continue
            when = rng.choice((before, before, long_ago)) if rng.random() < knowledge.old else now
            if deciding_known and name in self.deciding:
                continue
            window = self._window(fact, setting)
            if window is not None and fact.freshness == expiring:
                when = at - timedelta(hours=window) + timedelta(minutes=1)
            if name == open_one:
                made = [self._about(rng, fact, float(world[name]), limits[name], when)]
            else:
                made = [self._statement(rng, fact, world[name], when, knowledge)]
            if earlier and name in self.deciding and rng.random() < 0.05:
                other = self._value(rng, fact, illness)
                if other is not None:
                    made.insert(0, exact(fact, other, min(when, long_ago) - timedelta(hours=1)))
            facts[name] = tuple(made)
        if deciding_known:
            facts |= {n: (exact(self.dossier.facts[n], world[n], now),) for n in self.dossier.tier.must_know}
            facts = {n: facts[n] for n in self.dossier.facts if n in facts}
        entries = (None, None, None, *self.dossier.entry_points) if knowledge is not COMPLETE else (None,)
        return Case(
            setting=setting,
            at=at,
            facts=facts,
            entry=rng.choice(entries),
            region=rng.choice((None, "high_income", "tb_endemic")),
            name=f"{seed}:{number} ({illness.name}, {knowledge.name})",
        )

    def cases(self, seed: str, count: int, **how: object) -> Iterator[Case]:
        """The first `count` cases of a series; `how` as for `case`."""
        for number in range(count):
            yield self.case(seed, number, **how)  # type: ignore[arg-type]

    def _window(self, fact: Fact, setting: str) -> float | None:
        """Hours for which a value may reassure in a setting while nothing bleeds; None if it never expires."""
        windows = self.dossier.freshness.get(fact.freshness, {})
        return windows.get(setting, windows.get("any"))

    def _statement(
        self, rng: random.Random, fact: Fact, value: Value, at: datetime, knowledge: Knowledge
    ) -> Observation:
        if rng.random() < knowledge.unsettled:
            state = rng.choice(("pending", "unobtainable"))
            return Observation(fact.id, state, at, entered=state)
        if rng.random() < knowledge.partial:
            return self.partial(rng, fact, value, at)
        return exact(fact, value, at)

    def _about(self, rng: random.Random, fact: Fact, value: float, limit: float, at: datetime) -> Observation:
        """A number that may lie on either side of a limit."""
        step = 10.0**-fact.decimals * rng.choice((1, 2, 4))
        least, most = self._rounded(fact, min(value, limit - step)), self._rounded(fact, max(value, limit + step))
        return between(fact, least, most, at)

    def partial(self, rng: random.Random, fact: Fact, value: Value, at: datetime) -> Observation:
        """A statement that leaves more than this value possible; of a boolean, the value itself."""
        if fact.kind == "boolean":
            return exact(fact, value, at)
        if fact.kind == "code":
            codes = {str(value), *rng.sample(tuple(fact.codes), rng.randint(1, max(1, len(fact.codes) // 2)))}
            if len(codes) in (1, len(fact.codes)):
                return exact(fact, value, at)
            return Observation(fact.id, "partial", at, codes=frozenset(codes), entered=" or ".join(sorted(codes)))
        low, high = fact.limits or (0.0, 1e6)
        number = float(value)
        width = ((fact.range or (0.0, 100.0))[1] - (fact.range or (0.0, 100.0))[0]) * rng.choice((0.02, 0.1, 0.3))
        # Ends at and beside cut-offs, where a bound that is off by one unit shows.
        step = 10.0**-fact.decimals
        near = [self._rounded(fact, cut + off) for cut in self.cuts.get(fact.id, ()) for off in (-step, 0.0, step)]
        least = self._rounded(fact, rng.choice([number, number - rng.random() * width, low, *near, *near]))
        most = self._rounded(fact, rng.choice([number, number + rng.random() * width, high, *near, *near]))
        least, most = min(least, number), max(most, number)
        return exact(fact, value, at) if (least, most) == (low, high) else between(fact, least, most, at)


def facts_in(engine: Engine, condition: Condition) -> frozenset[str]:
    """Every fact that can bear on a condition, whether it must be known or only counts when it is."""
    lowering = engine.program.references
    found = {*lowering.reads(condition.expr), *modal_facts(lowering, condition.expr)}
    return frozenset(found & set(engine.dossier.facts))


def parts_of(engine: Engine, *conditions: Condition) -> list[ir.Expr]:
    """The expressions that conditions are made of, through rules, answers and triggers, each once."""
    inside, found, left = engine.program.references.inside, dict[ir.Expr, None](), [c.expr for c in conditions]
    while left:
        expr = left.pop()
        if expr not in found:
            found[expr] = None
            left += inside(expr)
    return list(found)


# --- statements


def exact(fact: Fact, value: Value, at: datetime) -> Observation:
    """The statement that a fact is exactly this."""
    if isinstance(value, bool):
        return Observation(fact.id, "known", at, truth=value, entered="true" if value else "false")
    if isinstance(value, str):
        return Observation(fact.id, "known", at, codes=frozenset({value}), entered=value)
    return between(fact, float(value), float(value), at)


def between(fact: Fact, low: float, high: float, at: datetime) -> Observation:
    """The statement that a number lies in a range; both ends count."""
    code = fact.unit.code if fact.unit and fact.unit.code != "1" else ""
    places = 0 if fact.kind == "integer" else fact.decimals
    text = f"{low:.{places}f}" if low == high else f"{low:.{places}f}..{high:.{places}f}"
    state = "known" if low == high else "partial"
    return Observation(fact.id, state, at, low=low, high=high, entered=f"{text} {code}".strip(), unit=code)


def value_of(fact: Fact, observation: Observation) -> Value | None:
    """The one value that a statement leaves, or None."""
    if fact.kind == "boolean":
        return observation.truth
    if fact.kind == "code":
        return next(iter(observation.codes)) if observation.codes is not None and len(observation.codes) == 1 else None
    return observation.low if observation.low is not None and observation.low == observation.high else None


def inside(value: Value, allowed: Allowed) -> bool:
    """Whether a value is one of those that a constraint speaks of."""
    if isinstance(allowed, bool):
        return value is allowed
    if isinstance(allowed, frozenset):
        return value in allowed
    return allowed[0] <= float(value) <= allowed[1]


def informative(case: Case, name: str) -> bool:
    """Whether the case says anything of a fact by the moment assessed."""
    return any(o.state in ("known", "partial") and o.at <= case.at for o in case.facts.get(name, ()))


def stated(case: Case) -> dict[str, Observation]:
    """The latest statement that counts at the moment assessed, of each fact that has one."""
    found = {}
    for name, observations in case.facts.items():
        before = [o for o in observations if o.state in ("known", "partial") and o.at <= case.at]
        if before:
            found[name] = before[-1]
    return found


# --- changes to a case


def without(case: Case, *names: str) -> Case:
    """The case in which nobody asked these."""
    return replace(case, facts={n: o for n, o in case.facts.items() if n not in names})


def with_fact(case: Case, *observations: Observation) -> Case:
    """The case with these statements in place of all others of the same facts."""
    facts = dict(case.facts)
    for observation in observations:
        facts[observation.fact] = (observation,)
    return replace(case, facts=facts)


# --- answers without the rest of the assessment


def situation_of(engine: Engine, case: Case, capabilities: Mapping[str, str] | None = None) -> Situation:
    """The situation at the moment assessed, with the memory of the episode."""
    return engine._episode(case, capabilities or {})[2]


def tier_of(engine: Engine, case: Case) -> Range:
    """The tier alone: two hundred microseconds in place of three milliseconds."""
    return engine.answers.range(engine.dossier.tier, situation_of(engine, case))


def range_of(engine: Engine, answer: OrderedAnswer, case: Case) -> Range:
    """Any ordered answer alone."""
    return engine.answers.range(answer, situation_of(engine, case))


# --- a failed case, made small and told


def smallest(case: Case, fails: Callable[[Case], bool]) -> Case:
    """The case without everything that it fails without, too."""
    for change in ({"entry": None}, {"region": None}, {"actions": {}}, {"recorded": {}}):
        smaller = replace(case, **change)
        case = smaller if fails(smaller) else case
    names = list(case.facts)
    size = max(1, len(names) // 2)
    while True:
        left = list(case.facts)
        for start in range(0, len(left), size):
            part = [n for n in left[start : start + size] if n in case.facts]
            smaller = without(case, *part)
            case = smaller if part and fails(smaller) else case
        if size == 1:
            break
        size = max(1, size // 2)
    for name, observations in list(case.facts.items()):
        if len(observations) > 1:
            smaller = replace(case, facts={**case.facts, name: observations[-1:]})
            case = smaller if fails(smaller) else case
    return case


def _content(observation: Observation) -> str:
    if observation.state not in ("known", "partial"):
        return f"state: {observation.state}"
    if observation.codes is not None:
        return f"value: [{', '.join(sorted(observation.codes))}]"
    return f"value: {observation.entered}"


def told(case: Case, **more: object) -> str:
    """A case as the lines of a case file, and what else there is to say of it."""
    lines = [f"# {case.name}", f"setting: {case.setting}", f"at: {case.at.isoformat()}"]
    for key in ("entry", "region"):
        if getattr(case, key) is not None:
            lines.append(f"{key}: {getattr(case, key)}")
    lines.append("facts:")
    for name, observations in case.facts.items():
        said = [f"{{{_content(o)}, at: {o.at.isoformat()}}}" for o in observations]
        lines.append(f"  {name}: {said[0] if len(said) == 1 else '[' + ', '.join(said) + ']'}")
    lines += [f"# {key}: {value}" for key, value in {"actions": dict(case.actions), **more}.items() if value]
    return "\n" + "\n".join(lines)
