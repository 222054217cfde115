"""A `Dossier` <-> plain data for canonical JSON, driven by the fields of the model: a new field needs no code here.

Expressions, conditions and sources stand in tables, each different one once; everything else names them by number.
Mappings are flat lists (key, value, key, value ...): canonical JSON sorts keys, and the order of content matters.
Places are left out: they belong to the YAML. Objects are read as they are used: an assessment uses a part of a dossier.
"""

from __future__ import annotations

import sys
import types
from collections.abc import Callable, Mapping
from fractions import Fraction
from functools import partial
from typing import Any, TypeVar

from clinical_commander.dossier import model
from clinical_commander.errors import Mark
from clinical_commander.frozen import fields_of, is_frozen, opened, replace, unread
from clinical_commander.logic import ir
from clinical_commander.quantity import Unit, unit

_T = TypeVar("_T")
Plain = Any
NO_TABLES: Mapping[str, list[Plain]] = {}
_TABLED = (ir.Expr, model.Condition, model.Source)
_LEFT_OUT = ("at", "span")
_SAME = ("str", "bool", "int", "str | None", "int | None")  # types that JSON has, too
NUMBER = "_number"
"""Where an object of a table has its number, counted below zero: identities, which name other objects, are above."""


class Encoder:
    """Objects in, plain data out; the tables fill while it works."""

    def __init__(self) -> None:
        self.tables: dict[str, list[Plain]] = {kind.__name__: [] for kind in (*_TABLED, model.Step)}
        self._numbers: dict[tuple[str, object], int] = {}

    def encode(self, value: object) -> Plain:
        """The plain form of one value of the model."""
        if value is None or isinstance(value, (bool, int, float, str)):
            return value
        if isinstance(value, tuple):
            return [self.encode(item) for item in value]
        if isinstance(value, Mapping):
            return [part for key, item in value.items() for part in (key, self.encode(item))]
        if isinstance(value, frozenset):
            return {"of": sorted(value)}
        if isinstance(value, Unit):
            return value.code
        if isinstance(value, Fraction):
            return str(value)
        if isinstance(value, model.Step):
            # A block is written out wherever it is used: the same step, at another place and under other guards.
            body = self._numbered("Step", replace(value, path="", guards=()))
            return [body, value.path, self.encode(value.guards)]
        for kind in _TABLED:
            if isinstance(value, kind):
                return self._numbered(kind.__name__, value)
        return self._fields(value)

    def _numbered(self, table: str, value: Any) -> int:
        key = (table, (type(opened(value)), value))
        if key not in self._numbers:
            row = self._fields(value)
            if table == "Expr":
                row["is"] = type(value).__name__
            # Only now: what lies inside has been given its number first.
            self._numbers[key] = len(self.tables[table])
            self.tables[table].append(row)
        return self._numbers[key]

    def _fields(self, value: Any) -> dict[str, Plain]:
        row = {}
        for name, field in fields_of(type(value)).items():
            item = getattr(value, name)
            if name in _LEFT_OUT or (field.optional and item == field.made_default()):
                continue
            row[name] = self.encode(item)
        return row


