"""The look back at an episode: only what the tier reads is computed, and only what is new; the answer is the same."""

from __future__ import annotations

import json
import random
from dataclasses import replace
from datetime import timedelta

from clinical_commander.engine.assess import Engine
from clinical_commander.engine.assessment import Assessment
from clinical_commander.engine.case import Case, Observation
from clinical_commander.engine.episode import KEPT
from tests.fixtures import NORMAL, patient
from tests.generate import Patients, hemoptysis, patients, without


def history(number: int) -> Case:
    """A patient who was measured several times over three days: the statements of four patients, at their own times."""
    source, drawn = random.Random(f"history:{number}"), patients()
    case = drawn.case("history", number * 4)
    facts = {name: list(found) for name, found in case.facts.items()}
    for other in range(1, 4):
        rounds = [case.at - timedelta(minutes=source.randrange(1, 60 * 72)) for _ in range(3)]
        for name, found in drawn.case("history", number * 4 + other).facts.items():
            if source.random() < 0.5:
                facts.setdefault(name, []).append(replace(found[-1], at=source.choice(rounds)))
    in_order = {name: {o.at: o for o in sorted(found, key=lambda o: o.at)} for name, found in facts.items()}
    return replace(case, facts={name: tuple(found.values()) for name, found in in_order.items()})


def until(case: Case, moments: int) -> Case:
    """The case as it was when it had been looked at so many times."""
    at = sorted({o.at for found in case.facts.values() for o in found})[moments - 1]
    left = {name: tuple(o for o in found if o.at <= at) for name, found in case.facts.items()}
    return replace(case, at=at + timedelta(seconds=1), facts={name: found for name, found in left.items() if found})


def moments_of(case: Case) -> int:
    return len({o.at for found in case.facts.values() for o in found})


def by_whole_views(engine: Engine, case: Case) -> tuple[int, object]:
    """The worst tier before the moment assessed, by the definition: every column of every moment, one after another."""
    worst, major_at = (-1, None), None
    top = [v.id for v in engine.dossier.tier.values].index(engine.dossier.tier.remembers[0])  # type: ignore[index]
    for moment in sorted({o.at for found in case.facts.values() for o in found if o.at < case.at}):
        since = (moment - major_at).total_seconds() / 3600 if major_at is not None else None
        situation = engine.situations.at(case, moment, since, {})
        found = engine.answers.range(engine.dossier.tier, situation)
        holds = engine.answers.holds(engine.dossier.tier.values[found.low].when, situation)
        low = found.low if found.settled or (found.low > 0 and holds) else -1
        if low >= max(worst[0], 0):
            worst = (low, moment)
        if low >= top:
            major_at = moment
    return worst[0], (worst[1] if worst[0] >= 0 else None, major_at)


def looked_back(engine: Engine, case: Case) -> tuple[int, object]:
    past = engine.episodes.past(case, {})
    return past.worst, (past.at if past.worst >= 0 else None, past.major_at)


def anew() -> Engine:
    """An engine that has never seen a patient."""
    known = hemoptysis()
    return Engine(known.dossier, known.program)


def told(result: Assessment) -> str:
    return result.dumps()


def test_a_look_back_finds_what_whole_views_of_every_moment_find():
    engine, worst = hemoptysis(), set()

    for number in range(25):
        case = history(number)
        expected = by_whole_views(engine, case)
        worst.add(expected[0])

        assert looked_back(engine, case) == expected, case.name

    assert len(worst) > 2  # not all of them the same


def test_a_look_back_finds_the_same_whichever_fact_was_never_asked():
    engine = hemoptysis()
    for number in (0, 3):
        case = history(number)
        for name in case.facts:
            less = without(case, name)

            assert looked_back(engine, less) == by_whole_views(engine, less), name


def test_an_encounter_followed_step_by_step_is_answered_as_one_that_was_never_seen():
    engine = anew()
    for number in range(3):
        case = history(number)
        for step in range(1, moments_of(case) + 1):
            seen = until(case, step)

            assert told(engine.assess(seen)) == told(anew().assess(seen)), (case.name, step)


def test_a_value_that_is_corrected_afterwards_changes_what_came_after_it():
    engine = anew()
    calm = patient("ed", NORMAL, estimated_volume_24h="10 mL")
    hours = [timedelta(hours=h) for h in (6, 4, 2)]
    volumes = [replace(calm.facts["estimated_volume_24h"][0], at=calm.at - h) for h in hours]
    followed = replace(calm, facts={**calm.facts, "estimated_volume_24h": tuple(volumes)})
    engine.assess(followed)
    more = replace(volumes[1], low=300.0, high=300.0, entered="300 mL")
    corrected = replace(followed, facts={**followed.facts, "estimated_volume_24h": (volumes[0], more, volumes[2])})

    result = engine.assess(corrected)

    assert engine.assess(followed).tier.worst_this_episode != "massive"
    assert (result.tier.worst_this_episode, result.tier.hours_since_worst) == ("massive", 4.0)


def test_what_is_kept_of_a_look_back_in_one_place_is_not_taken_for_another():
    engine, calm = anew(), patient("outpatient", NORMAL, estimated_volume_24h="10 mL")
    hours_ago = {name: tuple(replace(o, at=calm.at - timedelta(hours=3)) for o in f) for name, f in calm.facts.items()}
    (pulse,) = hours_ago["hr"]
    followed = replace(calm, facts={**hours_ago, "hr": (pulse, replace(pulse, at=calm.at - timedelta(hours=1)))})

    results = {setting: engine.assess(replace(followed, setting=setting)) for setting in ("outpatient", "icu")}

    # An hour ago the signs of two hours before still counted in a clinic; in intensive care they had expired.
    assert results["outpatient"].tier.worst_this_episode == results["icu"].tier.worst_this_episode == "mild"
    assert results["icu"].tier.hours_since_worst == 3.0
    assert results["outpatient"].tier.hours_since_worst < 3.0


def test_no_more_than_a_few_cases_are_kept():
    engine = anew()

    for case in Patients(hemoptysis()).cases("many", 3 * KEPT):
        engine.assess(replace(case, at=case.at + timedelta(minutes=1)))

    assert len(engine.episodes._kept) == KEPT


def test_words_that_are_the_sign_for_a_written_row_are_told_as_they_are():
    case = patient("ed", NORMAL)
    words = "\x01"
    (known,) = case.facts["spo2"]
    odd: Observation = replace(known, entered=words)

    text = hemoptysis().assess(replace(case, facts={**case.facts, "spo2": (odd,)})).dumps()

    assert json.loads(text)["facts"]["spo2"]["entered"] == words


def test_json_text_is_the_same_whether_its_rows_were_written_before_or_not():
    engine = anew()
    for number in range(20):
        result = engine.assess(patients().case("rows", number))

        assert result.dumps() == json.dumps(result.to_json(), ensure_ascii=False)
        assert json.loads(result.dumps(indent=1, ascii=True)) == result.to_json()
