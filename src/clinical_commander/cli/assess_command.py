"""`commander assess CASE`: one case in, its assessment out, as text or as the contracted JSON."""

from __future__ import annotations

import argparse

from clinical_commander.cli.case_input import CaseInput
from clinical_commander.cli.output import has_colour, is_unicode, print_json, print_text, width


def run(arguments: argparse.Namespace) -> int:
    """Print the assessment."""
    given = CaseInput(arguments)
    assessment = given.assess(given.case())
    if arguments.json:
        print_json(assessment.to_json())
        return 0
    from clinical_commander.render.text import assessment_text

    print_text(assessment_text(assessment, given.dossier, width(arguments.width), has_colour(), is_unicode()))
    return 0
