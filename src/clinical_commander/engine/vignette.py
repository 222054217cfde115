"""A dossier's vignettes in, what came out otherwise than expected out: the runner behind `commander test`.

`expect` may hold: tier, disposition, bleeding_source (a value, or {possible: [...], at_least: value, settled: bool}),
triggers ({id: state} or {id: {state, severity, last_known}}), asks, never_asks, not_asked, actions ({id: state, or
absent}), phases, conflicts, no_conflicts, routes, scope, worst_this_episode, next (the first question's id), sides
({action: side or none}).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from clinical_commander.dossier.model import Dossier, Vignette
from clinical_commander.engine.assess import Engine
from clinical_commander.engine.assessment import AnswerReport, Assessment
from clinical_commander.engine.case import Case
from clinical_commander.engine.read_case import case_from_mapping
from clinical_commander.errors import ClinicalCommanderError
from clinical_commander.frozen import frozen

DEFAULT_MOMENT = "2026-11-01T08:00:00+00:00"


@frozen
class VignetteResult:
    """One vignette: `failures` says what was expected and what came out; empty when it passed."""

    name: str
    place: str
    failures: tuple[str, ...]

    @property
    def passed(self) -> bool:
        return not self.failures


def run_vignettes(
    dossier: Dossier, vignettes: Sequence[Vignette], engine: Engine | None = None
) -> list[VignetteResult]:
    """Assess each vignette's case and compare. Errors of a case are failures of its vignette, not of the run."""
    engine = engine or Engine(dossier)
    return [VignetteResult(v.name, str(v.at or ""), tuple(_failures(engine, v))) for v in vignettes]


def vignette_case(vignette: Vignette, dossier: Dossier) -> tuple[Case, Mapping[str, str]]:
    """The patient of a vignette, and what the site has.

    Raises:
        CaseError: It is no case of this dossier.
    """
    given = dict(vignette.given)
    site = given.pop("site", None)
    capabilities = dict(site.get("capabilities", {})) if isinstance(site, Mapping) else {}
    given.setdefault("at", DEFAULT_MOMENT)
    moment = datetime.fromisoformat(str(given["at"]))
    return case_from_mapping(given, dossier, name=vignette.name, now=moment), capabilities


def failures(result: Assessment, vignette: Vignette, dossier: Dossier) -> Iterator[str]:
    """What came out otherwise than a vignette expects."""
    for key, expected in vignette.expect.items():
        check = _CHECKS.get(key)
        if check is None:
            yield f"`{key}` is nothing a vignette can expect; it can expect {', '.join(_CHECKS)}"
        else:
            yield from check(result, expected, dossier)


def _failures(engine: Engine, vignette: Vignette) -> Iterator[str]:
    try:
        case, capabilities = vignette_case(vignette, engine.dossier)
    except ClinicalCommanderError as error:
        yield f"the case cannot be read: {error}"
        return
    yield from failures(engine.assess(case, capabilities), vignette, engine.dossier)


def _answer(name: str) -> Callable[[Assessment, Any, Dossier], Iterator[str]]:
    def check(result: Assessment, expected: Any, dossier: Dossier) -> Iterator[str]:
        report: AnswerReport | None = getattr(result, name)
        if report is None:
            yield f"{name}: the dossier has no such answer"
            return
        if isinstance(expected, str):
            if report.value != expected:
                yield f"{name}: expected {expected}, got {report.value or 'one of ' + _list(report.possible)}"
            return
        if "possible" in expected and sorted(report.possible) != sorted(expected["possible"]):
            yield f"{name}: expected one of {_list(expected['possible'])}, got {_list(report.possible)}"
        if "settled" in expected and report.settled is not expected["settled"]:
            yield f"{name}: expected settled {expected['settled']}, got {_list(report.possible)}"
        if "at_least" in expected:
            values = [v.id for v in getattr(dossier, name).values]
            if not report.possible or min(map(values.index, report.possible)) < values.index(expected["at_least"]):
                yield f"{name}: expected at least {expected['at_least']}, got {_list(report.possible)}"
        if "at_most" in expected:
            values = [v.id for v in getattr(dossier, name).values]
            if not report.possible or max(map(values.index, report.possible)) > values.index(expected["at_most"]):
                yield f"{name}: expected at most {expected['at_most']}, got {_list(report.possible)}"
        for key in ("within", "via"):
            if key in expected and getattr(report, key) != expected[key]:
                yield f"{name} {key}: expected {expected[key]}, got {getattr(report, key)}"

    return check


