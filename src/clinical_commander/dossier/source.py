"""YAML or JSON text in, nodes that know their places out; what two programs could read differently is refused.

The meaning is that of YAML 1.2: only `true` and `false` are booleans, `no` and `1:30` are text. PyYAML gives the
events; its YAML 1.1 guesses about types are never asked. It is imported on the first YAML text, so that JSON input and
packs do not pay for it.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import Any

from clinical_commander.errors import Mark, Problem, YamlError
from clinical_commander.frozen import field, frozen

CONTENT_LIMIT = 4 * 1024 * 1024
CASE_LIMIT = 1024 * 1024
MAX_NESTING = 50

_INTEGER = re.compile(r"[-+]?[0-9]+")
_DECIMAL = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_LEADING_ZERO = re.compile(r"[-+]?0[0-9]+")
# Characters that are invisible, that YAML counts as line ends and editors do not, or that JSON and YAML refuse.
_CONTROL = "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff\ud800-\udfff]"
# One character of a quoted scalar as written: a surrogate pair, an escape, a doubled quotation mark, or itself.
_WRITTEN = {
    "double": (
        r"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}"
        r"|\\x[0-9a-fA-F]{2}|\\u[0-9a-fA-F]{4}|\\U[0-9a-fA-F]{8}|\\.|."
    ),
    "single": r"''|.",
}
_BLANK_ESCAPES = frozenset(("\\n", "\\t", "\\v", "\\f", "\\r", "\\ ", "\\_", "\\N", "\\L", "\\P", "\\\n", "\\\t"))


class Source:
    """One text with its file name; turns an offset into a place."""

    def __init__(self, file: str, text: str) -> None:
        self.file = file
        self.text = text

    @cached_property
    def line_starts(self) -> list[int]:
        """The offset of the first character of each line."""
        return [0, *(match.end() for match in re.finditer("\n", self.text))]

    def offset(self, line: int, column: int) -> int:
        """The offset of a 0-based line and column; the end of the text for a line after the last."""
        starts = self.line_starts
        return min(starts[line] + column, len(self.text)) if line < len(starts) else len(self.text)

    def mark(self, offset: int, width: int = 1) -> Mark:
        """The place of the character at `offset`, with its line and a width that stays on that line."""
        line = bisect_right(self.line_starts, offset) - 1
        start = self.line_starts[line]
        end = self.text.find("\n", start)
        text = self.text[start : end if end >= 0 else None]
        column = offset - start
        return Mark(self.file, line + 1, column + 1, text, max(1, min(width, len(text) - column)))


@frozen
class Node:
    """A part of the text: `source.text[start:end]`."""

    source: Source = field(repr=False, compare=False)
    start: int = field(compare=False)
    end: int = field(compare=False)

    @property
    def at(self) -> Mark:
        """The place where this part begins."""
        return self.source.mark(self.start, self.end - self.start)


@frozen
class Scalar(Node):
    """A value as the author wrote it, quotation marks and escapes taken away. Fits `logic.Text`.

    `style` is plain, single, double, literal or folded.
    """

    value: str
    style: str = "plain"

    @property
    def meaning(self) -> str | bool | int | float | None:
        """What YAML 1.2 takes it for: only plain `true`, `false`, `null`, `~`, nothing and numbers are not text."""
        return meaning(self.value) if self.style == "plain" else self.value

    def mark(self, start: int = 0, width: int = 1) -> Mark:
        """The place in the file of character `start` of `value`, whatever folding and escapes lie before it."""
        begin = self._offset(start)
        last = self._offset(start + max(1, width) - 1)
        return self.source.mark(begin, last - begin + 1)

    def _offset(self, index: int) -> int:
        quotes = 0 if self.style == "plain" else 2
        if self.style in ("plain", "single", "double") and self.end - self.start - quotes == len(self.value):
            return self.start + quotes // 2 + index
        # Folding and indentation change blanks only: the nth visible character of the value is the nth one written.
        head = self.value[:index]
        number, beyond = sum(not c.isspace() for c in head), 0
        if index < len(self.value) and not self.value[index].isspace():
            number += 1
        else:
            beyond = len(head) - len(head.rstrip()) + 1
        offset = self.start
        for offset in islice(self._visible(), number):  # noqa: B007
            pass
        return min(offset + beyond, max(self.end - 1, self.start))

    def _visible(self) -> Iterator[int]:
        """Offsets of the characters of the value that are not blank."""
        text, start, end = self.source.text, self.start, self.end
        if self.style in ("literal", "folded"):
            start = text.index("\n", start) if "\n" in text[start:end] else end
        if self.style in ("single", "double"):
            for match in re.compile(_WRITTEN[self.style], re.DOTALL).finditer(text, start + 1, end - 1):
                if not _is_blank(match.group()):
                    yield match.start()
            return
        for offset in range(start, end):
            if not text[offset].isspace():
                yield offset


@frozen
class Key(Node):
    """The key of a mapping's entry."""

    name: str


