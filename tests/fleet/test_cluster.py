"""A fleet on the workers of a Dask scheduler: real processes, real TCP, states in PostgreSQL."""

from __future__ import annotations

import json
import os
import re
import secrets
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.fleet.clusters import DaskCluster
from tests.fleet.fleets import TOKEN, FleetFolder, sid
from tests.fleet.processes import start, wait_for_requests
from tests.services import PostgresServer
from tests.support import Result
from voiceform.emulator import Emulator
from voiceform.model.clock import Clock
from voiceform.model.exit_codes import ExitCode

NAMES = ("acme", "beta", "gamma", "delta")
Begin = Callable[..., DaskCluster]


class Programs(FleetFolder):
    """Each command with a scheduler is a program of its own, as it is for users.

    A client of Dask that could not connect is left to the garbage collector, which stops its loop under a
    lock that the next client of the process may hold at that moment.
    """

    def main(self, *argv: str, clock: Clock | None = None) -> Result:
        if "--scheduler" not in argv:
            return super().main(*argv, clock=clock)
        program = start(self, *argv[1:])
        out, err = program.communicate(timeout=300)
        return Result(ExitCode(program.returncode), out, err)


@pytest.fixture
def fleet(tmp_path: Path, emulator: Emulator, capsys: pytest.CaptureFixture[str]) -> FleetFolder:
    return Programs(tmp_path, emulator, capsys)


@pytest.fixture
def emulator() -> Iterator[Emulator]:
    """Of its own: what a worker that was killed had sent must not come to the next test."""
    with Emulator() as made:
        yield made


@pytest.fixture
def shared(fleet: FleetFolder, postgres_server: PostgresServer) -> FleetFolder:
    """A fleet of four, whose states other machines reach."""
    fleet.of(*NAMES)
    run = secrets.token_hex(4)
    url = f"postgresql://127.0.0.1:{postgres_server.port}/postgres"
    fleet.fleet("  - {template: template, csv: accounts.csv}\n", f"state: {url}?schema=d_{run}_{{stack}}\n")
    fleet.environ |= {"PGUSER": postgres_server.user, "PGPASSWORD": postgres_server.password}
    return fleet


@pytest.fixture
def begin(shared: FleetFolder, tmp_path: Path) -> Iterator[Begin]:
    """Starts a cluster that has what the stacks need."""
    started: list[DaskCluster] = []

    def new(workers: int = 2, preload: str | None = None, **dask: str) -> DaskCluster:
        made = DaskCluster(tmp_path / f"cluster{len(started)}", shared.environ, **dask)
        started.append(made)
        made.start(workers, preload=preload)
        return made

    yield new
    for each in started:
        each.close()


def test_each_command_does_on_workers_what_it_does_here(shared: FleetFolder, begin: Begin) -> None:
    cluster = begin()
    token = shared.environ.pop("TOKEN")  # who starts it needs no credential
    there = ("--scheduler", cluster.address)
    assert shared.ok("validate", *there).out == "4 stacks: 4 well.\n"
    planned = shared.run("plan", *there, "--detailed-exitcode", "--out", "plans")
    assert planned.code == 2
    assert "in 4 accounts" in planned.out
    assert "in 4 accounts" in shared.ok("show", "plans").out
    done = shared.ok("apply", "plans", *there)
    assert "acme: Applied: 1 created." in done.out
    assert [shared.queues(number) for number in (1, 2, 3, 4)] == [{"support": 100}] * 4
    assert shared.run("apply", "plans", *there).code == 6  # used
    shared.post(1, "Queues.json", FriendlyName="other", MaxSize=3)
    assert shared.ok("drift", *there).code == 0
    assert "1 object recorded" in shared.ok("status", *there).out
    exported = shared.ok("export", "--out", "exported", *there)
    assert f"in{shared.folder / 'exported/acme/voiceform.yaml'}" in "".join(exported.out.split())
    assert "max_size: 3" in (shared.folder / "exported/acme/voiceform.yaml").read_text()
    again = shared.run("export", "--out", "exported", *there, "--format", "json")
    assert again.code == 1
    assert all("exists" in each["error"] for each in again.json["stacks"])
    assert "4 stacks: 4 well." in shared.ok("dispatch", *there).out
    assert shared.run("dispatch", "--watch", *there).code == 64
    shared.environ["TOKEN"] = token
    assert shared.ok("plan", "--jobs", "2").out.startswith(
        "4 stacks: 4 well."
    )  # what was recorded there is known here
    shared.write("accounts.csv", (shared.folder / "accounts.csv").read_text() + "epsilon,AC5,1,x\n")
    broken = shared.run("plan", *there)
    assert broken.code == 1
    assert "accounts.csv:6:1: error: the account is no account SID" in " ".join(broken.out.split())
    assert "epsilon (exit 1)" in broken.out


