"""What went wrong, where, and what to write instead: the one error root and its families.

Every user-visible error is one or more `Problem`s. A problem has a stable code; the first digit names its family:

    CC1xx  YAML text                 YamlError
    CC2xx  expressions and units     ExpressionError
    CC3xx  probability               ProbabilityError
    CC4xx  references                ReferenceProblem
    CC5xx  citations and review      CitationError
    CC6xx  case data                 CaseError
    CC7xx  cohort                    CohortError
    CC8xx  service                   ServiceError
    CC85x  encounter log             EncounterError
    CC86x  a damaged encounter log   DamagedLog
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from clinical_commander.frozen import frozen


@frozen
class Mark:
    """A place in a text: file, 1-based line and column, the line itself, and how many characters are at fault."""

    file: str
    line: int = 0
    column: int = 0
    text: str = ""
    width: int = 1

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}" if self.line else self.file

    def shifted(self, columns: int, width: int = 1) -> Mark:
        """The place `columns` further right on the same line."""
        return Mark(self.file, self.line, self.column + columns, self.text, max(1, width))


@frozen
class Problem:
    """One fault: stable code, place, cause and mend. `level` is "error" or "warning"."""

    code: str
    cause: str
    mend: str = ""
    at: Mark | None = None
    level: str = "error"

    def __str__(self) -> str:
        place = f"{self.at}: " if self.at else ""
        level = "warning " if self.level == "warning" else ""
        return f"{place}{level}{self.code} {self.cause}" + (f" {self.mend}" if self.mend else "")

    def render(self) -> str:
        """The problem with its source line and a caret under the fault, ready to print."""
        if self.at is None or not self.at.text:
            return str(self)
        # Tabs and wide characters would move the caret; the prefix keeps the line's own tabs.
        prefix = "".join("\t" if c == "\t" else " " for c in self.at.text[: self.at.column - 1])
        return f"{self}\n    {self.at.text}\n    {prefix}{'^' * self.at.width}"


class ClinicalCommanderError(Exception):
    """Root of every error that is shown to a user. Carries all problems found, never only the first."""

    def __init__(self, problems: Problem | Iterable[Problem]) -> None:
        self.problems: tuple[Problem, ...] = (problems,) if isinstance(problems, Problem) else tuple(problems)
        super().__init__("\n".join(str(p) for p in self.problems))

    def render(self) -> str:
        return "\n".join(p.render() for p in self.problems)


class YamlError(ClinicalCommanderError):
    """CC1xx: the text is not the YAML (or JSON) that content and cases are written in."""


class ExpressionError(ClinicalCommanderError):
    """CC2xx: an expression or a unit cannot be read or does not fit its types."""


class ProbabilityError(ClinicalCommanderError):
    """CC3xx: a probability, a likelihood or a table of them is impossible."""


class ReferenceProblem(ClinicalCommanderError):
    """CC4xx: a name points to nothing, or content has the wrong shape."""


class CitationError(ClinicalCommanderError):
    """CC5xx: a figure without a source, a source that cannot be, or content that is not reviewed."""


class CaseError(ClinicalCommanderError):
    """CC6xx: a case file or one of its facts cannot be taken as written."""


class CohortError(ClinicalCommanderError):
    """CC7xx: a cohort cannot be read or evaluated."""


class ServiceError(ClinicalCommanderError):
    """CC8xx: the service refuses a request or refuses to start."""


class EncounterError(ClinicalCommanderError):
    """CC85x: the encounter log refuses an event, or cannot be opened. Nothing was recorded."""


class DamagedLog(ClinicalCommanderError):
    """CC86x: the encounter log is not what was written: altered, cut, reordered or unreadable."""


class ContentError(ClinicalCommanderError):
    """Problems of several families found in one dossier or catalogue."""


def did_you_mean(name: str, known: Iterable[str], *, places: dict[str, str] | None = None) -> str:
    """'Did you mean `spo2`?' for the nearest known name, or '' when nothing is near."""
    import difflib  # only who made a slip waits for it

    names: Sequence[str] = sorted(known)
    near = difflib.get_close_matches(name, names, n=1, cutoff=0.6)
    if not near:
        folded = [n for n in names if n.lower() == name.lower()]
        near = folded[:1]
    if not near:
        return ""
    place = f" ({places[near[0]]})" if places and near[0] in places else ""
    return f"Did you mean `{near[0]}`{place}?"
