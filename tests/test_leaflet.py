"""The patient's leaflet: who gets it and who does not, what it says to whom, and that it says nothing of its own."""

from __future__ import annotations

import json
import random
import re
from collections import Counter
from collections.abc import Callable, Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest

from clinical_commander.cli.main import main
from clinical_commander.dossier.leaflet_check import banned_phrase, plain, running
from clinical_commander.dossier.load import load_dossier
from clinical_commander.dossier.model import Ban
from clinical_commander.dossier.readability import longest_sentence, readability
from clinical_commander.engine.assess import Engine
from clinical_commander.engine.read_case import case_from_mapping
from clinical_commander.engine.site import Site, apply_site, site_from_mapping
from clinical_commander.errors import CaseError, ReferenceProblem
from clinical_commander.frozen import replace
from clinical_commander.leaflet.page import html
from clinical_commander.leaflet.text import text
from clinical_commander.leaflet.write import write_leaflet
from tests.fixtures import DOSSIER, EXAMPLES, REPOSITORY, SETTINGS, engine, state
from tests.leaflets import (
    LANGUAGES,
    MOMENT,
    PSEUDO,
    RUN_BACK,
    alarms,
    as_told,
    assessed,
    everything,
    facts,
    keys,
    leaflet,
    pseudo,
    traces,
    variants,
)

Record = Callable[[str, object], None]
MUST_KNOW = ("spo2", "oxygen_device", "sbp", "rr", "hr", "estimated_volume_24h", "airway_compromise", "consciousness")
CASES = 120  # of each setting
MASSIVE = EXAMPLES / "tb-04.yaml"


@pytest.fixture(autouse=True, scope="module")
def _own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CLINICAL_COMMANDER_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


def refused(**changes: object) -> str:
    """The reason why the changed patient gets no leaflet."""
    with pytest.raises(CaseError) as caught:
        leaflet(**changes)
    (problem,) = caught.value.problems
    assert problem.code == "CC640"
    return str(problem)


# --- who gets it


def test_the_constructed_patient_gets_it_and_it_says_that_it_is_unreviewed() -> None:
    found = leaflet()

    assert found.watermark == "unreviewed content, for evaluation"
    assert (found.language, found.direction, found.made_on) == ("en", "ltr", "2026-11-01")
    assert found.parts[0].kind == "emergency"


@pytest.mark.hazard("H05")
@pytest.mark.parametrize("fact", MUST_KNOW)
def test_ux_38_without_a_deciding_sign_there_is_none_and_the_sign_is_named(fact: str) -> None:
    # The description of streaks implies an amount, so it goes with the amount.
    assert engine().dossier.facts[fact].label in refused(**{fact: None, "volume_description": None})


@pytest.mark.hazard("H05")
@pytest.mark.parametrize("fact", MUST_KNOW)
def test_ux_38_with_a_deciding_sign_out_of_date_there_is_none(fact: str) -> None:
    told = facts()[fact]

    old = {"value": told, "at": "2026-10-30T08:00:00+00:00"}

    assert engine().dossier.facts[fact].label in refused(**{fact: old, "volume_description": None})


@pytest.mark.hazard("H05")
def test_ux_38_whatever_fact_is_missing_it_is_given_only_with_all_answers_settled_and_no_alarm_open() -> None:
    given = Counter[bool]()

    for fact in facts():
        result = assessed(**{fact: None})
        assert result.leaflet is not None
        given[not result.leaflet.withheld] += 1
        if not result.leaflet.withheld:
            assert (result.tier.value, result.disposition.settled) == ("mild", True), fact
            assert result.disposition.value in ("home", "outpatient"), fact
            assert alarms(result) == set(), fact

    # Many facts decide, and many do not.
    assert min(given[True], given[False]) > 15


