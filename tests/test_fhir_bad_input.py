"""Spoiled records in: a clear error or a recorded refusal, nothing guessed, nothing lost. Count in = count out."""

from __future__ import annotations

import copy
import io
import json
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clinical_commander.cli.main import main
from clinical_commander.engine.case import Case
from clinical_commander.errors import CaseError, ClinicalCommanderError, YamlError
from clinical_commander.fhir.bundle import read_bundle
from clinical_commander.fhir.case import Tally, case_from_records, records_of
from clinical_commander.fhir.elements import Codes
from clinical_commander.fhir.read_json import RECORD_LIMIT, read_records
from tests.fixtures import REPOSITORY, assess, engine

BUNDLES = REPOSITORY / "examples" / "fhir"
WARFARIN: dict[str, Any] = json.loads((BUNDLES / "synthetic-warfarin.json").read_text())
ICU: dict[str, Any] = json.loads((BUNDLES / "synthetic-icu.json").read_text())
HOSTILE = "<script>alert(1)</script>"


def codes_of(error: ClinicalCommanderError) -> list[str]:
    return [problem.code for problem in error.problems]


def read_or_error(data: object) -> tuple[Case, Tally] | CaseError:
    try:
        return case_from_records(data, engine().dossier, setting="ed")
    except CaseError as error:
        return error


# --- the text


def nested(depth: int) -> bytes:
    return b'{"resourceType":"Bundle","type":"collection","entry":' + b"[" * depth + b"]" * depth + b"}"


@pytest.mark.parametrize("depth", [61, 1_000, 100_000])
def test_json_that_is_deeper_than_any_resource_is_refused(depth: int) -> None:
    with pytest.raises(YamlError) as raised:
        read_records(nested(depth), "deep.json")

    assert codes_of(raised.value) == ["CC111"]


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b'{"resourceType": "Bundle", "resourceType": "Patient"}', "CC102"),
        (b'{"resourceType": "Bundle", "type": "collec', "CC115"),
        (b'{"resourceType": "Bundle", "total": NaN}', "CC115"),
        (b'{"resourceType": "Bundle", "x": "\xff"}', "CC108"),
        (b'{"resourceType": "Bundle"} trailing', "CC115"),
    ],
)
def test_a_text_that_is_no_json_is_refused_with_its_reason(data: bytes, code: str) -> None:
    with pytest.raises(YamlError) as raised:
        read_records(data, "bad.json")

    assert codes_of(raised.value) == [code]


def test_xml_is_not_read() -> None:
    xml = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><Bundle>&e;</Bundle>'

    with pytest.raises(CaseError) as raised:
        read_records(xml, "bundle.xml")
    assert codes_of(raised.value) == ["CC654"]


def test_more_than_twenty_mebibytes_are_refused_and_ten_are_read() -> None:
    filler = {"resource": {"resourceType": "Binary", "id": "b", "contentType": "text/plain", "data": "A" * 10_000_000}}
    large = WARFARIN | {"entry": [*WARFARIN["entry"], filler]}

    case, tally = case_from_records(read_records(json.dumps(large).encode(), "large.json"), engine().dossier)

    assert "Binary/b" in tally.unrelated
    assert "spo2" in case.facts
    with pytest.raises(YamlError) as raised:
        read_records(b" " * (RECORD_LIMIT + 1), "huge.json")
    assert codes_of(raised.value) == ["CC110"]


@pytest.mark.parametrize(
    "text", ["1e999999999", "-1e-999999999", "1e99999999999999999999", "9" * 5_000, "0." + "1" * 5_000]
)
def test_a_number_of_any_size_is_refused_at_once(text: str) -> None:
    quantity = f'{{"value": {text}, "unit": "%", "system": "http://unitsofmeasure.org", "code": "%"}}'
    body = (
        '[{"resourceType": "Patient", "id": "p"}, {"resourceType": "Observation", "id": "o", "status": "final",'
        '"code": {"coding": [{"system": "http://loinc.org", "code": "59408-5"}]},'
        '"subject": {"reference": "Patient/p"},'
        f'"effectiveDateTime": "2026-11-01T07:50:00Z", "valueQuantity": {quantity}}}]'
    )

    case, tally = case_from_records(read_records(body.encode(), "n.json"), engine().dossier, setting="ed")

    assert "spo2" not in case.facts
    assert [why.code for why in tally.refused.values()] == ["CC633"]


