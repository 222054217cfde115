"""Public packages that compute one of our scores, and how a patient of ours is put to each of them.

Only packages whose licence lets a test use them, whose code is their own, and that answer without a network. Each
adapter follows what the package itself says of its inputs. `None` means that the package refuses the patient.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.metadata import version

from medcalc import cha2ds2_vasc_score as medcalc_cha2ds2_vasc
from medcalc import (
    ckd_epi_2021_creatinine,
    curb_65,
    glasgow_coma_score,
    has_bled_score,
    mean_arterial_pressure,
    perc_rule,
    psi_score,
    sirs_criteria,
    wells_criteria_pe,
)
from medimetry import Gender, cardiovasc, neuro, pulmonary, renal
from open_medicine.mcp.calculators.aa_gradient import AaGradientParams, calculate_aa_gradient
from open_medicine.mcp.calculators.chadsvasc import CHADSVAScParams, calculate_chadsvasc
from open_medicine.mcp.calculators.ckd_epi import CKDEPIParams, calculate_ckd_epi
from open_medicine.mcp.calculators.curb65 import CURB65Params, calculate_curb65
from open_medicine.mcp.calculators.duke_criteria import DukeCriteriaParams, calculate_duke_criteria
from open_medicine.mcp.calculators.gcs import GCSParams, calculate_gcs
from open_medicine.mcp.calculators.hasbled import HASBLEDParams, calculate_hasbled
from open_medicine.mcp.calculators.news2 import NEWS2Params, calculate_news2
from open_medicine.mcp.calculators.perc import PERCParams, calculate_perc
from open_medicine.mcp.calculators.psi_port import PSIPortParams, calculate_psi_port
from open_medicine.mcp.calculators.qsofa import QSOFAParams, calculate_qsofa
from open_medicine.mcp.calculators.wells_pe import WellsPEParams, calculate_wells_pe
from vitalscore import score_gcs, score_news2, score_qsofa

from tests.agreement.differences import Difference, differences
from tests.agreement.ours import Said
from tests.agreement.patients import Facts
from tests.agreement.reference import GCS, PUBLISHED, Patient, Value

LICENCES = {
    "medcalc-bench": "Apache-2.0",
    "medimetry": "MIT",
    "open-medicine": "MIT",
    "vitalscore": "MIT",
}


def version_of(package: str) -> str:
    return version(package)


@dataclass(frozen=True)
class Comparison:
    """One answer that a package and this engine both give."""

    tool: str
    package: str
    what: str
    theirs: Callable[[Facts], Value]
    ours: Callable[[Said], Value | None] = lambda said: said.value
    tolerance: float = 1e-9  # of numbers: half a unit of what the package rounds to

    def asked(self, facts: Facts) -> Value | None:
        """What the package says; None where it refuses the patient."""
        try:
            return self.theirs(facts)
        except (ValueError, AssertionError):
            return None

    def expected(self, facts: Facts, said: Said) -> tuple[tuple[Value | None, ...], list[Difference]]:
        """What the package should say, by our answer and the declared differences that hold of the patient."""
        mine = self.ours(said)
        holding = [d for d in declared(self) if d.holds(facts, mine, said)]
        given = next((d.gives for d in holding if d.gives), None)
        if given is not None:
            return given, holding
        times, adds = math.prod(d.times for d in holding), sum(d.adds for d in holding)
        if isinstance(mine, (int, float)):
            return (mine * times + adds,), holding
        if adds:
            return (PUBLISHED[self.tool].band(said.value + adds, Patient(facts)),), holding
        return (mine,), holding

    def same(self, theirs: Value, mine: Value | None) -> bool:
        """Equal, numbers up to what the package rounds to."""
        if isinstance(theirs, str) or not isinstance(mine, (int, float)):
            return theirs == mine
        return abs(theirs - mine) <= self.tolerance * max(1, abs(mine) if self.tolerance < 1e-6 else 1)


@functools.cache
def declared(comparison: Comparison) -> tuple[Difference, ...]:
    """The differences declared of one comparison."""
    return tuple(
        d
        for d in differences()
        if d.tool == comparison.tool and comparison.package in d.packages and comparison.what in d.answers
    )


def band(said: Said) -> str | None:
    return said.band


def reading(name: str) -> Callable[[Said], str | None]:
    return lambda said: said.readings[name]


def told(words: Mapping[str, str], text: str) -> str:
    """The one of our names whose words the text of a package holds."""
    return next(name for words_of, name in words.items() if words_of in text)


def _alert(f: Facts) -> bool:
    return f["consciousness"] == "alert"


def _points(f: Facts, part: str) -> int:
    if f[part] == "not_testable":
        raise ValueError("there is no sum")
    return GCS[part].split().index(str(f[part])) + 1


def _gender(f: Facts) -> Gender:
    if f["sex"] == "other":
        raise ValueError("knows two sexes")
    return Gender.FEMALE if f["sex"] == "female" else Gender.MALE


def _years(f: Facts) -> tuple[int, str]:
    return (int(f["age"]), "years")


# --- medcalc-bench


def medcalc_wells(f: Facts) -> Value:
    return wells_criteria_pe.calculate_pe_wells_explanation(
        {
            "clinical_dvt": f["leg_vein_tender_and_swollen"],
            "pe_number_one": f["pe_most_likely"],
            "heart_rate": (f["hr"], "beats per minute"),
            "immobilization_for_3days": f["surgery_or_immobilised_4wk"],
            "surgery_in_past4weeks": False,
            "previous_pe": f["prior_vte"],
            "previous_dvt": False,
            "hemoptysis": f["hemoptysis"],
            "malignancy_with_treatment": f["active_cancer"],
        }
    )["Answer"]


def medcalc_perc(f: Facts) -> Value:
    return perc_rule.compute_perc_rule_explanation(
        {
            "age": _years(f),
            "heart_rate": (f["hr"], "beats per minute"),
            "oxygen_sat": (f["spo2"], "%"),
            "unilateral_leg_swelling": f["leg_swelling_unilateral"],
            "hemoptysis": f["hemoptysis"],
            "recent_surgery_or_trauma": f["surgery_or_trauma_hospital_4wk"],
            "previous_pe": f["prior_vte"],
            "previous_dvt": False,
            "hormonal_use": f["estrogen"],
        }
    )["Answer"]


def medcalc_curb65(f: Facts) -> Value:
    return curb_65.curb_65_explanation(
        {
            "age": _years(f),
            "confusion": not _alert(f),
            "bun": (f["bun"], "mg/dL"),
            "respiratory_rate": (f["rr"], "breaths per minute"),
            "sys_bp": (f["sbp"], "mm Hg"),
            "dia_bp": (f["dbp"], "mm Hg"),
        }
    )["Answer"]


def medcalc_psi(f: Facts) -> Value:
    return psi_score.psi_score_explanation(
        {
            "sex": "Female" if f["sex"] == "female" else "Male",
            "age": _years(f),
            "temperature": (f["temperature"], "degrees celsius"),
            "heart_rate": (f["hr"], "beats per minute"),
            "pH": f["ph"],
            "respiratory_rate": (f["rr"], "breaths per minute"),
            "sys_bp": (f["sbp"], "mm Hg"),
            "bun": (f["bun"], "mg/dL"),
            "sodium": (f["sodium"], "mmol/L"),
            "glucose": (f["glucose"], "mg/dL"),
            "hemocratit": (f["hematocrit"], "%"),
            "partial_pressure_oxygen": (f["pao2"], "mm Hg"),
            "nursing_home_resident": f["nursing_home"],
            "neoplastic_disease": f["neoplastic_disease"],
            "liver_disease": f["liver_disease"],
            "chf": f["heart_failure"],
            "cerebrovascular_disease": f["cerebrovascular_disease"],
            "renal_disease": f["chronic_kidney_disease"],
            "altered_mental_status": not _alert(f),
            "pleural_effusion": f["cxr_effusion"],
        }
    )["Answer"]


def medcalc_sirs(f: Facts) -> Value:
    return sirs_criteria.sirs_criteria_explanation(
        {
            "temperature": (f["temperature"], "degrees celsius"),
            "heart_rate": (f["hr"], "beats per minute"),
            "wbc": (f["wbc"] * 1000, "mm^3"),
            "respiratory_rate": (f["rr"], "breaths per minute"),
            "paco2": (f["paco2"], "mm Hg"),
        }
    )["Answer"]


def medcalc_gcs(f: Facts) -> Value:
    eye = ("no eye opening", "eye opening to pain", "eye opening to verbal command", "eyes open spontaneously")
    verbal = ("no verbal response", "incomprehensible sounds", "inappropriate words", "confused", "oriented")
    motor = (
        "no motor response", "extension to pain", "flexion to pain", "withdrawal from pain", "localizes pain",
        "obeys commands",
    )  # fmt: skip
    return glasgow_coma_score.compute_glasgow_coma_score_explanation(
        {
            "best_eye_response": eye[_points(f, "gcs_eye") - 1],
            "best_verbal_response": verbal[_points(f, "gcs_verbal") - 1],
            "best_motor_response": motor[_points(f, "gcs_motor") - 1],
        }
    )["Answer"]


def medcalc_map(f: Facts) -> Value:
    given = {"sys_bp": (f["sbp"], "mm Hg"), "dia_bp": (f["dbp"], "mm Hg")}
    return mean_arterial_pressure.mean_arterial_pressure_explanation(given)["Answer"]


def medcalc_ckd_epi(f: Facts) -> Value:
    sex = _gender(f).name.title()
    given = {"age": _years(f), "sex": sex, "creatinine": (f["creatinine"], "mg/dL")}
    return ckd_epi_2021_creatinine.ckd_epi_2021_explanation(given)["Answer"]


def medcalc_has_bled(f: Facts) -> Value:
    return has_bled_score.compute_has_bled_score_explanation(
        {
            "age": _years(f),
            "alcoholic_drinks": 8 if f["alcohol_8_per_week"] else 0,
            "hypertension": f["sbp"] > 160,
            "liver_disease_has_bled": f["liver_function_abnormal"],
            "renal_disease_has_bled": f["dialysis_or_kidney_transplant"] or f["creatinine"] > 2.26,
            "stroke": f["prior_stroke"],
            "prior_bleeding": f["bleeding_history_or_predisposition"],
            "labile_inr": f["labile_inr"],
            "medications_for_bleeding": f["antiplatelet"] != "none" or f["nsaid"],
        }
    )["Answer"]


def medcalc_cha2ds2(f: Facts) -> Value:
    return medcalc_cha2ds2_vasc.generate_cha2ds2_vasc_explanation(
        {
            "age": _years(f),
            "sex": str(f["sex"]),
            "chf": f["heart_failure"] or f["echo_lv_dysfunction"],
            "hypertension": f["hypertension"],
            "stroke": f["prior_stroke"],
            "tia": f["prior_tia_or_embolism"],
            "thromboembolism": False,
            "vascular_disease": f["vascular_disease"],
            "diabetes": f["diabetes"],
        }
    )["Answer"]


# --- medimetry


def medimetry_geneva(f: Facts) -> pulmonary.GenevaScore:
    return pulmonary.geneva_revised_score(
        int(f["age"]),
        int(f["hr"]),
        previous_pe_dvt=bool(f["prior_vte"]),
        recent_surgery_or_fracture=bool(f["surgery_ga_or_leg_fracture_1mo"]),
        hemoptysis=bool(f["hemoptysis"]),
        active_cancer=bool(f["active_cancer"]),
        unilateral_leg_pain=bool(f["leg_pain_unilateral"]),
        leg_pain_on_palpation_and_edema=bool(f["leg_vein_tender_and_swollen"]),
    )


def medimetry_perc(f: Facts) -> Value:
    return pulmonary.perc_rule(
        int(f["age"]),
        int(f["hr"]),
        f["spo2"],
        unilateral_leg_swelling=bool(f["leg_swelling_unilateral"]),
        hemoptysis=bool(f["hemoptysis"]),
        recent_surgery_trauma=bool(f["surgery_or_trauma_hospital_4wk"]),
        prior_pe_dvt=bool(f["prior_vte"]),
        exogenous_estrogen=bool(f["estrogen"]),
    ).positive_criteria


def medimetry_gcs(f: Facts) -> tuple[int, neuro.GCSCategory]:
    return neuro.gcs_from_scores(_points(f, "gcs_eye"), _points(f, "gcs_verbal"), _points(f, "gcs_motor"))


def medimetry_map(f: Facts) -> Value:
    return cardiovasc.mean_arterial_pressure(int(f["sbp"]), int(f["dbp"]))


def medimetry_ckd_epi(f: Facts) -> float:
    return renal.ckd_epi(f["creatinine"], int(f["age"]), _gender(f))


def medimetry_cha2ds2(f: Facts) -> Value:
    return cardiovasc.chads_vasc_score(
        int(f["age"]),
        _gender(f),
        chf=bool(f["heart_failure"] or f["echo_lv_dysfunction"]),
        hypertension=bool(f["hypertension"]),
        stroke_vascular_history=bool(f["prior_stroke"] or f["prior_tia_or_embolism"]),
        diabetes=bool(f["diabetes"]),
        vascular_disease=bool(f["vascular_disease"]),
    )


# --- open-medicine


def open_wells(f: Facts):
    return calculate_wells_pe(
        WellsPEParams(
            clinical_signs_dvt=f["leg_vein_tender_and_swollen"],
            pe_most_likely_diagnosis=f["pe_most_likely"],
            heart_rate_gt_100=f["hr"] > 100,
            immobilization_or_surgery=f["surgery_or_immobilised_4wk"],
            previous_dvt_pe=f["prior_vte"],
            hemoptysis=f["hemoptysis"],
            malignancy=f["active_cancer"],
        )
    )


def open_perc(f: Facts) -> Value:
    return calculate_perc(
        PERCParams(
            age_gte_50=f["age"] >= 50,
            heart_rate_gte_100=f["hr"] >= 100,
            spo2_lt_95=f["spo2"] < 95,
            unilateral_leg_swelling=f["leg_swelling_unilateral"],
            hemoptysis=f["hemoptysis"],
            recent_surgery_or_trauma=f["surgery_or_trauma_hospital_4wk"],
            prior_dvt_pe=f["prior_vte"],
            estrogen_use=f["estrogen"],
        )
    ).value


def open_curb65(f: Facts):
    return calculate_curb65(
        CURB65Params(
            confusion=not _alert(f),
            bun=f["bun"],
            respiratory_rate=int(f["rr"]),
            systolic_bp=int(f["sbp"]),
            diastolic_bp=int(f["dbp"]),
            age=int(f["age"]),
        )
    )


def open_psi(f: Facts):
    return calculate_psi_port(
        PSIPortParams(
            age=int(f["age"]),
            is_female=f["sex"] == "female",
            nursing_home_resident=f["nursing_home"],
            neoplastic_disease=f["neoplastic_disease"],
            liver_disease=f["liver_disease"],
            congestive_heart_failure=f["heart_failure"],
            cerebrovascular_disease=f["cerebrovascular_disease"],
            renal_disease=f["chronic_kidney_disease"],
            altered_mental_status=not _alert(f),
            respiratory_rate=int(f["rr"]),
            systolic_bp=int(f["sbp"]),
            temperature_celsius=f["temperature"],
            pulse=int(f["hr"]),
            arterial_ph=f["ph"],
            bun=f["bun"],
            sodium=f["sodium"],
            glucose=f["glucose"],
            hematocrit=f["hematocrit"],
            pao2=f["pao2"],
            pleural_effusion=f["cxr_effusion"],
        )
    )


def open_news2(f: Facts):
    return calculate_news2(
        NEWS2Params(
            respiration_rate=int(f["rr"]),
            spo2=int(f["spo2"]),
            spo2_scale="scale_2" if f["hypercapnic_target"] else "scale_1",
            on_supplemental_o2=f["oxygen_device"] != "room_air",
            systolic_bp=int(f["sbp"]),
            pulse=int(f["hr"]),
            consciousness={"confused": "confusion"}.get(str(f["consciousness"]), str(f["consciousness"])),
            temperature=f["temperature"],
        )
    )


def open_qsofa(f: Facts):
    return calculate_qsofa(
        QSOFAParams(
            respiratory_rate=int(f["rr"]), systolic_blood_pressure=int(f["sbp"]), altered_mentation=not _alert(f)
        )
    )


def open_gcs(f: Facts):
    return calculate_gcs(
        GCSParams(
            eye_response=_points(f, "gcs_eye"),
            verbal_response=_points(f, "gcs_verbal"),
            motor_response=_points(f, "gcs_motor"),
        )
    )


def open_aa(f: Facts):
    given = AaGradientParams(fio2=f["fio2"] / 100, pao2=f["pao2"], paco2=f["paco2"], age=int(f["age"]))
    return calculate_aa_gradient(given)


def open_ckd_epi(f: Facts):
    female = _gender(f) is Gender.FEMALE
    return calculate_ckd_epi(CKDEPIParams(age=int(f["age"]), is_female=female, serum_creatinine=f["creatinine"]))


def open_cha2ds2(f: Facts) -> Value:
    return calculate_chadsvasc(
        CHADSVAScParams(
            congestive_heart_failure=f["heart_failure"] or f["echo_lv_dysfunction"],
            hypertension=f["hypertension"],
            age=int(f["age"]),
            diabetes=f["diabetes"],
            stroke_tia_thromboembolism=f["prior_stroke"] or f["prior_tia_or_embolism"],
            vascular_disease=f["vascular_disease"],
            female_sex=f["sex"] == "female",
        )
    ).value


def open_has_bled(f: Facts):
    return calculate_hasbled(
        HASBLEDParams(
            hypertension=f["sbp"] > 160,
            abnormal_renal_function=f["dialysis_or_kidney_transplant"] or f["creatinine"] > 2.26,
            abnormal_liver_function=f["liver_function_abnormal"],
            stroke=f["prior_stroke"],
            bleeding=f["bleeding_history_or_predisposition"],
            labile_inr=f["labile_inr"],
            elderly=f["age"] > 65,
            drugs=f["antiplatelet"] != "none" or f["nsaid"],
            alcohol=f["alcohol_8_per_week"],
        )
    )


def open_duke(f: Facts) -> Value:
    major, minor = int(f["duke_major_count"]), int(f["duke_minor_count"])
    if major > 2 or minor > 5:
        raise ValueError("the criteria of 2000 have two major and five minor ones")
    majors = ("coxiella_burnetii", "new_valvular_regurgitation")
    minors = (
        "predisposing_condition", "fever", "vascular_phenomena", "immunologic_phenomena",
        "microbiological_evidence_minor",
    )  # fmt: skip
    given = DukeCriteriaParams(**dict.fromkeys(majors[:major], True), **dict.fromkeys(minors[:minor], True))
    names = {"Definite": "definite", "Possible": "possible", "Rejected": "not_met"}
    return names[calculate_duke_criteria(given).value]


# --- vitalscore


def vital_news2(f: Facts):
    letters = {"alert": "A", "confused": "C", "voice": "V", "pain": "P", "unresponsive": "U"}
    return score_news2(
        int(f["rr"]),
        f["spo2"],
        f["oxygen_device"] != "room_air",
        int(f["sbp"]),
        int(f["hr"]),
        letters[str(f["consciousness"])],
        f["temperature"],
        use_spo2_scale2=bool(f["hypercapnic_target"]),
    )


def vital_qsofa(f: Facts) -> Value:
    return score_qsofa(15 if _alert(f) else 14, int(f["rr"]), int(f["sbp"])).total


def vital_gcs(f: Facts):
    return score_gcs(_points(f, "gcs_eye"), _points(f, "gcs_verbal"), _points(f, "gcs_motor"))


_GCS = {"Mild": "from_13", "Moderate": "from_9_to_12", "Severe": "to_8"}
_RISKS = {"Low": "low", "Moderate": "moderate", "High": "high"}
_PSI = {"Risk Class IV": "class_4", "Risk Class V": "class_5", "Risk Class III": "class_3", "Risk Class II": "class_2"}
_PSI |= {"Risk Class I ": "class_1"}
_PERC = {"medcalc-bench": medcalc_perc, "medimetry": medimetry_perc, "open-medicine": open_perc}
_CLINICAL = {"Low": "low", "Medium": "medium", "High": "high"}

COMPARISONS: tuple[Comparison, ...] = (
    Comparison("wells_pe", "medcalc-bench", "points", medcalc_wells),
    Comparison("wells_pe", "open-medicine", "points", lambda f: open_wells(f).value),
    Comparison(
        "wells_pe", "open-medicine", "two tiers",
        lambda f: told({"PE unlikely": "unlikely", "PE likely": "likely"}, open_wells(f).interpretation),
        reading("two_tier"),
    ),
    Comparison("revised_geneva", "medimetry", "points", lambda f: medimetry_geneva(f).score),
    Comparison("revised_geneva", "medimetry", "probability", lambda f: medimetry_geneva(f).risk_level.value, band),
    *(
        Comparison("perc", package, "criteria", asked, lambda said: said.counts["failed"])
        for package, asked in _PERC.items()
    ),
    *(
        Comparison("perc", package, "result", lambda f, asked=asked: "positive" if asked(f) else "negative")
        for package, asked in _PERC.items()
    ),
    Comparison("curb65", "medcalc-bench", "points", medcalc_curb65),
    Comparison("curb65", "open-medicine", "points", lambda f: open_curb65(f).value),
    Comparison("curb65", "open-medicine", "risk", lambda f: told(_RISKS, open_curb65(f).interpretation), band),
    Comparison("psi", "medcalc-bench", "points", medcalc_psi),
    Comparison("psi", "open-medicine", "points", lambda f: open_psi(f).value),
    Comparison("psi", "open-medicine", "class", lambda f: told(_PSI, open_psi(f).interpretation), band),
    Comparison("news2", "open-medicine", "points", lambda f: open_news2(f).value),
    Comparison(
        "news2", "open-medicine", "risk",
        lambda f: told({f"{name} clinical risk": our for name, our in _CLINICAL.items()}, open_news2(f).interpretation),
        band,
    ),
    Comparison("news2", "vitalscore", "points", lambda f: vital_news2(f).total),
    Comparison("news2", "vitalscore", "risk", lambda f: _CLINICAL[vital_news2(f).risk.value], band),
    Comparison("qsofa", "open-medicine", "points", lambda f: open_qsofa(f).value),
    Comparison("qsofa", "vitalscore", "points", vital_qsofa),
    Comparison("sirs", "medcalc-bench", "points", medcalc_sirs),
    Comparison("gcs", "medcalc-bench", "points", medcalc_gcs),
    Comparison("gcs", "medimetry", "points", lambda f: medimetry_gcs(f)[0]),
    Comparison("gcs", "medimetry", "severity", lambda f: _GCS[medimetry_gcs(f)[1].value.title()], band),
    Comparison("gcs", "open-medicine", "points", lambda f: open_gcs(f).value),
    Comparison(
        "gcs", "open-medicine", "severity",
        lambda f: told({f"Classification: {name}": ours for name, ours in _GCS.items()}, open_gcs(f).interpretation),
        band,
    ),
    Comparison("gcs", "vitalscore", "points", lambda f: vital_gcs(f).total),
    Comparison("gcs", "vitalscore", "severity", lambda f: told(_GCS, vital_gcs(f).severity), band),
    Comparison("map", "medcalc-bench", "mmHg", medcalc_map, tolerance=0.00051),
    Comparison("map", "medimetry", "mmHg", medimetry_map, tolerance=0.051),
    Comparison("aa_gradient", "open-medicine", "mmHg", lambda f: open_aa(f).value, tolerance=0.051),
    Comparison(
        "aa_gradient", "open-medicine", "for age",
        lambda f: told({"Normal A-a": "as_expected", "Elevated A-a": "raised"}, open_aa(f).interpretation),
        reading("for_age"),
    ),
    Comparison("ckd_epi_2021", "medcalc-bench", "mL/min/1.73 m2", medcalc_ckd_epi, tolerance=0.00051),
    Comparison("ckd_epi_2021", "medimetry", "mL/min/1.73 m2", medimetry_ckd_epi),
    Comparison(
        "ckd_epi_2021", "medimetry", "stage", lambda f: renal.ckd_stage(medimetry_ckd_epi(f), 0)[0].lower(), band
    ),
    Comparison("ckd_epi_2021", "open-medicine", "mL/min/1.73 m2", lambda f: open_ckd_epi(f).value, tolerance=0.051),
    Comparison("has_bled", "medcalc-bench", "points", medcalc_has_bled),
    Comparison("has_bled", "open-medicine", "points", lambda f: open_has_bled(f).value),
    Comparison("cha2ds2_vasc", "medcalc-bench", "points", medcalc_cha2ds2),
    Comparison("cha2ds2_vasc", "medimetry", "points", medimetry_cha2ds2),
    Comparison("cha2ds2_vasc", "open-medicine", "points", open_cha2ds2),
    Comparison("duke_iscvid_2023", "open-medicine", "result", open_duke),
)  # fmt: skip
