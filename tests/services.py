"""Real servers for tests: PostgreSQL, an S3 server, and a proxy that loses connections.

Use the fixtures by importing them into a conftest.py (`from tests.services import s3_server`).
On a developer's machine without the servers these tests are skipped; where CI is set that is an error.
"""

from __future__ import annotations

import contextlib
import glob
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Self
from urllib.request import Request, urlopen

import pytest

_S3_PROGRAM = """
import io, sys, threading
from moto.server import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import run_simple

backend = DomainDispatcherApplication(create_backend_app)
turn = threading.Lock()

def application(environ, start_response):
    # One request at a time: a conditional put must be atomic, and the stand-in has no locks. But each is read
    # whole before, and answered after: who stands still in the midst of his own must hold up nobody else.
    stream = environ["wsgi.input"]
    length = environ.get("CONTENT_LENGTH")
    if length or environ.get("wsgi.input_terminated"):
        environ["wsgi.input"] = io.BytesIO(stream.read(int(length)) if length else stream.read())
    with turn:
        return [b"".join(backend(environ, start_response))]

run_simple("127.0.0.1", int(sys.argv[1]), application, threaded=True)
"""


def missing(what: str, how: str) -> None:
    """Skip the test that needs `what`; in CI, fail it."""
    message = f"{what} is not installed: {how}"
    if os.environ.get("CI"):
        pytest.fail(message)
    pytest.skip(message)


def require(module: str, how: str) -> None:
    """Skip (in CI: fail) the test unless `module` is installed."""
    if find_spec(module) is None:
        missing(module, how)


def require_programs(*names: str) -> None:
    """Skip (in CI: fail) the test unless these programs are there."""
    for name in names:
        if shutil.which(name) is None:
            missing(name, f"install the package {name} of your system")


