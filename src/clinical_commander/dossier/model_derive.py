"""How a fact is made from coded, timed records: the one typed form that every back end of `derive` runs."""

from __future__ import annotations

from collections.abc import Mapping

from clinical_commander.dossier.model_parts import Source
from clinical_commander.frozen import field, frozen


@frozen
class Way:
    """One way to a fact.

    `how` is latest, worst, change, earliest, count, since, member or age; `of` the kind of record, or for worst, change
    and earliest `series` the fact whose values are looked through. A code is written as `loinc 718-7`. `values` says
    for each value of the fact (`true`, `negative`) by which codes a record gives it; for `member` these are the codes
    of the record itself. `counted` are the results that count, `levels` what a count means for a fact of kind code.
    `within` and `after` are hours before the moment, or before the record. `current`: only what is present now.
    `refuted`: a refuted record says false. `end` is at_least, at_most or ""; a change with `at_least` is a lower bound.
    """

    how: str
    of: str = ""
    series: str = ""
    codes: tuple[str, ...] = ()
    ordered_by: tuple[str, ...] = ()
    units: Mapping[str, str] = field(default_factory=dict)
    values: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    counted: tuple[str, ...] = ()
    levels: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    direction: str = ""
    within: float | None = None
    after: float | None = None
    end: str = ""
    current: bool = False
    refuted: bool = False
    source: Source = Source()


@frozen
class Derivations:
    """What the catalogue says of records. `systems` is short name -> identifier, `look_back` is in hours by freshness.

    `codes` are the codes in use with what they say, `status` how well each is attested (H or L). `settings` is the code
    of an encounter's class or of a location -> setting; `answers` is true, false, unknown, unobtainable -> codes;
    `near_family` are the relationships of the first degree.
    """

    systems: Mapping[str, str] = field(default_factory=dict)
    codes: Mapping[str, str] = field(default_factory=dict)
    status: Mapping[str, str] = field(default_factory=dict)
    look_back: Mapping[str, float] = field(default_factory=dict)
    settings: Mapping[str, str] = field(default_factory=dict)
    answers: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    near_family: tuple[str, ...] = ()
    ways: Mapping[str, tuple[Way, ...]] = field(default_factory=dict)
