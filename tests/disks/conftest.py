"""Fixtures of the tests of disks."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.disks.disk import Disk, compiled
from tests.disks.play import Runner
from tests.matrix.conftest import base, ground, liar

__all__ = ["base", "ground", "liar"]


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
