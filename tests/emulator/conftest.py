from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.emulator.api import Api
from voiceform.emulator import Emulator

START = "2026-03-01T12:00:00Z"


@pytest.fixture(scope="module")
def server() -> Iterator[Emulator]:
    with Emulator(random_seed=1) as running:
        yield running


@pytest.fixture
def emulator(server: Emulator) -> Emulator:
    """An empty emulator of profile twilio whose clock stands at noon of 1 March 2026."""
    server.reset()
    server.clock(now=START, frozen=True)
    return server


@pytest.fixture
def api(emulator: Emulator) -> Iterator[Api]:
    with Api(emulator.url) as session:
        yield session
