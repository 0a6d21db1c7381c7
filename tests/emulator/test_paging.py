from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.emulator.api import Api, error
from voiceform.emulator import Emulator


def _names(rows: list[dict[str, Any]]) -> list[str]:
    return [row["friendly_name"] for row in rows]


def _fill(emulator: Emulator, count: int) -> list[str]:
    """Queues of the same instant; the names, newest first."""
    names = [f"q{number}" for number in range(count)]
    emulator.seed({"queues": [{"friendly_name": name} for name in names]})
    return names[::-1]


def test_the_envelope(emulator: Emulator, api: Api) -> None:
    names = _fill(emulator, 5)
    first = api.show("Queues.json?PageSize=2")
    assert _names(first["queues"]) == names[:2]
    base = api.base.removeprefix(emulator.url)
    assert first["uri"] == first["first_page_uri"] == f"{base}Queues.json?PageSize=2&Page=0"
    assert (first["page"], first["page_size"], first["start"], first["end"]) == (0, 2, 0, 1)
    assert first["previous_page_uri"] is None
    second = api.show(first["next_page_uri"])
    assert (second["page"], second["start"], second["end"]) == (1, 2, 3)
    assert second["uri"] == first["next_page_uri"]
    assert "Page=1&PageToken=PAQU" in second["uri"]
    last = api.show(second["next_page_uri"])
    assert _names(last["queues"]) == names[4:]
    assert last["next_page_uri"] is None
    back = api.show(last["previous_page_uri"])
    assert _names(back["queues"]) == names[2:4]
    assert _names(api.show(back["previous_page_uri"])["queues"]) == names[:2]


def test_an_empty_list(api: Api) -> None:
    page = api.show("Queues.json")
    assert page["queues"] == []
    assert (page["start"], page["end"], page["page_size"]) == (0, 0, 50)
    assert page["next_page_uri"] is None
    assert page["previous_page_uri"] is None


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(count=st.integers(0, 23), size=st.integers(1, 25))
def test_pages_in_either_direction_are_the_whole_list(
    emulator: Emulator, api: Api, count: int, size: int
) -> None:
    emulator.reset()
    names = _fill(emulator, count)
    pages = []
    following: str | None = f"Queues.json?PageSize={size}"
    while following:
        page = api.show(following)
        pages.append(page)
        following = page["next_page_uri"]
    assert [name for page in pages for name in _names(page["queues"])] == names
    backward, preceding = [], pages[-1]["previous_page_uri"]
    while preceding:
        page = api.show(preceding)
        backward.append(page["queues"])
        preceding = page["previous_page_uri"]
    assert backward[::-1] == [page["queues"] for page in pages[:-1]]


def test_rows_that_are_deleted_meanwhile_shift_nothing(emulator: Emulator, api: Api) -> None:
    names = _fill(emulator, 6)
    first = api.show("Queues.json?PageSize=2")
    for queue in first["queues"]:
        api.delete(f"Queues/{queue['sid']}.json")
    second = api.show(first["next_page_uri"])
    assert _names(second["queues"]) == names[2:4]
    emulator.switches(deleted_row_position="refuse")
    assert error(api.get(first["next_page_uri"])) == (400, 21481)


def test_rows_that_are_added_meanwhile_do_not_appear_twice(emulator: Emulator, api: Api) -> None:
    names = _fill(emulator, 4)
    first = api.show("Queues.json?PageSize=2")
    api.post("Queues.json", {"FriendlyName": "new"})
    assert _names(first["queues"]) + _names(api.show(first["next_page_uri"])["queues"]) == names


def test_calls_are_listed_by_their_last_change(emulator: Emulator, api: Api) -> None:
    first, second = api.call()["sid"], api.call()["sid"]
    emulator.clock_advance("300ms")
    api.post(f"Calls/{first}.json", {"Status": "canceled"})
    assert [call["sid"] for call in api.show("Calls.json")["calls"]] == [first, second]
    emulator.switches(calls_ordered_by="created")
    assert [call["sid"] for call in api.show("Calls.json")["calls"]] == [second, first]


@pytest.mark.parametrize("size", ["1001", "2000"])
def test_a_page_of_more_than_1000_is_refused_or_cut(emulator: Emulator, api: Api, size: str) -> None:
    assert error(api.get(f"Queues.json?PageSize={size}")) == (400, 20007)
    emulator.switches(page_size_over_maximum="clamp")
    assert api.show(f"Queues.json?PageSize={size}")["page_size"] == 1000


@pytest.mark.parametrize("query", ["PageSize=0", "PageSize=-1", "PageSize=x", "PageSize=", "Page=x"])
def test_numbers_that_are_none_are_refused(api: Api, query: str) -> None:
    assert error(api.get(f"Queues.json?{query}")) == (400, 20001)


@pytest.mark.parametrize("token", ["x", "PA", "PACA" + "0" * 47, "PAQU" + "0" * 31, "PCQU" + "0" * 47])
def test_a_token_that_is_none_is_refused(api: Api, token: str) -> None:
    assert error(api.get(f"Queues.json?PageToken={token}")) == (400, 21481)


def test_a_page_number_without_a_token_is_an_offset_or_refused(emulator: Emulator, api: Api) -> None:
    names = _fill(emulator, 5)
    assert _names(api.show("Queues.json?PageSize=2&Page=1")["queues"]) == names[2:4]
    emulator.switches(page_numbers="refuse")
    assert error(api.get("Queues.json?PageSize=2&Page=1")) == (400, 21481)
    assert api.show("Queues.json?PageSize=2&Page=0")["queues"]


def test_links_carry_the_filters(emulator: Emulator, api: Api) -> None:
    emulator.seed({"generate": {"calls": {"count": 5, "start": "2026-01-01", "end": "2026-01-02"}}})
    page = api.show(
        "Calls.json?PageSize=2&Status=completed&StartTime%3E=2026-01-01&StartTime%3C=2026-01-02&Nope=1"
    )
    for link in (page["uri"], page["next_page_uri"]):
        assert "Status=completed&StartTime%3C=2026-01-02&StartTime%3E=2026-01-01&PageSize=2" in link
        assert "Nope" not in link
    assert len(api.walk(page["uri"], "calls")) == 5


def test_new_objects_may_be_hidden_from_lists(emulator: Emulator, api: Api) -> None:
    emulator.switches(list_delay=5)
    queue = api.post("Queues.json", {"FriendlyName": "new"}).json()
    assert api.show("Queues.json")["queues"] == []
    assert api.show(queue["uri"]) == queue
    emulator.clock_advance("6s")
    assert api.show("Queues.json")["queues"] == [queue]


def test_tokens_reach_as_far_as_dates_do(emulator: Emulator, api: Api) -> None:
    years = ("1970-01-01", "2026-01-01", "9999-12-31")
    emulator.seed({"queues": [{"friendly_name": year, "date_created": year} for year in years]})
    assert _names(api.walk("Queues.json?PageSize=1", "queues")) == list(reversed(years))
