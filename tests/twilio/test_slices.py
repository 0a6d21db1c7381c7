from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from email.utils import format_datetime
from itertools import chain
from random import Random
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.twilio.scripted import ROOT, Seen, Server, answer, error, listening, new_client, sid
from voiceform.model.clock import ManualClock
from voiceform.twilio.client import Client
from voiceform.twilio.errors import ServerError
from voiceform.twilio.filters import Span
from voiceform.twilio.resources import Recording
from voiceform.twilio.slices import inside

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)


@dataclass
class Archive:
    """Recordings behind HTTP: `moments` are their dates; pages of `size`, newest first."""

    moments: list[datetime]
    size: int = 10
    knows_the_filter: bool = True
    days_off: int = 0
    queries: list[dict[str, list[str]]] = field(default_factory=list)

    def __call__(self, request: Seen) -> bytes:
        query = parse_qs(urlsplit(request.target).query)
        self.queries.append(query)
        rows = sorted(enumerate(self.moments), key=lambda row: row[1], reverse=True)
        if self.knows_the_filter:
            slack = timedelta(days=self.days_off)
            for text in query.get("DateCreated>", []):
                rows = [row for row in rows if row[1] >= instant(text) - slack]
            for text in query.get("DateCreated<", []):
                rows = [row for row in rows if row[1] < instant(text) + slack]
        start = int(query.get("Start", ["0"])[0])
        shown = rows[start : start + self.size]
        link = None
        if start + self.size < len(rows):
            filters = "&".join(
                f"{quote(name)}={quote(text)}"
                for name, texts in query.items()
                for text in texts
                if name != "Start"
            )
            link = f"{ROOT}/Recordings.json?{filters}&Start={start + self.size}"
        recordings = [
            {"sid": sid("RE", number), "date_created": format_datetime(moment)} for number, moment in shown
        ]
        return answer(200, {"recordings": recordings, "next_page_uri": link})


def instant(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def spread(count: int, days: int) -> list[datetime]:
    random = Random(1)
    return [NOW - timedelta(seconds=random.randrange(days * 86400)) for _ in range(count)]


@pytest.fixture
def client(server: Server) -> Iterator[Client]:
    with new_client(server.url, ManualClock(NOW)) as ready:
        yield ready


def everything(client: Client, **asked: Any) -> list[Recording]:
    return list(chain.from_iterable(client.scan_recordings(**asked)))


def sids(archive: Archive) -> set[str]:
    return {sid("RE", number) for number in range(len(archive.moments))}


@pytest.mark.parametrize(
    ("count", "days"), [(0, 1), (5, 400), (30, 400), (31, 400), (700, 400), (700, 3000), (700, 2), (300, 1)]
)
def test_everything_comes_exactly_once(count: int, days: int, server: Server, client: Client) -> None:
    archive = Archive(spread(count, days))
    server.play(archive)
    found = [recording.sid for recording in everything(client)]
    assert len(found) == count
    assert set(found) == sids(archive)


def test_a_short_list_is_not_cut(server: Server, client: Client) -> None:
    archive = Archive(spread(30, 400))
    server.play(archive)
    assert len(everything(client)) == 30
    assert len(archive.queries) == 3
    assert not any("DateCreated>" in query for query in archive.queries)


def test_a_long_list_is_read_side_by_side_without_many_requests_more(server: Server, client: Client) -> None:
    archive = Archive(spread(2000, 90))
    server.play(archive)
    assert len(everything(client)) == 2000
    slices = {
        (*query.get("DateCreated>", [""]), *query.get("DateCreated<", [""])) for query in archive.queries
    }
    assert len(slices) > 16
    assert len(archive.queries) < 200 * 1.8


def test_bounds_are_kept_by_our_own_code(server: Server, client: Client) -> None:
    archive = Archive(spread(900, 100), days_off=1)
    server.play(archive)
    start, end = date(2026, 3, 1), datetime(2026, 4, 1, 6, tzinfo=UTC)
    found = {recording.sid for recording in everything(client, created_from=start, created_before=end)}
    first = datetime(2026, 3, 1, tzinfo=UTC)
    assert found == {sid("RE", i) for i, moment in enumerate(archive.moments) if first <= moment < end}


def test_a_service_that_ignores_the_filter_is_read_plainly(server: Server, client: Client) -> None:
    archive = Archive(spread(600, 300), knows_the_filter=False)
    server.play(archive)
    found = [recording.sid for recording in everything(client)]
    assert len(found) == 600
    assert set(found) == sids(archive)
    assert len(archive.queries) <= 60 + 10


def test_older_than_the_service_itself_and_from_the_future(server: Server, client: Client) -> None:
    moments = [datetime(1999, 1, 1, tzinfo=UTC), NOW + timedelta(days=400), *spread(100, 50)]
    archive = Archive(moments)
    server.play(archive)
    assert {recording.sid for recording in everything(client)} == sids(archive)


def test_an_error_in_a_slice_arrives(server: Server, client: Client) -> None:
    archive = Archive(spread(200, 50))

    def failing(request: Seen) -> bytes:
        return error(500, 20500) if "DateCreated" in request.target else archive(request)

    server.play(failing)
    with pytest.raises(ServerError):
        everything(client)


def test_whoever_stops_reading_stops_the_requests(server: Server, client: Client) -> None:
    server.play(Archive(spread(5000, 50)))
    listing = client.scan_recordings()
    for _ in range(4):
        next(listing)
    listing.close()  # type: ignore[attr-defined]
    assert len(server.requests) < 100


moments = st.none() | st.integers(-3, 3).map(lambda day: NOW + timedelta(days=day))


@given(st.lists(moments, max_size=4), moments, moments, st.booleans())
def test_of_a_page_stays_what_stays_of_its_rows(
    dates: list[datetime | None], start: datetime | None, end: datetime | None, undated: bool
) -> None:
    span = Span(start, end)
    rows = [
        Recording(sid=sid("RE", at), told_date_created=None if date is None else date.isoformat())
        for at, date in enumerate(dates)
    ]
    wanted = [
        row
        for row, date in zip(rows, dates, strict=True)
        if (undated if date is None else span.contains(date))
    ]
    assert list(inside(span, "date_created", undated=undated)(rows)) == wanted


@settings(max_examples=25)
@given(
    st.lists(st.integers(-400, 400), max_size=120),
    st.integers(-300, 300),
    st.integers(0, 300),
    st.integers(1, 6),
)
def test_any_archive_any_bounds_any_number_of_workers(
    days: list[int], first: int, length: int, workers: int
) -> None:
    archive = Archive([NOW + timedelta(days=day, hours=day % 24) for day in days], size=3)
    start, end = NOW + timedelta(days=first), NOW + timedelta(days=first + length, hours=5)
    with listening(archive) as server, new_client(server.url, ManualClock(NOW)) as client:
        found = [
            recording.sid
            for recording in everything(client, created_from=start, created_before=end, workers=workers)
        ]
    assert sorted(found) == [
        sid("RE", number) for number, moment in enumerate(archive.moments) if start <= moment < end
    ]
