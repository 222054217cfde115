"""Benefit, harm and the properties of a test in, the probabilities at which to test and to treat out; and the zone."""

from __future__ import annotations

from clinical_commander.frozen import frozen

BELOW_TEST, TEST, TREAT, DISCUSS, DISPUTED = "below_test", "test", "treat", "discuss", "disputed"
ZONES = (BELOW_TEST, TEST, DISPUTED, DISCUSS, TREAT)


def least_probability_to_treat(benefit: float, harm: float) -> float:
    """The probability above which treating without a further test is better than not treating.

    Args:
        benefit: Absolute gain for a patient who has the disease, 0 to 1.
        harm: Absolute loss for one who does not, 0 to 1.

    Source: Pauker and Kassirer, N Engl J Med 1975;293:229: H / (H + B).

    >>> round(least_probability_to_treat(0.263, 0.0185), 3)
    0.066
    """
    return harm / (harm + benefit)


def least_probability_to_test(
    benefit: float, harm: float, sensitivity: float, specificity: float, test_harm: float
) -> float:
    """The probability below which not even the test is worth it.

    Args:
        benefit: As for `least_probability_to_treat`.
        harm: As for `least_probability_to_treat`.
        sensitivity: Of the test, 0 to 1.
        specificity: Of the test, 0 to 1.
        test_harm: Absolute loss by the test itself, 0 to 1.

    Source: Pauker and Kassirer, N Engl J Med 1980;302:1109.

    >>> round(least_probability_to_test(0.10, 0.03, 0.94, 0.98, 0.0005), 4)
    0.0116
    """
    false_positive = 1 - specificity
    return (false_positive * harm + test_harm) / (false_positive * harm + sensitivity * benefit)


@frozen
class Cut:
    """One accepted threshold and whether it may decide: not where it rests on a judgement or a refuted figure."""

    value: float
    firm: bool


@frozen
class Cuts:
    """The accepted thresholds of one disease; none where nobody has stated one."""

    test: tuple[Cut, ...] = ()
    treat: tuple[Cut, ...] = ()


def zone(present: float, guarded: float, may_be_below: bool, cuts: Cuts) -> str | None:
    """Where the disease's own probability lies.

    Args:
        present: The disease's own probability.
        guarded: The same, without what unsupported figures take away.
        may_be_below: Whether supported figures may carry it below the test threshold.
        cuts: The accepted thresholds.

    Returns:
        `below_test`, `test` or `treat`; `disputed` where accepted thresholds disagree; `discuss` where only a judged
        threshold or unsupported figures would decide; None without any threshold.
    """
    if not cuts.test and not cuts.treat:
        return None
    above = [present >= cut.value for cut in cuts.treat if cut.firm]
    if above and all(above):
        return TREAT
    if any(above):
        return DISPUTED
    if any(present >= cut.value for cut in cuts.treat if not cut.firm):
        return DISCUSS
    below = [present < cut.value for cut in cuts.test]
    if not any(below):
        return TEST if cuts.test else None
    if not all(below):
        return DISPUTED
    firm = [cut.value for cut in cuts.test if cut.firm]
    # Only supported figures, against a supported threshold, may say that looking further is not worth it.
    return BELOW_TEST if firm and may_be_below and all(guarded < value for value in firm) else DISCUSS


def robust(low: float, high: float, cuts: Cuts) -> bool:
    """Whether no accepted threshold lies inside the interval: other figures within their error say the same."""
    return not any(low < cut.value < high for cut in (*cuts.test, *cuts.treat))
