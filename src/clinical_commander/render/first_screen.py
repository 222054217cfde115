"""An assessment in, its first screen out: tier, why, what to do, what to ask, what cannot be excluded. In that order.

The order is fixed (ux-requirements UX-17), and so is this: while the tier is open its lowest value is never the answer.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from clinical_commander.engine.assessment import Assessment, ConflictReport, NextReport
from clinical_commander.render.changes import changed
from clinical_commander.render.layout import Page
from clinical_commander.render.reasons import Reason, Reasons
from clinical_commander.render.to_do import SEVERITIES, ToDo
from clinical_commander.render.words import Words, inside, titles

SHOWN_BY_NAME = 3
_HOUR = 3600.0


class FirstScreen:
    """Writes the first screen of one assessment on a page."""

    def __init__(
        self, assessment: Assessment, words: Words, page: Page, asked: Sequence[NextReport] | None = None
    ) -> None:
        self.a, self.words, self.page = assessment, words, page
        self.asked = assessment.next if asked is None else asked
        self.dossier = words.dossier
        self.reasons = Reasons(assessment, words)
        self.to_do = ToDo(assessment, words, page, self.reasons)

    def write(self) -> None:
        """All parts, in their order."""
        self.banner()
        self.scope()
        self.tier()
        self.why()
        self.to_do.do_now()
        self.ask()
        self.cannot_exclude()
        self.not_asked()
        self.conflicts()

    # -- who, where, when, and what this is

    def banner(self) -> None:
        a, words, page = self.a, self.words, self.page
        counts = a.unreviewed.counts
        review = words.say("sources_open", str(counts.get("citations", 0)), str(counts.get("citations_total", 0)))
        content = f"{a.dossier} {a.content_version}" + (f" ({a.content_hash[:12]})" if a.content_hash else "")
        page.text(a.watermark.upper() if not page.colour else f" {a.watermark.upper()} ", tint="watermark")
        page.row([content, review], indent=0)
        patient = [
            self._of_patient(name)
            for given in self.dossier.inputs.values()
            if given.category == "demographic"
            for name in given.facts
        ]
        place = [words.name("setting", a.setting), f"{a.at:%Y-%m-%d %H:%M %Z}".strip()]
        if a.entry is not None and a.entry in self.dossier.entry_points:
            place.append(self.dossier.entry_points[a.entry].title)
        if a.region:
            place.append(words.name("region", a.region))
        page.row([*(p for p in patient if p), *place], indent=0)
        if a.site:
            page.text(words.say("site", str(a.site.get("name", ""))))
            changes = a.site.get("changes", ())
            for change in changes if isinstance(changes, (list, tuple)) else ():
                page.item(str(change["text"]))

    def _of_patient(self, name: str) -> str:
        report = self.a.facts.get(name)
        if report is None or report.state not in ("known", "partial", "stale"):
            return ""
        value = self.words.value(name, report)
        if self.dossier.facts[name].kind == "boolean":
            return self.words.label(name) if report.value is True else ""
        return value

    def scope(self) -> None:
        a, page, words = self.a, self.page, self.words
        if a.scope.state == "in":
            return
        page.blank()
        page.text(a.scope.text, tint="strong")
        if a.scope.state == "out":
            page.heading(self.dossier.emergency_title or words.heading("emergency_card"))
            for line in self.dossier.emergency_card:
                page.item(line.text)

    # -- the tier

    def tier(self) -> None:
        tier, words, page = self.a.tier, self.words, self.page
        values = [v.id for v in self.dossier.tier.values]
        name = titles(self.dossier.tier)
        page.blank()
        head = words.heading("tier").upper()
        if tier.withheld:
            page.text(f"{head}: {words.withheld(tier.withheld.text, self.a.scope.text)}", tint="strong")
        elif tier.settled and tier.value is not None:
            rank = values.index(tier.value)
            known = f" ({words.name('answer', 'last_known')})" if tier.last_known else ""
            page.text(f"{head}  {self._bar(rank)} {name[tier.value].upper()}{known}", tint=_tint(rank, values))
            page.text(_without(tier.text, words.heading("tier")), 2)
        else:
            self._open_tier(values, head)
        self._tier_notes(values)

    def _open_tier(self, values: Sequence[str], head: str) -> None:
        tier, words, page = self.a.tier, self.words, self.page
        called = titles(self.dossier.tier)
        possible = [v for v in values if v in tier.possible]
        top = possible[-1] if possible else values[-1]
        known = f" ({words.name('answer', 'last_known')})" if tier.last_known else ""
        answer = f"{words.heading('cannot_exclude')} {inside(called[top])}".upper()
        page.text(f"{head}  [{page.sign('open') * len(values)}] {answer}{known}", tint=_tint(len(values) - 1, values))
        floor = possible[0] if possible else values[0]
        cells = []
        if floor != values[0]:  # the lowest value says nothing while a higher one is possible
            cells.append(f"{words.name('answer', 'at_least')} {inside(called[floor])}")
        cells.append(f"{words.name('answer', 'possible')}: {', '.join(possible)}")
        page.row(cells)
        if tier.missing:
            page.pair(words.say("missing"), ", ".join(map(self._missing, tier.missing)), tint="strong")

    def _missing(self, name: str) -> str:
        """A fact that is missing, with the value that is too old to count, or that its result is on its way."""
        words, report = self.words, self.a.facts.get(name)
        if report is None or report.state not in ("stale", "pending", "unobtainable"):
            return words.label(name)
        if report.state != "stale":
            return f"{words.label(name)} ({words.name('fact_state', report.state)})"
        age = words.age(report.at, self.a.at)
        last = f"{words.name('fact', 'last_value')} {words.value(name, report)}"
        return f"{words.label(name)} ({last}, {words.say('ago', age)})" if age else f"{words.label(name)} ({last})"

    def _bar(self, rank: int) -> str:
        full, empty = self.page.sign("full"), self.page.sign("empty")
        return f"[{full * (rank + 1)}{empty * (len(self.dossier.tier.values) - rank - 1)}]"

    def _tier_notes(self, values: Sequence[str]) -> None:
        tier, words, called = self.a.tier, self.words, titles(self.dossier.tier)
        cells = []
        worst = tier.worst_this_episode
        hours = tier.hours_since_worst
        since = words.span(hours * _HOUR) if hours is not None else ""
        if worst is not None and worst != values[0]:  # that it was once at its lowest is no news
            when = words.say("ago", since) if since else words.say("now")
            cells.append(f"{words.name('answer', 'worst_this_episode')}: {inside(called[worst])}, {when}")
        oldest = "" if tier.withheld else self._oldest()
        if oldest:
            cells.append(f"{words.say('oldest_deciding_value')}: {oldest}")
        self.page.row(cells)
        if tier.last_known:
            self.page.text(words.say("last_known_tier"), 2, "strong")

    def _oldest(self) -> str:
        """The oldest of the values that decide: the grounds where there are grounds, else what must be known."""
        a, words = self.a, self.words
        deciding = [f for b in a.tier.because for f in b.facts]
        if not deciding or a.tier.value == self.dossier.tier.values[0].id or not a.tier.settled:
            deciding += self.dossier.tier.must_know
        found = [
            (a.facts[f].at or "", f)
            for f in dict.fromkeys(deciding)
            if f in a.facts and a.facts[f].at and words.expires(f) and a.facts[f].state in ("known", "partial", "stale")
        ]
        if not found:
            return ""
        oldest, name = min(found, key=lambda x: words.seconds(x[0]))
        age = words.age(oldest, a.at)
        return f"{words.label(name)}, {words.say('ago', age) if age else words.say('now')}"

    # -- why

    def why(self) -> None:
        tier, words, page = self.a.tier, self.words, self.page
        grounds = self.grounds()
        if not grounds:
            return
        page.heading(words.heading("why"))
        for reason in grounds:
            self.reason(reason.rule, reason.parts, self.reasons.values(reason.facts))
        if tier.value == self.dossier.tier.values[0].id:
            page.item(f"{words.say('deciding_values')}: {self.reasons.values(self.dossier.tier.must_know)}")

    def grounds(self) -> list[Reason]:
        """The reasons for the tier. Grounds of the lowest value are no answer while the tier is open."""
        tier, lowest = self.a.tier, self.dossier.tier.values[0].id
        counts = not tier.withheld and (tier.settled or tier.possible[:1] != (lowest,))
        return self.reasons.of(tier.because) if counts else []

    def reason(self, rule: str, parts: Sequence[str], values: str) -> None:
        """What holds, which part of it holds, and the patient's values."""
        text = rule
        if parts:
            text = f"{rule}: {'; '.join(parts)}" if rule else "; ".join(parts)
        self.page.item(text or values, note=values if text else "")

    # -- what to ask

    def ask(self) -> None:
        words, page = self.words, self.page
        if not self.asked:
            return
        page.heading(words.heading("ask"))
        first, *others = self.asked
        page.item(first.text, "ask_first", tint="strong", note=self._changes(first.could_change))
        if others:
            page.pair(words.say("then"), "; ".join(q.text for q in others[:SHOWN_BY_NAME]))

    def _changes(self, could_change: Iterable[str]) -> str:
        words = self.words
        names = [changed(name, words) for name in could_change]
        more = f" (+{len(names) - SHOWN_BY_NAME})" if len(names) > SHOWN_BY_NAME else ""
        return words.say("could_change", "; ".join(names[:SHOWN_BY_NAME]) + more)

    def cannot_exclude(self) -> None:
        words, page = self.words, self.page
        open_ones = {
            name: t
            for name, t in self.a.triggers.items()
            if t.state == "cannot_exclude" and not self.dossier.triggers[name].reassures
        }
        if not open_ones:
            return
        named = [name for name in open_ones if open_ones[name].shown_first][:SHOWN_BY_NAME]
        page.heading(words.heading("cannot_exclude"))
        for name in named:
            report = open_ones[name]
            told = set(report.missing) <= set(self.a.tier.missing)  # beside the tier already
            missing = "" if told else f"{words.say('measure_or_ask')}: {words.labels(report.missing)}"
            page.item(report.text or words.title(name), "alarm", note=missing, about=f"trigger:{name}")
        rest = [words.title(name) for name in open_ones if name not in named]
        if rest:
            page.pair(words.say("also_open"), "; ".join(map(inside, rest)))

    def not_asked(self) -> None:
        names = self.a.tier.not_asked
        if names:
            self.page.blank()
            self.page.pair(
                f"{self.words.heading('not_asked')} ({self.words.say('can_only_raise')})",
                self.words.labels(names),
                indent=0,
            )

    def conflicts(self) -> None:
        if not self.a.conflicts:
            return
        self.page.heading(self.words.heading("conflicts"), "urgent")
        for conflict in self.a.conflicts:
            self.conflict(conflict)

    def conflict(self, conflict: ConflictReport) -> None:
        """Both sides of a contradiction, of statements or of advice."""
        words, page, about = self.words, self.page, f"conflict:{conflict.id}"
        human = f" {words.name('conflict', 'needs_human')}." if conflict.needs_human else ""
        if conflict.kind == "facts":
            said = self.reasons.values(conflict.facts)
            page.item(f"{words.name('conflict', 'facts')}: {said}.{human}", "alarm", note=conflict.text, about=about)
            return
        page.item(f"{conflict.text}{human}", "alarm", about=about)
        for side in conflict.sides:
            page.item(side.text, indent=6)
        if conflict.resolution:
            page.text(conflict.resolution.text, 6)


def _tint(rank: int, values: Sequence[str]) -> str:
    return SEVERITIES[min(len(values) - 1 - rank, len(SEVERITIES) - 1)]


def _without(text: str, start: str) -> str:
    """The text of an answer without a first sentence that only repeats the heading."""
    first, _, rest = text.partition(". ")
    return rest if rest and first.lower().startswith(start.lower()) else text
