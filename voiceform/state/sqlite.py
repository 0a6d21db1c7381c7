"""Recorded state in one SQLite file: the default, for one machine.

One connection per store, guarded by a lock: SQLite lets one writer in at a time anyway, every commit waits
for the disk, and reads are rare, so a connection per thread would only add file handles and busy waiting.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import quote

from voiceform.model.errors import LockedError, StateError
from voiceform.model.runtime import MACHINE
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
    encode,
    new_version,
)
from voiceform.state.sqlite_file import (
    check_database,
    copy_database,
    create_database,
    is_open_here,
    is_there,
    make_private,
    verify_database,
)
from voiceform.state.sqlite_log import require_whole_log

_PAGE = 2_000
_OPENING = MACHINE.lock()
"""One for the process, as are the locks of files that it guards: a file is not looked into while another
thread opens it (`is_open_here`)."""
_NO_RIGHT_TO_WRITE = (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM)


class SqliteStore(Backend):
    """Documents in the SQLite file `path`, which is made (mode 0600) by the first write and not before.

    Write-ahead log with synchronous=FULL: a commit is on the disk when the call returns. A batch is one
    transaction. Another process that writes is waited for, `busy_timeout` long (then LockedError). A file
    that is not a voiceform state, or is damaged, or was replaced under us, is a StateError and stays as it
    is; its structure is verified when it is opened, each document when it is read. Without write access it
    can be read all the same.
    """

    def __init__(self, path: Path, *, busy_timeout: timedelta = timedelta(seconds=30)) -> None:
        self._path = path.absolute()
        self._busy_timeout = busy_timeout
        self._lock = self.runtime.lock()
        self._connection: sqlite3.Connection | None = None
        self._files: tuple[tuple[int, int] | None, ...] = ()
        self._copy: TemporaryDirectory[str] | None = None
        self._log = Path(f"{self._path}-wal")

    @property
    def label(self) -> str:
        """The path of the file."""
        return str(self._path)

    def get(self, key: str) -> StoredDocument | None:
        """The document under `key`, or None."""
        return self.get_all((key,)).get(key)

    def get_all(self, keys: Collection[str]) -> dict[str, StoredDocument]:
        """The documents under those of `keys` that there are, as they are at one moment."""
        for key in keys:
            check_key(key)
        marks = ", ".join("?" * len(keys))
        query = f"SELECT key, version, document FROM documents WHERE key IN ({marks})"  # noqa: S608 - marks
        rows = self._read(query, (*keys,)) if keys else ()
        return {row[0]: self._entry(*row) for row in rows}

    def list(self, prefix: str) -> Iterator[StoredDocument]:
        """Every document whose key starts with `prefix`, in key order."""
        start = prefix
        while True:
            rows = self._read(
                "SELECT key, version, document FROM documents"
                " WHERE key >= ? AND key < ? ORDER BY key LIMIT ?",
                (start, prefix + HIGHEST, _PAGE),
            )
            for row in rows:
                yield self._entry(*row)
            if len(rows) < _PAGE:
                return
            start = rows[-1][0] + "\x01"

    def version(self, key: str) -> str | None:
        """What changes with each write of the document; None while there is none."""
        check_key(key)
        rows = self._read("SELECT version FROM documents WHERE key = ?", (key,))
        return rows[0][0] if rows else None

    def versions(self, prefix: str) -> Mapping[str, str]:
        """As `version`, of every document whose key starts with `prefix`, by key."""
        query = "SELECT key, version FROM documents WHERE key >= ? AND key < ?"
        return dict(self._read(query, (prefix, prefix + HIGHEST)))

    def write_guarded(
        self, writes: Sequence[Write], guard: Guard | None, *, lease_key: str = LEASE_KEY
    ) -> tuple[str | None, ...]:
        """Do all writes in one transaction, in which `guard` sees the lease document too."""
        check_batch(writes)
        with self._lock, self._errors():
            connection = self._open_for_writing()
            connection.execute("BEGIN IMMEDIATE")
            try:
                if guard is not None:
                    row = _row(connection, lease_key)
                    guard(decode(*row, self.label) if row else None)
                versions = tuple(self._write_one(connection, write) for write in writes)
                connection.execute("COMMIT")
            except BaseException:
                if connection.in_transaction:
                    connection.rollback()
                raise
        return versions

    def close(self) -> None:
        """Close the file; the last one to close it folds the write-ahead log in."""
        with self._lock:
            if self._connection is not None:
                self._connection.close()
                self._connection = None
            if self._copy is not None:
                self._copy.cleanup()
                self._copy = None

    def _write_one(self, connection: sqlite3.Connection, write: Write) -> str | None:
        if write.document is None:
            done = connection.execute(
                "DELETE FROM documents WHERE key = ? AND version = ?", (write.key, write.expected_version)
            )
            if done.rowcount != 1:
                raise conflict(write.key, self.label)
            return None
        text = encode(write.document)
        version = new_version(write.key, text)
        if write.expected_version is None:
            done = connection.execute(
                "INSERT INTO documents (key, version, document) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
                (write.key, version, text),
            )
        else:
            done = connection.execute(
                "UPDATE documents SET version = ?, document = ? WHERE key = ? AND version = ?",
                (version, text, write.key, write.expected_version),
            )
        if done.rowcount != 1:
            raise conflict(write.key, self.label)
        return version

    def _read(self, query: str, parameters: tuple[object, ...]) -> Sequence[Any]:
        with self._lock, self._errors():
            if self._connection is None and not is_there(self._path):
                return []
            try:
                connection = self._open()
                self._require_same()
                return connection.execute(query, parameters).fetchall()
            except sqlite3.Error as error:
                if self._copy is not None or _code(error) not in _NO_RIGHT_TO_WRITE:
                    raise
                if self._connection is not None:
                    self._connection.close()
                return self._open_copy().execute(query, parameters).fetchall()

    def _entry(self, key: str, version: str, text: str) -> StoredDocument:
        return StoredDocument(key, decode(key, version, text, self.label), version)

    def _open_for_writing(self) -> sqlite3.Connection:
        if self._connection is None and not is_there(self._path):
            create_database(self._path)
        connection = self._open()
        if self._copy is not None:
            raise StateError(
                f"the state file {self.label} cannot be written here",
                hint="nothing was written; reading goes on. Get write access to the file and to its folder,"
                " or make room there",
            )
        self._require_same()
        return connection

    def _open(self) -> sqlite3.Connection:
        if self._connection is None:
            with _OPENING:
                if not is_open_here(self._path):  # else whoever opened it has looked
                    check_database(self._path)
                    require_whole_log(self._path)
                make_private(self._path)
                begun = _inode(self._path)
                self._connection = self._connect(self._path)
            self._connection.execute("PRAGMA synchronous = FULL")
            self._connection.execute("PRAGMA secure_delete = ON")  # who was erased is not in a free page
            verify_database(self._connection, self.label)
            self._files = (begun, _inode(self._log))
        return self._connection

    def _require_same(self) -> None:
        """The names still stand for the file and the log that are open. What is read of others is not what
        is there, and what is written to them nobody finds."""
        if self._copy is None and (_inode(self._path), _inode(self._log)) != self._files:
            raise StateError(
                f"the state file {self.label} or its log was removed or replaced while it was in use",
                hint="nothing more was written; put both back, or run the command again on what is there",
            )

    def _open_copy(self) -> sqlite3.Connection:
        """Where SQLite may not write its log beside the file (a read-only mount, another user's state), a
        private copy is read instead: SQLite has no way to read a file and its log without writing."""
        self._copy = copy_database(self._path)
        self._connection = self._connect(Path(self._copy.name) / self._path.name)
        verify_database(self._connection, self.label)
        return self._connection

    def _connect(self, path: Path) -> sqlite3.Connection:
        connection = sqlite3.connect(
            f"file:{quote(os.fsencode(path))}?mode=rw",
            uri=True,
            timeout=self._busy_timeout.total_seconds(),
            isolation_level=None,
            check_same_thread=False,
        )
        # A damaged byte must reach the checksum, which names the document.
        connection.text_factory = _text
        return connection

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise _state_error(error, self.label) from error
        except UnicodeDecodeError as error:  # of a message of SQLite's that quotes what is damaged
            raise _damaged("its structure is no text", self.label) from error
        except OSError as error:
            raise StateError(
                f"cannot use the state file {self.label}: {error.strerror or error}",
                hint="check that the folder exists, is writable and has room",
            ) from error


def _row(connection: sqlite3.Connection, key: str) -> tuple[str, str, str] | None:
    query = "SELECT key, version, document FROM documents WHERE key = ?"
    row: tuple[str, str, str] | None = connection.execute(query, (key,)).fetchone()
    return row


def _inode(path: Path) -> tuple[int, int] | None:
    try:
        status = path.stat()
    except FileNotFoundError:
        return None
    return status.st_dev, status.st_ino


def _text(stored: bytes) -> str:
    return stored.decode("utf-8", "replace")


def _code(error: sqlite3.Error) -> int:
    return getattr(error, "sqlite_errorcode", 0) & 0xFF


def _state_error(error: sqlite3.Error, label: str) -> StateError:
    code = _code(error)
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return LockedError(
            f"the state file {label} is being written by another process, which does not end",
            hint="nothing was done; end that process (it may be stopped: look with `lsof` or `fuser`),"
            " then run the command again",
        )
    if code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
        return _damaged(str(error), label)
    return StateError(
        f"cannot use the state file {label}: {error}",
        hint="check that the folder exists, is writable and has room",
    )


def _damaged(why: str, label: str) -> StateError:
    return StateError(
        f"the state file {label} is damaged ({why})",
        hint="it was left as it is; move it away, then put a backup there or use `voiceform state push`",
    )
