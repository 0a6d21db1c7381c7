"""What the machine refuses where no part of ours expected it: memory, threads, open files, a file."""

from __future__ import annotations

import errno

from voiceform.model.errors import VoiceformError

_TABLES = (errno.EMFILE, errno.ENFILE)
_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_BROKEN = (errno.EIO, errno.ESTALE, errno.EROFS)
_AGAIN = (
    "then run again: the next run finds out first what became of what was begun. Fewer requests at once"
    " (--parallelism) need less"
)
_MORE = {
    "memory": f"give it more memory; {_AGAIN}",
    "threads": f"raise the limit (`ulimit -u`, `ulimit -v`, or what a container sets); {_AGAIN}",
    "room for a file": f"make room on its disk, or raise the limit (`ulimit -f`, a quota); {_AGAIN}",
    "open files": f"raise the limit (`ulimit -n`); {_AGAIN}",
}


def refusal(error: Exception) -> VoiceformError | None:
    """The error for people, where the machine or a limit on this process is the reason; None for a defect."""
    missing = _missing(error)
    if missing is not None:
        return VoiceformError(f"this process gets no more {missing}", hint=_MORE[missing])
    if isinstance(error, ConnectionError):
        return VoiceformError(
            f"a connection of this process was broken: {error.strerror}",
            hint=f"check what ends connections, and the limit of open files (`ulimit -n`); {_AGAIN}",
        )
    if isinstance(error, OSError) and error.filename is not None:
        return VoiceformError(
            f"cannot be used: {error.strerror}",
            where=str(error.filename2 or error.filename),
            hint="check that it is there, that you may write to it, and that there is room; then run again",
        )
    if isinstance(error, OSError) and error.errno in _BROKEN:  # of a file that is open: nobody knows its name
        return VoiceformError(f"a disk gives errors: {error.strerror}", hint=f"check the disks, {_AGAIN}")
    return None


def _missing(error: Exception) -> str | None:
    if isinstance(error, MemoryError):
        return "memory"
    if isinstance(error, RuntimeError) and "can't start new thread" in str(
        error
    ):  # Python has no class for it
        return "threads"
    if isinstance(error, OSError) and error.errno in _TABLES:
        return "open files"
    if isinstance(error, OSError) and error.errno in _ROOM and error.filename is None:
        return "room for a file"
    return "memory" if isinstance(error, OSError) and error.errno == errno.ENOMEM else None
