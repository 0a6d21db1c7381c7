"""The command line. `main` is the whole program as a function: arguments in, exit code out."""

from __future__ import annotations

import gc
import os
import signal
import sys
from typing import TYPE_CHECKING, Any

from voiceform.model.exit_codes import ExitCode

_SIGNALLED = 128
_GARBAGE = (50_000, 20, 20)
"""How many objects come before the interpreter looks for rings among them, and how rarely for old ones.

Nearly nothing here is in a ring, and with Python's own 700 that search is a tenth of reading a large file."""

if TYPE_CHECKING:
    from voiceform.cli.app import main

__all__ = ["main", "run"]


def __getattr__(name: str) -> Any:  # noqa: ANN401 - `main`, imported late so that Ctrl-C may come before
    if name != "main":
        raise AttributeError(name)
    from voiceform.cli.app import main

    return main


def run() -> None:
    """The console script."""
    gc.set_threshold(*_GARBAGE)
    try:
        from voiceform.cli.app import main
        from voiceform.cli.support.console import occupy_closed_descriptors, settle_streams

        occupy_closed_descriptors()
        code = main()
        for name in ("SIGINT", "SIGTERM", "SIGHUP"):
            if hasattr(signal, name):  # whatever comes now comes too late
                signal.signal(getattr(signal, name), signal.SIG_IGN)
        settle_streams()
    except KeyboardInterrupt as error:  # before the command had begun
        os._exit(error.args[0] if error.args else ExitCode.INTERRUPTED)
    gc.freeze()  # all of it goes now: nobody has to look through it once more
    if code > _SIGNALLED:
        os._exit(code)  # a thread that is being stopped may still be about
    sys.exit(code)