SEEN = """
import pickle
from distributed import SchedulerPlugin

class Seen(SchedulerPlugin):
    def __init__(self, scheduler):
        self.scheduler = scheduler

    def transition(self, key, start, finish, *args, **kwargs):
        task = self.scheduler.tasks.get(key)
        with open("seen", "ab") as file:
            file.write(pickle.dumps((key, task and task.run_spec)))

def dask_setup(scheduler):
    scheduler.add_plugin(Seen(scheduler))
"""


def test_the_scheduler_sees_the_names_of_credentials_and_never_one(shared: FleetFolder, begin: Begin) -> None:
    shared.write("keys/beta", f"{TOKEN}-in-a-file")
    say = f"print('{TOKEN}' + '-of-a-' + 'command')"
    shared.write("accounts.csv", f"name,account,SIZE\nacme,{sid(1)},5\n")
    shared.write(
        "fleet.yaml",
        (shared.folder / "fleet.yaml").read_text()
        + f"  - {{name: beta, template: template, account: {sid(2)}, variables: {{SIZE: '5'}},"
        " credentials: {token: {file: keys/beta}}}\n"
        f"  - {{name: gamma, template: template, account: {sid(3)}, variables: {{SIZE: '5'}},"
        f' credentials: {{token: {{command: [{sys.executable}, -c, "{say}"]}}}}}}\n',
    )
    cluster = begin(1, SEEN)
    done = shared.run("apply", "--auto-approve", "--scheduler", cluster.address, "--format", "json")
    assert {each["stack"]: each["exit_code"] for each in done.json["stacks"]} == dict.fromkeys(NAMES[:3], 0)
    seen = (cluster.folder / "seen").read_bytes()
    for known in (b"acme", b"TOKEN", b"keys/beta", b"voiceform.fleet.dask_worker"):
        assert known in seen
    for secret in (f"{TOKEN}-in", TOKEN, f"{TOKEN}-of-a-command", shared.environ["PGPASSWORD"]):
        told = seen.replace(say.encode(), b"")  # what a fleet file itself says is no secret
        assert secret.encode() not in told
        assert secret not in cluster.said()


@pytest.mark.parametrize(
    "address", ["scheduler:8786", "http://127.0.0.1:8786", "tcp://127.0.0.1", "tcp://me:secret@h:8786", ""]
)
def test_an_address_that_is_none(shared: FleetFolder, address: str) -> None:
    done = shared.run("plan", "--scheduler", address)
    assert done.code == 64
    assert "tcp://HOST:PORT" in done.err
    assert "secret" not in done.err


def test_without_the_package_it_says_how_to_get_it(shared: FleetFolder, tmp_path: Path) -> None:
    (tmp_path / "without").mkdir()
    (tmp_path / "without/dask.py").write_text("raise ImportError('no dask')\n", encoding="utf-8")
    shared.environ["PYTHONPATH"] = str(tmp_path / "without")
    done = shared.run("plan", "--scheduler", "tcp://127.0.0.1:1")
    assert done.code == 1
    assert "pip install 'voiceform[dask]'" in done.err


def test_a_state_in_a_file_is_refused_where_it_stands_before_anything(shared: FleetFolder) -> None:
    shared.of(*NAMES)
    for command in (["plan"], ["apply", "--auto-approve"], ["prune", "--dry-run"], ["dispatch"]):
        done = shared.run(*command, "--scheduler", "tcp://127.0.0.1:1")
        assert done.code == 1
        assert done.err.count("is a file, which the workers of a scheduler do not share") == 4
        assert "accounts.csv:2" in done.err
        assert "postgresql://" in done.err
    assert shared.emulator.requests() == []


PATIENCE = "DASK_DISTRIBUTED__COMM__TIMEOUTS__CONNECT"


def test_a_scheduler_that_is_not_there(shared: FleetFolder, emulator: Emulator) -> None:
    host = emulator.url.removeprefix("http://")
    for address in ("tcp://127.0.0.1:1", "tls://127.0.0.1:1", f"tcp://{host}", "tcp://127.0.0.1:99999"):
        shared.environ[PATIENCE] = "1s"
        done = shared.run("plan", "--scheduler", address)
        assert done.code == 1, done.err
        assert "--scheduler: cannot reach the scheduler" in done.err
        assert "nothing was done" in done.err
        assert "Traceback" not in done.err
    assert shared.emulator.requests("listQueue") == []


def test_a_scheduler_without_workers(shared: FleetFolder, begin: Begin) -> None:
    cluster = begin(0)
    shared.environ[PATIENCE] = "9s"
    done = shared.run("apply", "--auto-approve", "--scheduler", cluster.address)
    assert done.code == 1
    assert "no worker of the scheduler answered within 9 seconds; nothing was done" in " ".join(
        done.err.split()
    )
    assert f"dask worker {cluster.address}" in done.err


