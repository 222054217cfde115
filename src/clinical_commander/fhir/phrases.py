"""A dossier in, what the exchange says to a reader out: phrases of the catalogue, never of this code."""

from __future__ import annotations

from clinical_commander.dossier.model import Dossier
from clinical_commander.dossier.phrases import phrase

GROUP = "fhir"


def say(dossier: Dossier, key: str, *parts: str) -> str:
    """The phrase for a key, with its parts in their places."""
    return phrase(dossier.words, GROUP, key, *parts)


def ask_first(dossier: Dossier, asked: list[str]) -> str:
    """That something is to be asked first, and what, where it is known: a clause without its full stop."""
    return say(dossier, "ask_first_for", ", ".join(asked)) if asked else say(dossier, "ask_first")


def timing(dossier: Dossier, every: str, until: str, between: str) -> str:
    """How often and how long."""
    parts = (say(dossier, "every", every) if every else "", say(dossier, "until", until) if until else "")
    return between.join(part for part in parts if part)
