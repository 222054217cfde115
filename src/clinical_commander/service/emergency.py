"""A dossier in, its emergency card as one plain page out, which also opens from disk while no server runs."""

from __future__ import annotations

from html import escape
from pathlib import Path

from clinical_commander.dossier.model import Dossier
from clinical_commander.render.words import Words

FILE = Path(__file__).with_name("static") / "emergency.html"
"""The card of the dossier that ships as the default, written by `tests/ux/screenshots.py` and held to it by a test."""


def emergency_card(dossier: Dossier) -> str:
    """The card as HTML. It needs no script, and without its style sheet it still reads."""
    words = Words(dossier)
    title = escape(dossier.emergency_title or words.heading("emergency_card"))
    lines = "\n".join(f"<li>{escape(line.text)}</li>" for line in dossier.emergency_card)
    note = escape(f"{dossier.watermark}. {dossier.id} {dossier.version}")
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{title}</title>\n"
        '<link rel="stylesheet" href="page.css">\n</head>\n<body class="card-page">\n<main>\n'
        f'<p class="watermark">{note}</p>\n<h1>{title}</h1>\n<ol class="card">\n{lines}\n</ol>\n'
        f"<p>{escape(dossier.intended_use)}</p>\n</main>\n</body>\n</html>\n"
    )
