"""The SQL of the PostgreSQL store, and its URL."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

from voiceform.model.errors import UsageError
from voiceform.model.store import Write
from voiceform.state.backend import encode, new_version

if TYPE_CHECKING:
    Connection = psycopg.Connection[tuple[Any, ...]]

_DEFAULTS = {
    "connect_timeout": ("10", "PGCONNECT_TIMEOUT"),
    "application_name": ("voiceform", "PGAPPNAME"),
    "keepalives_idle": ("10", None),
    "keepalives_interval": ("5", None),
    "keepalives_count": ("3", None),
    "tcp_user_timeout": ("30000", None),
}
"""libpq parameters for a server that may vanish, where neither the URL nor the variable says otherwise."""

LONGEST_NAME = 63
"""Bytes of an identifier that PostgreSQL distinguishes."""


@dataclass(frozen=True, slots=True)
class Target:
    """Where to connect: libpq parameters (they may hold a password), the schema, and a label without it."""

    parameters: Mapping[str, Any]
    schema: str
    label: str


def parse_url(url: str) -> Target:
    """Understand a `postgresql://` URL. UsageError, which does not quote it, when that is impossible."""
    head, _, query = url.partition("?")
    options = [item for item in query.split("&") if item]
    schemas = [unquote(item.removeprefix("schema=")) for item in options if item.startswith("schema=")]
    rest = "&".join(item for item in options if not item.startswith("schema="))
    try:
        parameters = conninfo_to_dict(f"{head}?{rest}" if rest else head)
    except psycopg.Error:
        raise UsageError(
            "the PostgreSQL state URL cannot be understood (it is not shown, for it may hold a password)",
            hint="the form is postgresql://user@host:5432/database?sslmode=verify-full&schema=voiceform;"
            " special characters in it are percent-encoded",
        ) from None
    schema = schemas[-1] if schemas else "voiceform"
    if not 1 <= len(schema.encode()) <= LONGEST_NAME:
        raise UsageError(
            f"the schema of a PostgreSQL state URL is 1 to {LONGEST_NAME} bytes long",
            hint="choose a shorter name: of a longer one the server ignores the rest, and two states are one",
        )
    for name, (value, variable) in _DEFAULTS.items():
        if variable is None or variable not in os.environ:
            parameters.setdefault(name, value)
    host = parameters.get("host") or parameters.get("service") or "local"
    database = parameters.get("dbname") or ""
    return Target(parameters, schema, f"postgresql://{host}/{database} (schema {schema})")


class Statements:
    """Every statement, for one schema."""

    def __init__(self, schema: str) -> None:
        self._schema = sql.Identifier(schema)
        table = sql.Identifier(schema, "documents")
        self._table = table
        self.some = _compose("SELECT key, version, document::text FROM {} WHERE key = ANY(%s)", table)
        self.page = _compose(
            "SELECT key, version, document::text FROM {} WHERE key >= %s AND key < %s ORDER BY key LIMIT %s",
            table,
        )
        self.version = _compose("SELECT version FROM {} WHERE key = %s", table)
        self.versions_below = _compose("SELECT key, version FROM {} WHERE key >= %s AND key < %s", table)
        self.lease = _compose("SELECT version, document::text FROM {} WHERE key = %s FOR SHARE", table)
        self.versions = _compose("SELECT key, version FROM {} WHERE key = ANY(%s)", table)
        self.insert = _compose(
            "INSERT INTO {} (key, version, document)"
            " SELECT key, version, document::json FROM unnest(%s::text[], %s::text[], %s::text[])"
            " AS new (key, version, document) ON CONFLICT DO NOTHING RETURNING key",
            table,
        )
        self.update = _compose(
            "UPDATE {} AS old SET version = new.version, document = new.document::json"
            " FROM unnest(%s::text[], %s::text[], %s::text[], %s::text[])"
            " AS new (key, version, document, expected)"
            " WHERE old.key = new.key AND old.version = new.expected RETURNING old.key",
            table,
        )
        self.delete = _compose(
            "DELETE FROM {} AS old USING unnest(%s::text[], %s::text[]) AS gone (key, expected)"
            " WHERE old.key = gone.key AND old.version = gone.expected RETURNING old.key",
            table,
        )

    def create_table(self, connection: Connection) -> None:
        """Make schema and table unless they are there; a role that may not create needs them made for it."""
        name = self._table.as_string(connection)
        with connection.transaction():
            # Two programs that start together: the second waits here and then finds the table.
            connection.execute("SELECT pg_advisory_xact_lock(hashtext(%s))", (name,))
            found = connection.execute("SELECT to_regclass(%s)", (name,)).fetchone()
            if found is not None and found[0] is not None:
                return
            if not self._schema_exists(connection):
                connection.execute(sql.SQL("CREATE SCHEMA {}").format(self._schema))
            connection.execute(
                sql.SQL(
                    'CREATE TABLE {} (key text COLLATE "C" PRIMARY KEY,'
                    " version text NOT NULL, document json NOT NULL)"
                ).format(self._table)
            )

    def _schema_exists(self, connection: Connection) -> bool:
        name = self._schema.as_string(connection)
        found = connection.execute("SELECT to_regnamespace(%s) IS NOT NULL", (name,)).fetchone()
        return bool(found and found[0])


@dataclass(frozen=True, slots=True)
class Begun:
    """What a batch met that is not committed yet: version and text of the lease document, which stays as it
    is until then, and the first key that was not as it was expected."""

    lease: tuple[str, str] | None
    lost: str | None


@dataclass(frozen=True, slots=True)
class Batch:
    """Writes that are ready to send: encoded, and with their new versions chosen, so that a repetition of
    the same batch can be told from somebody else's write."""

    new_versions: tuple[str | None, ...]
    inserts: Sequence[tuple[str, str, str]]
    updates: Sequence[tuple[str, str, str, str]]
    deletes: Sequence[tuple[str, str]]

    @classmethod
    def of(cls, writes: Sequence[Write]) -> Batch:
        """Encode `writes`."""
        versions: list[str | None] = []
        inserts, updates, deletes = [], [], []
        for write in writes:
            if write.document is None:
                versions.append(None)
                deletes.append((write.key, write.expected_version or ""))
                continue
            text = encode(write.document)
            version = new_version(write.key, text)
            versions.append(version)
            if write.expected_version is None:
                inserts.append((write.key, version, text))
            else:
                updates.append((write.key, version, text, write.expected_version))
        return cls(tuple(versions), inserts, updates, deletes)

    def begin(self, connection: Connection, statements: Statements, lease_key: str | None) -> Begun:
        """Open a transaction and send the batch in it, behind a lock on the lease document, if one is named:
        all in one round trip. Nothing of it is there before whoever looks at what this returns commits."""
        sent = []
        with connection.pipeline():
            connection.execute("BEGIN")
            lease = connection.execute(statements.lease, (lease_key,)) if lease_key else None
            for statement, rows in (
                (statements.delete, self.deletes),
                (statements.update, self.updates),
                (statements.insert, self.inserts),
            ):
                if rows:
                    columns = [list(column) for column in zip(*rows, strict=True)]
                    sent.append((rows, connection.execute(statement, columns)))
        done = {key for _, answer in sent for (key,) in answer}
        lost = next((row[0] for rows, _ in sent for row in rows if row[0] not in done), None)
        return Begun(None if lease is None else lease.fetchone(), lost)

    def is_done(self, connection: Connection, statements: Statements) -> bool:
        """Whether exactly this batch is what the table holds now."""
        wanted = {row[0]: row[1] for row in (*self.inserts, *self.updates)}
        gone = [row[0] for row in self.deletes]
        rows = connection.execute(statements.versions, ([*wanted, *gone],)).fetchall()
        return dict(rows) == wanted


def _compose(text: Any, table: sql.Identifier) -> sql.Composed:  # noqa: ANN401 - a literal, always
    return sql.SQL(text).format(table)
