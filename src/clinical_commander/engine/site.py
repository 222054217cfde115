"""A site's own file and a dossier in, the dossier as this site runs it out: its cut-offs, what it has, whom it calls.

A site may raise caution; whatever could lower it needs a name and a date. Each assessment says what the site changed.
"""

from __future__ import annotations

import collections.abc
import dataclasses
import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any, Final, TypeVar

from clinical_commander.canonical import content_hash
from clinical_commander.dossier.model import Citation, Dossier, Fact, Source, Threshold
from clinical_commander.dossier.phrases import phrase
from clinical_commander.dossier.reader import Reader, plain_data
from clinical_commander.dossier.source import CASE_LIMIT, Mapping, Node, Scalar, read_yaml
from clinical_commander.engine.entries import LONGEST_QUOTE, Faults, nearest, node_of, place_of, quote, short, shown
from clinical_commander.engine.site_differential import NOTHING, SiteDifferential, apply_to, read_site_differential
from clinical_commander.errors import ClinicalCommanderError, ContentError, Mark, YamlError
from clinical_commander.frozen import field, frozen
from clinical_commander.logic import ir
from clinical_commander.logic.words import CAPABILITIES
from clinical_commander.quantity import Unit, bounds, parse_quantity, unit

AVAILABILITY: Final = ("yes", "no", "on_call")
_DATE: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_NAME: Final = re.compile(r"[a-z][a-z0-9_]*")
_LONGEST_TEXT: Final = 200
_PLACES: Final = 12
_NO_EXPRESSIONS: Final = (str, int, float, frozenset, type(None), Mark, Unit, Fact, Citation, Source)
_Part = TypeVar("_Part")


@frozen
class Change:
    """One thing that is otherwise here than in the content. `kind` is threshold, capability, phone, priors or zone."""

    kind: str
    id: str
    before: str
    after: str
    text: str
    signed_by: str = ""
    signed_on: str = ""


@frozen
class SiteThreshold:
    """A cut-off of this site: the text as written, and its value in the unit of the dossier's threshold."""

    id: str
    text: str
    value: float
    signed_by: str = ""
    signed_on: str = ""
    why: str = ""


@frozen
class Site:
    """What one site changes. A capability that is not named is unknown; `priors` are as they were written."""

    name: str
    thresholds: collections.abc.Mapping[str, SiteThreshold] = field(default_factory=dict)
    capabilities: collections.abc.Mapping[str, str] = field(default_factory=dict)
    phones: collections.abc.Mapping[str, str] = field(default_factory=dict)
    priors: collections.abc.Mapping[str, object] = field(default_factory=dict)
    differential: SiteDifferential = NOTHING
    changes: tuple[Change, ...] = ()

    def data(self) -> dict[str, object]:
        """The site as plain data, for a pack and its hash: equal where two sites run a dossier in the same way."""
        return {
            "name": self.name,
            "thresholds": {id: dataclasses.asdict(threshold) for id, threshold in self.thresholds.items()},
            "capabilities": dict(self.capabilities),
            "phones": dict(self.phones),
            "priors": dict(self.priors),
            "zones": [dataclasses.asdict(zone) for zone in self.differential.zones],
        }


def read_site(source: Path | str | Node, dossier: Dossier, *, name: str | None = None) -> Site:
    """The site that a file describes.

    Args:
        source: The file, its text, or what `read_yaml` made of it.
        dossier: Whose thresholds it may change.
        name: What the file is called in messages.

    Raises:
        YamlError: CC1xx, not YAML.
        ContentError: All faults of the file. CC40x a key, its kind or its value; CC460 no such threshold or capability;
            CC461 a value that cannot be read or is in another unit; CC462 lowers caution, or might, and is not signed;
            CC463 outside the plausible range of the fact that it is compared with; CC464 a signature that is none.
    """
    if not isinstance(source, Node):
        name = name or (str(source) if isinstance(source, Path) else "site")
        try:
            source = read_yaml(source, name, limit=CASE_LIMIT)
        except YamlError as error:
            raise YamlError([short(problem) for problem in error.problems]) from None
    return _SiteReader(dossier, source).site()


