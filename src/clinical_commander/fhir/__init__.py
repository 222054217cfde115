"""FHIR R4: records of a patient in, answers out. Plain dicts, JSON only; no address in a record is ever opened."""
