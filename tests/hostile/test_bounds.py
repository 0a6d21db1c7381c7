"""No exchange lasts longer or holds more than it may, and a stop ends all of them."""

from __future__ import annotations

import gzip
import socket
import threading
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from random import Random

import pytest

from tests.hostile.answers import BOMB, BROKEN, GOOD, audio, wav
from tests.hostile.proxy import hostile_proxy
from tests.support import Stack
from tests.twilio.scripted import (
    ACCOUNT,
    RESET,
    SILENCE,
    TOKEN,
    Server,
    answer,
    error,
    listening,
    new_client,
    page,
    queue_row,
    sid,
)
from voiceform.model.clock import ManualClock, SystemClock
from voiceform.twilio.client import Client
from voiceform.twilio.credentials import Credentials
from voiceform.twilio.errors import (
    AmbiguousError,
    ConnectionFailedError,
    ServerError,
    StoppedError,
    TwilioOutcomeUnknownError,
)
from voiceform.twilio.parameters import CreateCall
from voiceform.twilio.transport import Transport
from voiceform.twilio.wire import Timeouts

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
CALL = CreateCall(to="+15558675310", from_="+15017122661", twiml="<Response/>")
QUEUE = sid("QU", 1)

OPERATIONS: dict[str, tuple[Callable[[Client], object], type[Exception]]] = {
    "fetchQueue": (lambda client: client.fetch_queue(QUEUE), ConnectionFailedError),
    "listQueues": (lambda client: list(client.list_queues()), ConnectionFailedError),
    "deleteQueue": (lambda client: client.delete_queue(QUEUE), ConnectionFailedError),
    "createQueue": (lambda client: client.create_queue(friendly_name="a", max_size=1), AmbiguousError),
    "createCall": (lambda client: client.create_call(CALL), TwilioOutcomeUnknownError),
}
"""Operations of each nature, and how they end when an answer does not come."""


