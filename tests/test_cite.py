"""`commander cite`: the audit of the source's labels, what rests on what, and the weakest state that is inherited."""

from __future__ import annotations

import functools
import json
import shutil
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from clinical_commander.cli.main import main
from tests.fixtures import DOSSIER, REPOSITORY

CONTENT = REPOSITORY / "content"

# F3 of the evidence page on scores and its sister on citations: what stands under each label of the source dossier.
WRONG = {"CHEST 2018": "31374211", "Yu 2010": "28703105", "Cochrane TXA 2018": "30321510", "Savale 2007": "31164971"}
MISUSED = {"HHT Faughnan 2020": "32894695", "USPSTF 2021": "33687470", "ATS/IDSA TB 2016": "27516382"}
RIGHT = {"Larici 2014": "24808437", "RAVE": "20647199", "ACR 2021 ANCA": "34235894"}

# From what can be checked least to what can be checked most.
STRENGTH = (
    "recalled expert source_dossier web_page label narrative_review case_series consensus score_derivation cohort"
    " score_validation randomised_trial systematic_review guideline"
).split()

_ID = {"type": "string", "pattern": "^[a-z0-9_]+$"}
_ROW = {
    "type": "object",
    "additionalProperties": False,
    "required": ["path", "kind", "text", "basis", "citations", "weakest", "review"],
    "properties": {
        "path": {"type": "string", "minLength": 3},
        "kind": {"type": "string"},
        "text": {"type": "string"},
        "basis": {"type": "array", "items": {"enum": ["S", "E", "W", "X", "R"]}},
        "citations": {"type": "array", "items": _ID},
        "weakest": {"enum": STRENGTH},
        "review": {"enum": ["needed", "reviewed"]},
    },
}
_ROWS = {"type": "array", "items": _ROW}
_VERDICT = {"enum": ["wrong_label", "misused"]}
_LABEL = {"type": "string", "minLength": 1}
SCHEMAS: Mapping[str, Mapping[str, Any]] = {
    "cite/1": {
        "unreviewed": {"type": "array", "items": _ID},
        "unused": {"type": "array", "items": _ID},
        "mismatched": {
            "type": "array",
            "items": {
                "type": "object",
                "additionalProperties": False,
                "required": ["id", "verdict", "source_label"],
                "properties": {"id": _ID, "verdict": _VERDICT, "source_label": _LABEL},
            },
        },
        "weak": _ROWS,
        "resting_on_unreviewed": _ROWS,
    },
    "cite-source/1": {
        "labels": {
            "type": "array",
            "items": {
                "type": "object",
                "additionalProperties": False,
                "required": ["id", "pmid", "source_label", "verdict", "is", "corrections", "review"],
                "properties": {
                    "id": _ID,
                    "pmid": {"type": "string", "pattern": "^[0-9]{8}$"},
                    "source_label": _LABEL,
                    "verdict": {"enum": ["wrong_label", "misused", "right"]},
                    "is": {"type": "string", "minLength": 10},
                    "corrections": {"type": "string"},
                    "review": {"enum": ["needed", "reviewed"]},
                },
            },
        }
    },
    "cite-paper/1": {
        "id": _ID,
        "review": {"enum": ["needed", "reviewed"]},
        "kind": {"enum": STRENGTH},
        "supports": {"type": "string"},
        "statements": _ROWS,
    },
    "cite-statement/1": {"statements": _ROWS},
}


@pytest.fixture(autouse=True)
def _own_cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLINICAL_COMMANDER_CACHE", str(tmp_path_factory.getbasetemp() / "cite-cache"))


@pytest.fixture(scope="module")
def printed() -> dict[tuple[str, ...], str]:
    """What the command printed, by its arguments; the same content gives the same answer."""
    return {}


@pytest.fixture
def cite(capsys: pytest.CaptureFixture[str], printed: dict[tuple[str, ...], str]):
    def _cite(*arguments: object) -> str:
        given = tuple(map(str, arguments))
        if given not in printed:
            assert main(["cite", *given]) == 0
            printed[given] = capsys.readouterr().out
        return printed[given]

    return _cite