def test_workers_of_another_version(shared: FleetFolder, begin: Begin) -> None:
    cluster = begin(0)
    other = cluster.folder / "voiceform_of_tomorrow.py"
    other.write_text("import voiceform.version\nvoiceform.version.__version__ = '99.0'\n", encoding="utf-8")
    cluster.worker(environ={"DASK_DISTRIBUTED__WORKER__PRELOAD": str(other)})
    done = shared.run("plan", "--scheduler", cluster.address)
    assert done.code == 1
    assert "and the workers have voiceform 99.0" in " ".join(done.err.split())
    assert shared.emulator.requests() == []


def test_workers_with_other_files_do_nothing(shared: FleetFolder, begin: Begin, tmp_path: Path) -> None:
    """Both begin in a folder of their own, and the fleet is named by a path that means that of each."""
    cluster = begin(0)
    there = tmp_path / "there"
    shutil.copytree(shared.folder / "template", there / "template")
    list_ = "calls:\n  c: {to: {csv: people.csv}, from: '+15017122661', answer: {say: hi}, schedule: {at: "
    list_ += "2026-12-01T09:00:00, timezone: UTC}}\n"
    for folder in (shared.folder, there):
        (folder / "template/people.csv").write_text("phone\n+15558675310\n", encoding="utf-8")
        with (folder / "template/voiceform.yaml").open("a", encoding="utf-8") as file:
            file.write(list_)
    cluster.worker(cwd=there)
    environ = {**os.environ, **shared.environ}

    def plan() -> dict[str, Any]:
        command = ["-m", "voiceform", "-C", "/proc/self/cwd", "fleet", "plan", "--format", "json"]
        done = subprocess.run(
            [sys.executable, *command, "--scheduler", cluster.address, "--select", "stack=acme"],
            cwd=shared.folder,
            env=environ,
            capture_output=True,
            check=False,
            timeout=120,
        )
        (stack,) = json.loads(done.stdout)["stacks"]
        return dict(stack)

    found = plan()
    assert found["exit_code"] == 2, found["error"]
    (there / "template/people.csv").write_text("phone\n+15558675311\n", encoding="utf-8")
    found = plan()
    assert found["exit_code"] == 1
    assert "people.csv" in found["error"]
    (there / "template/voiceform.yaml").write_text("version: 1\n", encoding="utf-8")
    found = plan()
    assert found["exit_code"] == 1
    assert "voiceform.yaml is not there, or not the same, where this was started" in found["error"]
    (there / "template/voiceform.yaml").unlink()
    told = "voiceform.yaml is there where this was started, and not on the worker"
    for what in ("file", "folder"):
        found = plan()
        assert (found["exit_code"], told in found["error"]) == (1, True), (what, found)
        assert "voiceform init" not in found["error"]
        shutil.rmtree(there / "template", ignore_errors=True)


def test_what_a_worker_lacks_is_told_with_its_name(shared: FleetFolder, begin: Begin) -> None:
    """Whoever starts the command has it all: where it is missing is what he cannot see."""
    shared.fleet(
        "  - {template: template, csv: accounts.csv}\n", "state: postgresql://${PLACE}?schema={stack}\n"
    )
    cluster = begin(0)
    shared.environ["PLACE"] = "127.0.0.1:1/postgres"
    for lacking, told in (
        ({"TOKEN": ""}, "the variable TOKEN is not set"),
        ({"PLACE": ""}, "the variable PLACE of the state's URL is not set"),
        ({"PLACE": "127.0.0.1:9/postgres"}, "cannot reach the state"),
    ):
        worker = cluster.worker(environ={"PLACE": "127.0.0.1:1/postgres", **lacking})
        found = shared.run(
            "plan", "--scheduler", cluster.address, "--select", "stack=acme", "--format", "json"
        )
        (stack,) = found.json["stacks"]
        assert told in stack["error"]
        assert re.search(r"on the worker tcp://127\.0\.0\.1:\d+, with", stack["error"]), stack["error"]
        worker.terminate()
        worker.wait(60)


RETENTION = "safety: {max_delete_percent: 100}\nretention: {recordings: [{name: all, keep: 90d%s}]}\n"


def old_recordings(fleet: FleetFolder, number: int, count: int) -> None:
    rows = [{"date_created": "2020-01-01T00:00:00Z", "duration": "60"} for _ in range(count)]
    fleet.emulator.seed({"account_sid": sid(number), "recordings": rows})


def kept(fleet: FleetFolder, number: int) -> int:
    url = f"{fleet.emulator.url}/2010-04-01/Accounts/{sid(number)}/Recordings.json"
    return len(requests.get(url, auth=(sid(number), TOKEN), timeout=10).json()["recordings"])


