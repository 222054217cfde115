"""A dossier's folder under edit in, its state after each save out: problems, the last good version, changed answers.

One thread does the work, in the order in which an author wants it: what is wrong first, then the cases in files, then
the vignettes. A newer save ends what is under way. What a case answered at the start is found when it is asked for, by
the engine of that time: so no save has to wait for it.
"""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

from clinical_commander.dossier import pack
from clinical_commander.dossier.check import lint
from clinical_commander.dossier.library import content_root_of, installed_ids
from clinical_commander.dossier.load import read_dossier, sorted_problems
from clinical_commander.dossier.vignettes import read_vignettes
from clinical_commander.engine.assess import Engine
from clinical_commander.errors import ClinicalCommanderError, Problem
from clinical_commander.frozen import field, frozen, replace
from clinical_commander.service.answers import Change, changes
from clinical_commander.service.cases import Answered, AnyCase, example_files, file_cases, vignette_cases
from clinical_commander.service.excerpt import Excerpt, excerpts

READING, FILES, VIGNETTES, IDLE = "reading", "files", "vignettes", "idle"
_TOLD_EVERY = 0.4  # seconds between two states while cases run


@frozen
class CaseRow:
    """One case that is to be shown: what changed, what it expected otherwise, and whether that is new."""

    kind: str
    name: str
    place: str
    changes: tuple[Change, ...] = ()
    failures: tuple[str, ...] = ()
    failed_before: bool = False
    refused: str = ""


@frozen
class State:
    """What the author sees. `stage` is what is under way; `good_at` is when the version that runs was saved.

    `timings`: seconds from the save to what follows it. `done` and `total` are cases. `judged`: the rows are of what
    was saved last, not of what was saved before it.
    """

    number: int = 0
    stage: str = READING
    saved_at: float = 0.0
    files: tuple[str, ...] = ()
    excerpts: tuple[Excerpt, ...] = ()
    good_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    good_hash: str = ""
    base_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    rows: tuple[CaseRow, ...] = ()
    done: int = 0
    total: int = 0
    timings: tuple[tuple[str, float], ...] = ()
    judged: bool = True

    @property
    def errors(self) -> Sequence[Excerpt]:
        """What keeps the content from being used; what stands in the files that were saved comes first."""
        found = [e for e in self.excerpts if e.problem.level == "error"]
        return sorted(found, key=lambda e: e.problem.at is None or Path(e.problem.at.file).name not in self.files)

    @property
    def warnings(self) -> Sequence[Excerpt]:
        """What does not."""
        return [e for e in self.excerpts if e.problem.level != "error"]


class _Newer(Exception):
    """Something was saved meanwhile."""


