"""The page over HTTP: what it answers, what it refuses, what it never writes down, and that missing is never mild."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path

import httpx
import pytest
from fastapi.testclient import TestClient

from clinical_commander.cli.main import main
from clinical_commander.dossier.load import load_dossier
from clinical_commander.encounter import open_log
from clinical_commander.engine.assess import Engine
from clinical_commander.errors import ServiceError
from clinical_commander.render.note import MOST_LINES, note_text
from clinical_commander.service.app import STATIC, create_app
from clinical_commander.service.desk import Answer, Desk
from clinical_commander.service.emergency import FILE, emergency_card
from clinical_commander.service.form import field_unit, quick_groups
from clinical_commander.service.guard import MOST_BYTES
from clinical_commander.service.sentinels import check_sentinels, sentinels
from clinical_commander.service.serve import serve
from tests.desks import considered, desk
from tests.fixtures import DOSSIER, NORMAL, REPOSITORY, engine
from tests.ux.browser import server

DESK = desk()
MUST_KNOW = engine().dossier.tier.must_know
WELL: Mapping[str, str] = {
    "v.age": "52",
    "v.spo2": "98",
    "v.oxygen_device": "room_air",
    "v.sbp": "124",
    "v.rr": "14",
    "v.hr": "76",
    "v.estimated_volume_24h": "10",
    "v.airway_compromise": "no",
    "v.consciousness": "alert",
}
CANARY = "canary7391"


@pytest.fixture(scope="module")
def client() -> TestClient:
    return TestClient(create_app(DESK))


class _Reader(HTMLParser):
    """The text of the element with an id."""

    def __init__(self, wanted: str) -> None:
        super().__init__()
        self.wanted, self.depth, self.found = wanted, 0, ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in ("input", "meta", "link", "br", "path", "rect", "circle"):
            return
        if self.depth or dict(attrs).get("id") == self.wanted:
            self.depth += 1

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        pass

    def handle_endtag(self, tag: str) -> None:
        if self.depth:
            self.depth -= 1

    def handle_data(self, data: str) -> None:
        if self.depth:
            self.found += data


def text_of(html: str, id: str) -> str:
    reader = _Reader(id)
    reader.feed(html)
    return " ".join(reader.found.split())


def tier(html: str) -> str:
    return text_of(html, "tier-value")


# --- the tier, and what is missing


def test_ux_01_eight_deciding_facts_give_a_tier_and_no_other_field_is_needed(client: TestClient) -> None:
    page = client.post("/", data={k: v for k, v in WELL.items() if k != "v.age"}).text

    assert tier(page) == "Mild bleeding"


def test_a_page_with_nothing_entered_cannot_exclude_massive_bleeding(client: TestClient) -> None:
    assert tier(client.get("/").text) == "Cannot exclude massive bleeding"


@pytest.mark.parametrize("fact", MUST_KNOW)
@pytest.mark.parametrize("instead", ["left out", "unknown", "refused"])
def test_ux_19_without_any_one_deciding_fact_the_tier_is_never_mild(
    client: TestClient, fact: str, instead: str
) -> None:
    form = {**WELL, f"v.{fact}": {"left out": "", "unknown": "unknown", "refused": "?!"}[instead]}

    page = client.post("/", data=form).text

    assert tier(page).startswith("Cannot exclude")
    assert engine().dossier.facts[fact].label in text_of(page, "tier")


def test_ux_19_no_subset_of_the_deciding_facts_is_mild_but_the_whole() -> None:
    now = datetime(2026, 11, 1, tzinfo=UTC)
    for mask in range(2 ** len(MUST_KNOW) - 1):
        form = {f"v.{f}": WELL[f"v.{f}"] for i, f in enumerate(MUST_KNOW) if mask >> i & 1}

        result = considered(form, now).assessment

        assert not result.tier.settled
        assert "massive" in result.tier.possible


def test_every_deciding_fact_has_a_field_of_the_first_look() -> None:
    facts = [f for _, group in quick_groups(engine().dossier) for f in group]

    assert set(MUST_KNOW) <= set(facts)
    assert len(facts) == len(set(facts))
    assert "respiratory_distress" in facts


def test_every_fact_of_every_input_has_one_field(client: TestClient) -> None:
    page = client.get("/").text

    for given in engine().dossier.inputs.values():
        for fact in given.facts:
            assert page.count(f'id="f-{fact}"') == 1, fact


# --- entering


def test_ux_09_every_field_has_a_label_its_unit_and_no_value_at_the_start(client: TestClient) -> None:
    page = client.get("/").text

    for name, fact in engine().dossier.facts.items():
        found = re.search(rf'<div class="field[^"]*" id="f-{name}">(.*?)\n</div>', page, re.S)
        if found is None:
            continue
        field = found[1]
        assert fact.label in re.sub(r"&#?\w+;", "'", field) or "&" in field, name
        if fact.kind in ("number", "integer"):
            assert f'<label for="v-{name}"' in field
            assert 'placeholder=" " value=""' in field
            unit = field_unit(fact)
            assert not unit or f">{unit}<" in field.replace("&#34;", '"'), name
        else:
            assert field.count(" checked") + field.count(" selected") == 1
            assert re.search(r'value=""( checked| selected)', field), name


@pytest.mark.parametrize(
    ("number", "unit", "canonical"),
    [  # NIST Handbook 44, appendix C: 1 US cup is 236.588 mL, 1 tablespoon 14.787 mL, 1 teaspoon 4.929 mL
        ("1", "cups", "237 mL"),
        ("2", "cups", "473 mL"),
        ("1/2", "cups", "118 mL"),
        ("3", "cups", "710 mL"),
        ("1", "tablespoons", "15 mL"),
        ("2", "tablespoons", "30 mL"),
        ("4", "tablespoons", "59 mL"),
        ("1", "teaspoons", "5 mL"),
        ("2", "teaspoons", "10 mL"),
        ("3", "teaspoons", "15 mL"),
        ("6", "teaspoons", "30 mL"),
        ("12", "teaspoons", "59 mL"),
    ],
)
def test_ux_10_a_household_measure_is_echoed_in_millilitres(
    client: TestClient, number: str, unit: str, canonical: str
) -> None:
    page = client.post("/", data={"v.estimated_volume_24h": number, "u.estimated_volume_24h": unit}).text

    assert f'<span class="echo">= {canonical}</span>' in page


@pytest.mark.parametrize("fact", [f.id for f in engine().dossier.facts.values() if f.kind == "number" and f.limits])
def test_ux_11_a_value_outside_its_limits_is_refused_beside_its_field_and_one_at_the_limit_is_taken(
    fact: str,
) -> None:
    content = engine().dossier.facts[fact]
    assert content.limits is not None
    low, high = content.limits
    now = datetime(2026, 11, 1, tzinfo=UTC)

    def errors(value: float) -> tuple[str, ...]:
        return considered({f"v.{fact}": f"{value:g}"}, now).refused.get(fact, ())

    step = 10.0**-content.decimals
    if high < 1e6:
        assert errors(high) == ()
        assert errors(high + max(step, 1)) != ()
    if low > 1:
        assert errors(low) == ()
        assert errors(low - step) != ()


def test_ux_11_an_unusual_value_is_taken_with_a_warning(client: TestClient) -> None:
    answer = client.post("/", data={"v.hr": "240"})

    assert answer.status_code == 200
    assert 'class="warning"' in answer.text


def test_ux_12_yes_no_unknown_and_not_asked_are_four_things_that_come_back_as_they_were(client: TestClient) -> None:
    for said in ("", "yes", "no", "unknown"):
        page = client.post("/", data={"v.airway_compromise": said}).text

        found = re.findall(r'name="v.airway_compromise" value="(\w*)" checked', page)
        assert found == [said]


def test_ux_12_a_number_marked_as_not_known_is_not_the_same_as_one_not_asked(client: TestClient) -> None:
    marked = client.post("/", data={"s.spo2": "unknown"}).text
    untouched = client.post("/", data={"v.spo2": ""}).text

    assert 'name="s.spo2" value="unknown" checked' in marked
    assert 'name="s.spo2" value="unknown" checked' not in untouched


def test_ux_12_the_note_tells_what_is_not_known_from_what_was_not_asked(client: TestClient) -> None:
    note = client.post("/note", data={"s.spo2": "unknown", "v.airway_compromise": "unknown", "v.hr": "90"}).text

    assert "asked, not known: SpO2, Airway compromise" in note


def test_ux_13_what_is_wrong_stands_at_the_top_with_a_link_and_beside_its_field(client: TestClient) -> None:
    answer = client.post("/", data={"v.sbp": "low", "v.spo2": "86"})

    assert answer.status_code == 422
    assert '<a href="#v-sbp">Systolic BP</a>' in answer.text
    assert 'aria-invalid="true"' in answer.text
    assert tier(answer.text) == "Massive bleeding", "one slip holds back no alarm"


# --- what is shown


def test_ux_18_the_tier_is_a_word_a_shape_and_a_place_on_a_scale(client: TestClient) -> None:
    shapes = set()
    for form in ({}, {"v.spo2": "86"}, {**WELL, "v.estimated_volume_24h": "60"}, WELL):
        page = client.post("/", data=form).text
        panel = page[page.index('<svg class="shape"') : page.index('<svg class="meter"')]
        shapes.add((tier(page), re.findall(r"<(path d=\"[^\"]+|circle)", panel)[0]))

    assert len({word for word, _ in shapes}) == len({shape for _, shape in shapes}) == 4


def test_ux_20_every_action_and_alarm_opens_a_basis_with_eight_filled_fields(client: TestClient) -> None:
    for form in ({}, {"v.spo2": "86", "v.estimated_volume_24h": "300"}, WELL):
        page = client.post("/", data=form).text
        for part in ("now", "now-more", "cannot-exclude"):
            section = re.search(rf'<section class="card [^"]*" id="{part}">(.*?)</section>', page, re.S)
            if section is None:
                continue
            items = re.findall(r'<li [^>]*class="line item[^>]*?s-(?:do|ask_first|alarm).*?</li>', section[1], re.S)
            actions = [i for i in items if 'class="basis">' in i]
            assert actions
            for item in actions:
                assert item.count("<dt>") == 8
                assert "<dd></dd>" not in item


def test_a_step_that_waits_for_an_answer_stands_under_its_question_on_both_sides_of_the_first_screen(
    client: TestClient,
) -> None:
    page = client.get("/").text

    more = page[page.index('id="now-more"') :]
    assert more.index("t-strong") < more.index("s-ask_first")


def test_ux_21_bars_and_table_carry_the_same_figures_and_what_must_not_be_missed_comes_first(
    client: TestClient,
) -> None:
    form = {**WELL, "region": "high_income"}
    page = client.post("/", data=form).text
    now = datetime.now(UTC)
    found = considered(form, now).assessment.differential

    rows = re.findall(r'data-low="([\d.]+)" data-high="([\d.]+)"', page)
    labels = re.findall(r'role="img" aria-label="[^"]*?: ([^"]*)"', page)
    cells = re.findall(r'<td class="share">([^<]*)</td>', page)

    pinned = [c for c in found.causes if c.must_not_miss]
    others = [c for c in found.causes if not c.must_not_miss]
    assert rows == [(f"{c.interval.low * 100:.2f}", f"{c.interval.high * 100:.2f}") for c in (*pinned, *others)]
    assert labels == cells
    assert pinned
    assert all("in 100" in cell for cell in cells)


def test_ux_21_no_bar_is_drawn_while_massive_bleeding_is_possible(client: TestClient) -> None:
    for form in ({"region": "high_income"}, {"v.spo2": "86", "region": "high_income"}):
        assert '<td class="bar">' not in client.post("/", data=form).text


def test_ux_24_both_sides_of_a_contradiction_stand_in_one_banner(client: TestClient) -> None:
    page = client.post("/", data={"v.cxr_normal": "yes", "v.cxr_mass": "yes"}).text

    assert "Chest film normal" in text_of(page, "conflicts") or "normal" in text_of(page, "conflicts").lower()
    assert "mass" in text_of(page, "conflicts").lower()


def test_ux_25_page_note_and_card_say_that_nobody_has_reviewed_this(client: TestClient) -> None:
    for answer in (client.get("/"), client.post("/note", data=WELL), client.get("/emergency")):
        assert "unreviewed content, for evaluation" in answer.text.lower()


def test_ux_06_the_note_has_at_most_25_lines_with_version_and_time_and_is_the_same_again() -> None:
    now = datetime(2026, 11, 1, 8, tzinfo=UTC)
    everything = {**WELL, "v.spo2": "86", "v.estimated_volume_24h": "300", "v.tb_naat": "pending", "v.cxr_mass": "yes"}
    for form in ({}, WELL, everything, {"v.age": "12"}):
        found = considered(form, now).assessment
        note = note_text(found, engine().dossier)

        assert len(note.splitlines()) <= MOST_LINES
        assert "2026-11-01 08:00 UTC" in note
        assert f"{found.dossier} {found.content_version}" in note.splitlines()[-1]
        assert note == note_text(found, engine().dossier)
    assert "TB NAAT" in note_text(considered(everything, now).assessment, engine().dossier) or "result pending" in note


def test_ux_06_a_note_that_would_be_longer_keeps_what_it_is_and_its_version(monkeypatch: pytest.MonkeyPatch) -> None:
    found = considered({**WELL, "v.spo2": "86"}, datetime(2026, 11, 1, 8, tzinfo=UTC)).assessment
    whole = note_text(found, engine().dossier).splitlines()
    assert len(whole) > 10

    monkeypatch.setattr("clinical_commander.render.note.MOST_LINES", 10)
    cut = note_text(found, engine().dossier).splitlines()

    assert cut == [*whole[:9], whole[-1]]


def test_ux_06_the_note_as_markdown_says_the_same_and_its_marks_are_its_own(client: TestClient) -> None:
    form = {**WELL, "v.spo2": "86", "v.sbp": "<b>*80*", "do": "done airway.upright"}
    plain, marked = (client.post(path, data=form).text.splitlines() for path in ("/note", "/note.md"))

    def bare(line: str) -> str:
        """The line without the marks of a list and of bold type, and without what keeps a sign from being a mark."""
        return re.sub(r"\\(.)", r"\1", line.removeprefix("- ").replace("**", ""))

    clock = re.compile(r"\d\d:\d\d")
    assert [clock.sub("", bare(line)) for line in marked] == [clock.sub("", line) for line in plain]
    assert all(line.startswith("- ") for line in marked)
    assert any(line.startswith("- [ ] ") for line in marked)
    assert any(line.startswith("- **done:** ") for line in marked)


def test_the_setting_can_be_switched_and_the_form_keeps_what_was_entered(client: TestClient) -> None:
    page = client.post("/", data={**WELL, "setting": "ed", "switch": "icu"}).text

    assert 'name="setting" value="icu"' in page
    assert 'name="v.spo2" type="text" inputmode="decimal" maxlength="80" placeholder=" " value="98"' in page


def test_no_clinical_sentence_stands_in_the_templates_or_the_code_of_the_service() -> None:
    for path in (*(STATIC.parent / "templates").glob("*.html"), STATIC / "page.js"):
        text = re.sub(r"\{[{%].*?[%}]\}|<[^>]*>|//[^\n]*", " ", path.read_text(encoding="utf-8"), flags=re.S)
        if path.suffix == ".html":
            assert not re.findall(r"[A-Za-z]{3,} [A-Za-z]{3,}", text.replace("Clinical Commander", "")), path.name


# --- the emergency card


def test_ux_34_the_card_is_a_plain_file_that_says_what_the_dossier_says() -> None:
    assert FILE.read_text(encoding="utf-8") == emergency_card(engine().dossier)
    for line in engine().dossier.emergency_card:
        assert line.text in FILE.read_text(encoding="utf-8")
    assert "<script" not in FILE.read_text(encoding="utf-8")


# --- what it refuses, and what it keeps to itself


def test_every_answer_has_the_headers_that_keep_it_here(client: TestClient) -> None:
    for answer in (
        client.get("/"),
        client.post("/", data=WELL),
        client.get("/nowhere"),
        client.get("/static/page.css"),
    ):
        policy = answer.headers["content-security-policy"]
        assert "unsafe" not in policy
        assert "http" not in policy
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert answer.headers["x-content-type-options"] == "nosniff"


def test_the_page_holds_no_inline_script_or_style_and_names_no_other_origin(client: TestClient) -> None:
    page = client.post("/", data={"v.spo2": "86"}).text

    assert not re.search(r"<style|\sstyle=|<script(?![^>]* src=)|\son\w+=", page)
    assert not re.search(r"""(?:src|href|action)=["']?(?:https?:)?//""", page)


