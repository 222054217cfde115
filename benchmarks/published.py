"""The published patients in, the rank of the true cause out: with all figures, and without the judged ones."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import yaml

from clinical_commander.bayes.network import UNSUPPORTED
from clinical_commander.dossier.model import Differential
from clinical_commander.dossier.model_differential import FigureRow, FindingItem
from clinical_commander.engine.assess import Engine
from clinical_commander.engine.differential import Differentials
from clinical_commander.engine.read_case import read_case
from clinical_commander.frozen import frozen, replace

REPOSITORY = Path(__file__).resolve().parents[1]
DIAGNOSES = Path(__file__).with_name("published-diagnoses.yaml")
TOPS = (1, 3, 5)


@frozen
class Ranked:
    """Where one prior puts the true cause of one patient, 1 the first; `known` findings say something of any cause."""

    case: str
    cause: str
    prior: str
    rank: int
    probability: float
    rank_supported: int
    known: int
    known_supported: int


def supported_only(content: Differential) -> Differential:
    """The differential without judged figures: a cell that rests on one says nothing, nor a finding whose rest does.

    Priors stay: all of them are judged, and without any there is no share to rank by.
    """
    findings = {id: _supported(finding) for id, finding in content.findings.items()}
    return replace(content, findings=findings)


def _supported(finding: FindingItem) -> FindingItem:
    def holds(rows: Sequence[FigureRow]) -> bool:
        return all(row.status not in UNSUPPORTED for row in rows)

    cells = {cause: rows for cause, rows in finding.cells.items() if holds(rows)} if holds(finding.rest) else {}
    return replace(finding, cells=cells)


def ranks(engine: Engine) -> Iterator[Ranked]:
    """Each published patient whose final diagnosis is a cause of bleeding from the lung, under each region's prior."""
    assert engine.dossier.differential is not None
    everything = Differentials(engine.dossier, engine.program)
    pruned = replace(engine.dossier, differential=supported_only(engine.dossier.differential))
    supported = Differentials(pruned, engine.program)
    diagnoses = yaml.safe_load(DIAGNOSES.read_text(encoding="utf-8"))
    for name, cause in diagnoses.items():
        if cause is None:
            continue
        case = read_case(REPOSITORY / "examples" / "cases" / f"{name}.yaml", engine.dossier)
        view = engine.situation(case).fresh
        known = everything.levels(view)
        place = everything.place[cause]
        for one, other in zip(everything.judged(case, view), supported.judged(case, view), strict=True):
            p, q = one.posterior.probability, other.posterior.probability
            yield Ranked(
                name, cause, one.row.id, _rank(p, place), p[place], _rank(q, place), len(known),
                sum(bool(supported.content.findings[f].cells) for f in known),
            )  # fmt: skip


def _rank(p: Sequence[float], place: int) -> int:
    """The place of a cause; of causes with the same share each counts as behind all of them."""
    return sum(x >= p[place] for x in p)


def tops(found: Sequence[int]) -> dict[int, int]:
    """How many ranks are among the first one, three and five."""
    return {top: sum(rank <= top for rank in found) for top in TOPS}
