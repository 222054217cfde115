"""catalogue/derivations.yaml in, how facts are made from records out; every fault with its place."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from clinical_commander.dossier.check_digits import is_loinc, is_snomed
from clinical_commander.dossier.model import Fact
from clinical_commander.dossier.model_derive import Derivations, Way
from clinical_commander.dossier.model_parts import Source
from clinical_commander.dossier.reader import Reader
from clinical_commander.dossier.resolve import Resolver
from clinical_commander.dossier.source import Node, Scalar, Sequence
from clinical_commander.logic.words import SETTINGS
from clinical_commander.quantity import same_scale, unit

HOWS: Final = ("latest", "worst", "change", "earliest", "count", "since", "member", "age")
KINDS: Final = (
    "measurement", "condition", "procedure", "medication", "administration", "allergy", "report", "family",
    "near_family", "answer", "birth", "person",
)  # fmt: skip
ANSWERS: Final = ("true", "false", "unknown", "unobtainable")
STATUSES: Final = ("H", "L")
_CHECKED: Final = {"loinc": is_loinc, "snomed": is_snomed}
_OF_FACTS: Final = "fact"
_FOR_NUMBERS: Final = ("worst", "change", "earliest", "since", "age")
_OF_SERIES: Final = ("worst", "change", "earliest")


def read_derivations(
    node: Node, facts: Mapping[str, Fact], freshness: Mapping[str, object], resolver: Resolver
) -> Derivations:
    """How facts are made from records.

    Reports CC410 no such fact, code, class or result; CC470 a code whose check digit is wrong; CC471 a way that does
    not fit its fact; CC472 a code that nothing uses (a lint).
    """
    return _Derivations(Reader(node, "the derivations", resolver.problems), facts, freshness, resolver).read()


class _Derivations:
    def __init__(
        self, reader: Reader, facts: Mapping[str, Fact], freshness: Mapping[str, object], resolver: Resolver
    ) -> None:
        self.reader, self.facts, self.freshness, self.resolver = reader, facts, freshness, resolver
        self.codes: dict[str, str] = {}
        self.status: dict[str, str] = {}
        self.results: dict[str, tuple[str, ...]] = {}
        self.used: set[str] = set()
        self.source = Source()

    def read(self) -> Derivations:
        reader = self.reader
        self.source = self.resolver.source(reader, needed=True)
        systems = reader.reader("systems", "the code systems")
        uris = {name: systems.text(name) for name in systems.items}
        self._codes(uris)
        results = reader.reader_or_none("results", "the sets of results")
        self.results = {name: self.codes_of(results, name) for name in results.items} if results else {}
        answers = reader.reader_or_none("answers", "the coded answers")
        derivations = Derivations(
            systems=uris,
            codes=self.codes,
            status=self.status,
            look_back=self._look_back(),
            settings=self._settings(),
            answers={name: self.codes_of(answers, name) for name in ANSWERS} if answers else {},
            near_family=self.codes_of(reader, "near_family"),
            ways=self._ways(),
        )
        reader.done()
        for code in self.codes:
            if code not in self.used:
                at = reader.place("codes")
                self.resolver.lint("CC472", f"nothing uses the code `{code}`.", "Delete it.", at, level="warning")
        return derivations

    def _codes(self, systems: Mapping[str, str]) -> None:
        for key, group in self.reader.named("codes", "codes of"):
            self.resolver.known(key.name, systems, "code system", key.at)
            for code in group.items:
                item = group.reader(code, f"code `{key.name} {code}`")
                name = f"{key.name} {code}"
                self.codes[name] = item.text("says")
                self.status[name] = item.choice("status", STATUSES)
                item.done()
                check = _CHECKED.get(key.name)
                if check is not None and not check(code):
                    cause = f"`{name}` is no such code: its check digit is wrong."
                    item.problem("CC470", cause, "Copy it again, or leave it out: never guess a code.")

    def _look_back(self) -> dict[str, float]:
        reader = self.reader.reader_or_none("look_back", "how far back a record counts")
        found = {}
        for name in reader.items if reader else ():
            assert reader is not None
            self.resolver.known(name, self.freshness, "freshness class", reader.place(name))
            exact = self.resolver.exact(reader.expression(name), f"the look-back of `{name}`", unit("h"))
            if exact is not None:
                found[name] = exact[0]
        return found

    def _settings(self) -> dict[str, str]:
        reader = self.reader.reader_or_none("settings", "the settings of encounters")
        found = {}
        for code in reader.items if reader else ():
            assert reader is not None
            if self.known(code, reader):
                found[code] = reader.choice(code, SETTINGS)
        return found

    def _ways(self) -> dict[str, tuple[Way, ...]]:
        ways: dict[str, tuple[Way, ...]] = {}
        for key, node in self.reader.mapping("facts").values():
            fact = self.facts.get(key.name)
            if fact is None:
                self.resolver.known(key.name, self.facts, "fact", key.at)
                continue
            items = node.items if isinstance(node, Sequence) else ()
            if not items:
                self.reader.problem("CC403", f"`{key.name}` has no list of ways.", "Write `- {how: ..., of: ...}`.")
            ways[fact.id] = tuple(
                self._way(fact, Reader(item, f"a way to `{fact.id}`", self.resolver.problems)) for item in items
            )
        return ways

    def _way(self, fact: Fact, item: Reader) -> Way:
        levels = item.reader_or_none("levels", f"`levels` of {item.what}")
        units = item.reader_or_none("unit", f"`unit` of {item.what}")
        values = item.reader_or_none("values", f"`values` of {item.what}")
        how = item.choice("how", HOWS)
        way = Way(
            how=how,
            of="" if how in _OF_SERIES else item.choice("of", KINDS),
            series=item.choice("from", self.facts) if how in _OF_SERIES else "",
            codes=self.codes_of(item, "codes"),
            ordered_by=self.codes_of(item, "ordered_by"),
            units={name: units.text(name) for name in units.items} if units else {},
            values={name: self.codes_of(values, name) for name in values.items} if values else {},
            counted=self.codes_of(item, "counted"),
            levels={name: levels.texts(name) for name in levels.items} if levels else {},
            direction=item.choice("direction", ("", "fall", "rise"), ""),
            within=self._hours(item, "within"),
            after=self._hours(item, "after"),
            end=item.choice("end", ("", "at_least", "at_most"), ""),
            current=item.choice("when", ("", "current"), "") == "current",
            refuted=not item.boolean_or("refuted", True),
            source=self.resolver.source(item, inherited=self.source),
        )
        item.done()
        self._fits(fact, way, item)
        return way

    def _fits(self, fact: Fact, way: Way, item: Reader) -> None:
        """What a way can give is what its fact can be."""
        numeric = fact.kind in ("number", "integer")
        known = ("true", "false") if fact.kind == "boolean" else tuple(fact.codes)
        named = [*way.values, *(value for values in way.levels.values() for value in values)]
        wrong = [name for name in named if name not in known]
        if numeric and way.values:
            self.unfit(item, f"`{fact.id}` is a number and has no coded values.")
        elif wrong:
            self.unfit(item, f"`{wrong[0]}` is no value of `{fact.id}`.")
        if way.how in _FOR_NUMBERS and not numeric:
            self.unfit(item, f"`{way.how}` gives a number; `{fact.id}` is a {fact.kind}.")
        if way.series:
            self._looks_through(fact, way, item)
        if (way.how == "change") != bool(way.direction):
            self.unfit(item, "`direction` is for `change`, which needs it.")
        if way.how == "change" and way.end and (way.end, way.direction) != ("at_least", "fall"):
            self.unfit(item, "of a change only a fall is a bound, and `at_least` so far.")
        if way.how == "change" and way.end and fact.limits is None:
            self.unfit(item, f"a lower bound needs `limits` of `{fact.id}`.")
        if way.how == "member" and (numeric or (fact.kind == "code") != bool(way.values)):
            self.unfit(item, "`member` makes a boolean true by `codes`, or gives a code by `values`.")
        if way.how == "count" and (fact.kind == "boolean" or (fact.kind == "code") != bool(way.levels)):
            self.unfit(item, "`count` gives a number, or a code by `levels`.")
        if way.refuted and fact.kind != "boolean":
            self.unfit(item, "`refuted` speaks of a boolean.")
        if not (way.codes or way.values or way.series or way.of in ("birth", "person")):
            self.unfit(item, "no code is named.")

    def _looks_through(self, fact: Fact, way: Way, item: Reader) -> None:
        one = unit("1")
        if not same_scale(fact.unit or one, self.facts[way.series].unit or one):
            self.unfit(item, f"`{way.series}` is kept in another unit than `{fact.id}`.")
        if way.within is None:
            self.unfit(item, f"`{way.how}` needs `within`.")
        if way.how == "worst" and (not fact.worse or way.series != fact.id):
            self.unfit(item, f"`worst` looks through its own fact, which has a worse direction; see `{fact.id}`.")

    def unfit(self, item: Reader, cause: str) -> None:
        item.problem("CC471", f"{item.what[:1].upper()}{item.what[1:]}: {cause}", "Mend the way, or delete it.")

    def _hours(self, item: Reader, key: str) -> float | None:
        text = item.expression_or_none(key)
        found = self.resolver.exact(text, f"`{key}` of {item.what}", unit("h")) if text is not None else None
        return found[0] if found else None

    def codes_of(self, reader: Reader, key: str) -> tuple[str, ...]:
        """The codes under `key`, or those of the set of results that it names; none without it."""
        node = reader.node_or_none(key)
        if isinstance(node, Scalar) and node.value in self.results:
            return self.results[node.value]
        return tuple(text.value for text in reader.scalars(key) if self.known(text.value, reader, text))

    def known(self, code: str, reader: Reader, text: Scalar | None = None) -> bool:
        self.used.add(code)
        system, _, name = code.partition(" ")
        if system == _OF_FACTS and name in self.facts:
            return True
        return self.resolver.known(code, self.codes, "code", text.at if text is not None else reader.place(code))
