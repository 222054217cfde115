"""A desk in, the routes of the patient's leaflet out: as a page and as PDF, or the reasons why there is none."""

from __future__ import annotations

from fastapi import FastAPI, Response
from fastapi.responses import HTMLResponse

from clinical_commander.errors import Problem, ReferenceProblem, ServiceError
from clinical_commander.leaflet.answer import LeafletAnswer, leaflet_answer, leaflet_style
from clinical_commander.leaflet.pdf import pdf
from clinical_commander.leaflet.write import languages
from clinical_commander.render.words import Words
from clinical_commander.service.desk import Desk
from clinical_commander.service.pages import templates


def add_leaflet_routes(app: FastAPI, desk: Desk) -> None:
    """Adds the routes of the leaflet."""
    refusal = templates().get_template("no_leaflet.html")

    def answer_of(id: str, language: str) -> tuple[LeafletAnswer, Words]:
        found = desk.open(id)
        if language not in languages(found.words.dossier):
            mend = f"There are: {', '.join(languages(found.words.dossier))}."
            raise ServiceError(Problem("CC811", "There is no leaflet in this language.", mend))
        style = f"/leaflet/{language}.css"
        return leaflet_answer(
            found.assessment, found.words.dossier, language, desk.house, stylesheet=style
        ), found.words

    def refused(id: str, answer: LeafletAnswer, words: Words) -> Response:
        page = refusal.render(id=id, answer=answer, words=words, watermark=words.dossier.watermark)
        return HTMLResponse(page, 409)

    @app.get("/leaflet/{language}.css")
    def style(language: str) -> Response:
        """How a leaflet is set in a language; the same for every patient."""
        return Response(leaflet_style(desk.dossier, language), media_type="text/css")

    @app.get("/encounter/{id}/leaflet/{language}.pdf")
    def printed(id: str, language: str) -> Response:
        """The leaflet as a tagged PDF of two pages."""
        answer, words = answer_of(id, language)
        if answer.leaflet is None:
            return refused(id, answer, words)
        headers = {"content-disposition": 'attachment; filename="leaflet.pdf"'}
        try:
            return Response(pdf(answer.leaflet), media_type="application/pdf", headers=headers)
        except ReferenceProblem as error:
            return refused(id, LeafletAnswer(reasons=tuple(str(problem) for problem in error.problems)), words)

    @app.get("/encounter/{id}/leaflet/{language}", response_class=HTMLResponse)
    def page(id: str, language: str) -> Response:
        """The leaflet as a page."""
        answer, words = answer_of(id, language)
        return HTMLResponse(answer.page) if answer.page else refused(id, answer, words)
