"""Writes docs/tool-agreement.md: this engine beside the published tables and beside public packages.

Run `python -m tests.agreement.table` after a change of a tool, of a package or of what is declared of their
differences; a test fails while the page is stale.
"""

from __future__ import annotations

import functools
import math
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.agreement.differences import DIFFERENCES, Difference
from tests.agreement.faults import KNOWN_FAULTS
from tests.agreement.ours import Said, ours
from tests.agreement.packages import COMPARISONS, LICENCES, NOT_USED, Comparison, version_of
from tests.agreement.patients import Facts, computed_tools, patients, shelf
from tests.agreement.reference import PUBLISHED, Patient, Value
from tests.agreement.settled import WIDER, against_completions

PAGE = Path(__file__).resolve().parents[2] / "docs" / "tool-agreement.md"
PATIENTS = 10_000
STALE = "the page is stale: run `python -m tests.agreement.table`"

# Codifiers whose rules are a page of prose each; a second reading of them would be the same text in another language.
# Their worked examples stand in the tool files, and `settled` is tested for them as for all others.
WITHOUT_TABLE = {
    "anca_pattern": "rows of named antibodies; no arithmetic",
    "bae_outcome": "windows and denominators as defined; no score",
    "tb_isolation": "rules of named agencies, side by side; no score",
}

HEAD = f"""# Agreement of the scores

Every score is computed for {PATIENTS:,} random complete patients and compared with a second reading of its published
table, written by hand and without our engine, and with public packages that have it. Numbers are drawn often on, just
under and just over the limits of the score. Patients outside the published population are not compared: there this
engine gives no value. This page is written by `python -m tests.agreement.table`; a test fails while it is stale.

Letters and numbers as in B3 name the section of the evidence pages; recalled means that no publication was seen.
No clinician has reviewed this page.
"""


@dataclass
class Result:
    """What came of one comparison. `unexplained` are patients who differ and whom no declared region holds."""

    compared: int = 0
    refused: int = 0
    differ: int = 0
    within: Counter[str] = field(default_factory=Counter)
    unexplained: list[tuple[Value, Value | None, Facts]] = field(default_factory=list)


@functools.cache
def against_packages(tool: str) -> dict[Comparison, Result]:
    """Each package that has the tool, on the same patients; ages in whole years, as the packages take them."""
    comparisons = [c for c in COMPARISONS if c.tool == tool]
    results = {c: Result() for c in comparisons}
    for facts in patients(tool, PATIENTS, seed=" packages", whole_years=True):
        said = ours(tool).complete(facts)
        if not said.applies:
            continue
        for comparison, result in results.items():
            _compare(comparison, facts, said, result)
    return results


def _compare(comparison: Comparison, facts: Facts, said: Said, result: Result) -> None:
    theirs = comparison.asked(facts)
    if theirs is None:
        result.refused += 1
        return
    result.compared += 1
    if comparison.agree(theirs, said):
        return
    result.differ += 1
    regions = [d.where for d in declared(comparison) if d.holds(facts)]
    result.within.update(regions)
    if not regions:
        result.unexplained.append((theirs, comparison.ours(said), facts))


def declared(comparison: Comparison) -> list[Difference]:
    """The differences declared of one comparison."""
    return [
        d
        for d in DIFFERENCES
        if d.tool == comparison.tool and comparison.package in d.packages and comparison.what in d.answers
    ]


@functools.cache
def against_table(tool: str) -> tuple[int, list[tuple[object, object, Facts]]]:
    """How many patients the second reading applies to, and those in whom anything it says differs."""
    published = PUBLISHED[tool]
    compared, differ = 0, []
    for facts in patients(tool, PATIENTS):
        said, patient = ours(tool).complete(facts), Patient(facts)
        applies = bool(published.applies(patient))
        compared += applies
        if applies != said.applies:
            differ.append((applies, said.applies, facts))
        elif applies:
            value = published.value(patient)
            found = [value, published.band(value, patient) if published.band else None]
            found += [reading(value, patient) for reading in published.readings.values()]
            mine = [said.value, said.band, *(said.readings[id] for id in published.readings)]
            if not all(map(same, found, mine)):
                differ.append((found, mine, facts))
    return compared, differ


def same(one: object, other: object) -> bool:
    """Equal, numbers up to the noise of doubles."""
    if isinstance(one, (int, float)) and isinstance(other, (int, float)):
        return math.isclose(one, other, rel_tol=1e-9, abs_tol=1e-9)
    return one == other


