"""The disk refuses: full, an error, a write that is cut short. An event is acknowledged and there, or refused and not.

Three ways, each honest about what it shows. A limit on the size of files (RLIMIT_FSIZE) gives real short writes and
refusals at every offset, on any machine. A file system in memory that is full gives the true ENOSPC; it needs the
right to mount. `strace` puts an error into one chosen system call after the other; it needs strace.
"""

from __future__ import annotations

import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from clinical_commander.encounter.events import Event
from clinical_commander.encounter.log import open_log
from clinical_commander.encounter.verify import verify
from tests.torture.cluster import why_not
from tests.torture.report import Report
from tests.torture.writers import Writer, entry, lost, mini, open_ready

ROOT = Path(__file__).resolve().parents[2]
SOME, FEW = 4, 1
_IN_A_NAMESPACE = ["unshare", "--mount", "--propagation", "private", "--map-root-user"]


def _base(folder: Path) -> Path:
    path = folder / "base.db"
    if not path.exists():
        log = open_log(path)
        log.new(mini(), "ed", "opener", id="bed", key="open")
        for number in range(3):
            log.append("bed", entry(f"before-{number}", number))
        log.close()
    return path


def _some(path: Path, limit: int | None) -> Callable[[Callable[[Event, int], None]], None]:
    def work(acknowledged: Callable[[Event, int], None]) -> None:
        if limit is not None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
        log = open_ready(str(path))
        for number in range(SOME):
            start = time.monotonic_ns()
            acknowledged(log.append("bed", entry(f"new-{number}", number)), start)

    return work


def short_writes(folder: Path, step: int = 512) -> Report:
    """Files may grow to a limit and no further, for limits from nothing to more than is needed."""
    report = Report("short writes (RLIMIT_FSIZE), SQLite")
    base = _base(folder)
    path = folder / "limited.db"
    report.note(limits=0, refused=0, acknowledged=0, lost=0)
    for limit in range(0, base.stat().st_size + 24 * 1024, step):
        for rest in folder.glob("limited.db*"):
            rest.unlink()
        shutil.copy(base, path)
        writer = Writer(_some(path, limit))
        status = writer.wait()
        report.count("limits")
        report.count("refused", int(status == 3))
        if status not in (0, 3):
            report.fault(f"limit {limit}: {writer.failures()}")
        _judge(path, writer, report, f"limit {limit}")
    if not report.figures["refused"]:
        report.fault("no limit refused anything: nothing was tried")
    return report


def _judge(path: Path, writer: Writer, report: Report, what: str) -> None:
    log = open_ready(str(path))
    acks = list(writer.acks())
    _, gone, wrong = lost(log, acks)
    found = verify(log)
    # What was refused is entirely absent: the log goes on behind what was acknowledged, or one event later (a commit
    # that was made and not told).
    events = found.events - 4
    report.count("acknowledged", len(acks))
    report.count("lost", gone)
    for text in (*wrong, *map(str, found.findings)):
        report.fault(f"{what}: {text}")
    if not len(acks) <= events <= len(acks) + 1:
        report.fault(f"{what}: {len(acks)} acknowledged, {events} there")
    log.append("bed", entry("after", 1))
    if not verify(log, deep=False).whole:
        report.fault(f"{what}: it cannot be written again")
    log.close()


# --- an error in one system call


def injected(folder: Path, calls: int = 40) -> Report:
    """The n-th write, sync, cut or unlink fails, for every n that there is."""
    report = Report("errors in system calls (strace), SQLite")
    if shutil.which("strace") is None:
        report.skipped = "strace is not installed"
        return report
    probe = subprocess.run(["strace", "-qq", "-o", os.devnull, "true"], capture_output=True, check=False)
    if probe.returncode != 0:
        report.skipped = "this machine does not let strace trace"
        return report
    base = _base(folder)
    path = folder / "injected.db"
    report.note(injected=0, refused=0, acknowledged=0, lost=0)
    for call, error in (("pwrite64", "ENOSPC"), ("pwrite64", "EIO"), ("fdatasync", "EIO"), ("unlink", "EIO")):
        for number in range(1, calls + 1):
            for rest in folder.glob("injected.db*"):
                rest.unlink()
            shutil.copy(base, path)
            seen = _inject(path, call, error, number)
            if seen is None:
                break  # there is no n-th call of this kind any more
            status, said = seen
            report.count("injected")
            report.count("refused", int(status == 3))
            if status not in (0, 3):
                report.fault(f"{call} {number} {error}: the writer ended with {status}")
            writer = Writer.__new__(Writer)
            writer.said = said
            _judge(path, writer, report, f"{call} {number} {error}")
    return report


def _inject(path: Path, call: str, error: str, number: int) -> tuple[int, bytes] | None:
    trace = path.with_name("trace")
    command = [
        "strace", "-qq", "-f", "-o", str(trace),
        "-e", f"trace={call}", "-e", f"inject={call}:error={error}:when={number}",
        sys.executable, "-m", "tests.torture.one_writer", str(path), str(FEW),
    ]  # fmt: skip
    done = subprocess.run(command, cwd=ROOT, capture_output=True, check=False)
    return None if b"INJECTED" not in trace.read_bytes() else (done.returncode, done.stdout)


# --- a full file system


def full_disk(kind: str) -> Report:
    """A file system in memory is filled up while events are written; then there is room again."""
    report = Report(f"full disk (tmpfs), {kind}")
    if kind == "PostgreSQL" and why_not():
        report.skipped = why_not()
        return report
    with tempfile.TemporaryDirectory(prefix="cc-full-") as folder:
        os.chmod(folder, 0o755)
        script = (
            f"mount -t tmpfs -o size={'2m' if kind == 'SQLite' else '160m'},mode=755 tmpfs {folder} && "
            f"exec {sys.executable} -m tests.torture.fill {kind} {folder}"
        )
        namespace = _IN_A_NAMESPACE if os.geteuid() != 0 else _IN_A_NAMESPACE[:-1]
        probe = subprocess.run([*namespace, "mount", "-t", "tmpfs", "tmpfs", folder], capture_output=True, check=False)
        if probe.returncode != 0:
            report.skipped = "this machine does not let us mount a file system in memory"
            return report
        done = subprocess.run([*namespace, "sh", "-c", script], cwd=ROOT, capture_output=True, text=True, check=False)
    for line in done.stdout.splitlines():
        name, _, value = line.partition(" ")
        if name == "fault":
            report.fault(value)
        else:
            report.note(**{name: int(value)})
    if done.returncode != 0 or "refused" not in report.figures:
        report.fault(f"it ended with {done.returncode}: {done.stderr[-300:]}")
    return report
