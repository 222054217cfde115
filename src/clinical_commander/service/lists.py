"""A desk or a timeline in, what the lists of encounters and of events show out."""

from __future__ import annotations

from collections.abc import Sequence

from clinical_commander.encounter import Row
from clinical_commander.errors import DamagedLog, EncounterError
from clinical_commander.frozen import frozen
from clinical_commander.render.blocks import Blocks, Section
from clinical_commander.render.timeline import clock, write_rows
from clinical_commander.render.words import Words, inside, titles
from clinical_commander.service.chart import SHOWN, Chart
from clinical_commander.service.desk import Desk


@frozen
class Listed:
    """One encounter of the list. `fault` where it cannot be read."""

    id: str
    label: str
    setting: str
    tier: str
    events: int
    last: str
    fault: str = ""


def listed(desk: Desk, most: int) -> Sequence[Listed]:
    """The encounters in which something happened last, newest first; the tier is the one that was shown last."""
    found = []
    for event in desk.log.recent(most):
        try:
            found.append(_listed(desk.chart(event.encounter), desk))
        except (DamagedLog, EncounterError) as error:
            found.append(Listed(event.encounter, "", "", "", event.seq, clock(event.recorded), str(error)))
    return found


def _listed(chart: Chart, desk: Desk) -> Listed:
    words = desk.words(chart.events[-1].pack)
    shown = next((e.payload for e in reversed(chart.events) if e.kind == SHOWN and e.payload), None)
    called = titles(words.dossier.tier)
    tier = shown["summary"]["tier"]["possible"] if shown else ()
    return Listed(
        id=chart.id,
        label=chart.placed("label"),
        setting=words.name("setting", chart.placed("setting")),
        tier=f" {words.say('or')} ".join(inside(called.get(v, v)) for v in tier),
        events=chart.seq,
        last=clock(chart.events[-1].recorded.astimezone()),
    )


class TimelineView:
    """The timeline of one encounter, in the words of its text form."""

    def __init__(self, id: str, rows: Sequence[Row], words: Words) -> None:
        self.id, self.words, self.count = id, words, len(rows)
        page = Blocks()
        self.sections: Sequence[Section] = page.taken(lambda: write_rows(rows, words, page))

    def say(self, key: str, *parts: str) -> str:
        """A word of the page."""
        return self.words.say(key, *parts, group="page")
