"""Making and recognising the SQLite file that holds a state."""

from __future__ import annotations

import os
import sqlite3
import tempfile
from contextlib import closing, suppress
from pathlib import Path
from tempfile import TemporaryDirectory

from voiceform.model.errors import StateError

APPLICATION_ID = 0x766F6963
"""Marks a file as ours in its header (SQLite's `application_id`); spells "voic"."""

LAYOUT = 1
"""The table layout of this program, SQLite's `user_version`."""

_HEADER_LENGTH = 100
_COPIES = 5
_UNREADABLE = "unable to get the page"
"""In SQLite's words about a page that it could not read."""


def create_database(path: Path) -> None:
    """Make an empty state at `path` with mode 0600, and its folder with mode 0700.

    The file is made complete under another name and then linked into place, so that no crash leaves half a
    file behind and of two processes that start together one wins. An existing file is never replaced.
    """
    path.parent.parent.mkdir(parents=True, exist_ok=True)
    path.parent.mkdir(mode=0o700, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f"{path.name}.", suffix=".new", dir=path.parent)
    os.close(handle)
    try:
        with closing(sqlite3.connect(name, isolation_level=None)) as connection:
            connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
            connection.execute(f"PRAGMA user_version = {LAYOUT}")
            connection.execute(
                "CREATE TABLE documents"
                " (key TEXT PRIMARY KEY NOT NULL, version TEXT NOT NULL, document TEXT NOT NULL)"
            )
            connection.execute("PRAGMA journal_mode = WAL")
        _sync(Path(name))  # and close it before anybody here can lock it under its own name
        with suppress(FileExistsError):
            os.link(name, path)
    finally:
        for end in ("", "-journal", "-wal", "-shm"):  # which are there where it failed half way
            with suppress(OSError):
                os.unlink(name + end)
    _sync(path.parent)


def check_database(path: Path) -> None:
    """Refuse, with a StateError, a file that is not a state of ours; only its header is read.

    SQLite itself is not asked: it might repair or checkpoint somebody else's file.
    """
    with path.open("rb") as file:
        header = file.read(_HEADER_LENGTH)
    magic, layout, application = header[:16], header[60:64], header[68:72]
    if len(header) < _HEADER_LENGTH or magic != b"SQLite format 3\0":
        raise _foreign(path, "is not a voiceform state, or it is damaged")
    if int.from_bytes(application) != APPLICATION_ID:
        raise _foreign(path, "is another program's SQLite database")
    if int.from_bytes(layout) > LAYOUT:
        raise StateError(
            f"the state file {path} was written by a newer voiceform",
            hint="it was left as it is; upgrade voiceform",
        )


def is_there(path: Path) -> bool:
    """Whether there is anything at `path`; OSError when that cannot be known: a folder that may not be
    searched must not look like a state that was never written."""
    try:
        path.lstat()
    except FileNotFoundError:
        return False
    return True


def is_open_here(path: Path) -> bool:
    """Whether this process has the file open, where the system tells; Windows does not, and has no need.

    POSIX takes all locks that a process has on a file when it closes any descriptor of it
    (https://www.sqlite.org/howtocorrupt.html, 2.2). So what SQLite may have open here is not opened and
    closed beside it.
    """
    try:
        descriptors = [int(name) for name in os.listdir("/dev/fd")]
    except OSError:
        return False
    status = path.stat()
    for descriptor in descriptors:
        with suppress(OSError):  # closed by now
            if os.path.samestat(os.fstat(descriptor), status):
                return True
    return False


def verify_database(connection: sqlite3.Connection, label: str) -> None:
    """Raise StateError unless the structure of the file is sound, its index above all.

    A flipped bit in a key would make a document invisible, and a call that was placed would be placed again;
    damage within a document is found when the document is read.
    """
    (verdict,) = connection.execute("PRAGMA integrity_check(1)").fetchone()
    if _UNREADABLE in verdict:  # by the disk: what is written there may be sound
        raise StateError(
            f"cannot read the state file {label}: the disk gives errors",
            hint="it was left as it is; check the disk, then run the command again",
        )
    if verdict != "ok":
        raise StateError(
            f"the state file {label} is damaged ({verdict})",
            hint="it was left as it is; move it away, then put a backup there or use `voiceform state push`",
        )


def copy_database(path: Path) -> TemporaryDirectory[str]:
    """A private folder with a copy of the database and its log, as they were at one instant."""
    names = (path, Path(f"{path}-wal"))
    folder = TemporaryDirectory(prefix="voiceform-", ignore_cleanup_errors=True)
    for _ in range(_COPIES):
        before = [_stamp(name) for name in names]
        for name in names:
            target = Path(folder.name) / name.name
            target.unlink(missing_ok=True)
            with suppress(FileNotFoundError):
                target.write_bytes(name.read_bytes())
        if [_stamp(name) for name in names] == before:
            return folder
    folder.cleanup()
    raise StateError(
        f"the state file {path} keeps changing while it is read",
        hint="it cannot be written here, so it is read from a copy; run the command again",
    )


def _stamp(path: Path) -> tuple[int, int, int] | None:
    try:
        status = path.stat()
    except FileNotFoundError:
        return None
    return status.st_ino, status.st_size, status.st_mtime_ns


def make_private(path: Path) -> None:
    """Take away what others may do with the file and its companions, where we may decide that."""
    for name in (path, Path(f"{path}-wal"), Path(f"{path}-shm")):
        with suppress(FileNotFoundError, PermissionError):
            if name.stat().st_mode & 0o077:
                name.chmod(0o600)


def _foreign(path: Path, what: str) -> StateError:
    return StateError(
        f"the file {path} {what}",
        hint="it was left as it is; move it away and put a backup there, or name another file with --state",
    )


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
