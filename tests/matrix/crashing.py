"""The scenes of commands that are killed: whatever writes to the account, to the state or to a file that
others go by."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise

from tests.matrix.ground import Ground
from tests.matrix.scenes import (
    AGAIN,
    ALONE,
    APPLY,
    BASE,
    CALLS,
    DISPATCH,
    DUE,
    EARLIER,
    LATER,
    LATER_ON,
    NOW,
    PEOPLE,
    PRUNE,
    QUEUES,
    RETENTION,
    ROOMS,
    SAFETY,
    SAVE,
    WRITING,
    Scene,
    prepared,
    run_to_undo,
    saved,
)
from tests.support import Account


def _replanned(ground: Ground) -> None:
    """An older plan is where the new one is to be."""
    ground.write(LATER + RETENTION)
    ground.ok(*SAVE, now=EARLIER)


def _drifted(ground: Ground) -> None:
    """Somebody changed a queue of ours."""
    account = Account(ground.emulator)
    account.post(f"Queues/{account.queues()['support']['sid']}.json", MaxSize=44)


def _pulled(ground: Ground) -> None:
    document = ground.ok("state", "pull", now=NOW).json
    document["serial"] += 1
    ground.write(json.dumps(document), "older.json")


FOUR = CALLS.replace(str(PEOPLE), str(PEOPLE[:4]))
RENAMED = (
    SAFETY
    + QUEUES.replace("  old: {", "  older: {friendly_name: old, aliases: [old], ")
    + ROOMS.replace("standup: {", "daily: {friendly_name: standup, aliases: [standup], ")
    + FOUR.replace("  reminder:\n", "  renamed:\n    aliases: [reminder]\n")
)


def _called(text: str) -> Callable[[Ground], None]:
    """Four were called, who are not to be called again under another name; then this is declared."""

    def prepare(ground: Ground) -> None:
        ground.write(SAFETY + QUEUES + ROOMS + FOUR)
        ground.ok(*APPLY, now=EARLIER)
        ground.ok(*DISPATCH, now=NOW)
        ground.write(text)

    return prepare


HOLD = ("more", "--recording", f"RE{DUE[0]:032x}")
HOLD_ADD = ("hold", "add", *HOLD, "--reason", "x")
CRASHING = (
    *(replace(scene, then=DISPATCH) if scene.name == "calls test" else scene for scene in WRITING),
    Scene("undo --out", ("undo", "{run}", "--out", "plan.json"), reads=True, words=run_to_undo),
    Scene("plan --out", SAVE, _replanned, reads=True),
    Scene("apply --refresh-only", (*APPLY, "--refresh-only"), _drifted),
    Scene(
        "hold add",
        ("hold", "add", *HOLD, "--reason", "x"),
        prepared(BASE + RETENTION),
        over=AGAIN,
        then=PRUNE,
    ),
    Scene(
        "hold release",
        ("hold", "release", HOLD[0], "--approve", f"release-hold={HOLD[0]}"),
        saved(BASE + RETENTION, HOLD_ADD),
        over=AGAIN,
        then=PRUNE,
    ),
    Scene("calls pause", ("calls", "pause", "call.reminder"), then=DISPATCH),
    Scene(
        "calls resume",
        ("calls", "resume", "call.reminder"),
        saved(BASE, ("calls", "pause", "call.reminder")),
        over=AGAIN,
        then=DISPATCH,
    ),
    Scene("state push", ("state", "push", "older.json"), _pulled, over=AGAIN),
    Scene(
        "state mv",
        ("state", "mv", "queue.old", "queue.renamed"),
        prepared(BASE.replace("  old:", "  renamed:")),
        over=AGAIN,
        then=APPLY,
    ),
    Scene(
        "state mv of a schedule",
        ("state", "mv", "call.reminder", "call.renamed"),
        _called(SAFETY + QUEUES + ROOMS + FOUR.replace("  reminder:", "  renamed:")),
        now=LATER_ON,
        over=AGAIN,
        then=DISPATCH,
    ),
    Scene(
        "state rm",
        ("state", "rm", "queue.old"),
        prepared(BASE.replace("  old: {max_size: 30}\n", "")),
        over=AGAIN,
        then=APPLY,
    ),
    Scene("apply that renames", APPLY, _called(RENAMED), now=LATER_ON, then=DISPATCH),
    Scene("state prune-journal", ("state", "prune-journal", "--keep", "1m")),
)
"""What is killed: whatever writes to the account, to the state or to a file that others go by."""


def side_by_side(scene: Scene) -> Scene:
    """With several requests at once, in the run that is killed and in the next."""
    many = tuple(
        "8" if word == ALONE[1] and before == ALONE[0] else word
        for before, word in pairwise(("", *scene.argv))
    )
    return replace(scene, argv=many)


SIDE_BY_SIDE = tuple(
    side_by_side(scene)
    for scene in CRASHING
    if scene.name in ("apply", "prune", "prune with archive", "erase", "dispatch")
)
