"""Proofs over every patient: the dossier passes, and each property is refuted where a fault is planted for it."""

import shutil
from pathlib import Path

import pytest

from clinical_commander.dossier.load import load_dossier
from clinical_commander.prove import Proof, prove

CONTENT = Path(__file__).parent.parent / "content"
DOSSIER = Path("dossiers/symptom.hemoptysis.v1")


@pytest.fixture(scope="module")
def proofs() -> list[Proof]:
    return prove(load_dossier(CONTENT / DOSSIER))


def proofs_with(tmp_path: Path, only: str, file: str, old: str, new: str) -> list[Proof]:
    """The proofs of one property after one change of the dossier's text."""
    root = tmp_path / "content"
    shutil.copytree(CONTENT, root)
    path = root / DOSSIER / file
    text = path.read_text()
    assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times in {file}"
    path.write_text(text.replace(old, new))
    return prove(load_dossier(root / DOSSIER), only=[only])


def refuted(proofs: list[Proof], name: str) -> dict[str, Proof]:
    return {p.subject: p for p in proofs if p.property == name and p.holds is False}


def test_every_property_of_the_hemoptysis_dossier_is_proved(proofs):
    assert [p for p in proofs if p.holds is not True] == []
    assert {p.property for p in proofs} == {
        "alive",
        "no gap",
        "settles",
        "monotone",
        "stable",
        "only raises",
        "one level",
    }


def test_a_volume_that_reaches_no_tier_is_found_with_a_patient_who_has_it(tmp_path):
    proofs = proofs_with(
        tmp_path,
        "no gap",
        "dossier.yaml",
        'when: "estimated_volume_24h < submassive_volume"',
        'when: "estimated_volume_24h < scant_volume"',
    )

    patient = refuted(proofs, "no gap")["tier"].patient
    # By hand: 5 mL (scant) up to 30 mL (submassive) has no tier once mild ends at 5.
    assert 5 <= float(patient["estimated_volume_24h"].split()[0]) < 30


def test_a_rule_that_no_patient_can_meet_is_dead(tmp_path):
    dead = """  breathless_and_calm:
    when: "rr >= severe_rr AND rr < raised_rr"
    says: the breathing is fast and slow
    says_not: it is not
    cite: [expert]
    basis: [X]
"""
    proofs = proofs_with(tmp_path, "alive", "rules.yaml", "rules:\n", "rules:\n" + dead)

    assert list(refuted(proofs, "alive")) == ["rule breathless_and_calm"]


def test_a_reversed_comparison_is_not_monotone(tmp_path):
    proofs = proofs_with(
        tmp_path,
        "monotone",
        "rules.yaml",
        "OR rr >= severe_rr OR airway_compromise",
        "OR rr < severe_rr OR airway_compromise",
    )

    assert "tier in rr" in refuted(proofs, "monotone")


def test_a_raising_fact_that_lowers_is_found(tmp_path):
    proofs = proofs_with(
        tmp_path,
        "only raises",
        "rules.yaml",
        "OR consciousness <> 'alert' OR respiratory_distress IS TRUE",
        "OR consciousness <> 'alert' OR NOT (dyspnea IS TRUE)",
    )

    assert "tier by dyspnea" in refuted(proofs, "only raises")


def test_an_alarm_that_a_new_value_can_withdraw_is_not_stable(tmp_path):
    proofs = proofs_with(
        tmp_path,
        "stable",
        "rules.yaml",
        "OR consciousness <> 'alert' OR respiratory_distress IS TRUE",
        "OR NOT ((consciousness = 'alert') IS TRUE) OR respiratory_distress IS TRUE",
    )

    assert "tier" in refuted(proofs, "stable")


def test_a_bare_fact_that_nobody_must_know_keeps_the_tier_open(tmp_path):
    proofs = proofs_with(
        tmp_path,
        "settles",
        "rules.yaml",
        "OR consciousness <> 'alert' OR respiratory_distress IS TRUE",
        "OR consciousness <> 'alert' OR respiratory_distress",
    )

    assert "tier" in refuted(proofs, "settles")


@pytest.mark.parametrize("fact", ["estimated_volume_24h", "spo2", "sbp", "rr", "hr"])
def test_each_vital_sign_and_the_volume_have_a_proof_of_their_own(proofs, fact):
    assert [p.holds for p in proofs if p.property == "monotone" and p.subject == f"tier in {fact}"] == [True]
