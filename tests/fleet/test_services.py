"""Two services about one fleet, of which one is killed: everybody is called, and nobody twice."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tests.fleet.fleets import FleetFolder, sid
from tests.fleet.processes import children, wait_for_requests
from tests.warm.started import Started
from voiceform.model.clock import ManualClock

NAMES = ("acme", "beta", "gamma", "delta")
PEOPLE = [f"+1555867531{number}" for number in range(8)]
OPEN = {"due", "reserved", "waiting"}
LEASE = 6
CALLS = """calls:
  reminder:
    to: %s
    from: "+15017122661"
    schedule: {at: %s, timezone: UTC}
    misfire_grace: 5h
    answer: {say: hello}
"""
SERVICE = (
    "import sys; from datetime import timedelta; from voiceform.cli import main;"
    f" sys.exit(main(sys.argv[1:], lease_ttl=timedelta(seconds={LEASE})))"
)


class Service:
    """A service with a lease that runs out soon; what it says goes to a file, so that it can be read while it
    works."""

    def __init__(self, fleet: FleetFolder, name: str) -> None:
        self._said = fleet.folder / f"{name}.txt"
        argv = ["-C", str(fleet.folder), "fleet", "dispatch", "--watch", "--poll", "1s", "--jobs", "2"]
        with self._said.open("wb") as said:
            self.program = subprocess.Popen(
                [sys.executable, "-c", SERVICE, *argv],
                env={**os.environ, **fleet.environ},
                stdout=said,
                stderr=said,
                text=True,
                start_new_session=True,
            )

    @property
    def said(self) -> str:
        return self._said.read_text(encoding="utf-8")

    def wait_for(self, *texts: str) -> None:
        until = time.monotonic() + 60
        while not all(text in self.said for text in texts):
            assert self.program.poll() is None, self.said
            assert time.monotonic() < until, self.said
            time.sleep(0.05)


def called(fleet: FleetFolder) -> Counter[tuple[str, str]]:
    """How often each person of each account was called, as the server has it."""
    return Counter(
        (entry["path"].split("/")[3], entry["params"]["To"])
        for entry in fleet.emulator.requests("createCall")
    )


def ledger(fleet: FleetFolder) -> dict[tuple[str, str], str]:
    """What each stack knows of each person."""
    found = {}
    for number, name in enumerate(NAMES, 1):
        fleet.environ["TWILIO_ACCOUNT_SID"] = sid(number)
        state = f"sqlite:///{fleet.folder}/states/{name}.db"
        listed = fleet.main("--state", state, "calls", "list", "--format", "json", "--show-numbers").json
        found.update({(sid(number), each["to"]): each["status"] for each in listed["calls"]})
    return found


def test_everybody_is_called_and_nobody_twice_when_one_of_two_services_is_killed(fleet: FleetFolder) -> None:
    now = datetime.now(UTC)
    fleet.of(*NAMES, more=CALLS % (json.dumps(PEOPLE), f"{now:%Y-%m-%dT%H:%M:%S}"))
    fleet.ok("apply", "--auto-approve", clock=ManualClock(now - timedelta(hours=1)))
    first = Service(fleet, "first")
    first.wait_for(*(f"{name}: " for name in NAMES))  # it has all of them
    second = Service(fleet, "second")
    second.wait_for(*(f"{name}: the state" for name in NAMES))
    for pid in (*children(first.program.pid), first.program.pid):
        os.kill(pid, signal.SIGKILL)
    first.program.wait()
    assert len(called(fleet)) < len(NAMES) * len(PEOPLE)  # in the midst of it
    everybody = {(sid(number), to) for number in range(1, 5) for to in PEOPLE}
    until = time.monotonic() + 120
    while len(known := ledger(fleet)) < len(everybody) or not OPEN.isdisjoint(known.values()):
        assert second.program.poll() is None, second.said
        assert time.monotonic() < until, known
        time.sleep(0.3)
    second.program.send_signal(signal.SIGTERM)
    code = second.program.wait(timeout=60)
    assert "Traceback" not in first.said + second.said
    for name in NAMES:
        assert second.said.count(f"{name}: the state") == 1  # quietly
        assert f"{name}: goes on" in second.said
    calls = called(fleet)
    assert set(calls.values()) == {1}  # nobody twice
    lost = everybody - set(calls)
    assert all(known[each] == "unknown" for each in lost)  # nor forgotten: a person is asked
    assert len(lost) <= len(NAMES)
    assert code == (8 if "unknown" in known.values() else 0), second.said


def test_one_process_watches_more_stacks_than_a_shell_lets_it_open_files(fleet: FleetFolder) -> None:
    fleet.of(*(f"s{number}" for number in range(1, 31)))
    argv = ["-C", str(fleet.folder), "fleet", "dispatch", "--watch", "--jobs", "2"]
    program = subprocess.Popen(
        ["sh", "-c", 'ulimit -Sn 40 && exec "$@"', "sh", sys.executable, "-m", "voiceform", *argv],
        env={**os.environ, **fleet.environ},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    until = time.monotonic() + 60
    while len([*(fleet.folder / "states").glob("*.db")]) < 30:
        assert program.poll() is None
        assert time.monotonic() < until
        time.sleep(0.05)
    program.send_signal(signal.SIGTERM)
    out, err = program.communicate(timeout=60)
    assert program.returncode == 0, err
    assert out.endswith("30 stacks: 30 well.\n")


def test_of_two_looks_at_once_one_is_killed_and_the_next_look_finds_out_what_became_of_it(
    fleet: FleetFolder, programs: Path
) -> None:
    now = datetime.now(UTC)
    fleet.of(*NAMES, more=CALLS % (json.dumps(PEOPLE[:2]), f"{now:%Y-%m-%dT%H:%M:%S}") + "    pace: 50\n")
    fleet.ok("apply", "--auto-approve", clock=ManualClock(now - timedelta(hours=1)))
    fault = {"operation": "createCall", "times": 1, "kind": "latency", "delay_ms": 5_000}
    fleet.emulator.faults([fault])
    look = ("fleet", "dispatch", "--jobs", "1", "--format", "json")
    environ = {**os.environ, **fleet.environ}
    first = Started(programs, look, fleet.folder, environ)
    wait_for_requests(fleet, 1, operation="createCall")
    second = Started(programs, look, fleet.folder, environ)
    out, _ = second.communicate(timeout=60)
    codes = {each["stack"]: each["exit_code"] for each in json.loads(out)["stacks"]}
    assert codes == {**dict.fromkeys(NAMES, 0), "acme": 7}
    first.kill()
    first.wait(timeout=60)
    later = ManualClock(now + timedelta(minutes=30))
    done = fleet.run("dispatch", clock=later)
    calls, known = called(fleet), ledger(fleet)
    assert set(calls.values()) == {1}
    assert len(calls) == len(NAMES) * 2
    (doubtful, *others) = [each for each in known if each[0] == sid(1)]
    assert known[doubtful] in ("placed", "answered", "unknown")
    assert done.code == (8 if known[doubtful] == "unknown" else 0)
    assert len(others) == 1
