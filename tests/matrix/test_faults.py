"""Every command that talks to the API, every operation that it calls, every fault of the tables.

Which operations a command calls is found by playing it well. In CI a sample is played, a seed for each group
of scenes: every fault at every command, and every fault at every operation. With VOICEFORM_MATRIX=whole every
cell is played beside others, and then by itself, once and for ever.
"""

from __future__ import annotations

from collections.abc import Collection
from itertools import islice
from random import Random

import pytest

from tests.counting import Counts
from tests.hostile.answers import NOT_LET_THROUGH
from tests.matrix.dealing import LASTING, faults_of, sample, struck_alone, struck_in_packs, whole
from tests.matrix.faults import Fault, table
from tests.matrix.fleets import FLEETS
from tests.matrix.ground import Ground, Kept
from tests.matrix.liar import Cell, Liar
from tests.matrix.pieces import WHOLE, Piece, pieces
from tests.matrix.play import Play
from tests.matrix.scenes import READING, WRITING, Scene
from voiceform.emulator.routing import OPERATIONS
from voiceform.model.exit_codes import ExitCode

ALL = (*READING, *WRITING, *FLEETS)
GROUPS = {"reading": READING, "writing": WRITING, "fleets": FLEETS}
LISTS = {
    "listQueues", "listMembers", "listConferences", "listParticipants", "listCalls", "listRecordings",
    "fetchRecording",
}  # fmt: skip
"""Operations that meet every fault where something is only read."""
MEETING: dict[str, Collection[str] | None] = {
    "reading": LISTS,
    "writing": {*OPERATIONS} - LISTS,
    "fleets": (),
}
"""Which operations meet every fault in a group; fleets do to each account what the others do."""
SEED = 20261201


def begun(scenes: tuple[Scene, ...], ground: Ground, liar: Liar, base: Kept) -> list[Play]:
    """Each scene played well."""
    plays = [Play(ground, liar, scene) for scene in scenes]
    for play in plays:
        play.begin(base)
        assert play.operations, f"{play.scene.name} asks the API nothing"
    return plays


@pytest.mark.parametrize("group", () if WHOLE else GROUPS)
def test_whatever_comes_back_nothing_is_lost_and_nothing_is_hidden(
    group: str, ground: Ground, liar: Liar, base: Kept, counts: Counts
) -> None:
    random = Random(f"{SEED} {group}")
    plays = begun(GROUPS[group], ground, liar, base)
    told: list[str] = []
    played, lasting = sample(plays, random, MEETING[group]), 0
    for play in plays:
        told += struck_in_packs(play, played[play.scene.name])
        for _ in range(LASTING):
            operation = random.choice(play.operations)
            told += play.struck(always=Cell(operation, random.choice(faults_of(operation))))
            lasting += 1
    counts(
        "fault matrix",
        scenes=len(plays),
        cells=sum(len([*whole(play)]) for play in plays),
        played=sum(map(len, played.values())) + lasting,
        runs=sum(play.runs for play in plays),
    )
    assert not told, f"{len(told)} faults:\n\n" + "\n\n".join(told[:10])


if WHOLE:

    @pytest.mark.parametrize("scene", ALL, ids=lambda scene: scene.name)
    def test_every_cell_beside_others(
        scene: Scene, ground: Ground, liar: Liar, base: Kept, counts: Counts
    ) -> None:
        """In minutes, what takes hours by itself: few are found there that are not found here."""
        (play,) = begun((scene,), ground, liar, base)
        cells = [*whole(play)]
        Random(f"{SEED} {scene.name}").shuffle(cells)
        told = struck_in_packs(play, cells)
        counts("fault matrix, in packs", scenes=1, cells=len(cells), played=len(cells), runs=play.runs)
        assert not told, f"{len(told)} faults:\n\n" + "\n\n".join(told[:10])

    @pytest.mark.parametrize("piece", pieces(ALL), ids=str)
    def test_every_cell_by_itself(
        piece: Piece, ground: Ground, liar: Liar, base: Kept, counts: Counts
    ) -> None:
        (play,) = begun((piece.scene,), ground, liar, base)
        cells = piece.of([*whole(play)])
        told = [*islice(struck_alone(play, cells), 10)]  # enough to know, after what may be hours
        counts("fault matrix", scenes=1, cells=len(cells), played=2 * len(cells), runs=play.runs)
        assert not told, "\n\n".join(told)


@pytest.mark.parametrize("fault", ["service: not modified", "broken: 101", "foreign: nginx"])
@pytest.mark.parametrize("operation", ["deleteRecording", "deleteCall"])
def test_what_is_gone_behind_an_answer_that_says_nothing_is_taken_down_as_gone(
    operation: str, fault: str, ground: Ground, liar: Liar, base: Kept
) -> None:
    (play,) = begun(tuple(scene for scene in WRITING if scene.name == "prune"), ground, liar, base)
    assert play.struck([Cell(operation, table()[fault], after=True)]) == []
    assert '"status":"failed"' not in (ground.folder / "evidence/000001.jsonl").read_text()


@pytest.mark.parametrize("name", ["service: too many requests", "foreign: a gateway's limit"])
def test_a_deletion_that_is_refused_until_the_last_round_leaves_nothing_open(
    name: str, ground: Ground, liar: Liar, base: Kept
) -> None:
    (play,) = begun(tuple(scene for scene in WRITING if scene.name == "erase"), ground, liar, base)
    fault = table().get(name) or Fault(name, NOT_LET_THROUGH["a gateway's limit"])
    assert play.struck(always=Cell("deleteRecording", fault)) == []
    assert play.outcome.result.code == ExitCode.INCOMPLETE
    assert '"status":"failed"' in (ground.folder / "evidence/000001.jsonl").read_text()


def test_what_blocks_a_stack_of_a_fleet_is_counted_once_and_says_what_to_do(
    ground: Ground, liar: Liar, base: Kept
) -> None:
    (play,) = begun(FLEETS[:1], ground, liar, base)
    assert play.struck(always=Cell("listParticipants", table()["lie: nobody is anybody"])) == []
    assert play.outcome.result.code == ExitCode.BLOCKED
    said = " ".join(play.outcome.result.out.split())
    assert "# unreadable-room in 1 account: one" in said
    assert "conference.marathon: a live room that may have" in said
    assert "conference.standup: a live room that may have" in said
