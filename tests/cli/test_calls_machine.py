"""Who answered, and trying again: after delays of their own, and after a machine."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.cli.calling import BUSY, NINE, OTHER, TO, Timeline, after, calls
from tests.support import Stack

BEFORE = NINE - timedelta(hours=3)
MACHINE, FAX = "+15005550013", "+15005550016"
DETECT = "Enable"


@pytest.fixture
def time(stack: Stack) -> Timeline:
    return Timeline(stack)


def outcome(stack: Stack, number: str, *names: str) -> None:
    """How a number behaves, call after call."""
    stack.emulator.seed({"numbers": [{"phone_number": number, "outcomes": [*names]}]})


@pytest.mark.parametrize(
    ("name", "detection", "status", "answered_by"),
    [
        ("human", "Enable", "answered", "human"),
        ("machine", "Enable", "machine", "machine_start"),
        ("machine", "DetectMessageEnd", "machine", "machine_end_beep"),
        ("machine-silence", "DetectMessageEnd", "machine", "machine_end_silence"),
        ("machine-other", "DetectMessageEnd", "machine", "machine_end_other"),
        ("fax", "Enable", "machine", "fax"),
        ("unknown", "Enable", "answered", "unknown"),
        ("machine", None, "answered", None),
        ("busy", "Enable", "busy", None),
    ],
)
def test_who_answered_is_kept_and_shown(
    stack: Stack, time: Timeline, name: str, detection: str | None, status: str, answered_by: str | None
) -> None:
    outcome(stack, TO, name)
    stack.write(calls(**({"machine_detection": detection} if detection else {})))
    time.apply(BEFORE)
    time.at(after(1), "dispatch", "--once")
    time.at(after(minutes=20), "dispatch", "--once")
    [row] = time.ledger(after(minutes=20))
    assert (row["status"], row["answered_by"]) == (status, answered_by)
    assert (row["duration"] is not None) == (status in ("answered", "machine"))
    text = time.at(after(minutes=20), "calls", "list", "--status", status).out
    assert ("answered by" in text) == (answered_by is not None)
    if answered_by is not None:
        assert f"answered by {answered_by}" in text
    assert time.at(after(minutes=21), "plan", "--detailed-exitcode").code == 0
    assert time.at(after(minutes=21), "state", "pull").code == 0


def test_a_machine_is_an_outcome_in_the_status(stack: Stack, time: Timeline) -> None:
    stack.write(calls([MACHINE, FAX, TO], machine_detection=DETECT))
    time.apply(BEFORE)
    for minutes in (0, 30):
        time.at(after(1, minutes=minutes), "dispatch", "--once")
    assert "1 answered, 2 machine in the last 24 hours" in time.at(after(minutes=31), "status").out


@pytest.mark.parametrize(
    ("delay", "due"),
    [("[10m, 2h]", [10, 132]), ("10m", [10, 22]), ("[30m]", [30, 62])],
)
def test_each_attempt_has_its_delay_and_the_last_one_is_kept_to(
    stack: Stack, time: Timeline, delay: str, due: list[int]
) -> None:
    outcome(stack, BUSY, "busy")
    stack.write(calls(BUSY, retry=f"{{attempts: 3, delay: {delay}, on: [busy]}}"))
    time.apply(BEFORE)
    moments = []
    for minute in range(200):
        before = len(time.placed())
        time.at(after(minutes=minute), "dispatch", "--once")
        if len(time.placed()) > before:
            moments.append(minute)
    # The end of an attempt is learnt by the next dispatch; a busy call is over within the minute.
    assert moments == [0, due[0] + 1, due[1]]
    assert [row["attempt"] for row in time.ledger(after(minutes=200))] == [1, 2, 3]


def test_the_grace_of_an_attempt_counts_from_when_it_became_due(stack: Stack, time: Timeline) -> None:
    stack.write(calls(BUSY, misfire_grace="5m", retry="{attempts: 3, delay: [10m, 2h], on: [busy]}"))
    time.apply(BEFORE)
    time.at(after(1), "dispatch", "--once")
    time.at(after(minutes=14), "dispatch", "--once")
    assert len(time.placed()) == 2
    time.at(after(minutes=16), "dispatch", "--once")
    time.at(after(minutes=14 + 120 + 6), "dispatch", "--once")
    assert time.statuses(after(hours=3)) == ["busy", "busy", "missed"]


def test_a_machine_is_tried_again_until_a_person_answers(stack: Stack, time: Timeline) -> None:
    outcome(stack, TO, "machine", "human", "machine")
    stack.write(
        calls([TO, OTHER], machine_detection=DETECT, retry="{attempts: 3, delay: 10m, on: [machine]}")
    )
    assert "up to 3 attempts each, 10 min and then 10 min after machine" not in time.apply(BEFORE).out
    for minute in range(0, 60, 2):
        time.at(after(minutes=minute), "dispatch", "--once")
    assert sorted(time.placed()) == sorted([TO, OTHER, TO])
    found = [(row["to"], row["attempt"], row["status"]) for row in time.ledger(after(hours=1))]
    assert sorted(found) == [(TO, 1, "machine"), (TO, 2, "answered"), (OTHER, 1, "answered")]


def test_the_plan_says_how_it_is_tried_again(stack: Stack, time: Timeline) -> None:
    stack.write(calls(machine_detection=DETECT, retry="{attempts: 4, delay: [10m, 2h], on: [machine, busy]}"))
    text = " ".join(time.at(BEFORE, "plan").out.split())
    assert "up to 4 attempts each, 10 min and then 2 h after busy or machine" in text


@pytest.mark.parametrize(
    ("retry", "more", "message"),
    [
        ("{attempts: 2, delay: [10m, 2h]}", {}, "2 delays for 1 further attempt"),
        ("{attempts: 1, delay: [10m]}", {}, "1 delay for 0 further attempts"),
        ("{attempts: 2, on: [machine]}", {}, "without machine_detection nobody can know"),
        ("{attempts: 2, delay: []}", {}, ""),
        ("{attempts: 2, delay: [10]}", {}, ""),
    ],
)
def test_what_would_never_happen_is_refused(
    stack: Stack, time: Timeline, retry: str, more: dict[str, str], message: str
) -> None:
    path = stack.write(calls(retry=retry, **more))
    result = time.at(BEFORE, "validate")
    assert result.code == 1
    assert message in result.err + result.out
    assert f"{path.name}:8:" in result.err + result.out


def test_a_list_as_long_as_the_further_attempts_is_right(stack: Stack, time: Timeline) -> None:
    stack.write(calls(retry="{attempts: 3, delay: [10m, 2h]}"))
    assert time.at(BEFORE, "validate").code == 0
