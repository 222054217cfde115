"""A case as a whole: its keys, its times, its faults, and whatever else somebody may hand in as a case."""

import contextlib
import json
import re
import textwrap
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clinical_commander.dossier.load import load_dossier
from clinical_commander.dossier.model import Dossier
from clinical_commander.dossier.source import read_yaml
from clinical_commander.engine.case import ActionRecord, Case, Observation
from clinical_commander.engine.read_case import case_from_mapping, dossier_of, read_case
from clinical_commander.engine.site import read_site
from clinical_commander.errors import CaseError, Problem, YamlError

HERE = Path(__file__).parent
DOSSIER = load_dossier(HERE / "cases" / "content" / "dossiers" / "symptom.small.v1")
FACTS = tuple(DOSSIER.facts.values())
SETTINGS = ("home", "ed", "icu", "inpatient", "outpatient")
NOON = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


def read(text: str) -> Case:
    return read_case(text, DOSSIER, name="case.yaml", now=NOON)


def refused(text: str) -> tuple[Problem, ...]:
    with pytest.raises(CaseError) as caught:
        read(text)
    return caught.value.problems


def read_facts(**facts: object) -> Case:
    return case_from_mapping({"setting": "ed", "facts": facts}, DOSSIER, now=NOON)


def only(case: Case) -> Observation:
    ((observation,),) = case.facts.values()
    return observation


def refused_fact(**facts: object) -> Problem:
    with pytest.raises(CaseError) as caught:
        read_facts(**facts)
    (problem,) = caught.value.problems
    return problem


# --- the whole


def test_a_whole_case_is_read() -> None:
    case = read(
        """
        setting: ed
        entry: cough_with_blood
        region: high_income
        at: 2026-11-21T14:05:00+00:00
        facts:
          age: 58 years
          estimated_volume_24h: "> 200 mL"
          spo2: {value: 86 %, at: 2026-11-21T14:01:00+00:00, origin: monitor}
          tb_risk: unknown
          tb_naat: {state: pending}
        actions: {panel.cbc: done, procedure.bae: {state: declined, reason: the patient refuses}}
        recorded: {disposition: {value: ed, reason: no bed}, next_vitals: 15 min}
        dossier: symptom.small.v1
        source: {note: "free text, and any shape", url: [a, b]}
        """
    )

    assert (case.setting, case.entry, case.region, case.dossier) == (
        "ed",
        "cough_with_blood",
        "high_income",
        "symptom.small.v1",
    )
    assert list(case.facts) == ["age", "spo2", "estimated_volume_24h", "tb_naat"]
    assert case.facts["spo2"][0].at == datetime(2026, 11, 21, 14, 1, tzinfo=UTC)
    assert case.facts["spo2"][0].origin == "monitor"
    assert case.facts["age"][0].at == case.at == datetime(2026, 11, 21, 14, 5, tzinfo=UTC)
    assert case.facts["tb_naat"][0].state == "pending"
    assert case.actions == {
        "panel.cbc": ActionRecord("done"),
        "procedure.bae": ActionRecord("declined", "the patient refuses"),
    }
    assert case.recorded == {"disposition": {"value": "ed", "reason": "no bed"}, "next_vitals": {"value": "15 min"}}
    assert case.warnings == ()


def test_yaml_json_and_plain_data_give_the_same_case() -> None:
    data = {
        "setting": "icu",
        "at": "2026-11-21T14:05:00+00:00",
        "facts": {"spo2": "86 %", "inr": 4.6, "afb_smears_negative": 2, "tb_risk": True,
                  "anticoagulant": ["warfarin", "doac"]},
        "actions": {"panel.cbc": "ordered"},
    }  # fmt: skip
    yaml = """
        actions: {panel.cbc: ordered}
        facts: {anticoagulant: [doac, warfarin], tb_risk: true, afb_smears_negative: 2, inr: 4.6, spo2: "86 %"}
        at: 2026-11-21T14:05:00+00:00
        setting: icu
        """

    from_yaml, from_json, from_data = read(yaml), read(json.dumps(data)), case_from_mapping(data, DOSSIER)

    assert replace(from_yaml, facts={}, name="") == replace(from_json, facts={}, name="")
    assert from_json.facts == from_data.facts
    assert [o[0].codes for o in from_yaml.facts.values()] == [o[0].codes for o in from_json.facts.values()]
    assert list(from_yaml.facts) == list(from_json.facts)


