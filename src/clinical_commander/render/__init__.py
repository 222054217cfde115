"""Assessments and dossiers in, pages to read out. Decides nothing."""

from clinical_commander.render.dossier_page import dossier_page
from clinical_commander.render.text import assessment_text, first_screen

__all__ = ["assessment_text", "dossier_page", "first_screen"]
