"""The command `commander`: a few lines per command over the public API."""
