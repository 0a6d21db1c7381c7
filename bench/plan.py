"""Planning over many queues, next to what one would write with Twilio's helper library.

    python bench/plan.py [COUNT ...]        (default: 1000 10000)

Both read the same queues from the same emulator, in a process of their own:

- voiceform: `voiceform plan` with a state that records every queue: load, validate, list, compare, render
- script: yaml.safe_load, `client.queues.list()` of the twilio package, and a comparison of two dicts

Prints wall time and peak memory of each, and what one more queue costs voiceform.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from voiceform.emulator import Emulator

ACCOUNT = "AC" + "a" * 32
SCRIPT = """
import os, sys, yaml
from twilio.rest import Client
client = Client(os.environ["TWILIO_ACCOUNT_SID"], os.environ["TWILIO_AUTH_TOKEN"])
client.api.base_url = os.environ["VOICEFORM_BASE_URL"]
declared = yaml.safe_load(open("voiceform.yaml"))["queues"]
wanted = {block.get("friendly_name", key): block["max_size"] for key, block in declared.items()}
live = {queue.friendly_name: queue.max_size for queue in client.queues.list(page_size=1000)}
sys.exit(0 if wanted == live else 1)
"""


def measured(command: list[str], folder: Path, environ: dict[str, str]) -> tuple[float, float]:
    """Seconds and peak memory in MB of one process."""
    began = time.perf_counter()
    process = subprocess.Popen(command, cwd=folder, env=environ, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    if os.waitstatus_to_exitcode(status) != 0:
        raise SystemExit(f"{command} failed")
    return time.perf_counter() - began, usage.ru_maxrss / 1024


@contextmanager
def account(count: int) -> Iterator[tuple[Path, dict[str, str]]]:
    """A folder whose configuration and state fit an account of so many queues."""
    with Emulator() as emulator, tempfile.TemporaryDirectory() as name:
        emulator.seed({"generate": {"queues": {"count": count}}})
        environ = {
            **os.environ,
            "TWILIO_ACCOUNT_SID": ACCOUNT,
            "TWILIO_AUTH_TOKEN": "bench",
            "VOICEFORM_BASE_URL": emulator.url,
        }
        voiceform = [sys.executable, "-m", "voiceform"]
        for arguments in (["export", "--out", "voiceform.yaml"], ["apply", "--auto-approve"]):
            subprocess.run([*voiceform, *arguments], cwd=name, env=environ, check=True, capture_output=True)
        yield Path(name), environ


def main(counts: list[int]) -> None:
    resource.setrlimit(resource.RLIMIT_NOFILE, (4096, 4096))
    previous: tuple[int, float] | None = None
    print(f"{'queues':>8} {'voiceform':>18} {'script':>18} {'time ratio':>11} {'memory ratio':>13}")
    for count in counts:
        with account(count) as (folder, environ):
            plan = [sys.executable, "-m", "voiceform", "plan", "--detailed-exitcode"]
            ours = min(measured(plan, folder, environ) for _ in range(3))
            theirs = min(measured([sys.executable, "-c", SCRIPT], folder, environ) for _ in range(3))
        print(
            f"{count:>8} {ours[0]:>8.2f} s {ours[1]:>4.0f} MB {theirs[0]:>8.2f} s {theirs[1]:>4.0f} MB"
            f" {ours[0] / theirs[0]:>11.2f} {ours[1] / theirs[1]:>13.2f}"
        )
        if previous is not None:
            marginal = (ours[0] - previous[1]) / (count - previous[0])
            print(f"{'':>8} one more queue costs {marginal * 1e6:.0f} microseconds")
        previous = (count, ours[0])


if __name__ == "__main__":
    main([int(text) for text in sys.argv[1:]] or [1000, 10_000])
