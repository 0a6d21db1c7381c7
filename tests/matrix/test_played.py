from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from tests.matrix.played import ROOT

TESTS = """\
def test_well():
    pass
def test_wrong():
    assert False
"""


def played(folder: Path) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "tests.matrix.played", "--rootdir", folder, folder],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout


def test_what_passed_is_played_again_only_in_another_program(tmp_path: Path) -> None:
    (tmp_path / "test_some.py").write_text(TESTS)
    assert "1 failed, 1 passed" in played(tmp_path)
    assert "1 failed, 1 deselected" in played(tmp_path)
    [memory] = (tmp_path / ".pytest_cache").rglob("voiceform/matrix")
    memory.write_text(json.dumps({**json.loads(memory.read_text()), "program": "another"}))
    assert "1 failed, 1 passed" in played(tmp_path)
