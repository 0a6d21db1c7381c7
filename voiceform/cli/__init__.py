"""The command line. `main` is the whole program as a function: arguments in, exit code out."""

from __future__ import annotations

import sys

from voiceform.cli.app import main
from voiceform.cli.console import occupy_closed_descriptors, settle_streams

__all__ = ["main", "run"]


def run() -> None:
    """The console script."""
    occupy_closed_descriptors()
    code = main()
    settle_streams()
    sys.exit(code)
