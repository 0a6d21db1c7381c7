"""Recorded state in PostgreSQL: for teams and for CI, with real locks and a fence that cannot be passed.

One connection, guarded by a lock: writes are rare and short, and a pool would only hold idle sessions.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any, TypeVar

from voiceform.model.errors import (
    LockedError,
    MissingExtraError,
    StateConflictError,
    StateError,
    StateUnreachableError,
)
from voiceform.model.store import StoredDocument, Write
from voiceform.state.backend import (
    HIGHEST,
    LEASE_KEY,
    Backend,
    Guard,
    check_batch,
    check_key,
    conflict,
    decode,
)

try:
    import psycopg
    from psycopg.errors import DeadlockDetected, LockNotAvailable, SerializationFailure, UndefinedTable

    from voiceform.state.postgres_sql import Batch, Statements, Target, parse_url
except ImportError as error:
    raise MissingExtraError("state in PostgreSQL", "postgres") from error

if TYPE_CHECKING:
    Connection = psycopg.Connection[tuple[Any, ...]]

T = TypeVar("T")

_PAGE = 1_000
_SESSION = """
SET lock_timeout = '30s';
SET idle_in_transaction_session_timeout = '15s';
SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'
"""
"""A program that is paused within a transaction must not hold the others up; and a commit must be on disk."""


class PostgresStore(Backend):
    """Documents in the table `documents` of the schema `voiceform` (`?schema=NAME` in the URL names another).

    The URL is libpq's: `postgresql://user@host/db?sslmode=verify-full`, with PGPASSWORD, ~/.pgpass, PGSSL...
    and services as usual. Schema and table are made by the first write. A batch is one transaction, and a
    fence is checked in it with the lease row locked, so no taker-over comes between check and commit.

    When the server goes away, a call connects again after each of `pauses` (seconds). A write whose commit
    was not answered is repeated with the same versions: if it had been done, its own version is there.
    """

    def __init__(self, url: str, *, pauses: Sequence[float] = (0.1, 0.5, 2.0)) -> None:
        self._target: Target = parse_url(url)
        self._sql = Statements(self._target.schema)
        self._pauses = tuple(pauses)
        self._lock = self.runtime.lock()
        self._connection: Connection | None = None
        self._table_exists = False

    @property
    def label(self) -> str:
        """Host, database and schema; neither user nor password."""
        return self._target.label

    def get(self, key: str) -> StoredDocument | None:
        """The document under `key`, or None."""
        return self.get_all((key,)).get(key)

    def get_all(self, keys: Collection[str]) -> dict[str, StoredDocument]:
        """The documents under those of `keys` that there are, as they are at one moment."""
        for key in keys:
            check_key(key)
        rows = self._read(self._sql.some, ([*keys],)) if keys else ()
        return {row[0]: self._entry(*row) for row in rows}

    def list(self, prefix: str) -> Iterator[StoredDocument]:
        """Every document whose key starts with `prefix`, in key order."""
        start = prefix
        while True:
            rows = self._read(self._sql.page, (start, prefix + HIGHEST, _PAGE))
            for row in rows:
                yield self._entry(*row)
            if len(rows) < _PAGE:
                return
            start = rows[-1][0] + "\x01"

    def version(self, key: str) -> str | None:
        """What changes with each write of the document; None while there is none."""
        check_key(key)
        rows = self._read(self._sql.version, (key,))
        return rows[0][0] if rows else None

    def versions(self, prefix: str) -> Mapping[str, str]:
        """As `version`, of every document whose key starts with `prefix`, by key."""
        return dict(self._read(self._sql.versions_below, (prefix, prefix + HIGHEST)))

    def write_guarded(
        self, writes: Sequence[Write], guard: Guard | None, *, lease_key: str = LEASE_KEY
    ) -> tuple[str | None, ...]:
        """Do all writes in one transaction, in which `guard` sees the locked lease document.

        Two round trips: the first locks the lease and writes, the second commits what `guard` has let pass.
        """
        check_batch(writes)
        batch = Batch.of(writes)
        repeated = False

        def work(connection: Connection) -> None:
            nonlocal repeated
            again, repeated = repeated, True
            self._ensure_table(connection)
            try:
                begun = batch.begin(connection, self._sql, None if guard is None else lease_key)
                if guard is not None:
                    guard(begun.lease and decode(lease_key, *begun.lease, self.label))
                if begun.lost is not None:
                    raise conflict(begun.lost, self.label)
                connection.commit()
            except StateConflictError:
                connection.rollback()
                if not (again and batch.is_done(connection, self._sql)):
                    raise
            except BaseException:
                with suppress(psycopg.Error):
                    connection.rollback()
                raise

        self._call(work)
        return batch.new_versions

    def close(self) -> None:
        """Close the connection."""
        with self._lock:
            self._disconnect()

    def _read(self, query: Any, parameters: tuple[object, ...]) -> Sequence[Any]:  # noqa: ANN401
        def work(connection: Connection) -> Sequence[Any]:
            try:
                return connection.execute(query, parameters).fetchall()
            except UndefinedTable:
                return []

        return self._call(work)

    def _entry(self, key: str, version: str, text: str) -> StoredDocument:
        return StoredDocument(key, decode(key, version, text, self.label), version)

    def _ensure_table(self, connection: Connection) -> None:
        if not self._table_exists:
            self._sql.create_table(connection)
            self._table_exists = True

    def _call(self, work: Callable[[Connection], T]) -> T:
        """Run `work` on the connection, on a new one after each loss of it. StateError for what remains."""
        with self._lock:
            for pause in (*self._pauses, None):
                try:
                    return work(self._connected())
                except psycopg.Error as error:
                    lost = self._connection is None or self._connection.closed or self._connection.broken
                    if lost:
                        self._disconnect()
                    if pause is None or not (
                        lost or isinstance(error, DeadlockDetected | SerializationFailure)
                    ):
                        raise self._state_error(error, lost=lost) from error
                self.runtime.sleep(pause)
        raise AssertionError("the last attempt returns or raises")

    def _connected(self) -> Connection:
        if self._connection is None:
            connection = psycopg.connect(**self._target.parameters, autocommit=True, prepare_threshold=None)
            try:
                connection.execute(_SESSION)
            except BaseException:
                connection.close()
                raise
            self._connection = connection
        return self._connection

    def _disconnect(self) -> None:
        if self._connection is not None:
            with suppress(psycopg.Error):
                self._connection.close()
            self._connection = None

    def _state_error(self, error: psycopg.Error, *, lost: bool) -> StateError:
        what = " ".join(str(error).split()) or type(error).__name__
        if lost:
            return StateUnreachableError(
                f"cannot reach the state in {self.label}: {what}",
                hint="check the server, the database's name and the credentials, then run the command again:"
                " what a run left open is settled first",
            )
        if isinstance(error, LockNotAvailable):
            return LockedError(
                f"the state in {self.label} is locked by another program, which may be paused: {what}",
                hint="wait until it has ended, and run the command again",
            )
        return StateError(
            f"the state in {self.label} refused: {what}",
            hint="check that the role may create and use the schema and that nobody holds its locks",
        )
