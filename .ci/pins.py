"""Prints pip constraints that pin every distribution of the running environment, without voiceform itself."""

from __future__ import annotations

import sys
from importlib.metadata import distributions
from pathlib import Path

_NOT_PINNED = frozenset({"voiceform", "pip", "setuptools", "wheel"})
PINS = Path(__file__).with_name("constraints.txt")


def pins() -> list[str]:
    """`name==version` of each, sorted by name."""
    found = {dist.name: dist.version for dist in distributions() if dist.name.lower() not in _NOT_PINNED}
    return [f"{name}=={found[name]}" for name in sorted(found, key=str.lower)]


def header() -> list[str]:
    """The comment above the pins, which is kept."""
    lines = PINS.read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line.startswith("#")]


if __name__ == "__main__":
    sys.stdout.write("\n".join([*header(), *pins()]) + "\n")
