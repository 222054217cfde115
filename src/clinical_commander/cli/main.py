"""Arguments in, an exit status out: 0 fine, 1 content or a test failed, 2 wrong usage or bad input.

Each command is a module that is imported when it runs, so that `commander assess` starts with nothing it does not need.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import NoReturn

from clinical_commander.errors import (
    CaseError,
    ClinicalCommanderError,
    EncounterError,
    ReferenceProblem,
    YamlError,
)

FINE, FAILED, WRONG_USAGE = 0, 1, 2
INTERRUPTED, FAULT = 130, 70
DEBUG = "COMMANDER_DEBUG"
_BAD_INPUT = (CaseError, EncounterError, ReferenceProblem, YamlError)

COMMANDS = {
    "assess": "assess one patient",
    "show": "a dossier as a page to read",
    "check": "find what is wrong in a dossier",
    "test": "run the vignettes of a dossier",
    "tool": "one score or codifier: run it, list all, or check them",
    "pack": "write a dossier and all it refers to as one file",
    "list": "the installed dossiers",
    "cite": "what a dossier rests on",
    "encounter": "a patient's stay as an append-only log: record, show, replay, verify",
}


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status. Faults of a user are told in a sentence, never as a traceback."""
    try:
        given = sys.argv[1:] if argv is None else list(argv)
        arguments = _parser(given).parse_args(given)
        command = import_module(f"clinical_commander.cli.{arguments.command}_command")
        status: int = command.run(arguments)
        sys.stdout.flush()
        return status
    except SystemExit as end:  # argparse: --help and --version end with 0, wrong usage with 2
        return end.code if isinstance(end.code, int) else WRONG_USAGE
    except ClinicalCommanderError as error:
        print(error.render(), file=sys.stderr)
        return WRONG_USAGE if isinstance(error, _BAD_INPUT) else FAILED
    except BrokenPipeError:
        # Whoever read the output has seen enough. Python would complain again when it closes the stream.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FINE
    except KeyboardInterrupt:
        print("commander: interrupted", file=sys.stderr)
        return INTERRUPTED
    except OSError as error:
        print(f"commander: {error.strerror or error}: {error.filename or 'output'}", file=sys.stderr)
        return WRONG_USAGE
    except Exception as error:
        return _fault(error)


def _fault(error: Exception) -> int:
    """A fault of the program itself. Its message may hold a patient's values, so only its kind and place are told."""
    if os.environ.get(DEBUG):
        raise error
    trace = error.__traceback__
    place = ""
    while trace is not None:
        place = f"{os.path.basename(trace.tb_frame.f_code.co_filename)}:{trace.tb_lineno}"
        trace = trace.tb_next
    print(
        f"commander: a fault of the program, not of your input: {type(error).__name__} at {place}. "
        f"Set {DEBUG}=1 to see more, and please report it.",
        file=sys.stderr,
    )
    return FAULT


class _Parser(argparse.ArgumentParser):
    """Says what was wrong in one line and where help is."""

    def error(self, message: str) -> NoReturn:
        self.exit(WRONG_USAGE, f"{self.prog}: {message}. See `{self.prog} --help`.\n")


class _Version(argparse.Action):
    """Reads the version when it is asked for."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> NoReturn:
        from clinical_commander import __version__

        print(f"commander {__version__}")
        parser.exit(FINE)


def _parser(given: Sequence[str]) -> argparse.ArgumentParser:
    parser = _Parser(prog="commander", description="Clinical guidelines that run. Unreviewed content, for evaluation.")
    parser.add_argument("--version", action=_Version, nargs=0, help="print the version and stop")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    parts = {}
    for name, says in COMMANDS.items():
        parts[name] = commands.add_parser(name, help=says, description=f"{says[:1].upper()}{says[1:]}.")
        parts[name].add_argument("--json", action="store_true", help="print JSON for programs")
    assess = parts["assess"]
    assess.add_argument("case", metavar="CASE", help="a case file (YAML or JSON), or - for standard input")
    assess.add_argument("--dossier", metavar="ID", help="a dossier, its folder or its pack; else what the case names")
    for name in ("assess", "show", "check"):
        parts[name].add_argument("--site", metavar="FILE", help="what this site has and changes")
    for name in ("assess", "show"):
        parts[name].add_argument("--width", metavar="COLUMNS", type=int, help="width of the text")
    for name in ("show", "check", "test"):
        parts[name].add_argument("what", metavar="DOSSIER", nargs="?", help="a dossier's id or folder")
        parts[name].add_argument("--dossier", metavar="ID", help="the same by name")
    parts["show"].add_argument("--only", metavar="PART", help="one part, such as triggers, inputs or sources")
    parts["check"].add_argument("--prove", action="store_true", help="prove its properties over every patient, too")
    parts["test"].add_argument("-v", "--verbose", action="store_true", help="name the vignettes that passed, too")
    tool = parts["tool"]
    tool.add_argument("what", metavar="ID", help="a tool; or `list`, or `check`")
    tool.add_argument("rest", metavar="CASE", nargs="*", help="a case file, or -; for `check` tools or their files")
    tool.add_argument("--width", metavar="COLUMNS", type=int, help="width of the text")
    cite = parts["cite"]
    cite.add_argument("what", metavar="WHAT", nargs="?", help="a citation, or a content path such as rules.massive")
    cite.add_argument("--dossier", metavar="ID", help="a dossier's id or folder")
    cite.add_argument("--source", action="store_true", help="the audit of the source dossier's labels")
    pack = parts["pack"]
    pack.add_argument("what", metavar="DOSSIER", help="a dossier's id or folder")
    pack.add_argument("-o", "--output", metavar="FILE", required=True, help="the file to write")
    pack.add_argument("--channel", choices=("evaluation", "clinical"), default="evaluation")
    if "encounter" in given:  # twenty commands of its own, which nobody else waits for
        from clinical_commander.cli.encounter_arguments import add_encounter

        add_encounter(parts["encounter"])
    return parser


if __name__ == "__main__":
    sys.exit(main())
