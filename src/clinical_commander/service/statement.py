"""What a field says in, the statement that the log keeps out; and back, so that a field shows what the log holds."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from clinical_commander.dossier.model import Dossier, Fact
from clinical_commander.engine.case import Observation
from clinical_commander.service.form import NOT_ASKED, UNKNOWN, WAITING, Typed, field_unit

_BARE: Final = re.compile(r"[<>=≤≥\s]*[0-9][0-9.,/\s]*(\.\.\s*[0-9][0-9.,/\s]*)?")
_VOLUME: Final = "mL"
OR: Final = " | "
"""Between codes of which one is so."""


def statement_of(fact: Fact, typed: Typed, origin: str = "") -> dict[str, Any] | None:
    """What the log keeps of a field; None where it says nothing."""
    if typed.text == NOT_ASKED:
        return None
    if typed.text == UNKNOWN or (typed.text in WAITING and typed.text not in fact.codes):
        return {"state": typed.text}
    value: object = typed.text
    if fact.kind == "boolean":
        value = {"yes": True, "no": False}.get(typed.text, typed.text)
    elif fact.kind == "code":
        value = typed.text.split(OR) if OR in typed.text else typed.text
    elif _BARE.fullmatch(typed.text):
        value = f"{typed.text} {typed.unit or field_unit(fact)}".strip()
    return {"value": value, **({"origin": origin} if origin else {})}


def typed_of(fact: Fact, statement: Any, dossier: Dossier) -> Typed:
    """What a field shows of a statement, as it was typed where a field can show it so."""
    if isinstance(statement, Mapping):
        if "year_of_birth" in statement:
            return Typed(f"year_of_birth {statement['year_of_birth']}")
        statement = statement.get("value", statement.get("state", NOT_ASKED))
    if isinstance(statement, bool):
        return Typed("yes" if statement else "no")
    if isinstance(statement, list | tuple):
        return Typed(OR.join(str(item) for item in statement))
    text = str(statement)
    if fact.kind == "boolean":
        return Typed({"true": "yes", "false": "no"}.get(text, text))
    if fact.kind in ("number", "integer"):
        number, _, unit = text.rpartition(" ")
        offered = units_of(fact, dossier)
        if number and _BARE.fullmatch(number) and unit in (offered or {field_unit(fact): ""}):
            return Typed(number, unit if offered else "")
    return Typed(text)


def same(one: Typed, other: Typed, fact: Fact) -> bool:
    """Whether two fields say the same, however they were typed."""
    return one == other or statement_of(fact, one) == statement_of(fact, other)


def units_of(fact: Fact, dossier: Dossier) -> Mapping[str, str]:
    """The units that a field offers, with their names; none where there is but its own."""
    own = field_unit(fact)
    if own == _VOLUME:
        named = dossier.words.get("household", {})
    else:
        spelt = dossier.words.get("unit", {})
        named = {code: spelt.get(code, code) for code in fact.also}
    return {own: own, **named} if named else {}


def observed(observation: Observation, fact: Fact) -> dict[str, Any]:
    """A statement that says what an observation says, in the fact's own unit, with its origin."""
    if observation.state in ("unknown", *WAITING):
        return {"state": observation.state}
    value: Any
    if observation.truth is not None:
        value = observation.truth
    elif observation.codes is not None:
        value = sorted(observation.codes) if len(observation.codes) > 1 else next(iter(observation.codes))
    else:
        ends = [repr(end).removesuffix(".0") for end in (observation.low, observation.high) if end is not None]
        value = f"{'..'.join(dict.fromkeys(ends))} {field_unit(fact)}".strip()
    return {"value": value, "origin": observation.origin}
