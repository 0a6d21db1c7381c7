"""What a prune reads while its run is being recorded: once, nothing else, and not before anybody approved."""

from __future__ import annotations

import threading
from datetime import UTC, datetime

import pytest

import voiceform
from tests.cli.pruning import call, recording
from tests.stack.conftest import Place
from tests.support import ACCOUNT
from voiceform.model.errors import LeaseLostError, NotApprovedError
from voiceform.testing import ManualClock

NOW = datetime(2026, 6, 1, 12, 0, tzinfo=UTC)
SAFETY = "safety: {max_recording_deletes: 100, max_delete_percent: 100}\n"
ONE = "retention: {recordings: [{name: all, keep: 30d}]}\n"
TWO = (
    "retention: {recordings: [{name: old, keep: 30d, match: {created: {end: 2026-03-20}}},"
    " {name: all, keep: 30d}]}\n"
)
PACED = f"{ONE}prune: {{per_second: 100}}\n"
OF_CALLS = "retention: {call_records: [{name: all, keep: 30d}]}\n"


@pytest.fixture
def stack(place: Place) -> voiceform.Stack:
    """Three recordings and a call; two of the recordings, and the call, are due."""
    place.emulator.clock(now=NOW.isoformat())
    rows = [recording(number, days) for number, days in ((1, 90), (2, 60), (3, 5))]
    place.emulator.seed({"account_sid": ACCOUNT, "recordings": rows, "calls": [call(1, 90)]})
    return place.stack(clock=ManualClock(NOW))


def operations(place: Place) -> list[str]:
    return [entry["operation"] for entry in place.emulator.requests()]


@pytest.mark.parametrize(
    ("declared", "read"), [(ONE, ["listRecordings"]), (TWO, ["listRecordings"]), (PACED, []), (OF_CALLS, [])]
)
def test_recordings_of_the_first_rule_are_listed_before_the_run_is_recorded(
    place: Place, stack: voiceform.Stack, declared: str, read: list[str]
) -> None:
    """It cannot be recorded here, because somebody took the lock away."""
    place.write(SAFETY + declared)

    def approve(_: voiceform.Plan) -> bool:
        stack.break_lock("a test")
        place.emulator.clear_requests()
        return True

    with pytest.raises(LeaseLostError):
        stack.prune(confirm=approve)
    assert operations(place) == read
    assert stack.runs() == ()
    assert not any(thread.name.startswith("voiceform-again") for thread in threading.enumerate())


def test_nothing_is_read_for_what_nobody_approves(place: Place, stack: voiceform.Stack) -> None:
    place.write(SAFETY + ONE)
    plan = stack.plan_prune()
    place.emulator.clear_requests()
    with pytest.raises(NotApprovedError):
        stack.apply(plan, confirm=lambda _: False)
    assert operations(place) == []


@pytest.mark.parametrize("declared", [ONE, PACED])
def test_what_was_foreseen_is_not_read_again(place: Place, stack: voiceform.Stack, declared: str) -> None:
    place.write(SAFETY + declared)
    plan = stack.plan_prune()
    place.emulator.clear_requests()
    assert stack.apply(plan).exit_code == 0
    assert operations(place) == ["listRecordings", "deleteRecording", "deleteRecording"]
