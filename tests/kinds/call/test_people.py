"""Where somebody is of whom a table says it."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from tests.kinds.call.specs import BOB, spec
from voiceform.kinds.call.dialling.verdicts import Judge, Verdict
from voiceform.kinds.call.ledger.entries import Key

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
