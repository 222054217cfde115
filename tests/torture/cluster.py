"""A PostgreSQL server of one's own, made from the Debian binaries in a folder that is thrown away. No network."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path

USER = "postgres"
ROOT = Path("/usr/lib/postgresql")


def binaries() -> Path | None:
    """Where the newest installed server is; None where there is none."""
    found = sorted(ROOT.glob("*/bin/postgres"), key=lambda path: int(path.parts[-3]))
    return found[-1].parent if found else None


def why_not() -> str:
    """Why no server can be run here; empty where one can."""
    if binaries() is None:
        return "PostgreSQL is not installed (Debian package `postgresql`)"
    if os.geteuid() == 0:
        try:
            pwd.getpwnam(USER)
        except KeyError:
            return f"PostgreSQL does not run as root, and there is no user `{USER}`"
    return ""


class Cluster:
    """A server with every default that matters for what a commit promises: fsync and full_page_writes are on.

    As root it runs as the user that Debian made for it. Its socket lies in a folder that only it and root can enter.
    """

    def __init__(self, folder: Path | None = None) -> None:
        found = binaries()
        assert found is not None, why_not()
        self.bin = found
        self.folder = Path(tempfile.mkdtemp(prefix="cc-pg-", dir=folder))
        self.data = self.folder / "data"
        self.as_user: dict[str, object] = {}
        self.name = pwd.getpwuid(os.geteuid()).pw_name
        if os.geteuid() == 0:
            user = pwd.getpwnam(USER)
            os.chown(self.folder, user.pw_uid, user.pw_gid)
            self.as_user = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
            self.name = USER
        self.server: subprocess.Popen[bytes] | None = None
        self._run("initdb", "--pgdata", self.data, "--auth", "trust", "--encoding", "UTF8", "--locale", "C.UTF-8")

    @property
    def url(self) -> str:
        return f"postgresql://{self.name}@/postgres?unix_sock={self.folder}/.s.PGSQL.5432"

    def made(self, database: str) -> str:
        """The URL of a new, empty database."""
        self._run("createdb", "-h", self.folder, database)
        return self.url.replace("/postgres?", f"/{database}?")

    def _run(self, program: str, *arguments: object) -> None:
        command = [str(self.bin / program), *map(str, arguments)]
        subprocess.run(command, check=True, cwd="/", stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, **self.as_user)

    def start(self) -> Cluster:
        """Starts it, and waits until it takes connections."""
        options = [
            "-c",
            "listen_addresses=",
            "-c",
            f"unix_socket_directories={self.folder}",
            "-c",
            "max_connections=40",
        ]
        with open(self.folder / "log", "ab") as log:
            self.server = subprocess.Popen(
                [str(self.bin / "postgres"), "-D", str(self.data), *options],
                cwd="/", stdout=log, stderr=log, **self.as_user,
            )  # fmt: skip
        ready = [str(self.bin / "pg_isready"), "-q", "-h", str(self.folder)]
        while subprocess.run(ready, check=False).returncode != 0:
            if self.server.poll() is not None:
                raise RuntimeError((self.folder / "log").read_text()[-2000:])
            time.sleep(0.02)
        return self

    def crash(self) -> None:
        """SIGKILL to the server and every process of it at once, as when the machine loses its power."""
        assert self.server is not None
        for child in self._children():
            try:
                os.kill(child, signal.SIGKILL)
            except ProcessLookupError:
                continue
        self.server.kill()
        self.server.wait()
        while self._children():  # until their shared memory is free
            time.sleep(0.005)
        (self.data / "postmaster.pid").unlink(missing_ok=True)

    def _children(self) -> list[int]:
        assert self.server is not None
        listed = subprocess.run(["ps", "-o", "pid=", "--ppid", str(self.server.pid)], capture_output=True, check=False)
        return [int(pid) for pid in listed.stdout.split()]

    def stop(self) -> None:
        """Ends it in good order."""
        if self.server is not None and self.server.poll() is None:
            self.server.send_signal(signal.SIGINT)
            self.server.wait()

    def __enter__(self) -> Cluster:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)
