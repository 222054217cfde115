"""FHIR R4 (4.0.1), in and out, as plain dicts in JSON form."""