class Hours:
    """An uptime that a test moves."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@contextmanager
def dripping(uptime: Hours, reply: bytes, *, seconds: float) -> Iterator[str]:
    """A server that sends its answer byte by byte, `seconds` of uptime apart, for ever if need be."""
    listener = socket.create_server(("127.0.0.1", 0))
    talks: list[threading.Thread] = []

    def talk(connection: socket.socket) -> None:
        with connection:
            try:
                connection.recv(65536)
                for at in range(10_000):
                    uptime.now += seconds
                    connection.sendall(reply[at : at + 1] or b"x")
                    connection.settimeout(0.002)
                    try:
                        if not connection.recv(1):
                            return
                    except TimeoutError:
                        continue
            except OSError:
                return

    def serve() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            talks.append(threading.Thread(target=talk, args=(connection,), daemon=True))
            talks[-1].start()

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join()


def client_of(url: str, uptime: Callable[[], float], *, max_in_flight: int = 8) -> Client:
    return Client(
        Transport(
            Credentials(ACCOUNT, ACCOUNT, TOKEN),
            url,
            read_only=False,
            clock=ManualClock(NOW),
            random=Random(7),
            max_in_flight=max_in_flight,
            timeouts=Timeouts(connect=5, read=5, total=120),
            uptime=uptime,
        )
    )


DRIPS = {
    "status": b"HTTP/1.1 200 OK and so on" + b"o" * 2000,
    "headers": b"HTTP/1.1 200 OK\r\nX: " + b"y" * 2000,
    "body": b"HTTP/1.1 200 OK\r\nContent-Length: 3000\r\n\r\n" + b" " * 3000,
    "chunks": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + b"1\r\n \r\n" * 1000,
    "100 Continue": b"HTTP/1.1 100 Continue\r\n\r\n" * 1000,
}


@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize("where", DRIPS)
def test_a_byte_every_ten_seconds_ends_after_two_minutes(where: str, operation: str) -> None:
    act, ending = OPERATIONS[operation]
    uptime = Hours()
    with dripping(uptime, DRIPS[where], seconds=10) as url, client_of(url, uptime) as client:
        with pytest.raises(ending, match="in time"):
            act(client)
        assert client.transport.throttle.in_flight == 0
    assert uptime.now < 50_000


def test_audio_that_comes_too_slowly_ends() -> None:
    uptime = Hours()
    reply = b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n"
    with dripping(uptime, reply, seconds=10) as url, client_of(url, uptime) as client:
        uptime_before = uptime.now
        client_limit = 160 * 1024  # ten seconds more
        with (
            pytest.raises(ConnectionFailedError, match="in time"),
            client.download_recording_media(sid("RE", 1), limit=client_limit) as media,
        ):
            list(media)
        assert client.transport.throttle.in_flight == 0
    assert uptime.now - uptime_before < 50_000


def test_all_attempts_and_pauses_together_have_the_time_of_one_operation() -> None:
    """Each attempt costs 50 seconds; the third has but 20 left."""
    uptime = Hours()

    def slow(_: object) -> bytes:
        uptime.now += 50
        return error(503, 20503)

    with listening(slow) as server, client_of(server.url, uptime) as client:
        with pytest.raises((ServerError, ConnectionFailedError)):
            client.fetch_queue(QUEUE)
        assert len(server.requests) == 3


def test_waiting_for_a_turn_is_not_counted(server: Server) -> None:
    """With one request at a time many wait longer than one operation may last."""
    uptime = Hours()

    def slow(_: object) -> bytes:
        uptime.now += 100
        return answer(200, queue_row(1))

    server.play(slow)
    with client_of(server.url, uptime, max_in_flight=1) as client:
        threads = [threading.Thread(target=client.fetch_queue, args=(QUEUE,)) for _ in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert len(server.requests) == 6


@pytest.mark.parametrize("name", ["gzip bomb", "endless 100 Continue", "large headers", "too much"])
def test_an_answer_costs_little_memory(name: str) -> None:
    step = BROKEN[name]
    with listening(step) as server, new_client(server.url, ManualClock(NOW)) as client:
        tracemalloc.start()
        with pytest.raises(TwilioOutcomeUnknownError):
            client.create_call(CALL)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert peak < 32 * 1024 * 1024
    assert len(BOMB) < 128 * 1024


@pytest.mark.parametrize("pack", [lambda body: body, gzip.compress], ids=["plain", "gzip"])
def test_a_full_page_of_the_largest_rows_is_read(pack: Callable[[bytes], bytes], server: Server) -> None:
    rows = [queue_row(n, uri="x" * 500, subresource_uris={"a": "y" * 1500}) for n in range(1, 1001)]
    body = page("queues", rows).partition(b"\r\n\r\n")[2]
    assert 2 * 1024 * 1024 < len(body) < 4 * 1024 * 1024
    packed = pack(body)
    server.play(answer(200, raw=packed, **({} if packed is body else {"Content_Encoding": "gzip"})))
    with new_client(server.url, ManualClock(NOW)) as client:
        assert len(list(client.list_queues())) == 1000


def test_audio_larger_than_its_row_allows_is_refused(server: Server, client: Client) -> None:
    server.play(answer(200, raw=b"x" * 1001))
    with (
        client.download_recording_media(sid("RE", 1), limit=1000) as media,
        pytest.raises(ConnectionFailedError, match="more than 1,000 bytes"),
    ):
        list(media)
    with client.download_recording_media(sid("RE", 1), limit=1001) as media:
        assert len(b"".join(media)) == 1001


@contextmanager
def on_a_thread(act: Callable[[], object]) -> Iterator[list[BaseException]]:
    """Run it beside the test; what it raises is in the list once the block has ended."""
    raised: list[BaseException] = []

    def run() -> None:
        try:
            act()
        except BaseException as caught:
            raised.append(caught)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    yield raised
    thread.join(10)
    assert not thread.is_alive()


CUT = {
    "fetchQueue": StoppedError,
    "listQueues": StoppedError,
    "deleteQueue": StoppedError,
    "createQueue": AmbiguousError,
    "createCall": TwilioOutcomeUnknownError,
}


@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize("hangs", ["before the answer", "in the headers", "in the body"])
def test_cancel_ends_what_hangs_and_forgets_no_doubt(hangs: str, operation: str) -> None:
    """With the real clock and the timeouts of old: nothing here waits for them."""
    reply = {
        "before the answer": SILENCE,
        "in the headers": b"HTTP/1.1 200 OK\r\nX: ",
        "in the body": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n{\r\n",
    }[hangs]
    arrived, answered = threading.Event(), threading.Event()

    def reached(_: object) -> bytes:
        arrived.set()
        return SILENCE

    def partly(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(reply)
        arrived.set()
        answered.wait(10)

    act = OPERATIONS[operation][0]
    with listening(reached) as server, socket.create_server(("127.0.0.1", 0)) as other:
        url = server.url if reply == SILENCE else f"http://127.0.0.1:{other.getsockname()[1]}"

        def serve() -> None:
            connection, _ = other.accept()
            with connection:
                partly(connection)

        if reply != SILENCE:
            threading.Thread(target=serve, daemon=True).start()
        client = new_client(url, ManualClock(NOW), timeouts=Timeouts(connect=600, read=600, total=600))
        with on_a_thread(lambda: act(client)) as raised:
            assert arrived.wait(10)
            client.cancel()
        answered.set()
    assert [type(caught) for caught in raised] == [CUT[operation]]
    assert "stopped" in str(raised[0])
    with pytest.raises(StoppedError):
        act(client)


def test_cancel_ends_a_connection_that_is_not_accepted() -> None:
    """The backlog is full, so that the next connection hangs."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        fill = [socket.socket() for _ in range(4)]
        for one in fill:
            one.setblocking(False)
            one.connect_ex(listener.getsockname())
        client = new_client(
            f"http://127.0.0.1:{listener.getsockname()[1]}",
            ManualClock(NOW),
            timeouts=Timeouts(connect=600, read=600, total=600),
        )
        with on_a_thread(lambda: client.create_call(CALL)) as raised:
            while not client.transport._wire._desk._open:
                pass
            client.cancel()
        for one in fill:
            one.close()
    assert [type(caught) for caught in raised] == [StoppedError]


