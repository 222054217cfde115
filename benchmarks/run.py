"""The benchmarks, side by side in one run: `python -m benchmarks.run [--quick] [--json]`.

Budgets stand beside the figures and decide nothing. The cases are those of examples/cases, in turn.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from itertools import cycle
from pathlib import Path

from benchmarks.timing import Times, in_process, processes
from clinical_commander.dossier.library import open_dossier
from clinical_commander.engine.assess import Engine
from clinical_commander.engine.case import Case
from clinical_commander.engine.read_case import read_case
from clinical_commander.render.text import assessment_text

ROOT = Path(__file__).resolve().parents[1]
CASES = ROOT / "examples" / "cases"
SHOWN = CASES / "tb-04.yaml"
MS = 1000.0


class Row:
    """One line of the table: times, what they stand beside, and the budget in microseconds, if there is one."""

    def __init__(self, name: str, times: Times, beside: Times | None = None, budget: float | None = None) -> None:
        self.name, self.times, self.beside, self.budget = name, times, beside, budget

    def data(self) -> dict[str, object]:
        return {
            "name": self.name,
            "p50_us": round(self.times.median, 1),
            "p99_us": round(self.times.percentile(99), 1),
            "times_the_baseline": round(self.times.median / self.beside.median, 1) if self.beside else None,
            "budget_p50_us": self.budget,
            "runs": len(self.times.runs),
        }


def in_turn(function: Callable[[object], object], items: Sequence[object]) -> Callable[[], object]:
    """A function of no argument that takes the next item each time."""
    source = cycle(items)
    return lambda: function(next(source))


def engine_rows(engine: Engine, cases: Sequence[Case], rounds: int) -> Iterator[Row]:
    """What happens inside one process, once the dossier is loaded."""
    program, dossier = engine.program, engine.dossier
    inputs = [engine.situations.at(case, case.at, None, {}).fresh.x for case in cases]
    # What is read off the columns: can it hold, must it hold.
    ends = [
        *(program.pair(r.when) for r in dossier.rules.values()),
        *(program.pair(v.when) for v in dossier.tier.values),
        *(program.pair(t.when) for t in dossier.triggers.values()),
    ]

    def rules(x: object) -> object:
        columns = program.evaluate(x)  # type: ignore[arg-type]
        return [(columns[can], columns[must]) for can, must in ends]

    facts = [{name: observations[-1] for name, observations in case.facts.items()} for case in cases]
    names = [tuple(f) for f in facts]

    def look_up(number: object) -> object:
        known = facts[number]  # type: ignore[call-overload]
        return [known[name] for name in names[number]]  # type: ignore[call-overload]

    def to_json(case: object) -> object:
        return engine.assess(case).dumps()  # type: ignore[arg-type]

    def to_text(case: object) -> object:
        return assessment_text(engine.assess(case), dossier)  # type: ignore[arg-type]

    bare, judged = in_process([in_turn(look_up, range(len(cases))), in_turn(rules, inputs)], rounds * 10)
    whole, text = in_process([in_turn(to_json, cases), in_turn(to_text, cases)], rounds)
    yield Row("look up the same facts in a dict", bare)
    yield Row("rules, tiers, triggers", judged, bare, 300)
    yield Row("assess to JSON", whole, bare, 1.5 * MS)
    yield Row("assess to text", text, bare)


def process_rows(rounds: int) -> Iterator[Row]:
    """Whole processes, cold but for the operating system's cache of files, beside an interpreter that does nothing."""
    bin = Path(sys.executable).parent
    with tempfile.TemporaryDirectory() as cache:
        env = {**os.environ, "CLINICAL_COMMANDER_CACHE": cache}
        env.pop("PYTHONDONTWRITEBYTECODE", None)
        commander = [sys.executable, "-m", "clinical_commander.cli.main"]
        if (bin / "commander").exists():
            commander = [str(bin / "commander")]
        assess = [*commander, "assess", str(SHOWN)]
        commands = [[sys.executable, "-c", "pass"], [*commander, "--version"], [*assess, "--json"], assess]
        bare, version, as_json, as_text = processes(commands, rounds, env)
    yield Row("a bare interpreter", bare)
    yield Row("commander --version", version, bare)
    yield Row("commander assess --json, cold", as_json, bare, 120 * MS)
    yield Row("commander assess, cold", as_text, bare, 120 * MS)


def table(rows: Sequence[Row]) -> str:
    """The rows as text."""
    lines = [f"{'':36}{'p50':>12}{'p99':>12}{'x baseline':>12}{'budget p50':>12}"]
    for row in rows:
        data = row.data()
        ratio = data["times_the_baseline"]
        lines.append(
            f"{row.name:36}{shown(row.times.median):>12}{shown(row.times.percentile(99)):>12}"
            f"{'' if ratio is None else f'{ratio:g}':>12}{'' if row.budget is None else shown(row.budget):>12}"
        )
    return "\n".join(lines)


def shown(us: float) -> str:
    """A time in the unit in which it is read."""
    return f"{us:.1f} us" if us < MS else f"{us / MS:.1f} ms"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--quick", action="store_true", help="fewer runs")
    parser.add_argument("--json", action="store_true", help="print JSON for programs")
    arguments = parser.parse_args()
    dossier = open_dossier()
    cases = [read_case(path, dossier) for path in sorted(CASES.glob("*.yaml")) if path.name != "expectations.yaml"]
    engine = Engine(dossier)
    rows = [
        *engine_rows(engine, cases, 100 if arguments.quick else 1000),
        *process_rows(5 if arguments.quick else 25),
    ]
    load = f"{os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else "not known"
    if arguments.json:
        print(json.dumps({"load": load, "rows": [row.data() for row in rows]}, indent=2))
        return 0
    print(f"Python {platform.python_version()}, {os.cpu_count()} processors, load {load}, {len(cases)} cases in turn")
    print(table(rows))
    return 0


if __name__ == "__main__":
    sys.exit(main())
