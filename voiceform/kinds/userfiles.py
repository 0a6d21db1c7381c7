"""The one reader of files that a configuration names: lists of people, do-not-call lists, prices.

What stands in such a file is somebody's data. It is never shown: errors name the file, the place, the rule.
A configuration may come from anybody who can open a pull request, so it reaches no file outside the stack's
folder unless the person who runs the command allows it, and never anything but a plain file.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from voiceform.model.diagnostics import Position
from voiceform.model.errors import VoiceformError
from voiceform.model.paths import ALLOW, leads_below

MOST_BYTES = 64 * 1024 * 1024
"""The largest list of people that is read."""

_FLAGS = os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC
_KINDS = (
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISFIFO, "a pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)


class UserFileError(VoiceformError):
    """A file cannot be read. `what` continues the name of the file: `cannot be read: permission denied`."""


@dataclass(frozen=True, slots=True)
class UserFile:
    """The content of a file, and when it was last written, in seconds since 1970."""

    content: bytes
    modified: float


@dataclass(frozen=True, slots=True)
class Places:
    """Where such files may lie: below `folder`, that of the stack, and below each of `allowed`.

    `proven` are the only files that are read, by their paths from one of these folders and their SHA-256;
    None: any. It is for work that was begun on another machine, whose files are meant.
    """

    folder: Path
    allowed: tuple[Path, ...] = ()
    proven: frozenset[tuple[str, str]] | None = None

    def read(self, path: Path, most: int = MOST_BYTES) -> UserFile:
        """The whole file; UserFileError for one that is elsewhere, is no plain file, or is too large."""
        try:
            real = self._checked(path)
            with os.fdopen(os.open(real, _FLAGS), "rb") as file:
                status = os.fstat(file.fileno())
                _require_plain(status)
                content = file.read(most + 1)
        except (OSError, ValueError) as error:
            raise _unreadable(error) from None
        if len(content) > most:
            raise UserFileError(f"is larger than {most:,} bytes", hint="divide it, or choose another file")
        self.require_proven(real, content)
        return UserFile(content, status.st_mtime)

    def require_proven(self, path: str | Path, content: bytes) -> None:
        """UserFileError for a file that is none of `proven`."""
        if self.proven is None:
            return
        import hashlib  # it takes longer to load than a small configuration

        real, digest = os.path.realpath(path), hashlib.sha256(content).hexdigest()
        names = (os.path.relpath(real, os.path.realpath(place)) for place in (self.folder, *self.allowed))
        if not any((Path(name).as_posix(), digest) in self.proven for name in names):
            raise UserFileError(
                "is not there, or not the same, where this was started",
                hint="give every machine the same files, as in one image, and start again",
            )

    def holds(self, path: Path) -> bool:
        """Whether a file or folder lies where it may; whether it is there is another question."""
        return leads_below(path, (self.folder, *self.allowed))

    def stamp(self, path: Path) -> tuple[int, int, int]:
        """What changes whenever the file does; UserFileError as for `read`."""
        try:
            status = os.stat(self._checked(path))
        except (OSError, ValueError) as error:
            raise _unreadable(error) from None
        _require_plain(status)
        return status.st_mtime_ns, status.st_size, status.st_ino

    def _checked(self, path: Path) -> str:
        """`path` without links. What is asked for must be allowed before anything is said about it."""
        real = os.path.realpath(path)
        if not self.holds(path):
            raise UserFileError("lies outside the folder of the stack", hint=ALLOW)
        _require_plain(os.stat(real))
        return real


def _require_plain(status: os.stat_result) -> None:
    if not stat.S_ISREG(status.st_mode):
        kind = next((name for test, name in _KINDS if test(status.st_mode)), "not a plain file")
        raise UserFileError(f"is {kind}", hint="only plain files are read")


def _unreadable(error: OSError | ValueError) -> UserFileError:
    if isinstance(error, FileNotFoundError):
        return UserFileError("is missing", hint="the path is relative to the file that names it")
    reason = (getattr(error, "strerror", None) or "this is no path").lower()
    return UserFileError(f"cannot be read: {reason}", hint="the path is relative to the file that names it")


def place_in(file: str, line: int, column: int = 1) -> Position:
    """A place in a user's data file, whose text is never shown."""
    return Position(file, line, column, private=True)


def text_of(content: bytes) -> str:
    """The text of a file in UTF-8, or in UTF-16 or UTF-8 with a mark at its beginning, as spreadsheets write.

    UserFileError for anything else; what stands in the file is not repeated.
    """
    encoding = "utf-16" if content.startswith((b"\xff\xfe", b"\xfe\xff")) else "utf-8-sig"
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise UserFileError(
            f"is not UTF-8 text (line {line})", hint="save it as CSV UTF-8, or as text in UTF-8"
        ) from None
    if "\0" in text:
        raise UserFileError("holds NUL bytes", hint="save it as CSV UTF-8, or as text in UTF-8")
    return text


def lines_of(text: str) -> Iterator[tuple[int, str]]:
    """The lines of a text with their numbers from 1; only what editors count as a line end is one."""
    return enumerate(text.replace("\r\n", "\n").replace("\r", "\n").split("\n"), 1)
