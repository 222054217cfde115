"""What must hold for every patient, over generated ones: missing, time and worse signs never make an answer lower.

Each test prints how many of its cases could have failed it, and fails where these are fewer than 500. A case that fails
is made small and told as a case file. `pytest -rP` shows what was printed; it stands in the report of each test too.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta

from clinical_commander.dossier.model import Fact, Trigger
from clinical_commander.engine.answers import Range
from clinical_commander.engine.assess import Engine
from clinical_commander.engine.assessment import Assessment, TriggerReport
from clinical_commander.engine.case import Case, Observation
from clinical_commander.engine.situation import Situation
from clinical_commander.program.reads import modal_facts
from tests.generate import (
    ILLNESSES,
    KNOWLEDGE,
    NOT_VACUOUS_AT_LEAST,
    between,
    exact,
    examples,
    facts_in,
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
LIVE = ("do", "ask_first")
REASSURING_ACTIONS = ("place.home", "educate.leaflet", "isolate.lift")
CARE_OUTSIDE_HOSPITAL = frozenset(("home", "outpatient"))
REBLEED_WATCH_HOURS = 72  # rebleed_watch of the dossier; the expected figure, on purpose not read from it
SETTINGS = ("home", "outpatient", "ed", "inpatient", "icu")
ONE_RULE = [i for i in ILLNESSES if i.one_rule]
RUNNING_OUT = next(k for k in KNOWLEDGE if k.expiring)
TOLD = next(k for k in KNOWLEDGE if k.name == "told")


# ------------------------------------------------------------------------------------------------ what is missing


def test_a_deciding_sign_nobody_measured_never_makes_the_highest_possible_tier_lower(record_property: Record) -> None:
    engine = hemoptysis()
    counted: Counter[str] = Counter()

    for case in patients().cases("deciding sign removed", 400):
        before = tier_of(engine, case)
        known = [name for name in engine.dossier.tier.must_know if informative(case, name)]
        for name in random.Random(case.name).sample(known, min(3, len(known))):

            def lowered(case: Case, name: str = name) -> bool:
                return tier_of(engine, without(case, name)).high < tier_of(engine, case).high

            after = tier_of(engine, without(case, name))
            assert after.high >= before.high, told(smallest(case, lowered), removed=name)
            counted[name] += before.high > 0  # what is lowest already cannot be made lower

    tell(record_property, "deciding sign removed, not vacuous", f"{counted.total()} {dict(counted)}")
    assert set(counted) == set(engine.dossier.tier.must_know)
    assert counted.total() >= NOT_VACUOUS_AT_LEAST


# What makes each exemption matter, and one value of the exempting facts that raises by itself.
_EXEMPTED: Mapping[str, tuple[tuple[str, tuple[str, ...]], ...]] = {
    "home_oxygen": (("oxygen_device", ("nasal_cannula", "simple_mask", "niv")),),
    "lung_procedure_kind": (("lung_procedure_kind", ("tracheostomy",)),),
    "days_since_lung_procedure": (("lung_procedure_kind", ("tracheostomy",)),),
}
_RAISES_TOO = {"lung_procedure_kind": "pulmonary_artery_catheter"}


def test_an_exemption_nobody_asked_about_never_makes_the_highest_possible_tier_lower(record_property: Record) -> None:
    """What excuses a sign is unknown, so the sign counts.

    Home oxygen and a tracheostomy among the procedures also raise, by what they say of the patient: little reserve, a
    tracheostomy (constraints of the catalogue). What follows from the exempting fact therefore stays stated when the
    fact is taken away; and a pulmonary-artery catheter, a herald source, is not tried as an exemption. That taking such
    signs away never lowers below what the rest gives is `test_a_raising_sign_...`.
    """
    engine = hemoptysis()
    dossier = engine.dossier
    counted: Counter[str] = Counter()

    def shorn(case: Case, name: str) -> Case | None:
        said = stated(case).get(name)
        if said is None or (said.codes is not None and _RAISES_TOO.get(name) in said.codes):
            return None
        kept = [
            _said(dossier.facts[other], known.possible, said)
            for other, known in situation_of(engine, case).last.known.items()
            if name in known.implied_by and other not in case.facts and known.possible.settled(dossier.facts[other])
        ]
        return with_fact(without(case, name), *kept)

    names = tuple(dossier.tier.exempts)
    for number in range(900):
        name = names[number % len(names)]
        case = _exempted(patients().case("exemption removed", number), name)
        less = shorn(case, name)
        if less is None:
            continue

        def lowered(case: Case, name: str = name) -> bool:
            less = shorn(case, name)
            return less is not None and tier_of(engine, less).high < tier_of(engine, case).high

        before, after = tier_of(engine, case), tier_of(engine, less)
        assert after.high >= before.high, told(smallest(case, lowered), removed=name)
        counted[name] += before.high > 0
        counted["it made a difference"] += before != after

    tell(record_property, "exemption removed, not vacuous", f"{counted.total()} {dict(counted)}")
    assert set(names) <= set(counted)
    assert counted["it made a difference"] >= 100
    assert sum(counted[name] for name in names) >= NOT_VACUOUS_AT_LEAST


def _exempted(case: Case, name: str) -> Case:
    """The case with what makes this exemption matter: a device at home, a low usual saturation, an old tracheostomy."""
    rng, facts = random.Random(case.name), patients().dossier.facts
    when = case.at
    made = [exact(facts[other], rng.choice(codes), when) for other, codes in _EXEMPTED.get(name, ())]
    if name == "home_oxygen":
        made.append(exact(facts[name], True, when))
    elif name == "baseline_spo2":
        spo2 = float(rng.randint(80, 94))
        made += [exact(facts["spo2"], spo2, when), exact(facts[name], spo2 + rng.randint(-3, 4), when)]
    else:
        days = float(rng.choice((41, 42, 43, 100)))
        made += [exact(facts["tracheostomy"], True, when), exact(facts["days_since_lung_procedure"], days, when)]
    return with_fact(case, *made)


def _said(fact: Fact, possible: object, like: Observation) -> Observation:
    """What is possible of a settled fact, as a statement of the same time."""
    if fact.kind == "boolean":
        return exact(fact, next(iter(possible.truths)), like.at)  # type: ignore[attr-defined]
    if fact.kind == "code":
        return exact(fact, next(iter(possible.codes)), like.at)  # type: ignore[attr-defined]
    return exact(fact, possible.low, like.at)  # type: ignore[attr-defined]


def test_a_raising_sign_nobody_asked_about_takes_nothing_away_that_rests_on_others(record_property: Record) -> None:
    """Unknown is never calmer than known to be absent.

    "What the rest gives" is what comes out where the sign is known not to be there: the tier without the sign is at
    least that, at both ends, and a STAT action that stands both with the sign and where it is absent rested on others,
    so it still stands where nobody asked.
    """
    engine = hemoptysis()
    dossier = engine.dossier
    raising = _raising(engine)
    counted: Counter[str] = Counter()

    def judge(case: Case, name: str) -> tuple[Assessment, Assessment, Assessment] | None:
        said = stated(case).get(name)
        if said is None or not _raised(dossier.facts[name], said):
            return None
        calm = engine.assess(with_fact(case, _calm(dossier.facts[name], said)))
        if any(c.kind == "facts" for c in calm.conflicts):
            return None  # another statement implies the sign: it cannot be absent
        return engine.assess(case), engine.assess(without(case, name)), calm

    def lost(case: Case, name: str) -> str:
        found = judge(case, name)
        if found is None:
            return ""
        present, unasked, absent = found
        order = [v.id for v in dossier.tier.values]
        if any(order.index(unasked.tier.possible[end]) < order.index(absent.tier.possible[end]) for end in (0, -1)):
            return f"tier {unasked.tier.possible} where nobody asked, {absent.tier.possible} where it is absent"
        others = _stat(present) & _stat(absent)
        counted["signs"] += 1
        counted["signs that made a difference"] += _stat(present) != _stat(absent) or present.tier != absent.tier
        counted["stat actions kept"] += len(others)
        return f"STAT {sorted(others - _stat(unasked))} withdrawn" if others - _stat(unasked) else ""

    for case in patients().cases("raising sign removed", 480):
        latest = stated(case)
        there = [n for n in raising if n in latest and len(case.facts[n]) == 1 and _raised(dossier.facts[n], latest[n])]
        for name in random.Random(case.name).sample(there, min(2, len(there))):
            why = lost(case, name)
            assert not why, told(smallest(case, lambda c, name=name: bool(lost(c, name))), removed=name, why=why)

    tell(record_property, "raising sign removed, not vacuous", dict(counted))
    assert counted["signs"] >= NOT_VACUOUS_AT_LEAST
    assert counted["stat actions kept"] >= NOT_VACUOUS_AT_LEAST


def _raising(engine: Engine) -> list[str]:
    """The facts that enter the tier or a trigger only where they are known: they raise, and nobody must ask."""
    dossier, lowering = engine.dossier, engine.program.references
    found: set[str] = set()
    exempt = set(dossier.tier.exempts).union(*(t.exempts for t in dossier.triggers.values()))
    for value in dossier.tier.values:
        found |= set(modal_facts(lowering, value.when.expr)) - set(dossier.tier.must_know)
    for trigger in dossier.triggers.values():
        found |= set(modal_facts(lowering, trigger.when.expr)) - set(trigger.must_know)
    return sorted((found - exempt - set(dossier.tier.must_know)) & set(dossier.facts))


def _raised(fact: Fact, said: Observation) -> bool:
    if fact.kind == "boolean":
        return said.truth is (fact.worse != "false")
    if fact.kind == "code":
        return said.codes != frozenset({next(iter(fact.codes))})
    low, high = patients().calm(fact)
    return said.low is not None and said.high is not None and not low <= said.low <= said.high <= high


def _calm(fact: Fact, said: Observation) -> Observation:
    """The statement that the sign is not there."""
    if fact.kind == "boolean":
        return exact(fact, fact.worse == "false", said.at)
    if fact.kind == "code":
        return exact(fact, next(iter(fact.codes)), said.at)
    low, high = patients().calm(fact)
    return exact(fact, low if fact.worse == "high" else high, said.at)


def _stat(assessment: Assessment) -> set[str]:
    return {a.id for a in assessment.actions if a.state == "do" and a.priority == "stat"}


# ---------------------------------------------------------------------------------------------- missing is never normal


def test_removing_a_fact_of_a_published_patient_never_makes_an_alarm_quiet(record_property: Record) -> None:
    engine = hemoptysis()
    counted: Counter[str] = Counter()

    for case in examples().values():
        before = engine.assess(case)
        for name in case.facts:
            _assert_missing_is_not_normal(engine, case, before, name, counted)

    tell(record_property, "fact of a published patient removed, not vacuous", dict(counted))
    assert counted["facts removed"] >= NOT_VACUOUS_AT_LEAST


def test_removing_a_fact_of_a_generated_patient_never_makes_an_alarm_quiet(record_property: Record) -> None:
    engine = hemoptysis()
    counted: Counter[str] = Counter()

    for case in patients().cases("one fact removed", 260):
        before = engine.assess(case)
        names = list(case.facts)
        for name in random.Random(case.name).sample(names, min(5, len(names))):
            _assert_missing_is_not_normal(engine, case, before, name, counted)

    tell(record_property, "fact of a generated patient removed, not vacuous", dict(counted))
    assert counted["facts removed"] >= NOT_VACUOUS_AT_LEAST


def _assert_missing_is_not_normal(
    engine: Engine, case: Case, before: Assessment, name: str, counted: Counter[str]
) -> None:
    def fails(case: Case) -> bool:
        return name in case.facts and bool(_became_normal(engine, engine.assess(case), _less(engine, case, name), name))

    after = _less(engine, case, name)
    why = _became_normal(engine, before, after, name)
    assert not why, told(smallest(case, fails), removed=name, why=why)
    counted["facts removed"] += any(t.state != "quiet" for t in before.triggers.values())
    for trigger, report in before.triggers.items():
        now = after.triggers[trigger].state
        if report.state not in {"quiet", now}:
            counted[f"{report.state} -> {now}"] += 1


def _less(engine: Engine, case: Case, name: str) -> Assessment:
    return engine.assess(without(case, name))


def _became_normal(engine: Engine, before: Assessment, after: Assessment, name: str) -> str:
    """What reassures now and did not, because a fact is missing; '' if nothing.

    A trigger may become quiet in two ways only. The fact was one that merely raises it (`IS TRUE`: by design nobody
    must ask it), the trigger fired, every ground it fired on read this fact or one that follows from it, and now the
    fact stands in `not_asked`. Or a higher trigger that it names under `exempts` has taken over. The highest
    disposition may become lower, and a reassuring action may appear, only by a fact that merely raises the disposition,
    and that then stands in its `not_asked`; so with the trigger that reassures.
    """
    dossier = engine.dossier
    follows = {n for n, f in before.facts.items() if f"implied:{name}" in f.origin or name in f.origin.split(",")}
    for trigger, report in before.triggers.items():
        now = after.triggers[trigger]
        if dossier.triggers[trigger].reassures:
            if now.state == "fires" != report.state and not {name, *follows} & set(now.not_asked):
                return f"{trigger} reassures"
            continue
        if report.state == "quiet" or now.state != "quiet":
            continue
        if _taken_over(dossier.triggers[trigger], after.triggers):
            continue
        if not _only_raised(report, now, {name, *follows}):
            return f"{trigger} {report.state} -> quiet"
    if {name, *follows} & set(after.disposition.not_asked):
        return ""
    order = [v.id for v in dossier.disposition.values]
    highest, now_highest = before.disposition.possible[-1:], after.disposition.possible[-1:]
    if highest and now_highest and order.index(now_highest[0]) < order.index(highest[0]):
        return f"disposition {before.disposition.possible} -> {after.disposition.possible}"
    advised = {a.id for a in before.actions if a.state == "do"}
    for action in after.actions:
        if action.id in REASSURING_ACTIONS and action.state == "do" and action.id not in advised:
            return f"{action.id} is advised"
    return ""


def _taken_over(trigger: Trigger, triggers: Mapping[str, TriggerReport]) -> bool:
    """A higher trigger fires that this one makes way for: submassive for massive."""
    return "massive" in trigger.exempts and triggers["massive_life_threatening_hemoptysis"].state == "fires"


def _only_raised(before: TriggerReport, now: TriggerReport, names: set[str]) -> bool:
    return (
        before.state == "fires"
        and not names.isdisjoint(now.not_asked)
        and all(not names.isdisjoint(ground.facts) for ground in before.because)
    )


# -------------------------------------------------------------------------------------------------------- time


def test_time_passing_alone_never_makes_tier_or_place_of_care_lower(record_property: Record) -> None:
    """Nothing is measured, the clock runs on: neither end of tier or disposition falls, and no leaflet is released.

    Said of the rebleed watch. Where the watch of 72 hours ends between the two moments, its own floor under the tier
    ends by design, and the pair is counted apart. From the whole series nothing else is left out.
    """
    engine = hemoptysis()
    counted: Counter[str] = Counter()

    for number in range(1_300):
        # Every second patient has one rule at its limit, and the values of one class are about to expire.
        how = {"illness": ONE_RULE[number // 2 % 2], "knowledge": RUNNING_OUT} if number % 2 else {}
        case = patients().case("time", number, **how)
        now = _answers(engine, case)
        for minutes in (2, random.Random(case.name).choice(_DELAYS)):
            later = _answers(engine, replace(case, at=case.at + timedelta(minutes=minutes)))
            if _watch_ended(now[0], later[0]):
                counted["the watch ended"] += 1
                continue

            def lowered(case: Case, minutes: int = minutes) -> bool:
                now = _answers(engine, case)
                later = _answers(engine, replace(case, at=case.at + timedelta(minutes=minutes)))
                return not _watch_ended(now[0], later[0]) and bool(_released(engine, now, later))

            why = _released(engine, now, later)
            assert not why, told(smallest(case, lowered), minutes_later=minutes, why=why)
            counted["not vacuous"] += now[1].high > 0 or now[2].high > 1
            counted["a fact became stale"] += bool(later[0].stale - now[0].stale)
            counted["in the watch"] += _watch(now[0])

    tell(record_property, "time passed", dict(counted))
    assert counted["not vacuous"] >= NOT_VACUOUS_AT_LEAST
    assert counted["a fact became stale"] >= NOT_VACUOUS_AT_LEAST


_DELAYS = (6, 16, 31, 61, 241, 361, 1_441, 2_000, 4_000, 4_321, 10_100, 60_000, 200_000)
Answers = tuple[Situation, Range, Range, str | None]


def _answers(engine: Engine, case: Case) -> Answers:
    worst, _, situation = engine._episode(case, {})
    ranges = (engine.answers.range(a, situation) for a in (engine.dossier.tier, engine.dossier.disposition))
    return (situation, *ranges, worst)  # type: ignore[return-value]


def _released(engine: Engine, now: Answers, later: Answers) -> str:
    """What time alone has made lower; '' if nothing."""
    for what, a, b in (("tier", now[1], later[1]), ("disposition", now[2], later[2])):
        if b.low < a.low or b.high < a.high:
            return f"{what} {a.possible} -> {b.possible}"
    if _leaflet(later) and not _leaflet(now):
        return "the leaflet is released"
    order = [v.id for v in engine.dossier.tier.values]
    if now[3] is not None and (later[3] is None or order.index(later[3]) < order.index(now[3])):
        return f"worst this episode {now[3]} -> {later[3]}"
    return ""


def _leaflet(answers: Answers) -> bool:
    """The leaflet's own condition, as far as it is built: settled mild, and care outside hospital settled."""
    return answers[1].possible == ("mild",) and set(answers[2].possible) <= CARE_OUTSIDE_HOSPITAL


