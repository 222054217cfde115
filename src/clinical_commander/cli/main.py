"""Arguments in, an exit status out: 0 fine, 1 content or a test failed, 2 wrong usage or bad input.

Each command is a module that is imported when it runs, so that `commander assess` starts with nothing it does not need.
"""

from __future__ import annotations

import argparse
import gc
import os
import sys
from collections.abc import Sequence
from functools import partial
from importlib import import_module
from typing import Any, NoReturn

from clinical_commander.errors import (
    CaseError,
    ClinicalCommanderError,
    EncounterError,
    ReferenceProblem,
    YamlError,
)
from clinical_commander.logic.words import SETTINGS

FINE, FAILED, WRONG_USAGE = 0, 1, 2
INTERRUPTED, FAULT = 130, 70
DEBUG = "COMMANDER_DEBUG"
_BAD_INPUT = (CaseError, EncounterError, ReferenceProblem, YamlError)

COMMANDS = {
    "assess": "assess one patient",
    "explain": "one cause of one patient: the arithmetic from prior to posterior",
    "next": "the best question to ask of one patient, and why",
    "show": "a dossier as a page to read",
    "check": "find what is wrong in a dossier",
    "test": "run the vignettes of a dossier",
    "tool": "one score or codifier: run it, list all, or check them",
    "pack": "write a dossier and all it refers to as one file",
    "export": "write a dossier in a form that other programs read",
    "leaflet": "what the patient takes along, as text, HTML or PDF",
    "list": "the installed dossiers",
    "cite": "what a dossier rests on",
    "serve": "the clinician's page, on this machine",
    "encounter": "a patient's stay as an append-only log: record, show, replay, verify",
}


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status. Faults of a user are told in a sentence, never as a traceback."""
    try:
        words = sys.argv[1:] if argv is None else list(argv)
        arguments = _parser(words).parse_args(words)
        gc.disable()  # modules are made to stay
        command = import_module(f"clinical_commander.cli.{arguments.command}_command")
        gc.enable()
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

    def __init__(self, **settings: Any) -> None:
        # A formatter is made for every argument, and each would ask for the width of the terminal.
        super().__init__(formatter_class=partial(argparse.HelpFormatter, width=80), **settings)

    def format_help(self) -> str:
        self.formatter_class = argparse.HelpFormatter
        return super().format_help()

    def error(self, message: str) -> NoReturn:
        self.exit(WRONG_USAGE, f"{self.prog}: {message}. See `{self.prog} --help`.\n")


class _Version(argparse.Action):
    """Reads the version when it is asked for."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> NoReturn:
        from clinical_commander import __version__

        print(f"commander {__version__}")
        parser.exit(FINE)


class _NotAsked:
    """In place of the parser of a command that is not run: takes its arguments and makes nothing of them."""

    def add_argument(self, *_: Any, **__: Any) -> None:
        pass


