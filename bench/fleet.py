"""Planning a fleet: many stacks of ten queues, each with an account of its own.

    python bench/fleet.py [--stacks N]

One process, and two side by side, against the emulator on the same machine: `voiceform fleet plan` with its
start, of stacks that are rows of one table.
"""

from __future__ import annotations

import os
import sys
import tempfile
from functools import partial
from pathlib import Path

import harness

from voiceform.emulator import Emulator

VOICEFORM = Path(sys.executable).with_name("voiceform")
FLEET = """\
version: 1
state: sqlite:///states/{stack}.db
credentials: {token: {env: TOKEN}}
stacks: {template: template, csv: accounts.csv}
"""


def write_fleet(folder: Path, stacks: int) -> None:
    """A fleet of so many stacks."""
    queues = "".join(f"  queue-{index}: {{max_size: {index + 1}}}\n" for index in range(10))
    (folder / "template").mkdir()
    (folder / "template" / "voiceform.yaml").write_text(f"version: 1\nqueues:\n{queues}", encoding="utf-8")
    rows = "".join(f"stack-{index},AC{index:032x}\n" for index in range(stacks))
    (folder / "accounts.csv").write_text(f"name,account\n{rows}", encoding="utf-8")
    (folder / "fleet.yaml").write_text(FLEET, encoding="utf-8")


def main() -> None:
    parser = harness.options(__doc__ or "")
    parser.add_argument("--stacks", type=int, default=1_000)
    chosen = parser.parse_args()
    stacks = 20 if chosen.short else chosen.stacks
    report = harness.Report("fleet", chosen)
    with tempfile.TemporaryDirectory() as name, Emulator() as emulator:
        write_fleet(Path(name), stacks)
        os.environ.update(TOKEN="bench", VOICEFORM_BASE_URL=emulator.url)
        command = [VOICEFORM, "-C", name, "fleet", "plan", "--jobs"]
        report.compare(
            f"{stacks:,} stacks of ten queues planned",
            {
                "one process": partial(harness.process, [*command, "1"]),
                "two processes": partial(harness.process, [*command, "2"]),
            },
            baseline="one process",
            operations=stacks,
            unit="stack",
        )
    report.save()


if __name__ == "__main__":
    main()