@frozen
class Mapping(Node):
    """Keys with values, in the order of the text."""

    items: dict[str, tuple[Key, Node]]

    def get(self, key: str) -> Node | None:
        """The value of `key`, or None where the mapping does not have it."""
        entry = self.items.get(key)
        return entry[1] if entry else None


@frozen
class Sequence(Node):
    """Values in the order of the text."""

    items: tuple[Node, ...]


def kind_of(node: Node) -> str:
    """What a node is, in words for a message: "a mapping", "a list", "text", "a number", "true or false", "nothing"."""
    if isinstance(node, Mapping):
        return "a mapping"
    if isinstance(node, Sequence):
        return "a list"
    value = node.meaning if isinstance(node, Scalar) else ""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    return "text" if isinstance(value, str) else "a number"


def meaning(text: str) -> str | bool | int | float | None:
    """What YAML 1.2 (core schema, lower case only) takes a plain scalar for."""
    if text in ("", "~", "null"):
        return None
    if text in ("true", "false"):
        return text == "true"
    if _INTEGER.fullmatch(text):
        # Some 4000 digits would take the interpreter's own limit; nothing clinical has more than these.
        return int(text) if len(text) <= 400 else text
    if _DECIMAL.fullmatch(text):
        number = float(text)
        return number if number not in (float("inf"), float("-inf")) else text
    return text


def read_yaml(source: Path | str | bytes, name: str | None = None, *, limit: int = CONTENT_LIMIT) -> Node:
    """The tree of one YAML or JSON text.

    Args:
        source: A file, or the text itself.
        name: The name of the text in messages; the file's path where not given.
        limit: The most bytes that are read.

    Raises:
        YamlError: CC101 not YAML, CC102 a key twice, CC103 anchor or alias, CC104 tag, CC105 merge key, CC106 more than
            one document, CC107 tab, CC108 not UTF-8, CC109 control character, CC110 too large, CC111 nested too deep,
            CC112 nothing in it, CC113 a number with a leading zero, CC114 a key that is not text, CC115 not JSON,
            CC116 the file cannot be read. All problems that can be found are in it.
    """
    if isinstance(source, Path):
        name = name or str(source)
        data = _read_bytes(source, name, limit)
    else:
        name = name or "<text>"
        data = source.encode("utf-8", "surrogatepass") if isinstance(source, str) else source
    if len(data) > limit:
        raise YamlError(
            Problem("CC110", f"The text has {len(data)} bytes; at most {limit} are read.", "Split it.", Mark(name))
        )
    text = _decoded(data, name)
    whole = Source(name, text)
    _refuse_characters(whole)
    head = text.lstrip()[:1]
    if name.endswith(".json") or head in ("{", "["):
        from clinical_commander.dossier.source_json import read_json

        node = read_json(whole, MAX_NESTING, strict=name.endswith(".json"))
        if node is not None:
            return node
    tab = text.find("\t")
    if tab >= 0:
        raise YamlError(
            Problem("CC107", "A tab stands here.", "Use spaces: a tab has no fixed width.", whole.mark(tab))
        )
    return _Composer(whole).document()


def _read_bytes(path: Path, name: str, limit: int) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(limit + 1)
    except OSError as error:
        reason = error.strerror or str(error)
        raise YamlError(Problem("CC116", f"The file cannot be read: {reason}.", "", Mark(name))) from None


def _decoded(data: bytes, name: str) -> str:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        column = error.start - (data.rfind(b"\n", 0, error.start) + 1)
        raise YamlError(
            Problem(
                "CC108",
                f"Byte 0x{data[error.start]:02x} is not UTF-8.",
                "Save the file as UTF-8.",
                Mark(name, line, column + 1),
            )
        ) from None
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _refuse_characters(source: Source) -> None:
    # Most texts are plain; to make the pattern ready takes as long as to read a case.
    if source.text.isascii() and source.text.replace("\n", "").replace("\t", "").isprintable():
        return
    found = re.search(_CONTROL, source.text)
    if found:
        code = ord(found.group())
        raise YamlError(
            Problem(
                "CC109", f"The invisible character U+{code:04X} stands here.", "Delete it.", source.mark(found.start())
            )
        )


