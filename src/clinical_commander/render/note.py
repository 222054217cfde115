"""An assessment in, a note to paste into a record out: plain text or Markdown, at most 25 lines, safe to repeat."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence

from clinical_commander.dossier.model import Dossier
from clinical_commander.engine.assessment import Assessment
from clinical_commander.frozen import frozen
from clinical_commander.render.blocks import Block, Blocks
from clinical_commander.render.first_screen import FirstScreen
from clinical_commander.render.to_do import LIVE
from clinical_commander.render.words import Words, inside, titles

MOST_LINES = 25
_STEPS = 7
_WAITING = ("pending", "unobtainable")
_MARKED = re.compile(r"([\\`*_{}\[\]<>#|])")
"""What Markdown would take for its own."""


@frozen
class Line:
    """One line of a note: its name, empty where it has none, and what it says. `step`: it can be ticked."""

    text: str
    name: str = ""
    step: bool = False


def note_text(assessment: Assessment, dossier: Dossier, unknown: Sequence[str] = (), words: Words | None = None) -> str:
    """The note as plain text: what this is, whom it is about, tier, why, facts, what to do, what is open, version.

    `unknown` are facts that were asked for and are not known, where the assessment does not say so itself.
    `words` are those of the dossier, where they are at hand: they hold what was worked out once.
    """
    return plain(note_lines(assessment, words or Words(dossier), unknown))


def note_lines(assessment: Assessment, words: Words, unknown: Sequence[str] = ()) -> Sequence[Line]:
    """The lines of the note."""
    lines = list(_Note(assessment, words, unknown).lines())
    if len(lines) > MOST_LINES:  # what this is and which version says so stand in every note
        lines = [*lines[: MOST_LINES - 1], lines[-1]]
    return lines


def plain(lines: Sequence[Line]) -> str:
    """The note as plain text."""
    return "\n".join(map(_plain, lines)) + "\n"


def markdown(lines: Sequence[Line]) -> str:
    """The note as a list of Markdown, with names in bold and steps to tick."""
    return "\n".join(map(_markdown, lines)) + "\n"


def _plain(line: Line) -> str:
    if line.step:
        return f"[ ] {line.text}"
    return f"{line.name}: {line.text}" if line.name else line.text


def _markdown(line: Line) -> str:
    text, name = (_MARKED.sub(r"\\\1", part) for part in (line.text, line.name))
    if line.step:
        return f"- [ ] {text}"
    return f"- **{name}:** {text}" if name else f"- {text}"


class _Note:
    def __init__(self, assessment: Assessment, words: Words, unknown: Sequence[str]) -> None:
        self.a, self.words, self.page, self.unknown = assessment, words, Blocks(), unknown
        self.first = FirstScreen(assessment, words, self.page)

    def lines(self) -> Iterator[Line]:
        a, words, first = self.a, self.words, self.first
        banner = self._blocks(first.banner)
        yield Line(banner[0].text)
        yield Line(" · ".join(banner[2].cells if len(banner) > 2 else ()))
        if scope := a.scope.text:
            yield Line(str(scope))
        for block in self._blocks(first.tier):
            yield Line(block.said)
        yield from self._line(words.heading("why"), self._blocks(first.why), 3)
        yield Line(self._facts() or words.name("review", "none"), words.heading("facts"))
        yield from self._steps()
        yield from self._done()
        yield from self._line(words.heading("ask"), self._blocks(first.ask), 1)
        yield from self._line(words.heading("cannot_exclude"), self._blocks(first.cannot_exclude), 4)
        yield from self._line(words.heading("conflicts"), [b for b in self._blocks(first.conflicts) if b.indent < 4], 2)
        waiting = [name for name, f in a.facts.items() if f.state in _WAITING]
        if waiting:
            yield Line(words.labels(waiting), words.name("fact_state", "pending"))
        unknown = [*dict.fromkeys([*self.unknown, *(n for n, f in a.facts.items() if f.state == "unknown")])]
        if unknown:
            yield Line(words.labels(unknown), words.say("asked_unknown"))
        not_asked = [name for name in a.tier.not_asked if name not in unknown]
        if not_asked:
            yield Line(words.labels(not_asked, 8), words.heading("not_asked"))
        if not a.disposition.withheld:
            called = titles(self.words.dossier.disposition)
            possible = " / ".join(inside(called[v]) for v in a.disposition.possible)
            yield Line(possible, words.heading("disposition"))
        yield Line(f"{a.dossier} {a.content_version}, {a.content_hash[:12]}, {a.at:%Y-%m-%d %H:%M %Z}; {a.watermark}")

    def _blocks(self, write: Callable[[], None]) -> list[Block]:
        return [block for section in self.page.taken(write) for block in section.blocks]

    def _line(self, name: str, blocks: Sequence[Block], most: int) -> Iterator[Line]:
        said = [b.said for b in blocks]
        if said:
            more = f" (+{len(said) - most})" if len(said) > most else ""
            yield Line(f"{'; '.join(said[:most])}{more}", name)

    def _facts(self) -> str:
        order = [f for f in self.words.dossier.facts if f in self.a.facts]
        named = [f for f in order if not self.a.facts[f].origin.startswith("implied:")]
        return self.first.reasons.values(named)

    def _steps(self) -> Iterator[Line]:
        """What is to be done at once, one a line, and what is held back."""
        steps = [b for b in self._blocks(self.first.to_do.do_now) if b.sign in LIVE]
        for block in steps[:_STEPS]:
            yield Line(f"{block.time + ' ' if block.time else ''}{block.text}", step=True)
        if len(steps) > _STEPS:
            yield Line(f"(+{len(steps) - _STEPS})")

    def _done(self) -> Iterator[Line]:
        """What was done, in one line."""
        actions = self.words.dossier.actions
        done = dict.fromkeys(actions[a.id].label for a in self.a.actions if a.state == "done")
        if done:
            yield Line("; ".join(done), self.words.name("action_state", "done"))
