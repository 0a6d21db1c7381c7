"""Planning a fleet: many stacks of ten queues, each with an account of its own.

    python bench/fleet.py [--stacks N] [--shared N]

One process, and two side by side, against the emulator on the same machine: `voiceform fleet plan` with its
start, of stacks that are rows of one table.

Then with states in PostgreSQL, as a cluster needs them: two processes of this machine beside one and two
workers of a Dask cluster on it, each with one thread; first where nothing takes time but the work, then where
each request takes 50 ms. CPU is the command's and that of its processes; that of the scheduler and of all
workers together is told beside it, and their memory. This part needs `distributed` and Debian's package
postgresql; without them it is left out.
"""

from __future__ import annotations

import contextlib
import glob
import os
import sys
import tempfile
from collections.abc import Iterator, Sequence
from functools import partial
from importlib.util import find_spec
from pathlib import Path

import harness

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from tests.fleet.clusters import DaskCluster, peak_megabytes
from tests.services import PostgresServer
from voiceform.emulator import Emulator

VOICEFORM = Path(sys.executable).with_name("voiceform")
FLEET = """\
version: 1
state: %s
credentials: {token: {env: TOKEN}}
stacks: {template: template, csv: accounts.csv}
"""
AWAY_MS = 50


def write_fleet(folder: Path, stacks: int, state: str = "sqlite:///states/{stack}.db") -> Path:
    """A fleet of so many stacks."""
    queues = "".join(f"  queue-{index}: {{max_size: {index + 1}}}\n" for index in range(10))
    (folder / "template").mkdir(parents=True)
    (folder / "template" / "voiceform.yaml").write_text(f"version: 1\nqueues:\n{queues}", encoding="utf-8")
    rows = "".join(f"stack-{index},AC{index:032x}\n" for index in range(stacks))
    (folder / "accounts.csv").write_text(f"name,account\n{rows}", encoding="utf-8")
    (folder / "fleet.yaml").write_text(FLEET % state, encoding="utf-8")
    return folder


@contextlib.contextmanager
def postgres() -> Iterator[PostgresServer | None]:
    """A server of PostgreSQL, where it and Dask are installed."""
    found = sorted(glob.glob("/usr/lib/postgresql/*/bin/initdb"))
    if not found or find_spec("distributed") is None:
        yield None
        return
    server = PostgresServer(Path(found[-1]).parent)
    try:
        yield server
    finally:
        server.close()


@contextlib.contextmanager
def cluster(folder: Path, workers: int) -> Iterator[DaskCluster]:
    """A scheduler with so many workers of one thread, which have our environment."""
    made = DaskCluster(folder, {})
    try:
        made.start(workers)
        yield made
    finally:
        made.close()


def planned_there(folder: Path, made: DaskCluster, stacks: int) -> harness.Sample:
    """Plan on a cluster; with the CPU of its scheduler and its workers, per stack."""
    assert made.scheduler is not None
    scheduler, workers = [made.scheduler.pid], [each.pid for each in made.workers]
    before = [_cpu(scheduler), _cpu(workers)]
    command = [VOICEFORM, "-C", folder, "fleet", "plan", "--scheduler", made.address]
    sample = harness.process(command)
    used = [_cpu(pids) - was for pids, was in zip((scheduler, workers), before, strict=True)]
    counts = {
        "ms CPU of the scheduler": round(1000 * used[0] / stacks, 2),
        "ms CPU of the workers": round(1000 * used[1] / stacks, 2),
        "MB of the scheduler": peak_megabytes(made.scheduler),
        "MB of a worker": max(map(peak_megabytes, made.workers)),
    }
    return harness.Sample(sample.seconds, sample.cpu, sample.megabytes, counts)


def _cpu(pids: Sequence[int]) -> float:
    """Seconds that processes have used."""
    stats = [Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split() for pid in pids]
    return sum(int(fields[11]) + int(fields[12]) for fields in stats) / os.sysconf("SC_CLK_TCK")


def planned_here(folder: Path, jobs: int) -> harness.Sample:
    """Plan with processes of this machine."""
    return harness.process([VOICEFORM, "-C", folder, "fleet", "plan", "--jobs", str(jobs)])


def shared(report: harness.Report, folder: Path, stacks: int, server: PostgresServer) -> None:
    """The pool of this machine beside clusters."""
    os.environ.update(PGUSER=server.user, PGPASSWORD=server.password)
    url = f"postgresql://127.0.0.1:{server.port}/postgres?schema={{stack}}"
    fleet = write_fleet(folder / "shared", stacks, url)
    for latency in (0, AWAY_MS):
        with Emulator(latency_ms=latency) as emulator:
            os.environ["VOICEFORM_BASE_URL"] = emulator.url
            with (
                cluster(folder / f"one-{latency}", 1) as one,
                cluster(folder / f"two-{latency}", 2) as two,
            ):
                far = f", {latency} ms a request" if latency else ""
                report.compare(
                    f"{stacks:,} stacks planned, states in PostgreSQL{far}",
                    {
                        "two processes": partial(planned_here, fleet, 2),
                        "one worker": partial(planned_there, fleet, one, stacks),
                        "two workers": partial(planned_there, fleet, two, stacks),
                    },
                    baseline="two processes",
                    operations=stacks,
                    unit="stack",
                )


def main() -> None:
    parser = harness.options(__doc__ or "")
    parser.add_argument("--stacks", type=int, default=1_000)
    parser.add_argument("--shared", type=int, default=100, help="stacks with states in PostgreSQL")
    chosen = parser.parse_args()
    stacks = 20 if chosen.short else chosen.stacks
    report = harness.Report("fleet", chosen)
    os.environ["TOKEN"] = "bench"
    with tempfile.TemporaryDirectory() as name, postgres() as server:
        folder = Path(name)
        with Emulator() as emulator:
            os.environ["VOICEFORM_BASE_URL"] = emulator.url
            fleet = write_fleet(folder / "fleet", stacks)
            report.compare(
                f"{stacks:,} stacks of ten queues planned",
                {
                    "one process": partial(planned_here, fleet, 1),
                    "two processes": partial(planned_here, fleet, 2),
                },
                baseline="one process",
                operations=stacks,
                unit="stack",
            )
        if server is not None:
            shared(report, folder, 10 if chosen.short else chosen.shared, server)
    report.save()


if __name__ == "__main__":
    main()
