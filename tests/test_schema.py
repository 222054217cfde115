"""What `assess --json` prints is what docs/schemas says, and what other programs rely on stays."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import fields
from typing import Any

import jsonschema
import pytest

from clinical_commander.engine import assessment as a
from clinical_commander.engine.read_case import read_case
from tests.fixtures import EXAMPLES, REPOSITORY, SETTINGS, assess, engine, patient, vignette_case, vignettes

SCHEMA = json.loads((REPOSITORY / "docs" / "schemas" / "assessment-1.json").read_text())
CASES = sorted(path for path in EXAMPLES.glob("*.yaml") if path.name != "expectations.yaml")
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA, format_checker=jsonschema.FormatChecker())

# Every key that `assessment/1` has had, with its type. A line may be added; none is ever changed or taken away, for
# somebody's program reads it. A new meaning is `assessment/2`.
PROMISED = """
$.schema: const assessment/1
$.engine.version: string
$.content.id: string
$.content.version: string
$.content.hash: string
$.content.channel: enum clinical evaluation
$.content.text: string
$.setting: enum ed home icu inpatient outpatient
$.region: enum high_income null tb_endemic
$.entry: null string
$.at: string
$.scope.state: enum in out unknown
$.scope.why[]: string
$.scope.text: string
$.facts{}.state: enum known partial pending stale unknown unobtainable
$.facts{}.value: boolean null number string
$.facts{}.low: null number
$.facts{}.high: null number
$.facts{}.possible[]: string
$.facts{}.unit: string
$.facts{}.entered: string
$.facts{}.at: null string
$.facts{}.origin: string
$.facts{}.warnings[].text: string
$.tier.settled: boolean
$.tier.value: null string
$.tier.possible[]: string
$.tier.not_asked[]: string
$.tier.missing[]: string
$.tier.settled_by[][]: string
$.tier.because[].rule: string
$.tier.because[].facts[]: string
$.tier.text: string
$.tier.citations[]: string
$.tier.withheld.text: string
$.tier.worst_this_episode: null string
$.tier.hours_since_worst: null number
$.tier.last_known: boolean
$.bleeding_source.settled: boolean
$.bleeding_source.value: null string
$.bleeding_source.possible[]: string
$.bleeding_source.not_asked[]: string
$.bleeding_source.missing[]: string
$.bleeding_source.settled_by[][]: string
$.bleeding_source.because[].rule: string
$.bleeding_source.because[].facts[]: string
$.bleeding_source.text: string
$.bleeding_source.citations[]: string
$.bleeding_source.withheld.text: string
$.disposition.settled: boolean
$.disposition.value: null string
$.disposition.possible[]: string
$.disposition.not_asked[]: string
$.disposition.missing[]: string
$.disposition.settled_by[][]: string
$.disposition.because[].rule: string
$.disposition.because[].facts[]: string
$.disposition.text: string
$.disposition.citations[]: string
$.disposition.withheld.text: string
$.disposition.within: null string
$.disposition.via: null string
$.disposition.within_says.text: string
$.disposition.via_says.text: string
$.triggers{}.state: enum cannot_exclude fires quiet
$.triggers{}.last_known: boolean
$.triggers{}.severity: enum critical notice null urgent
$.triggers{}.may_become[]: enum critical notice urgent
$.triggers{}.because[].rule: string
$.triggers{}.because[].facts[]: string
$.triggers{}.missing[]: string
$.triggers{}.not_asked[]: string
$.triggers{}.settled_by[][]: string
$.triggers{}.route: null string
$.triggers{}.citations[]: string
$.triggers{}.text: string
$.triggers{}.shown_first: boolean
$.phases[].id: string
$.phases[].status: enum complete not_needed not_reached waiting
$.phases[].waiting_for[]: string
$.scores{}.value: null number string
$.scores{}.low: null number
$.scores{}.high: null number
$.scores{}.possible[]: string
$.scores{}.band: null string
$.scores{}.bands_possible[]: string
$.scores{}.applicable: enum no unknown yes
$.scores{}.why_not.text: string
$.scores{}.items[].id: string
$.scores{}.items[].title.text: string
$.scores{}.items[].points: null number
$.scores{}.items[].low: null number
$.scores{}.items[].high: null number
$.scores{}.items[].state: enum counts does_not missing
$.scores{}.items[].missing[]: string
$.scores{}.items[].assumed: boolean
$.scores{}.items[].of[]: number
$.scores{}.missing[]: string
$.scores{}.counts{}[]: number
$.scores{}.readings[].id: string
$.scores{}.readings[].title.text: string
$.scores{}.readings[].value: null string
$.scores{}.readings[].possible[]: string
$.scores{}.readings[].low: null number
$.scores{}.readings[].high: null number
$.scores{}.readings[].missing[]: string
$.scores{}.readings[].text: string
$.scores{}.readings[].citations[]: string
$.scores{}.rates[].cohort.text: string
$.scores{}.rates[].n: integer null
$.scores{}.rates[].outcome.text: string
$.scores{}.rates[].rate: string
$.scores{}.rates[].ci: string
$.scores{}.rates[].status: string
$.scores{}.rates[].citations[]: string
$.scores{}.text: string
$.scores{}.recalled: boolean
$.scores{}.citations[]: string
$.next[].ask: string
$.next[].facts[]: string
$.next[].settles[][]: string
$.next[].could_change[]: string
$.next[].gain: null number
$.next[].burden: null number
$.next[].text: string
$.actions[].id: string
$.actions[].verb: string
$.actions[].target: string
$.actions[].side: null string
$.actions[].state: enum ask_first do done not_needed withheld
$.actions[].priority: enum routine stat urgent
$.actions[].setting: string
$.actions[].because[]: string
$.actions[].ask[]: string
$.actions[].withheld_by{}.text: string
$.actions[].orders[].text: string
$.actions[].orders[].code: null
$.actions[].orders[].code{}: string
$.actions[].citations[]: string
$.actions[].text: string
$.actions[].within: string
$.plan[].row: string
$.plan[].stage: string
$.plan[].state: enum ask_first do done not_needed withheld
$.plan[].action: null string
$.plan[].priority: enum routine stat urgent
$.plan[].within: string
$.plan[].ask[]: string
$.plan[].text: string
$.plan[].path: string
$.routes[].source: string
$.routes[].state: enum cannot_exclude fires
$.routes[].dossier: null string
$.routes[].external.text: string
$.routes[].installed: boolean
$.routes[].text: string
$.conflicts[].id: string
$.conflicts[].kind: enum advice facts
$.conflicts[].sides[].text: string
$.conflicts[].withholds[]: string
$.conflicts[].escalates[]: string
$.conflicts[].needs_human: boolean
$.conflicts[].facts[]: string
$.conflicts[].text: string
$.conflicts[].resolution.text: string
$.monitoring[].id: string
$.monitoring[].state: enum ask_first do
$.monitoring[].every: string
$.monitoring[].until.text: string
$.monitoring[].facts[]: string
$.monitoring[].action: null string
$.monitoring[].text: string
$.followup[].id: string
$.followup[].state: enum ask_first do
$.followup[].action: null string
$.followup[].within: string
$.followup[].text: string
$.warnings[].code: string
$.warnings[].facts[]: string
$.warnings[].text: string
$.unreviewed.counts{}: integer
$.unreviewed.ids[]: string
$.site: object
$.differential[].cause: string
$.differential[].probability: null number
$.differential[].present: null number
$.differential[].interval.low: number
$.differential[].interval.high: number
$.differential[].interval.method: string
$.differential[].present_interval.low: number
$.differential[].present_interval.high: number
$.differential[].present_interval.method: string
$.differential[].span.low: number
$.differential[].span.high: number
$.differential[].zone: enum below_test discuss disputed null test treat
$.differential[].zones_possible[]: enum below_test discuss disputed null test treat
$.differential[].zone_text: string
$.differential[].robust: boolean null
$.differential[].must_not_miss: boolean
$.differential[].confirmed: boolean
$.differential[].last_known: boolean
$.differential[].basis.published: number
$.differential[].basis.derived: number
$.differential[].basis.background: number
$.differential[].basis.expert: number
$.differential[].basis.recalled: number
$.differential[].moved_by[].seen[].finding: string
$.differential[].moved_by[].seen[].levels[]: string
$.differential[].moved_by[].ratio: number
$.differential[].moved_by[].inside: number
$.differential[].moved_by[].outside: number
$.differential[].moved_by[].status: enum background derived expert published recalled
$.differential[].moved_by[].citations[]: string
$.differential[].tips[].at: number
$.differential[].tips[].decision: enum test treat
$.differential[].tips[].ratio: number
$.contributing[].id: string
$.contributing[].state: enum present unknown
$.contributing[].missing[]: string
$.contributing[].citations[]: string
$.contributing[].text: string
$.priors[].id: string
$.priors[].settings[]: string
$.priors[].region: string
$.priors[].n: number
$.priors[].status: enum background derived expert published recalled
$.priors[].counts: boolean
$.priors[].citations[]: string
$.priors[].text: string
$.differential_remarks[].text: string
$.next[].decides: boolean
$.contributors[]: string
"""


def keys(schema: dict[str, Any], path: str = "$") -> Iterator[str]:
    """Every leaf of a schema as `path: type`."""
    if "$ref" in schema:
        yield from keys(SCHEMA["$defs"][schema["$ref"].rpartition("/")[2]], path)
    elif "anyOf" in schema:
        for choice in schema["anyOf"]:
            if choice != {"type": "null"} or path.endswith(".code"):
                yield from keys(choice, path)
    elif "const" in schema:
        yield f"{path}: const {schema['const']}"
    elif "enum" in schema:
        yield f"{path}: enum {' '.join(sorted('null' if v is None else v for v in schema['enum']))}"
    elif schema.get("type") == "array":
        yield from keys(schema["items"], f"{path}[]")
    elif "properties" in schema:
        for name, inner in schema["properties"].items():
            yield from keys(inner, f"{path}.{name}")
    elif isinstance(schema.get("additionalProperties"), dict):
        yield from keys(schema["additionalProperties"], f"{path}{{}}")
    else:
        kinds = schema["type"]
        yield f"{path}: {' '.join(sorted(kinds)) if isinstance(kinds, list) else kinds}"


def objects(schema: dict[str, Any]) -> Iterator[dict[str, Any]]:
    if "properties" in schema:
        yield schema
    for inner in schema.values():
        for part in inner if isinstance(inner, list) else [inner]:
            if isinstance(part, dict):
                yield from objects(part)


def problems(result: a.Assessment) -> list[str]:
    found = VALIDATOR.iter_errors(json.loads(result.dumps()))
    return [f"{'.'.join(map(str, e.absolute_path))}: {e.message}" for e in found]


def test_the_schema_is_a_json_schema() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


def test_no_key_is_taken_away_or_given_another_type() -> None:
    now = set(keys(SCHEMA))

    assert [line for line in PROMISED.strip().splitlines() if line not in now] == []


def test_every_key_is_promised() -> None:
    assert [line for line in keys(SCHEMA) if line not in PROMISED.splitlines()] == []


def test_every_key_is_required_and_no_other_is_allowed() -> None:
    for found in objects(SCHEMA):
        assert sorted(found["required"]) == sorted(found["properties"])
        assert found["additionalProperties"] is False


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        (a.Because, "because"), (a.Text, "text"), (a.ScopeReport, "scope"), (a.FactReport, "fact"),
        (a.AnswerReport, "answer"),
        (a.TierReport, "tier"), (a.DispositionReport, "disposition"), (a.TriggerReport, "trigger"),
        (a.PhaseReport, "phase"), (a.ScoreReport, "score"), (a.NextReport, "question"), (a.ActionReport, "action"),
        (a.PlanStep, "step"), (a.RouteReport, "route"), (a.ConflictReport, "conflict"),
        (a.MonitoringReport, "monitoring"), (a.FollowUpReport, "followup"), (a.WarningReport, "warning"),
        (a.CauseReport, "cause"), (a.ContributorReport, "contributor"), (a.PriorReport, "prior"), (a.Seen, "seen"),
        (a.MovedBy, "moved"), (a.IntervalReport, "interval"),
    ],
)  # fmt: skip
def test_the_schema_names_the_fields_of_each_report(kind: type, name: str) -> None:
    assert sorted(SCHEMA["$defs"][name]["properties"]) == sorted(f.name for f in fields(kind))


@pytest.mark.parametrize("path", CASES, ids=lambda p: p.stem)
def test_the_assessment_of_an_example_fits_the_schema(path) -> None:
    result = assess(read_case(path, engine().dossier))

    assert problems(result) == []


@pytest.mark.parametrize("setting", ["home", "outpatient", "inpatient", "icu"])
def test_the_assessment_fits_the_schema_in_every_setting(setting: str) -> None:
    assert problems(assess(patient(setting, estimated_volume_24h="200 mL", cxr_normal=True, cxr_mass=True))) == []


def test_the_assessment_of_a_child_and_of_nobody_known_fits_the_schema() -> None:
    assert problems(assess(patient(age="5 years", spo2="84 %"))) == []
    assert problems(assess(patient(age=None))) == []


VERBATIM = {"entered", "display"}  # as a person wrote it, as a code system has it
QUANTITIES = {"within", "every", "rate", "ci"}
QUANTITY = re.compile(r"[<>]?=? ?[\d.]+( to [\d.]+)?( [^ ]+)?")


def outside_text(value: Any, name: str = "", text: bool = False) -> Iterator[tuple[str, str]]:
    """(field, string) of each string that stands in no `text` field and is no single word."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from outside_text(inner, key if not name.endswith("withheld_by") else "withheld_by", key == "text")
    elif isinstance(value, list):
        for inner in value:
            yield from outside_text(inner, name)
    elif isinstance(value, str) and " " in value.strip() and not text:
        yield name, value


