"""Remembers which tests of `make matrix` have passed, so that it goes on where it was stopped.

A plugin (`-p tests.matrix.played`). What passed is in pytest's cache, and is played again when anything in
the program or the tests is another.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
_KEY = "voiceform/matrix"


class Played:
    """What passed of this very program."""

    def __init__(self, config: pytest.Config, cache: pytest.Cache) -> None:
        self._config, self._cache = config, cache
        self._program = _digest()
        found = cache.get(_KEY, {})
        self._passed: list[str] = found["passed"] if found.get("program") == self._program else []

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Leave out what passed."""
        passed = {*self._passed}
        left_out = [item for item in items if item.nodeid in passed]
        if left_out:
            self._config.hook.pytest_deselected(items=left_out)
            items[:] = [item for item in items if item.nodeid not in passed]

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Write down at once what passes, in the process that hears of all."""
        if report.when == "call" and report.passed and not hasattr(self._config, "workerinput"):
            self._passed.append(report.nodeid)
            self._cache.set(_KEY, {"program": self._program, "passed": self._passed})


def pytest_configure(config: pytest.Config) -> None:
    """Begin."""
    cache = config.cache
    assert cache is not None, "what was played is remembered in pytest's cache"
    config.pluginmanager.register(Played(config, cache))


def _digest() -> str:
    digest = hashlib.sha256()
    for folder in ("voiceform", "tests", "schemas"):
        for path in sorted(ROOT.joinpath(folder).rglob("*")):
            if path.is_file() and "__pycache__" not in path.parts:
                digest.update(f"{path} ".encode() + hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()
