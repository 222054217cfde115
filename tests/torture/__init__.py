"""The proofs of the encounter log, run for real: `python -m tests.torture`. See docs/encounter-log.md."""
