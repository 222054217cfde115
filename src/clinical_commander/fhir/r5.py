"""What stands only in FHIR R5: types, and elements of the resources that are read. Found, it is refused by name.

An R5 resource read as R4 loses what it says: the drug of a prescription moved, and so did the class of an encounter.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

TYPES: Final = frozenset(
    "ActorDefinition ArtifactAssessment BiologicallyDerivedProductDispense ConditionDefinition DeviceAssociation "
    "DeviceDispense DeviceUsage EncounterHistory FormularyItem GenomicStudy ImagingSelection InventoryItem "
    "InventoryReport NutritionIntake Permission RequestOrchestration Requirements TestPlan Transport".split()
)
ELEMENTS: Final[Mapping[str, tuple[str, ...]]] = {
    "AllergyIntolerance": ("participant",),
    "Condition": ("participant",),
    "DiagnosticReport": ("supportingInfo", "composition"),
    "Encounter": ("actualPeriod", "plannedStartDate", "plannedEndDate", "admission", "virtualService", "subjectStatus"),
    "FamilyMemberHistory": ("participant",),
    "MedicationAdministration": ("medication", "occurenceDateTime", "occurencePeriod", "occurenceTiming"),
    "MedicationRequest": ("medication", "reason", "renderedDosageInstruction"),
    "MedicationStatement": ("medication", "reason", "adherence", "renderedDosageInstruction"),
    "Observation": ("triggeredBy", "bodyStructure", "instantiatesCanonical", "instantiatesReference"),
    "Procedure": ("occurrenceDateTime", "occurrencePeriod", "occurrenceString", "occurrenceAge", "reportedBoolean"),
    "ServiceRequest": ("reason", "bodyStructure"),
}


def r5_shape(resource: Mapping[str, Any]) -> str:
    """The path of the first thing that only R5 has; '' where there is none."""
    kind = str(resource.get("resourceType", ""))
    if kind in TYPES:
        return kind
    for name in ELEMENTS.get(kind, ()):
        if name in resource:
            return f"{kind}.{name}"
    if kind == "Encounter" and isinstance(resource.get("class"), list):
        return "Encounter.class as a list"
    if kind == "ServiceRequest" and isinstance(code := resource.get("code"), dict) and "concept" in code:
        return "ServiceRequest.code.concept"
    if kind == "AllergyIntolerance" and isinstance(resource.get("type"), dict):
        return "AllergyIntolerance.type as a concept"
    quantity = resource.get("valueQuantity")
    if kind == "Observation" and isinstance(quantity, dict) and quantity.get("comparator") == "ad":
        return "Quantity.comparator `ad`"
    return ""
