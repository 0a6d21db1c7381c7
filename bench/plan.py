"""Planning over many queues of which every hundredth is to change.

    python bench/plan.py [--counts 1000 10000 100000]

Each is a process of its own, with its start: `voiceform plan`, with a state that records every queue (load,
validate, list, compare, show); what one would write with Twilio's helper library, `yaml.safe_load`, a list
and a comparison of two dicts; and Python alone, which does nothing. The lean server answers.

The figures say what one more queue costs between two counts, and how much that grows: 1 is constant.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path

import harness
import lean_server

from voiceform.model.address import Address
from voiceform.model.resource import Recorded
from voiceform.state.meta import bump_serial, record_home
from voiceform.state.open import DEFAULT_URL, open_store
from voiceform.state.resources import resource_write

SCRIPT = """
import os, yaml
from twilio.rest import Client
client = Client(os.environ["TWILIO_ACCOUNT_SID"], os.environ["TWILIO_AUTH_TOKEN"])
client.api.base_url = os.environ["VOICEFORM_BASE_URL"]
declared = yaml.safe_load(open("voiceform.yaml"))["queues"]
wanted = {block["friendly_name"]: block["max_size"] for block in declared.values()}
live = {queue.friendly_name: queue.max_size for queue in client.queues.list(page_size=1000)}
print(*[name for name, size in wanted.items() if live.get(name) != size], sep="\\n")
"""
CHANGED = 100
"""Of so many queues one is declared with another size than it has."""


def record(folder: Path, origin: str, count: int) -> None:
    """A state in which every queue is as the account has it."""
    with open_store(DEFAULT_URL, base_dir=folder) as store:
        bump_serial(store)
        record_home(store, lean_server.ACCOUNT, origin)
        for first in range(0, count, 1000):
            some = range(first, min(first + 1000, count))
            store.write(tuple(resource_write(recorded(index), None) for index in some))


def recorded(index: int) -> Recorded:
    """One queue as it was last left."""
    name, size = lean_server.queue(index)
    attributes = {"friendly_name": name, "max_size": size}
    return Recorded(Address("queue", f"queue-{index}"), lean_server.sid("QU", index), attributes)


def declare(path: Path, count: int) -> None:
    """The configuration of all queues."""
    lines = ["version: 1", "queues:"]
    for index in range(count):
        name, size = lean_server.queue(index)
        size = size % 5000 + 1 if index % CHANGED == 0 else size
        lines += [f"  queue-{index}:", f"    friendly_name: {name}", f"    max_size: {size}"]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


@contextmanager
def account(count: int) -> Iterator[tuple[Path, dict[str, str]]]:
    """A folder whose state fits an account of so many queues, and what to tell programs of that."""
    with lean_server.running(queues=count) as server, tempfile.TemporaryDirectory() as name:
        declare(Path(name) / "voiceform.yaml", count)
        record(Path(name), server.origin, count)
        yield Path(name), server.environ()


def compare(report: harness.Report, count: int, *, script: bool) -> harness.Result:
    """All of them over so many queues; ours."""
    with account(count) as (folder, environ):

        def run(*command: str, code: int = 0) -> harness.Contestant:
            program = [sys.executable, *command]
            return lambda: harness.process(program, cwd=folder, environ=environ, codes=[code])

        contestants = {
            "voiceform plan": run("-m", "voiceform", "plan", "--detailed-exitcode", code=2),
            "python -c pass": run("-c", "pass"),
        }
        if script:
            contestants["script with twilio"] = run("-c", SCRIPT)
        return report.compare(f"{count:,} queues, 1 % changed", contestants, operations=count, unit="queue")[
            "voiceform plan"
        ]


def main() -> None:
    parser = harness.options(__doc__)
    parser.add_argument("--counts", type=int, nargs="+", default=[1000, 10_000, 100_000], metavar="COUNT")
    chosen = parser.parse_args()
    report = harness.Report("plan", chosen)
    counts = [200, 1000, 3000] if chosen.short else chosen.counts
    cpu = {count: compare(report, count, script=count <= 10_000).cpu_ms * count for count in counts}
    print()
    more = []
    for few, many in pairwise(counts):
        more.append((cpu[many] - cpu[few]) / (many - few) * 1000)
        report.figure(f"microseconds of CPU for one more queue, from {few:,} to {many:,}", more[-1])
    if len(more) > 1:
        report.figure("how much that grows", more[-1] / more[0])
    report.save()


if __name__ == "__main__":
    main()
