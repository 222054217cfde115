"""The tools of a content root in, everything found that their authors should mend: shape, sources, bands, examples."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from clinical_commander.dossier.shelf import ShelfReading, read_shelf
from clinical_commander.dossier.tool_check import lint_tool
from clinical_commander.engine.tool_examples import run_examples
from clinical_commander.engine.tool_run import ToolRunner
from clinical_commander.errors import Mark, Problem, ReferenceProblem, did_you_mean


def check_tools(root: Path, ids: Iterable[str] = (), files: Iterable[Path] = ()) -> dict[str, list[Problem]]:
    """The problems of tools by id, errors and warnings.

    Args:
        root: The content root.
        ids: The tools to check; all where none is named.
        files: Tool files to check beside them or in their place.

    Returns:
        For each tool checked what keeps it from being used, or beside the lints of reading: CC452 to CC455, CC457, and
        CC458 bounds that are not exact (a warning), CC459 an example that fails.

    Raises:
        ContentError: The catalogue cannot be read.
        ReferenceProblem: CC417, there is no such tool.
    """
    more = tuple(files)
    reading = read_shelf(root, more)
    known = [*reading.tools, *(id for id in reading.broken if id not in reading.tools)]
    wanted = [*ids, *(path.stem for path in more)] or known
    for id in wanted:
        if id not in known:
            mend = did_you_mean(id, known) or f"There are: {', '.join(known)}."
            raise ReferenceProblem(Problem("CC417", f"there is no tool `{id}`.", mend))
    return {id: list(_problems(reading, id)) for id in wanted}


def _problems(reading: ShelfReading, id: str) -> Iterator[Problem]:
    if id in reading.broken:
        yield from reading.broken[id]
        return
    found = reading.tools[id]
    yield from found.lints
    yield from lint_tool(found.tool, reading.shelf)
    if found.tool.withheld:
        return
    program = ToolRunner(reading.shelf, [id]).program
    for what, facts in program.inexact.items():
        cause = f"the bounds of {what} are not exact: {', '.join(facts)} stand in it both ways."
        mend = "They are sound, and wider than they need be; for a formula say `monotone:`."
        yield Problem("CC458", cause, mend, found.tool.at, "warning")
    if not found.examples:
        cause = f"tool `{id}` has no examples."
        yield Problem("CC459", cause, "Add `examples:` with each band and boundary.", found.tool.at, "warning")
    for result in run_examples(reading.shelf, id, found.examples):
        for failure in result.failures:
            example = next(e for e in found.examples if e.name == result.name)
            yield Problem("CC459", f"example `{result.name}`: {failure}.", "", example.at or Mark(f"tools/{id}.yaml"))
