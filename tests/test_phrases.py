"""No sentence for a reader stands in Python: what the views, the exchange and the service say comes from the catalogue.

Errors speak to whoever writes content, calls a command or sends records: their cause and mend stand where they arise.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from clinical_commander.dossier.phrases import phrase
from tests.fixtures import REPOSITORY, engine

SOURCES = REPOSITORY / "src" / "clinical_commander"
PACKAGES = ("fhir", "engine", "render", "service", "leaflet")
# Whoever builds a problem, and what the pieces of one are called.
BUILDS = re.compile(
    r"(?:[A-Z]\w*)?(?:Problem|Error|Fault|Refusal|Refused)\w*|fault|problem|refuse\w*|_refus\w*|note_fault"
)
PIECES = {"cause", "mend"}
# Modules that say nothing but what is wrong with what somebody gave them.
FILES: Mapping[str, str] = {
    "fhir/bundle.py": "records that were sent",
    "fhir/extract.py": "answers that were sent",
    "fhir/invariants.py": "a resource, by the sentences of R4's invariants",
    "fhir/invariants_of_resources.py": "a resource, by the sentences of R4's invariants",
    "fhir/house_rules.py": "a resource, by our own rules",
    "fhir/narrative.py": "a narrative; and the tags of XHTML",
    "fhir/primitives.py": "a value of a resource",
    "fhir/read_json.py": "the JSON of records",
    "fhir/shape.py": "the shape of a resource",
    "fhir/r5.py": "a resource of R5, by what R4 does not have",
    "engine/entries.py": "an entry of a case",
    "engine/read_case.py": "a case file",
    "engine/read_fact.py": "a fact of a case",
    "engine/read_number.py": "a number of a case",
    "engine/tool_examples.py": "an example of a tool",
    "engine/vignette.py": "a vignette",
}
# The same in modules that say other things too.
TEXTS: Mapping[str, frozenset[str]] = {
    "engine/site.py": frozenset({"A higher", "A lower"}),
    "engine/site_differential.py": frozenset(
        {"the priors of ", "the threshold to ", "the zones of ", "The threshold to ", "` is chosen and not signed."}
    ),
    "fhir/case.py": frozenset({" not used for a reason, "}),
    "fhir/steps.py": frozenset({"NOT ("}),  # the language of rules
    "service/guard.py": frozenset({"commander: CC804 a fault of the service: "}),
    "service/workshop.py": frozenset({"commander: CC823 a fault while the draft was run: "}),
}
# Names that others gave, and the name of the project.
NAMES = {
    "Clinical Commander",
    "Clinical Protocol",  # displays of codes of public systems
    "Logic Library",
    "System Object",
    "Domain Resource",
    "Patient Record",
}


def phrases(file: Path) -> Iterator[tuple[int, str]]:
    """The texts of a module that read like a sentence and are no docstring and no part of an error."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    spared = {id(n) for part in ast.walk(tree) if _spares(part) for n in ast.walk(part)}
    for node in ast.walk(tree):
        text = node.value if isinstance(node, ast.Constant) and id(node) not in spared else None
        if isinstance(text, str) and is_phrase(text):
            yield node.lineno, text


def is_phrase(text: str) -> bool:
    """Begins with a capital and goes on in small letters after a space, or has three words in a row."""
    if text.strip() in NAMES:
        return False
    return bool(
        re.match(r"[A-Z][\w']* [a-z(]|[A-Z][a-z']+ [A-Za-z]", text) or re.search(r"[a-z]{2,} [a-z]+ [a-z]{2,}", text)
    )


def _spares(node: ast.AST) -> bool:
    match node:
        case ast.Expr(ast.Constant()):  # a docstring
            return True
        case ast.Call(ast.Name(name)) | ast.Call(ast.Attribute(attr=name)):
            return bool(BUILDS.fullmatch(name))
        case ast.Assign([ast.Name(name)]) | ast.AnnAssign(ast.Name(name)):
            return name in PIECES
    return False


@pytest.mark.parametrize("package", PACKAGES)
def test_no_phrase_for_a_reader_stands_in(package: str) -> None:
    found = [
        f"{name}:{line}: {text!r}"
        for file in sorted((SOURCES / package).rglob("*.py"))
        if (name := file.relative_to(SOURCES).as_posix()) not in FILES
        for line, text in phrases(file)
        if text not in TEXTS.get(name, ())
    ]

    assert found == []


def test_the_search_finds_a_phrase_and_spares_an_error(tmp_path: Path) -> None:
    file = tmp_path / "module.py"
    file.write_text(
        '"""A docstring in, nothing out."""\n'
        'title = "Held back"\n'
        'said = f"Ask first: {title}"\n'
        'cause = "The case has no age."\n'
        'raise CaseError(Problem("CC601", "No such fact.", "Write another one."))\n'
    )

    assert [line for line, _ in phrases(file)] == [2, 3]


@pytest.mark.parametrize("group", ["fhir", "site"])
def test_every_phrase_that_the_code_asks_for_is_written_and_every_one_written_is_asked_for(group: str) -> None:
    package = {"fhir": "fhir", "site": "engine"}[group]
    code = "".join(file.read_text(encoding="utf-8") for file in sorted((SOURCES / package).glob("*.py")))
    keys = engine().dossier.words[group]

    asked = set(re.findall(r"\bsay\((?:self\.)?(?:dossier|d)?,?\s*['\"](\w+)['\"]", code))
    asked |= {f"trigger_{state}" for state in ("fires", "cannot_exclude", "quiet")} if group == "fhir" else set()
    if group == "site":
        asked |= {f"capability_{has}" for has in ("yes", "no", "on_call")} | {"threshold", "threshold_signed"}
    assert asked == set(keys)


def test_a_part_that_looks_like_a_place_is_no_place() -> None:
    # A fact's label or a site's text is put in once and never read again.
    assert phrase({"g": {"k": "{0} and {1}"}}, "g", "k", "{1}", "x") == "{1} and x"
