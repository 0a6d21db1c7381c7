"""People of whom a table says more than a number: where they are, when they are called, with which words."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.kinds.call.specs import BOB, spec
from voiceform.kinds.call.dialling.due import due_keys
from voiceform.kinds.call.dialling.verdicts import Judge, Verdict
from voiceform.kinds.call.ledger.entries import CallStatus, Key, LedgerEntry
from voiceform.kinds.call.ledger.store import Head
from voiceform.kinds.call.people import Person, Roster, row_of
from voiceform.kinds.call.timing.faults import ScheduleError

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
HOURS = {"start": "08:00", "end": "21:00", "timezone": "recipient"}


def test_the_zone_of_a_table_goes_before_those_of_the_number() -> None:
    traveller = spec(calling_hours=HOURS, people=[f"{BOB}\t\tAsia/Tokyo\t"])

    assert traveller.zones_of(BOB) == (ZoneInfo("Asia/Tokyo"),)
    assert Judge(spec(calling_hours=HOURS), NOON, None, None).verdict(Key(NOON, BOB), NOON).verdict is (
        Verdict.SUPPRESS
    ), "it is early in California"
    judged = Judge(traveller, NOON, None, None).verdict(Key(NOON, BOB), NOON)
    assert (judged.verdict, judged.reason) == (Verdict.SUPPRESS, "outside the calling hours in Asia/Tokyo")
    evening = NOON.replace(hour=11, minute=59)
    assert Judge(traveller, evening, None, None).verdict(Key(evening, BOB), evening).verdict is Verdict.PLACE


def test_a_zone_that_this_machine_does_not_know_is_no_leave_to_take_another() -> None:
    lost = spec(calling_hours=HOURS, people=[f"{BOB}\t\tMars/Olympus\t"])

    assert lost.zones_of(BOB) == ()
    assert Judge(lost, NOON, None, None).verdict(Key(NOON, BOB), NOON).verdict is Verdict.SUPPRESS


def test_hours_that_name_their_zone_do_not_ask_for_that_of_a_person() -> None:
    hours = {**HOURS, "timezone": "Europe/Berlin"}

    assert spec(calling_hours=hours, people=[f"{BOB}\t\tAsia/Tokyo\t"]).clocks_of(BOB) == (
        ZoneInfo("Europe/Berlin"),
    )


TEXT = st.text(st.characters(codec="utf-8"))
INSTANTS = st.datetimes(datetime(2026, 3, 1), datetime(2026, 3, 4), timezones=st.just(UTC))  # noqa: DTZ001
PEOPLE = st.lists(
    st.tuples(
        st.sampled_from([f"+1212555{number:04d}" for number in range(100, 110)]),
        INSTANTS.map(lambda moment: moment.replace(second=0, microsecond=0)),
    ),
    unique=True,
    max_size=30,
)
TIMES = {"column": "visit", "timezone": "UTC"}


@given(TEXT, TEXT, st.none() | INSTANTS)
def test_what_a_row_says_comes_back(name: str, city: str, due: datetime | None) -> None:
    person = Person(due, "Asia/Tokyo", None, {"name": name, "city": city})
    row = row_of(BOB, person)
    assert "\n" not in row
    assert Roster([row], ["name", "city"])[BOB] == person


@given(PEOPLE, INSTANTS, st.integers(0, 90))
def test_each_is_called_when_a_naive_reference_says(
    people: list[tuple[str, datetime]], now: datetime, grace: int
) -> None:
    rows = [row_of(number, Person(due)) for number, due in people]
    numbers = list(dict.fromkeys(number for number, _ in people))
    schedule = spec(schedule=TIMES, to=numbers, people=rows, misfire_grace=f"{grace + 1}m")
    since = now - timedelta(minutes=grace + 1)

    found = {item.key: item.verdict for item in due_keys(schedule, {}, Head(), now, None)}

    assert found == {Key(due, number): Verdict.PLACE for number, due in people if since <= due <= now}
    assert [item.instant for item in schedule.schedule.between(since, now)] == sorted(
        {due for _, due in people if since <= due <= now}
    )
    for number, due in people:
        assert number in schedule.called_at(due)


def test_a_row_that_is_gone_or_moved_is_not_tried_again() -> None:
    retry = {"attempts": 2, "delay": ["1m"], "on": ["busy"]}
    busy = {Key(NOON, BOB): LedgerEntry(CallStatus.BUSY, NOON, sid="CA1", ended_at=NOON)}
    for people, again in (
        ([(BOB, NOON)], [Key(NOON, BOB, 2)]),
        ([(BOB, NOON + timedelta(hours=3))], []),
        ([], []),
    ):
        rows = [row_of(number, Person(due)) for number, due in people]
        schedule = spec(schedule=TIMES, to=[number for number, _ in people], people=rows, retry=retry)
        now = NOON + timedelta(minutes=2)
        assert [item.key for item in due_keys(schedule, busy, Head(), now, None)] == again


def test_times_that_were_over_before_are_not_missed_and_later_ones_are() -> None:
    schedule = spec(schedule=TIMES, to=[BOB], people=[row_of(BOB, Person(NOON))])
    late = NOON + timedelta(hours=2)
    assert due_keys(schedule, {}, Head(since=late), late, None) == []
    [missed] = due_keys(schedule, {}, Head(since=NOON - timedelta(days=9), high_water=NOON), late, None)
    assert missed.verdict is Verdict.MISS


@pytest.mark.parametrize("row", ["", BOB, f"{BOB}\t", f"{BOB}\t\t\t\tone\ttwo", f"{BOB}\tnoon\t\t\tone"])
def test_rows_that_nobody_can_read_call_nobody(row: str) -> None:
    with pytest.raises(ScheduleError) as caught:
        spec(
            schedule=TIMES,
            people=[row],
            columns=["name"],
            answer={"twiml": "<Response>{{ name }}</Response>"},
        )
    assert (caught.value.key, caught.value.where) == ("people", "call.pulse")


def test_one_number_of_two_people_waits_for_the_hours_of_both() -> None:
    rows = [f"{BOB}\t2026-03-02T12:00:00Z\tAsia/Tokyo\t", f"{BOB}\t2026-03-02T13:00:00Z\tEurope/Berlin\t"]
    family = spec(schedule=TIMES, people=rows)
    assert family.zones_of(BOB) == (ZoneInfo("Asia/Tokyo"), ZoneInfo("Europe/Berlin"))
    assert family.people.at(BOB, NOON + timedelta(hours=1)) == Person(
        NOON + timedelta(hours=1), "Europe/Berlin"
    )


NOBODY_ELSE = {"cron": "*/5 * * * *", "timezone": "UTC"}


@given(st.integers(0, 60), st.integers(1, 60), st.booleans())
def test_the_latest_occurrence_alone_is_called(minutes: int, grace: int, latest: bool) -> None:
    now = NOON + timedelta(minutes=minutes)
    head = Head(since=NOON - timedelta(days=1), high_water=NOON - timedelta(minutes=1))
    schedule = spec(schedule=NOBODY_ELSE, misfire_grace=f"{grace}m", misfire="latest" if latest else "each")
    found = due_keys(schedule, {}, head, now, None)

    placed = [item.key.occurrence for item in found if item.verdict is Verdict.PLACE]
    due = [item.key.occurrence for item in found]
    in_time = [moment for moment in due if now - moment <= timedelta(minutes=grace)]
    assert placed == (in_time[-1:] if latest and in_time[-1:] == due[-1:] else [] if latest else in_time)
    assert all(item.verdict is Verdict.MISS for item in found if item.key.occurrence not in placed)
    if latest and placed:
        overtaken = [item for item in found if item.key.occurrence in in_time[:-1]]
        assert all(item.reason == "a later occurrence is due, and misfire is latest" for item in overtaken)


def test_what_was_overtaken_while_it_waited_for_its_turn_is_not_placed() -> None:
    schedule = spec(schedule=NOBODY_ELSE, misfire="latest")
    moment = NOON + timedelta(minutes=4, seconds=59)
    assert Judge(schedule, moment, None, None).verdict(Key(NOON, BOB), NOON).verdict is Verdict.PLACE
    moment += timedelta(seconds=1)
    assert Judge(schedule, moment, None, None).verdict(Key(NOON, BOB), NOON).verdict is Verdict.MISS


@pytest.mark.parametrize("columns", [[], ["name"], ["name", "city", "zip"]])
def test_an_answer_that_names_other_columns_calls_nobody(columns: list[str]) -> None:
    answer = {"url": "https://example.com/{{ name }}/{{ city }}", "method": "GET"}
    row = row_of(BOB, Person(NOON, columns=dict.fromkeys(columns, "x")))
    with pytest.raises(ScheduleError) as caught:
        spec(schedule=TIMES, people=[row], columns=columns, answer=answer)
    assert caught.value.key == "answer"


def test_rows_about_others_than_those_who_are_called_call_nobody() -> None:
    with pytest.raises(ScheduleError):
        spec(schedule=TIMES, people=[row_of("+12125550199", Person(NOON))])
