"""`commander leaflet CASE`: one case in, the patient's leaflet out as text, HTML, PDF or data, or why there is none."""

from __future__ import annotations

import argparse
from pathlib import Path

from clinical_commander.cli.case_input import CaseInput
from clinical_commander.cli.output import print_json, print_text, width
from clinical_commander.engine.assessment import Assessment
from clinical_commander.leaflet.write import write_leaflet


def run(arguments: argparse.Namespace) -> int:
    """Write the leaflet; nothing is written where it is refused."""
    given = CaseInput(arguments)
    assessment = given.assess(given.case())
    if arguments.beside:
        return _beside(given, assessment, arguments)
    leaflet = write_leaflet(assessment, given.dossier, given.site, arguments.lang)
    if arguments.html:
        from clinical_commander.leaflet.page import html

        Path(arguments.html).write_text(html(leaflet, arguments.paper), encoding="utf-8")
    if arguments.pdf:
        from clinical_commander.leaflet.pdf import pdf

        Path(arguments.pdf).write_bytes(pdf(leaflet, arguments.paper))
    if arguments.json:
        print_json(leaflet.data())
    elif not (arguments.html or arguments.pdf):
        from clinical_commander.leaflet.text import text

        print_text(text(leaflet, width(arguments.width)))
    return 0


def _beside(given: CaseInput, assessment: Assessment, arguments: argparse.Namespace) -> int:
    """The same in two languages, for the clinician to read along."""
    from clinical_commander.leaflet.beside import write_beside

    pair = write_beside(assessment, given.dossier, given.site, arguments.lang, arguments.beside)
    if arguments.html:
        from clinical_commander.leaflet.page import beside_html

        Path(arguments.html).write_text(beside_html(pair, arguments.paper), encoding="utf-8")
    if arguments.pdf:
        from clinical_commander.leaflet.pdf import beside_pdf

        Path(arguments.pdf).write_bytes(beside_pdf(pair, arguments.paper))
    if arguments.json:
        print_json(pair.data())
    elif not (arguments.html or arguments.pdf):
        from clinical_commander.leaflet.text import beside_text

        print_text(beside_text(pair, width(arguments.width)))
    return 0
