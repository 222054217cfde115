"""A tool in, random patients and the cells of its facts out: what the tests of tools try.

Numbers are drawn often on, just under and just over the limits that the tool itself compares with, else evenly over
what is plausible or possible at all; each is rounded to the decimals of its fact, as a case is when it is read.
"""

from __future__ import annotations

import functools
import random
from collections.abc import Iterator, Mapping

from clinical_commander.dossier import tool_terms
from clinical_commander.dossier.model import Allowed, Constraint, Dossier, Fact
from clinical_commander.dossier.shelf import read_shelf, shelf_root
from clinical_commander.logic import ir
from clinical_commander.program.build import SETTINGS
from tests.agreement.reference import PUBLISHED, Patient, Value

Facts = Mapping[str, Value]

# What most people have. A fifth of the patients have little else, so that the quiet end of a score is met too.
CALM: Mapping[str, tuple[float, float]] = {
    "age": (18, 50), "rr": (12, 20), "hr": (51, 90), "sbp": (111, 140), "dbp": (65, 85), "spo2": (96, 100),
    "temperature": (36.1, 37.9), "ph": (7.36, 7.44), "bun": (8, 18), "sodium": (135, 145), "glucose": (80, 130),
    "hematocrit": (36, 45), "pao2": (80, 100), "paco2": (35, 45), "fio2": (21, 21), "wbc": (5, 11),
    "immature_neutrophils": (0, 5), "platelets": (150, 400), "albumin": (3.6, 5), "creatinine_clearance": (60, 120),
    "creatinine": (0.6, 1.1), "creatinine_rise_48h": (0, 0.2), "oliguria_hours": (0, 0), "eosinophils": (0, 0.5),
    "severe_oliguria_hours": (0, 0), "anuria_hours": (0, 0),
}  # fmt: skip


@functools.cache
def shelf() -> Dossier:
    """All tools of the content, with all facts of the catalogue."""
    return read_shelf(shelf_root()).shelf


def computed_tools() -> list[str]:
    """The tools that compute something: not those that are withheld."""
    return [id for id, tool in shelf().tools.items() if not tool.withheld]


@functools.cache
def expressions(tool: str) -> tuple[ir.Expr, ...]:
    """All conditions and numbers of a tool, and of the tools that it reads."""
    own = list(tool_terms.expressions(shelf().tools[tool]))
    for used in {name for expr in own for name in tool_terms.tools_in(expr)}:
        own += expressions(used)
    return tuple(own)


@functools.cache
def facts_of(tool: str) -> tuple[str, ...]:
    """The facts that a tool reads or its published table names, `setting` among them."""
    found = set(PUBLISHED[tool].facts.split()) if tool in PUBLISHED else set()
    for expr in expressions(tool):
        for node in expr.walk():
            match node:
                case ir.FactTrue(name) | ir.FactNumber(name) | ir.FactCode(name) | ir.Circumstance(name):
                    found.add(name)
    return tuple(sorted(found))


@functools.cache
def population_of(tool: str) -> tuple[str, ...]:
    """The facts that decide whether a tool applies."""
    applies = tool_terms.applies(shelf().tools[tool], shelf().tools)
    return tuple(name for name in ir.facts_of(applies) if name in facts_of(tool)) + (
        ("setting",) if "setting" in facts_of(tool) else ()
    )


@functools.cache
def limits_of(tool: str) -> Mapping[str, tuple[float, ...]]:
    """The numbers that a tool compares each fact with."""
    found: dict[str, set[float]] = {name: set() for name in facts_of(tool)}
    for expr in expressions(tool):
        for node in expr.walk():
            match node:
                case ir.Compare(_, ir.FactNumber(fact), ir.Constant(value)) | ir.Compare(
                    _, ir.Constant(value), ir.FactNumber(fact)
                ):
                    found[fact].add(value)
    return {name: tuple(sorted(values)) for name, values in found.items()}


def ends(fact: Fact) -> tuple[float, float]:
    """The lowest and the highest value that a case may hold; a wide span where nobody set a limit."""
    return fact.limits or (0.0, 100_000.0)


def cells(tool: str, name: str, rng: random.Random | None = None) -> list[Value]:
    """One value in every cell that the tool's limits make of a fact, its limits and both its ends; all other values.

    A random number more in the middle where `rng` is given: the cells of a formula are not known.
    """
    if name == "setting":
        return list(SETTINGS)
    fact = shelf().facts[name]
    if fact.kind == "boolean":
        return [False, True]
    if fact.kind == "code":
        return list(fact.codes)
    low, high = ends(fact)
    step = 10.0**-fact.decimals
    found = {low, high}
    for limit in limits_of(tool)[name]:
        found |= {round(limit + i * step, fact.decimals) for i in (-1, 0, 1)}
    if rng is not None:
        found.add(number(rng, tool, fact))
    return [value for value in sorted(found) if low <= value <= high]


def number(rng: random.Random, tool: str, fact: Fact) -> float:
    """A random value of a number."""
    low, high = ends(fact)
    limits = limits_of(tool)[fact.id]
    chance = rng.random()
    if limits and chance < 0.5:
        value = rng.choice(limits) + rng.choice((-1, 0, 1)) * 10.0**-fact.decimals
    elif chance < 0.95:
        value = rng.uniform(*(fact.range or (low, high)))
    else:
        value = rng.uniform(low, high)
    return min(high, max(low, round(value, fact.decimals)))


