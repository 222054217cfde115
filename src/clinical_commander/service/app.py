"""A desk in, the web application out: pages, the health of the service, and how it refuses."""

from __future__ import annotations

from pathlib import Path

from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse, PlainTextResponse
from fastapi.staticfiles import StaticFiles

from clinical_commander.errors import CaseError, DamagedLog, EncounterError, ServiceError
from clinical_commander.service.desk import Desk
from clinical_commander.service.encounter_routes import add_encounter_routes
from clinical_commander.service.guard import FAULT, App, Guard
from clinical_commander.service.leaflet_routes import add_leaflet_routes
from clinical_commander.service.library_routes import add_library

_STATUS = {"CC853": 404, "CC858": 503}
STATIC = Path(__file__).with_name("static")


def create_app(desk: Desk) -> App:
    """The application of one desk, behind its guard."""
    app = FastAPI(title="Clinical Commander", docs_url=None, redoc_url=None, openapi_url=None)
    app.mount("/static", StaticFiles(directory=STATIC), name="static")
    add_encounter_routes(app, desk)
    add_leaflet_routes(app, desk)
    add_library(app, desk.dossier, desk.folder)

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
        dossier = desk.dossier
        content = {"id": dossier.id, "version": dossier.version, "hash": dossier.content_hash}
        return JSONResponse({"status": "ready", "content": content, "watermark": {"text": dossier.watermark}})

    @app.exception_handler(ServiceError)
    def refused(_: Request, error: Exception) -> Response:
        return PlainTextResponse(f"{error}\n", 409 if "CC809" in str(error) else 400)

    @app.exception_handler(CaseError)
    @app.exception_handler(DamagedLog)
    @app.exception_handler(EncounterError)
    def not_to_be_had(_: Request, error: Exception) -> Response:
        assert isinstance(error, CaseError | DamagedLog | EncounterError)
        status = 400 if isinstance(error, CaseError) else _STATUS.get(error.problems[0].code, 409)
        return PlainTextResponse(f"{error}\n", status)

    @app.exception_handler(Exception)
    def failed(_: Request, __: Exception) -> Response:
        return Response(FAULT, 500, media_type="text/plain")

    return Guard(app)
