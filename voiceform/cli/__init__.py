"""The command line. `main` is the whole program as a function: arguments in, exit code out."""

from __future__ import annotations

import sys

from voiceform.cli.app import main

__all__ = ["main", "run"]


def run() -> None:
    """The console script."""
    sys.exit(main())
