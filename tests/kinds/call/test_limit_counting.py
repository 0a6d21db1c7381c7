"""Whether a limit allows one more call: against a reference that looks at every moment, and by examples."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from voiceform.kinds.call.limits.counting import Answered, Contact, Sent, refusal
from voiceform.kinds.call.limits.period import LONGEST, CalendarPeriod, Rolling, parse_period
from voiceform.kinds.call.limits.spec import LimitSpec

NOON = datetime(2026, 12, 1, 12, tzinfo=UTC)
NEW_YORK, LOS_ANGELES, APIA = (
    ZoneInfo(name) for name in ("America/New_York", "America/Los_Angeles", "Pacific/Apia")
)


def limit(**more: Any) -> LimitSpec:
    return LimitSpec.parse({"name": "limit", "max": 1, "per": "24h", **more})


def contact(
    at: datetime, answered: Answered = Answered.NO, sent: Sent = Sent.YES, purpose: str | None = None
) -> Contact:
    return Contact(at, purpose, sent, answered, at)


def hours(count: float) -> datetime:
    return NOON - timedelta(hours=count)


def until(
    spec: LimitSpec, *contacts: Contact, zones: tuple[ZoneInfo, ...] = (NEW_YORK,), now: datetime = NOON
) -> datetime | str | None:
    """When it ends: `never known` while an outcome is, None when a call is allowed."""
    found = refusal([spec], contacts, now, lambda: zones)
    if found is None:
        return None
    return found.until or "not known"


def test_so_long_back() -> None:
    assert until(limit(), contact(hours(24))) is None, "exactly so long ago is over"
    assert until(limit(), contact(hours(23))) == hours(-1)
    assert until(limit(max=2), contact(hours(23))) is None
    assert until(limit(max=2), contact(hours(23)), contact(hours(20)), contact(hours(2))) == hours(-4)
    assert until(limit(), contact(hours(-2))) == hours(-26), "a clock that is ahead counts too"


def test_a_day_is_over_in_every_zone_where_the_person_may_be() -> None:
    day = limit(per="day")
    at = datetime(
        2026, 12, 1, 6, tzinfo=UTC
    )  # one in the morning in New York, the evening before at the coast
    assert until(day, contact(at)) == datetime(2026, 12, 2, 5, tzinfo=UTC)
    assert until(day, contact(at), zones=(LOS_ANGELES,)) is None
    assert until(day, contact(hours(1)), zones=(NEW_YORK, LOS_ANGELES)) == datetime(
        2026, 12, 2, 8, tzinfo=UTC
    )
    assert until(day, contact(hours(24.5)), zones=()) == hours(-0.5), "anywhere: a day has 25 hours at most"
    assert until(limit(per="day", timezone="Europe/Berlin"), contact(hours(2)), zones=()) == datetime(
        2026, 12, 1, 23, tzinfo=UTC
    )


def test_weeks_and_months() -> None:
    assert until(limit(per="week"), contact(datetime(2026, 11, 30, 6, tzinfo=UTC))) == datetime(
        2026, 12, 7, 5, tzinfo=UTC
    )
    assert until(limit(per="week"), contact(datetime(2026, 11, 30, 4, tzinfo=UTC))) is None, "a Sunday there"
    assert until(limit(per="month"), contact(datetime(2026, 12, 1, 6, tzinfo=UTC))) == datetime(
        2027, 1, 1, 5, tzinfo=UTC
    )
    assert until(limit(per="month"), contact(datetime(2026, 12, 1, 4, tzinfo=UTC))) is None


def test_a_period_has_its_first_instant_and_not_its_end() -> None:
    midnight = datetime(2026, 12, 1, 5, tzinfo=UTC)
    assert until(limit(per="day"), contact(midnight)) == midnight + timedelta(days=1)
    assert until(limit(per="day"), contact(midnight - timedelta(seconds=1))) is None


def test_in_the_midst_of_weeks_and_months() -> None:
    now = datetime(2026, 12, 17, 12, tzinfo=UTC)  # a Thursday
    first, monday = datetime(2026, 12, 1, 5, tzinfo=UTC), datetime(2026, 12, 14, 5, tzinfo=UTC)
    for per, begin, end in [
        ("month", first, datetime(2027, 1, 1, 5, tzinfo=UTC)),
        ("week", monday, monday + timedelta(days=7)),
    ]:
        assert until(limit(per=per), contact(begin), now=now) == end
        assert until(limit(per=per), contact(begin - timedelta(seconds=1)), now=now) is None


@pytest.mark.parametrize(
    ("per", "longest"),
    [
        ("day", timedelta(hours=25)),
        ("week", timedelta(days=7, hours=1)),
        ("month", timedelta(days=31, hours=1)),
    ],
)
def test_where_nobody_knows_the_zone_a_period_is_as_long_as_any(per: str, longest: timedelta) -> None:
    second = timedelta(seconds=1)
    assert until(limit(per=per), contact(NOON - longest), zones=()) is None
    assert until(limit(per=per), contact(NOON - longest + second), zones=()) == NOON + second


def test_a_purpose_counts_its_own() -> None:
    care = limit(purpose="care")
    assert until(care, contact(hours(1), purpose="collection"), contact(hours(1))) is None
    assert until(care, contact(hours(1), purpose="care")) == hours(-23)
    assert until(limit(), contact(hours(1), purpose="care")) == hours(-23)


def test_what_was_never_sent_does_not_count_and_what_is_not_known_yet_does() -> None:
    assert until(limit(), contact(hours(1), sent=Sent.NO)) is None
    assert until(limit(), contact(hours(1), sent=Sent.MAYBE)) == "not known"
    two = (contact(hours(1), sent=Sent.MAYBE), contact(hours(2)))
    assert until(limit(), *two) == hours(-22), "one is certain, which is enough"


def test_only_answered_ones() -> None:
    answered = limit(counts="answered")
    assert until(answered, contact(hours(1))) is None
    assert until(answered, contact(hours(1), Answered.YES)) == hours(-23)
    assert until(answered, contact(hours(1), Answered.MAYBE)) == "not known"


def test_after_an_answer() -> None:
    none, one = limit(max=0, after="answered"), limit(max=1, after="answered")
    assert until(none, contact(hours(2))) is None
    assert until(none, contact(hours(2), Answered.YES)) == hours(-22)
    assert until(none, contact(hours(25), Answered.YES)) is None
    assert until(none, contact(hours(2), Answered.MAYBE)) == "not known"
    assert until(one, contact(hours(2), Answered.YES)) is None
    assert until(one, contact(hours(2), Answered.YES), contact(hours(1))) == hours(-22)
    assert until(one, contact(hours(1), Answered.YES), contact(hours(2))) is None


@pytest.mark.parametrize("order", [1, -1])
def test_the_answer_that_keeps_longest_decides_and_what_is_not_known_yet_only_alone(order: int) -> None:
    none = limit(max=0, after="answered")
    yes, later = contact(hours(3), Answered.YES), contact(hours(2), Answered.YES)
    maybe, other = contact(hours(1), Answered.MAYBE), contact(hours(4), Answered.MAYBE)
    assert until(none, *(yes, later)[::order]) == hours(-22)
    assert until(none, *(yes, maybe)[::order]) == hours(-21)
    assert until(none, *(later, maybe, yes, other)[::order]) == hours(-22)
    assert until(none, *(maybe, other)[::order]) == "not known"


@pytest.mark.parametrize("order", [1, -1])
def test_a_limit_whose_end_is_known_is_named_before_one_whose_is_not(order: int) -> None:
    limits = [limit(name="calls"), limit(name="week", per="7d"), limit(name="talks", counts="answered")]
    found = refusal(limits[::order], [contact(hours(1), Answered.MAYBE)], NOON, tuple)
    assert found is not None
    assert (found.limit.name, found.until) == ("week", hours(1) + timedelta(days=7))
    [*_, talks] = limits
    unknown = refusal([talks], [contact(hours(1), Answered.MAYBE)], NOON, tuple)
    assert unknown is not None
    assert (unknown.limit.name, unknown.until) == ("talks", None)


def test_of_limits_that_last_as_long_the_first_is_named() -> None:
    found = refusal([limit(name="a"), limit(name="b")], [contact(hours(1))], NOON, tuple)
    assert found is not None
    assert found.limit.name == "a"


def test_the_limit_that_lasts_longest_is_named() -> None:
    short, long = limit(name="short"), limit(name="long", per="7d")
    found = refusal([short, long], [contact(hours(1))], NOON, tuple)
    assert found is not None
    assert (found.limit.name, found.until) == ("long", hours(1) + timedelta(days=7))


@pytest.mark.parametrize(
    ("block", "what"),
    [
        ({"max": 0}, "calls nobody"),
        ({"per": "93d"}, "92 days"),
        ({"per": "fortnight"}, "not a duration"),
        ({"timezone": "Europe/Berlin"}, "as long everywhere"),
        ({"per": "day", "timezone": "Europe/Berln"}, "did you mean Europe/Berlin"),
        ({"after": "answered", "counts": "answered"}, "leave out `counts`"),
    ],
)
def test_what_is_no_limit(block: dict[str, Any], what: str) -> None:
    with pytest.raises(ValueError, match=what):
        limit(**block)


specs = st.builds(
    lambda max_, per, kind, purpose: LimitSpec.parse(
        {
            "name": "limit",
            "max": max_ if kind == "after" else max_ + 1,
            "per": per,
            **({"purpose": purpose} if purpose else {}),
            **({"after": "answered"} if kind == "after" else {"counts": kind}),
        }
    ),
    st.integers(0, 3),
    st.sampled_from(["1h", "24h", "3d", "day", "week", "month"]),
    st.sampled_from(["attempts", "answered", "after"]),
    st.sampled_from([None, "care"]),
)
contacts = st.lists(
    st.builds(
        contact,
        st.integers(-60 * 24 * 40, 30).map(lambda minutes: NOON + timedelta(minutes=minutes)),
        st.sampled_from([Answered.NO, Answered.YES]),
        st.sampled_from([Sent.NO, Sent.YES]),
        st.sampled_from([None, "care", "collection"]),
    ),
    max_size=8,
)
zones = st.sampled_from([(NEW_YORK,), (APIA,), (NEW_YORK, LOS_ANGELES)])


def _period(per: Rolling | CalendarPeriod, local: datetime) -> date:
    """The first day of the period in which a local time lies."""
    day = local.date()
    back = {"day": 0, "week": day.weekday(), "month": day.day - 1}[str(per)]
    return day - timedelta(days=back)


def allowed(spec: LimitSpec, found: list[Contact], now: datetime, where: tuple[ZoneInfo, ...]) -> bool:
    """The reference: count what there is in the period that has `now` in it, in each zone."""

    def same(at: datetime) -> bool:
        if isinstance(spec.per, Rolling):
            return now - at < spec.per.span
        return any(
            _period(spec.per, at.astimezone(zone)) >= _period(spec.per, now.astimezone(zone))
            for zone in where
        )

    counting = [one for one in found if one.sent and spec.purpose in (None, one.purpose)]
    if not spec.after_answer:
        return sum(same(one.at) for one in counting if one.answered or not spec.answered_only) < spec.max
    return all(
        sum(other.at > talk.at for other in counting if other is not talk) < spec.max
        for talk in counting
        if talk.answered and same(talk.at)
    )


@settings(max_examples=300, deadline=None)
@given(specs, contacts, zones)
def test_it_is_as_the_reference_says_now_and_when_it_ends(
    spec: LimitSpec, found: list[Contact], where: tuple[ZoneInfo, ...]
) -> None:
    refused = refusal([spec], found, NOON, lambda: where)
    assert (refused is None) == allowed(spec, found, NOON, where)
    if refused is not None and not spec.after_answer:
        assert refused.until is not None
        assert not allowed(spec, found, refused.until - timedelta(seconds=1), where)
        assert allowed(spec, found, refused.until, where)


@pytest.mark.parametrize("text", ["45m", "24h", "7d", "day", "week", "month", "92d"])
def test_a_period_is_written_as_it_was(text: str) -> None:
    assert str(parse_period(text)) == text
    assert parse_period("92d") == Rolling("92d", LONGEST)


@pytest.mark.parametrize(
    ("block", "recorded", "text"),
    [
        ({"max": 2}, {"max": 2, "per": "24h"}, "limit (2 per 24h)"),
        (
            {"per": "day"},
            {"max": 1, "per": "day", "timezone": "recipient"},
            "limit (1 per day)",
        ),
        (
            {"per": "week", "timezone": "recipient"},
            {"max": 1, "per": "week", "timezone": "recipient"},
            "limit (1 per week)",
        ),
        (
            {"per": "day", "timezone": "Europe/Berlin", "purpose": "care"},
            {"max": 1, "per": "day", "timezone": "Europe/Berlin", "purpose": "care"},
            "limit (1 per day)",
        ),
        (
            {"counts": "answered"},
            {"max": 1, "per": "24h", "counts": "answered"},
            "limit (1 answered per 24h)",
        ),
        ({"counts": "attempts"}, {"max": 1, "per": "24h"}, "limit (1 per 24h)"),
        (
            {"max": 0, "after": "answered"},
            {"max": 0, "per": "24h", "after": "answered"},
            "limit (none within 24h after an answered one)",
        ),
        (
            {"after": "answered"},
            {"max": 1, "per": "24h", "after": "answered"},
            "limit (1 per 24h after an answered one)",
        ),
    ],
)
def test_a_limit_is_recorded_and_told_as_it_is_meant(
    block: dict[str, Any], recorded: dict[str, Any], text: str
) -> None:
    found = limit(**block)
    assert found.document() == {"name": "limit", **recorded}
    assert LimitSpec.parse(found.document()) == found
    assert str(found) == text


def test_a_limit_of_a_rule_has_its_name_and_counts_calls_unless_it_says_otherwise() -> None:
    assert LimitSpec.parse({"max": 1, "per": "1d"}, "rule").name == "rule"
    plain = LimitSpec("limit", 1, Rolling("1d", timedelta(days=1)))
    assert (plain.answered_only, plain.after_answer) == (False, False)


@pytest.mark.parametrize(
    ("block", "by_recipient"),
    [
        ({}, False),
        ({"per": "day"}, True),
        ({"per": "day", "timezone": "recipient"}, True),
        ({"per": "day", "timezone": "Europe/Berlin"}, False),
    ],
)
def test_whose_clocks_count(block: dict[str, Any], by_recipient: bool) -> None:
    assert limit(**block).goes_by_recipient is by_recipient


def test_whom_a_purpose_binds() -> None:
    assert [limit().binds(purpose) for purpose in (None, "care")] == [True, True]
    care = limit(purpose="care")
    assert [care.binds(purpose) for purpose in (None, "care", "collection")] == [False, True, False]
