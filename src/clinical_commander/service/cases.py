"""Case files and vignettes in, each as something that any version of the content can answer out."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Final

from clinical_commander.canonical import canonical_json
from clinical_commander.dossier.library import own_content
from clinical_commander.dossier.model import Vignette
from clinical_commander.dossier.source import CASE_LIMIT, Mapping, read_yaml
from clinical_commander.engine.assess import Engine
from clinical_commander.engine.read_case import read_case
from clinical_commander.engine.vignette import DEFAULT_MOMENT, failures, vignette_case
from clinical_commander.errors import ClinicalCommanderError
from clinical_commander.frozen import frozen
from clinical_commander.service.answers import Answer, answer

GIVEN, EXAMPLE, VIGNETTE = "given", "example", "vignette"
_NOW: Final = datetime.fromisoformat(DEFAULT_MOMENT)


@frozen
class Answered:
    """What a version says of a case: its answer, or why it cannot read it; and what a vignette expected otherwise."""

    answer: Answer
    refused: str = ""
    failures: tuple[str, ...] = ()


@frozen
class FileCase:
    """A case in a file of its own."""

    kind: str
    name: str
    place: str
    text: bytes

    @property
    def key(self) -> str:
        """The same for the same patient."""
        return hashlib.sha256(self.text).hexdigest()

    def answered(self, engine: Engine) -> Answered:
        """What an engine says of it. A case without a moment has one that does not move."""
        try:
            node = read_yaml(self.text, self.place, limit=CASE_LIMIT)
            return Answered(answer(engine.assess(read_case(node, engine.dossier, now=_NOW))))
        except ClinicalCommanderError as error:
            return Answered({}, str(error.problems[0]))


@frozen
class VignetteCase:
    """A vignette of the dossier."""

    vignette: Vignette
    kind: str = VIGNETTE

    @property
    def name(self) -> str:
        return self.vignette.name

    @property
    def place(self) -> str:
        return str(self.vignette.at or "")

    @property
    def key(self) -> str:
        """The same for the same patient, whatever is expected."""
        return hashlib.sha256(canonical_json([self.vignette.name, dict(self.vignette.given)])).hexdigest()

    def answered(self, engine: Engine) -> Answered:
        """What an engine says of it, and what it expected otherwise."""
        try:
            case, capabilities = vignette_case(self.vignette, engine.dossier)
        except ClinicalCommanderError as error:
            return Answered({}, str(error.problems[0]), (str(error.problems[0]),))
        result = engine.assess(case, capabilities)
        return Answered(answer(result), failures=tuple(failures(result, self.vignette, engine.dossier)))


AnyCase = FileCase | VignetteCase


def example_files(root: Path) -> tuple[Path, ...]:
    """The cases of examples/cases beside a content root, or else beside the content that ships; none in a wheel."""
    for folder in (root.resolve().parent, own_content().parent):
        found = sorted((folder / "examples" / "cases").glob("*.yaml"))
        if found:
            return tuple(found)
    return ()


def file_cases(given: Iterable[Path], examples: Iterable[Path]) -> Iterator[FileCase]:
    """The cases of files: those given by hand, then the examples. A file of examples that is no case is passed over."""
    for kind, files in ((GIVEN, given), (EXAMPLE, examples)):
        for path in files:
            try:
                text = path.read_bytes()[: CASE_LIMIT + 1]
            except OSError as error:
                text = f"# {error.strerror}\n".encode()
            if kind == GIVEN or _is_case(text):
                yield FileCase(kind, path.stem, path.name, text)


def vignette_cases(vignettes: Sequence[Vignette]) -> list[VignetteCase]:
    """The vignettes of a dossier."""
    return [VignetteCase(vignette) for vignette in vignettes]


def _is_case(text: bytes) -> bool:
    try:
        node = read_yaml(text, "case", limit=CASE_LIMIT)
    except ClinicalCommanderError:
        return True
    return isinstance(node, Mapping) and "setting" in node.items