def test_a_request_that_is_too_large_is_refused(client: TestClient) -> None:
    answer = client.post("/", content=b"v.spo2=" + b"9" * MOST_BYTES)

    assert answer.status_code == 413


def test_a_body_without_a_length_is_cut_off_too(client: TestClient) -> None:
    answer = client.post("/", content=iter([b"v.spo2="] + [b"9" * 1024] * 80))

    assert answer.status_code == 413


def test_a_request_under_another_name_or_from_another_site_is_refused(client: TestClient) -> None:
    assert client.get("/", headers={"host": "evil.example"}).status_code == 400
    assert client.post("/", data=WELL, headers={"origin": "https://evil.example"}).status_code == 403
    assert client.post("/", data=WELL, headers={"sec-fetch-site": "cross-site"}).status_code == 403


@pytest.mark.parametrize("field", [{"v.no_such_fact": "1"}, {"x": "1"}, {"setting": "moon"}, {"v.spo2": "9" * 81}])
def test_a_form_that_the_page_does_not_have_is_refused_without_its_words(
    client: TestClient, field: dict[str, str]
) -> None:
    answer = client.post("/", data=field)

    assert answer.status_code == 400
    assert "CC803" in answer.text
    assert not any(value in answer.text for value in field.values() if len(value) > 1)