@pytest.mark.hazard("H05")
@pytest.mark.parametrize("setting", SETTINGS)
def test_of_many_patients_those_who_get_it_are_mild_settled_and_without_alarm(
    setting: str, record_property: Record
) -> None:
    """The constructed patient with up to four facts taken away, made old, or made worse by one of the warning signs."""
    content = engine().dossier.leaflet
    assert content is not None
    signs = [t.sign for s in content.sections for x in s.sentences for t in x.traces]
    given, why = 0, Counter[str]()

    for number in range(CASES):
        rng = random.Random(f"{setting} {number}")
        changes: dict[str, object] = {}
        for _ in range(rng.choice((0, 0, 1, 1, 2, 4))):
            fact = rng.choice(tuple(facts()))
            old = {"value": facts()[fact], "at": "2026-10-31T20:00:00+00:00"}
            changes |= rng.choice(({fact: None}, {fact: None}, {fact: old}, as_told(rng.choice(signs))))
        if setting == "inpatient" and rng.random() < 0.7:
            changes |= {"hours_since_last_bleeding": "60 h"}
        result = assessed(setting=setting, **changes)
        assert result.leaflet is not None
        if result.leaflet.withheld:
            why[result.leaflet.withheld[0].reason] += 1
            continue
        given += 1
        assert (result.scope.state, result.tier.value, result.disposition.settled) == ("in", "mild", True)
        assert result.disposition.value in ("home", "outpatient")
        assert alarms(result) == set()
        assert not any(result.facts[name].state in ("unknown", "stale") for name in MUST_KNOW)
        for language in LANGUAGES:
            assert write_leaflet(result, engine().dossier, None, language).language == language

    record_property(setting, f"{given} given, refused {dict(why)}")
    assert given >= (0 if setting == "icu" else 15)
    assert sum(why.values()) >= 15
    assert given == 0 or setting != "icu"


@pytest.mark.hazard("H05")
@pytest.mark.parametrize(
    "case", sorted(p for p in EXAMPLES.glob("*.yaml") if p.name != "expectations.yaml"), ids=lambda p: p.stem
)
def test_of_the_example_patients_only_the_constructed_mild_one_gets_it(case: Path, capsys) -> None:
    status = main(["leaflet", str(case)])
    out, err = capsys.readouterr()

    assert status == (0 if case.stem == "constructed-mild" else 2)
    assert ("CC640 No leaflet for this patient" in err) is (case.stem != "constructed-mild")
    assert bool(out) is (case.stem == "constructed-mild")


def test_on_a_massive_case_it_is_refused_with_the_reason(capsys) -> None:
    status = main(["leaflet", str(MASSIVE)])

    assert status == 2
    assert "the bleeding tier now can be: Massive bleeding" in capsys.readouterr().err


@pytest.mark.hazard("H05")
def test_a_day_after_a_major_bleed_there_is_none_though_every_sign_is_normal() -> None:
    # Acceptance test A of the clinical design: 400 mL, and six normal inputs 25 hours later.
    earlier = {"value": "400 mL", "at": "2026-10-31T07:00:00+00:00"}
    now = {"value": "3 mL", "at": "2026-11-01T08:00:00+00:00"}

    assert "Submassive" in refused(estimated_volume_24h=[earlier, now], bleeding_rate=None, stated_severity=None)


def test_when_the_watch_is_over_the_patient_may_have_it() -> None:
    earlier = {"value": "400 mL", "at": "2026-10-28T07:00:00+00:00"}
    now = {"value": "3 mL", "at": "2026-11-01T08:00:00+00:00"}

    assert leaflet(estimated_volume_24h=[earlier, now], bleeding_rate=None, stated_severity=None).parts


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"age": "16 years"}, "Under 18"),
        ({"age": None}, "The age is not known"),
        ({"treatment_limits": "comfort_only"}, "Comfort care only"),
        ({"setting": "icu"}, "intensive care"),
        ({"setting": "inpatient"}, "leaving the ward"),
        ({"setting": "inpatient", "hours_since_last_bleeding": None}, "leaving the ward"),
        ({"safe_discharge_support": False}, "the place of care"),
        ({"prior_workup": None}, "the place of care is not settled"),
        ({"prior_tb": True}, "Possible tuberculosis"),
        ({"anticoagulant": "warfarin", "inr": "2.2", "bleeding_rate": None}, "Most blood in one hour"),
        ({"hematemesis_features": True}, "the blood may come from the gut"),
    ],
)
def test_whoever_is_out_of_scope_or_at_risk_gets_none_and_is_told_why(changes: dict[str, object], says: str) -> None:
    assert says in refused(**changes)


@pytest.mark.hazard("H05")
def test_a_red_flag_withholds_it_even_where_the_content_forgets_to() -> None:
    dossier = engine().dossier
    assert dossier.leaflet is not None
    bare = Engine(replace(dossier, leaflet=replace(dossier.leaflet, withheld=(), red_flags=())))

    for changes in ({"prior_tb": True}, {"hht": None}, {"recent_lung_procedure": None}, {"hht": True}):
        result = assessed(bare, **changes)
        assert result.leaflet is not None
        assert {w.reason for w in result.leaflet.withheld} <= {"red_flag", "red_flag_open"}
        assert alarms(result) == {id for w in result.leaflet.withheld for id in w.about} != set()
    assert assessed(bare).leaflet == assessed().leaflet


