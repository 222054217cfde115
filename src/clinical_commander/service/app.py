"""A dossier made ready to run in, the web application out. It keeps nothing of a patient between two requests."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import parse_qsl

from fastapi import FastAPI, Request, Response
from fastapi.responses import HTMLResponse, JSONResponse, PlainTextResponse
from fastapi.staticfiles import StaticFiles
from jinja2 import Environment, PackageLoader, StrictUndefined

from clinical_commander.engine.assess import Engine
from clinical_commander.engine.assessment import Assessment
from clinical_commander.errors import Problem, ServiceError
from clinical_commander.frozen import field, frozen
from clinical_commander.render.layout import SIGNS
from clinical_commander.render.note import note_text
from clinical_commander.render.words import Words
from clinical_commander.service.emergency import emergency_card
from clinical_commander.service.entry import Entry, read_entry
from clinical_commander.service.guard import FAULT, App, Guard
from clinical_commander.service.library_routes import add_library
from clinical_commander.service.view import PageView

STATIC = Path(__file__).with_name("static")
_MOST_FIELDS = 2000


@frozen
class Desk:
    """What one service runs: an engine whose sentinel cases passed, and what its site has."""

    engine: Engine
    capabilities: Mapping[str, str] = field(default_factory=dict)
    site: Mapping[str, object] | None = None
    setting: str = "ed"
    folder: Path | None = None

    def assess(self, entry: Entry) -> Assessment:
        """The assessment of what a form says."""
        return self.engine.assess(entry.case, self.capabilities, self.site)


def create_app(desk: Desk) -> App:
    """The application of one desk, behind its guard."""
    dossier = desk.engine.dossier
    words = Words(dossier)
    pages = Environment(
        loader=PackageLoader("clinical_commander.service"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    template = pages.get_template("page.html")
    app = FastAPI(title="Clinical Commander", docs_url=None, redoc_url=None, openapi_url=None)
    app.mount("/static", StaticFiles(directory=STATIC), name="static")
    add_library(app, dossier, desk.folder)

    def read(form: Mapping[str, str]) -> Entry:
        return read_entry(form, dossier, datetime.now(UTC), desk.setting)

    def page(entry: Entry, status: int = 200, *, whole: bool = True) -> HTMLResponse:
        view = PageView(entry, desk.assess(entry), words, whole=whole)
        return HTMLResponse(template.render(view=view, words=words, dossier=dossier, signs=SIGNS), status)

    @app.get("/", response_class=HTMLResponse)
    def empty() -> HTMLResponse:
        """The page with nothing entered."""
        return page(read({}))

    @app.post("/", response_class=HTMLResponse)
    async def entered(request: Request) -> HTMLResponse:
        """The page with what was entered, and what follows from it."""
        entry = read(_form(await request.body()))
        return page(entry, 422 if entry.errors else 200, whole="x-part" not in request.headers)

    @app.post("/note", response_class=PlainTextResponse)
    async def note(request: Request) -> PlainTextResponse:
        """The note alone, as plain text."""
        entry = read(_form(await request.body()))
        return PlainTextResponse(note_text(desk.assess(entry), dossier, entry.unknown))

    @app.get("/emergency", response_class=HTMLResponse)
    def card() -> HTMLResponse:
        """The emergency card, the same as the file."""
        return HTMLResponse(emergency_card(dossier).replace('href="page.css"', 'href="/static/page.css"'))

    @app.get("/favicon.ico")
    def icon() -> Response:
        """None: a browser asks all the same."""
        return Response(status_code=204)

    @app.get("/health")
    def health() -> JSONResponse:
        """That the process is alive."""
        return JSONResponse({"status": "alive"})

    @app.get("/ready")
    def ready() -> JSONResponse:
        """That it can answer: which dossier, by its hash. The sentinel cases passed before it started."""
        content = {"id": dossier.id, "version": dossier.version, "hash": dossier.content_hash}
        return JSONResponse({"status": "ready", "content": content, "watermark": {"text": dossier.watermark}})

    @app.exception_handler(ServiceError)
    def refused(_: Request, error: Exception) -> Response:
        return PlainTextResponse(f"{error}\n", 400)

    @app.exception_handler(Exception)
    def failed(_: Request, __: Exception) -> Response:
        return Response(FAULT, 500, media_type="text/plain")

    return Guard(app)


def _form(body: bytes) -> dict[str, str]:
    """The fields of a form as a browser sends them; of a name that stands twice the last."""
    try:
        pairs = parse_qsl(body.decode("ascii"), max_num_fields=_MOST_FIELDS, encoding="utf-8", errors="strict")
    except ValueError:
        raise ServiceError(Problem("CC805", "This is no form of the page.", "Load the page anew.")) from None
    return dict(pairs)
