"""A dossier's folder and its engine in, nothing out where the sentinel cases come out as written; else the reason.

The sentinels are vignettes of the dossier: of each file and each tier that it expects, the first one. A service that
would answer one of them otherwise does not start (hazard H17).
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from clinical_commander.canonical import canonical_json
from clinical_commander.dossier.model import Vignette
from clinical_commander.dossier.vignettes import load_vignettes
from clinical_commander.engine.assess import Engine
from clinical_commander.engine.vignette import run_vignettes
from clinical_commander.errors import Problem, ServiceError


def sentinels(folder: Path) -> Sequence[Vignette]:
    """Of each file, the first vignette of each tier, or set of tiers, that is expected there."""
    found: dict[tuple[str, bytes], Vignette] = {}
    for vignette in load_vignettes(folder):
        if "tier" in vignette.expect:
            file = vignette.at.file if vignette.at else ""
            found.setdefault((file, canonical_json(vignette.expect["tier"])), vignette)
    return tuple(found.values())


def check_sentinels(folder: Path, engine: Engine) -> int:
    """How many sentinel cases came out as written.

    Raises:
        ServiceError: CC801, one came out otherwise; CC802, there is none.
    """
    cases = sentinels(folder)
    if not cases:
        mend = "Write a vignette with `expect: {tier: ...}` in its folder cases/."
        raise ServiceError(Problem("CC802", "No vignette of this dossier expects a tier, so nothing watches it.", mend))
    failed = [result for result in run_vignettes(engine.dossier, cases, engine) if not result.passed]
    if failed:
        raise ServiceError(
            Problem(
                "CC801",
                f"The sentinel case `{result.name}` ({result.place}) came out otherwise: {'; '.join(result.failures)}.",
                "Nothing is served until it is as written: `commander test` shows all of them.",
            )
            for result in failed
        )
    return len(cases)
