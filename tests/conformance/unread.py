"""A span of time in which nothing may be read but the program itself."""

from __future__ import annotations

import os
import sys
import sysconfig
import threading
import zoneinfo
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import voiceform

_OWN = (
    Path(voiceform.__file__).parent,
    *map(Path, sysconfig.get_paths().values()),
    *map(Path, zoneinfo.TZPATH),
    *map(Path, {sys.prefix, sys.base_prefix}),
)
"""Modules that are imported when they are needed, and the rules of time zones."""
_READING = ("open", "os.listdir", "os.scandir", "glob.glob", "sqlite3.connect", "subprocess.Popen")


class ReadError(AssertionError):
    """Something was read that should not be."""


class _Watch:
    """Hears of all that the interpreter opens, for good; complains only of the thread that is `watched`."""

    def __init__(self) -> None:
        self.watched: int | None = None
        sys.addaudithook(self._hear)

    def _hear(self, event: str, arguments: tuple[Any, ...]) -> None:
        if self.watched != threading.get_ident():
            return
        if not (event in _READING or event.startswith("socket.")):
            return
        if event in ("open", "os.listdir", "os.scandir") and _is_own(arguments[0]):
            return
        raise ReadError(f"{event} {arguments!r}")


@cache
def _watch() -> _Watch:
    return _Watch()


def _is_own(path: Any) -> bool:
    if not isinstance(path, str | bytes):
        return False
    found = Path(os.fsdecode(path)).resolve()
    return any(found.is_relative_to(own.resolve()) for own in _OWN)


@contextmanager
def nothing_is_read() -> Iterator[None]:
    """Raise ReadError where anything but the program's own modules is opened or listed, or a socket used."""
    watch = _watch()
    watch.watched = threading.get_ident()
    try:
        yield
    finally:
        watch.watched = None
