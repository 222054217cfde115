"""What a person typed in, what the log takes out: who, when, which content, and FACT=VALUE as plain data."""

from __future__ import annotations

import argparse
import getpass
import os
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from clinical_commander.cli.site_file import listed, with_site
from clinical_commander.dossier.library import DEFAULT_DOSSIER, open_dossier
from clinical_commander.dossier.model import Dossier
from clinical_commander.dossier.reader import plain_data
from clinical_commander.dossier.source import CASE_LIMIT, read_yaml
from clinical_commander.engine.entries import Faults, node_of, read_moment, short
from clinical_commander.errors import CaseError, Problem, YamlError

ACTOR: Final = "CLINICAL_COMMANDER_ACTOR"


def actor(arguments: argparse.Namespace) -> str:
    """Who does it: `--actor`, else `CLINICAL_COMMANDER_ACTOR`, else the login; '' where there is none."""
    given = arguments.actor or os.environ.get(ACTOR)
    if given:
        return str(given)
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return ""


def moment(text: object) -> datetime | None:
    """The moment that a text names, with its zone; None for none.

    Raises:
        CaseError: CC612, CC613.
    """
    if text is None:
        return None
    faults = Faults()
    found = read_moment(node_of(str(text), "the moment"), "The moment", faults)
    faults.raise_any()
    return found


def content_of(dossier: str | None, site_file: str | None) -> tuple[Dossier, dict[str, Any] | None]:
    """The dossier to run an encounter with, and what its assessments list of the site."""
    content, site = with_site(open_dossier(dossier or DEFAULT_DOSSIER), site_file)
    if site is None:
        return content, None
    return content, {"capabilities": dict(site.capabilities), "listed": listed(site)}


def pairs(texts: Sequence[str]) -> Iterator[tuple[str, Any]]:
    """Names and values of NAME=VALUE.

    Raises:
        CaseError: CC607, there is no `=`.
    """
    for text in texts:
        name, sign, value = text.partition("=")
        if not sign or not name.strip():
            mend = "Write the name, `=`, and the value in quotes: `spo2='86 %'`."
            raise CaseError(Problem("CC607", "This is no NAME=VALUE.", mend))
        yield name.strip(), statement(value.strip())


def statement(text: str) -> Any:
    """A value as it stands in a case file: `true`, `[a, b]` and `{state: pending}` are YAML, all else is text.

    Raises:
        YamlError: CC1xx, what begins like YAML is none.
    """
    if text in ("true", "false"):
        return text == "true"
    if not text.startswith(("[", "{")):
        return text
    try:
        return plain_data(read_yaml(text, "the value", limit=CASE_LIMIT))
    except YamlError as error:
        raise YamlError([short(problem) for problem in error.problems]) from None


def case_of_file(file: str) -> dict[str, Any]:
    """A case file as plain data.

    Raises:
        YamlError: CC1xx. CaseError: CC621, it is no mapping.
    """
    try:
        data = plain_data(read_yaml(Path(file), limit=CASE_LIMIT))
    except YamlError as error:
        raise YamlError([short(problem) for problem in error.problems]) from None
    if not isinstance(data, dict):
        raise CaseError(Problem("CC621", "A case is a mapping.", "Write `setting: ed`, and `facts:`."))
    return data
