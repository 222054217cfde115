"""What the tests of the hemoptysis dossier share: its engine, its vignettes, and a patient in one line."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path

from clinical_commander.dossier.load import load_dossier
from clinical_commander.dossier.model import Vignette
from clinical_commander.dossier.vignettes import read_vignettes
from clinical_commander.engine.assess import Engine
from clinical_commander.engine.assessment import ActionReport, Assessment
from clinical_commander.engine.case import Case
from clinical_commander.engine.read_case import case_from_mapping
from clinical_commander.engine.vignette import DEFAULT_MOMENT
from clinical_commander.errors import Problem

REPOSITORY = Path(__file__).resolve().parents[1]
DOSSIER = REPOSITORY / "content" / "dossiers" / "symptom.hemoptysis.v1"
EXAMPLES = REPOSITORY / "examples" / "cases"
SETTINGS = ("home", "outpatient", "ed", "inpatient", "icu")

# The eight facts that a tier must know, less the volume; every one normal.
NORMAL: Mapping[str, object] = {
    "spo2": "98 %",
    "oxygen_device": "room_air",
    "sbp": "124 mmHg",
    "rr": "14 /min",
    "hr": "76 /min",
    "consciousness": "alert",
    "airway_compromise": False,
}
# With these, and every sign normal, the conditions for care outside hospital hold.
NOTHING_ELSE: Mapping[str, object] = {
    "active_bleeding": False,
    "cxr_normal": True,
    "limited_reserve": False,
    "safe_discharge_support": True,
    "anticoagulant": "none",
    "leg_dvt_signs": False,
    "prior_vte": False,
    "surgery_or_immobilised_4wk": False,
    "active_cancer": False,
    "vasculitis_known": False,
    "hematuria": False,
    "prior_tb": False,
    "tb_contact": False,
    "tb_endemic_origin": False,
    "congregate_setting": False,
}


@functools.cache
def vignettes() -> tuple[tuple[Vignette, ...], tuple[Problem, ...]]:
    """The vignettes beside the dossier, and what is wrong with how they are written."""
    found, problems = read_vignettes(DOSSIER, engine().dossier)
    return found, tuple(problems)


@functools.cache
def engine() -> Engine:
    """The engine of the hemoptysis dossier, made once a process from its YAML."""
    return Engine(load_dossier(DOSSIER))


def patient(setting: str = "ed", *groups: Mapping[str, object], **facts: object) -> Case:
    """A patient of 52 years with these facts; a later group, and a name at the end, outranks an earlier one."""
    together: dict[str, object] = {"age": "52 years"}
    for group in (*groups, facts):
        together |= group
    data = {"setting": setting, "facts": {k: v for k, v in together.items() if v is not None}}
    moment = datetime.fromisoformat(DEFAULT_MOMENT)
    return case_from_mapping(data, engine().dossier, now=moment)


def vignette_case(vignette: Vignette) -> tuple[Case, dict[str, str]]:
    """The patient of a vignette, and what the site has."""
    given = dict(vignette.given)
    site = given.pop("site", None)
    capabilities = dict(site["capabilities"]) if isinstance(site, dict) else {}
    moment = datetime.fromisoformat(str(given.pop("at", DEFAULT_MOMENT)))
    return case_from_mapping(given, engine().dossier, name=vignette.name, now=moment), capabilities


def assess(case: Case, **capabilities: str) -> Assessment:
    """The assessment of a case by the hemoptysis dossier."""
    return engine().assess(case, capabilities)


def state(result: Assessment, action: str) -> str:
    """The state of an action, `absent` where no step names it."""
    report = result.action(action)
    return report.state if report else "absent"


def advised(result: Assessment) -> Iterator[ActionReport]:
    """The actions that the answer proposes, for sure or after a question."""
    return (a for a in result.actions if a.state in ("do", "ask_first"))


def stat(result: Assessment) -> frozenset[str]:
    """The STAT actions that the answer proposes."""
    return frozenset(a.id for a in advised(result) if a.priority == "stat")


def advice(result: Assessment) -> Iterator[tuple[str, str]]:
    """Every sentence that answers or advises, with where it stands; questions and lists of values do neither."""
    yield "tier", result.tier.text
    yield "disposition", result.disposition.text
    yield "disposition within", result.disposition.within_says.text
    yield "disposition via", result.disposition.via_says.text
    yield from ((f"action {a.id}", a.text) for a in advised(result))
    yield from ((f"order of {a.id}", str(o["text"])) for a in advised(result) for o in a.orders)
    yield from ((f"plan {p.path}", p.text) for p in result.plan if p.state in ("do", "ask_first"))
    yield from ((f"trigger {name}", t.text) for name, t in result.triggers.items() if t.state != "quiet")
    yield from ((f"route {r.source}", r.text) for r in result.routes)
    yield from ((f"monitoring {m.id}", m.text) for m in result.monitoring)
    yield from ((f"follow-up {f.id}", f.text) for f in result.followup)
    yield from ((f"conflict {c.id}", f"{c.text} {c.resolution}") for c in result.conflicts)
