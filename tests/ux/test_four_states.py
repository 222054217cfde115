"""UX-12: yes, no, not known and not asked stay four things: form, note, JSON, text, and FHIR out and back in."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

import pytest
from fastapi.testclient import TestClient

from clinical_commander.engine.assessment import Assessment
from clinical_commander.engine.case import Case
from clinical_commander.engine.read_case import case_from_mapping
from clinical_commander.fhir.assessment_bundle import assessment_bundle
from clinical_commander.fhir.datatypes import Occasion
from clinical_commander.fhir.extract import extract
from clinical_commander.fhir.validate import passed
from clinical_commander.render.note import note_text
from clinical_commander.render.text import assessment_text
from clinical_commander.service.app import create_app
from tests.desks import case_considered, desk
from tests.fixtures import engine

NOW = datetime(2026, 11, 1, 8, tzinfo=UTC)
# A fact of each kind: its entry in the form, what the form says, and two values.
ENTRIES: Mapping[str, Mapping[str, Mapping[str, str]]] = {
    "airway_compromise": {
        "one": {"v.airway_compromise": "yes"},
        "another": {"v.airway_compromise": "no"},
        "unknown": {"v.airway_compromise": "unknown"},
        "not asked": {"v.airway_compromise": ""},
    },
    "consciousness": {
        "one": {"v.consciousness": "alert"},
        "another": {"v.consciousness": "confused"},
        "unknown": {"v.consciousness": "unknown"},
        "not asked": {"v.consciousness": ""},
    },
    "spo2": {
        "one": {"v.spo2": "97"},
        "another": {"v.spo2": "84"},
        "unknown": {"s.spo2": "unknown"},
        "not asked": {"v.spo2": ""},
    },
}
VALUES: Mapping[str, tuple[object, object]] = {
    "airway_compromise": (True, False),
    "consciousness": ("alert", "confused"),
    "spo2": (97.0, 84.0),
}


def case_of(form: Mapping[str, str]) -> Case:
    return case_considered({"v.age": "52", **form}, NOW)


def in_json(result: Assessment, fact: str, case: Case) -> str:
    report = result.to_json()["facts"].get(fact)
    if report is None:
        return "not asked"
    if report["state"] == "unknown":
        return "unknown"
    return ("one", "another")[VALUES[fact].index(report["value"])]


def in_text(result: Assessment, fact: str, case: Case) -> str:
    label = re.escape(engine().dossier.facts[fact].label)
    facts = assessment_text(result, engine().dossier, 4000).split("\nFACTS\n")[1].split("\n\n")[0]
    found = re.search(rf"{label}: ([^·\n(]*)", facts)
    if found is None:
        return "not asked"
    said = found[1].strip()
    return {"not known": "unknown", "yes": "one", "no": "another", "97 %": "one", "84 %": "another"}.get(
        said, "one" if said == "alert" else "another"
    )


def in_note(result: Assessment, fact: str, case: Case) -> str:
    note, label = note_text(result, engine().dossier), engine().dossier.facts[fact].label
    asked = re.search(r"asked, not known: (.*)", note)
    if asked and label in asked[1].split(", "):
        return "unknown"
    facts = re.search(r"Facts: (.*)", note)
    assert facts is not None
    for said in facts[1].split("; "):
        if said.startswith(label):
            rest = said.removeprefix(label).strip(": ")
            return "another" if rest.startswith(("no", "84", "newly")) else "one"
    return "not asked"


def through_fhir(result: Assessment, fact: str, case: Case) -> str:
    """Out as a valid bundle, the answers of it back in as a case, and what that case's JSON says."""
    bundle = passed(assessment_bundle(result, engine().dossier, Occasion(NOW), case.facts))
    (answers,) = (e["resource"] for e in bundle["entry"] if e["resource"]["resourceType"] == "QuestionnaireResponse")
    back = case_from_mapping({"setting": "ed", "facts": extract(answers, engine().dossier)}, engine().dossier, now=NOW)
    again = engine().assess(back)
    assert again.tier == result.tier
    return in_json(again, fact, back)


SURFACES: Mapping[str, Callable[[Assessment, str, Case], str]] = {
    "json": in_json,
    "text": in_text,
    "note": in_note,
    "fhir": through_fhir,
}


@pytest.mark.parametrize("surface", SURFACES)
@pytest.mark.parametrize("fact", ENTRIES)
def test_ux_12_each_of_the_four_states_comes_out_of_a_surface_as_it_was_entered(fact: str, surface: str) -> None:
    for state, form in ENTRIES[fact].items():
        case = case_of(form)

        assert SURFACES[surface](engine().assess(case), fact, case) == state, state


@pytest.mark.parametrize("fact", ENTRIES)
def test_ux_12_the_form_comes_back_in_the_state_in_which_it_was_sent(fact: str) -> None:
    client = TestClient(create_app(desk()))
    seen = set()
    for form in ENTRIES[fact].values():
        page = client.post("/", data=form).text
        field = re.search(rf'id="f-{fact}">(.*?)\n</div>', page, re.S)
        assert field is not None
        ticked = re.findall(r'value="([^"]*)" (?:checked|selected)', field[1])
        value = re.findall(r'class="number".*?value="([^"]*)"', field[1], re.S)
        seen.add((tuple(ticked), tuple(value)))

    assert len(seen) == 4


@pytest.mark.parametrize("fact", ENTRIES)
def test_ux_12_not_known_is_never_no_and_decides_what_not_asked_decides(fact: str) -> None:
    results: dict[str, Any] = {
        state: engine().assess(case_of(form)) for state, form in ENTRIES[fact].items() if state != "one"
    }
    unknown, not_asked = results["unknown"], results["not asked"]

    assert fact in unknown.tier.missing
    for name in ("tier", "disposition", "triggers", "actions", "plan", "next", "scores", "differential", "phases"):
        assert getattr(unknown, name) == getattr(not_asked, name), name
    assert results["another"].tier != unknown.tier


def test_ux_12_a_case_file_that_says_unknown_says_so_in_the_json_too() -> None:
    case = case_from_mapping({"setting": "ed", "facts": {"tb_risk": "unknown"}}, engine().dossier, now=NOW)

    report = engine().assess(case).to_json()["facts"]["tb_risk"]

    assert (report["state"], report["value"]) == ("unknown", None)
