"""Starting: what a command costs before it does anything.

    python bench/start.py

Each contestant is a process of its own: `--version` and `--help` of voiceform beside the import of click,
which both need, and beside Python itself; and `validate` of three queues, and of a file that has a schedule,
a room and a retention rule too.
"""

from __future__ import annotations

import os
import sys
import tempfile
from functools import partial
from pathlib import Path

import harness

VOICEFORM = Path(sys.executable).with_name("voiceform")
QUEUES = """\
version: 1
queues:
  support: {max_size: 200}
  sales: {max_size: 50}
  billing: {max_size: 20}
"""
OTHERS = """\
conferences:
  standup: {settings: {beep: on-enter}}
calls:
  reminder:
    to: "+15558675310"
    from: "+15017122661"
    schedule: {cron: "0 9 * * MON-FRI", timezone: America/New_York, start: 2026-12-01}
    answer: {conference: standup}
retention:
  recordings: [{name: all, keep: 90d}]
"""


def main() -> None:
    chosen = harness.options(__doc__ or "").parse_args()
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # with it each start compiles what has no cache
    report = harness.Report("start", chosen)
    python = [sys.executable, "-c"]
    with tempfile.TemporaryDirectory() as folder:
        for name, text in (("queues", QUEUES), ("all", QUEUES + OTHERS)):
            Path(folder, f"{name}.yaml").write_text(text, encoding="utf-8")
        commands = {
            "python -c pass": [*python, "pass"],
            "python -c 'import click'": [*python, "import click"],
            "voiceform --version": [VOICEFORM, "--version"],
            "voiceform --help": [VOICEFORM, "--help"],
            "voiceform validate, three queues": [VOICEFORM, "-f", f"{folder}/queues.yaml", "validate"],
            "voiceform validate, every section": [VOICEFORM, "-f", f"{folder}/all.yaml", "validate"],
        }
        report.compare(
            "From the start to the end of a process",
            {name: partial(harness.process, command) for name, command in commands.items()},
            baseline="python -c 'import click'",
        )
    report.save()


if __name__ == "__main__":
    main()
