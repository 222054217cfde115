"""A mapping read key by key: every missing, unknown or misshapen key becomes one problem, and reading goes on.

The keys that are asked for are the keys that are allowed. What stands in for a broken value never leaves the loader: it
raises all problems together once the last file is read.
"""

from __future__ import annotations

from collections.abc import Iterable

from clinical_commander.dossier.source import Key, Mapping, Node, Scalar, Sequence, kind_of
from clinical_commander.errors import Mark, Problem, did_you_mean

_MEANS_TRUE = frozenset("yes Yes YES y on On ON True TRUE 1".split())
_MEANS_FALSE = frozenset("no No NO n off Off OFF False FALSE 0".split())
_NOWHERE = Mark("")


class Reader:
    """Reads the keys of one mapping and collects what is wrong with it in `problems`.

    Each kind of value has a method that demands the key and one, ending in `_or`, that has an answer without it. Codes:
    CC401 unknown key, CC402 missing key, CC403 wrong kind of value, CC404 not `true` or `false`, CC405 not a number,
    CC406 not one of the words allowed, CC407 empty.
    """

    def __init__(self, node: Node | None, what: str, problems: list[Problem]) -> None:
        self.what = what
        self.problems = problems
        self.asked: dict[str, None] = {}
        self.items: dict[str, tuple[Key, Node]] = {}
        # A value of the wrong kind has been reported once; its missing keys are not news.
        self.broken = not isinstance(node, Mapping)
        if isinstance(node, Mapping):
            self.items = node.items
        elif node is not None:
            self.problem("CC403", f"{what} is {kind_of(node)}.", "Write `key: value` lines under it.", node.at)
        self.at = node.at if node is not None else _NOWHERE

    def problem(self, code: str, cause: str, mend: str = "", at: Mark | None = None, *, level: str = "error") -> None:
        """Collect one problem; its place is this mapping unless `at` says where."""
        self.problems.append(Problem(code, cause, mend, at or self.at, level))

    # -- the values

    def node(self, key: str) -> Node | None:
        """Whatever stands under `key`; None, and a problem, where nothing does."""
        found = self.node_or_none(key)
        if found is None and not self.broken:
            self.problem("CC402", f"{self.what} has no `{key}`.", f"Add `{key}:`.")
        return found

    def node_or_none(self, key: str) -> Node | None:
        """Whatever stands under `key`."""
        self.asked[key] = None
        entry = self.items.get(key)
        if entry is None or (isinstance(entry[1], Scalar) and entry[1].meaning is None):
            return None
        return entry[1]

    def has(self, key: str) -> bool:
        """Whether the key is there with a value."""
        return self.node_or_none(key) is not None

    def place(self, key: str) -> Mark:
        """Where the value of `key` stands; the mapping's place if it is not there."""
        entry = self.items.get(key)
        return entry[1].at if entry else self.at

    def text(self, key: str) -> str:
        """The text under `key`, not empty."""
        return self._text(key, self.node(key))

    def text_or(self, key: str, default: str) -> str:
        """The text under `key`, `default` without it."""
        found = self.node_or_none(key)
        return default if found is None else self._text(key, found)

    def text_or_none(self, key: str) -> str | None:
        """The text under `key`, None without it."""
        found = self.node_or_none(key)
        return None if found is None else self._text(key, found)

    def expression(self, key: str) -> Scalar | None:
        """The expression or quantity under `key` with its place; None, and a problem, where there is none."""
        return self._scalar(key, self.node(key))

    def expression_or_none(self, key: str) -> Scalar | None:
        """The expression or quantity under `key` with its place."""
        return self._scalar(key, self.node_or_none(key))

    def texts(self, key: str) -> tuple[str, ...]:
        """The list of texts under `key`."""
        return tuple(value.value for value in self._scalars(key, self.node(key)))

    def texts_or(self, key: str, default: tuple[str, ...] = ()) -> tuple[str, ...]:
        """The list of texts under `key`, `default` without it."""
        found = self.node_or_none(key)
        return default if found is None else tuple(value.value for value in self._scalars(key, found))

    def scalars(self, key: str) -> tuple[Scalar, ...]:
        """The texts under `key` with their places; none without it."""
        return self._scalars(key, self.node_or_none(key))

    def boolean(self, key: str) -> bool:
        """`true` or `false` under `key`."""
        return self._boolean(key, self.node(key))

    def boolean_or(self, key: str, default: bool) -> bool:
        """`true` or `false` under `key`, `default` without it."""
        found = self.node_or_none(key)
        return default if found is None else self._boolean(key, found)

    def integer(self, key: str) -> int:
        """The whole number under `key`."""
        found = self.node(key)
        return 0 if found is None else int(self._number(key, found, "a whole number"))

    def integer_or(self, key: str, default: int) -> int:
        """The whole number under `key`, `default` without it."""
        found = self.node_or_none(key)
        return default if found is None else int(self._number(key, found, "a whole number"))

    def number_or(self, key: str, default: float) -> float:
        """The number under `key`, `default` without it."""
        found = self.node_or_none(key)
        return default if found is None else float(self._number(key, found, "a number"))

    def choice(self, key: str, allowed: Iterable[str], default: str | None = None) -> str:
        """One of the words `allowed` under `key`; demanded where there is no `default`."""
        found = self.node_or_none(key) if default is not None else self.node(key)
        if found is None:
            return default or ""
        words = tuple(allowed)
        value = self._text(key, found)
        if value and value not in words:
            mend = did_you_mean(value, words) or f"Write one of: {', '.join(words)}."
            self.problem("CC406", f"`{key}: {value}` is not known in {self.what}.", mend, found.at)
            return default or words[0]
        return value

    def pair(self, key: str) -> tuple[float, float] | None:
        """The two numbers `[low, high]` under `key`; None without it."""
        found = self.node_or_none(key)
        if found is None:
            return None
        if not isinstance(found, Sequence) or len(found.items) != 2:
            self.problem("CC403", f"`{key}` of {self.what} is {kind_of(found)}.", "Write `[low, high]`.", found.at)
            return None
        low, high = (float(self._number(key, item, "a number")) for item in found.items)
        if low > high:
            cause = f"`{key}` of {self.what} runs from {low:g} down to {high:g}."
            self.problem("CC405", cause, "Write the lower first.", found.at)
            return None
        return (low, high)

    # -- what lies inside

    def mapping(self, key: str) -> dict[str, tuple[Key, Node]]:
        """The entries of the mapping under `key`; none without it."""
        found = self.node_or_none(key)
        if found is None or isinstance(found, Mapping):
            return found.items if isinstance(found, Mapping) else {}
        self.problem(
            "CC403", f"`{key}` of {self.what} is {kind_of(found)}.", "Write `key: value` lines under it.", found.at
        )
        return {}

    def sequence(self, key: str) -> tuple[Node, ...]:
        """The items of the list under `key`; none without it."""
        found = self.node_or_none(key)
        if found is None or isinstance(found, Sequence):
            return found.items if isinstance(found, Sequence) else ()
        self.problem(
            "CC403", f"`{key}` of {self.what} is {kind_of(found)}.", "Write a list, one `- ` for each item.", found.at
        )
        return ()

    def reader(self, key: str, what: str) -> Reader:
        """A reader of the mapping under `key`, which is demanded."""
        return Reader(self.node(key), what, self.problems)

    def reader_or_none(self, key: str, what: str) -> Reader | None:
        """A reader of the mapping under `key`, None without it."""
        found = self.node_or_none(key)
        return None if found is None else Reader(found, what, self.problems)

    def named(self, key: str, kind: str) -> list[tuple[Key, Reader]]:
        """The items of a mapping of mappings, each with the key that is its id."""
        return [(k, Reader(node, f"{kind} `{k.name}`", self.problems)) for k, node in self.mapping(key).values()]

    def listed(self, key: str, kind: str) -> list[tuple[str, Reader]]:
        """The items of a list of mappings that carry their `id`; an id that stands twice is CC412."""
        seen: dict[str, Mark] = {}
        items = []
        for node in self.sequence(key):
            item = Reader(node, f"this {kind}", self.problems)
            id = item.text("id")
            item.what = f"{kind} `{id}`" if id else item.what
            if id in seen:
                self.problem(
                    "CC412",
                    f"{kind} `{id}` stands twice; first at {seen[id]}.",
                    "Give each its own id.",
                    item.place("id"),
                )
            elif id:
                seen[id] = item.place("id")
            items.append((id, item))
        return items

    def done(self) -> None:
        """Report every key that nobody asked for."""
        for name, (key, _) in self.items.items():
            if name not in self.asked:
                mend = did_you_mean(name, self.asked) or f"It may have: {', '.join(sorted(self.asked))}."
                self.problem("CC401", f"`{name}` is not a key of {self.what}.", mend, key.at)

    # -- one value

    def _scalar(self, key: str, found: Node | None) -> Scalar | None:
        if found is None:
            return None
        if not isinstance(found, Scalar):
            self.problem("CC403", f"`{key}` of {self.what} is {kind_of(found)}.", "Write one text.", found.at)
            return None
        if not found.value.strip():
            self.problem(
                "CC407",
                f"`{key}` of {self.what} is empty.",
                f"Write the {key.replace('_', ' ')}, or leave the key out.",
                found.at,
            )
            return None
        return found

    def _text(self, key: str, found: Node | None) -> str:
        scalar = self._scalar(key, found)
        if scalar is None:
            return ""
        if isinstance(scalar.meaning, bool):
            self.problem(
                "CC403",
                f"`{key}` of {self.what} is {kind_of(scalar)}, not text.",
                f'Write `"{scalar.value}"` for text.',
                scalar.at,
            )
        return scalar.value

    def _scalars(self, key: str, found: Node | None) -> tuple[Scalar, ...]:
        if found is None:
            return ()
        if not isinstance(found, Sequence):
            self.problem(
                "CC403", f"`{key}` of {self.what} is {kind_of(found)}.", f"Write a list: `{key}: [...]`.", found.at
            )
            return ()
        texts: list[Scalar] = []
        for item in found.items:
            scalar = self._scalar(key, item)
            if scalar is None:
                continue
            if scalar.meaning is None or isinstance(scalar.meaning, bool):
                cause = f"An item of `{key}` of {self.what} is {kind_of(scalar)}, not text."
                self.problem("CC403", cause, f'Write `"{scalar.value}"` for text.', scalar.at)
            elif scalar.value in (text.value for text in texts):
                self.problem(
                    "CC412", f"`{scalar.value}` stands twice in `{key}` of {self.what}.", "Keep one of them.", scalar.at
                )
            else:
                texts.append(scalar)
        return tuple(texts)

    def _boolean(self, key: str, found: Node | None) -> bool:
        if found is None:
            return False
        if isinstance(found, Scalar) and isinstance(found.meaning, bool):
            return found.meaning
        value = found.value if isinstance(found, Scalar) else ""
        shown = f"`{value}`" if value else kind_of(found)
        meant = "`true`" if value in _MEANS_TRUE else "`false`" if value in _MEANS_FALSE else "`true` or `false`"
        mend = f"Write {meant}."
        self.problem("CC404", f"`{key}` of {self.what} is true or false; {shown} is neither.", mend, found.at)
        return False

    def _number(self, key: str, found: Node, wanted: str) -> int | float:
        value = found.meaning if isinstance(found, Scalar) else None
        if isinstance(value, bool) or not isinstance(value, int if wanted == "a whole number" else (int, float)):
            shown = f"`{found.value}`" if isinstance(found, Scalar) else kind_of(found)
            self.problem(
                "CC405", f"`{key}` of {self.what} is {wanted}; {shown} is not.", "Write digits alone.", found.at
            )
            return 0
        return value


def plain_data(node: Node) -> object:
    """The same content as plain dicts, lists, texts, numbers, truth values and None."""
    if isinstance(node, Mapping):
        return {name: plain_data(value) for name, (_, value) in node.items.items()}
    if isinstance(node, Sequence):
        return [plain_data(item) for item in node.items]
    assert isinstance(node, Scalar)
    return node.meaning
