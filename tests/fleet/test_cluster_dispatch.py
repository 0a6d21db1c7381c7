"""Calls of many accounts from a cluster: two programs at once, one worker is killed, another stands still."""

from __future__ import annotations

import json
import signal
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.counting import Counts
from tests.fleet.clusters import DaskCluster
from tests.fleet.disturbed import WORKER_TTL, begun, spread, until_done, wait_for
from tests.fleet.fleets import FleetFolder, sid
from tests.services import PostgresServer
from voiceform.emulator import Emulator
from voiceform.model.clock import ManualClock

ACCOUNTS = 8
PEOPLE = [f"+155586753{number:02}" for number in range(10, 22)]
EVERYBODY = {(sid(number), to) for number in range(1, ACCOUNTS + 1) for to in PEOPLE}
WORKERS, THREADS = 2, 2
PATIENCE = 300
OPEN = {"due", "reserved", "waiting"}
CALLS = """version: 1
calls:
  reminder:
    to: %s
    from: "+15017122661"
    schedule: {at: %s, timezone: UTC}
    misfire_grace: 5h
    pace: 10
    answer: {say: hello}
"""


@pytest.fixture
def emulator() -> Iterator[Emulator]:
    """Each request takes a while, so that some are on their way when something happens."""
    with Emulator(latency_ms=80) as made:
        yield made


def called(fleet: FleetFolder) -> Counter[tuple[str, str]]:
    """How often each person of each account was called, as the server has it."""
    return Counter(
        (entry["path"].split("/")[3], entry["params"]["To"])
        for entry in fleet.emulator.requests("createCall")
    )


def ledger(fleet: FleetFolder, state: str) -> dict[tuple[str, str], str]:
    """What each stack knows of each person."""
    found = {}
    for number in range(1, ACCOUNTS + 1):
        fleet.environ["TWILIO_ACCOUNT_SID"] = sid(number)
        where = state.replace("{stack}", f"stack-{number}")
        listed = fleet.main("--state", where, "calls", "list", "--format", "json", "--show-numbers").json
        found.update({(sid(number), each["to"]): each["status"] for each in listed["calls"]})
    return found


def test_everybody_is_called_and_nobody_twice_whatever_happens_to_workers(
    fleet: FleetFolder,
    postgres_server: PostgresServer,
    tmp_path: Path,
    counts: Counts,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now = datetime.now(UTC)
    template = CALLS % (json.dumps(PEOPLE), f"{now:%Y-%m-%dT%H:%M:%S}")
    state, _ = spread(fleet, ACCOUNTS, template, postgres_server)
    for name in ("PGUSER", "PGPASSWORD"):
        monkeypatch.setenv(name, fleet.environ[name])
    fleet.ok("apply", "--auto-approve", clock=ManualClock(now - timedelta(hours=1)))
    cluster = DaskCluster(tmp_path / "cluster", fleet.environ, SCHEDULER__WORKER_TTL=WORKER_TTL)
    command = ("dispatch", "--scheduler", cluster.address)
    try:
        cluster.start(WORKERS, threads=THREADS)
        cluster.keep(threads=THREADS)
        killed, paused = cluster.workers
        programs = [begun(fleet, *command), begun(fleet, *command)]
        some = len(EVERYBODY) // 6
        wait_for(programs, lambda: len(called(fleet)) > some, PATIENCE)
        paused.send_signal(signal.SIGSTOP)
        before = len(called(fleet))
        wait_for(programs, lambda: len(called(fleet)) > before + some // 2, PATIENCE)
        killed.kill()
        assert len(called(fleet)) < len(EVERYBODY)  # in the midst of it
        said = ["".join(program.communicate(timeout=PATIENCE)) for program in programs]
        assert {5, 8} & {program.returncode for program in programs}, said
        assert "Traceback" not in "".join(said)
        until_done(fleet, *command, patience=PATIENCE)
        paused.send_signal(signal.SIGCONT)  # it wakes up far beyond its lease
        until_done(fleet, *command, patience=PATIENCE)
    finally:
        cluster.close()
    done = fleet.run("dispatch", clock=ManualClock(now + timedelta(minutes=30)))
    calls, known = called(fleet), ledger(fleet, state)
    assert set(calls.values()) == {1}  # nobody twice
    assert set(known) == EVERYBODY
    assert OPEN.isdisjoint(known.values()), known
    lost = EVERYBODY - set(calls)
    assert all(known[each] == "unknown" for each in lost)  # nor forgotten: a person is asked
    assert len(lost) <= WORKERS * THREADS
    assert done.code == (8 if "unknown" in known.values() else 0), done.out
    counts("calls from a cluster", accounts=ACCOUNTS, people=len(EVERYBODY), calls=calls.total())
