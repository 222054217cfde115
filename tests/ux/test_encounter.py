"""The encounter behind the page in a real Chromium: reload, tabs that die or meet, undo, a server that is killed."""

from __future__ import annotations

import re
from pathlib import Path

from playwright.sync_api import Browser, Page, expect

from tests.fixtures import EXAMPLES
from tests.ux.browser import enter, server
from tests.ux.test_page import PAYLOADS


def test_ux_16_a_reload_loses_nothing_that_was_entered(page: Page) -> None:
    enter(page, {"spo2": "86", "age": "58", "airway_compromise": True, "oxygen_device": "room_air"})
    expect(page).to_have_url(re.compile(r"/encounter/[0-9a-f]{32}$"))

    page.reload()

    expect(page.locator("#tier-value")).to_have_text("Massive bleeding")
    expect(page.locator("#v-spo2")).to_have_value("86")
    expect(page.locator("#v-oxygen_device")).to_have_value("room_air")
    expect(page.locator("[name='v.airway_compromise'][value=yes]")).to_be_checked()


def test_ux_16_a_tab_that_dies_in_the_middle_of_a_form_is_opened_again_from_the_list(page: Page, address: str) -> None:
    enter(page, {"spo2": "86"})
    page.locator("#label").fill("Bed 16")
    page.locator("#label").press("Tab")
    expect(page.locator("#patient")).to_contain_text("Bed 16")
    page.locator("#v-sbp").press_sequentially("12")
    page.close(run_before_unload=False)

    again = page.context.new_page()
    again.goto(f"{address}encounters")
    again.get_by_role("link", name="Bed 16").first.click()

    expect(again.locator("#tier-value")).to_have_text("Massive bleeding")
    expect(again.locator("#v-spo2")).to_have_value("86")


def test_ux_16_the_last_change_is_undone_by_one_press_and_its_field_says_so(page: Page) -> None:
    enter(page, {"spo2": "97"})
    page.locator("#v-spo2").fill("86")
    page.locator("#v-spo2").press("Tab")
    expect(page.locator("#tier-value")).to_have_text("Massive bleeding")

    page.locator("#undo").click()

    expect(page.locator("#v-spo2")).to_have_value("97")
    expect(page.locator("#tier-value")).to_have_text("Cannot exclude massive bleeding")
    page.locator("#undo").click()
    expect(page.locator("#v-spo2")).to_have_value("")


def meet_another(page: Page) -> None:
    """Record something in a page while another tab has recorded something else of the same patient."""
    enter(page, {"spo2": "97"})
    expect(page).to_have_url(re.compile("/encounter/"))
    other = page.context.new_page()
    other.goto(page.url)
    enter(other, {"spo2": "86"})
    expect(other.locator("#tier-value")).to_have_text("Massive bleeding")
    page.locator("#v-sbp").fill("124")
    page.locator("#v-sbp").press("Tab")


def test_two_tabs_of_one_patient_never_merge_in_silence(page: Page) -> None:
    meet_another(page)

    expect(page.locator("#others")).to_contain_text("SpO2: 86 %")
    expect(page.locator("#others")).to_contain_text("124")
    expect(page.locator("#v-spo2")).to_have_value("86")
    page.locator("#v-sbp").fill("124")
    page.locator("#v-sbp").press("Tab")
    expect(page.locator("#facts")).to_contain_text("124 mmHg")
    expect(page.locator("#others")).to_have_count(0)


def test_ux_26_a_page_that_was_drawn_anew_because_of_others_still_sends_what_is_typed_and_says_when_it_is_old(
    page: Page,
) -> None:
    meet_another(page)
    expect(page.locator("#others")).to_have_count(1)

    page.locator("#v-rr").press_sequentially("31")  # and the field is not left
    expect(page.locator("#facts")).to_contain_text("31 /min")
    expect(page.locator("#others")).to_have_count(0)

    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("?")
    expect(page.locator("#help-key")).to_be_visible()
    page.keyboard.press("Escape")

    page.context.set_offline(True)
    page.locator("#v-rr").press_sequentially("1")
    expect(page.locator("#not-current")).to_be_visible()