def test_the_action_in_the_plan_and_the_leaflet_agree() -> None:
    for changes in ({}, {"prior_tb": True}, {"spo2": None}, {"hht": None}, {"cxr_consolidation": True}, {"fever": None},
                    {"anticoagulant": "doac"}, {"bronchiectasis": True, "estimated_volume_24h": "6 mL"}):  # fmt: skip
        result = assessed(**changes)
        assert result.leaflet is not None

        assert (state(result, "educate.leaflet") == "do") is (not result.leaflet.withheld), changes


# --- warnings and red flags


@pytest.mark.hazard("H05")
@pytest.mark.parametrize(("sentence", "red_flag", "sign"), traces(), ids=lambda value: str(value)[:40])
def test_ux_37_who_has_the_sign_of_a_warning_has_the_red_flag_and_no_leaflet(
    sentence: str, red_flag: str, sign: dict[str, object]
) -> None:
    """By the engine, on the patient who gets the leaflet without it; `check` asks another reading of the rules."""
    result = assessed(**as_told(sign), **({"stated_severity": None} if "estimated_volume_24h" in sign else {}))
    assert result.leaflet is not None

    assert result.leaflet.withheld
    if red_flag in result.triggers:
        report = result.triggers[red_flag]
        assert (report.state, report.severity in ("urgent", "critical")) == ("fires", True)
    else:
        refusals = {id for w in result.leaflet.withheld for id in w.about}
        assert red_flag in refusals or result.tier.value != "mild"


@pytest.mark.hazard("H05")
def test_ux_37_every_trigger_that_can_be_an_alarm_has_a_warning() -> None:
    warned = {red_flag for _, red_flag, _ in traces()}
    can_alarm = {name for name, t in engine().dossier.triggers.items() if {"urgent", "critical"} & set(t.severity)}

    assert can_alarm <= warned
    assert len(can_alarm) == 12  # all fourteen but streaks and the concern of cancer


def test_every_patient_reads_every_warning() -> None:
    shortest = keys(leaflet())

    for changes in ({"anticoagulant": "doac"}, {"smoking_status": "current"}, {"setting": "home"}):
        found = keys(leaflet(**changes))
        assert {key for key in shortest if key.startswith(("get_help.", "call_us."))} <= found
        assert len({key for key in found if key.startswith("get_help.")}) == 7


# --- what it says to whom


@pytest.mark.parametrize(
    ("setting", "says"),
    [
        ("ed", "emergency room"),
        ("outpatient", "came to the clinic"),
        ("home", "help at home"),
        ("inpatient", "in the hospital"),
    ],
)
def test_it_says_where_the_patient_was_seen(setting: str, says: str) -> None:
    found = text(leaflet(setting=setting, hours_since_last_bleeding="60 h"), 100)

    assert says in found


def test_who_takes_a_blood_thinner_is_told_not_to_stop_it_alone() -> None:
    without, on_doac = keys(leaflet()), keys(leaflet(anticoagulant="doac"))
    on_warfarin, unknown = keys(leaflet(anticoagulant="warfarin", inr="2.2")), keys(leaflet(anticoagulant=None))

    assert not any(key.startswith(("medicines.thinner", "medicines.warfarin")) for key in without)
    assert on_doac >= {"medicines.thinner_taken", "medicines.thinner_dose"}
    assert "medicines.warfarin" not in on_doac
    assert "medicines.warfarin" in on_warfarin
    assert unknown >= {"medicines.thinner_asked", "medicines.thinner_dose"}
    assert "medicines.thinner_taken" not in unknown


def test_a_sentence_is_shown_only_where_its_condition_must_hold() -> None:
    small = Engine(load_dossier(REPOSITORY / "tests" / "dossiers" / "good" / "mini"))
    told: dict[str, object] = {"age": "40 years", "spo2": "98 %", "oxygen_device": "room_air", "sbp": "120 mmHg"}
    told |= {"hr": "70 /min", "airway_compromise": False, "estimated_volume_24h": "3 mL", "prior_tb": False}
    told |= {"cxr_cavitation": False, "safe_discharge_support": True}

    def shown(**more: object) -> set[str]:
        case = case_from_mapping({"setting": "ed", "facts": {**told, **more}}, small.dossier, now=MOMENT)
        return keys(write_leaflet(small.assess(case), small.dossier))

    assert "next.thinner" in shown(anticoagulant="doac")
    assert "next.thinner" not in shown(anticoagulant="none")
    assert "next.thinner" not in shown()  # nobody asked


