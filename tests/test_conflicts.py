"""Where advice pulls in two directions: both sides are shown, nothing is stopped in silence, every pair is declared."""

from __future__ import annotations

import functools
import json
from collections import Counter
from collections.abc import Iterator, Mapping
from itertools import combinations
from typing import Any

import pytest
import yaml

from clinical_commander.cli.main import main
from clinical_commander.dossier import tool_terms
from clinical_commander.dossier.model import Conflict
from clinical_commander.engine.assessment import Assessment
from clinical_commander.engine.case import Case
from clinical_commander.logic.evaluate import Definitions, NumberMeaning, Reference, ToolMeaning, Value
from tests.fixtures import NORMAL, NOTHING_ELSE, REPOSITORY, advised, assess, engine, patient, state
from tests.generate import COMPLETE, patients, tell

CASES = 500
# What moves a treatment forward, and what holds it back; of one target they never stand in one plan unexplained.
FORWARD = frozenset({"start", "give", "perform"})
BACK = frozenset({"stop", "hold", "avoid"})

MASSIVE_ON_WARFARIN_WITH_EMBOLISM: Mapping[str, object] = {
    "active_bleeding": True,
    "estimated_volume_24h": "400 mL",
    "anticoagulant": "warfarin",
    "inr": "2.6",
    "ctpa": "positive",
    "confirmed_cause": "pulmonary_embolism",
}
STREAKS_ON_WARFARIN: Mapping[str, object] = {
    "volume_description": "streaks",
    "estimated_volume_24h": "3 mL",
    "anticoagulant": "warfarin",
    "inr": "2.4",
}


@functools.cache
def declared() -> dict[str, Any]:
    """conflicts.yaml as it is written."""
    text = (REPOSITORY / "content" / "catalogue" / "conflicts.yaml").read_text(encoding="utf-8")
    found: dict[str, Any] = yaml.safe_load(text)
    return found


def conflict(result: Assessment, id: str):
    return next((c for c in result.conflicts if c.id == id), None)


# --- the two patients of the milestone


@pytest.mark.parametrize("setting", ["ed", "icu", "inpatient"])
def test_massive_bleeding_on_warfarin_with_a_proven_embolism_shows_the_conflict_with_both_sides(setting):
    result = assess(patient(setting, NORMAL, MASSIVE_ON_WARFARIN_WITH_EMBOLISM))

    assert result.tier.value == "massive"
    clot = conflict(result, "anticoagulate_vs_massive")
    assert clot is not None
    assert len(clot.sides) == 2
    assert any("embolism" in side.text.lower() for side in clot.sides)
    assert any("bleeding" in side.text.lower() for side in clot.sides)
    assert clot.resolution
    drug = conflict(result, "reverse_vs_pe")
    assert drug is not None
    assert len(drug.sides) == 2
    assert drug.needs_human
    for action in ("drug.anticoagulate", "drug.thrombolysis"):
        assert state(result, action) in ("withheld", "absent"), action
    assert state(result, "call.pert") == "do"
    assert state(result, "drug.restart_review") == "do"


