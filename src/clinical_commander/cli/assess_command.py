"""`commander assess CASE`: a case file or FHIR records in, the assessment out, as text or as the contracted JSON."""

from __future__ import annotations

import argparse
import gc
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from clinical_commander.cli.output import has_colour, is_unicode, print_json, print_text, width
from clinical_commander.cli.site_file import listed, with_site
from clinical_commander.dossier.library import DEFAULT_DOSSIER, open_dossier
from clinical_commander.dossier.source import CASE_LIMIT, Node, read_yaml
from clinical_commander.engine.assess import Engine
from clinical_commander.engine.entries import short
from clinical_commander.engine.read_case import dossier_of, read_case
from clinical_commander.errors import CaseError, Problem, YamlError
from clinical_commander.fhir.read_json import RECORD_LIMIT, is_fhir
from clinical_commander.program.stored import open_program

if TYPE_CHECKING:
    from clinical_commander.dossier.model import Dossier
    from clinical_commander.engine.case import Case


def run(arguments: argparse.Namespace) -> int:
    """Print the assessment."""
    # One short run: memory is freed when it ends, and looking for garbage meanwhile costs a fifth of the time.
    gc.disable()
    name, data = _input(arguments.case)
    if data is not None and is_fhir(data):
        dossier, site = with_site(open_dossier(arguments.dossier or DEFAULT_DOSSIER), arguments.site)
        case = _case_from_records(data, name, dossier, arguments)
    else:
        node = _case_file(Path(arguments.case) if data is None else data, name)
        if arguments.setting or arguments.at:
            mend = "Write `setting:` and `at:` in the case file."
            raise CaseError(Problem("CC655", "`--setting` and `--at` are for FHIR records.", mend))
        found = open_dossier(arguments.dossier or dossier_of(node) or DEFAULT_DOSSIER)
        dossier, site = with_site(found, arguments.site)
        case = read_case(node, dossier)
    assessment = Engine(dossier, open_program(dossier)).assess(
        case, site.capabilities if site else {}, listed(site) if site else None
    )
    if arguments.json:
        print_json(assessment.to_json())
        return 0
    from clinical_commander.render.text import assessment_text

    print_text(assessment_text(assessment, dossier, width(arguments.width), has_colour(), is_unicode()))
    return 0


def _input(given: str) -> tuple[str, bytes | None]:
    """What the input is called in messages, and its bytes; None where the file cannot be read."""
    if given == "-":
        return "standard input", sys.stdin.buffer.read(RECORD_LIMIT + 1)
    try:
        with Path(given).open("rb") as file:
            return given, file.read(RECORD_LIMIT + 1)
    except OSError:
        return given, None


def _case_file(source: bytes | Path, name: str) -> Node:
    try:
        return read_yaml(source, name, limit=CASE_LIMIT)
    except YamlError as error:
        raise YamlError([short(problem) for problem in error.problems]) from None


def _case_from_records(data: bytes, name: str, dossier: Dossier, arguments: argparse.Namespace) -> Case:
    from clinical_commander.fhir.case import case_from_records  # a case file needs none of it
    from clinical_commander.fhir.elements import span
    from clinical_commander.fhir.read_json import read_records

    at = None
    if arguments.at == "now":
        at = datetime.now(UTC)
    elif arguments.at:
        found = span(arguments.at)
        if found is None or found[0] != found[1]:
            mend = "Write it as in `2026-11-21T14:05:00+00:00`, or `now`."
            raise CaseError(Problem("CC612", "`--at` is no moment with a zone.", mend))
        at = found[0]
    case, _ = case_from_records(read_records(data, name), dossier, name=name, setting=arguments.setting, at=at)
    return case
