"""Writing files: whole or not at all, and never through what somebody else put in the way."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from voiceform.model.runtime import MACHINE

_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)


def write_whole(path: Path, content: str | bytes, *, mode: int = 0o600) -> None:
    """Put `content` at `path` in one step: whoever reads sees what was there before, or all of it.

    It is written under a name that nobody can guess, in the same folder, stored, and then moved; a link at
    `path` is replaced, never followed. Text is UTF-8. OSError when that cannot be; then nothing is left.
    """
    data = content if isinstance(content, bytes) else content.encode("utf-8")
    temporary = path.parent / f".{MACHINE.token(8)}.tmp"
    descriptor = os.open(temporary, _NEW, mode)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        with suppress(OSError):
            temporary.unlink()
        raise
    _store_name(path.parent)


def write_new(path: Path, content: str | bytes, *, mode: int = 0o666) -> None:
    """Put `content` into a new file at `path`. FileExistsError when there is anything, also a dead link;
    other OSErrors when it cannot be written."""
    data = content if isinstance(content, bytes) else content.encode("utf-8")
    descriptor = os.open(path, _NEW, mode)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
    except BaseException:
        with suppress(OSError):
            path.unlink()
        raise


def _store_name(folder: Path) -> None:
    """Store the folder's new entry, where the system can."""
    with suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
