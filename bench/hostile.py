"""Validating a megabyte of each kind of file that is made to hurt, in each format.

    python bench/hostile.py [KIND] ...

Each measurement is a process of its own, imports included: seconds of processor time, and peak memory in MB.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from tests.config.bombs import BOMBS  # noqa: E402

SIZE = 1_000_000
FORMATS = ("text", "json", "github", "sarif")
PROGRAM = """
import contextlib, io, resource, sys
from voiceform.cli import main
resource.setrlimit(resource.RLIMIT_CPU, (60, 60))
with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
    main(["-f", sys.argv[1], "validate", "--format", sys.argv[2]], environ={})
used = resource.getrusage(resource.RUSAGE_SELF)
print(f"{used.ru_utime + used.ru_stime:.2f} s {used.ru_maxrss // 1024:4} MB", end="   ")
"""


def main() -> None:
    """Print one line for each kind."""
    print(f"{'':40}" + "".join(f"{name:18}" for name in FORMATS))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "voiceform.yaml"
        for kind in sys.argv[1:] or BOMBS:
            path.write_text(BOMBS[kind](SIZE), encoding="utf-8", newline="")
            print(f"{kind:40}", end="", flush=True)
            for name in FORMATS:
                subprocess.run([sys.executable, "-c", PROGRAM, str(path), name], cwd=ROOT)
            print()


if __name__ == "__main__":
    main()