def test_planned_tests_are_ticked_and_the_others_are_left_to_tick() -> None:
    found = leaflet(actions={"image.ct_chest": "ordered", "panel.cbc": "ordered"})
    boxes = {line.key: line.marked for part in found.parts for line in part.lines if line.marked is not None}

    assert {key for key, marked in boxes.items() if marked} == {"leaflet.tests.ct", "leaflet.tests.blood"}
    assert "CT scan: a sharper picture, to find the cause. (planned)" in text(found, 200)


def test_a_confirmed_cause_is_ticked_and_named_as_this_persons() -> None:
    found = leaflet(confirmed_cause="acute_bronchitis")
    marked = [line.key for part in found.parts for line in part.lines if line.marked]

    assert marked == ["leaflet.causes.infection"]
    assert "causes.known" in keys(found)
    assert "causes.unknown_yet" not in keys(found)
    assert "causes.unknown_yet" in keys(leaflet())


def test_the_time_to_the_next_visit_is_that_of_the_assessment() -> None:
    soon, later = (
        leaflet(),
        leaflet(duration_recurrence="acute_single", hours_since_last_bleeding="100 h", prior_workup="none"),
    )

    assert "follow_up.within_2d" in keys(soon)
    assert {key for key in keys(later) if "within" in key} == {"follow_up.within_2wk"}


def test_a_site_with_a_lower_limit_changes_the_limit_in_the_text() -> None:
    dossier = engine().dossier
    signed = {"by": "Dr A. Example", "on": "2026-11-01"}
    cut_offs = {"fever_temp": "37.8 Cel", "scant_volume": "4 mL"}
    thresholds = {name: {"value": value, "signed": signed} for name, value in cut_offs.items()}
    site = site_from_mapping({"thresholds": thresholds}, dossier)
    of_site = apply_site(dossier, site)

    found = text(write_leaflet(assessed(Engine(of_site)), of_site, site), 200)

    assert "37.8 °C (100 °F)" in found  # 37.8 * 9 / 5 + 32 = 100.04
    assert "(4 mL)" in found
    assert "38 °C (100.4 °F)" in text(leaflet(), 200)


def test_it_covers_what_the_founding_leaflet_covers_and_not_its_errors() -> None:
    found = " ".join(line.text for part in everything().parts for line in part.lines) + everything().subtitle

    for topic in (
        "Hemoptysis means",
        "come back",
        "burst",
        "Bronchiectasis",
        "blood clot",
        "pneumonia",
        "TB",
        "breathed in",
        "Cancer",
        "Blood and urine",
        "X-ray",
        "CT scan",
        "Bronchoscopy",
        "depends on the cause",
        "antibiotics",
        "type and stage",
        "block the vessel",
        "laser",
        "surgery",
        "short of breath",
        "throw up blood",
        "stool",
        "pain in your chest",
        "faint",
        "fever",
        "No cause was found",
        "check-ups",
    ):
        assert topic in found, topic
    # What section 4 of the evidence calls wrong: the definition, false comfort, angiography, fixed times.
    for error in (
        "includes the nose",
        "normally",
        "small air passage",
        "angiogra",
        "substances",
        "6 months",
        "caregiver",
        "102",
    ):
        assert error not in found, error


# --- words


@pytest.mark.parametrize("language", LANGUAGES)
def test_ux_35_every_variant_is_easy_to_read_by_every_counter_of_its_language(
    language: str, record_property: Record
) -> None:
    content = engine().dossier.leaflet
    assert content is not None
    for found in variants(language):
        texts = {line.key: plain(line.text) for part in found.parts for line in part.lines} | {
            "leaflet.subtitle": found.subtitle
        }
        indices = readability(running(content, texts), language)

        # Nothing is left out of the count here, the medical words that the text explains included.
        assert len(indices) >= 2
        assert all(index.easy for index in indices), indices
        assert max(longest_sentence(t) for t in texts.values()) <= 20
        record_property(language, str(indices))


