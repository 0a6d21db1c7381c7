"""Prints pip constraints that hold every direct dependency to the lower bound that pyproject.toml gives."""

from __future__ import annotations

import re
import sys
import tomllib
from pathlib import Path

_REQUIREMENT = re.compile(
    r"(?P<name>[A-Za-z0-9._-]+)(?:\[[^\]]*\])?>=(?P<lowest>[0-9][0-9.]*)(?:,[!<]=?[0-9.]+)*(?:\s*;.*)?"
)


def constraints(pyproject: Path) -> list[str]:
    """`name==lowest` for every requirement that has a lower bound."""
    document = tomllib.loads(pyproject.read_text(encoding="utf-8"))
    project = document["project"]
    listed = [*document["build-system"]["requires"], *project["dependencies"]]
    for extra in project["optional-dependencies"].values():
        listed += extra
    bounds = filter(None, map(_REQUIREMENT.fullmatch, listed))
    return sorted({f"{bound['name']}=={bound['lowest']}" for bound in bounds})


if __name__ == "__main__":
    sys.stdout.write("\n".join(constraints(Path(__file__).resolve().parents[1] / "pyproject.toml")) + "\n")