def _triggers(result: Assessment, expected: Mapping[str, Any], dossier: Dossier) -> Iterator[str]:
    for name, wanted in expected.items():
        report = result.triggers.get(name)
        if report is None:
            yield f"no trigger `{name}`"
            continue
        fields = {"state": wanted} if isinstance(wanted, str) else wanted
        for key, value in fields.items():
            got = getattr(report, key)
            if got != value:
                missing = f" (missing {_list(report.missing)})" if report.missing else ""
                yield f"{name} {key}: expected {value}, got {got}{missing}"


def _actions(result: Assessment, expected: Mapping[str, str | list[str]], dossier: Dossier) -> Iterator[str]:
    for name, wanted in expected.items():
        report = result.action(name)
        got = report.state if report else "absent"
        allowed = wanted if isinstance(wanted, list) else [wanted]
        if got not in allowed and not (got == "absent" and "not_needed" in allowed):
            yield f"{name}: expected {_list(allowed)}, got {got}"


def _sides(result: Assessment, expected: Mapping[str, str], dossier: Dossier) -> Iterator[str]:
    for name, wanted in expected.items():
        report = result.action(name)
        got = (report.side or "none") if report else "absent"
        if got != wanted:
            yield f"{name} side: expected {wanted}, got {got}"


def _asks(result: Assessment, expected: Sequence[str], dossier: Dossier) -> Iterator[str]:
    asked = {*result.tier.missing, *(f for n in result.next for f in n.facts)}
    asked.update(fact for action in result.actions for fact in action.ask)
    left = [name for name in expected if name not in asked]
    if left:
        yield f"asks: {_list(left)} not asked for"


def _never_asks(result: Assessment, expected: Sequence[str], dossier: Dossier) -> Iterator[str]:
    asked = {f for n in result.next for f in n.facts}
    if shown := [name for name in expected if name in asked]:
        yield f"never_asks: {_list(shown)} asked for"


def _not_asked(result: Assessment, expected: Sequence[str], dossier: Dossier) -> Iterator[str]:
    left = [name for name in expected if name not in result.tier.not_asked]
    if left:
        yield f"not_asked: {_list(left)} not listed"


def _next(result: Assessment, expected: str, dossier: Dossier) -> Iterator[str]:
    got = result.next[0].ask if result.next else "nothing"
    if got != expected:
        yield f"next: expected {expected}, got {got}"


def _phases(result: Assessment, expected: Mapping[str, str], dossier: Dossier) -> Iterator[str]:
    got = {p.id: p.status for p in result.phases}
    for name, wanted in expected.items():
        if got.get(name) != wanted:
            yield f"{name}: expected {wanted}, got {got.get(name)}"


def _conflicts(result: Assessment, expected: Sequence[str], dossier: Dossier) -> Iterator[str]:
    got = {c.id for c in result.conflicts}
    if left := [name for name in expected if name not in got]:
        yield f"conflicts: {_list(left)} not shown; shown are {_list(sorted(got))}"


def _no_conflicts(result: Assessment, expected: Sequence[str], dossier: Dossier) -> Iterator[str]:
    if shown := [c.id for c in result.conflicts if c.id in expected]:
        yield f"conflicts: {_list(shown)} shown"


def _routes(result: Assessment, expected: Sequence[str], dossier: Dossier) -> Iterator[str]:
    got = {r.dossier or r.source for r in result.routes} | {r.source for r in result.routes}
    if left := [name for name in expected if name not in got]:
        yield f"routes: {_list(left)} not shown; shown are {_list(sorted(got))}"


def _scope(result: Assessment, expected: str, dossier: Dossier) -> Iterator[str]:
    if result.scope.state != expected:
        yield f"scope: expected {expected}, got {result.scope.state}"


def _worst(result: Assessment, expected: str, dossier: Dossier) -> Iterator[str]:
    if result.tier.worst_this_episode != expected:
        yield f"worst_this_episode: expected {expected}, got {result.tier.worst_this_episode}"


def _list(items: Sequence[str]) -> str:
    return ", ".join(items) or "nothing"


_CHECKS: Mapping[str, Callable[[Assessment, Any, Dossier], Iterator[str]]] = {
    "tier": _answer("tier"),
    "disposition": _answer("disposition"),
    "bleeding_source": _answer("bleeding_source"),
    "triggers": _triggers,
    "actions": _actions,
    "sides": _sides,
    "asks": _asks,
    "never_asks": _never_asks,
    "not_asked": _not_asked,
    "next": _next,
    "phases": _phases,
    "conflicts": _conflicts,
    "no_conflicts": _no_conflicts,
    "routes": _routes,
    "scope": _scope,
    "worst_this_episode": _worst,
}
