"""Mistakes that are made on purpose, each found by the fault matrix."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.matrix.faults import table
from tests.matrix.ground import Ground, Kept
from tests.matrix.liar import Cell, Liar
from tests.matrix.play import Play
from tests.matrix.scenes import READING, WRITING
from voiceform.twilio import calls, recordings, verdict
from voiceform.twilio.operations import Ended
from voiceform.twilio.retry import Operation, Repeat

Plant = Callable[[pytest.MonkeyPatch], object]


class _Anything:
    """Equal to every status."""

    def __ne__(self, _: object) -> bool:
        return False


def any_answer_deletes(patch: pytest.MonkeyPatch) -> None:
    """Every 2xx is taken for a deletion."""
    patch.setattr(verdict, "_DELETED", _Anything())


def calls_are_repeated(patch: pytest.MonkeyPatch) -> None:
    """A call whose answer was lost is asked for again."""
    patch.setattr(calls, "_CREATE", Operation("createCall", "POST", Repeat.SAFE))


def everybody_is_twilio(patch: pytest.MonkeyPatch) -> None:
    """A proxy's page for 404 proves that something is gone."""
    patch.setattr(verdict, "_is_twilios", lambda *_: True)


def refusals_delete(patch: pytest.MonkeyPatch) -> None:
    """A deletion that failed is said to be done."""
    patch.setattr(recordings.RecordingOperations, "delete_recording", lambda *_, **__: Ended.NOW)


PLANTED: dict[str, tuple[Plant, str, Cell, str]] = {
    "any answer deletes": (
        any_answer_deletes,
        "prune",
        Cell("deleteRecording", table()["not the answer: json error"]),
        "evidence says that",
    ),
    "any answer deletes a queue": (
        any_answer_deletes,
        "destroy",
        Cell("deleteQueue", table()["not the answer: json null"]),
        "is there, and forgotten",
    ),
    "calls are repeated": (
        calls_are_repeated,
        "dispatch",
        Cell("createCall", table()["broken: closed"], after=True),
        "phoned too often",
    ),
    "calls are repeated, unheard": (
        calls_are_repeated,
        "dispatch",
        Cell("createCall", table()["broken: cut body"]),
        "sent 2 times",
    ),
    "everybody is Twilio": (
        everybody_is_twilio,
        "prune",
        Cell("deleteRecording", table()["foreign: nginx"]),
        "evidence says that",
    ),
    "nothing is deleted": (
        refusals_delete,
        "prune",
        Cell("listRecordings", table()["service: internal error"]),
        "is gone, and it is there",
    ),
}


@pytest.mark.parametrize("name", PLANTED)
def test_a_planted_mistake_is_found(
    name: str, ground: Ground, liar: Liar, base: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    plant, scene, cell, expected = PLANTED[name]
    play = Play(ground, liar, next(found for found in (*READING, *WRITING) if found.name == scene))
    play.begin(base)
    assert play.struck([cell]) == []
    plant(monkeypatch)
    assert any(expected in told.partition("\n")[0] for told in play.struck([cell])), play.struck([cell])
