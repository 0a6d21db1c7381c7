"""Every command that writes, on disks that are full, broken or read-only from any of its steps on."""

from __future__ import annotations

import errno
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random

import pytest

from tests.counting import Counts
from tests.disks.disk import FAULTS, Disk, Does, Fault
from tests.disks.meddler import Meddler
from tests.disks.mistakes import MISTAKES, Mistake
from tests.disks.play import DiskPlay, Runner
from tests.disks.scenes import POOLED, SCENES
from tests.disks.trouble import TROUBLES, Trouble, away, may_mount, modes
from tests.matrix.crashing import SIDE_BY_SIDE
from tests.matrix.ground import Ground, Kept
from tests.matrix.pieces import WHOLE, Piece, pieces
from tests.matrix.scenes import Scene
from voiceform.model.exit_codes import ExitCode

SAMPLED = 4
"""Of so many faults each scene meets one step, unless all are played."""
TRIED = 6
"""So many steps may be tried for a planted mistake."""
SEED = 20261203
STATES = (".voiceform/state.db", ".voiceform/state.db-wal")
TROUBLED_BY = 2
"""So many troubles each scene meets, unless all are played."""
PROCESSES = {scene.name for scene in POOLED}
"""Scenes of which half meets one fault in a sample, and the other half one trouble: each starts processes
that read all of the program."""
FAULTY = [scene for scene in SCENES if WHOLE or scene not in POOLED[1::2]]
TROUBLED = [scene for scene in (*SCENES, *SIDE_BY_SIDE) if WHOLE or scene not in POOLED[::2]]
Stage = Callable[[Scene], DiskPlay]


@pytest.fixture
def stage(ground: Ground, liar: Meddler, base: Kept, disk: Disk, runner: Runner, tmp_path: Path) -> Stage:
    """Plays a scene well."""

    def played(scene: Scene) -> DiskPlay:
        play = DiskPlay(ground, liar, scene)
        play.disk, play.runner = disk, runner
        disk.root = tmp_path
        play.begin(base)
        return play

    return played


@pytest.mark.parametrize("piece", pieces(FAULTY), ids=str)
def test_a_command_on_a_disk_that_fails_says_so_and_is_made_whole_by_the_next(
    piece: Piece, stage: Stage, counts: Counts
) -> None:
    played = stage(piece.scene)
    steps = played.steps()
    points = [(fault, at) for fault in FAULTS for at in fault.telling(steps)]
    chosen = piece.of(points) if WHOLE else sample(piece.scene, points)
    told = [found for fault, at in chosen for found in played.struck_at(fault, at)]
    counts("disks that fail", points=len(piece.of(points)), played=len(chosen))
    assert not told, f"{len(told)} faults:\n\n" + "\n\n".join(told[:10])


@pytest.mark.parametrize("scene", TROUBLED, ids=lambda scene: f"{scene.name} {' '.join(scene.argv)}")
def test_a_command_in_trouble_says_so_and_is_made_whole_by_the_next(
    scene: Scene, stage: Stage, counts: Counts
) -> None:
    played = stage(scene)
    played.steps()
    possible = [trouble for trouble in TROUBLES if may_mount() or not trouble.mounted]
    chosen = (
        possible
        if WHOLE
        else Random(f"{SEED} {scene.name} in trouble").sample(
            possible, 1 if scene.name in PROCESSES else TROUBLED_BY
        )
    )
    told = [found for trouble in chosen for found in played.in_trouble(trouble)]
    counts("disks that fail", troubles=len(possible), in_trouble=len(chosen))
    assert not told, f"{len(told)} faults:\n\n" + "\n\n".join(told[:10])


@pytest.mark.parametrize(
    "name", ["", ".voiceform", ".voiceform/state.db", ".voiceform/state.db-wal", "evidence"]
)
@pytest.mark.parametrize("instead", ["", "copy"])
def test_a_prune_stops_when_what_it_writes_is_moved_away(stage: Stage, name: str, instead: str) -> None:
    played = stage(scene_of("prune"))
    played.steps()
    told = played.in_trouble(Trouble(f"{name} moved away", away(name, instead=instead), at=0.7))
    assert not told, "\n\n".join(told)
    assert played.first.code in (ExitCode.ERROR, ExitCode.INCOMPLETE), played.first


@pytest.mark.parametrize(
    "fault", [fault for fault in FAULTS if fault.kinds & Does.WRITE], ids=lambda fault: fault.name
)
def test_which_of_the_pages_fails_that_are_written_together_makes_no_difference(
    fault: Fault, stage: Stage
) -> None:
    """So that those between the first and the last need not be tried."""
    played = stage(scene_of("calls pause"))
    steps = played.steps()
    own, telling = fault.steps(steps), fault.telling(steps)
    left: dict[int, set[str]] = {}
    for at in [at for at, step in enumerate(own) if step.startswith("write state.db-")]:
        first = max(number for number in telling if number <= at)
        left.setdefault(first, set()).add(played.left_by(fault, at))
    assert len(own) > len(telling) > len(left) > 1
    assert all(len(found) == 1 for found in left.values()), left


