"""Every benchmark, one after the other.

    python bench/all.py [--short] [--results bench/results] [NAME ...]

Each runs in a process of its own, as it would alone. With `--results` each writes NAME.json there. One that
fails does not keep the others from running.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from pathlib import Path

FOLDER = Path(__file__).resolve().parent
#: What benchmarks are made of.
PARTS = ("all", "figures", "harness", "lean_client", "lean_server")


def benchmarks() -> list[str]:
    """The names of all that there are."""
    return sorted(path.stem for path in FOLDER.glob("*.py") if path.stem not in PARTS)


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--short", action="store_true", help="each with little to do")
    parser.add_argument("--results", type=Path, metavar="FOLDER", help="where each writes NAME.json")
    parser.add_argument("names", nargs="*", choices=[*benchmarks(), []], metavar="NAME", help="only these")
    chosen = parser.parse_args()
    failed, began = [], time.perf_counter()
    for name in chosen.names or benchmarks():
        command = [sys.executable, str(FOLDER / f"{name}.py")]
        if chosen.short:
            command += ["--short", "--rounds", "3"]
        if chosen.results:
            command += ["--json", str(chosen.results / f"{name}.json")]
        if subprocess.run(command).returncode:
            failed.append(name)
        print(flush=True)
    print(f"{time.perf_counter() - began:.0f} seconds in all")
    if failed:
        print(f"failed: {', '.join(failed)}", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
