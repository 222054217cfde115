"""`commander serve`: the clinician's page on this machine, until it is interrupted."""

from __future__ import annotations

import argparse
from pathlib import Path

from clinical_commander.cli.site_file import listed, with_site
from clinical_commander.dossier.library import DEFAULT_DOSSIER, find_dossier, open_dossier
from clinical_commander.engine.assess import Engine
from clinical_commander.errors import Problem, ServiceError
from clinical_commander.program.stored import open_program


def run(arguments: argparse.Namespace) -> int:
    """Check the sentinel cases, then serve."""
    try:
        from clinical_commander.service.app import Desk, create_app
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

    def desk(engine: Engine) -> Desk:
        dossier, site = with_site(engine.dossier, arguments.site)
        if site is not None:
            engine = Engine(dossier, open_program(dossier))
        has, says = (dict(site.capabilities), listed(site)) if site else ({}, None)
        return Desk(engine, has, says, arguments.setting, folder)

    def tell(address: str) -> None:
        print(plain.watermark.upper())
        print(f"{plain.id} {plain.version}, {passed} sentinel cases as written")
        print(f"emergency card, without a server: {FILE}")
        if arguments.watch:
            print(f"the author's view: {address}author")
        print(f"serving {address}  (stop with Ctrl-C)", flush=True)

    app = create_app(desk(engine))
    if arguments.watch:
        from clinical_commander.service.author_start import watched

        app = watched(folder, engine, arguments.case, lambda good: create_app(desk(good)))
    serve(app, arguments.host, arguments.port, tell)
    return 0


def _named(arguments: argparse.Namespace) -> str:
    """Which dossier is served.

    Raises:
        ServiceError: CC821, two are named; CC822, cases to watch, and no folder.
    """
    if arguments.watch and arguments.dossier:
        raise ServiceError(Problem("CC821", "--watch and --dossier name two dossiers.", "Give --watch alone."))
    if arguments.case and not arguments.watch:
        raise ServiceError(Problem("CC822", "--case is for the author's view.", "Give --watch FOLDER too."))
    return str(Path(arguments.watch)) + "/" if arguments.watch else arguments.dossier or DEFAULT_DOSSIER
