"""Fixtures of the whole suite."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support import Stack
from voiceform.emulator import Emulator


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
def stack(tmp_path: Path, emulator: Emulator, capsys: pytest.CaptureFixture[str]) -> Stack:
    """An empty stack against an empty account."""
    return Stack(tmp_path, emulator, capsys)
