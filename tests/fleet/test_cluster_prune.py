"""Retention of many accounts on a cluster, while one worker is killed and another stands still."""

from __future__ import annotations

import os
import secrets
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import requests

from tests.counting import Counts
from tests.fleet.clusters import DaskCluster
from tests.fleet.fleets import TOKEN, FleetFolder, sid
from tests.services import PostgresServer, S3Server
from voiceform.emulator import Emulator

ACCOUNTS = int(os.environ.get("FLEET_ACCOUNTS", "16"))
RECORDINGS = int(os.environ.get("FLEET_RECORDINGS", "40"))
"""Recordings of each that are due; for a larger run both come from the environment."""
YOUNG = 3
IN_FLIGHT = 2
PATIENCE = 120 + ACCOUNTS * RECORDINGS / 20
RETENTION = (
    "version: 1\nsafety: {max_delete_percent: 100}\nretention: {recordings: [{name: all, keep: 90d}]}\n"
)


@pytest.fixture
def emulator() -> Iterator[Emulator]:
    """Each request takes a while, so that there is a halfway."""
    with Emulator(latency_ms=40) as made:
        yield made


@pytest.fixture
def accounts(fleet: FleetFolder, postgres_server: PostgresServer, s3_server: S3Server) -> FleetFolder:
    """Many accounts with old recordings and a few young ones; states and evidence where all reach them."""
    run = secrets.token_hex(4)
    fleet.write("template/voiceform.yaml", RETENTION)
    rows = "".join(f"stack-{number},{sid(number)}\n" for number in range(1, ACCOUNTS + 1))
    fleet.write("accounts.csv", f"name,account\n{rows}")
    url = f"postgresql://127.0.0.1:{postgres_server.port}/postgres?schema=p_{run}_{{stack}}"
    fleet.fleet(
        "  - {template: template, csv: accounts.csv}\n",
        f"state: {url}\nevidence: s3://voiceform/{run}/{{stack}}\n",
    )
    fleet.environ |= {"PGUSER": postgres_server.user, "PGPASSWORD": postgres_server.password}
    fleet.environ |= s3_server.environment()
    for number in range(1, ACCOUNTS + 1):
        old = {"count": RECORDINGS, "start": "2020-01-01T00:00:00Z", "end": "2021-01-01T00:00:00Z"}
        young = {"count": YOUNG, "start": (datetime.now(UTC) - timedelta(days=9)).isoformat()}
        fleet.emulator.seed({"account_sid": sid(number), "generate": {"recordings": old}})
        fleet.emulator.seed({"account_sid": sid(number), "generate": {"recordings": young}})
    fleet.write("run", run)
    return fleet


PROGRAM = """
import sys
from datetime import timedelta
from voiceform.cli import main
sys.exit(main(sys.argv[1:], lease_ttl=timedelta(seconds=5)))
"""


def begun(fleet: FleetFolder, *argv: str) -> subprocess.Popen[str]:
    """A command of the fleet as a program of its own, whose locks outlive it by seconds."""
    return subprocess.Popen(
        [sys.executable, "-c", PROGRAM, "-C", str(fleet.folder), "fleet", *argv],
        env={**os.environ, **fleet.environ},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def live(fleet: FleetFolder, number: int) -> list[str]:
    """When the recordings that an account still has were made."""
    url = f"{fleet.emulator.url}/2010-04-01/Accounts/{sid(number)}/Recordings.json?PageSize=1000"
    found = requests.get(url, auth=(sid(number), TOKEN), timeout=60).json()["recordings"]
    return [each["date_created"] for each in found]


def deletions(fleet: FleetFolder) -> int:
    return int(fleet.emulator.stats()["by_operation"].get("deleteRecording", 0))


def wait_for(program: subprocess.Popen[str], holds: Callable[[], bool]) -> None:
    """Until it holds, while the program runs."""
    until = time.monotonic() + PATIENCE
    while not holds():
        assert program.poll() is None, program.communicate()
        assert time.monotonic() < until
        time.sleep(0.02)


def test_exactly_what_is_due_goes_whatever_happens_to_workers(
    accounts: FleetFolder,
    s3_server: S3Server,
    tmp_path: Path,
    counts: Counts,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    total = ACCOUNTS * RECORDINGS
    cluster = DaskCluster(tmp_path / "cluster", accounts.environ, SCHEDULER__WORKER_TTL="9s")
    command = ["prune", "--auto-approve", "--scheduler", cluster.address]
    command += ["--parallelism", str(IN_FLIGHT), "--lock-timeout", "5m"]
    try:
        cluster.start(2, threads=2)
        killed, paused = cluster.workers
        first = begun(accounts, *command)
        wait_for(first, lambda: deletions(accounts) > total // 6)
        paused.send_signal(signal.SIGSTOP)
        before = deletions(accounts)
        wait_for(first, lambda: deletions(accounts) > min(before + total // 6, total * 2 // 3))
        killed.kill()
        cluster.worker(threads=2)  # as a cluster puts another in its place
        out, err = first.communicate(timeout=PATIENCE)
        assert first.returncode == 5, out + err
        assert "run it again: that finds out first what became of it" in out
        assert "Traceback" not in out + err
        time.sleep(62)  # so long the evidence of a run that died is locked, by real clocks
        second = begun(accounts, *command)
        out, err = second.communicate(timeout=PATIENCE)
        assert second.returncode == 0, out + err
        paused.send_signal(signal.SIGCONT)  # it wakes up far beyond its lease
        third = begun(accounts, *command)
        out, err = third.communicate(timeout=PATIENCE)
        assert third.returncode == 0, out + err
    finally:
        cluster.close()
    for number in range(1, ACCOUNTS + 1):
        left = live(accounts, number)
        assert len(left) == YOUNG, number
        assert not any(each.split()[3] in ("2020", "2021") for each in left)
    stats = accounts.emulator.stats()
    most = {stats["max_in_flight_by_account"][sid(number)] for number in range(1, ACCOUNTS + 1)}
    assert max(most) <= IN_FLIGHT
    log = [entry for entry in accounts.emulator.requests("deleteRecording") if entry["status"] == 204]
    assert max(Counter(entry["path"] for entry in log).values()) == 1
    run = (accounts.folder / "run").read_text()
    for name, value in s3_server.environment().items():
        monkeypatch.setenv(name, value)
    for number in range(1, ACCOUNTS + 1):
        verified = accounts.main("prune", "verify", f"s3://voiceform/{run}/stack-{number}")
        assert verified.code == 0, verified.out + verified.err
    counts("a fleet on a cluster", accounts=ACCOUNTS, recordings=total, deletions=len(log))