@pytest.fixture
def answered(cite):
    def _answered(*arguments: object) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(cite(*arguments, "--json"))
        return found

    return _answered


# --- the content, read anew


def _read(path: Path) -> Any:
    return yaml.load(path.read_text(encoding="utf-8"), getattr(yaml, "CSafeLoader", yaml.SafeLoader))


@functools.cache
def ledger() -> Mapping[str, Mapping[str, Any]]:
    return _read(CONTENT / "catalogue" / "citations.yaml")["citations"]


@functools.cache
def cited_in_content() -> Mapping[str, tuple[str, ...]]:
    """What each statement of the dossier cites, by its path, from the YAML alone: a step without its own takes its
    surrounding's, also inside a block that it uses.
    """
    files = {path.stem: _read(path) for path in DOSSIER.glob("*.yaml")}
    found: dict[str, tuple[str, ...]] = {}
    for name in ("thresholds", "rules", "triggers", "phases", "pivots", "monitoring"):
        found |= {f"{name}.{id}": _own(item) for id, item in _named(files[name][name])}
    found |= {f"followup.{id}": _own(item) for id, item in _named(files["monitoring"]["followup"])}
    conflicts = _read(CONTENT / "catalogue" / "conflicts.yaml")["conflicts"]
    found |= {f"conflicts.{id}": _own(item) for id, item in _named(conflicts)}
    blocks = files["playbooks"]["blocks"]
    for name in ("triggers", "pivots"):
        for id, item in _named(files[name][name]):
            for key in ("steps", "steps_if_possible"):
                found |= dict(_steps(item.get(key), f"{name}.{id}.{key}", _own(item), blocks))
    for setting, playbook in files["playbooks"]["settings"].items():
        for id, row in _named(playbook["rows"]):
            for stage, steps in row["stages"].items():
                found |= dict(_steps(steps, f"playbooks.{setting}.{id}.{stage}", _own(row), blocks))
    for id, item in _named(files["playbooks"]["treatments"]):
        found |= dict(_steps(item["steps"], f"treatments.{id}", _own(item), blocks))
    return found


def _named(node: Any) -> Iterator[tuple[str, Any]]:
    yield from node.items() if isinstance(node, dict) else ((item["id"], item) for item in node)


def _own(item: Mapping[str, Any], inherited: tuple[str, ...] = ()) -> tuple[str, ...]:
    return tuple(item["cite"]) if item.get("cite") else inherited


def _steps(
    steps: Sequence[Mapping[str, Any]] | None, path: str, around: tuple[str, ...], blocks: Mapping[str, Any]
) -> Iterator[tuple[str, tuple[str, ...]]]:
    for i, step in enumerate(steps or (), 1):
        here, cited = f"{path}.{i}", _own(step, around)
        if "use" in step:
            yield from _steps(blocks[step["use"]]["steps"], f"{here}.{step['use']}", cited, blocks)
        else:
            yield here, cited
            yield from _steps(step.get("choose"), f"{here}.choose", cited, blocks)


def weakest(cited: Sequence[str]) -> str:
    return min((ledger()[c]["kind"] for c in cited), key=STRENGTH.index, default="expert")


# --- the source's labels


def test_the_audit_of_the_source_prints_its_ten_labels_with_their_verdicts(answered, cite):
    labels = answered("--source")["labels"]

    found = {(label["source_label"], label["pmid"]): label["verdict"] for label in labels}
    assert found == {
        **dict.fromkeys(WRONG.items(), "wrong_label"),
        **dict.fromkeys(MISUSED.items(), "misused"),
        **dict.fromkeys(RIGHT.items(), "right"),
    }
    text = cite("--source")
    assert text.endswith("10 labels: 4 wrong, 3 misused, 3 right\n")
    assert all(f"“{label}”, PMID {pmid}" in text for label, pmid in found)
    assert all(label["corrections"] for label in labels if label["verdict"] != "right")


def test_the_overview_finds_the_four_wrong_and_three_misused_labels(answered, cite):
    found = {(m["source_label"], m["verdict"]) for m in answered()["mismatched"]}

    assert found == {*((w, "wrong_label") for w in WRONG), *((m, "misused") for m in MISUSED)}
    text = cite()
    assert "Labels of the source dossier that are wrong or misused (7):" in text
    assert all(f"  {label}  PMID {pmid}  " in text for label, pmid in {**WRONG, **MISUSED}.items())