def test_evidence_or_a_copy_in_a_folder_of_a_worker_deletes_nothing(
    shared: FleetFolder, begin: Begin, tmp_path: Path
) -> None:
    cluster = begin(1)
    old_recordings(shared, 1, 2)
    for more, head in (
        ("", ""),
        ("", "evidence: proof/{stack}\n"),
        (f", archive: {{to: 'file://{tmp_path}/copies'}}", "evidence: s3://voiceform/{stack}\n"),
    ):
        shared.write("template/voiceform.yaml", f"version: 1\n{RETENTION % more}")
        fleet = (shared.folder / "fleet.yaml").read_text().removeprefix("version: 1\n")
        shared.write("fleet.yaml", f"version: 1\n{head}{fleet}")
        done = shared.run("prune", "--auto-approve", "--scheduler", cluster.address, "--select", "stack=acme")
        shared.write("fleet.yaml", f"version: 1\n{fleet}")
        assert done.code == 1
        what = "copies" if more else "evidence"
        told = f"the {what} would lie in a folder of the machine that works on it"
        assert told in " ".join((done.out + done.err).split())
        assert kept(shared, 1) == 2


def wait_for(holds: Callable[[], bool]) -> None:
    until = time.monotonic() + 120
    while not holds():
        assert time.monotonic() < until
        time.sleep(0.02)


def applied(fleet: FleetFolder, cluster: DaskCluster, slow: int) -> subprocess.Popen[str]:
    """An apply of saved plans, once two workers are in the midst of a request that takes so long, in ms."""
    fleet.run("plan", "--out", "plans", "--scheduler", cluster.address)
    fault = {"operation": "createQueue", "times": 2, "kind": "latency", "delay_ms": slow}
    fleet.emulator.faults([fault])
    program = start(fleet, "apply", "plans", "--scheduler", cluster.address)
    wait_for_requests(fleet, 2, operation="createQueue")
    return program


def test_ctrl_c_stops_what_workers_had_begun_and_tells_it(shared: FleetFolder, begin: Begin) -> None:
    cluster = begin()
    program = applied(shared, cluster, 60_000)
    program.send_signal(signal.SIGINT)
    out, err = program.communicate(timeout=60)
    assert program.returncode in (8, 130), out + err
    assert "Traceback" not in out + err
    assert "2 not begun" in out
    assert len(shared.emulator.requests("createQueue")) == 2  # and no other began
    done = shared.run("apply", "--auto-approve", "--scheduler", cluster.address, "--lock-timeout", "90s")
    assert done.code == 0, done.out + done.err
    assert [shared.queues(number) for number in (1, 2, 3, 4)] == [{"support": 100}] * 4


@pytest.mark.parametrize("stuck", ["workers", "scheduler"])
def test_a_second_ctrl_c_waits_for_nobody_who_does_not_answer(
    shared: FleetFolder, begin: Begin, stuck: str
) -> None:
    cluster = begin()
    program = applied(shared, cluster, 3_000)
    assert cluster.scheduler is not None
    who = cluster.workers if stuck == "workers" else [cluster.scheduler]
    for process in who:
        process.send_signal(signal.SIGSTOP)
    assert program.stderr is not None
    program.send_signal(signal.SIGINT)
    assert "once more to end at once" in program.stderr.readline()
    time.sleep(0.5)  # sooner they are one press
    program.send_signal(signal.SIGINT)
    out, err = program.communicate(timeout=60)
    assert program.returncode == 130, out + err
    assert "Interrupted." in err
    assert "Traceback" not in out + err
    for process in who:
        process.send_signal(signal.SIGCONT)
    done = shared.run("apply", "--auto-approve", "--scheduler", cluster.address, "--lock-timeout", "90s")
    assert done.code == 0, done.out + done.err
    assert [shared.queues(number) for number in (1, 2, 3, 4)] == [{"support": 100}] * 4


@pytest.mark.parametrize("what", ["scheduler", "program"])
def test_what_was_begun_stops_when_who_wanted_it_is_gone(
    shared: FleetFolder, begin: Begin, what: str
) -> None:
    cluster = begin()
    program = applied(shared, cluster, 4_000)
    assert cluster.scheduler is not None
    if what == "scheduler":
        cluster.scheduler.kill()
        out, err = program.communicate(timeout=60)
        assert program.returncode == 5, out + err
        assert "the scheduler is gone; what it had begun is unknown" in " ".join(out.split())
        assert "2 not begun" in out
        assert "Traceback" not in out + err
        assert "distributed" not in err
    else:
        program.kill()
        program.communicate(timeout=60)
    assert len(shared.emulator.requests("createQueue")) == 2
    other = begin()  # as the journals know
    done = shared.run("apply", "--auto-approve", "--scheduler", other.address, "--lock-timeout", "90s")
    assert done.code == 0, done.out + done.err
    assert [shared.queues(number) for number in (1, 2, 3, 4)] == [{"support": 100}] * 4
