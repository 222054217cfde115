"""A resource in, where its shape departs from R4 out: elements, how many of them, their types, required codes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from clinical_commander.errors import did_you_mean
from clinical_commander.fhir.primitives import PRIMITIVES, fault
from clinical_commander.fhir.structure import ElementType, Type, r4
from clinical_commander.frozen import frozen

DEEPEST = 100


@frozen
class Finding:
    """One thing wrong with a resource: the rule it breaks, where, and what is wrong. Never a value of a patient."""

    rule: str
    path: str
    says: str

    def __str__(self) -> str:
        return f"{self.path}: {self.rule} {self.says}"


def shape(resource: object) -> Iterator[Finding]:
    """Every departure of a resource from its definition, those it contains included.

    Rules: `json` what JSON forbids in FHIR (null, "", [], {}), `type` an unknown resource or a value of another type,
    `element` an element that the type does not have, `cardinality`, `choice` two types of one element, `binding` a code
    outside a required value set, `target` a reference to a resource of another type.
    """
    yield from _resource(resource, "", 0)


def _resource(resource: object, path: str, depth: int) -> Iterator[Finding]:
    if not isinstance(resource, dict):
        yield Finding("type", path or "$", "is not a resource")
        return
    name = resource.get("resourceType")
    here = path or str(name)
    known = r4()
    if not isinstance(name, str) or name not in known.resources:
        yield Finding("type", here, "has no resourceType of R4")
    elif name not in known.described:
        yield Finding("type", here, f"is a {name}, which is not among the resources that this gate can judge")
    else:
        yield from _complex(resource, known.types[name], here, depth, is_resource=True)


def _complex(
    value: Mapping[str, Any], kind: Type, path: str, depth: int, *, is_resource: bool = False
) -> Iterator[Finding]:
    if depth > DEEPEST:
        yield Finding("json", path, "is nested too deeply")
        return
    seen: dict[str, list[str]] = {}
    for key, item in value.items():
        if is_resource and key == "resourceType":
            continue
        name = key.removeprefix("_") if isinstance(key, str) else ""
        found = kind.by_json_name.get(name)
        if found is None:
            hint = did_you_mean(name, kind.by_json_name)
            yield Finding(
                "element", f"{path}.{str(key)[:40]}", f"is no element of {kind.name}.{' ' + hint if hint else ''}"
            )
            continue
        element, element_type = found
        seen.setdefault(element.name, []).append(name)
        if key.startswith("_"):
            yield from _beside(value, name, item, element_type, element.repeats, f"{path}.{key}", depth)
            continue
        if element.repeats:
            if not isinstance(item, list):
                yield Finding("cardinality", f"{path}.{key}", "is not a list, and may repeat")
                continue
            if not item:
                yield Finding("json", f"{path}.{key}", "is an empty list")
            aligned = isinstance(value.get(f"_{name}"), list)
            for index, one in enumerate(item):
                if one is None and aligned and element_type.name in PRIMITIVES:
                    continue
                yield from _value(one, element_type, f"{path}.{key}[{index}]", depth)
        elif isinstance(item, list):
            yield Finding("cardinality", f"{path}.{key}", "is a list, and may not repeat")
        else:
            yield from _value(item, element_type, f"{path}.{key}", depth)
    for element in kind.elements:
        names = set(seen.get(element.name, ()))
        if element.required and not names:
            yield Finding("cardinality", f"{path}.{element.name}", "is required, and missing")
        if len(names) > 1:
            yield Finding("choice", f"{path}.{element.name}", f"has {len(names)} types at once")


def _value(item: object, kind: ElementType, path: str, depth: int) -> Iterator[Finding]:
    if item is None:
        yield Finding("json", path, "is null")
    elif kind.name == "Resource":
        yield from _resource(item, path, depth + 1)
    elif kind.name in PRIMITIVES:
        problem = fault(kind.name, item)
        if problem:
            yield Finding("json" if item == "" else "type", path, problem)
        elif kind.binding and item not in r4().codes[kind.binding]:
            yield Finding("binding", path, f"is not a code of {kind.binding}, which R4 requires")
    elif not isinstance(item, dict):
        yield Finding("type", path, f"is not a {kind.name}")
    elif not item:
        yield Finding("json", path, "is an empty object")
    else:
        yield from _complex(item, r4().types[kind.name], path, depth + 1)
        if kind.name == "Reference" and kind.targets:
            yield from _target(item, kind.targets, path)


def _target(reference: Mapping[str, Any], targets: tuple[str, ...], path: str) -> Iterator[Finding]:
    """A reference that says which type it points to must point to one that is allowed here."""
    literal, stated = reference.get("reference"), reference.get("type")
    parts = literal.split("/") if isinstance(literal, str) else []
    named = next((p for p in reversed(parts[:-1]) if p in r4().resources), None)
    for found in {stated if isinstance(stated, str) and stated in r4().resources else None, named} - {None}:
        if found not in targets:
            yield Finding("target", path, f"points to a {found}; it may be: {', '.join(targets)}")


def _beside(
    whole: Mapping[str, Any], name: str, item: object, kind: ElementType, repeats: bool, path: str, depth: int
) -> Iterator[Finding]:
    """What stands beside a primitive as `_name`: its id and extensions, in a list aligned with its values."""
    if kind.name not in PRIMITIVES:
        yield Finding("element", path, f"stands beside {name}, which is not primitive")
        return
    if repeats:
        values = whole.get(name)
        if not isinstance(item, list) or (isinstance(values, list) and len(values) != len(item)):
            yield Finding("cardinality", path, f"is not a list as long as {name}")
            return
    for index, one in enumerate(item if isinstance(item, list) else [item]):
        if one is None and repeats:
            continue
        if not isinstance(one, dict) or not one:
            yield Finding("type", f"{path}[{index}]" if repeats else path, "is not an Element")
            continue
        for key, inner in one.items():
            if key == "extension" and isinstance(inner, list) and inner:
                for place, extension in enumerate(inner):
                    yield from _value(extension, ElementType("Extension"), f"{path}.extension[{place}]", depth + 1)
            elif key != "id" or fault("string", inner):
                yield Finding("element", f"{path}.{key}", "is no element beside a primitive")
