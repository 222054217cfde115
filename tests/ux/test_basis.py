"""UX-20: every recommendation opens what it rests on, with its eight fields, for every rule of the pack.

A corpus of cases reaches every alarm, action, line of a plan, place of care, hand-over, conflict, watch and follow-up;
what none of them reaches is named here with the reason.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

import pytest
import yaml
from fastapi.testclient import TestClient

from clinical_commander.engine.assessment import Assessment
from clinical_commander.engine.case import ActionRecord, Case
from clinical_commander.render.basis import Bases, Basis
from clinical_commander.render.reasons import Reasons
from clinical_commander.render.words import Placed, Words
from clinical_commander.service.app import create_app
from tests.desks import desk
from tests.fixtures import EXAMPLES, NORMAL, SETTINGS, engine, patient, vignette_case, vignettes
from tests.generate import examples, patients, tell
from tests.ux.browser import form_of

RANDOM = 120
DOSSIER = engine().dossier
WORDS = Words(DOSSIER)
NONE = WORDS.name("review", "none")
COMFORT: Mapping[str, Any] = {"treatment_limits": "comfort_only"}
SIDE: Mapping[str, Any] = {"bleeding_side": "left", "bleeding_side_basis": "ct"}

# What examples, vignettes and random patients do not reach, by hand.
CONSTRUCTED: tuple[Case, ...] = (
    patient("home", NORMAL, age="5 years", spo2="80 %"),
    patient("ed", NORMAL, age="5 years", spo2="80 %", airway_compromise=True),
    *(patient(s, NORMAL, COMFORT, estimated_volume_24h="10 mL") for s in SETTINGS),
    *(patient(s, NORMAL, COMFORT, estimated_volume_24h="60 mL", active_bleeding=True) for s in SETTINGS),
    *(patient(s, NORMAL, SIDE, estimated_volume_24h="60 mL") for s in SETTINGS),
    *(patient(s, SIDE, active_bleeding=True) for s in SETTINGS),
    *(patient(s, NORMAL, estimated_volume_24h="60 mL", spo2="92 %", pure_blood=True) for s in ("ed", "inpatient")),
    *(
        patient(s, NORMAL, estimated_volume_24h=volume, confirmed_cause=cause)
        for cause in DOSSIER.facts["confirmed_cause"].codes
        for s, volume in (("outpatient", "10 mL"), ("ed", "60 mL"))
    ),
    *(
        patient("ed", NORMAL, {"estimated_volume_24h": "60 mL", "confirmed_cause": cause}, more)
        for cause, more in (
            ("post_tb_sequelae", {}),
            ("iatrogenic", {"lung_procedure_kind": "pulmonary_vein_ablation"}),
            ("iatrogenic", {"cxr_effusion": True, "chest_trauma": True}),
            ("foreign_body", {"fever": True}),
            ("pseudohemoptysis", {"epistaxis": True}),
            ("bronchiectasis", {"spo2": "80 %"}),
        )
    ),
    *(
        patient(s, NORMAL, estimated_volume_24h="300 mL", bleeding_since_bae=True, ct_bleeding_localised=True)
        for s in ("ed", "inpatient", "icu")
    ),
    patient(
        "ed",
        NORMAL,
        estimated_volume_24h="300 mL",
        chest_or_back_pain=True,
        type_and_cross="sent",
        consciousness="unresponsive",
        aortic_graft_or_aneurysm=True,
    ),
    patient(
        "outpatient",
        NORMAL,
        estimated_volume_24h="10 mL",
        cxr_effusion=True,
        chest_trauma=True,
        liver_disease=True,
        hematemesis_features=True,
        anticoagulant="warfarin",
    ),
    patient("inpatient", NORMAL, estimated_volume_24h="60 mL", mechanical_valve=True, anticoagulant="warfarin"),
    replace(
        patient("ed", NORMAL, estimated_volume_24h="60 mL", chronic_kidney_disease=True),
        actions={"image.ct_angiography": ActionRecord("done")},
    ),
)
NOT_REACHED: Mapping[str, str] = {
    "playbooks.inpatient.submassive.disposition.3": "who may leave is not submassive; the plan is for those who are",
    "conflict:isolation_vs_lift": "no plan proposes to lift an isolation, so there is nothing to hold back",
    "conflict:biopsy_vs_bleeding": "the only biopsy of the plans is held back by its own guard already",
}


def bases(result: Assessment) -> Bases:
    return Bases(result, WORDS, Reasons(result, WORDS))


def filled(basis: Basis | None, what: str) -> None:
    """Eight fields; what a statement rests on is named, and that nobody has reviewed it is said."""
    assert basis is not None, what
    assert len(Basis.__annotations__) == 8
    assert basis.rule, what
    assert NONE not in basis.rule, what
    assert all(basis.rule), what
    assert basis.used != NONE or basis.missing != NONE, what
    assert basis.used, what
    assert basis.missing, what
    assert basis.sources, what
    assert NONE not in basis.sources, what
    for field in (basis.strength, basis.status, basis.version):
        assert field not in ("", NONE), what
    assert basis.reviewed == NONE, f"{what}: nobody has reviewed anything"
    assert DOSSIER.content_hash[:12] in basis.version


def statements(result: Assessment) -> Iterator[str]:
    """The names of all that an assessment recommends or warns of."""
    if not result.disposition.withheld:
        yield "disposition:"
    yield from (f"trigger:{name}" for name, t in result.triggers.items() if t.state != "quiet")
    yield from (f"action:{x.id}" for x in result.actions)
    yield from (f"step:{p.path}" for p in result.plan)
    yield from (f"route:{r.source}" for r in result.routes)
    yield from (f"conflict:{c.id}" for c in result.conflicts)
    yield from (f"cause:{c.cause}" for c in result.differential.causes)
    yield from (f"contributor:{c.id}" for c in result.differential.contributors if c.state == "present")
    yield from (f"monitoring:{m.id}" for m in result.monitoring)
    yield from (f"followup:{f.id}" for f in result.followup)


def corpus() -> Iterator[Assessment]:
    yield from (engine().assess(case) for case in examples().values())
    for vignette in vignettes()[0]:
        yield engine().assess(*vignette_case(vignette))
    yield from (engine().assess(case) for case in CONSTRUCTED)
    yield from (engine().assess(patients().case("basis", number)) for number in range(RANDOM))


def line_of(path: str, placed: Placed) -> str:
    """A line of the content: a block that many plans use is one text with one set of rules."""
    block = placed.step.block
    inside = f".{block}."
    return block + "." + path.split(inside, 1)[1] if block and inside in path else path


@functools.cache
def reached() -> tuple[frozenset[str], frozenset[str]]:
    """The statements that the corpus makes, each with a filled basis; and the lines of the content behind them."""
    lines: dict[str, list[str]] = {}
    by_action: dict[tuple[str, str], list[str]] = {}
    for path, placed in WORDS.steps.items():
        if not placed.step.choose:  # a choice has no line: its options have
            lines.setdefault(line_of(path, placed), []).append(path)
            if not path.startswith("playbooks.") and placed.step.action:
                by_action.setdefault((placed.step.action, path.split(".")[1]), []).append(line_of(path, placed))
    of_path = {path: line for line, paths in lines.items() for path in paths}
    said: set[str] = set()
    hit: set[str] = set()
    for result in corpus():
        found = bases(result)
        for about in statements(result):
            filled(found.of(about), about)
            said.add(about)
            if about.startswith("step:"):
                hit.add(of_path.get(about[len("step:") :], ""))
        filled(found.tier(), "tier")
        said.update(f"tier:{v}" for v in result.tier.possible if result.tier.settled)
        said.update(f"place:{v}" for v in result.disposition.possible if result.disposition.settled)
        for action in result.actions:
            hit.update(line for source in action.because for line in by_action.get((action.id, source), ()))
    return frozenset(said), frozenset(lines) - hit


def test_ux_20_every_statement_of_the_corpus_has_eight_filled_fields_and_every_line_of_the_content_is_reached(
    record_property: Callable[[str, object], None],
) -> None:
    said, left = reached()

    tell(record_property, "statements", len(said))
    tell(record_property, "lines that no case reaches", sorted(left))
    assert left <= NOT_REACHED.keys()
    wanted = {f"trigger:{t}" for t in DOSSIER.triggers} | {f"conflict:{c.id}" for c in DOSSIER.conflicts}
    wanted |= {f"route:{t.id}" for t in DOSSIER.triggers.values() if t.route}
    wanted |= {f"route:{p.id}" for p in DOSSIER.pivots if p.route}
    wanted |= {f"monitoring:{m.id}" for m in DOSSIER.monitoring} | {f"followup:{f.id}" for f in DOSSIER.followup}
    wanted |= {f"tier:{v.id}" for v in DOSSIER.tier.values} | {f"place:{v.id}" for v in DOSSIER.disposition.values}
    assert DOSSIER.differential is not None
    wanted |= {f"cause:{c}" for c in DOSSIER.differential.causes}
    wanted |= {f"contributor:{c}" for c in DOSSIER.differential.contributors}
    assert sorted(wanted - said - NOT_REACHED.keys()) == []
    assert not NOT_REACHED.keys() & said, "reached by now: take it off the list"


def test_ux_20_each_step_of_the_pack_names_its_rule_and_a_source_of_the_ledger() -> None:
    assert len(WORDS.steps) > 1000
    for path, placed in WORDS.steps.items():
        assert placed.title, path
        assert all(WORDS.clause(c) for c in placed.conditions), path
        assert placed.cite or placed.step.choose, path
        assert set(placed.cite) <= DOSSIER.citations.keys(), path


@pytest.fixture(scope="module")
def pages() -> Mapping[str, str]:
    """The page of some examples that between them show every section."""
    client, found = TestClient(create_app(desk())), {}
    for name in ("constructed-warfarin-massive", "constructed-mild", "tb-04"):
        facts = yaml.safe_load((EXAMPLES / f"{name}.yaml").read_text(encoding="utf-8"))["facts"]
        found[name] = client.post("/", data={**form_of(facts), "region": "high_income"}).text
    return found


def items(page: str, section: str) -> list[str]:
    """The lines of the sections with a heading or an id."""
    cards = re.findall(r'<section class="card[^>]*>.*?</section>', page, re.S)
    chosen = [c for c in cards if f'id="{section}"' in c.split(">")[0] or f"<h2>{section}</h2>" in c]
    return [i for c in chosen for i in re.findall(r'<li [^>]*class="line item.*?</li>', c, re.S)]


@pytest.mark.parametrize("name", ["constructed-warfarin-massive", "constructed-mild", "tb-04"])
@pytest.mark.parametrize("section", ["now", "plan", "triggers", "conflicts", "contributors", "Monitoring", "Follow-up"])
def test_ux_20_the_page_opens_a_basis_from_each_line_of_a_section(
    pages: Mapping[str, str], name: str, section: str
) -> None:
    for item in items(pages[name], section):
        if "line item i6" in item or ("i4" in item.split(">")[0] and section == "conflicts"):
            continue  # the sides of a conflict stand under it
        assert item.count("<dt>") == 8, item
        assert "<dd></dd>" not in item


def test_ux_20_place_of_care_hand_over_and_each_cause_open_a_basis_too(pages: Mapping[str, str]) -> None:
    shown = dict.fromkeys(("plan", "triggers", "conflicts", "contributors", "Hand over to"), 0)
    for page in pages.values():
        for section in shown:
            shown[section] += sum('class="basis">' in i for i in items(page, section))
        place = re.search(r'<section[^>]*id="disposition">(.*?)</section>', page, re.S)
        assert place is not None
        assert place[1].count("<dt>") == 8
        table = re.search(r'id="differential">(.*?)</section>', page, re.S)
        if table is not None:
            rows = re.findall(r"<tr[^>]*>\n<th scope=\"row\">.*?</tr>", table[1], re.S)
            assert all(row.count("<dt>") == 8 for row in rows)
    assert all(shown.values()), shown


def test_ux_20_no_basis_is_given_of_what_the_assessment_does_not_say() -> None:
    found = bases(engine().assess(patient("ed", NORMAL, estimated_volume_24h="10 mL")))

    for about in ("action:airway.side_down", "route:no_such", "conflict:no_such", "step:no.such", "no_such:x", ""):
        assert found.of(about) is None, about