def test_a_new_file_is_written_where_files_have_one_name(stage: Stage) -> None:
    played = stage(scene_of("export --out"))
    played.steps()
    assert played.struck_at(Fault("without links", Does.LINK, errno.EPERM), 0) == []
    assert played.first.code == ExitCode.DONE


STARTED = {"test --junit-xml": range(13), "fleet prune by processes": (5, 15)}
"""What is started in a scene, in a thread or a process, gets no open files where so many more may be open."""


@pytest.mark.parametrize("name", STARTED)
def test_what_gets_no_open_files_as_it_is_started_says_so(name: str, stage: Stage) -> None:
    """Which of them it is that it does not get, among those that only the started one opens too."""
    played = stage(scene_of(name))
    played.steps()
    told: list[str] = []
    for more in STARTED[name]:
        told += played.in_trouble(Trouble(f"{more} more files", inside={"NOFILE": more}))
        assert re.search("(?i)open files", played.first.out + played.first.err), more
    assert not told, "\n\n".join(told)


@pytest.mark.parametrize("name", ["fleet plan --out", "fleet plan --out, again"])
def test_plans_that_cannot_be_put_in_the_place_of_others_leave_a_whole_folder(
    name: str, stage: Stage
) -> None:
    played = stage(scene_of(name))
    full = next(fault for fault in FAULTS if fault.name == "full")
    renamed = [at for at, step in enumerate(full.steps(played.steps())) if step.startswith("rename to ")]
    told = [found for at in renamed[-3:] for found in played.struck_at(full, at)]  # two plans and the index
    assert not told, "\n\n".join(told)


def test_a_fleet_needs_to_read_nothing_that_it_wrote(stage: Stage) -> None:
    played = stage(scene_of("fleet plan --out"))
    unreadable = Fault("unreadable for a moment", Does.READ, errno.EIO, once=True)
    steps = unreadable.steps(played.steps())
    assert not [step for step in steps if step.endswith(".plan.json")]
    temporary = [at for at, step in enumerate(steps) if step.startswith("read voiceform-")]
    assert temporary
    for at in temporary:
        assert played.struck_at(unreadable, at) == []
        assert played.first.code == played.scene.code, played.first


def test_a_folder_of_tests_that_may_not_be_read_is_not_an_empty_one(stage: Stage) -> None:
    played = stage(scene_of("test --junit-xml"))
    played.steps()
    shut = Trouble("tests that may not be read", modes(tests=0), {"modes": 1}, leaves_nothing=False)
    assert played.in_trouble(shut) == []
    assert played.first.code == ExitCode.ERROR
    assert "tests: the folder cannot be read: permission denied" in " ".join(played.first.err.lower().split())


def test_a_test_that_may_not_copy_its_stack_is_no_defect(stage: Stage) -> None:
    played = stage(scene_of("test --junit-xml"))
    played.steps()
    assert played.in_trouble(Trouble("files end at 0 bytes", inside={"FSIZE": 0})) == []
    assert "this process gets no more room for a file" in " ".join(played.first.out.split())


def test_a_fleet_that_finds_another_state_than_it_planned_from_does_nothing(stage: Stage) -> None:
    played = stage(scene_of("fleet prune"))
    played.steps()
    told = played.in_trouble(Trouble("the state is gone behind the plan", away(".voiceform"), at=0.1))
    assert not told, "\n\n".join(told)
    assert played.first.code == ExitCode.STALE
    assert "the plan was made from another state" in " ".join(played.first.out.split())


def scene_of(name: str) -> Scene:
    """The scene of that name."""
    return next(scene for scene in SCENES if scene.name == name)


def sample(scene: Scene, points: list[tuple[Fault, int]]) -> list[tuple[Fault, int]]:
    """One step for some of the faults, the same ones every time."""
    random = Random(f"{SEED} {scene.name}")
    some = random.sample(FAULTS, 1 if scene.name in PROCESSES else SAMPLED)
    return [random.choice([point for point in points if point[0] is fault]) for fault in some]


@pytest.mark.parametrize("name", MISTAKES)
def test_a_planted_mistake_is_found(name: str, stage: Stage) -> None:
    mistake = MISTAKES[name]
    played = stage(scene_of(mistake.scene))
    told = in_trouble if mistake.step is None else on_a_disk
    assert any(mistake.expected in what.partition("\n")[0] for what in told(played, name, mistake))


def in_trouble(played: DiskPlay, name: str, mistake: Mistake) -> Iterator[str]:
    """What is found with the mistake in its trouble."""
    played.steps(name)
    yield from played.in_trouble(next(found for found in TROUBLES if found.name == mistake.spoilt), name)


def on_a_disk(played: DiskPlay, name: str, mistake: Mistake) -> Iterator[str]:
    """What is found with the mistake on its disk. Which step is which depends a little on how fast the
    machine is: some are tried."""
    fault = next(fault for fault in FAULTS if fault.name == mistake.spoilt)
    steps = fault.steps(played.steps(name))
    for at in [at for at, step in enumerate(steps) if str(mistake.step) in step][:TRIED]:
        yield from played.struck_at(fault, at, name)