# --- times


@pytest.mark.hazard("H20")
@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("2026-11-21T11:00:00", "CC613"),
        ("2026-11-21 11:00", "CC613"),
        ("2026-11-21", "CC612"),
        ("11:00", "CC612"),
        ("yesterday", "CC612"),
        ("21/11/2026 11:00", "CC612"),
        ("2026-13-21T11:00:00Z", "CC612"),
        ("2026-02-29T11:00:00Z", "CC612"),
        ("2026-11-21T11:00:60Z", "CC612"),
        ("2026-11-21T11:00:00+15:00", "CC612"),
        ("0001-01-01T00:00:00+14:00", "CC612"),
        ("20261121T110000Z", "CC612"),
        (1700000000, "CC612"),
    ],
)
def test_a_time_needs_a_date_a_clock_time_and_a_zone(text: object, code: str) -> None:
    assert refused_fact(spo2={"value": "86 %", "at": text}).code == code
    with pytest.raises(CaseError) as caught:
        case_from_mapping({"setting": "ed", "at": text}, DOSSIER)
    assert [p.code for p in caught.value.problems] == [code]


@pytest.mark.hazard("H20")
@pytest.mark.parametrize("minutes", [-10, -1, 0])
def test_a_time_before_the_moment_is_taken(minutes: int) -> None:
    at = NOON + timedelta(minutes=minutes)

    case = read_facts(spo2={"value": "86 %", "at": at.isoformat()})

    assert (only(case).at, case.warnings) == (at, ())


@pytest.mark.hazard("H20")
def test_a_clock_five_minutes_ahead_is_pulled_back_to_the_moment_and_one_second_more_is_refused() -> None:
    ahead = NOON + timedelta(minutes=5)

    case = read_facts(spo2={"value": "86 %", "at": ahead.isoformat()})

    assert only(case).at == NOON
    assert [w.code for w in case.warnings] == ["CC614"]
    assert refused_fact(spo2={"value": "86 %", "at": (ahead + timedelta(seconds=1)).isoformat()}).code == "CC614"


@pytest.mark.hazard("H20")
def test_one_instant_is_one_instant_in_every_zone() -> None:
    # Berlin left summer time at 2026-10-25T03:00+02:00; the clock showed 02:30 twice.
    first, second = "2026-10-25T02:30:00+02:00", "2026-10-25T02:30:00+01:00"

    case = read_facts(sbp=[{"value": "90 mmHg", "at": second}, {"value": "120 mmHg", "at": first}])

    assert [o.low for o in case.facts["sbp"]] == [120, 90]
    assert case.facts["sbp"][0].at == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)


def test_the_moment_defaults_to_now_and_its_zone_is_kept() -> None:
    new_york = timezone(timedelta(hours=-5))

    given_at = case_from_mapping({"setting": "ed", "at": "2026-11-21T07:00:00-05:00"}, DOSSIER)
    before = datetime.now(UTC)
    now = case_from_mapping({"setting": "ed"}, DOSSIER).at

    assert given_at.at == NOON
    assert given_at.at.utcoffset() == new_york.utcoffset(None)
    assert before <= now <= datetime.now(UTC)
    with pytest.raises(ValueError, match="zone"):
        case_from_mapping({"setting": "ed"}, DOSSIER, now=datetime(2026, 11, 21))


# --- the rest of a case


def test_all_faults_are_reported_at_once_in_the_order_of_the_text() -> None:
    problems = refused("facts:\n  spo2: 0.97\n  rr: 14\n  tb_risk: no\nactions: {x: done}\nsetting: ER\nregion: x\n")

    assert [(p.at.line, p.code) for p in problems if p.at] == [
        (2, "CC610"),
        (3, "CC601"),
        (4, "CC607"),
        (5, "CC618"),
        (6, "CC617"),
        (7, "CC617"),
    ]


