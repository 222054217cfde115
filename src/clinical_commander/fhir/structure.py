"""A type and an element in, what R4 says of it out: least and most, the types it may have, the codes it may take.

The definitions are facts of the standard and stand in `r4.json`, for the resources that this package writes or reads.
"""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Mapping
from pathlib import Path

from clinical_commander.frozen import field, frozen

_SPEC = re.compile(r"(\d)\.\.(\d|\*) (.+)")
_TYPE = re.compile(r"([A-Za-z0-9.]+)(?:\(([^)]*)\)|<([^>]*)>)?")


@frozen
class ElementType:
    """One type an element may have: with the resources a reference may point to, and the codes a binding allows."""

    name: str
    targets: tuple[str, ...] = ()
    binding: str = ""


@frozen
class Element:
    """One element of a type. `name` has no `[x]`; `choice` says that its type stands at the end of its name."""

    name: str
    required: bool
    repeats: bool
    types: tuple[ElementType, ...]
    choice: bool = False


@frozen
class Type:
    """A resource, data type or part of one: its elements by their name in JSON, each with the type it then has."""

    name: str
    elements: tuple[Element, ...]
    by_json_name: Mapping[str, tuple[Element, ElementType]] = field(default_factory=dict)


@frozen
class Structure:
    """R4 as far as it is needed. `resources` are the names of all of R4, `described` those whose elements are known."""

    types: Mapping[str, Type]
    codes: Mapping[str, frozenset[str]]
    resources: frozenset[str]
    described: frozenset[str]


@functools.cache
def r4() -> Structure:
    """The structure of R4, read once."""
    data = json.loads(Path(__file__).with_name("r4.json").read_text(encoding="utf-8"))
    open_types = tuple(ElementType(name) for name in data["any"])
    types = {name: _type(name, elements, open_types) for name, elements in data["types"].items()}
    resources = frozenset(data["resources"])
    codes = {name: frozenset(listed) for name, listed in data["codes"].items()}
    return Structure(types, codes, resources, resources & types.keys())


def json_name(element: Element, kind: ElementType) -> str:
    """The name an element has in JSON: `value` as a Quantity is `valueQuantity`."""
    return element.name + kind.name[:1].upper() + kind.name[1:] if element.choice else element.name


def _type(name: str, elements: Mapping[str, str], open_types: tuple[ElementType, ...]) -> Type:
    found = tuple(_element(key, spec, open_types) for key, spec in elements.items())
    return Type(name, found, {json_name(e, kind): (e, kind) for e in found for kind in e.types})


def _element(key: str, spec: str, open_types: tuple[ElementType, ...]) -> Element:
    parts = _SPEC.fullmatch(spec)
    if parts is None:
        raise ValueError(f"{key}: {spec}")  # a slip in our own table
    least, most, kinds = parts.groups()
    types = open_types if kinds == "any" else tuple(_element_type(kind) for kind in kinds.split(" or "))
    return Element(key.removesuffix("[x]"), least == "1", most == "*", types, key.endswith("[x]"))


def _element_type(text: str) -> ElementType:
    found = _TYPE.fullmatch(text)
    if found is None:
        raise ValueError(text)
    name, targets, binding = found.groups()
    return ElementType(name, tuple(targets.split(", ")) if targets else (), binding or "")
