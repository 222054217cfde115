"""An assessment in, what a page can show of the patient's leaflet out: its page, or in words why there is none."""

from __future__ import annotations

from clinical_commander.dossier.model import Dossier
from clinical_commander.engine.assessment import Assessment
from clinical_commander.engine.site import Site
from clinical_commander.errors import CaseError, ReferenceProblem
from clinical_commander.frozen import frozen
from clinical_commander.leaflet.page import html, style
from clinical_commander.leaflet.write import ENGLISH, Leaflet, open_facts, reason_text, write_leaflet


@frozen
class LeafletAnswer:
    """Either `page` with its `leaflet`, or `reasons`; never both.

    `to_know` names the facts that a refusal waits for. `leaflet` is for `pdf`, where `can_print` says so.
    """

    leaflet: Leaflet | None = None
    page: str = ""
    reasons: tuple[str, ...] = ()
    to_know: tuple[str, ...] = ()


def leaflet_answer(
    assessment: Assessment,
    dossier: Dossier,
    language: str = ENGLISH,
    site: Site | None = None,
    paper: str = "a4",
    stylesheet: str = "",
) -> LeafletAnswer:
    """The page of the leaflet, or every reason why this patient gets none; a refusal is an answer, not an error.

    Args:
        assessment: Of this dossier.
        dossier: With its leaflet and translations.
        language: `en`, or one of `languages(dossier)`.
        site: Whose numbers to call are printed.
        paper: `a4` or `letter`.
        stylesheet: The address at which the service serves `leaflet_style`; else the page brings its own style.
    """
    try:
        leaflet = write_leaflet(assessment, dossier, site, language)
    except CaseError:
        withheld = assessment.leaflet.withheld if assessment.leaflet else ()
        reasons = tuple(dict.fromkeys(reason_text(reason, dossier) for reason in withheld))
        return LeafletAnswer(reasons=reasons, to_know=open_facts(withheld, dossier))
    except ReferenceProblem as error:
        return LeafletAnswer(reasons=tuple(problem.cause for problem in error.problems))
    return LeafletAnswer(leaflet, html(leaflet, paper, stylesheet=stylesheet))


def leaflet_style(dossier: Dossier, language: str = ENGLISH, paper: str = "a4") -> str:
    """How the page of the leaflet is set in a language: the same for every patient, so that it can be fetched alone.

    A dossier or language without a leaflet has the style of English, for a page that says so.
    """
    translation = dossier.translations.get(language)
    direction = translation.direction if translation else "ltr"
    key = "leaflet.labels.page"
    label = dossier.leaflet.labels["page"] if dossier.leaflet else ""
    if translation and key in translation.texts:
        label = translation.texts[key].text
    return style(direction, label, paper)
