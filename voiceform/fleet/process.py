"""One process of this machine that works for a fleet: messages go in, answers come out."""

from __future__ import annotations

import pickle
import subprocess
import sys
import threading
from collections.abc import Mapping
from contextlib import suppress
from typing import IO, TYPE_CHECKING

from voiceform.fleet.worker import HALT
from voiceform.model.errors import UsageError

if TYPE_CHECKING:
    from voiceform.model.clock import Clock


class LostError(Exception):
    """Whoever worked on a stack is gone, and nobody can say how that ended."""


class UnstartedError(Exception):
    """No process could be started: nothing was begun. The text is for people."""


class DiedError(Exception):
    """The process ended; `code` as subprocess has it, negative for a signal."""

    def __init__(self, code: int) -> None:
        self.code = code
        super().__init__(f"was killed by signal {-code}" if code < 0 else f"ended with {code}")


class Process:
    """Started when it is first needed, and again after it has died; its clock is a copy of `clock`.

    It is started anew and not forked: this one has threads and locks, of which a fork would keep copies that
    nobody opens again.
    """

    def __init__(self, environ: Mapping[str, str], clock: Clock) -> None:
        self._environ = environ
        self._clock = _copy_of(clock)  # one that cannot be copied is refused here, and not on a thread
        self._process: subprocess.Popen[bytes] | None = None
        self._writing = threading.Lock()

    def send(self, message: object) -> None:
        """Give it something to do. DiedError, UnstartedError."""
        process = self._started()
        try:
            self._put(process, message)
        except OSError:
            raise self._died(process) from None

    def receive(self) -> object:
        """What it answers next. DiedError."""
        process = self._started()
        assert process.stdout is not None  # noqa: S101 - it is a pipe
        try:
            return pickle.load(process.stdout)  # noqa: S301 - from our own child
        except (EOFError, OSError, ValueError, pickle.UnpicklingError):
            raise self._died(process) from None

    def halt(self) -> None:
        """Stop what is at work, gently."""
        if self._process is not None:
            with suppress(OSError, ValueError):
                self._put(self._process, HALT)

    def kill(self) -> None:
        """End at once."""
        if self._process is not None:
            self._process.kill()

    def close(self) -> None:
        """There is nothing more to do."""
        process, self._process = self._process, None
        if process is not None:
            _close(process)
            process.wait()

    def _started(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            try:
                process = subprocess.Popen(
                    # -P: what lies in the current folder, that of anybody's stack, is no module of ours
                    [sys.executable, "-P", "-m", "voiceform.fleet.worker"],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    env=dict(self._environ),
                    start_new_session=True,  # Ctrl-C is for this process, which passes it on
                )
            except OSError as error:
                raise UnstartedError(
                    f"no process can be started for it: {error.strerror}; raise the limits of open files and"
                    " of processes (`ulimit -n`, `ulimit -u`), or use fewer --jobs"
                ) from error
            assert process.stdin is not None  # noqa: S101 - it is a pipe
            with suppress(OSError):  # it died at once, which whoever asks it next is told
                process.stdin.write(self._clock)
            self._process = process  # only now does anybody else write to it
        return self._process

    def _put(self, process: subprocess.Popen[bytes], message: object) -> None:
        assert process.stdin is not None  # noqa: S101 - it is a pipe
        with self._writing:
            pickle.dump(message, process.stdin)
            process.stdin.flush()

    def _died(self, process: subprocess.Popen[bytes]) -> DiedError:
        self._process = None
        _close(process)
        return DiedError(process.wait())


def _copy_of(clock: Clock) -> bytes:
    try:
        return pickle.dumps(clock)
    except Exception as error:  # of all kinds: what a class of its own may raise
        raise UsageError(
            f"processes of their own have a copy of the clock, and this one cannot be copied: {error}",
            hint="make one that pickle can copy, or work in this process: jobs=1",
        ) from error


def _close(process: subprocess.Popen[bytes]) -> None:
    stream: IO[bytes] | None
    for stream in (process.stdin, process.stdout):
        if stream is not None:
            with suppress(OSError):
                stream.close()
