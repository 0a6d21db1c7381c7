"""Folders of our own on disk: everything in them for its owner alone, whatever the umask, and no link in them
is ever followed, so that nobody who may write there once leads us elsewhere."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from voiceform.model.runtime import MACHINE

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK


def make_folder(path: Path) -> None:
    """Make a folder and its missing parents (0700); those that are there stay as they are. OSError."""
    missing = [path]
    while not missing[-1].exists():
        missing.append(missing[-1].parent)
    for folder in reversed(missing[:-1]):
        folder.mkdir(mode=0o700, exist_ok=True)
    if not path.is_dir():
        raise NotADirectoryError(20, "Not a directory", str(path))


def create(path: Path) -> int:
    """A new file (0600) open for appending; FileExistsError when there is anything of that name."""
    descriptor = os.open(path, _NEW | os.O_APPEND, 0o600)
    os.fchmod(descriptor, 0o600)
    return descriptor


def open_plain(path: Path) -> BinaryIO:
    """A regular file for reading; OSError for a link, a pipe, a device or a folder."""
    return _plain(os.open(path, _READ))


def sync_folder(path: Path) -> None:
    """Make new names in a folder survive a power failure."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_whole(root: Path, parts: Sequence[str], pieces: Iterable[bytes]) -> None:
    """Write the file `root/parts[0]/parts[1]/...` whole or not at all, and durably.

    Folders below `root` are made as needed. OSError, also for a link in the place of one of them; whatever
    `pieces` raises leaves nothing behind.
    """
    write_all(root, parts[:-1], {parts[-1]: pieces})


def write_all(root: Path, parts: Sequence[str], files: Mapping[str, Iterable[bytes]]) -> None:
    """As `write_whole`, several files of one folder: each is stored before the first has its name, and the
    names are stored together."""
    with _descended(root, parts, make=True) as folder:
        temporaries = {name: f".{MACHINE.token(8)}.tmp" for name in files}
        try:
            for name, temporary in temporaries.items():
                _store(os.open(temporary, _NEW, 0o600, dir_fd=folder), files[name])
            for name, temporary in temporaries.items():
                os.replace(temporary, name, src_dir_fd=folder, dst_dir_fd=folder)
        except BaseException:
            for temporary in temporaries.values():
                with suppress(OSError):
                    os.unlink(temporary, dir_fd=folder)
            raise
        os.fsync(folder)


def _store(descriptor: int, pieces: Iterable[bytes]) -> None:
    with os.fdopen(descriptor, "wb") as file:
        os.fchmod(descriptor, 0o600)
        for piece in pieces:
            file.write(piece)
        file.flush()
        os.fsync(descriptor)


@contextmanager
def reading(root: Path, parts: Sequence[str]) -> Iterator[BinaryIO]:
    """A regular file below `root`, without following a link; OSError."""
    with _descended(root, parts[:-1], make=False) as folder:
        descriptor = os.open(parts[-1], _READ, dir_fd=folder)
    with _plain(descriptor) as file:
        yield file


def names_in(root: Path, parts: Sequence[str]) -> list[str]:
    """The names in a folder below `root`, sorted; none where there is no such folder. OSError."""
    try:
        with _descended(root, parts, make=False) as folder:
            return sorted(os.listdir(folder))
    except FileNotFoundError:
        return []


def remove(root: Path, parts: Sequence[str]) -> bool:
    """Remove a file below `root`, durably, without following a link; whether it was there. OSError."""
    try:
        with _descended(root, parts[:-1], make=False) as folder:
            os.unlink(parts[-1], dir_fd=folder)
            os.fsync(folder)
    except FileNotFoundError:
        return False
    return True


@contextmanager
def _descended(root: Path, names: Sequence[str], *, make: bool) -> Iterator[int]:
    """The descriptor of a folder below `root`, which itself may be a link: it is the user's own word."""
    folder = os.open(root, os.O_RDONLY | os.O_DIRECTORY)
    try:
        for name in names:
            made = make and _made(name, folder)
            inner = os.open(name, _FOLDER, dir_fd=folder)
            if made:
                os.fsync(folder)
            os.close(folder)
            folder = inner
        yield folder
    finally:
        os.close(folder)


def _made(name: str, folder: int) -> bool:
    try:
        os.mkdir(name, 0o700, dir_fd=folder)
    except FileExistsError:
        return False
    return True


def _plain(descriptor: int) -> BinaryIO:
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(22, "Not a regular file")
    return os.fdopen(descriptor, "rb")
