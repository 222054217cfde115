"""Problems in, each with the lines of the file around its place out."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from clinical_commander.errors import Problem
from clinical_commander.frozen import frozen

_AROUND = 3
_LONGEST = 400


@frozen
class SourceLine:
    """One line of a file, cut in three where it is the faulty one: before the fault, the fault, after it."""

    number: int
    text: str
    faulty: bool = False
    before: str = ""
    fault: str = ""
    after: str = ""


@frozen
class Excerpt:
    """A problem, and the lines around its place; none where it has no place."""

    problem: Problem
    lines: tuple[SourceLine, ...] = ()


def excerpts(problems: Iterable[Problem], folder: Path, root: Path) -> tuple[Excerpt, ...]:
    """Each problem with its lines.

    Args:
        problems: Their places name files as the loader does: beside dossier.yaml, or below the content root.
        folder: The dossier's.
        root: The content root.
    """
    texts: dict[str, list[str]] = {}
    found = []
    for problem in problems:
        at = problem.at
        if at is None or not at.line:
            found.append(Excerpt(problem))
            continue
        if at.file not in texts:
            texts[at.file] = _lines(at.file, folder, root)
        found.append(Excerpt(problem, tuple(_around(texts[at.file], at.line, at.column, at.width))))
    return tuple(found)


def _lines(file: str, folder: Path, root: Path) -> list[str]:
    for of in (folder, root):
        path = of / file
        try:
            return path.read_text(encoding="utf-8", errors="replace").splitlines()
        except OSError:
            continue
    return []


def _around(lines: list[str], line: int, column: int, width: int) -> Iterable[SourceLine]:
    for number in range(max(1, line - _AROUND), min(len(lines), line + _AROUND) + 1):
        text = lines[number - 1][:_LONGEST]
        if number != line:
            yield SourceLine(number, text)
            continue
        start = max(0, column - 1)
        end = start + max(1, width)
        yield SourceLine(number, text, True, text[:start], text[start:end] or " ", text[end:])