def test_no_statement_rests_on_a_misused_paper_for_what_it_does_not_carry(answered):
    """The paper on hereditary telangiectasia holds nothing on lungs; the screening statement nothing on bleeding."""
    by_paper = {
        label: answered(id)["statements"] for label, id in (("HHT", "faughnan_2020"), ("USPSTF", "uspstf_2021"))
    }

    assert not [s["path"] for s in by_paper["HHT"] if s["path"].startswith(("triggers.", "rules."))]
    assert not [s["path"] for s in by_paper["USPSTF"] if s["kind"] == "recommendation" and len(s["citations"]) == 1]


# --- every recommendation that rests on an unreviewed source


def test_every_recommendation_that_rests_on_an_unreviewed_source_is_printed(answered, cite):
    unreviewed = {id for id, paper in ledger().items() if paper["review"] != "reviewed"}
    expected = {path for path, cited in cited_in_content().items() if not cited or set(cited) & unreviewed}

    listed = {row["path"] for row in answered()["resting_on_unreviewed"]}
    printed = set(cite().split())

    assert len(expected) > 1_000
    assert not expected - listed
    assert not listed - printed


def test_each_statement_has_the_citations_and_the_weakest_evidence_that_the_yaml_gives_it(answered):
    rows = {row["path"]: row for row in answered()["resting_on_unreviewed"]}

    for path, cited in cited_in_content().items():
        assert tuple(rows[path]["citations"]) == cited, path
        assert rows[path]["weakest"] == weakest(cited), path
    counted = {
        "recommendation",
        "rule",
        "threshold",
        "trigger",
        "phase",
        "pivot",
        "monitoring",
        "follow-up",
        "conflict",
    }
    assert {path for path, row in rows.items() if row["kind"] in counted} == set(cited_in_content())


def test_a_statement_is_weak_where_nothing_firm_stands_among_its_sources(answered, cite):
    firm = set(STRENGTH[STRENGTH.index("case_series") + 1 :])

    found = {row["path"] for row in answered()["weak"]}

    for path, cited in cited_in_content().items():
        assert (path in found) == (not {ledger()[c]["kind"] for c in cited} & firm), path
    marked = {line.split()[0] for line in cite().splitlines() if ", weak]  " in line}
    assert marked == found


def test_used_and_unused_citations_together_are_the_ledger(answered):
    found = answered()

    assert not set(found["unused"]) & set(found["unreviewed"])
    assert {*found["unused"], *found["unreviewed"]} == set(ledger())


def test_a_citation_is_unused_exactly_when_no_file_of_the_content_cites_it(answered):
    """Tools that the dossier does not use, their rates and their notes count too."""
    cited = {c for path in CONTENT.rglob("*.yaml") if path.name != "citations.yaml" for c in _cites(_read(path))}

    assert set(answered()["unused"]) == set(ledger()) - cited


