"""Connections that are opened before there is something to send on them."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.twilio.scripted import START, Server, answer, listening, new_client, queue_row, sid
from tests.twilio.ways import WAYS, entrance
from voiceform.model.clock import ManualClock
from voiceform.twilio.errors import ConnectionFailedError

QUEUE = sid("QU", 1)
GOOD = answer(200, queue_row(1))


@pytest.fixture
def server() -> Iterator[Server]:
    with listening() as running:
        yield running


@pytest.mark.parametrize("name", WAYS)
def test_requests_are_sent_on_what_was_opened_before(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In TLS 1.3 a server speaks behind the handshake, and that is no reason to open another one. (Of TLS
    within TLS nobody can tell what came, so there it is.)"""
    with (
        entrance(WAYS[name], monkeypatch, tmp_path, GOOD) as server,
        new_client(server.url, ManualClock(START)) as client,
    ):
        client.connect_ahead()
        for _ in range(3):
            client.fetch_queue(QUEUE)
        used = {request.connection for request in server.requests}
        assert used == {1} or (name == "tunnel in tls" and used == {2})


def test_no_more_are_opened_than_requests_may_be_in_flight(server: Server) -> None:
    server.play(GOOD)
    with new_client(server.url, ManualClock(START), max_in_flight=3) as client:
        for _ in range(9):
            client.connect_ahead()
        client.fetch_queue(QUEUE)
    with new_client(server.url, ManualClock(START)) as other:
        other.fetch_queue(QUEUE)
    first, second = (request.connection for request in server.requests)
    assert first <= 3
    assert second == 4


def test_what_requests_opened_by_themselves_is_not_opened_once_more(server: Server) -> None:
    server.play(GOOD)
    with new_client(server.url, ManualClock(START), max_in_flight=2) as client:
        client.fetch_queue(QUEUE)
        for _ in range(9):
            client.connect_ahead()
    with new_client(server.url, ManualClock(START)) as other:
        other.fetch_queue(QUEUE)
    assert [request.connection for request in server.requests] == [1, 3]


def test_one_that_was_closed_meanwhile_is_not_used() -> None:
    server = Server([answer(204)])
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        with new_client(url, ManualClock(START)) as client:
            client.connect_ahead()
            listener.accept()[0].close()
            serving = threading.Thread(target=server.serve, args=(listener,), daemon=True)
            serving.start()
            client.delete_queue(QUEUE)
        listener.shutdown(socket.SHUT_RDWR)
        serving.join()
    server.close()
    assert len(server.requests) == 1, "else it would have been sent on the one that is closed, and repeated"


def test_where_nobody_answers_the_request_says_so() -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        url = f"http://127.0.0.1:{closed.getsockname()[1]}"
    with new_client(url, ManualClock(START)) as client:
        client.connect_ahead()
        with pytest.raises(ConnectionFailedError, match="refused"):
            client.fetch_queue(QUEUE)


@pytest.mark.parametrize("ending", ["stop", "cancel", "close"])
def test_after_the_end_nothing_is_opened(ending: str, server: Server) -> None:
    with new_client(server.url, ManualClock(START)) as client:
        getattr(client, ending)()
        client.connect_ahead()
    with new_client(server.url, ManualClock(START)) as client:
        server.play(GOOD)
        client.fetch_queue(QUEUE)
    assert server.requests[0].connection == 1
