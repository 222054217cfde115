"""UX-22: what would change the tier. Each statement is tried on the changed case by the whole engine."""

from __future__ import annotations

import json
import math
import random
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from html import unescape

import pytest
from fastapi.testclient import TestClient

from clinical_commander.cli.main import main
from clinical_commander.engine.assessment import Assessment
from clinical_commander.engine.case import Case
from clinical_commander.engine.counterfactual import Change, Counterfactual, changed
from clinical_commander.engine.situation import Possible
from clinical_commander.render.what_would_change import sentence
from clinical_commander.render.words import Words
from clinical_commander.service.app import create_app
from tests.desks import desk
from tests.fixtures import EXAMPLES, NORMAL, patient
from tests.generate import examples, hemoptysis, patients, tell, without

CASES = 200
FACTS = hemoptysis().dossier.facts
MUST_KNOW = hemoptysis().dossier.tier.must_know
MILD = patient("ed", NORMAL, estimated_volume_24h="10 mL")


def found_for(case: Case) -> tuple[Assessment, Sequence[Counterfactual]]:
    result = hemoptysis().assess(case)
    return result, hemoptysis().counterfactuals.of(case, result)


def single_values(change: Change, rng: random.Random) -> Iterator[Possible]:
    """Values inside what a change states: both ends and one between, each code, each truth."""
    possible, fact = change.possible, FACTS[change.fact]
    if fact.kind == "boolean":
        yield possible
    elif fact.kind == "code":
        yield from (Possible(codes=frozenset({code})) for code in sorted(possible.codes))
    else:
        ends = fact.range or (0.0, 1000.0)
        low = possible.low if math.isfinite(possible.low) else ends[0]
        high = possible.high if math.isfinite(possible.high) else max(ends[1], low)
        between = round(rng.uniform(low, high), 0 if fact.kind == "integer" else fact.decimals)
        for value in dict.fromkeys((low, high, min(max(between, low), high))):
            yield Possible(low=value, high=value)


def holds(case: Case, one: Counterfactual, rng: random.Random) -> None:
    """The tier is as stated: with what is stated, and with single values inside it."""
    after = hemoptysis().assess(changed(case, FACTS, one.changes)).tier
    assert (after.settled, after.value) == (True, one.tier), one
    for at, change in enumerate(one.changes):
        for value in single_values(change, rng):
            changes = [*one.changes[:at], Change(change.fact, value, change.says), *one.changes[at + 1 :]]
            after = hemoptysis().assess(changed(case, FACTS, changes)).tier
            assert (after.settled, after.value) == (True, one.tier), (one, value)


@pytest.mark.parametrize("name", examples())
def test_ux_22_each_change_that_is_stated_of_an_example_makes_the_tier_as_stated(name: str) -> None:
    case = examples()[name]

    result, found = found_for(case)

    assert found
    for one in found:
        holds(case, one, random.Random(name))
        assert one.tier != result.tier.value
    if not result.tier.settled:
        assert {"settles"} == {one.way for one in found}


def test_ux_22_each_change_that_is_stated_of_a_random_patient_makes_the_tier_as_stated(
    record_property: Callable[[str, object], None],
) -> None:
    ways: Counter[str] = Counter()
    values = [v.id for v in hemoptysis().dossier.tier.values]
    for number in range(CASES):
        case = patients().case("what would change", number)
        result, found = found_for(case)
        for one in found:
            after = hemoptysis().assess(changed(case, FACTS, one.changes)).tier
            assert (after.settled, after.value) == (True, one.tier), (number, one)
            if one.way != "settles":
                assert result.tier.value is not None
                up = values.index(one.tier) > values.index(result.tier.value)
                assert one.way == ("raises" if up else "lowers")
        ways.update(one.way for one in found)
        if result.tier.settled and result.scope.state != "out":
            assert found, number
    tell(record_property, "statements", dict(ways))
    assert min(ways["settles"], ways["raises"], ways["lowers"]) > 50


def test_ux_22_a_change_that_raises_is_the_nearest_and_one_that_takes_several_facts_takes_each_of_them() -> None:
    checked = 0
    for number in range(60):
        case = patients().case("nearest", number, earlier=False)
        result, found = found_for(case)
        for one in found:
            (first, *others) = one.changes
            for left_out in one.changes if others else ():
                fewer = [c for c in one.changes if c is not left_out]
                after = hemoptysis().assess(changed(case, FACTS, fewer)).tier
                assert (after.settled, after.value) != (True, one.tier), (number, left_out)
                checked += 1
            fact = FACTS[first.fact]
            if others or fact.kind != "number" or one.way != "raises":
                continue
            known = result.facts[first.fact].value if first.fact in result.facts else None
            if not isinstance(known, float):
                continue
            step = 10.0**-fact.decimals
            before = first.possible.low - step if first.possible.low > known else first.possible.high + step
            value = Possible(low=before, high=before)
            after = hemoptysis().assess(changed(case, FACTS, [Change(first.fact, value, first.says)])).tier
            assert after.value != one.tier, (number, one)
            checked += 1
    assert checked > 60