def site_from_mapping(data: collections.abc.Mapping[str, object], dossier: Dossier, *, name: str = "site") -> Site:
    """The site that plain data describes, by the rules of `read_site`; `name` stands for the site where it has none.

    Raises:
        CaseError: CC621, no plain data.
        ContentError: As `read_site`.
    """
    return read_site(node_of({"name": name, **data}, name), dossier)


def apply_site(dossier: Dossier, site: Site) -> Dossier:
    """The dossier with this site's cut-offs in every condition that names them, and a content hash that says so."""
    thresholds = dict(dossier.thresholds)
    for own in site.thresholds.values():
        thresholds[own.id] = dataclasses.replace(thresholds[own.id], text=own.text, value=own.value)
    values = {own.id: own.value for own in site.thresholds.values()}
    rewritten = _Rewriter(values).rewrite(dataclasses.replace(dossier, thresholds={})) if values else dossier
    if rewritten.differential is not None and site.differential != NOTHING:
        here = apply_to(rewritten.differential, site.differential, site.name)
        rewritten = dataclasses.replace(rewritten, differential=here)
    combined = content_hash({"content": dossier.content_hash, "site": site.data()}) if dossier.content_hash else ""
    return dataclasses.replace(rewritten, thresholds=thresholds, content_hash=combined)


class _Rewriter:
    """Puts other values under the names of constants, anywhere in a frozen tree; the rest stays the same objects."""

    def __init__(self, values: dict[str, float]) -> None:
        self.values = values
        # A condition that two steps share is shared again; the original is kept, so that no id is used twice.
        self.done: dict[int, tuple[object, object]] = {}

    def rewrite(self, part: _Part) -> _Part:
        if isinstance(part, _NO_EXPRESSIONS):
            return part
        found = self.done.get(id(part))
        if found is None:
            found = self.done[id(part)] = (part, self._rewritten(part))
        return found[1]  # type: ignore[return-value]

    def _rewritten(self, part: Any) -> object:
        if isinstance(part, ir.Constant):
            return dataclasses.replace(part, value=self.values[part.name]) if part.name in self.values else part
        if isinstance(part, tuple):
            items = tuple(self.rewrite(item) for item in part)
            return items if any(a is not b for a, b in zip(items, part, strict=True)) else part
        if isinstance(part, collections.abc.Mapping):
            entries = {key: self.rewrite(value) for key, value in part.items()}
            return entries if any(entries[key] is not part[key] for key in part) else part
        if dataclasses.is_dataclass(part) and not isinstance(part, type):
            old = {f.name: getattr(part, f.name) for f in dataclasses.fields(part)}
            new = {name: self.rewrite(value) for name, value in old.items()}
            changed = {name: value for name, value in new.items() if value is not old[name]}
            return dataclasses.replace(part, **changed) if changed else part
        return part