def _watch(situation: Situation) -> bool:
    known = situation.last.known.get("hours_since_major_bleed")
    return known is not None and known.possible.high < REBLEED_WATCH_HOURS


def _watch_ended(now: Situation, later: Situation) -> bool:
    return _watch(now) and not _watch(later)


# ------------------------------------------------------------------------------------------------------- worse


def test_a_worse_sign_never_makes_the_tier_lower(record_property: Record) -> None:
    """Lower saturation, faster pulse, more blood, a sign that was absent: both ends of the tier stay or rise.

    Under partial knowledge both ends of the stated range move. Facts that only say how long a value counts (bleeding
    now) are tried as well.
    """
    engine = hemoptysis()
    dossier = engine.dossier
    conditions = [*(v.when for v in dossier.tier.values), *dossier.circumstances.values()]
    reads = frozenset().union(*(facts_in(engine, c) for c in conditions))
    signs = [name for name in dossier.facts if name in reads and dossier.facts[name].worse]
    counted: Counter[str] = Counter()

    for number in range(800):
        how = {"illness": ONE_RULE[number % 2], "knowledge": TOLD} if number % 4 == 0 else {}
        case = patients().case("worse", number, **how)
        before = tier_of(engine, case)
        there = [name for name in signs if name in case.facts]
        for name in random.Random(case.name).sample(there, min(3, len(there))):
            worse = _worse(case, name)
            if worse is None:
                continue

            def lowered(case: Case, name: str = name) -> bool:
                worse = _worse(case, name)
                return worse is not None and _below(tier_of(engine, worse), tier_of(engine, case))

            after = tier_of(engine, worse)
            assert not _below(after, before), told(smallest(case, lowered), worse=name, now=worse.facts[name])
            counted[name] += before.high > 0
            counted["of partial values"] += any(o.state == "partial" for o in case.facts[name])
            counted["that raised it"] += after != before

    tell(record_property, "sign made worse, not vacuous", dict(counted))
    assert sum(counted[name] for name in signs) >= NOT_VACUOUS_AT_LEAST
    assert set(signs) <= set(counted)


