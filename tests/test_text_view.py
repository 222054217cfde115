"""What a tired clinician reads: the order of the first screen, what it must never say, what it must not leave out."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from clinical_commander.engine.assessment import Assessment
from clinical_commander.engine.case import Case
from clinical_commander.engine.read_case import case_from_mapping, read_case
from clinical_commander.render.dossier_json import dossier_json
from clinical_commander.render.dossier_page import PARTS, dossier_page
from clinical_commander.render.text import assessment_text, first_screen
from clinical_commander.render.to_do import STEPS_AT_MOST
from tests.fixtures import DOSSIER, EXAMPLES, NORMAL, NOTHING_ELSE, SETTINGS, assess, engine, patient

CASES = sorted(path for path in EXAMPLES.glob("*.yaml") if path.name != "expectations.yaml")
ANSI = "\x1b["


def example(name: str) -> Assessment:
    return assess(read_case(EXAMPLES / f"{name}.yaml", engine().dossier))


def screen(result: Assessment, width: int = 1000) -> str:
    return first_screen(result, engine().dossier, width)


def page(result: Assessment, width: int = 1000) -> str:
    return assessment_text(result, engine().dossier, width)


def line(text: str, start: str) -> str:
    return next((row.strip() for row in text.splitlines() if row.strip().startswith(start)), "")


def headings(text: str) -> list[str]:
    return [row for row in text.splitlines() if row and row == row.upper() and row[0].isalpha()]


# --- the first screen


def test_the_first_line_says_that_nobody_has_reviewed_this() -> None:
    assert page(example("tb-04")).splitlines()[0] == "UNREVIEWED CONTENT, FOR EVALUATION"


def test_tier_why_actions_questions_and_what_cannot_be_excluded_stand_in_this_order() -> None:
    text = screen(example("tb-04"))

    places = [
        text.index(h) for h in ("BLEEDING TIER NOW", "\nWHY\n", "\nDO NOW\n", "\nASK NEXT\n", "\nCANNOT EXCLUDE\n")
    ]

    assert places == sorted(places)


def test_a_settled_tier_is_named_with_its_shape() -> None:
    assert line(screen(example("tb-04")), "BLEEDING TIER NOW") == "BLEEDING TIER NOW [■■■] MASSIVE BLEEDING"


def test_a_small_volume_alone_is_never_answered_by_the_lowest_tier() -> None:
    text = screen(example("constructed-unmeasured"))

    assert line(text, "BLEEDING TIER NOW") == "BLEEDING TIER NOW [???] CANNOT EXCLUDE MASSIVE BLEEDING"
    assert line(text, "missing").startswith("missing: SpO2, Oxygen device, Systolic BP")
    assert [row for row in text.splitlines() if "mild" in row.lower()] == [
        "  still possible: mild, submassive, massive"
    ]


def test_a_floor_above_the_lowest_tier_is_said() -> None:
    result = assess(patient(estimated_volume_24h="60 mL"))

    assert "at least submassive bleeding" in screen(result)


@pytest.mark.parametrize("path", CASES, ids=lambda p: p.stem)
def test_while_the_tier_is_open_its_lowest_value_is_no_answer(path: Path) -> None:
    base = read_case(path, engine().dossier)
    lowest = engine().dossier.tier.values[0].id
    for case in (base, *(without(base, name) for name in engine().dossier.tier.must_know)):
        result = assess(case)
        if not result.tier.settled:
            rows = [row for row in screen(result).splitlines() if lowest in row.lower()]
            assert all("still possible" in row for row in rows)


@pytest.mark.parametrize("path", CASES, ids=lambda p: p.stem)
def test_the_first_screen_says_nothing_that_is_banned_while_the_ban_holds(path: Path) -> None:
    base = read_case(path, engine().dossier)
    for setting in ("ed", "home", "icu"):
        for case in (base, without(base, "spo2"), without(base, "estimated_volume_24h")):
            assert banned(replace(case, setting=setting)) == []


def without(case: Case, fact: str) -> Case:
    return replace(case, facts={name: o for name, o in case.facts.items() if name != fact})


def banned(case: Case) -> list[str]:
    """The banned phrases on the first screen. Lists of facts and of possible values are no advice."""
    result = assess(case)
    labels = sorted((f.label for f in engine().dossier.facts.values()), key=len, reverse=True)
    rows = [row for row in screen(result, 10_000).splitlines() if "still possible" not in row]
    text = re.sub("|".join(map(re.escape, labels)), "", "\n".join(rows))
    reader = engine().situations.at(case, case.at, None, {}).fresh.reader
    found = []
    for ban in engine().dossier.bans:
        if ban.when is None or reader.must(engine().program.pair(ban.when)):
            left = re.sub("|".join(map(re.escape, ban.allowed)) or r"(?!)", "", text, flags=re.IGNORECASE)
            found += [p for p in ban.phrases if re.search(rf"\b{re.escape(p)}\b", left, re.IGNORECASE)]
    return found


def test_why_gives_the_rule_in_words_with_the_patients_own_value_and_its_age() -> None:
    at = "2026-11-01T08:00:00+00:00"
    spo2 = {"value": "84 %", "at": "2026-11-01T07:55:00+00:00"}
    case = case_from_mapping(
        {"setting": "ed", "at": at, "facts": {**NORMAL, "age": "50 years", "spo2": spo2}}, engine().dossier
    )

    text = screen(assess(case))

    assert "the oxygen saturation is below the limit of severe hypoxia (90 %)" in text
    assert "SpO2 84 % (" in text
    assert "5 min" in line(text, "SpO2 84 %")


def test_only_the_part_of_a_rule_that_holds_is_given_as_the_reason() -> None:
    text = screen(
        assess(patient("ed", NORMAL, NOTHING_ELSE, sbp="80 mmHg", hr="100 /min", estimated_volume_24h="5 mL"))
    )

    assert "the systolic blood pressure is below" in text
    assert "vasopressor" not in text.split("DO NOW")[0].lower()
    assert "severe tachycardia" not in text.split("DO NOW")[0]


def test_a_low_saturation_of_hours_ago_keeps_its_alarm_marked_last_known() -> None:
    text = page(stale("84 %"))

    assert line(text, "BLEEDING TIER NOW") == "BLEEDING TIER NOW [■■■] MASSIVE BLEEDING (by the last known values)"
    assert "SpO2, " in line(text, "worst this episode")
    assert "(last known)" in text.split("ALARMS")[1]


def test_a_good_saturation_of_hours_ago_calms_nothing() -> None:
    text = screen(stale("97 %"))

    assert "CANNOT EXCLUDE MASSIVE BLEEDING" in line(text, "BLEEDING TIER NOW")
    assert line(text, "missing").startswith("missing: SpO2 (last value 97 %, ")


def stale(spo2: str) -> Assessment:
    facts = {**NORMAL, **NOTHING_ELSE, "age": "50 years", "estimated_volume_24h": "5 mL"}
    facts["spo2"] = {"value": spo2, "at": "2026-11-01T05:00:00+00:00"}
    return assess(
        case_from_mapping({"setting": "ed", "at": "2026-11-01T08:00:00+00:00", "facts": facts}, engine().dossier)
    )


# --- do now


def do_now(result: Assessment) -> list[str]:
    """The lines of DO NOW."""
    return screen(result).split("\nDO NOW\n")[1].split("\n\n")[0].splitlines()


def limits(rows: list[str], sign: str) -> list[float]:
    """The time limits of the lines with this sign, in minutes, read by hand; without one, infinite."""
    scale = {"min": 1, "h": 60, "d": 1440}
    found = [re.match(rf"  {re.escape(sign)} +(?:(\d+) (min|h|d))?  ", row) for row in rows]
    return [float(m[1]) * scale[m[2]] if m[1] else float("inf") for m in found if m]


MASSIVE_CASES = {
    "tuberculosis, shock": lambda: example("tb-04"),
    "half a cup": lambda: example("constructed-half-cup"),
    "warfarin": lambda: example("constructed-warfarin-massive"),
    "on the ward": lambda: assess(patient("inpatient", NORMAL, spo2="84 %", airway_compromise=True)),
    "at home": lambda: assess(patient("home", NORMAL, estimated_volume_24h="300 mL")),
    "in intensive care": lambda: assess(patient("icu", NORMAL, estimated_volume_24h="300 mL", tracheostomy=True)),
}


@pytest.mark.parametrize("who", MASSIVE_CASES)
def test_what_is_to_be_done_stands_in_the_order_of_its_time_limits(who: str) -> None:
    found = limits(do_now(MASSIVE_CASES[who]()), "□")

    assert len(found) > 5
    assert found == sorted(found)


@pytest.mark.parametrize("who", MASSIVE_CASES)
def test_of_two_actions_with_one_time_limit_the_airway_comes_first(who: str) -> None:
    result = MASSIVE_CASES[who]()
    stat = [a for a in result.actions if a.priority == "stat" and a.state == "do" and a.within]

    by_limit: dict[str, list[bool]] = {}
    for action in stat:
        # By the names: posture, suction and tube begin so, as two prohibitions do; the call brings who has the airway.
        airway = (action.id.startswith("airway.") and action.verb != "avoid") or action.id == "call.emergency_team"
        by_limit.setdefault(action.within, []).append(airway)
    assert [w for w, found in by_limit.items() if found != sorted(found, reverse=True)] == []
    assert any(sum(found) < len(found) and any(found) for found in by_limit.values())


def test_what_must_never_be_done_stands_apart_from_what_is_to_be_done() -> None:
    rows = do_now(example("tb-04"))
    place = rows.index("  do not:")

    assert rows[place + 1].strip() == "• No NIV or CPAP while blood can flood the airway."
    assert not [row for row in rows[:place] if "□" in row and row.split("  ")[-1].startswith("No ")]


def test_a_step_that_waits_stands_under_the_question_it_waits_for() -> None:
    rows = do_now(example("tb-04"))
    question = next(q for q in engine().dossier.questions if q.id == "side")

    place = rows.index(f"  ask first: {question.text}")
    assert "Turn the patient with the confirmed bleeding side down" in rows[place + 1]
    assert "ask:" not in rows[place + 2]  # the heading has said it


def test_a_step_that_waits_for_more_than_one_question_names_the_rest() -> None:
    rows = do_now(example("tb-04"))
    place = next(i for i, row in enumerate(rows) if "bronchoscopy first" in row)

    assert "Limits of care" in rows[place + 1]


@pytest.mark.parametrize("setting", SETTINGS)
def test_while_nothing_is_known_the_first_screen_does_not_flood(setting: str) -> None:
    rows = do_now(assess(patient(setting, age="34 years", estimated_volume_24h="10 mL")))

    asked = [row for row in rows if row.startswith("  ?")]
    assert len(asked) <= STEPS_AT_MOST * sum(row.startswith("  ask first") or "for the tier" in row for row in rows)
    assert len(rows) < 30


@pytest.mark.parametrize("setting", SETTINGS)
def test_what_the_first_screen_leaves_out_is_counted_and_stands_below(setting: str) -> None:
    result = assess(patient(setting, age="34 years", estimated_volume_24h="10 mL"))
    rows = do_now(result)
    waiting = [a for a in result.actions if a.priority == "stat" and a.state == "ask_first"]
    steps = [p for p in result.plan if p.priority == "stat" and p.action is None and p.state == "ask_first"]

    shown = sum(row.startswith("  ?") for row in rows)
    more = sum(int(m[1]) for row in rows if (m := re.search(r"and (\d+) more, in the plan below", row)))

    assert shown + more == len(waiting) + len(steps)
    below = page(result).split("\nPLAN: ")[1]
    for action in waiting:
        texts = {action.text, *(p.text for p in result.plan if p.action == action.id)}
        assert any(text in row for text in texts for row in [*rows, *below.splitlines()]), action.id


@pytest.mark.parametrize("path", CASES, ids=lambda p: p.stem)
@pytest.mark.parametrize("setting", SETTINGS)
def test_every_action_that_is_proposed_stands_somewhere_on_the_page(path: Path, setting: str) -> None:
    result = assess(replace(read_case(path, engine().dossier), setting=setting))
    text = page(result, 100_000)

    for action in result.actions:
        if action.state in ("do", "ask_first"):
            texts = {action.text, *(p.text for p in result.plan if p.action == action.id and p.state == action.state)}
            assert any(said in text for said in texts), action.id


def test_of_what_holds_an_action_back_only_the_part_that_holds_is_given() -> None:
    [row] = [row for row in do_now(example("tb-04")) if "withheld: Embolize" in row]

    assert "bronchial embolization is not the answer to this source" in row
    assert "comfort" not in row


def test_what_an_answer_could_change_is_said_in_words() -> None:
    for path in CASES:
        result = assess(read_case(path, engine().dossier))
        part = screen(result).partition("\nASK NEXT\n")[2].partition("\nCANNOT EXCLUDE\n")[0]
        assert not re.search(r"\b[a-z]+[._][a-z_]+\b", part), path.stem


def test_what_is_held_back_says_why_in_words() -> None:
    result = assess(patient("ed", NORMAL, spo2="84 %", anticoagulant="warfarin", treatment_limits="comfort_only"))
    held = [row for row in screen(result).splitlines() if "withheld:" in row]

    assert held
    assert all("comfort care only" in row for row in held)
    assert not any("comfort_only" in row for row in held)


def test_no_more_than_three_are_named_under_cannot_exclude() -> None:
    text = screen(assess(patient(estimated_volume_24h="10 mL")))
    part = text[text.index("\nCANNOT EXCLUDE\n") : text.index("Not asked")]

    assert part.count("▲") == 3
    assert "streaks" not in part.lower()


def test_contradictory_statements_stand_side_by_side() -> None:
    text = screen(assess(patient("ed", NORMAL, estimated_volume_24h="5 mL", cxr_normal=True, cxr_mass=True)))

    assert "\nCONFLICTS\n" in text
    assert "Chest X-ray normal; Mass on film" in text


def test_a_child_gets_the_reason_and_the_emergency_card() -> None:
    text = screen(assess(patient(age="5 years", estimated_volume_24h="5 mL")))

    assert engine().dossier.scope.out_text in text
    assert all(card.text in text for card in engine().dossier.emergency_card)
    assert "MILD" not in text


# --- the rest of the page


def test_the_rest_follows_in_order() -> None:
    found = headings(page(example("tb-04")))

    wanted = ["PHASES", "PLAN: EMERGENCY DEPARTMENT", "ALARMS", "HAND OVER TO", "PLACE OF CARE", "FACTS", "SOURCES"]
    assert [h for h in found if h in wanted] == wanted


def test_a_route_to_a_dossier_that_is_not_installed_says_so_and_hands_over() -> None:
    text = page(example("tb-04"))

    assert re.search(r"pulm\.tuberculosis\.v1 \[.+\]", text)
    assert "use the local tuberculosis pathway" in text


def test_an_open_place_of_care_lists_what_is_possible_and_what_would_settle_it() -> None:
    text = page(example("constructed-stale"))
    part = text[text.index("\nPLACE OF CARE\n") :]

    assert "place of care still open: home, " in part
    assert "could still change it: SpO2" in part


def test_each_source_has_its_year_kind_and_state() -> None:
    part = page(example("tb-04")).split("\nSOURCES\n")[1]
    rows = [row for row in part.splitlines() if row.strip().startswith("•")]

    assert len(rows) > 10
    assert all(row.endswith(": not reviewed") for row in rows)


def test_a_converted_value_keeps_what_was_entered() -> None:
    text = page(assess(patient(estimated_volume_24h="2 cups")))

    assert re.search(r"Blood in 24 h: 47[0-9] mL \(.*2 cups", text)


# --- on any terminal


@pytest.mark.parametrize("width", [40, 72, 100, 120])
def test_no_line_is_wider_than_the_terminal(width: int) -> None:
    for text in (page(example("tb-04"), width), page(example("constructed-unmeasured"), width)):
        assert max(map(len, text.splitlines())) <= width


def test_a_plain_terminal_gets_ascii_only() -> None:
    text = assessment_text(example("tb-04"), engine().dossier, unicode=False)

    assert text.isascii()
    assert "BLEEDING TIER NOW [###] MASSIVE BLEEDING" in text


def test_there_is_colour_only_where_it_is_asked_for_and_it_changes_no_word() -> None:
    result = example("tb-04")
    plain = assessment_text(result, engine().dossier, 100)
    coloured = assessment_text(result, engine().dossier, 100, colour=True)

    assert ANSI not in plain
    assert ANSI in coloured
    words = re.sub(r"\x1b\[[0-9;]*m", "", coloured).split()
    assert words == plain.split()


def test_what_was_entered_cannot_steer_the_terminal() -> None:
    case = patient(estimated_volume_24h="> 200 mL")
    hostile = replace(case.facts["estimated_volume_24h"][-1], entered="> 200\x1b[2J\u202e mL")
    text = page(assess(replace(case, facts={**case.facts, "estimated_volume_24h": (hostile,)})))

    assert "\x1b" not in text
    assert "\u202e" not in text


# --- the dossier as a page


def test_the_page_of_a_dossier_holds_every_item_of_it() -> None:
    dossier = engine().dossier
    text = dossier_page(dossier, width=100_000)

    for items in (
        dossier.entry_points,
        dossier.inputs,
        dossier.triggers,
        dossier.rules,
        dossier.thresholds,
        dossier.tools,
    ):
        for id in items:
            assert f"({id})" in text
    for phase in dossier.phases:
        assert f"({phase.id})" in text
    for citation in dossier.citations.values():
        assert f"{citation.id}: " in text
    for texts in ([c.text for c in dossier.conflicts], [c.text for c in dossier.emergency_card]):
        assert [t for t in texts if t not in text] == []
    steps = [s for p in dossier.playbooks.values() for r in p.rows for stage in r.stages.values() for s in stage]
    assert [s.path for s in steps if not s.choose and (s.text or s.do).rstrip(".") not in text] == []


def test_the_page_shows_the_claim_of_the_source_beside_the_correction() -> None:
    dossier = engine().dossier
    text = dossier_page(dossier, width=100_000, parts=("inputs",))

    assert all(i.source_says in text and i.rationale in text for i in dossier.inputs.values())


def test_a_block_is_written_out_once() -> None:
    text = dossier_page(engine().dossier, width=100_000, parts=("blocks",))

    assert text.count("\n  M1:\n") == 1


def test_every_part_of_the_page_can_be_shown_alone() -> None:
    for part in PARTS:
        text = dossier_page(engine().dossier, parts=(part,))
        assert text.startswith("UNREVIEWED CONTENT")
        assert len(text.splitlines()) > 2, part


def test_the_dossier_as_data_has_every_condition_in_words() -> None:
    data = dossier_json(engine().dossier)
    rule = data["rules"]["new_oxygen_need"]["when"]

    assert rule["text"].startswith("oxygen_device <> 'room_air'")
    assert rule["says"].startswith("the oxygen device is not room air")
    assert data["id"] == DOSSIER.name
