"""The library over HTTP: every name has one place, every link leads somewhere, every state is that of the YAML."""

from __future__ import annotations

import functools
import re
import shutil
import threading
from collections import Counter
from collections.abc import Iterator
from html import unescape
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
import yaml
from fastapi.testclient import TestClient

from clinical_commander.dossier.check import check_dossier
from clinical_commander.dossier.load import load_dossier
from clinical_commander.engine.assess import Engine
from clinical_commander.service import proving
from clinical_commander.service.app import create_app
from tests.desks import desk_in
from tests.fixtures import DOSSIER, REPOSITORY

ID = "symptom.hemoptysis.v1"
CATALOGUE = REPOSITORY / "content" / "catalogue"
WATERMARK = "UNREVIEWED CONTENT, FOR EVALUATION"


class Element:
    """An element of a page: its tag, attributes, and all text inside it."""

    def __init__(self, tag: str, attributes: dict[str, str]) -> None:
        self.tag, self.attributes = tag, attributes
        self.parts: list[str] = []

    @functools.cached_property
    def text(self) -> str:
        return "".join(self.parts)


class Elements(HTMLParser):
    """All elements of a page, by a parser that knows nothing of how it was made."""

    _ALONE = frozenset("input meta link br path rect circle img".split())

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[Element] = []
        self._open: list[Element] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = Element(tag, {name: value or "" for name, value in attrs})
        self.found.append(element)
        if tag not in self._ALONE:
            self._open.append(element)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append(Element(tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        if tag not in self._ALONE:
            while self._open.pop().tag != tag:
                pass

    def handle_data(self, data: str) -> None:
        for element in self._open:
            element.parts.append(data)

    def by_id(self, id: str) -> Element:
        return self._by_id[id]

    @functools.cached_property
    def _by_id(self) -> dict[str, Element]:
        return {e.attributes["id"]: e for e in self.found if "id" in e.attributes}

    @functools.cached_property
    def ids(self) -> Counter[str]:
        return Counter(e.attributes["id"] for e in self.found if "id" in e.attributes)


def read(name: str) -> Any:
    """A file of the dossier, by PyYAML alone."""
    return yaml.safe_load((DOSSIER / name).read_text(encoding="utf-8"))


def catalogue(name: str) -> Any:
    return yaml.safe_load((CATALOGUE / name).read_text(encoding="utf-8"))


@pytest.fixture(scope="module", autouse=True)
def no_solver() -> Iterator[None]:
    """Most tests have no use for ten seconds of proofs of every copy that they make."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(proving, "_solver", lambda: False)
        patch.setattr(proving, "check_dossier", lambda folder: [])
        yield


@pytest.fixture(scope="module")
def client() -> TestClient:
    return TestClient(create_app(desk_in(DOSSIER)))


@pytest.fixture(scope="module")
def page(client: TestClient) -> Elements:
    answer = client.get(f"/library/{ID}")
    assert answer.status_code == 200
    return Elements(answer.text)


@pytest.fixture(scope="module")
def listing(client: TestClient) -> str:
    return client.get("/library").text


@pytest.fixture(scope="module")
def shelf(client: TestClient) -> Elements:
    return Elements(client.get(f"/library/{ID}/tools").text)


def named_in_the_yaml() -> Iterator[str]:
    """The anchor of everything that the YAML names."""
    head, differential, playbooks = read("dossier.yaml"), read("differential.yaml"), read("playbooks.yaml")
    yield from (f"rule-{id}" for id in read("rules.yaml")["rules"])
    yield from (f"threshold-{id}" for id in read("thresholds.yaml")["thresholds"])
    yield from (f"trigger-{id}" for id in read("triggers.yaml")["triggers"])
    yield from (f"phase-{id}" for id in ids_of(read("phases.yaml")["phases"]))
    yield from (f"pivot-{id}" for id in ids_of(read("pivots.yaml")["pivots"]))
    yield from (f"tier-{id}" for id in head["tier"]["values"])
    yield from (f"disposition-{id}" for id in head["disposition"]["values"])
    yield from (f"input-{id}" for id in ids_of(head["inputs"]))
    yield from (f"entry-{id}" for id in ids_of(head["entry_points"]))
    yield from (f"question-{id}" for id in ids_of(head["questions"]))
    yield from (f"tool-{id}" for id in head["scores"])
    yield from (f"playbook-{setting}" for setting in playbooks["settings"])
    yield from (f"cause-{id}" for id in ids_of(differential["causes"]))
    yield from (f"finding-{id}" for id in ids_of(differential["findings"]))
    yield from (f"prior-{id}" for id in ids_of(differential["priors"]))
    yield from (f"contributor-{id}" for id in ids_of(differential["contributors"]))
    yield from (f"fact-{id}" for id in ids_of(catalogue("facts.yaml")["facts"]))
    yield from (f"conflict-{id}" for id in ids_of(catalogue("conflicts.yaml")["conflicts"]))
    yield from (f"leaflet-{id}" for id in ids_of(read("leaflet.yaml")["sections"]))


def ids_of(items: Any) -> list[str]:
    return list(items) if isinstance(items, dict) else [item["id"] for item in items]


def test_everything_that_the_yaml_names_has_exactly_one_anchor(page: Elements) -> None:
    wanted = list(named_in_the_yaml())

    assert len(wanted) > 650
    found = page.ids
    assert {name: found[name] for name in wanted if found[name] != 1} == {}


def test_no_anchor_stands_twice_on_any_page(page: Elements, shelf: Elements, listing: str) -> None:
    for elements in (page, shelf, Elements(listing)):
        assert [id for id, count in elements.ids.items() if count > 1] == []


def test_no_link_leads_nowhere(client: TestClient, page: Elements, shelf: Elements, listing: str) -> None:
    answers: dict[str, Elements | None] = {f"/library/{ID}": page, f"/library/{ID}/tools": shelf}
    dead = []
    for path, elements in ((f"/library/{ID}", page), (f"/library/{ID}/tools", shelf), ("/library", Elements(listing))):
        for link in (e.attributes["href"] for e in elements.found if e.tag == "a" and "href" in e.attributes):
            target, _, place = link.partition("#")
            target = target.partition("?")[0] or path
            if target not in answers:
                answer = client.get(target)
                answers[target] = Elements(answer.text) if answer.status_code == 200 else None
            there = answers[target]
            if there is None or (place and unquote(place) not in there.ids):
                dead.append((path, link))

    assert dead == []


def test_every_citation_has_the_review_state_and_the_verdict_of_the_ledger(client: TestClient) -> None:
    words = catalogue("words.yaml")["words"]
    ledger = catalogue("citations.yaml")["citations"]
    articles = client.get(f"/library/{ID}").text.split('<article class="entry" id="citation-')[1:]

    assert len(articles) > 200
    for article in articles:
        entry = ledger[article.partition('"')[0]]
        badges = [unescape(text) for text in re.findall(r'<span class="badge b-\w+">([^<]+)</span>', article)]
        wanted = [words["review"][entry["review"]], words["citation_kind"][entry["kind"]]]
        wanted += [words["source_verdict"][entry["source_verdict"]]] if entry.get("source_verdict") else []
        assert badges == wanted
        shown = " ".join(unescape(re.sub(r"<[^>]+>", "", article)).split())
        assert " ".join(entry.get("corrections", "").split()) in shown


def test_the_counts_of_evidence_are_those_of_the_ledger(page: Elements) -> None:
    used = {id.removeprefix("citation-") for id in page.ids if id.startswith("citation-")}
    ledger = catalogue("citations.yaml")["citations"]
    states = Counter(ledger[id]["review"] for id in used)

    said = " ".join(page.by_id("evidence").text.split())

    assert re.search(rf"citations by review ?reviewed {states['reviewed']} not reviewed {states['needed']}\b", said)


def vignettes() -> list[dict[str, Any]]:
    return [one for path in sorted((DOSSIER / "cases").glob("*.yaml")) for one in yaml.safe_load(path.read_text())]


@pytest.mark.parametrize("trigger", read("triggers.yaml")["triggers"])
def test_a_trigger_says_how_many_vignettes_expect_it(page: Elements, trigger: str) -> None:
    expecting = [v for v in vignettes() if trigger in v["expect"].get("triggers", {})]

    text = page.by_id(f"trigger-{trigger}").text

    assert f"{len(expecting)} vignettes expect it" in text if expecting else "no vignette expects it" in text
    assert all(v["vignette"] in text for v in expecting)


@pytest.mark.parametrize("answer", ["tier", "disposition"])
def test_each_value_of_an_answer_says_how_many_vignettes_settle_on_it(page: Elements, answer: str) -> None:
    for value in read("dossier.yaml")[answer]["values"]:
        wanted = [v["expect"].get(answer) for v in vignettes()]
        settled = sum(one == value for one in wanted)
        possible = sum(isinstance(one, dict) and value in one.get("possible", ()) for one in wanted)

        text = page.by_id(f"{answer}-{value}").text

        assert f"{settled + possible} vignettes expect it" in text
        assert (f"settled {settled}" in text) == (settled > 0)
        assert (f"possible {possible}" in text) == (possible > 0)


def test_what_no_vignette_expects_says_so(tmp_path: Path) -> None:
    folder = copied(tmp_path)
    for path in (folder / "cases").glob("*.yaml"):
        kept = [
            v for v in yaml.safe_load(path.read_text()) if "pseudohemoptysis" not in v["expect"].get("triggers", {})
        ]
        path.write_text(yaml.safe_dump(kept, allow_unicode=True), encoding="utf-8")

    text = Elements(of(folder).get(f"/library/{ID}").text).by_id("trigger-pseudohemoptysis").text

    assert "no vignette expects it" in text


def test_a_threshold_links_to_the_rules_that_read_it_and_back(page: Elements, client: TestClient) -> None:
    html = client.get(f"/library/{ID}").text
    rule = html.split('id="rule-volume_massive"')[1].split("</article>")[0]
    threshold = html.split('id="threshold-massive_volume"')[1].split("</article>")[0]

    assert '<a href="#threshold-massive_volume">massive_volume</a>' in rule
    assert '<a href="#rule-volume_massive">volume_massive</a>' in threshold


def test_the_figures_of_a_finding_stand_with_status_and_source(page: Elements) -> None:
    finding = read("differential.yaml")["findings"]
    assert len(finding) > 40
    for id, item in finding.items():
        text = page.by_id(f"finding-{id}").text
        for citation in item.get("cite", []):
            assert citation in text


def test_the_library_lists_a_dossier_with_version_hash_state_and_counts(listing: str) -> None:
    text = unescape(re.sub(r"<[^>]+>", " ", listing))
    head = read("dossier.yaml")

    assert head["title"] in text
    assert head["version"] in text
    assert load_dossier(DOSSIER).summary in text
    assert f"{len(vignettes())} vignettes" in text
    assert "not reviewed" in text
    assert re.search(r"content\s+[0-9a-f]{64}", text)


@pytest.mark.parametrize("path", ["/library", f"/library/{ID}", f"/library/{ID}/tools", "/library/nothing"])
def test_every_page_of_the_library_says_that_nobody_has_reviewed_it(client: TestClient, path: str) -> None:
    assert client.get(path).text.count(WATERMARK) == 2


def test_a_dossier_that_is_not_there_is_told_so_without_its_name(client: TestClient) -> None:
    answer = client.get("/library/<script>alert(1)<script>")

    assert answer.status_code == 404
    assert "CC820" in answer.text
    assert "alert" not in answer.text


def test_the_shelf_has_every_tool_that_stands_beside_the_dossier(shelf: Elements) -> None:
    files = {path.stem for path in (REPOSITORY / "content" / "tools").glob("*.yaml")}

    assert {id.removeprefix("tool-") for id in shelf.ids if id.startswith("tool-")} == files


def copied(tmp_path: Path) -> Path:
    shutil.copytree(REPOSITORY / "content", tmp_path / "content")
    return tmp_path / "content" / "dossiers" / ID


def of(folder: Path) -> TestClient:
    return TestClient(create_app(desk_in(folder)))


def test_hostile_text_in_content_stays_text(tmp_path: Path) -> None:
    folder = copied(tmp_path)
    head = (folder / "dossier.yaml").read_text(encoding="utf-8")
    hostile = "<script>alert('x')</script><img src=x onerror=alert(1)>"
    (folder / "dossier.yaml").write_text(
        re.sub(r"^title: .*$", f'title: "{hostile}"', head, count=1, flags=re.MULTILINE), encoding="utf-8"
    )

    client = of(folder)
    for path in ("/library", f"/library/{ID}"):
        html = client.get(path).text
        elements = Elements(html)

        assert not [e for e in elements.found if e.tag == "img" or "onerror" in e.attributes]
        assert {e.attributes.get("src") for e in elements.found if e.tag == "script"} <= {"/static/library.js"}
        assert "alert('x')" in unescape(html)


def test_a_dossier_that_cannot_be_read_says_why_and_where(tmp_path: Path) -> None:
    folder = copied(tmp_path)
    file = folder / "rules.yaml"
    file.write_text(file.read_text(encoding="utf-8").replace("rules:", "rules:\n\tx: 1", 1), encoding="utf-8")

    client = of(folder)

    assert client.get(f"/library/{ID}").status_code == 503
    for path in ("/library", f"/library/{ID}"):
        text = client.get(path).text
        assert "CC107" in text
        assert "rules.yaml:" in text


def test_a_page_is_made_anew_when_a_file_changes(tmp_path: Path) -> None:
    folder = copied(tmp_path)
    client = of(folder)
    before = Elements(client.get(f"/library/{ID}").text).by_id("threshold-massive_volume").text
    file = folder / "thresholds.yaml"
    file.write_text(file.read_text(encoding="utf-8").replace('"100 mL"', '"90 mL"', 1), encoding="utf-8")

    after = Elements(client.get(f"/library/{ID}").text).by_id("threshold-massive_volume").text

    assert "100 mL" in before
    assert "90 mL" in after


# --- what was checked and proved


def test_the_findings_are_those_of_check_and_prove(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("z3")
    monkeypatch.setattr(proving, "_solver", lambda: True)
    monkeypatch.setattr(proving, "check_dossier", check_dossier)
    from clinical_commander.prove import prove

    work = proving.Proving()
    dossier = Engine(load_dossier(DOSSIER)).dossier
    first = work.of("one", DOSSIER, dossier)

    found = settled(work, dossier)

    assert first.state == proving.CHECKING
    assert found.state == proving.DONE
    assert [str(p) for p in found.problems] == [str(p) for p in check_dossier(DOSSIER)]
    counted = Counter(p.property for p in prove(dossier))
    assert {name: count for name, _, count in found.properties} == counted
    assert all(done == count for _, done, count in found.properties)


def settled(work: proving.Proving, dossier: Any) -> proving.Findings:
    """What was found, once the thread that looks has ended."""
    for thread in threading.enumerate():
        if thread.name == proving.THREAD:
            thread.join()
    return work.of("one", DOSSIER, dossier)


def test_without_the_solver_the_page_says_so_and_still_checks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(proving, "check_dossier", check_dossier)
    client = TestClient(create_app(desk_in(DOSSIER)))
    client.get(f"/library/{ID}")
    for thread in threading.enumerate():
        if thread.name == proving.THREAD:
            thread.join()

    text = Elements(client.get(f"/library/{ID}").text).by_id("findings").text

    assert "the solver z3 is not installed" in text
    assert "warnings" in text


def test_while_it_is_proved_the_page_says_so_and_has_a_link_to_look_again(monkeypatch: pytest.MonkeyPatch) -> None:
    held = threading.Event()
    monkeypatch.setattr(proving, "check_dossier", lambda folder: held.wait(60) and [])
    client = TestClient(create_app(desk_in(DOSSIER)))
    try:
        html = client.get(f"/library/{ID}").text

        elements = Elements(html)
        assert "Being checked and proved" in elements.by_id("findings").text
        assert [e for e in elements.found if e.attributes.get("href", "").endswith("#findings") and "again" in html]
    finally:
        held.set()
