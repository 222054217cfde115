"""`commander leaflet CASE`: one case in, the patient's leaflet out as text, HTML, PDF or data, or why there is none."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from clinical_commander.cli.output import print_json, print_text, width
from clinical_commander.cli.site_file import listed, with_site
from clinical_commander.dossier.library import DEFAULT_DOSSIER, open_dossier
from clinical_commander.dossier.source import CASE_LIMIT, read_yaml
from clinical_commander.engine.assess import Engine
from clinical_commander.engine.entries import short
from clinical_commander.engine.read_case import dossier_of, read_case
from clinical_commander.errors import YamlError
from clinical_commander.leaflet.write import write_leaflet
from clinical_commander.program.stored import open_program


def run(arguments: argparse.Namespace) -> int:
    """Write the leaflet; nothing is written where it is refused."""
    piped = arguments.case == "-"
    source = sys.stdin.buffer.read(CASE_LIMIT + 1) if piped else Path(arguments.case)
    try:
        node = read_yaml(source, "standard input" if piped else None, limit=CASE_LIMIT)
    except YamlError as error:
        raise YamlError([short(problem) for problem in error.problems]) from None
    dossier, site = with_site(open_dossier(arguments.dossier or dossier_of(node) or DEFAULT_DOSSIER), arguments.site)
    case = read_case(node, dossier)
    assessment = Engine(dossier, open_program(dossier)).assess(
        case, site.capabilities if site else {}, listed(site) if site else None
    )
    leaflet = write_leaflet(assessment, dossier, site, arguments.lang)
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
