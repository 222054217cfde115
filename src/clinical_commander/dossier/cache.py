"""The user's cache: files named by what they were made from and by their own SHA-256, checked on the way in."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TypeVar

from clinical_commander.errors import CitationError, Problem

_T = TypeVar("_T")
_KEPT = 48


def cache_folder() -> Path:
    """Where files are kept for the next start: `CLINICAL_COMMANDER_CACHE`, or the user's cache folder."""
    given = os.environ.get("CLINICAL_COMMANDER_CACHE")
    if given:
        return Path(given)
    home = os.environ.get("XDG_CACHE_HOME")
    return (Path(home) if home else Path.home() / ".cache") / "clinical-commander"


def cached(name: str, read: Callable[[bytes, str], _T]) -> _T | None:
    """What `read` makes of the bytes kept under a name; None where there are none, or none that are whole.

    Args:
        name: Names everything that they depend on.
        read: Takes the bytes and the hash that they must have. What it refuses is thrown away.
    """
    folder = cache_folder()
    try:
        files = [file for file in os.listdir(folder) if file.startswith(f"{name}-") and file.endswith(".json")]
    except OSError:
        return None
    for file in files:
        path = folder / file
        try:
            return read(path.read_bytes(), path.stem.rpartition("-")[2])
        except (OSError, CitationError):
            path.unlink(missing_ok=True)
    return None


def checked(data: bytes, expected: str | None) -> str:
    """The SHA-256 of bytes, in hexadecimal.

    Raises:
        CitationError: CC511, it is not the expected one.
    """
    found = hashlib.sha256(data).hexdigest()
    if expected is not None and found != expected:
        cause = f"the pack has the hash {found}, not {expected}."
        raise CitationError(Problem("CC511", cause, "Get it again: it was changed."))
    return found


def keep(name: str, data: bytes) -> None:
    """Write a file so that a reader sees all of it or nothing; a cache that cannot be written is no cache."""
    import tempfile  # only who writes needs it

    folder = cache_folder()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        handle, made = tempfile.mkstemp(dir=folder, suffix=".part")
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        os.replace(made, folder / f"{name}-{checked(data, None)}.json")
        files = sorted(folder.glob("*.json"), key=lambda path: path.stat().st_mtime)
        for old in files[:-_KEPT]:
            old.unlink(missing_ok=True)
    except OSError:
        return


def stamp(paths: Iterable[str | Path]) -> str:
    """Size and date of files and folders: what was changed since has another one."""
    found: list[object] = []
    for path in paths:
        try:
            stat = os.stat(path)
        except OSError:
            continue
        found.append((str(path), stat.st_size, stat.st_mtime_ns))
    return repr(found)


def code(*packages: str) -> list[str]:
    """The Python files of packages of this program, and those that all of them rest on."""
    root = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    return sorted(file for package in ("", *packages) for file in files_in(os.path.join(root, package), ".py"))


def files_in(folder: str | Path, ending: str) -> list[str]:
    """The files of a folder whose names have an ending; none of a folder that is not there."""
    try:
        # Not by way of paths: a start looks at a hundred files.
        return [os.path.join(folder, name) for name in os.listdir(folder) if name.endswith(ending)]
    except OSError:
        return []