def free_port() -> int:
    """A TCP port on the loopback interface that nobody used a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def wait_until(ready: Callable[[], bool], process: subprocess.Popen[bytes]) -> None:
    """Wait for a server to answer; fail when its process ends first."""
    deadline = time.monotonic() + 300  # on a machine that is busy with other things too
    while not ready():
        assert process.poll() is None, f"{process.args!r} ended with {process.returncode}"
        assert time.monotonic() < deadline, f"{process.args!r} does not answer"
        time.sleep(0.05)


def answers(port: int) -> bool:
    """Whether somebody listens on the port."""
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


class PostgresServer:
    """A PostgreSQL server (15 or newer) of its own, from Debian's binaries, run by an unprivileged user.

    It sorts text as English readers do, as many servers do, and not by code point.
    """

    user = "voiceform"
    password = "correct horse/battery"

    def __init__(self, binaries: Path) -> None:
        self._binaries = binaries
        self._folder = Path(tempfile.mkdtemp(prefix="voiceform-postgres-"))
        self.port = free_port()
        self._account = "postgres" if os.getuid() == 0 else None
        if self._account:
            shutil.chown(self._folder, self._account)
        password_file = self._folder / "password"
        password_file.write_text(self.password)
        password_file.chmod(0o644)
        self._run(
            "initdb", "-D", str(self._folder / "data"), "-U", self.user, "--encoding=UTF8", "--no-sync",
            "--locale=C.UTF-8", "--locale-provider=icu", "--icu-locale=en-US",
            "--auth=scram-sha-256", f"--pwfile={password_file}",
        )  # fmt: skip
        self._process = self._start()

    def url(self, *, port: int | None = None, database: str = "postgres", schema: str | None = None,
            password: str | None = None) -> str:  # fmt: skip
        """A state URL; the schema is a fresh one unless given."""
        secret = (password or self.password).replace(" ", "%20").replace("/", "%2F")
        schema = schema or f"t_{secrets.token_hex(6)}"
        return f"postgresql://{self.user}:{secret}@127.0.0.1:{port or self.port}/{database}?schema={schema}"

    def restart(self) -> None:
        """Kill the server as a crash does, and start it again on the same data and port."""
        self._process.send_signal(signal.SIGQUIT)
        self._process.wait(30)
        self._process = self._start()

    def close(self) -> None:
        """Stop the server and remove its data."""
        self._process.send_signal(signal.SIGQUIT)
        self._process.wait(30)
        shutil.rmtree(self._folder, ignore_errors=True)

    def _start(self) -> subprocess.Popen[bytes]:
        process = subprocess.Popen(
            [
                self._binaries / "postgres", "-D", self._folder / "data", "-p", str(self.port),
                "-k", self._folder, "-c", "listen_addresses=127.0.0.1", "-c", "fsync=off",
                "-c", "max_connections=200",
            ],
            user=self._account, cwd=self._folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        wait_until(self._is_ready, process)
        return process

    def _is_ready(self) -> bool:
        command = [str(self._binaries / "pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(self.port)]
        return subprocess.run(command, check=False).returncode == 0

    def _run(self, program: str, *arguments: str) -> None:
        subprocess.run(
            [self._binaries / program, *arguments],
            user=self._account, cwd=self._folder, check=True, stdout=subprocess.DEVNULL,
        )  # fmt: skip


@dataclass(frozen=True)
class S3Server:
    """An S3 server over HTTP (moto), one bucket `voiceform` in it."""

    port: int
    process: subprocess.Popen[bytes]

    @property
    def endpoint(self) -> str:
        """Its origin."""
        return f"http://127.0.0.1:{self.port}"

    def environment(self, *, port: int | None = None) -> dict[str, str]:
        """The variables that lead a client to it (or to a proxy in front of it)."""
        return {
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port or self.port}",
            "AWS_REGION": "us-east-1",
            "AWS_ACCESS_KEY_ID": "testing",
            "AWS_SECRET_ACCESS_KEY": "testing",
        }

    def create_bucket(self, name: str) -> None:
        """Make a bucket."""
        with urlopen(Request(f"{self.endpoint}/{name}", method="PUT")):
            pass

    @classmethod
    def start(cls, **environment: str) -> Self:
        """Run a server in a process of its own."""
        port = free_port()
        process = subprocess.Popen(
            [sys.executable, "-c", _S3_PROGRAM, str(port)],
            env={**os.environ, **environment}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        wait_until(lambda: answers(port), process)
        return cls(port, process)

    def close(self) -> None:
        """End the process."""
        self.process.terminate()
        self.process.wait(30)


class Proxy:
    """A TCP proxy in front of a server, which can be cut and can lose single answers.

    `round_trips` counts how often a client went on after an answer: how often it waited for one.
    """

    def __init__(self, port: int) -> None:
        self._target = port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._lock = threading.Lock()
        self._open: set[socket.socket] = set()
        self._cut = False
        self._needle: bytes | None = None
        self.lost = 0
        self.round_trips = 0
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self) -> None:
        """Close every connection, and each new one at once."""
        self._cut = True
        with self._lock:
            pairs = tuple(self._open)
        for connection in pairs:
            _shut(connection)

    def mend(self) -> None:
        """Let connections through again."""
        self._cut = False

    def lose_answer_to(self, needle: bytes) -> None:
        """Let the next request with `needle` in it through, but close the connection when it is answered."""
        self._needle = needle

    def close(self) -> None:
        """Stop listening."""
        self.cut()
        self._listener.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                if self._cut:
                    client.close()
                    continue
                server = socket.create_connection(("127.0.0.1", self._target))
                losing, waiting = threading.Event(), threading.Event()
                with self._lock:
                    self._open |= {client, server}
                for pump in (self._requests, self._answers):
                    pumped = (client, server, losing, waiting)
                    threading.Thread(target=pump, args=pumped, daemon=True).start()

    def _requests(
        self,
        client: socket.socket,
        server: socket.socket,
        losing: threading.Event,
        waiting: threading.Event,
    ) -> None:
        with contextlib.suppress(OSError):
            while data := client.recv(65536):
                if not waiting.is_set():
                    waiting.set()
                    self.round_trips += 1
                if self._needle is not None and self._needle in data:
                    self._needle = None
                    losing.set()
                server.sendall(data)
        _shut(server)

    def _answers(
        self,
        client: socket.socket,
        server: socket.socket,
        losing: threading.Event,
        waiting: threading.Event,
    ) -> None:
        with contextlib.suppress(OSError):
            while data := server.recv(65536):
                waiting.clear()
                if losing.is_set():
                    self.lost += 1
                    break
                client.sendall(data)
        for connection in (client, server):
            _shut(connection)
            connection.close()
        with self._lock:
            self._open -= {client, server}


def _shut(connection: socket.socket) -> None:
    with contextlib.suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """A PostgreSQL server for the whole run; take a fresh schema with `url()`."""
    require("psycopg", "pip install 'voiceform[postgres]'")
    found = sorted(glob.glob("/usr/lib/postgresql/*/bin/initdb"))
    if not found:
        missing("PostgreSQL", "apt-get install postgresql")
    server = PostgresServer(Path(found[-1]).parent)
    yield server
    server.close()


@pytest.fixture(scope="session")
def s3_server() -> Iterator[S3Server]:
    """An S3 server for the whole run, with the bucket `voiceform`; take a fresh prefix in it."""
    require("obstore", "pip install 'voiceform[objectstore]'")
    require("moto", "pip install 'moto[server]'")
    server = S3Server.start()
    server.create_bucket("voiceform")
    yield server
    server.close()
