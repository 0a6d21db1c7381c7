"""Retention of many accounts on a cluster, while one worker is killed and another stands still."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import requests

from tests.counting import Counts
from tests.fleet.clusters import DaskCluster
from tests.fleet.disturbed import WORKER_TTL, begun, spread, until_done, wait_for
from tests.fleet.fleets import TOKEN, FleetFolder, sid
from tests.services import PostgresServer, S3Server
from voiceform.emulator import Emulator

ACCOUNTS = int(os.environ.get("FLEET_ACCOUNTS", "24"))
RECORDINGS = int(os.environ.get("FLEET_RECORDINGS", "63"))
"""Recordings of each; `make fleets` gives both as large as they are in earnest."""
RECORDINGS_DUE = int(os.environ.get("FLEET_DUE", "60"))
DUE = {number: max(RECORDINGS_DUE, 1_600 if number == 1 else 0) for number in range(1, ACCOUNTS + 1)}
"""Of each account by its number. One has more than a page, so that its list is read in spans side by side."""
TOTAL = sum(DUE.values())
YOUNG = RECORDINGS - RECORDINGS_DUE
PROGRAMS, WORKERS, THREADS, IN_FLIGHT = 2, 2, 2, 2
PATIENCE = 300 + TOTAL / 20
LATENCY = min(40.0, 40_000 / TOTAL)
"""Milliseconds of each request: there must be a halfway, also of few."""
RETENTION = (
    "version: 1\nsafety: {max_deletes: 10, max_delete_percent: 100, max_recording_deletes: 1000000}\n"
    "retention: {recordings: [{name: all, keep: 90d}]}\n"
)


@pytest.fixture
def emulator() -> Iterator[Emulator]:
    with Emulator(latency_ms=LATENCY) as made:
        yield made


@pytest.fixture
def evidence(fleet: FleetFolder, postgres_server: PostgresServer, s3_server: S3Server) -> str:
    """Many accounts with old recordings and young ones; where the evidence of each lies."""
    for number, due in DUE.items():
        old = {"count": due, "start": "2020-01-01T00:00:00Z", "end": "2021-01-01T00:00:00Z"}
        young = {"count": YOUNG, "start": (datetime.now(UTC) - timedelta(days=9)).isoformat()}
        for made in (old, young):
            fleet.emulator.seed({"account_sid": sid(number), "generate": {"recordings": made}})
    return spread(fleet, ACCOUNTS, RETENTION, postgres_server, s3_server)[1]


def live(fleet: FleetFolder, number: int, query: str) -> int:
    """How many recordings an account still has, of those that the query asks for."""
    path, count = f"/2010-04-01/Accounts/{sid(number)}/Recordings.json?PageSize=1000&{query}", 0
    while path:
        url = f"{fleet.emulator.url}{path}"
        page = requests.get(url, auth=(sid(number), TOKEN), timeout=600).json()
        count, path = count + len(page["recordings"]), page["next_page_uri"]
    return count


def deletions(fleet: FleetFolder) -> int:
    """Requests that a deletion was asked with."""
    return int(fleet.emulator.stats()["by_operation"].get("deleteRecording", 0))


def test_exactly_what_is_due_goes_whatever_happens_to_workers(
    fleet: FleetFolder,
    evidence: str,
    s3_server: S3Server,
    tmp_path: Path,
    counts: Counts,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    cluster = DaskCluster(tmp_path / "cluster", fleet.environ, SCHEDULER__WORKER_TTL=WORKER_TTL)
    command = ["prune", "--auto-approve", "--scheduler", cluster.address]
    command += ["--parallelism", str(IN_FLIGHT), "--lock-timeout", "5m"]
    try:
        cluster.start(WORKERS, threads=THREADS)
        killed, paused = cluster.workers
        programs = [begun(fleet, *command) for _ in range(PROGRAMS)]  # about the same accounts at once
        wait_for(programs, lambda: deletions(fleet) > TOTAL // 6, PATIENCE)
        paused.send_signal(signal.SIGSTOP)
        before = deletions(fleet)
        wait_for(programs, lambda: deletions(fleet) > min(before + TOTAL // 6, TOTAL * 2 // 3), PATIENCE)
        killed.kill()
        cluster.worker(threads=THREADS)  # as a cluster puts another in its place
        told = ["".join(program.communicate(timeout=PATIENCE)) for program in programs]
        assert {5} <= {program.returncode for program in programs} <= {0, 5, 6, 7}, told
        assert any("run it again: that finds out first what became of it" in each for each in told)
        assert not any("Traceback" in each for each in told)
        code, out = until_done(fleet, *command, patience=PATIENCE)
        assert code == 0, out
        paused.send_signal(signal.SIGCONT)  # it wakes up far beyond its lease
        code, out = until_done(fleet, *command, patience=PATIENCE)
        assert code == 0, out
    finally:
        cluster.close()
    for number in DUE:
        assert live(fleet, number, "DateCreated<=2022-01-01") == 0, number
        assert live(fleet, number, "DateCreated>=2022-01-01") == YOUNG, number
    most = fleet.emulator.stats()["max_in_flight_by_account"]
    # While one deletes, the other may read what it will be about.
    assert max(most[sid(number)] for number in DUE) <= PROGRAMS * IN_FLIGHT
    # Asked for again is only what was in flight when a worker stopped, whose answer nobody has.
    asked = deletions(fleet)
    assert TOTAL <= asked <= TOTAL + WORKERS * THREADS * IN_FLIGHT
    for name, value in s3_server.environment().items():
        monkeypatch.setenv(name, value)
    for number, due in DUE.items():
        place = evidence.replace("{stack}", f"stack-{number}")
        verified = fleet.main("prune", "verify", place, "--format", "json")
        assert verified.code == 0, verified.out + verified.err
        # Also what the dead had deleted and not taken down any more.
        assert verified.json["deleted"] == due, number
    counts("a fleet on a cluster", accounts=ACCOUNTS, recordings=TOTAL + ACCOUNTS * YOUNG, deletions=asked)
