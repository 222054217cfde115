"""`commander test [DOSSIER]`: the vignettes beside the content, each with what came out otherwise than expected."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from itertools import groupby
from typing import Any

from clinical_commander.cli.output import print_json
from clinical_commander.dossier.library import find_dossier, installed, open_dossier
from clinical_commander.dossier.vignettes import load_vignettes
from clinical_commander.engine.vignette import VignetteResult, run_vignettes


def run(arguments: argparse.Namespace) -> int:
    """Print a mark for each vignette, the failures, and how many passed; 1 if one failed."""
    wanted = arguments.what or arguments.dossier
    folders = [find_dossier(wanted)] if wanted else list(installed().values())
    found = {folder.name: run_vignettes(open_dossier(folder), load_vignettes(folder)) for folder in folders}
    failed = sum(not r.passed for results in found.values() for r in results)
    passed = sum(r.passed for results in found.values() for r in results)
    if arguments.json:
        print_json({"schema": "test/1", "passed": passed, "failed": failed, "dossiers": _report(found)})
        return int(failed > 0)
    for dossier, results in found.items():
        _marks(dossier, results, arguments.verbose)
    for results in found.values():
        for result in results:
            if not result.passed:
                print(f"\nFAILED {result.place} {result.name}")
                for failure in result.failures:
                    print(f"    {failure}")
    print(f"{'' if failed == 0 else chr(10)}{passed} passed, {failed} failed")
    return int(failed > 0)


def _marks(dossier: str, results: Sequence[VignetteResult], verbose: bool) -> None:
    for file, group in groupby(results, key=lambda r: r.place.partition(":")[0]):
        of_file = list(group)
        if verbose:
            for result in of_file:
                print(f"{'passed' if result.passed else 'FAILED'}  {result.place}  {result.name}")
        else:
            print(f"{dossier} {file} {''.join('.' if r.passed else 'F' for r in of_file)}")


def _report(found: dict[str, list[VignetteResult]]) -> dict[str, Any]:
    return {
        dossier: [{"name": r.name, "place": r.place, "passed": r.passed, "failures": list(r.failures)} for r in results]
        for dossier, results in found.items()
    }
