from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.warm.programs import path_of

SCRIPT = """\
import os, sys
os.umask(mask := os.umask(0))
environ = os.environ["WORD"], "HOME" in os.environ
print(sys.argv[1:], os.getcwd(), *environ, oct(mask), sys.stdin.read(), os.getpid())
print("beside", file=sys.stderr)
sys.exit(int(sys.argv[1]))
"""


def run(programs: Path, folder: Path, line: str, **environ: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["bash", "-c", line],
        cwd=folder,
        env={"PATH": path_of(programs), **environ},
        input="",
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_program_has_the_surroundings_of_who_starts_it(programs: Path, tmp_path: Path) -> None:
    (tmp_path / "own.py").write_text(SCRIPT)
    (tmp_path / "data").write_text("given")
    done = run(programs, tmp_path, "umask 027; python own.py 7 'a b' < data", WORD="ü \n x")
    words, _, pid = done.stdout.strip().rpartition(" ")
    assert words == f"['7', 'a b'] {tmp_path} ü \n x False 0o27 given"
    assert int(pid) != os.getpid()
    assert done.stderr == "beside\n"
    assert done.returncode == 7


@pytest.mark.parametrize("program", ["voiceform", "python -m voiceform", f"{sys.executable} -m voiceform"])
def test_voiceform_ends_and_writes_as_it_does(programs: Path, tmp_path: Path, program: str) -> None:
    (tmp_path / "voiceform.yaml").write_text("version: 1\nqueues: {a: {max_size: 0}}\n")
    wrong = run(programs, tmp_path, f"{program} validate")
    assert wrong.returncode == 1
    assert "voiceform.yaml:2:24" in wrong.stderr
    assert run(programs, tmp_path, f"{program} no-such").returncode == 64
    assert run(programs, tmp_path, f"{program} schema plan | head -1").stdout == "{\n"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("raise ValueError('oh')", 1),
        ("raise SystemExit('oh')", 1),
        ("import os; os._exit(3)", 3),
        ("import os; print('oh', flush=True); os.kill(os.getpid(), 9)", 137),
        ("import threading; threading.Timer(0.01, print, ['oh']).start()", 0),
        ("import atexit; atexit.register(print, 'oh')", 0),
    ],
)  # fmt: skip
def test_it_ends_as_python_does(programs: Path, tmp_path: Path, text: str, code: int) -> None:
    (tmp_path / "own.py").write_text(text)
    for python in ("python", sys.executable):
        done = run(programs, tmp_path, f"{python} own.py; exit $?")
        assert done.returncode == code
        assert ("oh" in done.stdout + done.stderr) == (code != 3)


def test_other_uses_of_python_are_left_to_python(programs: Path, tmp_path: Path) -> None:
    done = run(programs, tmp_path, "python -c 'import sys; print(sys.argv)' x; python3 --version")
    assert done.stdout.splitlines()[0] == "['-c', 'x']"
    assert done.stdout.splitlines()[1].startswith("Python 3")
