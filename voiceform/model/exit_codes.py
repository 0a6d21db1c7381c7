"""How the program may end: docs/exit-codes.md says what to do about each."""

from __future__ import annotations

from collections.abc import Iterable
from enum import IntEnum


class ExitCode(IntEnum):
    """The exit code of a command, the same in every output format.

    Those above 128 are 128 and the number of a signal, as shells have it.
    """

    DONE = 0
    """Done, or nothing to do."""
    ERROR = 1
    """Bad configuration, wrong credentials, no connection; what the other codes do not say."""
    CHANGES = 2
    """Changes are pending, and it was asked to tell so."""
    DRIFT = 3
    """Only drift."""
    BLOCKED = 4
    """A safety limit, a protection or a hold refuses."""
    INCOMPLETE = 5
    """Some operations failed or were not begun; the others are done."""
    STALE = 6
    """The plan no longer fits, or was used."""
    LOCKED = 7
    """Another run holds the lock."""
    UNKNOWN = 8
    """Whether something happened cannot be proven; a person has to look."""
    USAGE = 64
    """The command line is wrong (EX_USAGE of sysexits.h)."""
    HANGUP = 129
    """Ended by SIGHUP."""
    INTERRUPTED = 130
    """Ended by Ctrl-C (SIGINT)."""
    READER_GONE = 141
    """Whoever read stdout has gone; SIGPIPE in git, cat and others."""
    TERMINATED = 143
    """Ended by SIGTERM."""

    @classmethod
    def of_signal(cls, number: int) -> ExitCode:
        """The code of a command that this signal ended; ValueError for signals that are not obeyed."""
        return cls(128 + number)

    @classmethod
    def worst(cls, codes: Iterable[ExitCode]) -> ExitCode:
        """The one that is told of several: what nobody knows, then what was done in part, then what a person
        has to decide, then what only has to be tried again."""
        return min(codes, key=lambda code: code.rank, default=cls.DONE)

    @property
    def rank(self) -> int:
        """Its place among all, the worst first."""
        return _FIRST.index(self)


_FIRST = (
    ExitCode.UNKNOWN,
    ExitCode.INTERRUPTED,
    ExitCode.TERMINATED,
    ExitCode.HANGUP,
    ExitCode.READER_GONE,
    ExitCode.INCOMPLETE,
    ExitCode.BLOCKED,
    ExitCode.STALE,
    ExitCode.USAGE,
    ExitCode.ERROR,
    ExitCode.LOCKED,
    ExitCode.CHANGES,
    ExitCode.DRIFT,
    ExitCode.DONE,
)