def patients(tool: str, n: int, *, seed: str = "", whole_years: bool = False) -> Iterator[Facts]:
    """Random complete patients, the same ones each time; consistent with what one fact implies about another.

    The score's published population is met in most of them, as far as drawing anew meets it.
    """
    rng = random.Random(f"{tool}{seed}")
    for _ in range(n):
        yield _patient(rng, tool, whole_years, rng.random() < 0.9)


def within(tool: str, *, seed: str = "") -> Iterator[Facts]:
    """Random complete patients without end, ages in whole years, all of the score's published population."""
    rng = random.Random(f"{tool}{seed}")
    while True:
        found = _patient(rng, tool, True, True)
        if tool not in PUBLISHED or PUBLISHED[tool].applies(Patient(found)):
            yield found


def _patient(rng: random.Random, tool: str, whole_years: bool, of_population: bool) -> Facts:
    # How often a finding is present: both few and many points are tried.
    common = rng.choice((0.02, 0.1, 0.3, 0.5, 0.8))
    drawn = {name: _value(rng, tool, name, common) for name in facts_of(tool)}
    if common > 0.02:
        drawn |= _near_products(rng, tool)
    found = None
    for _ in range(40):
        if "age" in drawn and (whole_years or rng.random() < 0.5):
            drawn["age"] = float(int(drawn["age"]))
        found = consistent(drawn)
        if found and not (of_population and tool in PUBLISHED and not PUBLISHED[tool].applies(Patient(found))):
            return found
        # Only what makes up the population is drawn anew: together it may be rare.
        drawn |= {name: _value(rng, tool, name, 0.5) for name in population_of(tool)}
    return found or _patient(rng, tool, whole_years, of_population)


def _value(rng: random.Random, tool: str, name: str, common: float) -> Value:
    if name == "setting":
        return rng.choice(SETTINGS)
    fact = shelf().facts[name]
    calm = rng.random() > 5 * common
    if fact.kind == "boolean":
        return rng.random() < common
    if fact.kind == "code":
        codes = tuple(fact.codes)
        return codes[0] if calm else rng.choices(codes, [10] * min(2, len(codes)) + [3] * (len(codes) - 2))[0]
    if calm and name in CALM:
        return min(ends(fact)[1], round(rng.uniform(*CALM[name]), fact.decimals))
    return number(rng, tool, fact)


def _near_products(rng: random.Random, tool: str) -> dict[str, Value]:
    """Facts whose limit is another fact, on and beside it: what drawing each by itself would hardly ever meet."""
    names = facts_of(tool)
    found: dict[str, Value] = {}
    if rng.random() < 0.5:
        return found
    if {"creatinine", "creatinine_baseline"} <= set(names):
        usual = round(rng.uniform(0.3, 4), 2)
        found["creatinine_baseline"] = usual
        found["creatinine"] = round(usual * rng.choice((1.5, 2, 3)) + rng.choice((-0.01, 0, 0.01)), 2)
    if {"pao2", "fio2"} <= set(names):
        oxygen = float(rng.randint(21, 100))
        found["fio2"] = oxygen
        found["pao2"] = round(oxygen * rng.choice((250, 333)) / 100 + rng.choice((-0.1, 0, 0.1)), 1)
    if {"d_dimer", "age"} <= set(names):
        years = float(rng.randint(18, 100))
        found["age"], found["d_dimer"] = years, 10 * years + rng.choice((-1, 0, 1))
    return found


def consistent(facts: Facts) -> dict[str, Value] | None:
    """The same patient after what the catalogue says that one fact implies about another; None where none is left.

    Facts that are only implied are followed too: they may imply one of these.
    """
    found = dict(facts)
    constraints = _constraints(frozenset(facts))
    for _ in range(4):
        changed = False
        for constraint in constraints:
            if all(name in found and _inside(found[name], allowed) for name, allowed in constraint.given.items()):
                for name, allowed in constraint.then.items():
                    if name not in found or not _inside(found[name], allowed):
                        found[name], changed = _nearest(allowed), True
        if not changed:
            return {name: found[name] for name in facts}
    return None


@functools.cache
def _constraints(names: frozenset[str]) -> tuple[Constraint, ...]:
    """The constraints that these facts, or what they imply, can set off."""
    reached, chosen = set(names), []
    left = list(shelf().constraints)
    while started := [c for c in left if set(c.given) <= reached]:
        chosen += started
        left = [c for c in left if c not in started]
        reached.update(name for c in started for name in c.then)
    return tuple(chosen)


def _inside(value: Value, allowed: Allowed) -> bool:
    if isinstance(allowed, bool):
        return value is allowed
    if isinstance(allowed, frozenset):
        return value in allowed
    return bool(allowed[0] <= value <= allowed[1])


def _nearest(allowed: Allowed) -> Value:
    if isinstance(allowed, bool):
        return allowed
    if isinstance(allowed, frozenset):
        return str(min(allowed))
    return float(allowed[0])
