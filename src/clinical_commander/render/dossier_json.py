"""A dossier in, plain data out: every part of it by its field, conditions as text and in words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from fractions import Fraction
from math import isfinite
from typing import Any

from clinical_commander.dossier.model import Condition, Dossier
from clinical_commander.errors import Mark
from clinical_commander.quantity import Unit
from clinical_commander.render.words import Words

SCHEMA = "dossier/1"


def dossier_json(dossier: Dossier) -> dict[str, Any]:
    """The dossier for a program that shows or compares it. It is read for people; what runs is the pack."""
    return {"schema": SCHEMA, **_plain(dossier, Words(dossier))}


def _plain(value: Any, words: Words) -> Any:
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, float):
        return value if isfinite(value) else None
    if isinstance(value, Condition):
        return {"text": value.text, "says": words.clause(value)}
    if isinstance(value, Unit):
        return value.code
    if isinstance(value, Fraction):
        return str(value)
    if isinstance(value, frozenset):
        return sorted(value)
    if isinstance(value, tuple):
        return [_plain(item, words) for item in value]
    if isinstance(value, Mapping):
        return {key: _plain(item, words) for key, item in value.items()}
    if is_dataclass(value):
        kept = [f.name for f in fields(value) if not isinstance(getattr(value, f.name), Mark) and f.name != "at"]
        return {name: _plain(getattr(value, name), words) for name in kept}
    raise TypeError(f"no plain form for {type(value).__name__}")
