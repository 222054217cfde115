"""Assessments and dossiers in, pages to read out (`text`, `dossier_page`, `dossier_json`). Decides nothing."""
