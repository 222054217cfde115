"""Arguments in, the case and the engine that runs it out: what `assess`, `explain` and `next` have in common."""

from __future__ import annotations

import argparse
import gc
import sys
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
from clinical_commander.errors import YamlError
from clinical_commander.frozen import replace
from clinical_commander.program.stored import open_program

if TYPE_CHECKING:
    from clinical_commander.engine.site import Site


class CaseInput:
    """One case with the dossier as this site runs it."""

    def __init__(self, arguments: argparse.Namespace) -> None:
        # One short run: memory is freed when it ends, and looking for garbage meanwhile costs a fifth of the time.
        gc.disable()
        self.arguments = arguments
        self.node = _read(arguments.case)
        self.site: Site | None
        self.dossier: Dossier
        named = arguments.dossier or dossier_of(self.node) or DEFAULT_DOSSIER
        self.dossier, self.site = with_site(open_dossier(named), arguments.site)
        self.engine = Engine(self.dossier, open_program(self.dossier))

    def case(self) -> Case:
        """The case as the file has it, in the region that was asked for."""
        case = read_case(self.node, self.dossier)
        region: str | None = self.arguments.region
        return replace(case, region=region) if region else case

    @property
    def capabilities(self) -> dict[str, str]:
        """What the site has."""
        return dict(self.site.capabilities) if self.site else {}

    def assess(self, case: Case) -> Assessment:
        """The assessment of a case, with what the site changed."""
        return self.engine.assess(case, self.capabilities, listed(self.site) if self.site else None)


def _read(name: str) -> Node:
    piped = name == "-"
    source = sys.stdin.buffer.read(CASE_LIMIT + 1) if piped else Path(name)
    try:
        return read_yaml(source, "standard input" if piped else None, limit=CASE_LIMIT)
    except YamlError as error:
        raise YamlError([short(problem) for problem in error.problems]) from None
