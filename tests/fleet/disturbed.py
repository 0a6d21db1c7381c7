"""A fleet of many accounts on a cluster that is disturbed: what its tests share."""

from __future__ import annotations

import os
import secrets
import subprocess
import sys
import time
from collections.abc import Callable, Container, Sequence

from tests.fleet.fleets import FleetFolder, sid
from tests.services import PostgresServer, S3Server

LEASE = 12
"""Seconds that locks outlive who held them in these tests."""
WORKER_TTL = "25s"
"""How long Dask waits for a word of a worker before it takes it for dead."""
LOST = frozenset({1, 5, 7})
"""How a command ends where a worker was lost that read, or that wrote, or whose lock is not over yet."""
PROGRAM = f"""
import sys
from datetime import timedelta
from voiceform.cli import main
sys.exit(main(sys.argv[1:], lease_ttl=timedelta(seconds={LEASE})))
"""


def spread(
    fleet: FleetFolder, accounts: int, template: str, postgres: PostgresServer, s3: S3Server | None = None
) -> tuple[str, str]:
    """So many stacks of a template, with states and evidence where all machines reach them: the URL of the
    states, and of the evidence, with `{stack}` in both."""
    run = secrets.token_hex(4)
    fleet.write("template/voiceform.yaml", template)
    rows = "".join(f"stack-{number},{sid(number)}\n" for number in range(1, accounts + 1))
    fleet.write("accounts.csv", f"name,account\n{rows}")
    url = f"postgresql://127.0.0.1:{postgres.port}/postgres?schema=p_{run}_{{stack}}"
    evidence = f"s3://voiceform/{run}/{{stack}}" if s3 is not None else ""
    head = f"state: {url}\n" + (f"evidence: {evidence}\n" if evidence else "")
    fleet.fleet("  - {template: template, csv: accounts.csv}\n", head)
    fleet.environ |= {"PGUSER": postgres.user, "PGPASSWORD": postgres.password}
    if s3 is not None:
        fleet.environ |= s3.environment()
    return url, evidence


def begun(fleet: FleetFolder, *argv: str) -> subprocess.Popen[str]:
    """A command of the fleet as a program of its own, whose locks outlive it by seconds."""
    return subprocess.Popen(
        [sys.executable, "-c", PROGRAM, "-C", str(fleet.folder), "fleet", *argv],
        env={**os.environ, **fleet.environ},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def wait_for(programs: Sequence[subprocess.Popen[str]], holds: Callable[[], bool], patience: float) -> None:
    """Until it holds, while one of the programs runs."""
    until = time.monotonic() + patience
    while not holds():
        running = any(program.poll() is None for program in programs)
        assert running, f"all ended before: {[program.communicate() for program in programs]}"
        assert time.monotonic() < until, f"it did not happen within {patience:.0f} seconds"
        time.sleep(0.05)


def until_done(
    fleet: FleetFolder, *argv: str, again: Container[int] = LOST, patience: float
) -> tuple[int, str]:
    """Run a command again as long as it ends with one of these codes, as a job of a cluster is; how it ended
    then, and what the last one said."""
    until = time.monotonic() + patience
    while True:
        program = begun(fleet, *argv)
        said = "".join(program.communicate(timeout=patience))
        assert "Traceback" not in said
        if program.returncode not in again:
            return program.returncode, said
        assert time.monotonic() < until, said
