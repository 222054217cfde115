"""differential.yaml in, the differential out: causes, priors, findings with their figures, thresholds and burdens."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from clinical_commander.bayes.network import STATUSES
from clinical_commander.bayes.thresholds import least_probability_to_test, least_probability_to_treat
from clinical_commander.dossier.model import Fact
from clinical_commander.dossier.model_differential import (
    AcceptedThreshold,
    Band,
    Burden,
    Cause,
    CauseThresholds,
    Contributor,
    Differential,
    FigureRow,
    FindingGroup,
    FindingItem,
    FindingLevel,
    PriorRow,
    PublishedRatio,
    Uncertainty,
    Weights,
)
from clinical_commander.dossier.model_parts import Source
from clinical_commander.dossier.reader import Reader
from clinical_commander.dossier.resolve import Resolver
from clinical_commander.dossier.source import Node, Scalar
from clinical_commander.logic.check import Context
from clinical_commander.logic.words import REGIONS, SETTINGS
from clinical_commander.quantity import unit

POPULATIONS = ("hemoptysis", "partly", "transported")
CHAIN, REPLACES = "chain", "replaces"
COMPUTED = "computed"
JUDGED = ("expert", "background", "recalled")
"""Figures that need no citation, but a reason."""
_WIDE = 3.919927969080108  # a 95 % interval, in standard errors
_LEVELS = (2, 6)


def read_differential(reader: Reader, resolver: Resolver, confirmed: Fact | None) -> Differential:
    """The differential of a dossier.

    Args:
        reader: Of differential.yaml.
        resolver: With the scope of the dossier; collects what is wrong.
        confirmed: The fact that says which cause is confirmed, where the catalogue has one.
    """
    found = _DifferentialReader(reader, resolver, confirmed).read()
    reader.done()
    return found


class _DifferentialReader:
    def __init__(self, reader: Reader, resolver: Resolver, confirmed: Fact | None) -> None:
        self.reader, self.resolver, self.confirmed = reader, resolver, confirmed
        self.causes: dict[str, Cause] = {}
        self.residual = ""

    def read(self) -> Differential:
        reader = self.reader
        uncertainty = self.uncertainty()
        self.causes = self.read_causes()
        findings = {key.name: self.finding(key.name, item) for key, item in reader.named("findings", "finding")}
        return Differential(
            causes=self.causes,
            contributors={
                k.name: self.contributor(k.name, item) for k, item in reader.named("contributors", "contributor")
            },
            priors=tuple(self.prior(id, item) for id, item in reader.listed("priors", "prior")),
            findings=findings,
            groups=tuple(self.group(id, item, findings) for id, item in reader.listed("groups", "group")),
            thresholds={
                key.name: self.thresholds(item)
                for key, item in reader.named("thresholds", "the thresholds of")
                if self.resolver.known(key.name, self.causes, "cause", key.at)
            },
            burdens={
                key.name: self.burden(key.name, item, findings) for key, item in reader.named("burdens", "burden")
            },
            weights=self.weights(),
            uncertainty=uncertainty,
            bands=self.bands(),
            confirmed=self.confirmed.id if self.confirmed is not None else "",
            not_covered={id: item.text("why") for id, item in self.not_covered()},
            source=self.resolver.source(reader),
        )

    # -- causes

    def read_causes(self) -> dict[str, Cause]:
        found = {}
        for key, item in self.reader.named("causes", "cause"):
            codes = item.scalars("confirmed_by")
            for code in codes:
                if self.confirmed is not None:
                    at = code.mark(0, len(code.value))
                    self.resolver.known(code.value, self.confirmed.codes, f"code of `{self.confirmed.id}`", at)
            found[key.name] = Cause(
                key.name,
                item.text("title"),
                item.boolean_or("must_not_miss", False),
                item.boolean_or("residual", False),
                tuple(code.value for code in codes),
                item.text_or("text", ""),
                self.resolver.source(item),
            )
            item.done()
        residual = [cause.id for cause in found.values() if cause.residual]
        if len(residual) != 1:
            mend = "Mark the one that holds whatever has no name here: `residual: true`."
            self.reader.problem("CC308", f"{len(residual)} causes are the residual.", mend, self.reader.place("causes"))
        return found

    def contributor(self, id: str, item: Reader) -> Contributor:
        title, when = item.text("title"), self.resolver.condition(item.expression("when"))
        found = Contributor(id, title, when, item.text_or("text", ""), self.resolver.source(item))
        item.done()
        return found

    # -- priors

    def prior(self, id: str, item: Reader) -> PriorRow:
        shares = self.numbers(item, "percent")
        set_aside = self.numbers(item, "set_aside")
        at = item.place("percent")
        for cause in shares:
            self.resolver.known(cause, self.causes, "cause", at)
        missing = [cause for cause in self.causes if cause not in shares]
        if missing:
            item.problem("CC308", f"{item.what} says nothing of {', '.join(missing)}.", "Give each cause a share.", at)
        if any(not share > 0 for share in shares.values()):
            item.problem("CC301", f"a share of {item.what} is not above 0.", "Write how rare it is.", at)
        total = sum(shares.values()) + sum(set_aside.values())
        if shares and abs(total - 100) > 0.05:
            mend = "What the source counts beside these causes stands under `set_aside`."
            item.problem("CC302", f"the shares of {item.what} sum to {total:g} percent.", mend, at)
        settings = item.scalars("settings")
        for text in settings:
            self.resolver.known(text.value, SETTINGS, "setting", text.mark(0, len(text.value)))
        n = item.number_or("effective_n", 0.0)
        if not n > 0:
            item.problem("CC301", f"{item.what} rests on no patient.", "Add `effective_n:`.", item.place("effective_n"))
        found = PriorRow(
            id,
            tuple(text.value for text in settings),
            item.choice("region", REGIONS),
            n,
            {cause: shares[cause] for cause in self.causes if cause in shares},
            set_aside,
            self.resolver.condition_or_none(item.expression_or_none("when")),
            {setting: self.words(node) for setting, (_, node) in item.mapping("says").items()},
            item.choice("status", STATUSES),
            source=self.sourced(item),
        )
        item.done()
        return found

    # -- findings

    def finding(self, id: str, item: Reader) -> FindingItem:
        levels = []
        for level_id, level in item.listed("levels", f"level of `{id}`"):
            levels.append(FindingLevel(level_id, self.resolver.condition(level.expression("when")), level.text("says")))
            level.done()
        if not _LEVELS[0] <= len(levels) <= _LEVELS[1]:
            mend = f"A finding has {_LEVELS[0]} to {_LEVELS[1]} levels."
            item.problem("CC306", f"{item.what} has {len(levels)} levels.", mend, item.place("levels"))
        names = [level.id for level in levels]
        of = item.text("of")
        if of:
            self.resolver.known(of, self.causes, "cause", item.place("of"))
        rest_reader = item.reader("rest", f"the rest of {item.what}")
        rest = self.figures(rest_reader, names, ())
        cells = {}
        for key, cell in item.named("cells", f"in {item.what}, the cell of"):
            if self.resolver.known(key.name, self.causes, "cause", key.at):
                cells[key.name] = self.figures(cell, names, rest)
        found = FindingItem(
            id,
            item.text("title"),
            of,
            tuple(levels),
            cells,
            rest,
            tuple(self.published(node, item, names, of) for node in item.sequence("published")),
            self.resolver.source(item),
        )
        item.done()
        return found

    def figures(self, item: Reader, levels: Sequence[str], rest: Sequence[FigureRow]) -> tuple[FigureRow, ...]:
        """One figure, or one for each outcome of what it depends on."""
        rows = item.sequence("given")
        if not rows:
            found: tuple[FigureRow, ...] = (self.figure(item, levels, rest, {}),)
        else:
            made = []
            # What every row shares may stand once, beside them.
            shared = (item.text_or("status", ""), item.number_or("n", 0.0), item.text_or("population", POPULATIONS[0]))
            source = self.resolver.source(item)
            for number, node in enumerate(rows, 1):
                row = Reader(node, f"row {number} of {item.what}", item.problems)
                when = {name: self.words(value) for name, (_, value) in row.mapping("when").items()}
                made.append(self.figure(row, levels, rest, when, shared, source))
                row.done()
            found = tuple(made)
        item.done()
        return found

    def figure(
        self,
        item: Reader,
        levels: Sequence[str],
        rest: Sequence[FigureRow],
        given: Mapping[str, str],
        shared: tuple[str, float, str] = ("", 0.0, POPULATIONS[0]),
        inherited: Source | None = None,
    ) -> FigureRow:
        p, n = self.levels_of(item, levels, rest)
        status, patients, population = shared
        state = item.choice("status", STATUSES, status or None)
        return FigureRow(
            p,
            state,
            item.number_or("n", n or patients),
            item.choice("population", POPULATIONS, population),
            given,
            self.sourced(item, state, inherited),
        )

    def levels_of(
        self, item: Reader, levels: Sequence[str], rest: Sequence[FigureRow]
    ) -> tuple[tuple[float, ...], float]:
        """How often each level is seen, and by how many patients where counts or an interval tell it."""
        item.has("interval")  # read where nothing else tells how sure the figure is
        counts, ratio = self.numbers(item, "counts"), self.numbers(item, "ratio")
        stated = self.numbers(item, "p")
        n = 0.0
        if counts:
            n = sum(counts.values())
            # Half a patient more in each level where one is empty: no figure is ever 0 or 1.
            extra = 0.5 if any(c == 0 for c in counts.values()) or len(counts) < len(levels) else 0.0
            whole = n + extra * len(levels)
            stated = {level: (counts.get(level, 0.0) + extra) / whole for level in levels} if whole else {}
        elif ratio and rest and not rest[0].given:
            base = dict(zip(levels, rest[0].p, strict=True))
            stated = {level: x * base.get(level, 0.0) for level, x in ratio.items()}
        for level in (*stated, *counts, *ratio):
            self.resolver.known(level, levels, "level", item.at)
        left = [level for level in levels if level not in stated]
        if not stated or len(left) > 1:
            mend = "Give `p`, `counts` or `ratio`; one level may be left out and is the remainder."
            item.problem("CC302", f"{item.what} does not say how often each level is seen.", mend)
            return (1 / max(1, len(levels)),) * len(levels), n
        if left:
            stated[left[0]] = 1 - sum(stated.values())
        p = tuple(stated[level] for level in levels)
        if abs(sum(p) - 1) > 1e-6:
            item.problem("CC302", f"the levels of {item.what} sum to {sum(p):g}.", "They must sum to 1.")
        elif any(not 0 < x < 1 for x in p):
            mend = "No later evidence could move 0 or 1: write how rare it is, or `counts`."
            item.problem("CC301", f"a figure of {item.what} is not strictly between 0 and 1.", mend)
        else:
            total = sum(p)
            return tuple(x / total for x in p), n or self.from_interval(item, dict(zip(levels, p, strict=True)))
        return (1 / len(levels),) * len(levels), n

    def from_interval(self, item: Reader, p: Mapping[str, float]) -> float:
        """The number of patients whose scatter is as wide as a printed 95 % interval; 0 without one."""
        block = item.reader_or_none("interval", f"the interval of {item.what}")
        if block is None:
            return 0.0
        found = 0.0
        for level in block.items:
            ends = block.pair(level)
            if ends and ends[1] > ends[0] and level in p:
                error = (ends[1] - ends[0]) / _WIDE
                found = max(1.0, p[level] * (1 - p[level]) / (error * error) - 1)
        block.done()
        return found

    def published(self, node: Node, parent: Reader, levels: Sequence[str], of: str) -> PublishedRatio:
        item = Reader(node, f"a published ratio of {parent.what}", parent.problems)
        level, cause = item.text("level"), item.text_or("cause", of)
        self.resolver.known(level, levels, "level", item.place("level"))
        self.resolver.known(cause, self.causes, "cause", item.place("cause"))
        ratio = item.number_or("ratio", 0.0)
        if not ratio > 0:
            item.problem("CC301", f"{item.what} is not above 0.", "Add `ratio:`.")
        found = PublishedRatio(cause, level, ratio, item.pair("interval"), self.sourced(item, "published"))
        item.done()
        return found

    def group(self, id: str, item: Reader, findings: Mapping[str, FindingItem]) -> FindingGroup:
        members = item.scalars("findings")
        for text in members:
            self.resolver.known(text.value, findings, "finding", text.mark(0, len(text.value)))
        kind = item.choice("kind", (CHAIN, REPLACES))
        found = FindingGroup(
            id, kind, tuple(t.value for t in members if t.value in findings), self.resolver.source(item)
        )
        item.done()
        return found

    # -- thresholds and burdens

    def thresholds(self, item: Reader) -> CauseThresholds:
        stakes = item.reader_or_none("stakes", f"the stakes of {item.what}")
        weight, stakes_source = 1.0, Source()
        if stakes is not None:
            weight = stakes.number_or("value", 1.0)
            stakes_source = self.sourced(stakes, stakes.choice("status", STATUSES))
            stakes.done()
        unless = item.reader_or_none("zone_unless", f"`zone_unless` of {item.what}")
        condition, text = None, ""
        if unless is not None:
            condition = self.resolver.condition(unless.expression("when"), Context.STEP)
            text = unless.text("text")
            unless.done()
        found = CauseThresholds(
            tuple(self.threshold(node, "test", item) for node in item.sequence("test")),
            tuple(self.threshold(node, "treat", item) for node in item.sequence("treat")),
            weight,
            stakes_source,
            condition,
            text,
        )
        item.done()
        return found

    def threshold(self, node: Node, kind: str, parent: Reader) -> AcceptedThreshold:
        item = Reader(node, f"a threshold to {kind} of {parent.what}", parent.problems)
        status = item.choice("status", (*STATUSES, COMPUTED))
        rests_on = item.choice("rests_on", STATUSES, "expert" if status == COMPUTED else status)
        if item.has("benefit") or item.has("harm"):
            value = self.computed(item, kind)
        else:
            value = self.probability(item, "value")
        if not 0 < value < 1:
            item.problem("CC301", f"{item.what} is not between 0 and 1.", "Write it as in `2 %`.", item.place("value"))
        name = item.text_or("name", "")
        found = AcceptedThreshold(value, status, rests_on, name, self.sourced(item, rests_on))
        item.done()
        return found

    def computed(self, item: Reader, kind: str) -> float:
        """By Pauker and Kassirer, from benefit, harm and for a test also its own properties."""
        benefit, harm = item.number_or("benefit", 0.0), item.number_or("harm", 0.0)
        if not benefit > 0 or not harm > 0:
            item.problem("CC301", f"{item.what} needs a benefit and a harm above 0.", "As parts of 1.")
            return 0.5
        if kind == "treat":
            return least_probability_to_treat(benefit, harm)
        test = [item.number_or(key, 0.0) for key in ("sensitivity", "specificity", "test_harm")]
        return least_probability_to_test(benefit, harm, *test)

    def burden(self, id: str, item: Reader, findings: Mapping[str, FindingItem]) -> Burden:
        known = item.scalars("findings")
        for text in known:
            self.resolver.known(text.value, findings, "finding", text.mark(0, len(text.value)))
        radiation = self.resolver.exact(item.expression_or_none("radiation"), f"radiation of {item.what}", unit("mSv"))
        status = item.choice("status", STATUSES)
        settings = item.scalars("settings")
        for text in settings:
            self.resolver.known(text.value, SETTINGS, "setting", text.mark(0, len(text.value)))
        found = Burden(
            id,
            item.text("title"),
            tuple(text.value for text in known if text.value in findings),
            item.number_or("minutes", 0.0),
            radiation[0] if radiation else 0.0,
            item.number_or("invasiveness", 0.0),
            item.number_or("cost", 0.0),
            item.number_or("discomfort", 0.0),
            status,
            item.boolean_or("by_finding", False),
            tuple(text.value for text in settings),
            self.sourced(item, status),
        )
        item.done()
        return found

    def bands(self) -> tuple[Band, ...]:
        found = []
        for node in self.reader.sequence("bands"):
            item = Reader(node, "a band", self.reader.problems)
            found.append(Band(self.probability(item, "below") if item.has("below") else 1.0, item.text("says")))
            item.done()
        return tuple(found)

    def weights(self) -> Weights:
        item = self.reader.reader("weights", "the weights")
        keys = ("per_hour", "per_mSv", "per_invasiveness", "per_cost", "per_discomfort")
        hour, msv, invasiveness, cost, discomfort = (item.number_or(key, 0.0) for key in keys)
        source = self.sourced(item, item.choice("status", STATUSES))
        found = Weights(hour, msv, invasiveness, cost, discomfort, source)
        item.done()
        return found

    def uncertainty(self) -> Uncertainty:
        item = self.reader.reader("uncertainty", "the uncertainty")
        n = {}
        for status in STATUSES:
            row = item.reader(status, f"the uncertainty of what is {status}")
            n[status] = row.number_or("n", 1.0)
            row.text("why")
            row.done()
        transported = item.reader("transported", "the uncertainty of what is transported")
        ratio = item.reader("ratio", "the limits of one ratio")
        found = Uncertainty(
            n, transported.number_or("variance", 1.0), ratio.number_or("least", 0.01), ratio.number_or("most", 100.0)
        )
        for block in (transported, ratio):
            block.text("why")
            self.resolver.source(block)
            block.done()
        item.done()
        return found

    def not_covered(self) -> list[tuple[str, Reader]]:
        found = []
        for node in self.reader.sequence("not_covered"):
            item = Reader(node, "what is not covered", self.reader.problems)
            found.append((item.text("finding"), item))
            item.text("why")
            self.resolver.source(item)
            item.done()
        return found

    # -- one value

    def sourced(self, item: Reader, status: str | None = None, inherited: Source | None = None) -> Source:
        """Its source; CC501 without any, CC506 for a judgement without a reason."""
        source = self.resolver.source(item, inherited=inherited)
        judged = (status or item.text_or("status", "")) in JUDGED
        if not source.cite and not judged:
            self.resolver.lint("CC501", f"{item.what} has no source.", "Add `cite: [...]`.", item.at)
        if judged and not source.why:
            self.resolver.lint("CC506", f"{item.what} is a judgement without its reason.", "Add `why:`.", item.at)
        return source

    def numbers(self, item: Reader, key: str) -> dict[str, float]:
        """The numbers of a mapping from names."""
        block = item.reader_or_none(key, f"`{key}` of {item.what}")
        if block is None:
            return {}
        found = {name: block.number_or(name, 0.0) for name in block.items}
        block.done()
        return found

    def probability(self, item: Reader, key: str) -> float:
        """`2 %` or `0.02` under a key."""
        found = self.resolver.exact(item.expression(key), f"`{key}` of {item.what}")
        if found is None:
            return 0.5
        value, own = found
        return value / 100 if own.code == "%" else value

    def words(self, node: Node) -> str:
        return node.value if isinstance(node, Scalar) else ""
