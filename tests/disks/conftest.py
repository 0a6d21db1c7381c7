"""Fixtures of the tests of disks."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path

import pytest

from tests.disks.disk import Disk, compiled
from tests.disks.meddler import Meddler
from tests.disks.play import Runner
from tests.disks.trouble import may_mount, mounted
from tests.hostile.proxy import serving
from tests.matrix.conftest import base
from tests.matrix.ground import Ground
from voiceform.emulator import Emulator

__all__ = ["base"]


@pytest.fixture
def ground(tmp_path: Path) -> Iterator[Ground]:
    """As that of the matrices, on a disk of its own where one can be mounted."""
    with (
        Emulator(port=0, calls_per_second=10_000.0) as emulator,
        mounted(tmp_path) if may_mount() else nullcontext(),
    ):
        yield Ground(emulator, tmp_path)


@pytest.fixture
def liar(ground: Ground) -> Iterator[Meddler]:
    """A proxy before the emulator, through which the ground's commands go."""
    with serving(Meddler([], upstream=ground.emulator.url)) as liar:
        ground.base_url = liar.url
        yield liar


@pytest.fixture(scope="session")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What stands between programs and the kernel."""
    return compiled(tmp_path_factory.mktemp("failing"))


@pytest.fixture(scope="module")
def disk(library: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Disk]:
    """A disk, whose folder each test names."""
    found = Disk(Path("/nowhere"), library, tmp_path_factory.mktemp("page") / "page")
    yield found
    found.close()


@pytest.fixture(scope="module")
def runner(disk: Disk, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Runner]:
    """What runs commands on it."""
    running = Runner(tmp_path_factory.mktemp("outputs"), disk)
    yield running
    running.close()
