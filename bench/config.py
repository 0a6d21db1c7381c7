"""Loading and validating a configuration of many queues, beside the obvious way to do it.

    python bench/config.py [QUEUES] [ROUNDS]

Each measurement runs in a process of its own, imports included, and is the best of some rounds. Left:
`load_configuration`, with a position for every key and value, interpolation, merging and the digest. Right:
`yaml.safe_load` (and its C variant) and jsonschema's `iter_errors`, which know no positions.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PRELUDE = "import sys, time, resource; started = time.perf_counter(); path = sys.argv[1]\n"
REPORT = """
import json
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
print(json.dumps([time.perf_counter() - started, peak, found]))
"""
OURS = """
from pathlib import Path
from voiceform.config.load import load_configuration
from voiceform.kinds.queue import QueueKind
from voiceform.model.errors import ConfigurationError
try:
    load_configuration([Path(path)], base_dir=Path(), environ={}, kinds=[QueueKind()])
    found = 0
except ConfigurationError as error:
    found = len(error.diagnostics)
"""
THEIRS = """
import json, yaml
from jsonschema import Draft202012Validator
document = yaml.load(open(path), yaml.%s)
schema = json.load(open(sys.argv[2]))
found = len(list(Draft202012Validator(schema).iter_errors(document)))
"""
PROGRAMS = {
    "voiceform": OURS,
    "yaml.CSafeLoader + jsonschema": THEIRS % "CSafeLoader",
    "yaml.safe_load + jsonschema": THEIRS % "SafeLoader",
}


def write_queues(path: Path, count: int, *, wrong: int = 0) -> None:
    """A configuration of `count` queues, the first `wrong` of them with a value out of range."""
    with path.open("w", encoding="utf-8") as file:
        file.write("version: 1\nqueues:\n")
        for index in range(count):
            size = 0 if index < wrong else index % 5000 + 1
            protect = "true" if index % 2 else "false"
            file.write(
                f"  queue-{index}:\n    friendly_name: Queue {index}\n"
                f"    max_size: {size}\n    protect: {protect}\n"
            )


def measure(program: str, path: Path, rounds: int) -> tuple[float, float, int]:
    """Best seconds, their megabytes and the number of errors found."""
    schema = ROOT / "schemas" / "config.schema.json"
    command = [sys.executable, "-c", PRELUDE + program + REPORT, str(path), str(schema)]
    runs = [
        json.loads(subprocess.run(command, check=True, capture_output=True, cwd=ROOT).stdout)
        for _ in range(rounds)
    ]
    seconds, megabytes, found = min(runs)
    return seconds, megabytes, found


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 3
    with tempfile.TemporaryDirectory() as folder:
        for title, wrong in (("valid", 0), ("10 of them wrong", 10)):
            path = Path(folder) / "voiceform.yaml"
            write_queues(path, count, wrong=wrong)
            print(f"{count:,} queues, {title}")
            for name, program in PROGRAMS.items():
                seconds, megabytes, found = measure(program, path, rounds)
                print(f"  {name:<32}{seconds:>8.2f} s {megabytes:>6.0f} MB {found:>4} errors")


if __name__ == "__main__":
    main()
