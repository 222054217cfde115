"""A piece of rule text that knows where each of its characters stands in a file."""

from __future__ import annotations

from typing import Protocol

from clinical_commander.errors import Mark
from clinical_commander.frozen import frozen


class Text(Protocol):
    """Rule text with its place: a YAML scalar, a command-line argument, a line in a test."""

    @property
    def value(self) -> str: ...

    def mark(self, start: int = 0, width: int = 1) -> Mark:
        """The place of character `start` of `value`, `width` characters wide."""
        ...


@frozen
class PlainText:
    """Rule text that stands in no file: one line, column 1."""

    value: str
    file: str = "<expression>"

    def mark(self, start: int = 0, width: int = 1) -> Mark:
        line_start = self.value.rfind("\n", 0, start) + 1
        line_end = self.value.find("\n", start)
        line = self.value[line_start : line_end if line_end >= 0 else None]
        return Mark(self.file, self.value.count("\n", 0, start) + 1, start - line_start + 1, line, max(1, width))