def _is_blank(written: str) -> bool:
    if len(written) == 1 or written in _BLANK_ESCAPES:
        return written.isspace() or written in _BLANK_ESCAPES
    if written[:2] in ("\\x", "\\u", "\\U") and len(written) <= 10:
        return chr(int(written[2:], 16)).isspace()
    return False


class _Composer:
    """Events of the YAML library in, nodes out. Collects every problem that does not make the rest unreadable."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.problems: list[Problem] = []

    def document(self) -> Node:
        import yaml

        loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
        root: Node | None = None
        try:
            root = self._compose(yaml.parse(self.source.text, Loader=loader))
        except yaml.MarkedYAMLError as error:
            self.problems.append(self._syntax_problem(error))
        except yaml.YAMLError as error:
            self.problems.append(Problem("CC101", f"This is not YAML: {error}", "", Mark(self.source.file)))
        if root is None and not self.problems:
            self.problems.append(Problem("CC112", "There is nothing in this text.", "", Mark(self.source.file)))
        if root is None or self.problems:
            raise YamlError(sorted(self.problems, key=lambda p: (p.at.line, p.at.column) if p.at else (0, 0)))
        return root

    def _compose(self, events: Iterator[Any]) -> Node | None:
        documents = 0
        root: Node | None = None
        for event in events:
            kind = type(event).__name__
            if kind == "DocumentStartEvent":
                documents += 1
                if documents > 1:
                    self._problem(
                        event, "CC106", "A second document starts here.", "Keep one document in a file.", width=3
                    )
                    return root
                if event.version or event.tags:
                    self._problem(event, "CC104", "A `%` directive stands before the text.", "Delete it.")
            elif kind in ("MappingStartEvent", "SequenceStartEvent", "ScalarEvent", "AliasEvent"):
                root = self._node(event, events, 1)
        return root

    def _node(self, event: Any, events: Iterator[Any], depth: int) -> Node:
        kind = type(event).__name__
        start = self._offset(event.start_mark)
        if kind == "AliasEvent":
            self._problem(
                event,
                "CC103",
                f"`*{event.anchor}` is an alias.",
                "Write the value out: no part of content is hidden elsewhere.",
            )
            return Scalar(self.source, start, self._offset(event.end_mark), "")
        if event.anchor is not None:
            self._problem(
                event,
                "CC103",
                f"`&{event.anchor}` is an anchor.",
                "Delete it and write the value out where it is needed.",
            )
        if event.tag is not None:
            self._problem(
                event,
                "CC104",
                f"`{_written_tag(event.tag)}` is a tag.",
                "Delete it. Quote the value where it should be text.",
            )
        if kind == "ScalarEvent":
            return self._scalar(event, start)
        if depth > MAX_NESTING:
            self._problem(event, "CC111", f"More than {MAX_NESTING} levels lie inside each other.", "Flatten the text.")
            raise YamlError(self.problems)
        if kind == "SequenceStartEvent":
            children: list[Node] = []
            for child in events:
                if type(child).__name__ == "SequenceEndEvent":
                    return Sequence(self.source, start, self._offset(child.end_mark), tuple(children))
                children.append(self._node(child, events, depth + 1))
        return self._mapping(start, events, depth)

    def _scalar(self, event: Any, start: int) -> Scalar:
        style = {"'": "single", '"': "double", "|": "literal", ">": "folded"}.get(event.style or "", "plain")
        node = Scalar(self.source, start, self._offset(event.end_mark), event.value, style)
        if style == "plain" and _LEADING_ZERO.fullmatch(event.value):
            digits = event.value.lstrip("+-").lstrip("0") or "0"
            self.problems.append(
                Problem(
                    "CC113",
                    f"`{event.value}` starts with 0: some programs read it as an octal number.",
                    f"Write `{digits}`, or `'{event.value}'` for text.",
                    node.at,
                )
            )
        return node

    def _mapping(self, start: int, events: Iterator[Any], depth: int) -> Mapping:
        items: dict[str, tuple[Key, Node]] = {}
        for event in events:
            if type(event).__name__ == "MappingEndEvent":
                return Mapping(self.source, start, self._offset(event.end_mark), items)
            key = self._node(event, events, depth + 1)
            value = self._node(next(events), events, depth + 1)
            if not isinstance(key, Scalar) or (key.value == "" and key.style == "plain"):
                self.problems.append(Problem("CC114", "A key is one word or text.", "Write `key: value`.", key.at))
            elif key.value == "<<" and key.style == "plain":
                self.problems.append(Problem("CC105", "`<<` is a merge key.", "Write the entries out.", key.at))
            elif key.value in items:
                first = items[key.value][0].at
                self.problems.append(
                    Problem(
                        "CC102",
                        f"The key `{key.value}` stands twice in this mapping; first at {first}.",
                        "Keep one of them.",
                        key.at,
                    )
                )
            else:
                items[key.value] = (Key(self.source, key.start, key.end, key.value), value)
        raise AssertionError("the events of a mapping end with MappingEndEvent")

    def _offset(self, mark: Any) -> int:
        return self.source.offset(mark.line, mark.column)

    def _problem(self, event: Any, code: str, cause: str, mend: str, width: int = 1) -> None:
        offset = self._offset(event.start_mark)
        self.problems.append(Problem(code, cause, mend, self.source.mark(offset, width)))

    def _syntax_problem(self, error: Any) -> Problem:
        mark = error.problem_mark or error.context_mark
        at = self.source.mark(self._offset(mark)) if mark else Mark(self.source.file)
        # A fault is often noticed at the start of the line that follows it, where nothing can be seen.
        context = error.context_mark
        said = " ".join(str(part) for part in (error.context, error.problem) if part)
        cause, mend = _explained(said, at)
        if context is not None and ("never closed" in cause or "after its key" in cause):
            at = self.source.mark(self._offset(context))
        return Problem("CC101", cause, mend, at)


def _written_tag(tag: str) -> str:
    return tag.replace("tag:yaml.org,2002:", "!!")


def _explained(said: str, at: Mark) -> tuple[str, str]:
    """The library's words for a syntax error -> (cause, mend) in ours."""
    if "mapping values are not allowed" in said:
        return (
            "A second `: ` stands in this value.",
            "Put the whole value in double quotes, or start a new line for the key.",
        )
    if "while scanning a quoted scalar" in said:
        return "This quotation mark is never closed.", "Close it with the same mark."
    if "unknown escape character" in said or "did not find expected hexdecimal" in said:
        return "This escape is unknown.", "Write `\\\\` for a backslash, or use single quotes."
    if "could not find expected ':'" in said:
        return (
            "This line has no `: ` after its key.",
            "Write `key: value`, or indent the line if it continues the one above.",
        )
    if "while parsing a flow" in said and "expected" in said:
        bracket = "}" if "flow mapping" in said else "]"
        return (
            f"A `,` or `{bracket}` is missing, or this bracket is never closed.",
            "Quote texts that hold brackets, commas or colons.",
        )
    if (
        "block end" in said
        or "expected <block end>" in said
        or "did not find expected key" in said
        or "'-' indicator" in said
    ):
        if at.text.strip() and _starts_quoted(at):
            return (
                "Text follows a closing quotation mark.",
                "A value that starts with a quotation mark is quoted whole: use double quotes around it.",
            )
        return (
            "This line does not fit the lines around it.",
            "Give it the same indentation as its neighbours, or quote the text above it.",
        )
    if "cannot start any token" in said or "node content" in said:
        character = at.text[at.column - 1 : at.column].replace("`", "a backtick")
        return f"A value cannot start with {character}.", "Put the value in double quotes."
    if "undefined alias" in said or "anchor" in said or "alias" in said:
        return "This is read as an alias or anchor.", "Put a value that starts with `*` or `&` in double quotes."
    if "tag" in said:
        return "This is read as a tag.", "Put a value that starts with `!` in double quotes."
    if "block scalar" in said:
        return "This is read as the start of a text block.", "Put a value that starts with `>` or `|` in double quotes."
    if "directive" in said:
        return "This is read as a directive.", "Put a value that starts with `%` in double quotes."
    if "document start" in said:
        return "The text goes on after its end.", "Check the indentation of this line."
    return f"This is not YAML: {said}.", ""


def _starts_quoted(at: Mark) -> bool:
    before = at.text[: at.column - 1].rstrip()
    return before.endswith(("'", '"'))
