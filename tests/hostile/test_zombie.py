"""A process that was stopped for longer than its lease sends no write when it wakes up."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.hostile.proxy import Proxy, hostile_proxy
from tests.support import Stack
from tests.twilio.scripted import RESET, Seen, Step, error
from voiceform.model.clock import ManualClock, SystemClock
from voiceform.state.backend import Backend
from voiceform.state.lease import acquire
from voiceform.state.open import DEFAULT_URL, open_store
from voiceform.state.side_lease import DISPATCH_LEASE, SideLease

TTL = 3
STORES = ["sqlite", "postgres", "s3"]
ROOT = Path(__file__).parents[2]

LOST = {
    "reset": RESET,
    "429": error(429, 20429, Retry_After="1"),
    "503": error(503, 20503),
    "page": error(502, 0),
}


@dataclass
class Zombie:
    """A command that is stopped at its first write, and put to death at the end at the latest."""

    process: subprocess.Popen[str]
    proxy: Proxy

    def end(self) -> tuple[int, str]:
        """Wake it; how it ended, and what it said."""
        self.process.send_signal(signal.SIGCONT)
        out, err = self.process.communicate(timeout=60)
        return self.process.returncode, out + err


@contextmanager
def stopped_at(stack: Stack, method: str, path: str, step: Step, *argv: str) -> Iterator[Zombie]:
    """Run a command until its first write reaches the server, which stops it before it answers."""
    with hostile_proxy(stack.emulator.url) as proxy:
        started: list[subprocess.Popen[str]] = []

        def stop(_: Seen) -> bytes:
            while not started:
                pass
            started[0].send_signal(signal.SIGSTOP)
            assert isinstance(step, bytes)
            return step

        proxy.rule(method, path, stop, times=1)
        environ = {**os.environ, **stack.environ, "VOICEFORM_BASE_URL": proxy.url}
        with subprocess.Popen(
            [sys.executable, "-m", "tests.hostile.short_lease", str(TTL), "-C", str(stack.folder), *argv],
            cwd=ROOT,
            env=environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as process:
            started.append(process)
            try:
                os.waitid(os.P_PID, process.pid, os.WSTOPPED | os.WEXITED | os.WNOWAIT)
                assert proxy.seen(method, path), "it ended before its first write"
                yield Zombie(process, proxy)
            finally:
                process.kill()


def take_over(stack: Stack, *, dispatching: bool = False) -> None:
    """Wait until the lease has run out and be the next holder."""
    url = stack.environ.get("VOICEFORM_STATE", DEFAULT_URL)
    with open_store(url, base_dir=stack.folder) as store:
        state: Backend = SideLease(store, DISPATCH_LEASE) if dispatching else store
        with acquire(state, operation="apply", holder="next", clock=SystemClock(), wait=timedelta(minutes=1)):
            pass


def assert_nothing_more(zombie: Zombie, method: str, path: str) -> None:
    code, said = zombie.end()
    assert code == 1, said
    assert "the lease on the state was lost" in said
    assert len(zombie.proxy.seen(method, path)) == 1
    writes = [seen for seen in zombie.proxy.requests if seen.method != "GET"]
    assert len(writes) == 1


def rows(stack: Stack, count: int) -> None:
    now = datetime.now(UTC)
    stack.emulator.seed(
        {
            "recordings": [
                {
                    "sid": f"RE{n:032x}",
                    "call_sid": f"CA{n:032x}",
                    "date_created": (now - timedelta(days=400)).isoformat(),
                }
                for n in range(1, count + 1)
            ]
        }
    )


@pytest.mark.parametrize("shared_state", STORES, indirect=True)
def test_apply_deletes_nothing_when_it_wakes(shared_state: Stack) -> None:
    stack = shared_state
    stack.queues(a=10, b=10, c=10, d=10)
    stack.apply()
    stack.queues(d=10)
    argv = ("apply", "--auto-approve", "--approve", "delete:queue=3", "--parallelism", "1")
    with stopped_at(stack, "DELETE", "/Queues/", RESET, *argv) as zombie:
        take_over(stack)
        assert_nothing_more(zombie, "DELETE", "/Queues/")
    assert set(stack.account.queues()) == {"a", "b", "c", "d"}


@pytest.mark.parametrize("shared_state", STORES, indirect=True)
def test_prune_destroys_nothing_when_it_wakes(shared_state: Stack) -> None:
    stack = shared_state
    rows(stack, 5)
    stack.write("retention:\n  recordings:\n    - {name: old, keep: 90d}\n")
    argv = ("prune", "--auto-approve", "--approve", "delete:recording=5", "--parallelism", "1")
    with stopped_at(stack, "DELETE", "/Recordings/", RESET, *argv) as zombie:
        take_over(stack)
        assert_nothing_more(zombie, "DELETE", "/Recordings/")


@pytest.mark.parametrize("shared_state", STORES, indirect=True)
def test_dispatch_phones_nobody_when_it_wakes(shared_state: Stack) -> None:
    """429 was not processed, so it would be sent again."""
    stack = shared_state
    due = datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=5)
    stack.write(
        'calls:\n  reminder:\n    to: ["+15558675310", "+15558675311"]\n    from: "+15017122661"\n'
        f"    schedule: {{at: {due:%Y-%m-%dT%H:%M:%S}, timezone: UTC}}\n    misfire_grace: 12h\n"
        "    answer: {say: Hello}\n"
    )
    stack.ok("apply", "--auto-approve", clock=ManualClock(due - timedelta(hours=1)))
    with stopped_at(stack, "POST", "/Calls.json", LOST["429"], "dispatch", "--once") as zombie:
        take_over(stack, dispatching=True)
        assert_nothing_more(zombie, "POST", "/Calls.json")
    assert "placed" not in stack.run("calls", "list").out


@pytest.mark.parametrize("name", LOST)
def test_no_failure_of_a_write_is_repeated_after_the_lease(name: str, stack: Stack) -> None:
    stack.queues(a=10)
    stack.apply()
    stack.queues(a=20)
    with stopped_at(stack, "POST", "/Queues/", LOST[name], "apply", "--auto-approve") as zombie:
        take_over(stack)
        assert_nothing_more(zombie, "POST", "/Queues/")
    assert stack.account.queues()["a"]["max_size"] == 10


def test_a_pause_within_the_lease_changes_nothing(stack: Stack) -> None:
    stack.queues(a=10, b=10)
    stack.apply()
    stack.queues(b=10)
    argv = ("apply", "--auto-approve", "--approve", "delete:queue=1")
    with stopped_at(stack, "DELETE", "/Queues/", RESET, *argv) as zombie:
        code, said = zombie.end()
    assert code == 0, said
    assert set(stack.account.queues()) == {"b"}
