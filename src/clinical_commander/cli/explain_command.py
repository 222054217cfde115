"""`commander explain CASE --cause CAUSE`: the arithmetic from prior to posterior, and what would change the tier."""

from __future__ import annotations

import argparse
import json

from clinical_commander.cli.case_input import CaseInput
from clinical_commander.cli.output import has_colour, is_unicode, print_json, print_text, width
from clinical_commander.engine.explain import drawn, explain
from clinical_commander.errors import CaseError, Problem, ReferenceProblem, did_you_mean


def run(arguments: argparse.Namespace) -> int:
    """Print the arithmetic of one cause, for each prior that may be the right one."""
    given = CaseInput(arguments)
    differentials, case = given.engine.differentials, given.case()
    if differentials is None:
        raise CaseError(Problem("CC627", f"{given.dossier.id} has no differential.", "There is nothing to explain."))
    assessment = given.assess(case)
    report = assessment.differential
    if not report.causes:
        why = report.text or "No prior is for this setting and region."
        raise CaseError(Problem("CC627", f"The differential is withheld. {why}"))
    cause = arguments.cause or report.causes[0].cause
    if cause not in differentials.place:
        mend = did_you_mean(cause, differentials.place) or f"The causes: {', '.join(differentials.place)}."
        raise CaseError(Problem("CC628", f"No cause is called `{cause}`.", mend))
    situation = given.engine.situation(case, given.capabilities)
    found = explain(differentials, case, situation, cause)
    intervals = {}
    if arguments.draws:
        try:
            intervals = drawn(differentials, case, situation, cause)
        except ImportError:
            mend = "Install it: `pip install 'clinical-commander[draws]'`."
            raise ReferenceProblem(Problem("CC490", "--draws needs numpy, which is not installed.", mend)) from None
    changes = given.engine.counterfactuals.of(case, assessment, given.capabilities)
    from clinical_commander.render.what_would_change import what_would_change_data, what_would_change_text
    from clinical_commander.render.words import Words

    if arguments.json:
        plain = json.loads(json.dumps(found, default=vars))
        watermark = {"text": given.dossier.watermark}
        told = {"schema": "explain/1", "watermark": watermark, "explanations": plain, "draws": intervals}
        print_json({**told, "what_would_change": what_would_change_data(changes, Words(given.dossier))})
        return 0
    from clinical_commander.render.differential import explanation_text

    size, colour, unicode = width(arguments.width), has_colour(), is_unicode()
    text = explanation_text(found, given.dossier, size, colour, unicode, intervals)
    print_text(text + "\n" + what_would_change_text(changes, given.dossier, size, colour, unicode))
    return 0
