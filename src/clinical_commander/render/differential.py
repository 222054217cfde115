"""An assessment's differential in, lines out: causes with shares, zones and what moved them; one cause in full."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from clinical_commander.dossier.model import Differential, Dossier
from clinical_commander.engine.assessment import (
    Assessment,
    CauseReport,
    ContributorReport,
    MovedBy,
    NextReport,
    PriorReport,
    Seen,
)
from clinical_commander.engine.explain import Explanation
from clinical_commander.render.changes import changed
from clinical_commander.render.layout import Page
from clinical_commander.render.words import Words, inside

GROUP = "differential"
NO_DRAWS: Mapping[str, tuple[float, float]] = {}
_BAR = 10
_SHOWN = 5
_MOVED_AT_MOST = 3


class DifferentialLines:
    """Writes the differential of one assessment on a page."""

    def __init__(self, assessment: Assessment, content: Differential, words: Words, page: Page) -> None:
        self.a, self.content, self.words, self.page = assessment, content, words, page
        # While massive bleeding is possible nobody should read a share off a bar: the cause comes after the airway.
        self.bars = assessment.tier.possible[-1:] != tuple(v.id for v in words.dossier.tier.values[-1:])

    def write(self) -> None:
        report, words, page = self.a.differential, self.words, self.page
        if not (report.causes or report.text or report.contributors):
            return
        page.heading(words.heading("differential"))
        for text in (report.text, *report.says):
            if text:
                page.text(text, 2)
        if report.causes:
            self.priors(report.priors)
            pinned = [c for c in report.causes if c.must_not_miss]
            others = [c for c in report.causes if not c.must_not_miss]
            page.text(f"{words.name('group', 'must_not_miss')}:", 2, "strong")
            for cause in pinned:
                self.cause(cause)
            page.text(f"{self.say('others')}:", 2, "strong")
            for cause in others[:_SHOWN]:
                self.cause(cause)
            rest = [f"{self.title(c.cause)} {self.share(c)}" for c in others[_SHOWN:]]
            if rest:
                page.pair(self.say("less_likely"), "; ".join(rest))
        self.contributors(report.contributors)

    def priors(self, priors: Sequence[PriorReport]) -> None:
        for prior in priors:
            self.page.pair(self.say("prior"), prior_words(prior, self.words))
        if len(priors) > 1:
            self.page.text(self.say("no_region"), 2)

    def cause(self, cause: CauseReport) -> None:
        words, page = self.words, self.page
        parts = [self.share(cause), self.band(cause)]
        if cause.confirmed:
            parts.insert(0, self.say("confirmed"))
        name = self.title(cause.cause)
        text = f"{self.bar(cause)}{name}: {', '.join(p for p in parts if p)}"
        page.item(text, "item", tint="strong" if cause.must_not_miss else "")
        for note in (self.own_odds(cause), self.zone(cause)):
            if note:
                page.text(note, 6)
        if cause.zone_says:
            page.text(cause.zone_says.text, 6, "quiet")
        for moved in cause.moved_by[:_MOVED_AT_MOST]:
            page.text(moved_words(moved, self.content, words), 6, "quiet")
        if len(cause.moved_by) > _MOVED_AT_MOST:
            page.text(self.say("and_more", str(len(cause.moved_by) - _MOVED_AT_MOST)), 6, "quiet")

    def bar(self, cause: CauseReport) -> str:
        if not self.bars or cause.probability is None:
            return ""
        full = round(cause.probability * _BAR)
        return f"[{self.page.sign('full') * full}{self.page.sign('empty') * (_BAR - full)}] "

    def share(self, cause: CauseReport) -> str:
        """`12 in 100 (5 to 24)`; where no region is given only the range over the regions."""
        interval = f"{percent(cause.interval.low)} {self.say('to')} {percent(cause.interval.high)}"
        if cause.probability is None:
            low, high = percent(cause.span.low), percent(cause.span.high)
            between = low if low == high else f"{low} {self.say('to')} {high}"
            return self.say("in_100", between) + f" ({interval})"
        return self.say("in_100", percent(cause.probability)) + f" ({interval})"

    def band(self, cause: CauseReport) -> str:
        return "" if cause.probability is None else band_of(cause.probability, self.content)

    def own_odds(self, cause: CauseReport) -> str:
        """Shown where it differs from the share: the disease may be there without being the cause of this bleed."""
        if cause.present is None or not cause.must_not_miss:
            return ""
        return self.say("present", percent(cause.present))

    def zone(self, cause: CauseReport) -> str:
        words = [self.words.name("zone", z) for z in cause.zones_possible if z is not None]
        if not words:
            return ""
        told = f" {self.say('or')} ".join(words)
        if cause.robust is False:
            told += f", {self.say('not_robust')}"
        return told + (f" ({self.words.name('answer', 'last_known')})" if cause.last_known else "")

    def contributors(self, found: Sequence[ContributorReport]) -> None:
        page = self.page
        present = [c for c in found if c.state == "present"]
        open_ones = [c for c in found if c.state == "unknown"]
        if present:
            page.text(f"{self.say('contributors')}:", 2, "strong")
        for one in present:
            page.item(one.text or self.content.contributors[one.id].title, about=f"contributor:{one.id}")
        if open_ones:
            names = [inside(self.content.contributors[c.id].title) for c in open_ones]
            page.pair(self.say("contributors_unknown"), ", ".join(names))

    def title(self, cause: str) -> str:
        return self.content.causes[cause].title

    def say(self, key: str, *parts: str) -> str:
        return self.words.say(key, *parts, group=GROUP)


# --- pieces that other views use


def percent(p: float) -> str:
    """A probability as a number out of 100: `12`, `0.4`, `<0.1`; never 0 and never 100."""
    x = p * 100
    if x < 0.1:
        return "<0.1"
    if x > 99.9:
        return ">99.9"
    return f"{x:.1f}" if x < 1 or x > 99 else f"{x:.0f}"


def band_of(p: float, content: Differential) -> str:
    """The word for a probability, as the content words it."""
    return next(
        (band.says for band in content.bands if p < band.below), content.bands[-1].says if content.bands else ""
    )


def prior_words(prior: PriorReport, words: Words) -> str:
    """Whose prior it is, what it rests on, and how many patients it is worth."""
    region = words.name("region", prior.region)
    own = words.say("own_counts", group=GROUP) if prior.counts else ""
    worth = words.say("worth", f"{prior.n:g}", group=GROUP)
    place = f" {words.say('or', group=GROUP)} ".join(words.name("setting", s) for s in prior.settings)
    return ", ".join(p for p in (place, region, own, words.name("status", prior.status), worth) if p)


def seen_words(seen: Iterable[Seen], content: Differential) -> str:
    """What was found, as the content says it."""
    said = []
    for one in seen:
        finding = content.findings[one.finding]
        levels = [level.says for level in finding.levels if level.id in one.levels]
        said.append(" or ".join(levels) if len(levels) <= 2 else finding.title)
    return "; ".join(said)


def moved_words(moved: MovedBy, content: Differential, words: Words) -> str:
    """`the film shows a mass: 7.7 times as often; published`."""
    times = words.say("for" if moved.ratio >= 1 else "against", ratio(moved.ratio), group=GROUP)
    return f"{seen_words(moved.seen, content)}: {times}; {words.name('status', moved.status)}"


def ratio(x: float) -> str:
    """A ratio with as many digits as it deserves."""
    return f"{x:.0f}" if x >= 20 else f"{x:.1f}" if x >= 2 else f"{x:.2f}"


def explanation_text(
    found: Sequence[Explanation],
    dossier: Dossier,
    width: int = 100,
    colour: bool = False,
    unicode: bool = True,
    drawn: Mapping[str, tuple[float, float]] = NO_DRAWS,
) -> str:
    """The arithmetic of one cause, line by line; with the intervals by draws of each prior, where there are some."""
    assert dossier.differential is not None
    words, page = Words(dossier), Page(width, colour=colour, unicode=unicode)
    page.text(dossier.watermark.upper(), tint="watermark")
    for one in found:
        _explain(one, dossier.differential, words, page)
        if one.prior.id in drawn:
            low, high = drawn[one.prior.id]
            page.pair(words.say("by_draws", group=GROUP), f"{low:.6f} {words.say('to', group=GROUP)} {high:.6f}")
    return str(page)


def _explain(one: Explanation, content: Differential, words: Words, page: Page) -> None:
    def say(key: str, *parts: str) -> str:
        return words.say(key, *parts, group=GROUP)

    title = content.causes[one.cause].title
    page.title(f"{title}: {prior_words(one.prior, words)}")
    aside = sum(one.set_aside.values())
    share, total = one.shares[one.cause], sum(one.shares.values())
    page.text(say("prior_line", f"{share:.6g}", f"{total:.6g}", f"{aside:.6g}", f"{share / total:.6f}"), 2)
    if one.prior.text:
        page.text(one.prior.text, 2, "quiet")
    page.heading(say("by_own_odds"))
    page.text(f"{say('odds_before')} {share / total:.6f} / {1 - share / total:.6f} = {one.prior_odds:.6f}", 2)
    if not one.steps:
        page.text(say("nothing_known"), 2)
    before = one.prior_odds
    for step in one.steps:
        moved = step.moved
        line = f"{moved.inside:.6f} / {moved.outside:.6f} = {moved.ratio:.6f}"
        page.item(
            f"{seen_words(moved.seen, content)} ({words.name('status', moved.status)})", note=f"{say('seen')} {line}"
        )
        page.text(f"{before:.6f} x {moved.ratio:.6f} = {step.odds:.6f}", 4)
        if moved.citations:
            page.text(", ".join(moved.citations), 4, "quiet")
        before = step.odds
    page.text(f"{say('present_is')} {before:.6f} / (1 + {before:.6f}) = {one.present:.6f}", 2, "strong")
    page.text(f"{say('zone_is')} {words.name('zone', one.zone) if one.zone else say('no_zone')}", 2)
    page.heading(say("as_cause"))
    for i, seen in enumerate(one.groups, 1):
        page.text(f"({i}) {seen_words(seen, content)}", 2)
    whole = sum(row.weight for row in one.weighed)
    for row in sorted(one.weighed, key=lambda r: -r.probability):
        product = " x ".join([f"{row.prior:.6f}", *(f"{x:.6f}" for x in row.likelihoods)])
        shown = f"{product} = {row.weight:.3e}; / {whole:.3e} = {row.probability:.6f}"
        page.pair(content.causes[row.cause].title, shown, tint="strong" if row.cause == one.cause else "")
    if one.tips:
        page.heading(say("tips"))
        for tip in one.tips:
            level = next(lv.says for lv in content.findings[tip.finding].levels if lv.id == tip.level)
            zone = words.name("zone", tip.zone) if tip.zone else say("no_zone")
            page.item(f"{level}: {say('then_present', percent(tip.present))}; {zone}")


def next_text(
    found: Sequence[NextReport], dossier: Dossier, width: int = 100, colour: bool = False, unicode: bool = True
) -> str:
    """The best question, why, what it could change; the runners-up; or that nothing more can change what is decided."""
    words, page = Words(dossier), Page(width, colour=colour, unicode=unicode)
    page.text(dossier.watermark.upper(), tint="watermark")
    deciding = [q for q in found if q.decides]
    if not deciding:
        page.text(words.say("stops", group=GROUP), tint="strong")
    else:
        first, *others = deciding
        page.text(first.text, tint="strong")
        _why_asked(first, words, page)
        if others:
            page.heading(words.say("runners_up", group=GROUP))
        for other in others[:_SHOWN]:
            page.item(other.text)
            _why_asked(other, words, page, 4)
    left = [q for q in found if not q.decides]
    if left:
        page.pair(words.say("does_not_decide", group=GROUP), "; ".join(inside(q.text) for q in left))
    return str(page)


def _why_asked(question: NextReport, words: Words, page: Page, indent: int = 2) -> None:
    if question.facts:
        page.pair(words.say("makes_known", group=GROUP), words.labels(question.facts), indent)
    names = dict.fromkeys(changed(name, words) for name in question.could_change)
    page.pair(words.say("could_change_what", group=GROUP), "; ".join(names), indent)
    if question.gain is not None and question.burden is not None:
        worth = words.say("worth_and_burden", f"{question.gain:.3g}", f"{question.burden:.3g}", group=GROUP)
        page.text(worth, indent, "quiet")
