"""What must hold for every patient, over generated ones: missing, time and worse signs never make an answer lower.

Each test prints how many of its cases could have failed it, and fails where these are fewer than 500. A case that fails
is made small and told as a case file.
"""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

from clinical_commander.dossier.model import Fact
from clinical_commander.engine.answers import Range
from clinical_commander.engine.assess import Engine
from clinical_commander.engine.assessment import Assessment
from clinical_commander.engine.case import Case, Observation
from clinical_commander.engine.situation import Situation
from clinical_commander.program.reads import modal_facts
from tests.generate import (
    ILLNESSES,
    NOT_VACUOUS_AT_LEAST,
    exact,
    examples,
    hemoptysis,
    informative,
    patients,
    situation_of,
    smallest,
    stated,
    tell,
    tier_of,
    told,
    with_fact,
    without,
)

Record = Callable[[str, object], None]
STEP = 60
# An exempting fact that raises as well, where it has this value: then it is no exemption that is lost with it.
RAISES_TOO = {"lung_procedure_kind": "pulmonary_artery_catheter"}
REASSURING_ACTIONS = ("place.home", "educate.leaflet", "isolate.lift")
DELAYS_IN_MINUTES = (1, 6, 16, 31, 61, 241, 361, 1_441, 2_000, 4_000, 4_321, 10_100, 60_000, 200_000)


# ------------------------------------------------------------------------------------------------ what is missing


def test_what_nobody_measured_never_makes_the_highest_possible_tier_lower(record_property: Record) -> None:
    engine = hemoptysis()
    tier = engine.dossier.tier
    counted: Counter[str] = Counter()

    for case in patients().cases("must know removed", 900):
        before = tier_of(engine, case)
        known = [name for name in tier.must_know if informative(case, name)]
        for name in random.Random(case.name).sample(known, min(3, len(known))):

            def lowered(case: Case, name: str = name) -> bool:
                return tier_of(engine, without(case, name)).high < tier_of(engine, case).high

            after = tier_of(engine, without(case, name))
            assert after.high >= before.high, told(smallest(case, lowered), removed=name)
            counted[name] += before.high > 0

    tell(record_property, "must_know removed, not vacuous", f"{counted.total()} {dict(counted)}")
    assert min(counted[name] for name in tier.must_know) * len(tier.must_know) >= NOT_VACUOUS_AT_LEAST
    assert counted.total() >= NOT_VACUOUS_AT_LEAST


def test_an_exemption_nobody_asked_about_never_makes_the_highest_possible_tier_lower(record_property: Record) -> None:
    """What excuses a sign is unknown, so the sign counts.

    Two of the exempting facts raise as well, by what they say of the patient and not as an exemption: home oxygen means
    little reserve, a tracheostomy among the procedures means a tracheostomy (constraints of the catalogue), a
    pulmonary-artery catheter is a herald source. Such a statement is kept when the exemption is taken away, or not
    tried; that removing it never lowers below what the rest gives is the next test.
    """
    engine = hemoptysis()
    dossier = engine.dossier
    counted: Counter[str] = Counter()

    def shorn(case: Case, name: str) -> Case | None:
        """The case without the exemption, with what follows from it said for itself."""
        said = stated(case).get(name)
        if said is None or (said.codes is not None and RAISES_TOO.get(name) in said.codes):
            return None
        kept = []
        for other, known in situation_of(engine, case).last.known.items():
            if name in known.implied_by and other not in case.facts and known.possible.settled(dossier.facts[other]):
                kept.append(replace(_as_stated(dossier.facts[other], known.possible, said.at)))
        return with_fact(without(case, name), *kept)

    for case in patients().cases("exemption removed", 1_500):
        for name in dossier.tier.exempts:
            less = shorn(case, name)
            if less is None:
                continue

            def lowered(case: Case, name: str = name) -> bool:
                less = shorn(case, name)
                return less is not None and tier_of(engine, less).high < tier_of(engine, case).high

            before = tier_of(engine, case)
            assert tier_of(engine, less).high >= before.high, told(smallest(case, lowered), removed=name)
            counted[name] += before.high > 0

    tell(record_property, "exemption removed, not vacuous", f"{counted.total()} {dict(counted)}")
    assert counted.total() >= NOT_VACUOUS_AT_LEAST


def _as_stated(fact: Fact, possible: object, at: object) -> Observation:
    low, high = possible.low, possible.high  # type: ignore[attr-defined]
    truths, codes = possible.truths, possible.codes  # type: ignore[attr-defined]
    if fact.kind == "boolean":
        return exact(fact, next(iter(truths)), at)  # type: ignore[arg-type]
    if fact.kind == "code":
        return exact(fact, next(iter(codes)), at)  # type: ignore[arg-type]
    return replace(exact(fact, low, at), high=high)  # type: ignore[arg-type]
