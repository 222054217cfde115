"""What a site may change of a dossier, what it must sign for, and what its file may not say."""

import contextlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clinical_commander.dossier.load import load_dossier
from clinical_commander.dossier.model import Dossier
from clinical_commander.engine.assess import Engine
from clinical_commander.engine.read_case import case_from_mapping
from clinical_commander.engine.site import Site, apply_site, compared_facts, read_site, site_from_mapping
from clinical_commander.errors import CaseError, ContentError, YamlError
from clinical_commander.logic import ir
from clinical_commander.program.conditions import clinical_conditions, gate_conditions
from tests.fixtures import engine

HERE = Path(__file__).parent
SMALL = load_dossier(HERE / "cases" / "content" / "dossiers" / "symptom.small.v1")
DOSSIER = replace(SMALL, words=engine().dossier.words)
SIGNED = {"by": "Dr A. Example", "on": "2026-11-01"}


def with_caution(**ways: str) -> Dossier:
    """The dossier whose content says which way each of these thresholds is more cautious."""
    thresholds = dict(DOSSIER.thresholds)
    for name, way in ways.items():
        thresholds[name] = replace(thresholds[name], caution=way)
    return replace(DOSSIER, thresholds=thresholds)


def read(text: str, dossier: Dossier = DOSSIER) -> Site:
    return read_site(text, dossier, name="site.yaml")


def refused(text: str, dossier: Dossier = DOSSIER) -> list[str]:
    with pytest.raises(ContentError) as caught:
        read(text, dossier)
    return [str(p) for p in caught.value.problems]


def constants(dossier: Dossier) -> Iterator[ir.Constant]:
    for condition in (*clinical_conditions(dossier), *gate_conditions(dossier)):
        yield from (node for node in condition.expr.walk() if isinstance(node, ir.Constant))


# --- what it says


def test_a_site_says_what_it_has_and_whom_to_call() -> None:
    site = read(
        """
        name: Example General Hospital
        capabilities: {ir: on_call, bronchoscopy: yes, pcc: no, aiir: unknown}
        phones: {transfer_centre: "+1 555 0100"}
        priors: {home: {any: thing}}
        """
    )

    assert site.name == "Example General Hospital"
    assert site.capabilities == {"ir": "on_call", "bronchoscopy": "yes", "pcc": "no"}
    assert site.phones == {"transfer_centre": "+1 555 0100"}
    assert site.priors == {"home": {"any": "thing"}}
    assert [(c.kind, c.text) for c in site.changes] == [
        ("capability", "ir is on call."),
        ("capability", "bronchoscopy is here."),
        ("capability", "pcc is not here."),
        ("phone", "transfer centre: +1 555 0100."),
        ("priors", "The site brings its own priors: home."),
    ]


def test_a_signed_threshold_is_taken_and_the_change_names_who_signed() -> None:
    site = read("name: x\nthresholds: {massive_volume: {value: 0.2 L, signed: {by: Dr A, on: 2026-11-01}, why: local}}")

    assert (site.thresholds["massive_volume"].value, site.thresholds["massive_volume"].why) == (200, "local")
    (change,) = site.changes
    assert (change.before, change.after, change.signed_by, change.signed_on) == (
        "100 mL",
        "0.2 L",
        "Dr A",
        "2026-11-01",
    )
    assert change.text == (
        "The massive volume is 0.2 L here, 100 mL in the content; signed by Dr A on 2026-11-01."
    )  # fmt: skip


def test_a_threshold_as_in_the_content_changes_nothing() -> None:
    site = read("name: x\nthresholds: {massive_volume: 0.1 L}")

    assert (site.thresholds, site.changes) == ({}, ())


# --- caution


@pytest.mark.hazard("H01")
@pytest.mark.parametrize("value", ["50 mL", "200 mL"])
def test_where_the_content_does_not_say_which_way_is_cautious_every_change_is_signed(value: str) -> None:
    (message,) = refused(f"name: x\nthresholds: {{massive_volume: {value}}}")

    assert "CC462" in message
    assert "signed: {by: NAME, on: YYYY-MM-DD}" in message


@pytest.mark.hazard("H01")
@pytest.mark.parametrize(
    ("threshold", "way", "more_cautious", "less_cautious"),
    [("massive_volume", "low", "80 mL", "120 mL"), ("severe_hypoxia", "high", "92 %", "88 %")],
)
def test_a_site_may_raise_caution_and_signs_to_lower_it(
    threshold: str, way: str, more_cautious: str, less_cautious: str
) -> None:
    dossier = with_caution(**{threshold: way})

    raised = site_from_mapping({"thresholds": {threshold: more_cautious}}, dossier)
    lowered = site_from_mapping({"thresholds": {threshold: {"value": less_cautious, "signed": SIGNED}}}, dossier)

    assert raised.thresholds[threshold].text == more_cautious
    assert lowered.thresholds[threshold].signed_by == "Dr A. Example"
    (message,) = refused(f"name: x\nthresholds: {{{threshold}: {less_cautious}}}", dossier)
    assert "value lowers caution" in message