class Workshop:
    """Keeps one folder's state, and runs it anew when it is told of a save."""

    def __init__(
        self, folder: Path, engine: Engine, cases: Iterable[Path] = (), good: Callable[[Engine], None] = lambda _: None
    ) -> None:
        """Takes the folder, the engine of its present content, case files to watch, and whom to give a good version."""
        self.folder, self.root, self._given, self._good = folder, content_root_of(folder), tuple(cases), good
        self.engine = self._base = engine
        self._before: dict[str, Answered] = {}
        self._state = State(good_hash=engine.dossier.content_hash)
        self._lock, self._wake = threading.Lock(), threading.Event()
        self._asked, self._ended = 1, False
        self._saved: tuple[tuple[Path, ...], float] = ((), 0.0)
        self._thread = threading.Thread(target=self._work, daemon=True)

    @property
    def state(self) -> State:
        """The state now."""
        with self._lock:
            return self._state

    def files(self) -> Iterator[Path]:
        """What is watched: the dossier, the catalogue, the tools, and the cases."""
        for found in (self.folder.rglob("*.yaml"), self.root.glob("catalogue/*.yaml"), self.root.glob("tools/*.yaml")):
            yield from (path for path in found if not path.name.startswith("."))
        yield from self._given
        yield from example_files(self.root)

    def start(self) -> None:
        """Begin: the present state is run first, and is what later ones are compared with."""
        self._wake.set()
        self._thread.start()

    def stop(self) -> None:
        """End after the case that is under way."""
        self._ended = True
        self._asked += 1
        self._wake.set()
        self._thread.join()

    def saved(self, files: Sequence[Path], at: float) -> None:
        """Told of a save: what is under way ends, and the new state is run."""
        with self._lock:
            pending = self._saved[0] if self._state.stage == READING else ()
            self._saved = (tuple(dict.fromkeys([*pending, *files])), at)
            self._asked += 1
        self._wake.set()

    def rebase(self) -> None:
        """From now on the last good version is what later ones are compared with."""
        with self._lock:
            self._base, self._before = self.engine, {}
            self._state = replace(self._state, base_at=self._state.good_at)
            self._asked += 1
        self._wake.set()

    # -- one run

    def _work(self) -> None:
        while self._wake.wait():
            self._wake.clear()
            if self._ended:
                return
            try:
                self._run(self._asked)
            except _Newer:
                continue
            except Exception as error:  # a fault of ours: the author is told, and the next save is run all the same
                print(f"commander: CC823 a fault while the draft was run: {type(error).__name__}", file=sys.stderr)
                cause = f"The draft could not be run: {type(error).__name__}."
                problem = Problem("CC823", cause, "Save again; if it stays, this is a fault of the program.")
                self._tell(stage=IDLE, excerpts=(Excerpt(problem),))

    def _run(self, asked: int) -> None:
        files, at = self._saved
        names = tuple(path.name for path in files)
        self._tell(stage=READING, files=names, saved_at=at, timings=(), done=0, total=0)
        engine = self._read(asked, at)
        if engine is None:
            return
        given = list(file_cases(self._given, example_files(self.root)))
        last = {row.name for row in self.state.rows}  # what changed at the last save is looked at first
        vignettes = sorted(vignette_cases(read_vignettes(self.folder)[0]), key=lambda case: case.name not in last)
        self._tell(stage=FILES, total=len(given) + len(vignettes), rows=(), judged=True)
        rows = self._answered(asked, engine, given, [], 0)
        self._tell(stage=VIGNETTES, rows=tuple(rows), done=len(given), timings=self._timed(FILES, at))
        rows = self._answered(asked, engine, vignettes, rows, len(given))
        self._tell(stage=IDLE, rows=tuple(rows), done=len(given) + len(vignettes), timings=self._timed(VIGNETTES, at))

    def _read(self, asked: int, at: float) -> Engine | None:
        """The engine of what was saved, given on where nothing is wrong with it; None where it cannot be run at all."""
        reading = read_dossier(self.folder, installed=installed_ids(self.folder))
        self._still(asked)
        problems = [*reading.problems, *reading.lints]
        if reading.dossier is not None:
            problems += lint(reading, reading.dossier)
        self._still(asked)
        found = excerpts(sorted_problems(problems), self.folder, self.root)
        timings = self._timed(READING, at)
        if reading.dossier is None:
            self._tell(stage=IDLE, excerpts=found, timings=timings, judged=False)
            return None
        self._tell(excerpts=found, timings=timings)
        dossier = pack.load_pack(pack.pack(reading.dossier))
        same = next((e for e in (self.engine, self._base) if e.dossier.content_hash == dossier.content_hash), None)
        engine = same or Engine(dossier)
        self._still(asked)
        if not any(e.problem.level == "error" for e in found):
            self._is_good(engine, at)
        return engine

    def _is_good(self, engine: Engine, at: float) -> None:
        """Gives a version on as good."""
        if engine is not self.engine:
            try:
                self._good(engine)
            except ClinicalCommanderError as error:  # the site's file does not fit the draft
                self._tell(excerpts=(*(Excerpt(p) for p in error.problems), *self.state.excerpts))
                return
            self.engine = engine
        good_at = datetime.fromtimestamp(at, UTC) if at else self.state.good_at
        self._tell(good_at=good_at, good_hash=engine.dossier.content_hash)

    def _answered(
        self, asked: int, engine: Engine, cases: Sequence[AnyCase], rows: Sequence[CaseRow], before: int
    ) -> list[CaseRow]:
        """The rows so far, and those of these cases that changed or fail."""
        found, told = list(rows), time.monotonic()
        for done, case in enumerate(cases, before + 1):
            self._still(asked)
            if row := self._row(engine, case):
                found.append(row)
            if time.monotonic() - told > _TOLD_EVERY:
                told = time.monotonic()
                self._tell(done=done, rows=tuple(found))
        return found

    def _row(self, engine: Engine, case: AnyCase) -> CaseRow | None:
        key = f"{case.kind} {case.key}"
        if key not in self._before:
            self._before[key] = case.answered(self._base)
        was = self._before[key]
        now = was if engine is self._base else case.answered(engine)
        found = changes(was.answer, now.answer)
        if not (found or now.failures or now.refused):
            return None
        return CaseRow(case.kind, case.name, case.place, found, now.failures, bool(was.failures), now.refused)

    def _still(self, asked: int) -> None:
        if self._asked != asked:
            raise _Newer

    def _timed(self, stage: str, at: float) -> tuple[tuple[str, float], ...]:
        """The times so far, and that of a stage: from the save, where there was one."""
        return (*self.state.timings, (stage, time.time() - at)) if at else ()

    def _tell(self, **given: object) -> None:
        with self._lock:
            self._state = replace(self._state, number=self._state.number + 1, **given)
