"""What it could be, in memory: causes, priors, findings with their figures, thresholds and the burden of each test.

Every figure has a status and a source. Conditions are typed; probabilities are as the content states them, in 0 to 1.
"""

from __future__ import annotations

from collections.abc import Mapping

from clinical_commander.dossier.model_parts import Condition, Source
from clinical_commander.frozen import field, frozen


@frozen
class Cause:
    """One exclusive cause of this bleed. `confirmed_by` are the codes of the fact that says it is confirmed."""

    id: str
    title: str
    must_not_miss: bool = False
    residual: bool = False
    confirmed_by: tuple[str, ...] = ()
    text: str = ""
    source: Source = Source()


@frozen
class Contributor:
    """What makes any bleed worse: reported where its condition holds, never weighed against a cause."""

    id: str
    title: str
    when: Condition
    text: str = ""
    source: Source = Source()


@frozen
class PriorRow:
    """How the causes are shared out in one kind of place and region. `says` are remarks by setting.

    `shares` are percent, as in the source, and `set_aside` what the source counts and this differential does not.
    `counts`: they are a site's own patients.
    """

    id: str
    settings: tuple[str, ...]
    region: str
    n: float
    shares: Mapping[str, float]
    set_aside: Mapping[str, float] = field(default_factory=dict)
    when: Condition | None = None
    says: Mapping[str, str] = field(default_factory=dict)
    status: str = "expert"
    counts: bool = False
    source: Source = Source()


@frozen
class FigureRow:
    """How often each level is seen, after these levels of the findings before it in a chain. `n` is 0 where the source
    tells neither how many patients nor an interval: `Uncertainty` has what stands in for it.
    """

    p: tuple[float, ...]
    status: str
    n: float = 0.0
    population: str = "hemoptysis"
    given: Mapping[str, str] = field(default_factory=dict)
    source: Source = Source()


@frozen
class FindingLevel:
    id: str
    when: Condition
    says: str


@frozen
class PublishedRatio:
    """A likelihood ratio as printed: what is derived from the figures must not contradict it."""

    cause: str
    level: str
    ratio: float
    interval: tuple[float, float] | None = None
    source: Source = Source()


@frozen
class FindingItem:
    """A named finding with exclusive levels. `of` is the disease whose specificity `rest` is."""

    id: str
    title: str
    of: str
    levels: tuple[FindingLevel, ...]
    cells: Mapping[str, tuple[FigureRow, ...]]
    rest: tuple[FigureRow, ...]
    published: tuple[PublishedRatio, ...] = ()
    source: Source = Source()


@frozen
class FindingGroup:
    """chain: each finding may depend on those before it. replaces: the first that is known counts, the rest do not."""

    id: str
    kind: str
    findings: tuple[str, ...]
    source: Source = Source()


@frozen
class AcceptedThreshold:
    """One probability at which to test or to treat, in 0 to 1. `rests_on` is the weakest of its inputs.

    One that rests on a judgement or a refuted figure never decides by itself.
    """

    value: float
    status: str
    rests_on: str
    name: str = ""
    source: Source = Source()


@frozen
class CauseThresholds:
    """The accepted thresholds of a cause; no zone is shown while `unless` can hold."""

    test: tuple[AcceptedThreshold, ...] = ()
    treat: tuple[AcceptedThreshold, ...] = ()
    stakes: float = 1.0
    stakes_source: Source = Source()
    unless: Condition | None = None
    unless_text: str = ""


@frozen
class Burden:
    """What it takes to know some findings: minutes until the result, mSv, and ranks 0 to 5 as the source gives them.

    `by_finding`: each finding is a question of its own. `settings`: where it can be done at all; empty says anywhere.
    """

    id: str
    title: str
    findings: tuple[str, ...]
    minutes: float
    radiation: float
    invasiveness: float
    cost: float
    discomfort: float
    status: str
    by_finding: bool = False
    settings: tuple[str, ...] = ()
    source: Source = Source()


@frozen
class Weights:
    """How much each kind of burden discounts what an answer is worth."""

    per_hour: float
    per_msv: float
    per_invasiveness: float
    per_cost: float
    per_discomfort: float
    source: Source = Source()


@frozen
class Uncertainty:
    """How sure a figure is where its source does not say: patients by status, and limits of one result's weight."""

    n: Mapping[str, float]
    transported: float
    least: float
    most: float


@frozen
class Band:
    """A word for probabilities below `below`, 0 to 1; the last has no end."""

    below: float
    says: str


@frozen
class Differential:
    """What it could be: everything that `differential.yaml` says."""

    causes: Mapping[str, Cause]
    contributors: Mapping[str, Contributor]
    priors: tuple[PriorRow, ...]
    findings: Mapping[str, FindingItem]
    groups: tuple[FindingGroup, ...]
    thresholds: Mapping[str, CauseThresholds]
    burdens: Mapping[str, Burden]
    weights: Weights
    uncertainty: Uncertainty
    bands: tuple[Band, ...] = ()
    confirmed: str = ""  # the fact that says which cause is confirmed
    not_covered: Mapping[str, str] = field(default_factory=dict)
    source: Source = Source()
