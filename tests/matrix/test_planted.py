"""Mistakes that are made on purpose, each found by the fault matrix."""

from __future__ import annotations

import pytest

from tests.matrix.faults import table
from tests.matrix.ground import Ground, Kept
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
