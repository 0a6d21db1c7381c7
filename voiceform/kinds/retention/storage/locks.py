"""Locks on files that end with the process that holds them, however it ends (flock(2)).

Nothing is left to be removed by hand: the file stays, the lock goes. Over NFS the server holds it, for all of
its clients. A file system without locks is an error: a mark in place of one would outlive a killed run.
"""

from __future__ import annotations

import errno
import fcntl
import os
import stat
from pathlib import Path

_FLAGS = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK
_LONGEST_NOTE = 300
_ATTEMPTS = 8
_HELD = frozenset({errno.EWOULDBLOCK, errno.EAGAIN, errno.EACCES})


class HeldError(Exception):
    """Somebody else holds the lock. `note` is what they wrote into the file: data of theirs, or nothing."""

    def __init__(self, note: str) -> None:
        super().__init__(note)
        self.note = note


class NoLocksError(OSError):
    """There are no locks here."""


class FileLock:
    """A lock for one holder at a time, on a file that is made where it is missing (0600)."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._descriptor: int | None = None

    def take(self, note: str) -> None:
        """Take it now or not at all, and write `note` into the file for those who come in vain.

        HeldError; NoLocksError, or another OSError when the file cannot be opened or is none.
        """
        for _ in range(_ATTEMPTS):
            descriptor = os.open(self._path, _FLAGS, 0o600)
            try:
                if self._taken(descriptor):
                    os.fchmod(descriptor, 0o600)
                    os.ftruncate(descriptor, 0)
                    os.pwrite(descriptor, note.encode()[:_LONGEST_NOTE], 0)
                    self._descriptor = descriptor
                    return
            finally:
                if self._descriptor is None:
                    os.close(descriptor)
        raise OSError(errno.EBUSY, "The lock is replaced again and again", str(self._path))

    def release(self) -> None:
        """Give it back, if it is held."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def _taken(self, descriptor: int) -> bool:
        """Whether the lock is ours, and on the file that has the name: that may have been replaced."""
        opened = os.fstat(descriptor)
        if not stat.S_ISREG(opened.st_mode):
            raise OSError(errno.EINVAL, "Not a regular file", str(self._path))
        if not try_lock(descriptor):
            raise HeldError(os.pread(descriptor, _LONGEST_NOTE, 0).decode(errors="replace").strip())
        try:
            return os.path.samestat(opened, os.lstat(self._path))
        except FileNotFoundError:
            return False


def try_lock(descriptor: int) -> bool:
    """Lock an open file until it is closed; False when somebody else has it. NoLocksError."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if not is_held(error):
            raise NoLocksError(error.errno, error.strerror) from error
        return False
    return True


def is_held(error: OSError) -> bool:
    """Whether a lock was refused because somebody has it, and not because there are none here."""
    return error.errno in _HELD
