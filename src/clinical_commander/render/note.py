"""An assessment in, a note to paste into a record out: plain text, at most 25 lines, safe to repeat."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from clinical_commander.dossier.model import Dossier
from clinical_commander.engine.assessment import Assessment
from clinical_commander.render.blocks import Block, Blocks
from clinical_commander.render.first_screen import FirstScreen
from clinical_commander.render.to_do import LIVE
from clinical_commander.render.words import Words, inside, titles

MOST_LINES = 25
_STEPS = 7
_WAITING = ("pending", "unobtainable")


def note_text(assessment: Assessment, dossier: Dossier, unknown: Sequence[str] = (), words: Words | None = None) -> str:
    """The note: what this is, whom it is about, tier and why, facts, what to do, what is pending, version.

    `unknown` are facts that were asked for and are not known; the assessment does not tell them from those not asked.
    `words` are those of the dossier, where they are at hand: they hold what was worked out once.
    """
    lines = list(_Note(assessment, words or Words(dossier), unknown).lines())
    return "\n".join(lines[:MOST_LINES]) + "\n"


class _Note:
    def __init__(self, assessment: Assessment, words: Words, unknown: Sequence[str]) -> None:
        self.a, self.words, self.page, self.unknown = assessment, words, Blocks(), unknown
        self.first = FirstScreen(assessment, words, self.page)

    def lines(self) -> Iterator[str]:
        a, words, first = self.a, self.words, self.first
        banner = self._blocks(first.banner)
        yield banner[0].text
        yield " · ".join(banner[2].cells if len(banner) > 2 else ())
        if scope := a.scope.text:
            yield scope
        for block in self._blocks(first.tier):
            yield block.said
        yield from self._line(words.heading("why"), self._blocks(first.why), 3)
        yield f"{words.heading('facts')}: {self._facts() or words.name('review', 'none')}"
        yield from self._steps()
        yield from self._line(words.heading("ask"), self._blocks(first.ask), 1)
        yield from self._line(words.heading("cannot_exclude"), self._blocks(first.cannot_exclude), 4)
        yield from self._line(words.heading("conflicts"), [b for b in self._blocks(first.conflicts) if b.indent < 4], 2)
        waiting = [name for name, f in a.facts.items() if f.state in _WAITING]
        if waiting:
            yield f"{words.name('fact_state', 'pending')}: {words.labels(waiting)}"
        unknown = [*dict.fromkeys([*self.unknown, *(n for n, f in a.facts.items() if f.state == "unknown")])]
        if unknown:
            yield f"{words.say('asked_unknown')}: {words.labels(unknown)}"
        not_asked = [name for name in a.tier.not_asked if name not in unknown]
        if not_asked:
            yield f"{words.heading('not_asked')}: {words.labels(not_asked, 8)}"
        if not a.disposition.withheld:
            called = titles(self.words.dossier.disposition)
            possible = " / ".join(inside(called[v]) for v in a.disposition.possible)
            yield f"{words.heading('disposition')}: {possible}"
        yield f"{a.dossier} {a.content_version}, {a.content_hash[:12]}, {a.at:%Y-%m-%d %H:%M %Z}; {a.watermark}"

    def _blocks(self, write: Callable[[], None]) -> list[Block]:
        return [block for section in self.page.taken(write) for block in section.blocks]

    def _line(self, name: str, blocks: Sequence[Block], most: int) -> Iterator[str]:
        said = [b.said for b in blocks]
        if said:
            more = f" (+{len(said) - most})" if len(said) > most else ""
            yield f"{name}: {'; '.join(said[:most])}{more}"

    def _facts(self) -> str:
        order = [f for f in self.words.dossier.facts if f in self.a.facts]
        named = [f for f in order if not self.a.facts[f].origin.startswith("implied:")]
        return self.first.reasons.values(named)

    def _steps(self) -> Iterator[str]:
        """What is to be done at once, one a line, and what is held back."""
        steps = [b for b in self._blocks(self.first.to_do.do_now) if b.sign in LIVE]
        for block in steps[:_STEPS]:
            yield f"[ ] {block.time + ' ' if block.time else ''}{block.text}"
        if len(steps) > _STEPS:
            yield f"    (+{len(steps) - _STEPS})"