@pytest.mark.parametrize(
    "data", [{}, [], None, 7, "Bundle", {"resourceType": 7}, {"resourceType": "Bundle"}, [[]], [7]]
)
def test_what_is_no_bundle_at_all_is_refused_or_holds_nothing(data: object) -> None:
    found = read_or_error(data)

    if isinstance(found, CaseError):
        assert codes_of(found)[0] in ("CC651", "CC653")
    else:
        assert found[0].facts == {}
        assert found[1].used == frozenset()


# --- the command


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (nested(1_000), "CC111"),
        (b'{"resourceType": "Bundle", "type": "collection"}', "CC620"),
        (b'{"resourceType": "Bundle", "type": "history"}', "CC653"),
        (b'[{"resourceType": "Patient", "id": "a"}, {"resourceType": "Patient", "id": "b"}]', "CC650"),
        (b'[{"resourceType": "RequestOrchestration"}]', "CC652"),
        (b"<Bundle/>", "CC654"),
    ],
)
def test_bad_records_end_with_status_2_and_one_clear_sentence(
    data: bytes, code: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "bundle.json"
    file.write_bytes(data)

    status = main(["assess", str(file)])

    shown = capsys.readouterr()
    assert status == 2
    assert shown.out == ""
    assert f"bundle.json: {code} " in shown.err
    assert "Traceback" not in shown.err


def test_the_command_takes_a_bundle_from_standard_input_and_shows_the_resource_of_each_fact(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    data = (BUNDLES / "synthetic-warfarin.json").read_bytes()
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))

    assert main(["assess", "-", "--json"]) == 0

    answer = json.loads(capsys.readouterr().out)
    assert answer["facts"]["inr"]["origin"] == "Observation/0a0f1c52-0024-4000-8000-000000000024"
    assert answer["at"] == "2026-11-01T02:30:00-05:00"


@pytest.mark.parametrize("arguments", [["next"], ["explain", "--cause", "tuberculosis"]])
def test_the_other_commands_of_one_patient_take_records_too(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    verb, *more = arguments

    assert main([verb, str(BUNDLES / "tb-04.json"), *more]) == 0
    from_records = capsys.readouterr().out
    assert main([verb, str(REPOSITORY / "examples" / "cases" / "tb-04.yaml"), *more]) == 0

    assert from_records == capsys.readouterr().out


def test_an_interview_adds_answers_to_a_case_file_only(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["next", str(BUNDLES / "tb-04.json"), "--interactive"]) == 2

    assert "CC656" in capsys.readouterr().err


def test_the_text_names_the_resource_and_what_was_not_used(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["assess", str(BUNDLES / "synthetic-icu.json"), "--width", "400"]) == 0

    text = capsys.readouterr().out
    assert "Observation/hb-3" in text
    assert "Not used: DiagnosticReport/angiogram#o1: spo2 is a percentage" in text


def test_the_setting_and_the_moment_may_be_given(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = str(BUNDLES / "advice-only.json")

    assert main(["assess", file, "--setting", "icu", "--at", "2026-11-01T09:00:00+00:00", "--json"]) == 0

    answer = json.loads(capsys.readouterr().out)
    assert (answer["setting"], answer["at"]) == ("icu", "2026-11-01T09:00:00+00:00")
    assert answer["facts"]["spo2"]["state"] == "stale"  # 80 min old in intensive care


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["examples/fhir/advice-only.json", "--at", "today"], "CC612"),
        (["examples/fhir/advice-only.json", "--at", "2026-11-01"], "CC612"),
        (["examples/cases/tb-04.yaml", "--setting", "ed"], "CC655"),
    ],
)
def test_a_moment_without_a_zone_and_options_for_a_case_file_are_refused(
    arguments: list[str], code: str, capsys: pytest.CaptureFixture[str]
) -> None:
    status = main(["assess", str(REPOSITORY / arguments[0]), *arguments[1:]])

    assert status == 2
    assert code in capsys.readouterr().err


# --- spoiled bundles

