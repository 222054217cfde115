"""A citation in, its lines on a page out: what it is, what the founding document said of it, who has reviewed it."""

from __future__ import annotations

from clinical_commander.dossier.model import Citation
from clinical_commander.render.layout import Page
from clinical_commander.render.words import Words


def write_citation(page: Page, words: Words, citation: Citation) -> None:
    """One entry of the ledger."""
    page.mark("citation", citation.id)
    where = [citation.authors, citation.journal, str(citation.year or ""), words.name("citation_kind", citation.kind)]
    page.item(f"{citation.id}: {citation.title}", tint="strong")
    page.text(", ".join(w for w in where if w), 4)
    ids = [f"PMID {citation.pmid}" if citation.pmid else "", citation.doi or "", citation.url or ""]
    if any(ids):
        page.text(", ".join(i for i in ids if i), 4)
    if citation.source_label:
        verdict = words.name("source_verdict", citation.source_verdict) if citation.source_verdict else ""
        said = f"“{citation.source_label}” ({verdict})" if verdict else citation.source_label
        page.pair(words.say("source_says"), said, indent=4)
    for key in ("supports", "corrections"):
        if getattr(citation, key):
            page.pair(words.say(key), getattr(citation, key), indent=4)
    state = words.name("review", citation.review)
    seen = words.name("read", citation.read) if citation.read else ""
    page.text(", ".join(x for x in (seen, state, citation.reviewer or "") if x), 4, "quiet")
