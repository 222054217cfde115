"""`commander serve`: the clinician's page on this machine, until it is interrupted."""

from __future__ import annotations

import argparse

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
    folder = find_dossier(arguments.dossier or DEFAULT_DOSSIER)
    plain = open_dossier(folder)
    engine = Engine(plain, open_program(plain))
    passed = check_sentinels(folder, engine)
    dossier, site = with_site(plain, arguments.site)
    if site is not None:
        engine = Engine(dossier, open_program(dossier))
    desk = Desk(engine, dict(site.capabilities) if site else {}, listed(site) if site else None, arguments.setting)

    def tell(address: str) -> None:
        print(dossier.watermark.upper())
        print(f"{dossier.id} {dossier.version}, {passed} sentinel cases as written")
        print(f"emergency card, without a server: {FILE}")
        print(f"serving {address}  (stop with Ctrl-C)", flush=True)

    serve(create_app(desk), arguments.host, arguments.port, tell)
    return 0
