"""A person settles whether a participant was phoned."""

from __future__ import annotations

import pytest

from tests.cli.conference_rooms import BRIDGE, Rooms, profiled_emulator, rooms
from tests.support import ACCOUNT

__all__ = ["profiled_emulator", "rooms"]

WITH_BRIDGE = f"participants: {{bridge: {BRIDGE}}}"
CALL = "CA" + "7" * 32


@pytest.fixture
def doubt(rooms: Rooms) -> Rooms:
    """A room, and an answer to the participant's call that was lost."""
    rooms.declare(WITH_BRIDGE)
    rooms.apply()
    rooms.room({})
    rooms.emulator.faults([{"operation": "createParticipant", "kind": "drop-before"}])
    assert rooms.at("apply", "--auto-approve").code == 8
    return rooms


def resolve(rooms: Rooms, *argv: str) -> tuple[int, str]:
    result = rooms.at("calls", "resolve", "conference.standup", *argv)
    return result.code, result.out + result.err


def test_who_was_not_phoned_is_phoned_by_the_next_apply(doubt: Rooms) -> None:
    doubt.advance(600)
    assert resolve(doubt, "bridge", "--not-placed") == (
        0,
        "The call to bridge of conference.standup was not placed.\n",
    )
    doubt.apply()
    assert len(doubt.params("createParticipant")) == 2
    assert doubt.code() == 0


def test_who_was_phoned_is_not_phoned_again_while_the_call_goes_on(doubt: Rooms) -> None:
    seed = {"sid": CALL, "to": "+15558675310", "from": "+15017122661", "status": "in-progress"}
    doubt.emulator.seed({"account_sid": ACCOUNT, "calls": [seed]})
    assert resolve(doubt, "bridge", "--placed", CALL)[0] == 0
    doubt.apply()
    assert len(doubt.params("createParticipant")) == 1
    doubt.account.post(f"Calls/{CALL}.json", Status="completed")
    doubt.apply()
    assert len(doubt.params("createParticipant")) == 2


def test_a_call_to_somebody_else_is_refused(doubt: Rooms) -> None:
    doubt.emulator.seed({"account_sid": ACCOUNT, "calls": [{"sid": CALL, "to": "+12125550199"}]})
    code, text = resolve(doubt, "bridge", "--placed", CALL)
    assert code == 64
    assert "somebody else" in text
    assert doubt.code() == 3


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        (("bridge", "--not-placed"), "may still be under way"),
        (("nobody", "--not-placed"), "no call to a participant"),
        (("bridge",), "either --placed SID or --not-placed"),
    ],
)
def test_what_cannot_be_settled_now(doubt: Rooms, argv: tuple[str, ...], words: str) -> None:
    code, text = resolve(doubt, *argv)
    assert (code, words in text) == (64, True)
    assert len(doubt.params("createParticipant")) == 1


def test_a_call_that_does_not_exist_is_an_error(doubt: Rooms) -> None:
    code, text = resolve(doubt, "bridge", "--placed", CALL)
    assert code == 1
    assert "404" in text
    assert doubt.code() == 3
