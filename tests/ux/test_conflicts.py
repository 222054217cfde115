"""UX-24: the corpus of conflict pairs through the page: one banner a conflict, both sides in words, none undeclared."""

from __future__ import annotations

import functools
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from html import unescape
from itertools import combinations
from typing import Any

import pytest
import yaml
from fastapi.testclient import TestClient

from clinical_commander.engine.assessment import Assessment
from clinical_commander.service.app import create_app
from tests.desks import considered, desk
from tests.fixtures import NORMAL, REPOSITORY, engine, vignettes
from tests.ux.browser import form_of

FORWARD, BACK = frozenset({"start", "give", "perform"}), frozenset({"stop", "hold", "avoid"})
# Rules that hold something back which no plan of this dossier proposes while they hold: nothing is there to be told.
NEVER_SHOWN = {"isolation_vs_lift", "biopsy_vs_bleeding"}
CONTRADICTION = {"cxr_normal": "yes", "cxr_mass": "yes"}


@functools.cache
def content() -> Mapping[str, Any]:
    """conflicts.yaml as it is written."""
    text = (REPOSITORY / "content" / "catalogue" / "conflicts.yaml").read_text(encoding="utf-8")
    found: dict[str, Any] = yaml.safe_load(text)
    return found


@functools.cache
def client() -> TestClient:
    return TestClient(create_app(desk()))


def forms() -> Iterator[tuple[str, Mapping[str, str], Sequence[str]]]:
    """The patients of the vignettes that a form can tell of: name, form, the conflicts that the vignette expects."""
    for vignette in vignettes()[0]:
        given = vignette.given
        facts = given.get("facts", {})
        assert isinstance(facts, dict)
        if set(given) <= {"setting", "region", "facts"} and not any(isinstance(v, dict | list) for v in facts.values()):
            place = {name: str(given[name]) for name in ("setting", "region") if name in given}
            expected = vignette.expect.get("conflicts", ())
            yield vignette.name, {**form_of(facts), **place}, list(expected) if isinstance(expected, list) else []


@functools.cache
def corpus() -> tuple[tuple[str, Mapping[str, str], Sequence[str]], ...]:
    """Those that expect a conflict, and one of each other conflict that some vignette meets without expecting it."""
    chosen, met = [], set[str]()
    for name, form, expected in forms():
        found = {c.id for c in assessed(form).conflicts}
        if expected or found - met:
            chosen.append((name, form, expected))
            met |= found
    return tuple(chosen)


def assessed(form: Mapping[str, str]) -> Assessment:
    return considered(form, datetime.now(UTC)).assessment


def banners(page: str) -> list[tuple[str, list[str]]]:
    """Each banner of the page: its sentence, and the lines under it."""
    section = re.search(r'<section class="card conflicts"[^>]*>(.*?)</section>', page, re.S)
    found: list[tuple[str, list[str]]] = []
    for item in re.findall(r'<li [^>]*class="line [^"]*">.*?</li>', section[1] if section else "", re.S):
        text = unescape(re.sub(r"\s+", " ", re.findall(r'<span class="text">(.*?)</span>', item, re.S)[0])).strip()
        if "s-alarm" in item.split(">")[0]:
            found.append((text, []))
        else:
            found[-1][1].append(text)
    return found


def test_ux_24_each_conflict_that_a_vignette_expects_is_one_banner_with_both_sides_in_the_words_of_the_content() -> (
    None
):
    rules = {rule["id"]: rule for rule in content()["conflicts"]}
    seen: Counter[str] = Counter()
    for name, form, expected in corpus():
        page = client().post("/", data=form).text

        told = banners(page)
        by_text = {id: [b for b in told if b[0].startswith(rules[id]["text"])] for id in rules}
        contradictions = [c for c in assessed(form).conflicts if c.kind == "facts"]
        for id in expected:
            assert id in {c.id for c in contradictions} or len(by_text[id]) == 1, (name, id)
        for id, found in by_text.items():
            assert len(found) <= 1, (name, id)
            for _, lines in found:
                sides = [side["says"] for side in rules[id]["sides"]]
                assert len(sides) >= 2
                assert lines[: len(sides)] == sides, (name, id)
                seen[id] += 1
        declared = len(contradictions) + sum(map(len, by_text.values()))
        assert len(told) == declared, f"{name}: a banner that no rule declares"
        assert page.count('id="conflicts"') <= 1
    assert rules.keys() - seen.keys() == NEVER_SHOWN


def test_ux_24_two_statements_that_exclude_each_other_are_one_banner_with_both_values() -> None:
    page = client().post("/", data={f"v.{name}": value for name, value in CONTRADICTION.items()}).text

    (banner,) = banners(page)
    for name in CONTRADICTION:
        assert engine().dossier.facts[name].label in banner[0]


def test_ux_24_no_two_live_lines_of_a_page_pull_one_target_in_two_directions_undeclared() -> None:
    agreeing = {frozenset(pair["actions"]) for pair in content()["agreeing_actions"]}
    pulling: Counter[frozenset[str]] = Counter()
    for name, form, _ in corpus():
        page = client().post("/", data=form).text
        lines = re.findall(r'<li [^>]*class="line item [^"]*s-(?:do|ask_first)[^"]*">.*?</li>', page, re.S)
        shown = {
            unescape(text) for line in lines for text in re.findall(r'<span class="text">(.*?)</span>', line, re.S)
        }
        live = [a for a in assessed(form).actions if {a.text, f"{a.text} [{a.side}]"} & shown]
        assert live or not shown, name
        for a, b in combinations(live, 2):
            if a.target == b.target and {a.verb, b.verb} & FORWARD and {a.verb, b.verb} & BACK:
                pair = frozenset({a.id, b.id})
                pulling[pair] += 1
                assert pair in agreeing, (name, sorted(pair))
    assert pulling, "no agreeing pair was met"


@pytest.mark.parametrize("fact", ["leg_dvt_signs", "estimated_volume_24h"])
def test_ux_24_without_one_side_of_a_conflict_there_is_no_quieter_advice(fact: str) -> None:
    """A clot and a bleed: whichever is not known, no anticoagulant is advised."""
    facts = {**NORMAL, "estimated_volume_24h": "150 mL", "leg_dvt_signs": True, "age": "52 years"}
    whole, less = (assessed(form_of(f)) for f in (facts, {n: v for n, v in facts.items() if n != fact}))

    assert "anticoagulate_vs_massive" in {c.id for c in whole.conflicts}
    for result in (whole, less):
        assert not [
            a for a in result.actions if a.id in ("drug.anticoagulate", "drug.thrombolysis") and a.state == "do"
        ]
