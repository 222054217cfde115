"""An answer in; out what was done with its advice, and what can be: done, ordered, declined, set aside, decided."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cached_property, lru_cache

from clinical_commander.encounter import Event
from clinical_commander.frozen import frozen
from clinical_commander.render.to_do import LIVE
from clinical_commander.render.words import Words
from clinical_commander.service.chart import SHOWN
from clinical_commander.service.desk import Answer
from clinical_commander.service.form import NOT_ASKED

_DONE, _ORDERED, _DECLINED, _ASIDE = "done", "ordered", "declined", "aside"
_NEVER = "avoid"


@frozen
class Press:
    """One button: what it says, and the deed that it sends."""

    title: str
    deed: str


@frozen
class DeedsView:
    """What can be done with one line: done and ordered, and the reasons for which it is not."""

    id: str
    about: str
    presses: tuple[Press, ...]
    reasons: tuple[Press, ...]


@frozen
class Standing:
    """What was done: about what, in words, when and by whom, why, and the press that takes it back."""

    title: str
    state: str
    when: str
    why: str
    changed: bool
    back: Press


@frozen
class Decision:
    """What a person can decide: the values that there are, and the one that was chosen."""

    id: str
    title: str
    values: tuple[tuple[str, str, bool], ...]
    why: str


class Deeds:
    """What was done with the advice of one answer."""

    def __init__(self, answer: Answer) -> None:
        self.answer, self.a, self.words = answer, answer.assessment, answer.words
        self.dossier, self.stay = answer.words.dossier, answer.chart.stay

    def say(self, key: str, *parts: str) -> str:
        """A word of the page."""
        return self.words.say(key, *parts, group="page")

    def of(self, about: str) -> DeedsView | None:
        """What can be done with a line; None where it is neither an open action nor an alarm that fires."""
        kind, _, id = about.partition(":")
        if kind == "step":
            kind, id = "action", self._proposed.get(id, "")
        if kind == "trigger" and id in self.a.triggers:
            if id in self.stay.aside or self.a.triggers[id].state != "fires":
                return None
            return _deeds(self.words, id, self.words.title(id), (), _ASIDE)
        if kind != "action" or id not in self._open:
            return None
        content = self.dossier.actions[id]
        standing = self.stay.actions.get(id)
        left = (_DONE,) if standing is not None and standing.kind == "action_ordered" else (_DONE, _ORDERED)
        return _deeds(self.words, id, content.label, () if content.verb == _NEVER else left, _DECLINED)

    @cached_property
    def _open(self) -> frozenset[str]:
        """The actions that are proposed."""
        return frozenset(a.id for a in self.a.actions if a.state in LIVE)

    @cached_property
    def _proposed(self) -> Mapping[str, str]:
        """The action that each line of the plan proposes, by its path."""
        return {step.path: step.action for step in self.a.plan if step.action is not None}

    # -- what was done

    @property
    def standing(self) -> Sequence[Standing]:
        """What was done, ordered, declined and set aside, the last first."""
        found = [(e, self._of_action(id, e)) for id, e in self.stay.actions.items()]
        found += [(e, self._of_alarm(id, e)) for id, e in self.stay.aside.items() if id in self.dossier.triggers]
        return [one for _, one in sorted(found, key=lambda pair: pair[0].seq, reverse=True)]

    def _of_action(self, id: str, event: Event) -> Standing:
        state = event.kind.removeprefix("action_")
        title = self.dossier.actions[id].label if id in self.dossier.actions else id
        return self._standing(title, self.words.name("action_state", state), event, f"open {id}", changed=False)

    def _of_alarm(self, id: str, event: Event) -> Standing:
        then = next((e.payload for e in reversed(self.answer.chart.events[: event.seq]) if e.kind == SHOWN), None)
        now = self.a.triggers.get(id)
        before = then["summary"]["triggers"].get(id) if then else None
        changed = before is not None and (now is None or before != {"state": now.state, "severity": now.severity})
        return self._standing(self.words.title(id), self.say("aside"), event, f"back {id}", changed=changed)

    def _standing(self, title: str, state: str, event: Event, back: str, *, changed: bool) -> Standing:
        why = str(event.payload.get("reason", "")) if event.payload else ""
        when = f"{_clock(event.effective)}, {event.actor}"
        return Standing(title, state, when, why, changed, Press(self.say("take_back"), back))

    # -- what a person decides

    @property
    def decisions(self) -> Sequence[Decision]:
        """What a person decides whatever the engine says: the place of care."""
        answer = self.dossier.disposition
        event = self.stay.decisions.get("disposition")
        chosen = str(event.payload["value"]) if event is not None and event.payload else NOT_ASKED
        values = [(NOT_ASKED, self.say("not_decided"), not chosen)]
        values += [(v.id, v.title, v.id == chosen) for v in answer.values]
        why = str(event.payload.get("reason", "")) if event is not None and event.payload else ""
        return [Decision("disposition", self.words.heading("disposition"), tuple(values), why)]


@lru_cache(maxsize=1024)
def _deeds(words: Words, id: str, about: str, states: tuple[str, ...], otherwise: str) -> DeedsView:
    """The presses of what can be done, and of why it is not."""
    presses = tuple(Press(words.name("action_state", state), f"{state} {id}") for state in states)
    coded = words.dossier.words.get("set_aside", {})
    return DeedsView(
        id, about, presses, tuple(Press(title, f"{otherwise} {id} {code}") for code, title in coded.items())
    )


def _clock(moment: datetime) -> str:
    return f"{moment.astimezone():%H:%M}"
