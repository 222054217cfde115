"""Arguments in, the case and the engine that runs it out: what `assess`, `explain` and `next` have in common.

A case file, or the FHIR R4 records of one patient: they are known by the `resourceType` that FHIR JSON names.
"""

from __future__ import annotations

import argparse
import gc
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from clinical_commander.cli.site_file import listed, with_site
from clinical_commander.dossier.library import DEFAULT_DOSSIER, open_dossier
from clinical_commander.dossier.model import Dossier
from clinical_commander.dossier.source import CASE_LIMIT, Node, read_yaml
from clinical_commander.engine.assess import Engine
from clinical_commander.engine.assessment import Assessment
from clinical_commander.engine.case import Case
from clinical_commander.engine.entries import short
from clinical_commander.engine.read_case import dossier_of, read_case
from clinical_commander.errors import CaseError, Problem, YamlError
from clinical_commander.frozen import replace
from clinical_commander.program.stored import open_program

if TYPE_CHECKING:
    from clinical_commander.engine.site import Site

MOST_BYTES = 20 * 1024 * 1024 + 1
"""One more than the most that is read of one patient's records."""


class CaseInput:
    """One case with the dossier as this site runs it."""

    def __init__(self, arguments: argparse.Namespace) -> None:
        # One short run: memory is freed when it ends, and looking for garbage meanwhile costs a fifth of the time.
        gc.disable()
        self.arguments = arguments
        self.name, data = _input(arguments.case)
        self.records = data if data is not None and _is_fhir(data) else None
        self.node = _case_file(self.name, data, arguments) if self.records is None else None
        self.site: Site | None
        self.dossier: Dossier
        named = arguments.dossier or (dossier_of(self.node) if self.node else None) or DEFAULT_DOSSIER
        self.dossier, self.site = with_site(open_dossier(named), arguments.site)
        self.engine = Engine(self.dossier, open_program(self.dossier))

    def case(self) -> Case:
        """The case as the file or the records have it, in the region that was asked for."""
        case = self._of_records() if self.node is None else read_case(self.node, self.dossier)
        region: str | None = self.arguments.region
        return replace(case, region=region) if region else case

    def _of_records(self) -> Case:
        from clinical_commander.fhir.case import case_from_records  # a case file needs none of it
        from clinical_commander.fhir.elements import moment
        from clinical_commander.fhir.read_json import read_records

        assert self.records is not None
        asked = self.arguments.at
        at = datetime.now(UTC) if asked == "now" else moment(asked) if asked else None
        if asked and at is None:
            mend = "Write it as in `2026-11-21T14:05:00+00:00`, or `now`."
            raise CaseError(Problem("CC612", "`--at` is no moment with a zone.", mend))
        data = read_records(self.records, self.name)
        case, _ = case_from_records(data, self.dossier, name=self.name, setting=self.arguments.setting, at=at)
        return case

    @property
    def capabilities(self) -> dict[str, str]:
        """What the site has."""
        return dict(self.site.capabilities) if self.site else {}

    def assess(self, case: Case) -> Assessment:
        """The assessment of a case, with what the site changed."""
        return self.engine.assess(case, self.capabilities, listed(self.site) if self.site else None)


def _input(given: str) -> tuple[str, bytes | None]:
    """What the input is called in messages, and its bytes; None where the file cannot be read."""
    if given == "-":
        return "standard input", sys.stdin.buffer.read(MOST_BYTES)
    try:
        with Path(given).open("rb") as file:
            return given, file.read(MOST_BYTES)
    except OSError:
        return given, None


def _is_fhir(data: bytes) -> bool:
    """Whether bytes are meant as FHIR: JSON that names a resource type, or XML, which is refused."""
    head = data.removeprefix(b"\xef\xbb\xbf").lstrip()[:1]
    return head == b"<" or (head in (b"{", b"[") and b'"resourceType"' in data)


def _case_file(name: str, data: bytes | None, arguments: argparse.Namespace) -> Node:
    try:
        node = read_yaml(Path(name) if data is None else data, name, limit=CASE_LIMIT)
    except YamlError as error:
        raise YamlError([short(problem) for problem in error.problems]) from None
    if arguments.setting or arguments.at:
        mend = "Write `setting:` and `at:` in the case file."
        raise CaseError(Problem("CC655", "`--setting` and `--at` are for FHIR records.", mend))
    return node