def test_cancel_ends_a_tls_handshake_that_hangs() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        arrived = threading.Event()

        def serve() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.recv(65536)
                arrived.set()
                connection.recv(65536)

        threading.Thread(target=serve, daemon=True).start()
        client = new_client(
            f"https://127.0.0.1:{listener.getsockname()[1]}",
            ManualClock(NOW),
            timeouts=Timeouts(connect=600, read=600, total=600),
        )
        with on_a_thread(lambda: client.create_call(CALL)) as raised:
            assert arrived.wait(10)
            client.cancel()
    assert [type(caught) for caught in raised] == [StoppedError]


@pytest.mark.parametrize("end", [Client.stop, Client.cancel])
@pytest.mark.parametrize(
    "reply", [error(503, 20503, Retry_After="3600"), error(429, 20429, Retry_After="3600")]
)
def test_a_back_off_of_an_hour_ends_at_once(reply: bytes, end: Callable[[Client], None]) -> None:
    """On the machine's clock: a wait that is not woken would end this test's thread too late."""
    with listening(reply) as server:
        client = Client(
            Transport(Credentials(ACCOUNT, ACCOUNT, TOKEN), server.url, read_only=False, clock=SystemClock())
        )
        with on_a_thread(lambda: client.fetch_queue(QUEUE)) as raised:
            while not server.requests:
                pass
            end(client)
        assert [type(caught) for caught in raised] == [StoppedError]
        assert len(server.requests) == 1


def test_a_stop_lets_what_is_under_way_end_and_nothing_begin() -> None:
    go, arrived = threading.Event(), threading.Event()

    def held(_: object) -> bytes:
        arrived.set()
        go.wait(10)
        return answer(201, GOOD)

    with listening(held) as server:
        client = new_client(server.url, ManualClock(NOW))
        placed: list[str] = []
        with on_a_thread(lambda: placed.append(client.create_call(CALL).sid)) as raised:
            assert arrived.wait(10)
            client.stop()
            with pytest.raises(StoppedError):
                client.fetch_queue(QUEUE)
            go.set()
        assert (raised, placed) == ([], [GOOD["sid"]])
        assert len(server.requests) == 1


def test_whoever_waits_for_a_turn_is_let_go() -> None:
    arrived = threading.Event()

    def reached(_: object) -> bytes:
        arrived.set()
        return SILENCE

    with listening(reached) as server:
        client = new_client(
            server.url, ManualClock(NOW), max_in_flight=1, timeouts=Timeouts(connect=600, read=600, total=600)
        )
        with on_a_thread(lambda: client.delete_queue(QUEUE)) as first:
            assert arrived.wait(10)
            with on_a_thread(lambda: client.create_call(CALL)) as second:
                client.cancel()
        assert [type(caught) for caught in (*first, *second)] == [StoppedError, StoppedError]
        assert len(server.requests) == 1


def test_a_stopped_client_says_so_for_everything() -> None:
    with listening(RESET) as server:
        client = new_client(server.url, ManualClock(NOW))
        client.cancel()
        client.cancel()
        for act, _ in OPERATIONS.values():
            with pytest.raises(StoppedError, match="stopped"):
                act(client)
        with pytest.raises(StoppedError):
            client.download_recording_media(sid("RE", 1))
        assert server.requests == []


def test_audio_that_its_row_cannot_have_ends_and_the_recording_stays(stack: Stack) -> None:
    """A row of one second, and twenty minutes of audio."""
    pytest.importorskip("obstore")
    created = (NOW - timedelta(days=400)).isoformat()
    stack.emulator.seed({"recordings": [{"sid": sid("RE", 1), "date_created": created, "duration": 1}]})
    where = (stack.folder / "copies").as_uri()
    stack.write(
        "safety: {max_delete_percent: 100}\nretention:\n  recordings:\n"
        f"    - {{name: old, keep: 90d, archive: {{to: '{where}', format: wav}}}}\n"
    )
    with hostile_proxy(stack.emulator.url) as proxy:
        stack.environ["VOICEFORM_BASE_URL"] = proxy.url
        proxy.rule("GET", r"\.wav", audio(wav(1200), "audio/x-wav"))
        done = stack.run("prune", "--auto-approve", clock=ManualClock(NOW))
        assert proxy.seen("GET", r"\.wav")
        assert proxy.seen("DELETE", "/Recordings/") == []
    assert done.code == 5, done.out + done.err
    assert "more than 12,200,000 bytes" in done.out + done.err
