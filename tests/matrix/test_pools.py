"""kill -9 before every step of a process of a fleet's pool, also of the program behind it: the other stacks
go on, nothing is done twice, and the next run brings all to where it would have been."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random

import pytest

from tests.counting import Counts
from tests.helpers import ROOT
from tests.matrix.dying.process import ALL, ALONE, PROGRAM, Death
from tests.matrix.fleets import POOLS, SECOND
from tests.matrix.ground import Ground, Kept
from tests.matrix.killing import Crasher, put_back
from tests.matrix.liar import Liar
from tests.matrix.pieces import WHOLE, Piece, pieces
from tests.matrix.play import Play
from tests.support import ACCOUNT
from voiceform.model.exit_codes import ExitCode

ACCOUNTS = {"one": ACCOUNT, "two": SECOND}
SAMPLED = {ALONE: 2, PROGRAM: 1, ALL: 1}
"""So many of the points of each scene are played, by who dies."""
SEED = 20261204
DIED = "died"


class Pool(Play):
    """A scene in which a fleet is worked on by processes, of which one may die."""

    crasher: Crasher
    reports: Path
    wanted: dict[str, Counter[object]]

    def played(self, death: Death) -> tuple[int, dict[str, list[str]], str]:
        """How it ended, the steps of each stack, and what it said."""
        put_back(self)
        for name in ("steps", "died"):
            Path(death.folder, name).unlink(missing_ok=True)
        paths = [str(ROOT / "tests/matrix/dying"), str(ROOT)]
        more = {"PYTHONPATH": os.pathsep.join(paths), "VOICEFORM_MATRIX_POOL": death.variable()}
        code, _ = self.crasher.run(self, None, death.mistake, more)
        steps: dict[str, list[str]] = {name: [] for name in ACCOUNTS}
        for line in Path(death.folder, "steps").read_text(encoding="utf-8").splitlines():
            stack, _, step = line.partition(" ")
            steps[stack].append(step)
        return code, steps, self.crasher.log.read_text(encoding="utf-8")

    def undisturbed(self, mistake: str | None = None) -> dict[str, list[str]]:
        """The steps of each stack when nobody dies."""
        code, steps, said = self.played(Death(str(self.reports), mistake=mistake))
        assert code == self.scene.code, said
        self.wanted = {name: self.of_account(name) for name in ACCOUNTS}
        return steps

    def of_account(self, stack: str) -> Counter[object]:
        """What there is in the account of a stack; new SIDs do not count."""
        facts, mine = self.ground.facts(), self.ground.sids_of(ACCOUNTS[stack])
        return Counter((key if key in self.before else key[0], facts[key]) for key in mine)

    def dies(self, death: Death) -> list[str] | None:
        """What does not hold when somebody dies there; None if nobody came to that step."""
        code, steps, said = self.played(death)
        if DIED not in steps[death.stack]:
            assert code == self.scene.code, said
            return None
        told = [*self._survivors(death, code, said)] if death.who == ALONE else []
        if death.who == PROGRAM:
            done = steps[death.stack][steps[death.stack].index(DIED) + 1 :]
            told += self._orphans([step for step in done if re.match("(POST|DELETE) ", step)])
        return [*told, *self.after_death()]

    def _survivors(self, death: Death, code: int, said: str) -> Iterator[str]:
        """Who lives does the others' work, and says which one is lost; what only looks is done again."""
        stacks = {*ACCOUNTS} if code == self.scene.code else {*ACCOUNTS} - {death.stack}
        for stack in sorted(stacks):
            if self.of_account(stack) != self.wanted[stack]:
                yield f"{stack} has {self.of_account(stack)}, and not {self.wanted[stack]}"
        for stack in {*ACCOUNTS} - {death.stack}:
            documents = self.ground.documents(f"sqlite:///{self.ground.folder}/states/{stack}.db")
            if documents["meta"].get("unfinished"):
                yield f"a run of {stack} is left open"
        if code == self.scene.code:
            return
        if code != ExitCode.INCOMPLETE or self.scene.reads:
            yield f"ended with {code}: {said}"
        lost = f"{death.stack} (exit 5): the process that worked on it was killed by signal 9"
        if lost not in " ".join(said.split()):
            yield f"did not say who is lost: {said}"

    def _orphans(self, requests: list[str]) -> Iterator[str]:
        """A process whose program is gone brings to rest what it is at, and begins nothing."""
        if len(requests) > 1:
            yield f"went on when its program was gone: {requests}"


