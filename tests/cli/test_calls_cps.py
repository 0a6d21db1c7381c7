"""`safety.max_cps`: one pace for all schedules; and plans and previews that know of waves."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

import pytest

from tests.cli.calling import FROM, NINE, SCHEDULE, Timeline, after, calls
from tests.support import Stack
from voiceform.kinds.turns import Turns
from voiceform.model.clock import ManualClock

BEFORE = NINE - timedelta(hours=3)


def people(count: int, begin: int = 1000) -> list[str]:
    return [f"+1212555{number:04d}" for number in range(begin, begin + count)]


def several(cps: str, count: int, each: int, **more: str) -> str:
    """So many schedules, all due at nine."""
    lines = [f"safety: {{max_calls: 5000{cps}}}", "calls:"]
    for number in range(count):
        lines += [
            f"  s{number}:",
            f"    to: {people(each, 1000 + number * each)}",
            f'    from: "{FROM}"',
            f"    schedule: {SCHEDULE}",
            "    answer: {say: Hello}",
            "    pace: 1000",
            *(f"    {key}: {value}" for key, value in more.items()),
        ]
    return "\n".join(lines) + "\n"


@pytest.fixture
def time(stack: Stack) -> Timeline:
    return Timeline(stack)


def reserved(stack: Stack, time: Timeline) -> list[datetime]:
    """When each call was reserved, in order."""
    documents = time.at(after(hours=1), "state", "pull").json["documents"]
    entries = [
        entry
        for key, document in documents.items()
        if key.startswith("ledger/")
        for entry in document["calls"].values()
    ]
    return sorted(datetime.fromisoformat(entry["reserved_at"]) for entry in entries if "reserved_at" in entry)


@pytest.mark.parametrize(
    "command", [["dispatch", "--once"], ["apply", "--auto-approve", "--approve", "call=99"]]
)
def test_all_schedules_share_one_pace(stack: Stack, time: Timeline, command: list[str]) -> None:
    stack.write(several(", max_cps: 2", 4, 5))
    time.apply(BEFORE)
    assert time.at(after(1), *command).code == 0
    moments = reserved(stack, time)
    assert len(moments) == len(time.placed()) == 20
    for number, moment in enumerate(moments):
        assert moment >= after(1 + number / 2), "two a second, whoever places them"


def test_without_it_each_schedule_has_its_own_pace(stack: Stack, time: Timeline) -> None:
    stack.write(several("", 4, 5))
    time.apply(BEFORE)
    time.at(after(1), "dispatch", "--once")
    moments = reserved(stack, time)
    assert moments[-1] - moments[0] < timedelta(seconds=2)


def test_dispatch_keeps_the_pace_that_was_applied(stack: Stack, time: Timeline) -> None:
    stack.write(several(", max_cps: 2", 1, 5))
    time.apply(BEFORE)
    plan = time.at(BEFORE, "plan", "--detailed-exitcode")
    assert plan.code == 0
    stack.write(several(", max_cps: 4", 1, 5))
    changed = time.at(BEFORE, "plan", "--detailed-exitcode")
    assert (changed.code, "max_cps" in changed.out) == (2, True)


def test_the_plan_says_how_long_it_takes_at_that_pace(stack: Stack, time: Timeline) -> None:
    stack.write(several(", max_cps: 0.5", 1, 31))
    assert "at 0.5 a second it is finished about 09:01:00 EST" in " ".join(
        time.at(BEFORE, "plan").out.split()
    )
    stack.write(several(", max_cps: 0.01", 1, 31))
    text = " ".join(time.at(BEFORE, "plan").out.split())
    assert "the misfire grace ends after 10 calls and the rest would be missed: raise safety.max_cps" in text


def test_schedules_that_do_not_fit_together_are_told(stack: Stack, time: Timeline) -> None:
    stack.write(several(", max_cps: 1", 3, 400))
    text = " ".join(time.at(BEFORE, "plan").out.split())
    assert "3 schedules share safety.max_cps, 1 a second: their 1,200 calls are placed by" in text
    assert "about 09:20:00 EST" in text
    stack.write(several(", max_cps: 2", 3, 400))
    assert "schedules share" not in time.at(BEFORE, "plan").out
    stack.write(several("", 3, 400))
    assert "schedules share" not in time.at(BEFORE, "plan").out


@pytest.mark.parametrize("cps", ["0", "-1", "1001", "fast"])
def test_a_pace_that_is_none_is_refused(stack: Stack, time: Timeline, cps: str) -> None:
    stack.write(several(f", max_cps: {cps}", 1, 1))
    result = time.at(BEFORE, "validate")
    assert (result.code, "max_cps" in result.err + result.out) == (1, True)


def test_an_export_holds_the_schedule_without_what_is_said_for_all(stack: Stack, time: Timeline) -> None:
    stack.write(several(", max_cps: 2", 1, 1))
    time.apply(BEFORE)
    out = time.at(BEFORE, "export").out
    assert "max_cps" not in out


def test_turns_are_taken_one_after_the_other_by_many_threads() -> None:
    clock, turns = ManualClock(datetime(2026, 3, 2, tzinfo=UTC)), Turns()
    begin, taken, lock = clock.now(), [0], threading.Lock()

    def take() -> None:
        for _ in range(10):
            turns.take(10, clock, lambda: False)
            with lock:
                taken[0] += 1
                assert clock.now() - begin >= timedelta(seconds=(taken[0] - 1) / 10) - timedelta(seconds=0.01)

    threads = [threading.Thread(target=take) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert taken == [80]


def test_a_clock_that_is_turned_back_keeps_nobody_waiting() -> None:
    clock, turns = ManualClock(datetime(2026, 3, 2, tzinfo=UTC)), Turns()
    turns.take(1, clock, lambda: False)
    clock.set(datetime(2026, 3, 1, tzinfo=UTC))
    turns.take(1, clock, lambda: False)
    assert clock.now() == datetime(2026, 3, 1, tzinfo=UTC)


WAVES = "{first: 2, then: 3, settle: 5m, stop: {failed: 20%, short: 2.5%}}"


def test_the_plan_shows_the_waves(stack: Stack, time: Timeline) -> None:
    stack.write(calls(people(7), waves=WAVES))
    text = " ".join(time.at(BEFORE, "plan").out.split())
    assert "the next occurrence calls 7 people in 3 waves of 2, 3 and 2" in text
    assert "the last one begins about 09:10:03 EST at the latest" in text
    assert "more than 20 % failed or 2.5 % short stops them" in text


def test_a_wave_that_takes_longer_than_the_grace_is_told(stack: Stack, time: Timeline) -> None:
    waves = "{first: 2, then: 200, settle: 5m}"
    stack.write("safety: {max_calls: 500}\n" + calls(people(300), waves=waves, misfire_grace="1m"))
    text = " ".join(time.at(BEFORE, "plan").out.split())
    assert "the misfire grace ends after 61 calls and the rest of a wave would be missed" in text


def test_the_preview_shows_who_is_in_which_wave(stack: Stack, time: Timeline) -> None:
    stack.write(calls(people(7), waves=WAVES))
    shown = time.at(BEFORE, "schedule", "--who", "--format", "json").json
    [key] = [key for key in shown if isinstance(shown[key], list)]
    found = [(row["wave"], row["called_at"]) for row in shown[key]]
    assert found == [
        *[(1, "2026-12-01T14:00:00Z")] * 2,
        *[(2, "2026-12-01T14:05:01Z")] * 3,
        *[(3, "2026-12-01T14:10:03Z")] * 2,
    ]
    assert "wave 3" in time.at(BEFORE, "schedule", "--who").out
    assert "7 calls, in 3 waves of 2, 3 and 2" in time.at(BEFORE, "schedule").out
    [occurrence] = time.at(BEFORE, "schedule", "--format", "json").json["schedule"]
    assert (occurrence["waves"], occurrence["finished_at"]) == ([2, 3, 2], "2026-12-01T14:10:04Z")
