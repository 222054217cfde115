"""The command line as a user meets it: what it prints, how it ends, and that a mistake never ends in a traceback."""

from __future__ import annotations

import contextlib
import functools
import json
import os
import pty
import re
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from clinical_commander import __version__
from clinical_commander.cli.main import COMMANDS, main
from tests.fixtures import DOSSIER, EXAMPLES, REPOSITORY

BAD_DOSSIERS = sorted(path.parent for path in (REPOSITORY / "tests" / "dossiers" / "bad").glob("*/expected.txt"))
BAD_CASES = sorted((REPOSITORY / "tests" / "cases" / "bad").glob("*/case.*"))
MASSIVE, UNMEASURED = EXAMPLES / "tb-04.yaml", EXAMPLES / "constructed-unmeasured.yaml"
COMMANDER = [sys.executable, "-m", "clinical_commander.cli.main"]
HEAVY = ("polars", "duckdb", "numpy", "z3", "fastapi", "sqlglot", "jsonschema", "sqlalchemy", "alembic", "pg8000")


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(autouse=True)
def _own_cache(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLINICAL_COMMANDER_CACHE", str(cache))
    monkeypatch.delenv("COMMANDER_DEBUG", raising=False)


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]):
    def _run(*arguments: object) -> tuple[int, str, str]:
        status = main([str(a) for a in arguments])
        out, err = capsys.readouterr()
        assert "Traceback" not in err
        return status, out, err

    return _run


def process(*arguments: object, **more) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*COMMANDER, *map(str, arguments)], capture_output=True, text=True, check=False, **more)


# --- assess


def test_a_published_massive_case_is_assessed(run) -> None:
    status, out, err = run("assess", MASSIVE)

    assert (status, err) == (0, "")
    assert "BLEEDING TIER NOW [■■■] MASSIVE BLEEDING" in out


def test_the_json_of_an_assessment_is_one_object(run) -> None:
    status, out, _ = run("assess", UNMEASURED, "--json")
    data = json.loads(out)

    assert status == 0
    assert data["schema"] == "assessment/1"
    assert data["tier"]["value"] is None
    assert "massive" in data["tier"]["possible"]
    assert {"spo2", "sbp", "rr", "hr"} <= set(data["tier"]["missing"])


def test_a_case_may_come_from_standard_input() -> None:
    done = process("assess", "-", "--json", input='{"setting": "ed", "facts": {"spo2": "84 %"}}')

    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["tier"]["value"] == "massive"


def test_a_site_says_what_it_has_and_the_assessment_lists_it(run, tmp_path: Path) -> None:
    site = tmp_path / "site.yaml"
    site.write_text('name: Hill Hospital\ncapabilities: {ir: no, icu: yes}\nphones: {transfer: "555 0100"}\n')

    _, text, _ = run("assess", MASSIVE, "--site", site)
    _, out, _ = run("assess", MASSIVE, "--site", site, "--json")

    assert "Hill Hospital" in text
    assert "555 0100" in text
    assert json.loads(out)["disposition"]["via"] == "transfer"
    assert [c["id"] for c in json.loads(out)["site"]["changes"]] == ["ir", "icu", "transfer"]


def test_the_same_case_gives_the_same_bytes(run) -> None:
    assert run("assess", MASSIVE, "--json") == run("assess", MASSIVE, "--json")


def test_a_pack_gives_the_answer_of_its_dossier(run, tmp_path: Path) -> None:
    packed = tmp_path / "hemoptysis.json"
    status, out, _ = run("pack", DOSSIER.name, "-o", packed)

    assert status == 0
    assert re.search(r"sha256 [0-9a-f]{64}$", out.strip())
    assert run("assess", MASSIVE, "--json", "--dossier", packed) == run("assess", MASSIVE, "--json")


