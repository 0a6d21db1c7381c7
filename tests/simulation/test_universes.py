"""Simulated universes: many seeds, each a history of its own, and an auditor that counts at the server."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.counting import Counts
from tests.simulation.bugs import BUGS
from tests.simulation.declared import write_configurations
from tests.simulation.scheduler import Carriers
from tests.simulation.universe import Universe

SEEDS = int(os.environ.get("SEEDS", "500"))
BLOCKS = 10
MOST = 300
"""Universes within which a planted bug has to be found."""
ROOT = Path(__file__).parents[2]
PROOF = "simulated universes"


@pytest.fixture(scope="module")
def carriers() -> Carriers:
    return Carriers()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("universes")
    write_configurations(made)
    return made


@pytest.mark.parametrize("block", range(BLOCKS))
def test_in_every_universe_the_auditor_is_content(
    block: int, carriers: Carriers, folder: Path, counts: Counts
) -> None:
    wrong = {}
    for seed in range(block, SEEDS, BLOCKS):
        universe = Universe(seed, carriers, folder)
        violations = universe.run()
        counts(PROOF, universes=1, steps=universe.scheduler.steps, requests=len(universe.server.sent))
        counts(PROOF, processes=len(universe.actors), kills=universe.killed)
        if violations:
            wrong[seed] = violations
    assert wrong == {}, "replay one with `make simulate SEED=...`"


@pytest.mark.parametrize("name", BUGS)
def test_a_planted_bug_is_found(name: str, carriers: Carriers, folder: Path, counts: Counts) -> None:
    with BUGS[name].planted() as planted:
        found = next((seed for seed in range(MOST) if planted(seed, carriers, folder).run()), None)
    assert found is not None, f"{name} is in {MOST} universes, and nobody saw it"
    counts("simulated universes with a planted bug", bugs=1, universes=found + 1)


def test_a_seed_replays_exactly(carriers: Carriers, folder: Path) -> None:
    """Also in another process, whose sets and dictionaries have another order."""
    seeds = range(3)
    first = [trace(seed, carriers, folder) for seed in seeds]
    assert first == [trace(seed, carriers, folder) for seed in seeds]
    assert len(set(first)) == len(first)
    for hashing in ("1", "2"):
        there = subprocess.run(
            [sys.executable, "-m", "tests.simulation", "--traces", *map(str, seeds)],
            cwd=ROOT,
            env={**os.environ, "PYTHONHASHSEED": hashing},
            capture_output=True,
            text=True,
            check=True,
        )
        assert there.stdout.split() == first


def trace(seed: int, carriers: Carriers, folder: Path) -> str:
    universe = Universe(seed, carriers, folder)
    assert universe.run() == []
    return universe.scheduler.trace
