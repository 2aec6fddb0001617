"""A real PostgreSQL of the test's own: a cluster in a temporary folder, reached through a socket in it, gone at the end."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg

from tests import programs

if TYPE_CHECKING:
    from collections.abc import Iterator

_RUN_AS = ("postgres", "nobody")
_PATIENCE_SECONDS = 60
_DURABLE_ENOUGH = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "max_connections=50", "shared_buffers=32MB")


@dataclass(slots=True)
class Postgres:
    """A running server. `url(database)` is as in SLOOP_DATABASE_URL."""

    folder: Path
    process: subprocess.Popen[bytes]
    _numbers: count[int]

    def url(self, database: str) -> str:
        return f"postgresql://sloop@/{database}?host={self.folder}"

    def create(self, template: str = "template1") -> str:
        """A new database, a copy of `template`; its name."""
        name = f"sloop_{next(self._numbers)}"
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name} TEMPLATE {template}".encode())
        return name

    def halt(self) -> None:
        """The server goes down and cuts its clients off; its files stay."""
        self.process.send_signal(signal.SIGINT)
        self.process.wait(_PATIENCE_SECONDS)

    def resume(self) -> None:
        self.process = _launch(self.folder)
        _wait(self)

    def stop(self) -> None:
        """Ends the very process that was started, cutting its clients off, and removes its files."""
        self.process.send_signal(signal.SIGINT)
        try:
            self.process.wait(_PATIENCE_SECONDS)
        finally:
            shutil.rmtree(self.folder)


@contextmanager
def running() -> Iterator[Postgres]:
    server = start()
    try:
        yield server
    finally:
        server.stop()


def start() -> Postgres:
    folder = Path(tempfile.mkdtemp(prefix="sloop-pg-"))
    user = _unprivileged()
    if user is not None:
        shutil.chown(folder, user)
    _initdb(Path(_server()).with_name("initdb"), folder / "data", user)
    postgres = Postgres(folder, _launch(folder), count(1))
    _wait(postgres)
    return postgres


def _server() -> str:
    server = programs.find("postgres")
    assert server is not None, programs.how_to_get("postgres")
    return server


def _launch(folder: Path) -> subprocess.Popen[bytes]:
    settings = [part for setting in _DURABLE_ENOUGH for part in ("-c", setting)]
    command = [_server(), "-D", str(folder / "data"), "-k", str(folder), "-c", "listen_addresses=", *settings]
    with (folder / "log").open("ab") as log:
        return subprocess.Popen(command, user=_unprivileged(), stdout=log, stderr=log, cwd=folder, env=_environment())


def _unprivileged() -> str | None:
    """PostgreSQL refuses to run as root."""
    if os.geteuid() != 0:
        return None
    known = {entry.pw_name for entry in pwd.getpwall()}
    return next(user for user in _RUN_AS if user in known)


def _initdb(initdb: Path, data: Path, user: str | None) -> None:
    options = ["--no-sync", "--auth=trust", "--username=sloop", "--encoding=UTF8", "--locale=C"]
    command = [str(initdb), "-D", str(data), *options]
    subprocess.run(command, check=True, capture_output=True, user=user, cwd=data.parent, env=_environment())


def _environment() -> dict[str, str]:
    """Nothing of the caller's, whose home the server's user may not even read."""
    return {"PATH": os.defpath, "LC_ALL": "C"}


def _wait(postgres: Postgres) -> None:
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while True:
        try:
            psycopg.connect(postgres.url("postgres"), connect_timeout=5).close()
        except psycopg.OperationalError:
            log = (postgres.folder / "log").read_text(encoding="utf-8", errors="replace")
            assert postgres.process.poll() is None, log
            assert time.monotonic() < deadline, log
            time.sleep(0.05)
        else:
            return
