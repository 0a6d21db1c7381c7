"""Programs that start at once: for tests that start many."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.warm.started import SERVER

ROOT = Path(__file__).parents[2]
_CLIENT = """\
#!{python} -IS
import sys
sys.path.append({folder!r})
from client import main
main({server!r}, {python!r}, sys.argv)
"""


@contextmanager
def started() -> Iterator[Path]:
    """A folder for the front of PATH, whose `voiceform`, `python` and `python3` run in forks of a process
    that has imported everything: a tenth of the work of starting them. How the program starts, signals,
    terminals and encodings are for tests that start it themselves."""
    with tempfile.TemporaryDirectory(prefix="warm-") as name:
        folder, server = Path(name), f"{name}/{SERVER}"
        text = _CLIENT.format(python=sys.executable, folder=str(Path(__file__).parent), server=server)
        for program in ("voiceform", "python", "python3"):
            folder.joinpath(program).write_text(text, encoding="utf-8")
            folder.joinpath(program).chmod(0o755)
        with subprocess.Popen(
            [sys.executable, "-m", "tests.warm.server", server],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,
        ) as process:
            assert process.stdout is not None
            assert process.stdout.readline() == b"ready\n"
            yield folder
            assert process.stdin is not None
            process.stdin.close()
            assert process.wait() == 0


@pytest.fixture(scope="session")
def programs() -> Iterator[Path]:
    """See `started`; one for the whole run."""
    with started() as folder:
        yield folder


def path_of(programs: Path) -> str:
    """PATH with these programs in front, and those of the environment of the tests behind them."""
    return os.pathsep.join((str(programs), str(Path(sys.executable).parent), os.environ["PATH"]))
