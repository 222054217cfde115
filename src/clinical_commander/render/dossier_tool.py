"""A score or codifier in, its lines out: what it counts, what each band means, from which cohort, and its traps."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from clinical_commander.dossier.model import Band, Series, Source, Tool

if TYPE_CHECKING:
    from clinical_commander.render.dossier_browse import BrowsedDossier

GROUP = "library"


def write_tool(writer: BrowsedDossier, tool: Tool) -> None:
    """One tool in full."""
    words, page = writer.words, writer.page
    page.mark("tool", tool.id)
    page.item(f"{tool.title} ({tool.id})", tint="strong")
    page.row([words.name("tool_kind", tool.kind), words.name("review", tool.review)], 4)
    if tool.withheld:
        page.text(words.say("withheld", tool.withheld), 4, "urgent")
    for key, text in (("population", tool.population), ("licence", tool.licence)):
        if text:
            page.pair(words.name("score", key), text, indent=4)
    writer.condition("applies_when", tool.applies_when, 4)
    if tool.not_applicable:
        page.text(tool.not_applicable, 4)
    for formula in (tool.base, tool.formula):
        writer.code(formula, 4)
    _items(writer, tool)
    for row in tool.rows:
        page.item(f"{tool.values.get(row.value, row.value)}. {row.text}".strip(), indent=4)
        writer.code(row.when)
        _own(writer, row.source, tool)
    for band in tool.bands:
        _band(writer, band, tool)
    rates = [[f"{one.value}", *_rate(rate)] for one in tool.value_series for rate in one.series]
    writer.blocks_page.table(words.name("score", "published"), _columns(writer), rates)
    for reading in tool.readings:
        page.item(reading.title, indent=4)
        for row in reading.rows:
            page.item(f"{reading.values.get(row.value, row.value)}. {row.text}".strip(), indent=6)
            writer.code(row.when)
        writer.code(reading.number)
        _own(writer, reading.source, tool)
    for note in tool.notes:
        page.item(f"{words.name('score', note.kind)}: {note.text}", indent=4)
        _own(writer, note.source, tool)
    writer.source(tool.source, 4)


def _items(writer: BrowsedDossier, tool: Tool) -> None:
    words, page = writer.words, writer.page
    for item in tool.items:
        assumed = f" ({words.name('score', 'assumed')})" if item.assumed else ""
        page.item(item.title + assumed, indent=4)
        for level in item.levels:
            page.pair(words.say("points", f"{level.points:g}", group=GROUP), level.text or words.clause(level.when), 6)
            writer.code(level.when, 6)
        _own(writer, item.source, tool)


def _band(writer: BrowsedDossier, band: Band, tool: Tool) -> None:
    words, page = writer.words, writer.page
    page.item(f"{band.title}. {band.text}".strip() if band.text else band.title, indent=4)
    if band.when is not None:
        writer.condition("when", band.when)
    writer.blocks_page.table(
        words.name("score", "published"), _columns(writer), [[band.title, *_rate(s)] for s in band.series]
    )
    _own(writer, band.source, tool)


def _own(writer: BrowsedDossier, source: Source, tool: Tool) -> None:
    """The source of a part, where it is not that of the whole tool."""
    if source != tool.source:
        writer.source(source)


def _columns(writer: BrowsedDossier) -> list[str]:
    return [writer.words.say(f"rate_{key}", group=GROUP) for key in ("of", "outcome", "rate", "ci", "cohort", "status")]


def _rate(series: Series) -> Iterable[str]:
    n = f", n {series.n}" if series.n else ""
    return series.outcome, series.rate, series.ci, series.cohort + n, series.status