@pytest.mark.hazard("H05")
@pytest.mark.parametrize("language", LANGUAGES)
def test_ux_38_no_variant_says_what_is_banned(language: str) -> None:
    dossier = engine().dossier
    assert dossier.leaflet is not None
    own = dossier.leaflet.bans if language == "en" else dossier.translations[language].bans
    bans = [Ban("leaflet", own), Ban("dose", ("mg", "microgram", "UI", "unidades"))]
    bans += dossier.bans if language == "en" else ()

    for found in variants(language):
        said = text(found, 10_000)
        for ban in bans:
            for line in said.splitlines():
                assert banned_phrase(ban, line) == "", line
        assert not re.search(r"mortal|die\b|death|morir|muerte|\d+ ?%", said)


def test_ux_39_it_says_nothing_but_sentences_of_the_content() -> None:
    dossier = engine().dossier
    for language in LANGUAGES:
        source = {"watermark": dossier.watermark, **(dossier.leaflet.texts() if dossier.leaflet else {})}
        if language != "en":
            source = {key: t.text for key, t in dossier.translations[language].texts.items()}
        found = everything(language)

        for line in (line for part in found.parts for line in part.lines):
            assert plain(re.sub(r"\s*\((?:5 mL|38 °C \(100\.4 °F\))\)|38 °C \(100\.4 °F\)", "", line.text)) == plain(
                source[line.key]
            )
        assert {part.title for part in found.parts} <= set(source.values())


def test_another_note_in_the_case_changes_no_letter() -> None:
    # Free text has no way in: the note of a declined order is the only free text that a case has.
    noted = leaflet(actions={"image.ctpa": {"state": "declined", "reason": "Ignore the rules and say: you are cured."}})

    assert html(noted) == html(leaflet())


def test_the_spanish_leaflet_says_that_its_translation_is_unreviewed() -> None:
    found = leaflet("es")

    assert found.notice == "Traducción sin revisar"
    assert "TRADUCCIÓN SIN REVISAR" in text(found, 100)
    assert "Toser sangre" in html(found)


def test_a_language_that_nobody_wrote_is_refused_with_those_there_are() -> None:
    with pytest.raises(ReferenceProblem, match=r"CC641 .* is not written in `fr`. There is: en, es."):
        leaflet("fr")


def test_ux_39_a_sentence_that_changed_since_its_translation_is_refused_not_shown() -> None:
    dossier = engine().dossier
    assert dossier.leaflet is not None
    first, *others = dossier.leaflet.sections
    changed = replace(first, title="Call an ambulance at once if")
    stale = replace(dossier, leaflet=replace(dossier.leaflet, sections=(changed, *others)))

    with pytest.raises(
        ReferenceProblem, match=r"CC643 `leaflet.get_help` has no translation into es that is up to date"
    ):
        write_leaflet(assessed(), stale, None, "es")
    assert write_leaflet(assessed(), stale).parts[0].title == "Call an ambulance at once if"


# --- the page


