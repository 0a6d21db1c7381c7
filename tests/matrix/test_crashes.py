"""kill -9 before every step of a command: the next run brings all to where it would have been.

A step is a request, a commit of the store, a line or file that is written, stored, moved or removed. Behind
one step is before the next one: to die before each is to die everywhere, of what one thread does in turn.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest

from tests.conftest import postgres_state
from tests.counting import Counts
from tests.matrix.ground import STATE, Ground, Kept
from tests.matrix.liar import Liar
from tests.matrix.play import Play
from tests.matrix.scenes import CRASHING, Scene
from voiceform.model.store import Write
from voiceform.state.open import open_store

ROOT = Path(__file__).parents[2]
WHOLE = os.environ.get("VOICEFORM_MATRIX") == "whole"
SAMPLED = {"sqlite": 6, "postgres": 3}
SEED = 20261202


class Crasher:
    """The helper process (crasher.py)."""

    def __init__(self, folder: Path) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.matrix.crasher", str(folder)],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def run(self, play: Play, die_at: int | None) -> tuple[int, list[str]]:
        """The command of the scene: how it ended (-9: killed), and what it did if it was not killed."""
        ground = play.ground
        ground.emulator.clock(now=play.scene.now.isoformat(), frozen=True)
        environ = {**ground.environ, "VOICEFORM_BASE_URL": ground.base_url, "VOICEFORM_STATE": ground.state}
        asked = {
            "argv": ["-C", str(ground.folder), *play.argv],
            "environ": environ,
            "now": play.scene.now.isoformat(),
            "die_at": die_at,
        }
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(asked) + "\n")
        self._process.stdin.flush()
        code, names = json.loads(self._process.stdout.readline())
        return code, names

    def close(self) -> None:
        """End it."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait()
        self._process.stdout.close()


@pytest.fixture
def crasher(tmp_path: Path) -> Iterator[Crasher]:
    running = Crasher(tmp_path)
    yield running
    running.close()


@pytest.mark.parametrize("store", SAMPLED)
@pytest.mark.parametrize("scene", CRASHING, ids=lambda scene: scene.name)
def test_a_command_that_is_killed_anywhere_is_made_whole_by_the_next(
    scene: Scene,
    store: str,
    ground: Ground,
    liar: Liar,
    base: Kept,
    crasher: Crasher,
    counts: Counts,
    request: pytest.FixtureRequest,
) -> None:
    play = Play(ground, liar, scene)
    play.begin(base)

    def put_back() -> None:
        ground.put_back(play.kept)
        liar.expect()
        if store == "postgres":
            state = postgres_state(request.getfixturevalue("postgres_server"))
            copy_state(ground, state)
            ground.state = state

    put_back()
    code, steps = crasher.run(play, None)
    assert code == scene.code, (ground.folder.parent / "steps.log").read_text()
    points = range(len(steps))
    some = Random(f"{SEED} {scene.name} {store}").sample(points, min(SAMPLED[store], len(points)))
    chosen = points if WHOLE else sorted(some)
    told: list[str] = []
    for point in chosen:
        ground.state = STATE
        put_back()
        code, _ = crasher.run(play, point)
        assert code == -9, f"{scene.name} ended with {code} before step {point} of {len(steps)}"
        where = f"{scene.name}, killed before step {point} ({steps[point]})"
        told += [f"{where}: {what}" for what in play.after_death()]
    counts("crash matrix", points=len(points), played=len(chosen))
    assert not told, f"{len(told)} faults:\n\n" + "\n\n".join(told[:10])


def copy_state(ground: Ground, state: str) -> None:
    """What is recorded, in another store."""
    documents = ground.documents()
    with open_store(state, base_dir=ground.folder) as store:
        store.write([Write(key, document, None) for key, document in documents.items()])