def _below(a: Range, b: Range) -> bool:
    return a.low < b.low or a.high < b.high


def _worse(case: Case, name: str) -> Case | None:
    """The case with one statement of a fact made worse; None if it cannot be."""
    # The draw depends on the case's name and the fact alone, so that a smaller case is made worse in the same way.
    rng, fact, observations = random.Random(case.name + name), patients().dossier.facts[name], case.facts[name]
    place = -1 if rng.random() < 0.7 else 0
    said = observations[place]
    if fact.kind == "boolean":
        if said.truth is not (fact.worse == "false"):
            return None
        new = exact(fact, not said.truth, said.at)
    else:
        if said.low is None or said.high is None:
            return None
        sign = 1 if fact.worse == "high" else -1
        step, (low, high) = 10.0**-fact.decimals, fact.limits or (0.0, 1e6)
        cuts = [abs(cut - said.low) for cut in patients().cuts.get(name, ())]
        by = rng.choice((step, 2 * step, *cuts, *(c + step for c in cuts), (high - low) * rng.random()))
        ends = [min(max(round(end + sign * by, fact.decimals), low), high) for end in (said.low, said.high)]
        if ends == [said.low, said.high]:
            return None
        new = between(fact, ends[0], ends[1], said.at)
    kept = list(observations)
    kept[place] = new
    return replace(case, facts={**case.facts, name: tuple(kept)})
