"""Coded, timed records in, statements about facts out. Knows no FHIR, no table and no engine."""
