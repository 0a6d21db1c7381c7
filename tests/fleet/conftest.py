"""Fixtures of the tests of fleets."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fleet.fleets import FleetFolder
from voiceform.emulator import Emulator


@pytest.fixture
def fleet(tmp_path: Path, emulator: Emulator, capsys: pytest.CaptureFixture[str]) -> FleetFolder:
    """An empty folder for a fleet about an empty emulator."""
    return FleetFolder(tmp_path, emulator, capsys)
