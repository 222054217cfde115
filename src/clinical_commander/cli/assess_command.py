"""`commander assess CASE`: one case in, its assessment out, as text, as the contracted JSON or as FHIR."""

from __future__ import annotations

import argparse
import gc
import sys
from pathlib import Path

from clinical_commander.cli.output import has_colour, is_unicode, print_json, print_text, width
from clinical_commander.cli.site_file import listed, with_site
from clinical_commander.dossier.library import DEFAULT_DOSSIER, open_dossier
from clinical_commander.dossier.source import CASE_LIMIT, read_yaml
from clinical_commander.engine.assess import Engine
from clinical_commander.engine.entries import short
from clinical_commander.engine.read_case import dossier_of, read_case
from clinical_commander.errors import YamlError
from clinical_commander.program.stored import open_program


def run(arguments: argparse.Namespace) -> int:
    """Print the assessment."""
    # One short run: memory is freed when it ends, and looking for garbage meanwhile costs a fifth of the time.
    gc.disable()
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
    if arguments.form == "fhir":
        from clinical_commander.cli.fhir_output import print_bundle

        print_bundle(assessment, dossier, case, arguments.patient)
        return 0
    if arguments.json:
        print_json(assessment.to_json())
        return 0
    from clinical_commander.render.text import assessment_text

    print_text(assessment_text(assessment, dossier, width(arguments.width), has_colour(), is_unicode()))
    return 0
