"""`commander encounter` as a user meets it, and the page about it: every example is run, in its order."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from clinical_commander.cli.main import main
from clinical_commander.encounter import GUARANTEE
from tests.encounters import MILD, fact, fresh, hemoptysis
from tests.fixtures import EXAMPLES, REPOSITORY
from tests.test_cli import missing

PAGE = (REPOSITORY / "docs" / "encounter-log.md").read_text()
BLOCKS = re.findall(r"```console\n(.*?)```", PAGE, re.DOTALL)
Run = Callable[..., tuple[int, str, str]]


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path, cache: Path) -> Run:
    monkeypatch.setenv("CLINICAL_COMMANDER_DB", str(tmp_path / "log.db"))
    monkeypatch.setenv("CLINICAL_COMMANDER_ACTOR", "Dr A. Example")
    monkeypatch.setenv("CLINICAL_COMMANDER_CACHE", str(cache))
    monkeypatch.chdir(REPOSITORY)

    def _run(*arguments: object) -> tuple[int, str, str]:
        status = main(["encounter", *map(str, arguments)])
        out, err = capsys.readouterr()
        assert "Traceback" not in err
        return status, out, err

    return _run


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A log with one encounter, a mild bleed, as a file: made once, copied for each test."""
    path = tmp_path_factory.mktemp("recorded") / "log.db"
    log = fresh(path)
    log.new(hemoptysis(), "ed", "Dr A. Example", id="bed-1")
    log.append_all("bed-1", [fact(name, said) for name, said in MILD.items()])
    log.close()
    return path.read_bytes()


@pytest.fixture
def stay(run: Run, recorded: bytes, tmp_path: Path) -> str:
    (tmp_path / "log.db").write_bytes(recorded)
    return "bed-1"


def test_the_page_about_the_log_prints_what_it_shows(run: Run, tmp_path: Path) -> None:
    examples = [
        (command, shown.splitlines())
        for block in BLOCKS
        for command, shown in re.findall(r"^\$ commander encounter (.*)\n((?:(?!\$ ).*\n)*)", block, re.MULTILINE)
    ]
    assert len(examples) >= 12
    for command, shown in examples:
        status, out, err = run(*shlex.split(command.replace("anchor.json", str(tmp_path / "anchor.json"))))

        assert status == 0, (command, err)
        assert missing(shown, [line.rstrip() for line in out.splitlines()]) == [], (command, out[:3000])


def test_the_page_and_the_program_print_the_guarantee_of_the_design() -> None:
    # design/reliability-and-hazards.md, section 4.2, word for word.
    design = (
        "an event acknowledged to a client is recoverable after process kill, and after power loss if the disk honours "
        "fsync; unacknowledged events are entirely present or absent; any edit, deletion or reordering is detected."
    )

    assert design == GUARANTEE
    assert design.lower() in " ".join(PAGE.replace("\n> ", " ").split()).lower()


def test_an_encounter_may_begin_with_a_case_file_and_gives_its_answer(run: Run) -> None:
    run("new", "--case", EXAMPLES / "tb-04.yaml", "--id", "bed-2", "--actor", "Dr A. Example")

    _, out, _ = run("replay", "bed-2", "--true-at", "2026-11-01T08:00:00Z", "--json")
    ours = json.loads(out)["assessment"]

    alone = subprocess.run(
        [sys.executable, "-m", "clinical_commander.cli.main", "assess", str(EXAMPLES / "tb-04.yaml"), "--json"],
        capture_output=True,
        check=True,
    )
    theirs = json.loads(alone.stdout)
    for part in ("tier", "triggers", "actions", "disposition", "phases", "scores"):
        assert ours[part] == theirs[part], part


def test_every_deed_of_a_stay_has_its_command_and_the_log_stays_whole(run: Run, stay: str) -> None:
    deeds = (
        "correct bed-1 2 '12 mL' --reason 'read again'",
        "retract bed-1 3 --reason 'another patient'",
        "order bed-1 panel.cbc",
        "done bed-1 panel.cbc",
        "decline bed-1 procedure.bae --reason 'not wanted'",
        "accept bed-1 monitor.vitals",
        "override bed-1 place.home --reason 'lives alone'",
        "decide bed-1 disposition=inpatient --reason 'no bed at home'",
        "handover bed-1 --to 'Ward 3' --setting inpatient --text 'short of breath at night'",
        "outcome bed-1 'went home' --text 'after two days'",
        "erase bed-1 4 --reason 'asked for'",
        "assess bed-1",
    )
    for deed in deeds:
        status, _, err = run(*shlex.split(deed))
        assert status == 0, (deed, err)

    status, out, _ = run("verify", "--json")
    assert (status, json.loads(out)["whole"], json.loads(out)["erased"]) == (0, True, 1)
    status, out, _ = run("show", stay, "--json")
    kinds = {event["kind"] for row in json.loads(out)["events"] for event in row["events"]}
    assert len(kinds) == 14


