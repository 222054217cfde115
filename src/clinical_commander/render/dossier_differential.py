"""A differential in, its lines and tables out: every prior, likelihood and threshold with its status and source."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from clinical_commander.dossier.model_differential import (
    AcceptedThreshold,
    Burden,
    CauseThresholds,
    Differential,
    FigureRow,
    FindingItem,
)
from clinical_commander.render.words import inside

if TYPE_CHECKING:
    from clinical_commander.render.dossier_browse import BrowsedDossier

GROUP = "library"


def write_differential(writer: BrowsedDossier, d: Differential) -> None:
    """Causes, priors, findings, groups, contributors and the burden of each question."""
    writer.section("differential")
    writer.source(d.source, 2)
    _causes(writer, d)
    _priors(writer, d)
    writer.page.heading(writer.words.say("findings", group=GROUP))
    for finding in d.findings.values():
        _finding(writer, d, finding)
    for group in d.groups:
        writer.page.mark("group", group.id)
        writer.page.item(f"{writer.words.say(f'group_{group.kind}', group=GROUP)} ({group.id})", tint="strong")
        writer.page.refer("finding", group.findings)
        writer.source(group.source, 4)
    writer.page.heading(writer.words.say("burdens", group=GROUP))
    for burden in d.burdens.values():
        _burden(writer, burden)


def _causes(writer: BrowsedDossier, d: Differential) -> None:
    words, page = writer.words, writer.page
    for cause in d.causes.values():
        page.mark("cause", cause.id)
        page.item(f"{cause.title} ({cause.id})", tint="strong")
        if cause.must_not_miss:
            page.text(words.name("group", "must_not_miss"), 4, "urgent")
        if cause.text:
            page.text(cause.text, 4)
        if cause.id in d.thresholds:
            _thresholds(writer, d.thresholds[cause.id])
        writer.source(cause.source, 4)
    for one in d.contributors.values():
        page.mark("contributor", one.id)
        page.item(f"{words.name('differential', 'contributors')}: {inside(one.title)} ({one.id})", tint="strong")
        if one.text:
            page.text(one.text, 4)
        writer.condition("when", one.when, 4)
        writer.source(one.source, 4)


def _thresholds(writer: BrowsedDossier, found: CauseThresholds) -> None:
    words, page = writer.words, writer.page
    for key, accepted in (("test", found.test), ("treat", found.treat)):
        for one in accepted:
            page.pair(words.say(f"{key}_from", group=GROUP), _accepted(writer, one), indent=4)
            writer.source(one.source)
    if found.unless is not None:
        page.text(found.unless_text, 4)
        writer.condition("unless", found.unless, 4)


def _accepted(writer: BrowsedDossier, one: AcceptedThreshold) -> str:
    words = writer.words
    rests = words.say("rests_on", words.name("status", one.rests_on), group=GROUP)
    return ", ".join(x for x in (f"{one.value:g}", one.name, words.name("status", one.status), rests) if x)


def _priors(writer: BrowsedDossier, d: Differential) -> None:
    words, page = writer.words, writer.page
    page.heading(words.say("priors", group=GROUP))
    columns = [words.say("cause", group="page"), *(row.id for row in d.priors)]
    lines = [
        [d.causes[cause].title, *(f"{row.shares[cause]:g}" if cause in row.shares else "" for row in d.priors)]
        for cause in d.causes
    ]
    writer.blocks_page.table(words.say("percent", group=GROUP), columns, lines)
    for row in d.priors:
        page.mark("prior", row.id)
        page.item(f"{', '.join(words.name('setting', s) for s in row.settings)} ({row.id})", tint="strong")
        size = words.say("worth", f"{row.n:g}", group="differential")
        region = words.name("region", row.region) if row.region else ""
        page.row([x for x in (region, size, words.name("status", row.status)) if x], 4)
        for setting, text in row.says.items():
            page.pair(words.name("setting", setting), text, indent=4)
        if row.when is not None:
            writer.condition("when", row.when, 4)
        if row.set_aside:
            aside = ", ".join(f"{name} {share:g}" for name, share in row.set_aside.items())
            page.pair(words.say("set_aside", group=GROUP), aside, indent=4)
        writer.source(row.source, 4)


def _finding(writer: BrowsedDossier, d: Differential, finding: FindingItem) -> None:
    words, page = writer.words, writer.page
    page.mark("finding", finding.id)
    page.item(f"{finding.title} ({finding.id})", tint="strong")
    for level in finding.levels:
        page.pair(level.id, level.says, indent=4)
        writer.code(level.when)
    columns = [words.say("cause", group="page"), *(level.id for level in finding.levels)]
    columns += [words.say(key, group=GROUP) for key in ("given_levels", "patients", "population")]
    columns += [words.say("status", group="page"), words.say("source")]
    rest = words.say("rest", d.causes[finding.of].title if finding.of in d.causes else finding.of, group=GROUP)
    lines = [list(_cell(writer, d.causes[c].title, row)) for c, rows in finding.cells.items() for row in rows]
    lines += [list(_cell(writer, rest, row)) for row in finding.rest]
    writer.blocks_page.table(words.say("likelihoods", group=GROUP), columns, lines)
    for why in dict.fromkeys(row.source.why for row in _rows(finding) if row.source.why):
        page.pair(words.heading("why"), why, 4, "quiet")
    for ratio in finding.published:
        ends = f" ({ratio.interval[0]:g} to {ratio.interval[1]:g})" if ratio.interval else ""
        cause = d.causes[ratio.cause].title if ratio.cause in d.causes else ratio.cause
        page.item(words.say("ratio", ratio.level, f"{ratio.ratio:g}{ends}", cause, group=GROUP), indent=4)
        page.refer("citation", ratio.source.cite)
    writer.source(finding.source, 4)


def _rows(finding: FindingItem) -> Iterator[FigureRow]:
    for rows in finding.cells.values():
        yield from rows
    yield from finding.rest


def _cell(writer: BrowsedDossier, title: str, row: FigureRow) -> Sequence[str]:
    given = ", ".join(f"{name} {level}" for name, level in row.given.items())
    n = f"{row.n:g}" if row.n else ""
    status = writer.words.name("status", row.status)
    return [title, *(f"{p:g}" for p in row.p), given, n, row.population, status, ", ".join(row.source.cite)]


def _burden(writer: BrowsedDossier, burden: Burden) -> None:
    words, page = writer.words, writer.page
    page.mark("burden", burden.id)
    page.item(f"{burden.title} ({burden.id})", tint="strong")
    keys = ("minutes", "radiation", "invasiveness", "cost", "discomfort")
    page.row([words.say(f"burden_{key}", f"{getattr(burden, key):g}", group=GROUP) for key in keys], 4)
    page.row([words.name("status", burden.status), *(words.name("setting", s) for s in burden.settings)], 4)
    page.refer("finding", burden.findings)
    writer.source(burden.source, 4)
