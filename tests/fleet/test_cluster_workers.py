"""What a worker of a cluster is like once it has worked for a fleet."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import trustme

from tests.fleet.clusters import DaskCluster
from tests.fleet.disturbed import spread
from tests.fleet.fleets import FleetFolder
from tests.fleet.processes import start
from tests.services import PostgresServer

PROFILED = """
import sys, distributed

def profiled(dask_worker):
    return dask_worker.periodic_callbacks["profile"].is_running()

with distributed.Client(sys.argv[1]) as client:
    print(all(client.run(profiled).values()))
"""


def profiled(address: str) -> bool:
    asked = subprocess.run(
        [sys.executable, "-c", PROFILED, address], capture_output=True, text=True, timeout=120, check=True
    )
    return asked.stdout == "True\n"


@pytest.mark.skipif(sys.version_info >= (3, 12), reason="there it does no harm")
def test_no_profiler_can_bring_a_worker_to_a_standstill(
    fleet: FleetFolder, postgres_server: PostgresServer, tmp_path: Path
) -> None:
    spread(fleet, 2, "version: 1\nqueues: {support: {}}\n", postgres_server)
    cluster = DaskCluster(tmp_path / "cluster", fleet.environ)
    try:
        cluster.start(1)
        assert profiled(cluster.address)
        program = start(fleet, "validate", "--scheduler", cluster.address)
        out, err = program.communicate(timeout=300)
        assert program.returncode == 0, out + err
        assert not profiled(cluster.address)
    finally:
        cluster.close()


def test_with_tls_who_has_no_certificate_is_told(
    fleet: FleetFolder, postgres_server: PostgresServer, tmp_path: Path
) -> None:
    spread(fleet, 2, "version: 1\nqueues: {support: {}}\n", postgres_server)
    authority = trustme.CA()
    pem = authority.issue_cert("127.0.0.1").private_key_and_cert_chain_pem
    pem.write_to_path(tmp_path / "own.pem")
    authority.cert_pem.write_to_path(tmp_path / "authority.pem")
    settings = {"DASK_DISTRIBUTED__COMM__TLS__CA_FILE": str(tmp_path / "authority.pem")}
    for who in ("SCHEDULER", "WORKER", "CLIENT"):
        settings[f"DASK_DISTRIBUTED__COMM__TLS__{who}__CERT"] = str(tmp_path / "own.pem")
    cluster = DaskCluster(tmp_path / "cluster", {**fleet.environ, **settings}, protocol="tls")
    command = ("plan", "--scheduler", cluster.address)
    try:
        cluster.start(1)
        program = start(fleet, *command)
        out, err = program.communicate(timeout=300)
        assert program.returncode == 1, out + err
        assert "DASK_DISTRIBUTED__COMM__TLS__CA_FILE" in err
        assert "nothing was done" in " ".join(err.split())
        fleet.environ |= settings
        program = start(fleet, *command)
        out, err = program.communicate(timeout=300)
        assert program.returncode == 0, out + err
        assert "in 2 accounts" in out
    finally:
        cluster.close()
