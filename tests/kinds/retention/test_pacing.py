"""Windows, the share of a day and the pace, each by itself."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from voiceform.kinds.retention.pacing.pace import Pacing
from voiceform.kinds.retention.pacing.share import KEY, Share, kept_when_pushed, spent_on
from voiceform.kinds.retention.pacing.window import Window
from voiceform.model.errors import StateError
from voiceform.model.store import StoredDocument
from voiceform.state.sqlite import SqliteStore

BERLIN, NEW_YORK, LORD_HOWE = map(ZoneInfo, ("Europe/Berlin", "America/New_York", "Australia/Lord_Howe"))
TODAY = date(2026, 6, 1)
DAYS_OF_CHANGE = [
    datetime(2026, 3, 29, tzinfo=UTC),
    datetime(2026, 10, 25, tzinfo=UTC),
    datetime(2026, 3, 8, tzinfo=UTC),
    datetime(2026, 11, 1, tzinfo=UTC),
    datetime(2026, 4, 5, tzinfo=UTC),
    datetime(2026, 6, 1, tzinfo=UTC),
]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteStore]:
    with SqliteStore(tmp_path / "state.db") as opened:
        yield opened


@pytest.mark.parametrize("zone", [BERLIN, NEW_YORK, LORD_HOWE, ZoneInfo("UTC")], ids=str)
@pytest.mark.parametrize("text", ["01:00-05:00", "22:00-02:00", "02:30-03:00", "00:00-23:59", "01:30-02:15"])
@pytest.mark.parametrize("day", DAYS_OF_CHANGE, ids=str)
def test_a_window_is_what_the_clocks_on_the_wall_show(zone: ZoneInfo, text: str, day: datetime) -> None:
    window = Window.read(text, zone)
    first, last = text.split("-")
    minutes = [day + timedelta(minutes=n) for n in range(-600, 36 * 60)]
    shown = [moment.astimezone(zone).strftime("%H:%M") for moment in minutes]
    expected = [first <= clock < last if first < last else clock >= first or clock < last for clock in shown]
    assert [window.is_open(moment) for moment in minutes] == expected
    for at in range(0, len(minutes) - 1, 97):
        change = window.changes(minutes[at] + timedelta(seconds=7))
        following = next((n for n in range(at + 1, len(minutes)) if expected[n] is not expected[at]), None)
        if following is not None:
            assert change == minutes[following]


@pytest.mark.parametrize("text", ["01:00-01:00", "01:00", "-", "25:00-26:00", "a-b"])
def test_what_is_no_window_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        Window.read(text, BERLIN)


def test_no_two_take_more_than_the_share_of_a_day(store: SqliteStore) -> None:
    shares = [Share(store, 137) for _ in range(3)]

    def take(number: int) -> bool:
        return shares[number % 3].take(TODAY)

    with ThreadPoolExecutor(6) as pool:
        taken = sum(pool.map(take, range(400)))
    # What one of them has taken in advance the others cannot have, until it is given back.
    for share in shares:
        share.give_back()
    assert taken <= 137
    assert spent_on(store, TODAY) == taken


def test_a_day_begins_anew_and_none_that_is_over_comes_back(store: SqliteStore) -> None:
    share = Share(store, 2)
    assert [share.take(TODAY) for _ in range(3)] == [True, True, False]
    tomorrow = TODAY + timedelta(days=1)
    assert share.take(tomorrow)
    assert not Share(store, 2).take(TODAY), "a clock that goes back finds what the later day has taken"
    share.give_back()
    assert spent_on(store, tomorrow) == 1
    assert spent_on(store, tomorrow + timedelta(days=1)) == 0


def test_what_a_killed_run_took_stays_taken(store: SqliteStore) -> None:
    assert Share(store, 30).take(TODAY)  # and never gives back
    other = Share(store, 30)
    assert sum(other.take(TODAY) for _ in range(30)) == 5


def test_a_count_that_cannot_be_read_lets_nothing_be_deleted(store: SqliteStore) -> None:
    store.put(KEY, {"day": "yesterday", "count": 1}, None)
    with pytest.raises(StateError, match="cannot be read"):
        Share(store, 5).take(TODAY)


def test_a_pushed_state_takes_nothing_back() -> None:
    stored = StoredDocument(KEY, {"day": "2026-06-01", "count": 7}, "1")
    assert kept_when_pushed(stored, None) == stored.document
    assert kept_when_pushed(stored, {"day": "2026-06-01", "count": 0}) == stored.document


def test_what_is_planned_fits_into_the_day_and_the_window() -> None:
    now = datetime(2026, 6, 1, 2, 0, tzinfo=UTC)
    pacing = Pacing.read(
        {"window": "01:00-05:00", "timezone": "Europe/Berlin", "per_second": 10, "per_day": 50_000}
    )
    assert pacing.most(now, 0) == 36_000
    assert pacing.most(now, 49_000) == 1000
    assert pacing.most(now, 60_000) == 0
    assert Pacing.read({"per_day": 5}).most(now, 1) == 4
    assert Pacing.read({"per_second": 5}).most(now, 1) is None
    assert pacing.closed(now) is None
    closed = pacing.closed(datetime(2026, 6, 1, 3, 0, tzinfo=UTC))
    assert closed == "the window 01:00-05:00 Europe/Berlin opens at 2026-06-02 01:00"
    assert Pacing.read(pacing.to_document()) == pacing