# --- mistakes


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ("assess no-such-file.yaml", "no-such-file.yaml: CC116"),
        ("assess /", "Is a directory"),
        (f"assess {MASSIVE} --dossier symptom.hemoptisis.v1", "Did you mean `symptom.hemoptysis.v1`?"),
        (f"assess {MASSIVE} --site no-such-site.yaml", "no-such-site.yaml: CC116"),
        ("assess", "the following arguments are required: CASE"),
        ("", "the following arguments are required: COMMAND"),
        ("asses x.yaml", "invalid choice"),
        (f"assess {MASSIVE} --jsn", "unrecognized arguments: --jsn"),
        (f"assess {MASSIVE} --width wide", "invalid int value"),
        ("check no/such/folder", "CC417"),
        ("test no/such/folder", "CC417"),
        ("show no.such.v1", "CC417"),
        ("show --only trigers", "Did you mean `triggers`?"),
        (f"pack {DOSSIER.name}", "-o"),
        (f"pack {DOSSIER.name} -o /", "Is a directory"),
        (f"pack {DOSSIER.name} -o /no/such/folder/file", "No such file or directory"),
    ],
)
def test_a_mistake_is_told_in_a_sentence_and_ends_with_2(run, arguments: str, says: str) -> None:
    status, out, err = run(*shlex.split(arguments))

    assert status == 2
    assert says in err
    assert out == ""


@pytest.mark.parametrize("path", BAD_CASES, ids=lambda p: p.parent.name)
def test_a_case_with_a_fault_ends_with_2_and_says_what_to_write(run, path: Path) -> None:
    status, out, err = run("assess", path)

    assert (status, out) == (2, "")
    assert re.search(r"CC\d{3} ", err)


