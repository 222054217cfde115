"""The words of the engine in, one of its phrases out, with its parts in their places.

A phrase that nobody wrote is shown by its key, so that a missing word is seen and nothing is lost.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

Words = Mapping[str, Mapping[str, str]]
"""group -> key -> text, as in the catalogue."""


def phrase(words: Words, group: str, key: str, *parts: str) -> str:
    """The text for `key`, with its parts in place of `{0}`, `{1}`, or behind it where it has no places.

    >>> phrase({"fhir": {"held_back": "Held back: {0}"}}, "fhir", "held_back", "CT")
    'Held back: CT'
    >>> phrase({}, "fhir", "held_back", "CT")
    'held back CT'
    """
    template = words.get(group, {}).get(key, spaced(key))
    if parts and "{0}" not in template:
        return " ".join([template, *(p for p in parts if p)])
    if "{" not in template:
        return template
    return re.sub(r"\{(\d)\}", lambda place: parts[int(place[1])] if int(place[1]) < len(parts) else place[0], template)


def spaced(name: str) -> str:
    """A key as words: the underscores as spaces."""
    return name.replace("_", " ")
