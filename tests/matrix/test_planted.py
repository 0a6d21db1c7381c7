"""Mistakes that are made on purpose, each found by one of the matrices."""

from __future__ import annotations

import re

import pytest

from tests.matrix.crashing import CRASHING
from tests.matrix.faults import table
from tests.matrix.ground import Ground, Kept
from tests.matrix.killing import Crasher, put_back
from tests.matrix.liar import Cell, Liar
from tests.matrix.mistakes import MISTAKES
from tests.matrix.play import Play
from tests.matrix.scenes import READING, WRITING

PLANTED: dict[str, tuple[str, str, Cell, str]] = {
    "any answer deletes": (
        "any answer deletes",
        "prune",
        Cell("deleteRecording", table()["not the answer: json error"]),
        "evidence says that",
    ),
    "any answer deletes a queue": (
        "any answer deletes",
        "destroy",
        Cell("deleteQueue", table()["not the answer: json null"]),
        "is there, and forgotten",
    ),
    "calls are repeated": (
        "calls are repeated",
        "dispatch",
        Cell("createCall", table()["broken: closed"], after=True),
        "phoned too often",
    ),
    "calls are repeated, unheard": (
        "calls are repeated",
        "dispatch",
        Cell("createCall", table()["broken: cut body"]),
        "sent 2 times",
    ),
    "everybody is Twilio": (
        "everybody is Twilio",
        "prune",
        Cell("deleteRecording", table()["foreign: nginx"]),
        "evidence says that",
    ),
    "nothing is deleted": (
        "refusals delete",
        "prune",
        Cell("listRecordings", table()["service: internal error"]),
        "is gone, and it is there",
    ),
}


@pytest.mark.parametrize("name", PLANTED)
def test_a_planted_mistake_is_found(
    name: str, ground: Ground, liar: Liar, base: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    mistake, scene, cell, expected = PLANTED[name]
    play = Play(ground, liar, next(found for found in (*READING, *WRITING) if found.name == scene))
    play.begin(base)
    assert play.struck([cell]) == []
    MISTAKES[mistake](monkeypatch)
    assert any(expected in told.partition("\n")[0] for told in play.struck([cell])), play.struck([cell])


DEADLY: dict[str, tuple[str, str, str]] = {
    "intents are not stored": ("prune", r"DELETE .*", "no evidence says so"),
    "dead runs are not settled": ("prune", r"DELETE .*", "a run is left open"),
    "reserved behind the request": ("dispatch", r"POST .*/Calls.json", "phoned too often"),
    "found gone is not taken down": ("prune", r"DELETE .*", "no evidence says so"),
    "files are written in place": ("plan --out", r"write", "plan.json is torn"),
    "the dead hold locks": ("state push", r"commit", "does not recover"),
}
"""Of each the scene, behind which steps the command is killed until it is found, and what is found."""


@pytest.mark.parametrize("mistake", DEADLY)
def test_a_mistake_that_only_a_kill_shows_is_found(
    mistake: str,
    ground: Ground,
    liar: Liar,
    base: Kept,
    crasher: Crasher,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    name, step, expected = DEADLY[mistake]
    play = Play(ground, liar, next(scene for scene in CRASHING if scene.name == name))
    play.begin(base)
    MISTAKES[mistake](monkeypatch)
    put_back(play)
    code, steps = crasher.run(play, None, mistake)
    assert code == play.scene.code, crasher.log.read_text()
    told: list[str] = []
    for behind, done in enumerate(steps[:-1]):
        if re.fullmatch(step, done):
            put_back(play)
            assert crasher.run(play, behind + 1, mistake)[0] == -9
            told += play.after_death()
            if any(re.search(expected, what) for what in told):
                return
    raise AssertionError(f"not found behind any of {steps}: {told}")