def _parser(words: Sequence[str]) -> argparse.ArgumentParser:
    """The parser of all commands; where the first word is a command, of that one alone."""
    parser = _Parser(prog="commander", description="Clinical guidelines that run. Unreviewed content, for evaluation.")
    parser.add_argument("--version", action=_Version, nargs=0, help="print the version and stop")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True, prog=parser.prog)
    asked = words[:1] if words and words[0] in COMMANDS else COMMANDS
    parts: dict[str, argparse.ArgumentParser | _NotAsked] = {name: _NotAsked() for name in COMMANDS}
    for name in asked:
        says = COMMANDS[name]
        parts[name] = commands.add_parser(name, help=says, description=f"{says[:1].upper()}{says[1:]}.")
        parts[name].add_argument("--json", action="store_true", help="print JSON for programs")
    for name in ("assess", "explain", "next", "leaflet"):
        part = parts[name]
        part.add_argument("case", metavar="CASE", help="a case file, or FHIR R4 records as JSON; - for standard input")
        part.add_argument("--dossier", metavar="ID", help="a dossier, its folder or its pack; else what the case names")
        part.add_argument("--setting", choices=SETTINGS, help="of FHIR records: where the patient is")
        part.add_argument("--at", metavar="MOMENT", help="of FHIR records: the moment assessed, or `now`")
        part.add_argument("--region", choices=("high_income", "tb_endemic"), help="where; else what the case says")
    parts["explain"].add_argument("--cause", metavar="CAUSE", help="a cause; else the most probable one")
    parts["explain"].add_argument("--draws", action="store_true", help="also the interval by 10,000 draws")
    parts["next"].add_argument(
        "--interactive", action="store_true", help="ask until nothing can change what is decided"
    )
    form = parts["assess"]
    form.add_argument("--as", dest="form", choices=("fhir",), help="print it as a FHIR R4 bundle of proposals")
    form.add_argument("--patient", metavar="REFERENCE", help="with --as fhir: whom it is about, as in Patient/123")
    leaflet = parts["leaflet"]
    leaflet.add_argument("--lang", metavar="LANGUAGE", default="en", help="en, or a translation such as es")
    leaflet.add_argument("--beside", metavar="LANGUAGE", help="the clinician's language, in a second column")
    leaflet.add_argument("--html", metavar="FILE", help="write it as a page for screen and paper")
    leaflet.add_argument("--pdf", metavar="FILE", help="write it as a tagged PDF")
    leaflet.add_argument("--paper", choices=("a4", "letter"), default="a4", help="of HTML and PDF")
    for name in ("assess", "explain", "next", "leaflet", "show", "check"):
        parts[name].add_argument("--site", metavar="FILE", help="what this site has and changes")
    for name in ("assess", "explain", "next", "leaflet", "show"):
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
    page = parts["serve"]
    page.add_argument("--host", default="127.0.0.1", help="a loopback address; there is no login")
    page.add_argument("--port", type=int, default=8765, help="the port; 0 takes any that is free")
    page.add_argument("--dossier", metavar="ID", help="a dossier's id or folder")
    page.add_argument("--site", metavar="FILE", help="what this site has and changes")
    page.add_argument("--watch", metavar="FOLDER", help="a dossier's folder under edit: adds the author's view")
    page.add_argument("--case", metavar="FILE", action="append", default=[], help="with --watch: a case to compare")
    page.add_argument("--setting", choices=SETTINGS, default="ed", help="where the page stands; it can be switched")
    page.add_argument("--db", metavar="DB", help="the encounter log; else CLINICAL_COMMANDER_DB, else your own file")
    page.add_argument("--actor", metavar="NAME", help="who; else CLINICAL_COMMANDER_ACTOR, else your login")
    page.add_argument("--open", metavar="FILE", help="open an encounter with a case file or FHIR R4 records")
    page.add_argument("--detach", action="store_true", help="go on in the background; returns when the page is there")
    page.add_argument("--idle", metavar="MINUTES", type=float, help="stop when nothing was asked for so long")
    page.add_argument("--no-browser", action="store_true", help="do not open the page in a browser")
    pack = parts["pack"]
    pack.add_argument("what", metavar="DOSSIER", help="a dossier's id or folder")
    pack.add_argument("-o", "--output", metavar="FILE", required=True, help="the file to write")
    pack.add_argument("--channel", choices=("evaluation", "clinical"), default="evaluation")
    export = parts["export"]
    export.add_argument("what", metavar="DOSSIER", help="a dossier's id, folder or pack")
    export.add_argument("--as", dest="form", choices=("fhir",), required=True, help="the form: FHIR R4")
    export.add_argument("-o", "--output", metavar="FILE", help="the file to write; else it is printed")
    export.add_argument("--attach-pack", action="store_true", help="with the bytes of the pack, not its hash alone")
    encounter = parts["encounter"]
    if not isinstance(encounter, _NotAsked):  # twenty commands of its own, which nobody else waits for
        from clinical_commander.cli.encounter_arguments import add_encounter

        add_encounter(encounter)
    return parser


if __name__ == "__main__":
    sys.exit(main())
