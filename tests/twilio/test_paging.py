from __future__ import annotations

import threading
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.twilio.scripted import ACCOUNT, ROOT, Seen, Server, Step, answer, error, page, queue_row, sid
from voiceform.twilio.client import Client
from voiceform.twilio.errors import NotFoundError, ProtocolError
from voiceform.twilio.paging import is_own_link

LIST = f"{ROOT}/Queues.json"


def numbers(client: Client) -> list[int]:
    return [int(queue.sid[2:], 16) for queue in client.list_queues()]


def rows(*wanted: int) -> list[dict[str, object]]:
    return [queue_row(number) for number in wanted]


def test_pages_follow_each_other(server: Server, client: Client) -> None:
    server.play(
        page("queues", rows(1, 2), f"{LIST}?PageSize=2&Page=1&PageToken=PA2"),
        page("queues", rows(3, 4), f"{LIST}?PageSize=2&Page=2&PageToken=PA4"),
        page("queues", rows(5)),
    )
    assert numbers(client) == [1, 2, 3, 4, 5]
    assert server.targets == [
        f"{LIST}?PageSize=1000",
        f"{LIST}?PageSize=2&Page=1&PageToken=PA2",
        f"{LIST}?PageSize=2&Page=2&PageToken=PA4",
    ]


def test_nothing_is_sent_before_the_first_row_is_asked_for(server: Server, client: Client) -> None:
    client.list_queues()
    assert server.requests == []


def test_one_page_is_ahead_and_no_more(server: Server, client: Client) -> None:
    asked = threading.Event()

    def second(_: Seen) -> bytes:
        asked.set()
        return page("queues", rows(2), f"{LIST}?PageToken=PA2")

    server.play(
        page("queues", rows(1), f"{LIST}?PageToken=PA1"),
        second,
        page("queues", rows(3), f"{LIST}?PageToken=PA3"),
    )
    listing = client.list_queues()
    assert next(listing).sid == sid("QU", 1)
    assert asked.wait(10)
    assert len(server.requests) == 2
    listing.close()  # type: ignore[attr-defined]
    assert len(server.requests) == 2


def test_an_empty_first_page_and_an_empty_last_page(server: Server, client: Client) -> None:
    server.play(
        page("queues", [], f"{LIST}?PageToken=a"),
        page("queues", rows(1), f"{LIST}?PageToken=b"),
        page("queues", []),
    )
    assert numbers(client) == [1]


def test_an_empty_link_ends_as_null_does(server: Server, client: Client) -> None:
    server.play(page("queues", rows(1), ""))
    assert numbers(client) == [1]


def test_a_missing_link_ends_the_list(server: Server, client: Client) -> None:
    server.play(answer(200, {"queues": rows(1)}))
    assert numbers(client) == [1]


def test_a_row_that_moves_to_a_later_page_comes_once(server: Server, client: Client) -> None:
    server.play(
        page("queues", rows(1, 2), f"{LIST}?PageToken=a"),
        page("queues", rows(2, 3), f"{LIST}?PageToken=b"),
        page("queues", rows(1, 4)),
    )
    assert numbers(client) == [1, 2, 3, 4]


@pytest.mark.parametrize(
    "link",
    [
        "https://evil.example.com/2010-04-01/Accounts/x/Queues.json?Page=1",
        "//evil.example.com/Queues.json?Page=1",
        f"/2010-04-01/Accounts/AC{'9' * 32}/Queues.json?Page=1",
        f"{ROOT}/Calls.json?Page=1",
        f"{ROOT}/Queues/../Calls.json?Page=1",
        f"{ROOT}/Queues.json",
        f"{ROOT}/Queues.json?",
        f"{ROOT}/Queues.json?Page=1#x",
        f"{ROOT}/Queues.json?Page=1 HTTP/1.1",
        f"{ROOT}/Queues.json?Page=1\r\nX-Evil: 1",
        f"{ROOT}/Queues.json?Page=\\1",
        f"{ROOT}/Queues.json?Page=ü",
        f"{ROOT}/queues.json?Page=1",
        f".{ROOT}/Queues.json?Page=1",
        "@evil.example.com/?Page=1",
    ],
)
def test_links_that_lead_elsewhere_are_refused(link: str, server: Server, client: Client) -> None:
    server.play(page("queues", rows(1), link))
    with pytest.raises(ProtocolError, match="leads elsewhere"):
        list(client.list_queues())
    assert len(server.requests) == 1


@given(st.text())
def test_no_other_path_is_ones_own(text: str) -> None:
    if is_own_link(text, LIST):
        assert text.startswith(f"{LIST}?")
        assert text.isascii()
        assert text.isprintable()


@given(
    st.text(alphabet=st.characters(min_codepoint=33, max_codepoint=126, exclude_characters="\\#"), min_size=1)
)
def test_any_query_on_the_same_path_is(query: str) -> None:
    assert is_own_link(f"{LIST}?{query}", LIST)


def circle(*links: str) -> list[Step]:
    return [page("queues", rows(number), f"{LIST}?{link}") for number, link in enumerate(links)]


def endless(_: Seen) -> bytes:
    endless_links.append(f"{LIST}?Page={len(endless_links)}&PageToken=same")
    return page("queues", rows(1), endless_links[-1])


endless_links: list[str] = []


@pytest.mark.parametrize(
    "script",
    [
        lambda: circle("Page=1"),
        lambda: circle("Page=1", "Page=2", "Page=1"),
        lambda: circle("a", "b", "c", "d", "a"),
        lambda: [endless],
    ],
    ids=["itself", "back", "long", "counting"],
)
def test_circles_end(script: Callable[[], list[Step]], server: Server, client: Client) -> None:
    server.play(*script())
    with pytest.raises(ProtocolError, match="circle"):
        list(client.list_queues())
    assert len(server.requests) < 120


@pytest.mark.parametrize(
    "content",
    [
        {},
        {"queues": None},
        {"queues": {}},
        {"queues": [], "next_page_uri": 7},
        {"calls": []},
        [],
    ],
)
def test_pages_without_the_list_are_refused(content: object, server: Server, client: Client) -> None:
    server.play(answer(200, content))
    with pytest.raises(ProtocolError):
        list(client.list_queues())


@pytest.mark.parametrize("row", [None, 7, [], {}, {"sid": None}, {"sid": ""}])
def test_a_row_without_identity_is_refused(row: object, server: Server, client: Client) -> None:
    server.play(answer(200, {"queues": [row]}))
    with pytest.raises(ProtocolError, match="row"):
        list(client.list_queues())


def test_an_error_on_a_later_page_arrives(server: Server, client: Client) -> None:
    server.play(page("queues", rows(1), f"{LIST}?PageToken=a"), error(404, 20404))
    listing = client.list_queues()
    assert next(listing).sid == sid("QU", 1)
    with pytest.raises(NotFoundError):
        next(listing)


def test_the_account_is_in_every_path(server: Server, client: Client) -> None:
    server.play(page("queues", []))
    list(client.list_queues(page_size=7))
    assert server.targets == [f"/2010-04-01/Accounts/{ACCOUNT}/Queues.json?PageSize=7"]
