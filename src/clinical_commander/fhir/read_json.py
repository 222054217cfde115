"""The bytes of a FHIR document in, plain data with exact numbers out. JSON only."""

from __future__ import annotations

import json
from decimal import Decimal, InvalidOperation
from typing import Any, Final, NoReturn

from clinical_commander.errors import CaseError, Mark, Problem, YamlError

RECORD_LIMIT: Final = 20 * 1024 * 1024
"""The most bytes that are read of one patient's records."""

_DEEPEST: Final = 60
_LONGEST_NUMBER: Final = 40


class _Refused(Exception):
    pass


def read_records(data: bytes, name: str) -> Any:
    """The plain data of a FHIR document: dicts, lists, texts, truth values, None, `int` and `Decimal`.

    Raises:
        CaseError: CC654, XML.
        YamlError: CC102 a key twice, CC108 not UTF-8, CC110 more than 20 MiB, CC111 nested too deep, CC115 not JSON.
    """
    if len(data) > RECORD_LIMIT:
        cause = f"The records have more than {RECORD_LIMIT // 1024 // 1024} MiB."
        raise YamlError(Problem("CC110", cause, "Send one patient, and only what this visit needs.", Mark(name)))
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise YamlError(Problem("CC108", "The records are not UTF-8.", "Save them as UTF-8.", Mark(name))) from None
    if text.lstrip()[:1] == "<":
        raise CaseError(Problem("CC654", "FHIR as XML is not read.", "Send it as JSON.", Mark(name)))
    try:
        found = json.loads(
            text, object_pairs_hook=_object, parse_int=_integer, parse_float=_decimal, parse_constant=_no_constant
        )
    except _Refused as refused:
        raise YamlError(Problem("CC102", str(refused), "Keep one of them.", Mark(name))) from None
    except json.JSONDecodeError as error:
        raise YamlError(Problem("CC115", f"{error.msg}.", "", Mark(name, error.lineno, error.colno))) from None
    except ValueError as error:
        raise YamlError(Problem("CC115", f"{error}.", "Write a number.", Mark(name))) from None
    except RecursionError:
        raise _too_deep(name) from None
    _measure(found, name)
    return found


def _too_deep(name: str) -> YamlError:
    cause = f"More than {_DEEPEST} levels lie inside each other."
    return YamlError(Problem("CC111", cause, "No FHIR resource is so deep.", Mark(name)))


def _measure(found: Any, name: str) -> None:
    """Refuses what is nested deeper than any resource: later steps may then look inside without care."""
    layer, depth = [found] if isinstance(found, dict | list) else [], 0
    while layer:
        depth += 1
        if depth > _DEEPEST:
            raise _too_deep(name)
        layer = [
            inside
            for value in layer
            for inside in (value.values() if isinstance(value, dict) else value)
            if isinstance(inside, dict | list)
        ]


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [key for key, _ in pairs]
        twice = next(key for key in names if names.count(key) > 1)
        raise _Refused(f"The key `{twice[:40] if twice.isidentifier() else '?'}` stands twice in an object.")
    return found


def _integer(text: str) -> Any:
    return int(text) if len(text) <= _LONGEST_NUMBER else _decimal(text)


def _decimal(text: str) -> Decimal:
    # An exponent of a billion is written in ten characters: whoever uses the number checks its size first.
    try:
        return Decimal(text)
    except InvalidOperation:
        return Decimal("NaN")


def _no_constant(text: str) -> NoReturn:
    raise ValueError(f"{text} is no JSON number")
