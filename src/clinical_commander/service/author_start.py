"""A folder and its engine in, the application of the author's view out, its threads running."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable
from pathlib import Path

from clinical_commander.engine.assess import Engine
from clinical_commander.service.author import Author
from clinical_commander.service.guard import App
from clinical_commander.service.watch import Watch
from clinical_commander.service.workshop import Workshop


def watched(folder: Path, engine: Engine, cases: Iterable[str], make: Callable[[Engine], App]) -> App:
    """The application.

    Args:
        folder: A dossier's, under edit.
        engine: Of its present content.
        cases: Files of cases to compare, beside the examples and the vignettes.
        make: Makes the clinician's page for an engine.
    """
    author = Author(make, engine, secrets.token_hex(4))
    workshop = Workshop(folder, engine, [Path(case) for case in cases], author.good)
    author.watch(workshop)
    watch = Watch(workshop.files, workshop.saved)
    workshop.start()
    watch.start()
    return author
