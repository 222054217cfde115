"""The causes of a differential in, bars as SVG and the rows of their table twin out: the same figures in both."""

from __future__ import annotations

from collections.abc import Sequence

from clinical_commander.engine.assessment import Assessment, CauseReport
from clinical_commander.frozen import frozen
from clinical_commander.render.blocks import Blocks
from clinical_commander.render.differential import DifferentialLines, moved_words
from clinical_commander.render.words import Words


@frozen
class CauseRow:
    """One cause as it is shown. `low`, `high` and `at` are out of 100; `at` is None where no region is given."""

    id: str
    title: str
    share: str
    band: str
    own_odds: str
    zone: str
    zone_says: str
    moved: tuple[str, ...]
    low: str
    high: str
    width: str
    at: str | None
    must_not_miss: bool
    confirmed: bool


@frozen
class DifferentialView:
    """What a page shows of a differential. `bars` is False while massive bleeding is possible."""

    remarks: tuple[str, ...]
    bars: bool
    pinned: tuple[CauseRow, ...]
    others: tuple[CauseRow, ...]


def differential_view(assessment: Assessment, words: Words) -> DifferentialView | None:
    """The rows of the differential, in the order of the engine; None where there is nothing to show."""
    report, content = assessment.differential, words.dossier.differential
    if content is None or not (report.causes or report.text):
        return None
    lines = DifferentialLines(assessment, content, words, Blocks())

    def row(cause: CauseReport) -> CauseRow:
        low, high = cause.interval.low, cause.interval.high
        return CauseRow(
            id=cause.cause,
            title=lines.title(cause.cause),
            share=lines.share(cause),
            band=lines.band(cause),
            own_odds=lines.own_odds(cause),
            zone=lines.zone(cause),
            zone_says=cause.zone_says.text,
            moved=tuple(moved_words(moved, content, words) for moved in cause.moved_by),
            low=_place(low),
            high=_place(high),
            width=_place(max(high - low, 0.005)),
            at=None if cause.probability is None else _place(cause.probability),
            must_not_miss=cause.must_not_miss,
            confirmed=cause.confirmed,
        )

    rows: Sequence[CauseRow] = [row(cause) for cause in report.causes]
    return DifferentialView(
        remarks=tuple(text for text in (report.text, *report.says) if text),
        bars=lines.bars,
        pinned=tuple(r for r in rows if r.must_not_miss),
        others=tuple(r for r in rows if not r.must_not_miss),
    )


def _place(p: float) -> str:
    """Where a probability lies on a scale of 100, as the drawing writes it."""
    return f"{p * 100:.2f}"
