from __future__ import annotations

import os
import shutil
import sqlite3
import stat
import subprocess
import sys
import threading
from contextlib import closing
from pathlib import Path
from random import Random

import pytest

from voiceform.model.errors import StateError
from voiceform.state.resources import read_resources
from voiceform.state.sqlite import SqliteStore

WRITER = """
import sys
from pathlib import Path
from random import Random
from voiceform.state.sqlite import SqliteStore
store = SqliteStore(Path(sys.argv[1]))
version = None
for number in range(int(sys.argv[2])):
    version = store.put(sys.argv[3], {"n": number}, version)
    sys.stdout.write(f"{number}\\n")
    sys.stdout.flush()
"""


def run_writer(path: Path, count: int, key: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", WRITER, str(path), str(count), key]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_reading_creates_nothing(path: Path, store: SqliteStore) -> None:
    assert store.get("meta") is None
    assert read_resources(store) == {}
    assert not path.parent.exists()


def test_file_and_folder_are_private_whatever_the_umask(path: Path, store: SqliteStore) -> None:
    before = os.umask(0)
    try:
        store.put("key", {}, None)
    finally:
        os.umask(before)
    assert mode_of(path.parent) == 0o700
    names = sorted(os.listdir(path.parent))
    assert names == ["state.db", "state.db-shm", "state.db-wal"]
    assert [mode_of(path.parent / name) for name in names] == [0o600] * 3


def test_a_file_that_others_can_read_is_made_private(path: Path, store: SqliteStore) -> None:
    store.put("key", {}, None)
    store.close()
    path.chmod(0o644)
    assert store.get("key") is not None
    assert mode_of(path) == 0o600


def test_a_commit_waits_for_the_disk(store: SqliteStore) -> None:
    """What a power cut would show; a killed process alone does not."""
    store.put("key", {}, None)
    connection = store._connection
    assert connection is not None
    shown = [connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("synchronous", "journal_mode")]
    assert shown == [2, "wal"]  # 2 is FULL


def test_a_killed_writer_loses_nothing_that_was_written(path: Path) -> None:
    writer = run_writer(path, 1_000_000, "key")
    assert writer.stdout is not None
    last = [writer.stdout.readline() for _ in range(50)][-1]
    writer.kill()
    writer.communicate()
    with SqliteStore(path) as store:
        entry = store.get("key")
    assert entry is not None
    assert entry.document["n"] >= int(last)


def killed(path: Path) -> tuple[Path, bytes]:
    """The log that a writer left who was killed behind twenty commits, and what is in it."""
    command = [sys.executable, "-c", f"{WRITER}\nsys.stdin.read()", str(path), "20", "key"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout is not None
        assert [writer.stdout.readline() for _ in range(20)][-1] == "19\n"
        writer.kill()
    log = Path(f"{path}-wal")
    return log, log.read_bytes()


def test_a_log_that_was_damaged_behind_a_killed_writer_is_noticed(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SQLite itself would take what is behind the damage for never written. No program is needed for it."""
    monkeypatch.setenv("PATH", "/nonexistent")
    log, content = killed(path)

    def found(damaged: bytes | None) -> object:
        """What a state with this log says, or why it says nothing."""
        copy = tmp_path / "copy"
        shutil.copytree(path.parent, copy)
        (copy / log.name).write_bytes(damaged or b"")
        if damaged is None:
            (copy / log.name).unlink()
        try:
            with SqliteStore(copy / path.name) as store:
                entry = store.get("key")
            return entry and entry.document["n"]
        except StateError as error:
            return str(error)
        finally:
            shutil.rmtree(copy)

    random = Random(19)
    assert found(content) == 19
    places = [*range(32), *(random.randrange(len(content)) for _ in range(40))]
    damaged = [content[:at] + bytes([content[at] ^ 1 << at % 8]) + content[at + 1 :] for at in places]
    damaged += [content[:length] for length in (0, 31, 32, 33, *places[-10:])]
    for each in (*damaged, None):
        told = str(found(each))
        assert "log of the state file" in told
        assert "state.db-shm" in told


def test_stores_of_one_process_keep_each_others_locks(path: Path) -> None:
    """POSIX takes all locks that a process has on a file when it closes any descriptor of it: another process
    would then fold the log in, and remove it, under whoever is still at work here."""
    with SqliteStore(path) as held:
        held.put("a", {}, None)
        with SqliteStore(path) as another:
            assert another.get("a") is not None
        run_writer(path, 1, "b").communicate()
        assert Path(f"{path}-wal").exists()
        assert held.get("b") is not None


def test_stores_that_are_opened_at_one_time_keep_each_others_locks(path: Path) -> None:
    """However opening, making the file, and what other processes do fall together."""
    start = threading.Barrier(8)
    stores: list[SqliteStore] = []
    failed: list[Exception] = []

    def work(number: int) -> None:
        start.wait()
        try:
            store = SqliteStore(path)
            store.put(f"key{number}", {}, None)
            stores.append(store)
        except Exception as error:
            failed.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    for name in "ab":
        run_writer(path, 1, name).communicate()
        assert [store.get(name) is not None for store in stores] == [True] * len(stores)
        stores.pop().close()
    for store in stores:
        store.close()


def test_who_wants_the_older_state_all_the_same_gets_it(path: Path) -> None:
    log, content = killed(path)
    log.write_bytes(content[: len(content) // 2])
    Path(f"{path}-shm").unlink()
    with SqliteStore(path) as store:
        entry = store.get("key")
    assert entry is not None
    assert entry.document["n"] < 19


def test_a_log_that_others_write_and_fold_in_is_never_called_damaged(path: Path) -> None:
    writer = run_writer(path, 1_500, "key")  # more than a thousand pages: the log begins anew meanwhile
    assert writer.stdout is not None
    writer.stdout.readline()
    looks = 0
    while writer.poll() is None:
        with SqliteStore(path) as store:
            assert store.get("key") is not None
        looks += 1
        writer.stdout.readline()
    writer.communicate()
    assert writer.returncode == 0
    assert looks > 1


def test_processes_that_start_together_share_one_file(path: Path) -> None:
    writers = [run_writer(path, 20, f"key{number}") for number in range(4)]
    for writer in writers:
        writer.communicate()
        assert writer.returncode == 0
    with SqliteStore(path) as store:
        assert [(entry.key, entry.document) for entry in store.list("")] == [
            (f"key{number}", {"n": 19}) for number in range(4)
        ]
    assert os.listdir(path.parent) == ["state.db"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is not a voiceform state"),
        (b"version: 1\nqueues: {}\n" * 20, "is not a voiceform state"),
        (b"SQLite format 3\0", "is not a voiceform state"),
    ],
)
def test_a_file_that_is_no_state_is_refused_and_kept(
    path: Path, store: SqliteStore, content: bytes, message: str
) -> None:
    path.parent.mkdir()
    path.write_bytes(content)
    for use in (lambda: store.get("meta"), lambda: store.put("meta", {}, None), lambda: list(store.list(""))):
        with pytest.raises(StateError, match=message) as caught:
            use()
        assert "left as it is" in str(caught.value)
    assert path.read_bytes() == content
    assert os.listdir(path.parent) == ["state.db"]


def test_a_database_of_another_program_is_refused_and_kept(path: Path, store: SqliteStore) -> None:
    path.parent.mkdir()
    with closing(sqlite3.connect(path)) as other:
        other.execute("PRAGMA journal_mode = WAL")
        other.execute("CREATE TABLE documents (key, version, document)")
    content = path.read_bytes()
    with pytest.raises(StateError, match="another program"):
        store.put("key", {}, None)
    assert path.read_bytes() == content
    assert os.listdir(path.parent) == ["state.db"]


def test_a_newer_layout_is_refused_and_kept(path: Path, store: SqliteStore) -> None:
    store.put("key", {}, None)
    store.close()
    with closing(sqlite3.connect(path)) as later:
        later.execute("PRAGMA user_version = 99")
    content = path.read_bytes()
    with pytest.raises(StateError, match="newer voiceform"):
        store.get("key")
    assert path.read_bytes() == content


def test_a_damaged_database_is_refused(path: Path, store: SqliteStore) -> None:
    store.write_guarded([], None)
    for number in range(300):
        store.put(f"key/{number:04}", {"text": "x" * 200}, None)
    store.close()
    damage = b"\xff" * 4096
    with path.open("r+b") as file:
        for page in range(2, 12):
            file.seek(page * 4096)
            file.write(damage)
    with pytest.raises(StateError, match="damaged") as caught:
        list(store.list(""))
    assert "state push" in str(caught.value)


def test_a_document_that_is_not_json_is_refused_by_name(path: Path, store: SqliteStore) -> None:
    store.put("resources/queue.a", {}, None)
    with closing(sqlite3.connect(path)) as other, other:
        other.execute("UPDATE documents SET document = '{\"half\": '")
    with pytest.raises(StateError, match=r"'resources/queue\.a'"):
        store.get("resources/queue.a")
    with closing(sqlite3.connect(path)) as other, other:
        other.execute("UPDATE documents SET document = '[]'")
    with pytest.raises(StateError, match="not a JSON object"):
        list(store.list("resources/"))


@pytest.mark.parametrize("replace", [True, False])
def test_a_file_that_is_replaced_under_us_is_noticed(path: Path, store: SqliteStore, replace: bool) -> None:
    store.put("key", {}, None)
    path.unlink()
    if replace:
        for companion in path.parent.iterdir():
            companion.unlink()
        with SqliteStore(path) as other:
            other.put("other", {}, None)
    with pytest.raises(StateError, match="removed or replaced"):
        store.put("new", {}, None)


@pytest.mark.parametrize("what", ["", "-wal"])
@pytest.mark.parametrize("replaced", [True, False])
def test_nothing_is_read_of_a_file_that_has_gone(
    path: Path, store: SqliteStore, what: str, *, replaced: bool
) -> None:
    store.put("key", {}, None)
    name = Path(f"{path}{what}")
    content = name.read_bytes()
    name.unlink()
    if replaced:
        name.write_bytes(content)
    for look in (lambda: store.get("key"), lambda: store.versions(""), lambda: store.put("new", {}, None)):
        with pytest.raises(StateError, match="removed or replaced"):
            look()


def test_a_folder_that_cannot_be_made_is_a_state_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with SqliteStore(tmp_path / "file" / "state.db") as store:
        with pytest.raises(StateError, match="cannot use the state file"):
            store.put("key", {}, None)
        with pytest.raises(StateError, match="Not a directory"):
            store.get("key")


def test_a_full_disk_leaves_the_state_as_it_was(path: Path, store: SqliteStore) -> None:
    version = store.put("key", {"n": 1}, None)
    connection = store._connection
    assert connection is not None
    connection.execute("PRAGMA max_page_count = 20")
    with pytest.raises(StateError, match="full"):
        store.put("key", {"text": "x" * 1_000_000}, version)
    connection.execute("PRAGMA max_page_count = 1000000")
    store.put("key", {"n": 2}, version)


def test_names_with_odd_characters(tmp_path: Path) -> None:
    path = tmp_path / "a b?c#d%20é" / "state?mode=memory.db"
    with SqliteStore(path) as store:
        store.put("key", {}, None)
    assert path.is_file()
