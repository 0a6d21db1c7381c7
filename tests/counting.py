"""What the proofs counted, in the terminal's last lines: states, seeds, sizes, and the time that it took.

    def test_something(counts: Counts) -> None:
        counts("models of the lease", states=1_204, mutants=3)

Tests that count under one name make one line, in which their figures and times are added up. The figures
travel with the report of the test, so that they arrive from another process (xdist) as from this one.
"""

from __future__ import annotations

import os
import time
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Protocol

import pytest

_PROPERTY = "counted"


class Counts(Protocol):
    """Adds figures to the line of the proof `name`."""

    def __call__(self, name: str, **figures: int) -> None:
        """Figures are words of one line: `crash_points=12` is shown as `12 crash points`."""


@dataclass
class Line:
    """What all tests of one proof counted."""

    figures: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    cpu: float = 0.0
    wall: float = 0.0

    def text(self, name: str) -> str:
        """As it is printed."""
        words = [f"{number:,} {noun.replace('_', ' ')}" for noun, number in self.figures.items()]
        return f"{name}: {', '.join(words)}; {self.cpu:.1f} s of processor, {self.wall:.1f} s of time"


@pytest.fixture
def counts(request: pytest.FixtureRequest) -> Iterator[Counts]:
    """Count for the terminal's last lines. Time counts from here to the end of the test, children included as
    far as they were waited for."""
    counted: dict[str, dict[str, int]] = {}

    def count(name: str, **figures: int) -> None:
        line = counted.setdefault(name, {})
        for noun, number in figures.items():
            line[noun] = line.get(noun, 0) + number

    cpu, wall = _cpu(), time.perf_counter()
    yield count
    cpu, wall = _cpu() - cpu, time.perf_counter() - wall
    for name, figures in counted.items():  # a test that counts for several lines spent its time on all alike
        spent = {"name": name, "figures": figures, "cpu": cpu / len(counted), "wall": wall / len(counted)}
        request.node.user_properties.append((_PROPERTY, spent))


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Print one line for each proof, in the order of their names."""
    lines: dict[str, Line] = defaultdict(Line)
    reports = [report for group in terminalreporter.stats.values() for report in group]
    for report in reports:
        if getattr(report, "when", None) == "teardown":  # what was counted is complete by then
            for key, spent in report.user_properties:
                if key == _PROPERTY:
                    _add(lines[spent["name"]], spent)
    if lines:
        terminalreporter.section("proofs")
    for name in sorted(lines):
        terminalreporter.write_line(lines[name].text(name))


def _add(line: Line, spent: dict[str, Any]) -> None:
    for noun, number in spent["figures"].items():
        line.figures[noun] += number
    line.cpu += spent["cpu"]
    line.wall += spent["wall"]


def _cpu() -> float:
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system
