"""A view of a patient in, what each tool says out: item by item what counted, what is missing, what it could move.

Scores reassure as easily as they alarm, so they rest on fresh values alone. An open item is an interval, never a
default; a band is named only where every value that is left lies in it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from clinical_commander.dossier import tool_terms
from clinical_commander.dossier.model import Dossier, Series, Source, Tool, ToolItem, ToolRow
from clinical_commander.engine.assessment import NO_TEXT, ScoreReport, Text
from clinical_commander.engine.settle import Reader
from clinical_commander.engine.situation import View
from clinical_commander.logic import ir
from clinical_commander.program.columns import Pair
from clinical_commander.program.program import Program, ToolColumns

_NAMES = (ir.Named, ir.ToolNumber, ir.ToolCode, ir.AnswerCode, ir.Circumstance, ir.IsTrue)


class Scores:
    """Reads the tools of a dossier off a view. One per dossier; holds nothing of a patient."""

    def __init__(self, dossier: Dossier, program: Program) -> None:
        self.program = program
        self.tools = [_Ready(dossier.tools[id], program.tools[id], dossier.tools) for id in dossier.scores]

    def evaluated(self, view: View) -> View:
        """The view with the columns of the tools, which the views of earlier moments can do without."""
        columns = self.program.evaluate_scores(view.x, view.columns)
        return View(view.known, view.x, columns, Reader(self.program, view.x, columns))

    def report(self, view: View, withheld: str = "") -> dict[str, ScoreReport]:
        """What each tool says of an evaluated view; nothing but the reason where scores are withheld."""
        return {ready.tool.id: ready.report(view, withheld) for ready in self.tools}


class _ReadyItem:
    """An item with everything about it that no patient changes."""

    def __init__(self, item: ToolItem, at: Pair) -> None:
        self.low, self.high = at
        self.assumed = item.assumed
        self.head = {"id": item.id, "title": Text(item.title)}
        self.of = tuple(dict.fromkeys(_number(level.points) for level in item.levels))
        self.conditions = tuple(level.when.expr for level in item.levels)
        facts = dict.fromkeys(fact for expr in self.conditions for fact in ir.facts_of(expr))
        plain = not any(isinstance(n, _NAMES) for expr in self.conditions for n in expr.walk())
        # Most items read one fact: where the item is open, that is what it waits for.
        self.only_fact = tuple(facts) if len(facts) == 1 and plain else ()

    def report(self, reader: Reader, columns: Sequence[Any]) -> dict[str, Any]:
        low, high = columns[self.low], columns[self.high]
        missing = self.missing(reader) if low != high or self.assumed else ()
        return {
            **self.head,
            "points": _number(low) if low == high else None,
            "low": _number(low),
            "high": _number(high),
            "state": "missing" if missing or low != high else "counts" if low else "does_not",
            "missing": missing,
            "assumed": self.assumed and bool(missing),
            "of": self.of,
        }

    def missing(self, reader: Reader) -> tuple[str, ...]:
        """The facts that could still change its points."""
        if self.only_fact:
            return () if reader.known(self.only_fact[0]) else self.only_fact
        return tuple(dict.fromkeys(name for expr in self.conditions for name in reader.missing(expr)))


class _Ready:
    """One tool with everything about it that no patient changes."""

    def __init__(self, tool: Tool, at: ToolColumns, tools: Mapping[str, Tool]) -> None:
        self.tool, self.at = tool, at
        self.applies = tool_terms.applies(tool, tools)
        self.items = [_ReadyItem(item, pair) for item, pair in zip(tool.items, at.items, strict=False)]
        self.bands = [(band.id, pair[0]) for band, pair in zip(tool.bands, at.bands, strict=False)]
        self.rates = {band.id: _rates(band.series) for band in tool.bands}
        self.value_rates = {one.value: _rates(one.series) for one in tool.value_series}
        self.recalled = _is_recalled(tool.source)

    def report(self, view: View, withheld: str) -> ScoreReport:
        tool, at, columns = self.tool, self.at, view.columns
        applicable, why_not = self._applicable(columns, withheld)
        if applicable == "no":
            return ScoreReport(None, None, None, (), None, (), "no", Text(why_not), citations=tool.source.cite)
        items = tuple(item.report(view.reader, columns) for item in self.items)
        codes = tuple(code for code, pair in at.codes.items() if columns[pair[0]])
        bands = tuple(band for band, can in self.bands if columns[can])
        value: str | float | None = None
        low = high = None
        if at.value is not None:
            first, last = columns[at.value[0]], columns[at.value[1]]
            settled = first == last
            low, high = _ends(first, last, tool.decimals)
            value = low if settled else None
        else:
            value = _certain(at.codes, columns)
            settled = value is not None
        certain = applicable == "yes"
        band = bands[0] if certain and len(bands) == 1 else None
        value = value if certain else None
        return ScoreReport(
            value=value,
            low=low,
            high=high,
            possible=codes,
            band=band,
            bands_possible=bands,
            applicable=applicable,
            why_not=NO_TEXT,
            items=items,
            missing=self._missing(settled, items, view.reader, applicable),
            counts={name: (columns[p[0]], columns[p[1]]) for name, p in at.counts.items()},
            readings=tuple(self._readings(view)),
            rates=self._rates(value, band),
            text=self._text(value, band, view.reader),
            recalled=self.recalled,
            citations=tool.source.cite,
        )

    def _applicable(self, columns: Sequence[Any], withheld: str) -> tuple[str, str]:
        if self.tool.withheld:
            return "no", self.tool.withheld
        if withheld:
            return "no", withheld
        can, must = self.at.applies
        if columns[must]:
            return "yes", ""
        return ("unknown", "") if columns[can] else ("no", self.tool.not_applicable)

    def _missing(
        self, settled: bool, items: Iterable[Mapping[str, Any]], reader: Reader, applicable: str
    ) -> tuple[str, ...]:
        """The facts that could still change the value, or whether there is one."""
        names: dict[str, None] = {}
        if applicable == "unknown":
            names.update(dict.fromkeys(reader.missing(self.applies)))
        adds_up = self.tool.gives_number and not settled
        for item in items:
            # What is assumed may be learnt, and then it counts.
            if adds_up or item["assumed"]:
                names.update(dict.fromkeys(item["missing"]))
        if not settled:
            formulas = (self.tool.base, self.tool.formula)
            names.update(dict.fromkeys(n for f in formulas if f is not None for n in reader.open_in(f.expr)))
            names.update(dict.fromkeys(n for row in self.tool.rows for n in reader.missing(row.when.expr)))
        return tuple(names)

    def _readings(self, view: View) -> Iterable[dict[str, Any]]:
        reader, columns = view.reader, view.columns
        for reading, codes in zip(self.tool.readings, self.at.readings, strict=True):
            possible = tuple(code for code, pair in codes.items() if columns[pair[0]])
            value = _certain(codes, columns)
            missing: Iterable[str] = (n for row in reading.rows for n in reader.missing(row.when.expr))
            low, high = None, None
            if reading.number is not None:
                missing = [name for name in reading.needs if not view.told(name)]
                if not missing:
                    first, last = self.at.numbers[reading.id]
                    low, high = _ends(columns[first], columns[last], reading.decimals)
            yield {
                "id": reading.id,
                "title": Text(reading.title),
                "value": value,
                "possible": possible,
                "low": low,
                "high": high,
                "missing": tuple(dict.fromkeys(() if value else missing)),
                "text": _row_text(reading.rows, value, reader),
                "citations": reading.source.cite,
            }

    def _rates(self, value: str | float | None, band: str | None) -> tuple[Mapping[str, Any], ...]:
        """The rates published for the value, else those for its band."""
        found = self.value_rates.get(value, ()) if value is not None else ()
        return found or (self.rates.get(band, ()) if band else ())

    def _text(self, value: str | float | None, band: str | None, reader: Reader) -> str:
        if isinstance(value, str):
            return _row_text(self.tool.rows, value, reader)
        return next((b.text for b in self.tool.bands if b.id == band), "")


def _ends(low: float, high: float, decimals: int) -> tuple[float | None, float | None]:
    """A number's least and most as they are shown; None where it has no such end."""
    return _end(low, high, decimals, math.floor), _end(high, low, decimals, math.ceil)


