"""What an answer could change in, what that is called out: the tier, a trigger, an action, the zone of a cause."""

from __future__ import annotations

from clinical_commander.render.words import Words, inside


def changed(name: str, words: Words) -> str:
    """What an answer could change, by its name: the tier, a trigger, an action, the zone of a cause."""
    kind, _, cause = name.partition(":")
    if kind == "zone" and words.dossier.differential is not None:
        return words.say("zone_of", inside(words.dossier.differential.causes[cause].title), group="differential")
    return inside(words.heading(name) if name in ("tier", "disposition") else words.title(name))