def test_a_fault_tells_its_place_and_nothing_of_the_patient(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    class Broken(Desk):
        def take(self, form: Mapping[str, str]) -> Answer:
            raise ValueError(f"{form} {CANARY}")

    client = TestClient(create_app(Broken(engine().dossier, open_log(tmp_path / "log.db"))))

    answer = client.post("/", data={"v.spo2": "83", "v.age": "61"})

    out, err = capsys.readouterr()
    assert answer.status_code == 500
    assert "CC804" in err
    assert "ValueError at test_service.py" in err
    for told in (out, err, answer.text):
        assert CANARY not in told
        assert not re.search(r"\b83\b|\b61\b", told)
        assert "Traceback" not in told


def test_nothing_of_a_patient_is_written_down(client: TestClient, capsys: pytest.CaptureFixture[str]) -> None:
    client.post("/", data={**WELL, "v.sbp": CANARY})
    client.post("/note", data={**WELL, "v.sbp": CANARY})
    client.post("/", data={"v.sbp": CANARY, "x": CANARY})

    out, err = capsys.readouterr()
    assert CANARY not in out + err


def test_patient_data_has_no_way_into_an_address(client: TestClient) -> None:
    page = client.post("/", data=WELL).text

    assert re.findall(r'<form[^>]* method="(\w+)"', page) == ["post"]
    assert "?" not in "".join(re.findall(r'(?:href|action)="([^"]*)"', page))
    assert tier(client.get("/", params={"v.spo2": "86"}).text) == "Cannot exclude massive bleeding"


def test_it_is_alive_and_ready(client: TestClient) -> None:
    assert client.get("/health").json() == {"status": "alive"}
    ready = client.get("/ready").json()
    assert ready["status"] == "ready"
    assert ready["content"]["id"] == engine().dossier.id


# --- starting


def test_the_sentinels_hold_a_case_of_each_tier_and_come_out_as_written() -> None:
    expected = {str(v.expect["tier"]) for v in sentinels(DOSSIER)}

    assert {"mild", "submassive", "massive"} <= expected
    assert check_sentinels(DOSSIER, engine()) == len(sentinels(DOSSIER))


def _copy(tmp_path: Path) -> Path:
    root = tmp_path / "content"
    shutil.copytree(DOSSIER.parents[1], root)
    return root / "dossiers" / DOSSIER.name


def test_a_moved_threshold_stops_the_service_before_it_serves(tmp_path: Path) -> None:
    folder = _copy(tmp_path)
    file = folder / "thresholds.yaml"
    text = file.read_text(encoding="utf-8")
    moved = re.sub(r"^(  massive_volume:\s+value: )\"100 mL\"", r'\g<1>"400 mL"', text, count=1, flags=re.M)
    assert moved != text
    file.write_text(moved, encoding="utf-8")

    with pytest.raises(ServiceError, match="CC801"):
        check_sentinels(folder, Engine(load_dossier(folder)))


def test_a_dossier_that_nothing_watches_is_not_served(tmp_path: Path) -> None:
    folder = tmp_path / "dossier"
    (folder / "cases").mkdir(parents=True)

    with pytest.raises(ServiceError, match="CC802"):
        check_sentinels(folder, engine())


def test_it_serves_this_machine_only() -> None:
    with pytest.raises(ServiceError, match="CC806"):
        serve(create_app(DESK), "0.0.0.0", 0, print)


def test_the_command_refuses_an_address_that_others_reach(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    status = main(
        ["serve", "--host", "0.0.0.0", "--port", "0", "--dossier", str(DOSSIER), "--db", str(tmp_path / "log.db")]
    )

    assert status == 1
    assert "CC806" in capsys.readouterr().err


def test_the_deciding_facts_are_those_of_the_fixture() -> None:
    assert {*NORMAL, "estimated_volume_24h"} == set(MUST_KNOW)


def test_the_command_of_the_docs_starts_the_page_and_its_log_knows_no_patient() -> None:
    text = (REPOSITORY / "docs" / "page.md").read_text(encoding="utf-8")
    command = re.findall(r"```\n(commander .*)\n```", text)
    assert command == ["commander serve"]

    with server() as (address, process), httpx.Client(base_url=f"http://{address}") as client:
        assert client.get("/health").json() == {"status": "alive"}
        assert tier(client.post("/", data={"v.spo2": "83", "v.sbp": CANARY}).text) == "Massive bleeding"
        assert client.post("/", data={CANARY: CANARY}).status_code == 400
        assert client.get(f"/{CANARY}").status_code == 404
        process.terminate()
        assert process.stdout is not None
        assert CANARY not in process.stdout.read()


def test_every_requirement_of_the_page_has_its_state_in_the_docs() -> None:
    text = (REPOSITORY / "docs" / "ux.md").read_text(encoding="utf-8")
    tests = "".join(path.read_text(encoding="utf-8") for path in Path(__file__).parent.glob("**/*.py"))

    for number in range(1, 35):
        row = next(line for line in text.splitlines() if line.startswith(f"| UX-{number:02} |"))
        named = f"def test_ux_{number:02}_" in tests
        assert named or not row.split("|")[3].strip().startswith("met"), row
        assert not named or "open:" not in row.split("|")[3][:6], row


def test_a_detached_service_is_there_when_the_command_returns_and_stops_when_it_is_told_to(tmp_path: Path) -> None:
    words = ["serve", "--port", "0", "--detach", "--idle", "5", "--db", str(tmp_path / "log.db")]
    done = subprocess.run(
        [sys.executable, "-m", "clinical_commander.cli.main", *words],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY / "src")},
    )
    lines = done.stdout.splitlines()
    pid = int(lines[-2].rsplit(" ", 1)[1])
    try:
        address = lines[-1].removeprefix("serving ")
        assert httpx.get(f"{address}health").json() == {"status": "alive"}
    finally:
        os.kill(pid, signal.SIGTERM)


def test_a_service_that_nobody_asks_stops_by_itself(tmp_path: Path) -> None:
    with server("--idle", "0.001", "--db", str(tmp_path / "log.db")) as (_, process):
        assert process.wait(60) == 0


def test_a_detached_service_that_cannot_start_says_why(tmp_path: Path) -> None:
    words = ["serve", "--detach", "--host", "0.0.0.0", "--db", str(tmp_path / "log.db")]
    done = subprocess.run(
        [sys.executable, "-m", "clinical_commander.cli.main", *words],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY / "src")},
    )

    assert done.returncode == 1
    assert "CC806" in done.stdout
