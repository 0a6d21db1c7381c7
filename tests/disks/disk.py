"""A disk that fails at a given step: what failing.c does, from the side of the test."""

from __future__ import annotations

import ctypes
import errno
import mmap
import os
import re
import subprocess
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import IntFlag
from pathlib import Path

_NAMES, _LENGTH = 4096, 128


class Does(IntFlag):
    """What a program does to a disk, as failing.c counts it."""

    CREATE = 1
    FOLDER = 2
    WRITE = 4
    SYNC = 8
    LENGTH = 16
    NAME = 32
    REMOVE = 64
    OPEN = 128
    READ = 256
    LINK = 512


_BY_NAME = {
    "create": Does.CREATE,
    "mkdir": Does.FOLDER,
    "write": Does.WRITE,
    "sync": Does.SYNC,
    "truncate": Does.LENGTH,
    "rename": Does.NAME,
    "link": Does.LINK,
    "remove": Does.REMOVE,
    "open": Does.OPEN,
    "read": Does.READ,
}
"""Each by the first word of its steps."""
_PAGE = re.compile(r"^write .*-(wal|shm|journal)( \(deleted\))?$")
_TAKES_ROOM = Does.CREATE | Does.FOLDER | Does.WRITE | Does.LENGTH | Does.NAME | Does.LINK
_CHANGES = _TAKES_ROOM | Does.SYNC | Does.REMOVE | Does.OPEN


@dataclass(frozen=True, slots=True)
class Fault:
    """What a disk does wrong: `error` to what is one of `kinds`, from one step on or at that step `once`."""

    name: str
    kinds: Does
    error: int = 0
    once: bool = False

    def steps(self, all_steps: Iterable[str]) -> list[str]:
        """Those of all steps that the fault is about."""
        return [step for step in all_steps if _BY_NAME[step.partition(" ")[0]] & self.kinds]

    def telling(self, all_steps: Sequence[str]) -> list[int]:
        """At which of its steps it makes a difference: of the pages that SQLite writes one behind the other
        the first and the last, as all of them count or none."""
        own = [at for at, step in enumerate(all_steps) if self.steps([step])]
        return [number for number, at in enumerate(own) if not _within(all_steps, at)]

    @property
    def leaves_nothing(self) -> bool:
        """Whether what was begun can be taken away again."""
        return self.once or not self.kinds & Does.REMOVE


def _within(steps: Sequence[str], at: int) -> bool:
    """Whether a step is one of pages that SQLite writes together, neither the first nor the last of them."""
    beside = [*steps[at - 1 : at], *steps[at + 1 : at + 2]]
    return _PAGE.search(steps[at]) is not None and beside == [steps[at]] * 2


FAULTS = (
    Fault("full", _TAKES_ROOM, errno.ENOSPC),
    Fault("full for a moment", _TAKES_ROOM, errno.ENOSPC, once=True),
    Fault("over its quota", _TAKES_ROOM, errno.EDQUOT),
    Fault("full when it stores", Does.SYNC, errno.ENOSPC),
    Fault("broken", _CHANGES, errno.EIO),
    Fault("broken for a moment", _CHANGES, errno.EIO, once=True),
    Fault("read-only", _CHANGES, errno.EROFS),
    Fault("unreadable", Does.READ, errno.EIO),
)
"""Disks whose steps fail."""
SOUND = Fault("sound", Does(1023))
"""A disk that does all that it is told."""


class _Page(ctypes.Structure):
    _fields_ = (
        *((name, ctypes.c_int) for name in ("count", "at", "once", "error", "kinds", "met")),
        *((name, ctypes.c_char * _LENGTH) for name in ("root",)),
        ("names", ctypes.c_char * _LENGTH * _NAMES),
    )


class Disk:
    """The disk below `root`, for programs that are started with `environ`."""

    def __init__(self, root: Path, library: Path, page: Path) -> None:
        self.root = root
        page.write_bytes(b"\0" * ctypes.sizeof(_Page))
        with page.open("r+b") as file:
            self._memory = mmap.mmap(file.fileno(), 0)
        self._page = _Page.from_buffer(self._memory)
        self.environ = {"LD_PRELOAD": str(library), "FAILING_DISK": str(page)}

    def watch(self, fault: Fault, at: int = -1) -> None:
        """Count from 0 what the fault is about, and let it come at number `at` (never, below 0)."""
        page = self._page
        page.count, page.at, page.met = 0, at, 0
        page.once, page.error, page.kinds = fault.once, fault.error, fault.kinds
        page.root = os.fsencode(self.root)

    def mend(self) -> None:
        """It does what it is told again."""
        self._page.at = -1

    @property
    def steps(self) -> list[str]:
        """What was counted."""
        return [self._page.names[number].value.decode() for number in range(min(self._page.count, _NAMES))]

    @property
    def met(self) -> int:
        """How many steps failed."""
        met: int = self._page.met
        return met

    def close(self) -> None:
        """Give the memory back."""
        del self._page
        self._memory.close()


def compiled(folder: Path) -> Path:
    """The library, made of failing.c."""
    library = folder / "failing.so"
    source = Path(__file__).with_name("failing.c")
    subprocess.run(["gcc", "-O1", "-Wall", "-Werror", "-shared", "-fPIC", "-o", library, source], check=True)
    return library
