"""The data: one SQLite connection per server, in memory or in a file.

Every table that is listed begins with ``seq`` (order of arrival), ``sid``, ``account``, ``created`` and
``updated`` (microseconds), and has an index on each order it is listed by within an account, so that the last
page of a list costs what the first does, and an account among many what it would cost alone. ``account`` is
empty on rows that were seeded for every account.
"""

# ruff: noqa: S608 - only names of our own tables and columns are put into SQL; values are always bound.

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from functools import lru_cache
from pathlib import Path
from typing import Any

import msgspec

Row = sqlite3.Row
#: A row whose columns are taken by their place, in the order of the table: by its name a column costs three
#: times as much.
Columns = Sequence[Any]

_SCHEMA = """
CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS queues (
  seq INTEGER PRIMARY KEY, sid TEXT NOT NULL UNIQUE, account TEXT NOT NULL, created INTEGER NOT NULL,
  updated INTEGER NOT NULL, friendly_name TEXT NOT NULL, max_size INTEGER NOT NULL,
  current_size INTEGER NOT NULL DEFAULT 0, average_wait_time INTEGER NOT NULL DEFAULT 0) STRICT;
CREATE INDEX IF NOT EXISTS queues_created ON queues (account, created, seq);
CREATE INDEX IF NOT EXISTS queues_updated ON queues (account, updated, seq);
CREATE INDEX IF NOT EXISTS queues_name ON queues (friendly_name COLLATE NOCASE, account);
CREATE TABLE IF NOT EXISTS calls (
  seq INTEGER PRIMARY KEY, sid TEXT NOT NULL UNIQUE, account TEXT NOT NULL, created INTEGER NOT NULL,
  updated INTEGER NOT NULL, to_number TEXT NOT NULL, from_number TEXT NOT NULL, status TEXT NOT NULL,
  direction TEXT NOT NULL DEFAULT 'outbound-api', parent_call_sid TEXT, start_time INTEGER, answered INTEGER,
  end_time INTEGER,
  duration INTEGER, price TEXT, answered_by TEXT, caller_name TEXT, forwarded_from TEXT,
  queue_time INTEGER NOT NULL DEFAULT 0,  queue_sid TEXT, enqueued INTEGER, conference_sid TEXT,
  outcome TEXT, options TEXT NOT NULL DEFAULT '{}',
  sequence INTEGER NOT NULL DEFAULT 0) STRICT;
CREATE INDEX IF NOT EXISTS calls_created ON calls (account, created, seq);
CREATE INDEX IF NOT EXISTS calls_updated ON calls (account, updated, seq);
CREATE INDEX IF NOT EXISTS calls_to ON calls (to_number, account, seq);
CREATE INDEX IF NOT EXISTS calls_queue ON calls (queue_sid, enqueued) WHERE queue_sid IS NOT NULL;
CREATE TABLE IF NOT EXISTS recordings (
  seq INTEGER PRIMARY KEY, sid TEXT NOT NULL UNIQUE, account TEXT NOT NULL, created INTEGER NOT NULL,
  updated INTEGER NOT NULL, call_sid TEXT NOT NULL, conference_sid TEXT, status TEXT NOT NULL,
  source TEXT NOT NULL,
  channels INTEGER NOT NULL DEFAULT 1, track TEXT, duration INTEGER, price TEXT, start_time INTEGER,
  deleted INTEGER,
  options TEXT NOT NULL DEFAULT '{}') STRICT;
CREATE INDEX IF NOT EXISTS recordings_created ON recordings (account, created, seq);
CREATE INDEX IF NOT EXISTS recordings_call ON recordings (call_sid, account, created, seq);
CREATE INDEX IF NOT EXISTS recordings_conference ON recordings (conference_sid, account, created, seq)
  WHERE conference_sid IS NOT NULL;
CREATE TABLE IF NOT EXISTS conferences (
  seq INTEGER PRIMARY KEY, sid TEXT NOT NULL UNIQUE, account TEXT NOT NULL, created INTEGER NOT NULL,
  updated INTEGER NOT NULL, friendly_name TEXT NOT NULL, status TEXT NOT NULL,
  region TEXT NOT NULL DEFAULT 'us1',
  reason TEXT, ended_by TEXT, max_participants INTEGER NOT NULL DEFAULT 250,
  options TEXT NOT NULL DEFAULT '{}') STRICT;
CREATE INDEX IF NOT EXISTS conferences_created ON conferences (account, created, seq);
CREATE INDEX IF NOT EXISTS conferences_name ON conferences (friendly_name, account, created, seq);
CREATE INDEX IF NOT EXISTS conferences_live ON conferences (friendly_name, seq) WHERE status <> 'completed';
CREATE TABLE IF NOT EXISTS participants (
  seq INTEGER PRIMARY KEY, sid TEXT NOT NULL UNIQUE, account TEXT NOT NULL, created INTEGER NOT NULL,
  updated INTEGER NOT NULL, conference_sid TEXT NOT NULL, call_sid TEXT NOT NULL, label TEXT,
  status TEXT NOT NULL,
  muted INTEGER NOT NULL DEFAULT 0, hold INTEGER NOT NULL DEFAULT 0, coaching INTEGER NOT NULL DEFAULT 0,
  call_sid_to_coach TEXT, start_on_enter INTEGER NOT NULL DEFAULT 1,
  end_on_exit INTEGER NOT NULL DEFAULT 0) STRICT;
CREATE INDEX IF NOT EXISTS participants_room ON participants (conference_sid, created, seq);
CREATE INDEX IF NOT EXISTS participants_call ON participants (call_sid);
CREATE TABLE IF NOT EXISTS events (
  seq INTEGER PRIMARY KEY, due INTEGER NOT NULL, kind TEXT NOT NULL, sid TEXT NOT NULL, detail TEXT) STRICT;
CREATE INDEX IF NOT EXISTS events_due ON events (due, seq);
CREATE INDEX IF NOT EXISTS events_sid ON events (sid);
CREATE TABLE IF NOT EXISTS dial_slots (account TEXT PRIMARY KEY, next INTEGER NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS numbers (
  number TEXT PRIMARY KEY, outcomes TEXT NOT NULL, talk INTEGER, used INTEGER NOT NULL DEFAULT 0) STRICT;
"""
_APPLICATION_ID = 0x766F6965
"""Marks a file as an emulator's in SQLite's header; spells "voie"."""
_DATA = (
    "queues",
    "calls",
    "recordings",
    "conferences",
    "participants",
    "events",
    "dial_slots",
    "numbers",
    "meta",
)


