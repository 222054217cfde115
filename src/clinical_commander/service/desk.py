"""A dossier's engine and an encounter log in, one patient's chart and answer out: what every view of the service uses.

What was sent is recorded before it is answered. Where the log cannot be written the answer still comes, and says so.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from clinical_commander import __version__
from clinical_commander.dossier.model import Dossier
from clinical_commander.encounter import Entry, Event, Log
from clinical_commander.encounter.differences import summary
from clinical_commander.encounter.packs import Pack, pack_of
from clinical_commander.encounter.replay import assessed, assessment_hash, upgrade
from clinical_commander.engine.assess import Engine
from clinical_commander.engine.assessment import Assessment
from clinical_commander.engine.case import Case
from clinical_commander.engine.counterfactual import Counterfactual
from clinical_commander.engine.site import Site
from clinical_commander.errors import EncounterError, Problem
from clinical_commander.frozen import field, frozen
from clinical_commander.render.words import Words
from clinical_commander.service.changes import Reader
from clinical_commander.service.chart import SHOWN, Chart, blank
from clinical_commander.service.form import OF, Sent, new_nonce, read_form
from clinical_commander.service.statement import observed

_NOT_REACHED = ("CC858",)
_ELSEWHERE, _NONE = "CC856", "CC853"
_TRIES = 3
_MOST_KEPT = 32


@frozen
class Answer:
    """A chart and its assessment at one moment, and what became of what was sent.

    `refused` are the fields that could not be taken, with the reasons. `lost` says why nothing was recorded, where it
    was not. `others` is what somebody else recorded since the page was drawn: then nothing of the form was recorded,
    and `unsaved` is what it said. `changes` is what would change the tier.
    """

    chart: Chart
    assessment: Assessment
    words: Words
    nonce: str
    refused: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    lost: tuple[Problem, ...] = ()
    others: tuple[Event, ...] = ()
    unsaved: Mapping[str, str] = field(default_factory=dict)
    sent: Sent = field(default_factory=Sent)
    changes: Sequence[Counterfactual] = ()
    newer: str = ""

    @property
    def status(self) -> int:
        """The status of HTTP that says the same."""
        return 409 if self.others else 503 if self.lost else 422 if self.refused else 200


class Desk:
    """What one service runs. One desk serves one person on one machine."""

    def __init__(
        self,
        dossier: Dossier,
        log: Log,
        *,
        site: Mapping[str, object] | None = None,
        setting: str = "ed",
        actor: str = "page",
        folder: Path | None = None,
        house: Site | None = None,
    ) -> None:
        """Args:
        dossier: The content that new encounters are run with.
        log: Where encounters are kept.
        site: `capabilities`, and what an assessment lists of the site; kept with each new encounter.
        setting: Where the page stands.
        actor: Who uses it.
        folder: Where the dossier stands, if that is outside the search path.
        house: The site itself: its numbers to call are printed on a leaflet.
        """
        self.log, self.site, self.setting, self.actor = log, site, setting, actor
        self.folder, self.house = folder, house
        self._words: dict[str, Words] = {}
        self._charts: dict[str, Chart] = {}
        self._lock = threading.Lock()
        self.pack: Pack = pack_of(dossier)
        log.engine_of(self.pack)

    @property
    def engine(self) -> Engine:
        """The engine of new encounters."""
        return self.log.engine_of(self.pack)

    @property
    def dossier(self) -> Dossier:
        """The content that new encounters are run with."""
        return self.engine.dossier

    def words(self, pack: str) -> Words:
        """The words of the content of a pack."""
        with self._lock:
            if pack not in self._words:
                self._words[pack] = Words(self.log.engine(pack).dossier)
            return self._words[pack]

    def now(self) -> datetime:
        """The moment, by the clock of the log."""
        return self.log.clock()

    # -- reading

    def empty(self) -> Answer:
        """A new patient."""
        return self._answer(self._blank(), self.now())

    def open(self, encounter: str) -> Answer:
        """A patient as recorded.

        Raises:
            EncounterError: CC853, there is no such encounter.
            DamagedLog: CC860.
        """
        return self._answer(self.chart(encounter), self.now())

    def chart(self, encounter: str) -> Chart:
        """The chart of an encounter, read and checked from its first event on."""
        events = self.log.events(encounter)
        return self._kept(Chart(events, self.log.engine(events[-1].pack).dossier))

    def _at_hand(self, encounter: str) -> Chart:
        """The same while a form is filled in: what this process has read and checked it does not read again."""
        head = self.log.head(encounter)
        with self._lock:
            kept = self._charts.get(encounter)
        return kept if kept is not None and kept.events[-1].hash == head.hash else self.chart(encounter)

    def _kept(self, chart: Chart) -> Chart:
        with self._lock:
            self._charts.pop(chart.id, None)
            self._charts[chart.id] = chart
            while len(self._charts) > _MOST_KEPT:
                self._charts.pop(next(iter(self._charts)))
        return chart

    def _blank(self) -> Chart:
        now = self.now()
        return blank(self.dossier, self.pack.hash, self.setting, self.site, now)

    def _answer(
        self,
        chart: Chart,
        at: datetime,
        sent: Sent | None = None,
        *,
        refused: Mapping[str, tuple[str, ...]] | None = None,
        lost: Sequence[Problem] = (),
        others: Sequence[Event] = (),
        unsaved: Mapping[str, str] | None = None,
    ) -> Answer:
        pack = chart.events[-1].pack
        replayed = assessed(self.log, chart.events, at, stay=chart.stay)
        if refused and replayed.assessment.tier.value != replayed.dossier.tier.values[-1].id:
            # What could not be taken counts as not known: the value before it calms nobody. The highest tier stays.
            known = self._without(chart, refused, at)
            replayed = assessed(self.log, known.events, at, stay=known.stay)
        site: Mapping[str, Any] = chart.stay.opening.get("site") or {}
        engine, case = self.log.engine(pack), replayed.case
        changes = engine.counterfactuals.of(case, replayed.assessment, site.get("capabilities", {}))
        newer = pack != self.pack.hash and replayed.dossier.id == self.dossier.id
        # What is not in the log yet is sent under the same name again.
        nonce = sent.nonce if sent is not None and (lost or not chart.recorded) else new_nonce()
        return Answer(
            chart=chart,
            assessment=replayed.assessment,
            words=self.words(pack),
            nonce=nonce,
            refused=refused or {},
            lost=tuple(lost),
            others=tuple(others),
            unsaved=unsaved or {},
            sent=sent or Sent(),
            changes=changes,
            newer=self.pack.hash if newer else "",
        )

    def _without(self, chart: Chart, facts: Mapping[str, object], at: datetime) -> Chart:
        """The chart as if nothing had been said of some facts."""
        said = [s for fact in facts for s in chart.stay.of(fact)]
        return chart.with_entries(
            [Entry("retracted", {"reason": s.fact}, self.actor, at, None, s.seq) for s in said], at
        )

    # -- writing

    def take(self, form: Mapping[str, str]) -> Answer:
        """Record what a form says that is new, then answer.

        Raises:
            ServiceError: CC803, CC809, CC810, it is no form of this page.
            EncounterError, DamagedLog: The encounter cannot be read.
        """
        of = form.get(OF, "")
        # What the form is of is looked up once: its content reads the form, and its events what is new in it.
        found = self._found(of, must=True) if of else None
        sent = read_form(form, found[0].dossier if found is not None else self.dossier)
        for attempt in range(_TRIES):
            try:
                return self._take(sent, *(found or self._found(sent.encounter, must=bool(of))))
            except EncounterError as error:
                # Another request of the same page came between reading and writing: read again, nothing is lost.
                if error.problems[0].code != _ELSEWHERE or attempt == _TRIES - 1:
                    raise
                found = None
        raise AssertionError("unreachable")

    def _take(self, sent: Sent, chart: Chart, lost: tuple[Problem, ...]) -> Answer:
        now = self.now()
        words = self.words(chart.events[-1].pack)
        changes = Reader(sent, chart, words, self.actor, now).changes()
        others = chart.since(sent.seq, sent.nonce) if chart.recorded else ()
        if others and (changes.entries or changes.refused):
            unsaved = {
                words.label(name): typed.said
                for name, typed in sent.typed.items()
                if typed.text and typed != chart.typed(name)
            }
            return self._answer(chart, now, sent, others=others, unsaved=unsaved)
        if not lost:
            try:
                recorded = self._recorded(sent, chart, changes.entries)
                at = max(now, self.now())
                return self._answer(recorded, at, sent, refused=changes.refused)
            except EncounterError as error:
                if error.problems[0].code not in _NOT_REACHED:
                    raise
                lost = error.problems
        chart = chart.with_entries(changes.entries, now)
        return self._answer(chart, now, sent, refused=changes.refused, lost=lost)

    def _found(self, encounter: str, *, must: bool) -> tuple[Chart, tuple[Problem, ...]]:
        """The chart of an encounter; a blank one where the log cannot be reached, with the reason, or may lack it."""
        try:
            return self._at_hand(encounter), ()
        except EncounterError as error:
            code = error.problems[0].code
            if code in _NOT_REACHED:
                return self._blank(), tuple(error.problems)
            if must or code != _NONE:
                raise
            return self._blank(), ()

    def _recorded(self, sent: Sent, chart: Chart, entries: Sequence[Entry]) -> Chart:
        """The chart with what is new in the log."""
        upgrades = sent.deed == ("upgrade",) and chart.recorded and chart.events[-1].pack != self.pack.hash
        if not entries and not upgrades:
            return chart
        if not chart.recorded:
            opened = self.log.new(self.pack, self.setting, self.actor, site=self.site, id=sent.encounter)
            chart = Chart([opened], chart.dossier)
        if entries:
            written = self.log.append_all(chart.id, entries, expect=chart.seq)
            # Nothing came between, or the log would have refused: what it has now is what it had and this. But where
            # the same was sent twice at once, the other may have written it after something else.
            follows = written[0].seq == chart.seq + 1
            chart = chart.after(written) if follows else self.chart(chart.id)
        if upgrades:
            upgrade(self.log, chart.id, self.pack.data, self.actor)
            return self.chart(chart.id)
        return self._kept(chart)

    def open_case(self, case: Case, label: str = "") -> str:
        """A new encounter with what a case says, each value with its time and origin; its id."""
        opened = self.log.new(
            self.pack.data,
            case.setting,
            self.actor,
            entry=case.entry,
            region=case.region,
            label=label or None,
            site=self.site,
        )
        entries = [
            Entry(
                "fact_recorded",
                {"fact": name, "statement": observed(one, self.dossier.facts[name])},
                self.actor,
                one.at,
            )
            for name, series in case.facts.items()
            for one in series
        ]
        if entries:
            self.log.append_all(opened.encounter, entries)
        return opened.encounter

    # -- what was shown

    def record_shown(self, answer: Answer) -> None:
        """Record that an answer was shown, where it answers otherwise than the last one that was."""
        chart, assessment = answer.chart, answer.assessment
        if not chart.recorded or answer.lost or answer.refused:
            return
        said = summary(assessment)
        last = next((e.payload for e in reversed(chart.events) if e.kind == SHOWN and e.payload), None)
        if last is not None and last["summary"] == said:
            return
        payload = {
            "at": assessment.at.isoformat(),
            "assessment": assessment_hash(assessment),
            "engine": __version__,
            "summary": said,
        }
        entry = Entry(SHOWN, payload, self.actor, assessment.at)
        try:
            shown = self.log.record_shown(chart.id, entry, expect=chart.seq)
            self._kept(chart.after([shown]))
        except EncounterError:
            # Something was recorded meanwhile: what is shown next rests on it, and is recorded then.
            return
