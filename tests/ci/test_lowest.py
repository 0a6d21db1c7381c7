"""The lowest versions are really tried: every bound of pyproject.toml is one of the constraints."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_every_requirement_has_a_lower_bound_and_is_held_to_it() -> None:
    done = subprocess.run(
        [sys.executable, str(ROOT / ".ci" / "lowest.py")], capture_output=True, text=True, check=True
    )
    held = dict(line.split("==") for line in done.stdout.splitlines())
    document = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    project = document["project"]
    extras = [
        item for name, listed in project["optional-dependencies"].items() if name != "dev" for item in listed
    ]
    for requirement in [*document["build-system"]["requires"], *project["dependencies"], *extras]:
        name = re.split(r"[\\[>=<!~; ]", requirement, maxsplit=1)[0]
        assert held[name] in requirement


def test_the_whole_check_tries_them() -> None:
    assert "make test-lowest" in (ROOT / ".ci" / "run").read_text(encoding="utf-8")