def _cites(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        for key, value in node.items():
            if key != "not_covered":  # figures that were left out: nothing rests on them
                yield from value if key == "cite" else _cites(value)
    elif isinstance(node, list):
        for value in node:
            yield from _cites(value)


@pytest.mark.parametrize(
    ("paper", "path"),
    [
        ("bova_2014", "tools.bova.items.low_pressure"),  # a tool that the dossier does not use
        ("shock_index_micu_2020", "tools.shock_index.bands.high.series.1"),  # a published rate
        ("geneva_pacs", "tools.revised_geneva.notes.1"),  # a printing that differs
        ("units_recalled", "facts.lactate"),
    ],
)
def test_what_rests_on_a_paper_is_found_wherever_it_is_cited(answered, paper, path):
    assert path in {statement["path"] for statement in answered(paper)["statements"]}


def test_a_recommendation_answers_what_it_rests_on_in_the_state_of_its_weakest_source(answered, cite):
    path = next(p for p, cited in cited_in_content().items() if p.startswith("playbooks.ed.") and len(cited) > 1)

    [statement] = answered(path)["statements"]

    assert statement["kind"] == "recommendation"
    assert tuple(statement["citations"]) == cited_in_content()[path]
    assert statement["weakest"] == weakest(cited_in_content()[path])
    assert statement["review"] == "needed"
    assert f"weakest evidence {statement['weakest']}, review needed" in cite(path)


def test_a_statement_is_reviewed_only_when_each_of_its_sources_is(answered, tmp_path):
    """The state that is inherited, on a copy of the content in which a person reviewed two papers in three."""
    shutil.copytree(CONTENT, tmp_path / "content")
    path = tmp_path / "content" / "catalogue" / "citations.yaml"
    pieces = path.read_text(encoding="utf-8").split("    review: needed\n    reviewer: null\n")
    reviewed = "    review: reviewed\n    reviewer: A. Clinician\n"
    needed = "    review: needed\n    reviewer: null\n"
    text = pieces[0] + "".join((needed if i % 3 == 0 else reviewed) + piece for i, piece in enumerate(pieces[1:]))
    path.write_text(text, encoding="utf-8")
    papers = {id for id, paper in yaml.safe_load(text)["citations"].items() if paper["review"] == "reviewed"}
    assert papers

    found = answered("--dossier", tmp_path / "content" / "dossiers" / DOSSIER.name)

    open_ = {row["path"] for row in found["resting_on_unreviewed"]}
    expected = {path for path, cited in cited_in_content().items() if not cited or not set(cited) <= papers}
    assert expected == open_ & set(cited_in_content())
    assert 0 < len(expected) < len(cited_in_content())
    assert {row["review"] for row in found["resting_on_unreviewed"]} == {"needed"}
    assert not papers & set(found["unreviewed"])


# --- one paper, one statement


def test_what_rests_on_a_paper_is_every_statement_that_cites_it(answered, cite):
    found = answered("davidson_2020")

    expected = {path for path, cited in cited_in_content().items() if "davidson_2020" in cited}
    assert expected
    assert {s["path"] for s in found["statements"]} >= expected
    assert found["kind"] == "narrative_review"
    text = cite("davidson_2020")
    assert text.startswith("davidson_2020: Davidson K, Shojaee S. Managing Massive Hemoptysis.")
    assert f"{len(found['statements'])} statements rest on it:" in text


def test_what_a_rule_rests_on_names_each_source_and_the_weakest(answered, cite):
    [statement] = answered("rules.massive")["statements"]

    assert tuple(statement["citations"]) == cited_in_content()["rules.massive"]
    assert statement["weakest"] == weakest(statement["citations"]) == "source_dossier"
    text = cite("rules.massive")
    assert text.startswith("rules.massive: the bleeding is massive\n")
    assert all(f"    {c}: " in text for c in statement["citations"])


def test_a_path_that_holds_others_answers_for_all_of_them(answered):
    found = {s["path"] for s in answered("triggers.tb_cavitary_with_isolation")["statements"]}

    assert found == {p for p in cited_in_content() if f"{p}.".startswith("triggers.tb_cavitary_with_isolation.")}


def test_a_misspelt_paper_is_told_with_the_one_that_was_meant(capsys):
    assert main(["cite", "davidson_2002"]) != 0

    said = capsys.readouterr().err
    assert "CC419" in said
    assert "davidson_2020" in said


# --- JSON


@pytest.mark.parametrize(
    ("schema", "arguments"),
    [
        ("cite/1", ()),
        ("cite-source/1", ("--source",)),
        ("cite-paper/1", ("davidson_2020",)),
        ("cite-paper/1", ("expert",)),
        ("cite-statement/1", ("rules.massive",)),
        ("cite-statement/1", ("playbooks.ed",)),
    ],
)
def test_the_answer_as_json_keeps_its_schema(answered, schema, arguments):
    properties = {"schema": {"const": schema}, **SCHEMAS[schema]}
    whole = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "additionalProperties": False,
        "required": list(properties),
        "properties": properties,
    }
    Draft202012Validator.check_schema(whole)

    Draft202012Validator(whole).validate(answered(*arguments))
