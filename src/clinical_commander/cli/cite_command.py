"""`commander cite`: what the dossier rests on, and what is wrong with it."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence

from clinical_commander.cli.output import print_json
from clinical_commander.dossier.evidence import Support, supports
from clinical_commander.dossier.library import content_root_of, find_dossier, installed_ids
from clinical_commander.dossier.load import read_dossier
from clinical_commander.dossier.model import Citation
from clinical_commander.dossier.shelf import read_shelf
from clinical_commander.dossier.tools import tool_files
from clinical_commander.errors import ContentError, Problem, ReferenceProblem, did_you_mean

DEFAULT = "symptom.hemoptysis.v1"
_VERDICTS = {
    "wrong_label": "wrong label: another paper stands under this number",
    "misused": "right label, wrong use: the paper does not carry the claim",
    "right": "right for its use",
}


def run(arguments: argparse.Namespace) -> int:
    """Print the answer to one question about the citations; nothing is judged, so the status is 0."""
    folder = find_dossier(arguments.dossier or DEFAULT)
    reading = read_dossier(folder, installed=installed_ids(folder))
    if reading.dossier is None:
        raise ContentError(reading.problems)
    root = content_root_of(folder)
    shelf = read_shelf(root).shelf if tool_files(root / "tools") else None
    found = supports(reading.dossier, reading.ledger, shelf)
    if arguments.source:
        return _source(reading.ledger, arguments.json)
    if arguments.what is None:
        return _overview(found, reading.ledger, arguments.json)
    if arguments.what in reading.ledger:
        return _paper(reading.ledger[arguments.what], found, arguments.json)
    chosen = [
        s for s in found if s.statement.path == arguments.what or s.statement.path.startswith(arguments.what + ".")
    ]
    if not chosen:
        known = [*reading.ledger, *(s.statement.path for s in found)]
        mend = did_you_mean(arguments.what, known) or "Name a citation, or a content path such as `rules.massive`."
        raise ReferenceProblem(Problem("CC419", f"there is no citation and no statement `{arguments.what}`.", mend))
    return _rests_on(chosen, arguments.json)


def _overview(found: Sequence[Support], ledger: Mapping[str, Citation], as_json: bool) -> int:
    used = {c.id for s in found for c in s.citations}
    unreviewed = sorted(c.id for c in ledger.values() if c.review != "reviewed" and c.id in used)
    unused = sorted(c.id for c in ledger.values() if c.id not in used)
    mismatched = [c for c in ledger.values() if c.source_verdict in ("wrong_label", "misused")]
    labels = [{"id": c.id, "verdict": c.source_verdict, "source_label": c.source_label} for c in mismatched]
    weak = [s for s in found if s.weak]
    open_statements = [s for s in found if s.review != "reviewed"]
    if as_json:
        print_json({
            "schema": "cite/1", "unreviewed": unreviewed, "unused": unused,
            "mismatched": labels,
            "weak": [_row(s) for s in weak], "resting_on_unreviewed": [_row(s) for s in open_statements],
        })  # fmt: skip
        return 0
    print(f"{len(unreviewed)} of {len(used)} citations in use are not reviewed.")
    print(f"{len(open_statements)} of {len(found)} statements rest on an unreviewed source:")
    for s in open_statements:
        print(f"  {s.statement.path}  [{s.weakest}{', weak' if s.weak else ''}]  {s.statement.text}")
        print(f"      {', '.join(c.id for c in s.citations) or 'no citation'}")
    print(f"\n{len(weak)} statements rest on nothing firmer than memory, judgement, the source, a page or a review.")
    print("Above they are marked weak.")
    print(f"\nLabels of the source dossier that are wrong or misused ({len(mismatched)}):")
    for c in mismatched:
        print(f"  {c.source_label}  PMID {c.pmid}  {_VERDICTS[c.source_verdict]}")
        print(f"      is: {_reference(c)}")
    print(f"\nIn the ledger and not used ({len(unused)}): {', '.join(unused)}")
    return 0


def _source(ledger: Mapping[str, Citation], as_json: bool) -> int:
    """The audit of the labels that the source dossier gave its papers."""
    rows = [c for c in ledger.values() if c.source_label]
    if as_json:
        print_json({"schema": "cite-source/1", "labels": [
            {"id": c.id, "pmid": c.pmid, "source_label": c.source_label, "verdict": c.source_verdict,
             "is": _reference(c), "corrections": c.corrections, "review": c.review} for c in rows
        ]})  # fmt: skip
        return 0
    for c in rows:
        print(f"“{c.source_label}”, PMID {c.pmid}: {_VERDICTS.get(c.source_verdict, 'not judged')}")
        print(f"    is: {_reference(c)}; review {c.review}, evidence mark {c.mark or 'none'}")
        if c.corrections:
            print(f"    {c.corrections}")
    counts = {v: sum(c.source_verdict == v for c in rows) for v in _VERDICTS}
    print(f"{len(rows)} labels: {counts['wrong_label']} wrong, {counts['misused']} misused, {counts['right']} right")
    return 0


def _paper(citation: Citation, found: Sequence[Support], as_json: bool) -> int:
    """What rests on one paper."""
    resting = [s for s in found if any(c.id == citation.id for c in s.citations)]
    if as_json:
        print_json({"schema": "cite-paper/1", "id": citation.id, "review": citation.review, "kind": citation.kind,
                    "supports": citation.supports, "statements": [_row(s) for s in resting]})  # fmt: skip
        return 0
    print(f"{citation.id}: {_reference(citation)}")
    print(f"    {citation.kind}, read as {citation.read or 'unknown'}, review {citation.review}")
    if citation.supports:
        print(f"    carries: {citation.supports}")
    print(f"{len(resting)} statements rest on it:")
    for s in resting:
        alone = "alone  " if len(s.citations) == 1 else ""
        print(f"  {s.statement.path}  {alone}{s.statement.text}")
    return 0


def _rests_on(chosen: Sequence[Support], as_json: bool) -> int:
    """What statements rest on."""
    if as_json:
        print_json({"schema": "cite-statement/1", "statements": [_row(s) for s in chosen]})
        return 0
    for s in chosen:
        print(f"{s.statement.path}: {s.statement.text}")
        basis = f", basis {', '.join(s.statement.source.basis)}" if s.statement.source.basis else ""
        print(f"    weakest evidence {s.weakest}, review {s.review}{basis}")
        for c in s.citations:
            print(f"    {c.id}: {_reference(c)} [{c.kind}, mark {c.mark or 'none'}, review {c.review}]")
        if s.statement.source.why:
            print(f"    why: {s.statement.source.why}")
    return 0


def _row(s: Support) -> dict[str, object]:
    return {
        "path": s.statement.path,
        "kind": s.statement.kind,
        "text": s.statement.text,
        "basis": list(s.statement.source.basis),
        "citations": [c.id for c in s.citations],
        "weakest": s.weakest,
        "review": s.review,
    }


def _reference(c: Citation) -> str:
    parts = (c.authors, c.title, c.journal, str(c.year) if c.year else "")
    return ". ".join(p.rstrip(".") for p in parts if p)
