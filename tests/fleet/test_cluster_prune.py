"""Retention of many accounts on a cluster, while one worker is killed and another stands still."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from tests.counting import Counts
from tests.fleet import mistakes
from tests.fleet.clusters import DaskCluster, peak_megabytes
from tests.fleet.disturbed import LEASE, WORKER_TTL, begun, spread, until_done, wait_for
from tests.fleet.fleets import FleetFolder
from tests.fleet.pruning import IN_FLIGHT, RETENTION, Recordings, complaints, deletions
from tests.services import PostgresServer, S3Server
from voiceform.emulator import Emulator

ACCOUNTS = int(os.environ.get("FLEET_ACCOUNTS", "24"))
RECORDINGS = int(os.environ.get("FLEET_RECORDINGS", "63"))
"""Recordings of each; `make fleets` gives both as large as they are in earnest."""
RECORDINGS_DUE = int(os.environ.get("FLEET_DUE", "60"))
MANY = Recordings(
    # One has more than a page, so that its list is read in spans side by side.
    {number: max(RECORDINGS_DUE, 1_600 if number == 1 else 0) for number in range(1, ACCOUNTS + 1)},
    RECORDINGS - RECORDINGS_DUE,
)
FEW = Recordings({1: 300}, 3)
PROGRAMS, WORKERS, THREADS = 2, 2, 2
SHARES = max(1, ACCOUNTS // 25)
"""To look through all recordings again costs the most of it: that need not be done of all as often."""
LARGEST = 300
"""Megabytes of a worker, however many recordings an account has: with two small stacks at once 100."""
PATIENCE = 300 + MANY.all_due / 20
LATENCY = min(40.0, 40_000 / MANY.all_due)
"""Milliseconds of each request: there must be a halfway, also of few."""
Evidence = Callable[[Recordings], str]


@pytest.fixture
def emulator() -> Iterator[Emulator]:
    with Emulator(latency_ms=LATENCY) as made:
        yield made


@pytest.fixture
def evidence(
    fleet: FleetFolder,
    postgres_server: PostgresServer,
    s3_server: S3Server,
    monkeypatch: pytest.MonkeyPatch,
) -> Evidence:
    """Seeds accounts; where the evidence of each lies."""
    for name, value in s3_server.environment().items():
        monkeypatch.setenv(name, value)

    def made(recordings: Recordings) -> str:
        recordings.seed(fleet)
        return spread(fleet, len(recordings.due), RETENTION, postgres_server, s3_server)[1]

    return made


def pruned_on(cluster: DaskCluster) -> list[str]:
    """The command."""
    return [
        *("prune", "--auto-approve", "--scheduler", cluster.address),
        *("--parallelism", str(IN_FLIGHT), "--lock-timeout", "5m"),
    ]


def test_exactly_what_is_due_goes_whatever_happens_to_workers(
    fleet: FleetFolder, evidence: Evidence, tmp_path: Path, counts: Counts
) -> None:
    place, total = evidence(MANY), MANY.all_due
    with DaskCluster(tmp_path / "cluster", fleet.environ, SCHEDULER__WORKER_TTL=WORKER_TTL) as cluster:
        command = pruned_on(cluster)
        cluster.start(WORKERS, threads=THREADS)
        cluster.keep(threads=THREADS)
        killed, paused = cluster.workers
        # Two about the same accounts at once; of many the second is about some.
        programs = [begun(fleet, *command), begun(fleet, *command, "--shard", f"1/{SHARES}")]
        wait_for(programs, lambda: deletions(fleet) > total // 6, PATIENCE)
        paused.send_signal(signal.SIGSTOP)
        before = deletions(fleet)
        wait_for(programs, lambda: deletions(fleet) > min(before + total // 6, total * 2 // 3), PATIENCE)
        killed.kill()
        told = ["".join(program.communicate(timeout=PATIENCE)) for program in programs]
        assert {5} <= {program.returncode for program in programs} <= {0, 1, 5, 6, 7}, told
        assert any("run it again: that finds out first what became of it" in each for each in told)
        assert not any("Traceback" in each for each in told)
        code, out = until_done(fleet, *command, patience=PATIENCE)
        assert code == 0, out
        paused.send_signal(signal.SIGCONT)  # it wakes up far beyond its lease
        code, out = until_done(fleet, *command, "--shard", f"1/{SHARES}", patience=PATIENCE)
        assert code == 0, out
        largest = max(peak_megabytes(worker) for worker in cluster.workers if worker.poll() is None)
    assert complaints(fleet, MANY, place, programs=PROGRAMS, stopped=WORKERS * THREADS) == []
    assert largest < LARGEST
    counts(
        "a fleet on a cluster",
        accounts=ACCOUNTS,
        recordings=MANY.all,
        deletions=deletions(fleet),
        MB_of_the_largest_worker=round(largest),
    )


SLOW = {"operation": "deleteRecording", "times": None, "kind": "latency", "delay_ms": 2_000 * LEASE}
"""So long that the evidence, too, looks as if nobody wrote it any more: the lock alone knows better."""


def overlap(fleet: FleetFolder) -> bool:
    """Whether two have deleted in one account at the same time."""
    most: dict[str, int] = fleet.emulator.stats()["max_writes_in_flight_by_account"]
    return max(most.values()) > IN_FLIGHT


@pytest.mark.parametrize(
    ("planted", "expected"),
    [
        ("", set()),
        ("no_limit", {"deletions at once"}),
        ("everybody_gets_the_lock", {"deletions at once", "asked for again"}),
        ("dead_runs_are_not_settled", {"evidence of"}),
    ],
)
def test_a_mistake_that_is_planted_in_workers_is_found(
    fleet: FleetFolder, evidence: Evidence, tmp_path: Path, planted: str, expected: set[str]
) -> None:
    """One account, which a second program is about while the first is in the midst of it; unless both delete
    side by side the worker of the first is killed then. Where nothing is planted nothing is found."""
    place, total = evidence(FEW), FEW.all_due
    environ = {"DASK_DISTRIBUTED__WORKER__PRELOAD": mistakes.__file__, mistakes.PLANTED: planted}
    with DaskCluster(
        tmp_path / "cluster", {**fleet.environ, **environ}, SCHEDULER__WORKER_TTL=WORKER_TTL
    ) as made:
        command = pruned_on(made)
        made.start(1)
        first = begun(fleet, *command)
        wait_for([first], lambda: deletions(fleet) > total // 6, PATIENCE)
        made.worker()
        if planted == "everybody_gets_the_lock":
            fleet.emulator.faults([SLOW])
            second = until_seen(fleet, command, lambda: overlap(fleet))
            fleet.emulator.faults([])
        else:
            second = begun(fleet, *command)
            wait_for([first, second], lambda: deletions(fleet) > total // 2, PATIENCE)
            made.workers[0].kill()
        for program in (first, second):
            program.communicate(timeout=PATIENCE)
        until_done(fleet, *command, again={1, 5, 6, 7}, patience=PATIENCE)
    found = complaints(fleet, FEW, place, programs=2, stopped=1)
    assert {what for what in expected for each in found if what in each} == expected, found
    assert found == [] or planted


def until_seen(
    fleet: FleetFolder, command: Sequence[str], holds: Callable[[], bool]
) -> subprocess.Popen[str]:
    """Begin a command again until something has happened while it runs."""
    until = time.monotonic() + PATIENCE
    while True:
        program = begun(fleet, *command)
        while program.poll() is None:
            if holds():
                return program
            time.sleep(0.05)
        said = program.communicate()
        assert time.monotonic() < until, said
