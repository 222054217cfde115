"""Properties of a dossier proved over every patient, or refuted with one who shows it. Needs the `prove` extra."""

from clinical_commander.prove.properties import Proof, prove

__all__ = ["Proof", "prove"]
