"""A desk in, the routes of one patient's pages out: the chart, its note and timeline, and the list of encounters."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from urllib.parse import urlsplit

from fastapi import FastAPI, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import HTMLResponse, PlainTextResponse, RedirectResponse
from starlette.background import BackgroundTask

from clinical_commander.encounter import timeline
from clinical_commander.service.desk import Answer, Desk
from clinical_commander.service.emergency import emergency_card
from clinical_commander.service.form import DEED, DRAWN, SWITCH, fields_of
from clinical_commander.service.lists import TimelineView, listed
from clinical_commander.service.pages import Pages
from clinical_commander.service.view import PageView

MOST_LISTED = 50


def add_encounter_routes(app: FastAPI, desk: Desk) -> None:
    """Adds the routes of a patient's pages."""
    pages = Pages()
    one_at_a_time = asyncio.Lock()

    def page(answer: Answer, request: Request | None = None, drawn: str = "") -> Response:
        asked: Mapping[str, str] = request.headers if request is not None else {}
        by_script = "hx-request" in asked
        # What others recorded meanwhile changes the form too: the whole page is drawn anew.
        html = pages.part(answer, drawn) if by_script and not answer.others else pages.whole(answer)
        headers = {}
        address = f"/encounter/{answer.chart.id}"
        if by_script and answer.chart.id and urlsplit(asked.get("hx-current-url", "")).path != address:
            headers["hx-replace-url"] = address
        if by_script and answer.others:
            headers |= {"hx-retarget": "body", "hx-reswap": "outerHTML", "hx-reselect": "body"}
        return HTMLResponse(html, answer.status, headers, background=BackgroundTask(desk.record_shown, answer))

    @app.get("/", response_class=HTMLResponse)
    def empty() -> Response:
        """The page with nothing entered."""
        return page(desk.empty())

    @app.post("/", response_class=HTMLResponse)
    async def entered(request: Request) -> Response:
        """Records what was entered, and shows what follows from it."""
        form = fields_of(await request.body())
        async with one_at_a_time:
            # A page that has sent its fields again since waits for the later answer, which holds all of this one.
            if not (form.get(DEED) or form.get(SWITCH)) and await request.is_disconnected():
                return Response(status_code=204)
            return await run_in_threadpool(took, form, request)

    def took(form: dict[str, str], request: Request) -> Response:
        answer = desk.take(form)
        # What was recorded has an address of its own, so that a reload shows it and sends nothing again.
        if answer.status == 200 and answer.chart.id and "hx-request" not in request.headers:
            return RedirectResponse(f"/encounter/{answer.chart.id}", 303)
        return page(answer, request, form.get(DRAWN, ""))

    @app.post("/note", response_class=PlainTextResponse)
    async def noted(request: Request) -> Response:
        """Records what was entered; the note alone, as plain text."""
        return await run_in_threadpool(written, fields_of(await request.body()), markdown=False)

    @app.post("/note.md", response_class=PlainTextResponse)
    async def noted_as_markdown(request: Request) -> Response:
        """Records what was entered; the note alone, as Markdown."""
        return await run_in_threadpool(written, fields_of(await request.body()), markdown=True)

    def written(form: dict[str, str], *, markdown: bool) -> Response:
        answer = desk.take(form)
        view = PageView(answer)
        text = view.note_markdown if markdown else view.note
        return PlainTextResponse(text, answer.status, background=BackgroundTask(desk.record_shown, answer))

    @app.get("/encounter/{id}", response_class=HTMLResponse)
    def encounter(id: str) -> Response:
        """The page of an encounter, as recorded."""
        return page(desk.open(id))

    @app.get("/encounter/{id}/note", response_class=PlainTextResponse)
    def note(id: str) -> Response:
        """The note alone, as plain text."""
        return PlainTextResponse(PageView(desk.open(id)).note)

    @app.get("/encounter/{id}/timeline", response_class=HTMLResponse)
    def history(id: str) -> Response:
        """What happened, when, who, and where the tier moved."""
        found = timeline(desk.log, id)
        words = desk.words(desk.log.head(id).pack)
        view = TimelineView(id, found, words)
        watermark = words.dossier.watermark
        return HTMLResponse(pages.other("timeline.html", words, view=view, watermark=watermark))

    @app.get("/encounters", response_class=HTMLResponse)
    def encounters() -> Response:
        """The encounters of this log in which something happened last."""
        words = desk.words(desk.pack.hash)
        found = listed(desk, MOST_LISTED)
        return HTMLResponse(pages.other("encounters.html", words, found=found, watermark=words.dossier.watermark))

    @app.get("/emergency", response_class=HTMLResponse)
    def card() -> HTMLResponse:
        """The emergency card, the same as the file."""
        return HTMLResponse(emergency_card(desk.dossier).replace('href="page.css"', 'href="/static/page.css"'))
