"""An application in, the same with the library out: the list of dossiers, and each as a page to read."""

from __future__ import annotations

from pathlib import Path

from fastapi import APIRouter, FastAPI, Response
from fastapi.responses import HTMLResponse

from clinical_commander.dossier.model import Dossier
from clinical_commander.errors import ClinicalCommanderError, ServiceError
from clinical_commander.render.layout import SIGNS
from clinical_commander.render.words import Words
from clinical_commander.service.library import Library
from clinical_commander.service.pages import templates


def add_library(app: FastAPI, served: Dossier, folder: Path | None = None) -> None:
    """Adds `/library` and the page of each dossier under it.

    Args:
        app: The application.
        served: The dossier that the application runs.
        folder: Where it stands, if that is outside the search path.
    """
    library, pages, words = Library(served, folder), templates(), Words(served)
    router = APIRouter(prefix="/library")
    kept: dict[str, tuple[tuple[object, ...], str]] = {}

    def written(name: str, **given: object) -> str:
        return pages.get_template(name).render(words=words, signs=SIGNS, watermark=served.watermark, **given)

    def shown(name: str, status: int = 200, **given: object) -> HTMLResponse:
        return HTMLResponse(written(name, **given), status)

    def refused(error: ClinicalCommanderError) -> Response:
        status = 404 if isinstance(error, ServiceError) else 503
        return shown("library.html", status, rows=[], problems=error.problems)

    @router.get("", response_class=HTMLResponse)
    def listed() -> Response:
        """All dossiers."""
        return shown("library.html", rows=library.rows(), problems=())

    @router.get("/{id}", response_class=HTMLResponse)
    def one(id: str) -> Response:
        """One dossier."""
        try:
            view, findings = library.view(id), library.findings(id)
        except ClinicalCommanderError as error:
            return refused(error)
        now = (id, view, findings)
        if kept.get("page", ((), ""))[0] != now:  # three megabytes are written once
            text = written("dossier.html", view=view, findings=findings, tools=library.tools_beside(id), of=None)
            kept["page"] = (now, text)
        return HTMLResponse(kept["page"][1])

    @router.get("/{id}/findings", response_class=HTMLResponse)
    def found(id: str) -> Response:
        """What the checks and proofs of one dossier have found by now, alone."""
        try:
            return shown("findings.html", view=library.view(id), findings=library.findings(id))
        except ClinicalCommanderError as error:
            return refused(error)

    @router.get("/{id}/tools", response_class=HTMLResponse)
    def tools(id: str) -> Response:
        """All scores and codifiers beside a dossier, whether it uses them or not."""
        try:
            view, of = library.shelf(id), library.view(id).dossier
        except ClinicalCommanderError as error:
            return refused(error)
        return shown("dossier.html", view=view, findings=None, tools=0, of=of)

    app.include_router(router)
