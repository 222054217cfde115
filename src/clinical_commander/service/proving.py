"""A dossier's folder in, what `check --prove` finds in it out: by a thread of its own, once for each content.

The solver is not made for two threads, so one proves at a time. Nobody waits: who asks too early is told so.
"""

from __future__ import annotations

import importlib.util
import threading
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from clinical_commander.dossier.check import check_dossier
from clinical_commander.dossier.model import Dossier
from clinical_commander.errors import ClinicalCommanderError, Problem
from clinical_commander.frozen import frozen

if TYPE_CHECKING:
    from clinical_commander.prove import Proof

CHECKING, DONE, NO_SOLVER, FAILED = "checking", "done", "no_solver", "failed"
THREAD = "proving"
"""The name of the threads."""
_ONE = threading.Lock()
_KEPT = 8


@frozen
class Findings:
    """What is known so far. `state` is checking, done, no_solver (checked, and nothing to prove with) or failed."""

    state: str
    problems: tuple[Problem, ...] = ()
    proofs: tuple[Proof, ...] = ()
    seconds: float = 0.0

    @property
    def properties(self) -> Sequence[tuple[str, int, int]]:
        """By property: how many were proved, of how many."""
        of = Counter(proof.property for proof in self.proofs)
        proved = Counter(proof.property for proof in self.proofs if proof.holds is True)
        return [(name, proved[name], count) for name, count in of.items()]

    @property
    def unproved(self) -> Sequence[Proof]:
        """The properties that were refuted or not decided."""
        return [proof for proof in self.proofs if proof.holds is not True]


class Proving:
    """Keeps what was found, by content."""

    def __init__(self) -> None:
        self._found: dict[str, Findings] = {}
        self._lock = threading.Lock()

    def of(self, key: str, folder: Path, dossier: Dossier) -> Findings:
        """What is known of a content by now; the first who asks sets the work going.

        Args:
            key: Names the content.
            folder: Where it stands.
            dossier: The same, ready.
        """
        with self._lock:
            if key not in self._found:
                while len(self._found) >= _KEPT:
                    del self._found[next(iter(self._found))]
                self._found[key] = Findings(CHECKING)
                threading.Thread(target=self._run, args=(key, folder, dossier), name=THREAD, daemon=True).start()
            return self._found[key]

    def _run(self, key: str, folder: Path, dossier: Dossier) -> None:
        started = time.monotonic()
        try:
            with _ONE:
                problems = tuple(check_dossier(folder))
                self._tell(key, Findings(CHECKING, problems, seconds=time.monotonic() - started))
                state, proofs = self._proofs(dossier, broken=any(p.level == "error" for p in problems))
            self._tell(key, Findings(state, problems, proofs, time.monotonic() - started))
        except ClinicalCommanderError as error:
            self._tell(key, Findings(FAILED, error.problems, seconds=time.monotonic() - started))
        except Exception:  # a thread has nobody to tell: the page says that there is no result
            self._tell(key, Findings(FAILED, seconds=time.monotonic() - started))

    def _proofs(self, dossier: Dossier, broken: bool) -> tuple[str, tuple[Proof, ...]]:
        if not _solver():
            return NO_SOLVER, ()
        if broken:  # of a dossier with errors nothing can be proved
            return DONE, ()
        from clinical_commander.prove import prove

        return DONE, tuple(prove(dossier))

    def _tell(self, key: str, findings: Findings) -> None:
        with self._lock:
            self._found[key] = findings


def _solver() -> bool:
    return importlib.util.find_spec("z3") is not None
