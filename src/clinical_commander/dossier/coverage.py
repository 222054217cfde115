"""A dossier and its vignettes in, which of them expect each trigger, tier, place of care and rule out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from clinical_commander.dossier.model import Dossier, Vignette
from clinical_commander.dossier.named import Mentions, Name
from clinical_commander.frozen import frozen

SETTLED, POSSIBLE = "settled", "possible"
"""How a vignette expects a value of an answer: as the one that is left, or as one of those still possible."""
ANSWERING = ("trigger", "tier", "disposition")


@frozen
class Expected:
    """One vignette that expects something of a name: `state` says what."""

    vignette: str
    place: str
    state: str


def coverage(dossier: Dossier, vignettes: Iterable[Vignette]) -> dict[Name, tuple[Expected, ...]]:
    """The vignettes that expect each trigger and each value of tier and disposition; empty where there is none."""
    found: dict[Name, list[Expected]] = {("trigger", id): [] for id in dossier.triggers}
    for answer in (dossier.tier, dossier.disposition):
        found |= {(answer.id, value.id): [] for value in answer.values}
    for vignette in vignettes:
        for name, state in _expects(dossier, vignette):
            if name in found:
                found[name].append(Expected(vignette.name, str(vignette.at or ""), state))
    return {name: tuple(expected) for name, expected in found.items()}


def through(
    rules: Iterable[str], mentions: Mentions, covered: Mapping[Name, Sequence[Expected]]
) -> dict[str, tuple[Name, ...]]:
    """Of each rule the triggers and answers that read it, by themselves or through other rules, and that are expected.

    No vignette names a rule: what tests it is what it decides.
    """
    found = {}
    for rule in rules:
        seen, waiting = {("rule", rule)}, [("rule", rule)]
        while waiting:
            for user in mentions.by.get(waiting.pop(), ()):
                if user not in seen and user[0] in ("rule", *ANSWERING):
                    seen.add(user)
                    waiting.append(user)
        found[rule] = tuple(name for name in covered if name in seen and covered[name])
    return found


def _expects(dossier: Dossier, vignette: Vignette) -> Iterator[tuple[Name, str]]:
    triggers = vignette.expect.get("triggers")
    for id, wanted in triggers.items() if isinstance(triggers, Mapping) else ():
        yield ("trigger", id), str(wanted.get("state", "")) if isinstance(wanted, Mapping) else str(wanted)
    for answer in (dossier.tier, dossier.disposition):
        wanted = vignette.expect.get(answer.id)
        if isinstance(wanted, str):
            yield (answer.id, wanted), SETTLED
        elif isinstance(wanted, Mapping):
            possible = wanted.get("possible")
            for value in possible if isinstance(possible, Sequence) else ():
                yield (answer.id, str(value)), POSSIBLE
