"""Files in, a call for each time that some of them changed out: their times are looked at, their content is not."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

EVERY = 0.3
"""Seconds between two looks."""

Look = Mapping[Path, tuple[int, int, int]]


def look(files: Iterable[Path]) -> Look:
    """Time, size and number of each file that is there. What an editor puts in place of a file has another number."""
    found = {}
    for path in files:
        try:
            now = path.stat()
        except OSError:
            continue
        found[path] = (now.st_mtime_ns, now.st_size, now.st_ino)
    return found


def changed(before: Look, after: Look) -> tuple[Path, ...]:
    """The files that are otherwise, new, or gone."""
    return tuple(sorted(p for p in {*before, *after} if before.get(p) != after.get(p)))


class Watch:
    """A thread that looks at files until it is stopped."""

    def __init__(self, files: Callable[[], Iterable[Path]], tell: Callable[[tuple[Path, ...], float], None]) -> None:
        """Takes what to look at, and whom to tell: the files that changed, and when the last one was saved."""
        self._files, self._tell = files, tell
        self._known = look(files())
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def start(self) -> None:
        """Begin to look."""
        self._thread.start()

    def stop(self) -> None:
        """Look no more."""
        self._stopped.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stopped.wait(EVERY):
            now = look(self._files())
            if found := changed(self._known, now):
                times = [now[p][0] for p in found if p in now]
                self._known = now
                self._tell(found, max(times, default=0) / 1e9)
