"""The README says what the commands say. In a console block `...` stands for any lines."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from clinical_commander.dossier.load import load_dossier
from clinical_commander.engine.read_case import read_case

RUN = "import sys; from clinical_commander.cli.main import main; sys.exit(main())"
ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()
CONSOLE = re.findall(r"```console\n\$ commander (.*?)\n(.*?)```", README, re.DOTALL)


def commander(arguments: str) -> list[str]:
    done = subprocess.run(
        [sys.executable, "-c", RUN, *shlex.split(arguments)],
        cwd=ROOT, capture_output=True, text=True, check=False,
        env={"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "PYTHONIOENCODING": "utf-8"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return [line.rstrip() for line in done.stdout.splitlines()]


def appears(shown: list[str], printed: list[str]) -> bool:
    """Each run of lines between `...` stands in the output, in order."""
    at = 0
    for run in "\n".join(shown).split("\n...\n"):
        lines = [line for line in run.split("\n") if line != "..."]
        while lines and printed[at : at + len(lines)] != lines:
            at += 1
            if at > len(printed) - len(lines):
                return False
        at += len(lines)
    return True


def test_the_readme_has_console_examples():
    assert len(CONSOLE) >= 2


@pytest.mark.parametrize(("arguments", "shown"), CONSOLE, ids=[c[0] for c in CONSOLE])
def test_a_console_example_prints_what_it_shows(arguments, shown):
    lines = [line.rstrip() for line in shown.rstrip("\n").split("\n")]

    assert appears(lines, commander(arguments)), "\n".join(commander(arguments)[:60])


def test_the_case_in_the_readme_is_read_and_assessed_as_written():
    text = re.search(r"```yaml\n(setting:.*?)```", README, re.DOTALL)
    dossier = load_dossier(ROOT / "content/dossiers/symptom.hemoptysis.v1")

    case = read_case(text.group(1), dossier, name="README")

    # "> 200 mL": above 200 and at most the limit of the fact (10 L).
    assert case.facts["estimated_volume_24h"][-1].low > 200
    assert case.facts["spo2"][-1].high == 86


def test_every_page_the_readme_links_to_exists():
    missing = [link for link in re.findall(r"\]\(((?!http)[^)#]+)\)", README) if not (ROOT / link).exists()]

    assert missing == []
