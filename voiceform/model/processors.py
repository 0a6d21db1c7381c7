"""On which processors threads run."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress

_FIELD_OF_PROCESSOR = 39 - 3
"""Of /proc/thread-self/stat, counted behind the name of the program, which may have spaces (proc(5))."""


@contextmanager
def on_one_processor() -> Iterator[None]:
    """While this is open, the calling thread, and those that it and they start, run on one processor: that on
    which it runs at present.

    Threads of Python run one at a time. Where many wait for it, and are woken on other processors than the
    one that lets go, each turn costs far more than what is done in it. What computes without the interpreter
    (copying audio over TLS) is better off on all.

    Nothing changes where the system does not let a program choose (all but Linux), where there is one anyway,
    and in a Python whose threads do run side by side.
    """
    before = _moved()
    try:
        yield
    finally:
        if before:
            with suppress(OSError):  # they were taken away meanwhile, and the system chose others
                os.sched_setaffinity(0, before)


def _moved() -> set[int]:
    """Keep to the present processor; on which the thread could run before, empty where nothing changed."""
    if sys.platform != "linux" or not getattr(sys, "_is_gil_enabled", lambda: True)():
        return set()
    try:
        before = os.sched_getaffinity(0)
        if len(before) > 1:
            os.sched_setaffinity(0, {_present()})
            return before
    except (OSError, ValueError, IndexError):  # forbidden, or no /proc
        pass
    return set()


def _present() -> int:
    with open("/proc/thread-self/stat", encoding="utf-8", errors="replace") as file:
        return int(file.read().rpartition(")")[2].split()[_FIELD_OF_PROCESSOR])
