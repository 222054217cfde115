"""A tool's worked cases in, what came out otherwise than expected out.

`expect` may hold: value, low, high, band, bands_possible, possible, applicable, missing (an exact set), items ({id:
points, or [low, high]}), counts (likewise), readings ({id: value, or the list of what is possible, or [low, high]}).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from clinical_commander.dossier.model import Dossier, Example
from clinical_commander.engine.assessment import ScoreReport
from clinical_commander.engine.read_case import case_from_mapping
from clinical_commander.engine.tool_run import ToolRunner
from clinical_commander.engine.vignette import DEFAULT_MOMENT, VignetteResult
from clinical_commander.errors import ClinicalCommanderError

Check = Callable[[ScoreReport, Any, int], Any]
"""What came out where it is not what was expected, else None; the number is the decimals the tool shows."""
_CASE_KEYS = ("setting", "region", "at")


def run_examples(shelf: Dossier, tool: str, examples: Sequence[Example]) -> list[VignetteResult]:
    """Run each example and compare. Errors of a case are failures of its example, not of the run."""
    runner = ToolRunner(shelf, [tool])
    return [VignetteResult(e.name, str(e.at or ""), tuple(_failures(runner, tool, e))) for e in examples]


def _failures(runner: ToolRunner, tool: str, example: Example) -> Iterator[str]:
    given = dict(example.given)
    case: dict[str, object] = {"setting": "ed", "at": DEFAULT_MOMENT}
    case |= {key: given.pop(key) for key in _CASE_KEYS if key in given}
    try:
        moment = datetime.fromisoformat(str(case["at"]))
        read = case_from_mapping({**case, "facts": given}, runner.dossier, name=example.name, now=moment)
    except ClinicalCommanderError as error:
        yield f"the case cannot be read: {error}"
        return
    report = runner.run(read)[tool]
    if not example.expect:
        yield "it expects nothing"
    for key, expected in example.expect.items():
        check = _CHECKS.get(key)
        if check is None:
            yield f"`{key}` is nothing an example can expect; it can expect {', '.join(_CHECKS)}"
            continue
        found = check(report, expected, runner.dossier.tools[tool].decimals)
        if found is not None:
            yield f"{key}: expected {_shown(expected)}, got {_shown(found)}"


def _one(name: str, slack: float = 0.5) -> Check:
    def check(report: ScoreReport, expected: Any, decimals: int) -> Any:
        found = getattr(report, name)
        return None if _same(found, expected, decimals, slack) else (found if found is not None else "nothing")

    return check


def _set(name: str) -> Check:
    def check(report: ScoreReport, expected: Any, decimals: int) -> Any:
        found = list(getattr(report, name))
        wanted = list(expected) if isinstance(expected, (list, tuple)) else [expected]
        return None if sorted(found) == sorted(wanted) else found

    return check


def _items(report: ScoreReport, expected: Any, decimals: int) -> Any:
    found = {item["id"]: (item["low"], item["high"]) for item in report.items}
    return _ranges(found, expected)


def _counts(report: ScoreReport, expected: Any, decimals: int) -> Any:
    return _ranges(report.counts, expected)


def _ranges(found: Mapping[str, tuple[float, float]], expected: Any) -> Any:
    """The ranges that are not as expected: a number, or [low, high]."""
    wrong: dict[str, Any] = {}
    for id, wanted in expected.items():
        low, high = wanted if isinstance(wanted, (list, tuple)) else (wanted, wanted)
        if id not in found:
            wrong[id] = "no such item"
        elif found[id] != (low, high):
            wrong[id] = found[id][0] if found[id][0] == found[id][1] else list(found[id])
    return wrong or None


def _readings(report: ScoreReport, expected: Any, decimals: int) -> Any:
    found: dict[str, list[Any]] = {}
    for reading in report.readings:
        ends = [reading["low"], reading["high"]]
        found[reading["id"]] = sorted(reading["possible"]) if ends == [None, None] else ends
    wrong = {}
    for id, wanted in expected.items():
        values = list(wanted) if isinstance(wanted, (list, tuple)) else [wanted]
        if all(isinstance(value, str) for value in values):
            values.sort()
        if found.get(id) != values:
            wrong[id] = found.get(id, ["no such reading"])
    return wrong or None


def _same(found: Any, expected: Any, decimals: int, slack: float) -> bool:
    """Equal; a number to the decimals in which it is expected and shown, give or take `slack` of the last one."""
    if isinstance(expected, bool) or not (isinstance(found, (int, float)) and isinstance(expected, (int, float))):
        return bool(found == expected)
    written = len(repr(expected).partition(".")[2]) if isinstance(expected, float) else 0
    return bool(abs(found - expected) <= slack * 10.0 ** -min(written, decimals) + 1e-9)


def _shown(value: Any) -> str:
    if isinstance(value, (list, tuple)):
        return ", ".join(_shown(v) for v in value) or "none"
    if isinstance(value, Mapping):
        return ", ".join(f"{k} {_shown(v)}" for k, v in value.items())
    return "nothing" if value is None else f"{value}"


_CHECKS: dict[str, Check] = {
    "value": _one("value"),
    "low": _one("low", slack=1.0),  # ends are rounded outwards
    "high": _one("high", slack=1.0),
    "band": _one("band"),
    "bands_possible": _set("bands_possible"),
    "possible": _set("possible"),
    "applicable": _one("applicable"),
    "missing": _set("missing"),
    "items": _items,
    "counts": _counts,
    "readings": _readings,
}
