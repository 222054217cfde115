"""A site file and a dossier in, the dossier as the site runs it out. Whatever is wrong in the file is bad input."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from clinical_commander.errors import CaseError, ContentError

if TYPE_CHECKING:
    from clinical_commander.dossier.model import Dossier
    from clinical_commander.engine.site import Site


def with_site(dossier: Dossier, file: str | None) -> tuple[Dossier, Site | None]:
    """The dossier with the site's cut-offs, and the site; both as they are without a file."""
    if file is None:
        return dossier, None
    from clinical_commander.engine.site import apply_site, read_site

    try:
        site = read_site(Path(file), dossier)
    except ContentError as error:
        raise CaseError(error.problems) from None
    return apply_site(dossier, site), site


def listed(site: Site) -> dict[str, object]:
    """What an assessment says of the site: its name, what it changed, whom to call."""
    from dataclasses import asdict

    return {"name": site.name, "changes": [asdict(c) for c in site.changes], "phones": dict(site.phones)}
