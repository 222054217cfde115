"""A class of annotated fields in, the same as a frozen dataclass out, at a fraction of what that costs at start-up.

`dataclasses` writes and compiles six methods for each class when its module is imported, and imports half of the
interpreter's own tools to do so: 60 ms for the classes of this package. Here five of the methods are shared, and a
class's `__init__` is written when its first object is made. The functions of `dataclasses` (`fields`, `replace`,
`asdict`, `is_dataclass`) take these classes as the dataclasses that they are.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from operator import attrgetter
from typing import Any, NoReturn, TypeVar, dataclass_transform

_T = TypeVar("_T")
_NOTHING: Any = object()


class Field:
    """What is said of one field beside its name: `annotation` is the text of its type."""

    __slots__ = ("annotation", "compare", "default", "factory", "kw_only", "repr")

    def __init__(self, default: Any, factory: Callable[[], Any] | None, compare: bool, repr: bool, kw_only: bool):
        self.default, self.factory = default, factory
        self.compare, self.repr, self.kw_only = compare, repr, kw_only
        self.annotation = ""

    @property
    def optional(self) -> bool:
        """Whether an object can be made without it."""
        return self.default is not _NOTHING or self.factory is not None

    def made_default(self) -> Any:
        """Its value where none is given."""
        return self.factory() if self.factory is not None else self.default


def field(
    *,
    default: Any = _NOTHING,
    default_factory: Callable[[], Any] | None = None,
    compare: bool = True,
    repr: bool = True,
    kw_only: bool = False,
) -> Any:
    """As `dataclasses.field`."""
    return Field(default, default_factory, compare, repr, kw_only)


@dataclass_transform(frozen_default=True, field_specifiers=(field,))
def frozen(cls: type[_T]) -> type[_T]:
    """The class with the fields that it and its bases annotate, as `@dataclasses.dataclass(frozen=True)` has them.

    A `__hash__` or `__repr__` of its own, or of a base that is not frozen, stays. Not supported: `ClassVar`, `InitVar`,
    `__post_init__` and slots.
    """
    found: dict[str, Field] = {}
    for base in reversed(cls.__mro__[1:]):
        found |= base.__dict__.get("__frozen__", {})
    for name, annotation in cls.__annotations__.items():
        given = cls.__dict__.get(name, _NOTHING)
        one = given if isinstance(given, Field) else Field(given, None, True, True, False)
        one.annotation = annotation
        found[name] = one
        # A default that stood in the class would hide that a field is still unread.
        if given is not _NOTHING:
            delattr(cls, name)
    compared = [name for name, one in found.items() if one.compare]
    methods = {
        "__frozen__": found,
        "__match_args__": tuple(name for name, one in found.items() if not one.kw_only),
        "__init__": _first_init,
        "__eq__": _eq,
        "__setattr__": _refuse,
        "__delattr__": _refuse,
        "__getstate__": _state,
        "__dataclass_fields__": _Dataclass("__dataclass_fields__"),
        "__dataclass_params__": _Dataclass("__dataclass_params__"),
        "_compared": staticmethod(attrgetter(*compared) if compared else type),
    }
    if cls.__hash__ is object.__hash__:
        methods["__hash__"] = record_hash
    if cls.__repr__ is object.__repr__:
        methods["__repr__"] = _repr
    for name, method in methods.items():
        setattr(cls, name, method)
    return cls


def fields_of(cls: type) -> dict[str, Field]:
    """The fields of a frozen class by name, those of its bases first."""
    found: dict[str, Field] = cls.__frozen__  # type: ignore[attr-defined]
    return found


def is_frozen(cls: object) -> bool:
    """Whether it is a class that `frozen` has made."""
    return isinstance(cls, type) and hasattr(cls, "__frozen__")


def replace(record: _T, /, **changes: Any) -> _T:
    """The same object but for some fields."""
    kind = type(opened(record))
    return kind(**_state(record) | changes)


def unread(kind: type[_T], read: Callable[[], Mapping[str, Any]]) -> _T:
    """An object that asks for its fields, all of them, when one is first used.

    Until then its class is one of `kind` that knows how; a class that is ready for it would be slow for ever.
    """
    waiting = kind.__dict__.get("_waiting")
    if waiting is None:
        waiting = type(kind.__name__, (_Unread, kind), {"__module__": kind.__module__, "_kind": kind})
        setattr(kind, "_waiting", waiting)  # noqa: B010  (mypy takes an assignment for an attribute of the class)
    record: _T = object.__new__(waiting)
    record.__dict__["_unread"] = read
    return record


def opened(record: _T) -> _T:
    """The same object, with its fields."""
    inside = record.__dict__
    read = inside.get("_unread")
    if read is not None:
        inside.update(read())  # in one go: another thread sees all of the fields or none
        inside.pop("_unread", None)
        object.__setattr__(record, "__class__", getattr(record, "_kind", type(record)))
    return record


class _Unread:
    """An object without its fields."""

    def __getattr__(self, name: str) -> Any:
        if "_unread" not in self.__dict__ or name.startswith("_"):
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
        return getattr(opened(self), name)

    def __eq__(self, other: object) -> bool:
        return bool(opened(self) == other)

    def __hash__(self) -> int:
        return hash(opened(self))

    def __repr__(self) -> str:
        return repr(opened(self))

    def __reduce_ex__(self, protocol: Any) -> Any:
        return opened(self).__reduce_ex__(protocol)


# --- the methods


def _first_init(self: Any, *args: Any, **kwargs: Any) -> None:
    """Writes the class's own `__init__`, which does the same from now on."""
    owner = _owner(type(self))
    made = _written_init(owner)
    setattr(owner, "__init__", made)  # noqa: B010  (mypy takes an assignment to `__init__` for a slip)
    made(self, *args, **kwargs)