def test_ux_22_of_streaks_in_a_well_patient_the_limits_of_the_dossier_are_told() -> None:
    limits = {name: t.value for name, t in hemoptysis().dossier.thresholds.items()}

    _, found = found_for(MILD)

    told = {one.changes[0].fact: (one.changes[0].possible, one.tier) for one in found}
    assert told["estimated_volume_24h"] == (
        Possible(low=limits["submassive_volume"], high=limits["massive_volume"] - 1),
        "submassive",
    )
    assert told["spo2"] == (Possible(low=0.0, high=limits["severe_hypoxia"] - 1), "massive")


@pytest.mark.parametrize("fact", MUST_KNOW)
def test_ux_22_without_a_deciding_fact_no_statement_makes_the_tier_mild_without_it(fact: str) -> None:
    case = without(MILD, fact)

    result, found = found_for(case)

    assert not result.tier.settled
    assert "massive" in {one.tier for one in found}
    mild = [one for one in found if one.tier == "mild"]
    assert mild
    assert all(fact in {c.fact for c in one.changes} for one in mild)
    for one in found:
        holds(case, one, random.Random(fact))


def test_ux_22_a_value_past_its_window_is_measured_again_and_the_memory_of_a_major_bleed_stays() -> None:
    case = examples()["constructed-stale"]
    _, found = found_for(case)
    assert {one.tier for one in found} == {"mild", "massive"}

    before = replace(patient("ed", NORMAL, estimated_volume_24h="10 mL", spo2="84 %"), at=MILD.at)
    after = hemoptysis().assess(changed(case := _later(before), FACTS, [_saturation(98.0)])).tier
    lowers = [one for one in found_for(case)[1] if one.way == "lowers"]

    assert after.value == "submassive", "a major bleed an hour ago is never below submassive"
    assert {one.tier for one in lowers} == {"submassive"}


def _later(case: Case) -> Case:
    """The same statements, ten minutes on."""
    from datetime import timedelta

    return replace(case, at=case.at + timedelta(minutes=10))


def _saturation(value: float) -> Change:
    (one,) = [o for o in found_for(MILD)[1] if o.changes[0].fact == "spo2"]
    return replace(one.changes[0], possible=Possible(low=value, high=value))


def test_ux_22_of_a_child_no_tier_is_spoken_of_and_no_change_is_stated() -> None:
    result, found = found_for(patient("ed", NORMAL, age="5 years", estimated_volume_24h="10 mL"))

    assert result.tier.withheld
    assert found == ()


def test_ux_22_the_page_says_each_statement_under_its_heading_and_none_of_a_child() -> None:
    client = TestClient(create_app(desk()))
    words = Words(hemoptysis().dossier)
    form = {f"v.{n}": str(v).split(" ")[0] for n, v in NORMAL.items() if isinstance(v, str)}
    form |= {"v.airway_compromise": "no", "v.estimated_volume_24h": "10", "v.age": "52"}

    page = unescape(client.post("/", data=form).text)

    told = [sentence(one, words) for one in found_for(MILD)[1]]
    assert len(told) >= 3
    for said in told:
        assert f'<span class="text">{said}</span>' in page
    assert 'id="what-would-change"' in page
    assert 'id="what-would-change"' not in client.post("/", data={**form, "v.age": "5"}).text


def test_ux_22_the_command_says_the_same_as_text_and_as_data(capsys: pytest.CaptureFixture[str]) -> None:
    case = str(EXAMPLES / "constructed-mild.yaml")

    assert main(["explain", case, "--region", "high_income", "--json"]) == 0
    data = json.loads(capsys.readouterr().out)["what_would_change"]
    assert main(["explain", case, "--region", "high_income", "--width", "4000"]) == 0
    text = capsys.readouterr().out

    assert "WHAT WOULD CHANGE THE TIER" in text
    for one in data:
        assert one["text"] in text
    hypoxia = next(one for one in data if one["changes"][0]["fact"] == "spo2")
    assert hypoxia["tier"] == "massive"
    assert hypoxia["changes"] == [{"fact": "spo2", "low": None, "high": 89.0, "unit": "%"}]
