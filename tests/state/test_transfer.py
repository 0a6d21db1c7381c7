from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.state.support import NOW, create, plan_of, recorded
from voiceform.model.clock import ManualClock
from voiceform.model.errors import StateError
from voiceform.model.store import StoredDocument
from voiceform.state.journal import begin_run, unfinished_runs
from voiceform.state.lease import acquire
from voiceform.state.meta import bump_serial, read_meta
from voiceform.state.resources import read_resources, recorded_to_document, resource_write
from voiceform.state.side_lease import DISPATCH_LEASE, SideLease
from voiceform.state.sqlite import SqliteStore
from voiceform.state.transfer import pull, push


@pytest.fixture
def filled(store: SqliteStore) -> SqliteStore:
    """A state with two resources, an unfinished run and a lease that was used."""
    with acquire(store, operation="apply", holder="ada", clock=ManualClock(NOW)) as lease:
        run = begin_run(lease.store, plan_of([create("a")]), who="ada", now=NOW)
        run.record([], [resource_write(recorded(name), None) for name in ("a", "b")])
    return store


@pytest.fixture
def other(tmp_path: Path) -> Iterator[SqliteStore]:
    with SqliteStore(tmp_path / "other.db") as store:
        yield store


def through_a_file(document: dict[str, Any]) -> dict[str, Any]:
    copy: dict[str, Any] = json.loads(json.dumps(document))
    return copy


def contents(store: SqliteStore) -> dict[str, object]:
    return {entry.key: entry.document for entry in store.list("") if entry.key != "lease"}


def test_a_state_moves_to_another_store(filled: SqliteStore, other: SqliteStore) -> None:
    document = through_a_file(pull(filled))
    assert "lease" not in document["documents"]
    assert push(other, document, ()) is True
    assert contents(other) == contents(filled)
    assert read_resources(other) == read_resources(filled)
    assert [run.record.run_id for run in unfinished_runs(other)] == ["plan-1"]
    assert pull(other) == document


def test_the_same_again_changes_nothing(filled: SqliteStore) -> None:
    before = list(filled.list(""))
    assert push(filled, pull(filled), ()) is False
    assert list(filled.list("")) == before


def test_a_newer_serial_replaces_everything_but_the_lease(filled: SqliteStore) -> None:
    document = pull(filled)
    document["serial"] += 1
    document["documents"]["resources/queue.b"]["attributes"]["max_size"] = 7
    del document["documents"]["resources/queue.a"]
    document["documents"]["resources/queue.c"] = recorded_to_document(recorded("c"))
    lease = filled.get("lease")
    del document["digest"]
    assert push(filled, document, ()) is True
    assert {**pull(filled), "digest": None} == {**document, "digest": None}
    assert filled.get("lease") == lease


def test_side_leases_stay_with_their_store(filled: SqliteStore, other: SqliteStore) -> None:
    acquire(SideLease(filled, DISPATCH_LEASE), operation="d", holder="ada", clock=ManualClock(NOW)).release()
    document = pull(filled)
    assert DISPATCH_LEASE not in document["documents"]
    document["serial"] += 1
    before = filled.get(DISPATCH_LEASE)
    assert before is not None
    assert push(filled, document, ()) is True
    assert filled.get(DISPATCH_LEASE) == before


def test_a_push_holds_the_lease(filled: SqliteStore) -> None:
    document = pull(filled)
    document["serial"] += 1
    with acquire(filled, operation="state push", holder="ada", clock=ManualClock(NOW)) as lease:
        push(lease.store, document, ())
    assert pull(filled) == document


def test_an_older_or_equal_serial_is_refused(filled: SqliteStore) -> None:
    older = pull(filled)
    bump_serial(filled)
    before = contents(filled)
    with pytest.raises(StateError, match="serial 1, here 2"):
        push(filled, older, ())
    different = pull(filled)
    del different["documents"]["resources/queue.a"], different["digest"]
    with pytest.raises(StateError, match="serial 2, here 2"):
        push(filled, different, ())
    assert contents(filled) == before


@pytest.mark.parametrize("edit", ["lose a record", "another size", "another secret", "no account"])
def test_a_copy_that_was_damaged_is_refused(filled: SqliteStore, other: SqliteStore, edit: str) -> None:
    document = through_a_file(pull(filled))
    records = document["documents"]
    if edit == "lose a record":
        del records["resources/queue.a"]
    elif edit == "another size":
        records["resources/queue.a"]["attributes"]["max_size"] += 1
    elif edit == "another secret":
        document["secret"] = "0" * 64
    else:
        del document["account_sid"]
    with pytest.raises(StateError, match="its digest does not fit"):
        push(other, document, ())
    assert list(other.list("")) == []
    del document["digest"]  # on purpose
    assert push(other, document, ()) is True


