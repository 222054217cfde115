"""The folders of dossiers in, their pages out, made once for each state of their files."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from pathlib import Path

from clinical_commander.dossier.changelog import FILE, changes
from clinical_commander.dossier.library import content_root_of, installed, open_dossier
from clinical_commander.dossier.model import Dossier
from clinical_commander.dossier.shelf import open_shelf
from clinical_commander.dossier.tools import tool_files
from clinical_commander.dossier.vignettes import read_vignettes
from clinical_commander.errors import ClinicalCommanderError, Problem, ServiceError
from clinical_commander.frozen import frozen
from clinical_commander.render.dossier_browse import SHELF
from clinical_commander.service.library_view import DossierView
from clinical_commander.service.proving import Findings, Proving


@frozen
class Row:
    """One dossier of the list: what it says of itself and how much it holds, or why it cannot be read."""

    id: str
    folder: str
    dossier: Dossier | None
    vignettes: int
    served: bool
    problems: tuple[Problem, ...] = ()


def stamp(folder: Path) -> str:
    """Names the state of every file that a dossier's page is made from, by times and sizes."""
    root = content_root_of(folder)
    found = [*folder.rglob("*.yaml"), *root.glob("catalogue/*.yaml"), *root.glob("tools/*.yaml"), root / FILE]
    rows = []
    for path in sorted(found):
        try:
            now = path.stat()
        except OSError:
            continue
        rows.append(f"{path}:{now.st_mtime_ns}:{now.st_size}")
    return "\n".join(rows)


class Library:
    """All dossiers that can be looked up."""

    def __init__(self, served: Dossier, folder: Path | None = None) -> None:
        """Of a dossier that is served from a folder outside the search path, the folder."""
        self.served, self._folder = served, folder
        self.proving = Proving()
        self._views: dict[str, tuple[str, DossierView]] = {}
        self._lock = threading.Lock()

    def folders(self) -> Mapping[str, Path]:
        """Where each dossier stands; the one that is served first."""
        own = {self.served.id: self._folder} if self._folder is not None else {}
        return own | {id: folder for id, folder in installed().items() if id not in own}

    def rows(self) -> list[Row]:
        """One row a dossier."""
        return [self._row(id, folder) for id, folder in self.folders().items()]

    def _row(self, id: str, folder: Path) -> Row:
        try:
            view = self.view(id)
        except ClinicalCommanderError as error:
            return Row(id, folder.name, None, 0, id == self.served.id, tuple(error.problems))
        served = view.dossier.content_hash == self.served.content_hash
        return Row(id, folder.name, view.dossier, len(view.vignettes), served)

    def view(self, id: str) -> DossierView:
        """The page of a dossier.

        Raises:
            ServiceError: CC820, there is no such dossier.
            ContentError: It cannot be used now; all problems.
        """
        folder = self._find(id)

        def make() -> DossierView:
            vignettes, _ = read_vignettes(folder)
            others = set(self.folders()) - {id}
            return DossierView(open_dossier(folder), vignettes, changes(content_root_of(folder), id, others))

        return self._made(id, folder, make)

    def shelf(self, id: str) -> DossierView:
        """The page of all tools beside a dossier.

        Raises:
            ServiceError: CC820, there is no such dossier, or no tool beside it.
        """
        folder = self._find(id)
        root = content_root_of(folder)
        if not self.tools_beside(id):
            raise ServiceError(Problem("CC820", "There are no tools beside this dossier.", ""))
        return self._made(f"{root}/tools", folder, lambda: DossierView(open_shelf(root), (), parts=SHELF))

    def tools_beside(self, id: str) -> int:
        """How many tools stand beside a dossier."""
        return len(tool_files(content_root_of(self._find(id)) / "tools"))

    def findings(self, id: str) -> Findings:
        """What is known by now of what `check --prove` finds in a dossier."""
        folder = self._find(id)
        return self.proving.of(stamp(folder), folder, self.view(id).dossier)

    def _made(self, name: str, folder: Path, make: Callable[[], DossierView]) -> DossierView:
        now = stamp(folder)
        with self._lock:  # two who ask at once wait for one making
            known = self._views.get(name)
            if known is None or known[0] != now:
                known = (now, make())
                assert known[1].parts
                self._views[name] = known
            return known[1]

    def _find(self, id: str) -> Path:
        folder = self.folders().get(id)
        if folder is None:
            raise ServiceError(Problem("CC820", "There is no such dossier here.", "The library lists those there are."))
        return folder
