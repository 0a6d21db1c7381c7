"""What a Dask worker does for a fleet. Only workers import this, and who sends them work.

Dask gives a task to another worker when it takes the first for dead, which may only be slow. A job that only
reads is then done again; of one that may write nothing is begun a second time, and who sent it is told.
"""

from __future__ import annotations

import os
import pickle
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib.metadata import version

import distributed

from voiceform.fleet.opening import Surroundings
from voiceform.fleet.parcels import Parcel, carried_out
from voiceform.model.clock import SystemClock
from voiceform.model.errors import UsageError
from voiceform.model.halting import Halt
from voiceform.stack.listener import Signals
from voiceform.version import __version__

_LOOKS_EVERY = 1.0
"""Seconds between looks at whether the work is still wanted."""
_AT_WORK = ("running", "paused")
_PROFILER = "profile"
"""What Dask calls that which looks at the stacks of a worker's threads a hundred times a second."""


def versions() -> tuple[str, str]:
    """Those of voiceform and of Dask, where this runs."""
    return __version__, version("distributed")


def work(sent_by: str, content: bytes, run: str, once: str | None) -> bytes | None:
    """Do the job of a parcel, until the event `run` is set. UsageError for one of another version.

    `once` names the event that says that it was begun: then nothing is done, and there is no answer.
    """
    if sent_by != __version__:
        raise UsageError(
            f"this was started with voiceform {sent_by}, and the worker has {__version__}",
            hint="give workers, scheduler and whoever starts them one version, as in one image",
        )
    _end_profiler(distributed.get_worker())
    client = distributed.get_client()
    if once is not None:
        begun = distributed.Event(once, client=client)
        if begun.is_set():
            return None
        begun.set()
    parcel = pickle.loads(content)  # noqa: S301 - Dask itself is as much trust in who sends work
    assert isinstance(parcel, Parcel)  # noqa: S101 - for mypy
    with _halted_with(run, client) as halt:
        here = Surroundings(dict(os.environ), SystemClock(), halt.event, Signals(client=halt.stops))
        return pickle.dumps(carried_out(parcel, here, distributed.get_worker().address))


def _end_profiler(worker: distributed.Worker) -> None:
    """Let Dask's profiler be, on a Python with which it can bring the whole process to a standstill for good.

    It asks sys._current_frames(), which holds a lock of the interpreter while it makes objects. Where that
    makes Python 3.11 collect garbage, and a thread begins or ends meanwhile, each waits for the other
    (https://github.com/python/cpython/issues/106883); a job here begins dozens of threads.
    """
    if sys.version_info >= (3, 12):
        return
    profiler = worker.periodic_callbacks.get(_PROFILER)
    if profiler is not None and profiler.is_running():
        worker.loop.add_callback(profiler.stop)


@contextmanager
def _halted_with(run: str, client: distributed.Client) -> Iterator[Halt]:
    """In here the work is stopped as by Ctrl-C when who started it says so, or is gone, and when the worker
    ends or has lost its scheduler."""
    worker = distributed.get_worker()
    key = worker.get_current_task()
    halt, over = Halt(), threading.Event()

    def wanted() -> bool:
        task = worker.state.tasks.get(key)
        return worker.status.name in _AT_WORK and task is not None and task.state != "cancelled"

    def look() -> None:
        event = distributed.Event(run, client=client)
        while not over.is_set():
            told = True
            with suppress(TimeoutError):
                try:
                    told = event.wait(timeout=_LOOKS_EVERY)
                except Exception:  # whatever it was: there is nobody any more who could tell
                    told = True
            if told or not wanted():
                halt.now()
                return

    threading.Thread(target=look, name="voiceform-halt", daemon=True).start()
    try:
        yield halt
    finally:
        over.set()