def test_unknown_records_nothing() -> None:
    assert read("setting: ed\nrecorded: {disposition: unknown}").recorded == {}


def test_the_dossier_of_a_case_is_known_before_the_dossier_is_loaded() -> None:
    assert dossier_of(read_yaml("setting: ed\ndossier: symptom.small.v1")) == "symptom.small.v1"
    assert dossier_of(read_yaml("setting: ed")) is None
    assert dossier_of(read_yaml("[]")) is None


def test_a_file_that_was_read_already_need_not_be_read_again() -> None:
    node = read_yaml("setting: ed\nfacts: {spo2: 86}", "ward.yaml")

    with pytest.raises(CaseError, match=r"^ward\.yaml:2:15: CC601"):
        read_case(node, DOSSIER)


# --- noise


@pytest.mark.parametrize("folder", sorted((HERE / "cases" / "bad").iterdir()), ids=lambda p: p.name)
def test_a_bad_case_is_refused_as_expected(folder: Path) -> None:
    source = next(p for p in folder.iterdir() if p.name.startswith("case."))

    with pytest.raises((CaseError, YamlError)) as caught:
        read_case(source, DOSSIER, name=source.name, now=NOON)

    assert caught.value.render() + "\n" == (folder / "expected.txt").read_text()


NOISE = {
    "nothing": b"",
    "blanks": b"  \n\n",
    "a comment": b"# nothing\n",
    "5 MB of one letter": b"a" * 5_000_000,
    "1 MB of one letter": b"a" * 1_000_000,
    "1 MB of one key": b"setting: ed\nfacts: {" + b"a" * 1_000_000 + b": 1}",
    "1 MB of one value": b"setting: ed\nfacts: {spo2: " + b"9" * 1_000_000 + b"}",
    "1 MB of brackets": b"[" * 1_000_000,
    "1 MB of braces": b'{"a":' * 200_000,
    "100,000 facts": b"setting: ed\nfacts: {" + b", ".join(b"f%d: 1" % i for i in range(60_000)) + b"}",
    "100,000 items": b"setting: ed\nfacts: {spo2: [" + b", ".join(b"{}" for i in range(100_000)) + b"]}",
    "zeros": b"\x00" * 1000,
    "an image": bytes(range(256)) * 40,
    "UTF-16": "setting: ed".encode("utf-16"),
    "an alias bomb": b"a: &a [x, x]\nb: &b [*a, *a]\nc: &c [*b, *b]\nsetting: ed\n",
}


@pytest.mark.parametrize("noise", NOISE.values(), ids=NOISE.keys())
def test_noise_gives_one_clear_error_quickly(noise: bytes, tmp_path: Path) -> None:
    path = tmp_path / "case.yaml"
    path.write_bytes(noise)

    start = time.process_time()
    with pytest.raises((CaseError, YamlError)) as caught:
        read_case(path, DOSSIER, name="case.yaml", now=NOON)

    assert time.process_time() - start < 10
    assert len(caught.value.problems) <= 51
    assert all(len(p.render()) < 600 for p in caught.value.problems)


@given(text=st.text(min_size=41, alphabet=st.characters(exclude_characters="\r", codec="utf-8")))
def test_a_message_never_quotes_more_than_40_characters(text: str) -> None:
    for data in ({"setting": text}, {"setting": "ed", text: 1}, {"setting": "ed", "facts": {"spo2": text, text: text}}):
        with pytest.raises(CaseError) as caught:
            case_from_mapping(data, DOSSIER)
        assert text not in str(caught.value)


def test_a_message_never_carries_a_character_that_a_terminal_obeys() -> None:
    with pytest.raises(CaseError) as caught:
        read('setting: "\\e[2J\\u202Eed"\nfacts: {spo2: "\\e[31m86 %", tb_naat: "\\e]0;x", "\\e": 1}')

    assert all(c.isprintable() or c == "\n" for c in str(caught.value))


PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
NAMES = st.sampled_from(
    [*(f.id for f in FACTS), "setting", "entry", "at", "state", "value", "year_of_birth", "panel.cbc"]
)
SHAPED = st.fixed_dictionaries(
    {},
    optional={
        "setting": st.just("ed") | PLAIN,
        "at": PLAIN | st.just("2026-11-21T14:05:00+00:00"),
        "facts": st.dictionaries(NAMES, PLAIN | st.dictionaries(NAMES, PLAIN, max_size=3), max_size=4) | PLAIN,
        "actions": st.dictionaries(NAMES, PLAIN, max_size=2) | PLAIN,
        "recorded": st.dictionaries(NAMES | st.just("disposition"), PLAIN, max_size=2) | PLAIN,
        "dossier": PLAIN,
        "source": PLAIN,
    },
)


@given(data=SHAPED)
def test_any_plain_data_is_a_case_or_a_case_error(data: dict[str, object]) -> None:
    with contextlib.suppress(CaseError):
        assert case_from_mapping(data, DOSSIER, now=NOON).setting == "ed"


@given(data=SHAPED)
def test_json_text_and_the_data_it_holds_are_judged_alike(data: dict[str, object]) -> None:
    try:
        text = json.dumps(data, allow_nan=False)
    except ValueError:
        return
    outcomes = []
    for reading in (lambda: case_from_mapping(data, DOSSIER, now=NOON), lambda: read(text)):
        try:
            outcomes.append(replace(reading(), name="", warnings=()))
        except (CaseError, YamlError) as error:
            outcomes.append(type(error) is YamlError or [p.code for p in error.problems])
    if True not in outcomes:
        assert outcomes[0] == outcomes[1] or sorted(outcomes[0]) == sorted(outcomes[1])


@given(text=st.text() | st.text(alphabet="{}[]:,-#&*!|>'\"%@` \nabe:19.setingfac", max_size=60))
def test_any_text_is_a_case_or_a_clear_error(text: str) -> None:
    with contextlib.suppress(CaseError, YamlError):
        assert read(text).setting in SETTINGS


@given(data=st.binary(max_size=200))
def test_any_bytes_are_a_case_or_a_clear_error(data: bytes, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.getbasetemp() / "noise.yaml"
    path.write_bytes(data)

    with contextlib.suppress(CaseError, YamlError):
        assert read_case(path, DOSSIER).setting in SETTINGS


def test_data_that_holds_itself_is_refused() -> None:
    loop: list[object] = []
    loop.append(loop)
    twins: list[object] = []
    twins.extend([twins, twins])

    for data in (loop, twins):
        with pytest.raises(CaseError, match=r"levels|values"):
            case_from_mapping({"setting": "ed", "source": data}, DOSSIER)


@pytest.mark.parametrize("value", [NOON, Decimal(1), b"x", {1: 2}, object(), 10**400, {"a", "b"}])
def test_data_that_no_case_can_hold_is_refused(value: object) -> None:
    with pytest.raises(CaseError, match="CC621"):
        case_from_mapping({"setting": "ed", "facts": {"inr": value}}, DOSSIER)


# --- the documentation


def blocks(language: str) -> list[str]:
    text = (HERE.parent / "docs" / "case-format.md").read_text()
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)


@pytest.fixture(scope="module")
def hemoptysis() -> Dossier:
    return load_dossier(HERE.parent / "content" / "dossiers" / "symptom.hemoptysis.v1")


@pytest.mark.parametrize("example", [*blocks("yaml"), *blocks("json")])
def test_every_example_of_the_documentation_is_read_without_a_warning(example: str, hemoptysis: Dossier) -> None:
    if example.startswith("name:"):
        assert read_site(example, hemoptysis).changes
        return
    if "setting" not in example:
        example = "setting: ed\nfacts:\n" + textwrap.indent(example, "  ")

    case = read_case(example, hemoptysis, now=NOON)

    assert case.facts or case.actions
    assert case.warnings == ()


@pytest.mark.parametrize(("example", "message"), list(zip(blocks("yaml refused"), blocks("text"), strict=True)))
def test_every_refusal_of_the_documentation_is_refused_in_these_words(
    example: str, message: str, hemoptysis: Dossier
) -> None:
    with pytest.raises(CaseError) as caught:
        read_case(example, hemoptysis, name="case.yaml")

    assert str(caught.value) + "\n" == message
