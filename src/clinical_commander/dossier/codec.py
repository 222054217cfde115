"""A `Dossier` <-> plain data for canonical JSON, driven by the fields of the model: a new field needs no code here.

Expressions, conditions and sources stand in tables, each different one once; everything else names them by number.
Mappings are flat lists (key, value, key, value ...): canonical JSON sorts keys, and the order of content matters.
Places are left out: they belong to the YAML. Objects are made directly, without the cost of frozen `__init__`s.
"""

from __future__ import annotations

import sys
import types
from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any, TypeVar

from clinical_commander.dossier import model
from clinical_commander.errors import Mark
from clinical_commander.frozen import fields_of, is_frozen, replace
from clinical_commander.logic import ir
from clinical_commander.quantity import Unit, unit

_T = TypeVar("_T")
Plain = Any
NO_TABLES: Mapping[str, list[Plain]] = {}
_TABLED = (ir.Expr, model.Condition, model.Source)
_LEFT_OUT = ("at", "span")


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
        key = (table, (type(value), value))
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
    """Plain data and its tables in, objects out."""

    def __init__(self, tables: Mapping[str, list[Plain]] = NO_TABLES) -> None:
        self._units: dict[str, Unit] = {}
        self._readers: dict[object, Callable[[Plain], Any] | None] = {}
        self._bodies: list[dict[str, Any]] = []
        self._tables: dict[object, list[Any]] = {ir.Expr: [], model.Condition: [], model.Source: []}
        kinds = {
            kind.__name__: kind for kind in vars(ir).values() if isinstance(kind, type) and issubclass(kind, ir.Expr)
        }
        makers = {name: self._maker(kind) for name, kind in kinds.items()}
        expressions = self._tables[ir.Expr]
        for row in tables.get("Expr", ()):
            expressions.append(makers[row.pop("is")](row))
        for kind in (model.Condition, model.Source):
            make, objects = self._maker(kind), self._tables[kind]
            for row in tables.get(kind.__name__, ()):
                objects.append(make(row))
        make, self._bodies = self._maker(model.Step), []
        for row in tables.get("Step", ()):
            self._bodies.append(make(row).__dict__)

    def decode(self, kind: type[_T], row: Plain) -> _T:
        """The object of a class of the model, or of another frozen class."""
        found: _T = self._maker(kind)(row)
        return found

    def _unit(self, code: str) -> Unit:
        if code not in self._units:
            self._units[code] = unit(code)
        return self._units[code]

    def _step(self, row: Plain) -> model.Step:
        body, path, guards = row
        step = object.__new__(model.Step)
        inside = step.__dict__
        inside.update(self._bodies[body])
        inside["path"] = path
        conditions = self._tables[model.Condition]
        inside["guards"] = tuple([conditions[guard] for guard in guards])
        return step

    def _maker(self, kind: Any) -> Callable[[Plain], Any]:
        """A function from the plain fields of a class to its object."""
        names = vars(sys.modules[kind.__module__])
        readers: dict[str, Callable[[Plain], Any]] = {}
        defaults: dict[str, object] = {}
        for name, field in fields_of(kind).items():
            if field.optional:
                defaults[name] = field.made_default()
            reader = self._reader(eval(field.annotation, names))
            if reader is not None:
                readers[name] = reader
        new = object.__new__

        def make(row: Plain) -> Any:
            made = new(kind)
            inside = made.__dict__
            inside.update(defaults)
            inside.update(row)
            for name, reader in readers.items():
                if name in row:
                    inside[name] = reader(row[name])
            return made

        return make

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
        if kind in self._tables:
            table = self._tables[kind]
            return lambda number: table[number]
        if kind is float:
            return float
        if kind is Unit:
            return self._unit
        if kind is Fraction:
            return Fraction
        return self._maker(kind) if is_frozen(kind) and kind is not Mark else None

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
