"""Fixtures for the tests of recorded state."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from voiceform.state.sqlite import SqliteStore


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "stack" / "state.db"


@pytest.fixture
def store(path: Path) -> Iterator[SqliteStore]:
    """An empty state in a file that does not exist yet."""
    with SqliteStore(path) as store:
        yield store
