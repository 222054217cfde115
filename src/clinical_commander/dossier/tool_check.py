"""A tool in, what is wrong with its bands, levels, range and directions out: what can be told without a patient."""

from __future__ import annotations

from collections.abc import Iterator

from clinical_commander.dossier.model import Dossier, Tool
from clinical_commander.errors import Problem


def lint_tool(tool: Tool, shelf: Dossier) -> Iterator[Problem]:
    """To come."""
    yield from ()