@pytest.mark.parametrize(
    ("signed", "code"),
    [
        ("{by: Dr A}", "CC402"),
        ("{on: 2026-11-01}", "CC402"),
        ("{by: Dr A, on: 2026-11-31}", "CC464"),
        ("{by: Dr A, on: yesterday}", "CC464"),
        ("{by: '', on: 2026-11-01}", "CC407"),
        ("{by: Dr A, on: 2026-11-01, role: x}", "CC401"),
        ("true", "CC403"),
    ],
)
def test_a_signature_has_a_name_and_a_date(signed: str, code: str) -> None:
    messages = refused(f"name: x\nthresholds: {{massive_volume: {{value: 200 mL, signed: {signed}}}}}")

    assert any(code in message for message in messages)


# --- faults


@pytest.mark.parametrize("folder", sorted((HERE / "cases" / "bad_sites").iterdir()), ids=lambda p: p.name)
def test_a_bad_site_file_is_refused_as_expected(folder: Path) -> None:
    with pytest.raises((ContentError, YamlError)) as caught:
        read_site(folder / "site.yaml", DOSSIER, name="site.yaml")

    assert caught.value.render() + "\n" == (folder / "expected.txt").read_text()


# --- what it does


def test_the_sites_cut_off_stands_in_every_condition_that_names_it() -> None:
    site = site_from_mapping({"thresholds": {"massive_volume": {"value": "200 mL", "signed": SIGNED}}}, DOSSIER)

    applied = apply_site(DOSSIER, site)

    before, after = list(constants(DOSSIER)), list(constants(applied))
    assert {c.value for c in before if c.name == "massive_volume"} == {100}
    assert {c.value for c in after if c.name == "massive_volume"} == {200}
    assert [c for c in before if c.name != "massive_volume"] == [c for c in after if c.name != "massive_volume"]
    assert [c.span for c in before] == [c.span for c in after]
    assert (applied.thresholds["massive_volume"].value, applied.thresholds["massive_volume"].text) == (200, "200 mL")
    assert DOSSIER.thresholds["massive_volume"].value == 100


def test_what_a_site_does_not_change_stays_the_same_object() -> None:
    site = site_from_mapping({"thresholds": {"massive_volume": {"value": "200 mL", "signed": SIGNED}}}, DOSSIER)

    applied = apply_site(DOSSIER, site)

    assert applied.facts is DOSSIER.facts
    assert applied.rules is DOSSIER.rules
    assert applied.tier.values[0] is DOSSIER.tier.values[0]
    assert applied.tier.values[1] is not DOSSIER.tier.values[1]


def test_putting_the_old_value_back_gives_the_old_dossier() -> None:
    there = site_from_mapping({"thresholds": {"massive_volume": {"value": "200 mL", "signed": SIGNED}}}, DOSSIER)
    changed = apply_site(DOSSIER, there)
    back = site_from_mapping({"thresholds": {"massive_volume": {"value": "100 mL", "signed": SIGNED}}}, changed)

    assert apply_site(changed, back) == DOSSIER


def test_a_site_gives_the_dossier_another_hash_and_the_same_site_the_same() -> None:
    dossier = replace(DOSSIER, content_hash="0" * 64)
    one = site_from_mapping({"capabilities": {"ir": "yes"}}, dossier)
    same = site_from_mapping({"capabilities": {"ir": "yes"}}, dossier)
    other = site_from_mapping({"capabilities": {"ir": "no"}}, dossier)

    hashes = [apply_site(dossier, site).content_hash for site in (one, same, other)]

    assert hashes[0] == hashes[1] != hashes[2]
    assert dossier.content_hash not in hashes


def test_the_facts_that_a_threshold_is_compared_with_are_found() -> None:
    assert [f.id for f in compared_facts(DOSSIER, "massive_volume")] == ["estimated_volume_24h"]
    assert [f.id for f in compared_facts(DOSSIER, "severe_hypoxia")] == ["spo2"]


@given(
    data=st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda s: st.dictionaries(
            st.sampled_from(
                ["thresholds", "massive_volume", "value", "signed", "by", "capabilities", "ir", "phones", "priors"]
            ),
            s,
        ),
    )
)
def test_any_data_is_a_site_or_a_clear_error(data: object) -> None:
    site = {"name": "x", **data} if isinstance(data, dict) else {"name": data}
    with contextlib.suppress(ContentError, CaseError):
        assert not site_from_mapping(site, DOSSIER).thresholds


@pytest.mark.parametrize(("volume", "here"), [("99 mL", ()), ("150 mL", ()), ("199 mL", ()), ("200 mL", ("massive",))])
def test_an_assessment_follows_the_cut_off_of_the_site(volume: str, here: tuple[str, ...]) -> None:
    site = site_from_mapping({"thresholds": {"massive_volume": {"value": "200 mL", "signed": SIGNED}}}, DOSSIER)
    case = case_from_mapping({"setting": "ed", "facts": {"estimated_volume_24h": volume, "spo2": "97 %"}}, DOSSIER)

    result = Engine(apply_site(DOSSIER, site)).assess(case)

    # From 30 mL to the cut-off this small dossier has no tier: nothing is reached by default, nothing settles.
    assert ((result.tier.value,) if result.tier.settled else ()) == here