def test_another_secret_is_refused(filled: SqliteStore) -> None:
    """Whom counters are about would be known to nobody any more."""
    document = pull(filled)
    del document["digest"]
    before = contents(filled)
    with pytest.raises(StateError, match="another secret"):
        push(filled, {**document, "serial": document["serial"] + 1, "secret": "0" * 64}, ())
    assert contents(filled) == before


def test_another_lineage_is_refused(filled: SqliteStore, other: SqliteStore) -> None:
    bump_serial(other)
    for _ in range(5):
        bump_serial(other)
    before = contents(filled)
    with pytest.raises(StateError, match="another stack"):
        push(filled, pull(other), ())
    assert contents(filled) == before


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"format": 2}, "newer than this voiceform"),
        ({"format": None}, "not a pulled state"),
        ({"lineage": "mine"}, "not a pulled state"),
        ({"documents": []}, "not a pulled state"),
        ({"documents": {"meta": {}}}, "not a pulled state"),
        ({"documents": {"lease": {}}}, "not a pulled state"),
        ({"documents": {"lease/dispatch": {}}}, "not a pulled state"),
        ({"documents": {"a\nb": {}}}, "not a pulled state"),
        ({"documents": {"resources/queue.a": {}}}, r"resources/queue\.a"),
        ({"documents": {"ledger-heads/call.a": {"closed": "no"}}}, r"ledger-heads/call\.a"),
        ({"documents": {"ledger/call.a/2026-12-01/07": {"calls": {"soon": {}}}}}, "ledger/call"),
        ({"surprise": 1}, "not a pulled state"),
    ],
)
def test_what_was_not_pulled_is_refused(
    filled: SqliteStore, other: SqliteStore, change: dict[str, object], message: str
) -> None:
    document = {**pull(filled), **change}
    with pytest.raises(StateError, match=message):
        push(other, document, ())
    assert list(other.list("")) == []


def test_an_empty_state_has_nothing_to_pull(store: SqliteStore) -> None:
    with pytest.raises(StateError, match="empty"):
        pull(store)


def test_a_state_without_meta_is_not_pulled_as_if_it_were_whole(store: SqliteStore) -> None:
    store.write((resource_write(recorded("a"), None),))
    with pytest.raises(StateError, match="lost its `meta`"):
        pull(store)


def test_a_state_that_changes_meanwhile_is_read_again(path: Path) -> None:
    class Busy(SqliteStore):
        """Somebody else changes the state while it is listed, `times` times."""

        times = 0

        def list(self, prefix: str) -> Iterator[StoredDocument]:
            found = list(super().list(prefix))
            if self.times:
                self.times -= 1
                bump_serial(self)
            return iter(found)

    with Busy(path) as store:
        bump_serial(store)
        store.times = 2
        assert pull(store)["serial"] == 3
        store.times = 3
        with pytest.raises(StateError, match="changed while it was read"):
            pull(store)
        assert read_meta(store) is not None


@pytest.mark.parametrize(
    "key",
    [
        "foo/bar",
        "../../etc/x",
        "resources/queue.a/b",
        "resources/../x",
        "ledger/call.a",
        "runs/a/b",
        "journal/x",
    ],
)
def test_a_document_under_a_foreign_key_is_refused(filled: SqliteStore, other: SqliteStore, key: str) -> None:
    document = pull(filled)
    document["documents"][key] = {"address": "queue.a", "sid": None, "attributes": {}}
    with pytest.raises(StateError, match="not a pulled state"):
        push(other, document, ())
    assert list(other.list("")) == []


@pytest.mark.parametrize("sid", ["../../x", "QU1", "", "QU" + "g" * 32, "x" * 10_000])
def test_a_malformed_sid_is_refused(filled: SqliteStore, other: SqliteStore, sid: str) -> None:
    document = through_a_file(pull(filled))
    document["documents"]["resources/queue.a"]["sid"] = sid
    with pytest.raises(StateError, match="sid"):
        push(other, document, ())


@pytest.mark.parametrize("document", [None, [], "x", 7, {}, {"format": 1}, {"serial": 10**30}])
def test_what_is_no_state_at_all_is_refused(other: SqliteStore, document: object) -> None:
    with pytest.raises(StateError, match="not a pulled state"):
        push(other, document, ())


def test_an_absurd_serial_is_refused(filled: SqliteStore, other: SqliteStore) -> None:
    with pytest.raises(StateError, match="serial"):
        push(other, {**pull(filled), "serial": 10**30}, ())
