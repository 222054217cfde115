"""What a reader of one resource type returns: records, each with the reason why it cannot be used, if there is one."""

from __future__ import annotations

from typing import Final

from clinical_commander.derive.record import Record, Refusal
from clinical_commander.frozen import frozen


@frozen
class Read:
    """One record, and why it cannot be used whatever fact it is for."""

    record: Record
    refusal: Refusal | None = None


READ: Final = {
    word: word
    for word in (
        "cancelled", "entered-in-error", "unknown", "not-done", "stopped", "on-hold", "completed", "draft", "active",
        "revoked", "in-progress", "preparation", "not-taken", "intended", "health-unknown", "registered", "partial",
        "amended", "final", "preliminary", "corrected", "appended",
    )
}  # fmt: skip
"""The words of FHIR for a status: only they are repeated in a message, never what else a record holds there."""


def by_status(body_status: str) -> Refusal:
    """The refusal of a record by its status."""
    return Refusal("CC632", f"its status is {READ.get(body_status, 'none that FHIR R4 has here')}.")
