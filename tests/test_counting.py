"""What proofs count is printed once for each, whichever processes their tests ran in."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
TESTS = """
import pytest

@pytest.mark.parametrize("number", [1, 2, 3])
def test_one(number, counts):
    counts("models", states=1000 * number, crash_points=1)

def test_other(counts):
    counts("bits", flips=7)
    counts("bits", flips=1)

def test_that_counts_nothing(counts):
    pass
"""


@pytest.mark.parametrize("processes", ["0", "2"])
def test_a_proof_has_one_line(tmp_path: Path, processes: str) -> None:
    (tmp_path / "test_counted.py").write_text(TESTS)
    command = ["-m", "pytest", "-q", "-n", processes, "-p", "tests.counting", "-p", "no:cacheprovider"]
    options = ["-p", "no:voiceform", "--rootdir", str(tmp_path), str(tmp_path)]
    done = subprocess.run(
        [sys.executable, *command, *options],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    lines = [line for line in done.stdout.splitlines() if " s of processor" in line]
    assert [re.sub(r"\d+\.\d s", "T s", line) for line in lines] == [
        "bits: 8 flips; T s of processor, T s of time",
        "models: 6,000 states, 3 crash points; T s of processor, T s of time",
    ]
