"""A resource of the right shape in, every element of a complex type in it out, with its type and its surroundings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from clinical_commander.fhir.structure import Type, r4
from clinical_commander.frozen import frozen

Json = Mapping[str, Any]


@frozen
class Node:
    """One element or resource. `resource` is the one it stands in, `container` the one that contains that, if any."""

    path: str
    type: str
    value: Json
    resource: Json
    container: Json | None = None

    @property
    def is_resource(self) -> bool:
        return self.value is self.resource


def walk(resource: Json, path: str = "", container: Json | None = None) -> Iterator[Node]:
    """The resource and every complex element of it, outermost first; contained and bundled resources too."""
    name = str(resource["resourceType"])
    yield from _walk(resource, r4().types[name], path or name, resource, container)


def _walk(value: Json, kind: Type, path: str, resource: Json, container: Json | None) -> Iterator[Node]:
    yield Node(path, kind.name, value, resource, container)
    for key, item in value.items():
        found = kind.by_json_name.get(key)
        beside = key.startswith("_")
        if found is None and not beside:
            continue
        name = "Element" if found is None else found[1].name
        for index, one in enumerate(item if isinstance(item, list) else [item]):
            if not isinstance(one, dict):
                continue
            here = f"{path}.{key}[{index}]" if isinstance(item, list) else f"{path}.{key}"
            if name == "Resource":
                inside = resource if key == "contained" else None
                yield from walk(one, here, inside)
            elif beside:
                yield Node(here, "Element", one, resource, container)
                for place, extension in enumerate(one.get("extension", ())):
                    yield from _walk(
                        extension, r4().types["Extension"], f"{here}.extension[{place}]", resource, container
                    )
            else:
                yield from _walk(one, r4().types[name], here, resource, container)


def references(resource: Json) -> Iterator[tuple[str, str]]:
    """Path and literal of every reference in a resource; what it contains is looked into, what it bundles is not."""
    for node in walk(resource):
        if node.type == "Reference" and isinstance(node.value.get("reference"), str):
            yield node.path, node.value["reference"]
