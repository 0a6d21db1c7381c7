"""kill -9 before every step of a command: the next run brings all to where it would have been.

A step is a request, a commit of the store, a line or file that is written, stored, moved or removed. Behind
one step is before the next one: to die before each is to die everywhere, of what one thread does in turn.
"""

from __future__ import annotations

import re
from random import Random
from typing import Any

import pytest

from tests.conftest import postgres_state, s3_state
from tests.counting import Counts
from tests.matrix.crashing import CRASHING, SIDE_BY_SIDE
from tests.matrix.fleets import FLEETS_CRASHING
from tests.matrix.ground import STATE, Ground, Kept
from tests.matrix.killing import Crasher, put_back
from tests.matrix.liar import Liar
from tests.matrix.pieces import WHOLE
from tests.matrix.play import Play
from tests.matrix.scenes import (
    ALONE,
    BASE,
    EARLIER,
    LATER_ON,
    SAVE,
    Scene,
)
from voiceform.model.exit_codes import ExitCode

SAMPLED = {"sqlite": 6, "postgres": 3, "s3": 2}
ON_OBJECTS = {
    "apply", "apply UNDO", "apply that renames", "import", "prune", "dispatch", "hold add", "hold release",
    "state push", "state mv", "state mv of a schedule",
}  # fmt: skip
"""What is killed in a sample with its state in an object store, whose stand-in is slow."""
SEED = 20261202
BY_HAND = (("state", "rm", "queue.old"), ("state", "mv", "queue.old", "queue.older"))


CASES = [
    pytest.param(scene, store, id=f"{scene.name}-{store}")
    for scene in CRASHING
    for store in SAMPLED
    if WHOLE or store != "s3" or scene.name in ON_OBJECTS
] + [pytest.param(scene, "sqlite", id=scene.name) for scene in FLEETS_CRASHING]


@pytest.mark.parametrize(("scene", "store"), CASES)
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

    def fresh() -> None:
        put_back(play, STATE if store == "sqlite" else other_state(store, ground, request))

    fresh()
    code, steps = crasher.run(play, None)
    assert code == scene.code, crasher.log.read_text()
    points = range(len(steps))
    some = Random(f"{SEED} {scene.name} {store}").sample(points, min(SAMPLED[store], len(points)))
    chosen = points if WHOLE else sorted(some)
    told: list[str] = []
    killed = 0
    for point in chosen:
        fresh()
        code, _ = crasher.run(play, point)
        if code == scene.code:  # what several threads write down they may write together: a step less
            continue
        assert code == -9, f"{scene.name} ended with {code} before step {point} of {len(steps)}"
        killed += 1
        where = f"{scene.name}, killed before step {point} ({steps[point]})"
        told += [f"{where}: {what}" for what in play.after_death()]
    counts("crash matrix", points=len(points), played=killed)
    assert killed
    assert not told, f"{len(told)} faults:\n\n" + "\n\n".join(told[:10])


def other_state(store: str, ground: Ground, request: pytest.FixtureRequest) -> str:
    """The URL of a fresh state on a server."""
    if store == "postgres":
        return postgres_state(request.getfixturevalue("postgres_server"))
    server = request.getfixturevalue("s3_server")
    ground.environ.update(server.environment())
    return s3_state(server, request.getfixturevalue("monkeypatch"))


@pytest.mark.parametrize("scene", SIDE_BY_SIDE, ids=lambda scene: scene.name)
def test_a_command_with_many_requests_at_once_is_made_whole_by_the_next(
    scene: Scene, ground: Ground, liar: Liar, base: Kept, crasher: Crasher, counts: Counts
) -> None:
    """Which thread is at which step differs from run to run, and so does how many steps there are."""
    play = Play(ground, liar, scene)
    play.begin(base)
    put_back(play)
    code, steps = crasher.run(play, None)
    assert code == scene.code, crasher.log.read_text()
    requests = [i for i, step in enumerate(steps) if step.startswith(("POST", "DELETE"))]
    points = [i + ahead for i in requests for ahead in (0, 3)]
    chosen = range(len(steps)) if WHOLE else Random(f"{SEED} {scene.name}").sample(points, 4)
    told: list[str] = []
    killed = 0
    for point in chosen:
        put_back(play)
        code, _ = crasher.run(play, point)
        if code == -9:
            killed += 1
            told += [f"{scene.name}, killed before step {point}: {what}" for what in play.after_death()]
        else:
            assert code == scene.code, crasher.log.read_text()
    counts("crash matrix, many at once", points=len(steps), played=killed)
    assert killed
    assert not told, f"{len(told)} faults:\n\n" + "\n\n".join(told[:10])


def test_who_may_have_been_phoned_by_a_dead_run_is_named_by_the_next(
    ground: Ground, liar: Liar, base: Kept, crasher: Crasher
) -> None:
    play = Play(ground, liar, next(scene for scene in CRASHING if scene.name == "apply"))
    play.begin(base)
    put_back(play)
    _, steps = crasher.run(play, None)
    point = next(i for i, step in enumerate(steps) if re.fullmatch(r"POST \S+/Participants.json", step))
    put_back(play)
    assert crasher.run(play, point)[0] == -9
    result = ground.run(*play.argv, "--format", "json", now=LATER_ON)
    assert result.code == ExitCode.UNKNOWN
    assert [(item["address"], item["unknown"]) for item in result.json["earlier"]] == [
        ("conference.standup", {"call": 1})
    ]
    assert "it phoned bridge" in result.json["earlier"][0]["message"]
    assert "of 1 nobody knows" in result.err


@pytest.mark.parametrize("command", BY_HAND, ids=" ".join)
def test_an_older_plan_is_stale_or_nothing_was_changed_by_hand(
    command: tuple[str, ...],
    ground: Ground,
    liar: Liar,
    base: Kept,
    crasher: Crasher,
    request: pytest.FixtureRequest,
) -> None:
    """On a store that writes documents one by one: every step is a state of its own."""
    play = Play(ground, liar, Scene("by hand", command, _without_old))
    play.begin(base)
    put_back(play, other_state("s3", ground, request))
    _, steps = crasher.run(play, None)
    stale = 0
    for point in range(1, len(steps)):
        put_back(play, other_state("s3", ground, request))
        before = _resources(ground)
        assert crasher.run(play, point)[0] == -9
        changed = _resources(ground) != before
        code = ground.run("apply", "plan.json", *ALONE, now=LATER_ON).code
        assert code == ExitCode.STALE or not changed, f"killed before {steps[point]} ({point})"
        stale += code == ExitCode.STALE
    assert stale


def _without_old(ground: Ground) -> None:
    """A plan that deletes a queue."""
    ground.write(BASE.replace("  old: {max_size: 30}\n", ""))
    ground.ok(*SAVE, now=EARLIER)


def _resources(ground: Ground) -> dict[str, Any]:
    return {key: found for key, found in ground.documents().items() if key.startswith("resources/")}
