"""The requirements of the leaflet by number, UX-35 to UX-40, as far as a machine can judge.

What only people can judge is open: test_open_to_people.py. More by number stands in the other tests of the leaflet.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from collections import Counter
from collections.abc import Iterator, Mapping
from functools import cache
from html import unescape
from itertools import product
from pathlib import Path

import pytest

from clinical_commander.cli.main import main
from clinical_commander.dossier.leaflet_check import plain, running
from clinical_commander.dossier.readability import longest_sentence, readability
from clinical_commander.dossier.reader import plain_data
from clinical_commander.dossier.source import read_yaml
from clinical_commander.engine.assess import Engine
from clinical_commander.engine.assessment import Assessment
from clinical_commander.engine.site import Site
from clinical_commander.errors import CaseError, ReferenceProblem
from clinical_commander.frozen import replace
from clinical_commander.leaflet.answer import leaflet_answer, leaflet_style
from clinical_commander.leaflet.beside import rows, write_beside
from clinical_commander.leaflet.page import beside_html, html
from clinical_commander.leaflet.pdf import beside_pdf, can_print, pdf
from clinical_commander.leaflet.text import beside_text
from clinical_commander.leaflet.write import Leaflet, write_leaflet
from tests.fixtures import EXAMPLES, REPOSITORY, SETTINGS, engine
from tests.leaflets import (
    LANGUAGES,
    PSEUDO,
    RUN_BACK,
    as_told,
    assessed,
    everything,
    leaflet,
    need,
    pseudo,
    traces,
    variants,
)

# Points: ISO 216 and ANSI.
PAPERS = {"a4": (595.3, 841.9), "letter": (612.0, 792.0)}
MUST_KNOW = ("spo2", "oxygen_device", "sbp", "rr", "hr", "estimated_volume_24h", "airway_compromise", "consciousness")
DRY = {"hours_since_last_bleeding": "60 h"}
# An amount of each tier (mild < 30 mL <= submassive < 100 mL <= massive, ARCHITECTURE.md).
TIERS: Mapping[str, Mapping[str, object]] = {
    "mild": {},
    "submassive": {"estimated_volume_24h": "40 mL", "volume_description": None, "stated_severity": None},
    "massive": {"estimated_volume_24h": "200 mL", "volume_description": None, "stated_severity": None},
}


@pytest.fixture(autouse=True, scope="module")
def _own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CLINICAL_COMMANDER_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


def withheld(result: Assessment) -> bool:
    assert result.leaflet is not None
    return bool(result.leaflet.withheld)


# --- UX-35: grade


@pytest.mark.parametrize("setting", SETTINGS)
@pytest.mark.parametrize("tier", TIERS)
def test_ux_35_what_is_given_in_a_tier_and_a_setting_is_grade_6_and_nothing_is_given_above_mild(
    tier: str, setting: str
) -> None:
    result = assessed(setting=setting, **DRY, **TIERS[tier])

    assert result.tier.value == tier
    assert withheld(result) is (tier != "mild" or setting == "icu")
    if not withheld(result):
        found = write_leaflet(result, engine().dossier)
        grade = {index.name: index.value for index in readability(said(found), "en")}
        assert grade["Flesch-Kincaid"] <= 6.0
        assert grade["Coleman-Liau"] <= 6.0
        assert grade["SMOG"] <= 8.0
        assert max(longest_sentence(text) for text in said(found)) <= 20


def said(found: Leaflet) -> list[str]:
    """Its sentences, as they are counted."""
    content = engine().dossier.leaflet
    assert content is not None
    texts = {line.key: plain(line.text) for part in found.parts for line in part.lines}
    notes = {f"{part.key}.note": part.note for part in found.parts if part.note}
    return running(content, {"leaflet.subtitle": found.subtitle, **texts, **notes})


# How a sentence explains: "X means", "X: what it is", "X (what it is)", "X or like things".
EXPLAINS = r"{}(?: means |: | \(|s? or like )"


def explained(found: Leaflet) -> tuple[set[str], set[str]]:
    """The medical words on a leaflet that are left out of the grade, and those of them that it explains."""
    content = engine().dossier.leaflet
    assert content is not None
    together = " ".join((found.subtitle, *(line.text for part in found.parts for line in part.lines)))
    used = {term for term in content.terms if re.search(rf"\b{term}", together, re.IGNORECASE)}
    return used, {term for term in used if re.search(EXPLAINS.format(term), together, re.IGNORECASE)}


def test_ux_35_each_medical_word_on_a_leaflet_is_explained_on_the_same_leaflet() -> None:
    for found in (*variants("en"), leaflet()):
        used, told = explained(found)
        assert used == told
    assert len(explained(everything())[0]) == 7


# --- UX-36: the evidence for each item of PEMAT-P, and no rating

PEMAT = plain_data(read_yaml(REPOSITORY / "docs" / "leaflet-pemat.yaml"))
ARITHMETIC = r"\b(plus|minus|subtract|divide|multiply|times as|per|percent|half|twice|double)\b|%"
PASSIVE = r"\b(?:is|are|was|were|be|been|being)\s+(?:\w+ly\s+)?\w+(?:ed|own|en)\b"


def counted() -> dict[str, float]:
    """What can be counted of the longest leaflet, by name."""
    found = everything()
    page = html(found)
    texts = [line.text for part in found.parts for line in part.lines]
    grade = {i.name.lower().replace("-", "_"): i.value for i in readability(said(found), "en")}
    used, told = explained(found)
    before = page.partition("<h1>")[0].partition("<body>")[2]
    lines = [line for part in found.parts for line in part.lines]
    return {
        **grade,
        "headings_before_the_title": len(re.findall("<h[1-6]", before)),
        "texts_before_the_title": before.count("<p"),
        "medical_words": len(used),
        "explained": len(told),
        "texts": len(texts),
        "texts_that_may_be_passive": sum(bool(re.search(PASSIVE, text)) for text in texts),
        "texts_with_a_number": sum(bool(re.search(r"\d", text)) for text in texts),
        "percentages": sum(text.count("%") for text in texts),
        "words_of_arithmetic": sum(len(re.findall(ARITHMETIC, text)) for text in texts),
        "sections": len(found.parts),
        "most_sentences_in_a_section": max(len(part.lines) for part in found.parts),
        "sections_without_heading": sum(not part.title for part in found.parts),
        "summaries": sum("summary" in part.key for part in found.parts),
        "framed_boxes": len(re.findall(r'<section class="(?:emergency|call|questions)"', page)),
        "lists": len(re.findall("<[uo]l>", page)),
        "pictures": len(re.findall("<(?:img|svg|picture)", page)),
        "tables": page.count("<table"),
        "sentences_on_what_to_do": sum(
            len(p.lines) for p in found.parts if p.key in ("leaflet.medicines", "leaflet.home")
        ),
        "texts_to_you": sum(bool(re.search(r"\byou(r|rself)?\b", text, re.IGNORECASE)) for text in texts),
        "texts_about_patients": sum(bool(re.search(r"\b[Pp]atients?\b|\bhe or she\b", text)) for text in texts),
        "most_words_in_a_sentence": max(longest_sentence(text) for text in texts),
        "boxes_to_tick": sum(line.marked is not None for line in lines),
        "lines_to_write_on": sum(line.blank for line in lines) + len(found.contacts),
    }


def test_ux_36_each_item_for_print_has_its_evidence_or_says_why_not_and_what_was_counted_is_so() -> None:
    items, figures = PEMAT["items"], counted()
    texts = set(engine().dossier.leaflet.texts())

    # AHRQ: 17 items of understandability, 7 of actionability; 13 and 14 are of the audiovisual form.
    assert [item["id"] for item in items] == [*range(1, 13), *range(15, 27)]
    assert [sum(item["domain"] == d for item in items) for d in ("understandability", "actionability")] == [17, 7]
    for item in items:
        assert item.get("measured") or item.get("why_not"), item["id"]
        assert set(item.get("keys", ())) <= texts, item["id"]
        for name, figure in item.get("measured", {}).items():
            assert figures[name] == pytest.approx(figure, abs=0.051), (item["id"], name, figures[name])


def test_ux_36_no_item_is_rated_and_no_score_is_claimed_while_there_are_no_two_raters() -> None:
    docs = (REPOSITORY / "docs" / "leaflet.md").read_text(encoding="utf-8")

    assert (PEMAT["raters"], PEMAT["scores"]) == ([], "open")
    assert {item["human"] for item in PEMAT["items"]} == {"open"}
    assert not any({"rating", "score", "agree"} & set(item) for item in PEMAT["items"])
    assert "PEMAT" in docs
    assert not re.search(r"PEMAT[^.]*\d+ ?%[^.]*(reached|passed|met)", docs)


# --- UX-37: the box of the emergency


@pytest.mark.hazard("H05")
@pytest.mark.parametrize("paper", PAPERS)
@pytest.mark.parametrize("language", LANGUAGES)
def test_ux_37_the_whole_box_for_the_ambulance_is_in_the_top_half_of_page_1_of_pdf_and_printed_page(
    language: str, paper: str, tmp_path: Path
) -> None:
    needs_pdf()
    from tests.ux.browser import CHROMIUM, chromium

    need("Chromium", CHROMIUM is not None)
    for found in (leaflet(language), everything(language)):
        files = {"weasyprint": tmp_path / "a.pdf", "chromium": tmp_path / "b.pdf"}
        files["weasyprint"].write_bytes(pdf(found, paper))
        with chromium() as browser:
            page = browser.new_page()
            page.set_content(html(found, paper))
            # Its own policy lets its style through.
            assert page.evaluate("getComputedStyle(document.querySelector('.emergency')).borderTopStyle") == "solid"
            page.pdf(path=files["chromium"], prefer_css_page_size=True)
        first, second = found.parts[:2]

        for maker, file in files.items():
            words = boxes(file)
            height = PAPERS[paper][1]
            last = first.lines[-1].text.rstrip(".").split()[-3:]
            end = [w for w in words if w.page == 0 and bare(w.text) == bare(last[-1]) and w.bottom < height]
            assert len(first.lines) <= 7
            assert found.emergency_number.split()[0] in [bare(w.text) for w in words if w.bottom < height / 2]
            # What follows the box, its frame and its margin are below its last line.
            heading = [w.top for w in words if w.page == 0 and bare(w.text) == bare(second.title.split()[0])]
            assert end, (maker, last)
            assert min(end, key=lambda w: w.top).bottom < height / 2, maker
            assert min(heading) < height / 2 + 40, maker


class Box:
    """Where a word stands, in points from the top left corner."""

    def __init__(self, page: int, text: str, sides: tuple[float, float, float, float]) -> None:
        self.page, self.text = page, text
        self.left, self.top, self.right, self.bottom = sides


def bare(word: str) -> str:
    return word.strip(".,:;()!?¿").lower()


def boxes(file: Path) -> list[Box]:
    """Every word of a PDF with its box, by another program than the one that made it."""
    need("pdftotext (poppler-utils)", shutil.which("pdftotext") is not None)
    out = subprocess.run(["pdftotext", "-bbox", file, "-"], capture_output=True, text=True, check=True).stdout
    found, page = [], -1
    number = r'"([\d.-]+)"'
    word = re.compile(rf"<word xMin={number} yMin={number} xMax={number} yMax={number}>(.*?)</word>")
    for line in out.splitlines():
        page += "<page " in line
        if match := word.search(line):
            left, top, right, bottom = (float(side) for side in match.groups()[:4])
            found.append(Box(page, unescape(match[5]), (left, top, right, bottom)))
    return found


def needs_pdf() -> None:
    need("WeasyPrint with Pango", can_print())


# --- UX-38: who gets none


@pytest.mark.hazard("H05")
@pytest.mark.parametrize("setting", SETTINGS)
@pytest.mark.parametrize("tier", TIERS)
def test_ux_38_in_every_tier_and_setting_each_deciding_fact_left_out_withholds_it(tier: str, setting: str) -> None:
    for fact in MUST_KNOW:
        result = assessed(setting=setting, **{**DRY, **TIERS[tier], fact: None, "volume_description": None})

        assert withheld(result), fact
        answer = leaflet_answer(result, engine().dossier)
        assert answer.page == ""
        assert answer.reasons
        if tier == "mild":
            assert engine().dossier.facts[fact].label in answer.to_know


@pytest.mark.hazard("H05")
@pytest.mark.parametrize("setting", SETTINGS)
def test_ux_38_in_every_setting_each_red_flag_withholds_it(setting: str) -> None:
    for sentence, red_flag, sign in traces():
        changes = {**DRY, **as_told(sign), **({"stated_severity": None} if "estimated_volume_24h" in sign else {})}

        assert withheld(assessed(setting=setting, **changes)), (sentence, red_flag)


@pytest.mark.hazard("H05")
def test_ux_38_a_page_is_shown_the_reasons_or_the_leaflet_and_never_both() -> None:
    dossier = engine().dossier
    given, refused = leaflet_answer(assessed(), dossier), leaflet_answer(assessed(spo2=None), dossier)
    none = leaflet_answer(assessed(), dossier, "fr")

    assert (given.reasons, given.to_know) == ((), ())
    assert given.page == html(leaflet())
    assert (refused.page, refused.leaflet) == ("", None)
    assert any("bleeding tier now" in reason for reason in refused.reasons)
    assert "SpO2" in refused.to_know
    assert none.reasons == ("The leaflet of `symptom.hemoptysis.v1` is not written in `fr`.",)


def test_ux_38_a_page_under_a_strict_policy_takes_its_style_from_an_address_of_its_own() -> None:
    dossier = engine().dossier
    for language in LANGUAGES:
        page = leaflet_answer(assessed(), dossier, language, stylesheet="/leaflet.css").page

        assert "<style" not in page
        assert '<link rel="stylesheet" href="/leaflet.css">' in page
        # The same style as the page that brings its own, and no patient decides on it.
        assert f"<style>{leaflet_style(dossier, language)}</style>" in html(leaflet(language))
    assert "unsafe" not in html(leaflet())


# --- UX-39: languages


def test_ux_39_both_languages_stand_side_by_side_and_each_sentence_beside_its_own_translation() -> None:
    dossier = engine().dossier
    pair = write_beside(assessed(), dossier, None, "es", "en")
    source = dossier.leaflet.texts()
    translated = {key: text.text for key, text in dossier.translations["es"].texts.items()}

    found = [row for row in rows(pair) if row.key in source]

    assert len(found) > 70
    for row in found:
        pattern = {"es": translated[row.key], "en": source[row.key]}
        for language, cell in (("es", row.patient), ("en", row.clinician)):
            literal = [re.escape(piece) for piece in re.split(r"\{\w+\}", pattern[language])]
            assert re.search(".*".join(literal), cell), row.key
    assert {row.key for row in found} >= {line.key for part in pair.patient.parts for line in part.lines}


def test_ux_39_the_text_in_two_columns_has_every_sentence_of_both(capsys: pytest.CaptureFixture[str]) -> None:
    case = str(EXAMPLES / "constructed-mild.yaml")

    status = main(["leaflet", case, "--lang", "es", "--beside", "en", "--width", "100"])
    printed = capsys.readouterr().out.splitlines()

    assert status == 0
    columns = [" ".join(line.split(" | ")[i] for line in printed if len(line.split(" | ")) > i) for i in (0, 1)]
    for column, language in zip(columns, ("es", "en"), strict=True):
        told = re.sub(r"\s+", "", column).lower()
        for text in (line.text for part in leaflet(language).parts for line in part.lines):
            assert re.sub(r"\s+", "", text).lower() in told, text
    assert max(len(line) for line in printed) <= 100


def test_ux_39_a_language_beside_itself_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    status = main(["leaflet", str(EXAMPLES / "constructed-mild.yaml"), "--lang", "en", "--beside", "en"])

    assert (status, capsys.readouterr().out) == (2, "")


@pytest.mark.hazard("H05")
def test_ux_39_side_by_side_it_is_withheld_from_the_same_patients(tmp_path: Path) -> None:
    page = tmp_path / "page.html"

    with pytest.raises(CaseError, match="CC640"):
        write_beside(assessed(sbp=None), engine().dossier, None, "es", "en")
    case = str(EXAMPLES / "tb-04.yaml")
    assert main(["leaflet", case, "--lang", "es", "--beside", "en", "--html", str(page)]) == 2
    assert not page.exists()


def test_ux_39_a_language_from_right_to_left_keeps_its_direction_beside_another() -> None:
    dossier = pseudo()
    pair = write_beside(assessed(Engine(dossier)), dossier, None, PSEUDO, "en")
    page = beside_html(pair)

    cells = re.findall(r'<t[dh](?: scope="col")? lang="([\w-]+)" dir="(\w+)">(.*?)</t[dh]>', page)
    assert {(language, direction) for language, direction, _ in cells} == {(PSEUDO, "rtl"), ("en", "ltr")}
    assert all((RUN_BACK in text) is (language == PSEUDO) for language, _, text in cells[2:] if text)
    assert f'<html lang="{PSEUDO}" dir="rtl">' in page
    turned = [line for line in beside_text(pair, 100).splitlines() if RUN_BACK in line]
    assert all(line.startswith("\u200f") for line in turned)


def test_ux_39_a_missing_sentence_leaves_no_half_of_a_pair() -> None:
    dossier = pseudo()
    texts = dict(dossier.translations[PSEUDO].texts)
    del texts["leaflet.home.sit"]

    broken = replace(dossier, translations={PSEUDO: replace(dossier.translations[PSEUDO], texts=texts)})
    with pytest.raises(ReferenceProblem, match=r"CC643 `leaflet\.home\.sit`"):
        write_beside(assessed(Engine(broken)), broken, None, PSEUDO, "en")


@pytest.mark.parametrize("language", LANGUAGES)
def test_ux_39_every_temperature_stands_in_celsius_and_fahrenheit(language: str) -> None:
    text = " ".join(line.text for part in everything(language).parts for line in part.lines)

    degrees = re.findall(r"([\d.]+) °C \(([\d.]+) °F\)", text)
    assert len(degrees) == text.count("°C") == text.count("°F") >= 1
    assert all(float(f) == pytest.approx(float(c) * 9 / 5 + 32, abs=0.05) for c, f in degrees)


def test_ux_39_a_pair_is_printed_too_with_both_languages(tmp_path: Path) -> None:
    needs_pdf()
    file = tmp_path / "pair.pdf"
    file.write_bytes(beside_pdf(write_beside(assessed(), engine().dossier, None, "es", "en")))

    words = {bare(word.text) for word in boxes(file)}
    assert {"ambulancia", "ambulance", "unreviewed", "revisar"} <= words
    # Nothing runs into the other column: the middle of the page is empty.
    middle = PAPERS["a4"][0] / 2
    assert not [w.text for w in boxes(file) if w.left < middle - 3 < middle + 3 < w.right and w.top > 70]


# --- UX-40: on paper


SITUATIONS: Mapping[str, tuple[Mapping[str, object], ...]] = {
    "setting": ({"setting": "home"}, {"setting": "outpatient"}, {"setting": "ed"}, {"setting": "inpatient", **DRY}),
    "thinner": ({}, {"anticoagulant": "doac"}, {"anticoagulant": "warfarin", "inr": "2.2"}, {"anticoagulant": None}),
    "platelets": ({}, {"antiplatelet": "single"}),
    "smoking": ({}, {"smoking_status": "current", "age": "61 years"}),
    "cause": ({}, {"confirmed_cause": "bronchiectasis"}, {"confirmed_cause": "other"}),
    "planned": ({}, {"actions": dict.fromkeys(
        ("image.ct_chest", "panel.cbc", "image.cxr", "panel.sputum", "bronch.flexible", "drug.antibiotics"),
        "ordered")}),
    "visit": ({}, {"duration_recurrence": "acute_single", "hours_since_last_bleeding": "100 h",
                   "prior_workup": "none"}),
}  # fmt: skip


@cache
def situations() -> Mapping[frozenset[str], Assessment]:
    """Every combination of what chooses sentences, by the sentences that it gives."""
    found: dict[frozenset[str], Assessment] = {}
    for combination in product(*SITUATIONS.values()):
        changes: dict[str, object] = {}
        for change in combination:
            changes |= change
        result = assessed(**changes)
        assert not withheld(result), combination
        assert result.leaflet is not None
        found.setdefault(frozenset(result.leaflet.sentences), result)
    return found


def longest(language: str) -> list[Leaflet]:
    """Of all leaflets that can occur those that are in no section shorter than another one."""
    made = [write_leaflet(result, engine().dossier, None, language) for result in situations().values()]

    def sizes(found: Leaflet) -> dict[tuple[str, str], int]:
        lines = {(p.key, "lines"): len(p.lines) for p in found.parts}
        return lines | {(p.key, "letters"): sum(len(line.text) for line in p.lines) for p in found.parts}

    measured = {str(sorted(sizes(found).items())): (found, sizes(found)) for found in made}.values()
    return [
        found
        for found, size in measured
        if not any(o != size and all(o.get(key, 0) >= n for key, n in size.items()) for _, o in measured)
    ]


def test_ux_40_the_situations_that_are_printed_use_every_sentence_there_is() -> None:
    content = engine().dossier.leaflet
    assert content is not None
    every = {f"{section.id}.{sentence.id}" for section in content.sections for sentence in section.sentences}

    assert frozenset().union(*situations()) == every
    assert len(situations()) > 200


@pytest.mark.hazard("H05")
@pytest.mark.parametrize("paper", PAPERS)
@pytest.mark.parametrize("language", LANGUAGES)
def test_ux_40_every_situation_that_can_occur_fits_on_two_pages_with_every_word_inside_and_none_over_another(
    language: str, paper: str, tmp_path: Path
) -> None:
    needs_pdf()
    width, height = PAPERS[paper]
    file = tmp_path / "leaflet.pdf"
    shortest = leaflet(language)

    for found in (*longest(language), shortest):
        file.write_bytes(pdf(found, paper))
        words = boxes(file)
        assert {word.page for word in words} == {0, 1}
        assert all(w.left >= 18 and w.right <= width - 18 and w.top >= 18 and w.bottom <= height - 18 for w in words)
        assert overlaps(words) == []
        # Letter by letter: a word may be broken at its hyphen.
        printed = Counter("".join(word.text for word in words))
        wanted = Counter("".join(line.text for part in found.parts for line in part.lines).replace(" ", ""))
        assert not wanted - printed


def overlaps(words: list[Box]) -> list[tuple[str, str]]:
    """Words of which more than a third lies on another word."""
    found = []
    for n, a in enumerate(words):
        for b in words[n + 1 :]:
            wide = min(a.right, b.right) - max(a.left, b.left)
            high = min(a.bottom, b.bottom) - max(a.top, b.top)
            smaller = min((a.right - a.left) * (a.bottom - a.top), (b.right - b.left) * (b.bottom - b.top))
            if a.page == b.page and wide > 0 and high > 0 and wide * high > smaller / 3:
                found.append((a.text, b.text))
    return found


@pytest.mark.parametrize("paper", PAPERS)
@pytest.mark.parametrize("language", LANGUAGES)
def test_ux_40_printed_in_grey_every_word_has_a_contrast_of_at_least_4_5(
    language: str, paper: str, tmp_path: Path
) -> None:
    needs_pdf()
    need("pdftoppm (poppler-utils)", shutil.which("pdftoppm") is not None)
    from PIL import Image

    file = tmp_path / "leaflet.pdf"
    file.write_bytes(pdf(everything(language), paper))
    subprocess.run(["pdftoppm", "-gray", "-r", "144", file, tmp_path / "page"], check=True)
    pages = [Image.open(path) for path in sorted(tmp_path.glob("page-*.pgm"))]
    scale = 144 / 72

    poor = []
    for word in boxes(file):
        sides = [int(side * scale) for side in (word.left, word.top, word.right + 1, word.bottom + 1)]
        dark, light = pages[word.page].crop(tuple(sides)).getextrema()
        if contrast(dark, light) < 4.5 and re.search(r"\w", word.text):
            poor.append((word.text, dark, light))
    assert poor == []


def contrast(one: int, other: int) -> float:
    """WCAG 2.2: (L1 + 0.05) / (L2 + 0.05), relative luminance of sRGB grey."""

    def luminance(value: int) -> float:
        share = value / 255
        return share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4

    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("paper", PAPERS)
@pytest.mark.parametrize("language", LANGUAGES)
def test_ux_40_it_has_its_date_and_version_blanks_for_contacts_and_three_questions(
    language: str, paper: str, tmp_path: Path
) -> None:
    needs_pdf()
    found = replace(everything(language), content_hash="0123456789ab")
    file = tmp_path / "leaflet.pdf"
    file.write_bytes(pdf(found, paper))

    words = boxes(file)
    for page in (0, 1):
        texts = [word.text for word in words if word.page == page]
        assert {"2026-11-01", engine().dossier.version, found.content_hash} <= set(texts), page
    questions = next(part for part in found.parts if part.kind == "questions")
    assert 2 <= len(questions.lines) <= 3
    assert all("?" in line.text for line in questions.lines)
    assert html(found).count('<dd><span class="blank"></span></dd>') == len(found.contacts) == 4
    filled = write_leaflet(assessed(), engine().dossier, Site("Hill", phones={"clinic": "555 0100"}), language)
    assert html(filled).count('<dd><span class="blank"></span></dd>') == 3