def test_ux_08_an_alarm_is_set_aside_by_keyboard_in_two_presses(page: Page) -> None:
    enter(page, {"spo2": "86"})
    expect(page.locator("#tier-value")).to_have_text("Massive bleeding")
    summary = page.locator("#triggers .act summary").first
    summary.focus()

    page.keyboard.press("Enter")
    reason = page.locator("#triggers .act[open] button").first
    reason.focus()
    page.keyboard.press("Enter")

    expect(page.locator("#deeds")).to_contain_text("set aside")
    expect(page.locator("#tier-value")).to_have_text("Massive bleeding")


def test_an_action_is_marked_as_done_and_leaves_the_list(page: Page) -> None:
    enter(page, {"spo2": "86"})
    first = page.locator("#now .line").first
    text = first.locator(".text").inner_text()
    first.locator(".act summary").click()
    first.locator(".act button").first.click()

    expect(page.locator("#deeds")).to_contain_text("done")
    expect(page.locator("#now")).not_to_contain_text(text)


def test_ux_05_a_value_from_elsewhere_looks_different_and_typing_over_it_is_kept_as_an_override(
    browser: Browser,
) -> None:
    with server("--open", str(EXAMPLES.parent / "fhir" / "constructed-warfarin-massive.json")) as (address, _):
        page = browser.new_page()
        page.goto(f"http://{address}/encounters")
        page.locator(".encounters a").first.click()
        field = page.locator("#f-sbp")
        expect(field).to_have_class(re.compile("from-elsewhere"))
        expect(field.locator(".origin")).to_contain_text("from Observation")
        assert page.locator("#v-sbp").evaluate("e => getComputedStyle(e).borderStyle") == "dashed"

        page.locator("#v-sbp").fill("90")
        page.locator("#v-sbp").press("Tab")

        expect(field.locator(".origin")).to_contain_text("clinician override of Observation")
        page.get_by_role("link", name="Timeline").click()
        expect(page.locator("main")).to_contain_text("clinician override of Observation")
        page.close()


def test_a_killed_server_has_lost_nothing_that_it_answered(browser: Browser, tmp_path: Path) -> None:
    log = str(tmp_path / "log.db")
    with server("--db", log) as (address, process):
        page = browser.new_page()
        page.goto(f"http://{address}/")
        enter(page, {"spo2": "86"})
        expect(page).to_have_url(re.compile("/encounter/"))
        path = page.url.split("/", 3)[3]
        process.kill()
        process.wait(10)
        page.close()
    with server("--db", log) as (address, _):
        page = browser.new_page()
        page.goto(f"http://{address}/{path}")
        expect(page.locator("#v-spo2")).to_have_value("86")
        expect(page.locator("#tier-value")).to_have_text("Massive bleeding")
        page.close()


def test_hostile_text_in_labels_and_reasons_stays_text(page: Page) -> None:
    said: list[str] = []
    page.on("dialog", lambda dialog: (said.append(dialog.message), dialog.dismiss()))
    page.on("console", lambda m: said.append(m.text) if "Content Security Policy" in m.text else None)
    page.on("request", lambda request: said.append(request.url) if "evil" in request.url else None)
    enter(page, {"spo2": "86"})
    for payload in PAYLOADS:
        shown = "".join(c for c in payload if c.isprintable())
        page.locator("#label").fill(shown)
        page.locator("#label").press("Tab")
        expect(page.locator("#patient .label")).to_have_text(shown)
        summary = page.locator("#triggers .act summary").first
        if summary.count():
            summary.click()
            page.locator("#triggers .act[open] input").first.fill(shown)
            page.locator("#triggers .act[open] button").first.click()
            expect(page.locator("#deeds")).to_contain_text(shown)
    page.get_by_role("link", name="Timeline").click()
    expect(page.locator("main")).to_contain_text("alert(1)")
    page.get_by_role("link", name="Back to the patient").click()
    page.goto(page.url.rsplit("/", 2)[0] + "/encounters")

    assert said == []
    assert page.locator("main script, main img, main iframe").count() == 0


