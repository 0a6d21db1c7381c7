"""A few people first, the others once it is known how that went, and a stop when it went wrong."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

import pytest

from tests.cli.calling import NINE, Timeline, after, calls
from tests.support import Stack
from voiceform.state.open import open_store

BEFORE = NINE - timedelta(hours=3)
WAVES = "{first: 3, then: 4, settle: 5m, stop: {failed: 20%}}"
SHORT = "{first: 3, then: 4, settle: 5m, stop: {short: 30%}}"
FOREVER = "{twiml: <Response><Pause length='3600'/></Response>}"


def people(count: int) -> list[str]:
    return [f"+1212555{number:04d}" for number in range(1000, 1000 + count)]


def behave(stack: Stack, outcome: str, numbers: Iterable[str]) -> None:
    """How these numbers behave when they are called."""
    stack.emulator.seed({"numbers": [{"phone_number": to, "outcome": outcome} for to in numbers]})


@pytest.fixture
def time(stack: Stack) -> Timeline:
    return Timeline(stack)


class Campaign:
    """A schedule with waves, dispatched minute by minute."""

    def __init__(self, stack: Stack, time: Timeline, count: int = 10, **more: str) -> None:
        self.stack = stack
        self.time = time
        self.people = people(count)
        stack.write(
            "safety: {max_calls: 500}\n" + calls(self.people, **{"waves": WAVES, "pace": "100", **more})
        )
        time.apply(BEFORE)

    def at(self, minute: float) -> int:
        """Dispatch once; how many calls were placed so far."""
        self.result = self.time.at(after(minutes=minute), "dispatch", "--once")
        return len(self.time.placed())

    def counts(self, *minutes: float) -> list[int]:
        return [self.at(minute) for minute in minutes]

    def statuses(self, minute: float) -> dict[str, str]:
        return {row["to"]: row["status"] for row in self.time.ledger(after(minutes=minute))}


def test_the_next_wave_begins_when_the_last_one_is_known(stack: Stack, time: Timeline) -> None:
    campaign = Campaign(stack, time)
    assert campaign.at(0) == 3
    assert campaign.result.out == "call.reminder: 3 placed, 7 waiting\n"
    # Each call lasts seconds: at the next look all are known, long before five minutes have passed.
    assert campaign.counts(1, 2, 3, 4) == [7, 10, 10, 10]
    assert time.placed() == campaign.people


def test_while_something_is_unknown_it_waits_for_the_time_to_settle(stack: Stack, time: Timeline) -> None:
    campaign = Campaign(stack, time, answer=FOREVER)
    assert campaign.counts(0, 1, 4.9, 5.1, 6, 10, 10.2, 15.3) == [3, 3, 3, 7, 7, 7, 10, 10]


def test_a_wave_that_is_late_by_settling_is_not_missed(stack: Stack, time: Timeline) -> None:
    """Its grace counts from when the one before had settled."""
    campaign = Campaign(stack, time, count=30, answer=FOREVER, misfire_grace="1m")
    for half in range(120):
        campaign.at(half / 2)
    assert len(time.placed()) == 30
    assert set(campaign.statuses(60).values()) == {"answered"}


def test_who_comes_too_late_even_so_is_missed_and_told(stack: Stack, time: Timeline) -> None:
    campaign = Campaign(stack, time, misfire_grace="2m")
    assert campaign.counts(0, 30, 31, 32) == [3, 3, 3, 3]
    assert sorted(campaign.statuses(33).values()) == ["answered"] * 3 + ["missed"] * 7


def test_an_occurrence_that_was_slept_through_is_missed_whole(stack: Stack, time: Timeline) -> None:
    campaign = Campaign(stack, time)
    assert campaign.counts(60, 61, 62) == [0, 0, 0]
    assert list(campaign.statuses(63).values()) == ["missed"] * 10


def test_too_many_failures_stop_it(stack: Stack, time: Timeline) -> None:
    campaign = Campaign(stack, time)
    behave(stack, "failed", campaign.people[:1])
    assert campaign.at(0) == 3
    assert campaign.at(1) == 3
    why = (
        "stopped since 2026-12-01 14:01:00 UTC: 1 of 3 calls in wave 1 of 2026-12-01T14:00:00Z failed:"
        " 33.3 %, and 20 % are allowed"
    )
    assert campaign.result.code == 5
    assert why in campaign.result.err
    assert "voiceform calls resume call.reminder" in campaign.result.err
    for command in (["plan"], ["calls", "list"], ["status"]):
        shown = time.at(after(minutes=2), *command)
        assert why in " ".join((shown.out + shown.err).split()), command
    assert campaign.counts(2, 10, 60, 600) == [3, 3, 3, 3]
    assert campaign.result.code == 5
    metrics = time.at(after(minutes=601), "dispatch", "--once", "--metrics", "m.prom", "--format", "json")
    assert metrics.json["schedules"][0]["stopped"].startswith("stopped since")
    assert 'voiceform_schedules_stopped{stack="default"} 1.0' in (stack.folder / "m.prom").read_text()


def test_resumed_it_goes_on_with_the_next_wave(stack: Stack, time: Timeline) -> None:
    campaign = Campaign(stack, time)
    behave(stack, "failed", campaign.people[:3])
    campaign.counts(0, 1)
    resumed = time.at(after(hours=3), "calls", "resume", "call.reminder")
    assert (resumed.code, "The pause of call.reminder is over" in resumed.out) == (0, True)
    assert "The next dispatch calls who is left of 2026-12-01T14:00:00Z" in resumed.out
    assert campaign.counts(181, 182, 183) == [7, 10, 10]
    assert campaign.result.code == 0
    assert "missed" not in campaign.statuses(184).values()


def test_what_goes_wrong_after_that_stops_it_again(stack: Stack, time: Timeline) -> None:
    campaign = Campaign(stack, time, count=20)
    behave(stack, "failed", [*campaign.people[:3], *campaign.people[4:8]])
    campaign.counts(0, 1)
    time.at(after(minutes=1, seconds=30), "calls", "resume", "call.reminder")
    assert campaign.counts(2, 3, 4, 30) == [7, 7, 7, 7]
    assert "3 of 4 calls in wave 2" in campaign.result.err
    time.at(after(minutes=40), "calls", "resume", "call.reminder")
    assert campaign.counts(41, 42) == [11, 11]


def test_a_stop_that_stands_for_a_day_is_the_end_of_the_occurrence(stack: Stack, time: Timeline) -> None:
    campaign = Campaign(stack, time)
    behave(stack, "failed", campaign.people[:3])
    campaign.counts(0, 1)
    resumed = time.at(after(hours=25), "calls", "resume", "call.reminder")
    assert "It had stopped for too long: who is left of 2026-12-01T14:00:00Z is missed." in resumed.out
    assert campaign.at(25 * 60 + 1) == 3
    assert sorted(campaign.statuses(25 * 60 + 2).values()) == ["failed"] * 3 + ["missed"] * 7


def test_short_calls_stop_it(stack: Stack, time: Timeline) -> None:
    campaign = Campaign(stack, time, waves=SHORT, answer=FOREVER)
    behave(stack, "hangs-up", campaign.people[:1])
    assert campaign.counts(0, 1, 5.5, 6) == [3, 3, 3, 3], "one of one that is over"
    assert "1 of 1 calls in wave 1 of 2026-12-01T14:00:00Z were over at once" in campaign.result.err


def test_short_calls_of_those_that_are_over(stack: Stack, time: Timeline) -> None:
    twenty = "{twiml: <Response><Pause length='20'/></Response>}"
    campaign = Campaign(stack, time, waves=SHORT, answer=twenty)
    behave(stack, "hangs-up", campaign.people[:1])
    assert campaign.counts(0, 1, 2) == [3, 3, 3]
    assert "1 of 3 calls in wave 1 of 2026-12-01T14:00:00Z were over at once: 33.3 %" in campaign.result.err


@pytest.mark.parametrize(
    ("rule", "outcome", "stops"),
    [
        ("{busy: 50%}", "busy", True),
        ("{no-answer: 50%}", "no-answer", True),
        ("{machine: 50%}", "machine", True),
        ("{machine: 50%}", "fax", True),
        ("{failed: 100%}", "failed", False),
        ("{failed: 0%}", "busy", False),
        ("{}", "failed", False),
    ],
)
def test_each_outcome_has_a_rule(
    stack: Stack, time: Timeline, rule: str, outcome: str, *, stops: bool
) -> None:
    waves = f"{{first: 3, then: 4, settle: 5m, stop: {rule}}}"
    campaign = Campaign(stack, time, waves=waves, machine_detection="Enable")
    behave(stack, outcome, campaign.people)
    campaign.at(0)
    assert campaign.at(4) == (3 if stops else 7)


def test_a_wave_of_which_nothing_is_known_stops_it(stack: Stack, time: Timeline) -> None:
    campaign = Campaign(stack, time)
    stack.emulator.faults([{"kind": "drop-before", "operation": "createCall", "times": 3}])
    assert campaign.at(0) == 3
    assert campaign.counts(1, 4, 6, 30) == [3, 3, 3, 3]
    assert campaign.result.code == 8
    assert (
        "of none of 3 calls in wave 1 of 2026-12-01T14:00:00Z it is known how it ended" in campaign.result.err
    )


def test_a_retry_speaks_for_the_first_attempt(stack: Stack, time: Timeline) -> None:
    waves = "{first: 5, then: 5, settle: 2m, stop: {busy: 20%}}"
    campaign = Campaign(stack, time, count=10, waves=waves, retry="{attempts: 2, delay: 10m, on: [busy]}")
    first = campaign.people[0]
    stack.emulator.seed({"numbers": [{"phone_number": first, "outcomes": ["busy", "busy"]}]})
    assert campaign.counts(0, 1, 2) == [5, 10, 10]
    assert campaign.counts(13, 14, 20) == [11, 11, 11], "one of five people, called twice, is one of five"
    assert campaign.result.code == 0


def test_who_joins_the_list_takes_no_place_of_a_wave_that_began(stack: Stack, time: Timeline) -> None:
    campaign = Campaign(stack, time, answer=FOREVER)
    assert campaign.at(0) == 3
    newcomers = [f"+1415555{number}" for number in range(1000, 1005)]
    text = "safety: {max_calls: 500}\n" + calls(
        [*newcomers, *campaign.people[2:]], waves=WAVES, pace="100", answer=FOREVER
    )
    stack.write(text)
    time.apply(after(minutes=1))
    assert campaign.counts(2, 4) == [3, 3]
    assert campaign.at(6) == 7


def test_apply_places_the_first_wave_alone(stack: Stack, time: Timeline) -> None:
    stack.write("safety: {max_calls: 500}\n" + calls(people(10), waves=WAVES, pace="100"))
    planned = time.at(after(1), "plan", "--out", "first.plan.json")
    assert "3 calls due now, placed by apply" in " ".join(planned.out.split())
    assert "7 calls due but held back: wave 2 begins when wave 1 has settled (4)" in " ".join(
        planned.out.split()
    )
    assert time.at(after(2), "apply", "first.plan.json").code == 0
    assert len(time.placed()) == 3


def test_apply_stops_what_went_wrong(stack: Stack, time: Timeline) -> None:
    campaign = Campaign(stack, time)
    behave(stack, "failed", campaign.people[:3])
    time.at(after(0), "plan", "--out", "early.plan.json")
    campaign.at(0)
    late = time.at(after(minutes=6), "plan")
    assert "held back: stopped: 3 of 3 calls in wave 1" in " ".join(late.out.split())
    result = time.at(after(minutes=6), "apply", "early.plan.json")
    assert (len(time.placed()), result.code) == (3, 5)
    assert "stopped since 2026-12-01 14:06:00 UTC" in " ".join((result.out + result.err).split())
    assert time.at(after(minutes=6.5), "apply", "--auto-approve").code == 0, "registered, as a paused one is"
    assert campaign.at(7) == 3
    assert campaign.result.code == 5


def test_a_pause_and_an_older_state_do_not_end_a_stop(stack: Stack, time: Timeline) -> None:
    campaign = Campaign(stack, time)
    old = time.at(after(-60), "state", "pull").out
    (stack.folder / "old.json").write_text(old)
    behave(stack, "failed", campaign.people[:3])
    campaign.counts(0, 1)
    assert "stopped since" in time.at(after(minutes=2), "calls", "pause", "call.reminder").out
    pushed = time.at(after(minutes=3), "state", "push", "old.json")
    assert pushed.code == 0, pushed.err
    assert campaign.counts(4, 5) == [3, 3]


def test_canceled_people_are_called_by_no_wave(stack: Stack, time: Timeline) -> None:
    campaign = Campaign(stack, time)
    campaign.at(0)
    assert time.at(after(1), "calls", "cancel", "call.reminder", "--auto-approve").code == 0
    assert campaign.counts(1, 2, 10) == [3, 3, 3]


def test_a_wave_whose_people_are_all_left_out_lets_the_next_one_begin(stack: Stack, time: Timeline) -> None:
    (stack.folder / "dnc.txt").write_text("\n".join(people(3)) + "\n")
    campaign = Campaign(stack, time, do_not_call="dnc.txt")
    assert campaign.counts(0, 1, 2, 3) == [0, 4, 7, 7]


def test_no_wave_begins_while_nobody_can_ask_how_the_last_one_went(stack: Stack, time: Timeline) -> None:
    campaign = Campaign(stack, time, answer=FOREVER)
    campaign.at(0)
    stack.emulator.faults([{"kind": "status", "status": 500, "operation": "fetchCall", "times": None}])
    assert campaign.counts(6, 7) == [3, 3]
    assert campaign.result.code == 5
    stack.emulator.faults([])
    assert campaign.at(8) == 7


@pytest.mark.parametrize(
    ("waves", "message"),
    [
        ("{first: 0}", "first"),
        ("{then: 5}", "first"),
        ("{first: 3, stop: {failed: 20}}", "waves.stop.failed must be text, not the number 20"),
        ("{first: 3, stop: {failed: 120%}}", "must be a share such as 20%"),
        ("{first: 3, stop: {no_words: 3%}}", "no_words"),
        ("{first: 3, stop: {machine: 3%}}", "without machine_detection nobody can know"),
        ("{first: 3, short_call: 3s}", "short_call means nothing without stop.short"),
        ("{first: 3, settle: 5 m}", "duration"),
    ],
)
def test_waves_that_make_no_sense_are_refused(stack: Stack, time: Timeline, waves: str, message: str) -> None:
    stack.write(calls(people(3), waves=waves))
    result = time.at(BEFORE, "validate")
    assert result.code == 1
    assert message in result.err + result.out


@pytest.mark.parametrize("waves", ["{first: 1}", "{first: 1000, then: 5000}", "{first: 2}", "{first: 3}"])
def test_any_size_is_a_size(stack: Stack, time: Timeline, waves: str) -> None:
    campaign = Campaign(stack, time, count=3, waves=waves)
    campaign.counts(0, 1, 2, 3)
    assert time.placed() == campaign.people


def test_retries_wait_for_the_resumption_too(stack: Stack, time: Timeline) -> None:
    campaign = Campaign(stack, time, retry="{attempts: 2, delay: 10m, on: [busy]}")
    behave(stack, "busy", campaign.people[:1])
    behave(stack, "failed", campaign.people[1:3])
    assert campaign.counts(0, 1, 12, 40, 100) == [3, 3, 3, 3, 3]
    time.at(after(minutes=120), "calls", "resume", "call.reminder")
    assert campaign.at(121) == 3 + 4 + 1
    assert "missed" not in campaign.statuses(122).values()


def test_a_settling_that_is_shorter_than_the_ringing_is_told(stack: Stack, time: Timeline) -> None:
    stack.write(calls(people(3), waves="{first: 1, settle: 30s}"))
    result = time.at(BEFORE, "validate")
    assert (result.code, "short-settle" in result.err + result.out) == (0, True)
    stack.write(calls(people(3), waves="{first: 1, settle: 30s}", timeout="20"))
    assert "short-settle" not in time.at(BEFORE, "validate").err
    stack.write(calls(people(3), waves="{first: 1}", timeout="300"))
    assert "may still ring after 300 seconds" in time.at(BEFORE, "validate").err


@pytest.mark.parametrize("waves", [WAVES, SHORT, "{first: 2}", "{first: 2, then: 1, settle: 2m, stop: {}}"])
def test_what_is_exported_is_what_was_declared(stack: Stack, time: Timeline, waves: str) -> None:
    stack.write(calls(people(3), waves=waves, retry="{attempts: 3, delay: [10m, 2h]}"))
    time.apply(BEFORE)
    exported = time.at(BEFORE, "export").out
    stack.write(exported)
    assert time.at(BEFORE, "validate").code == 0
    assert time.at(BEFORE, "plan", "--detailed-exitcode").code == 0


def test_calling_hours_are_waited_for_wave_by_wave(stack: Stack, time: Timeline) -> None:
    hours = '{start: "10:00", end: "21:00", timezone: America/New_York}'
    campaign = Campaign(stack, time, calling_hours=hours, misfire_grace="2h")
    assert campaign.counts(0, 20, 59, 60, 61, 62, 63) == [0, 0, 0, 3, 7, 10, 10]
    assert "missed" not in campaign.statuses(64).values()


def test_the_next_window_is_waited_for_wave_by_wave(stack: Stack, time: Timeline) -> None:
    rule = (
        "calling_rules:\n"
        "  - name: late\n"
        "    hours:\n"
        "      timezone: America/New_York\n"
        '      weekly: {mon-sun: ["10:00-21:00"]}\n'
        "      outside: next-window\n"
    )
    text = calls(people(10), waves=WAVES, pace="100", rules="[late]", misfire_grace="5m")
    stack.write("safety: {max_calls: 500}\n" + rule + text)
    time.apply(BEFORE)
    found = []
    for minute in (0, 20, 59, 60, 61, 62, 63):
        time.at(after(minutes=minute), "dispatch", "--once")
        found.append(len(time.placed()))
    assert found == [0, 0, 0, 3, 7, 10, 10]
    assert "missed" not in time.statuses(after(minutes=64))


def test_other_times_end_what_was_left_of_the_old_ones(stack: Stack, time: Timeline) -> None:
    campaign = Campaign(stack, time)
    behave(stack, "failed", campaign.people[:3])
    campaign.counts(0, 1)
    later = "{at: 2026-12-01T11:00:00, timezone: America/New_York}"
    stack.write("safety: {max_calls: 500}\n" + calls(campaign.people, later, waves=WAVES, pace="100"))
    time.apply(after(minutes=10))
    time.at(after(minutes=20), "calls", "resume", "call.reminder")
    assert campaign.counts(21, 22, 40) == [3, 3, 3]
    assert campaign.at(120) == 6


@pytest.mark.parametrize("damage", [{"of": 0}, {"of": "many"}, {"occurrence": "noon"}, {"rule": None}])
def test_a_stop_that_cannot_be_read_calls_nobody(
    stack: Stack, time: Timeline, damage: dict[str, object]
) -> None:
    campaign = Campaign(stack, time)
    behave(stack, "failed", campaign.people[:3])
    campaign.counts(0, 1)
    with open_store("sqlite:///.voiceform/state.db", base_dir=stack.folder) as store:
        stored = store.get("pauses/calls")
        assert stored is not None
        events = stored.document["pauses"]["call.reminder"]
        events[-1]["stopped"].update(damage)
        if damage == {"rule": None}:
            del events[-1]["stopped"]["rule"]
        store.put("pauses/calls", {"pauses": {"call.reminder": events}}, stored.version)
    for command in (["plan"], ["calls", "list"], ["status"], ["dispatch", "--once"]):
        result = time.at(after(minutes=3), *command)
        assert "Traceback" not in result.err
        assert "the pauses in pauses/calls cannot be read" in " ".join((result.err + result.out).split())
    assert len(time.placed()) == 3