class Decoder:
    """Plain data and its tables in, objects out. What an object holds is made when it is first used.

    Each row of a table becomes one object, whatever refers to it, and this object knows its number.
    """

    def __init__(self, tables: Mapping[str, list[Plain]] = NO_TABLES) -> None:
        self._rows = {kind: tables.get(kind.__name__, []) for kind in (*_TABLED, model.Step)}
        self._made: dict[object, dict[int, Any]] = {kind: {} for kind in _TABLED}
        self._units: dict[str, Unit] = {}
        self._readers: dict[object, Callable[[Plain], Any] | None] = {}
        self._annotated: dict[tuple[str, str], Callable[[Plain], Any] | None] = {}
        self._makers: dict[type, Callable[[Plain], dict[str, Any]]] = {}

    def decode(self, kind: type[_T], row: Plain) -> _T:
        """The object of a class of the model, or of another frozen class."""
        return unread(kind, partial(self._values, kind, row))

    def _values(self, kind: type, row: Plain) -> dict[str, Any]:
        if kind not in self._makers:
            self._makers[kind] = self._maker(kind)
        return self._makers[kind](row)

    def _maker(self, kind: type) -> Callable[[Plain], dict[str, Any]]:
        """A function from the plain fields of a class to those of its objects."""
        readers: list[tuple[str, Callable[[Plain], Any]]] = []
        defaults: dict[str, object] = {}
        for name, field in fields_of(kind).items():
            if field.optional:
                defaults[name] = field.made_default()
            reader = self._annotation(kind.__module__, field.annotation)
            if reader is not None:
                readers.append((name, reader))

        def make(row: Plain) -> dict[str, Any]:
            values = {**defaults, **row}
            for name, reader in readers:
                if name in row:
                    values[name] = reader(row[name])
            return values

        return make

    def _annotation(self, module: str, text: str) -> Callable[[Plain], Any] | None:
        if text in _SAME:
            return None
        if (module, text) not in self._annotated:
            self._annotated[module, text] = self._reader(eval(text, vars(sys.modules[module])))
        return self._annotated[module, text]

    def _tabled(self, table: Any, number: int) -> Any:
        made = self._made[table]
        found = made.get(number)
        if found is None:
            row = self._rows[table][number]
            found = self.decode(getattr(ir, row["is"]) if table is ir.Expr else table, row)
            found.__dict__[NUMBER] = -1 - number
            found = made.setdefault(number, found)  # of two threads that come here one wins: an object has one identity
        return found

    def _unit(self, code: str) -> Unit:
        if code not in self._units:
            self._units[code] = unit(code)
        return self._units[code]

    def _step(self, row: Plain) -> model.Step:
        body, path, guards = row
        return self.decode(model.Step, {**self._rows[model.Step][body], "path": path, "guards": guards})

    def _reader(self, kind: Any) -> Callable[[Plain], Any] | None:
        """A function from plain data to a value of an annotated type; None where the two are the same."""
        if kind not in self._readers:
            self._readers[kind] = self._made_reader(kind)
        return self._readers[kind]

    def _made_reader(self, kind: Any) -> Callable[[Plain], Any] | None:
        if kind == model.Allowed:
            return _allowed
        if kind == float | str:  # canonical JSON writes 0.0 as 0
            return lambda row: row if isinstance(row, str) else float(row)
        if isinstance(kind, types.UnionType):
            inner = [arg for arg in kind.__args__ if arg is not types.NoneType]
            if len(inner) > 1:  # canonical JSON writes 1.0 as 1
                return _number_or_word if float in inner else None
            reader = self._reader(inner[0])
            return None if reader is None else lambda row: None if row is None else reader(row)
        origin = getattr(kind, "__origin__", None)
        if origin is not None:
            return self._generic(origin, kind.__args__)
        if kind is model.Step:
            return self._step
        if kind in self._made:
            return partial(self._tabled, kind)
        if kind is float:
            return float
        if kind is Unit:
            return self._unit
        if kind is Fraction:
            return Fraction
        return partial(self.decode, kind) if is_frozen(kind) and kind is not Mark else None

    def _generic(self, origin: Any, args: tuple[Any, ...]) -> Callable[[Plain], Any] | None:
        if origin is frozenset:
            return lambda row: frozenset(row["of"])
        if issubclass(origin, Mapping):
            reader = self._reader(args[1])
            if reader is None:
                return lambda row: dict(zip(row[::2], row[1::2], strict=True))
            return lambda row: dict(zip(row[::2], map(reader, row[1::2]), strict=True))
        first = self._reader(args[0])
        if args[-1] is ... or len(set(args)) == 1:
            return tuple if first is None else lambda row: tuple(map(first, row))
        parts = [self._reader(arg) for arg in args]
        return lambda row: tuple(part(item) if part else item for part, item in zip(parts, row, strict=True))


def _number_or_word(row: Plain) -> Plain:
    return float(row) if isinstance(row, int) and not isinstance(row, bool) else row


def _allowed(row: Plain) -> model.Allowed:
    if isinstance(row, bool):
        return row
    if isinstance(row, dict):
        return frozenset(row["of"])
    return float(row[0]), float(row[1])


def read_through(value: object) -> None:
    """Read everything inside a value, so that what cannot be read is found now."""
    seen: set[int] = set()
    waiting = [value]
    while waiting:
        one = waiting.pop()
        if id(one) in seen:
            continue
        if is_frozen(type(one)):
            seen.add(id(one))
            waiting.extend(getattr(opened(one), name) for name in fields_of(type(one)))
        elif isinstance(one, tuple):
            waiting.extend(one)
        elif isinstance(one, dict):
            waiting.extend(one.values())
