from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest

from tests.services import PostgresServer, free_port
from voiceform.model.errors import LockedError, StateError, UsageError
from voiceform.state.open import open_store
from voiceform.state.postgres import PostgresStore
from voiceform.state.postgres_sql import parse_url


def admin(server: PostgresServer) -> psycopg.Connection[tuple[object, ...]]:
    parameters = parse_url(server.url()).parameters
    return psycopg.connect(**parameters, autocommit=True)


def test_reading_creates_nothing(postgres_server: PostgresServer) -> None:
    with PostgresStore(postgres_server.url(schema="untouched")) as store:
        assert store.get("meta") is None
        assert list(store.list("")) == []
    with admin(postgres_server) as connection:
        assert connection.execute("SELECT to_regnamespace('untouched')::text").fetchone() == (None,)


def test_the_label_has_no_secrets(postgres_server: PostgresServer, tmp_path: Path) -> None:
    with open_store(postgres_server.url(schema="team"), base_dir=tmp_path) as store:
        assert store.label == "postgresql://127.0.0.1/postgres (schema team)"


@pytest.mark.parametrize("wrong", ["password", "database", "port"])
def test_a_server_that_refuses_is_a_state_error_without_the_password(
    postgres_server: PostgresServer, wrong: str
) -> None:
    url = postgres_server.url(
        password="hunter2-geheim" if wrong == "password" else None,
        database="nowhere" if wrong == "database" else "postgres",
        port=free_port() if wrong == "port" else None,
    )
    with PostgresStore(url, pauses=()) as store:
        for use in (lambda: store.get("meta"), lambda: store.put("meta", {}, None)):
            with pytest.raises(StateError, match="cannot reach") as caught:
                use()
            for secret in ("hunter2-geheim", PostgresServer.password):
                assert secret not in f"{caught.value} {caught.value.__cause__}"


def test_a_restarted_server_is_found_again(postgres_server: PostgresServer) -> None:
    with PostgresStore(postgres_server.url()) as store:
        version = store.put("key", {"n": 1}, None)
        postgres_server.restart()
        version = store.put("key", {"n": 2}, version)
        postgres_server.restart()
        entry = store.get("key")
    assert entry is not None
    assert entry.version == version


def test_stores_that_start_together_make_one_table(postgres_server: PostgresServer) -> None:
    url = postgres_server.url()

    def write(number: int) -> None:
        with PostgresStore(url) as store:
            store.put(f"key{number}", {}, None)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(write, range(16)))
    with PostgresStore(url) as store:
        assert len(list(store.list(""))) == 16


def test_a_role_that_may_only_read_can_plan(postgres_server: PostgresServer) -> None:
    url = postgres_server.url(schema="shared_state")
    with PostgresStore(url) as store:
        store.put("key", {"n": 1}, None)
    with admin(postgres_server) as connection:
        connection.execute("CREATE ROLE reader LOGIN PASSWORD 'r'")
        connection.execute("GRANT USAGE ON SCHEMA shared_state TO reader")
        connection.execute("GRANT SELECT ON shared_state.documents TO reader")
    reader = f"postgresql://reader:r@127.0.0.1:{postgres_server.port}/postgres?schema=shared_state"
    with PostgresStore(reader) as store:
        entry = store.get("key")
        assert entry is not None
        with pytest.raises(StateError, match="permission denied"):
            store.put("key", {"n": 2}, entry.version)


def test_a_session_that_is_lost_within_a_transaction_changes_nothing(postgres_server: PostgresServer) -> None:
    """What happens to a holder that is paused between the check of its lease and its commit."""
    url = postgres_server.url()
    with PostgresStore(url) as store, PostgresStore(url) as rival:
        store.put("lease", {"token": 1}, None)
        seen: list[object] = []

        def guard(document: dict[str, object] | None) -> None:
            seen.append(document)
            if len(seen) == 1:
                with admin(postgres_server) as connection:
                    connection.execute(
                        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                        " WHERE application_name = 'voiceform' AND state = 'idle in transaction'"
                    )
                entry = rival.get("lease")
                assert entry is not None
                rival.put("lease", {"token": 2}, entry.version)
                return
            raise StateError("the second look sees the new holder")

        from voiceform.model.store import Write

        with pytest.raises(StateError, match="second look"):
            store.write_guarded((Write("late", {}, None),), guard)
        assert seen == [{"token": 1}, {"token": 2}]
        assert rival.get("late") is None


def test_sessions_cannot_hold_others_up_and_commits_are_durable(postgres_server: PostgresServer) -> None:
    with admin(postgres_server) as connection:
        connection.execute("ALTER DATABASE postgres SET synchronous_commit = off")
        try:
            with PostgresStore(postgres_server.url()) as store:
                store.put("key", {}, None)
                assert store._connection is not None
                shown = [
                    store._connection.execute(f"SHOW {name}").fetchone()
                    for name in ("synchronous_commit", "lock_timeout", "idle_in_transaction_session_timeout")
                ]
        finally:
            connection.execute("ALTER DATABASE postgres RESET synchronous_commit")
    assert shown == [("on",), ("30s",), ("15s",)]


def test_rows_that_another_program_holds_are_a_lock_to_wait_for(postgres_server: PostgresServer) -> None:
    url = postgres_server.url(schema="held")
    with PostgresStore(url) as store, PostgresStore(url) as other:
        version = store.put("key", {}, None)
        assert store._connection is not None
        assert other.get("key") is not None
        assert other._connection is not None
        store._connection.execute("SET lock_timeout = '50ms'")
        with other._connection.transaction():
            other._connection.execute("LOCK TABLE held.documents")
            with pytest.raises(LockedError, match="run the command again"):
                store.put("key", {"a": 1}, version)
        store.put("key", {"a": 1}, version)


def test_url_options_reach_libpq() -> None:
    target = parse_url(
        "postgresql://ada:s%3Fcret@db:5433/state?schema=a%20b&sslmode=verify-full&connect_timeout=3"
    )
    assert target.schema == "a b"

    assert target.parameters["sslmode"] == "verify-full"
    assert target.parameters["connect_timeout"] == "3"
    assert target.parameters["password"] == "s?cret"
    assert target.parameters["tcp_user_timeout"] == "30000"
    assert "s?cret" not in target.label


@pytest.mark.parametrize("schema", ["", "v" * 64, "\u00e9" * 32])
def test_a_schema_of_which_the_server_would_ignore_a_part_is_refused(schema: str) -> None:
    with pytest.raises(UsageError, match="1 to 63 bytes"):
        parse_url(f"postgresql://db/state?schema={schema}")
    assert parse_url(f"postgresql://db/state?schema={'v' * 63}").schema == "v" * 63


def test_tls_that_is_demanded_is_not_given_up(postgres_server: PostgresServer) -> None:
    url = postgres_server.url() + "&sslmode=require"
    with PostgresStore(url, pauses=()) as store, pytest.raises(StateError, match="SSL"):
        store.get("meta")
