"""What rules say, read from what is recorded, and when nobody can rely on them."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import holidays
import pytest

from tests.kinds.call.specs import BOB, spec
from voiceform.kinds.call.dialling.verdicts import Due, Judge, Verdict
from voiceform.kinds.call.ledger.entries import Key
from voiceform.kinds.call.people import Person, row_of
from voiceform.kinds.call.rules.book import RuleBook, Ruling
from voiceform.kinds.call.rules.closed import ClosedDays, holidays_of
from voiceform.kinds.call.rules.faults import Path, RuleError
from voiceform.kinds.call.rules.hours import Hours
from voiceform.kinds.call.rules.rule import CallingRule
from voiceform.kinds.call.rules.weekly import DAYS, Weekly, Window, days_named

NEW_YORK = ZoneInfo("America/New_York")
PARIS_NUMBER, SIP = "+33142685300", "sip:anna@example.com"
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
"""A Monday."""
STATES = sorted(holidays.list_supported_countries()["US"])
ALWAYS = {"timezone": "UTC", "weekly": {"mon-sun": ["00:00-24:00"]}}
NEVER_NOW = {"timezone": "UTC", "weekly": {"mon": ["13:00-14:00"]}}


def hours(weekly: Mapping[str, Any], **more: Any) -> Hours:
    return Hours.of({"timezone": "recipient", "weekly": weekly, **more})


def allowed(hours: Hours, text: str, zone: ZoneInfo = NEW_YORK) -> bool:
    """Whether a local time of New York is within."""
    return hours.allow(zone, datetime.fromisoformat(text).replace(tzinfo=zone))


def complaints(weekly: Mapping[str, Any]) -> list[tuple[Path, str]]:
    found: list[tuple[Path, str]] = []
    Weekly.parse(weekly, lambda path, problem, _hint: found.append((path, problem)))
    return found


@pytest.mark.parametrize(
    ("name", "days"),
    [
        ("mon", ["mon"]),
        ("mon-fri", ["mon", "tue", "wed", "thu", "fri"]),
        ("sat-mon", ["sat", "sun", "mon"]),
        ("sun-thu", ["sun", "mon", "tue", "wed", "thu"]),
        ("tue-tue", ["tue"]),
        ("mon-sun", list(DAYS)),
    ],
)
def test_days_go_from_the_first_to_the_last(name: str, days: list[str]) -> None:
    assert [DAYS[day] for day in days_named(name)] == days


@pytest.mark.parametrize(
    ("text", "window"),
    [
        ("08:00-12:30", Window(480, 750)),
        ("00:00-24:00", Window(0, 1440)),
        ("22:00-02:00", Window(1320, 1560)),
        ("22:00-00:00", Window(1320, 1440)),
        ("23:59-24:00", Window(1439, 1440)),
    ],
)
def test_a_window_that_ends_before_it_begins_goes_on_after_midnight(text: str, window: Window) -> None:
    assert Window.parse(text) == window


@pytest.mark.parametrize(
    ("weekly", "place", "problem"),
    [
        ({"mon": ["08:00-12:00", "11:59-13:00"]}, ("mon", 1), "overlaps"),
        ({"mon": ["22:00-02:00", "23:00-23:30"]}, ("mon", 1), "overlaps"),
        ({"mon": ["08:00-08:00"], "tue": ["08:00-09:00"]}, ("mon", 0), "ends when it begins"),
        ({"mon-wed": ["08:00-12:00"], "tue": ["13:00-14:00"]}, ("tue",), "tue is given twice"),
        ({"mon-wed": []}, (), "nobody would ever be called"),
    ],
)
def test_weeks_that_mean_nothing(weekly: Mapping[str, Any], place: Path, problem: str) -> None:
    [(where, what)] = complaints(weekly)
    assert (where, problem in what) == (place, True)


def test_windows_that_touch_are_one() -> None:
    week = hours({"mon": ["08:00-12:00", "12:00-13:00"]})
    assert complaints({"mon": ["12:00-13:00", "08:00-12:00"]}) == []
    assert allowed(week, "2026-03-02T12:00")


def test_a_window_belongs_to_the_day_on_which_it_begins() -> None:
    night = hours({"fri": ["22:00-02:00"]})
    assert allowed(night, "2026-03-06T22:00")
    assert allowed(night, "2026-03-07T01:59")
    assert not allowed(night, "2026-03-07T02:00")
    assert not allowed(night, "2026-03-06T01:00"), "that would be Thursday's"


def test_on_a_closed_day_nobody_is_called_from_midnight_to_midnight() -> None:
    night = {"mon-sun": ["22:00-02:00"]}
    closed = hours(night, **{"except": ["2026-03-07"]})
    assert allowed(closed, "2026-03-06T23:59")
    assert not allowed(closed, "2026-03-07T00:00"), "what is left of the evening before"
    assert not allowed(closed, "2026-03-07T23:00")
    assert not allowed(closed, "2026-03-08T01:00"), "what would be left of the closed day's"
    assert allowed(closed, "2026-03-08T22:00")


def test_holidays_are_closed_on_the_day_and_when_they_are_observed() -> None:
    week = hours({"mon-sun": ["00:00-24:00"]}, holidays={"country": "US"})
    assert not allowed(week, "2026-07-04T12:00"), "a Saturday"
    assert not allowed(week, "2026-07-03T12:00"), "observed on Friday"
    assert allowed(week, "2026-07-02T12:00")
    assert not allowed(week, "2027-12-31T12:00"), "New Year's Day of the next year, observed in this one"


def test_a_part_of_a_country_has_holidays_of_its_own() -> None:
    day = date(2026, 11, 27)
    assert ClosedDays(country="US", subdivision="FL").has(day)
    assert not ClosedDays(country="US").has(day)
    assert ClosedDays(dates=frozenset([day])).has(day)


@pytest.mark.parametrize("year", [2101, 2199])
def test_a_year_of_which_the_library_knows_nothing_is_closed(year: int) -> None:
    assert holidays_of("US", None, year) is None
    assert not allowed(hours({"mon-sun": ["00:00-24:00"]}, holidays={"country": "US"}), f"{year}-03-03T12:00")
    assert holidays_of("US", None, 2100)


def test_the_first_year_of_which_the_library_knows_is_known() -> None:
    first = holidays.country_holidays("US").start_year
    assert holidays_of("US", None, first) is not None
    assert holidays_of("US", None, first - 1) is None


@pytest.mark.parametrize(
    ("country", "subdivision", "hint"),
    [
        ("XX", None, "a country is its ISO 3166 code, as in US"),
        ("Q", None, "a country is its ISO 3166 code, as in US; did you mean QA?"),
        ("Q", "ZZ", "a country is its ISO 3166 code, as in US; did you mean QA?"),
        ("US", "ZZ", f"the parts of US: {', '.join(STATES[:20])}, ..."),
        ("GB", "ZZ", "the parts of GB: ENG, NIR, SCT, WLS"),
        ("PT", "ZZ", f"the parts of PT: {', '.join(f'{number:02d}' for number in range(1, 19))}, 20, 30"),
        ("SA", "01", "leave subdivision out: the library knows no parts of SA"),
    ],
)
def test_a_country_or_a_part_that_the_library_does_not_know(
    country: str, subdivision: str | None, hint: str
) -> None:
    whole = country if subdivision is None else f"{country}-{subdivision}"
    with pytest.raises(RuleError, match=f"knows no public holidays of {whole}\n") as caught:
        ClosedDays(country=country, subdivision=subdivision).require()
    assert caught.value.hint == hint


def test_norway_is_no_switch() -> None:
    assert ClosedDays(country="NO").has(date(2026, 5, 17))


def verdict(
    rules: Mapping[str, Any], now: datetime = NOON, to: str = BOB, since: datetime = NOON, **more: Any
) -> Due:
    return Judge(spec(rules=rules, to=[to], **more), now, None, None).verdict(Key(NOON, to), since)


def test_every_rule_that_is_about_a_number_has_to_allow_it() -> None:
    both = {"one": {"hours": ALWAYS}, "two": {"hours": NEVER_NOW}}
    found = verdict(both)
    assert (found.verdict, found.rules) == (Verdict.SUPPRESS, ("two",))
    assert found.reason == "outside the hours of two in UTC"
    assert verdict({"one": {"hours": ALWAYS}}).verdict is Verdict.PLACE
    elsewhere = {**both, "two": {"hours": NEVER_NOW, "match": {"to": ["+33"]}}}
    assert verdict(elsewhere).verdict is Verdict.PLACE
    assert verdict(elsewhere, to=PARIS_NUMBER).verdict is Verdict.SUPPRESS
    assert verdict(elsewhere, to=SIP).verdict is Verdict.SUPPRESS, "nobody knows where that is"


def test_rules_and_calling_hours_hold_together() -> None:
    night = {"start": "20:00", "end": "21:00", "timezone": "UTC"}
    found = verdict({"two": {"hours": NEVER_NOW}}, calling_hours=night)
    assert found.rules == (None, "two")
    assert found.reason == "outside the calling hours and hours of two in UTC"
    assert verdict({"one": {"hours": ALWAYS}}, calling_hours=night).rules == (None,)


def test_all_rules_open_together_or_not_at_all() -> None:
    early = {"timezone": "UTC", "weekly": {"mon": ["12:05-12:10"], "tue": ["09:00-10:00"]}}
    late = {"timezone": "UTC", "weekly": {"mon": ["12:08-12:12"], "tue": ["09:30-10:00"]}}
    found = verdict({"early": {"hours": early}, "late": {"hours": late}})
    assert (found.verdict, found.until) == (Verdict.WAIT, NOON + timedelta(minutes=8))
    assert found.reason == "hours of early and late in UTC, until Mon 2026-03-02 12:08 UTC"
    later = {**late, "weekly": {"mon": ["12:10-12:12"], "tue": ["10:00-11:00"]}}
    assert verdict({"early": {"hours": early}, "late": {"hours": later}}).verdict is Verdict.SUPPRESS


def outside(word: str | None) -> dict[str, Any]:
    soon = {"timezone": "UTC", "weekly": {"mon": ["12:05-13:00"]}}
    return {"hours": soon if word is None else {**soon, "outside": word}}


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ([None], Verdict.WAIT),
        (["wait"], Verdict.WAIT),
        (["suppress"], Verdict.SUPPRESS),
        (["next-window"], Verdict.WAIT),
        ([None, "suppress"], Verdict.SUPPRESS),
        (["wait", "suppress"], Verdict.SUPPRESS),
        (["next-window", "suppress"], Verdict.SUPPRESS),
    ],
)
def test_the_strictest_of_those_that_say_what_happens_outside(
    words: list[str | None], expected: Verdict
) -> None:
    rules = {f"rule-{number}": outside(word) for number, word in enumerate(words)}
    assert verdict(rules).verdict is expected


@pytest.mark.parametrize(
    ("now", "problem"),
    [
        (datetime(2026, 6, 1, tzinfo=UTC) + timedelta(days=400), None),
        (datetime(2026, 6, 1, tzinfo=UTC) + timedelta(days=400, seconds=1), "may be 400d old"),
        (datetime(2026, 5, 31, tzinfo=UTC), None),
        (datetime(2026, 5, 30, 23, 59, tzinfo=UTC), "has not come yet"),
    ],
)
def test_an_old_rule_calls_nobody_whom_it_is_about(now: datetime, problem: str | None) -> None:
    dated = {
        "hours": ALWAYS,
        "match": {"to": ["+1"]},
        "as_of": "2026-06-01",
        "max_age": "400d",
    }
    found = verdict({"dated": dated}, now=now, since=now)
    assert found.verdict is (Verdict.PLACE if problem is None else Verdict.BLOCK)
    assert (problem or "") in (found.reason or "")
    assert verdict({"dated": dated}, now=now, since=now, to=PARIS_NUMBER).verdict is Verdict.PLACE


def test_a_date_alone_ages_nothing() -> None:
    rule = {"hours": ALWAYS, "as_of": "1999-01-01"}
    assert verdict({"dated": rule}).verdict is Verdict.PLACE


def test_without_the_library_nobody_is_called(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "holidays", None)  # as where it is not installed
    holidays_of.cache_clear()
    found = verdict({"closed": {"hours": {**ALWAYS, "holidays": {"country": "US"}}}})
    assert (found.verdict, "not installed" in (found.reason or "")) == (Verdict.BLOCK, True)
    with pytest.raises(RuleError) as caught:
        RuleBook.of(None, {"closed": {"hours": {**ALWAYS, "holidays": {"country": "US"}}}}).require(NOON)
    assert caught.value.hint == "run: pip install 'voiceform[holidays]'"


def test_whose_zone_nobody_knows_is_not_called() -> None:
    found = verdict({"local": {"hours": {**ALWAYS, "timezone": "recipient"}}}, to=SIP)
    assert (found.verdict, found.rules) == (Verdict.SUPPRESS, ("local",))
    assert found.reason == "hours of local: the recipient's time zone is not known"


def test_a_persons_own_zone_comes_before_those_of_the_number() -> None:
    rules = {"day": {"hours": {"timezone": "recipient", "weekly": {"mon": ["07:00-08:00"]}}}}
    number = "+12125550101"
    assert verdict(rules, to=number).verdict is Verdict.PLACE, "seven in New York"
    there = [row_of(number, Person(timezone="America/Chicago"))]
    assert verdict(rules, to=number, people=there, misfire_grace="2h").until == NOON + timedelta(hours=1)
    assert (
        verdict(rules, to=SIP, people=[row_of(SIP, Person(timezone="America/New_York"))]).verdict
        is Verdict.PLACE
    )


OPENING = datetime(2026, 3, 2, 13, tzinfo=UTC)
CHICAGO = ZoneInfo("America/Chicago")


@pytest.mark.parametrize(
    ("zones", "opens", "waits", "reason"),
    [
        ((NEW_YORK,), OPENING, True, "hours of a in America/New_York, until Mon 2026-03-02 08:00 EST"),
        (
            (NEW_YORK, CHICAGO),
            OPENING,
            True,
            "hours of a in 2 possible zones, until Mon 2026-03-02 13:00 UTC",
        ),
        ((NEW_YORK,), OPENING, False, "outside the hours of a in America/New_York"),
        ((NEW_YORK, CHICAGO), None, True, "outside the hours of a in 2 possible zones"),
        ((), None, False, "hours of a: the recipient's time zone is not known"),
    ],
)
def test_a_reason_names_rule_zone_and_end(
    zones: tuple[ZoneInfo, ...], opens: datetime | None, waits: bool, reason: str
) -> None:
    assert Ruling(False, ("a",), "hours of a", zones, opens).reason(waits=waits) == reason


def test_the_end_is_told_by_no_clock_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()
    try:
        told = Ruling(False, ("a",), "hours of a", (NEW_YORK, CHICAGO), OPENING).reason(waits=True)
    finally:
        monkeypatch.undo()
        time.tzset()
    assert told.endswith("until Mon 2026-03-02 13:00 UTC")


def test_rules_that_were_asked_are_still_the_same() -> None:
    few = {"few": {"limits": [{"max": 1, "per": "24h"}]}}
    asked = RuleBook.of(None, few)
    asked.about(BOB, lambda _: ())
    assert asked == RuleBook.of(None, few)


def test_the_clocks_of_a_number_are_those_of_every_rule_about_it() -> None:
    local = {"hours": {**ALWAYS, "timezone": "recipient"}}
    paris = {"hours": {**ALWAYS, "timezone": "Europe/Paris"}, "match": {"to": ["+1"]}}
    both = spec(rules={"local": local, "paris": paris})
    assert both.clocks_of("+12125550101") == (NEW_YORK, ZoneInfo("Europe/Paris"))
    assert both.clocks_of("+33142685300") == (ZoneInfo("Europe/Paris"),)
    assert both.clocks_of(SIP) == (), "where that is nobody knows"
    assert spec(rules={"few": {"limits": [{"max": 1, "per": "24h"}]}}).clocks_of(SIP) == (ZoneInfo("UTC"),)


def test_only_a_rule_that_says_so_lets_a_call_be_late() -> None:
    few = {"limits": [{"max": 1, "per": "24h"}]}
    assert not spec(rules={"few": few, "soon": outside("wait")}).rules.may_be_late
    assert spec(rules={"few": few, "late": outside("next-window")}).rules.may_be_late


def test_one_window_on_some_days() -> None:
    nine = Window(540, 600)
    assert Weekly.of((0, 2, 6), nine).days == ((nine,), (), (nine,), (), (), (), (nine,))
    assert Weekly.of((), nine).days == ((),) * 7


def test_a_rule_has_its_limits() -> None:
    rule = CallingRule.of("often", {"limits": [{"max": 2, "per": "7d"}, {"max": 1, "per": "24h"}]})
    assert [(limit.name, limit.max) for limit in rule.limits] == [("often", 2), ("often", 1)]
    assert CallingRule.of("never", {"limits": None}).limits == ()


def test_a_rule_that_does_not_say_of_when_it_is_does_not_age() -> None:
    CallingRule("x", max_age=timedelta(days=1)).require(datetime(2026, 3, 2, tzinfo=UTC))


def test_a_window_before_a_closed_day_ends_when_it_says() -> None:
    rule = {"timezone": "UTC", "weekly": {"mon-sun": ["08:00-12:00"]}, "except": ["2026-03-03"]}
    found, other = (Hours.of(rule) for _ in range(2))
    moments = [NOON - timedelta(seconds=1), NOON, NOON + timedelta(hours=11), NOON + timedelta(hours=21)]
    assert [found.allow(ZoneInfo("UTC"), moment) for moment in moments] == [True, False, False, False]
    assert found == other, "what was asked of it is no part of it"
