"""A prune of many recordings: how near it comes to the time that nobody can beat, and what a recording costs.

    python bench/deletes.py [--count 10000] [--in-flight 100] [--latency-ms 50]

Twice, over plain HTTP and over TLS, against the lean server on the same machine, four ways take turns:

- `waiting alone`: as many threads as requests in flight sleep in place of each request, and do nothing else:
  what it costs to wake a thread for each.
- `requests alone`: as many threads as requests in flight call the client's deleteRecording, and nothing else.
- `all but the requests`: a prune of a plan that was made before, with two hundred recordings named by holds,
  and evidence in a folder; each thread sleeps in place of its deletion, and opens no connection for it.
  Lock, journal, looking at each recording again, holds before each, evidence and progress are as ever.
  What it costs more than waiting alone is what a prune does beside its requests.
- `prune`: the same with its deletions.

First a single recording is pruned so, without its request: what lock, plan, journal and the place of the
evidence cost, however much is deleted. Planning is in none of them: bench/retention.py has that.
"""

from __future__ import annotations

import argparse
import io
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import harness
import lean_server

from voiceform.kinds.retention.added import HoldRequest, add
from voiceform.model.clock import SystemClock
from voiceform.model.run import RunReport
from voiceform.render.progress import new_progress
from voiceform.stack.account import Account
from voiceform.stack.parts import Parts
from voiceform.stack.stack import Stack
from voiceform.state.open import DEFAULT_URL, open_store
from voiceform.twilio.client import Client, open_client
from voiceform.twilio.credentials import Credentials
from voiceform.twilio.operations import Asks, Ended

CONFIGURATION = """\
version: 1
safety: {max_recording_deletes: 100000000, max_delete_percent: 100}
retention:
  recordings: [{name: everything, keep: 30d}]
  holds:
"""
HOLDS, NAMED = 10, 10
"""So many holds are declared, each naming so many recordings; one more by command names as many as all."""


class Absent(Parts):
    """Parts whose client leaves deletions and their connections out, and takes their time for them."""

    latency = 0.0

    @contextmanager
    def writer(self, account: Account, may_send: Callable[[], None]) -> Iterator[Client]:
        with super().writer(account, may_send) as client:
            yield cast(Client, Sleeping(client, self.latency))


class Sleeping:
    """A client that sleeps in place of each deletion."""

    def __init__(self, client: Client, latency: float) -> None:
        self._client = client
        self._latency = latency

    def delete_recording(self, sid: str, asks: Asks) -> Ended:
        assert asks.may_send is not None
        assert asks.note_request is not None
        asks.may_send()
        time.sleep(self._latency)
        asks.note_request("RQ0123456789abcdef0123456789abcdef")
        return Ended.NOW

    def connect_ahead(self) -> None:
        """Nothing: what is never sent needs no connection."""

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever the client has
        return getattr(self._client, name)


class Prunes:
    """Plans and prunes of all that one server has, each in a folder of its own."""

    def __init__(self, server: lean_server.LeanServer, chosen: argparse.Namespace) -> None:
        self._server = server
        self._chosen = chosen

    def waiting(self) -> harness.Sample:
        """Threads that sleep, and nothing else."""
        seconds, threads = self._chosen.latency_ms / 1000, self._chosen.in_flight
        return harness.in_threads(lambda _: time.sleep(seconds), range(self._chosen.count), [*range(threads)])

    def requests(self) -> harness.Sample:
        """The deletions alone."""
        count, threads = self._chosen.count, self._chosen.in_flight
        self._server.reset()
        who = Credentials(lean_server.ACCOUNT, lean_server.ACCOUNT, lean_server.TOKEN)
        with open_client(
            who, self._server.origin, read_only=False, clock=SystemClock(), max_in_flight=threads
        ) as client:
            sids = (lean_server.sid("RE", index) for index in range(count))
            beyond = [lean_server.sid("RE", count + number) for number in range(threads)]
            return harness.in_threads(client.delete_recording, sids, beyond)

    def whole(self) -> harness.Sample:
        """A prune."""
        return self._pruned()

    def without(self) -> harness.Sample:
        """A prune whose deletions are left out."""
        return self._pruned(absent=True)

    def _pruned(self, *, absent: bool = False) -> harness.Sample:
        self._server.reset()
        with tempfile.TemporaryDirectory() as name:
            folder, count = Path(name), self._chosen.count
            # What they name is not there, so that as many are deleted as are counted.
            beyond = [lean_server.sid("RE", count + number) for number in range(HOLDS * NAMED)]
            lines = (
                f"    h{n}: {{reason: bench, match: {{recording_sid: [{', '.join(beyond[n::HOLDS])}]}}}}\n"
                for n in range(HOLDS)
            )
            (folder / "voiceform.yaml").write_text(CONFIGURATION + "".join(lines), encoding="utf-8")
            with open_store(DEFAULT_URL, base_dir=folder) as store:
                more = [lean_server.sid("RE", 2 * count + number) for number in range(HOLDS * NAMED)]
                request = HoldRequest.of("by-command", "bench", recordings=more)
                add(store, request, who="bench", now=datetime.now(UTC))
            stack = Stack(
                folder=folder,
                environ=self._server.environ(),
                parallelism=self._chosen.in_flight,
                progress=new_progress(clock=SystemClock(), stream=io.StringIO()),
            )
            if absent:
                stack.parts = Absent(**{part.name: getattr(stack.parts, part.name) for part in fields(Parts)})
                Absent.latency = self._chosen.latency_ms / 1000
            plan = stack.plan_prune()
            reports: list[RunReport] = []
            sample = harness.here(lambda: reports.append(stack.apply(plan)))
            deleted = sum(end.destroyed.deleted for end in reports[0].outcomes if end.destroyed is not None)
            assert deleted == count, reports[0]
            return sample


def main() -> None:
    parser = harness.options(__doc__ or "")
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--in-flight", type=int, default=100)
    parser.add_argument("--latency-ms", type=float, default=50.0)
    chosen = parser.parse_args()
    if chosen.short:
        chosen.count, chosen.rounds = min(chosen.count, 2_000), min(chosen.rounds, 2)
    report = harness.Report("deletes", chosen)
    bound = chosen.count / chosen.in_flight * chosen.latency_ms / 1000
    with lean_server.running(recordings=1, latency_ms=chosen.latency_ms) as server:
        one = argparse.Namespace(**{**vars(chosen), "count": 1})
        alone = report.compare(
            "One deletion", {"all but the request": Prunes(server, one).without}, unit="recording"
        )["all but the request"]
    for tls in (False, True):
        kind = "TLS" if tls else "plain"
        with lean_server.running(recordings=chosen.count, latency_ms=chosen.latency_ms, tls=tls) as server:
            os.environ.update(server.environ())
            prunes = Prunes(server, chosen)
            results = report.compare(
                f"{chosen.count:,} deletions, {chosen.in_flight} in flight, {chosen.latency_ms:g} ms, {kind}",
                {
                    "waiting alone": prunes.waiting,
                    "requests alone": prunes.requests,
                    "all but the requests": prunes.without,
                    "prune": prunes.whole,
                },
                operations=chosen.count,
                unit="recording",
                bound=bound,
            )
        report.figure(f"{kind}: CPU per recording, ms", results["prune"].cpu_ms)
        beside = results["all but the requests"].cpu_ms - results["waiting alone"].cpu_ms
        report.figure(f"{kind}: CPU beside its request, ms", beside)
        each = beside - alone.cpu_ms / chosen.count
        report.figure(f"{kind}: of it that each recording adds, ms", each)
    report.save()


if __name__ == "__main__":
    main()