@pytest.fixture
def pool(ground: Ground, liar: Liar, base: Kept, crasher: Crasher, tmp_path: Path) -> Callable[[str], Pool]:
    """Plays a scene well."""

    def begun(name: str) -> Pool:
        play = Pool(ground, liar, next(scene for scene in POOLS if scene.name == name))
        play.crasher, play.reports = crasher, tmp_path / "reports"
        play.reports.mkdir()
        play.begin(base)
        return play

    return begun


@pytest.mark.parametrize("piece", pieces(POOLS), ids=str)
def test_a_process_of_a_pool_that_is_killed_anywhere_concerns_its_stack_alone(
    piece: Piece, pool: Callable[[str], Pool], counts: Counts
) -> None:
    name = piece.scene.name
    play = pool(name)
    steps = play.undisturbed()
    points = [
        Death(str(play.reports), who, stack, at)
        for who in SAMPLED
        for stack in ACCOUNTS
        for at in range(len(steps[stack]))
    ]
    chosen = piece.of(points) if WHOLE else sample(name, points)
    told: list[str] = []
    killed = 0
    for death in chosen:
        found = play.dies(death)
        killed += found is not None
        what = f"{name}, {death.who} killed before step {death.at} of {death.stack}"
        told += [f"{what} ({steps[death.stack][death.at]}): {problem}" for problem in found or ()]
    counts("crash matrix, processes of a pool", points=len(piece.of(points)), played=killed)
    assert killed
    assert not told, f"{len(told)} faults:\n\n" + "\n\n".join(told[:10])


def test_a_process_that_dies_while_it_writes_a_plan_leaves_nothing_in_the_way(
    pool: Callable[[str], Pool],
) -> None:
    play = pool("fleet prune")
    for stack, steps in play.undisturbed().items():
        assert play.dies(Death(str(play.reports), ALONE, stack, steps.index("replace"))) == []


def sample(name: str, points: list[Death]) -> list[Death]:
    """Some of each sort of death, the same ones every time."""
    random = Random(f"{SEED} {name}")
    return [
        death
        for who, most in SAMPLED.items()
        for death in random.sample([point for point in points if point.who == who], most)
    ]


PLANTED: dict[str, tuple[str, str, str, str, str]] = {
    "a lost stack is well": ("fleet prune", ALONE, "one", "DELETE .*", "one has"),
    "one death ends all": ("fleet dispatch", ALONE, "two", ".*", "one has"),
    "nobody hears that the program is gone": ("fleet prune", PROGRAM, "one", "DELETE .*", "went on"),
}
"""Of each mistake the scene, who dies, in which stack before which steps, and what is found."""


@pytest.mark.parametrize("mistake", PLANTED)
def test_a_mistake_that_only_a_dead_process_shows_is_found(mistake: str, pool: Callable[[str], Pool]) -> None:
    name, who, stack, step, expected = PLANTED[mistake]
    play = pool(name)
    steps = play.undisturbed(mistake)[stack]
    told: list[str] = []
    for at in (number for number, done in enumerate(steps) if re.fullmatch(step, done)):
        told += play.dies(Death(str(play.reports), who, stack, at, mistake)) or []
        if any(expected in what for what in told):
            return
    raise AssertionError(f"not found before any of {steps}: {told}")
