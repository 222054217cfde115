"""Content in memory: YAML and packs in, a typed and checked `Dossier` out."""
