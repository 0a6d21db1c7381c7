"""A process of the local pool: its clock, and then jobs, come through standard input, results go through
standard output.

All are pickled, between a program and its own child alone. When the other end has gone, what is at work is
stopped as by Ctrl-C, and the process ends.
"""

from __future__ import annotations

import os
import pickle
import queue
import signal
import sys
import threading
from typing import TYPE_CHECKING, BinaryIO

from voiceform.fleet.jobs import Job, run_job
from voiceform.fleet.opening import Surroundings
from voiceform.model.halting import Halt
from voiceform.stack.listener import Signals

if TYPE_CHECKING:
    from voiceform.fleet.watching import Group

_FILES = 65_536
HALT = "halt"
"""In the place of a job: stop what is at work."""


def main() -> None:
    """Work until standard input ends."""
    for number in ("SIGINT", "SIGHUP"):
        if hasattr(signal, number):  # whoever started us says when to stop
            signal.signal(getattr(signal, number), signal.SIG_IGN)
    _allow_files()
    results = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints must not be taken for a result
    try:
        clock = pickle.load(sys.stdin.buffer)  # noqa: S301 - from the program that started this one
    except (EOFError, OSError, pickle.UnpicklingError):
        return  # it is gone already
    except Exception as error:  # its class is none that can be imported here
        sys.exit(f"voiceform: the clock cannot be read in a process of its own: {error}")
    halt = Halt()
    jobs: queue.SimpleQueue[Job | Group | None] = queue.SimpleQueue()
    threading.Thread(target=_read, args=(sys.stdin.buffer, jobs, halt), daemon=True).start()
    here = Surroundings(os.environ, clock, halt.event, Signals(client=halt.stops))
    writing = threading.Lock()

    def answer(item: object) -> None:
        with writing:
            pickle.dump(item, results)
            results.flush()

    while (job := jobs.get()) is not None:
        if isinstance(job, Job):
            answer(run_job(job, here))
        else:
            from voiceform.fleet.watching import watch_group

            watch_group(job, here, answer)
            answer(None)


def _allow_files() -> None:
    """As many open files as there may be: each stack that is watched has three or four."""
    try:
        import resource
    except ImportError:  # a system without such limits
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = _FILES if hard == resource.RLIM_INFINITY else min(hard, _FILES)
    if soft != resource.RLIM_INFINITY and soft < most:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))


def _read(stream: BinaryIO, jobs: queue.SimpleQueue[Job | Group | None], halt: Halt) -> None:
    try:
        while True:
            message = pickle.load(stream)  # noqa: S301 - from the program that started this one
            if message == HALT:
                halt.now()
            else:
                jobs.put(message)
    except (EOFError, OSError, pickle.UnpicklingError):
        halt.now()
        jobs.put(None)


if __name__ == "__main__":
    main()