class _SiteReader:
    def __init__(self, dossier: Dossier, node: Node) -> None:
        self.dossier = dossier
        self.faults = Faults()
        self.reader = Reader(node, "the site", self.faults.errors)
        self.changes: list[Change] = []

    def site(self) -> Site:
        name = self.reader.text("name")
        thresholds = self.thresholds()
        capabilities = self.capabilities()
        phones = self.phones()
        priors = {key: plain_data(value) for key, (_, value) in self.reader.mapping("priors").items()}
        if priors:
            text = self.say("priors", ", ".join(priors))
            self.changes.append(Change("priors", "priors", "", ", ".join(priors), text))
        differential = NOTHING
        if self.dossier.differential is not None:
            content = self.dossier.differential
            differential = read_site_differential(self.reader, self.faults, content, self.signature)
            for zone in differential.zones:
                id = f"{zone.cause}.{zone.decision}"
                text = self.say("zone", zone.decision, zone.cause, zone.text, zone.signed_by)
                self.changes.append(Change("zone", id, "", zone.text, text, zone.signed_by, zone.signed_on))
        else:
            self.reader.mapping("zones")
        self.reader.done()
        if self.faults.errors:
            raise ContentError(sorted((short(p) for p in self.faults.errors), key=place_of))
        return Site(name, thresholds, capabilities, phones, priors, differential, tuple(self.changes))

    def say(self, key: str, *parts: str) -> str:
        return phrase(self.dossier.words, "site", key, *parts)

    def fault(self, code: str, cause: str, mend: str, node: Node) -> None:
        self.faults.add(code, cause, mend, node)

    # -- cut-offs

    def thresholds(self) -> dict[str, SiteThreshold]:
        found: dict[str, SiteThreshold] = {}
        for key, node in self.reader.mapping("thresholds").values():
            threshold = self.dossier.thresholds.get(key.name)
            if threshold is None:
                mend = (
                    nearest(key.name, self.dossier.thresholds) or f"{self.dossier.id} has its own in thresholds.yaml."
                )
                self.fault("CC460", f"{self.dossier.id} has no threshold {quote(key.name)}.", mend, key)
                continue
            own = self.threshold(threshold, node)
            if own is not None and own.value != threshold.value:
                found[own.id] = own
                self.changes.append(_threshold_change(self.dossier, threshold, own))
        return found

    def threshold(self, threshold: Threshold, node: Node) -> SiteThreshold | None:
        entered, by, on, why = node, "", "", ""
        if isinstance(node, Mapping):
            item = Reader(node, f"threshold `{threshold.id}`", self.faults.errors)
            value, signed = item.node("value"), item.reader_or_none("signed", "the signature")
            why = item.text_or("why", "")
            if signed is not None:
                by, on = self.signature(signed)
            item.done()
            if value is None:
                return None
            entered = value
        number = self.number(threshold, entered)
        if number is None or not self.is_plausible(threshold, number, entered):
            return None
        if not by and not _raises_caution(threshold, number):
            lower = {"low": "A higher", "high": "A lower"}.get(threshold.caution)
            cause = f"{lower} value lowers caution" if lower else "the content does not say which way is more cautious"
            cause = f"`{threshold.id}` is {threshold.text} in the content and {shown(entered)} here: {cause}."
            mend = "Add `signed: {by: NAME, on: YYYY-MM-DD}`: whoever signs answers for it."
            self.fault("CC462", cause, mend, entered)
            return None
        text = entered.value if isinstance(entered, Scalar) else ""
        return SiteThreshold(threshold.id, " ".join(text.split()), number, by, on, why)

    def number(self, threshold: Threshold, entered: Node) -> float | None:
        text = " ".join(entered.value.split()) if isinstance(entered, Scalar) else ""
        if not text or len(text) > LONGEST_QUOTE or not text.isprintable():
            self.fault(
                "CC461", f"`{threshold.id}` is {shown(entered)}.", f"Write it as in `{threshold.text}`.", entered
            )
            return None
        try:
            parsed = parse_quantity(text, entered.at)
            if not parsed.exact or (parsed.unit_text is None and threshold.unit.code != "1"):
                mend = f"Write one number with its unit, as in `{threshold.text}`."
                self.fault("CC461", f"`{threshold.id}` is {quote(text)}.", mend, entered)
                return None
            own = unit(parsed.unit_text, entered.at) if parsed.unit_text is not None else unit("1")
            # As the dossier's own thresholds are read: exact, and rounded only where a double ends.
            return bounds(parsed, own, threshold.unit, _PLACES)[0]
        except ClinicalCommanderError as error:
            for problem in error.problems:
                self.fault("CC461", f"`{threshold.id}`: {problem.cause}", problem.mend, entered)
            return None

    def is_plausible(self, threshold: Threshold, number: float, entered: Node) -> bool:
        for fact in compared_facts(self.dossier, threshold.id):
            if fact.range is not None and not fact.range[0] <= number <= fact.range[1]:
                cause = f"`{threshold.id}`, {shown(entered)}, is outside the plausible range of {fact.id}"
                span = f"{fact.range[0]:g} to {fact.range[1]:g} {fact.unit.code if fact.unit else ''}".strip()
                self.fault("CC463", f"{cause}, {span}.", "A unit or a decimal point may have slipped.", entered)
                return False
        return True

    def signature(self, signed: Reader) -> tuple[str, str]:
        by, on = signed.text("by").strip(), signed.text("on")
        signed.done()
        try:
            valid = bool(_DATE.fullmatch(on)) and bool(date.fromisoformat(on))
        except ValueError:
            valid = False
        if on and not valid:
            cause = f"The signature has the date {quote(on)}."
            signed.problem("CC464", cause, "Write it as in `2026-11-21`.", signed.place("on"))
        if by and (len(by) > _LONGEST_TEXT or not by.isprintable()):
            signed.problem("CC464", f"The signature has the name {quote(by)}.", "Write who signs.", signed.place("by"))
        # A faulty signature is reported once; its threshold is not unsigned as well.
        return by or "?", on

    # -- the rest

    def capabilities(self) -> dict[str, str]:
        found: dict[str, str] = {}
        for key, node in self.reader.mapping("capabilities").values():
            if key.name not in CAPABILITIES:
                mend = nearest(key.name, CAPABILITIES) or f"It may name: {', '.join(sorted(CAPABILITIES))}."
                self.fault("CC460", f"No capability is called {quote(key.name)}.", mend, key)
                continue
            meaning = node.meaning if isinstance(node, Scalar) else None
            text = str(meaning).strip() if isinstance(meaning, str) else ""
            if text == "unknown":
                continue
            if text not in AVAILABILITY:
                mend = f"Write one of: {', '.join(AVAILABILITY)}; leave it out if it is not known."
                if isinstance(meaning, bool):
                    mend = f"Write `{'yes' if meaning else 'no'}`."
                self.fault("CC406", f"`{key.name}` is {shown(node)}.", mend, node)
                continue
            found[key.name] = text
            says = self.say(f"capability_{text}", key.name)
            self.changes.append(Change("capability", key.name, "unknown", text, says))
        return found

    def phones(self) -> dict[str, str]:
        found: dict[str, str] = {}
        for key, node in self.reader.mapping("phones").values():
            text = (
                " ".join(node.value.split()) if isinstance(node, Scalar) and not isinstance(node.meaning, bool) else ""
            )
            if not _NAME.fullmatch(key.name):
                self.fault("CC401", f"{quote(key.name)} cannot be a name.", "Use lower case, digits and `_`.", key)
            elif not text or len(text) > _LONGEST_TEXT or not text.isprintable():
                self.fault(
                    "CC403", f"The number {quote(key.name)} is {shown(node)}.", 'Write it in quotes: `"..."`.', node
                )
            else:
                found[key.name] = text
                self.changes.append(Change("phone", key.name, "", text, f"{key.name.replace('_', ' ')}: {text}."))
        return found