TEXTS = ["", HOSTILE, "Patient/other", "2026-11-01", "2099-01-01T00:00:00Z", "%", "final", "#", "\ud800", "x" * 500]
KEYS = ["coding", "code", "system", "value", "reference", "item", "answer", "resourceType", "div"]
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**6), 10**6),
    st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from(TEXTS),
)
VALUES = st.recursive(
    SCALARS,
    lambda inside: st.lists(inside, max_size=2) | st.dictionaries(st.sampled_from(KEYS), inside, max_size=2),
    max_leaves=4,
)


def paths(data: Any, here: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place in plain data."""
    found = [here]
    entries = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    for key, value in entries:
        found += paths(value, (*here, key))
    return found


PATHS = {id(bundle): [p for p in paths(bundle) if p] for bundle in (WARFARIN, ICU)}


@st.composite
def spoiled(draw: st.DrawFn) -> Any:
    """One of the synthetic bundles with one to four places replaced, deleted or doubled."""
    whole = draw(st.sampled_from([WARFARIN, ICU]))
    data = copy.deepcopy(whole)
    for path in draw(st.lists(st.sampled_from(PATHS[id(whole)]), min_size=1, max_size=4)):
        inside = data
        try:
            for key in path[:-1]:
                inside = inside[key]
            match draw(st.sampled_from(["replace", "replace", "delete", "double"])):
                case "replace":
                    inside[path[-1]] = draw(VALUES)
                case "delete":
                    del inside[path[-1]]
                case _ if isinstance(inside, list):
                    inside.append(copy.deepcopy(inside[path[-1]]))
        except (KeyError, IndexError, TypeError):
            continue  # an earlier change took the place away
    return data


@settings(max_examples=400)
@given(spoiled())
def test_a_spoiled_bundle_is_refused_or_every_record_is_accounted_for(data: Any) -> None:
    found = read_or_error(data)
    if isinstance(found, CaseError):
        assert found.problems
        assert all(HOSTILE not in str(problem) for problem in found.problems)
        return

    case, tally = found
    dossier = engine().dossier
    records = [
        read.record.origin for read in records_of(read_bundle(data, ""), dossier, Codes(dossier.derivations.systems))
    ]
    assert sorted(records) == sorted([*tally.used, *tally.refused, *tally.unrelated])
    assert tally.used.isdisjoint(tally.refused)
    assert tally.used.isdisjoint(tally.unrelated)
    assert tally.unrelated.isdisjoint(tally.refused)
    assert data["resourceType"] != "Bundle" or len(data.get("entry", [])) <= tally.total
    origins = {o for found in case.facts.values() for one in found for o in one.origin.split(", ")}
    assert origins <= tally.used
    assert all(HOSTILE not in str(problem) for problem in case.warnings)
    assert all(one.at <= case.at for found in case.facts.values() for one in found)


@settings(max_examples=60)
@given(spoiled())
def test_whatever_was_spoiled_the_rest_can_be_assessed(data: Any) -> None:
    try:
        case, _ = case_from_records(data, engine().dossier, setting="ed")
    except CaseError:
        return

    answer = assess(case).dumps()

    assert HOSTILE not in answer
    answer.encode("utf-8")


@settings(max_examples=40)
@given(st.lists(st.integers(0, len(WARFARIN["entry"]) - 1), unique=True, max_size=20), st.booleans())
def test_a_record_that_is_left_out_never_makes_another_fact_known(without: list[int], reverse: bool) -> None:
    """Missing is never normal: with fewer records no fact appears that was not there."""
    kept = [entry for i, entry in enumerate(WARFARIN["entry"]) if i not in without or i == 0]
    whole, _ = case_from_records(WARFARIN, engine().dossier, setting="ed")
    part, _ = case_from_records(WARFARIN | {"entry": kept[::-1] if reverse else kept}, engine().dossier, setting="ed")

    assert set(part.facts) <= set(whole.facts)


@pytest.mark.parametrize("index", range(1, len(WARFARIN["entry"])))
def test_without_any_one_record_its_facts_are_unknown_or_rest_on_others(index: int) -> None:
    entry = WARFARIN["entry"][index]
    origin = f"{entry['resource']['resourceType']}/{entry['resource']['id']}"
    rest = [e for i, e in enumerate(WARFARIN["entry"]) if i != index]

    case, _ = case_from_records(WARFARIN | {"entry": rest}, engine().dossier, setting="ed")

    assert all(origin not in one.origin for found in case.facts.values() for one in found)
