"""Validating a configuration of many queues, beside the obvious ways to do it.

    python bench/config.py [--queues N]

Each contestant is a process of its own, its start included:

- `voiceform validate`: every key and value with its place, interpolation, the schema, names that look alike
- the C loader of PyYAML alone, whose result knows no places
- that and jsonschema's `iter_errors`, which is what one would write
- that and jsonschema-rs, the library that voiceform uses too

Once all is right, and once with 100 values out of range, all of which each has to find; voiceform shows
each with its place and its line.
"""

from __future__ import annotations

import os
import sys
import tempfile
from functools import partial
from pathlib import Path

import harness

ROOT = Path(__file__).resolve().parents[1]
VOICEFORM = Path(sys.executable).with_name("voiceform")
LOADED = "import sys, yaml\ndocument = yaml.load(open(sys.argv[1], encoding='utf-8'), yaml.CSafeLoader)\n"
CHECKED = """
import json
from {module} import Draft202012Validator
schema = json.load(open(sys.argv[2], encoding='utf-8'))
found = list(Draft202012Validator(schema).iter_errors(document))
sys.exit(f"{{len(found)}} errors" if len(found) != int(sys.argv[3]) else 0)
"""
SCRIPTS = {
    "PyYAML's C loader": LOADED,
    "PyYAML and jsonschema": LOADED + CHECKED.format(module="jsonschema"),
    "PyYAML and jsonschema-rs": LOADED + CHECKED.format(module="jsonschema_rs"),
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


def contestants(folder: Path, wrong: int) -> dict[str, harness.Contestant]:
    """Everybody, for the configuration in a folder with so many mistakes."""
    path = folder / "voiceform.yaml"
    arguments = [path, ROOT / "schemas" / "config.schema.json", str(wrong)]
    scripts = {
        name: partial(harness.process, [sys.executable, "-c", script, *arguments])
        for name, script in SCRIPTS.items()
    }
    ours = partial(
        harness.process, [VOICEFORM, "-f", path, "validate", "--format", "json"], codes=[1 if wrong else 0]
    )
    return {"voiceform validate": ours, **scripts}


def main() -> None:
    parser = harness.options(__doc__ or "")
    parser.add_argument("--queues", type=int, help="how many (10,000)")
    chosen = parser.parse_args()
    count = chosen.queues or (1_000 if chosen.short else 10_000)
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # with it each start compiles what has no cache
    report = harness.Report("config", chosen)
    with tempfile.TemporaryDirectory() as folder:
        for title, wrong in (("all of them right", 0), ("100 values wrong", 100)):
            write_queues(Path(folder) / "voiceform.yaml", count, wrong=wrong)
            report.compare(
                f"{count:,} queues, {title}",
                contestants(Path(folder), wrong),
                baseline="PyYAML and jsonschema",
                operations=count,
                unit="queue",
            )
    report.save()


if __name__ == "__main__":
    main()