def _end(value: float, other: float, decimals: int, outwards: Callable[[float], int]) -> float | None:
    """One end as it is shown: rounded outwards, unless both ends are one, so that nothing possible is cut."""
    if not math.isfinite(value):
        return None
    if value == other:
        return _number(round(value, decimals))
    scale = 10**decimals
    near = round(value * scale)
    # A sum of tenths is a tenth: only what lies beyond the noise of doubles is rounded outwards.
    return _number((near if math.isclose(value * scale, near, abs_tol=1e-9) else outwards(value * scale)) / scale)


def _certain(codes: Mapping[str, Pair], columns: Sequence[Any]) -> str | None:
    """The code that must be the value; where rows leave a gap, one that is merely left is not certain."""
    return next((code for code, pair in codes.items() if columns[pair[1]]), None)


def _number(value: float) -> float:
    """A whole number as one."""
    return int(value) if math.isfinite(value) and value == int(value) else value


def _rates(series: Sequence[Series]) -> tuple[Mapping[str, Any], ...]:
    return tuple(
        {
            "cohort": Text(s.cohort),
            "n": s.n,
            "outcome": Text(s.outcome),
            "rate": s.rate,
            "ci": s.ci,
            "status": "recalled" if _is_recalled(s.source) else s.status,
            "citations": s.source.cite,
        }
        for s in series
    )


def _is_recalled(source: Source) -> bool:
    """Nothing but memory stands behind it."""
    return bool(source.basis) and set(source.basis) <= {"R"}


def _row_text(rows: Sequence[ToolRow], value: str | None, reader: Reader) -> str:
    """The text of the first row that must hold; of the only row of a value where none is certain by itself."""
    texts = [row.text for row in rows if row.value == value]
    held = [row.text for row in rows if row.value == value and reader.holds(row.when.expr)]
    return held[0] if held else texts[0] if len(texts) == 1 else ""
