"""What is done in a process of a fleet's pool that is watched: its steps are told, and at one of them
something dies.

The account that it works on is known by the state that it opened last. A step is written into a file before
it is done, as `stack step`, and `stack died` behind the one at which something died.
"""

from __future__ import annotations

import json
import os
import re
import signal
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from tests.matrix.steps import watch

ALONE, PROGRAM, ALL = "the process", "its program", "all of them"
"""Who dies: this process, the one that started it, or that one with all that it started."""
_PATIENCE = 60.0
_write = os.write


@dataclass(frozen=True, slots=True)
class Death:
    """Before which step of the work on a stack somebody dies: once, in all processes that are watched.

    `folder` is where the steps are written; `mistake` is one of mistakes.py, which each process makes.
    """

    folder: str
    who: str = ALONE
    stack: str = ""
    at: int = -1
    mistake: str | None = None

    def variable(self) -> str:
        """For the environment of the processes."""
        return json.dumps(asdict(self))


class Watched:
    """This process."""

    def __init__(self, death: Death) -> None:
        self._death = death
        self._stack = ""
        self._done: dict[str, int] = {}
        self._lock = threading.Lock()
        self._file = os.open(
            Path(death.folder, "steps"), os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600
        )

    def opens(self, url: str) -> None:
        """A state is opened."""
        found = re.search(r"/states/(\w+)\.db", url)
        if found:
            self._stack = found[1]

    def step(self, name: str) -> None:
        """One more is about to be done."""
        with self._lock:
            stack, death = self._stack, self._death
            if not stack:
                return
            at = self._done.get(stack, 0)
            self._done[stack] = at + 1
            if (stack, at) == (death.stack, death.at) and self._first():
                self._die()
            _write(self._file, f"{stack} {name}\n".encode())

    def _first(self) -> bool:
        try:
            os.close(os.open(Path(self._death.folder, "died"), os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
        except FileExistsError:
            return False
        return True

    def _die(self) -> None:
        _write(self._file, f"{self._stack} died\n".encode())
        program = os.getppid()
        if self._death.who == ALONE:
            os.kill(os.getpid(), signal.SIGKILL)
        elif self._death.who == ALL:
            others = [each for each in _children(program) if each != os.getpid()]
            for each in (program, *others, os.getpid()):
                with suppress(ProcessLookupError):
                    os.kill(each, signal.SIGKILL)
        os.kill(program, signal.SIGKILL)
        _until(lambda: os.getppid() != program)
        _until(lambda: not any(thread.name.endswith("(_read)") for thread in threading.enumerate()))


def begin(variable: str) -> None:
    """Watch this process."""
    death = Death(**json.loads(variable))
    if death.mistake is not None:
        import pytest

        from tests.matrix.mistakes import MISTAKES

        MISTAKES[death.mistake](pytest.MonkeyPatch())
    watched = Watched(death)
    watch(watched.step, watched.opens)


def _children(pid: int) -> list[int]:
    tasks = Path(f"/proc/{pid}/task").glob("*/children")
    return [int(each) for path in tasks for each in path.read_text(encoding="ascii").split()]


def _until(happens: Callable[[], bool]) -> None:
    """It does, soon; the process that waits in vain is at fault itself."""
    until = time.monotonic() + _PATIENCE
    while not happens():
        assert time.monotonic() < until
        time.sleep(0.001)
