"""An event as it was written years ago in, the same event as this program reads it out. What is stored never changes.

A kind whose payload changes its form gets a new version in `KINDS` and one function here that takes the old form to the
next. Functions chain; the hash stays that of the event as written.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from clinical_commander.encounter.events import KINDS, Event, Shape, refused
from clinical_commander.frozen import field, frozen, replace

Upcaster = Callable[[dict[str, Any]], dict[str, Any]]
UPCASTERS: Final[Mapping[tuple[str, int], Upcaster]] = {}
"""(kind, version) -> the function that makes the payload of the next version. Every kind is in its first version."""


@frozen
class EventSchema:
    """The kinds of event and the way from older versions of them."""

    kinds: Mapping[str, Shape] = field(default_factory=lambda: KINDS)
    upcasters: Mapping[tuple[str, int], Upcaster] = field(default_factory=lambda: UPCASTERS)

    def current(self, event: Event) -> Event:
        """The event with its payload in the form of this program.

        Raises:
            EncounterError: CC859, a newer program wrote it, or nothing leads from its version to this one.
        """
        shape = self.kinds.get(event.kind)
        if shape is None or event.version > shape.version:
            cause = f"Event {event.seq} was written by a newer program."
            raise refused("CC859", cause, "Update Clinical Commander: what it cannot read it does not leave out.")
        if event.payload is None:
            return event
        payload = dict(event.payload)
        for version in range(event.version, shape.version):
            step = self.upcasters.get((event.kind, version))
            if step is None:
                cause = f"Nothing reads version {version} of `{event.kind}` (event {event.seq})."
                raise refused("CC859", cause, "Report it: an upcaster is missing.")
            payload = step(payload)
        return replace(event, payload=payload)
