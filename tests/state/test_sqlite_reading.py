"""Reading a state file without the right to write it, with damaged bytes, or beside a process that hangs."""

from __future__ import annotations

import os
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.nobody import NOBODY, as_nobody
from tests.state.support import recorded
from tests.support import Stack
from voiceform.model.errors import LockedError, StateError
from voiceform.state.resources import read_resources, resource_write
from voiceform.state.sqlite import SqliteStore


@contextmanager
def without_rights(folder: Path) -> Iterator[None]:
    """The folder and its files may be read and not written, also by root, who is somebody else meanwhile."""
    for path in [folder, *folder.iterdir()]:
        path.chmod(0o555 if path.is_dir() else 0o444)
    try:
        with as_nobody():
            yield
    finally:
        for path in [folder, *folder.iterdir()]:
            path.chmod(0o700 if path.is_dir() else 0o600)


@pytest.fixture
def public() -> Iterator[Path]:
    """A folder that other users can reach."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        (folder / "stack").mkdir()
        yield folder / "stack" / "state.db"


def filled(path: Path) -> None:
    with SqliteStore(path) as store:
        store.write([resource_write(recorded(name), None) for name in ("a", "b")])


def test_a_state_is_read_without_the_right_to_write(public: Path) -> None:
    filled(public)
    with SqliteStore(public) as warm:
        expected = read_resources(warm)
    with without_rights(public.parent), SqliteStore(public) as store:
        assert read_resources(store) == expected
        with pytest.raises(StateError, match="cannot be written here"):
            store.put("key", {}, None)
        assert read_resources(store) == expected


def test_what_is_only_in_the_log_is_read_too(public: Path) -> None:
    """Another user's process holds the state open: its last writes are in the write-ahead log alone."""
    with SqliteStore(public) as writer:
        writer.put("key", {"n": 1}, None)
        assert Path(f"{public}-wal").stat().st_size > 0
        Path(f"{public}-shm").unlink()
        with without_rights(public.parent), SqliteStore(public) as store:
            entry = store.get("key")
            assert entry is not None
            assert entry.document == {"n": 1}


def test_no_copy_is_left_behind(public: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    filled(public)
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o777)
        monkeypatch.setattr(tempfile, "tempdir", name)
        with without_rights(public.parent), SqliteStore(public) as store:
            store.get("meta")
            assert [path.stat().st_mode & 0o077 for path in Path(name).iterdir()] == [0]
        assert list(Path(name).iterdir()) == []


def test_a_state_in_a_folder_that_may_not_be_searched_is_an_error_and_not_none(public: Path) -> None:
    filled(public)
    with without_rights(public.parent):
        if os.geteuid() == NOBODY:
            os.seteuid(0)
            public.parent.chmod(0o600)
            os.seteuid(NOBODY)
        else:
            public.parent.chmod(0o600)
        with SqliteStore(public) as store, pytest.raises(StateError, match="Permission denied"):
            store.get("meta")
    with SqliteStore(public) as store:
        assert len(read_resources(store)) == 2


def test_every_command_that_reads_works_without_write_access(public: Path, stack: Stack) -> None:
    stack.folder = public.parent
    stack.environ["VOICEFORM_STATE"] = "sqlite:///state.db"
    stack.queues(a=10, b=20)
    stack.apply()
    reading = [("plan",), ("drift",), ("state", "list"), ("state", "pull"), ("undo",), ("lock", "show")]
    expected = [stack.ok(*command).out for command in reading]
    with without_rights(public.parent):
        shown = [stack.ok(*command).out for command in reading]
        refused = stack.run("apply", "--refresh-only", "--auto-approve")
    assert shown == expected
    assert refused.code == 1
    assert "Traceback" not in refused.err
    assert stack.ok("state", "list").out == expected[2]


def test_a_process_that_is_stopped_within_a_write_means_locked(path: Path) -> None:
    filled(path)
    with (
        closing(sqlite3.connect(path, isolation_level=None)) as other,
        SqliteStore(path, busy_timeout=timedelta(milliseconds=20)) as store,
    ):
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(LockedError) as caught:
            store.put("key", {}, None)
    assert caught.value.exit_code == 7


def test_no_flipped_bit_is_taken_for_what_was_written(path: Path) -> None:
    """Each document is read as it was written, or the state is refused: a lost ledger entry phones again."""
    entries: dict[str, dict[str, Any]] = {
        "ledger/pulse/2026-12-01/00": {
            "calls": {"2026-12-01T14:00:00Z|1|+15558675310": {"status": "placed"}}
        },
        "ledger-heads/pulse": {"closed": True},
        **{f"resources/queue.q{number}": {"protect": True} for number in range(30)},
    }
    with SqliteStore(path) as store:
        for key, document in entries.items():
            store.put(key, document, None)
    whole = path.read_bytes()
    refused = 0
    for position in range(0, len(whole), 11):
        damaged = bytearray(whole)
        damaged[position] ^= 1 << (position // 11) % 8
        for companion in path.parent.iterdir():
            companion.unlink()
        path.write_bytes(damaged)
        try:
            with SqliteStore(path) as store:
                found = {key: entry and entry.document for key in entries for entry in [store.get(key)]}
                listed = {entry.key: entry.document for entry in store.list("")}
        except StateError:
            refused += 1
            continue
        assert found == listed == entries, f"bit {position // 11 % 8} of byte {position}"
    assert refused > 100