def _raises_caution(threshold: Threshold, number: float) -> bool:
    ways = {"low": number <= threshold.value, "high": number >= threshold.value}
    return number == threshold.value or ways.get(threshold.caution, False)


def _threshold_change(dossier: Dossier, threshold: Threshold, own: SiteThreshold) -> Change:
    parts = [threshold.says[:1].upper() + threshold.says[1:], own.text, threshold.text]
    key = "threshold"
    if own.signed_by:
        key, parts = "threshold_signed", [*parts, own.signed_by, own.signed_on]
    text = phrase(dossier.words, "site", key, *parts)
    return Change("threshold", own.id, threshold.text, own.text, text, own.signed_by, own.signed_on)


def compared_facts(dossier: Dossier, threshold: str) -> list[Fact]:
    """The facts that some condition of the dossier compares with a threshold, each once."""
    found: dict[str, Fact] = {}
    for expr in _expressions(dossier):
        if isinstance(expr, ir.Compare):
            for side, other in ((expr.left, expr.right), (expr.right, expr.left)):
                if isinstance(side, ir.FactNumber) and isinstance(other, ir.Constant) and other.name == threshold:
                    found[side.fact] = dossier.facts[side.fact]
    return list(found.values())


def _expressions(part: object, seen: set[int] | None = None) -> Iterator[ir.Expr]:
    seen = set() if seen is None else seen
    if isinstance(part, _NO_EXPRESSIONS) or id(part) in seen:
        return
    seen.add(id(part))
    if isinstance(part, ir.Expr):
        yield from part.walk()
    elif isinstance(part, tuple):
        for item in part:
            yield from _expressions(item, seen)
    elif isinstance(part, collections.abc.Mapping):
        for item in part.values():
            yield from _expressions(item, seen)
    elif dataclasses.is_dataclass(part) and not isinstance(part, type):
        for each in dataclasses.fields(part):
            yield from _expressions(getattr(part, each.name), seen)