class Store:
    """SQL over one connection. Not for several threads: the server's event loop owns it."""

    def __init__(self, path: Path | None) -> None:
        self._connection = sqlite3.connect(
            path if path is not None else ":memory:",
            isolation_level=None,
            check_same_thread=False,
            cached_statements=512,
        )
        self._connection.row_factory = sqlite3.Row
        try:
            if path is not None:
                self._require_ours()
                # A killed emulator loses nothing with WAL; only a crash of the machine could, and then it is
                # test data.
                self._connection.execute("PRAGMA journal_mode = WAL")
                self._connection.execute("PRAGMA synchronous = OFF")
                # SIDs are random, so bulk inserts touch the whole index; it must fit (64 MiB).
                self._connection.execute("PRAGMA cache_size = -65536")
            self._connection.executescript(_SCHEMA)
        except sqlite3.Error:
            self._connection.close()
            raise

    def _require_ours(self) -> None:
        """Refuse, with sqlite3.DatabaseError, a database that an emulator did not make; mark a new one."""
        found = self._connection.execute("PRAGMA application_id").fetchone()[0]
        tables = self._connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0]
        if tables and found != _APPLICATION_ID:
            raise sqlite3.DatabaseError("this is the database of another program; it was left as it is")
        self._connection.execute(f"PRAGMA application_id = {_APPLICATION_ID}")

    def one(self, sql: str, *args: object) -> Row | None:
        """The first row, or None."""
        row: Row | None = self._connection.execute(sql, args).fetchone()
        return row

    def all(self, sql: str, *args: object) -> list[Row]:
        """All rows."""
        return self._connection.execute(sql, args).fetchall()

    def page(self, sql: str, *args: object) -> list[Columns]:
        """All rows, as plain tuples: of those a page has many."""
        cursor = self._connection.cursor()
        cursor.row_factory = None
        return cursor.execute(sql, args).fetchall()

    def run(self, sql: str, *args: object) -> int:
        """Execute a statement; the number of rows it changed."""
        return self._connection.execute(sql, args).rowcount

    def many(self, sql: str, rows: Iterable[tuple[object, ...]]) -> None:
        """Execute a statement for every row."""
        self._connection.executemany(sql, rows)

    def insert(self, table: str, **columns: object) -> None:
        """Insert one row."""
        self._connection.execute(_insertion(table, tuple(columns)), tuple(columns.values()))

    def inserted(self, table: str, **columns: object) -> Row:
        """Insert one row; the row as it is then."""
        statement = _insertion(table, tuple(columns)) + " RETURNING *"
        row: Row = self._connection.execute(statement, tuple(columns.values())).fetchone()
        return row

    def update(self, table: str, sid: str, **columns: object) -> None:
        """Change columns of the row with this SID."""
        self._connection.execute(_change(table, tuple(columns)), (*columns.values(), sid))

    def changed(self, table: str, sid: str, **columns: object) -> Row | None:
        """Change columns of the row with this SID; the row as it is then."""
        statement = _change(table, tuple(columns)) + " RETURNING *"
        row: Row | None = self._connection.execute(statement, (*columns.values(), sid)).fetchone()
        return row

    def visible(self, table: str, account: str, sid: str) -> Row | None:
        """The row of this SID if the account may see it."""
        return self.one(f"SELECT * FROM {table} WHERE sid = ? AND account IN (?, '')", sid, account)

    def accounts(self, table: str) -> Iterator[str]:
        """Every account with rows in a table, in order; each costs a look at an index."""
        found = self.one(f"SELECT min(account) AS next FROM {table}")
        while found is not None and found["next"] is not None:
            yield found["next"]
            found = self.one(f"SELECT min(account) AS next FROM {table} WHERE account > ?", found["next"])

    def transaction(self) -> AbstractContextManager[None]:
        """All or nothing, and far faster than statement by statement when many rows are written."""
        return _Transaction(self._connection)

    def clear(self) -> None:
        """Delete everything."""
        with self.transaction():
            for table in _DATA:
                self._connection.execute(f"DELETE FROM {table}")

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()


class _Transaction(AbstractContextManager[None]):
    """Every request that writes has one; a generator in its place costs as much as its statements."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def __enter__(self) -> None:
        self._connection.execute("BEGIN")

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        try:
            if kind is None:
                self._connection.execute("COMMIT")
        finally:
            if self._connection.in_transaction:  # some errors of a full disk have ended it
                self._connection.execute("ROLLBACK")


def packed(value: object) -> str:
    """A value as the text of a column."""
    return msgspec.json.encode(value).decode()


def unpacked(text: str) -> Any:  # noqa: ANN401
    """The value of a column's text."""
    return msgspec.json.decode(text)


@lru_cache(maxsize=128)
def _insertion(table: str, columns: tuple[str, ...]) -> str:
    return f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))})"


@lru_cache(maxsize=128)
def _change(table: str, columns: tuple[str, ...]) -> str:
    return f"UPDATE {table} SET {', '.join(f'{name} = ?' for name in columns)} WHERE sid = ?"
