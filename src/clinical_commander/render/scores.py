"""What a tool says of a patient in, lines out: one for an assessment, a page by itself for `commander tool`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from clinical_commander.dossier.model import Dossier, Tool
from clinical_commander.engine.assessment import ScoreReport
from clinical_commander.quantity import Unit, format_quantity
from clinical_commander.render.layout import Page
from clinical_commander.render.words import Words

GROUP = "score"
_SIGNS = {"counts": "done", "does_not": "not_needed", "missing": "ask_first"}


def tool_text(
    tool: Tool, report: ScoreReport, dossier: Dossier, width: int = 100, colour: bool = False, unicode: bool = True
) -> str:
    """A page on what one tool says.

    Args:
        tool: The tool.
        report: What it says of the patient.
        dossier: Gives the labels of the facts and the words.
        width: Columns of the terminal, at least 40.
        colour: Whether to use colours; a word always says the same.
        unicode: Whether the terminal shows more than ASCII.
    """
    page = Page(width, colour=colour, unicode=unicode)
    _ToolPage(tool, report, Words(dossier), page).write()
    return str(page)


def says_something(tool: Tool, report: ScoreReport) -> bool:
    """Whether a score is more than the questions it asks: some value or band of it is ruled out."""
    if report.applicable == "no":
        return False
    if tool.bands:
        return len(report.bands_possible) < len(tool.bands)
    if tool.gives_number:
        return (report.low, report.high) != tool.range
    return len(report.possible) < len(tool.values)


def score_line(tool: Tool, report: ScoreReport, words: Words) -> str:
    """What a tool says in one line: `3 of 0 to 5, High`, `between 1 and 3 of 0 to 5; Low or Moderate`."""
    if report.applicable == "no":
        return f"{words.name('applicable', 'no')}. {report.why_not}".strip()
    said = _number(tool, report, words) if tool.gives_number else _code(tool, report, words)
    bands = {band.id: band.title for band in tool.bands}
    if report.band is not None:
        said += f", {bands[report.band]}"
    elif report.bands_possible:
        either = f" {words.say('or')} "
        said += f"; {words.name('answer', 'possible')}: {either.join(bands[b] for b in report.bands_possible)}"
    if report.applicable == "unknown":
        said += f" ({words.name('applicable', 'unknown')})"
    return said + (f" ({words.say('recalled', group=GROUP)})" if report.recalled else "")


def _number(tool: Tool, report: ScoreReport, words: Words) -> str:
    whole = ""
    if tool.range is not None and tool.kind == "sum":
        whole = words.say("of_range", *(f"{end:g}" for end in tool.range), group=GROUP)
    return f"{_interval(report.low, report.high, tool.unit, tool.decimals, words)} {whole}".strip()


def _interval(low: float | None, high: float | None, unit: Unit | None, decimals: int, words: Words) -> str:
    """What a number can be: `3 mL`, `between 1 and 3 mL`, `at least 3 mL`."""

    def quantity(value: float) -> str:
        return format_quantity(float(value), unit.code if unit else "1", decimals)

    if low is None and high is None:
        return words.name("truth", "unknown")
    if low is None:
        assert high is not None
        return words.say("at_most", quantity(high), group="answer")
    if high is None:
        return words.say("at_least", quantity(low), group="answer")
    if low == high:
        return quantity(low)
    return words.say("between", format_quantity(float(low), "1", decimals), quantity(high), group=GROUP)


def _code(tool: Tool, report: ScoreReport, words: Words) -> str:
    if isinstance(report.value, str):
        return tool.values.get(report.value, report.value)
    left = [tool.values.get(code, code) for code in report.possible]
    either = f" {words.say('or')} "
    return f"{words.name('answer', 'possible')}: {either.join(left)}"


class _ToolPage:
    def __init__(self, tool: Tool, report: ScoreReport, words: Words, page: Page) -> None:
        self.tool, self.report, self.words, self.page = tool, report, words, page

    def say(self, key: str, *parts: str) -> str:
        return self.words.say(key, *parts, group=GROUP)

    def write(self) -> None:
        tool, report, page = self.tool, self.report, self.page
        page.title(tool.title)
        page.text(self.words.dossier.watermark, tint="watermark")
        if tool.population:
            page.pair(self.say("population"), tool.population, indent=0)
        page.blank()
        page.pair(self.say("result"), score_line(tool, report, self.words), indent=0, tint="strong")
        if report.text:
            page.text(report.text)
        if report.missing:
            page.pair(self.words.name("answer", "missing"), self.words.labels(report.missing), indent=0)
        self.items()
        self.readings()
        self.rates()
        self.notes()
        self.sources()

    def items(self) -> None:
        if not self.report.items:
            return
        self.page.heading(self.say("items"))
        for item in self.report.items:
            low, high = f"{item['low']:g}", f"{item['high']:g}"
            points = low if item["points"] is not None else self.say("to", low, high)
            note = ""
            if item["state"] == "missing":
                note = self.words.labels(item["missing"])
                note = f"{note} ({self.say('assumed')})" if item["assumed"] else note
            self.page.item(item["title"].text, _SIGNS[item["state"]], note=note, time=points)

    def readings(self) -> None:
        if not self.report.readings:
            return
        self.page.heading(self.say("readings"))
        known = {reading.id: reading for reading in self.tool.readings}
        for found in self.report.readings:
            reading = known[found["id"]]
            if reading.number is not None:
                said = _interval(found["low"], found["high"], reading.unit, reading.decimals, self.words)
                self.page.pair(reading.title, said)
                if found["missing"]:
                    self.page.text(self.words.labels(found["missing"]), 6, "quiet")
                continue
            left = f" {self.words.say('or')} ".join(reading.values.get(code, code) for code in found["possible"])
            said = left if found["value"] is not None else f"{self.words.name('answer', 'possible')}: {left}"
            self.page.pair(reading.title, f"{said}. {found['text']}".strip() if found["text"] else said)
            # What the value waits for stands above, once.
            missing = [name for name in found["missing"] if name not in self.report.missing]
            if missing:
                self.page.text(self.words.labels(missing), 6, "quiet")

    def rates(self) -> None:
        if not self.report.rates:
            return
        self.page.heading(self.say("published"))
        for rate in self.report.rates:
            self.page.item(self.rate(rate))

    def rate(self, rate: Mapping[str, Any]) -> str:
        number = f", n = {rate['n']}" if rate["n"] is not None else ""
        ci = f" ({rate['ci']})" if rate["ci"] else ""
        said = f"{rate['outcome']}: {rate['rate']}{ci}; {rate['cohort']}{number} [{', '.join(rate['citations'])}]"
        return f"{said} ({self.say('recalled')})" if rate["status"] == "recalled" else said

    def notes(self) -> None:
        if not self.tool.notes:
            return
        self.page.heading(self.say("notes"))
        for note in self.tool.notes:
            self.page.item(f"{self.say(note.kind)}: {note.text}")

    def sources(self) -> None:
        citations = self.words.dossier.citations
        self.page.heading(self.words.heading("sources"))
        for id in self.report.citations:
            if id in citations:
                state = self.words.name("review", citations[id].review)
                self.page.item(f"{citations[id].title} [{id}], {state}")
        if self.tool.licence:
            self.page.pair(self.say("licence"), self.tool.licence)
