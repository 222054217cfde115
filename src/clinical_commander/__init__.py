"""Clinical Commander makes clinical guidelines run: a dossier and a case go in, an assessment comes out."""

__version__ = "0.1.0"
