"""`commander show [DOSSIER]`: the dossier as a page to read, or as JSON with every condition in words."""

from __future__ import annotations

import argparse

from clinical_commander.cli.output import has_colour, is_unicode, print_json, print_text, width
from clinical_commander.cli.site_file import with_site
from clinical_commander.dossier.library import DEFAULT_DOSSIER, open_dossier
from clinical_commander.errors import Problem, ReferenceProblem, did_you_mean
from clinical_commander.render.dossier_page import PARTS, dossier_page


def run(arguments: argparse.Namespace) -> int:
    """Print the dossier, or one part of it."""
    if arguments.only not in (None, *PARTS):
        mend = did_you_mean(arguments.only, PARTS) or f"There are: {', '.join(PARTS)}."
        raise ReferenceProblem(Problem("CC417", f"a dossier has no part `{arguments.only}`.", mend))
    dossier, _ = with_site(open_dossier(arguments.what or arguments.dossier or DEFAULT_DOSSIER), arguments.site)
    if arguments.json:
        from clinical_commander.render.dossier_json import dossier_json

        print_json(dossier_json(dossier))
    else:
        parts = PARTS if arguments.only is None else (arguments.only,)
        print_text(dossier_page(dossier, width(arguments.width), has_colour(), is_unicode(), parts))
    return 0
