"""Objects that are read when they are first used: nobody who holds one can tell that it was not there before."""

from __future__ import annotations

import copy
import dataclasses
import pickle
from collections.abc import Mapping
from pathlib import Path

import pytest

from clinical_commander.dossier import library
from clinical_commander.dossier.model import Dossier, Source
from clinical_commander.engine.assess import Engine
from clinical_commander.engine.site import apply_site, site_from_mapping
from clinical_commander.frozen import replace, unread
from clinical_commander.program.build import build
from clinical_commander.program.conditions import clinical_conditions, gate_conditions
from clinical_commander.program.stored import dump_program, load_program
from tests.generate import examples

FIELDS = {"cite": ("davidson_2020",), "basis": ("S",), "why": ""}
SOURCE = Source(("davidson_2020",), ("S",))


def fresh() -> Source:
    return unread(Source, lambda: FIELDS)


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture
def kept(cache: Path, monkeypatch: pytest.MonkeyPatch) -> Dossier:
    """The hemoptysis dossier from the cache, of which nothing is read yet."""
    monkeypatch.setenv("CLINICAL_COMMANDER_CACHE", str(cache))
    library.open_dossier()
    return library.open_dossier()


def test_an_unread_object_is_equal_to_the_same_object_made_at_once() -> None:
    assert fresh() == SOURCE
    assert fresh() == fresh()
    assert hash(fresh()) == hash(SOURCE)
    assert repr(fresh()) == repr(SOURCE)


def test_an_unread_object_can_be_copied_changed_and_sent_to_another_process() -> None:
    changed = Source(("davidson_2020",), ("S",), "judged")

    assert replace(fresh(), why="judged") == changed
    assert dataclasses.replace(fresh(), why="judged") == changed
    assert dataclasses.asdict(fresh()) == dataclasses.asdict(SOURCE)
    assert copy.deepcopy(fresh()) == SOURCE
    assert pickle.loads(pickle.dumps(fresh())) == SOURCE


def test_an_unread_object_is_asked_once_and_then_is_of_its_own_class() -> None:
    asked = []

    def read() -> Mapping[str, object]:
        asked.append(1)
        return FIELDS

    source = unread(Source, read)
    assert isinstance(source, Source)
    assert not asked

    assert (source.cite, source.why) == (("davidson_2020",), "")

    assert asked == [1]
    assert type(source) is Source


def test_an_unread_object_has_no_other_fields_and_cannot_be_changed() -> None:
    source = fresh()

    with pytest.raises(AttributeError, match="'Source' object has no attribute 'cited'"):
        source.cited  # type: ignore[attr-defined]  # noqa: B018
    with pytest.raises(dataclasses.FrozenInstanceError):
        fresh().why = "judged"  # type: ignore[misc]


def test_a_dossier_from_the_cache_assesses_every_example_as_one_read_from_its_yaml(kept: Dossier) -> None:
    program = load_program(kept, dump_program(kept, build(kept)))

    stored = Engine(kept, program)
    made = Engine(library.open_dossier(use_cache=False))

    for name, case in examples().items():
        assert stored.assess(case).dumps() == made.assess(case).dumps(), name


@pytest.mark.parametrize(
    "own", [{}, {"massive_volume": {"value": "90 mL", "signed": {"by": "Dr Example", "on": "2026-11-01"}}}]
)
def test_a_stored_program_has_the_columns_of_the_one_that_was_made(kept: Dossier, own: dict[str, object]) -> None:
    site = site_from_mapping({"thresholds": own} if own else {}, kept)
    dossier = apply_site(kept, site)

    made = build(dossier)
    stored = load_program(dossier, dump_program(dossier, made))

    assert stored.rows == made.rows
    assert stored.slots == made.slots
    for condition in (*clinical_conditions(dossier), *gate_conditions(dossier)):
        assert stored.pair(condition) == made.pair(condition), condition.text
        for node in condition.expr.walk():
            assert stored.openings._pair(node) == made.openings._pair(node)
