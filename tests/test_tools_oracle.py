"""Is a score already decided although inputs are missing? What the engine says, against every completion tried out.

Tools of every kind are drawn as plain data and as text. The judge reads the data; the engine reads the text. Numbers
live on the grid on which their facts are recorded, so that trying the grid is trying everything.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path
from typing import Any

import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from clinical_commander.dossier.shelf import read_shelf
from clinical_commander.engine.read_case import case_from_mapping
from clinical_commander.engine.tool_run import ToolRunner

ROOT = Path(__file__).parent / "tools"
GRID = tuple(range(7))
BOOLEANS = ("b0", "b1", "b2", "b3")
NUMBERS = ("n0", "n1")
DOMAINS: Mapping[str, tuple[Any, ...]] = {
    **dict.fromkeys(BOOLEANS, (False, True)),
    **dict.fromkeys(NUMBERS, GRID),
    "c0": ("u", "v", "w"),
}
Patient = Mapping[str, Any]


@dataclass(frozen=True)
class Meaning:
    """A condition as text, and as what it means of a patient of whom everything is known."""

    text: str
    holds: Callable[[Patient], bool] = field(repr=False)
    reads: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Number:
    text: str
    of: Callable[[Patient], float] = field(repr=False)
    reads: frozenset[str] = frozenset()


# --- conditions


_SIGNS: Mapping[str, Callable[[float, float], bool]] = {
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
    "=": lambda a, b: a == b,
}


def compare(number: Number, sign: str, value: float) -> Meaning:
    return Meaning(f"{number.text} {sign} {value}", lambda p: _SIGNS[sign](number.of(p), value), number.reads)


def fact(name: str) -> Number:
    return Number(name, lambda p: float(p[name]), frozenset({name}))


@st.composite
def atoms(draw: st.DrawFn, names: Sequence[str]) -> Meaning:
    name = draw(st.sampled_from(names))
    if name in BOOLEANS:
        return Meaning(name, lambda p: bool(p[name]), frozenset({name}))
    if name == "c0":
        codes = draw(st.lists(st.sampled_from("uvw"), min_size=1, max_size=2, unique=True))
        listed = ", ".join(f"'{code}'" for code in codes)
        return Meaning(f"c0 IN ({listed})", lambda p: p["c0"] in codes, frozenset({"c0"}))
    if draw(st.integers(0, 3)) == 0:
        low, high = sorted((draw(st.sampled_from(GRID)), draw(st.sampled_from(GRID))))
        return Meaning(f"({name} BETWEEN {low} AND {high})", lambda p: low <= p[name] <= high, frozenset({name}))
    return compare(fact(name), draw(st.sampled_from(["<", "<=", ">", ">="])), draw(st.sampled_from(GRID)))


@st.composite
def conditions(draw: st.DrawFn, names: Sequence[str]) -> Meaning:
    parts = draw(st.lists(atoms(names), min_size=1, max_size=2))
    if draw(st.integers(0, 3)) == 0:
        first = parts[0]
        parts[0] = Meaning(f"NOT ({first.text})", lambda p: not first.holds(p), first.reads)
    if len(parts) == 1:
        return parts[0]
    a, b = parts
    reads = a.reads | b.reads
    if draw(st.booleans()):
        return Meaning(f"({a.text}) AND ({b.text})", lambda p: a.holds(p) and b.holds(p), reads)
    return Meaning(f"({a.text}) OR ({b.text})", lambda p: a.holds(p) or b.holds(p), reads)


# --- tools


@dataclass
class Item:
    id: str
    levels: list[tuple[float, Meaning]]
    group: str = ""

    def points(self, patient: Patient) -> float:
        return next((points for points, when in self.levels if when.holds(patient)), 0.0)

    def plain(self) -> dict[str, Any]:
        shown: dict[str, Any] = {"id": self.id, "title": self.id}
        if len(self.levels) == 1:
            shown |= {"points": self.levels[0][0], "when": self.levels[0][1].text}
        else:
            shown["levels"] = [{"points": points, "when": when.text} for points, when in self.levels]
        return shown | ({"group": self.group} if self.group else {})

    @property
    def reads(self) -> frozenset[str]:
        return frozenset().union(*(when.reads for _, when in self.levels))


@dataclass
class Drawn:
    """One tool: what the engine reads, and what it means."""

    plain: dict[str, Any]
    value: Callable[[Patient], float | str | None]
    reads: frozenset[str]
    items: Sequence[Item] = ()
    counts: Mapping[str, Callable[[Patient], int]] = field(default_factory=dict)
    applies: Meaning | None = None
    bands: Sequence[tuple[str, float, float]] = ()
    readings: Mapping[str, Callable[[Patient], str | None]] = field(default_factory=dict)
    rests_on: Drawn | None = None  # the tool without whose number it has none

    def applied(self, patient: Patient) -> bool:
        own = self.applies is None or self.applies.holds(patient)
        return own and (self.rests_on is None or self.rests_on.applied(patient))

    @property
    def all_reads(self) -> frozenset[str]:
        """With what decides whether it applies."""
        own = self.applies.reads if self.applies else frozenset()
        return self.reads | own | (self.rests_on.all_reads if self.rests_on else frozenset())

    def __repr__(self) -> str:
        return yaml.safe_dump(self.plain, sort_keys=False)

    def band(self, patient: Patient) -> str | None:
        value = self.value(patient)
        return next((id for id, low, high in self.bands if isinstance(value, float) and low <= value <= high), None)


def head(id: str, kind: str, value: Mapping[str, Any]) -> dict[str, Any]:
    return {"id": id, "title": id, "kind": kind, "value": value, "cite": ["paper"], "basis": ["E"]}


POINTS = (1, 1, 2, 3, 1.5, -1, -2, 5)


@st.composite
def items(draw: st.DrawFn, names: Sequence[str], *, most: int, extra: Sequence[Meaning] = ()) -> list[Item]:
    found = []
    for i in range(draw(st.integers(1, most))):
        kind = draw(st.integers(0, 4 if extra else 3))
        if kind == 4:
            levels = [(float(draw(st.sampled_from(POINTS))), draw(st.sampled_from(extra)))]
        elif kind == 0:
            # Levels over one number, as an early warning score has them.
            name, cuts = (
                draw(st.sampled_from(NUMBERS)),
                sorted(draw(st.sets(st.sampled_from(GRID), min_size=1, max_size=3))),
            )
            levels = [(float(draw(st.sampled_from((*POINTS, 0)))), compare(fact(name), "<=", cut)) for cut in cuts]
        else:
            size = 1 if kind < 3 else 2
            levels = [(float(draw(st.sampled_from(POINTS))), draw(conditions(names))) for _ in range(size)]
        found.append(Item(f"item_{i}", levels))
    return found


def counted(chosen: Sequence[Item], least: float | None = None) -> Callable[[Patient], int]:
    enough = (lambda points: points != 0) if least is None else (lambda points: points >= least)
    return lambda p: sum(enough(item.points(p)) for item in chosen)


@st.composite
def sums(draw: st.DrawFn, id: str = "tool", other: Drawn | None = None) -> Drawn:
    """A sum of items, some of them capped, some on a fact that another one reads; sometimes a base or another tool."""
    names = draw(st.lists(st.sampled_from(sorted(DOMAINS)), min_size=2, max_size=4, unique=True))
    extra: list[Meaning] = []
    if other is not None:
        sign, bound = draw(st.sampled_from(("<=", ">="))), draw(st.sampled_from((0, 1, 2, 3)))

        def holds(patient: Patient) -> bool:
            # The number of a tool that does not apply does not exist, and no comparison with it holds.
            return other.applied(patient) and _SIGNS[sign](float(other.value(patient)), bound)  # type: ignore[arg-type]

        extra = [Meaning(f"{other.plain['id']} {sign} {bound}", holds, other.all_reads)]
    found = draw(items(names, most=4, extra=extra))
    plain = head(id, "sum", {"type": "number", "unit": "1", "range": [-50, 50], "decimals": 9})
    cap: tuple[float, float] | None = None
    if draw(st.integers(0, 2)) == 0 and len(found) > 1:
        cap = (draw(st.sampled_from((-10.0, 0.0))), draw(st.sampled_from((1.0, 2.0, 3.0))))
        for item in found[:2]:
            item.group = "g"
        plain["groups"] = {"g": {"min": cap[0], "max": cap[1]}}
    base: Number | None = None
    rests_on: Drawn | None = None
    kind = draw(st.integers(0, 4))
    if kind == 0:
        base = fact(draw(st.sampled_from(NUMBERS)))
    elif kind == 1:
        name = draw(st.sampled_from(NUMBERS))
        base = Number(
            f"CASE WHEN c0 = 'u' THEN {name} - 2 ELSE {name} END",
            lambda p: p[name] - (2 if p["c0"] == "u" else 0),
            frozenset({name, "c0"}),
        )
    elif kind == 2 and other is not None:
        base = Number(other.plain["id"], lambda p: float(other.value(p)), other.reads)  # type: ignore[arg-type]
        rests_on = other
    if base is not None:
        plain["base"] = base.text

    def value(patient: Patient) -> float:
        total = base.of(patient) if base is not None else 0.0
        total += sum(item.points(patient) for item in found if not item.group)
        grouped = sum(item.points(patient) for item in found if item.group)
        return float(total + (grouped if cap is None else max(cap[0], min(cap[1], grouped))))

    plain["items"] = [item.plain() for item in found]
    counts = {}
    if draw(st.booleans()):
        least = draw(st.sampled_from((None, 2.0)))
        counts["several"] = counted(found, least)
        ids = [item.id for item in found]
        plain["counts"] = {"several": ids if least is None else {"of": ids, "at_least": least}}
    cuts = sorted(draw(st.sets(st.sampled_from((-1, 0, 1, 2, 3, 4, 6)), min_size=1, max_size=3)))
    bands = [("band_0", -math.inf, float(cuts[0]))]
    plain["bands"] = [{"id": "band_0", "title": "0", "at_most": cuts[0]}]
    for i, (low, high) in enumerate(zip(cuts, [*cuts[1:], None], strict=True), 1):
        bands.append((f"band_{i}", math.nextafter(low, math.inf), math.inf if high is None else float(high)))
        plain["bands"].append(
            {"id": f"band_{i}", "title": str(i), "above": low} | ({} if high is None else {"at_most": high})
        )
    reads = frozenset().union(*(item.reads for item in found), base.reads if base else frozenset())
    return Drawn(plain, value, reads, found, counts, bands=bands, rests_on=rests_on)


def rows(
    draw: st.DrawFn, choices: Sequence[Meaning], codes: Sequence[str]
) -> tuple[list[dict[str, str]], Callable[[Patient], str | None]]:
    """Rows of which the first that holds counts; the last one may hold always."""
    chosen = [(draw(st.sampled_from(codes)), draw(st.sampled_from(choices))) for _ in range(draw(st.integers(1, 3)))]
    if draw(st.booleans()):
        chosen.append((codes[-1], Meaning("TRUE", lambda p: True)))
    plain = [{"value": code, "when": when.text} for code, when in chosen]
    return plain, lambda p: next((code for code, when in chosen if when.holds(p)), None)


@st.composite
def criteria(draw: st.DrawFn, id: str = "tool") -> Drawn:
    names = draw(st.lists(st.sampled_from(sorted(DOMAINS)), min_size=2, max_size=4, unique=True))
    found = draw(items(names, most=4))
    for item in found:
        item.levels = [(abs(points) or 1.0, when) for points, when in item.levels]
    split = draw(st.integers(0, len(found)))
    major, minor = found[:split], found[split:]
    counts = {"major": counted(major), "minor": counted(minor)}
    plain = head(id, "criteria", {"type": "code", "values": {"definite": "D", "possible": "P", "no": "N"}})
    plain["items"] = [item.plain() for item in found]
    plain["counts"] = {"major": [i.id for i in major], "minor": [i.id for i in minor]}
    choices = []
    for _ in range(3):
        which, least = draw(st.sampled_from(("major", "minor"))), draw(st.integers(0, 2))
        least = min(least, len(major if which == "major" else minor))
        sign = draw(st.sampled_from((">=", "=", "<")))
        number = Number(which, lambda p, which=which: float(counts[which](p)))
        one = compare(number, sign, least)
        if draw(st.booleans()):
            more = compare(
                Number("minor", lambda p: float(counts["minor"](p))), ">=", min(draw(st.integers(1, 3)), len(minor))
            )
            one = Meaning(f"({one.text}) AND ({more.text})", lambda p, a=one, b=more: a.holds(p) and b.holds(p))
        choices.append(one)
    choices.append(Meaning(found[0].id, lambda p: found[0].points(p) != 0))
    plain["rows"], value = rows(draw, choices, ("definite", "possible", "no"))
    reads = frozenset().union(*(item.reads for item in found))
    return Drawn(plain, value, reads, found, counts)


@st.composite
def tables(draw: st.DrawFn, id: str = "tool") -> Drawn:
    names = draw(st.lists(st.sampled_from(sorted(DOMAINS)), min_size=2, max_size=4, unique=True))
    choices = [draw(conditions(names)) for _ in range(3)]
    plain = head(
        id, draw(st.sampled_from(("table", "rules"))), {"type": "code", "values": {"x": "X", "y": "Y", "z": "Z"}}
    )
    plain["rows"], value = rows(draw, choices, ("x", "y", "z"))
    reads = frozenset().union(*(choice.reads for choice in choices))
    found = Drawn(plain, value, reads)
    if draw(st.booleans()):
        more = [draw(conditions(names)) for _ in range(2)]
        shown, reading = rows(draw, more, ("yes", "no"))
        plain["readings"] = [{"id": "beside", "title": "beside", "values": {"yes": "Y", "no": "N"}, "rows": shown}]
        found.readings = {"beside": reading}
        found.reads = reads.union(*(choice.reads for choice in more))
    return found


FORMULAS: Sequence[tuple[str, Mapping[str, str], Callable[[Patient], float]]] = (
    ("2 * n0 - n1", {}, lambda p: 2 * p["n0"] - p["n1"]),
    ("(n0 + 1) / (n1 + 1)", {}, lambda p: (p["n0"] + 1) / (p["n1"] + 1)),
    ("n0 * n0 - n0 + n1", {"n0": "rising"}, lambda p: p["n0"] * p["n0"] - p["n0"] + p["n1"]),
    (
        "LEAST(n0 + CASE WHEN b0 THEN 2 ELSE 0 END, 5) - CASE WHEN b0 THEN 1 ELSE 0 END",
        {"n0": "rising"},
        lambda p: min(p["n0"] + (2 if p["b0"] else 0), 5) - (1 if p["b0"] else 0),
    ),
    (
        "100 * POWER((n0 + 1) / CASE WHEN c0 = 'u' THEN 2 ELSE 3 END, CASE WHEN c0 = 'u' THEN -0.5 ELSE -1.2 END)",
        {"n0": "falling"},
        lambda p: 100 * ((p["n0"] + 1) / (2 if p["c0"] == "u" else 3)) ** (-0.5 if p["c0"] == "u" else -1.2),
    ),
    (
        "100 / (1 + EXP(0 - (0.5 * n0 - 3 + CASE WHEN b0 THEN 1 ELSE 0 END - CASE WHEN b1 THEN 0.7 ELSE 0 END)))",
        {},
        lambda p: 100 / (1 + math.exp(-(0.5 * p["n0"] - 3 + (1 if p["b0"] else 0) - (0.7 if p["b1"] else 0)))),
    ),
    (
        "GREATEST(2, n0) + CASE WHEN n0 >= 4 THEN 0 - 3 ELSE 0 END",
        {},
        lambda p: max(2, p["n0"]) + (-3 if p["n0"] >= 4 else 0),
    ),
)


@st.composite
def formulas(draw: st.DrawFn, id: str = "tool") -> Drawn:
    text, monotone, of = draw(st.sampled_from(FORMULAS))
    plain = head(id, "formula", {"type": "number", "unit": "1", "range": [-1000, 1000], "decimals": 9})
    plain["formula"] = text
    if monotone:
        plain["monotone"] = dict(monotone)
    cut = draw(st.sampled_from((1, 3, 10)))
    plain["bands"] = [{"id": "under", "title": "under", "below": cut}, {"id": "over", "title": "over", "at_least": cut}]
    bands = [("under", -math.inf, math.nextafter(cut, -math.inf)), ("over", float(cut), math.inf)]
    reads = frozenset(name for name in DOMAINS if name in text)
    return Drawn(plain, lambda p: float(of(p)), reads, bands=bands)


@st.composite
def worlds(draw: st.DrawFn) -> list[Drawn]:
    """A tool, and sometimes another one that it reads; some apply to some patients only."""
    kind = draw(st.sampled_from(("sum", "sum", "sum of another", "criteria", "criteria", "table", "formula")))

    def sometimes_for_some(tool: Drawn) -> Drawn:
        if draw(st.integers(0, 2)) == 0:
            tool.applies = draw(atoms(sorted(DOMAINS)))
            tool.plain["applies_when"] = tool.applies.text
        return tool

    if kind == "sum of another":
        other = sometimes_for_some(draw(st.one_of(sums("other"), formulas("other"))))
        return [sometimes_for_some(draw(sums(other=other))), other]
    return [
        sometimes_for_some(
            draw({"sum": sums(), "criteria": criteria(), "table": tables(), "formula": formulas()}[kind])
        )
    ]


@st.composite
def states(draw: st.DrawFn) -> dict[str, tuple[Any, ...]]:
    """What is possible of each fact: one value, all of them, or some."""
    found: dict[str, tuple[Any, ...]] = {}
    for name, domain in DOMAINS.items():
        how = draw(st.sampled_from(("known", "known", "unknown", "part")))
        if how == "known" or (how == "part" and name in BOOLEANS):
            found[name] = (draw(st.sampled_from(domain)),)
        elif how == "unknown":
            found[name] = domain
        elif name in NUMBERS:
            low, high = sorted((draw(st.sampled_from(GRID)), draw(st.sampled_from(GRID))))
            found[name] = GRID[low : high + 1]
        else:
            found[name] = tuple(draw(st.lists(st.sampled_from(domain), min_size=1, max_size=2, unique=True)))
    return found


def entered(state: Mapping[str, tuple[Any, ...]]) -> dict[str, Any]:
    """The state as a case would write it."""
    facts: dict[str, Any] = {}
    for name, values in state.items():
        if values == DOMAINS[name]:
            continue
        if name in NUMBERS:
            facts[name] = str(values[0]) if len(values) == 1 else f"{values[0]}..{values[-1]}"
        else:
            facts[name] = values[0] if len(values) == 1 else list(values)
    return facts


def completions(state: Mapping[str, tuple[Any, ...]], names: Sequence[str]) -> Iterator[Patient]:
    for chosen in product(*(state[name] for name in names)):
        yield dict(zip(names, chosen, strict=True))


# --- judging


def judge(tool: Drawn, runner: ToolRunner, state: Mapping[str, tuple[Any, ...]], *, exact: bool) -> str:
    case = case_from_mapping({"setting": "ed", "facts": entered(state)}, runner.dossier)
    report = runner.run(case)["tool"]
    names = sorted(tool.all_reads)
    patients = list(completions(state, names))
    applied = {tool.applied(p) for p in patients}
    shown = f"\n{tool!r}\nof {dict(state)}\n{report}"
    meant = "yes" if applied == {True} else "no" if applied == {False} else "unknown"
    assert report.applicable == meant, shown
    if meant == "no":
        assert report.value is None, shown
        return "does not apply"
    values = {tool.value(p) for p in patients}
    numeric = tool.plain["value"]["type"] == "number"
    if numeric:
        low, high = min(values), max(values)
        close = math.isclose(report.low, low, abs_tol=1e-8) and math.isclose(report.high, high, abs_tol=1e-8)
        assert report.low <= low + 1e-8, shown
        assert report.high >= high - 1e-8, shown
        settled = math.isclose(low, high, abs_tol=1e-9)
        if exact:
            assert close, f"is {low} to {high}{shown}"
        bands = {tool.band(p) for p in patients}
        assert bands <= set(report.bands_possible), shown
        if exact and meant == "yes":
            assert (report.band is not None) == (len(bands) == 1), f"bands are {bands}{shown}"
    else:
        settled = len(values) == 1 and None not in values
        assert values - {None} <= set(report.possible), shown
        if exact and None not in values:
            assert set(report.possible) == values, f"is {values}{shown}"
    if meant == "yes" and exact:
        assert (report.value is not None) == settled or (not numeric and None in values), shown
        if report.value is not None and numeric:
            assert math.isclose(float(report.value), next(iter(values)), abs_tol=1e-8), shown
    for item, said in zip(tool.items, report.items, strict=False):
        points = {item.points(p) for p in patients}
        assert said["low"] <= min(points), shown
        assert said["high"] >= max(points), shown
        if exact:
            assert (said["low"], said["high"]) == (min(points), max(points)), f"{item.id} is {points}{shown}"
    for name, count in tool.counts.items():
        found = {count(p) for p in patients}
        assert report.counts[name][0] <= min(found), shown
        assert report.counts[name][1] >= max(found), shown
    for reading in report.readings:
        found_values = {tool.readings[reading["id"]](p) for p in patients}
        assert found_values - {None} <= set(reading["possible"]), shown
        if exact and None not in found_values:
            assert set(reading["possible"]) == found_values, f"is {found_values}{shown}"
    check_missing(tool, report.missing, state, names, shown, settled and meant == "yes")
    return "settled" if settled else "open"


def check_missing(
    tool: Drawn,
    missing: Sequence[str],
    state: Mapping[str, tuple[Any, ...]],
    names: Sequence[str],
    shown: str,
    settled: bool,
) -> None:
    """Nothing that could change a value is left out; nothing is asked for where nothing could."""
    if settled:
        return
    for name in names:
        if name in missing or len(state[name]) == 1:
            continue
        others = [n for n in names if n != name]
        for patient in completions(state, others):
            found = {tool.value({**patient, name: value}) for value in state[name]}
            assert len(found) == 1, f"{name} could change it and is not missing{shown}"


def runner_of(tools: Sequence[Drawn], folder: Path) -> ToolRunner:
    files = []
    for tool in tools:
        path = folder / f"{tool.plain['id']}.yaml"
        path.write_text(yaml.safe_dump(tool.plain, sort_keys=False))
        files.append(path)
    reading = read_shelf(ROOT, files)
    assert not reading.broken, (tools, reading.broken)
    return ToolRunner(reading.shelf, ["tool"])


def test_a_score_is_settled_exactly_when_no_completion_changes_it(tmp_path: Path) -> None:
    counts: Counter[tuple[str, bool, str]] = Counter()

    @settings(max_examples=400, report_multiple_bugs=False)
    @given(worlds(), st.lists(states(), min_size=5, max_size=5))
    def examples(tools: list[Drawn], found: list[dict[str, tuple[Any, ...]]]) -> None:
        runner = runner_of(tools, tmp_path)
        exact = not runner.program.inexact
        for state in found:
            counts[tools[0].plain["kind"], exact, judge(tools[0], runner, state, exact=exact)] += 1

    examples()
    for key, count in sorted(counts.items()):
        print(key, count)
    promised = sum(count for (_, exact, _), count in counts.items() if exact)
    assert promised >= 0.97 * counts.total()
    assert {kind for kind, exact, _ in counts if exact} == {"sum", "criteria", "table", "rules", "formula"}
