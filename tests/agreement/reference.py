"""A complete patient in, what each score says out, by the published table alone.

Written by hand from the evidence tables, in plain Python: nothing here reads the tool files or the engine, so that a
slip in one is not repeated in the other. Where the publication leaves a choice open (what counts as the population, how
months of age count), the choice of the tool file's notes is followed and said so here.

A patient also tells what is *known* (`p.sure`): a few scores count a diagnosis only once it is known, and an unknown
one does not keep them from applying. For a complete patient that makes no difference.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

Value = bool | float | str


class Patient(dict[str, Value]):
    """One value for each fact; `left` holds all values that are still possible where less is known."""

    def __init__(self, facts: Mapping[str, Value], left: Mapping[str, Sequence[Value]] | None = None) -> None:
        super().__init__(facts)
        self.left = left

    def sure(self, fact: str, holds: Callable[[Value], bool] = bool) -> bool:
        """Whether it is known that the fact is so."""
        return all(map(holds, (self[fact],) if self.left is None else self.left[fact]))

    def any(self, facts: str) -> bool:
        return any(self[fact] for fact in facts.split())

    def count(self, facts: str) -> int:
        return sum(bool(self[fact]) for fact in facts.split())


@dataclass(frozen=True)
class Published:
    """A score as printed: where, which facts it takes, for whom, its value, and its bands and readings by the value."""

    tool: str
    where: str
    facts: str
    value: Callable[[Patient], float | str]
    applies: Callable[[Patient], bool] = lambda p: True
    band: Callable[[float, Patient], str] | None = None
    readings: Mapping[str, Callable[[float | str, Patient], str]] = field(default_factory=dict)


def steps(number: float, *ranks: tuple[float, str], rest: str) -> str:
    """The first name whose upper limit the number does not pass."""
    return next((name for limit, name in ranks if number <= limit), rest)


def adult(p: Patient) -> bool:
    return p["age"] >= 18


def confused(p: Patient) -> bool:
    return p["consciousness"] != "alert"


# --- embolism


def wells(p: Patient) -> float:
    return (
        3 * p["leg_vein_tender_and_swollen"]
        + 3 * p["pe_most_likely"]
        + 1.5 * (p["hr"] > 100)
        + 1.5 * p["surgery_or_immobilised_4wk"]
        + 1.5 * p["prior_vte"]
        + p["hemoptysis"]
        + p["active_cancer"]
    )


def wells_three(value: float, p: Patient) -> str:
    return "low" if value < 2 else "moderate" if value <= 6 else "high"


def wells_two(value: float, p: Patient) -> str:
    return "unlikely" if value <= 4 else "likely"


def geneva(p: Patient) -> float:
    return (
        (p["age"] > 65)
        + 3 * p["prior_vte"]
        + 2 * p["surgery_ga_or_leg_fracture_1mo"]
        + 2 * p["active_cancer"]
        + 3 * p["leg_pain_unilateral"]
        + 2 * p["hemoptysis"]
        + (5 if p["hr"] >= 95 else 3 if p["hr"] >= 75 else 0)
        + 4 * p["leg_vein_tender_and_swollen"]
    )


def perc(p: Patient) -> str:
    all_eight = (
        p["age"] < 50
        and p["hr"] < 100
        and p["spo2"] >= 95
        and p["oxygen_device"] == "room_air"
        and not p.any("hemoptysis estrogen prior_vte leg_swelling_unilateral surgery_or_trauma_hospital_4wk")
    )
    if not all_eight:
        return "positive"
    return "negative" if p["pe_suspicion_low"] else "suspicion_not_low"


def years_items(p: Patient) -> int:
    return p.count("leg_dvt_signs hemoptysis pe_most_likely")


def years(p: Patient) -> str:
    return "ruled_out" if p["d_dimer"] < (500 if years_items(p) else 1000) else "not_ruled_out"


def d_dimer_limit(p: Patient) -> float:
    return 500 if p["age"] < 50 else 10 * p["age"]


def d_dimer(p: Patient) -> str:
    return "negative" if p["d_dimer"] < d_dimer_limit(p) else "positive"


def d_dimer_excludes(value: float | str, p: Patient) -> str:
    if adult(p) and wells(p) > 4:
        return "wells_likely"
    return "excluded" if value == "negative" else "not_excluded"


def embolism(p: Patient) -> bool:
    return adult(p) and (p["ctpa"] == "positive" or p["confirmed_cause"] == "pulmonary_embolism")


def pesi(p: Patient) -> float:
    return (
        p["age"]
        + 10 * (p["sex"] == "male")
        + 30 * p["cancer_history"]
        + 10 * p["heart_failure"]
        + 10 * p["chronic_lung_disease"]
        + 20 * (p["hr"] >= 110)
        + 30 * (p["sbp"] < 100)
        + 20 * (p["rr"] >= 30)
        + 20 * (p["temperature"] < 36)
        + 60 * confused(p)
        + 20 * (p["spo2"] < 90)
    )


def pesi_class(value: float, p: Patient) -> str:
    return steps(value, (65, "class_1"), (85, "class_2"), (105, "class_3"), (125, "class_4"), rest="class_5")


def spesi(p: Patient) -> float:
    return (
        (p["age"] > 80)
        + p["cancer_history"]
        + p.any("heart_failure chronic_lung_disease")
        + (p["hr"] >= 110)
        + (p["sbp"] < 100)
        + (p["spo2"] < 90)
    )


def bova(p: Patient) -> float:
    return 2 * (p["sbp"] <= 100) + 2 * p["troponin_raised"] + 2 * p["rv_dysfunction"] + (p["hr"] >= 110)


def hestia(p: Patient) -> str:
    unstable = (p["sbp"] < 100 and p["hr"] > 100) or p["needs_intensive_care"]
    bleeding = (
        p.any("active_bleeding bleeding_elsewhere gi_bleed_2wk surgery_2wk stroke_1mo bleeding_disorder")
        or p["platelets"] < 75
        or p["sbp"] > 180
        or p["dbp"] > 110
    )
    other = p.any(
        "reperfusion_needed oxygen_need_over_24h pe_on_anticoagulant iv_analgesia_over_24h hospital_reason_over_24h"
        " severe_liver_disease pregnant heparin_hit"
    )
    return "not_home" if unstable or bleeding or other or p["creatinine_clearance"] < 30 else "clear"


# --- pneumonia


def curb65(p: Patient) -> float:
    urea = p["bun"] * 10 / 28.014  # mmol/L: two nitrogen atoms of 14.007 g/mol
    return confused(p) + (urea > 7) + (p["rr"] >= 30) + (p["sbp"] < 90 or p["dbp"] <= 60) + (p["age"] >= 65)


def psi_gate(p: Patient) -> bool:
    disease = p.any("neoplastic_disease liver_disease heart_failure cerebrovascular_disease chronic_kidney_disease")
    sign = (
        confused(p)
        or p["rr"] >= 30
        or p["sbp"] < 90
        or p["temperature"] < 35
        or p["temperature"] >= 40
        or p["hr"] >= 125
    )
    return p["age"] <= 50 and not disease and not sign


def psi(p: Patient) -> float:
    return (
        p["age"]
        - 10 * (p["sex"] == "female")
        + 10 * p["nursing_home"]
        + 30 * p["neoplastic_disease"]
        + 20 * p["liver_disease"]
        + 10 * p.count("heart_failure cerebrovascular_disease chronic_kidney_disease")
        + 20 * confused(p)
        + 20 * (p["rr"] >= 30)
        + 20 * (p["sbp"] < 90)
        + 15 * (p["temperature"] < 35 or p["temperature"] >= 40)
        + 10 * (p["hr"] >= 125)
        + 30 * (p["ph"] < 7.35)
        + 20 * (p["bun"] >= 30)
        + 20 * (p["sodium"] < 130)
        + 10 * (p["glucose"] >= 250)
        + 10 * (p["hematocrit"] < 30)
        + 10 * (p["pao2"] < 60 or p["spo2"] < 90)
        + 10 * p["cxr_effusion"]
    )


def psi_class(value: float, p: Patient) -> str:
    if psi_gate(p):
        return "class_1"
    # The points are printed for completed years.
    return steps(math.floor(value), (70, "class_2"), (90, "class_3"), (130, "class_4"), rest="class_5")


def pneumonia(p: Patient) -> bool:
    return adult(p) and p["community_acquired_pneumonia"]


def ratio(p: Patient) -> float:
    return round(p["pao2"] * 10) * 10 / p["fio2"]  # whole tenths of mmHg, so that 250 is 250


def severe_cap(p: Patient) -> str:
    major = (p["septic_shock"] and p["vasopressor"]) or p["oxygen_device"] == "invasive_ventilation"
    # The need for a ventilation mask may stand for the rate or for the ratio, once.
    breathing = min(2, (p["rr"] >= 30) + (ratio(p) <= 250) + (p["oxygen_device"] == "niv"))
    minor = (
        breathing
        + p["multilobar_infiltrates"]
        + confused(p)
        + (p["bun"] >= 20)
        + (p["wbc"] < 4)
        + (p["platelets"] < 100)
        + (p["temperature"] < 36)
        + p["hypotension_needing_fluids"]
    )
    return "severe" if major or minor >= 3 else "not_severe"


def smart_cop(p: Patient) -> float:
    if p["age"] <= 50:
        fast = p["rr"] >= 25
        low = p["pao2"] < 70 or p["spo2"] <= 93 or ratio(p) < 333
    else:
        fast = p["rr"] >= 30
        low = p["pao2"] < 60 or p["spo2"] <= 90 or ratio(p) < 250
    return (
        2 * (p["sbp"] < 90)
        + p["multilobar_infiltrates"]
        + (p["albumin"] < 3.5)
        + fast
        + (p["hr"] >= 125)
        + confused(p)
        + 2 * low
        + 2 * (p["ph"] < 7.35)
    )


# --- acuity


def rank(number: float, *limits: tuple[float, int], rest: int) -> int:
    """The points beside the first upper limit that the number does not pass."""
    return next((points for limit, points in limits if number <= limit), rest)


def news2_points(p: Patient) -> list[int]:
    air = p["oxygen_device"] == "room_air"
    if not p.sure("hypercapnic_target"):
        saturation = rank(p["spo2"], (91, 3), (93, 2), (95, 1), rest=0)
    else:
        low = rank(p["spo2"], (83, 3), (85, 2), (87, 1), rest=0)
        high = 0 if air else rank(p["spo2"], (92, 0), (94, 1), (96, 2), rest=3)
        saturation = low or high
    return [
        rank(p["rr"], (8, 3), (11, 1), (20, 0), (24, 2), rest=3),
        saturation,
        0 if air else 2,
        rank(p["sbp"], (90, 3), (100, 2), (110, 1), (219, 0), rest=3),
        rank(p["hr"], (40, 3), (50, 1), (90, 0), (110, 1), (130, 2), rest=3),
        3 if confused(p) else 0,
        rank(p["temperature"], (35.0, 3), (36.0, 1), (38.0, 0), (39.0, 1), rest=2),
    ]


def news2_band(value: float, p: Patient) -> str:
    if value >= 7:
        return "high"
    if value >= 5:
        return "medium"
    return "single_red" if 3 in news2_points(p) else "low"


def qsofa(p: Patient) -> float:
    return (p["rr"] >= 22) + (p["sbp"] <= 100) + confused(p)


def sirs(p: Patient) -> float:
    return (
        (p["temperature"] > 38 or p["temperature"] < 36)
        + (p["hr"] > 90)
        + (p["rr"] > 20 or p["paco2"] < 32)
        + (p["wbc"] > 12 or p["wbc"] < 4 or p["immature_neutrophils"] > 10)
    )


GCS = {
    "gcs_eye": "none to_pressure to_sound spontaneous",
    "gcs_verbal": "none sounds words confused orientated",
    "gcs_motor": "none extension abnormal_flexion normal_flexion localising obeys",
}


def gcs(p: Patient) -> float:
    # A response that cannot be tested has no points and there is no sum; the 1 is never shown.
    return sum(
        1 if p[part] == "not_testable" else levels.split().index(str(p[part])) + 1 for part, levels in GCS.items()
    )


def gcs_testable(p: Patient) -> bool:
    return adult(p) and all(p[part] != "not_testable" for part in GCS)


def shock_index(p: Patient) -> float:
    return p["hr"] / p["sbp"] if p["sbp"] else math.inf


# --- tuberculosis, airways


def wisnivesky(p: Patient) -> float:
    heat = p["temperature"]
    return (
        4 * p.any("tb_contact congregate_setting chronic_tb_symptoms hemoptysis")
        + 5 * p["ppd_positive"]
        + (6 if heat > 39 else 3 if heat >= 38.5 else 0)
        + 6 * p["cxr_upper_lobe"]
        - 3 * p["dyspnea"]
        - 3 * p["crackles"]
    )


def bsi(p: Patient) -> float:
    age, fev1, mrc = math.floor(p["age"]), p["fev1_percent"], p["mrc_dyspnea"]
    return (
        (6 if age >= 80 else 4 if age >= 70 else 2 if age >= 50 else 0)
        + 2 * (p["bmi"] < 18.5)
        + (3 if fev1 < 30 else 2 if fev1 < 50 else 1 if fev1 <= 80 else 0)
        + 5 * p["exacerbation_admission_2y"]
        + 2 * (p["exacerbations_12mo"] >= 3)
        + {5: 3, 4: 2}.get(int(mrc), 0)
        + {"pseudomonas": 3, "other": 1, "none": 0}[str(p["airway_colonization"])]
        + (p["bronchiectasis_lobes"] >= 3 or p["cystic_bronchiectasis"])
    )


def faced(p: Patient) -> float:
    return (
        2 * (p["fev1_percent"] < 50)
        + 2 * (p["age"] > 70)
        + (p["airway_colonization"] == "pseudomonas")
        + (p["bronchiectasis_lobes"] > 2)
        + (p["mmrc_dyspnea"] >= 3)
    )


def bronchiectatic(p: Patient) -> bool:
    return adult(p) and p.any("bronchiectasis ct_bronchiectasis") and not p.sure("cystic_fibrosis")


# --- vasculitis and kidney


def pr3(p: Patient) -> bool:
    return p.any("pr3_anca c_anca")


def mpo(p: Patient) -> bool:
    return p.any("mpo_anca p_anca")


def vasculitis(p: Patient) -> bool:
    return adult(p) and bool(p["vasculitis_known"]) and bool(p["vasculitis_mimics_excluded"])


def gpa(p: Patient) -> float:
    in_the_lung = p["ct_nodule_mm"] >= 1 or p.any("ct_mass ct_cavity cxr_mass cxr_cavitation")
    return (
        3 * p["nasal_involvement"]
        + 2 * p["cartilage_involvement"]
        + p["hearing_loss"]
        + 5 * pr3(p)
        + 2 * in_the_lung
        + 2 * p["biopsy_granuloma"]
        + p["sinus_imaging_inflammation"]
        + p["biopsy_pauci_immune_gn"]
        - mpo(p)
        - 4 * (p["eosinophils"] >= 1)
    )


def mpa(p: Patient) -> float:
    return (
        6 * mpo(p)
        + 3 * p["lung_fibrosis_or_ild"]
        + 3 * p["biopsy_pauci_immune_gn"]
        - 3 * p["nasal_involvement"]
        - pr3(p)
        - 4 * (p["eosinophils"] >= 1)
    )


def egpa(p: Patient) -> float:
    return (
        3 * p["obstructive_airway_disease"]
        + 3 * p["nasal_polyps"]
        + p["mononeuritis_multiplex"]
        + 5 * (p["eosinophils"] >= 1)
        + 2 * p["biopsy_eosinophils"]
        - 3 * pr3(p)
        - p["hematuria"]
    )


def classified(limit: int) -> Callable[[float, Patient], str]:
    return lambda value, p: "classified" if value >= limit else "not_classified"


def five_factor(p: Patient) -> float:
    return (
        (p["age"] > 65)
        + p["vasculitis_cardiac"]
        + p["vasculitis_gi"]
        + (p["peak_creatinine_stable"] >= 150)
        + (p["vasculitis_type"] in ("gpa", "egpa") and not p["vasculitis_ent"])
    )


def kdigo(p: Patient) -> str:
    now, usual = round(p["creatinine"] * 100), round(p["creatinine_baseline"] * 100)
    week = p["creatinine_rise_within_7d"]
    risen = p["creatinine_rise_48h"] >= 0.3 or (week and 2 * now >= 3 * usual)
    if (
        p["kidney_replacement_started"]
        or (week and now >= 3 * usual)
        or (risen and p["creatinine"] >= 4)
        or p["severe_oliguria_hours"] >= 24
        or p["anuria_hours"] >= 12
    ):
        return "stage_3"
    if (week and now >= 2 * usual) or p["oliguria_hours"] >= 12:
        return "stage_2"
    return "stage_1" if risen or p["oliguria_hours"] >= 6 else "none"


def ckd_epi(p: Patient) -> float:
    female = p["sex"] == "female"
    kappa, alpha = (0.7, -0.241) if female else (0.9, -0.302)
    scaled = p["creatinine"] / kappa
    found = 142 * (scaled**alpha if scaled < 1 else scaled**-1.2) * 0.9938 ** p["age"]
    return found * 1.012 if female else found


def ckd_stage(value: float, p: Patient) -> str:
    limits = ((90, "g1"), (60, "g2"), (45, "g3a"), (30, "g3b"), (15, "g4"))
    return next((name for limit, name in limits if value >= limit), "g5")


def steady(value: float | str, p: Patient) -> str:
    return "steady" if kdigo(p) == "none" else "unsteady"


# --- bleeding, stroke, hereditary telangiectasia, endocarditis


def fartoukh(p: Patient) -> float:
    # A cause counts once it is known: who has neither disease and no confirmed cause has no points.
    cause = p.any("lung_cancer_known aspergillosis_known") or p.sure(
        "confirmed_cause", lambda c: c in ("lung_cancer", "aspergilloma")
    )
    return (
        p["alcohol_chronic"]
        + p["ct_pulmonary_artery_aneurysm"]
        + (p["cxr_quadrants"] >= 2)
        + 2 * cause
        + 2 * (p["oxygen_device"] == "invasive_ventilation")
    )


def has_bled(p: Patient) -> float:
    return (
        (p["sbp"] > 160)
        + (p["dialysis_or_kidney_transplant"] or p["creatinine"] * 88.42 >= 199.5)  # 200 umol/L, two decimals in mg/dL
        + p["liver_function_abnormal"]
        + p["prior_stroke"]
        + p["bleeding_history_or_predisposition"]
        + (p["labile_inr"] and p["anticoagulant"] in ("warfarin", "other"))
        + (p["age"] > 65)
        + (p["antiplatelet"] != "none" or p["nsaid"])
        + p["alcohol_8_per_week"]
    )


def cha2ds2_vasc(p: Patient) -> float:
    return (
        p.any("heart_failure echo_lv_dysfunction")
        + p["hypertension"]
        + (2 if p["age"] >= 75 else 1 if p["age"] >= 65 else 0)
        + p["diabetes"]
        + 2 * p.any("prior_stroke prior_tia_or_embolism")
        + p["vascular_disease"]
        + (p["sex"] == "female")
    )


def curacao(p: Patient) -> str:
    visceral = p.any("pulmonary_avm visceral_avm") or p.sure("ct_avm")
    criteria = p.count("recurrent_epistaxis telangiectases hht_first_degree_relative") + visceral
    if criteria >= 3 or p.sure("hht_variant_found"):
        return "definite"
    return "possible" if criteria == 2 else "unlikely"


def duke(p: Patient) -> str:
    major, minor = p["duke_major_count"], p["duke_minor_count"]
    if major >= 2 or (major == 1 and minor >= 3) or minor >= 5:
        return "definite"
    return "possible" if (major == 1 and minor >= 1) or minor >= 3 else "not_met"


# --- nodules


def percent(logit: float) -> float:
    return 100 * math.exp(logit) / (1 + math.exp(logit))


def mayo(p: Patient) -> float:
    return percent(
        -6.8272
        + 0.0391 * p["age"]
        + 0.7917 * (p["smoking_status"] != "never")
        + 1.3388 * (p["extrathoracic_cancer_history"] == "over_5y")
        + 0.1274 * p["ct_nodule_mm"]
        + 1.0407 * p["nodule_spiculated"]
        + 0.7838 * p["nodule_upper_lobe"]
    )


def mayo_applies(p: Patient) -> bool:
    return (
        adult(p)
        and 4 <= p["ct_nodule_mm"] <= 30
        and p["extrathoracic_cancer_history"] != "within_5y"
        and not p.sure("lung_cancer_known")
        and not p.sure("active_cancer")
    )


def brock(p: Patient) -> float:
    centimeters = max(p["ct_nodule_mm"], 1) / 10  # under 1 mm there is no nodule, and nothing is shown
    return percent(
        -6.7892
        + 0.0287 * (p["age"] - 62)
        + 0.6011 * (p["sex"] == "female")
        + 0.2961 * p["family_history_lung_cancer"]
        + 0.2953 * p["emphysema"]
        - 5.3854 * (1 / math.sqrt(centimeters) - 1.58113883)
        + {"part_solid": 0.3770, "non_solid": -0.1276, "solid": 0}[str(p["nodule_type"])]
        + 0.6581 * p["nodule_upper_lobe"]
        - 0.0824 * (p["nodule_count"] - 4)
        + 0.7729 * p["nodule_spiculated"]
    )


def brock_applies(p: Patient) -> bool:
    nodule = p["ct_nodule_mm"] >= 1 and p["nodule_count"] >= 1
    return adult(p) and p["sex"] in ("female", "male") and nodule and not p.sure("lung_cancer_known")


def fleischner(p: Patient) -> str:
    size = math.floor(p["ct_nodule_mm"] + 0.5)  # printed for whole millimeters
    single = p["nodule_count"] <= 1
    if p["nodule_type"] == "solid":
        if size < 6:
            return "none_or_12_months"
        if not single:
            return "ct_3_6_months"
        return "ct_6_12_months" if size <= 8 else "ct_3_months_pet_or_biopsy"
    if not single:
        return "subsolid_small" if size < 6 else "subsolid_large"
    if size < 6:
        return "none"
    return "ground_glass_5_years" if p["nodule_type"] == "non_solid" else "part_solid_5_years"


def fleischner_applies(p: Patient) -> bool:
    return (
        p["age"] >= 35
        and not p.any("active_cancer immunosuppressed nodule_found_by_screening")
        and p["ct_nodule_mm"] >= 1
        and not p.sure("lung_cancer_known")
        and not p.sure("extrathoracic_cancer_history", lambda h: h == "within_5y")
    )


def a_a(p: Patient) -> float:
    return p["fio2"] / 100 * (760 - 47) - p["paco2"] / 0.8 - p["pao2"]


def a_a_for_age(value: float | str, p: Patient) -> str:
    assert isinstance(value, float)
    return "implausible" if value < 0 else "as_expected" if value <= p["age"] / 4 + 4 else "raised"


def blood_in_a_day(p: Patient) -> float:
    """The least that a day can have held, of what was seen, told and still to come, all known."""
    hours, seen, told = p["volume_observed_hours"], p["volume_observed"], p["estimated_volume_24h"]
    if hours <= 24:
        day = max(seen, told) + (p["volume_further_24h"] if hours < 24 else 0)
    elif told > seen:
        day = told
    else:
        # Spread evenly over the days begun, one of them held at least its share.
        day = min(seen, max(told, 24 * seen / (hours + 24)))
    return max(day, p["bleeding_rate"])


_DISEASES = "neoplastic_disease liver_disease heart_failure cerebrovascular_disease chronic_kidney_disease"
_LEG = "leg_vein_tender_and_swollen"
_WELLS = f"age active_cancer hemoptysis hr {_LEG} pe_most_likely prior_vte surgery_or_immobilised_4wk"
_KDIGO = (
    "age anuria_hours creatinine creatinine_baseline creatinine_rise_48h creatinine_rise_within_7d"
    " kidney_replacement_started oliguria_hours severe_oliguria_hours"
)
_PE = "age confirmed_cause ctpa"
_ANCA = "age vasculitis_known vasculitis_mimics_excluded pr3_anca c_anca eosinophils"

PUBLISHED: Mapping[str, Published] = {
    p.tool: p
    for p in (
        Published(
            "wells_pe", "Wells 2000", _WELLS, wells, adult, wells_three,
            {"three_tier": wells_three, "two_tier": wells_two},
        ),
        Published(
            "revised_geneva", "Le Gal 2006",
            f"age prior_vte surgery_ga_or_leg_fracture_1mo active_cancer leg_pain_unilateral hemoptysis hr {_LEG}",
            geneva, adult, lambda v, p: steps(v, (3, "low"), (10, "intermediate"), rest="high"),
        ),
        Published(
            "perc", "Kline 2004, 2008",
            "age hr spo2 oxygen_device hemoptysis estrogen prior_vte leg_swelling_unilateral"
            " surgery_or_trauma_hospital_4wk pe_suspicion_low",
            perc, lambda p: adult(p) and not p["hemoptysis"],
        ),
        Published(
            "years", "van der Hulle 2017", "age leg_dvt_signs hemoptysis pe_most_likely d_dimer", years, adult,
            readings={"limit": lambda v, p: "limit_500" if years_items(p) else "limit_1000"},
        ),
        Published(
            "age_adjusted_d_dimer", "Righini 2014", f"{_WELLS} d_dimer", d_dimer,
            lambda p: not p.sure("pe_most_likely") and not p.sure("age", lambda a: a < 18),
            readings={"exclusion": d_dimer_excludes},
        ),
        Published(
            "pesi", "Aujesky 2005",
            f"{_PE} sex cancer_history heart_failure chronic_lung_disease hr sbp rr temperature consciousness spo2",
            pesi, embolism, pesi_class, {"two_groups": lambda v, p: "low" if v <= 85 else "high"},
        ),
        Published(
            "spesi", "Jimenez 2010", f"{_PE} cancer_history heart_failure chronic_lung_disease hr sbp spo2",
            spesi, embolism, lambda v, p: "high" if v else "low",
        ),
        Published(
            "bova", "Bova 2014", f"{_PE} sbp hr troponin_raised rv_dysfunction", bova,
            lambda p: embolism(p) and p["sbp"] >= 90,
            lambda v, p: steps(v, (2, "stage_1"), (4, "stage_2"), rest="stage_3"),
        ),
        Published(
            "hestia", "Zondag 2011",
            f"{_PE} sbp hr dbp platelets creatinine_clearance needs_intensive_care reperfusion_needed active_bleeding"
            " bleeding_elsewhere gi_bleed_2wk surgery_2wk stroke_1mo bleeding_disorder oxygen_need_over_24h"
            " pe_on_anticoagulant iv_analgesia_over_24h hospital_reason_over_24h severe_liver_disease pregnant"
            " heparin_hit",
            hestia, embolism,
        ),
        Published(
            "curb65", "Lim 2003", "age consciousness bun rr sbp dbp", curb65, adult,
            lambda v, p: steps(v, (1, "low"), (2, "moderate"), rest="high"),
        ),
        Published(
            "psi", "Fine 1997",
            f"age sex community_acquired_pneumonia hiv nursing_home {_DISEASES} consciousness rr sbp temperature hr ph"
            " bun sodium glucose hematocrit pao2 spo2 cxr_effusion",
            psi, lambda p: pneumonia(p) and not p.sure("hiv"), psi_class,
        ),
        Published(
            "severe_cap", "Mandell 2007",
            "age community_acquired_pneumonia immunosuppressed septic_shock vasopressor oxygen_device rr pao2 fio2"
            " multilobar_infiltrates consciousness bun wbc platelets temperature hypotension_needing_fluids",
            severe_cap, lambda p: pneumonia(p) and not p.sure("immunosuppressed"),
        ),
        Published(
            "smart_cop", "Charles 2008",
            "age community_acquired_pneumonia immunosuppressed sbp multilobar_infiltrates albumin rr hr consciousness"
            " pao2 spo2 fio2 ph",
            smart_cop, lambda p: pneumonia(p) and not p.sure("immunosuppressed"),
            lambda v, p: steps(v, (2, "up_to_2"), (4, "from_3_to_4"), (6, "from_5_to_6"), rest="from_7"),
        ),
        Published(
            "news2", "Royal College of Physicians 2017",
            "age pregnant rr spo2 hypercapnic_target oxygen_device sbp hr consciousness temperature",
            lambda p: sum(news2_points(p)), lambda p: p["age"] >= 16 and not p.sure("pregnant"), news2_band,
        ),
        Published(
            "qsofa", "Seymour 2016", "age infection_suspected rr sbp consciousness", qsofa,
            lambda p: adult(p) and p["infection_suspected"], lambda v, p: "positive" if v >= 2 else "negative",
        ),
        Published(
            "sirs", "recalled; Bone 1992", "age temperature hr rr paco2 wbc immature_neutrophils", sirs, adult,
            lambda v, p: "positive" if v >= 2 else "negative",
        ),
        Published(
            "shock_index", "recalled", "age hr sbp", shock_index, lambda p: adult(p) and p["sbp"] > 0,
            lambda v, p: "not_raised" if v < 0.9 else "raised" if v < 1 else "high",
        ),
        Published(
            "gcs", "recalled; Teasdale 1974", "age gcs_eye gcs_verbal gcs_motor", gcs, gcs_testable,
            lambda v, p: steps(v, (8, "to_8"), (12, "from_9_to_12"), rest="from_13"),
        ),
        Published(
            "map", "recalled", "age sbp dbp", lambda p: p["dbp"] + (p["sbp"] - p["dbp"]) / 3,
            lambda p: adult(p) and p["sbp"] >= p["dbp"], lambda v, p: "low" if v < 65 else "from_65",
        ),
        Published(
            "aa_gradient", "recalled; alveolar gas equation", "age fio2 paco2 pao2", a_a,
            readings={"for_age": a_a_for_age},
        ),
        Published(
            "pf_ratio", "Mandell 2007", "pao2 fio2", ratio,
            readings={"severe_pneumonia_limit": lambda v, p: "met" if v <= 250 else "not_met"},
        ),
        Published(
            "wisnivesky", "Wisnivesky 2000",
            "age tb_contact congregate_setting chronic_tb_symptoms hemoptysis ppd_positive temperature cxr_upper_lobe"
            " dyspnea crackles",
            wisnivesky, adult, lambda v, p: "isolate" if v >= 1 else "adds_nothing",
        ),
        Published(
            "bsi", "Chalmers 2014",
            "age bronchiectasis ct_bronchiectasis cystic_fibrosis fev1_percent mrc_dyspnea bmi"
            " exacerbation_admission_2y exacerbations_12mo airway_colonization bronchiectasis_lobes"
            " cystic_bronchiectasis",
            bsi, bronchiectatic, lambda v, p: steps(v, (4, "low"), (8, "intermediate"), rest="high"),
        ),
        Published(
            "faced", "Martinez-Garcia 2014",
            "age bronchiectasis ct_bronchiectasis cystic_fibrosis fev1_percent airway_colonization"
            " bronchiectasis_lobes mmrc_dyspnea",
            faced, bronchiectatic, lambda v, p: steps(v, (2, "mild"), (4, "moderate"), rest="severe"),
        ),
        Published(
            "five_factor_2009", "Guillevin 2011",
            "age vasculitis_known vasculitis_type vasculitis_cardiac vasculitis_gi vasculitis_ent"
            " peak_creatinine_stable",
            five_factor,
            lambda p: adult(p) and p["vasculitis_known"] and p["vasculitis_type"] in ("gpa", "mpa", "egpa", "pan"),
            lambda v, p: steps(v, (0, "none"), (1, "one"), rest="two_or_more"),
        ),
        Published(
            "gpa_2022", "ACR/EULAR 2022",
            f"{_ANCA} mpo_anca p_anca nasal_involvement cartilage_involvement hearing_loss ct_nodule_mm ct_mass"
            " ct_cavity cxr_mass cxr_cavitation biopsy_granuloma sinus_imaging_inflammation biopsy_pauci_immune_gn",
            gpa, vasculitis, classified(5),
        ),
        Published(
            "mpa_2022", "ACR/EULAR 2022",
            f"{_ANCA} mpo_anca p_anca lung_fibrosis_or_ild biopsy_pauci_immune_gn nasal_involvement",
            mpa, vasculitis, classified(5),
        ),
        Published(
            "egpa_2022", "ACR/EULAR 2022",
            f"{_ANCA} obstructive_airway_disease nasal_polyps mononeuritis_multiplex biopsy_eosinophils hematuria",
            egpa, vasculitis, classified(6),
        ),
        Published("kdigo_aki", "KDIGO 2012", _KDIGO, kdigo, adult),
        Published(
            "ckd_epi_2021", "Inker 2021", f"{_KDIGO} sex", ckd_epi,
            lambda p: adult(p) and p["sex"] in ("female", "male"), ckd_stage, {"steady_state": steady},
        ),
        Published(
            "fartoukh", "Fartoukh 2012",
            "setting age alcohol_chronic ct_pulmonary_artery_aneurysm cxr_quadrants lung_cancer_known"
            " aspergillosis_known confirmed_cause oxygen_device",
            fartoukh, lambda p: adult(p) and p["setting"] == "icu", lambda v, p: "up_to_2" if v <= 2 else "over_2",
        ),
        Published(
            "has_bled", "recalled; Pisters 2010",
            "age atrial_fibrillation sbp dialysis_or_kidney_transplant creatinine liver_function_abnormal prior_stroke"
            " bleeding_history_or_predisposition labile_inr anticoagulant antiplatelet nsaid alcohol_8_per_week",
            has_bled, lambda p: adult(p) and p["atrial_fibrillation"], lambda v, p: "high" if v >= 3 else "below_3",
        ),
        Published(
            "cha2ds2_vasc", "recalled; Lip 2010",
            "age sex atrial_fibrillation mitral_stenosis mechanical_valve heart_failure echo_lv_dysfunction"
            " hypertension diabetes prior_stroke prior_tia_or_embolism vascular_disease",
            cha2ds2_vasc,
            lambda p: adult(p) and p["atrial_fibrillation"] and not p.any("mitral_stenosis mechanical_valve"),
            lambda v, p: steps(v, (0, "none"), (1, "one"), rest="two_or_more"),
        ),
        Published(
            "curacao", "Shovlin 2000",
            "recurrent_epistaxis telangiectases hht_first_degree_relative pulmonary_avm visceral_avm ct_avm"
            " hht_variant_found",
            curacao,
        ),
        Published("duke_iscvid_2023", "Fowler 2023", "duke_major_count duke_minor_count", duke),
        Published(
            "mayo_nodule", "Swensen 1997",
            "age smoking_status extrathoracic_cancer_history ct_nodule_mm nodule_spiculated nodule_upper_lobe"
            " lung_cancer_known active_cancer",
            mayo, mayo_applies,
        ),
        Published(
            "brock", "McWilliams 2013",
            "age sex family_history_lung_cancer emphysema ct_nodule_mm nodule_type nodule_upper_lobe nodule_count"
            " nodule_spiculated lung_cancer_known",
            brock, brock_applies, readings={"bts_2015_pet": lambda v, p: "reached" if v >= 10 else "below"},
        ),
        Published(
            "fleischner_2017", "MacMahon 2017",
            "age active_cancer immunosuppressed nodule_found_by_screening ct_nodule_mm nodule_type nodule_count"
            " lung_cancer_known extrathoracic_cancer_history",
            fleischner, fleischner_applies,
        ),
        Published(
            "hemoptysis_volume", "arithmetic; no publication prints it",
            "volume_observed_hours volume_observed estimated_volume_24h volume_further_24h bleeding_rate",
            blood_in_a_day,
        ),
    )
}  # fmt: skip
