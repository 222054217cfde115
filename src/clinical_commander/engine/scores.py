"""A view of a patient in, what each tool says out: item by item what counted, what is missing, what it could move.

Scores reassure as easily as they alarm, so they rest on fresh values alone. An open item is an interval, never a
default; a band is named only where every value that is left lies in it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property
from typing import Any

from clinical_commander.dossier import tool_terms
from clinical_commander.dossier.model import Dossier, Reading, Series, Source, Tool, ToolItem, ToolRow
from clinical_commander.engine.assessment import NO_TEXT, ScoreReport, Text
from clinical_commander.engine.settle import Reader
from clinical_commander.engine.situation import View
from clinical_commander.engine.written import Written
from clinical_commander.logic import ir
from clinical_commander.program.columns import Pair
from clinical_commander.program.openings import Opening, Openings
from clinical_commander.program.program import Program, ToolColumns
from clinical_commander.program.references import Later

_NAMES = (ir.Named, ir.ToolNumber, ir.ToolCode, ir.AnswerCode, ir.Circumstance, ir.IsTrue)


class Scores:
    """Reads the tools of a dossier off a view. One per dossier; holds nothing of a patient."""

    def __init__(self, dossier: Dossier, program: Program) -> None:
        self.program = program
        self.tools = [
            _Ready(dossier.tools[id], program.tools[id], dossier.tools, program.openings) for id in dossier.scores
        ]

    def evaluated(self, view: View) -> View:
        """The view with the columns of the tools, which the views of earlier moments can do without."""
        columns = self.program.evaluate_scores(view.x, view.columns)
        return View(view.known, view.x, columns, view.reader.longer(columns))

    def report(self, view: View, withheld: str = "") -> dict[str, ScoreReport]:
        """What each tool says of an evaluated view; nothing but the reason where scores are withheld."""
        return {ready.tool.id: ready.report(view, withheld) for ready in self.tools}


class _ReadyItem:
    """An item with everything about it that no patient changes."""

    def __init__(self, item: ToolItem, at: Pair, openings: Openings) -> None:
        self.low, self.high = at
        self.openings = openings
        self.assumed = item.assumed
        self.head = {"id": item.id, "title": Text(item.title)}
        self.of = tuple(dict.fromkeys(_number(level.points) for level in item.levels))
        self.levels = item.levels
        self._lines: dict[tuple[float, float, tuple[str, ...]], Written] = {}

    @cached_property
    def opening(self) -> Opening:
        """What could still change its points."""
        conditions = [level.when.expr for level in self.levels]
        facts = dict.fromkeys(fact for expr in conditions for fact in ir.facts_of(expr))
        plain = not any(isinstance(n, _NAMES) for expr in conditions for n in expr.walk())
        # Most items read one fact: where the item is open, that is what it waits for.
        return self.openings.fact(next(iter(facts))) if len(facts) == 1 and plain else self.openings.of(conditions)

    def report(self, reader: Reader, columns: Sequence[Any]) -> Written:
        low, high = columns[self.low], columns[self.high]
        missing = reader.open(self.opening) if low != high or self.assumed else ()
        found = self._lines.get((low, high, missing))  # what an item can say is one of a few lines
        if found is None:
            found = self._lines[low, high, missing] = self._line(low, high, missing)
        return found

    def _line(self, low: float, high: float, missing: tuple[str, ...]) -> Written:
        return Written(
            **self.head,
            points=_number(low) if low == high else None,
            low=_number(low),
            high=_number(high),
            state="missing" if missing or low != high else "counts" if low else "does_not",
            missing=missing,
            assumed=self.assumed and bool(missing),
            of=self.of,
        )


class _ReadyCodes:
    """The codes that rows can give, each with its columns, and what opens the rows."""

    def __init__(self, rows: Sequence[ToolRow], codes: Mapping[str, Pair], openings: Openings) -> None:
        self.rows, self.openings = rows, openings
        self.codes = [(code, can, must) for code, (can, must) in codes.items()]

    def possible(self, columns: Sequence[Any]) -> tuple[str, ...]:
        return tuple([code for code, can, _ in self.codes if columns[can]])

    def certain(self, columns: Sequence[Any]) -> str | None:
        """The code that must be the value; where rows leave a gap, one that is merely left is not certain."""
        for code, _, must in self.codes:
            if columns[must]:
                return code
        return None

    @cached_property
    def opening(self) -> Opening:
        """What could still change which row holds."""
        return self.openings.of([row.when.expr for row in self.rows])

    def text(self, value: str | None, reader: Reader) -> str:
        """The text of the first row that must hold; of the only row of a value where none is certain by itself."""
        if value is None:
            return ""
        rows = [row for row in self.rows if row.value == value]
        held = next((row.text for row in rows if reader.holds(row.when.expr)), None)
        return held if held is not None else rows[0].text if len(rows) == 1 else ""


class _ReadyReading:
    """A reading of a tool with everything about it that no patient changes."""

    def __init__(self, reading: Reading, codes: Mapping[str, Pair], number: Pair | None, openings: Openings) -> None:
        self.reading, self.number = reading, number
        self.codes = _ReadyCodes(reading.rows, codes, openings)
        self.head = {"id": reading.id, "title": Text(reading.title)}
        self._lines: dict[tuple[object, ...], Written] = {}

    def report(self, view: View) -> Written:
        reading, codes, reader, columns = self.reading, self.codes, view.reader, view.columns
        value, possible, text = codes.certain(columns), codes.possible(columns), ""
        if self.number is None:
            missing = () if value else reader.open(codes.opening)
            text = codes.text(value, reader)
            found = self._lines.get((value, possible, missing, text))
            if found is None:
                found = self._lines[value, possible, missing, text] = self._line(value, possible, missing, text)
            return found
        low = high = None
        missing = tuple(dict.fromkeys(name for name in reading.needs if not view.told(name)))
        if not missing:
            low, high = _ends(columns[self.number[0]], columns[self.number[1]], reading.decimals)
        return self._line(value, possible, missing, codes.text(value, reader), low, high)

    def _line(
        self,
        value: str | None,
        possible: tuple[str, ...],
        missing: tuple[str, ...],
        text: str,
        low: float | None = None,
        high: float | None = None,
    ) -> Written:
        return Written(
            **self.head,
            value=value,
            possible=possible,
            low=low,
            high=high,
            missing=missing,
            text=text,
            citations=self.reading.source.cite,
        )


class _Ready:
    """One tool with everything about it that no patient changes."""

    def __init__(self, tool: Tool, at: ToolColumns, tools: Mapping[str, Tool], openings: Openings) -> None:
        self.tool, self.at = tool, at
        self.tools, self.openings = tools, openings
        self.items = [_ReadyItem(item, pair, openings) for item, pair in zip(tool.items, at.items, strict=False)]
        self.codes = _ReadyCodes(tool.rows, at.codes, openings)
        self.readings = [
            _ReadyReading(reading, codes, at.numbers.get(reading.id), openings)
            for reading, codes in zip(tool.readings, at.readings, strict=not tool.withheld)
        ]
        self.bands = [(band.id, pair[0]) for band, pair in zip(tool.bands, at.bands, strict=False)]
        self.rates = Later([band.id for band in tool.bands], self._rates_of_band)
        self.value_rates = Later([one.value for one in tool.value_series], self._rates_of_value)
        self.recalled = _is_recalled(tool.source)

    @cached_property
    def applies(self) -> Opening:
        """What could still change whether it applies."""
        return self.openings.of([tool_terms.applies(self.tool, self.tools)])

    @cached_property
    def formulas(self) -> Opening:
        """What could still change a value that is computed, or a code."""
        formulas = [formula.expr for formula in (self.tool.base, self.tool.formula) if formula is not None]
        return self.openings.of([row.when.expr for row in self.tool.rows], formulas)

    def _rates_of_band(self, id: str) -> tuple[Mapping[str, Any], ...]:
        return next(_rates(band.series) for band in self.tool.bands if band.id == id)

    def _rates_of_value(self, value: str | float) -> tuple[Mapping[str, Any], ...]:
        return [_rates(one.series) for one in self.tool.value_series if one.value == value][-1]

    def report(self, view: View, withheld: str) -> ScoreReport:
        tool, at, columns = self.tool, self.at, view.columns
        applicable, why_not = self._applicable(columns, withheld)
        if applicable == "no":
            return ScoreReport(None, None, None, (), None, (), "no", Text(why_not), citations=tool.source.cite)
        items = tuple([item.report(view.reader, columns) for item in self.items])
        bands = tuple([band for band, can in self.bands if columns[can]])
        value: str | float | None = None
        low = high = None
        if at.value is not None:
            first, last = columns[at.value[0]], columns[at.value[1]]
            settled = first == last
            low, high = _ends(first, last, tool.decimals)
            value = low if settled else None
        else:
            value = self.codes.certain(columns)
            settled = value is not None
        certain = applicable == "yes"
        band = bands[0] if certain and len(bands) == 1 else None
        value = value if certain else None
        return ScoreReport(
            value=value,
            low=low,
            high=high,
            possible=self.codes.possible(columns),
            band=band,
            bands_possible=bands,
            applicable=applicable,
            why_not=NO_TEXT,
            items=items,
            missing=self._missing(settled, items, view.reader, applicable),
            counts={name: (columns[p[0]], columns[p[1]]) for name, p in at.counts.items()},
            readings=tuple([reading.report(view) for reading in self.readings]),
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
            names.update(dict.fromkeys(reader.open(self.applies)))
        adds_up = self.tool.gives_number and not settled
        for item in items:
            # What is assumed may be learnt, and then it counts.
            if adds_up or item["assumed"]:
                names.update(dict.fromkeys(item["missing"]))
        if not settled:
            names.update(dict.fromkeys(reader.open(self.formulas)))
        return tuple(names)

    def _rates(self, value: str | float | None, band: str | None) -> tuple[Mapping[str, Any], ...]:
        """The rates published for the value, else those for its band."""
        found = self.value_rates.get(value, ()) if value is not None else ()
        return found or (self.rates.get(band, ()) if band else ())

    def _text(self, value: str | float | None, band: str | None, reader: Reader) -> str:
        if isinstance(value, str):
            return self.codes.text(value, reader)
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


def _number(value: float) -> float:
    """A whole number as one."""
    return int(value) if value.is_integer() else value


def _rates(series: Sequence[Series]) -> tuple[Mapping[str, Any], ...]:
    return tuple(
        Written(
            cohort=Text(s.cohort),
            n=s.n,
            outcome=Text(s.outcome),
            rate=s.rate,
            ci=s.ci,
            status="recalled" if _is_recalled(s.source) else s.status,
            citations=s.source.cite,
        )
        for s in series
    )


def _is_recalled(source: Source) -> bool:
    """Nothing but memory stands behind it."""
    return bool(source.basis) and set(source.basis) <= {"R"}
