"""The citation ledger: who said it, whether the numbers of a paper can belong together, and who has reviewed it."""

from __future__ import annotations

import re
from bisect import bisect_right
from itertools import pairwise

from clinical_commander.dossier.model import Citation
from clinical_commander.dossier.reader import Reader
from clinical_commander.dossier.source import Node
from clinical_commander.errors import Problem

KINDS = (
    "guideline", "systematic_review", "randomised_trial", "cohort", "case_series", "narrative_review", "consensus",
    "label", "web_page", "score_derivation", "score_validation", "expert", "source_dossier", "recalled",
)  # fmt: skip
READ = ("abstract", "page", "mirror", "secondary", "not_seen")
VERDICTS = ("wrong_label", "misused", "right")
REVIEWS = ("needed", "reviewed")
# No publication stands behind these, so they have no year and no number.
PSEUDO = frozenset({"expert", "source_dossier", "recalled"})

# PubMed gives its numbers out in order. The first number of each year, to within some days; anchors are papers whose
# month of entry is known (8995086 January 1997, 11237011 February 2001, 20647199 July 2010, 28703105 July 2017,
# 31164971 June 2019, 39751689 January 2025). Numbers below the first were given out backwards in time until 1996.
_FIRST_OF_YEAR = {
    1997: 8_985_000, 1998: 9_430_000, 1999: 9_875_000, 2000: 10_610_000, 2001: 11_140_000, 2002: 11_760_000,
    2003: 12_505_000, 2004: 14_700_000, 2005: 15_620_000, 2006: 16_380_000, 2007: 17_195_000, 2008: 18_165_000,
    2009: 19_115_000, 2010: 20_040_000, 2011: 21_190_000, 2012: 22_205_000, 2013: 23_275_000, 2014: 24_380_000,
    2015: 25_550_000, 2016: 26_715_000, 2017: 28_035_000, 2018: 29_290_000, 2019: 30_600_000, 2020: 31_890_000,
    2021: 33_380_000, 2022: 34_970_000, 2023: 36_585_000, 2024: 38_160_000, 2025: 39_750_000, 2026: 41_460_000,
}  # fmt: skip
# A block that was filled with papers from before 1966.
_OLD_MEDLINE = range(12_980_000, 14_490_000)
# A paper is entered online up to a year before its printed issue; an issue can be entered late.
_TOLERANCE = 1

_PMID = re.compile(r"[1-9][0-9]{0,7}")
_DOI = re.compile(r"10\.[0-9]{4,9}/[^\s\"<>]+[^\s\"<>.,;]")


def years_of(pmid: int) -> tuple[int | None, int]:
    """The first and last year in which a paper with this PubMed number can have appeared; None = any earlier year.

    >>> years_of(28703105)
    (2016, 2018)
    """
    years = list(_FIRST_OF_YEAR)
    firsts = list(_FIRST_OF_YEAR.values())
    if pmid in _OLD_MEDLINE:
        return None, 2004 + _TOLERANCE
    place = bisect_right(firsts, pmid)
    if place == 0:
        return None, years[0] - 1 + _TOLERANCE
    entered = years[place - 1]
    if place == len(years):
        # Later years have no anchor yet; at this pace the number tells the year they begin with, not where they end.
        pace = max(b - a for a, b in pairwise(firsts))
        return entered - _TOLERANCE, entered + (pmid - firsts[-1]) // pace + _TOLERANCE
    return entered - _TOLERANCE, entered + _TOLERANCE


def read_citations(node: Node, problems: list[Problem], lints: list[Problem]) -> dict[str, Citation]:
    """The ledger by id.

    Reports into `lints` CC503 a PMID that cannot belong to its year, CC504 not a DOI, CC505 not a PMID, CC507 a review
    without a reviewer, CC510 a publication without year.
    """
    reader = Reader(node, "the citation ledger", problems)
    citations = {}
    for key, item in reader.named("citations", "citation"):
        citations[key.name] = _citation(key.name, item, lints)
    reader.done()
    return citations


def _citation(id: str, item: Reader, lints: list[Problem]) -> Citation:
    pmid, doi = item.text_or_none("pmid"), item.text_or_none("doi")
    year = item.integer_or("year", 0) or None
    citation = Citation(
        id,
        title=item.text("title"),
        kind=item.choice("kind", KINDS),
        year=year,
        authors=item.text_or("authors", ""),
        journal=item.text_or("journal", ""),
        pmid=pmid,
        doi=doi,
        url=item.text_or_none("url"),
        mark=item.text_or("mark", ""),
        read=item.choice("read", READ, ""),
        supports=item.text_or("supports", ""),
        review=item.choice("review", REVIEWS),
        reviewer=item.text_or_none("reviewer"),
        source_label=item.text_or("source_label", ""),
        source_verdict=item.choice("source_verdict", VERDICTS, ""),
        corrections=item.text_or("corrections", ""),
        at=item.at,
    )
    item.done()
    lints.extend(_faults(citation, item))
    return citation


def _faults(citation: Citation, item: Reader) -> list[Problem]:
    found = []
    pmid, doi = citation.pmid, citation.doi
    if pmid is not None and not _PMID.fullmatch(pmid):
        found.append(Problem("CC505", f"`{pmid}` is not a PMID.", "Write its 1 to 8 digits alone.", item.place("pmid")))
    elif pmid is not None and citation.year is not None:
        first, last = years_of(int(pmid))
        if citation.year > last or (first is not None and citation.year < first):
            years = f"{first} to {last}" if first is not None else f"{last} or before"
            cause = f"PMID {pmid} was given out for papers of {years}; `{citation.id}` says {citation.year}."
            found.append(
                Problem(
                    "CC503", cause, "Look the paper up: the number or the year is another paper's.", item.place("pmid")
                )
            )
    if doi is not None and not _DOI.fullmatch(doi):
        mend = "Write it as `10.1000/name`, without address, spaces or a full stop."
        found.append(Problem("CC504", f"`{doi}` is not a DOI.", mend, item.place("doi")))
    if citation.review == "reviewed" and not citation.reviewer:
        mend = "Name the clinician who reviewed it, or write `review: needed`."
        found.append(Problem("CC507", f"citation `{citation.id}` is reviewed by nobody.", mend, item.place("review")))
    if citation.kind in PSEUDO and (pmid or doi):
        cause = f"citation `{citation.id}` is {citation.kind.replace('_', ' ')} and has the number of a publication."
        found.append(Problem("CC505", cause, "Give the publication an entry of its own.", item.place("pmid")))
    return found
