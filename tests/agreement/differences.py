"""Where a package and this engine differ, as declared: for which patients, who is right by the publication, and why.

The test finds every patient in whom they differ and refuses one that no region here holds, and a region in which
nobody differs any more.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tests.agreement.patients import Facts
from tests.agreement.reference import Patient, a_a, psi_gate


@dataclass(frozen=True)
class Difference:
    """A region of patients in which answers differ.

    `right` is ours, theirs or both (the publication leaves it open, or the two say the same thing in two ways).
    """

    tool: str
    packages: tuple[str, ...]
    answers: tuple[str, ...]
    where: str
    holds: Callable[[Facts], bool]
    ours: str
    theirs: str
    right: str
    why: str


def _raised_on_paper(f: Facts) -> bool:
    """Whether the rounded gradient and the gradient lie on two sides of the limit for the age, or on it."""
    return abs(a_a(Patient(f)) - (f["age"] / 4 + 4)) <= 0.1


DIFFERENCES: tuple[Difference, ...] = (
    Difference(
        "perc", ("medcalc-bench", "medimetry", "open-medicine"), ("result",),
        "saturation 95 % or more, but on oxygen",
        lambda f: f["oxygen_device"] != "room_air" and f["spo2"] >= 95,
        "positive: a criterion is not shown", "no criterion for it", "ours",
        "The criterion is 95 % or more on room air (B1). The packages take a number and cannot know where it was"
        " measured; their texts say room air.",
    ),
    Difference(
        "perc", ("medcalc-bench", "medimetry", "open-medicine"), ("result",),
        "all eight are true and suspicion is not low",
        lambda f: not f["pe_suspicion_low"],
        "the rule says nothing", "negative", "ours",
        "The rule is for a low suspicion by judgement, 15 % or less (B1). The packages do not ask for it.",
    ),
    Difference(
        "curb65", ("medcalc-bench",), ("points",), "urea nitrogen over 19 and up to 19.6 mg/dL",
        lambda f: 19 < f["bun"] <= 19.6,
        "no point", "1 point (over 19)", "ours",
        "The publication counts urea over 7 mmol/L (B3), which is a nitrogen of 19.6 mg/dL. 19 is a rounded printing.",
    ),
    Difference(
        "curb65", ("open-medicine",), ("points", "risk"), "urea nitrogen over 19.6 and up to 20 mg/dL",
        lambda f: 19.6 < f["bun"] <= 20,
        "1 point", "no point (over 20)", "ours",
        "The publication counts urea over 7 mmol/L (B3), which is a nitrogen of 19.6 mg/dL. 20 is a rounded printing.",
    ),
    Difference(
        "psi", ("medcalc-bench", "open-medicine"), ("points", "class"),
        "saturation under 90 % with a PaO2 of 60 mmHg or more",
        lambda f: f["spo2"] < 90 and f["pao2"] >= 60,
        "10 points", "no points: only the PaO2 is asked for", "ours",
        "The item is a PaO2 under 60 mmHg or a saturation under 90 % (B3).",
    ),
    Difference(
        "psi", ("open-medicine",), ("points",), "class I",
        lambda f: psi_gate(Patient(f)),
        "the sum, and class I by the gate", "0", "both",
        "Class I is a gate and has no points (B3, F1). The classes agree; the sum that we show beside it is not used.",
    ),
    Difference(
        "news2", ("open-medicine", "vitalscore"), ("risk",), "at most 4 points with a single 3",
        lambda f: True,
        "a group of its own: urgent review on the ward", "medium", "ours",
        "The Royal College's table has a row of its own for a 3 in one parameter, under medium, which starts at 5"
        " points (B4). The points agree.",
    ),
    Difference(
        "sirs", ("medcalc-bench",), ("points",), "heart rate 90/min or less",
        lambda f: f["hr"] <= 90,
        "no point", "1 point", "ours",
        "The criterion is over 90/min (B4). The package says in words that it is not met, and counts it.",
    ),
    Difference(
        "sirs", ("medcalc-bench",), ("points",), "white cells 4 to 12 x 10³/µL, immature forms 10 % or less",
        lambda f: 4 <= f["wbc"] <= 12 and f["immature_neutrophils"] <= 10,
        "no point", "1 point", "ours",
        "The criterion is over 12 or under 4 (B4). The package converts the count to cubic meters and compares it with"
        " 12,000 per cubic millimeter, so that every count meets it.",
    ),
    Difference(
        "aa_gradient", ("open-medicine",), ("for age",), "gradient under 0",
        lambda f: a_a(Patient(f)) < 0,
        "implausible", "normal for the age", "ours",
        "Arithmetic: a gradient cannot be negative where the three values are of one moment. The figures agree.",
    ),
    Difference(
        "aa_gradient", ("open-medicine",), ("for age",), "gradient within 0.1 mmHg of the limit for the age",
        _raised_on_paper,
        "compares what was computed", "rounds both before it compares", "both",
        "The limit is a rule of thumb (recalled). The figures agree.",
    ),
    Difference(
        "ckd_epi_2021", ("medcalc-bench",), ("mL/min/1.73 m2",), "men with a creatinine of 0.9 mg/dL or less",
        lambda f: f["sex"] == "male" and f["creatinine"] <= 0.9,
        "divides by 0.9", "divides by 0.7, and reads up to 7 % lower", "ours",
        "The constant of men is 0.9 (B7); the package uses it above 0.9 mg/dL. The man of the evidence table with 1.0"
        " mg/dL is the same in both.",
    ),
    Difference(
        "has_bled", ("medcalc-bench", "open-medicine"), ("points",), "creatinine 2.26 mg/dL without dialysis",
        lambda f: f["creatinine"] == 2.26 and not f["dialysis_or_kidney_transplant"],
        "1 point", "no point (over 2.26)", "ours",
        "The publication counts 200 µmol/L or more (recalled), and 200 µmol/L is 2.26 mg/dL in two decimals.",
    ),
    Difference(
        "has_bled", ("medcalc-bench", "open-medicine"), ("points",),
        "labile INR told, but neither warfarin nor another anticoagulant of unknown kind",
        lambda f: f["labile_inr"] and f["anticoagulant"] not in ("warfarin", "other"),
        "no point", "1 point", "ours",
        "The item is the INR on a vitamin K antagonist (recalled). The packages do not ask for the drug.",
    ),
)  # fmt: skip
