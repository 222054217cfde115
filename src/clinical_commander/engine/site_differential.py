"""A site's own patients and its chosen thresholds in, the differential as this site runs it out.

Counts update the content's prior as a Dirichlet: a few patients shift it, many swamp it. Where accepted thresholds
disagree a site chooses one, and signs for it.
"""

from __future__ import annotations

import collections.abc
import dataclasses
import math

from clinical_commander.dossier.differential_numbers import SITE
from clinical_commander.dossier.model_differential import AcceptedThreshold, CauseThresholds, Differential, PriorRow
from clinical_commander.dossier.reader import Reader
from clinical_commander.dossier.source import Node, Scalar
from clinical_commander.engine.entries import Faults, nearest, quote, shown
from clinical_commander.errors import ClinicalCommanderError
from clinical_commander.frozen import field, frozen
from clinical_commander.logic.words import SETTINGS
from clinical_commander.quantity import parse_quantity

_DECISIONS = ("test", "treat")
_LONGEST_TEXT = 200


@frozen
class SiteCounts:
    """How many of a site's own patients with this bleed had each cause, in one setting."""

    setting: str
    counts: collections.abc.Mapping[str, float]
    of: str = ""

    @property
    def patients(self) -> float:
        return math.fsum(self.counts.values())


@frozen
class SiteZone:
    """The threshold that a site has chosen for a decision, 0 to 1, and who signed for it."""

    cause: str
    decision: str
    value: float
    text: str
    signed_by: str
    signed_on: str


@frozen
class SiteDifferential:
    """What a site changes of the differential."""

    counts: tuple[SiteCounts, ...] = ()
    zones: tuple[SiteZone, ...] = ()


NOTHING = SiteDifferential()


@frozen
class _Place:
    """Where faults of the site file go."""

    faults: Faults
    reader: Reader
    differential: Differential
    signature: collections.abc.Callable[[Reader], tuple[str, str]] = field(compare=False)

    def fault(self, code: str, cause: str, mend: str, node: Node) -> None:
        self.faults.add(code, cause, mend, node)


def read_site_differential(
    reader: Reader,
    faults: Faults,
    differential: Differential,
    signature: collections.abc.Callable[[Reader], tuple[str, str]],
) -> SiteDifferential:
    """`priors:` and `zones:` of a site file.

    Reports CC465 a name that is none, CC466 a count or value that is none, CC462 a chosen threshold that nobody signed.
    """
    place = _Place(faults, reader, differential, signature)
    counts = []
    for key, node in reader.mapping("priors").values():
        if key.name not in SETTINGS:
            mend = nearest(key.name, SETTINGS) or f"It may name: {', '.join(SETTINGS)}."
            place.fault("CC465", f"No setting is called {quote(key.name)}.", mend, key)
        else:
            counts.append(_counts(place, key.name, node))
    zones = [
        zone
        for key, node in reader.mapping("zones").values()
        for zone in _zones(place, key.name, Reader(node, f"the zones of {quote(key.name)}", faults.errors), key)
    ]
    return SiteDifferential(tuple(counts), tuple(zones))


def _counts(place: _Place, setting: str, node: Node) -> SiteCounts:
    item = Reader(node, f"the priors of {setting}", place.faults.errors)
    causes = place.differential.causes
    found = {}
    for key, value in item.mapping("counts").values():
        meaning = value.meaning if isinstance(value, Scalar) else None
        if key.name not in causes:
            mend = nearest(key.name, causes) or f"The causes: {', '.join(causes)}."
            place.fault("CC465", f"No cause is called {quote(key.name)}.", mend, key)
        elif isinstance(meaning, bool) or not isinstance(meaning, int) or meaning < 0:
            cause = f"The count of `{key.name}` is {shown(value)}."
            place.fault("CC466", cause, "Write how many patients, as in `31`.", value)
        else:
            found[key.name] = float(meaning)
    if not item.has("counts"):
        item.problem("CC402", f"{item.what} has no `counts`.", "Add `counts: {pneumonia: 40, ...}`.")
    of = item.text_or("from", "")
    item.done()
    return SiteCounts(setting, found, of[:_LONGEST_TEXT])


