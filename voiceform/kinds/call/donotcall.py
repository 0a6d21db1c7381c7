"""The do-not-call list: read again whenever it changes, and no list means no calls."""

from __future__ import annotations

import threading
from pathlib import Path

from voiceform.model.errors import VoiceformError
from voiceform.model.numbers import normal_number


class DoNotCallError(VoiceformError):
    """The list is missing, unreadable or damaged; nobody is called until it is mended."""


class DoNotCallList:
    """The numbers in one file: one a line; what follows a comma or # is a remark; empty lines are skipped.

    Safe for several threads. Every question looks at the file, so an entry counts from the next call on.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._stamp: tuple[int, int, int] | None = None
        self._numbers: frozenset[str] = frozenset()

    def holds(self, number: str) -> bool:
        """Whether `number` must not be called; DoNotCallError when nobody can know."""
        with self._lock:
            self._refresh()
            return number in self._numbers

    def _refresh(self) -> None:
        try:
            status = self._path.stat()
            stamp = (status.st_mtime_ns, status.st_size, status.st_ino)
            if stamp != self._stamp:
                self._numbers = self._read()
                self._stamp = stamp
        except (OSError, UnicodeDecodeError) as error:
            self._stamp = None
            reason = getattr(error, "strerror", None) or "it is not UTF-8 text"
            raise self._unusable(f"cannot be read: {reason}", str(self._path)) from error

    def _read(self) -> frozenset[str]:
        numbers: set[str] = set()
        with self._path.open(encoding="utf-8-sig") as file:
            for line, text in enumerate(file, 1):
                entry = text.split("#", 1)[0].split(",", 1)[0].strip()
                if not entry:
                    continue
                try:
                    numbers.add(normal_number(entry))
                except ValueError as error:
                    raise self._unusable(
                        f"has an entry that is not a number: {error}", f"{self._path}:{line}:1"
                    ) from error
        return frozenset(numbers)

    def _unusable(self, problem: str, where: str) -> DoNotCallError:
        return DoNotCallError(
            f"the do-not-call list {problem}",
            where=where,
            hint="nobody is called until the list can be read; one number a line, as +15558675310",
        )
