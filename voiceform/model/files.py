"""Writing files: whole or not at all, and never through what somebody else put in the way."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory

from voiceform.model.errors import VoiceformError
from voiceform.model.runtime import MACHINE

_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)
_NO_LINKS = (errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS)
"""How disks refuse a second name of a file that know none: FAT, and some that are shared."""


def write_whole(path: Path, content: str | bytes, *, mode: int = 0o600) -> None:
    """Put `content` at `path` in one step: whoever reads sees what was there before, or all of it.

    It is written under a name that nobody can guess, in the same folder, stored, and then moved; a link at
    `path` is replaced, never followed. Text is UTF-8. OSError when that cannot be; then nothing is left.
    """
    _put(path, content, mode, Path.replace)


def write_new(path: Path, content: str | bytes, *, mode: int = 0o666) -> None:
    """As `write_whole`, where nothing is yet: FileExistsError when there is anything, also a dead link."""
    _put(path, content, mode, _named_anew)


@contextmanager
def own_folder(prefix: str) -> Iterator[Path]:
    """A private folder among the temporary files of the system. VoiceformError when none can be made.

    It is removed in the end; where that cannot be (the disk may be read-only by then) it stays, and the
    caller finds it there.
    """
    try:
        made = TemporaryDirectory(prefix=prefix, ignore_cleanup_errors=True)
    except OSError as error:
        raise VoiceformError(
            f"no folder for temporary files can be made: {error.strerror}",
            where=str(error.filename) if error.filename else None,
            hint="make room there, or name another place by TMPDIR",
        ) from error
    with made as name:
        yield Path(name).resolve()


def _put(path: Path, content: str | bytes, mode: int, name: Callable[[Path, Path], object]) -> None:
    data = content if isinstance(content, bytes) else content.encode("utf-8")
    temporary = path.parent / f".{MACHINE.token(8)}.tmp"
    try:
        _store(os.open(temporary, _NEW, mode), data)
        name(temporary, path)
    except BaseException as error:
        with suppress(OSError):
            temporary.unlink()
        if isinstance(error, OSError):  # of the file that people know
            raise OSError(error.errno, error.strerror, str(path)) from error
        raise
    _store_name(path.parent)


def _named_anew(temporary: Path, path: Path) -> None:
    """Give a file a name that nothing has yet."""
    try:
        os.link(temporary, path)
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        _claimed(temporary, path)
    else:
        with suppress(OSError):  # it is whole where it is to be
            temporary.unlink()


def _claimed(temporary: Path, path: Path) -> None:
    """The same where a file has one name only: whoever makes an empty one first may replace it."""
    os.close(os.open(path, _NEW))
    try:
        temporary.replace(path)
    except BaseException:
        with suppress(OSError):
            path.unlink()
        raise


def _store(descriptor: int, data: bytes) -> None:
    """Fill a new file, and store it: some disks say only then that they are full."""
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _store_name(folder: Path) -> None:
    """Store the folder's new entry, where the system can."""
    with suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
