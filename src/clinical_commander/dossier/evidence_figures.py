"""A differential or a tool in, its figures out: each published or judged number with its path, words and source."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from clinical_commander.dossier.model import Series, Source, Tool
from clinical_commander.dossier.model_differential import CauseThresholds, Differential, FigureRow, FindingItem

Figure = tuple[str, str, str, Source]
"""Path, kind, words and source."""


def of_differential(differential: Differential) -> Iterator[Figure]:
    """What a differential says with a source; what is only named there has none and is passed over."""
    yield from (figure for figure in _of_differential(differential) if figure[3].cite)


def _of_differential(differential: Differential) -> Iterator[Figure]:
    yield "differential", "differential", "What it could be", differential.source
    for cause in differential.causes.values():
        yield f"differential.causes.{cause.id}", "cause", cause.text or cause.title, cause.source
    for one in differential.contributors.values():
        yield f"differential.contributors.{one.id}", "contributor", one.text or one.title, one.source
    for prior in differential.priors:
        yield f"differential.priors.{prior.id}", "prior", f"Shares of the causes, {prior.region}", prior.source
    for item in differential.findings.values():
        yield from _finding(item)
    for group in differential.groups:
        yield f"differential.groups.{group.id}", "finding", f"{group.kind}: {', '.join(group.findings)}", group.source
    for cause_id, thresholds in differential.thresholds.items():
        yield from _thresholds(f"differential.thresholds.{cause_id}", thresholds)
    for burden in differential.burdens.values():
        yield f"differential.burdens.{burden.id}", "burden", burden.title, burden.source
    yield "differential.weights", "burden", "What each kind of burden weighs", differential.weights.source


def _finding(item: FindingItem) -> Iterator[Figure]:
    path = f"differential.findings.{item.id}"
    yield path, "finding", item.title, item.source
    for cause, rows in item.cells.items():
        yield from (_row(f"{path}.{cause}.{i}", f"{item.title}, {cause}", item, row) for i, row in enumerate(rows, 1))
    yield from (
        _row(f"{path}.rest.{i}", f"{item.title}, without {item.of}", item, row) for i, row in enumerate(item.rest, 1)
    )
    for i, ratio in enumerate(item.published, 1):
        words = f"{item.title}, {ratio.level}: likelihood ratio {ratio.ratio:g} for {ratio.cause}"
        yield f"{path}.published.{i}", "likelihood ratio", words, ratio.source


def _row(path: str, words: str, item: FindingItem, row: FigureRow) -> Figure:
    shares = ", ".join(f"{level.id} {p:g}" for level, p in zip(item.levels, row.p, strict=False))
    return path, "figure", f"{words}: {shares} ({row.status})", row.source


def _thresholds(path: str, thresholds: CauseThresholds) -> Iterator[Figure]:
    for kind, found in (("test", thresholds.test), ("treat", thresholds.treat)):
        for i, one in enumerate(found, 1):
            yield (
                f"{path}.{kind}.{i}",
                "accepted threshold",
                f"{kind} from {one.value:g} {one.name}".strip(),
                one.source,
            )
    yield f"{path}.stakes", "accepted threshold", f"stakes {thresholds.stakes:g}", thresholds.stakes_source


def of_tool(tool: Tool) -> Iterator[Figure]:
    """What a tool says: itself, its items, rows, bands, published rates, readings and notes."""
    path = f"tools.{tool.id}"
    yield path, "tool", tool.withheld or tool.title, tool.source
    for item in tool.items:
        yield f"{path}.items.{item.id}", "tool item", item.title, item.source
    for i, row in enumerate(tool.rows, 1):
        yield f"{path}.rows.{i}", "tool row", row.text or tool.values[row.value], row.source
    for band in tool.bands:
        yield f"{path}.bands.{band.id}", "tool band", band.title, band.source
        yield from _rates(f"{path}.bands.{band.id}", band.series)
    for one in tool.value_series:
        yield from _rates(f"{path}.values.{one.value}", one.series)
    for reading in tool.readings:
        yield f"{path}.readings.{reading.id}", "tool reading", reading.title, reading.source
        for i, row in enumerate(reading.rows, 1):
            if row.source != reading.source:
                words = row.text or reading.values[row.value]
                yield f"{path}.readings.{reading.id}.rows.{i}", "tool row", words, row.source
    for i, note in enumerate(tool.notes, 1):
        yield f"{path}.notes.{i}", "tool note", note.text, note.source


def _rates(path: str, series: Iterable[Series]) -> Iterator[Figure]:
    for i, one in enumerate(series, 1):
        yield f"{path}.series.{i}", "published rate", f"{one.outcome} {one.rate}, {one.cohort}", one.source
