"""`commander serve`: the clinician's page on this machine, until it is interrupted."""

from __future__ import annotations

import argparse
import gc
import math
import os
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from clinical_commander.cli.encounter_content import actor
from clinical_commander.cli.site_file import listed, with_site
from clinical_commander.dossier.library import DEFAULT_DOSSIER, find_dossier, open_dossier
from clinical_commander.engine.assess import Engine
from clinical_commander.errors import Problem, ServiceError
from clinical_commander.program.stored import open_program

if TYPE_CHECKING:
    from clinical_commander.service.desk import Desk

_SERVING = "serving http"


def run(arguments: argparse.Namespace) -> int:
    """Check the sentinel cases, then serve."""
    if arguments.detach:
        return _detached()
    try:
        from clinical_commander.encounter import open_log
        from clinical_commander.service.app import create_app
        from clinical_commander.service.desk import Desk
        from clinical_commander.service.serve import serve
    except ModuleNotFoundError as error:
        mend = "Install it: `pip install 'clinical-commander[service]'`."
        raise ServiceError(Problem("CC808", f"The page needs {error.name}.", mend)) from None
    from clinical_commander.service.emergency import FILE
    from clinical_commander.service.sentinels import check_sentinels

    # The sentinels speak of the content as it is written; a site may raise caution above it.
    folder = find_dossier(_named(arguments))
    plain = open_dossier(folder)
    engine = Engine(plain, open_program(plain))
    passed = check_sentinels(folder, engine)

    with ExitStack() as stack:
        # What an author tries is kept apart from patients, and forgotten.
        draft = arguments.watch and not arguments.db
        place = Path(stack.enter_context(tempfile.TemporaryDirectory())) / "drafts.db" if draft else arguments.db
        log = open_log(place)
        stack.callback(log.close)

        def desk(engine: Engine) -> Desk:
            dossier, site = with_site(engine.dossier, arguments.site)
            of_site = {"capabilities": dict(site.capabilities), "listed": listed(site)} if site is not None else None
            who = actor(arguments) or "page"
            return Desk(dossier, log, site=of_site, setting=arguments.setting, actor=who, folder=folder, house=site)

        first = desk(engine)
        opened = _opened(first, arguments) if arguments.open else ""

        def tell(address: str) -> None:
            print(plain.watermark.upper())
            print(f"{plain.id} {plain.version}, {passed} sentinel cases as written")
            print(f"emergency card, without a server: {FILE}")
            print(f"encounters are kept in {log.database.place}")
            if arguments.watch:
                print(f"the author's view: {address}author")
            print(f"serving {address}{opened}", flush=True)
            if sys.stdout.isatty() and not arguments.no_browser:
                _open(address + opened)

        app = create_app(first)
        if arguments.watch:
            from clinical_commander.service.author_start import watched

            app = watched(folder, engine, arguments.case, lambda good: create_app(desk(good)))
        idle = math.inf if arguments.idle is None else 60.0 * arguments.idle
        serve(app, arguments.host, arguments.port, tell, idle)
    return 0


def _named(arguments: argparse.Namespace) -> str:
    """Which dossier is served.

    Raises:
        ServiceError: CC821, two are named; CC822, cases to watch, and no folder.
    """
    if arguments.watch and arguments.dossier:
        raise ServiceError(Problem("CC821", "--watch and --dossier name two dossiers.", "Give --watch alone."))
    if arguments.case and not arguments.watch:
        mend = "Give --watch FOLDER too, or open one patient with --open FILE."
        raise ServiceError(Problem("CC822", "--case is for the author's view.", mend))
    return str(Path(arguments.watch)) + "/" if arguments.watch else arguments.dossier or DEFAULT_DOSSIER


def _opened(desk: Desk, arguments: argparse.Namespace) -> str:
    """The page of a new encounter with what a case file or FHIR records say."""
    from clinical_commander.cli.case_input import CaseInput

    given = CaseInput(argparse.Namespace(**{**vars(arguments), "case": arguments.open, "region": None, "at": None}))
    gc.enable()
    return f"encounter/{desk.open_case(given.case())}"


def _open(address: str) -> None:
    """The page in the reader's browser, where there is a screen to show it on."""
    if sys.platform in ("darwin", "win32") or os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"):
        import webbrowser

        webbrowser.open(address)


def _detached() -> int:
    """The same service as a process of its own; returns when its page can be opened."""
    words = [word for word in sys.argv[1:] if word != "--detach"]
    process = subprocess.Popen(
        [sys.executable, "-m", "clinical_commander.cli.main", *words],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    assert process.stdout is not None
    for line in process.stdout:
        if line.startswith(_SERVING):
            print(f"it goes on in the background; stop it with: kill {process.pid}")
            print(line, end="", flush=True)
            return 0
        print(line, end="")
    return process.wait()
