"""The scenes of the matrices in which a fleet is worked on: in one process, and in processes of a pool."""

from __future__ import annotations

import shutil
from collections.abc import Callable

from tests.matrix.ground import Ground
from tests.matrix.scenes import (
    ALONE,
    AUTO,
    BASE,
    CALLS,
    EARLIER,
    LATER,
    NOW,
    PEOPLE,
    RETENTION,
    SAFETY,
    THERE,
    Scene,
    recording,
)
from tests.support import ACCOUNT

FLEET = ("--jobs", "1")
POOL = ("--jobs", "2")
SECOND = f"AC{2:032x}"
FRIENDS = [f"+121255503{number:02d}" for number in range(3)]
"""Who is called from the second account."""
SECOND_DUE, SECOND_YOUNG = range(201, 205), range(221, 223)
SECOND_STACK = SAFETY + "queues:\n  second: {max_size: 2}\n"
SECOND_CALLS = CALLS.replace(str(PEOPLE), str(FRIENDS))


def _fleet(text: str) -> Callable[[Ground], None]:
    """Two accounts: that of the stack, and an empty one."""

    def prepare(ground: Ground) -> None:
        ground.write(text, "one/voiceform.yaml")
        ground.write(SECOND_STACK, "two/voiceform.yaml")
        ground.write(
            "version: 1\nstate: sqlite:///states/{stack}.db\ncredentials: {token: {env: TOKEN}}\nstacks:\n"
            f"  - {{path: one, account: {ACCOUNT}}}\n  - {{path: two, account: {SECOND}}}\n",
            "fleet.yaml",
        )
        (ground.folder / "states").mkdir()
        shutil.copy(ground.folder / ".voiceform/state.db", ground.folder / "states/one.db")

    return prepare


def _both(text: str, more: str, *commands: tuple[str, ...]) -> Callable[[Ground], None]:
    """Two accounts in which something is ours; then this is declared in each, and this was run."""

    def prepare(ground: Ground) -> None:
        _fleet(BASE)(ground)
        found = [recording(number, 100) for number in SECOND_DUE]
        found += [recording(number, 10) for number in SECOND_YOUNG]
        ground.emulator.seed({"account_sid": SECOND, "recordings": found})
        ground.write(SECOND_STACK + SECOND_CALLS, "two/voiceform.yaml")
        ground.ok("fleet", "apply", *FLEET, *AUTO, now=EARLIER)
        ground.write(text, "one/voiceform.yaml")
        ground.write(SECOND_STACK.replace("size: 2", "size: 3") + SECOND_CALLS + more, "two/voiceform.yaml")
        for command in commands:
            ground.ok(*command, now=NOW)

    return prepare


FLEETS = (
    Scene("fleet plan", ("fleet", "plan", *FLEET), _fleet(LATER + RETENTION), reads=True),
    Scene("fleet drift", ("fleet", "drift", *FLEET), _fleet(BASE), reads=True),
    Scene("fleet status", ("fleet", "status", *FLEET), _fleet(BASE), reads=True, partly="not read"),
    Scene("fleet export", ("fleet", "export", *FLEET, "--out", "exported"), _fleet(BASE), over=THERE),
    Scene("fleet apply", ("fleet", "apply", *FLEET, *AUTO), _fleet(LATER + RETENTION)),
    Scene("fleet prune", ("fleet", "prune", *FLEET, *AUTO), _fleet(BASE + RETENTION)),
    Scene("fleet dispatch", ("fleet", "dispatch", *FLEET, *ALONE), _fleet(BASE)),
)
FLEETS_CRASHING = tuple(scene for scene in FLEETS if not scene.reads and scene.name != "fleet export")
"""Whose states are in SQLite, one for each stack."""
_APPLIED_ALONE = ("fleet", "apply", *FLEET, *AUTO)
POOLS = (
    Scene(
        "fleet plan",
        ("fleet", "plan", *POOL),
        _both(LATER + RETENTION, RETENTION),
        again=("fleet", "plan", *FLEET),
        reads=True,
    ),
    Scene(
        "fleet apply",
        ("fleet", "apply", *POOL, *AUTO),
        _both(LATER + RETENTION, RETENTION),
        again=_APPLIED_ALONE,
    ),
    Scene(
        "fleet apply PLANS",
        ("fleet", "apply", "plans", *POOL, *ALONE),
        _both(LATER + RETENTION, RETENTION, ("fleet", "plan", *FLEET, "--out", "plans")),
        again=_APPLIED_ALONE,
    ),
    Scene(
        "fleet prune",
        ("fleet", "prune", *POOL, *AUTO),
        _both(BASE + RETENTION, RETENTION),
        again=("fleet", "prune", *FLEET, *AUTO),
    ),
    Scene(
        "fleet dispatch",
        ("fleet", "dispatch", *POOL, *ALONE),
        _both(BASE, ""),
        again=("fleet", "dispatch", *FLEET, *ALONE),
    ),
)
"""Two accounts, each in a process of its own."""
