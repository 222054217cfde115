"""The rows of an encounter in, its timeline as text out: what happened, when, who, and why the tier moved."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from clinical_commander.dossier.model import Dossier
from clinical_commander.encounter.events import Event
from clinical_commander.encounter.timeline import Row
from clinical_commander.render.event import timeline_line
from clinical_commander.render.layout import Page
from clinical_commander.render.reasons import Reasons
from clinical_commander.render.words import Words, titles

GROUP = "encounter"
_LATE = timedelta(minutes=1)
"""An event that was recorded later than this after it was so says when it was recorded."""
_MOST = 8


def timeline_text(
    rows: Sequence[Row], dossier: Dossier, width: int = 100, colour: bool = False, unicode: bool = True
) -> str:
    """The timeline as text.

    Args:
        rows: As `encounter.timeline` gives them.
        dossier: That of the encounter now; gives the names and the words.
        width: Columns of the terminal, at least 40.
        colour: Whether to use colours; a word always says the same.
        unicode: Whether the terminal shows more than ASCII.
    """
    page, words = Page(width, colour=colour, unicode=unicode), Words(dossier)
    page.text(dossier.watermark.upper(), tint="watermark")
    page.blank()
    page.text(f"{words.name(GROUP, 'timeline')}: {rows[0].events[0].encounter}" if rows else "", tint="heading")
    write_rows(rows, words, page)
    return str(page)


def write_rows(rows: Sequence[Row], words: Words, page: Page) -> None:
    """Writes the rows on a page, the first first."""
    events = [event for row in rows for event in row.events]
    for row in rows:
        _row(row, events, page, words)


def _row(row: Row, events: Sequence[Event], page: Page, words: Words) -> None:
    event, last = row.events[0], row.events[-1]
    number = str(event.seq) if event is last else f"{event.seq}–{last.seq}"
    late = abs(last.recorded - event.effective) > _LATE
    note = f" ({words.say('recorded', clock(last.recorded), group=GROUP)})" if late else ""
    page.blank()
    page.text(f"{number}  {clock(event.effective)}  {event.actor}{note}")
    page.row([timeline_line(one, events, words) for one in row.events], 5)
    if row.before is not None:
        _moved(row, page, words)
    for key, names in (("starts", row.fires), ("ends", row.ends)):
        if names:
            text = words.say(key, "; ".join(words.title(name) for name in names), group=GROUP)
            page.item(text, "alarm" if key == "starts" else "done", 5, "urgent" if key == "starts" else "")


def _moved(row: Row, page: Page, words: Words) -> None:
    said = titles(words.dossier.tier)
    before, now = (f" {words.say('or')} ".join(said.get(v, v) for v in tier) for tier in (row.before or (), row.tier))
    moved = f"{before} {'→' if page.unicode else '->'} {now}" if before else now
    page.item(f"{words.name(GROUP, 'tier')}: {moved}", "item", 5, "strong")
    if row.replayed is None:
        page.text(words.name(GROUP, "erased"), 9, "quiet")
        return
    assessment = row.replayed.assessment
    reasons = Reasons(assessment, words)
    for reason in reasons.of(assessment.tier.because) if _settles(row) else ():
        parts = "; ".join(reason.parts)
        rule = ": ".join(part for part in (reason.rule, parts) if part)
        values = reasons.values(reason.facts)
        text = f"{rule} ({values})" if rule and values else rule or values
        page.text(words.say("because", text, group=GROUP), 9)
    if not _settles(row) and assessment.tier.missing:
        page.text(words.say("cannot_say", words.labels(assessment.tier.missing, _MOST), group=GROUP), 9)
    if row.facts:
        # What grew stale stands under what is missing; what stands here is what came.
        reports = assessment.facts
        text = reasons.values([name for name in row.facts if name in reports and reports[name].state != "stale"])
        if text:
            page.text(words.say("changed", text, group=GROUP), 9, "quiet")


def _settles(row: Row) -> bool:
    """Grounds of the lowest value are no answer while the tier is open."""
    if row.replayed is None:
        return False
    tier = row.replayed.assessment.tier
    return tier.settled or tier.possible[:1] != (row.replayed.dossier.tier.values[0].id,)


def clock(moment: datetime) -> str:
    """A moment to the minute in its own zone, which is named: nobody guesses whose clock it is."""
    zone = moment.strftime("%z")
    return f"{moment:%Y-%m-%d %H:%M} {zone[:3]}:{zone[3:5]}"
