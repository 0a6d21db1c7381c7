"""What writes to a disk: the scenes of the matrices, and those in which only files and states are written."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace

from tests.matrix.crashing import CRASHING
from tests.matrix.fleets import FLEETS, POOLS
from tests.matrix.ground import Ground
from tests.matrix.scenes import (
    ALICE,
    APPLY,
    AUTO,
    BASE,
    EARLIER,
    LATER,
    NOW,
    RETENTION,
    WRITING,
    Scene,
)

OUT = ("--out", "plan.json")
REPORTS = ("--report-json", "report.json", "--metrics", "metrics.prom")
CASES = (
    "version: 1\ncases:\n  - name: nothing\n    when: [{apply: {}}]\n"
    "    expect: {queues: [{friendly_name: support}]}\n"
)


def _after(text: str, *commands: tuple[str, ...]) -> Callable[[Ground], None]:
    """Commands that were carried out before, with a configuration that is there."""

    def prepare(ground: Ground) -> None:
        ground.write(text)
        for command in commands:
            ground.ok(*command, now=EARLIER)

    return prepare


def _first(ground: Ground) -> None:
    """Nothing was ever recorded."""
    shutil.rmtree(ground.folder / ".voiceform")
    ground.write("version: 1\nqueues:\n  fresh: {max_size: 3}\n  fresher: {}\n")


def _tests(ground: Ground) -> None:
    ground.write("version: 1\nqueues:\n  support: {}\n")
    ground.write(CASES, "tests/mine.voiceform.yaml")
    ground.ok("test", "--junit-xml", "results.xml", now=EARLIER)


def _fleet(*before: tuple[str, ...]) -> Callable[[Ground], None]:
    prepare = next(scene for scene in FLEETS if scene.name == "fleet apply").prepare

    def prepared(ground: Ground) -> None:
        prepare(ground)
        for command in before:
            ground.ok(*command, now=NOW)

    return prepared


THERE = frozenset({1})
"""Files that are there are not replaced."""
FILES = (
    Scene("plan with reports", ("plan", *OUT, *REPORTS), _after(LATER, ("plan", *OUT, *REPORTS))),
    Scene("apply with reports", (*APPLY, *REPORTS), _after(LATER + RETENTION, ("plan", *REPORTS))),
    Scene("export --out", ("export", "--out", "exported.yaml"), over=frozenset({64})),
    Scene("erase --out", ("erase", ALICE, "--reason", "asked for", *OUT), _after(BASE, ("plan", *OUT))),
    Scene("init", ("init", "begun"), over=THERE),
    Scene("test --junit-xml", ("test", "--junit-xml", "results.xml"), _tests),
    Scene("apply --twiml-dir", (*APPLY, "--twiml-dir", "twiml"), _after(LATER)),
    Scene("fleet plan --out", ("fleet", "plan", "--jobs", "1", "--out", "plans"), _fleet()),
    Scene(
        "fleet plan --out, again",
        ("fleet", "plan", "--jobs", "1", "--out", "plans"),
        _fleet(("fleet", "plan", "--jobs", "1", "--out", "plans")),
    ),
    Scene(
        "fleet apply PLANS",
        ("fleet", "apply", "plans", "--jobs", "1"),
        _fleet(("fleet", "plan", "--jobs", "1", "--out", "plans")),
        again=("fleet", "apply", "--jobs", "1", *AUTO),
    ),
)
"""Commands that write files for people and programs."""
FIRST = Scene("first apply", APPLY, _first)
POOLED = tuple(replace(scene, name=f"{scene.name} by processes") for scene in POOLS if not scene.reads)
"""Fleets that several processes work on, whose disk it is too."""
SCENES = tuple(
    {
        scene.name: scene
        for scene in (
            *WRITING,
            *CRASHING,
            *FILES,
            FIRST,
            *(scene for scene in FLEETS if not scene.reads),
            *POOLED,
        )
    }.values()
)
"""Every command that writes, also to the state alone."""
