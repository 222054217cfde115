"""The clinician's page and a workshop in, both as one application out: `/author`, and `/` on the last good version.

The page itself knows nothing of drafts. It is made anew for each good version, and every answer of it is given a line
that says which version this is.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from datetime import datetime
from html import escape
from typing import Any

from fastapi import FastAPI, Response
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse

from clinical_commander import __version__
from clinical_commander.engine.assess import Engine
from clinical_commander.render.layout import SIGNS
from clinical_commander.render.words import Words
from clinical_commander.service.answers import Change, called, said
from clinical_commander.service.cases import VIGNETTE
from clinical_commander.service.guard import FAULT, App, Guard, Message, Receive, Scope, Send
from clinical_commander.service.pages import templates
from clinical_commander.service.workshop import CaseRow, State, Workshop

_HEAD, _PLACES = b"</head>", (b'<main id="answer">', b"<body>")
_MOST_CHANGES = 8


class Author:
    """The application. `boot` tells a script whether it still speaks to the same process."""

    def __init__(self, make: Callable[[Engine], App], engine: Engine, boot: str) -> None:
        """Takes what makes the clinician's page for an engine, and the first one."""
        self._make, self._boot = make, boot
        self._page, self._words = make(engine), Words(engine.dossier)
        self._workshop: Workshop | None = None
        self._own: App = Guard(self._routes())

    def good(self, engine: Engine) -> None:
        """Takes a good version: from the next request on it is the one that runs."""
        self._page, self._words = self._make(engine), Words(engine.dossier)

    def watch(self, workshop: Workshop) -> None:
        """Takes the workshop whose state is shown."""
        self._workshop = workshop

    @property
    def workshop(self) -> Workshop:
        assert self._workshop is not None
        return self._workshop

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope.get("path", "")
        if path == "/author" or path.startswith("/author/"):
            await self._own(scope, receive, send)
        elif scope["type"] == "http" and (path == "/" or path.startswith("/encounter/")):
            await _Marked(self._line())(self._page, scope, receive, send)
        else:
            await self._page(scope, receive, send)

    # -- the author's page

    def _routes(self) -> FastAPI:
        app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
        template = templates().get_template("author.html")

        @app.get("/author", response_class=HTMLResponse)
        def page() -> Response:
            """The draft: what is wrong, and which cases answer otherwise."""
            words, state = self._words, self.workshop.state
            view = AuthorView(state, words, self._boot)
            given = {"words": words, "signs": SIGNS, "watermark": words.dossier.watermark, "view": view}
            return HTMLResponse(template.render(**given, folder=self.workshop.folder.name))

        @app.get("/author/state")
        def state() -> Response:
            """Which state this is, for a script that looks again and again."""
            return JSONResponse({"state": f"{self._boot}.{self.workshop.state.number}"})

        @app.post("/author/baseline")
        def rebase() -> Response:
            """Take the last good version as what others are compared with."""
            self.workshop.rebase()
            return RedirectResponse("/author", 303)

        @app.exception_handler(Exception)
        def failed(_: Any, __: Exception) -> Response:
            return Response(FAULT, 500, media_type="text/plain")

        return app

    def _line(self) -> str:
        """What every answer of the clinician's page says of the draft."""
        state, words = self.workshop.state, self._words
        key = "draft_broken" if state.errors else "draft"
        text = words.say(key, clock(state.good_at), group="author")
        more = words.say("to_author", group="author")
        tone = " draft-broken" if state.errors else ""
        return f'<p class="draft{tone}" id="draft">{escape(text)} <a href="/author">{escape(more)}</a></p>'


class AuthorView:
    """What the template of the author's page shows."""

    def __init__(self, state: State, words: Words, boot: str) -> None:
        self.state, self.words, self.version = state, words, f"{boot}.{state.number}"
        self.engine = __version__

    def say(self, key: str, *parts: str) -> str:
        """A word of the author's page."""
        return self.words.say(key, *parts, group="author")

    @property
    def saved(self) -> str:
        """When the draft was saved."""
        return clock(datetime.fromtimestamp(self.state.saved_at).astimezone()) if self.state.saved_at else ""

    @property
    def good(self) -> str:
        """When the version that runs was saved."""
        return clock(self.state.good_at)

    @property
    def base(self) -> str:
        """When the version was saved that others are compared with."""
        return clock(self.state.base_at)

    @property
    def changed(self) -> Sequence[CaseRow]:
        """The cases that answer otherwise, those in files first."""
        found = [row for row in self.state.rows if row.changes]
        return sorted(found, key=lambda row: (row.kind == VIGNETTE, not any(c.kind == "tier" for c in row.changes)))

    @property
    def failing(self) -> Sequence[CaseRow]:
        """The vignettes that come out otherwise than they expect, the new ones first."""
        return sorted((row for row in self.state.rows if row.failures), key=lambda row: row.failed_before)

    @property
    def refused(self) -> Sequence[CaseRow]:
        """The cases that the draft cannot read."""
        return [row for row in self.state.rows if row.refused and not row.failures]

    @property
    def together(self) -> Sequence[tuple[str, int]]:
        """What changed in most cases: what it is called, and in how many."""
        found = Counter(self.called(change) for row in self.state.rows for change in row.changes)
        return found.most_common(_MOST_CHANGES)

    def first(self, row: CaseRow) -> Sequence[Change]:
        """The changes that are shown at once."""
        return row.changes[:_MOST_CHANGES]

    def more(self, row: CaseRow) -> Sequence[Change]:
        """The others."""
        return row.changes[_MOST_CHANGES:]

    def called(self, change: Change) -> str:
        """What changed."""
        return called(change, self.words)

    def before(self, change: Change) -> str:
        """What it was."""
        return said(change, change.before, self.words)

    def after(self, change: Change) -> str:
        """What it is."""
        return said(change, change.after, self.words)


class _Marked:
    """Gives a page one line more, where its answer begins, or where the page does."""

    def __init__(self, line: str) -> None:
        self._line = line.encode()

    async def __call__(self, app: App, scope: Scope, receive: Receive, send: Send) -> None:
        started: Message | None = None
        body = b""

        async def marked(message: Message) -> None:
            nonlocal started, body
            if message["type"] == "http.response.start":
                started = message
                return
            body += message.get("body", b"")
            if message.get("more_body") or started is None:
                return
            await self._send(send, started, body)

        await app(scope, receive, marked)

    async def _send(self, send: Send, start: Message, body: bytes) -> None:
        headers = [(n.lower(), v) for n, v in start["headers"]]
        if any(name == b"content-type" and value.startswith(b"text/html") for name, value in headers):
            body = self._with_line(body)
            headers = [(n, v) for n, v in headers if n != b"content-length"]
            headers.append((b"content-length", str(len(body)).encode()))
        await send({**start, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    def _with_line(self, body: bytes) -> bytes:
        place = next((p for p in _PLACES if p in body), None)
        if place is not None:
            body = body.replace(place, place + self._line, 1)
        return body.replace(_HEAD, b'<link rel="stylesheet" href="/static/author.css">' + _HEAD, 1)


def clock(moment: datetime) -> str:
    """A moment of today, to the second, as the clock on this machine has it."""
    return moment.astimezone().strftime("%H:%M:%S")