def test_a_pack_that_a_site_made_is_upgraded_to_and_what_changes_is_said(run: Run, tmp_path: Path) -> None:
    site = tmp_path / "site.yaml"
    signed = "signed: {by: Dr A. Example, on: 2026-11-01}"
    site.write_text(f"name: Hill\nthresholds: {{massive_volume: {{value: 60 mL, {signed}}}}}\n")
    run("new", "--setting", "ed", "--id", "bed-3", "--site", site)
    run("record", "bed-3", "estimated_volume_24h=80 mL")

    _, before, _ = run("replay", "bed-3", "--seq", 2, "--json")
    status, out, _ = run("upgrade", "bed-3", "--reason", "back to the content")
    _, after, _ = run("replay", "bed-3", "--seq", 3, "--json")

    assert status == 0
    assert 'thresholds.massive_volume: "60 mL" -> "100 mL"' in out
    assert json.loads(before)["assessment"]["tier"]["value"] == "massive"
    assert json.loads(after)["assessment"]["tier"]["value"] is None
    assert json.loads(before)["assessment"]["site"]["name"] == "Hill"


@pytest.mark.hazard("H18")
def test_a_flipped_byte_is_found_and_named_and_ends_with_1(run: Run, stay: str, tmp_path: Path) -> None:
    path = tmp_path / "log.db"
    data = path.read_bytes()
    at = data.index(b'"statement":"98 %"')
    path.write_bytes(data[:at] + data[at:].replace(b"98 %", b"88 %", 1))

    status, out, _ = run("verify")

    assert status == 1
    assert "DAMAGED bed-1 event 3: payload altered" in out
    assert run("show", stay)[0] == 1
    status, out, _ = run("list")
    assert (status, "damaged" in out) == (1, True)


@pytest.mark.hazard("H18")
def test_a_backup_is_restored_and_compared_with_the_anchor(run: Run, stay: str, tmp_path: Path) -> None:
    run("export-anchor", "-o", tmp_path / "anchor.json")
    assert run("backup", tmp_path / "copy.backup")[0] == 0

    status, out, _ = run(
        "restore", tmp_path / "copy.backup", "--db", tmp_path / "new.db", "--anchor", tmp_path / "anchor.json"
    )

    assert (status, "true to the anchor" in out) == (0, True)
    assert run("export-anchor", "-o", tmp_path / "anchor.json")[0] == 2  # an anchor is never overwritten


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ("show no-such", "CC853"),
        ("record bed-1 'spo2=86'", "CC601"),
        ("record bed-1 'sp02=86 %'", "Did you mean `spo2`?"),
        ("record bed-1 spo2", "CC607"),
        ("record bed-1 'spo2=[86 %'", "CC1"),
        ("record bed-1 'spo2=86 %' --at 2026-11-01T08:00:00", "CC613"),
        ("record bed-1 'spo2=86 %' --at 2199-01-01T08:00:00Z", "CC614"),
        ("record bed-1 'spo2=86 %' --at yesterday", "CC612"),
        ("record bed-1 'spo2=86 %' --if-seq 1", "CC856"),
        ("correct bed-1 1 '86 %'", "CC854"),
        ("retract bed-1 99 --reason slip", "CC854"),
        ("override bed-1 place.home", "--reason"),
        ("new", "has no `setting`"),
        ("new --setting moon", "CC617"),
        ("new --setting ed --id 'Jane Doe'", "CC854"),
        ("replay bed-1 --known-at 2001-01-01T00:00:00Z", "CC853"),
        ("replay bed-1 --pack no.such", "CC417"),
        ("verify --anchor README.md", "CC864"),
        ("restore no-such-file", "CC864"),
        ("load examples/cases/tb-04.yaml", "CC621"),
        ("list --db ftp://host/x", "CC850"),
        ("list --db /proc/no/such/folder/x.db", "CC850"),
        ("", "WHAT"),
    ],
)
def test_a_mistake_is_told_in_a_sentence_and_ends_with_2(run: Run, stay: str, arguments: str, says: str) -> None:
    status, out, err = run(*shlex.split(arguments))

    assert (status, out) == (2, "")
    assert says in err


def test_the_log_is_not_loaded_by_who_does_not_use_it() -> None:
    code = (
        "import sys; from clinical_commander.cli.main import main; main(['list']); sys.exit('alembic' in sys.modules)"
    )

    assert subprocess.run([sys.executable, "-c", code], check=False, stdout=subprocess.DEVNULL).returncode == 0
