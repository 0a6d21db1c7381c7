"""One look at an occurrence that goes in waves: who may be called, who waits for what, and what stops it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from voiceform.kinds.call.dialling.waves import (
    Moment,
    Resumption,
    Unfolded,
    Unfolding,
    begun,
    is_recent,
)
from voiceform.kinds.call.ledger.entries import GONE, CallStatus, Key, LedgerEntry
from voiceform.kinds.call.ledger.pauses import Halt, Stopped
from voiceform.kinds.call.waves import Waves

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
SETTLE, GRACE, SECOND = 300, 3600, timedelta(seconds=1)
DAY = timedelta(days=1)
SID = "CA" + "1" * 32


def at(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def ended(known: float, made: float = 1, status: str = "answered", **more: Any) -> LedgerEntry:
    """A call that was placed so many seconds after noon, and of which is known since then how it ended."""
    return LedgerEntry(CallStatus(status), at(known), sid=SID, reserved_at=at(made), **more)


def failed(known: float = 20, made: float = 1) -> LedgerEntry:
    return ended(known, made, "failed")


def live(made: float, call: str = "ringing") -> LedgerEntry:
    return LedgerEntry(CallStatus.PLACED, at(made), sid=SID, reserved_at=at(made), call=call)


LEFT_OUT = LedgerEntry(CallStatus.SUPPRESSED, at(1))
PUT_OFF = LedgerEntry(CallStatus.DEFERRED, at(1), reserved_at=at(1))
TAKEN_BACK = LedgerEntry(CallStatus.CANCELED, at(1))
LOST = LedgerEntry(CallStatus.UNKNOWN, at(1), reserved_at=at(1))

Called = Mapping[str, LedgerEntry | Mapping[int, LedgerEntry]]


def look(called: Called, now: float = 60, people: str = "ABCDEF", **more: Any) -> Unfolded:
    """What there is to do so long after noon about six people in waves of two."""
    waves = Waves(
        more.get("first", 2),
        more.get("then", 2),
        timedelta(seconds=SETTLE),
        {rule: Decimal(limit) for rule, limit in more.get("stop", {}).items()},
        timedelta(seconds=6),
    )
    attempts = {to: {1: one} if isinstance(one, LedgerEntry) else one for to, one in called.items()}
    moment = Moment(at(now), at(more.get("present", now)), at(more.get("begin", 0)))
    resumption = more.get("resumption", Resumption())
    grace = timedelta(seconds=GRACE)
    return Unfolding(waves, grace, NOON, list(people), attempts, resumption, moment).run()


def ready(found: Unfolded) -> dict[str, datetime]:
    return {key.to: since for key, since in found.ready}


def held(found: Unfolded) -> dict[str, str]:
    return {key.to: reason for key, reason in found.held}


def test_the_first_wave_is_called_and_the_others_wait() -> None:
    found = look({})
    assert found.ready == [(Key(NOON, to), NOON) for to in "AB"]
    assert held(found) == {
        **dict.fromkeys("CD", "wave 2 begins when wave 1 has settled"),
        **dict.fromkeys("EF", "wave 3 begins when wave 2 has settled"),
    }
    assert (found.until, found.stop, found.learn) == (None, None, [])


def test_while_one_of_a_wave_is_left_the_next_does_not_begin() -> None:
    found = look({"A": ended(20)})
    assert ready(found) == {"B": NOON}
    assert list(held(found)) == ["C", "D", "E", "F"]


def test_a_wave_begins_when_the_last_outcome_of_the_one_before_is_known() -> None:
    found = look({"A": ended(20), "B": ended(45, 2)})
    assert ready(found) == {"C": at(45), "D": at(45)}
    assert list(held(found)) == ["E", "F"]
    following = look({"A": ended(20), "B": ended(45, 2), "C": ended(70, 50), "D": ended(60, 51)}, 80)
    assert ready(following) == {"E": at(70), "F": at(70)}


def test_a_wave_settles_so_long_after_its_last_call_though_not_all_outcomes_are_known() -> None:
    called = {"A": live(10), "B": live(20, "in-progress")}
    before = look(called, 20 + SETTLE - 1)
    assert (ready(before), before.until, before.learn) == ({}, at(20 + SETTLE), [])
    after = look(called, 20 + SETTLE)
    assert ready(after) == dict.fromkeys("CD", at(20 + SETTLE))
    assert after.learn == [Key(NOON, "A"), Key(NOON, "B")]
    assert after.until is None
    assert look({**called, "C": LOST}, 20 + SETTLE).learn == [], "the next one has begun"


def test_outcomes_that_come_late_do_not_move_when_the_next_wave_began() -> None:
    found = look({"A": ended(20), "B": ended(900, 2)}, 1000)
    assert ready(found) == dict.fromkeys("CD", at(2 + SETTLE))


def test_only_calls_that_go_on_are_asked_for() -> None:
    found = look({"A": ended(20), "B": live(20, GONE)}, 20 + SETTLE)
    assert (ready(found), found.learn) == (dict.fromkeys("CD", at(20 + SETTLE)), [])


@pytest.mark.parametrize("entry", [LEFT_OUT, TAKEN_BACK, replace(LEFT_OUT, status=CallStatus.MISSED)])
def test_a_wave_whose_people_were_all_left_out_counts_for_nothing(entry: LedgerEntry) -> None:
    assert ready(look({"A": entry, "B": entry})) == {"C": NOON, "D": NOON}
    assert ready(look({"A": entry, "B": ended(20)})) == {"C": at(20), "D": at(20)}


def test_who_was_put_off_is_called_beside_the_next_wave_but_not_a_wave_that_was() -> None:
    assert ready(look({"A": PUT_OFF, "B": ended(20)})) == {"A": NOON, "C": at(20), "D": at(20)}
    both = look({"A": PUT_OFF, "B": PUT_OFF})
    assert ready(both) == {"A": NOON, "B": NOON}
    assert list(held(both)) == ["C", "D", "E", "F"]
    mixed = look({"A": PUT_OFF, "B": LEFT_OUT})
    assert ready(mixed) == {"A": NOON}


def test_a_call_that_was_canceled_was_made_and_without_a_reservation_when_it_was_written() -> None:
    assert ready(look({"A": ended(20, status="canceled"), "B": LEFT_OUT})) == {"C": at(20), "D": at(20)}
    bare = {"A": replace(live(10, "in-progress"), reserved_at=None), "B": LEFT_OUT}
    assert ready(look(bare, 10 + SETTLE)) == dict.fromkeys("CD", at(10 + SETTLE))


def test_who_was_not_called_in_time_is_not_asked_for() -> None:
    found = look({"A": live(GRACE - 10, "in-progress")}, GRACE - 10 + SETTLE)
    assert (list(ready(found)), found.learn) == (["B", "C", "D"], [Key(NOON, "A")])


def test_a_wave_whose_time_is_over_keeps_nobody() -> None:
    assert list(ready(look({}, GRACE))) == ["A", "B"]
    assert list(ready(look({}, GRACE + 1))) == list("ABCDEF"), "it is for others to say that they are late"
    assert list(ready(look({}, GRACE, present=GRACE + 1))) == list("ABCDEF")
    # The second has its own time, from when it began.
    late = {"A": ended(3500, 3400), "B": ended(3500, 3400)}
    assert list(ready(look(late, 3500 + GRACE))) == ["C", "D"]
    assert list(ready(look(late, 3500 + GRACE + 1))) == ["C", "D", "E", "F"]


def test_what_was_over_when_it_was_looked_before_is_dealt_with() -> None:
    assert list(ready(look({}, begin=0))) == ["A", "B"]
    assert list(ready(look({}, begin=1))) == []
    called = {"A": ended(20), "B": ended(45, 2)}
    assert list(ready(look(called, begin=45))) == ["C", "D"]
    assert list(ready(look(called, begin=46))) == []
    assert list(ready(look({}, begin=1, resumption=Resumption(any=True)))) == ["A", "B"]


def test_who_was_called_comes_first_also_who_is_not_on_the_list_any_more() -> None:
    found = look({"D": ended(20), "X": ended(30)})
    assert list(ready(found)) == ["A", "B"], "X and D were the first wave"
    assert ready(look({"D": ended(20)})) == {"A": NOON}
    assert list(ready(look({"D": {2: ended(20)}}))) == ["A", "B"], "not the first call to D"
    assert list(ready(look({"B": ended(20), "A": ended(20)}, people="BACD"))) == ["C", "D"]


def test_a_stop_rule_is_exceeded_by_more_than_its_share() -> None:
    called = {"A": failed(), "B": ended(30)}
    allowed = look(called, stop={"failed": "50"})
    assert (allowed.stop, list(ready(allowed))) == (None, ["C", "D"])
    stopped = look(called, stop={"failed": "49.5"})
    assert stopped.stop == Stopped(NOON, 1, 1, 2, "failed", "49.5")
    assert ready(stopped) == {}
    assert held(stopped) == dict.fromkeys("CDEF", f"stopped: {stopped.stop}")
    assert look(called, stop={"busy": "0"}).stop is None


def test_where_it_stopped_who_is_left_of_an_open_wave_waits_too() -> None:
    found = look({"A": failed(), "B": failed(), "C": live(30)}, first=3, stop={"failed": "10"})
    assert found.stop is None, "two are no three"
    again = look({"A": failed(), "B": failed(), "C": PUT_OFF}, first=3, stop={"failed": "10"}, now=400)
    assert again.stop == Stopped(NOON, 1, 2, 2, "failed", "10")
    assert list(held(again)) == ["C", "D", "E", "F"]
    assert again.until is None


def test_a_wave_that_is_not_over_is_judged_by_a_sample() -> None:
    called = {"A": failed(), "B": failed(), "C": failed(), "D": live(2)}
    assert look(called, first=4, people="ABCDEFGH", stop={"failed": "50"}).stop is None
    later = {**{to: ended(20) for to in "ABC"}, "D": failed(21, 21), "E": failed(21, 21), "F": failed(22, 22)}
    found = look(later, first=3, then=4, people="ABCDEFGH", stop={"failed": "50"})
    assert found.stop == Stopped(NOON, 2, 3, 3, "failed", "50"), "one of four was not called yet"
    assert list(held(found)) == ["G", "H"]


def test_a_wave_that_has_settled_is_judged_by_what_is_known_where_enough_were_called() -> None:
    called = {"A": ended(20), "B": ended(20), "C": failed(30, 21), "D": live(22)}
    assert look(called, 21 + SETTLE, stop={"failed": "50"}).stop is None
    found = look(called, 22 + SETTLE, stop={"failed": "50"})
    assert found.stop == Stopped(NOON, 2, 1, 1, "failed", "50")


def test_a_small_wave_after_the_first_that_was_called_says_nothing_alone() -> None:
    first = {to: ended(20) for to in "ABC"}
    few = {**first, "D": failed(30, 21)}
    assert look(few, first=3, then=1, stop={"failed": "50"}).stop is None
    between = {**first, "D": LEFT_OUT, "E": failed(30, 21)}
    assert look(between, first=3, then=1, stop={"failed": "50"}).stop is None, "nor behind one left out"
    left_out = dict.fromkeys("ABC", LEFT_OUT)
    found = look({**left_out, "D": failed(30, 21)}, first=3, then=1, stop={"failed": "50"})
    assert found.stop == Stopped(NOON, 2, 1, 1, "failed", "50"), "nobody was called before"


def test_a_retry_stands_for_the_first_call() -> None:
    called: Called = {"A": {1: failed(), 2: ended(40, 30)}, "B": ended(30)}
    assert look(called, stop={"failed": "10"}).stop is None
    turned: Called = {"A": {1: ended(20), 2: failed(40)}, "B": ended(30)}
    assert look(turned, stop={"failed": "10"}).stop is not None
    for second in (live(40), TAKEN_BACK, PUT_OFF):
        waiting: Called = {"A": {1: failed(), 2: second}, "B": ended(30)}
        assert look(waiting, stop={"failed": "10"}).stop is not None, "that is no outcome"


@pytest.mark.parametrize(("seconds", "short"), [(0, True), (6, True), (7, False)])
def test_answered_calls_that_were_over_at_once(seconds: int, short: bool) -> None:
    called = {"A": ended(20, duration=seconds), "B": ended(20, duration=30)}
    found = look(called, stop={"short": "49"})
    assert found.stop == (Stopped(NOON, 1, 1, 2, "short", "49") if short else None)
    alone = {"A": ended(20, duration=seconds), "B": failed()}
    expected = Stopped(NOON, 1, 1, 1, "short", "50") if short else None
    assert look(alone, stop={"short": "50"}).stop == expected, "of those that were answered"
    machines = {"A": ended(20, status="machine", duration=1), "B": ended(20, duration=30)}
    assert look(machines, stop={"short": "0"}).stop is None


def test_what_is_answered_and_goes_on_is_told_and_no_length_of_it() -> None:
    called = {"A": live(10, "in-progress"), "B": failed()}
    found = look(called, SETTLE + 20, stop={"failed": "50", "short": "0"})
    assert found.stop is None
    assert look(called, SETTLE + 20, stop={"failed": "49"}).stop == Stopped(NOON, 1, 1, 2, "failed", "49")


def test_a_wave_of_which_nothing_is_known_stops_what_follows() -> None:
    called = {"A": live(10), "B": LOST}
    found = look(called, SETTLE + 20)
    assert found.stop == Stopped(NOON, 1, 0, 2)
    assert look(called, SETTLE + 9).stop is None
    assert look(called, SETTLE + 10).stop == found.stop
    assert look(called, SETTLE + 10, people="AB").stop is None, "nobody is left"
    assert look({"A": live(10), "B": ended(11)}, SETTLE + 20).stop is None
    alone = look({"A": LEFT_OUT, "B": LEFT_OUT, "C": live(10), "D": LEFT_OUT}, SETTLE + 20)
    assert alone.stop == Stopped(NOON, 2, 0, 1)


def test_nothing_is_concluded_of_what_is_over() -> None:
    both = {"A": failed(), "B": failed()}
    stop = {"failed": "10"}
    assert look(both, SETTLE, stop=stop).stop is not None
    done = {**both, **{to: ended(30, 21) for to in "CDEF"}}
    assert look(done, 1 + SETTLE, stop=stop).stop is not None, "its last call is of late"
    assert look(done, 2 + SETTLE, stop=stop).stop is None, "nobody is left"
    assert look(both, 20 + GRACE, stop=stop).stop is not None
    assert look(both, 21 + GRACE, stop=stop).stop is None, "whoever is left is late"


def test_who_is_left_may_be_of_a_later_wave_than_the_next() -> None:
    called = {"A": live(1), "B": live(1), "C": LEFT_OUT, "D": LEFT_OUT}
    found = look(called, SETTLE + 1)
    assert found.stop == Stopped(NOON, 1, 0, 2)
    assert found.learn == [Key(NOON, "A"), Key(NOON, "B")]
    assert list(held(found)) == ["E", "F"]


STOPPED = Halt(NOON, at(100))
RESUMED = Halt(NOON, at(100), at(200))


@pytest.mark.parametrize(
    ("halts", "now", "expected"),
    [
        ([], 300, Resumption()),
        ([replace(STOPPED, occurrence=at(1))], 300, Resumption()),
        ([STOPPED], 300, Resumption(any=True, standing=True)),
        ([STOPPED], 100 + DAY.total_seconds(), Resumption(any=True, standing=True)),
        ([STOPPED], 101 + DAY.total_seconds(), Resumption(any=True, over=True)),
        ([RESUMED], 300, Resumption(any=True, since=at(200), judged_until=at(200))),
        ([RESUMED], 2 * DAY.total_seconds(), Resumption(any=True, since=at(200), judged_until=at(200))),
        (
            [RESUMED, Halt(NOON, at(250))],
            300,
            Resumption(any=True, standing=True, since=at(200), judged_until=at(200)),
        ),
        (
            [RESUMED, Halt(NOON, at(250), at(280))],
            300,
            Resumption(any=True, since=at(280), judged_until=at(280)),
        ),
        (
            [Halt(NOON, NOON, NOON + DAY)],
            300,
            Resumption(any=True, since=NOON + DAY, judged_until=NOON + DAY),
        ),
        (
            [Halt(NOON, NOON, NOON + DAY + SECOND)],
            300,
            Resumption(any=True, judged_until=NOON + DAY + SECOND),
        ),
    ],
)
def test_what_stops_mean(halts: list[Halt], now: float, expected: Resumption) -> None:
    assert Resumption.of(halts, NOON, at(now)) == expected


def test_others_are_called_again_since_it_went_on() -> None:
    gone_on = Resumption(any=True, since=at(200), judged_until=at(200))
    assert gone_on.later(at(100)) == at(200)
    assert gone_on.later(at(300)) == at(300)
    assert Resumption().later(at(100)) == at(100)
    called = {"A": failed(), "B": failed()}
    found = look(called, 250, stop={"failed": "10"}, resumption=gone_on)
    assert (found.stop, ready(found)) == (None, dict.fromkeys("CD", at(200))), "that was decided"
    assert list(ready(look(called, 200 + GRACE, resumption=gone_on))) == ["C", "D"]
    assert list(ready(look(called, 201 + GRACE, resumption=gone_on))) == ["C", "D", "E", "F"]


def test_after_it_went_on_waves_are_judged_by_a_sample_of_what_was_called_since() -> None:
    gone_on = Resumption(any=True, since=at(200), judged_until=at(200))
    before = {to: failed() for to in "ABC"}
    more: dict[str, Any] = {"first": 3, "then": 4, "people": "ABCDEFGHIJ", "resumption": gone_on}
    at_once = {**before, "D": failed(250, 200), "E": failed(250, 201), "F": failed(250, 201)}
    assert look(at_once, 260, stop={"failed": "10"}, **more).stop is None, "two since then"
    found = look({**at_once, "G": failed(250, 202)}, 260, stop={"failed": "10"}, **more)
    assert found.stop == Stopped(NOON, 2, 3, 3, "failed", "10")


def test_what_is_left_of_a_first_wave_that_went_on_is_no_trial_any_more() -> None:
    gone_on = Resumption(any=True, since=at(200), judged_until=at(200))
    called = {"A": failed(), "B": failed(250, 201), "C": failed(250, 202)}
    assert look(called, 260, first=3, stop={"failed": "10"}, resumption=gone_on).stop is None


def test_while_a_stop_stands_nobody_is_called_and_nothing_is_judged_anew() -> None:
    called = {"A": failed(), "B": failed()}
    found = look(called, stop={"failed": "10"}, resumption=Resumption(any=True, standing=True))
    assert (found.stop, ready(found), held(found)) == (None, {}, dict.fromkeys("CDEF", "stopped"))
    over = look(called, stop={"failed": "10"}, resumption=Resumption(any=True, over=True))
    assert (over.stop, list(ready(over))) == (None, ["C", "D"])


@pytest.mark.parametrize(("begin", "recent"), [(SETTLE + GRACE + 20, True), (SETTLE + GRACE + 21, False)])
def test_an_occurrence_is_recent_as_long_as_its_last_call_may_matter(begin: float, recent: bool) -> None:
    waves = Waves(2, 2, timedelta(seconds=SETTLE), {}, timedelta(seconds=6))
    moment = Moment(at(begin), at(begin), at(begin))
    called = {"A": {1: ended(10)}, "B": {1: ended(5), 2: ended(20)}}
    assert is_recent(waves, called, moment, timedelta(seconds=GRACE)) is recent


def test_calls_by_hand_are_of_no_wave() -> None:
    entry = ended(20)
    entries = {Key(NOON, "A", 1): entry, Key(NOON, "A", 2): entry, Key(NOON, "B", 0): entry}
    assert begun({**entries, Key(at(1), "B"): entry}) == {
        NOON: {"A": {1: entry, 2: entry}},
        at(1): {"B": {1: entry}},
    }
