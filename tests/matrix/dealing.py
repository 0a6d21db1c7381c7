"""Which cells of the matrix are played: each of them by itself, or a sample in packs."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from random import Random

from tests.matrix.faults import Fault, audio, table
from tests.matrix.liar import Cell
from tests.matrix.play import WRITES, Play, may_follow

MEDIA = "fetchRecordingMedia"
LASTING = 2
"""How many faults of each scene do not pass, in a sample."""


def faults_of(operation: str) -> list[Fault]:
    """What may come back for an operation. A download that never comes is waited for as long as its size
    allows: that is no part of this."""
    if operation != MEDIA:
        return [*table().values()]
    return [*(fault for fault in table().values() if not fault.stalls), *audio().values()]


def whole(play: Play) -> Iterator[Cell]:
    """Every fault at every operation of a scene, before it is carried out and, where it may be, behind it."""
    for operation in play.operations:
        for fault in faults_of(operation):
            yield Cell(operation, fault)
            if operation in WRITES and may_follow(operation, fault):
                yield Cell(operation, fault, after=True)


def sample(
    plays: Sequence[Play], random: Random, operations: Collection[str] | None = None
) -> dict[str, list[Cell]]:
    """Of each command every fault in one of its scenes, and of each of `operations` (all that are called)
    every fault in some scene."""
    dealt: dict[str, list[Cell]] = {play.scene.name: [] for play in plays}
    met: set[tuple[str, str]] = set()

    def deal(play: Play, operation: str, fault: Fault) -> None:
        after = operation in WRITES and may_follow(operation, fault) and random.random() < 0.5
        dealt[play.scene.name].append(Cell(operation, fault, after))
        met.add((operation, fault.name))

    for command in sorted({play.argv[0] for play in plays}):
        scenes = [play for play in plays if play.argv[0] == command]
        for fault in table().values():
            play = random.choice(scenes)
            lacking = [name for name in play.operations if (name, fault.name) not in met]
            operation = random.choice(lacking or play.operations)
            if not (fault.stalls and operation == MEDIA):
                deal(play, operation, fault)
    called = {name for play in plays for name in play.operations}
    for operation in sorted(called if operations is None else called & {*operations}):
        callers = [play for play in plays if operation in play.operations]
        for fault in faults_of(operation):
            if (operation, fault.name) not in met:
                deal(random.choice(callers), operation, fault)
    for cells in dealt.values():
        random.shuffle(cells)
    return dealt


def struck_in_packs(play: Play, cells: Iterable[Cell]) -> list[str]:
    """Play until each cell was met: those that only a timeout ends alone, lies apart from the rest."""
    left = [*cells]
    told: list[str] = []
    while left:
        stalling = [cell for cell in left if cell.fault.stalls][:1]
        honest = [cell for cell in left if cell.fault.honest and not cell.fault.stalls]
        told += play.struck(stalling or honest or left)
        met = {id(cell) for cell in play.met}
        rest = [cell for cell in left if id(cell) not in met]
        assert len(rest) < len(left), f"{play.scene.name} does not meet {[str(cell) for cell in left]}"
        left = rest
    return told


def struck_alone(play: Play, cells: Sequence[Cell]) -> Iterator[str]:
    """What does not hold where each cell is played by itself, once and then for ever, as it is found."""
    for cell in cells:
        yield from play.struck([cell])
    for cell in cells:
        if not cell.after:
            yield from play.struck(always=cell)
