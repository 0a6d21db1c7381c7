"""Runs universes: `python -m tests.simulation 10000`, or one again with its whole history: `--seed 4711`."""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from tests.simulation.bugs import BUGS
from tests.simulation.declared import write_configurations
from tests.simulation.scheduler import Carriers
from tests.simulation.universe import Universe

_BLOCK = 100


def main() -> int:
    """What was wrong goes to stdout; 1 if anything was."""
    parser = argparse.ArgumentParser(prog="make simulate")
    parser.add_argument("seeds", nargs="?", type=int, default=10_000)
    parser.add_argument("--seed", type=int, help="run this one, and show its history")
    parser.add_argument("--bugs", action="store_true", help="say in which universe each planted bug is found")
    parser.add_argument("--traces", nargs="+", type=int, help="show the hash of each history")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_configurations(folder)
        if options.traces is not None:
            return _traces(options.traces, folder)
        if options.seed is not None:
            return _show(options.seed, folder)
        return _bugs(options.seeds, folder) if options.bugs else _many(options.seeds, folder)


def _traces(seeds: list[int], folder: Path) -> int:
    carriers = Carriers()
    for seed in seeds:
        universe = Universe(seed, carriers, folder)
        universe.run()
        print(universe.scheduler.trace)
    return 0


def _show(seed: int, folder: Path) -> int:
    universe = Universe(seed, Carriers(), folder)
    universe.scheduler.log = []
    violations = universe.run()
    print(*universe.scheduler.log, sep="\n")
    for actor in universe.actors:
        print(*(f"{actor.name}: {error}" for error in actor.errors), sep="\n")
    print(*violations, sep="\n")
    return bool(violations)


def _bugs(most: int, folder: Path) -> int:
    carriers, unseen = Carriers(), 0
    for name, bug in BUGS.items():
        with bug.planted() as planted:
            for seed in range(most):
                violations = planted(seed, carriers, folder).run()
                if violations:
                    print(f"{name}: found in universe {seed}: {violations[0]}", flush=True)
                    break
            else:
                unseen += 1
                print(f"{name}: not found in {most} universes", flush=True)
    return bool(unseen)


def _many(seeds: int, folder: Path) -> int:
    began, wrong, steps = time.monotonic(), 0, 0
    blocks = [(begin, min(begin + _BLOCK, seeds), folder) for begin in range(0, seeds, _BLOCK)]
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        for found, taken in pool.map(_block, blocks):
            wrong += len(found)
            steps += taken
            for seed, violations in found:
                print(f"universe {seed}: {'; '.join(violations)}", flush=True)
    print(f"{seeds:,} universes, {steps:,} steps, {wrong:,} wrong, {time.monotonic() - began:.0f} s")
    return bool(wrong)


def _block(block: tuple[int, int, Path]) -> tuple[list[tuple[int, list[str]]], int]:
    begin, end, folder = block
    carriers, found, steps = Carriers(), [], 0
    for seed in range(begin, end):
        universe = Universe(seed, carriers, folder)
        violations = universe.run()
        steps += universe.scheduler.steps
        if violations:
            found.append((seed, violations))
    return found, steps


if __name__ == "__main__":
    sys.exit(main())