def test_a_sentence_stands_only_in_a_field_called_text() -> None:
    cases = [(read_case(path, engine().dossier), {}) for path in CASES]
    cases += [vignette_case(vignette) for vignette in vignettes()[0]]
    # A value that is unusual is warned of; a child and a person of unknown age have reasons of their own.
    cases += [(patient(setting, age=age, sbp="0 mmHg"), {}) for setting in SETTINGS for age in ("5 years", None)]
    looked_at, found = 0, set()
    for case, capabilities in cases:
        said = json.loads(engine().assess(case, capabilities).dumps())
        looked_at += sum(len(group) for group in said.values() if isinstance(group, list | dict))
        found |= {(name, value) for name, value in outside_text(said) if name not in VERBATIM}
    found = {(name, value) for name, value in found if not (name in QUANTITIES and QUANTITY.fullmatch(value))}

    assert found == set()
    assert looked_at > 10_000


def test_an_assessment_with_a_key_too_many_or_too_few_does_not_fit() -> None:
    data = assess(patient()).to_json()

    assert list(VALIDATOR.iter_errors({**data, "extra": 1}))
    assert list(VALIDATOR.iter_errors({k: v for k, v in data.items() if k != "warnings"}))
    assert list(VALIDATOR.iter_errors({**data, "differential": None}))
