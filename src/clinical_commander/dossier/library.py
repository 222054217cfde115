"""Where dossiers are found: the folders given, the content that ships with the package, what other packages install.

Order of search: `CLINICAL_COMMANDER_CONTENT` (folders, separated as in PATH), the content of this package (in a source
checkout the folder content/ beside src/), entry points of the group `clinical_commander.dossiers`. An entry point names
a folder, or a function that returns one. Such a folder is a content root: it holds dossiers/, catalogue/ and tools/.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from clinical_commander.dossier.model import Dossier
from clinical_commander.errors import Problem, ReferenceProblem, did_you_mean

VARIABLE = "CLINICAL_COMMANDER_CONTENT"
GROUP = "clinical_commander.dossiers"
DEFAULT_DOSSIER = "symptom.hemoptysis.v1"


def own_content() -> Path:
    """The content root that ships with the package."""
    package = Path(__file__).resolve().parents[1]
    packaged = package / "_content"
    return packaged if packaged.is_dir() else package.parents[1] / "content"


def content_roots() -> Iterator[Path]:
    """The content roots in the order of search; the costly ones last."""
    for folder in os.environ.get(VARIABLE, "").split(os.pathsep):
        if folder:
            yield Path(folder)
    yield own_content()
    yield from _roots_of_other_packages()


def _roots_of_other_packages() -> Iterator[Path]:
    # Asking for the installed packages costs 30 ms, so only who has not found a dossier yet asks.
    from importlib.metadata import entry_points

    for entry in sorted(entry_points(group=GROUP), key=lambda e: e.name):
        try:
            found = entry.load()
            yield Path(found() if callable(found) else found)
        except Exception as error:
            cause = f"the content that the entry point `{entry.name}` names cannot be opened: {error}."
            mend = f"It is `{entry.value}`; it must be a folder, or a function that returns one."
            raise ReferenceProblem(Problem("CC418", cause, mend)) from error


def installed() -> dict[str, Path]:
    """Every installed dossier: id -> folder; of two with one id the first in the order of search."""
    found: dict[str, Path] = {}
    for root in content_roots():
        for folder in _dossiers_in(root):
            found.setdefault(folder.name, folder)
    return found


def installed_ids(folder: Path | None = None) -> frozenset[str]:
    """The ids that a route can open from a dossier: the installed ones, and those beside its folder."""
    beside = {sibling.name for sibling in _dossiers_in(folder.resolve().parent.parent)} if folder else set()
    return frozenset(installed()) | beside


def _dossiers_in(root: Path) -> list[Path]:
    folder = root / "dossiers"
    return sorted(path.parent for path in folder.glob("*/dossier.yaml")) if folder.is_dir() else []


def content_root_of(folder: Path) -> Path:
    """The nearest folder at or above a dossier's that holds catalogue/: content/ for content/dossiers/<id>."""
    for candidate in (folder, *folder.resolve().parents[:3]):
        if (candidate / "catalogue").is_dir():
            return candidate
    return folder.resolve().parent.parent


def find_dossier(dossier: str | Path) -> Path:
    """The folder of a dossier.

    Args:
        dossier: An id, or a folder; a text with a path separator is a folder.

    Raises:
        ReferenceProblem: CC417, there is no such dossier.
    """
    text = str(dossier)
    if isinstance(dossier, Path) or os.sep in text or "/" in text or text in (".", ".."):
        folder = Path(dossier)
        if folder.name == "dossier.yaml":
            folder = folder.parent
        if not (folder / "dossier.yaml").is_file():
            raise ReferenceProblem(
                Problem("CC417", f"there is no dossier in `{text}`.", "Name a folder that holds dossier.yaml.")
            )
        return folder
    for root in content_roots():
        if (root / "dossiers" / text / "dossier.yaml").is_file():
            return root / "dossiers" / text
    known = installed()
    mend = did_you_mean(text, known) or f"Installed: {', '.join(sorted(known)) or 'none'}."
    raise ReferenceProblem(Problem("CC417", f"no dossier `{text}` is installed.", mend))


def open_dossier(dossier: str | Path = DEFAULT_DOSSIER, *, use_cache: bool = True) -> Dossier:
    """A dossier ready for use: from the cached pack where nothing changed since, else from its YAML.

    Args:
        dossier: An id, a folder, or a pack file (`*.json`).
        use_cache: False never reads or writes the user's cache.

    Raises:
        ReferenceProblem: CC417, there is no such dossier.
        ContentError: It cannot be used; all problems.
        CitationError: CC508, a pack file that is not what its name or channel says.
    """
    from clinical_commander.dossier import pack

    path = Path(dossier)
    if path.is_file():
        return pack.load_pack(path.read_bytes())
    folder = find_dossier(dossier)
    return pack.open_cached(folder) if use_cache else pack.build(folder)[0]