def test_the_command_prints_both_sides_of_that_conflict(tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("CLINICAL_COMMANDER_CACHE", str(tmp_path / "cache"))
    case = tmp_path / "case.yaml"
    facts = {**NORMAL, **MASSIVE_ON_WARFARIN_WITH_EMBOLISM, "age": "61 years"}
    # Yes and no are no codes here: JSON is YAML, and quotes what must be quoted.
    case.write_text(json.dumps({"setting": "ed", "facts": facts}), encoding="utf-8")

    assert main(["assess", str(case), "--width", "200"]) == 0

    text = capsys.readouterr().out
    for rule in declared()["conflicts"]:
        if rule["id"] in ("anticoagulate_vs_massive", "reverse_vs_pe"):
            for side in rule["sides"]:
                assert side["says"] in " ".join(text.split()), side["says"]


@pytest.mark.parametrize("setting", ["ed", "outpatient", "inpatient"])
def test_streaks_on_warfarin_stop_nothing_in_silence(setting):
    result = assess(patient(setting, NORMAL, NOTHING_ELSE, STREAKS_ON_WARFARIN))

    assert result.tier.value == "mild"
    stopped = [a for a in advised(result) if a.verb in BACK and a.target.startswith("anticoag") and a.state == "do"]
    assert not stopped
    assert state(result, "drug.restart_review") == "do", "somebody decides, by name and with a date"
    assert not any("stop" in a.text.lower() and "warfarin" in a.text.lower() for a in advised(result))


@pytest.mark.parametrize(
    ("risk", "facts"),
    [
        ("valve", {"mechanical_valve": True, "anticoagulant_indication": "mechanical_valve"}),
        ("clot under three months", {"anticoagulant_indication": "vte_under_3mo"}),
    ],
)
def test_streaks_on_warfarin_with_a_high_risk_of_clotting_are_a_conflict_for_a_person(risk, facts):
    result = assess(patient("ed", NORMAL, NOTHING_ELSE, {"prior_vte": None}, STREAKS_ON_WARFARIN, facts))

    found = conflict(result, "hold_vs_thrombosis_risk")
    assert found is not None, risk
    assert found.needs_human
    assert len(found.sides) == 2
    assert state(result, "drug.hold_anticoagulant") in ("withheld", "absent")


def test_a_proven_embolism_with_streaks_keeps_its_anticoagulant():
    facts = {**STREAKS_ON_WARFARIN, "ctpa": "positive", "confirmed_cause": "pulmonary_embolism"}
    result = assess(patient("ed", NORMAL, NOTHING_ELSE, facts))

    assert state(result, "drug.hold_anticoagulant") in ("withheld", "absent")
    assert conflict(result, "hold_vs_embolism_in_streaks") is not None
    assert state(result, "drug.anticoagulate") != "withheld"


# --- what is declared


def test_each_of_the_ninety_one_pairs_of_triggers_is_declared_once():
    triggers = engine().dossier.triggers
    pairs = [frozenset(pair["between"]) for pair in declared()["pairs"]]

    assert len(triggers) == 14
    assert Counter(pairs) == Counter(map(frozenset, combinations(triggers, 2)))
    assert len(pairs) == 91


def test_a_pair_is_compatible_with_a_reason_or_names_a_rule_that_shows_two_sides():
    rules = {rule["id"]: rule for rule in declared()["conflicts"]}

    for pair in declared()["pairs"]:
        assert pair["why"], pair
        if pair["verdict"] == "compatible":
            assert pair["conflict"] is None, pair
        else:
            assert pair["verdict"] == "rule"
            assert len(rules[pair["conflict"]]["sides"]) >= 2, pair


def test_a_conflict_holds_back_and_calls_but_never_creates_a_treatment():
    actions = engine().dossier.actions
    with_conflicts = engine().dossier.conflicts

    for rule in with_conflicts:
        assert rule.needs_human or rule.resolution, rule.id
        treats = [
            a for a in rule.escalates if actions[a].verb in FORWARD and a.startswith(("drug.", "bae.", "surgery."))
        ]
        assert not set(treats) - {"drug.reverse_anticoagulant"}, rule.id


# --- over many patients


@functools.cache
def definitions() -> Definitions:
    """What the names of the dossier stand for, for the reference meaning of the rule language."""
    dossier = engine().dossier
    tools = dossier.tools
    numbers = {}
    codes = {}
    for id, tool in tools.items():
        number, applies = tool_terms.value(tool), tool_terms.applies(tool, tools)
        if number is not None:
            numbers[id] = NumberMeaning(number, applies)
        if tool.rows:
            codes[id] = ToolMeaning(tuple((row.value, row.when.expr) for row in tool.rows), applies)
    source = dossier.bleeding_source
    return Definitions(
        named={("rule", r.id): r.when.expr for r in dossier.rules.values()}
        | {("trigger", t.id): t.when.expr for t in dossier.triggers.values()},
        answers={a.id: tuple((v.id, v.when.expr) for v in a.values) for a in (dossier.tier, dossier.disposition)},
        answer_facts={source.id: source.fact} if source else {},
        tools=codes,
        numbers=numbers,
    )


class Known(dict[str, tuple[Value, ...]]):
    """What is possible of each fact of a case; a record that is not there was not made."""

    def __missing__(self, name: str) -> tuple[Value, ...]:
        kind, _, key = name.partition(":")
        if key:
            return (False, True) if kind == "capable" else (False,)
        fact = engine().dossier.facts[name]
        if fact.kind == "boolean":
            return (False, True)
        if fact.kind == "code":
            return tuple(fact.codes)
        raise KeyError(name)


def known(result: Assessment) -> Known:
    """What the assessment itself says that it knew: what was told, and what that implies."""
    found = Known(setting=(result.setting,))
    found["region"] = (result.region,) if result.region else ("high_income", "tb_endemic")
    for name, report in result.facts.items():
        if report.value is not None:
            found[name] = (report.value,)
        elif report.possible:
            found[name] = report.possible
    return found


def must_hold(rule: Conflict, result: Assessment) -> bool | None:
    """Whether a conflict rule must hold, by the reference meaning and not by the program that runs a patient.

    None where a number is open that the rule reads: there the reference meaning would have to try all numbers.
    """
    try:
        return Reference(known(result), definitions()).bounds(rule.when.expr)[1]
    except KeyError:
        return None


@functools.cache
def complete() -> tuple[tuple[Case, Assessment], ...]:
    """Random patients of whom all that matters is known, with their assessments."""
    cases = (patients().case("conflicts", n, knowledge=COMPLETE, earlier=False) for n in range(CASES))
    return tuple((case, engine().assess(case, {})) for case in cases)


def ruled(result: Assessment) -> Iterator[str]:
    """The conflict rules of the pairs of triggers that both fire."""
    firing = {id for id, trigger in result.triggers.items() if trigger.state == "fires"}
    for pair in engine().dossier.trigger_pairs:
        if pair.conflict and set(pair.between) <= firing:
            yield pair.conflict


def test_a_firing_pair_that_is_ruled_raises_its_conflict_whenever_the_rule_holds(record_property):
    rules = {rule.id: rule for rule in engine().dossier.conflicts}
    raised: Counter[str] = Counter()
    silent: Counter[str] = Counter()
    judged = 0
    for _, result in complete():
        for id in set(ruled(result)):
            rule = rules[id]
            held = must_hold(rule, result)
            judged += held is not None
            if not held:
                assert held is None or conflict(result, id) is None, f"{id} is shown and does not hold"
                continue
            if conflict(result, id) is not None:
                raised[id] += 1
                continue
            # A rule that holds and is not shown would hold back, or call for, nothing that is advised.
            silent[id] += 1
            said = {a.id for a in advised(result)} | {a.id for a in result.actions if id in a.withheld_by}
            assert rule.withholds, id
            assert not said & {*rule.withholds, *rule.escalates}, (id, said)

    tell(record_property, "conflicts raised", dict(raised))
    tell(record_property, "rules that held and had nothing to say", dict(silent))
    tell(record_property, "rules judged", judged)
    assert sum(raised.values()) >= 100
    assert len(raised) >= 10


def test_what_a_raised_conflict_holds_back_is_not_advised():
    for case, result in complete():
        for found in result.conflicts:
            live = {a.id for a in advised(result)} & set(found.withholds)
            assert not live, (found.id, live, case.name)


def test_every_conflict_that_is_shown_has_two_sides_and_a_way_out():
    shown = 0
    for _, result in complete():
        for found in result.conflicts:
            if found.kind == "advice":
                shown += 1
                assert len(found.sides) >= 2, found.id
                assert found.resolution or found.needs_human, found.id
                assert found.text, found.id
    assert shown >= 100


def test_no_two_live_actions_pull_one_target_in_two_directions_undeclared():
    agreeing = {frozenset(pair["actions"]) for pair in declared()["agreeing_actions"]}
    pulling: Counter[frozenset[str]] = Counter()
    for case, result in complete():
        live = list(advised(result))
        for a, b in combinations(live, 2):
            opposite = {a.verb, b.verb} & FORWARD and {a.verb, b.verb} & BACK
            if a.target == b.target and opposite:
                pair = frozenset({a.id, b.id})
                pulling[pair] += 1
                assert pair in agreeing, (sorted(pair), case.name)
    assert pulling, "no agreeing pair was met"


def test_a_stopped_treatment_is_never_stopped_in_silence():
    """Whatever is held of an anticoagulant has its review: who decides again, and when."""
    held = 0
    for case, result in complete():
        if state(result, "drug.hold_anticoagulant") == "do":
            held += 1
            assert state(result, "drug.restart_review") in ("do", "ask_first", "done"), case.name
    assert held >= 10
