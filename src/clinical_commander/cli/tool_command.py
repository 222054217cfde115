"""`commander tool ID CASE`, `commander tool list`, `commander tool check [ID or FILE ...]`: scores and codifiers."""

from __future__ import annotations

import argparse
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

from clinical_commander.cli.output import has_colour, is_unicode, print_json, print_text, width
from clinical_commander.dossier.model import Dossier, Tool
from clinical_commander.dossier.shelf import open_shelf, shelf_root
from clinical_commander.dossier.source import CASE_LIMIT, read_yaml
from clinical_commander.dossier.tools import tool_files
from clinical_commander.engine.assessment import ScoreReport
from clinical_commander.engine.entries import short
from clinical_commander.errors import CaseError, Problem, YamlError


def run(arguments: argparse.Namespace) -> int:
    """Print what was asked for; 1 where a tool that was to be listed or checked has errors."""
    if arguments.what == "list":
        return _list(arguments)
    if arguments.what == "check":
        return _check(arguments)
    return _run(arguments)


# --- one tool


def _run(arguments: argparse.Namespace) -> int:
    from clinical_commander.dossier.shelf import with_tools
    from clinical_commander.engine.read_case import read_case
    from clinical_commander.engine.tool_run import ToolRunner, case_for_tools

    shelf = open_shelf()
    with_tools(shelf, [arguments.what])
    if len(arguments.rest) != 1:
        mend = f"Write `commander tool {arguments.what} CASE`, or - to read it from standard input."
        raise CaseError(Problem("CC622", "A tool runs on one case.", mend))
    source = sys.stdin.buffer.read(CASE_LIMIT + 1) if arguments.rest[0] == "-" else Path(arguments.rest[0])
    try:
        node = read_yaml(source, "standard input" if isinstance(source, bytes) else None, limit=CASE_LIMIT)
    except YamlError as error:
        raise YamlError([short(problem) for problem in error.problems]) from None
    runner = ToolRunner(shelf, [arguments.what])
    report = runner.run(read_case(case_for_tools(node), runner.dossier))[arguments.what]
    tool = runner.dossier.tools[arguments.what]
    if arguments.json:
        print_json({"schema": "tool/1", "tool": tool.id, "watermark": runner.dossier.watermark, **_plain(report)})
        return 0
    from clinical_commander.render.scores import tool_text

    print_text(tool_text(tool, report, runner.dossier, width(arguments.width), has_colour(), is_unicode()))
    return 0


def _plain(report: ScoreReport) -> dict[str, Any]:
    found = asdict(report)
    items = found.pop("items")
    return {**found, "items": items}


# --- all tools


def _list(arguments: argparse.Namespace) -> int:
    shelf = open_shelf()
    broken = [id for id in tool_files(shelf_root() / "tools") if id not in shelf.tools]
    rows = [_row(tool, shelf) for tool in shelf.tools.values()]
    if arguments.json:
        print_json({"schema": "tools/1", "tools": rows, "broken": broken})
        return int(bool(broken))
    longest = max((len(row["id"]) for row in rows), default=0)
    for row in rows:
        parts = [row["title"], row["population"], row["state"], ", ".join(row["citations"])]
        print_text(f"{row['id'].ljust(longest)}  {'; '.join(part for part in parts if part)}\n")
    for id in broken:
        print_text(f"{id.ljust(longest)}  cannot be used; see `commander tool check {id}`\n")
    print_text(f"{len(rows)} tools\n")
    return int(bool(broken))


def _row(tool: Tool, shelf: Dossier) -> dict[str, Any]:
    basis = tool.source.basis
    recalled = bool(basis) and set(basis) <= {"R"}
    state = ["withheld" if tool.withheld else "", "from memory" if recalled else "", f"review {tool.review}"]
    return {
        "id": tool.id,
        "title": tool.title,
        "kind": tool.kind,
        "population": tool.population,
        "citations": list(tool.source.cite),
        "basis": list(basis),
        "review": tool.review,
        "withheld": tool.withheld,
        "state": ", ".join(part for part in state if part),
        "shown_as": "number" if tool.gives_number else "code",
    }


def _check(arguments: argparse.Namespace) -> int:
    from clinical_commander.engine.tool_check import check_tools

    files = [Path(text) for text in arguments.rest if text.endswith(".yaml")]
    ids = [text for text in arguments.rest if not text.endswith(".yaml")]
    found = check_tools(shelf_root(), ids, files)
    problems = [problem for per_tool in found.values() for problem in per_tool]
    errors = sum(problem.level == "error" for problem in problems)
    if arguments.json:
        rows = [
            {"tool": id, "code": p.code, "level": p.level, "at": str(p.at or ""), "text": f"{p.cause} {p.mend}".strip()}
            for id, per_tool in found.items()
            for p in per_tool
        ]
        print_json({"schema": "tool-check/1", "checked": list(found), "problems": rows})
        return int(errors > 0)
    for problem in problems:
        print_text(problem.render() + "\n")
    print_text(f"{len(found)} tools: {errors} errors, {len(problems) - errors} warnings\n")
    return int(errors > 0)
