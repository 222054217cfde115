"""The benchmarks, side by side in one run: `python -m benchmarks.run [--quick] [--json]`.

Budgets stand beside the figures and decide nothing. The cases are those of examples/cases, in turn. What `--json`
printed becomes docs/benchmarks.md with `python -m benchmarks.run --page FILE`.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import cycle
from pathlib import Path
from typing import Any

from benchmarks.differential import differential_rows
from benchmarks.timing import Times, in_process, processes
from clinical_commander.dossier.library import open_dossier
from clinical_commander.dossier.reader import plain_data
from clinical_commander.dossier.source import read_yaml
from clinical_commander.engine.assess import Engine
from clinical_commander.engine.case import Case
from clinical_commander.engine.read_case import read_case
from clinical_commander.render.text import assessment_text

ROOT = Path(__file__).resolve().parents[1]
CASES = ROOT / "examples" / "cases"
SHOWN = CASES / "tb-04.yaml"
MS = 1000.0


class Row:
    """One line of the table: times, what they stand beside, and the budgets in microseconds, if there are some."""

    def __init__(
        self,
        name: str,
        times: Times,
        beside: Times | None = None,
        budget: float | None = None,
        budget_p99: float | None = None,
    ) -> None:
        self.name, self.times, self.beside = name, times, beside
        self.budget, self.budget_p99 = budget, budget_p99

    def data(self) -> dict[str, object]:
        return {
            "name": self.name,
            "p50_us": round(self.times.median, 1),
            "p99_us": round(self.times.percentile(99), 1),
            "p50_cpu_us": round(self.times.cpu_median, 1),
            "times_the_baseline": round(self.times.cpu_median / self.beside.cpu_median, 1) if self.beside else None,
            "budget_p50_us": self.budget,
            "budget_p99_us": self.budget_p99,
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

    def count() -> object:
        return sum(number * number % 7 for number in range(1000))

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
    loop, whole, text = in_process([count, in_turn(to_json, cases), in_turn(to_text, cases)], rounds)
    yield Row("look up the same facts in a dict", bare)
    yield Row("rules, tiers, triggers", judged, bare, 300)
    yield Row("a loop of 1,000 sums", loop)
    yield Row("assess to JSON", whole, loop, 1.5 * MS, 4 * MS)
    yield Row("assess to text", text, loop)


def cause_rows(engine: Engine, rounds: int) -> Iterator[Row]:
    """What it could be, beside exact inference by other libraries on the same network."""
    for name, times, beside, budget in differential_rows(engine, rounds):
        yield Row(name, times, beside, budget)


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
        json_case = Path(cache) / "case.json"
        json_case.write_text(json.dumps(plain_data(read_yaml(SHOWN))))
        commands = [
            [sys.executable, "-c", "pass"],
            [sys.executable, "-c", "import json"],
            [*commander, "--version"],
            [*assess, "--json"],
            [*commander, "assess", str(json_case), "--json"],
            assess,
        ]
        bare, library, version, as_json, of_json, as_text = processes(commands, rounds, env)
    yield Row("a bare interpreter", bare)
    yield Row("an interpreter that imports json", library, bare)
    yield Row("commander --version", version, bare)
    yield Row("commander assess --json, cold", as_json, bare, 120 * MS)
    yield Row("the same of a JSON case", of_json, bare, 120 * MS)
    yield Row("commander assess, cold", as_text, bare, 120 * MS)


def machine() -> dict[str, object]:
    """What the figures depend on; nothing that names a machine."""
    load = f"{os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else "not known"
    return {
        "date": time.strftime("%Y-%m-%d", time.gmtime()),
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "system": f"{platform.system()} {platform.machine()}",
        "processors": os.cpu_count(),
        "load": load,
    }


def page(found: Mapping[str, Any]) -> str:
    """docs/benchmarks.md from what `--json` printed."""
    lines = [
        "<!-- Generated by `python -m benchmarks.run --page`: do not edit. -->",
        "",
        "# Benchmarks of one patient",
        "",
        f"Measured {found['date']} with {found['python']} on {found['system']}, {found['processors']} processors, "
        f"load {found['load']} when the run ended.",
        "",
        "All rows come from one run and take turns, so that a busy moment meets them all. *p50* and *p99* are by the "
        "watch, *cpu* is the median of the processor time, which a busy machine changes less. *Times* is that median "
        "beside the row it is measured against: the last row above without a figure there. A budget is a promise about "
        "an idle machine. It stands beside the figure and decides nothing: no test measures time.",
        "",
        "| what | p50 | p99 | cpu | times | budget p50 | budget p99 | runs |",
        "|---|--:|--:|--:|--:|--:|--:|--:|",
    ]
    for row in found["rows"]:
        times = [row[name] for name in ("p50_us", "p99_us", "p50_cpu_us")]
        budgets = [row[name] for name in ("budget_p50_us", "budget_p99_us")]
        ratio = row["times_the_baseline"]
        cells = [*map(shown, times), "" if ratio is None else f"{ratio:g}"]
        cells += ["" if one is None else shown(one) for one in budgets]
        lines.append(f"| {row['name']} | {' | '.join(cells)} | {row['runs']} |")
    return "\n".join([*lines, "", _HOW_TO])


_HOW_TO = """\
*Cold* is a whole process: its cache holds the pack, the operating system's cache the files. The cases are those of
`examples/cases`, in turn; whole processes assess one of them.

To measure again:

```
make bench                                             # a table
.venv/bin/python -m benchmarks.run --json > run.json
.venv/bin/python -m benchmarks.run --page run.json > docs/benchmarks.md
```
"""


def table(rows: Sequence[Row]) -> str:
    """The rows as text."""
    lines = [f"{'':36}{'p50':>12}{'p99':>12}{'cpu':>12}{'x baseline':>12}{'budget p50':>12}"]
    for row in rows:
        data = row.data()
        ratio = data["times_the_baseline"]
        lines.append(
            f"{row.name:36}{shown(row.times.median):>12}{shown(row.times.percentile(99)):>12}{shown(row.times.cpu_median):>12}"
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
    parser.add_argument("--page", metavar="FILE", type=Path, help="print docs/benchmarks.md from what --json printed")
    arguments = parser.parse_args()
    if arguments.page:
        print(page(json.loads(arguments.page.read_text())), end="")
        return 0
    dossier = open_dossier()
    cases = [read_case(path, dossier) for path in sorted(CASES.glob("*.yaml")) if path.name != "expectations.yaml"]
    engine = Engine(dossier)
    rows = [
        *engine_rows(engine, cases, 100 if arguments.quick else 1000),
        *cause_rows(engine, 100 if arguments.quick else 1000),
        *process_rows(5 if arguments.quick else 25),
    ]
    found = machine()
    if arguments.json:
        print(json.dumps({**found, "rows": [row.data() for row in rows]}, indent=2))
        return 0
    print(f"{found['python']}, {found['processors']} processors, load {found['load']}, {len(cases)} cases in turn")
    print(table(rows))
    return 0


if __name__ == "__main__":
    sys.exit(main())