def _state(self: Any) -> dict[str, Any]:
    """The fields and their values; nothing else of an object is copied."""
    inside = opened(self).__dict__
    return {name: inside[name] for name in fields_of(type(self))}


def _owner(cls: type) -> type:
    """The class itself, or that of its bases that `frozen` made."""
    return next(base for base in cls.__mro__ if "__frozen__" in base.__dict__)


def _written_init(cls: type) -> Callable[..., None]:
    names: dict[str, Any] = {"_nothing": _NOTHING}
    positional: list[str] = []
    by_name: list[str] = []
    values: list[str] = []
    for name, one in fields_of(cls).items():
        argument = value = name
        if one.factory is not None:
            names[f"_make_{name}"] = one.factory
            argument, value = f"{name}=_nothing", f"_make_{name}() if {name} is _nothing else {name}"
        elif one.optional:
            names[f"_default_{name}"] = one.default
            argument = f"{name}=_default_{name}"
        (by_name if one.kw_only else positional).append(argument)
        values.append(f"{name}={value}")
    arguments = ", ".join(["self", *positional, *(["*", *by_name] if by_name else [])])
    # One update and not an assignment a field: objects made like this are made in half the time and read as quickly.
    exec(f"def __init__({arguments}):\n    self.__dict__.update({', '.join(values)})", names)
    made: Callable[..., None] = names["__init__"]
    made.__qualname__ = f"{cls.__qualname__}.__init__"
    return made


def _repr(self: Any) -> str:
    shown = (f"{name}={getattr(self, name)!r}" for name, one in fields_of(_owner(type(self))).items() if one.repr)
    return f"{type(self).__qualname__}({', '.join(shown)})"


def _eq(self: Any, other: Any) -> Any:
    if other.__class__ is not self.__class__:
        return NotImplemented
    return self._compared(self) == self._compared(other)


def record_hash(self: Any) -> int:
    """The hash of what is compared."""
    return hash((self.__class__, self._compared(self)))


def _refuse(self: object, name: str, *_: object) -> NoReturn:
    from dataclasses import FrozenInstanceError

    raise FrozenInstanceError(f"cannot change field {name!r}")


class _Dataclass:
    """An attribute by which `dataclasses` knows its classes: taken from such a class when it is first asked for."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __get__(self, record: object, cls: type) -> Any:
        import dataclasses

        owner = _owner(cls)
        annotations: dict[str, str] = {}
        body: dict[str, Any] = {"__annotations__": annotations, "__doc__": cls.__name__, "__module__": cls.__module__}
        for name, one in fields_of(owner).items():
            annotations[name] = one.annotation
            given: dict[str, Any] = {"default_factory": one.factory} if one.factory is not None else {}
            if one.default is not _NOTHING:
                given = {"default": one.default}
            body[name] = dataclasses.field(compare=one.compare, repr=one.repr, kw_only=one.kw_only, **given)
        model = type(owner.__name__, (), body)
        made: Any = dataclasses.dataclass(init=False, repr=False, eq=False, frozen=True)(model)
        for attribute in ("__dataclass_fields__", "__dataclass_params__"):
            setattr(owner, attribute, getattr(made, attribute))
        return getattr(owner, self.name)
