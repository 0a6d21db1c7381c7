"""Fixtures of the whole suite."""

from __future__ import annotations

import importlib
import os
import pkgutil
import secrets
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

import voiceform
from tests.counting import counts, pytest_terminal_summary
from tests.services import PostgresServer, S3Server, postgres_server, s3_server
from tests.support import Stack
from tests.warm.programs import programs
from voiceform.emulator import Emulator

__all__ = ["counts", "postgres_server", "programs", "pytest_terminal_summary", "s3_server"]

# No example has to be fast: how long one takes is the machine's doing. In CI the same examples every time, so
# that red is about the change; elsewhere new ones are looked for.
settings.register_profile("voiceform", deadline=None, derandomize=bool(os.environ.get("CI")))
settings.register_profile("fast", settings.get_profile("voiceform"), max_examples=10)
settings.load_profile("voiceform")

LONG = (
    "test_dispatch_crash",
    "test_zombie",
    "test_lease",
    "test_wheel",
    "test_convergence",
    "test_state_mutations",
    "test_cluster_prune",
    "test_cluster_dispatch",
    "test_faults",
    "test_cluster",
)
"""Modules whose tests take seconds each, mostly waiting: for leases to run out, for processes to end."""


# pytest reads the modules of its plugins' packages as syntax trees, and CPython 3.11 sometimes fails to when
# several threads import some at once: they are imported here, by one.
for module in pkgutil.walk_packages(voiceform.__path__, "voiceform."):
    if not module.name.startswith(("voiceform.cli.scaffold", "voiceform.__main__", "voiceform.fleet.dask_")):
        importlib.import_module(module.name)

# What a shell starts in the background ignores SIGINT, below nohup SIGHUP, and so would what tests start.
for number, default in ((signal.SIGINT, signal.default_int_handler), (signal.SIGHUP, signal.SIG_DFL)):
    if signal.getsignal(number) is signal.SIG_IGN:
        signal.signal(number, default)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """One worker more than there are processors: while one waits the others compute."""
    return (os.cpu_count() or 1) + 1


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes long begins first, so that nobody waits for it in the end."""
    items.sort(key=lambda item: item.path.stem not in LONG)


@pytest.fixture(scope="session")
def shared_emulator() -> Iterator[Emulator]:
    """One server for many tests; take `emulator`, which gives it out clean."""
    with Emulator() as emulator:
        yield emulator


@pytest.fixture
def emulator(shared_emulator: Emulator) -> Emulator:
    """An emulator without data, faults or log entries."""
    shared_emulator.reset()
    return shared_emulator


@pytest.fixture
def stack(
    tmp_path: Path, emulator: Emulator, capsys: pytest.CaptureFixture[str], request: pytest.FixtureRequest
) -> Stack:
    """An empty stack against an empty account."""
    return Stack(tmp_path, emulator, capsys, lambda: request.getfixturevalue("programs"))


def postgres_state(server: PostgresServer) -> str:
    """The URL of a fresh state on the PostgreSQL server."""
    return server.url(schema=f"stack_{secrets.token_hex(6)}")


def s3_state(server: S3Server, monkeypatch: pytest.MonkeyPatch) -> str:
    """The URL of a fresh state on the S3 server; its variables are set for this process and its children."""
    for name, value in server.environment().items():
        monkeypatch.setenv(name, value)
    return f"s3://voiceform/{secrets.token_hex(6)}"


@pytest.fixture
def shared_state(request: pytest.FixtureRequest, stack: Stack, monkeypatch: pytest.MonkeyPatch) -> Stack:
    """The stack with its state in the store that the test's parameter names: sqlite, postgres or s3."""
    if request.param == "postgres":
        stack.environ["VOICEFORM_STATE"] = postgres_state(request.getfixturevalue("postgres_server"))
    elif request.param == "s3":
        stack.environ["VOICEFORM_STATE"] = s3_state(request.getfixturevalue("s3_server"), monkeypatch)
    return stack