@pytest.mark.parametrize(
    "content",
    [b"", b"\xff\xfe\x00", os.urandom(64), b"x" * 5_000_000, b"[" * 100_000, b"setting: ed\nfacts: {spo2: 0.97}\n"],
    ids=["empty", "not text", "noise", "5 MB", "deep", "a fraction"],
)
def test_noise_for_a_case_is_one_short_error(run, tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "case.yaml"
    path.write_bytes(content)

    status, out, err = run("assess", path)

    assert (status, out) == (2, "")
    assert 0 < len(err) < 2_000


def test_every_command_explains_itself(run) -> None:
    status, out, _ = run("--help")
    assert status == 0
    assert all(command in out for command in COMMANDS)
    for command in COMMANDS:
        assert run(command, "--help")[0] == 0


def test_the_version_is_printed(run) -> None:
    assert run("--version") == (0, f"commander {__version__}\n", "")


# --- content


def test_the_installed_dossiers_are_listed_with_version_state_and_hash(run) -> None:
    _, out, _ = run("list")
    status, data, _ = run("list", "--json")
    [row] = [r for r in json.loads(data)["dossiers"] if r["id"] == DOSSIER.name]

    assert status == 0
    assert row["hash"][:12] in out
    assert "not reviewed" in out
    assert (row["review"], row["channel"]) == ("needed", "evaluation")


@pytest.mark.parametrize("folder", BAD_DOSSIERS, ids=lambda p: p.name)
def test_check_names_a_planted_fault_with_place_caret_and_mend(run, folder: Path) -> None:
    status, out, _ = run("check", folder)

    assert status == 1
    place, code = (folder / "expected.txt").read_text().split()[:2]
    [said] = [i for i, row in enumerate(out.splitlines()) if row.startswith(f"{place} {code} ")]
    assert set(out.splitlines()[said + 2].strip()) == {"^"}
    assert re.search(r"^\S+ *: [1-9]\d* errors?, \d+ warnings?$", out.splitlines()[-1])


def test_check_as_json_gives_code_and_place(run) -> None:
    status, out, _ = run("check", BAD_DOSSIERS[0], "--json")
    [report] = json.loads(out)["dossiers"].values()

    assert status == 1
    assert report["errors"] == len([p for p in report["problems"] if p["level"] == "error"]) > 0
    assert all(p["file"] and p["line"] and p["column"] for p in report["problems"] if p["level"] == "error")


def test_check_of_the_dossier_finds_no_error(run) -> None:
    status, out, _ = run("check", DOSSIER)

    assert status == 0, out
    assert f"{DOSSIER.name}: 0 errors" in out


def test_the_vignettes_beside_the_content_pass(run) -> None:
    status, out, _ = run("test", DOSSIER)

    assert status == 0, out
    assert re.fullmatch(r"\d{2,} passed, 0 failed", out.splitlines()[-1])


def test_a_vignette_that_fails_is_named_with_what_came_out(run, tmp_path: Path) -> None:
    folder = copied(tmp_path)
    vignette = "- vignette: A wrong expectation\n  given: {setting: ed, facts: {spo2: 84 %}}\n  expect: {tier: mild}\n"
    (folder / "cases" / "wrong.yaml").write_text(vignette)

    status, out, _ = run("test", folder)

    assert status == 1
    assert "FAILED cases/wrong.yaml:1:" in out
    assert "tier: expected mild, got massive" in out
    assert out.splitlines()[-1].endswith(" passed, 1 failed")


def copied(tmp_path: Path) -> Path:
    """The dossier without its vignettes, in a content root of its own."""
    content = DOSSIER.parents[1]
    folder = tmp_path / "dossiers" / DOSSIER.name
    (folder / "cases").mkdir(parents=True)
    for name in ("catalogue", "tools"):
        (tmp_path / name).symlink_to(content / name)
    for path in DOSSIER.glob("*.yaml"):
        (folder / path.name).write_bytes(path.read_bytes())
    return folder


def test_the_clinical_channel_refuses_what_nobody_has_reviewed(run, tmp_path: Path) -> None:
    status, _, err = run("pack", DOSSIER.name, "-o", tmp_path / "clinical.json", "--channel", "clinical")

    assert status == 1
    assert "CC508" in err
    assert not (tmp_path / "clinical.json").exists()


def test_proofs_without_their_solver_say_what_to_install(run, monkeypatch: pytest.MonkeyPatch) -> None:
    good = next((REPOSITORY / "tests" / "dossiers" / "good").glob("**/dossier.yaml")).parent
    monkeypatch.setitem(sys.modules, "z3", None)

    status, _, err = run("check", "--prove", good)

    assert status == 2
    assert "pip install 'clinical-commander[prove]'" in err


def test_a_dossier_is_shown_as_a_page_and_as_data(run) -> None:
    _, text, _ = run("show", "--only", "triggers")
    status, data, _ = run("show", "--json")

    assert status == 0
    assert "the blood coughed up in 24 hours" in text
    assert json.loads(data)["schema"] == "dossier/1"


# --- the process


@pytest.mark.parametrize("case", [MASSIVE, REPOSITORY / "examples" / "fhir" / "tb-04.json"], ids=["case file", "FHIR"])
def test_assess_loads_nothing_heavy(case: Path) -> None:
    code = (
        "import sys; from clinical_commander.cli.main import main; status = main(sys.argv[1:]); "
        "print('LOADED', *sorted({n.partition('.')[0] for n in sys.modules}), file=sys.stderr); sys.exit(status)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, "assess", str(case), "--json"], capture_output=True, text=True, check=True
    )
    loaded = set(done.stderr.partition("LOADED")[2].split())

    assert "clinical_commander" in loaded
    assert loaded.isdisjoint(HEAVY)


def test_a_reader_that_stops_reading_is_no_fault() -> None:
    with subprocess.Popen([*COMMANDER, "show"], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as shown:
        assert shown.stdout is not None
        assert shown.stderr is not None
        shown.stdout.readline()
        shown.stdout.close()
        assert shown.wait(timeout=60) == 0
        assert shown.stderr.read() == b""


def test_an_interruption_ends_quietly() -> None:
    # Whoever runs the tests in the background of a shell passes on that interruptions are ignored.
    heeds = functools.partial(signal.signal, signal.SIGINT, signal.SIG_DFL)
    pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stderr": subprocess.PIPE, "preexec_fn": heeds}
    with subprocess.Popen([*COMMANDER, "assess", "-"], **pipes) as waiting:
        assert waiting.stdin is not None
        assert waiting.stderr is not None
        # More than a pipe holds: once it is written the command has begun to read, and waits for the rest of the case.
        waiting.stdin.write(b"#" * 500_000)
        waiting.stdin.flush()
        # A signal that comes between two reads is seen by the next one only: whoever waits presses the keys again.
        for _ in range(6):
            waiting.send_signal(signal.SIGINT)
            with contextlib.suppress(subprocess.TimeoutExpired):
                waiting.wait(timeout=10)
                break
        assert waiting.returncode == 130
        assert waiting.stderr.read() == b"commander: interrupted\n"


def test_a_cache_that_cannot_be_written_is_no_hindrance(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("")

    done = process("assess", MASSIVE, env={**os.environ, "CLINICAL_COMMANDER_CACHE": str(blocked / "cache")})

    assert done.returncode == 0, done.stderr


def test_a_terminal_without_unicode_gets_ascii() -> None:
    for more in ([], ["--json"]):
        done = process("assess", MASSIVE, *more, env={**os.environ, "PYTHONIOENCODING": "ascii"})

        assert done.returncode == 0, done.stderr
        assert done.stdout.isascii()


def test_there_is_colour_on_a_terminal_unless_it_is_not_wanted() -> None:
    env = {k: v for k, v in os.environ.items() if k != "NO_COLOR"} | {"TERM": "xterm"}

    assert b"\x1b[" in on_a_terminal(env)
    assert b"\x1b[" not in on_a_terminal(env | {"NO_COLOR": "1"})
    assert b"\x1b[" not in on_a_terminal(env | {"TERM": "dumb"})


def on_a_terminal(env: dict[str, str]) -> bytes:
    """What `commander assess` writes to a terminal."""
    ours, theirs = pty.openpty()
    with subprocess.Popen([*COMMANDER, "assess", str(MASSIVE)], stdout=theirs, env=env) as shown:
        os.close(theirs)
        written = b""
        try:
            while part := os.read(ours, 65536):
                written += part
        except OSError:  # how Linux says that the other end of a terminal is closed
            pass
        os.close(ours)
        assert shown.wait(timeout=60) == 0
    return written


def test_a_fault_of_the_program_tells_no_patient_values(run, monkeypatch: pytest.MonkeyPatch) -> None:
    from clinical_commander.cli import list_command

    def broken(_: object) -> int:
        raise KeyError("warfarin")

    monkeypatch.setattr(list_command, "run", broken)

    status, _, err = run("list")

    assert status == 70
    assert "KeyError at test_cli.py:" in err
    assert "warfarin" not in err
    assert "COMMANDER_DEBUG=1" in err


# --- the page about the commands

PAGE = (REPOSITORY / "docs" / "commands.md").read_text()
CONSOLE = re.findall(r"```console\n\$ commander (.*?)\n(.*?)```", PAGE, re.DOTALL)


def test_every_command_has_its_place_in_the_documentation() -> None:
    assert all(f"## `commander {command}" in PAGE for command in COMMANDS)


@pytest.mark.parametrize(("arguments", "shown"), CONSOLE, ids=[c[0] for c in CONSOLE])
def test_an_example_of_the_documentation_prints_what_it_shows(run, monkeypatch, arguments: str, shown: str) -> None:
    monkeypatch.chdir(REPOSITORY)

    _, out, err = run(*shlex.split(arguments))

    printed = [line.rstrip() for line in (out + err).splitlines()]
    assert missing(shown.splitlines(), printed) == []


def missing(shown: list[str], printed: list[str]) -> list[str]:
    """The lines shown that do not come in this order; `...` stands for any lines, an ellipsis in one for any text."""
    rest: Iterator[str] = iter(printed)
    left = []
    for wanted in shown:
        pattern = re.escape(wanted.rstrip()).replace("…", ".*")
        if wanted != "..." and not any(re.fullmatch(pattern, line) for line in rest):
            left.append(wanted)
    return left
