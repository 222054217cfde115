"""A tool in memory: a score or codifier with its items, rows, bands and published rates, every expression typed."""

from __future__ import annotations

from collections.abc import Mapping

from clinical_commander.dossier.model_parts import Condition, Formula, Source
from clinical_commander.errors import Mark
from clinical_commander.frozen import field, frozen
from clinical_commander.quantity import Unit


@frozen
class ToolRow:
    """One row of a tool: the value it gives while `when` holds and no row before it does."""

    value: str
    when: Condition
    text: str = ""
    source: Source = Source()


@frozen
class Level:
    """The points that an item gives while `when` holds and no level before it does."""

    points: float
    when: Condition
    text: str = ""


@frozen
class ToolItem:
    """One line of a score; no level holding is 0 points. An assumed item counts 0 until its facts decide it."""

    id: str
    title: str
    levels: tuple[Level, ...]
    group: str = ""
    assumed: bool = False
    text: str = ""
    source: Source = Source()


@frozen
class Group:
    """Items whose sum is capped."""

    id: str
    max: float | None = None
    min: float | None = None


@frozen
class Count:
    """How many of `items` hold; with `at_least`, how many have at least so many points."""

    id: str
    items: tuple[str, ...]
    at_least: float | None = None


@frozen
class Series:
    """A published event rate of one cohort; `status` is published or recalled."""

    cohort: str
    n: int | None
    outcome: str
    rate: str
    ci: str = ""
    status: str = "published"
    source: Source = Source()


@frozen
class Band:
    """A named range of a tool's number, with the rates published for it. All bounds and `when` must hold."""

    id: str
    title: str
    text: str = ""
    at_least: float | None = None
    above: float | None = None
    at_most: float | None = None
    below: float | None = None
    when: Condition | None = None
    series: tuple[Series, ...] = ()
    source: Source = Source()


@frozen
class ValueSeries:
    """The rates published for one value, number or code, of a tool."""

    value: float | str
    series: tuple[Series, ...]


@frozen
class Reading:
    """What one named definition says of the same patient, beside the tool's own value and never merged into it.

    It gives a code of `values` by its `rows`, or a `number` that is said only where each fact of `needs` is told.
    """

    id: str
    title: str
    values: Mapping[str, str] = field(default_factory=dict)
    rows: tuple[ToolRow, ...] = ()
    source: Source = Source()
    number: Formula | None = None
    unit: Unit | None = None
    decimals: int = 0
    needs: tuple[str, ...] = ()


@frozen
class ToolNote:
    """A trap, a conflict between printings, a limit or an inference; `kind` says which."""

    text: str
    kind: str = "trap"
    source: Source = Source()


@frozen
class Example:
    """A worked case of a tool: `given` is a case, `expect` what must come out. Both as plain data."""

    name: str
    given: Mapping[str, object]
    expect: Mapping[str, object]
    at: Mark | None = field(default=None, compare=False)


@frozen
class Tool:
    """A score or codifier. `kind` is sum, criteria, table, formula or rules; it gives a code of `values`, or a number.

    A number has `unit`, is shown with `decimals` and lies in `range`. `monotone` says of facts of a formula whether it
    rises or falls with them. `withheld` is why it is not computed at all.
    """

    id: str
    title: str
    kind: str
    values: Mapping[str, str] = field(default_factory=dict)
    rows: tuple[ToolRow, ...] = ()
    applies_when: Condition | None = None
    not_applicable: str = ""
    licence: str = ""
    source: Source = Source()
    unit: Unit | None = None
    decimals: int = 0
    range: tuple[float, float] | None = None
    population: str = ""
    review: str = "needed"
    items: tuple[ToolItem, ...] = ()
    groups: tuple[Group, ...] = ()
    counts: tuple[Count, ...] = ()
    base: Formula | None = None
    formula: Formula | None = None
    monotone: Mapping[str, str] = field(default_factory=dict)
    readings: tuple[Reading, ...] = ()
    bands: tuple[Band, ...] = ()
    value_series: tuple[ValueSeries, ...] = ()
    notes: tuple[ToolNote, ...] = ()
    withheld: str = ""
    at: Mark | None = field(default=None, compare=False)

    @property
    def gives_number(self) -> bool:
        """Whether its value is a number; else it is a code of `values`."""
        return not self.values
