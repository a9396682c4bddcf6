"""A PostgreSQL server of the tests' own, on a free port of the loopback."""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from servers import find_free_port

__all__ = ["PostgresqlServer", "run_postgresql"]

STARTED_WITHIN_SECONDS = 60


class PostgresqlServer:
    """A running server; nothing of it outlives the tests, so it need not wait for the disk."""

    def __init__(self, programs: Path, folder: Path, user: str | None) -> None:
        self._programs = programs
        self._folder = folder
        self._user = user
        self._port = find_free_port()

    def start(self) -> None:
        """Make the cluster, start the server, and wait until it takes connections."""
        data = str(self._folder / "data")
        self._run("initdb", "--pgdata", data, "--username", "tests", "--auth", "trust", "--encoding", "UTF8", "--no-locale", "--no-sync")
        options = f"-c listen_addresses=127.0.0.1 -c port={self._port} -c unix_socket_directories={self._folder} -c fsync=off"
        log = str(self._folder / "log")
        self._run("pg_ctl", "start", "--pgdata", data, "--wait", "--log", log, "--options", options)

    def stop(self) -> None:
        """Stop the server, whoever is still connected."""
        try:
            self._run("pg_ctl", "stop", "--pgdata", str(self._folder / "data"), "--mode", "immediate", "--wait")
        except subprocess.CalledProcessError:
            self._kill()

    def new_database(self) -> str:
        """Make an empty database, and give its URL."""
        name = f"tests_{uuid.uuid4().hex}"
        self._run("createdb", "--host", "127.0.0.1", "--port", str(self._port), "--username", "tests", name)
        return f"postgresql://tests@127.0.0.1:{self._port}/{name}"

    def _run(self, program: str, *arguments: str) -> None:
        # PostgreSQL refuses to run as root. Its output goes to a file: a server that goes on would hold a pipe open.
        with open(self._folder / "output", "ab") as output:
            subprocess.run(
                [self._programs / program, *arguments],
                check=True,
                user=self._user,
                cwd=self._folder,
                env={"PATH": os.environ["PATH"], "LC_ALL": "C"},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                timeout=STARTED_WITHIN_SECONDS,
            )

    def _kill(self) -> None:
        id_file = self._folder / "data" / "postmaster.pid"
        if id_file.exists():
            os.kill(int(id_file.read_text().split()[0]), signal.SIGKILL)


@contextmanager
def run_postgresql() -> Iterator[PostgresqlServer]:
    """Run a server; skips, or fails in CI, where the programs are missing."""
    programs = _find_programs()
    if programs is None:
        reason = "PostgreSQL is not installed: run scripts/install-system-tools.sh postgresql, as `make test` does."
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    # Not below pytest's folders, which another user cannot enter.
    folder = Path(tempfile.mkdtemp(prefix="slugline-postgresql-"))
    user = _unprivileged_user() if os.getuid() == 0 else None
    if user is not None:
        shutil.chown(folder, user)
    server = PostgresqlServer(programs, folder, user)
    try:
        server.start()
        yield server
    except subprocess.CalledProcessError as error:
        raise RuntimeError(f"{error}\n{(folder / 'output').read_text()}") from error
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)


def _find_programs() -> Path | None:
    """Give the folder of the newest PostgreSQL; Debian puts the server's programs beside the path."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    if found:
        return found[-1].parent
    program = shutil.which("initdb")
    return Path(program).parent if program is not None else None


def _unprivileged_user() -> str:
    try:
        return pwd.getpwnam("postgres").pw_name
    except KeyError:
        return "nobody"
