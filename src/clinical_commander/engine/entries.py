"""What was entered, made safe to read and to quote: plain data as nodes, times with a zone, and the list of faults.

A message quotes at most 40 characters of what was entered, and none that a terminal would obey.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

from clinical_commander.dossier.source import MAX_NESTING, Key, Mapping, Node, Scalar, Sequence, Source, kind_of
from clinical_commander.errors import CaseError, Mark, Problem, did_you_mean
from clinical_commander.frozen import replace

LONGEST_QUOTE: Final = 40
# A caret under a line of 300 characters helps nobody, and a line may be the whole of a file that is no case at all.
_LONGEST_LINE: Final = 120
_LONGEST_SENTENCE: Final = 400
_MOST_PROBLEMS: Final = 50
_MOST_NODES: Final = 100_000
_LARGEST_INTEGER: Final = 10**400  # the reader of YAML takes no more digits for a number
_QUOTED: Final = r"`([^`]*)`"

_MOMENT: Final = re.compile(
    r"(?P<date>[0-9]{4}-[0-9]{2}-[0-9]{2})(?:[T ](?P<time>[0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,6})?)?)"
    r"(?P<zone>Z|[+-][0-9]{2}:[0-9]{2})?)?"
)
_FURTHEST_ZONE: Final = timedelta(hours=14)
_FIRST_YEAR, _LAST_YEAR = 1900, 2199


def quote(text: str) -> str:
    """The text in backticks, shortened to 40 characters, on one line and without characters that are not printed."""
    plain = " ".join(text[: 4 * LONGEST_QUOTE].split())
    if len(plain) > LONGEST_QUOTE or len(text) > 4 * LONGEST_QUOTE:
        plain = plain[: LONGEST_QUOTE - 1] + "…"
    return "`" + "".join(c if c.isprintable() and c != "`" else "\ufffd" for c in plain) + "`"


def shown(node: Node) -> str:
    """What stands at a node, for a message: the quoted text, or what kind of thing it is."""
    return quote(node.value) if isinstance(node, Scalar) and node.value else kind_of(node)


def short(problem: Problem) -> Problem:
    """The problem with nothing longer than 40 characters quoted, and without a source line too long to show."""
    cause = re.sub(_QUOTED, lambda found: quote(found[1]), problem.cause)[:_LONGEST_SENTENCE]
    mend = re.sub(_QUOTED, lambda found: quote(found[1]), problem.mend)[:_LONGEST_SENTENCE]
    at = problem.at
    if at is not None and len(at.text) > _LONGEST_LINE:
        at = replace(at, text="")
    return replace(problem, cause=cause, mend=mend, at=at)


def nearest(name: str, known: Iterable[str]) -> str:
    """'Did you mean `spo2`?', or ''; the time it takes does not grow with what was entered."""
    return did_you_mean(name, known) if len(name) <= LONGEST_QUOTE else ""


class Faults:
    """The problems of one case, errors and warnings. Beyond the first 50 errors they are only counted."""

    def __init__(self) -> None:
        self.errors: list[Problem] = []
        self.warnings: list[Problem] = []
        self.more = 0

    def add(self, code: str, cause: str, mend: str, node: Node) -> None:
        """Collect one error."""
        if self.many:
            self.more += 1
        else:
            self.errors.append(short(Problem(code, cause, mend, node.at)))

    def warn(self, code: str, cause: str, mend: str, node: Node) -> None:
        """Collect one warning: the case is taken, and whoever reads the answer is told."""
        self._warn(short(Problem(code, cause, mend, node.at, "warning")))

    def _warn(self, problem: Problem) -> None:
        if len(self.warnings) < _MOST_PROBLEMS:
            self.warnings.append(problem)
        elif len(self.warnings) == _MOST_PROBLEMS:
            self.warnings.append(Problem("CC600", "More values are warned of; each says so itself.", level="warning"))

    def merge(self, errors: Iterable[Problem], warnings: Iterable[Problem], more: int = 0) -> None:
        """Collect, behind these, what was collected of a part; as if there had been one list from the start."""
        for problem in errors:
            if self.many:
                self.more += 1
            else:
                self.errors.append(problem)
        self.more += more
        for problem in warnings:
            self._warn(problem)

    def take(self, problems: Iterable[Problem], node: Node) -> None:
        """Collect errors that were raised elsewhere, without a place."""
        for problem in problems:
            self.add(problem.code, problem.cause, problem.mend, node)

    @property
    def many(self) -> bool:
        """Whether there are as many errors as anybody reads."""
        return len(self.errors) >= _MOST_PROBLEMS

    def raise_any(self) -> None:
        """Raise what has been collected, in the order of the text.

        Raises:
            CaseError: CC600 among them stands for the errors beyond the first 50.
        """
        if not self.errors:
            return
        errors = sorted(self.errors, key=place_of)
        if self.more:
            errors.append(Problem("CC600", f"{self.more} more problems are not shown.", "Mend these first."))
        raise CaseError(errors)


def place_of(problem: Problem) -> tuple[int, int]:
    """Line and column of a problem, to sort by."""
    return (problem.at.line, problem.at.column) if problem.at else (0, 0)


# --- plain data


class _Path(Source):
    """The place of a value that stands in no text: the name of the whole, and the keys that lead to it."""

    def __init__(self, file: str) -> None:
        super().__init__(file, "")

    def mark(self, offset: int, width: int = 1) -> Mark:
        return Mark(self.file)


def node_of(data: object, name: str, path: str = "", depth: int = 1) -> Node:
    """Plain data as a tree of nodes, whose places are the keys that lead to them: `visit 7, facts.spo2`.

    Args:
        data: Text, truth values, numbers, None, lists or tuples, and dicts with text keys.
        name: What the whole is, for messages.
        path: The keys that lead to the data, where it is a part.
        depth: How many levels of the whole the data begins at.

    Raises:
        CaseError: CC621, something else, more than 50 levels inside each other, or more than 100,000 values.
    """
    return _Converter(name).node(data, path, depth)


class _Converter:
    def __init__(self, name: str) -> None:
        self.name = name
        self.nodes = 0

    def node(self, data: object, path: str, depth: int) -> Node:
        place = _Path(f"{self.name}, {path}" if path else self.name)
        self.nodes += 1
        if depth > MAX_NESTING:
            raise self.refused(f"More than {MAX_NESTING} levels lie inside each other.", "Flatten the data.", place)
        if self.nodes > _MOST_NODES:
            raise self.refused(f"There are more than {_MOST_NODES} values.", "Keep one patient in a case.", place)
        if isinstance(data, dict):
            items: dict[str, tuple[Key, Node]] = {}
            for key, value in data.items():
                if not isinstance(key, str):
                    raise self.refused(
                        f"A key is a {type(key).__name__}, not text.", "Name every value in text.", place
                    )
                inner = f"{path}.{quote(key)[1:-1]}" if path else quote(key)[1:-1]
                items[key] = (Key(place, 0, 0, key), self.node(value, inner, depth + 1))
            return Mapping(place, 0, 0, items)
        if isinstance(data, list | tuple):
            return Sequence(place, 0, 0, tuple(self.node(v, f"{path}[{i}]", depth + 1) for i, v in enumerate(data)))
        if isinstance(data, str):
            return Scalar(place, 0, 0, str.__str__(data), "double")
        return Scalar(place, 0, 0, self.written(data, place))

    def written(self, data: object, place: _Path) -> str:
        if data is None:
            return "null"
        if isinstance(data, bool):
            return "true" if data else "false"
        if isinstance(data, int) and abs(data) < _LARGEST_INTEGER:
            return int.__repr__(data)
        if isinstance(data, float):
            return float.__repr__(data)
        cause = f"A {type(data).__name__} stands here that is no text, number, truth value, list or mapping."
        if isinstance(data, int):
            cause = "This number has more digits than a measurement."
        raise self.refused(cause, "Write it as text.", place)

    def refused(self, cause: str, mend: str, place: _Path) -> CaseError:
        return CaseError(Problem("CC621", cause, mend, place.mark(0)))


# --- times


def read_moment(node: Node, what: str, faults: Faults) -> datetime | None:
    """The moment that a node names: date, time of day and zone, as in `2026-11-21T14:05:00+00:00`.

    None, and a fault, where it is not one: CC612 cannot be read, CC613 has no zone.
    """
    text = node.value.strip() if isinstance(node, Scalar) else ""
    found = _MOMENT.fullmatch(text)
    if found is None or found["time"] is None:
        cause = f"{what} is {shown(node)}, which is no moment" + (": it has no time of day." if found else ".")
        faults.add("CC612", cause, "Write it as in `2026-11-21T14:05:00+00:00`.", node)
        return None
    if found["zone"] is None:
        cause = f"{what} is {quote(text)}, which has no zone: the same clock time is another moment elsewhere."
        mend = "Add the zone it was taken in, as in `2026-11-21T14:05:00-05:00`, or `Z` for UTC."
        faults.add("CC613", cause, mend, node)
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        faults.add("CC612", f"{what} is {quote(text)}: the calendar has no such moment.", "Check the date.", node)
        return None
    zone = moment.utcoffset()
    if not _FIRST_YEAR <= moment.year <= _LAST_YEAR or zone is None or abs(zone) > _FURTHEST_ZONE:
        cause = f"{what} is {quote(text)}: "
        if _FIRST_YEAR <= moment.year <= _LAST_YEAR:
            faults.add("CC612", cause + "no zone is further than 14 h from UTC.", "Check the zone.", node)
        else:
            faults.add(
                "CC612", cause + f"the year lies outside {_FIRST_YEAR} to {_LAST_YEAR}.", "Check the year.", node
            )
        return None
    return moment
