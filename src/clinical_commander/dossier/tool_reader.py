"""One tools/<id>.yaml in, the tool out: every part typed, each with its own source or the tool's."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from clinical_commander.dossier import tool_terms
from clinical_commander.dossier.catalogue import read_codes
from clinical_commander.dossier.model import (
    Band,
    Count,
    Example,
    Formula,
    Group,
    Level,
    Reading,
    Series,
    Source,
    Tool,
    ToolItem,
    ToolNote,
    ToolRow,
    ValueSeries,
)
from clinical_commander.dossier.reader import Reader, plain_data
from clinical_commander.dossier.resolve import JUDGED, Resolver
from clinical_commander.dossier.source import Mapping as MappingNode
from clinical_commander.dossier.source import Node, Scalar
from clinical_commander.errors import ClinicalCommanderError
from clinical_commander.frozen import replace
from clinical_commander.logic import ir
from clinical_commander.logic.check import Context, Entry, Scope, check, check_number
from clinical_commander.quantity import Unit, same_scale, unit

KINDS = ("sum", "criteria", "table", "formula", "rules")
NUMERIC = ("sum", "formula")
NOTE_KINDS = ("trap", "conflict", "limit", "inference")
DIRECTIONS = ("rising", "falling")
STATUSES = ("published", "recalled")
REVIEW = ("needed", "reviewed")
_NAME = re.compile(r"[a-z][a-z0-9_]*")


# --- the value


def tool_entry(id: str, reader: Reader, resolver: Resolver) -> Entry | None:
    """What the name of a tool stands for in an expression, read before its parts; None where it is withheld."""
    reader.what = f"tool `{id}`"
    if reader.has("withheld"):
        return None
    values, own, _, range_ = _value(reader, resolver)
    if values:
        return Entry("tool", "code", codes=tuple(values))
    return Entry("tool", "number", unit=own, range=range_)


def _value(reader: Reader, resolver: Resolver) -> tuple[dict[str, str], Unit | None, int, tuple[float, float] | None]:
    """(codes, unit, decimals, range) of the value; read twice, reported once by `read_tool`."""
    block = reader.reader_or_none("value", f"the value of {reader.what}") or reader
    if block is not reader and block.choice("type", ("number", "code")) == "code":
        return read_codes(block, "values"), None, 0, None
    values = {} if block is not reader else read_codes(reader, "values")
    if values:
        return values, None, 0, None
    own = resolver.unit(block.text_or_none("unit"), block.place("unit"))
    return {}, own, block.integer_or("decimals", 0), block.pair("range")


# --- a tool


def read_tool(id: str, reader: Reader, resolver: Resolver) -> Tool:
    """tools/<id>.yaml. The scope of the resolver holds the facts and the other tools."""
    return _ToolReader(id, reader, resolver).tool()


class _ToolReader:
    def __init__(self, id: str, reader: Reader, resolver: Resolver) -> None:
        self.id, self.reader, self.resolver = id, reader, resolver
        self.names: dict[str, Entry] = dict(resolver.scope.names)
        self.taken: set[str] = set()  # item ids that are also names of something else
        self.item_ids: tuple[str, ...] = ()
        self.source = Source()

    def tool(self) -> Tool:
        reader, resolver = self.reader, self.resolver
        if reader.text("id") != self.id:
            says = f"{reader.what} says `id: {reader.text_or('id', '')}`."
            reader.problem("CC414", says, f"Its file name says `{self.id}`.", reader.place("id"))
        self.source = resolver.source(reader)
        values, own, decimals, range_ = self.value()
        kind = reader.choice("kind", KINDS)
        withheld = self.withheld()
        tool = Tool(
            self.id,
            title=reader.text("title"),
            kind=kind,
            values=values,
            applies_when=resolver.condition_or_none(reader.expression_or_none("applies_when"), Context.DOMAIN),
            not_applicable=reader.text_or("not_applicable", ""),
            licence=reader.text_or("licence", ""),
            source=self.source,
            unit=own,
            decimals=decimals,
            range=range_,
            population=reader.text_or("population", ""),
            review=reader.choice("review", REVIEW, "needed"),
            withheld=withheld,
            at=reader.at,
        )
        self.parts()
        items = tuple(self.item(id, item) for id, item in reader.listed("items", "item"))
        self.item_ids = tuple(item.id for item in items)
        tool = replace(tool, items=items, groups=self.groups(items), counts=self.counts())
        tool = replace(tool, base=self.formula("base", own), formula=self.formula("formula", own))
        self.add_own_names(tool)
        tool = replace(tool, rows=self.rows(reader, values), monotone=self.monotone(tool))
        number = tool_terms.value(tool)
        if number is not None:
            self.add("value", Entry("part", "number", unit=own, range=range_, expr=number))
        tool = replace(
            tool,
            bands=tuple(self.band(id, item) for id, item in reader.listed("bands", "band")),
            readings=tuple(self.reading(id, item) for id, item in reader.listed("readings", "reading")),
            value_series=self.value_series(tool),
            notes=tuple(self.note(node) for node in reader.sequence("notes")),
        )
        self.fits_its_kind(tool)
        reader.has("examples")
        reader.done()
        return tool

    def value(self) -> tuple[dict[str, str], Unit | None, int, tuple[float, float] | None]:
        reader = self.reader
        block = reader.reader_or_none("value", f"the value of {reader.what}")
        found = _value(reader, self.resolver)
        if block is not None:
            for key in ("type", "values", "unit", "decimals", "range"):
                block.has(key)
            block.done()
            if not found[0] and found[3] is None and not reader.has("withheld"):
                block.problem("CC402", f"{block.what} has no `range`.", "Add `range: [low, high]`.")
        elif not found[0] and not reader.has("withheld"):
            mend = "Add `value: {type: number, unit:, range:, decimals:}` or `value: {type: code, values:}`."
            reader.problem("CC402", f"{reader.what} does not say what it gives.", mend)
        return found

    def withheld(self) -> str:
        found = self.reader.node_or_none("withheld")
        if not isinstance(found, MappingNode):
            return self.reader.text_or("withheld", "")
        item = Reader(found, f"`withheld` of {self.reader.what}", self.reader.problems)
        text = item.text("text")
        self.sourced(item)
        item.done()
        return text

    def fits_its_kind(self, tool: Tool) -> None:
        """CC402: the parts that its kind needs are there, and no others."""
        if tool.withheld:
            return
        numeric = tool.kind in NUMERIC
        if numeric != tool.gives_number:
            mend = f"A {tool.kind} gives a {'number' if numeric else 'code'}."
            self.reader.problem("CC402", f"{self.reader.what} is of kind {tool.kind}.", mend, self.reader.place("kind"))
        needs = {"sum": ("items",), "formula": ("formula",), "criteria": ("items", "rows"), "table": ("rows",)}
        for part in needs.get(tool.kind, ("rows",)):
            if not getattr(tool, part):
                mend = "Add `rows: [{value:, when:}]`." if part == "rows" else f"Add `{part}:`."
                self.reader.problem("CC402", f"{self.reader.what} has no {part}.", mend)
        excluded = {"sum": ("rows", "formula"), "formula": ("rows", "base", "groups")}
        for part in excluded.get(tool.kind, ("bands", "formula", "base", "groups")):
            if getattr(tool, part):
                cause = f"{self.reader.what} is of kind {tool.kind} and has `{part}`."
                self.reader.problem("CC402", cause, "Take it out, or choose another kind.", self.reader.place(part))

    # -- names and sources

    def add(self, name: str, entry: Entry) -> None:
        """One more name for the expressions that follow."""
        self.names[name] = entry
        self.resolver.scope = Scope(dict(self.names))

    def new_name(self, name: str, kind: str, reader: Reader) -> bool:
        """Whether a part may have this name: CC412 where it is taken, CC416 where it is no name."""
        if not _NAME.fullmatch(name):
            reader.problem("CC416", f"`{name}` cannot be a name.", "Use lower case, digits and `_`.", reader.at)
            return False
        if name in self.names or name in ("value", "setting", "region"):
            entry = self.names.get(name)
            cause = f"`{name}` of {kind} already names a {entry.kind if entry else 'word of the language'}."
            reader.problem("CC412", cause, "Choose another name.", reader.at)
            return False
        return True

    def add_own_names(self, tool: Tool) -> None:
        """Items as conditions and counts as numbers, for rows, readings and bands."""
        self.taken = {item.id for item in tool.items if item.id in self.names}
        for item in tool.items:
            if item.id not in self.taken and item.levels:
                self.names[item.id] = Entry("part", "boolean", expr=tool_terms.holds(item))
        for wanted in tool.counts:
            number = tool_terms.count(tool, wanted)
            most = float(len(wanted.items))
            self.names[wanted.id] = Entry("part", "number", unit=unit("1"), range=(0.0, most), expr=number)
        self.resolver.scope = Scope(dict(self.names))

    def unambiguous(self, text: Scalar | None) -> Scalar | None:
        """The text; CC412 where it names an item whose id is also the name of a fact or tool."""
        for word in re.finditer(r"[a-z][a-z0-9_]*", text.value if text else ""):
            if text is not None and word[0] in self.taken:
                cause = f"`{word[0]}` is an item of this tool and a {self.names[word[0]].kind}: which is meant?"
                at = text.mark(word.start(), len(word[0]))
                self.reader.problem("CC412", cause, "Give the item another id.", at)
        return text

    def sourced(self, reader: Reader, parent: Source | None = None, *, explained: bool = False) -> Source:
        """The source of a part; what it does not say it takes from what it stands in (CC501, CC506)."""
        parent = parent or self.source
        own = self.resolver.source(reader)
        if not own.cite and not own.basis:
            found = Source(parent.cite, parent.basis, own.why or parent.why)
        else:
            found = Source(own.cite or parent.cite, own.basis or parent.basis, own.why)
        if not found.cite or not found.basis:
            mend = "Add `cite: [...]` and `basis: [...]`, here or at the top of the tool."
            self.resolver.lint("CC501", f"{reader.what} has no source.", mend, reader.at)
        elif set(found.cite) <= JUDGED and not found.why and not explained:
            cause = f"{reader.what} is a judgement without its reason."
            self.resolver.lint("CC506", cause, "Add `why:` in one sentence.", reader.at)
        return found

    # -- parts, items, counts

    def parts(self) -> None:
        """Named numbers and conditions, each usable in those after it; they are written out where they are named."""
        for name, (key, node) in self.reader.mapping("parts").items():
            part = Reader(MappingNode(node.source, node.start, node.end, {}), "", self.reader.problems)
            part.at = key.at
            if not isinstance(node, Scalar):
                mend = "Write one expression."
                self.reader.problem("CC403", f"part `{name}` of {self.reader.what} is no text.", mend, node.at)
            elif self.new_name(name, "`parts`", part):
                try:
                    typed = check(node, self.resolver.scope, Context.DOMAIN)
                except ClinicalCommanderError as error:
                    self.reader.problems.extend(error.problems)
                    continue
                if typed.type == "code":
                    mend = "Compare it with a code: `x = 'code'`."
                    self.reader.problem("CC203", f"part `{name}` is a code.", mend, node.at)
                    continue
                self.resolver.note(typed.expr)
                self.add(name, Entry("part", typed.type, unit=typed.unit, expr=typed.expr))

    def item(self, id: str, item: Reader) -> ToolItem:
        optional = self.reader.text_or("kind", "") not in NUMERIC
        levels = [self.level(item, node) for node in item.sequence("levels")]
        if not levels:
            worth = item.number_or("points", 1.0)
            if not optional and not item.has("points"):
                item.problem("CC402", f"{item.what} gives no points.", "Add `points:`, or `levels:`.")
            when = self.resolver.condition(item.expression("when"), Context.TOOL)
            levels = [Level(worth, when)]
        missing = item.choice("missing", ("interval", "counts_as_zero"), "interval")
        assumed = missing == "counts_as_zero"
        if assumed and not item.has("cite"):
            cause = f"{item.what} counts as zero while it is missing, and no publication says so."
            mend = "Add `cite:` of the publication that does, or take `missing:` out."
            item.problem("CC456", cause, mend, item.place("missing"))
        found = ToolItem(
            id,
            title=item.text("title"),
            levels=tuple(levels),
            group=item.text_or("group", ""),
            assumed=assumed,
            text=item.text_or("text", ""),
            source=self.sourced(item),
        )
        item.done()
        return found

    def level(self, item: Reader, node: Node) -> Level:
        level = Reader(node, f"a level of {item.what}", item.problems)
        if not level.has("points"):
            level.problem("CC402", f"{level.what} gives no points.", "Add `points:`.")
        found = Level(
            level.number_or("points", 0.0),
            self.resolver.condition(level.expression("when"), Context.TOOL),
            level.text_or("text", ""),
        )
        self.resolver.source(level)
        level.done()
        return found

    def groups(self, items: tuple[ToolItem, ...]) -> tuple[Group, ...]:
        found = []
        for key, group in self.reader.named("groups", "group"):
            if not group.has("max") and not group.has("min"):
                group.problem("CC402", f"{group.what} caps nothing.", "Add `max:` or `min:`.")
            ends = [group.number_or(end, 0.0) if group.has(end) else None for end in ("max", "min")]
            found.append(Group(key.name, *ends))
            group.done()
            if key.name not in (item.group for item in items):
                group.problem("CC451", f"no item is in {group.what}.", "Add `group:` to its items.", key.at)
        for item in items:
            if item.group and item.group not in (group.id for group in found):
                cause = f"item `{item.id}` is in group `{item.group}`, which `groups` does not have."
                self.reader.problem("CC451", cause, "Add it under `groups:`.", self.reader.place("items"))
        return tuple(found)

    def counts(self) -> tuple[Count, ...]:
        found = []
        for name, (key, node) in self.reader.mapping("counts").items():
            if not isinstance(node, MappingNode):
                node = MappingNode(node.source, node.start, node.end, {"of": (key, node)})
            block = Reader(node, f"count `{name}`", self.reader.problems)
            listed = block.scalars("of")
            least = block.number_or("at_least", 0.0) if block.has("at_least") else None
            block.done()
            for scalar in listed:
                if scalar.value not in self.item_ids:
                    cause = f"count `{name}` names `{scalar.value}`, which is no item of {self.reader.what}."
                    mend = f"Its items: {', '.join(self.item_ids)}."
                    self.reader.problem("CC451", cause, mend, scalar.mark(0, len(scalar.value)))
            ids = tuple(scalar.value for scalar in listed if scalar.value in self.item_ids)
            if name in self.item_ids:
                self.reader.problem("CC412", f"count `{name}` is also an item.", "Choose another name.", key.at)
            elif self.new_name(name, "`counts`", block):
                found.append(Count(name, ids, least))
        return tuple(found)

    # -- numbers

    def formula(self, key: str, own: Unit | None, reader: Reader | None = None) -> Formula | None:
        text = (reader or self.reader).expression_or_none(key)
        if text is None:
            return None
        shown = " ".join(text.value.split())
        at = text.mark(0, len(text.value))
        try:
            expr, found = check_number(text, self.resolver.scope, Context.TOOL)
        except ClinicalCommanderError as error:
            self.reader.problems.extend(error.problems)
            return Formula(shown, tool_terms.constant(0), at)
        if found is not None and own is not None and not same_scale(found, own):
            cause = f"`{key}` of {self.reader.what} is in {found.code}, and its value in {own.code}."
            self.reader.problem("CC204", cause, "A bare number in a formula makes it empirical.", at)
        self.resolver.note(expr)
        return Formula(shown, expr, at)

    def monotone(self, tool: Tool) -> dict[str, str]:
        block = self.reader.reader_or_none("monotone", f"`monotone` of {self.reader.what}")
        if block is None:
            return {}
        read = {name for expr in tool_terms.expressions(tool) for name in ir.facts_of(expr)}
        for name, (key, _) in block.items.items():
            if name not in read:
                mend = f"It reads: {', '.join(sorted(read))}."
                self.reader.problem("CC410", f"{self.reader.what} does not read `{name}`.", mend, key.at)
        return {name: block.choice(name, DIRECTIONS) for name in block.items if name in read}

    # -- rows, bands, readings

    def rows(self, reader: Reader, values: Mapping[str, str]) -> tuple[ToolRow, ...]:
        found = []
        for number, node in enumerate(reader.sequence("rows"), 1):
            row = Reader(node, f"row {number} of {reader.what}", reader.problems)
            value = row.text("value")
            if value and values:
                self.resolver.known(value, values, f"value of {reader.what}", row.place("value"))
            when = self.resolver.condition(self.unambiguous(row.expression("when")), Context.DOMAIN)
            found.append(ToolRow(value, when, row.text_or("text", ""), self.sourced(row)))
            row.done()
        return tuple(found)

    def band(self, id: str, item: Reader) -> Band:
        bounds = {
            end: item.number_or(end, 0.0) if item.has(end) else None
            for end in ("at_least", "above", "at_most", "below")
        }
        when = self.resolver.condition_or_none(self.unambiguous(item.expression_or_none("when")), Context.TOOL)
        if when is None and all(bound is None for bound in bounds.values()):
            item.problem(
                "CC402", f"{item.what} has no bounds.", "Add `at_most:`, `at_least:`, `below:`, `above:` or `when:`."
            )
        source = self.sourced(item)
        found = Band(
            id,
            title=item.text("title"),
            text=item.text_or("text", ""),
            **bounds,
            when=when,
            series=self.series(item, source),
            source=source,
        )
        item.done()
        return found

    def reading(self, id: str, item: Reader) -> Reading:
        if item.has("number"):
            own = self.resolver.unit(item.text_or_none("unit"), item.place("unit"))
            title, decimals = item.text("title"), item.integer_or("decimals", 0)
            needs = self.resolver.fact_ids(item, "needs")
            number = self.formula("number", own, item)
            found = Reading(
                id, title, number=number, unit=own, decimals=decimals, needs=needs, source=self.sourced(item)
            )
            item.done()
            return found
        values = read_codes(item, "values")
        if not values:
            item.problem("CC402", f"{item.what} has no values.", "Add `values: {code: what it says}`.")
        if not item.sequence("rows"):
            item.problem("CC402", f"{item.what} has no rows.", "Add `rows: [{value:, when:}]`.")
        around, self.source = self.source, self.sourced(item)
        found = Reading(id, item.text("title"), values, self.rows(item, values), self.source)
        self.source = around
        item.done()
        return found

    def series(self, item: Reader, parent: Source) -> tuple[Series, ...]:
        found = []
        for node in item.sequence("series"):
            series = Reader(node, f"a series of {item.what}", item.problems)
            found.append(
                Series(
                    cohort=series.text("cohort"),
                    n=series.integer("n") if series.has("n") else None,
                    outcome=series.text("outcome"),
                    rate=series.text("rate"),
                    ci=series.text_or("ci", ""),
                    status=series.choice("status", STATUSES, "published"),
                    source=self.sourced(series, parent),
                )
            )
            series.done()
        return tuple(found)

    def value_series(self, tool: Tool) -> tuple[ValueSeries, ...]:
        found = []
        for node in self.reader.sequence("value_series"):
            item = Reader(node, f"a value of {self.reader.what}", self.reader.problems)
            if tool.gives_number:
                value: float | str = item.number_or("value", 0.0)
                if not item.has("value"):
                    item.problem("CC402", f"{item.what} does not say which.", "Add `value:`.")
            else:
                value = item.text("value")
                self.resolver.known(value, tool.values, f"value of {self.reader.what}", item.place("value"))
            found.append(ValueSeries(value, self.series(item, self.source)))
            item.done()
        return tuple(found)

    def note(self, node: Node) -> ToolNote:
        item = Reader(node, f"a note of {self.reader.what}", self.reader.problems)
        found = ToolNote(item.text("text"), item.choice("kind", NOTE_KINDS, "trap"), self.sourced(item, explained=True))
        item.done()
        return found


def read_examples(reader: Reader) -> Iterable[Example]:
    """The worked cases of a tool, as plain data; whether they come out is for those to say who can run it."""
    for node in reader.sequence("examples"):
        item = Reader(node, f"an example of {reader.what}", reader.problems)
        name = item.text("name")
        blocks = {}
        for key in ("given", "expect"):
            found = item.node(key)
            blocks[key] = plain_data(found) if isinstance(found, MappingNode) else {}
        given, expect = blocks["given"], blocks["expect"]
        assert isinstance(given, dict)
        assert isinstance(expect, dict)
        item.texts_or("cite")
        item.texts_or("basis")
        item.text_or("why", "")
        item.done()
        yield Example(name, given, expect, item.at)