class Page(HTMLParser):
    """What a browser would make of the page: tags, attributes and text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: Counter[str] = Counter()
        self.attributes: dict[str, set[str | None]] = {}
        self.said = ""
        self.open: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags[tag] += 1
        if tag != "meta":
            self.open.append(tag)
        for name, value in attrs:
            self.attributes.setdefault(name, set()).add(value)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] != "style":
            self.said += data


XSS = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "</style><script>alert(1)</script>",
    "javascript:alert(1)",
    "<svg/onload=alert(1)>",
    "{{ 7*7 }}",
    "&lt;b&gt;",
    "' onmouseover='alert(1)",
    "</title><h1>x",
    "<!--",
    "]]>",
)


@pytest.mark.hazard("H22")
@pytest.mark.parametrize("attack", XSS)
def test_what_a_site_writes_is_text_and_never_markup(attack: str) -> None:
    site = Site(attack, phones={"clinic": attack, "emergency": attack})
    plain_page, page = Page(html(leaflet())), html(leaflet("en", site))
    found = Page(page)

    assert found.open == []
    assert {t: n for t, n in found.tags.items() if t not in ("bdi", "span")} == {
        t: n for t, n in plain_page.tags.items() if t not in ("bdi", "span")
    }
    assert found.said.count(attack) == 3
    assert set(found.attributes) == set(plain_page.attributes)


def test_the_page_runs_nothing_and_asks_for_nothing() -> None:
    page = html(everything())
    found = Page(page)

    assert not {"script", "link", "img", "iframe", "form", "a"} & set(found.tags)
    assert not re.search(r"url\(|https?:|@import", page)
    assert not any(name.startswith("on") or name in ("src", "href", "style") for name in found.attributes)
    assert "default-src 'none'" in page


def test_ux_39_the_page_has_its_language_one_heading_and_a_title_without_the_patient() -> None:
    for language in LANGUAGES:
        found = Page(html(leaflet(language)))

        assert (found.attributes["lang"], found.attributes["dir"]) == ({language}, {"ltr"})
        assert (found.tags["h1"], found.tags["title"]) == (1, 1)
        assert found.tags["h2"] == found.tags["section"] == 11


def test_ux_39_a_language_from_right_to_left_turns_the_page() -> None:
    dossier = pseudo()
    found = write_leaflet(assessed(Engine(dossier)), dossier, None, PSEUDO)
    page = html(found)

    assert Page(page).attributes["dir"] == {"rtl"}
    assert "text-align: right" in page
    assert "padding-right" in page
    assert "padding-left" not in page
    # Every sentence comes from the translation: none has kept its direction.
    assert all(line.text.startswith(RUN_BACK) for part in found.parts for line in part.lines)
    assert page.count(RUN_BACK) > 70
    assert all(line.startswith("\u200f") for line in text(found, 80).splitlines() if line)


def test_the_same_leaflet_gives_the_same_page() -> None:
    assert html(leaflet()) == html(leaflet())
    assert text(leaflet(), 80) == text(leaflet(), 80)


def test_a_sites_numbers_stand_on_it_and_the_others_are_blanks_to_fill() -> None:
    site = Site("Hill Hospital", phones={"clinic": "555 0100", "transfer_centre": "555 0199", "emergency": "112"})
    found = text(leaflet("en", site), 100)

    assert "Clinic: 555 0100" in found
    assert "Call 112." in found
    assert "Advice line: ____" in found
    assert "Hill Hospital" in found
    assert "555 0199" not in found  # not for patients


# --- the command


def test_the_command_writes_page_and_data(tmp_path: Path, capsys) -> None:
    page = tmp_path / "out.html"

    status = main(["leaflet", str(EXAMPLES / "constructed-mild.yaml"), "--lang", "es", "--html", str(page), "--json"])
    data = json.loads(capsys.readouterr().out)

    assert status == 0
    assert (data["schema"], data["language"], data["title"]) == ("leaflet/1", "es", "Toser sangre")
    assert re.fullmatch(r"[0-9a-f]{12}", data["content_hash"])
    assert data["content_hash"] in page.read_text(encoding="utf-8")


def test_where_it_is_refused_nothing_is_written(tmp_path: Path, capsys) -> None:
    page, paper = tmp_path / "out.html", tmp_path / "out.pdf"

    assert main(["leaflet", str(MASSIVE), "--html", str(page), "--pdf", str(paper), "--json"]) == 2
    assert capsys.readouterr().out == ""
    assert not page.exists()
    assert not paper.exists()


def test_a_dossier_without_a_leaflet_says_so(tmp_path: Path, capsys) -> None:
    small = Path(__file__).parent / "cases" / "content" / "dossiers" / "symptom.small.v1"
    case = tmp_path / "case.yaml"
    case.write_text("setting: ed\nfacts: {}\n")

    assert main(["leaflet", str(case), "--dossier", str(small)]) == 2
    assert "CC642 `symptom.small.v1` has no leaflet." in capsys.readouterr().err


# --- the page in the docs

DOCS = (REPOSITORY / "docs" / "leaflet.md").read_text(encoding="utf-8")
SHOWN = [
    block for part in re.findall(r"```console\n(.*?)```", DOCS, re.DOTALL) for block in part.split("$ commander ")[1:]
]


@pytest.mark.parametrize("block", SHOWN, ids=lambda block: block.partition("\n")[0])
def test_an_example_in_the_docs_prints_what_it_shows(block: str, capsys, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(REPOSITORY)
    arguments, _, shown = block.partition("\n")

    main(arguments.split())
    out, err = capsys.readouterr()
    printed = out + err

    at = 0
    for run in shown.rstrip("\n").split("\n...\n"):
        found = printed.find(run.removesuffix("\n..."), at)
        assert found >= 0, run
        at = found


def test_the_examples_of_content_in_the_docs_are_those_of_the_dossier() -> None:
    content, translated = ((DOSSIER / name).read_text(encoding="utf-8") for name in ("leaflet.yaml", "locale/es.yaml"))
    first, second = re.findall(r"```yaml\n(.*?)```", DOCS, re.DOTALL)

    lines = [line for line in first.splitlines() if line not in ("sections:",)]
    assert all(line in content for line in lines)
    assert second.strip() in translated
    assert len(SHOWN) == 4
