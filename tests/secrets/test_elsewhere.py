"""What commands leave beside their outputs: on a terminal, with a pool of processes, on a scheduler and its
workers."""

from __future__ import annotations

import os
import re
import secrets
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.counting import Counts
from tests.fleet.clusters import DaskCluster
from tests.hostile.proxy import Proxy, hostile_proxy
from tests.secrets.canaries import CONFIGURED, leaked, leaked_numbers, text_of
from tests.secrets.laden import Laden, echo
from tests.services import PostgresServer
from tests.support import Stack
from tests.terminal.terminal import Terminal

PROOF = "secrets"
KNOWN = (*CONFIGURED, "webhook")
"""What the configuration holds: plans and states have it."""
NOTING = """
import pickle
from distributed import SchedulerPlugin

class Noting(SchedulerPlugin):
    def __init__(self, scheduler):
        self.scheduler = scheduler

    def transition(self, key, start, finish, *args, **kwargs):
        task = self.scheduler.tasks.get(key)
        told = task and (task.run_spec, task.exception_text, task.traceback_text, task.annotations)
        shown = self.scheduler.get_logs(), self.scheduler.identity()
        with open("noted", "ab") as file:
            file.write(pickle.dumps((key, told, kwargs, shown)))

def dask_setup(scheduler):
    scheduler.add_plugin(Noting(scheduler))
"""
"""Writes down what a scheduler knows of its tasks and would show of them."""


@pytest.fixture
def laden(stack: Stack) -> Laden:
    return Laden(stack)


@pytest.fixture
def proxy(stack: Stack) -> Iterator[Proxy]:
    with hostile_proxy(stack.emulator.url) as made:
        yield made


def found(place: str, text: str, *, numbers: bool = True, allowed: tuple[str, ...] = ()) -> list[str]:
    """What must not stand in a text."""
    leaks = leaked(text, allowed) + (leaked_numbers(text) if numbers else [])
    return [f"{place}: {leak}" for leak in leaks]


def below(folder: Path, *, numbers: bool = True, allowed: tuple[str, ...] = ()) -> Iterator[str]:
    """The same of every file below a folder."""
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            yield from found(str(path.relative_to(folder)), text_of(path), numbers=numbers, allowed=allowed)


def program(laden: Laden, *argv: str) -> tuple[str, str]:
    """Run one in a process of its own; what it printed."""
    done = subprocess.run(
        [sys.executable, "-m", "voiceform", "-v", "-C", str(laden.folder), *argv],
        env={**os.environ, **laden.stack.environ},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    return done.stdout, done.stderr


def test_a_pool_of_processes_leaves_nothing(
    laden: Laden, proxy: Proxy, tmp_path: Path, counts: Counts
) -> None:
    spool = tmp_path / "temporary"
    spool.mkdir()
    laden.stack.environ["TMPDIR"] = str(spool)
    approved = ("--auto-approve", "--approve", "call=99", "--jobs", "2")
    told = [program(laden, "fleet", "apply", *approved)]
    proxy.rule("*", "/2010-04-01/", lambda seen: echo(seen, 500))
    laden.stack.environ["VOICEFORM_BASE_URL"] = proxy.url
    told += [program(laden, "fleet", *argv) for argv in (("apply", *approved), ("dispatch", "--jobs", "2"))]
    assert "failed" in "".join(out for out, _ in told)
    counts(PROOF, runs=len(told))
    assert [leak for texts in told for text in texts for leak in found("output", text)] == []
    assert [*below(spool)] == []


def test_a_scheduler_and_its_workers_know_no_secret(
    laden: Laden, proxy: Proxy, tmp_path: Path, postgres_server: PostgresServer, counts: Counts
) -> None:
    environ = laden.stack.environ
    environ |= {"PGUSER": postgres_server.user, "PGPASSWORD": postgres_server.password}
    url = f"postgresql://127.0.0.1:{postgres_server.port}/postgres?schema=c_{secrets.token_hex(4)}_{{stack}}"
    fleet = laden.folder / "fleet.yaml"
    fleet.write_text(fleet.read_text().replace("sqlite:///states/{stack}.db", url))
    spool = tmp_path / "temporary"
    spool.mkdir()
    log = {"DASK_LOGGING__DISTRIBUTED": "debug", "TMPDIR": str(spool)}
    proxy.rule("POST", "/Queues", lambda seen: echo(seen, 500), times=2)
    environ["VOICEFORM_BASE_URL"] = proxy.url
    with DaskCluster(tmp_path / "cluster", {**environ, **log}) as cluster:
        cluster.start(1, preload=NOTING)
        there = ("--scheduler", cluster.address)
        approved = ("--auto-approve", "--approve", "call=99")
        told = [
            program(laden, "fleet", "plan", "--out", str(tmp_path / "plans"), *there),
            program(laden, "fleet", "apply", *approved, *there),
            program(laden, "fleet", "dispatch", *there),
        ]
    noted = text_of(tmp_path / "cluster/noted")
    assert "dask_worker" in noted
    assert "failed" in "".join(out for out, _ in told)
    counts(PROOF, runs=len(told), files=len([*(tmp_path / "cluster").rglob("*")]))
    assert [leak for texts in told for text in texts for leak in found("output", text)] == []
    # Plans pass through it, and hold what the configuration holds; no credential is in them.
    assert found("noted", noted, numbers=False, allowed=KNOWN) == []
    assert [*below(tmp_path / "plans", numbers=False, allowed=KNOWN)] == []
    (tmp_path / "cluster/noted").unlink()
    assert [*below(tmp_path / "cluster")] == []
    assert [*below(spool)] == []


SCREENS = {("plan",): False, ("apply",): True, ("fleet", "apply", "--jobs", "2"): True}
"""Commands, and whether they ask, which is answered with no."""


@pytest.mark.parametrize(("argv", "asks"), SCREENS.items(), ids=map(" ".join, SCREENS))
def test_a_terminal_shows_no_secret(
    argv: tuple[str, ...], *, asks: bool, laden: Laden, counts: Counts
) -> None:
    screen = Terminal(laden.folder, laden.stack.environ, "-v", *argv)
    if asks:
        screen.until("?")
        screen.type("no\r")
    screen.end()
    raw = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]|\r", "", screen.raw)
    assert screen.text.strip()
    counts(PROOF, screens=1)
    assert found("screen", screen.text) + found("raw", raw) == []