# --- the page


def package_rows(tool: str) -> list[str]:
    """The lines of a tool in the table of packages."""
    return [
        row(title(tool), c.package, c.what, f"{r.compared:,}", f"{r.refused:,}", f"{r.differ:,}")
        for c, r in against_packages(tool).items()
    ]


def difference_rows(tool: str) -> list[str]:
    """The lines of a tool in the table of differences."""
    lines = []
    for difference in DIFFERENCES:
        if difference.tool == tool:
            counts = ", ".join(
                f"{c.package}, {c.what}: {r.within[difference.where]:,} of {r.compared:,}"
                for c, r in against_packages(tool).items()
                if difference in declared(c)
            )
            d = difference
            lines.append(row(title(tool), d.where, d.ours, d.theirs, counts, d.right, d.why))
    return lines


def table_rows(tool: str) -> list[str]:
    """The line of a tool in the table of second readings."""
    kind = shelf().tools[tool].kind
    if tool not in PUBLISHED:
        return [row(title(tool), kind, "none", WITHOUT_TABLE[tool], "")]
    compared, differ = against_table(tool)
    return [row(title(tool), kind, PUBLISHED[tool].where, f"{compared:,}", f"{len(differ):,}")]


def settled_rows(tool: str) -> list[str]:
    """The line of a tool in the table of partial patients."""
    found = against_completions(tool)
    n = found.counts
    counts = [n[k] for k in ("partial", "completions", "value", "band", "not applicable", "wider", "coarse")]
    return [row(title(tool), *(f"{count:,}" for count in (*counts, len(found.problems))))]


def title(tool: str) -> str:
    return f"`{tool}`"


def row(*cells: str) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def compared_tools() -> list[str]:
    """The tools that a package has."""
    return list(dict.fromkeys(c.tool for c in COMPARISONS))


def page() -> Iterator[str]:
    """The lines of the page."""
    yield HEAD
    yield from _table(
        "## Public packages\n", ("Score", "Package", "Answer", "Compared", "Refused by the package", "Differ"),
        [line for tool in compared_tools() for line in package_rows(tool)],
    )  # fmt: skip
    yield "A package refuses a patient whose numbers it takes for impossible, or a sex that it does not know."
    yield ""
    yield from _table(
        "## Every difference\n",
        ("Score", "Where", "Ours", "Theirs", "Patients who differ there", "Right by the publication", "Why"),
        [line for tool in compared_tools() for line in difference_rows(tool)],
    )
    yield "Nobody differs outside these regions."
    yield ""
    yield from _table(
        "## Second reading of the published table\n", ("Score", "Kind", "Printed in", "Compared", "Differ"),
        [line for tool in computed_tools() for line in table_rows(tool)],
    )  # fmt: skip
    yield "Value, band, readings and whether the score applies at all are compared; ages hold months here."
    yield ""
    yield from _table(
        "## Settled although inputs are missing\n",
        ("Score", "Partial patients", "Completions tried", "One value left", "One band left", "Not applicable",
         "Wider than it need be", "A band or reading open that no completion tried says", "Differ"),
        [line for tool in computed_tools() for line in settled_rows(tool)],
    )  # fmt: skip
    yield (
        "Facts of a patient are left open, wholly or as a range or some codes; the score is settled exactly where all"
        " completions say the same. A value, a single band and whether the score applies are exact; among several"
        " bands or readings one too many may stay open (of formulas: between the numbers tried), and none is left"
        " out.\n"
    )
    yield from (f"Wider: `{tool}`: {why}.\n" for tool, why in WIDER.items())
    yield from (f"Known fault of `{tool}`: {why}.\n" for tool, (_, why) in KNOWN_FAULTS.items())
    yield "## The packages\n"
    yield "They are used by the tests alone, and nothing of them is in this repository.\n"
    yield from (f"- {name} {version_of(name)}, {licence}" for name, licence in LICENCES.items())
    yield ""
    yield "Found and not used:\n"
    yield from (f"- {name}: {why}" for name, why in NOT_USED.items())


def _table(heading: str, columns: Sequence[str], rows: Sequence[str]) -> Iterator[str]:
    yield heading
    yield row(*columns)
    yield row(*("---" for _ in columns))
    yield from rows
    yield ""


if __name__ == "__main__":
    PAGE.write_text("\n".join(page()) + "\n", encoding="utf-8")
