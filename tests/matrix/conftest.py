"""Fixtures of the matrices."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.hostile.proxy import serving
from tests.matrix.ground import Ground, Kept
from tests.matrix.killing import Crasher
from tests.matrix.liar import Liar
from tests.matrix.scenes import common
from voiceform.emulator import Emulator


@pytest.fixture
def ground(tmp_path: Path) -> Iterator[Ground]:
    """A ground of its own, whose emulator dials as fast as it is asked."""
    with Emulator(port=0, calls_per_second=10_000.0) as emulator:
        yield Ground(emulator, tmp_path)


@pytest.fixture
def liar(ground: Ground) -> Iterator[Liar]:
    """A liar before the emulator, through which the ground's commands go."""
    with serving(Liar([], upstream=ground.emulator.url)) as liar:
        ground.base_url = liar.url
        yield liar


@pytest.fixture
def base(ground: Ground, liar: Liar) -> Kept:
    """The common ground of all scenes."""
    common(ground)
    return ground.keep("base")


@pytest.fixture(scope="session")
def crasher(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Crasher]:
    """One helper for all that is killed."""
    running = Crasher(tmp_path_factory.mktemp("crasher"))
    yield running
    running.close()
