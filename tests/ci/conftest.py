"""What the tests of the CI kits need."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.ci.github import GitHub
from tests.services import require_programs
from tests.support import Stack
from voiceform.emulator import Emulator


@pytest.fixture
def github(tmp_path: Path, emulator: Emulator, programs: Path) -> GitHub:
    """An empty repository and an empty account."""
    require_programs("git", "bash", "jq")
    return GitHub(tmp_path / "github", emulator.url, f"sqlite:///{tmp_path}/state.db", programs)


@pytest.fixture
def project(github: GitHub, stack: Stack) -> Stack:
    """The developer's clone with a scaffolded stack that is not committed yet."""
    stack.folder = github.work
    stack.ok("init")
    return stack
