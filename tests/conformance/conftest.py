"""The places where a state can be: every store conformance test runs on each of them."""

from __future__ import annotations

import secrets
import sqlite3
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path

import pytest

from tests.services import PostgresServer, Proxy, S3Server
from voiceform.state.backend import Backend
from voiceform.state.open import open_store
from voiceform.state.sqlite import SqliteStore


class Place(ABC):
    """One fresh state: `url` for other processes, `open` for this one, and ways to take it away."""

    many = 10_000
    """Documents that it can be filled with in a test."""

    atomic = True
    """Whether a batch is all or nothing."""

    def __init__(self, base: Path, url: str) -> None:
        self.base = base
        self.url = url
        self._stack = ExitStack()

    def open(self) -> Backend:
        """Another store object on the same state."""
        return self._stack.enter_context(open_store(self.url, base_dir=self.base))

    @abstractmethod
    def take_away(self) -> None:
        """Make it unusable for stores that `open_shaky` gave out."""

    @abstractmethod
    def bring_back(self) -> None:
        """Undo `take_away`."""

    @abstractmethod
    def open_shaky(self) -> Backend:
        """A store object that notices `take_away`, and does not wait long."""

    def close(self) -> None:
        """Close everything that was opened."""
        self._stack.close()


class SqlitePlace(Place):
    """A file; it goes away while another process writes."""

    def __init__(self, base: Path) -> None:
        super().__init__(base, "sqlite:///stack/state.db")
        self._other: sqlite3.Connection | None = None

    def open_shaky(self) -> Backend:
        path = self.base / "stack/state.db"
        return self._stack.enter_context(SqliteStore(path, busy_timeout=timedelta(milliseconds=20)))

    def take_away(self) -> None:
        self._other = sqlite3.connect(self.base / "stack/state.db", isolation_level=None)
        self._other.execute("BEGIN IMMEDIATE")

    def bring_back(self) -> None:
        assert self._other is not None
        self._other.rollback()
        self._other.close()


class ServerPlace(Place):
    """A state on a server behind a proxy."""

    def __init__(self, base: Path, url: str, port: int) -> None:
        super().__init__(base, url)
        self.proxy = Proxy(port)

    def take_away(self) -> None:
        self.proxy.cut()

    def bring_back(self) -> None:
        self.proxy.mend()

    def close(self) -> None:
        super().close()
        self.proxy.close()


class PostgresPlace(ServerPlace):
    """A schema in a PostgreSQL server."""

    lost_answer = b"COMMIT"

    def __init__(self, base: Path, server: PostgresServer) -> None:
        schema = f'odd "schema" {secrets.token_hex(4)}'
        super().__init__(base, server.url(schema=schema), server.port)
        self._shaky_url = server.url(schema=schema, port=self.proxy.port)

    def open_shaky(self) -> Backend:
        from voiceform.state.postgres import PostgresStore

        return self._stack.enter_context(PostgresStore(self._shaky_url, pauses=(0.01,)))


class S3Place(ServerPlace):
    """A prefix in a bucket."""

    many = 1_100
    """More than one page of a listing; the stand-in takes 3 ms for each object."""
    atomic = False
    lost_answer = b"PUT /"

    def __init__(self, base: Path, server: S3Server, monkeypatch: pytest.MonkeyPatch) -> None:
        super().__init__(base, f"s3://voiceform/team/{secrets.token_hex(6)}", server.port)
        self._server = server
        self._environment = monkeypatch
        self._point_at(server.port)

    def open_shaky(self) -> Backend:
        self._point_at(self.proxy.port)
        try:
            return self.open()
        finally:
            self._point_at(self._server.port)

    def _point_at(self, port: int) -> None:
        for name, value in self._server.environment(port=port).items():
            self._environment.setenv(name, value)


def _make(sort: str, request: pytest.FixtureRequest) -> Place:
    base: Path = request.getfixturevalue("tmp_path")
    if sort == "sqlite":
        return SqlitePlace(base)
    if sort == "postgres":
        return PostgresPlace(base, request.getfixturevalue("postgres_server"))
    return S3Place(base, request.getfixturevalue("s3_server"), request.getfixturevalue("monkeypatch"))


@pytest.fixture(params=["sqlite", "postgres", "s3"])
def place(request: pytest.FixtureRequest) -> Iterator[Place]:
    """A fresh, empty state of each sort."""
    made = _make(request.param, request)
    yield made
    made.close()


@pytest.fixture
def store(place: Place) -> Backend:
    """A store on a fresh, empty state."""
    return place.open()


@pytest.fixture(params=["sqlite", "postgres"])
def sql_place(request: pytest.FixtureRequest) -> Iterator[Place]:
    """A fresh state of each sort that has transactions."""
    made = _make(request.param, request)
    yield made
    made.close()


@pytest.fixture(params=["postgres", "s3"])
def server_place(request: pytest.FixtureRequest) -> Iterator[PostgresPlace | S3Place]:
    """A fresh state of each sort that has a network in between."""
    made = _make(request.param, request)
    assert isinstance(made, PostgresPlace | S3Place)
    yield made
    made.close()
