"""`commander check [DOSSIER]`: every fault that can be found in a dossier, with its place and how to mend it."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from clinical_commander.cli.output import print_json
from clinical_commander.cli.site_file import with_site
from clinical_commander.dossier.check import check_dossier
from clinical_commander.dossier.library import find_dossier, installed, open_dossier
from clinical_commander.errors import Problem, ReferenceProblem
from clinical_commander.frozen import frozen

if TYPE_CHECKING:
    from clinical_commander.prove import Proof


@frozen
class Checked:
    """One dossier: what is wrong with it, and how many of its properties were proved (None: nobody asked)."""

    name: str
    problems: Sequence[Problem]
    proofs: Sequence[Proof] | None

    @property
    def errors(self) -> int:
        return sum(p.level == "error" for p in self.problems)

    def line(self) -> str:
        """The closing line."""
        parts = [_count(self.errors, "error"), _count(len(self.problems) - self.errors, "warning")]
        if self.proofs is not None:
            proved = sum(p.holds is True for p in self.proofs)
            parts.append(f"{proved} of {_count(len(self.proofs), 'property', 'properties')} proved")
        return f"{self.name}: {', '.join(parts)}"

    def data(self) -> dict[str, Any]:
        """The same for a program."""
        proofs = self.proofs
        return {
            "errors": self.errors,
            "warnings": len(self.problems) - self.errors,
            "properties": None if proofs is None else len(proofs),
            "proved": None if proofs is None else sum(p.holds is True for p in proofs),
            "problems": [problem_json(p) for p in self.problems],
        }


def run(arguments: argparse.Namespace) -> int:
    """Print the problems of each dossier and how many there are; 1 if one of them is an error."""
    wanted = arguments.what or arguments.dossier
    folders = [find_dossier(wanted)] if wanted else list(installed().values())
    found = [_checked(folder, arguments) for folder in folders]
    if arguments.json:
        print_json({"schema": "check/1", "dossiers": {checked.name: checked.data() for checked in found}})
    else:
        for checked in found:
            for problem in checked.problems:
                print(problem.render())
            print(checked.line())
    return int(any(checked.errors for checked in found))


def _checked(folder: Path, arguments: argparse.Namespace) -> Checked:
    problems = check_dossier(folder)
    broken = any(p.level == "error" for p in problems)
    if arguments.site and not broken:
        with_site(open_dossier(folder), arguments.site)
    if not arguments.prove or broken:  # of a dossier with errors nothing can be proved
        return Checked(folder.resolve().name, problems, None)
    proofs = _proofs(folder)
    return Checked(folder.resolve().name, [*problems, *(_unproved(p) for p in proofs if p.holds is not True)], proofs)


def _proofs(folder: Path) -> list[Proof]:
    try:
        import z3  # noqa: F401
    except ImportError:
        mend = "Install it: `pip install 'clinical-commander[prove]'`."
        raise ReferenceProblem(Problem("CC490", "--prove needs the solver z3, which is not installed.", mend)) from None
    from clinical_commander.prove import prove

    return prove(open_dossier(folder))


def _unproved(proof: Proof) -> Problem:
    """A property that is refuted, with a patient who shows it, or that could not be decided."""
    verdict = "refuted" if proof.holds is False else "not decided"
    patient = ", ".join(f"{name} {value}" for name, value in proof.patient.items())
    mend = f"This patient shows it: {patient}." if patient else ""
    return Problem("CC491", f"{proof.subject}: “{proof.property}” is {verdict}. {proof.says}".strip(), mend)


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


def _count(number: int, word: str, words: str | None = None) -> str:
    return f"{number} {word if number == 1 else words or word + 's'}"
