"""`commander assess CASE`: one case in, its assessment out, as text, as the contracted JSON or as FHIR."""

from __future__ import annotations

import argparse

from clinical_commander.cli.case_input import CaseInput
from clinical_commander.cli.output import has_colour, is_unicode, print_text, width


def run(arguments: argparse.Namespace) -> int:
    """Print the assessment."""
    given = CaseInput(arguments)
    case = given.case()
    assessment = given.assess(case)
    if arguments.form == "fhir":
        from clinical_commander.cli.fhir_output import print_bundle

        print_bundle(assessment, given.dossier, case, arguments.patient)
        return 0
    if arguments.json:
        print(assessment.dumps(indent=2, ascii=not is_unicode()))
        return 0
    from clinical_commander.render.text import assessment_text

    print_text(assessment_text(assessment, given.dossier, width(arguments.width), has_colour(), is_unicode()))
    return 0
