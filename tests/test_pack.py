"""Packs: one immutable file for a dossier and all it refers to, its hash, its channel, and the cache of packs."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import sys
from dataclasses import fields, is_dataclass, replace
from pathlib import Path

import pytest

from clinical_commander.canonical import canonical_json
from clinical_commander.dossier import library
from clinical_commander.dossier.cache import cache_folder
from clinical_commander.dossier.codec import read_through
from clinical_commander.dossier.load import load_dossier
from clinical_commander.dossier.model import Dossier
from clinical_commander.dossier.pack import build, load_pack, pack
from clinical_commander.errors import CitationError, ReferenceProblem

DOSSIERS = Path(__file__).parent / "dossiers"
MINI = DOSSIERS / "good" / "mini"
HEMOPTYSIS = library.own_content() / "dossiers" / "symptom.hemoptysis.v1"


@pytest.fixture(scope="module", params=[MINI, HEMOPTYSIS], ids=["mini", "hemoptysis"])
def dossier(request: pytest.FixtureRequest) -> Dossier:
    return load_dossier(request.param)


@pytest.fixture(scope="module")
def mini() -> Dossier:
    return load_dossier(MINI)


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("CLINICAL_COMMANDER_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def reviewed(dossier: Dossier) -> Dossier:
    """The same dossier as if Dr Example had reviewed everything in it."""
    signed = {id: replace(c, review="reviewed", reviewer="Dr Example") for id, c in dossier.citations.items()}
    leaflet = replace(dossier.leaflet, review="reviewed") if dossier.leaflet else None
    translations = {id: replace(t, review="reviewed") for id, t in dossier.translations.items()}
    return replace(dossier, review="reviewed", citations=signed, leaflet=leaflet, translations=translations)


def assert_same(one: object, other: object, path: str = "dossier") -> None:
    """Equal, of the same types, and in the same order: `==` alone takes 1 for 1.0 and any order of a mapping."""
    assert type(one) is type(other), path
    if is_dataclass(one) and not isinstance(one, type):
        for field in fields(one):
            if field.compare:
                assert_same(getattr(one, field.name), getattr(other, field.name), f"{path}.{field.name}")
    elif isinstance(one, dict):
        assert isinstance(other, dict)
        assert list(one) == list(other), path
        for key in one:
            assert_same(one[key], other[key], f"{path}[{key}]")
    elif isinstance(one, tuple):
        assert isinstance(other, tuple)
        assert len(one) == len(other), path
        for number, (a, b) in enumerate(zip(one, other, strict=True)):
            assert_same(a, b, f"{path}[{number}]")
    else:
        assert one == other, path


# --- there and back


def test_an_unreviewed_leaflet_or_translation_is_refused_in_the_clinical_channel(dossier: Dossier) -> None:
    signed = reviewed(dossier)
    translations = {id: replace(t, review="needed") for id, t in signed.translations.items()}

    with pytest.raises(CitationError, match=r"CC508 `leaflet.yaml` is not reviewed"):
        pack(replace(signed, leaflet=dossier.leaflet), "clinical")
    with pytest.raises(CitationError, match=r"CC508 `locale/es.yaml` is not reviewed"):
        pack(replace(signed, translations=translations), "clinical")


def test_a_dossier_comes_out_of_its_pack_as_it_went_in(dossier: Dossier) -> None:
    found = load_pack(pack(dossier))

    assert_same(replace(found, content_hash=""), dossier)


def test_the_same_content_gives_the_same_bytes_whoever_packs_it(dossier: Dossier) -> None:
    first = pack(dossier)

    assert pack(dossier) == first
    assert pack(load_pack(first)) == first
    assert canonical_json(json.loads(first)) == first


def test_the_content_hash_is_the_sha256_of_the_pack(mini: Dossier) -> None:
    data = pack(mini)

    assert load_pack(data).content_hash == hashlib.sha256(data).hexdigest()


def test_one_changed_letter_changes_the_hash(mini: Dossier) -> None:
    other = replace(mini, title=mini.title + ".")

    assert load_pack(pack(mini)).content_hash != load_pack(pack(other)).content_hash


def test_a_pack_is_read_without_yaml_parser_or_type_checker(tmp_path: Path, mini: Dossier) -> None:
    file = tmp_path / "mini.json"
    file.write_bytes(pack(mini))
    code = (
        "import sys; from clinical_commander.dossier import library; "
        f"d = library.open_dossier({str(file)!r}); assert d.id == 'mini'; "
        "print([m for m in sys.modules if m == 'yaml' or m.endswith(('dossier.load', 'dossier.source'))])"
    )

    result = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)

    assert result.stdout.strip() == "[]"


def test_a_pack_holds_no_path_of_the_machine_it_was_made_on(dossier: Dossier) -> None:
    data = pack(dossier)

    assert str(library.own_content()).encode() not in data
    assert str(DOSSIERS).encode() not in data
    assert b".yaml:" not in data


# --- what is refused


@pytest.mark.parametrize(
    "data", [b"", b"{}", b"[]", b"null", b'{"schema":"pack/2","channel":"evaluation"}', b"\xff", b"a: 1"]
)
def test_what_is_not_a_pack_is_refused_without_a_traceback(data: bytes) -> None:
    with pytest.raises(
        CitationError, match=r"CC511 this is not a pack of this version .* Make it again with `commander pack`"
    ):
        load_pack(data)


@pytest.mark.parametrize("table", ["Expr", "Condition", "Step"])
def test_a_pack_file_with_a_row_that_cannot_be_read_is_refused_at_once(mini: Dossier, table: str) -> None:
    plain = json.loads(pack(mini))
    plain["tables"][table][-1] = {"is": "Any"} if table == "Expr" else {"expr": 10**6, "choose": 1}

    with pytest.raises(CitationError, match="CC511 this is not a pack of this version"):
        load_pack(canonical_json(plain))


def test_a_pack_with_one_bit_flipped_is_refused_where_its_hash_is_known(mini: Dossier) -> None:
    data = bytearray(pack(mini))
    expected = hashlib.sha256(data).hexdigest()
    data[len(data) // 2] ^= 1

    with pytest.raises(CitationError, match=r"CC511 the pack has the hash [0-9a-f]{64}, not"):
        load_pack(bytes(data), expected)


def test_the_clinical_channel_refuses_everything_unreviewed_by_name(dossier: Dossier) -> None:
    with pytest.raises(CitationError) as caught:
        pack(dossier, "clinical")

    said = [str(problem) for problem in caught.value.problems]
    assert {problem.code for problem in caught.value.problems} == {"CC508"}
    assert any(f"`{dossier.id}` as a whole is not reviewed." in line for line in said)
    assert sum("citation `" in line for line in said) == len(dossier.citations)


def test_the_shipped_content_cannot_be_built_for_the_clinical_channel() -> None:
    with pytest.raises(CitationError, match="CC508"):
        build(HEMOPTYSIS, "clinical")


def test_a_review_without_a_named_reviewer_is_no_review(mini: Dossier) -> None:
    signed = reviewed(mini)
    unnamed = {id: replace(citation, reviewer=None) for id, citation in signed.citations.items()}

    with pytest.raises(CitationError, match="CC508 citation `expert`"):
        pack(replace(signed, citations=unnamed), "clinical")


def test_content_that_clinicians_have_reviewed_is_built_and_says_so(mini: Dossier) -> None:
    found = load_pack(pack(reviewed(mini), "clinical"))

    assert found.channel == "clinical"


def test_a_pack_that_calls_itself_clinical_and_is_not_is_refused(mini: Dossier) -> None:
    plain = json.loads(pack(mini))
    plain["channel"] = "clinical"

    with pytest.raises(CitationError, match="CC508"):
        load_pack(canonical_json(plain))


def test_there_is_no_third_channel(mini: Dossier) -> None:
    with pytest.raises(CitationError, match=r"CC508 no channel `research`\. There are: evaluation, clinical\."):
        pack(mini, "research")


# --- the cache


def packs(cache: Path) -> list[Path]:
    return sorted(cache.glob("*.json"))


def test_the_second_start_reads_the_pack_of_the_first(cache: Path) -> None:
    first = library.open_dossier(MINI)
    (kept,) = packs(cache)
    written = kept.stat().st_mtime_ns

    second = library.open_dossier(MINI)
    read_through(second)

    assert_same(second, first)
    assert kept.name.endswith(f"-{first.content_hash}.json")
    assert [path.stat().st_mtime_ns for path in packs(cache)] == [written]


def test_a_changed_dossier_is_read_again(cache: Path, tmp_path: Path) -> None:
    for name in ("catalogue", "tools", "good/mini"):
        shutil.copytree(DOSSIERS / name, tmp_path / name)
    folder = tmp_path / "good" / "mini"
    before = library.open_dossier(folder)
    thresholds = folder / "thresholds.yaml"
    thresholds.write_text(thresholds.read_text().replace("100 mL", "200 mL"))

    after = library.open_dossier(folder)

    assert (before.thresholds["massive_volume"].value, after.thresholds["massive_volume"].value) == (100.0, 200.0)
    assert before.content_hash != after.content_hash


def test_a_changed_translation_is_read_again(cache: Path, tmp_path: Path) -> None:
    for name in ("catalogue", "tools", "good/mini"):
        shutil.copytree(DOSSIERS / name, tmp_path / name)
    folder = tmp_path / "good" / "mini"
    library.open_dossier(folder)
    spanish = folder / "locale" / "es.yaml"
    spanish.write_text(spanish.read_text().replace("Venga en dos días.", "Venga en 2 días."))

    after = library.open_dossier(folder)

    assert after.translations["es"].texts["leaflet.next.soon"].text == "Venga en 2 días."


def test_a_damaged_pack_in_the_cache_is_thrown_away_and_made_again(cache: Path) -> None:
    first = library.open_dossier(MINI)
    (kept,) = packs(cache)
    kept.write_bytes(kept.read_bytes().replace(b"100 mL", b"900 mL"))

    assert library.open_dossier(MINI).thresholds == first.thresholds
    assert hashlib.sha256(packs(cache)[0].read_bytes()).hexdigest() == first.content_hash


def test_a_cache_that_cannot_be_written_is_done_without(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("not a folder")
    monkeypatch.setenv("CLINICAL_COMMANDER_CACHE", str(blocked / "cache"))

    assert library.open_dossier(MINI).id == "mini"


def test_the_cache_stands_where_the_user_keeps_caches(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("CLINICAL_COMMANDER_CACHE", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))

    assert cache_folder() == tmp_path / "clinical-commander"


# --- the library


def test_dossiers_of_a_folder_named_in_the_environment_come_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(DOSSIERS / "catalogue", tmp_path / "catalogue")
    shutil.copytree(MINI, tmp_path / "dossiers" / "mini")
    monkeypatch.setenv("CLINICAL_COMMANDER_CONTENT", str(tmp_path))

    assert library.find_dossier("mini") == tmp_path / "dossiers" / "mini"
    assert set(library.installed()) >= {"mini", "symptom.hemoptysis.v1"}


def test_another_package_can_bring_dossiers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copytree(DOSSIERS / "catalogue", tmp_path / "their_content" / "catalogue")
    shutil.copytree(MINI, tmp_path / "their_content" / "dossiers" / "mini")
    (tmp_path / "their_content" / "__init__.py").write_text(
        "from pathlib import Path\n\ndef folder():\n    return Path(__file__).parent\n"
    )
    info = tmp_path / "their_content-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: their-content\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[clinical_commander.dossiers]\ntheirs = their_content:folder\n")
    monkeypatch.syspath_prepend(str(tmp_path))

    assert library.find_dossier("mini") == tmp_path / "their_content" / "dossiers" / "mini"


def test_another_package_whose_content_cannot_be_opened_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    info = tmp_path / "broken_content-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: broken-content\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[clinical_commander.dossiers]\nbroken = broken_content:folder\n")
    monkeypatch.syspath_prepend(str(tmp_path))

    with pytest.raises(
        ReferenceProblem, match="CC418 the content that the entry point `broken` names cannot be opened"
    ):
        library.installed()


def test_an_id_that_is_not_installed_is_answered_with_its_nearest(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ReferenceProblem, match=r"Did you mean `symptom.hemoptysis.v1`\?"):
        library.find_dossier("symptom.haemoptysis.v1")


def test_a_folder_without_a_dossier_is_told_plainly(tmp_path: Path) -> None:
    with pytest.raises(ReferenceProblem, match="CC417 there is no dossier in"):
        library.find_dossier(tmp_path)


def test_a_pack_says_of_every_example_what_the_yaml_says() -> None:
    from clinical_commander.engine.assess import Engine
    from clinical_commander.engine.read_case import read_case
    from tests.fixtures import EXAMPLES, engine

    packed = Engine(load_pack(pack(engine().dossier)))
    compared = 0
    for path in sorted(EXAMPLES.glob("*.yaml")):
        if path.name != "expectations.yaml":
            said = [one.assess(read_case(path, one.dossier)).to_json() for one in (engine(), packed)]
            assert {**said[0], "content": None} == {**said[1], "content": None}, path.name
            compared += 1
    assert compared >= 20
