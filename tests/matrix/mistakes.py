"""Mistakes of the program, made on purpose."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from voiceform.twilio import calls, recordings, verdict
from voiceform.twilio.operations import Ended
from voiceform.twilio.retry import Operation, Repeat

Mistake = Callable[[pytest.MonkeyPatch], object]


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


MISTAKES: dict[str, Mistake] = {
    "any answer deletes": any_answer_deletes,
    "calls are repeated": calls_are_repeated,
    "everybody is Twilio": everybody_is_twilio,
    "refusals delete": refusals_delete,
}
