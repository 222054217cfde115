"""A dossier in, its program out, from the cache where it was lowered before: a start neither lowers nor compiles.

What is kept is data: columns, and where each condition has its own. It is named by the hash of the content, the version
of the engine and the state of its code, and has a hash of its own; what does not fit is thrown away and made again.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from typing import Any

from clinical_commander import __version__
from clinical_commander.dossier.cache import cached, checked, code, keep, stamp
from clinical_commander.dossier.codec import Decoder, Encoder
from clinical_commander.dossier.model import Dossier
from clinical_commander.errors import CitationError, Problem
from clinical_commander.program.columns import Pair, Slot
from clinical_commander.program.conditions import (
    answering_conditions,
    clinical_conditions,
    gate_conditions,
    nodes_of,
    once,
    place,
    tool_conditions,
)
from clinical_commander.program.interpret import Run
from clinical_commander.program.program import Layout, Program, ToolColumns
from clinical_commander.program.references import references

SCHEMA = "program/2"
_NOWHERE = (-1, -1)


def open_program(dossier: Dossier) -> Program:
    """The program of a dossier; one without a content hash is lowered each time."""
    if not dossier.content_hash:
        return _built(dossier)
    made_from = (SCHEMA, __version__, dossier.content_hash, stamp(code("dossier", "logic", "program")))
    name = f"program-{hashlib.sha256(repr(made_from).encode()).hexdigest()[:32]}"
    program = cached(name, partial(load_program, dossier))
    if program is None:
        program = _built(dossier)
        keep(name, dump_program(dossier, program))
    return program


def _built(dossier: Dossier) -> Program:
    from clinical_commander.program.build import build

    return build(dossier)


def dump_program(dossier: Dossier, program: Program) -> bytes:
    """A program as JSON. Pairs stand in the order of the pack, or of the dossier where a site has changed it."""
    layout, encoder = program.layout, Encoder()
    walked = None if _is_numbered(layout) else _walk(dossier)
    conditions, nodes = walked[:2] if walked else map(_numbers, (-min(layout.pairs), -min(layout.pair_of)))
    plain = {
        "schema": SCHEMA,
        "content": dossier.content_hash,
        "walked": None if walked is None else walked[2],
        "slots": list(layout.slots.values()),
        "sizes": [layout.width, *layout.ends],
        "pairs": [number for key in conditions for number in layout.pairs.get(key, _NOWHERE)],
        "inside": [number for key in nodes for number in layout.pair_of.get(key, _NOWHERE)],
        "modal": [layout.modal[place(condition)] for condition in answering_conditions(dossier)],
        "answers": layout.answers,
        "tools": {name: encoder.encode(columns) for name, columns in layout.tools.items()},
        "inexact": layout.inexact,
        "stages": [list(_plain(runs)) for runs in program.stages],
    }
    return json.dumps(plain, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()


def load_program(dossier: Dossier, data: bytes, expected_hash: str | None = None) -> Program:
    """The program of a dossier from what `dump_program` made of it.

    Raises:
        CitationError: CC511, it is damaged, or the program of another dossier.
    """
    checked(data, expected_hash)
    try:
        plain = json.loads(data)
        if (plain["schema"], plain["content"]) != (SCHEMA, dossier.content_hash):
            raise ValueError("another dossier")
        pairs, inside = list(_pairs(plain["pairs"])), list(_pairs(plain["inside"]))
        conditions, nodes = map(_numbers, (len(pairs), len(inside)))
        if plain["walked"] is not None:
            conditions, nodes, fingerprint = _walk(dossier)
            if fingerprint != plain["walked"]:
                raise ValueError("another dossier")
        width, first, second, third = plain["sizes"]
        decoder = Decoder()
        answering = zip(answering_conditions(dossier), plain["modal"], strict=True)
        layout = Layout(
            slots={row[0]: _slot(*row) for row in plain["slots"]},
            width=width,
            ends=(first, second, third),
            pairs=dict(zip(conditions, pairs, strict=True)),
            pair_of={key: pair for key, pair in zip(nodes, inside, strict=True) if pair != _NOWHERE},
            modal={place(condition): tuple(names) for condition, names in answering},
            answers=plain["answers"],
            tools={name: decoder.decode(ToolColumns, row) for name, row in plain["tools"].items()},
            inexact={name: tuple(facts) for name, facts in plain["inexact"].items()},
        )
        return Program(layout, [_runs(runs) for runs in plain["stages"]], references(dossier))
    except (ValueError, KeyError, IndexError, TypeError, AttributeError) as error:
        cause = f"this is not the program of this dossier ({type(error).__name__})."
        raise CitationError(Problem("CC511", cause, "It is made again from the content.")) from None


def _is_numbered(layout: Layout) -> bool:
    """Every part of the dossier comes from its pack and has its number there."""
    return all(key < 0 for key in (*layout.pairs, *layout.pair_of))


def _slot(name: str, kind: str, at: int, codes: list[str], limits: list[float] | None) -> Slot:
    return Slot(name, kind, at, tuple(codes), (limits[0], limits[1]) if limits else None)


def _numbers(count: int) -> Sequence[int]:
    """The places of parts in the order of the pack."""
    return range(-1, -1 - count, -1)


def _walk(dossier: Dossier) -> tuple[Sequence[int], Sequence[int], str]:
    """The same in the order of the dossier, and a fingerprint of it: pairs must not be laid over other places."""
    of_tools = (condition for tool in dossier.tools.values() for condition in tool_conditions(tool))
    found = once((*clinical_conditions(dossier), *of_tools, *gate_conditions(dossier)))
    texts = "\n".join([condition.text for condition in found])
    nodes = [place(node) for node in nodes_of(found)]
    return [place(condition) for condition in found], nodes, hashlib.sha256(texts.encode()).hexdigest()


def _pairs(flat: list[int]) -> Iterator[Pair]:
    return zip(flat[::2], flat[1::2], strict=True)


def _plain(runs: Iterable[Run]) -> Iterator[list[Any]]:
    for operator, numbers, operands in runs:
        # JSON has no infinity.
        yield [operator, numbers, [list(map(repr, operands[0]))] if operator == "num" else operands]


def _runs(plain: list[list[Any]]) -> list[Run]:
    return [
        (operator, numbers, [list(map(float, operands[0]))] if operator == "num" else operands)
        for operator, numbers, operands in plain
    ]
