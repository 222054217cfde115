"""The patient's leaflet: an assessment and its dossier in, text, HTML or a tagged PDF out."""
