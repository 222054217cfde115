"""A dossier lowered to bounds: two-valued columns that each back end emits in its own language."""
