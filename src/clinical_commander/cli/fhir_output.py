"""An assessment in, its FHIR bundle on standard output, if the gate finds nothing wrong with it."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from clinical_commander.cli.output import print_json
from clinical_commander.dossier.model import Dossier
from clinical_commander.engine.assessment import Assessment
from clinical_commander.engine.case import Case
from clinical_commander.errors import CaseError, Problem
from clinical_commander.fhir.assessment_bundle import assessment_bundle
from clinical_commander.fhir.datatypes import Occasion
from clinical_commander.fhir.validate import passed

_PATIENT = re.compile(r"(?:https?://\S+/)?Patient/[A-Za-z0-9\-.]{1,64}|urn:uuid:[0-9a-f-]{36}")


def print_bundle(assessment: Assessment, dossier: Dossier, case: Case, patient: str | None) -> None:
    """Print the assessment as one bundle.

    Raises:
        CaseError: CC664, the patient is no reference to one.
        ContentError: CC480, the bundle is not valid; nothing is printed.
    """
    if patient is not None and not _PATIENT.fullmatch(patient):
        # What was typed is not repeated: it may be a name.
        raise CaseError(Problem("CC664", "--patient is no reference to a patient.", "Write it as `Patient/123`."))
    occasion = Occasion(datetime.now(UTC), patient)
    print_json(passed(assessment_bundle(assessment, dossier, occasion, case.facts)))