def _zones(place: _Place, cause: str, item: Reader, key: Node) -> list[SiteZone]:
    causes = place.differential.causes
    if cause not in causes:
        mend = nearest(cause, causes) or f"The causes: {', '.join(causes)}."
        place.fault("CC465", f"No cause is called {quote(cause)}.", mend, key)
    signed = item.reader_or_none("signed", "the signature")
    by, on = place.signature(signed) if signed is not None else ("", "")
    found = []
    for decision in _DECISIONS:
        text = item.expression_or_none(decision)
        if text is None:
            continue
        value = _probability(place, text, f"the threshold to {decision} of `{cause}`")
        if not by:
            says = f"The threshold to {decision} of `{cause}` is chosen and not signed."
            place.fault("CC462", says, "Add `signed: {by: NAME, on: YYYY-MM-DD}`: whoever signs answers for it.", text)
        elif value is not None and cause in causes:
            found.append(SiteZone(cause, decision, value, " ".join(text.value.split()), by, on))
    item.text_or("why", "")
    item.done()
    return found


def _probability(place: _Place, text: Scalar, what: str) -> float | None:
    try:
        parsed = parse_quantity(text.value, text.at)
        value = float(parsed.low) if parsed.exact and parsed.low is not None else math.nan
        value = value / 100 if parsed.unit_text == "%" else value if parsed.unit_text is None else math.nan
    except ClinicalCommanderError:
        value = math.nan
    if 0 < value < 1:
        return value
    place.fault("CC466", f"{what[:1].upper()}{what[1:]} is {shown(text)}.", "Write it as in `3 %`.", text)
    return None


def apply_to(differential: Differential, site: SiteDifferential, name: str) -> Differential:
    """The differential with a site's patients in its priors and its chosen thresholds in place of the disputed ones."""
    priors = tuple(_updated(differential, row, site, name) for row in differential.priors)
    rows = tuple(split for row in priors for split in row)
    thresholds = dict(differential.thresholds)
    for zone in site.zones:
        chosen = (AcceptedThreshold(zone.value, SITE, SITE, f"{name}: {zone.signed_by}, {zone.signed_on}"),)
        old = thresholds.get(zone.cause, CauseThresholds())
        thresholds[zone.cause] = (
            dataclasses.replace(old, test=chosen) if zone.decision == "test" else dataclasses.replace(old, treat=chosen)
        )
    return dataclasses.replace(differential, priors=rows, thresholds=thresholds)


def _updated(differential: Differential, row: PriorRow, site: SiteDifferential, name: str) -> tuple[PriorRow, ...]:
    """The row, split by setting where the site has counts of one of them: its patients are of that setting alone."""
    counted = {c.setting: c for c in site.counts}
    mine = [setting for setting in row.settings if setting in counted]
    if not mine:
        return (row,)
    left = tuple(setting for setting in row.settings if setting not in counted)
    found = [dataclasses.replace(row, settings=left)] if left else []
    total = math.fsum(row.shares.values())
    for setting in mine:
        own = counted[setting]
        n = row.n + own.patients
        shares = {
            cause: 100 * (row.n * share / total + own.counts.get(cause, 0.0)) / n for cause, share in row.shares.items()
        }
        says = {setting: f"{name}: {own.of or 'own counts'} ({own.patients:g})"}
        if setting in row.says:
            says[setting] = f"{row.says[setting]} {says[setting]}"
        found.append(
            dataclasses.replace(
                row, id=f"{row.id}:{setting}:site", settings=(setting,), n=n, shares=shares, says=says, counts=True
            )
        )
    return tuple(found)