SHOWN = """(root) => {
    const said = (node) => {
        if (node.nodeType === Node.TEXT_NODE) return node.nodeValue.trim();
        if (node.nodeType !== Node.ELEMENT_NODE) return "";
        const marks = [...node.attributes].filter(a => !["open", "hidden", "data-htmx-powered"].includes(a.name));
        return `<${node.tagName} ${marks.map(a => `${a.name}=${a.value}`).sort().join(" ")}>`
            + [...node.childNodes].map(said).filter(Boolean).join("") + `</${node.tagName}>`;
    };
    return [root.querySelector("#answer"), ...root.querySelectorAll(".told")].map(said);
}"""


def test_ux_03_after_a_run_of_changes_the_page_is_the_one_of_its_address(page: Page) -> None:
    enter(page, {"spo2": "97", "sbp": "124", "airway_compromise": False, "oxygen_device": "room_air", "age": "58"})
    expect(page).to_have_url(re.compile("/encounter/"))

    def change(field: str, value: str) -> None:
        with page.expect_response(lambda r: r.request.method == "POST"):
            page.evaluate(
                "([name, value]) => { const field = document.getElementById('entry').elements[name];"
                " field.value = value; field.dispatchEvent(new Event('change', {bubbles: true})); }",
                [field, value],
            )

    lengths = []
    page.on(
        "response", lambda r: lengths.append(int(r.headers["content-length"])) if r.request.method == "POST" else None
    )
    changes = [("v.spo2", "84"), ("v.rr", "32"), ("v.spo2", "abc"), ("v.spo2", ""), ("region", "tb_endemic")]
    changes += [("v.spo2", "84"), ("v.anticoagulant", "warfarin"), ("v.sbp", "88"), ("v.sbp", "90"), ("v.age", "")]
    for field, value in changes:
        change(field, value)
    for press in ("#undo", "#switch button[value=icu]", "#now .act summary", "#now .act[open] button"):
        page.locator(press).first.click()
    expect(page.locator("#deeds")).to_contain_text("done")

    def differs() -> str:
        return page.evaluate(
            f"""async () => {{
                const shown = {SHOWN};
                const anew = new DOMParser().parseFromString(await (await fetch(location.href)).text(), "text/html");
                const [is, should] = [shown(document), shown(anew)];
                const at = is.findIndex((one, i) => one !== should[i]);
                if (at < 0) return is.length === should.length ? "" : "another number of fields";
                const from = [...is[at]].findIndex((c, i) => c !== should[at][i]);
                return is[at].slice(from - 80, from + 80) + " / " + should[at].slice(from - 80, from + 80);
            }}"""
        )

    # An age in minutes may have turned between the last answer and now: then the last field is sent once more.
    for _ in range(3):
        if found := differs():
            change("v.rr", "30")
    assert not found or not differs(), found
    assert min(lengths) * 3 < max(lengths), "a change was answered by all of the page"


def test_a_line_that_the_page_shows_otherwise_than_the_service_thinks_makes_it_ask_for_everything(page: Page) -> None:
    enter(page, {"spo2": "84", "airway_compromise": False, "oxygen_device": "room_air", "age": "58"})
    expect(page.locator("#tier-value")).to_have_text("Massive bleeding")
    line = page.locator("#plan .line").nth(3)
    said = line.locator(".text").text_content() or ""
    assert said
    line.evaluate("e => { e.textContent = 'Send the patient home.'; e.dataset.is = 'another'; }")
    asked = []
    page.on("request", lambda r: asked.append(r.method))

    page.locator("#v-age").fill("59")
    page.locator("#v-age").press("Tab")

    expect(line.locator(".text")).to_have_text(said)
    expect(page.locator("[data-same]")).to_have_count(0)
    expect(page.locator("#not-current")).to_be_hidden()
    assert asked == ["POST", "POST"]
