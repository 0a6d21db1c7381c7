"""A helper process of the tests of disks: runs each command in a fork, on a disk that may fail.

    python -m tests.disks.runner FOLDER

Reads a JSON line per run from stdin, `{argv, environ, now, spool, mistake}`, and answers with `[exit code,
stdout, stderr]`. Outputs go to files in FOLDER, which is not on that disk; `mistake` is the name of one in
mistakes.py, or null.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from datetime import datetime
from pathlib import Path
from typing import Any

from tests.disks.mistakes import MISTAKES
from tests.warm.imports import warm_up
from voiceform.cli import main as command_line
from voiceform.model.clock import ManualClock


def run(asked: dict[str, Any], outputs: list[Path]) -> int:
    """Fork, and wait for the end; the exit code, below 0 that of a signal."""
    child = os.fork()
    if child:
        _, status = os.waitpid(child, 0)
        return os.waitstatus_to_exitcode(status)
    code = 70
    try:
        for stream, path in enumerate(outputs, 1):
            os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), stream)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        tempfile.tempdir = asked["spool"]
        os.environ["TMPDIR"] = os.environ["SQLITE_TMPDIR"] = asked["spool"]
        if asked["mistake"] is not None:
            MISTAKES[asked["mistake"]].make()
        clock = ManualClock(datetime.fromisoformat(asked["now"]))
        code = command_line(asked["argv"], environ=asked["environ"], clock=clock)
        for text in (sys.stdout, sys.stderr):
            text.flush()
    finally:
        os._exit(code)


def main() -> None:
    """The program."""
    warm_up()
    outputs = [Path(sys.argv[1], name) for name in ("out", "err")]
    for line in sys.stdin:
        code = run(json.loads(line), outputs)
        texts = [path.read_text(encoding="utf-8", errors="replace") for path in outputs]
        sys.stdout.write(json.dumps([code, *texts]) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
