"""JSON text in, the same tree of nodes with places out as for YAML."""

from __future__ import annotations

import json.decoder
import re
from typing import NoReturn

from clinical_commander.dossier.source import Key, Mapping, Node, Scalar, Sequence, Source
from clinical_commander.errors import Problem, YamlError

_BLANK = re.compile(r"[ \t\n]*")
_WORD = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?(?![\w.])|(?:true|false|null)\b")


class _NotJson(Exception):
    def __init__(self, offset: int, cause: str) -> None:
        self.offset = offset
        self.cause = cause


def read_json(source: Source, max_nesting: int, *, strict: bool) -> Node | None:
    """The tree of a JSON text.

    Args:
        source: The text.
        max_nesting: The most levels inside each other.
        strict: False for text that may as well be YAML, such as `{setting: ed}`.

    Returns:
        The root; None where the text is not JSON and not `strict`.

    Raises:
        YamlError: CC102 a key twice, CC111 nested too deep, CC115 not JSON.
    """
    reader = _Reader(source, max_nesting)
    try:
        node, end = reader.value(reader.blank(0), 1)
        end = reader.blank(end)
        if end < len(source.text):
            raise _NotJson(end, "The text goes on after its end.")
    except _NotJson as fault:
        if not strict:
            return None
        raise YamlError(Problem("CC115", fault.cause, "", source.mark(min(fault.offset, len(source.text))))) from None
    if reader.problems:
        raise YamlError(reader.problems)
    return node


class _Reader:
    def __init__(self, source: Source, max_nesting: int) -> None:
        self.source = source
        self.text = source.text
        self.max_nesting = max_nesting
        self.problems: list[Problem] = []

    def blank(self, offset: int) -> int:
        match = _BLANK.match(self.text, offset)
        return match.end() if match else offset

    def value(self, start: int, depth: int) -> tuple[Node, int]:
        character = self.text[start : start + 1]
        if character in ("{", "[") and depth > self.max_nesting:
            cause = f"More than {self.max_nesting} levels lie inside each other."
            raise YamlError([*self.problems, Problem("CC111", cause, "Flatten the text.", self.source.mark(start))])
        if character == "{":
            return self.mapping(start, depth)
        if character == "[":
            return self.sequence(start, depth)
        if character == '"':
            value, end = self.string(start)
            return Scalar(self.source, start, end, value, "double"), end
        match = _WORD.match(self.text, start)
        if match is None:
            self.refuse(
                start, "A value is missing." if character in ("", ",", "}", "]") else "This is not a JSON value."
            )
        return Scalar(self.source, start, match.end(), match.group()), match.end()

    def string(self, start: int) -> tuple[str, int]:
        try:
            value, end = json.decoder.scanstring(self.text, start + 1, True)  # type: ignore[attr-defined]
        except json.JSONDecodeError as error:
            self.refuse(error.pos, f"{error.msg}.")
        if any("\ud800" <= c <= "\udfff" for c in value):
            self.refuse(start, "Half a character (a lone surrogate) stands in this text.")
        return value, end

    def mapping(self, start: int, depth: int) -> tuple[Node, int]:
        items: dict[str, tuple[Key, Node]] = {}
        at = self.blank(start + 1)
        first = True
        while self.text[at : at + 1] != "}":
            at = at if first else self.comma(at, "}")
            first = False
            if self.text[at : at + 1] != '"':
                self.refuse(at, "A key in double quotes, `,` or `}` is missing.")
            name, end = self.string(at)
            key = Key(self.source, at, end, name)
            colon = self.blank(end)
            if self.text[colon : colon + 1] != ":":
                self.refuse(colon, "A `:` is missing after the key.")
            value, end = self.value(self.blank(colon + 1), depth + 1)
            if name in items:
                cause = f"The key `{name}` stands twice in this mapping; first at {items[name][0].at}."
                self.problems.append(Problem("CC102", cause, "Keep one of them.", key.at))
            else:
                items[name] = (key, value)
            at = self.blank(end)
            if self.text[at : at + 1] not in (",", "}"):
                self.refuse(at, "A `,` or `}` is missing.")
        return Mapping(self.source, start, at + 1, items), at + 1

    def sequence(self, start: int, depth: int) -> tuple[Node, int]:
        items: list[Node] = []
        at = self.blank(start + 1)
        while self.text[at : at + 1] != "]":
            if items:
                at = self.comma(at, "]")
            value, end = self.value(at, depth + 1)
            items.append(value)
            at = self.blank(end)
            if self.text[at : at + 1] not in (",", "]"):
                self.refuse(at, "A `,` or `]` is missing.")
        return Sequence(self.source, start, at + 1, tuple(items)), at + 1

    def comma(self, at: int, closing: str) -> int:
        following = self.blank(at + 1)
        if self.text[following : following + 1] == closing:
            self.refuse(at, f"A `,` stands before `{closing}`.")
        return following

    def refuse(self, offset: int, cause: str) -> NoReturn:
        raise _NotJson(offset, cause)
