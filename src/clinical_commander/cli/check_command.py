"""`commander check [DOSSIER]`: every fault that can be found in a dossier, with its place and how to mend it."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from clinical_commander.cli.output import print_json
from clinical_commander.cli.site_file import with_site
from clinical_commander.dossier.check import check_dossier
from clinical_commander.dossier.library import find_dossier, installed, open_dossier
from clinical_commander.errors import Problem, ReferenceProblem


def run(arguments: argparse.Namespace) -> int:
    """Print the problems of each dossier and how many there are; 1 if one of them is an error."""
    wanted = arguments.what or arguments.dossier
    folders = [find_dossier(wanted)] if wanted else list(installed().values())
    found = {str(folder): list(_problems(folder, arguments)) for folder in folders}
    failed = any(p.level == "error" for problems in found.values() for p in problems)
    if arguments.json:
        print_json({"schema": "check/1", "dossiers": {name: _report(problems) for name, problems in found.items()}})
        return int(failed)
    for folder, problems in found.items():
        for problem in problems:
            print(problem.render())
        errors = sum(p.level == "error" for p in problems)
        print(f"{Path(folder).name}: {_count(errors, 'error')}, {_count(len(problems) - errors, 'warning')}")
    return int(failed)


def _problems(folder: Path, arguments: argparse.Namespace) -> Iterator[Problem]:
    problems = check_dossier(folder)
    yield from problems
    if arguments.site:
        with_site(open_dossier(folder), arguments.site)
    if arguments.prove and not any(p.level == "error" for p in problems):
        yield from _unproved(folder)


def _unproved(folder: Path) -> Iterator[Problem]:
    """A problem for each property that is refuted, with a patient who shows it, or that could not be decided."""
    try:
        import z3  # noqa: F401
    except ImportError:
        mend = "Install it: `pip install 'clinical-commander[prove]'`."
        raise ReferenceProblem(Problem("CC490", "--prove needs the solver z3, which is not installed.", mend)) from None
    from clinical_commander.prove import prove

    for proof in prove(open_dossier(folder)):
        if proof.holds is True:
            continue
        verdict = "refuted" if proof.holds is False else "not decided"
        patient = ", ".join(f"{name} {value}" for name, value in proof.patient.items())
        shown = f" This patient shows it: {patient}." if patient else ""
        yield Problem("CC491", f"{proof.subject}: “{proof.property}” is {verdict}. {proof.says}{shown}".strip())


def _report(problems: list[Problem]) -> dict[str, Any]:
    return {
        "errors": sum(p.level == "error" for p in problems),
        "warnings": sum(p.level == "warning" for p in problems),
        "problems": [problem_json(p) for p in problems],
    }


def problem_json(problem: Problem) -> dict[str, Any]:
    """A problem for a program."""
    at = problem.at
    return {
        "code": problem.code,
        "level": problem.level,
        "file": at.file if at else None,
        "line": at.line if at else None,
        "column": at.column if at else None,
        "cause": problem.cause,
        "mend": problem.mend,
    }


def _count(number: int, word: str) -> str:
    return f"{number} {word}" + ("" if number == 1 else "s")
